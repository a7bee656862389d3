"""Orders of the stand-in Ecwid: searching, reading, writing."""

import datetime as dt
import re

import pytest

from integrations.sandbox.ecwid.demo import KINDS
from integrations.sandbox.server import Sandbox

from .client import Ecwid, code

ALL = "AWAITING_PAYMENT,PAID,CANCELLED,REFUNDED,PARTIALLY_REFUNDED,INCOMPLETE,CUSTOM_PAYMENT_STATUS_1"


def test_an_order_goes_by_its_id_and_by_its_number(ecwid):
    ecwid.host.number_orders(prefix="SALE-", suffix="-EU")
    placed = ecwid.host.place_order()

    assert re.fullmatch(r"SALE-[A-Z0-9]{5}-EU", placed["id"])
    assert placed["internalId"] == placed["orderNumber"]
    assert placed["vendorOrderNumber"] == placed["id"]
    for name in (placed["id"], placed["internalId"]):
        assert ecwid.get(f"/orders/{name}") == (200, placed)
        assert ecwid.ids(ids=name) == [placed["id"]]
    assert code(ecwid.get("/orders/NONE1")) == (404, "ORDER_NOT_FOUND")
    assert ecwid.get("/profile")[1]["formatsAndUnits"]["orderNumberPrefix"] == "SALE-"


def test_pages_hold_a_hundred_at_most_and_all_orders_once():
    with Sandbox(platforms=("ecwid",), orders=230, products=14, rate_limit=0) as box:
        ecwid = Ecwid(box)
        pages = [ecwid.get("/orders", offset=offset, limit=500, paymentStatus=ALL)[1] for offset in (0, 100, 200, 300)]

    assert [page["count"] for page in pages] == [100, 100, 30, 0]
    assert {(page["total"], page["limit"]) for page in pages} == {(230, 100)}
    ids = [order["id"] for page in pages for order in page["items"]]
    created = [order["createTimestamp"] for page in pages for order in page["items"]]
    assert len(set(ids)) == 230
    assert created == sorted(created, reverse=True)


def test_an_unfinished_order_is_shown_to_those_who_ask_for_it(ecwid):
    paid, unfinished = ecwid.host.place_order(), ecwid.host.place_order(kind="incomplete")

    assert ecwid.ids() == [paid["id"]]
    assert ecwid.ids(paymentStatus="INCOMPLETE") == [unfinished["id"]]
    assert set(ecwid.ids(paymentStatus="PAID,INCOMPLETE")) == {paid["id"], unfinished["id"]}
    assert ecwid.get(f"/orders/{unfinished['id']}")[0] == 200
    assert code(ecwid.get("/orders", paymentStatus="QUEUED")) == (400, "WRONG_PARAMETER")


@pytest.mark.parametrize("form", ["{seconds}", "{text}", "{text} +0000"])
def test_times_bound_a_search_at_both_ends_in_every_form(ecwid, form):
    moments = [dt.datetime(2026, 11, day, 8, 30, 15, tzinfo=dt.UTC) for day in (1, 2, 3)]
    ids = [ecwid.host.place_order(created=moment)["id"] for moment in moments]

    def bound(moment: dt.datetime) -> str:
        return form.format(seconds=int(moment.timestamp()), text=moment.strftime("%Y-%m-%d %H:%M:%S"))

    assert ecwid.ids(createdFrom=bound(moments[1])) == [ids[2], ids[1]]
    assert ecwid.ids(createdTo=bound(moments[1])) == [ids[1], ids[0]]
    assert ecwid.ids(createdFrom=bound(moments[1]), createdTo=bound(moments[1])) == [ids[1]]
    assert ecwid.ids(createdFrom="2026-11-03") == [ids[2]]
    assert code(ecwid.get("/orders", createdFrom="yesterday")) == (400, "WRONG_PARAMETER")


def test_a_change_is_found_by_its_time(box, ecwid):
    old, other = ecwid.host.place_order(), ecwid.host.place_order()
    box.ecwid.store.latest += 60

    ecwid.put(f"/orders/{old['id']}", {"privateAdminNotes": "seen"})

    since = ecwid.get(f"/orders/{old['id']}")[1]["updateTimestamp"]
    assert since == old["updateTimestamp"] + 60
    assert ecwid.ids(updatedFrom=since) == [old["id"]]
    assert ecwid.ids(updatedTo=since - 1) == [other["id"]]


