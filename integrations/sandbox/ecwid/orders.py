"""Ecwid orders: search, read, write, deletion, extra fields."""

from collections.abc import Callable
from html import escape
from typing import Any

from . import stock
from .api import Call, page, route
from .errors import EcwidError, missing, wrong
from .order import money
from .store import SEARCHES, OrderRow, Store
from .wire import dump, num, read_time, stamp

PAYMENT = (
    *("AWAITING_PAYMENT", "PAID", "CANCELLED", "REFUNDED", "PARTIALLY_REFUNDED", "INCOMPLETE"),
    *(f"CUSTOM_PAYMENT_STATUS_{n}" for n in (1, 2, 3)),
)
FULFILLMENT = (
    *("AWAITING_PROCESSING", "PROCESSING", "SHIPPED", "DELIVERED", "WILL_NOT_DELIVER", "RETURNED"),
    *("READY_FOR_PICKUP", "OUT_FOR_DELIVERY"),
    *(f"CUSTOM_FULFILLMENT_STATUS_{n}" for n in (1, 2, 3)),
)
# What a PUT leaves alone, whatever it sends.
READ_ONLY = {
    *("id", "internalId", "orderNumber", "vendorOrderNumber", "publicUid", "updateDate", "updateTimestamp"),
    *("createTimestamp", "shipments", "invoices", "refunds", "refundedAmount", "usdTotal", "predictedPackage"),
    *("predictedPackages", "ticket"),
}
SHIPPING = ("fulfillmentStatus", "trackingNumber", "trackingUrl", "privateAdminNotes", "externalFulfillment")
EXTRA_TOP, EXTRA_VALUE_TOP = 8192, 255

Test = Callable[[OrderRow], bool]
Wanted = Callable[[dict], bool]


# Searching.


@route("GET", "/orders", "read_orders")
def search_orders(call: Call) -> bytes:
    return page(call, found(call), OrderRow.wire)


def found(call: Call) -> list[OrderRow]:
    """All the orders that fit, newest first. What was found is kept while no order changes."""
    store = call.store
    if store.search_lag:
        newest = store.now() - store.search_lag
        return [row for row in search(call) if row.created <= newest]
    names = ("offset", "limit", "responseFields", "token")
    key = (store.newest_first, *sorted((name, text) for name, text in call.query.items() if name not in names))
    if key not in store.searches:
        if len(store.searches) >= SEARCHES:
            store.searches.clear()
        store.searches[key] = search(call)
    return store.searches[key]


def search(call: Call) -> list[OrderRow]:
    if numbers := call.words("orderNumber"):  # deprecated; what else is asked for does not count
        named = (call.store.find_order(number) for number in numbers)
        return [row for row in named if row is not None]
    quick, slow = column_tests(call), body_tests(call)
    rows = [row for row in candidates(call) if all(test(row) for test in quick)]
    if slow:
        rows = [row for row in rows if all(test(order) for order in [row.load()] for test in slow)]
    return rows


def candidates(call: Call) -> list[OrderRow]:
    """In the order in which they are listed; cut down by what has an index."""
    orders, newest_first = call.store.orders, call.store.newest_first
    if names := call.words("ids"):
        rows = {row.id: row for name in names if (row := call.store.find_order(name))}
        some = list(rows.values())
    elif (since := call.time("updatedFrom")) is not None:
        some = [row for _, row in orders.walk({"updated": {"$gte": since}}, ("updated",), False, None)]
    else:
        some = [orders.rows[entry[-1]] for entry in orders.index(("created", "number"))]
        return some[::-1] if newest_first else some
    return sorted(some, key=lambda row: (row.created, row.number), reverse=newest_first)


def column_tests(call: Call) -> list[Test]:
    tests: list[Test] = []
    for name, least, column in (
        ("createdFrom", True, "created"),
        ("createdTo", False, "created"),
        ("updatedTo", False, "updated"),
    ):
        if (bound := call.time(name)) is not None:
            tests.append(bounded(column, bound, least))
    payment, fulfillment = call.words("paymentStatus"), call.words("fulfillmentStatus")
    for word in [*payment, *fulfillment]:
        if word not in (PAYMENT if word in payment else FULFILLMENT):
            raise wrong(f"Wrong status {word}")
    if payment:
        tests.append(lambda row: row.payment in payment)
    else:  # unfinished orders are shown only to those who ask for them by name
        tests.append(lambda row: row.payment != "INCOMPLETE")
    if fulfillment:
        tests.append(lambda row: row.fulfillment in fulfillment)
    if email := call.query.get("email", "").lower():
        tests.append(lambda row: row.email.lower() == email)
    return tests


