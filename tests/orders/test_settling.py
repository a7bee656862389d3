"""Mapping a word, mending an address, changing a setting: who waits for it goes on by himself."""

import pytest
from django.db import connection

from inventory.models import Product
from mappings.mapping import map_listing, map_location, map_ship_method
from mappings.models import Listing, Location, MappingChange, ShipMethod
from orders.errors import OrderError
from orders.holding import edit_order, lift_hold, place_hold, try_order
from orders.holds import HoldKind
from orders.models import Hold, Order, ShippingRequest
from orders.release import offer_waiting
from orders.settings import Release
from orders.settle import lift_mapped, lift_mapped_everywhere, settle, settle_store
from orders.shapes import Payment
from orders.timeline import timeline_of
from tests.build import (
    ANN,
    ANYTHING,
    NOW,
    make_order,
    make_product,
    make_ship_method,
    make_store,
    make_warehouse,
    rules,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(monkeypatch):
    store = make_store()
    make_product(store.account, "MUG")
    make_ship_method(store, "Standard", "GROUND")
    store.default = make_warehouse(store.account)
    store.rules = rules(imports=ANYTHING, warehouse_id=store.default.pk)
    monkeypatch.setattr("orders.rules._provider", lambda store_id: store.rules)
    return store


def held(store, **values):
    return make_order(store, of=store.rules, **values)


def state_of(order):
    return Order.objects.get(pk=order.pk).state


@pytest.mark.req("EIM-19")
def test_mapping_a_ship_code_releases_every_order_that_waited_only_for_it(store):
    waiting = [held(store, ship="std-eu") for _ in range(3)]
    both = held(store, ship="std-eu", skus=("TEAPOT",))
    row = ShipMethod.objects.get(title="std-eu")

    map_ship_method(row, "EU-STD", by="Ann", now=NOW)
    lifted = lift_mapped("ship_code", row.pk, now=NOW, actor="Ann")

    assert lifted == 4
    assert [state_of(o) for o in waiting] == ["ready"] * 3
    assert state_of(both) == "held"
    assert Order.objects.get(pk=waiting[0].pk).ship_code == "EU-STD"
    assert [h.kind for h in Hold.objects.open()] == ["sku"]
    later = held(store, ship="std-eu")
    assert not later.holds.exists()


def test_a_lost_nudge_is_found_by_the_sweep(store):
    order = held(store, ship="std-eu")
    map_ship_method(ShipMethod.objects.get(title="std-eu"), "EU-STD", by="Ann", now=NOW)

    assert lift_mapped_everywhere(NOW) == 1
    assert lift_mapped_everywhere(NOW) == 0

    assert state_of(order) == "ready"


def test_words_that_nobody_waits_for_are_dealt_with_together(store, django_assert_max_num_queries):
    order = held(store, skus=("TEAPOT",))
    Listing.objects.bulk_create(
        Listing(account=store.account, store=store, product_uid=f"p{n}", version=1, first_seen_at=NOW,
                last_seen_on=NOW.date(), product=make_product(store.account, f"P{n}"))
        for n in range(60)
    )  # fmt: skip
    map_listing(Listing.objects.get(sku="TEAPOT"), make_product(store.account, "T-1"), by="Ann", now=NOW)

    with django_assert_max_num_queries(90):
        assert lift_mapped_everywhere(NOW, limit=1) == 61

    assert not Listing.objects.changed().exists()
    assert state_of(order) == "ready"


def test_linking_a_listing_or_binding_a_location_releases_too(store):
    order = held(store, skus=("TEAPOT",), location_uid="loft")
    loft = make_warehouse(store.account)
    product = make_product(store.account, "T-1")

    map_listing(Listing.objects.get(sku="TEAPOT"), product, units=6, by="Ann", now=NOW)
    map_location(Location.objects.get(), loft, by="Ann", now=NOW)
    lift_mapped_everywhere(NOW)

    assert state_of(order) == "ready"
    request = ShippingRequest.objects.get()
    assert request.warehouse == loft
    assert (request.snapshot["lines"][0]["product_sku"], request.snapshot["lines"][0]["units"]) == ("T-1", 6)


def test_a_mapping_keeps_its_history_and_refuses_another_accounts_target(store):
    held(store, skus=("TEAPOT",))
    row = Listing.objects.get(sku="TEAPOT")
    foreign = Product.objects.create(account=make_store().account, sku="X", name="X")

    with pytest.raises(ValueError, match="another account"):
        map_listing(row, foreign, by="Ann", now=NOW)
    map_listing(row, make_product(store.account, "T-1"), by="Ann", now=NOW, why="same thing")
    map_listing(row, row.product, by="Ann", now=NOW)

    (change,) = MappingChange.objects.all()
    assert (change.before["product_id"], change.by, change.why) == (None, "Ann", "same thing")
    row.refresh_from_db()
    assert row.version == 1


def test_a_paused_store_offers_nothing_until_it_hands_over(store):
    order = held(store)
    store.hands_over = False
    assert offer_waiting(store, now=NOW) == 0
    assert state_of(order) == "new"

    store.hands_over = True
    assert offer_waiting(store, now=NOW) == 1
    assert state_of(order) == "ready"


def test_try_with_one_order_offers_that_one_alone(store):
    one, other = held(store), held(store)
    store.hands_over = False
    store.save()

    try_order(one, by="Ann", now=NOW)

    assert (state_of(one), state_of(other)) == ("ready", "new")
    with pytest.raises(OrderError, match="held"):
        try_order(held(store, ship="std-eu"), by="Ann", now=NOW)


def test_a_changed_release_setting_settles_the_orders_that_wait_for_payment(store):
    order = held(store, payment=Payment.UNPAID)
    assert state_of(order) == "held"
    store.rules = rules(version=2, imports=ANYTHING, warehouse_id=store.default.pk, release=Release.ANY)

    assert settle_store(store, 2, now=NOW, actor="Ann") == 1

    assert state_of(order) == "ready"
    assert settle_store(store, 2, now=NOW, actor="Ann") == 0


def meanwhile(act, before):
    """`act` happens once, when the `before`th statement that reads orders is about to run: somebody was faster."""
    seen = 0

    def wrapper(execute, sql, params, many, context):
        nonlocal seen
        if sql.startswith("SELECT") and 'FROM "orders_order"' in sql:
            seen += 1
            if seen == before:
                act()
        return execute(sql, params, many, context)

    return connection.execute_wrapper(wrapper)


@pytest.mark.parametrize(
    ("late", "locks"),
    [
        (lambda store, order: settle_store(store, 2, now=NOW, actor="schedule"), 2),
        (lambda store, order: settle(store, [order.pk], now=NOW, actor="schedule"), 1),
    ],
    ids=["an older save's task", "a word that was mapped"],
)
def test_of_two_settings_saved_quickly_the_newer_ones_decide_whoever_comes_last(store, late, locks):
    """Each of the two finds the order while it is under version 1; the newer one is done before the other locks it."""
    order = held(store, payment=Payment.UNPAID)
    store.rules = rules(version=2, imports=ANYTHING, warehouse_id=store.default.pk, release=Release.ANY)

    def newer():
        store.rules = rules(version=3, imports=ANYTHING, warehouse_id=store.default.pk)
        settle_store(store, 3, now=NOW, actor="Ann")

    with meanwhile(newer, before=locks):
        late(store, order)

    order.refresh_from_db()
    assert (order.settings_version, order.state) == (3, "held")


def test_holding_by_hand_takes_an_offer_back_and_lifting_offers_anew(store):
    order = held(store)
    offer_waiting(store, now=NOW)

    with pytest.raises(OrderError, match="Say why"):
        place_hold(order, HoldKind.CLIENT, " ", by="Ann", now=NOW)
    place_hold(order, HoldKind.CLIENT, "Customer phones back", by="Ann", now=NOW)

    assert state_of(order) == "held"
    assert [r.state for r in order.requests.all()] == ["withdrawn"]
    lift_hold(order.holds.get(), by="Ann", now=NOW)
    assert state_of(order) == "ready"
    assert sorted((r.number, r.state) for r in order.requests.all()) == [(1, "withdrawn"), (2, "offered")]


def test_a_hold_that_lifts_itself_is_not_lifted_by_hand(store):
    order = held(store, ship="std-eu")

    with pytest.raises(OrderError, match="lifts itself"):
        lift_hold(order.holds.get(), by="Ann", now=NOW)


def test_mending_the_address_releases_the_order_and_later_pulls_keep_the_edit(store):
    order = held(store, ship_to=type(ANN)(name="Bo", street1="Street 1", country="DE", city="Bonn"), number="7")
    assert [h.params["word"] for h in order.holds.all()] == ["postcode"]

    edit_order(order, address={"postcode": "53111"}, by="Ann", now=NOW)

    order.refresh_from_db()
    assert (order.state, order.edited) == ("ready", ["address"])
    assert order.parties.get(role="ship_to").postcode == "53111"


def test_an_edit_of_an_offered_order_raises_the_requests_revision(store):
    order = held(store)
    offer_waiting(store, now=NOW)

    edit_order(order, ship_code="EXPRESS", note="Fragile", by="Ann", now=NOW)

    request = order.requests.get()
    assert (request.state, request.revision) == ("offered", 2)
    assert (request.snapshot["ship_code"], request.snapshot["notes"]["ours"]) == ("EXPRESS", "Fragile")


def test_another_warehouse_is_a_new_request(store):
    order = held(store)
    offer_waiting(store, now=NOW)
    loft = make_warehouse(store.account)

    edit_order(order, warehouse=loft, by="Ann", now=NOW)

    assert [(r.warehouse, r.state) for r in order.requests.order_by("id")] == [
        (store.default, "withdrawn"),
        (loft, "offered"),
    ]
    assert state_of(order) == "ready"


def test_the_timeline_names_the_versions_by_which_an_order_goes(store):
    order = held(store, ship="std-eu")
    row = ShipMethod.objects.get(title="std-eu")
    for target in ("EU-STD", "EU-EXPRESS"):
        map_ship_method(row, target, by="Ann", now=NOW)
        lift_mapped("ship_code", row.pk, now=NOW, actor="Ann")
        settle(store, [order.pk], now=NOW, actor="Ann", rules=store.rules)

    said = [line.text for line in timeline_of(order).lines]

    assert "No longer held: ship code missing (“std-eu”). It goes as EU-STD, by version 1 of its mapping." in said
    assert "It goes as EU-EXPRESS, by version 2 of its mapping; it was EU-STD before." in said
