"""The catalogue of the stand-in Ecwid pulled into ours, and ours pushed there."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from integrations.connectors.declaring import FlowKind
from integrations.models import Integration, ProductPush
from integrations.models.products import PushAction, PushState, RowState
from integrations.product_answers import begin, confirm
from integrations.sandbox.ecwid import goods
from inventory.models import Product, ProductGroup
from mappings.models import Listing
from tests.build import make_product
from tests.integrations.flows.ecwid_world import connect_ecwid
from tests.integrations.flows.test_products_pull import on_schedule
from tests.integrations.flows.world import change_settings, sync, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def live(sandbox) -> Integration:
    """Its products filled our catalogue, and ours may be pushed."""
    integration = connect_ecwid(sandbox, on=(FlowKind.PRODUCTS,), fills=True, first_pull="everything")
    work()
    change_settings(integration, flows={"products": {"mode": "push", "interval": 60}})
    Integration.objects.filter(pk=integration.pk).update(live=True)
    work()
    integration.refresh_from_db()
    return integration


def worked_out(integration) -> ProductPush:
    push = begin(integration, create=True, by="Ann", now=timezone.now())
    work()
    push.refresh_from_db()
    return push


def sent(push) -> ProductPush:
    confirm(push, by="Ann", now=timezone.now())
    work()
    push.refresh_from_db()
    return push


def problems(push) -> dict[str, str]:
    return dict(push.rows.filter(state=RowState.FAILED).values_list("title", "problem"))


def shown(sandbox, sku) -> Any:
    return sandbox.ecwid.store.find_variant(sku)[0]


@pytest.mark.req("P17-11", "P17-12")
def test_what_the_store_sells_becomes_products_and_variations_a_group(live):
    products = {product.sku: product for product in Product.objects.filter(account=live.account)}

    assert {"KIT-RED", "ENV-25", "INK-SEA", "POSTER", "STICK"} <= set(products)
    red = products["KIT-RED"]
    assert (red.name, list(red.options), red.price, red.currency) == ("Folding kit (Red)", ["Red"], Decimal(19), "USD")
    assert red.group.options == ["Color"]
    assert red.group.name == "Folding kit"
    assert products["POSTER"].group is None
    assert products["POSTER"].name == "Harbour poster"


def test_variations_that_go_by_their_product_s_sku_mean_the_product(live):
    sharing = Listing.objects.filter(store=live.store, shares_stock=True, sku="POSTER")

    assert sharing.count() == 3
    assert {row.product.sku for row in sharing} == {"POSTER"}


def test_a_product_that_was_deleted_in_the_store_is_off_the_list_after_the_next_whole_reading(
    live, sandbox, time_machine
):
    uid = str(shown(sandbox, "ENV-25")["id"])
    sandbox.ecwid.store.drop_product(shown(sandbox, "ENV-25"))

    time_machine.move_to(timezone.now() + dt.timedelta(days=1, minutes=5))
    sync(live, FlowKind.PRODUCTS)

    assert Listing.objects.get(store=live.store, product_uid=uid).retired_at


@pytest.mark.req("P17-12")
def test_what_changed_in_the_store_is_read_alone(live, sandbox, time_machine):
    change_settings(live, flows={"products": {"mode": "pull"}})
    on_schedule(live)  # whole: what changed while we pushed did not fill our catalogue
    time_machine.move_to(timezone.now() + dt.timedelta(hours=3))
    changed = {**shown(sandbox, "ENV-25"), "name": "Envelopes, thick"}
    goods.keep(sandbox.ecwid.store, changed)
    Listing.objects.filter(store=live.store).update(last_seen_on=dt.date(2020, 1, 1))

    on_schedule(live)

    seen = Listing.objects.filter(store=live.store).exclude(last_seen_on=dt.date(2020, 1, 1))
    assert [(row.sku, row.title) for row in seen] == [("ENV-25", "Envelopes, thick")]


@pytest.mark.req("P17-13")
def test_what_was_pulled_and_not_changed_is_not_pushed(live):
    push = worked_out(live)

    assert set(problems(push)) <= {"Fountain pen", "Washi tape"}, problems(push)
    assert push.rows.filter(state=RowState.PLANNED).count() == 0, list(push.rows.values("title", "before", "after"))


@pytest.mark.req("P17-11", "P17-13")
def test_a_new_group_is_made_with_its_variations_and_a_change_goes_to_the_one_product(live, sandbox):
    group = ProductGroup.objects.create(account=live.account, code="Shirt", name="Shirt", options=["Size", "Color"])
    for sku, choices in {"SH-SR": ["S", "Red"], "SH-LB": ["L", "Blue"]}.items():
        make_product(live.account, sku, group=group, options=choices, price=Decimal("12.50"), currency="USD")
    Product.objects.filter(account=live.account, sku="INK-SEA").update(price=Decimal("16.50"), currency="USD")

    push = worked_out(live)
    planned = dict(push.rows.filter(state=RowState.PLANNED).values_list("title", "action"))
    assert planned == {"Shirt": PushAction.CREATE, "Ink, sea green": PushAction.CHANGE}
    assert push.rows.get(title="Shirt").hidden == 0
    push = sent(push)

    assert push.state == PushState.DONE
    assert set(push.rows.exclude(title__in=problems(push)).values_list("state", flat=True)) == {RowState.DONE}
    shirt = shown(sandbox, "SH-SR")
    assert [one["sku"] for one in shirt["combinations"]] == ["SH-SR", "SH-LB"]
    assert shown(sandbox, "INK-SEA")["price"] == 16.5
    assert Listing.objects.get(store=live.store, sku="SH-LB").product.sku == "SH-LB"


@pytest.mark.req("P17-13")
def test_an_sku_that_the_store_has_elsewhere_is_refused_with_a_sentence_and_the_rest_is_sent(live, sandbox):
    taken = {**shown(sandbox, "ENV-25"), "id": 4711, "sku": "NEW-1"}
    make_product(live.account, "NEW-1", price=Decimal(3), currency="USD")
    make_product(live.account, "NEW-2", price=Decimal(4), currency="USD")
    push = worked_out(live)
    sandbox.ecwid.store.put_product(taken)

    push = sent(push)

    assert problems(push)["New-1"].startswith("Ecwid has another product with this SKU.")
    assert push.rows.get(title="New-2").state == RowState.DONE
    assert shown(sandbox, "NEW-2")["price"] == 4


def test_a_creation_whose_answer_was_lost_is_found_again_and_not_made_twice(live, sandbox, time_machine):
    make_product(live.account, "NEW-1", price=Decimal(3), currency="USD")
    push = worked_out(live)
    sandbox.ecwid.misbehave("lost_answer", path="POST .*/products$")

    push = sent(push)
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=2))
    sync(live, FlowKind.PRODUCTS)

    push.refresh_from_db()
    assert push.rows.get(title="New-1").state == RowState.DONE
    assert [row["sku"] for row in sandbox.ecwid.store.products if row.get("sku") == "NEW-1"] == ["NEW-1"]
