"""What open orders need of the stock, whatever happens to them, and what orders that did not come in take of it."""

import datetime as dt
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Product, Reservation
from mappings.listings import link_by_sku
from mappings.mapping import map_listing
from mappings.models import Listing
from orders.decide import Facts, takes_stock
from orders.fulfilling import Shipment, report_fulfillment, void
from orders.holding import edit_order, place_hold
from orders.holds import HoldKind
from orders.left_out import leave_out
from orders.models import Order, OrderLine, SeenOrder
from orders.models.shipping import Origin
from orders.release import offer_waiting
from orders.reserving import LineNeeds, OrderNeeds, needed
from orders.settings import LaterChanges, Release
from orders.settle import lift_mapped_everywhere, settle_store
from orders.shapes import OddOrder, Payment, Status, StoreFulfillment
from orders.shipping import Acknowledgement, acknowledge, acknowledge_many, answer_cancel, reject
from tests.build import (
    IMPORT,
    NOW,
    a_line,
    an_order,
    make_location,
    make_product,
    make_warehouse,
    read,
    take,
)
from tests.orders.shop import Shop
from tests.threads import at_once

LATER = NOW + dt.timedelta(hours=1)
PLACED = NOW - dt.timedelta(days=1)


@pytest.fixture
def shop(monkeypatch, db):
    return Shop(monkeypatch)


def reserved(source="line"):
    """What is reserved: SKU, warehouse, pieces; with a "?" while it is unpaid, a "!" once a warehouse has it."""
    rows = Reservation.objects.filter(source_kind=source).select_related("product", "warehouse")
    return sorted(
        (
            row.product.sku,
            row.warehouse.name if row.warehouse else "",
            f"{row.quantity}{'?' * row.unpaid}{'!' * bool(row.acked_at)}",
        )
        for row in rows
    )


def at_warehouse(shop, **values):
    order = shop.order(**values)
    offer_waiting(shop.store, now=NOW)
    acknowledge(order.requests.get(), 1, by="Partner", now=NOW)
    return order


def changed(shop, order, of=None, **values):
    """The store shows the order with other values."""
    number = order.number
    incoming = an_order(number, **{"lines": values.pop("lines", (a_line(),)), "changed_at": LATER, **values})
    return take(shop.store, incoming, of=of or shop.rules, now=LATER)


def ship(order, **pieces):
    lines = {OrderLine.objects.get(order=order, sku=sku).pk: quantity for sku, quantity in pieces.items()}
    request = order.requests.exclude(state__in=["withdrawn", "canceled"]).first()
    origin = Origin.PARTNER if request else Origin.PERSON
    return report_fulfillment(order, Shipment(lines), request=request, origin=origin, by="Partner", now=LATER)


# --- the decision ----------------------------------------------------------------------------------------------------

ACKED = {7: NOW}


@pytest.mark.parametrize(
    ("order", "line", "pieces"),
    [
        ({}, (1, 7, 3, 1), (7, 3, False, None)),
        ({}, (1, None, 3, 1), (None, 3, False, None)),
        ({}, (1, 7, 2, 6), (7, 12, False, None)),
        ({"unpaid": True}, (1, 7, 1, 1), (7, 1, True, None)),
        ({"at_warehouse": ACKED}, (1, 7, 1, 1), (7, 1, False, NOW)),
        ({"at_warehouse": ACKED}, (1, 8, 1, 1), (8, 1, False, None)),
        ({"at_warehouse": ACKED, "closed": True}, (1, 7, 1, 1), (7, 1, False, NOW)),
        ({"at_warehouse": ACKED, "unpaid": True}, (1, 7, 1, 1), (7, 1, False, NOW)),
        ({}, (1, 7, 2_000_000_000, 9), (7, 10_000_000, False, None)),
    ],
)
def test_a_line_reserves_what_is_left_of_it(order, line, pieces):
    [wanted] = needed(OrderNeeds(PLACED, **order), LineNeeds(*line))

    assert (wanted.warehouse_id, wanted.quantity, wanted.unpaid, wanted.acked_at) == pieces
    assert (wanted.product_id, wanted.since) == (1, PLACED)


