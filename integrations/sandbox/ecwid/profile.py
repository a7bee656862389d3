"""What an Ecwid store says of itself: profile, ways of shipping, statuses, what changed last, and our app in it."""

from typing import Any

from .access import CUSTOM, REGISTERED
from .api import Call, route
from .errors import missing, wrong
from .orders import FULFILLMENT, PAYMENT
from .shop import SHOP
from .store import Store
from .wire import stamp

CUSTOM_NAMES = {"CUSTOM_FULFILLMENT_STATUS_1": "Packed", "CUSTOM_PAYMENT_STATUS_1": "Invoice sent"}
WORLD = {"id": "WORLD", "name": "WORLD"}
ALWAYS = '{"MON":[["00:00","00:00"]],"TUE":[["00:00","00:00"]],"WED":[["00:00","00:00"]],"THU":[["00:00","00:00"]]}'


@route("GET", "/profile", "read_store_profile")
def profile(call: Call) -> dict:
    store = call.store
    return {
        "generalInfo": {
            "storeId": store.store_id,
            "storeUrl": f"{store.url}/products",
            "websitePlatform": "instantsite",
            "starterSite": {"ecwidSubdomain": store.name.lower(), "generatedUrl": store.url},
        },
        "account": {
            "accountName": store.name,
            "accountNickName": store.name,
            "accountEmail": f"owner@{store.name.lower()}.example",
            "whiteLabel": False,
            "brandName": "Ecwid",
            "suspended": store.plan == "suspended",
            "availableFeatures": ["API", "COMBINATIONS", "INVENTORY_TRACKING", "LOCAL_PICKUP", "CUSTOM_ORDER_STATUSES"],
            "registrationDate": "2018-11-23 14:39:14 +0000",
            "paid": True,
            "limitsAndRestrictions": {"maxProductLimit": 100000},
        },
        "settings": {"closed": False, "storeName": store.name, "storeDescription": "", "orderCommentsEnabled": True},
        "company": SHOP["company"],
        "formatsAndUnits": formats(store),
        "languages": {"enabledLanguages": ["en"], "defaultLanguage": "en", "facebookPreferredLocale": "en_US"},
        "shipping": {
            "handlingFee": {"value": 0},
            "shippingOrigin": SHOP["origin"],
            "shippingOptions": options_of(store),
        },
        "taxSettings": {"automaticTaxEnabled": False, "pricesIncludeTax": False, "taxes": []},
        "featureToggles": [
            {"name": "ALLOW_EMPTY_AND_NON_UNIQUE_SKU", "visible": False, "enabled": store.same_skus},
            {"name": "RANDOM_ORDER_IDS", "visible": False, "enabled": True},
        ],
    }


def formats(store: Store) -> dict[str, Any]:
    return {
        "currency": SHOP["currency"],
        "currencyPrefix": "$",
        "currencySuffix": "",
        "currencyGroupSeparator": ",",
        "currencyDecimalSeparator": ".",
        "currencyPrecision": 2,
        "currencyTruncateZeroFractional": False,
        "currencyRate": 1,
        "weightUnit": "POUND",
        "timeFormat": "hh:mm a",
        "dateFormat": "MMM d, yyyy",
        "timezone": SHOP["time_zone"],
        "dimensionsUnit": "IN",
        "volumeUnit": "ML",
        "orderNumberPrefix": store.prefix,
        "orderNumberSuffix": store.suffix,
    }


def options_of(store: Store) -> list[dict]:
    return [option(store, place, one) for place, one in enumerate(SHOP["shipping"], 1)]


def option(store: Store, place: int, one: dict) -> dict[str, Any]:
    """A way of shipping as the profile shows it. (Its key has one l here, and two in an order.)"""
    told: dict[str, Any] = {
        "id": one["id"],
        "title": one["title"],
        "titleTranslated": {"en": one["title"]},
        "enabled": one["title"] not in store.switched_off,
        "orderby": place * 10,
        "fulfilmentType": one["kind"],
        "ratesCalculationType": one["rates"],
        "destinationZone": WORLD,
        "businessHours": ALWAYS,
        "minimumOrderSubtotal": 0,
        "carrier": "",
    }
    if one["rates"] == "flat":
        told["flatRate"] = {"rateType": "ABSOLUTE", "rate": one["price"]}
    if one["rates"] == "carrier-calculated":
        told["carrier"] = one["carrier"]
        told["carrierMethods"] = [
            {"id": f"{one['id']}-{n}", "name": name, "enabled": True, "orderBy": n * 10}
            for n, name in enumerate(one["methods"], 1)
        ]
    if one["rates"] == "app":
        told["appClientId"] = one["app"]
    if one.get("days"):
        told["deliveryTimeDays"] = one["days"]
    if one["kind"] == "pickup":
        told |= {"pickupInstruction": one["instruction"], "scheduledPickup": True, "pickupPreparationTimeHours": 2}
    return told