def bounded(column: str, bound: int, least: bool) -> Test:
    """Inclusive at both ends."""
    if least:
        return lambda row: getattr(row, column) >= bound
    return lambda row: getattr(row, column) <= bound


def body_tests(call: Call) -> list[Wanted]:
    """The rest, for which the order has to be opened."""
    tests: list[Wanted] = []
    asked = call.query
    for name, field in (("paymentMethod", "paymentMethod"), ("paymentModule", "paymentModule")):
        if text := asked.get(name, "").lower():
            tests.append(lambda order, field=field, text=text: text in str(order.get(field, "")).lower())  # type: ignore[misc]
    if method := asked.get("shippingMethod", "").lower():
        tests.append(lambda order: method in order.get("shippingOption", {}).get("shippingMethodName", "").lower())
    if keywords := asked.get("keywords", "").lower():
        tests.append(lambda order: keywords in words_of(order))
    if customer := asked.get("customerId"):
        tests.append(lambda order: str(order.get("customerId")) == customer)
    if products := call.words("productId"):
        tests.append(lambda order: any(str(line.get("productId")) in products for line in order["items"]))
    if code := asked.get("couponCode", "").lower():
        tests.append(lambda order: order.get("discountCoupon", {}).get("code", "").lower() == code)
    return tests + range_tests(call)


def range_tests(call: Call) -> list[Wanted]:
    asked = call.query
    tests: list[Wanted] = []
    for name, least in (("totalFrom", True), ("totalTo", False)):
        if name in asked:
            tests.append(total_test(asked[name], least))
    if call.flag("containsPreorderItems"):
        tests.append(lambda order: any(line.get("isPreorder") for line in order["items"]))
    for name, least in (("pickupTimeFrom", True), ("pickupTimeTo", False)):
        if (bound := call.time(name)) is not None:
            tests.append(pickup_test(bound, least))
    return tests


def total_test(text: str, least: bool) -> Wanted:
    try:
        bound = float(text)
    except ValueError:
        raise wrong("Wrong value of total") from None
    return lambda order: order["total"] >= bound if least else order["total"] <= bound


def pickup_test(bound: int, least: bool) -> Wanted:
    def fits(order: dict) -> bool:
        at = read_time(order["pickupTime"]) if order.get("pickupTime") else None
        return at is not None and (at >= bound if least else at <= bound)

    return fits


def words_of(order: dict) -> str:
    """What `keywords` looks in."""
    persons = [order.get("shippingPerson", {}), order.get("billingPerson", {})]
    lines = [
        text
        for line in order["items"]
        for text in (line.get("sku"), line.get("name"), *(o.get("value") for o in line.get("selectedOptions", ())))
    ]
    plain = ("id", "internalId", "externalTransactionId", "email", "trackingNumber", "privateAdminNotes")
    texts = [order.get(name) for name in plain] + [text for one in persons for text in one.values()] + lines
    return "\n".join(str(text) for text in texts if text).lower()


# Reading.


def order_of(store: Store, name: str) -> OrderRow:
    row = store.find_order(name)
    if row is None:
        raise missing("Order", name)
    return row


@route("GET", "/orders/{order}", "read_orders")
def get_order(call: Call) -> bytes:
    return order_of(call.store, call.ids["order"]).wire()


@route("GET", "/orders/last", "read_orders")
def last_order(call: Call) -> bytes:
    entries = call.store.orders.index(("created", "number"))
    rows = (call.store.orders.rows[entry[-1]] for entry in reversed(entries))
    row = next((row for row in rows if row.payment != "INCOMPLETE"), None)
    if row is None:
        raise EcwidError(404, "There are no orders", "ORDER_NOT_FOUND")
    return row.wire()


@route("GET", "/orders/{order}/invoice", "read_orders")
def invoice(call: Call) -> bytes:
    order = order_of(call.store, call.ids["order"]).load()
    lines = "".join(f"<li>{line['quantity']} × {escape(line['name'])}</li>" for line in order["items"])
    return f"<!doctype html><title>{escape(order['id'])}</title><h1>{escape(order['id'])}</h1><ul>{lines}</ul>".encode()