def test_a_search_looks_at_statuses_words_and_persons(ecwid):
    wanted = ecwid.host.place_order(kind="unpaid", skus=["ENV-25"], note="n")
    ecwid.host.place_order(kind="canceled", skus=["MAP"])

    for query in (
        {"paymentStatus": "AWAITING_PAYMENT"},
        {"fulfillmentStatus": "AWAITING_PROCESSING", "paymentMethod": "bank"},
        {"email": wanted["email"].upper()},
        {"keywords": "env-25"},
        {"productId": wanted["items"][0]["productId"]},
        {"orderNumber": wanted["orderNumber"], "paymentStatus": "PAID"},
        {"totalFrom": wanted["total"], "totalTo": wanted["total"]},
        {"ids": f"{wanted['id']},NONE1", "whatever": "is not known"},
    ):
        assert ecwid.ids(**query) == [wanted["id"]], query


def test_only_the_fields_asked_for_come(ecwid):
    order = ecwid.host.place_order(skus=["ENV-25"], quantity=2)

    body = ecwid.get("/orders", responseFields="total,items(id,items(sku,quantity))")[1]
    one = ecwid.get(f"/orders/{order['id']}", responseFields="id,email")[1]

    assert body == {"total": 1, "items": [{"id": order["id"], "items": [{"sku": "ENV-25", "quantity": 2}]}]}
    assert one == {"id": order["id"], "email": order["email"]}


def test_a_put_changes_what_it_names_and_nothing_else(ecwid):
    order = ecwid.host.place_order()

    sent = {"fulfillmentStatus": "SHIPPED", "trackingNumber": "1Z9, 1Z8", "id": "HACK1", "usdTotal": 1}
    answer = ecwid.put(f"/orders/{order['id']}", sent)

    after = ecwid.get(f"/orders/{order['id']}")[1]
    changed = {name for name in after if after[name] != order.get(name)} - {"updateDate", "updateTimestamp"}
    assert answer == (200, {"updateCount": 1})
    assert changed == {"fulfillmentStatus", "trackingNumber"}
    told = [(row["fulfillmentStatus"], row["trackingNumber"]) for row in ecwid.host.told("ecwid", order["id"])]
    assert told == [("SHIPPED", "1Z9, 1Z8")]


@pytest.mark.parametrize(
    "sent", [{"fulfillmentStatus": "GONE"}, {"paymentStatus": "QUEUED"}, {"trackingNumber": 5}, {"items": ["x"]}]
)
def test_a_put_of_nonsense_is_refused(ecwid, sent):
    order = ecwid.host.place_order()

    assert code(ecwid.put(f"/orders/{order['id']}", sent)) == (400, "WRONG_PARAMETER")
    assert ecwid.get(f"/orders/{order['id']}")[1] == order


def test_items_are_replaced_as_a_whole(ecwid):
    order = ecwid.host.place_order(skus=["ENV-25", "MAP"])
    kept = order["items"][1]["id"]

    ecwid.put(f"/orders/{order['id']}", {"items": [{"id": kept, "quantity": 5}]})

    (line,) = ecwid.get(f"/orders/{order['id']}")[1]["items"]
    assert (line["id"], line["sku"], line["quantity"]) == (kept, "MAP", 5)


def test_one_put_with_status_and_number_mails_the_buyer_once(ecwid):
    both, apart, silent = (ecwid.host.place_order()["id"] for _ in range(3))

    ecwid.put(f"/orders/{both}", {"fulfillmentStatus": "SHIPPED", "trackingNumber": "T1"})
    ecwid.put(f"/orders/{apart}", {"trackingNumber": "T2"})
    ecwid.put(f"/orders/{apart}", {"fulfillmentStatus": "SHIPPED"})
    ecwid.put(f"/orders/{silent}", {"fulfillmentStatus": "SHIPPED", "disableAllCustomerNotifications": True})

    assert [mail["order"] for mail in ecwid.host.mails()] == [both, apart, apart]


def test_a_foreign_order_number_needs_foreign_fulfillment(ecwid):
    order = ecwid.host.place_order()["id"]

    ecwid.put(f"/orders/{order}", {"externalOrderId": "FCP-1"})
    without = ecwid.get(f"/orders/{order}")[1].get("externalOrderId")
    ecwid.put(f"/orders/{order}", {"externalOrderId": "FCP-1", "externalFulfillment": True})

    assert without is None
    assert ecwid.get(f"/orders/{order}")[1]["externalOrderId"] == "FCP-1"


