"""What somebody ships in the store itself, or takes back there; and what never ships at all."""

import pytest
from django.utils import timezone

from integrations.connectors.declaring import FlowKind
from orders.asking import ask_to_stop
from orders.fulfilling import tell_again
from orders.models import Order, SeenOrder
from orders.shipping import answer_cancel
from tests.integrations.flows.shop import Shop, asks, codes, request_of
from tests.integrations.flows.world import change_settings, sync, work


@pytest.fixture
def shop(transactional_db, sandbox):
    return Shop(sandbox)


def line_of(order):
    return order.lines.order_by("pk").first()


def make(order):
    return order.fulfillments.order_by("pk")


def test_an_order_that_the_merchant_ships_himself_is_recorded_and_not_shipped_again(shop):
    order = shop.came_in(quantity=2)

    shop.wix.fulfill("v1", order.number, tracking="1ZSHOP")
    order = shop.look(order)

    assert (order.state, request_of(order).state) == ("confirmed", "withdrawn")
    [made] = make(order)
    assert (made.origin, made.told, made.parcels.get().tracking) == ("store", "told", "1ZSHOP")


def test_a_part_that_the_merchant_ships_leaves_the_rest_to_the_warehouse_also_a_second_part(shop):
    order = shop.came_in(quantity=3)

    shop.wix.fulfill("v1", order.number, tracking="A", lines={0: 1})
    order = shop.look(order)
    assert (order.state, line_of(order).shipped) == ("partly_shipped", 1)
    shop.wix.fulfill("v1", order.number, tracking="B", lines={0: 1})
    order = shop.look(order)

    assert line_of(order).shipped == 2
    rest = {line["sku"]: line["quantity"] for line in request_of(order).snapshot["lines"]}
    assert rest[line_of(order).sku] == 1


def test_a_shipment_that_the_merchant_deletes_is_to_ship_again(shop):
    order = shop.came_in(quantity=2)
    shop.wix.fulfill("v1", order.number, tracking="A")
    order = shop.look(order)
    assert order.state == "confirmed"

    shop.wix.take_back("v1", order.number)
    order = shop.look(order)

    assert (order.state, line_of(order).shipped) == ("ready", 0)
    assert make(order).get().voided_by == "store"
    assert "shipment_gone" in codes(order)
    assert request_of(order).state == "offered"


def test_one_of_two_shipments_of_the_merchants_that_is_deleted_alone_is_to_ship_again(shop):
    order = shop.came_in(quantity=2)
    shop.wix.fulfill("v1", order.number, tracking="A", lines={0: 1})
    shop.wix.fulfill("v1", order.number, tracking="B")
    order = shop.look(order)

    shop.wix.take_back("v1", order.number, 0)
    order = shop.look(order)

    assert line_of(order).shipped == 1
    assert [made.voided_at is None for made in make(order)] == [False, True]


def other_sku(shop, order):
    bought = set(order.lines.values_list("sku", flat=True))
    return next(sku for sku in shop.wix.stock("v1") if len(sku) < 20 and sku not in bought)


def test_what_the_merchant_added_and_shipped_between_two_looks_is_recorded_at_once(shop):
    order = shop.came_in(quantity=2)
    shop.wix.edit_order("v1", order.number, add={other_sku(shop, order): 1})
    shop.wix.fulfill("v1", order.number, tracking="A")

    order = shop.look(order)

    assert (order.state, request_of(order).state) == ("confirmed", "withdrawn")
    assert all(line.shipped == line.quantity for line in order.lines.all())
    assert make(order).get().lines.count() == order.lines.count()


@pytest.mark.parametrize("mode", ["ignore", "until_released", "ask_after_release"])
def test_a_line_that_is_new_does_not_hide_what_the_merchant_shipped(shop, mode):
    change_settings(shop.integration, later_changes=mode)
    order = shop.taken(quantity=2)
    shop.wix.edit_order("v1", order.number, add={other_sku(shop, order): 1})
    shop.wix.fulfill("v1", order.number, tracking="A", lines={0: 2})

    order = shop.look(order)

    [(kind, word)] = asks(order)
    assert kind == "changed_after_release"
    assert "marked as fulfilled in the store" in word


def test_a_line_that_was_added_and_shipped_while_a_warehouse_has_the_order_is_not_shipped_again(shop):
    order = shop.taken(quantity=2)
    added = other_sku(shop, order)
    shop.wix.edit_order("v1", order.number, add={added: 1})
    place = next(n for n, line in enumerate(shop.wix.order("v1", order.number)["lineItems"]) if is_of(line, added))
    shop.wix.fulfill("v1", order.number, tracking="A", lines={place: 1})
    order = shop.look(order)
    assert asks(order) == {("changed_after_release", "marked as fulfilled in the store, lines, amounts")}

    ask_to_stop(order, by="Ann", now=timezone.now())
    answer_cancel(request_of(order), True, by="Warehouse", now=timezone.now())
    work()

    order.refresh_from_db()
    assert asks(order) == set()
    assert order.lines.get(sku=added).shipped == 1
    assert added not in {line["sku"] for line in request_of(order).snapshot["lines"]}