@route("GET", "/orders/deleted", "read_orders")
def deleted_orders(call: Call) -> bytes:
    return page(call, dropped(call, call.store.deleted_orders))


def dropped(call: Call, rows: list[dict]) -> list[dict]:
    """What was deleted between two times, inclusive."""
    low, high = call.time("from_date"), call.time("to_date")
    return [
        row
        for row in rows
        if (low is None or read_time(row["date"]) >= low) and (high is None or read_time(row["date"]) <= high)
    ]


# Writing.


@route("PUT", "/orders/{order}", "read_orders", "update_orders")
def put_order(call: Call) -> dict:
    order, sent = order_of(call.store, call.ids["order"]).load(), call.record()
    before = dict(order)
    check(sent)
    for name, value in sent.items():
        if name not in READ_ONLY:
            order[name] = merged(name, order.get(name), value)
    if "items" in sent:
        order["items"] = replaced(call.store, before["items"], sent["items"])
    if not order.get("externalFulfillment"):
        order.pop("externalOrderId", None)
    if "createDate" in sent:
        order["createTimestamp"] = read_time(sent["createDate"])
    call.store.note("update_order", order=order["id"], fields=sorted(sent))
    shown = {name: sent[name] for name in SHIPPING if name in sent}
    if shown:
        entry = {"at": stamp(call.store.now()), **shown}
        call.store.keep_of(call.store.told, "told", order["id"], [*call.store.told.get(order["id"], []), entry])
    keep(call.store, order, before)
    return {"updateCount": 1}


def check(sent: dict) -> None:
    for name, known in (("paymentStatus", PAYMENT), ("fulfillmentStatus", FULFILLMENT)):
        if name in sent and sent[name] not in known:
            raise wrong(f"Wrong value of {name}: {sent[name]}")
    for name in ("trackingNumber", "trackingUrl", "privateAdminNotes", "orderComments", "externalOrderId", "email"):
        if not isinstance(sent.get(name, ""), str):
            raise wrong(f"Wrong value of {name}")
    if not isinstance(sent.get("externalFulfillment", False), bool):
        raise wrong("Wrong value of externalFulfillment")
    for line in sent.get("items", ()):
        if not isinstance(line, dict) or not isinstance(line.get("quantity", 1), int):
            raise wrong("Wrong value of items")
    fields = sent.get("orderExtraFields", [])
    if any(len(str(one.get("value", ""))) > EXTRA_VALUE_TOP for one in fields) or len(dump(fields)) > EXTRA_TOP:
        raise wrong("orderExtraFields are too long")


def merged(name: str, old: Any, new: Any) -> Any:
    if name == "orderExtraFields":
        sent = {one.get("id"): one for one in new}
        return [{**one, **sent.pop(one["id"], {})} for one in old or ()] + list(sent.values())
    return {**old, **new} if isinstance(old, dict) and isinstance(new, dict) else new


def replaced(store: Store, old: list[dict], sent: list[dict]) -> list[dict]:
    """The list as sent: a line with a known id keeps what is not sent, and one that is left out is gone."""
    known = {line["id"]: line for line in old}
    return [
        {**known[line["id"]], **line}
        if line.get("id") in known
        else {"quantity": 1, "price": 0, "name": "", **line, "id": store.count_on("next_line")}
        for line in sent
    ]


def keep(store: Store, order: dict, before: dict) -> dict:
    """Save a changed order with a new update time, mail the buyer as Ecwid does, and tell the webhooks."""
    order["updateTimestamp"] = store.now()
    order["updateDate"] = stamp(order["updateTimestamp"])
    store.put_order(order)
    mail(store, order, before)
    stock.follow(store, order, before)
    data = {
        "orderId": order["id"],
        "oldPaymentStatus": before["paymentStatus"],
        "newPaymentStatus": order["paymentStatus"],
        "oldFulfillmentStatus": before["fulfillmentStatus"],
        "newFulfillmentStatus": order["fulfillmentStatus"],
    }
    if order["paymentStatus"] == "INCOMPLETE":
        store.raise_event("unfinished_order.updated", order["internalId"], {"orderId": order["id"]})
    elif before["paymentStatus"] == "INCOMPLETE":
        store.raise_event("order.created", order["internalId"], created_data(order))
    else:
        store.raise_event("order.updated", order["internalId"], data)
    return order