def test_deleted_orders_are_listed(ecwid):
    order, other = ecwid.host.place_order(), ecwid.host.place_order()

    assert ecwid.delete(f"/orders/{order['id']}") == (200, {"deleteCount": 1})
    ecwid.host.delete_order("ecwid", other["id"])

    found = ecwid.items("/orders/deleted", from_date=order["createTimestamp"])
    assert [(row["id"], row["orderId"]) for row in found] == [
        (order["internalId"], order["id"]),
        (other["internalId"], other["id"]),
    ]
    assert ecwid.items("/orders/deleted", to_date=order["createTimestamp"] - 60) == []
    assert code(ecwid.get(f"/orders/{order['id']}")) == (404, "ORDER_NOT_FOUND")


def test_an_order_is_made_by_the_api(ecwid):
    sent = {"subtotal": 5, "total": 5, "email": "a@b.example", "paymentStatus": "PAID"}
    lacking = code(ecwid.post("/orders", sent))

    status, body = ecwid.post("/orders", {**sent, "fulfillmentStatus": "PROCESSING", "items": [{"name": "Own"}]})

    made = ecwid.get(f"/orders/{body['orderid']}")[1]
    assert lacking == (400, "WRONG_PARAMETER")
    assert (status, body["id"], body["orderId"]) == (200, made["internalId"], made["id"])
    assert "productId" not in made["items"][0]
    assert ecwid.get("/orders/last")[1]["id"] == made["id"]


def test_extra_fields_are_written_one_by_one(ecwid):
    order = ecwid.host.place_order(kind="fields")["id"]

    ecwid.post(f"/orders/{order}/extraFields", {"id": "bin", "value": "A7"})
    ecwid.put(f"/orders/{order}/extraFields/gift_note", {"value": "Hi"})
    too_long = code(ecwid.post(f"/orders/{order}/extraFields", {"id": "bin", "value": "x" * 256}))
    ecwid.delete(f"/orders/{order}/extraFields/how_did_you_find_us")

    fields = {one["id"]: one["value"] for one in ecwid.get(f"/orders/{order}/extraFields")[1]}
    assert fields == {"gift_note": "Hi", "bin": "A7"}
    assert too_long == (400, "WRONG_PARAMETER")


def test_every_kind_of_order_is_served_as_it_was_placed(ecwid):
    placed = {kind: ecwid.host.place_order(kind=kind) for kind in KINDS}

    served = {order["id"]: order for order in ecwid.items("/orders", paymentStatus=ALL)}
    assert served == {order["id"]: order for order in placed.values()}
    assert placed["digital"].get("shippingOption") is None
    assert placed["pickup"]["shippingOption"]["isPickup"] is True
    assert placed["pickup"]["pickupTime"].endswith("+0000")
    assert "shippingPerson" not in placed["pickup"]
    assert placed["delivery"]["shippingOption"]["fulfillmentType"] == "DELIVERY"
    assert placed["carrier"]["shippingOption"]["shippingCarrierName"] == "USPS"
    assert placed["app"]["shippingOption"]["shippingCarrierName"].startswith("Shipping app")
    assert placed["engraved"]["items"][0]["selectedOptions"][-1]["type"] == "TEXT"
    assert placed["preorder"]["items"][0]["isPreorder"] is True
    assert "sku" not in placed["no_sku"]["items"][-1]
    assert placed["part_refund"]["refunds"][0]["amount"] == placed["part_refund"]["refundedAmount"] > 0
    assert placed["taxed"]["items"][0]["taxes"][0]["includeInPrice"] is False
    assert all(abs(balance(order)) < 0.005 for order in placed.values())


def balance(order: dict) -> float:
    """What is missing between an order's total and its parts."""
    handling = order.get("handlingFee", {}).get("value", 0)
    rate = order.get("shippingOption", {}).get("shippingRate", 0)
    parts = order["subtotal"] - order["discount"] - order["couponDiscount"] + order["tax"] + handling + rate
    return float(order["total"] - parts)


def test_ten_thousand_plain_orders_are_there_soon_and_paged_quickly():
    with Sandbox(platforms=("ecwid",), orders=10_000, products=50, plain=True, rate_limit=0) as box:
        ecwid = Ecwid(box)
        ids: set[str] = set()
        for offset in range(0, 10_000, 1000):
            page = ecwid.get("/orders", offset=offset, limit=100)[1]
            ids |= {order["id"] for order in page["items"]}
            assert all(len(order["items"]) == 3 and order["paymentStatus"] == "PAID" for order in page["items"])
            assert all(order["id"] == order["publicUid"] == order["vendorOrderNumber"] for order in page["items"])

    assert page["total"] == 10_000
    assert len(ids) == 1000
