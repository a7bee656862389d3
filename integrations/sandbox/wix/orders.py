"""Wix eCommerce orders: search, get, update, cancel, status, payments."""

from decimal import Decimal
from typing import Any

from .api import Call, bulk, cursor_page, require, route
from .errors import WixError, invalid, not_found
from .events import tell
from .order import money
from .shop import FIELDS
from .site import OrderRow, Site, dump
from .stock import NOT_PLACED, put_back, take

FILTERS = set(FIELDS["orders"])
SORTABLE = FILTERS - set(FIELDS["orders_unsortable"])
FINAL = {"PENDING": "ORDER_IS_PENDING", "REJECTED": "ORDER_IS_REJECTED"}
PARTY = {"address", "contactDetails"}


def names_status(condition: dict) -> bool:
    return any(
        name == "status" or (name in ("$and", "$or") and any(names_status(part) for part in value))
        for name, value in condition.items()
    )


def visible(condition: dict) -> dict:
    """INITIALIZED orders are never found; PENDING and REJECTED ones only when a status is asked for."""
    hidden = ["INITIALIZED"] if names_status(condition) else ["INITIALIZED", "PENDING", "REJECTED"]
    return (
        {**condition, "$not": {"status": {"$in": hidden}}}
        if "$not" not in condition
        else {"$and": [condition, {"status": {"$nin": hidden}}]}
    )


@route("POST", "/ecom/v1/orders/search")
def search_orders(call: Call) -> bytes:
    rows, metadata = cursor_page(
        call.site.orders,
        call.body.get("search") or {},
        filters=FILTERS,
        sortable=SORTABLE,
        default=("createdDate", True),
        limits=(100, 100),
        prepare=visible,
    )
    return b'{"orders":[' + b",".join(row.wire() for row in rows) + b'],"metadata":' + dump(metadata) + b"}"


def order_of(site: Site, order_id: str) -> OrderRow:
    row = site.orders.rows.get(order_id)
    if row is None:
        raise not_found("order", "ORDER_NOT_FOUND")
    return row


@route("GET", "/ecom/v1/orders/{id}")
def get_order(call: Call) -> bytes:
    return b'{"order":' + order_of(call.site, call.ids["id"]).wire() + b"}"


def store(site: Site, order: dict, slug: str = "updated", **event: Any) -> dict:
    """Save a changed order with a new update time, and tell the webhooks."""
    order["updatedDate"] = site.now()
    site.put_order(order)
    tell(site, slug, order, **event)
    if slug != "updated":
        tell(site, "updated", order)
    return order


def merge(old: Any, new: Any) -> Any:
    """A patch: objects are merged, null removes."""
    if not isinstance(new, dict) or not isinstance(old, dict):
        return new
    merged = {**old, **{name: merge(old.get(name), value) for name, value in new.items()}}
    return {name: value for name, value in merged.items() if value is not None}


def patch_order(site: Site, order_id: str, changes: dict) -> dict:
    order = order_of(site, order_id).load()
    if code := FINAL.get(order["status"]):
        raise WixError(400, f"order is {order['status'].lower()}", code)
    for name in ("buyerLanguage", "weightUnit", "archived", "attributionSource", "seenByAHuman"):
        if name in changes:
            order[name] = changes[name]
    if "email" in (changes.get("buyerInfo") or {}):
        order["buyerInfo"]["email"] = changes["buyerInfo"]["email"]
    for name in ("billingInfo", "recipientInfo"):
        if name in changes:
            order[name] = merge(
                order.get(name, {}), {part: value for part, value in (changes[name] or {}).items() if part in PARTY}
            )
    place = ((changes.get("shippingInfo") or {}).get("logistics") or {}).get("shippingDestination")
    if place is not None and "shippingDestination" in order.get("shippingInfo", {}).get("logistics", {}):
        logistics = order["shippingInfo"]["logistics"]
        logistics["shippingDestination"] = merge(logistics["shippingDestination"], place)
        order["activities"].append(site.activity("SHIPPING_ADDRESS_EDITED"))
    site.note("update_order", order=order["number"], fields=sorted(set(changes) - {"id"}))
    return store(site, order)


@route("PATCH", "/ecom/v1/orders/{id}", write=True)
def update_order(call: Call) -> dict:
    return {"order": patch_order(call.site, call.ids["id"], require(call.body, "order"))}