def created_data(order: dict) -> dict[str, Any]:
    return {
        "orderId": order["id"],
        "newPaymentStatus": order["paymentStatus"],
        "newFulfillmentStatus": order["fulfillmentStatus"],
    }


def mail(store: Store, order: dict, before: dict) -> None:
    """One mail a change, for a status that becomes SHIPPED, or a tracking number that is set."""
    shipped = order["fulfillmentStatus"] == "SHIPPED" != before["fulfillmentStatus"]
    tracked = order.get("trackingNumber", "") not in ("", before.get("trackingNumber", ""))
    if (shipped or tracked) and not order.get("disableAllCustomerNotifications"):
        told = {"order": order["id"], "subject": "Order shipped", "tracking": order.get("trackingNumber", "")}
        store.keep(store.mails, "mail", told)


@route("POST", "/orders", "create_orders")
def create_order(call: Call) -> dict:
    sent, store = call.record(), call.store
    for name in ("subtotal", "total", "email", "fulfillmentStatus", "paymentStatus"):
        if name not in sent:
            raise wrong(f"{name} is required")
    check(sent)
    at = store.now()
    made = read_time(sent["createDate"]) if sent.get("createDate") else at
    uid, number = store.new_order_id(), store.count_on("next_number")
    order = {
        "discount": 0,
        "couponDiscount": 0,
        "tax": 0,
        "refundedAmount": 0,
        "refunds": [],
        "totalWithoutTax": sent["total"],
        "subtotalWithoutTax": sent["subtotal"],
        "totalBeforeGiftCardRedemption": sent["total"],
        "usdTotal": num(money(sent["total"])),
        "orderComments": "",
        "hidden": False,
        "shipments": [],
        "invoices": [],
        "extraFields": {},
        **{name: value for name, value in sent.items() if name not in READ_ONLY},
        "items": replaced(store, [], sent.get("items", [])),
        "id": uid,
        "vendorOrderNumber": uid,
        "publicUid": uid,
        "internalId": number,
        "orderNumber": number,
        "createDate": stamp(made),
        "createTimestamp": made,
        "updateDate": stamp(at),
        "updateTimestamp": at,
    }
    store.note("create_order", fields=sorted(sent))
    store.put_order(order)
    store.raise_event("order.created", number, created_data(order))
    return {"id": number, "orderid": uid, "orderId": uid}


@route("DELETE", "/orders/{order}", "update_orders")
def delete_order(call: Call) -> dict:
    row = order_of(call.store, call.ids["order"])
    call.store.note("delete_order", order=row.id)
    drop(call.store, row)
    return {"deleteCount": 1}


def drop(store: Store, row: OrderRow) -> None:
    store.drop_order(row)
    store.raise_event("order.deleted", row.number, {"orderId": row.id})


# Extra fields, one by one.


@route("GET", "/orders/{order}/extraFields", "read_orders")
def extra_fields(call: Call) -> list:
    return order_of(call.store, call.ids["order"]).load().get("orderExtraFields", [])


@route("POST", "/orders/{order}/extraFields", "read_orders", "update_orders")
def add_extra_field(call: Call) -> dict:
    return set_extra_field(call, call.record())


@route("PUT", "/orders/{order}/extraFields/{field}", "read_orders", "update_orders")
def put_extra_field(call: Call) -> dict:
    return {"updateCount": set_extra_field(call, {**call.record(), "id": call.ids["field"]})["createCount"]}


def set_extra_field(call: Call, entry: dict) -> dict:
    check({"orderExtraFields": [entry]})
    before = order_of(call.store, call.ids["order"]).load()
    fields = merged("orderExtraFields", before.get("orderExtraFields"), [entry])
    keep(call.store, {**before, "orderExtraFields": fields}, before)
    return {"createCount": 1}


@route("DELETE", "/orders/{order}/extraFields/{field}", "read_orders", "update_orders")
def drop_extra_field(call: Call) -> dict:
    before = order_of(call.store, call.ids["order"]).load()
    kept = [one for one in before.get("orderExtraFields", []) if one["id"] != call.ids["field"]]
    keep(call.store, {**before, "orderExtraFields": kept}, before)
    return {"deleteCount": len(before.get("orderExtraFields", [])) - len(kept)}