@pytest.mark.parametrize(
    ("order", "line"),
    [
        ({}, (None, 7, 3, 1)),  # no product
        ({}, (1, 7, 0, 1)),  # all of it left, or it does not ship
        ({"closed": True}, (1, 7, 3, 1)),
        ({"closed": True, "at_warehouse": ACKED}, (1, 8, 3, 1)),  # another warehouse's line
        ({"closed": True, "at_warehouse": ACKED}, (1, None, 3, 1)),
    ],
)
def test_a_line_that_nobody_will_ship_reserves_nothing(order, line):
    assert needed(OrderNeeds(PLACED, **order), LineNeeds(*line)) == ()


# --- an order's way --------------------------------------------------------------------------------------------------


def test_a_new_order_reserves_the_pieces_of_what_it_ships(shop):
    box = make_product(shop.account, "BOX")
    shop.order(lines=(a_line("MUG", 2), a_line("SIX"), a_line("CODE", ships=False)))
    map_listing(Listing.objects.get(sku="SIX"), box, units=6, by="Ann", now=NOW)
    lift_mapped_everywhere(NOW)
    shop.order(lines=(a_line("SIX", 2),))

    assert reserved() == [("BOX", "Nord", "12"), ("BOX", "Nord", "6"), ("MUG", "Nord", "2")]
    assert {row.since for row in Reservation.objects.all()} == {PLACED}
    assert Reservation.objects.filter(source_id__in=OrderLine.objects.values("pk")).count() == 3


def test_a_held_order_reserves_too_and_one_without_a_warehouse_nowhere(shop):
    shop.order(ship="std-eu")
    make_location(shop.store, "loft")
    shop.order(location_uid="loft")
    order = shop.order()
    place_hold(order, HoldKind.CLIENT, "wait", by="Ann", now=NOW)

    assert reserved() == [("MUG", "", "1"), ("MUG", "Nord", "1"), ("MUG", "Nord", "1")]


def test_what_was_shipped_before_it_came_in_is_not_reserved(shop):
    shop.order(fulfillment=StoreFulfillment.ALL)
    shop.order(status=Status.CANCELED)
    shop.order(payment=Payment.REFUNDED)

    assert reserved() == []
    assert not Product.objects.filter(stock_seq__gt=0).exists()


def test_an_unpaid_order_counts_as_unpaid_until_its_payment_comes(shop):
    order = shop.order(payment=Payment.UNPAID)
    assert reserved() == [("MUG", "Nord", "1?")]

    changed(shop, order, payment=Payment.PAID)
    assert reserved() == [("MUG", "Nord", "1")]


@pytest.mark.parametrize(
    ("release", "on_delivery", "pieces"),
    [(Release.PAID, True, "1?"), (Release.PAID_OR_COD, True, "1"), (Release.PAID_OR_COD, False, "1?")],
)
def test_what_the_gate_lets_through_unpaid_is_not_waiting_for_money(shop, release, on_delivery, pieces):
    shop.order(payment=Payment.UNPAID, cash_on_delivery=on_delivery, of=replace(shop.rules, release=release))

    assert reserved() == [("MUG", "Nord", pieces)]


def test_a_change_of_the_gate_says_anew_what_waits_for_money(shop):
    shop.order(payment=Payment.UNPAID)
    shop.rules = replace(shop.rules, version=2, release=Release.ANY)
    settle_store(shop.store, 2, now=NOW, actor="Ann")

    assert reserved() == [("MUG", "Nord", "1")]


def test_a_warehouse_that_takes_it_and_ships_it_in_two_parts(shop):
    order = at_warehouse(shop, lines=(a_line("MUG", 3),))
    assert reserved() == [("MUG", "Nord", "3!")]

    first = ship(order, MUG=2)
    assert reserved() == [("MUG", "Nord", "1!")]
    ship(order, MUG=1)
    assert reserved() == []
    void(first, by="Ann", now=LATER)
    assert reserved() == [("MUG", "Nord", "2!")]


def test_a_rejected_request_is_in_nobodys_hand_any_more(shop):
    order = at_warehouse(shop)
    reject(order.requests.get(), "broken", by="Partner", now=LATER)

    assert reserved() == [("MUG", "Nord", "1")]