@route("POST", "/ecom/v1/bulk/orders/update", write=True)
def bulk_update_orders(call: Call) -> dict:
    def work(row: dict) -> tuple[str, dict]:
        order = patch_order(call.site, row["order"].get("id", ""), row["order"])
        return order["id"], {"item": order} if call.body.get("returnEntity") else {}

    return bulk(call.body.get("orders", []), work, 100, "orders")


def cancel(site: Site, order: dict, message: str = "", restock: bool = False) -> dict:
    if order["status"] in FINAL:
        raise WixError(400, f"order is {order['status'].lower()}", FINAL[order["status"]])
    if order["status"] == "CANCELED":
        raise WixError(400, "order is already canceled", "STATUS_ALREADY_SET")
    if restock:
        put_back(site, order)
    order["status"] = "CANCELED"
    order["activities"].append(site.activity("ORDER_CANCELED"))
    return store(site, order, "canceled", restockAllItems=restock, sendOrderCanceledEmail=False, customMessage=message)


@route("POST", "/ecom/v1/orders/{id}/cancel", write=True)
def cancel_order(call: Call) -> dict:
    row = order_of(call.site, call.ids["id"])
    call.site.note("cancel_order", order=row.number)
    return {
        "order": cancel(
            call.site, row.load(), call.body.get("customMessage", ""), bool(call.body.get("restockAllItems"))
        )
    }


@route("POST", "/ecom/v1/orders/{id}/update-status", write=True)
def update_status(call: Call) -> dict:
    order, status = order_of(call.site, call.ids["id"]).load(), call.body.get("status")
    if status not in ("APPROVED", "CANCELED"):
        raise WixError(400, f"status {status} is not supported", "STATUS_NOT_SUPPORTED")
    if order["status"] == status:
        raise WixError(400, "the order has this status already", "STATUS_ALREADY_SET")
    if order["status"] in ("CANCELED", "REJECTED"):
        raise WixError(400, f"{order['status']} cannot become {status}", "UNSUPPORTED_TRANSITION")
    call.site.note("update_status", order=order["number"], status=status)
    if status == "CANCELED":
        return {"order": cancel(call.site, order)}
    placed, order["status"] = order["status"] in NOT_PLACED, status
    if placed:
        take(call.site, order)
    return {"order": store(call.site, order, "approved")}


def pay(site: Site, order: dict, status: str = "PAID") -> dict:
    """Set the payment status, with the balance that goes with it."""
    before, order["paymentStatus"] = order["paymentStatus"], status
    total, nothing = order["priceSummary"]["total"], {**order["priceSummary"]["discount"], "amount": "0.00"}
    quarter = money(Decimal(total["amount"]) / 4, order["currency"])
    paid = total if status in ("PAID", "FULLY_REFUNDED", "PARTIALLY_REFUNDED") else nothing
    order["balanceSummary"].update(
        paid=paid,
        balance=nothing if paid is total else total,
        refunded={"FULLY_REFUNDED": total, "PARTIALLY_REFUNDED": quarter}.get(status, nothing),
        pending=total if status == "PENDING" else nothing,
    )
    words = {"PAID": "ORDER_PAID", "FULLY_REFUNDED": "ORDER_REFUNDED", "PARTIALLY_REFUNDED": "PAYMENT_REFUNDED"}
    order["activities"].append(site.activity(words.get(status, "ORDER_PARTIALLY_PAID")))
    return store(site, order, "payment_status_updated", previousPaymentStatus=before)


@route("POST", "/ecom/v1/payments-collector/orders/{id}/mark-as-paid", write=True)
def mark_as_paid(call: Call) -> dict:
    row = order_of(call.site, call.ids["id"])
    call.site.note("mark_as_paid", order=row.number)
    return {"order": pay(call.site, row.load())}


@route("POST", "/ecom/v1/orders/{id}/activities/add", write=True)
def add_activities(call: Call) -> dict:
    order = order_of(call.site, call.ids["id"]).load()
    rows = call.body.get("orderActivities") or []
    if not rows:
        raise invalid("orderActivities", "must not be empty", "MIN_SIZE", threshold=1)
    added = [call.site.activity("MERCHANT_COMMENT", **row) for row in rows]
    order["activities"] += added
    call.site.note("add_activities", order=order["number"], count=len(added))
    store(call.site, order)
    return {"orderActivities": added}


