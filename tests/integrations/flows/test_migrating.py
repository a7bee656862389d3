"""A site that moves from Catalog V1 to V3 between two runs: found out, linked again, asked about, and nothing lost."""

import datetime as dt

import pytest
from django.utils import timezone

from integrations import migrating
from integrations.connectors.declaring import FlowKind
from integrations.errors import IntegrationError
from integrations.models import Exchange, Integration, StockPush
from integrations.sandbox.wix import places
from integrations.stock_answers import allow_first_push
from mappings.mapping import map_listing
from mappings.models import Listing, MappingChange
from mappings.relinking import CARRIED
from orders.models import Order
from orders.shipping import acknowledge
from tests.build import make_product
from tests.integrations.flows.shop import Shop, asks
from tests.integrations.flows.stock_world import all_skus, forget_calls, report, sending, sync_stock, writes
from tests.integrations.flows.world import connect_store, flow_of, map_everything, sync, work

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def box(transactional_db, sandbox):
    return sandbox


def moved(integration):
    integration.refresh_from_db()
    return integration.variant == "v3"


def listings(integration, **how):
    return Listing.objects.filter(store=integration.store, retired_at=None, **how)


@pytest.mark.parametrize("kind", list(FlowKind))
def test_every_flow_finds_out(box, kind, time_machine):
    integration = connect_store(box, "v1", on=tuple(FlowKind))
    work()
    box.wix.migrate("v1")
    # The others rest, so that this one alone finds it.
    flows = integration.flows.exclude(kind=kind)
    flows.update(due_at=None)
    time_machine.move_to(timezone.now() + HOUR, tick=True)

    sync(integration, kind)

    assert moved(integration)
    assert integration.relinking_since is not None


def test_a_store_is_asked_for_its_variant_once_an_hour_and_not_with_each_look(box, time_machine):
    integration = connect_store(box, "v1")
    work()

    def asked():
        Exchange.objects.all().delete()
        sync(integration)
        return Exchange.objects.filter(path__contains="/provision/version").count()

    assert asked() == 0
    time_machine.move_to(timezone.now() + HOUR, tick=True)
    assert (asked(), asked()) == (1, 0)


def test_a_store_that_does_not_say_its_variant_keeps_its_orders_coming(box, time_machine):
    integration = connect_store(box, "v1")
    work()
    number = box.wix.place_order("v1")["number"]
    box.wix.misbehave("refuse", "v1", path="GET /stores/v3/provision/version", count=None)
    time_machine.move_to(timezone.now() + HOUR, tick=True)

    sync(integration)

    assert Order.objects.filter(number=number).exists()


@pytest.mark.parametrize("answer", ["unknown", "error"])
def test_a_store_whose_variant_is_unknown_or_not_answered_keeps_its_orders_and_shipments_going(
    box, time_machine, monkeypatch, answer
):
    shop = Shop(box)
    order = shop.taken()
    number = box.wix.place_order("v1")["number"]
    if answer == "unknown":
        monkeypatch.setitem(places.VERSIONS, box.wix.site("v1").catalog, "V4_CATALOG")
    else:
        box.wix.misbehave("error", "v1", path="GET /stores/v3/provision/version", count=None)
    time_machine.move_to(timezone.now() + HOUR, tick=True)

    sync(shop.integration)
    shop.ship(order)
    Exchange.objects.all().delete()
    sync(shop.integration)

    assert Order.objects.filter(number=number).exists()
    assert len(shop.told(order)) == 1
    assert not Exchange.objects.filter(path__contains="/provision/version").exists()  # asked again in an hour


def test_new_listings_mean_what_the_old_ones_with_their_sku_meant_and_old_ones_retire(box):
    integration = connect_store(box, "v1")
    work()
    map_everything(integration)
    by_hand = listings(integration).exclude(sku="").order_by("pk").first()
    other = make_product(integration.account, "SOMETHING-ELSE")
    map_listing(by_hand, other, by="Ann", now=timezone.now(), units=6)
    before = {row.sku_key: (row.product_id, row.units) for row in listings(integration).exclude(sku="")}
    old = set(listings(integration).values_list("pk", flat=True))

    box.wix.migrate("v1")
    sync(integration, FlowKind.PRODUCTS)

    here = listings(integration)
    assert {row.sku_key: (row.product_id, row.units) for row in here.exclude(sku="")} == before
    assert not old & set(here.values_list("pk", flat=True))
    assert Listing.objects.filter(pk__in=old, retired_at=None).count() == 0
    assert here.get(sku=by_hand.sku).by_hand
    assert MappingChange.objects.filter(row=here.get(sku=by_hand.sku).pk, why=CARRIED).exists()