def test_an_order_canceled_before_release_needs_nothing(shop):
    order = shop.order()
    changed(shop, order, status=Status.CANCELED)
    assert reserved() == []

    changed(shop, order, changed_at=LATER + dt.timedelta(hours=1))
    assert reserved() == [("MUG", "Nord", "1")]


def test_an_order_canceled_later_needs_its_pieces_until_the_warehouse_has_stopped(shop):
    order = at_warehouse(shop)
    changed(shop, order, status=Status.CANCELED)
    assert reserved() == [("MUG", "Nord", "1!")]

    answer_cancel(order.requests.get(), True, by="Partner", now=LATER)
    assert reserved() == []


def test_a_cancellation_that_came_too_late_ships_all_the_same(shop):
    order = at_warehouse(shop)
    changed(shop, order, status=Status.CANCELED)
    answer_cancel(order.requests.get(), False, "packed", by="Partner", now=LATER)
    assert reserved() == [("MUG", "Nord", "1!")]

    ship(order, MUG=1)
    assert reserved() == []


def test_the_rest_of_a_partly_shipped_order_is_free_once_it_is_canceled_and_stopped(shop):
    order = at_warehouse(shop, lines=(a_line("MUG", 3),))
    ship(order, MUG=1)
    changed(shop, order, payment=Payment.REFUNDED, lines=(a_line("MUG", 3),))
    assert reserved() == [("MUG", "Nord", "2!")]

    answer_cancel(order.requests.get(), True, by="Partner", now=LATER)
    assert reserved() == []
    assert Order.objects.get().state == "partly_shipped"


def test_lines_follow_the_store_until_a_warehouse_has_them(shop):
    make_product(shop.account, "JUG")
    order = shop.order(lines=(a_line("MUG", 2), a_line("JUG")))
    changed(shop, order, lines=(a_line("MUG", 5),))
    assert reserved() == [("MUG", "Nord", "5")]

    offer_waiting(shop.store, now=LATER)
    acknowledge(order.requests.last(), order.requests.last().revision, by="Partner", now=LATER)
    changed(shop, order, lines=(a_line("MUG", 1), a_line("JUG", 4)), changed_at=LATER + dt.timedelta(hours=1))
    assert reserved() == [("MUG", "Nord", "5!")]


def test_what_the_store_ships_itself_is_needed_no_longer(shop):
    order = shop.order()
    changed(shop, order, fulfillment=StoreFulfillment.ALL)

    assert reserved() == []


def test_an_order_that_the_store_fulfilled_is_not_needed_even_if_its_lines_are_not_followed(shop):
    """With "Ignore" its new line never comes here, and what shipped cannot be told by line."""
    order = shop.order()
    ignoring = replace(shop.rules, later_changes=LaterChanges.IGNORE)
    lines = (a_line("MUG"), a_line("NEW"))
    changed(shop, order, of=ignoring, fulfillment=StoreFulfillment.ALL, lines=lines)

    assert reserved() == []


def test_another_warehouse_chosen_by_hand_takes_the_reservation_along(shop):
    order = shop.order()
    edit_order(order, warehouse=make_warehouse(shop.account, name="South"), by="Ann", now=NOW)

    assert reserved() == [("MUG", "South", "1")]


def test_a_product_that_a_listing_gets_later_is_reserved_then(shop):
    shop.order(skus=("TEAPOT",))
    assert reserved() == []

    make_product(shop.account, "TEAPOT")
    link_by_sku(shop.store, by="Ann", now=NOW)
    lift_mapped_everywhere(NOW)
    assert reserved() == [("TEAPOT", "Nord", "1")]


def test_what_changes_nothing_of_the_needs_draws_no_change_number(shop):
    order = shop.order()
    before = Product.objects.get().stock_seq
    changed(shop, order, buyer_note="Ring twice")
    place_hold(order, HoldKind.CLIENT, "wait", by="Ann", now=NOW)

    assert Product.objects.get().stock_seq == before > 0


