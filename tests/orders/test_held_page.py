"""Held: what keeps orders back, by cause, with the fix in place."""

import datetime as dt

import pytest
from django.utils import timezone

from fcp.roles import Role
from inventory.models import Product
from mappings.mapping import map_ship_method
from mappings.models import Listing, Location, MappingChange, ShipMethod
from orders.holding import place_hold
from orders.holds import HoldKind
from orders.models import Fulfillment, Hold, Order, ShippingRequest
from orders.release import offer_waiting
from orders.shapes import Payment
from orders.shipping import acknowledge
from tests.build import NOW, Party, make_warehouse
from tests.integrations.pages.reading import form_of
from tests.orders.shop import Shop, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(monkeypatch):
    return Shop(monkeypatch)


def row(word):
    return ShipMethod.objects.get(title=word)


def map_it(shop, kind, cause, client=None, **fields):
    data = {"kind": kind, "cause": str(cause), **fields}
    return (client or shop.client()).post(shop.url("map"), data, follow=True)


def states(orders):
    return [Order.objects.get(pk=order.pk).state for order in orders]


@pytest.mark.req("EIM-18")
def test_orders_that_wait_for_one_word_are_one_group_with_its_value_and_a_suggestion(shop):
    for _ in range(3):
        shop.order(ship="std-eu")
    shop.order(ship="std-eu", currency="USD")

    text = text_of(shop.client().get(shop.url("held")))

    assert "4 orders · Ship code missing: std-eu" in text
    assert "79.80 EUR, 26.60 USD" in text  # sums never mix currencies
    assert "“std-eu” and “EU-STD” say the same: standard and EU." in text
    assert "4 orders go" in text


@pytest.mark.req("EIM-19")
def test_mapping_in_place_lets_every_order_go_that_waits_for_nothing_else(shop):
    go = [shop.order(ship="std-eu") for _ in range(3)]
    stay = shop.order(ship="std-eu", ship_to=Party(name="Ann", country="DE"))
    assert "3 of 4 go; 1 still waits: address incomplete" in text_of(shop.client().get(shop.url("held")))

    page = map_it(shop, "ship_code", row("std-eu").pk, target="EU-STD")

    assert "“std-eu” means EU-STD. 3 of 4 go; 1 still waits: address incomplete." in text_of(page)
    assert states(go) == ["ready"] * 3
    assert states([stay]) == ["held"]
    assert Order.objects.get(pk=go[0].pk).carrier == "DHL"
    assert MappingChange.objects.get().after["target"] == "EU-STD"


def test_the_suggestion_is_never_applied_by_itself(shop):
    order = shop.order(ship="std-eu")

    shop.client().get(shop.url("held"))

    assert row("std-eu").target == ""
    assert states([order]) == ["held"]


def test_an_order_with_two_holds_stands_in_both_groups(shop):
    shop.order(ship="std-eu", skus=("TEAPOT",))

    text = text_of(shop.client().get(shop.url("held")))

    assert "1 order · Ship code missing: std-eu" in text
    assert "1 order · SKU unknown: TEAPOT" in text
    assert text.count("0 of 1 go; 1 still waits") == 2


def test_the_group_that_waits_longest_stands_first_and_the_one_in_the_address_before_it(shop):
    shop.order(ship="young", placed_at=NOW)
    shop.order(ship="old")
    Hold.objects.filter(cause=str(row("old").pk)).update(placed_at=NOW - dt.timedelta(days=3))

    page = shop.client().get(shop.url("held"))
    asked = shop.client().get(shop.url("held"), {"kind": "ship_code", "cause": row("young").pk})

    assert [card["cause"].word for card in page.context["causes"]] == ["old", "young"]
    assert [card["cause"].word for card in asked.context["causes"]] == ["young", "old"]


def test_a_listing_becomes_a_product_with_one_press(shop):
    order = shop.order(skus=("TEAPOT",))
    listing = Listing.objects.get(sku="TEAPOT")

    page = map_it(shop, "sku", listing.pk, make="1")

    assert Product.objects.get(sku="TEAPOT").name == "Teapot"
    assert "“TEAPOT” means TEAPOT. 1 order goes." in text_of(page)
    assert states([order]) == ["ready"]


def test_a_listing_is_linked_to_a_product_that_is_here(shop):
    order = shop.order(skus=("MUG-RED",))

    map_it(shop, "sku", Listing.objects.get(sku="MUG-RED").pk, target=" mug ")

    assert states([order]) == ["ready"]
    assert order.lines.get().product.sku == "MUG"


