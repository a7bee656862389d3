"""Wix Automations of a site: "when an order is placed, send an HTTP request", as plain JSON that nobody signs.

Whether Wix repeats a request that was not taken is not documented; here it does not, which is the worse case for
whoever waits for it.
"""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .site import Site

if TYPE_CHECKING:
    from .events import Sender

TRIGGERS = {
    "wix_e_commerce-order_placed": "Order placed",
    "wix_e_commerce-order_fulfilled": "Order fulfilled",
    "wix_e_commerce-order_canceled": "Order canceled",
}
FIRED_BY = {  # event -> the trigger that it pulls
    "wix.ecom.v1.order_created": "wix_e_commerce-order_placed",
    "wix.ecom.v1.order_fulfilled": "wix_e_commerce-order_fulfilled",
    "wix.ecom.v1.order_canceled": "wix_e_commerce-order_canceled",
}
ACTION = "Send HTTP Request"
DATA = {"all": "All keys and values", "number": "Customize structure: only the key “number”"}


def begin(site: Site) -> dict[str, Any]:
    """A draft without trigger and action."""
    words = {"name": "Untitled Automation", "trigger": "", "action": "", "url": "", "data": "all"}
    one: dict[str, Any] = {"id": site.new_id(), **words, "active": False}
    site.set_meta("automations", [*site.automations, one])
    return one


def change(site: Site, uid: str, **values: Any) -> dict[str, Any]:
    """Raises KeyError for an unknown one, ValueError when it cannot be switched on as it is."""
    one = {**find(site, uid), **values}
    if one["active"]:
        address = urlsplit(one["url"])
        if not one["trigger"] or not one["action"]:
            raise ValueError("An automation needs a trigger and an action before it can be activated.")
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError("The target URL is not an address that a request can be sent to.")
    site.set_meta("automations", [one if other["id"] == uid else other for other in site.automations])
    return one


def delete(site: Site, uid: str) -> None:
    find(site, uid)
    site.set_meta("automations", [one for one in site.automations if one["id"] != uid])


def find(site: Site, uid: str) -> dict[str, Any]:
    for one in site.automations:
        if one["id"] == uid:
            return one
    raise KeyError("there is no such automation")


def send_on_order(
    site: Site, url: str, data: str = "all", trigger: str = "wix_e_commerce-order_placed"
) -> dict[str, Any]:
    """All the steps of making one at once."""
    return change(site, begin(site)["id"], trigger=trigger, action=ACTION, url=url, data=data, active=True)


def hear(sender: "Sender", site: Site, event_type: str, event: dict[str, Any]) -> None:
    """Something happened in the site: send what its active automations want sent."""
    trigger = FIRED_BY.get(event_type)
    listening = [one for one in site.automations if one["active"] and one["trigger"] == trigger] if trigger else []
    if not listening:
        return
    order = (event.get("createdEvent") or {}).get("entity") or event["actionEvent"]["body"]["order"]
    if order["status"] == "INITIALIZED":  # not placed yet
        return
    for one in listening:
        sender.send_once(one["url"], TRIGGERS[one["trigger"]], body_of(site, one, order))


def body_of(site: Site, automation: dict[str, Any], order: dict[str, Any]) -> str:
    whole = flattened(site, order) | {"context": {"metaSiteId": site.site_id, "activationId": automation["id"]}}
    data = {"number": whole["orderNumber"]} if automation["data"] == "number" else whole
    return json.dumps({"data": data}, ensure_ascii=False)


def flattened(site: Site, order: dict[str, Any]) -> dict[str, Any]:
    """The shape that automations have of an order; not the one of the REST API."""
    buyer, shipping = order.get("buyerInfo", {}), order.get("shippingInfo", {})
    person = order.get("billingInfo", {}).get("contactDetails", {})
    prices, balance = order["priceSummary"], order["balanceSummary"]
    money = _money(order["currency"])
    return {
        "orderNumber": order["number"],
        "id": order["id"],
        "createdDate": order["createdDate"],
        "status": order["status"],
        "paymentStatus": order["paymentStatus"],
        "currency": order["currency"],
        "weightUnit": order["weightUnit"],
        "channelType": order["channelInfo"]["type"],
        "buyerEmail": buyer.get("email", ""),
        "buyerLanguage": order["buyerLanguage"],
        "contactId": buyer.get("contactId", ""),
        "checkoutId": order["checkoutId"],
        "purchaseFlowId": order["purchaseFlowId"],
        "attributionSource": order["attributionSource"],
        "checkoutCustomFields": {},
        "catalogs": sorted({line["catalogReference"]["appId"] for line in order["lineItems"]}),
        "contact": {
            "name": {"first": person.get("firstName", ""), "last": person.get("lastName", "")},
            "email": buyer.get("email", ""),
            "phone": person.get("phone", ""),
        },
        "lineItems": [_line(line, money) for line in order["lineItems"]],
        "shippingInfo": _shipping(shipping, money) if shipping else {},
        "billingInfo": order.get("billingInfo", {}),
        "priceSummary": {
            name: money(prices[name]) for name in ("subtotal", "shipping", "tax", "discount", "total") if name in prices
        },
        "balanceSummary": {name: money(balance[name]) for name in ("balance", "paid", "refunded")},
        "payments": [],
        "refunds": [],
        "invoices": [],
        "appliedDiscounts": [],
        "fulfillmentStatusesAggregate": [],
    }


def _money(currency: str) -> Any:
    return lambda amount: {"value": amount["amount"], "currency": currency}


def _line(line: dict[str, Any], money: Any) -> dict[str, Any]:
    reference, physical = line["catalogReference"], line.get("physicalProperties") or {}
    return {
        "id": line["id"],
        "itemName": (line.get("productName") or {}).get("original", ""),
        "sku": physical.get("sku") or "",
        "quantity": line["quantity"],
        "itemType": (line.get("itemType") or {}).get("preset", ""),
        "shippable": bool(physical.get("shippable")),
        "catalogId": reference["appId"],
        "catalogItemId": reference["catalogItemId"],
        "rootCatalogItemId": reference["catalogItemId"],
        "totalPrice": money(line["totalPriceAfterTax"]),
        "totalPriceBeforeTax": money(line["totalPriceBeforeTax"]),
        "totalDiscount": money(line["totalDiscount"]),
        "taxRate": "0.0000",
        "descriptionLines": [],
    }


def _shipping(shipping: dict[str, Any], money: Any) -> dict[str, Any]:
    cost = shipping.get("cost") or {}
    return {
        "title": shipping.get("title", ""),
        "carrierId": shipping.get("carrierId", ""),
        "region": (shipping.get("region") or {}).get("name", ""),
        "logistics": shipping.get("logistics") or {},
        **({"price": money(cost["price"]), "totalPriceAfterTax": money(cost["totalPriceAfterTax"])} if cost else {}),
    }
