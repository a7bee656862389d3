"""Orders coming in: what is imported, what is skipped and why, and that nothing comes in twice."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fcp.models import Store
from mappings.models import Listing, Location, ShipMethod
from orders.intake import seen_before
from orders.models import Hold, Order, OrderLine, OrderParty, Payload, SeenOrder
from orders.payloads import unpacked
from orders.release import offer_waiting
from orders.settings import Release
from orders.shapes import OddOrder, Payment, Status, StoreFulfillment, StoreShipment
from tests.build import (
    ANN,
    ANYTHING,
    IMPORT,
    NOW,
    a_line,
    an_order,
    make_location,
    make_order,
    make_product,
    make_ship_method,
    make_store,
    make_warehouse,
    read,
    rules,
    take,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def store() -> Store:
    """A store all of whose usual words mean something."""
    store = make_store()
    make_product(store.account, "MUG")
    make_ship_method(store, "Standard", "GROUND")
    store.default = make_warehouse(store.account)
    return store


def usual(store: Store, **values: object):
    return rules(warehouse_id=store.default.pk, **values)


def test_an_order_that_meets_every_condition_is_imported_once(store):
    first = take(store, an_order("10001"), of=usual(store))
    again = take(store, an_order("10001"), of=usual(store))

    assert (first.created, again.created, again.unchanged) == (1, 0, 1)
    order = Order.objects.get()
    assert (order.number, order.state, order.total, order.units) == ("10001", "new", Decimal("26.6000"), 1)
    assert OrderLine.objects.get().product.sku == "MUG"
    assert OrderParty.objects.get().name == "Ann Lee"
    assert b"10001" in unpacked(Payload.objects.get().packed)


@pytest.mark.req("EFS-11", "EFS-13")
def test_an_order_with_another_payment_status_is_seen_and_skipped_with_its_reason(store):
    counts = take(store, an_order("10044", payment=Payment.PENDING), of=usual(store))

    assert (counts.skipped, dict(counts.reasons)) == (1, {"payment": 1})
    seen = SeenOrder.objects.get()
    assert (seen.number, seen.outcome, seen.reasons) == ("10044", "skipped", ["payment"])
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"fulfillment": StoreFulfillment.PARTLY}, "fulfillment"),
        ({"status": Status.CANCELED}, "status"),
        ({"placed_at": NOW - dt.timedelta(days=31)}, "age"),
        ({"pickup": True}, "pickup"),
    ],
)
@pytest.mark.req("EFS-14", "EFS-16", "TECH-35")
def test_each_filter_skips_with_its_own_reason(store, values, reason):
    take(store, an_order(**values), of=usual(store))

    assert SeenOrder.objects.get().reasons == [reason]


@pytest.mark.req("TECH-36")
def test_pickup_orders_come_in_when_they_are_wanted(store):
    imports = replace(IMPORT, pickup=True)

    take(store, an_order(pickup=True), an_order(), of=usual(store, imports=imports))

    assert sorted(Order.objects.values_list("pickup", flat=True)) == [False, True]


@pytest.mark.req("EIM-22")
def test_an_order_placed_before_the_earliest_order_date_is_not_imported(store):
    imports = replace(IMPORT, earliest=NOW - dt.timedelta(hours=2))

    take(store, an_order("1"), an_order("2", placed_at=NOW), of=usual(store, imports=imports))

    assert [o.number for o in Order.objects.all()] == ["2"]
    assert SeenOrder.objects.get(number="1").reasons == ["earliest"]


def test_an_imported_order_is_followed_whatever_the_filters_say_later(store):
    take(store, an_order("1"), of=usual(store))

    counts = take(store, an_order("1", status=Status.CANCELED, payment=Payment.REFUNDED), of=usual(store))

    assert counts.changed == 1
    assert Order.objects.get().state == "canceled"
    assert SeenOrder.objects.get().outcome == "imported"


@pytest.mark.req("EIM-18", "EIM-17")
def test_an_unmapped_ship_code_holds_the_order_and_keeps_the_word(store):
    order = make_order(store, ship="std-eu", of=usual(store))

    assert order.state == "held"
    hold = Hold.objects.get()
    row = ShipMethod.objects.get(title="std-eu")
    assert (hold.kind, hold.cause, hold.params) == ("ship_code", str(row.pk), {"word": "std-eu"})
    assert row.target == ""


@pytest.mark.req("EIM-20")
def test_with_reject_unmapped_disabled_the_stores_code_passes_unchanged(store):
    order = make_order(store, ship="std-eu", of=usual(store, reject_unmapped=False))

    assert (order.state, order.ship_code) == ("new", "std-eu")


def test_every_missing_thing_is_a_hold_of_its_own(store):
    nowhere = replace(ANN, city="", postcode="", region="")
    order = make_order(
        store, skus=("TEAPOT", "JUG"), ship="Drone", ship_to=nowhere, payment=Payment.UNPAID, location_uid="loft",
        location_name="The loft", of=usual(store, imports=ANYTHING),
    )  # fmt: skip

    words = sorted((h.kind, h.params["word"]) for h in order.holds.all())
    assert words == [
        ("address", "city, state or province, postcode"),
        ("location", "The loft"),
        ("payment", "unpaid"),
        ("ship_code", "Drone"),
        ("sku", "JUG"),
        ("sku", "TEAPOT"),
    ]
    assert Listing.objects.unmapped().count() == 2
    assert Location.objects.unmapped().count() == 1


def test_a_missing_phone_never_holds(store):
    assert make_order(store, ship_to=replace(ANN, phone=""), of=usual(store)).state == "new"


@pytest.mark.parametrize(("country", "state"), [("IE", "new"), ("DE", "held"), ("SG", "held")])
def test_a_postcode_is_asked_only_where_the_country_uses_it(store, country, state):
    there = replace(ANN, country=country, region="", postcode="")

    assert make_order(store, ship_to=there, of=usual(store)).state == state


@pytest.mark.parametrize(
    ("release", "cash", "state"),
    [
        (Release.PAID, True, "held"),
        (Release.PAID_OR_COD, True, "new"),
        (Release.PAID_OR_COD, False, "held"),
        (Release.ANY, False, "new"),
    ],
)
def test_the_release_gate_holds_what_is_not_paid(store, release, cash, state):
    order = make_order(
        store, payment=Payment.UNPAID, cash_on_delivery=cash, of=usual(store, imports=ANYTHING, release=release)
    )

    assert order.state == state


@pytest.mark.req("TECH-41", "TECH-40")
def test_a_mapped_location_decides_the_warehouse(store):
    loft = make_warehouse(store.account, name="Loft")
    make_location(store, "loft", loft)

    order = make_order(store, location_uid="loft", of=usual(store))

    assert (order.state, order.warehouse) == ("new", loft)


@pytest.mark.req("TECH-54")
def test_an_order_without_location_goes_to_the_default_warehouse(store):
    named = make_order(store, location_uid="elsewhere", of=usual(store))
    unnamed = make_order(store, of=usual(store))
    nowhere = make_order(store, of=rules())

    assert (unnamed.state, unnamed.warehouse) == ("new", store.default)
    assert [h.kind for h in named.holds.all()] == ["location"]
    assert [h.kind for h in nowhere.holds.all()] == ["no_warehouse"]


def test_what_the_store_shipped_or_canceled_is_kept_for_the_record_and_never_ready(store):
    every = usual(store, imports=ANYTHING)
    shipped = make_order(store, fulfillment=StoreFulfillment.ALL, ship="Unknown", of=every)
    canceled = make_order(store, status=Status.CANCELED, ship="Unknown", of=every)
    refunded = make_order(store, payment=Payment.REFUNDED, of=every)
    digital = make_order(store, lines=(a_line(ships=False),), of=every)

    offer_waiting(store, now=NOW)

    states = [Order.objects.get(pk=o.pk).state for o in (shipped, canceled, refunded, digital)]
    assert states == ["confirmed", "canceled", "canceled", "nothing_to_ship"]
    assert not Hold.objects.exists()


def test_what_the_store_shipped_of_a_partly_fulfilled_order_is_not_shipped_again(store):
    order = make_order(
        store, lines=(a_line(quantity=3),), fulfillment=StoreFulfillment.PARTLY,
        shipments=(StoreShipment("f-1", (("line-MUG", 2),), tracking="1Z999"),), of=usual(store, imports=ANYTHING),
    )  # fmt: skip

    offer_waiting(store, now=NOW)

    order.refresh_from_db()
    assert order.state == "partly_shipped"
    (request,) = order.requests.all()
    assert [line["quantity"] for line in request.snapshot["lines"]] == [1]


def test_an_odd_order_leaves_a_row_and_the_rest_goes_on(store):
    odd = OddOrder("uid-x", "10099", "no_lines", "Order 10099 has no lines.", "", b"{}", fingerprint=7)

    counts = take(store, an_order(), odd=(odd,), of=usual(store))

    assert (counts.created, counts.failed, counts.seen) == (1, 1, 2)
    assert SeenOrder.objects.get(uid="uid-x").outcome == "failed"


def test_texts_with_nul_and_any_script_are_stored(store):
    make_order(store, buyer_note="a\x00b Größe 茶", skus=("MUG",), of=usual(store))

    assert Order.objects.get().buyer_note == "ab Größe 茶"


def test_statements_per_page_depend_on_nothing(store):
    rare = usual(store, imports=ANYTHING)
    plain = [an_order() for _ in range(40)]
    wild = [
        an_order(skus=(f"S{n}", f"T{n}"), ship=f"Option {n}", location_uid=f"loc-{n}", payment=Payment.UNPAID)
        for n in range(40)
    ]

    def statements(orders):
        with CaptureQueriesContext(
            connection,
        ) as context:
            seen_before(store, [o.uid for o in orders])
            take(store, *orders, of=rare)
        return len(context.captured_queries)

    counts = [statements(plain), statements(wild), statements([replace(o, total=Decimal(9)) for o in wild[:20]])]
    assert max(counts) <= 45, counts


def test_seen_orders_say_whether_a_second_look_is_needed(store):
    item = read(an_order("1"))
    take(store, item, of=usual(store))
    skipped = read(an_order("2", payment=Payment.UNPAID))
    take(store, skipped, of=usual(store))

    seen = seen_before(store, [item.raw.uid, skipped.raw.uid, "unheard-of"])

    assert seen[item.raw.uid].settled(item.raw.fingerprint, settings_version=9)
    assert seen[skipped.raw.uid].settled(skipped.raw.fingerprint, settings_version=1)
    assert not seen[skipped.raw.uid].settled(skipped.raw.fingerprint, settings_version=2)
    assert "unheard-of" not in seen