@pytest.mark.req("TECH-41")
def test_a_location_is_given_its_warehouse_in_place(shop):
    berlin = make_warehouse(shop.account, name="Berlin")
    order = shop.order(location_uid="loc-1", location_name="Berlin shop")

    map_it(shop, "location", Location.objects.get().pk, target=berlin.pk)

    assert states([order]) == ["ready"]
    assert ShippingRequest.objects.get(order=order).warehouse == berlin


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Choose the ship code first."),
        ({"target": "NONSENSE"}, "No warehouse of this account knows the ship code “NONSENSE”."),
        ({"target": "x" * 80}, "Ensure this value has at most 60 characters (it has 80)."),
    ],
)
def test_what_cannot_be_mapped_is_said_beside_the_field_and_changes_nothing(shop, fields, sentence):
    order = shop.order(ship="std-eu")

    page = map_it(shop, "ship_code", row("std-eu").pk, **fields)

    assert sentence in text_of(page)
    assert row("std-eu").target == ""
    assert states([order]) == ["held"]


def test_an_unknown_product_is_said_with_what_was_typed(shop):
    shop.order(skus=("TEAPOT",))

    page = map_it(shop, "sku", Listing.objects.get(sku="TEAPOT").pk, target="NO SUCH")

    assert "You have no product with the SKU “NO SUCH”." in text_of(page)
    assert 'value="NO SUCH"' in page.content.decode()


def test_a_strangers_word_is_not_here(shop, monkeypatch):
    other = Shop(monkeypatch)
    other.order(ship="theirs")

    page = map_it(shop, "ship_code", row("theirs").pk, target="EU-STD")

    assert page.status_code == 404
    assert row("theirs").target == ""
    assert "theirs" not in text_of(shop.client().get(shop.url("held")))
    shown = shop.client().get(shop.url("group"), {"kind": "ship_code", "cause": row("theirs").pk})
    assert shown.status_code == 302


@pytest.mark.parametrize(
    "nonsense", [("ship_code", "x"), ("ship_code", "9" * 40), ("address", "1"), ("", ""), ("x", "1")]
)
def test_nonsense_is_not_here(shop, nonsense):
    assert map_it(shop, *nonsense, target="EU-STD").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "page=x", "page=99999999999999999999", "page=0001-01-01T00:00:00%2B14:00~sku~1", "kind=nothing&cause=1",
        "kind=sku&cause=x%00",
    ],
)  # fmt: skip
def test_an_odd_address_shows_the_page(shop, query):
    shop.order(ship="std-eu")

    assert "std-eu" in text_of(shop.client().get(f"{shop.url('held')}?{query}"))


def test_the_word_was_mapped_by_somebody_else_meanwhile(shop):
    order = shop.order(ship="std-eu")
    map_it(shop, "ship_code", row("std-eu").pk, target="EU-STD")

    page = map_it(shop, "ship_code", row("std-eu").pk, target="NONSENSE")

    assert "No order waits for “std-eu” any more." in text_of(page)
    assert states([order]) == ["ready"]


@pytest.mark.req("EIM-19")
def test_a_page_that_shows_a_word_unmapped_does_not_undo_what_a_colleague_mapped(shop):
    shop.order(ship="std-eu")
    page = shop.client().get(shop.url("held"))
    fields = form_of(page, shop.url("map"), target="EU-STD")
    map_ship_method(row("std-eu"), "EU-EXP", by="Bob", now=timezone.now())

    text = text_of(shop.client().post(shop.url("map"), fields, follow=True))

    assert "Bob changed “std-eu” meanwhile: it means EU-EXP now. What you chose is not saved." in text
    assert row("std-eu").target == "EU-EXP"
    assert MappingChange.objects.get().by == "Bob"


def test_mapping_a_word_in_place_that_decided_orders_already_asks_what_becomes_of_them(shop):
    order = shop.order(ship="std-eu")
    map_it(shop, "ship_code", row("std-eu").pk, target="EU-STD")
    acknowledge(ShippingRequest.objects.get(order=order), 1, by="Nord", now=NOW)

    page = map_it(shop, "ship_code", row("std-eu").pk, target="EU-EXP")

    assert "1 order at a warehouse: request the change" in text_of(page)
    assert row("std-eu").target == "EU-STD"


def test_not_live_the_orders_are_free_but_stay_here(shop):
    shop.store.hands_over = False
    shop.store.save()
    order = shop.order(ship="std-eu")

    page = map_it(shop, "ship_code", row("std-eu").pk, target="EU-STD")

    assert "MyShop hands nothing over yet, so they stay here until it is live." in text_of(page)
    assert states([order]) == ["new"]