def is_of(line, sku):
    return line["physicalProperties"]["sku"] == sku


def test_while_a_warehouse_has_it_a_person_is_asked_once_about_each_shipment_of_the_merchants(shop):
    order = shop.taken(quantity=3)

    shop.wix.fulfill("v1", order.number, tracking="A", lines={0: 1})
    order = shop.look(order)
    assert asks(order) == {("changed_after_release", "marked as fulfilled in the store")}
    order.holds.update(lifted_at=timezone.now())
    shop.wix.change_order("v1", order.number, {"archived": True})
    order = shop.look(order)
    assert asks(order) == set()
    shop.wix.fulfill("v1", order.number, tracking="B", lines={0: 1})
    order = shop.look(order)

    assert asks(order) == {("changed_after_release", "marked as fulfilled in the store")}
    assert make(order).count() == 0


def test_once_the_warehouse_has_stopped_what_the_merchant_shipped_is_recorded_and_only_the_rest_goes(shop):
    order = shop.taken(quantity=3)
    shop.wix.fulfill("v1", order.number, tracking="A", lines={0: 1})
    order = shop.look(order)

    ask_to_stop(order, by="Ann", now=timezone.now())
    answer_cancel(request_of(order), True, by="Warehouse", now=timezone.now())
    assert not order.requests.filter(state="offered").exists()
    work()

    order.refresh_from_db()
    assert (asks(order), line_of(order).shipped) == (set(), 1)
    assert request_of(order).state == "offered"
    assert {line["sku"]: line["quantity"] for line in request_of(order).snapshot["lines"]}[line_of(order).sku] == 2


def test_a_shipment_of_ours_that_somebody_deletes_in_the_store_asks_and_can_be_told_again(shop):
    order = shop.taken(quantity=2)
    shop.ship(order, tracking="1ZOURS")
    assert len(shop.told(order)) == 1

    shop.wix.take_back("v1", order.number)
    order = shop.look(order)

    assert (order.state, line_of(order).shipped) == ("confirmed", line_of(order).quantity)
    assert asks(order) == {("changed_after_release", "a shipment that left here was deleted in the store")}
    assert not order.requests.filter(state="offered").exists()
    order.holds.update(lifted_at=timezone.now())
    shop.wix.change_order("v1", order.number, {"archived": True})
    assert asks(shop.look(order)) == set()

    tell_again(make(order).get(), by="Ann", now=timezone.now())
    work()
    [listed] = shop.told(order)
    assert listed["trackingInfo"]["trackingNumber"] == "1ZOURS"
    assert make(order).get().store_ref == listed["id"]


def test_a_shipment_of_ours_is_not_taken_for_deleted_by_what_the_store_showed_before(shop):
    order = shop.taken(quantity=2)
    shop.wix.change_order("v1", order.number, {"buyerNote": "Ring twice"})

    shop.ship(order)
    sync(shop.integration, FlowKind.FULFILLMENTS)
    order = shop.look(order)

    assert (order.state, asks(order)) == ("confirmed", {("changed_after_release", "buyer note")})


@pytest.mark.parametrize(("kind", "state"), [("digital", "nothing_to_ship"), ("pos", "confirmed")])
def test_what_was_sold_at_the_till_or_needs_no_parcel_never_goes_to_a_warehouse(shop, kind, state):
    number = shop.wix.place_order("v1", kind=kind)["number"]
    sync(shop.integration)
    assert SeenOrder.objects.get(number=number).reasons == ["fulfillment"]  # Wix shows it as fulfilled from the start

    change_settings(shop.integration, fulfillment_status=["any"])
    order = shop.read(number)

    assert order.state == state
    assert not order.requests.exists()
    assert asks(order) == set()
    assert order.channel == ("pos" if kind == "pos" else "web")


def test_of_goods_and_downloads_in_one_order_only_the_goods_ship(shop):
    order = shop.taken(kind="mixed")

    downloads = set(order.lines.filter(ships=False).values_list("pk", flat=True))
    asked = set(request_of(order).lines.values_list("line_id", flat=True))
    assert downloads
    assert not downloads & asked
    shop.ship(order)
    assert Order.objects.get(pk=order.pk).state == "confirmed"


def test_an_archived_order_that_is_paid_comes_in_like_any_other(shop):
    order = shop.came_in(kind="archived")

    assert (order.archived, order.state) == (True, "ready")
