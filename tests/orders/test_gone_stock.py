"""Goods that left or came back move the levels of their warehouse, once, as of the right moment."""

import datetime as dt

import pytest

from inventory.levels import LevelItem, report_levels
from inventory.models import Product, StockLevel, StockMovement
from mappings.models import Listing
from orders.fulfilling import Shipment, Tracking, correct, report_fulfillment, void
from orders.models import FulfillmentLine, OrderLine
from orders.models.shipping import Origin
from orders.release import offer_waiting
from orders.shapes import StoreFulfillment, StoreShipment
from orders.shipping import acknowledge
from tests.build import NOW, a_line, an_order, make_location, read, take
from tests.orders.shop import Shop

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def shop(monkeypatch, db):
    return Shop(monkeypatch)


def report(shop, quantity, at):
    report_levels(shop.warehouse, [LevelItem("MUG", quantity, at)], actor="Key", now=NOW + 9 * HOUR)


def level():
    return StockLevel.objects.get().quantity


def moves():
    return list(
        StockMovement.objects.filter(source_kind="fulfillment_line")
        .order_by("pk")
        .values_list("kind", "quantity", "counts", "at")
    )


def at_warehouse(shop, quantity=3, **values):
    order = shop.order(lines=(a_line("MUG", quantity),), **values)
    offer_waiting(shop.store, now=NOW)
    acknowledge(order.requests.get(), 1, by="Partner", now=NOW)
    return order


def ship(order, pieces, at, now=None, **values):
    lines = {OrderLine.objects.get(order=order).pk: pieces}
    shipment = Shipment(lines, shipped_at=at, **values)
    request = order.requests.first()
    origin = Origin.PARTNER if request else Origin.PERSON
    return report_fulfillment(order, shipment, request=request, origin=origin, by="Partner", now=now or at)


def test_what_left_is_taken_off_the_level_at_the_moment_it_left(shop):
    report(shop, 10, NOW)
    order = at_warehouse(shop)
    fulfillment = ship(order, 2, NOW + HOUR, now=NOW + 2 * HOUR, ref="S-1")

    assert (level(), moves()) == (8, [("shipped", -2, True, NOW + HOUR)])
    movement = StockMovement.objects.get(kind="shipped")
    assert movement.source_id == FulfillmentLine.objects.get(fulfillment=fulfillment).pk
    assert (movement.actor, movement.warehouse) == ("Partner", shop.warehouse)


def test_a_level_taken_after_it_left_knows_of_it(shop):
    order = at_warehouse(shop)
    report(shop, 10, NOW + 2 * HOUR)
    ship(order, 2, NOW + HOUR, now=NOW + 3 * HOUR)

    assert (level(), moves()) == (10, [("shipped", -2, False, NOW + HOUR)])


def test_a_report_said_twice_moves_once(shop):
    report(shop, 10, NOW)
    order = at_warehouse(shop)
    ship(order, 2, NOW + HOUR, ref="S-1")
    ship(order, 2, NOW + HOUR, ref="S-1")

    assert (level(), len(moves())) == (8, 1)


def test_units_are_pieces(shop):
    report(shop, 30, NOW)
    Listing.objects.create(
        account=shop.account, store=shop.store, product_uid="p-MUG", sku="MUG", sku_key="MUG", units=6,
        product=Product.objects.get(sku="MUG"), first_seen_at=NOW, last_seen_on=NOW.date(),
    )  # fmt: skip
    ship(at_warehouse(shop), 2, NOW + HOUR)

    assert level() == 18


def test_a_voided_shipment_is_put_back_once(shop):
    report(shop, 10, NOW)
    fulfillment = ship(at_warehouse(shop), 2, NOW + HOUR)
    void(fulfillment, by="Ann", now=NOW + 2 * HOUR)
    void(fulfillment, by="Ann", now=NOW + 2 * HOUR)

    assert level() == 10
    assert [(kind, pieces) for kind, pieces, *_ in moves()] == [("shipped", -2), ("voided", 2)]


def test_mending_the_tracking_number_moves_nothing(shop):
    report(shop, 10, NOW)
    fulfillment = ship(at_warehouse(shop), 2, NOW + HOUR)
    correct(fulfillment, carrier="UPS", parcels=[Tracking("1Z9")], by="Ann", now=NOW + 2 * HOUR)

    assert (level(), len(moves())) == (8, 1)


def test_levels_of_what_is_available_are_without_it_since_the_warehouse_took_it_over(shop):
    shop.warehouse.reports = "available"
    shop.warehouse.save()
    order = at_warehouse(shop)
    report(shop, 7, NOW + HOUR)  # taken after the acknowledgement: already without the three
    ship(order, 3, NOW + 2 * HOUR)

    assert (level(), moves()) == (7, [("shipped", -3, False, NOW)])


def test_a_person_who_ships_without_a_request_takes_from_the_lines_warehouse(shop):
    report(shop, 10, NOW)
    order = shop.order(lines=(a_line("MUG", 3),))
    ship(order, 1, NOW + HOUR)

    assert level() == 9


def test_without_a_warehouse_or_a_product_nothing_moves(shop):
    make_location(shop.store, "loft")
    ship(shop.order(location_uid="loft"), 1, NOW + HOUR)
    ship(shop.order(skus=("TEAPOT",)), 1, NOW + HOUR)

    assert moves() == []


def test_what_the_store_had_shipped_before_it_came_in_moves_nothing(shop):
    report(shop, 10, NOW - 48 * HOUR)
    shop.order(fulfillment=StoreFulfillment.ALL)

    assert (level(), moves()) == (10, [])


def test_what_the_store_ships_of_an_order_that_is_here_leaves_its_warehouse(shop):
    report(shop, 10, NOW)
    order = shop.order(lines=(a_line("MUG", 3),))
    at, later = NOW + HOUR, NOW + 2 * HOUR
    shipment = StoreShipment("f-1", (("line-MUG", 2),), created_at=at)
    incoming = an_order(order.number, lines=(a_line("MUG", 3),), fulfillment=StoreFulfillment.PARTLY, changed_at=later)
    take(shop.store, read(incoming, (shipment,)), of=shop.rules, now=later)

    assert (level(), moves()) == (8, [("shipped", -2, True, at)])