def test_a_hold_by_hand_is_lifted_for_its_whole_group(shop):
    orders = [shop.order() for _ in range(2)]
    for order in orders:
        place_hold(order, HoldKind.FRAUD, "Two cards were tried", by="Ann", now=NOW)

    page = shop.client(Role.ADMIN).post(shop.url("lift_group"), {"kind": "fraud", "cause": ""}, follow=True)

    assert "2 orders are no longer held: fraud check." in text_of(page)
    assert states(orders) == ["ready"] * 2


def test_what_changed_after_release_asks_for_a_decision_and_lets_nothing_go(shop):
    order = shop.order()
    offer_waiting(shop.store, now=NOW)
    acknowledge(ShippingRequest.objects.get(order=order), 1, by="Nord", now=NOW)
    Hold.objects.create(
        account=shop.account, order=order, kind="changed_after_release", params={"word": "address"}, placed_at=NOW,
        placed_by="store",
    )  # fmt: skip
    client = shop.client()

    text = text_of(client.get(shop.url("held")))
    page = text_of(client.get(shop.url("order", pk=order.pk)))
    client.post(shop.url("lift_group"), {"kind": "changed_after_release", "cause": ""})

    assert "1 order · Changed after release" in text
    assert "Decided for all" in text
    assert "1 order goes" not in text
    assert "It needs a decision. It changed after the warehouse took it: address. It is decided" in page
    assert states([order]) == ["at_warehouse"]
    assert not Hold.objects.open().exists()


def test_what_lifts_itself_cannot_be_lifted_by_hand(shop):
    order = shop.order(payment=Payment.PENDING)

    page = shop.client().post(shop.url("lift_group"), {"kind": "payment", "cause": ""}, follow=True)

    assert "This hold lifts itself once its cause is mended" in text_of(page)
    assert states([order]) == ["held"]
    assert "Lift for all" not in text_of(page)


def test_a_viewer_sees_the_groups_but_no_buttons(shop):
    order = shop.order(ship="std-eu")
    viewer = shop.client(Role.VIEWER)

    text = text_of(viewer.get(shop.url("held")))
    refused = map_it(shop, "ship_code", row("std-eu").pk, client=viewer, target="EU-STD")

    assert "Ship code missing: std-eu" in text
    assert "Map it" not in text
    assert refused.status_code == 403
    assert states([order]) == ["held"]


def test_a_group_lists_its_orders_the_one_that_waits_longest_first(shop):
    young, old = shop.order(ship="std-eu"), shop.order(ship="std-eu")
    Hold.objects.filter(order=old).update(placed_at=NOW - dt.timedelta(days=2))
    address = {"kind": "ship_code", "cause": row("std-eu").pk}

    page = shop.client().get(shop.url("group"), address)
    found = shop.client().get(shop.url("group"), address | {"q": young.number})
    file = shop.client().get(shop.url("group"), address | {"format": "csv"})

    assert [one.number for one in page.context["list"].rows] == [old.number, young.number]
    assert [one.number for one in found.context["list"].rows] == [young.number]
    assert b"".join(file.streaming_content).decode().splitlines()[1].startswith(old.number)


def test_a_group_that_went_on_leads_back_to_held(shop):
    shop.order()

    page = shop.client().get(shop.url("group"), {"kind": "ship_code", "cause": "1"})

    assert page.status_code == 302


def test_what_no_warehouse_took_and_no_store_was_told_stands_here_too(shop):
    now = timezone.now()
    waiting = shop.order()
    offer_waiting(shop.store, now=now - dt.timedelta(hours=3))
    Fulfillment.objects.create(
        account=shop.account, store=shop.store, order=shop.order(), origin="partner", told="due", shipped_at=now,
        created_at=now - dt.timedelta(hours=5), problem="The order is archived.",
    )  # fmt: skip

    page = shop.client().get(shop.url("held"))
    text = text_of(page)

    assert "order is ready but not taken Nord, oldest 3 h" in text
    assert "1 shipment the store was not told of MyShop, oldest 5 h The order is archived." in text
    # The list behind it has also the orders of which a part left that the store was not told of.
    assert "?state=shipped&amp;state=partly_shipped&amp;store=" in page.content.decode()
    ShippingRequest.objects.filter(order=waiting).update(changed_at=now)
    assert "ready but not taken" not in text_of(shop.client().get(shop.url("held")))


def test_nothing_held_says_so(shop):
    assert "Nothing is held" in text_of(shop.client().get(shop.url("held")))


def test_why_it_is_a_hold_is_said_with_its_setting(shop, monkeypatch):
    shop.order(ship="std-eu")
    monkeypatch.setattr("orders.setting_links._provider", lambda account: lambda store, key: f"/settings/{store}#{key}")

    page = shop.client().get(shop.url("held"))

    assert "Why is this a hold?" in text_of(page)
    assert f'href="/settings/{shop.store.pk}#reject_unmapped"' in page.content.decode()