def test_empty_and_double_skus_are_asked_and_never_guessed(box):
    integration = connect_store(box, "v1")
    work()
    map_everything(integration)
    skus = list(listings(integration).exclude(sku="").order_by("pk").values_list("sku", flat=True))
    box.wix.change_sku("v1", skus[1], skus[0])
    without = sum(not v["sku"] for p in box.wix.site("v1").products for v in p["variants"])
    assert without

    box.wix.migrate("v1")
    sync(integration, FlowKind.PRODUCTS)
    sync(integration, FlowKind.PRODUCTS)  # a second reading guesses neither

    asked = listings(integration).exclude(asked="")
    assert set(asked.filter(sku=skus[0]).values_list("asked", "product")) == {("duplicate", None)}
    assert asked.filter(sku=skus[0]).count() == 2
    assert asked.filter(sku="", asked="no_sku", product=None).count() == without
    assert not listings(integration, product=None).filter(asked="").exists()
    [question] = migrating.questions(integration.account)
    assert f"{without + 2} listings do not say which product it is" in question.text

    for row in asked:
        map_listing(row, make_product(integration.account, f"ANSWER-{row.pk}"), by="Ann", now=timezone.now())
    assert not listings(integration).exclude(asked="").exists()
    assert migrating.end_where_linked(Integration.objects.get(pk=integration.pk))


def test_stock_waits_until_all_is_linked_and_for_the_preview_as_at_the_first_time(box):
    integration = sending(box)
    skus = all_skus(integration)
    box.wix.migrate("v1")
    forget_calls()

    sync(integration, FlowKind.PRODUCTS)
    report(integration, {skus[0]: 77})

    assert moved(integration)
    assert writes(integration) == []
    assert StockPush.objects.get(store=integration.store).allowed_at is None
    if integration.relinking_since:  # goods without an SKU
        with pytest.raises(IntegrationError, match="Stock waits"):
            allow_first_push(integration, by="Ann", now=timezone.now())
        migrating.end(integration, by="Ann", now=timezone.now())
        work()
    sync_stock(integration)
    assert writes(integration) == []

    integration.refresh_from_db()
    allow_first_push(integration, by="Ann", now=timezone.now())
    work()

    assert box.wix.stock("v1")[skus[0]] == 77
    assert all("/stores/v3/" in call for call in writes(integration))


def test_open_orders_of_the_old_catalogue_stay_mapped_and_get_their_tracking(box):
    shop = Shop(box)
    taken, waiting = shop.taken(), shop.came_in()
    unpaid = box.wix.place_order("v1", payment="NOT_PAID")["number"]

    box.wix.migrate("v1")
    sync(shop.integration, FlowKind.PRODUCTS)
    box.wix.set_payment("v1", unpaid)
    shop.look(waiting)

    fulfillment = shop.ship(taken)
    taken.refresh_from_db()
    assert (fulfillment.told, taken.state) == ("told", "confirmed")
    assert len(shop.told(taken)) == 1
    waiting.refresh_from_db()
    late = shop.read(unpaid)
    assert (waiting.state, late.state) == ("ready", "ready")
    request = waiting.requests.get()
    acknowledge(request, request.revision, by="Warehouse", now=timezone.now())
    shop.ship(waiting, tracking="1Z2")
    assert len(shop.told(waiting)) == 1


def test_an_order_of_the_new_catalogue_that_comes_before_it_was_read_is_not_guessed(box):
    shop = Shop(box)
    row = listings(shop.integration).exclude(sku="").order_by("pk").first()
    map_listing(row, make_product(shop.integration.account, "OTHER"), by="Ann", now=timezone.now())
    box.wix.migrate("v1")

    number = box.wix.place_order("v1", skus=[row.sku])["number"]
    sync(shop.integration)
    order = Order.objects.get(number=number)
    assert ("sku", row.sku) in asks(order)

    sync(shop.integration, FlowKind.PRODUCTS)
    assert "sku" not in {kind for kind, _ in asks(order)}
    assert order.lines.get().product.sku == "OTHER"


def test_a_person_may_say_done_while_some_mean_nothing_but_not_before_the_catalogue_was_read(box, time_machine):
    integration = connect_store(box, "v1", on=(*tuple(FlowKind),))
    work()
    map_everything(integration)
    box.wix.migrate("v1")
    box.wix.misbehave("unavailable", "v1", path="/stores/v3/products", count=None)
    time_machine.move_to(timezone.now() + HOUR, tick=True)
    sync(integration)
    integration.refresh_from_db()

    with pytest.raises(IntegrationError, match="has not been read yet"):
        migrating.end(integration, by="Ann", now=timezone.now())
    box.wix.behave("v1")
    time_machine.move_to(timezone.now() + HOUR, tick=True)
    sync(integration, FlowKind.PRODUCTS)
    migrating.end(integration, by="Ann", now=timezone.now())

    integration.refresh_from_db()
    assert integration.relinking_since is None
    assert flow_of(integration, FlowKind.PRODUCTS).failures == 0
    assert migrating.questions(integration.account) == []
    with pytest.raises(IntegrationError, match="Nothing has to be linked"):
        migrating.end(integration, by="Ann", now=timezone.now())
