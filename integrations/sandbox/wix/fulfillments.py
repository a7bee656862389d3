"""Wix order fulfillments: list, create, update, delete, in bulk; the order's fulfillment status follows."""

from collections import Counter
from typing import Any

from .api import Call, bulk, require, route
from .errors import WixError, invalid
from .events import tell_fulfillments
from .orders import merge, order_of, store
from .site import Site

LINKS = {
    "fedex": "https://www.fedex.com/apps/fedextrack/?action=track&trackingnumber={}",
    "ups": "https://wwwapps.ups.com/WebTracking/track?track=yes&trackNums={}",
    "usps": "https://tools.usps.com/go/TrackConfirmAction_input?qtc_tLabels1={}",
    "dhl": "https://www.logistics.dhl/global-en/home/tracking.html?tracking-id={}",
    "canadaPost": "https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor={}",
}
STATUSES = ("Pending", "Accepted", "Ready", "In_Delivery", "Fulfilled")


def fulfilled(fulfillments: list[dict]) -> Counter:
    """Units that left, by line id."""
    units: Counter = Counter()
    for fulfillment in fulfillments:
        for line in fulfillment["lineItems"]:
            units[line["id"]] += line["quantity"]
    return units


def of_order(site: Site, order_id: str) -> dict[str, Any]:
    order_of(site, order_id)
    return {"orderId": order_id, "fulfillments": site.told.get(order_id, [])}


@route("GET", "/ecom/v1/fulfillments/orders/{order}")
def list_fulfillments(call: Call) -> dict:
    return {"orderWithFulfillments": of_order(call.site, call.ids["order"])}


@route("POST", "/ecom/v1/fulfillments/list-by-ids")
def list_of_many(call: Call) -> dict:
    ids = require(call.body, "orderIds", list)
    if len(ids) > 100:
        raise invalid("orderIds", "must hold at most 100 ids", "MAX_SIZE", threshold=100)
    return {"ordersWithFulfillments": [of_order(call.site, uid) for uid in ids if uid in call.site.orders.rows]}


def read_tracking(told: list[dict], tracking: dict) -> dict[str, Any]:
    """Check tracking information and add the link that Wix makes for the carriers it knows.

    A number is refused when another fulfillment of the order (`told`) has it; whether Wix looks further, nobody says.
    """
    number, provider = tracking.get("trackingNumber"), tracking.get("shippingProvider")
    for name, value in (("trackingNumber", number), ("shippingProvider", provider)):
        if value is not None and not (isinstance(value, str) and 1 <= len(value) <= 100):
            raise invalid(
                f"fulfillment.trackingInfo.{name}", "must be 1 to 100 characters long", "MAX_LENGTH", threshold=100
            )
    link = tracking.get("trackingLink")
    if link is not None and (len(link) > 2048 or "://" not in link):
        raise invalid("fulfillment.trackingInfo.trackingLink", "must be a URL", "FORMAT", format="URL")
    if number and number in {other.get("trackingInfo", {}).get("trackingNumber") for other in told}:
        raise WixError(400, f"tracking number {number} already exists", "TRACKING_NUMBER_ALREADY_EXISTS")
    if provider in LINKS and number:
        link = link or LINKS[provider].format(number)
    elif provider and not link:
        raise invalid(
            "fulfillment.trackingInfo.trackingLink", "is required for a custom shipping provider", "REQUIRED_FIELD"
        )
    full = {"trackingNumber": number, "shippingProvider": provider, "trackingLink": link}
    return {name: value for name, value in full.items() if value is not None}


def check_status(fulfillment: dict) -> None:
    if fulfillment.get("status") is not None and fulfillment["status"] not in STATUSES:
        raise invalid("fulfillment.status", f"must be one of {', '.join(STATUSES)}", "INVALID_ENUM_VALUE")


def read_lines(order: dict, told: list[dict], lines: Any) -> list[dict]:
    """The lines of a new fulfillment; a quantity left out means what is still open."""
    if not isinstance(lines, list) or not 1 <= len(lines) <= 300:
        raise invalid("fulfillment.lineItems", "must hold 1 to 300 lines", "SIZE", threshold=300)
    ordered = {line["id"]: line["quantity"] for line in order["lineItems"]}
    gone = fulfilled(told)
    read: list[dict] = []
    for line in lines:
        uid = line.get("id")
        if uid not in ordered:
            raise WixError(400, f"line item {uid} is not part of the order", "LINE_ITEM_NOT_FOUND", {"lineItemId": uid})
        open_units = ordered[uid] - gone[uid]
        quantity = line.get("quantity", open_units)
        if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1 or quantity > open_units:
            raise WixError(
                400,
                f"line item {uid}: {quantity} asked, {open_units} open",
                "INVALID_LINE_ITEM_QUANTITY",
                {"lineItemId": uid, "open": open_units},
            )
        gone[uid] += quantity
        read.append({"id": uid, "quantity": quantity})
    return read


def status_of(order: dict, told: list[dict]) -> str:
    gone = fulfilled(told)
    lines = [line for line in order["lineItems"] if line["physicalProperties"]["shippable"]] or order["lineItems"]
    if all(gone[line["id"]] >= line["quantity"] for line in lines):
        return "FULFILLED"
    return "PARTIALLY_FULFILLED" if gone.total() else "NOT_FULFILLED"


