"""Stock of catalogue V1: one number for each variant, set for one product at a time."""

from collections.abc import Iterable
from typing import Any

from .api import Call, checked, require, route
from .catalog_v1 import find, only, product_of, read_text, stock
from .errors import WixError, invalid, not_found
from .order import NO_VARIANT
from .site import Site, name_of


def item_wire(product: dict) -> dict[str, Any]:
    variants = []
    for variant in product["variants"]:
        row = {"variantId": variant["id"], "inStock": stock(product, variant)["inStock"], "availableForPreorder": False}
        variants.append({**row, "quantity": variant["quantity"]} if product["track"] else row)
    return {
        "id": product["inventoryId"],
        "externalId": product["id"],
        "productId": product["id"],
        "trackQuantity": product["track"],
        "variants": variants,
        "lastUpdated": product["updatedDate"],
        "numericId": product["numericId"],
        "preorderInfo": {"enabled": False},
    }


@route("POST", "/stores-reader/v2/inventoryItems/query", "/stores/v2/inventoryItems/query")
def query_inventory(call: Call) -> dict:
    only(call.site, "v1")
    query = call.body.get("query") or {}
    condition, sort = read_text(query)
    checked(condition, {"id", "productId", "numericId", "lastUpdated", "externalId", "trackQuantity"})
    if list(condition) == ["productId"]:
        condition = {"id": condition["productId"]}  # of the product, by which it is found at once
    elif condition.keys() & {"id", "productId"}:
        condition = {"$and": [condition]}
    rows, offset, total = find(call, condition, sort, query.get("paging") or {}, True, item_wire)
    return {"inventoryItems": rows, "metadata": {"items": len(rows), "offset": offset}, "totalResults": total}


@route("POST", "/stores-reader/v2/inventoryItems/{id}/getVariants", "/stores/v2/inventoryItems/{id}/getVariants")
def get_item_variants(call: Call) -> dict:
    only(call.site, "v1")
    return {"inventoryItem": item_wire(product_by_item(call.site, call.ids["id"]))}


def product_by_item(site: Site, uid: str) -> dict:
    found = next((row for row in site.products if row["inventoryId"] == uid), None)
    if found is None:
        raise not_found("inventory item", "INVENTORY_ITEM_NOT_FOUND")
    return found


def variant_of(product: dict, uid: str) -> dict:
    found = next((variant for variant in product["variants"] if variant["id"] == (uid or NO_VARIANT)), None)
    if found is None:
        raise not_found("variant", "VARIANT_NOT_FOUND")
    return found


@route("PATCH", "/stores/v2/inventoryItems/product/{product}", write=True)
def set_stock(call: Call) -> dict:
    only(call.site, "v1")
    return change_stock(call, product_of(call.site, call.ids["product"]))


@route("PATCH", "/stores/v2/inventoryItems/{id}", write=True)
def set_stock_by_item(call: Call) -> dict:
    only(call.site, "v1")
    return change_stock(call, product_by_item(call.site, call.ids["id"]))


def change_stock(call: Call, product: dict) -> dict:
    item = require(call.body, "inventoryItem")
    track = item.get("trackQuantity") is True  # left out counts as false, and stops tracking for every variant
    if item.get("productId", product["id"]) != product["id"]:
        raise invalid("inventoryItem.productId", "is of another product", "INVALID_ARGUMENT")
    named: dict[str, Any] = {}
    for row in item.get("variants") or []:
        variant = variant_of(product, row.get("variantId", ""))
        quantity = row.get("quantity")
        if track and quantity is not None and not is_quantity(quantity):
            raise invalid("inventoryItem.variants.quantity", "must be between 0 and 99999", "OUT_OF_RANGE")
        named[variant["id"]] = quantity if track else row.get("inStock")
    for uid, value in named.items():
        if value is not None:
            variant_of(product, uid)["quantity" if track else "inStock"] = value if track else bool(value)
    before, product["track"] = product["track"], track
    skus = {variant["id"]: name_of(product, variant) for variant in product["variants"]}
    levels = {skus[uid]: value for uid, value in named.items()}
    call.site.note("set_stock", product=product["name"], track=track, levels=levels)
    keep(call.site, product, named, switched=before != track)
    return {}


def is_quantity(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 99999


def keep(site: Site, product: dict, changed: Iterable[str], switched: bool = False) -> None:
    """Store a product whose stock changed, in the variants named, and tell the webhooks."""
    product["updatedDate"] = site.now()
    site.put_product(product, stock_only=True)
    whose = {"inventoryItemId": product["inventoryId"], "productId": product["id"]}
    if switched:
        event = {**whose, "trackInventory": product["track"], "fieldMask": ["trackInventory"]}
        site.raise_event("com.wix.ecommerce.inventory.api.v1.InventoryItemChanged", event)
    changes = [
        {"id": uid, "newValue": {"quantity": variant["quantity"], "inStock": variant["quantity"] > 0}}
        for uid in changed
        for variant in (variant_of(product, uid),)
    ]
    event = {**whose, "variants": changes}
    site.raise_event("com.wix.ecommerce.inventory.api.v1.InventoryVariantsChanged", event)


def _adjust(call: Call, field: str, unit: str, sign: int) -> dict:
    only(call.site, "v1")
    rows = require(call.body, field, list)
    if len(rows) > 300:
        raise invalid(field, "must hold at most 300 rows", "MAX_SIZE", threshold=300)
    wanted = []
    for row in rows:
        product = (
            product_of(call.site, row["productId"])
            if row.get("productId")
            else product_by_item(call.site, row.get("inventoryId", ""))
        )
        variant = variant_of(product, row.get("variantId", ""))
        if not product["track"]:
            raise WixError(400, "the product is not tracked", "INVENTORY_QUANTITY_NOT_TRACKED")
        if not is_quantity(variant["quantity"] + sign * row.get(unit, 0)):
            raise WixError(400, "not enough stock", "INSUFFICIENT_INVENTORY", {"variantId": variant["id"]})
        wanted.append((product, variant, sign * row.get(unit, 0)))
    for product, variant, units in wanted:
        variant["quantity"] += units
        call.site.note("adjust_stock", product=product["name"], levels={name_of(product, variant): units})
        keep(call.site, product, [variant["id"]])
    return {}


@route("POST", "/stores/v2/inventoryItems/increment", write=True)
def increment(call: Call) -> dict:
    return _adjust(call, "incrementData", "incrementBy", 1)


@route("POST", "/stores/v2/inventoryItems/decrement", write=True)
def decrement(call: Call) -> dict:
    return _adjust(call, "decrementData", "decrementBy", -1)
