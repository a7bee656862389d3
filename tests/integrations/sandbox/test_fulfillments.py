"""Telling the stand-in what was shipped."""

import pytest

from .client import Wix, code

UPS = {"trackingNumber": "1Z999", "shippingProvider": "ups"}


@pytest.fixture
def wix(sandbox):
    return Wix(sandbox)


@pytest.fixture
def order(sandbox):
    return sandbox.wix.place_order("v1", skus=["COF-IND-250G-STOV", "GRIND-1"], quantity=3)


def status_of(sandbox, order):
    return sandbox.wix.order("v1", order["number"])["fulfillmentStatus"]


def test_the_order_becomes_fulfilled_as_its_units_leave(sandbox, wix, order):
    first, second = (line["id"] for line in order["lineItems"])

    answer = wix.fulfill(order, [{"id": first, "quantity": 2}], trackingInfo=UPS)
    partly = status_of(sandbox, order)
    wix.fulfill(order, [{"id": first}, {"id": second}])

    told = sandbox.wix.told("v1", order["number"])
    assert answer[0] == 200
    assert answer[1]["fulfillmentId"] == told[0]["id"]
    assert told[0]["trackingInfo"]["trackingLink"].endswith("1Z999")
    assert partly == "PARTIALLY_FULFILLED"
    assert [line["quantity"] for line in told[1]["lineItems"]] == [1, 3]
    assert status_of(sandbox, order) == "FULFILLED"


def test_what_was_received_is_listed_without_ids_and_times(sandbox, wix, order):
    wix.fulfill(order, [{"id": order["lineItems"][0]["id"], "quantity": 2}], trackingInfo=UPS)

    (write,) = sandbox.wix.received

    assert (write["name"], write["order"], write["lines"]) == ("create_fulfillment", order["number"], {"0001": 2})
    assert write["tracking"]["trackingNumber"] == "1Z999"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"lineItems": [{"id": "00000000-0000-0000-0000-000000000001", "quantity": 4}]}, "INVALID_LINE_ITEM_QUANTITY"),
        ({"lineItems": [{"id": "nonsense"}]}, "LINE_ITEM_NOT_FOUND"),
        ({"lineItems": []}, "fulfillment.lineItems"),
        ({"status": "FULFILLED"}, "fulfillment.status"),
        (
            {"trackingInfo": {"trackingNumber": "7", "shippingProvider": "PostNord"}},
            "fulfillment.trackingInfo.trackingLink",
        ),
        ({"trackingInfo": {"trackingNumber": "7" * 101}}, "fulfillment.trackingInfo.trackingNumber"),
    ],
)
def test_what_breaks_a_rule_is_refused_and_changes_nothing(sandbox, wix, order, wanted, expected):
    lines = wanted.pop("lineItems", [{"id": order["lineItems"][0]["id"]}])

    status, body = wix.fulfill(order, lines, **wanted)

    assert (status, code(body)) == (400, expected)
    assert sandbox.wix.told("v1", order["number"]) == []
    assert sandbox.wix.received == []


def test_a_tracking_number_is_taken_once(wix, order):
    first, second = (line["id"] for line in order["lineItems"])
    wix.fulfill(order, [{"id": first}], trackingInfo=UPS)

    status, body = wix.fulfill(order, [{"id": second}], trackingInfo=UPS)

    assert (status, code(body)) == (400, "TRACKING_NUMBER_ALREADY_EXISTS")


def test_only_approved_orders_are_fulfilled(sandbox, wix, order):
    sandbox.wix.cancel_order("v1", order["number"])

    assert code(wix.fulfill(order)[1]) == "ORDER_NOT_APPROVED"


def test_a_deleted_fulfillment_opens_the_order_again(sandbox, wix, order):
    made = wix.fulfill(order)[1]["fulfillmentId"]

    status, body = wix.call("DELETE", f"/ecom/v1/fulfillments/{made}/orders/{order['id']}")

    assert (status, body["orderWithFulfillments"]["fulfillments"]) == (200, [])
    assert status_of(sandbox, order) == "NOT_FULFILLED"


def test_tracking_can_be_corrected_but_not_the_lines(sandbox, wix, order):
    made = wix.fulfill(order, trackingInfo=UPS)[1]["fulfillmentId"]
    path = f"/ecom/v1/fulfillments/{made}/orders/{order['id']}"

    right = wix.patch(path, {"fulfillment": {"trackingInfo": {"trackingNumber": "RIGHT"}}})
    wrong = wix.patch(path, {"fulfillment": {"lineItems": [{"id": order["lineItems"][0]["id"], "quantity": 1}]}})

    tracking = sandbox.wix.told("v1", order["number"])[0]["trackingInfo"]
    assert (right[0], wrong[0]) == (200, 400)
    assert tracking["trackingNumber"] == "RIGHT"
    assert tracking["trackingLink"].endswith("RIGHT")


def test_in_bulk_each_order_stands_alone_and_all_of_it_or_nothing(sandbox, wix, order):
    other = sandbox.wix.place_order("v1", skus=["GRIND-1"])
    too_many = [
        {"lineItems": [{"id": other["lineItems"][0]["id"]}]},
        {"lineItems": [{"id": other["lineItems"][0]["id"]}]},
    ]
    body = {
        "ordersWithFulfillments": [
            {
                "orderId": order["id"],
                "fulfillments": [{"lineItems": [{"id": line["id"]} for line in order["lineItems"]]}],
            },
            {"orderId": other["id"], "fulfillments": too_many},
        ]
    }

    status, answer = wix.post("/ecom/v1/fulfillments/orders/bulk/create-fulfillments", body)

    good, bad = answer["results"]
    assert status == 200
    assert (good["itemMetadata"]["success"], bad["itemMetadata"]["success"]) == (True, False)
    assert bad["itemMetadata"]["error"]["code"] == "INVALID_LINE_ITEM_QUANTITY"
    assert answer["bulkActionMetadata"] == {"totalSuccesses": 1, "totalFailures": 1, "undetailedFailures": 0}
    assert sandbox.wix.told("v1", other["number"]) == []


def test_fulfillments_of_many_orders_are_listed_at_once(wix, order):
    wix.fulfill(order)

    status, body = wix.post("/ecom/v1/fulfillments/list-by-ids", {"orderIds": [order["id"], "unknown"]})

    assert status == 200
    assert [(row["orderId"], len(row["fulfillments"])) for row in body["ordersWithFulfillments"]] == [(order["id"], 1)]