def settle(site: Site, order: dict, told: list[dict], action: str) -> None:
    """Store an order's fulfillments with the status that follows from the quantities."""
    before = order["fulfillmentStatus"]
    order["fulfillmentStatus"] = status_of(order, told)
    site.put_told(order["id"], told)
    if before == order["fulfillmentStatus"]:
        store(site, order)
    else:
        words = {"FULFILLED": "ORDER_FULFILLED", "NOT_FULFILLED": "ORDER_NOT_FULFILLED"}
        if order["fulfillmentStatus"] in words:
            order["activities"].append(site.activity(words[order["fulfillmentStatus"]]))
        store(
            site,
            order,
            "fulfilled",
            previousFulfillmentStatus=before,
            newFulfillmentStatus=order["fulfillmentStatus"],
            action=action,
        )
    tell_fulfillments(site, order["id"], told)


def build(site: Site, order: dict, told: list[dict], wanted: dict) -> dict[str, Any]:
    """A new fulfillment beside those in `told`, or WixError; nothing is stored yet."""
    if order["status"] != "APPROVED":
        raise WixError(
            400, f"order is {order['status'].lower()}, only approved orders can be fulfilled", "ORDER_NOT_APPROVED"
        )
    check_status(wanted)
    made: dict[str, Any] = {
        "id": site.new_id(),
        "createdDate": site.now(),
        "lineItems": read_lines(order, told, wanted.get("lineItems")),
    }
    if wanted.get("trackingInfo"):
        made["trackingInfo"] = read_tracking(told, wanted["trackingInfo"])
    elif wanted.get("customInfo"):
        made["customInfo"] = wanted["customInfo"]
    made["status"] = wanted.get("status") or "Fulfilled"
    if "completed" in wanted:
        made["completed"] = wanted["completed"]
    return made


def add(site: Site, order_id: str, wishes: list[dict]) -> list[dict[str, Any]]:
    """All of an order's new fulfillments, or none of them."""
    order, told = order_of(site, order_id).load(), site.told.get(order_id, [])
    made: list[dict] = []
    for wanted in wishes:
        made.append(build(site, order, told + made, wanted))
    for new in made:
        if new.get("trackingInfo"):
            order["activities"].append(site.activity("TRACKING_NUMBER_ADDED"))
        lines = {line["id"][-4:]: line["quantity"] for line in new["lineItems"]}
        site.note("create_fulfillment", order=order["number"], lines=lines, tracking=new.get("trackingInfo", {}))
    settle(site, order, told + made, "FULFILLMENT_CREATED")
    return made


@route("POST", "/ecom/v1/fulfillments/orders/{order}/create-fulfillment", write=True)
def create_fulfillment(call: Call) -> dict:
    (made,) = add(call.site, call.ids["order"], [require(call.body, "fulfillment")])
    return {"orderWithFulfillments": of_order(call.site, call.ids["order"]), "fulfillmentId": made["id"]}


@route("POST", "/ecom/v1/fulfillments/orders/bulk/create-fulfillments", write=True)
def bulk_create(call: Call) -> dict:
    def work(row: dict) -> tuple[str, dict]:
        order_id = row.get("orderId", "")
        try:
            add(call.site, order_id, require(row, "fulfillments", list))
        except WixError as problem:
            problem.uid = order_id
            raise
        return order_id, {"ordersWithFulfillments": of_order(call.site, order_id)}

    return bulk(call.body.get("ordersWithFulfillments", []), work, 100, "ordersWithFulfillments")


def locate(call: Call) -> tuple[dict, list[dict], dict]:
    order = order_of(call.site, call.ids["order"]).load()
    told = call.site.told.get(order["id"], [])
    found = next((entry for entry in told if entry["id"] == call.ids["fulfillment"]), None)
    if found is None:
        raise WixError(404, "fulfillment not found", "FULFILLMENT_NOT_FOUND")
    return order, told, found


@route("PATCH", "/ecom/v1/fulfillments/{fulfillment}/orders/{order}", write=True)
def update_fulfillment(call: Call) -> dict:
    order, told, found = locate(call)
    changes = require(call.body, "fulfillment")
    check_status(changes)
    if "lineItems" in changes and changes["lineItems"] != found["lineItems"]:
        raise invalid(
            "fulfillment.lineItems", "cannot be changed: delete the fulfillment and create it anew", "IMMUTABLE_FIELD"
        )
    changed = merge(
        found,
        {name: changes[name] for name in ("trackingInfo", "customInfo", "status", "completed") if name in changes},
    )
    if changes.get("trackingInfo"):
        wanted = {**found.get("trackingInfo", {}), **changes["trackingInfo"]}
        if "trackingLink" not in changes["trackingInfo"] and wanted.get("shippingProvider") in LINKS:
            wanted["trackingLink"] = None
        changed["trackingInfo"] = read_tracking([entry for entry in told if entry is not found], wanted)
        order["activities"].append(call.site.activity("TRACKING_NUMBER_EDITED"))
    call.site.note("update_fulfillment", order=order["number"], tracking=changed.get("trackingInfo", {}))
    settle(call.site, order, [changed if entry is found else entry for entry in told], "FULFILLMENT_UPDATED")
    return {"orderWithFulfillments": of_order(call.site, order["id"])}


def take_back(site: Site, order: dict, place: int) -> None:
    """The merchant deletes one of the order's shipments by hand."""
    told = site.told.get(order["id"], [])
    settle(site, order, told[:place] + told[place + 1 :], "FULFILLMENT_DELETED")


@route("DELETE", "/ecom/v1/fulfillments/{fulfillment}/orders/{order}", write=True)
def delete_fulfillment(call: Call) -> dict:
    order, told, found = locate(call)
    call.site.note("delete_fulfillment", order=order["number"], tracking=found.get("trackingInfo", {}))
    settle(call.site, order, [entry for entry in told if entry is not found], "FULFILLMENT_DELETED")
    return {"orderWithFulfillments": of_order(call.site, order["id"])}