def test_acknowledgements_of_two_accounts_reserve_in_each(shop, monkeypatch):
    other = Shop(monkeypatch)
    other.warehouse.partner = shop.partner
    other.warehouse.save()
    requests = []
    for one in (shop, other):
        order = one.order()
        offer_waiting(one.store, now=NOW)
        requests.append(order.requests.get())

    acknowledge_many([Acknowledgement(request.pk, 1) for request in requests], by="Partner", now=NOW)

    assert reserved() == [("MUG", "Nord", "1!"), ("MUG", "Nord", "1!")]
    assert Reservation.objects.values("account").distinct().count() == 2


def test_reserving_costs_the_same_for_two_lines_and_for_eighty(shop):
    for n in range(40):
        make_product(shop.account, f"P{n}")

    def statements(orders):
        with CaptureQueriesContext(connection) as context:
            take(shop.store, *orders, of=shop.rules)
        return len(context)

    take(shop.store, an_order(skus=("P39",)), of=shop.rules)  # the account's first change number is drawn here
    few = [an_order(skus=("P0", "P1"))]
    many = [an_order(skus=("P0", "P1", f"P{n}", f"P{n + 20}")) for n in range(2, 20)]
    first = [statements(few), statements(many)]
    again = [
        statements([replace(o, payment=Payment.UNPAID, changed_at=LATER) for o in orders]) for orders in (few, many)
    ]

    assert (first[0], again[0]) == (first[1], again[1])
    assert Reservation.objects.filter(unpaid=True).count() == 74


# --- orders that did not come in -------------------------------------------------------------------------------------

ONLY_PAID = {"imports": IMPORT}


@pytest.fixture
def strict(shop):
    """A shop that takes paid and approved orders only."""
    shop.rules = replace(shop.rules, imports=IMPORT)
    return shop


def test_an_open_unpaid_order_that_stays_out_takes_its_pieces_from_no_warehouse(strict):
    lines = (a_line("MUG", 2), a_line("MUG", 1, uid="more"), a_line("CODE", ships=False))
    take(strict.store, an_order(payment=Payment.UNPAID, lines=lines), of=strict.rules)

    assert (reserved(), reserved("seen")) == ([], [("MUG", "", "3?")])
    assert Reservation.objects.get().source_id == SeenOrder.objects.get().pk


def test_once_paid_it_comes_in_and_its_lines_reserve(strict):
    unpaid = an_order(payment=Payment.PENDING)
    take(strict.store, unpaid, of=strict.rules)
    take(strict.store, replace(unpaid, payment=Payment.PAID), of=strict.rules)

    assert (reserved(), reserved("seen")) == ([("MUG", "Nord", "1")], [])


@pytest.mark.parametrize(
    "values",
    [
        {"status": Status.CANCELED},
        {"status": Status.REJECTED},
        {"payment": Payment.REFUNDED},
        {"payment": Payment.CANCELED},
        {"fulfillment": StoreFulfillment.ALL},
        {"pickup": True},
    ],
)
def test_it_takes_nothing_any_more_once_it_can_never_come_in(strict, values):
    unpaid = an_order(payment=Payment.UNPAID)
    take(strict.store, unpaid, of=strict.rules)
    take(strict.store, replace(unpaid, **values), of=strict.rules)

    assert reserved("seen") == []
    assert not SeenOrder.objects.get().takes_stock


@pytest.mark.parametrize(
    "values",
    [
        {"placed_at": NOW - dt.timedelta(days=40)},
        {"pickup": True},
        {"status": Status.CANCELED},
        {"status": Status.INITIALIZED},
        {"fulfillment": StoreFulfillment.PARTLY},
    ],
)
def test_an_order_that_would_stay_out_even_if_paid_takes_nothing(strict, values):
    take(strict.store, an_order(payment=Payment.UNPAID, **values), of=strict.rules)

    assert reserved("seen") == []


def test_a_paid_order_that_waits_for_approval_is_not_unpaid(strict):
    take(strict.store, an_order(status=Status.PENDING), of=strict.rules)

    assert reserved("seen") == [("MUG", "", "1")]


def test_an_order_that_cannot_be_read_any_more_takes_nothing(strict):
    unpaid = an_order(payment=Payment.UNPAID)
    take(strict.store, unpaid, of=strict.rules)
    take(strict.store, odd=(OddOrder(unpaid.uid, unpaid.number, "unreadable", "?", "", b"{}"),), of=strict.rules)

    assert reserved("seen") == []


