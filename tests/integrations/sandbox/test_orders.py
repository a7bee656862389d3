"""The stand-in's orders: what a search finds, in which order, and how an order changes."""

from copy import deepcopy

import pytest

from integrations.sandbox.server import Sandbox
from integrations.sandbox.wix.demo import ODD
from integrations.sandbox.wix.shop import PEOPLE

from .client import Wix, code


def numbers(orders: list[dict]) -> list[str]:
    return [order["number"] for order in orders]


def test_pending_and_rejected_orders_come_only_when_named_and_unfinished_ones_never(sandbox):
    for status in ("APPROVED", "PENDING", "REJECTED", "INITIALIZED", "CANCELED"):
        sandbox.wix.place_order("v1", status=status)
    wix = Wix(sandbox)

    found = {order["status"] for order in wix.search()["orders"]}
    named = {order["status"] for page in wix.pull() for order in page}
    by_get = wix.get(f"/ecom/v1/orders/{sandbox.wix.order('v1', '10004')['id']}")

    assert found == {"APPROVED", "CANCELED"}
    assert named == {"APPROVED", "CANCELED", "PENDING", "REJECTED"}
    assert by_get[1]["order"]["status"] == "INITIALIZED"


def test_pages_by_cursor_give_each_order_once(sandbox):
    placed = [sandbox.wix.place_order("v1")["number"] for _ in range(7)]

    pages = Wix(sandbox).pull(limit=3)

    assert [len(page) for page in pages] == [3, 3, 1]
    assert [order["number"] for page in pages for order in page] == placed


def test_an_order_changed_between_two_pages_comes_again_at_the_end(sandbox):
    placed = [sandbox.wix.place_order("v1")["number"] for _ in range(4)]
    wix = Wix(sandbox)
    sort = [{"fieldName": "updatedDate", "order": "ASC"}]
    first = wix.search(sort=sort, cursorPaging={"limit": 2})

    sandbox.wix.change_order("v1", placed[0], {"buyerNote": "changed"})
    second = wix.search(cursorPaging={"limit": 9, "cursor": first["metadata"]["cursors"]["next"]})

    assert numbers(first["orders"]) == placed[:2]
    assert numbers(second["orders"]) == [*placed[2:], placed[0]]


def test_a_search_since_a_time_leaves_out_what_did_not_change(sandbox):
    old, new = sandbox.wix.place_order("v1"), sandbox.wix.place_order("v1")
    changed = sandbox.wix.change_order("v1", old["number"], {"buyerNote": "x"})

    (page,) = Wix(sandbox).pull(updatedDate={"$gt": new["updatedDate"]})

    assert numbers(page) == [old["number"]]
    assert changed["updatedDate"] > new["updatedDate"] > old["updatedDate"]


@pytest.mark.parametrize(
    "search",
    [
        {"cursorPaging": {"limit": 101}},
        {"filter": {"lineItems.physicalProperties.sku": "MUG"}},
        {"filter": {"status": {"$like": "A"}}},
        {"sort": [{"fieldName": "id", "order": "ASC"}]},
        {"cursorPaging": {"cursor": "nonsense"}},
    ],
)
def test_a_search_beyond_the_rules_is_refused(sandbox, search):
    status, body = Wix(sandbox).post("/ecom/v1/orders/search", {"search": search})

    assert status == 400
    assert body["details"]["validationError"]["fieldViolations"]


def test_an_unknown_order_is_not_found(sandbox):
    status, body = Wix(sandbox).get("/ecom/v1/orders/00000000-0000-4000-8000-000000000000")

    assert (status, code(body)) == (404, "ORDER_NOT_FOUND")


def test_an_update_changes_the_address_and_nothing_it_must_not(sandbox):
    order = sandbox.wix.place_order("v1", country="DE")
    street = {"address": {"addressLine": "Neue Straße 5", "addressLine2": None}}
    wanted = {"number": "1", "shippingInfo": {"logistics": {"shippingDestination": street}}}

    status, body = Wix(sandbox).patch(f"/ecom/v1/orders/{order['id']}", {"order": wanted})

    address = body["order"]["shippingInfo"]["logistics"]["shippingDestination"]["address"]
    assert status == 200
    assert (address["addressLine"], address["country"]) == ("Neue Straße 5", "DE")
    assert body["order"]["number"] == order["number"]


def test_a_canceled_order_stays_canceled(sandbox):
    wix, order = Wix(sandbox), sandbox.wix.place_order("v1")
    path = f"/ecom/v1/orders/{order['id']}/cancel"

    first, second = wix.post(path, {}), wix.post(path, {})

    assert first[1]["order"]["status"] == "CANCELED"
    assert second[0] == 400


def test_the_sums_of_an_order_add_up():
    with Sandbox(orders=120, products=24) as box:
        orders = [row.load() for row in box.wix.site("v1").orders]

    for order in orders:
        prices = {name: float(price["amount"]) for name, price in order["priceSummary"].items()}
        lines = sum(float(line["totalPriceAfterTax"]["amount"]) for line in order["lineItems"])
        extra = prices["shipping"] + prices["totalAdditionalFees"]
        coupons = sum(float(d["coupon"]["amount"]["amount"]) for d in order["appliedDiscounts"] if "coupon" in d)
        assert prices["total"] == pytest.approx(prices["subtotal"] + extra - prices["discount"])
        assert prices["total"] == pytest.approx(lines + extra - coupons)


def test_a_history_has_every_kind_of_order_that_a_merchant_meets():
    with Sandbox(orders=400, products=80) as box:
        orders = [row.load() for row in box.wix.site("v1").orders]
        waiting = [order for order in orders if order.get("shippingInfo", {}).get("title") == "std-eu"]
        pending = box.wix.order("v1", "10044")

    lines = [line for order in orders for line in order["lineItems"]]
    assert {"PAID", "NOT_PAID", "PENDING", "FULLY_REFUNDED"} <= {order["paymentStatus"] for order in orders}
    assert {order["fulfillmentStatus"] for order in orders} == {"NOT_FULFILLED", "PARTIALLY_FULFILLED", "FULFILLED"}
    assert {order["currency"] for order in orders} == {"EUR", "USD"}
    assert any("pickupDetails" in order.get("shippingInfo", {}).get("logistics", {}) for order in orders)
    assert any(order["archived"] for order in orders)
    assert any(order["status"] == "CANCELED" for order in orders)
    assert any("customTextFields" in line["catalogReference"]["options"] for line in lines)
    assert any("sku" not in line["physicalProperties"] for line in lines)
    assert {line["itemType"]["preset"] for line in lines} == {"PHYSICAL", "DIGITAL", "GIFT_CARD"}
    assert len(waiting) == 37
    assert {(order["status"], order["fulfillmentStatus"]) for order in waiting} == {("APPROVED", "NOT_FULFILLED")}
    assert (pending["status"], pending["paymentStatus"]) == ("APPROVED", "PENDING")


def test_an_odd_order_leaves_the_persons_of_all_others_as_they_were() -> None:
    before = deepcopy(PEOPLE)

    with Sandbox(orders=60, odd=1.0, products=12, platforms=("wix",)) as box:
        for odd in ODD:
            box.wix.place_order("v1", odd=odd)

    assert before == PEOPLE
