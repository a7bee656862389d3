"""The control page, as a person uses it, and its JSON twin."""

import json
import urllib.error
import urllib.parse
import urllib.request

import pytest


def open_page(sandbox, path: str, form: dict | None = None, **headers: str) -> tuple[int, str, str]:
    """(status, address in the end, text)"""
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(sandbox.url + path, data, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.url.removeprefix(sandbox.url), answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, path, refused.read().decode()


def test_a_person_places_an_order_and_sees_what_the_store_was_told(sandbox):
    form = {"sku": "CUP-S-RED", "quantity": "2", "other": "std-eu", "country": "FR", "text": "Für <Oma>", "note": "Hi"}

    _, place, page = open_page(sandbox, "/control/v1/orders", form)
    sandbox.wix.fulfill("v1", place.rsplit("/", 1)[1], "1Z42")
    _, _, told = open_page(sandbox, place)

    order = sandbox.wix.order("v1", "10001")
    assert order["shippingInfo"]["title"] == "std-eu"
    assert (order["lineItems"][0]["quantity"], order["paymentStatus"]) == (2, "PAID")
    assert "no parcel has been reported" in page
    assert "Für &lt;Oma&gt;" in page
    assert "1Z42" in told
    assert "10001" in open_page(sandbox, "/control/v1")[2]
    assert "MyShop" in open_page(sandbox, "/")[2]


@pytest.mark.parametrize(
    ("action", "form", "expected"),
    [
        ("pay", {}, {"paymentStatus": "PAID"}),
        ("refund", {}, {"paymentStatus": "FULLY_REFUNDED"}),
        ("cancel", {}, {"status": "CANCELED"}),
        ("note", {"note": "Later, please"}, {"buyerNote": "Later, please"}),
        ("ship", {"tracking": "1Z7"}, {"fulfillmentStatus": "FULFILLED"}),
    ],
)
def test_a_person_changes_an_order(sandbox, action, form, expected):
    order = sandbox.wix.place_order("v3", paid=False)

    status, _, _ = open_page(sandbox, f"/control/v3/orders/{order['id']}/{action}", form)

    changed = sandbox.wix.order("v3", order["id"])
    assert status == 200
    assert expected.items() <= changed.items()
    assert changed["updatedDate"] > order["updatedDate"]


def test_one_more_of_a_shipped_line_opens_the_order_and_raises_its_total(sandbox):
    order = sandbox.wix.place_order("v1", skus=["GRIND-1"])
    sandbox.wix.fulfill("v1", order["id"])

    open_page(sandbox, f"/control/v1/orders/{order['id']}/quantity", {})

    changed = sandbox.wix.order("v1", order["id"])
    more = float(changed["priceSummary"]["total"]["amount"]) - float(order["priceSummary"]["total"]["amount"])
    assert changed["fulfillmentStatus"] == "PARTIALLY_FULFILLED"
    assert more == pytest.approx(49.0)


@pytest.mark.parametrize("odd", ["nul", "long", "no_lines", "no_street", "no_sku", "digital", "pickup"])
def test_an_odd_order_is_placed_and_shown(sandbox, odd):
    status, place, _ = open_page(sandbox, "/control/v1/orders", {"odd": odd, "payment": "PAID"})

    assert status == 200
    assert open_page(sandbox, place)[0] == 200


def test_what_cannot_be_done_is_said(sandbox):
    order = sandbox.wix.place_order("v1")
    path = f"/control/v1/orders/{order['id']}/cancel"
    open_page(sandbox, path, {})

    status, _, page = open_page(sandbox, path, {})

    assert status == 404
    assert "order is already canceled" in page


def test_misbehaviour_is_switched_on_and_off(sandbox):
    _, _, page = open_page(sandbox, "/control/v1/misbehave", {"kind": "busy", "count": "5"})
    faults = [(fault.kind, fault.count) for fault in sandbox.wix.site("v1").faults]
    open_page(sandbox, "/control/v1/behave", {})

    assert faults == [("busy", 5)]
    assert "5 more times" in page
    assert sandbox.wix.site("v1").faults == []


def test_another_site_in_the_same_browser_can_do_nothing(sandbox):
    order = sandbox.wix.place_order("v1")

    by_origin = open_page(sandbox, f"/control/v1/orders/{order['id']}/cancel", {}, Origin="https://evil.example")
    by_name = open_page(sandbox, "/control/", Host="evil.example")

    assert (by_origin[0], by_name[0]) == (403, 403)
    assert sandbox.wix.order("v1", order["id"])["status"] == "APPROVED"


def test_the_json_twin_does_the_same(sandbox):
    def call(path: str, body: dict | None = None) -> dict:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{sandbox.url}/control/api/{path}", data)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    order = call("orders", {"site": "v3", "shipping": "Letter"})["order"]
    call(f"orders/{order['id']}/payment", {"site": "v3", "status": "PENDING"})
    call(f"orders/{order['id']}/fulfill", {"site": "v3", "tracking": "T1"})
    call("misbehave", {"kind": "slow", "site": "v3", "seconds": 0, "count": 2})

    found = call(f"orders/{order['id']}?site=v3")
    assert found["order"]["paymentStatus"] == "PENDING"
    assert found["fulfillments"][0]["trackingInfo"]["trackingNumber"] == "T1"
    assert sandbox.wix.site("v3").faults[0].seconds == 0
    assert call("received")["received"][0]["name"] == "create_fulfillment"
    assert call("orders?site=v3&limit=1")["orders"][0]["id"] == order["id"]