def test_a_listing_linked_later_is_reserved_for_orders_that_stayed_out(strict):
    take(strict.store, an_order(payment=Payment.UNPAID, skus=("TEAPOT",)), of=strict.rules)
    take(strict.store, an_order(payment=Payment.UNPAID, skus=("MUG",)), of=strict.rules)
    assert reserved("seen") == [("MUG", "", "1?")]

    map_listing(Listing.objects.get(sku="TEAPOT"), make_product(strict.account, "POT"), units=2, by="Ann", now=NOW)
    lift_mapped_everywhere(NOW)
    assert reserved("seen") == [("MUG", "", "1?"), ("POT", "", "2?")]

    map_listing(Listing.objects.get(sku="TEAPOT"), None, by="Ann", now=NOW)
    lift_mapped_everywhere(NOW)
    assert reserved("seen") == [("MUG", "", "1?")]


def test_settings_that_decide_anew_decide_what_is_taken(strict):
    take(strict.store, an_order(payment=Payment.UNPAID), of=strict.rules)
    row = SeenOrder.objects.get()

    leave_out(strict.store, [(row, ["payment", "pickup"])], 2, NOW)
    assert (reserved("seen"), SeenOrder.objects.get().settings_version) == ([], 2)
    leave_out(strict.store, [(row, ["payment"])], 3, NOW)
    assert reserved("seen") == [("MUG", "", "1?")]


def test_facts_kept_before_wants_were_known_stay_readable():
    facts = Facts.of(an_order(payment=Payment.UNPAID))
    document = facts.as_json()
    assert "wants" not in document

    assert Facts.from_json(document) == facts
    wanting = facts.left_out(an_order(lines=(a_line("MUG", 2),)))
    assert Facts.from_json(wanting.as_json()) == wanting
    assert [tuple(want) for want in wanting.wants] == [("p-MUG", "", 2)]
    assert takes_stock(wanting, ["payment"])
    assert not takes_stock(wanting, [])


# --- at the same moment ----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(8))
def test_orders_with_the_same_products_in_opposite_order_do_not_wait_for_each_other_forever(shop, round_):
    make_product(shop.account, "JUG")
    orders = [
        at_warehouse(shop, lines=(a_line("MUG", 2), a_line("JUG", 2))),
        at_warehouse(shop, lines=(a_line("JUG", 2), a_line("MUG", 2))),
        at_warehouse(shop, lines=(a_line("JUG", 3), a_line("MUG", 3))),
    ]
    pages = [[an_order(skus=("MUG", "JUG")) for _ in range(5)], [an_order(skus=("JUG", "MUG")) for _ in range(5)]]

    results = at_once(
        lambda: ship(orders[0], MUG=2, JUG=1).pk,
        lambda: ship(orders[1], JUG=1, MUG=2).pk,
        lambda: take(shop.store, *pages[0], of=shop.rules).created,
        lambda: take(shop.store, *pages[1], of=shop.rules).created,
        lambda: changed(shop, orders[2], status=Status.CANCELED, lines=(a_line("JUG", 3), a_line("MUG", 3))).changed,
    )

    assert None not in results
    assert results[2:] == [5, 5, 1]
    in_hand = [(sku, pieces) for sku, _, pieces in reserved() if pieces.endswith("!")]
    assert in_hand == [("JUG", "1!"), ("JUG", "1!"), ("JUG", "3!"), ("MUG", "3!")]
    assert Reservation.objects.count() == 24


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(8))
def test_an_order_that_comes_in_while_its_listing_is_linked_reserves_once(shop, round_):
    shop.rules = replace(shop.rules, imports=IMPORT)
    unpaid = an_order(payment=Payment.UNPAID, skus=("TEAPOT",))
    take(shop.store, unpaid, of=shop.rules)
    map_listing(Listing.objects.get(sku="TEAPOT"), make_product(shop.account, "POT"), by="Ann", now=NOW)

    at_once(
        lambda: lift_mapped_everywhere(NOW),
        lambda: take(shop.store, read(replace(unpaid, payment=Payment.PAID)), of=shop.rules),
    )

    assert (reserved(), reserved("seen")) == ([("POT", "Nord", "1")], [])