def resize(order: dict, position: int, quantity: int) -> None:
    """Give a line another quantity, and the sums what that adds."""
    line, prices = order["lineItems"][position], order["priceSummary"]
    more = Decimal(line["price"]["amount"]) * (quantity - line["quantity"])
    line["quantity"] = quantity
    for holder, name in (
        *((line, name) for name in ("lineItemPrice", "totalPriceBeforeTax", "totalPriceAfterTax")),
        *((prices, name) for name in ("subtotal", "total")),
        (order["balanceSummary"], "balance"),
    ):
        holder[name] = money(Decimal(holder[name]["amount"]) + more, order["currency"])


def refund(site: Site, order: dict, amount: Decimal) -> dict:
    """Give a part of the money back, on top of what went back before."""
    total = Decimal(order["priceSummary"]["total"]["amount"])
    back = min(total, Decimal(order["balanceSummary"]["refunded"]["amount"]) + amount)
    before = order["paymentStatus"]
    order["paymentStatus"] = "FULLY_REFUNDED" if back == total else "PARTIALLY_REFUNDED"
    order["balanceSummary"]["refunded"] = money(back, order["currency"])
    order["activities"].append(site.activity("PAYMENT_REFUNDED"))
    if before != order["paymentStatus"]:
        return store(site, order, "payment_status_updated", previousPaymentStatus=before)
    return store(site, order)


def add_line(order: dict, product: dict, variant: dict) -> None:
    """A line more, as the draft of an edited order has it; none of it yet (see resize)."""
    uid = f"00000000-0000-0000-0000-{max(int(line['id'][-12:]) for line in order['lineItems']) + 1:012d}"
    first = order["lineItems"][0]
    named = {"catalogItemId": product["id"], "options": {"variantId": variant["id"]}}
    new = {
        **first,
        "id": uid,
        "productName": {"original": product["name"], "translated": product["name"]},
        "catalogReference": {**first["catalogReference"], **named},
        "quantity": 0,
        "descriptionLines": [],
        "physicalProperties": {"sku": variant["sku"], "weight": variant["weight"], "shippable": True},
        "itemType": {"preset": "PHYSICAL"},
    }
    price = money(Decimal(str(variant["price"])), order["currency"])
    nothing = money(Decimal(0), order["currency"])
    new |= {"price": price, "priceBeforeDiscounts": price, "totalDiscount": nothing}
    new |= dict.fromkeys(("lineItemPrice", "totalPriceBeforeTax", "totalPriceAfterTax"), nothing)
    order["lineItems"].append(new)


def commit_edit(site: Site, order: dict) -> dict:
    """The merchant's edited draft takes the order's place."""
    order["activities"].append(site.activity("DRAFT_ORDER_CHANGES_APPLIED"))
    return store(site, order, "committed", draftOrderId=site.new_id(), changes=[], commitDate=site.latest)


def payments_of(order: dict) -> dict[str, Any]:
    offline = any(line["paymentOption"] == "FULL_PAYMENT_OFFLINE" for line in order["lineItems"])
    paid = order["paymentStatus"] in ("PAID", "PARTIALLY_PAID", "PARTIALLY_REFUNDED", "FULLY_REFUNDED")
    payment = {
        "id": order["checkoutId"],
        "createdDate": order["createdDate"],
        "updatedDate": order["updatedDate"],
        "amount": order["priceSummary"]["total"],
        "refundDisabled": False,
        "supportReceiptGeneration": False,
        "status": "APPROVED" if paid else "PENDING",
        "regularPaymentDetails": {
            "paymentMethod": "Offline" if offline else "CreditCard",
            "offlinePayment": offline,
            "status": "APPROVED" if paid else "PENDING",
            "savedPaymentMethod": False,
        },
    }
    return {"orderId": order["id"], "payments": [payment], "refunds": []}


@route("GET", "/ecom/v1/payments/orders/{id}")
def list_payments(call: Call) -> dict:
    return {"orderTransactions": payments_of(order_of(call.site, call.ids["id"]).load())}


@route("POST", "/ecom/v1/payments/list-by-ids")
def list_payments_of_many(call: Call) -> dict:
    rows = [call.site.orders.rows.get(uid) for uid in call.body.get("orderIds", [])]
    return {"orderTransactions": [payments_of(row.load()) for row in rows if row]}


@route("GET", "/ecom/v1/orders-settings")
def orders_settings(call: Call) -> dict:
    return {"ordersSettings": {"inventoryUpdateTrigger": "ON_ORDER_PLACED"}}