@route("GET", "/profile/shippingOptions", "read_store_profile")
def shipping_options(call: Call) -> list:
    """A bare list, without a page's envelope."""
    return options_of(call.store)


def status_of(store: Store, name: str) -> dict[str, Any]:
    custom = name.startswith("CUSTOM_")
    own = store.statuses.get(name, CUSTOM_NAMES.get(name, "")) if custom else ""
    return {
        "statusId": name,
        "orderStatusType": "PAYMENT_STATUS" if name in PAYMENT else "FULFILLMENT_STATUS",
        "defaultStatus": not custom,
        "enabled": bool(own) or not custom,
        "sendNotificationWhenStatusIsAssigned": name in ("PAID", "CANCELLED", "SHIPPED", "READY_FOR_PICKUP"),
        **({"name": own} if own else {}),
    }


@route("GET", "/profile/order_statuses", "read_store_profile")
def order_statuses(call: Call) -> dict:
    shown = [name for name in (*PAYMENT, *FULFILLMENT) if name != "INCOMPLETE"]
    return {"items": [status_of(call.store, name) for name in shown]}


@route("GET", "/profile/order_status/{status}", "read_store_profile")
def order_status(call: Call) -> dict:
    if call.ids["status"] not in (*PAYMENT, *FULFILLMENT):
        raise missing("Status", call.ids["status"])
    return status_of(call.store, call.ids["status"])


@route("PUT", "/profile/order_status/{status}", "update_store_profile")
def put_order_status(call: Call) -> dict:
    name, text = call.ids["status"], call.record().get("name", "")
    if not name.startswith("CUSTOM_") or name not in (*PAYMENT, *FULFILLMENT) or not isinstance(text, str):
        raise wrong("Only a custom status can be changed")
    call.store.set_meta("statuses", {**call.store.statuses, name: text})
    call.store.raise_event("profile.updated", call.store.store_id)
    return {"updateCount": 1}


@route("GET", "/latest-stats", "read_store_profile")
def latest_stats(call: Call) -> dict:
    store = call.store
    start = stamp(0)
    orders, products = store.orders.index(("updated",)), store.products.index(("updateTimestamp", "id"))
    ordered = stamp(store.orders.rows[orders[-1][-1]].updated) if orders else start
    changed = stamp(store.products.rows[products[-1][-1]]["updateTimestamp"]) if products else start
    ordered = max([ordered, *(row["date"] for row in store.deleted_orders[-1:])])
    changed = max([changed, *(row["date"] for row in store.deleted_products[-1:])])
    names = ("profile", "categories", "discountCoupons", "abandonedSales", "customers")
    rest = [f"{name}Updated" for name in names]
    count = {"productCount": len(store.products)} if call.flag("productCountRequired") else {}
    return {"productsUpdated": changed, "ordersUpdated": ordered, **dict.fromkeys(rest, start), **count}


# Our app in the store.


@route("GET", "/application", "read_store_profile")
def application(call: Call) -> dict:
    dates = {"startDate": "2026-01-02 08:00:00 +0000", "expirationDate": "2027-01-02 08:00:00 +0000"}
    return {"subscription": {**dates, "status": "ACTIVE"}, "subscriptionStatus": "ACTIVE"}


@route("GET", "/application/token")
def application_token(call: Call) -> dict:
    scopes = [name for name in (*REGISTERED, *CUSTOM) if name in call.token.scopes]
    given = call.access.given.get(call.token.text, {})
    return {"permissions": scopes, "created": given.get("created", "2026-01-02 08:00:00 +0000")}


@route("DELETE", "/application", "update_store_profile")
def delete_application(call: Call) -> dict:
    """The app takes itself out of the store."""
    if call.query.get("namespace") != call.access.client_id:
        raise wrong("Wrong value of namespace")
    call.store.note("delete_application")
    uninstall(call)
    return {"deleteCount": 1}


def uninstall(call: Call) -> None:
    call.access.kill_all()
    call.store.raise_event("application.uninstalled", str(call.store.store_id))
    call.store.set_meta("installed", False)
