"""Stock of catalogue V3: one item for each variant at each Stores location, with a revision."""

from collections.abc import Callable
from typing import Any

from integrations.sandbox.tables import Table

from .api import Call, bulk, cursor_page, require, route
from .catalog_v1 import only
from .demo import add_item
from .errors import WixError, invalid, not_found
from .events import envelope
from .shop import FIELDS
from .site import Site

ITEM_FILTERS = set(FIELDS["items_v3"])
REASONS = ("ORDER", "MANUAL", "REVERT_INVENTORY_CHANGE", None)


@route("GET", "/stores/v3/inventory-items/query")
@route("POST", "/stores/v3/inventory-items/query")
def query_items(call: Call) -> dict:
    only(call.site, "v3")
    sortable = ITEM_FILTERS - {"locationId"}
    rows, paging = cursor_page(
        call.site.items,
        call.body.get("query") or {},
        filters=ITEM_FILTERS,
        sortable=sortable,
        default=("createdDate", False),
        limits=(100, 1000),
    )
    return {"inventoryItems": rows, "pagingMetadata": paging}


@route("GET", "/stores/v3/inventory-items/search")
@route("POST", "/stores/v3/inventory-items/search")
def search_items(call: Call) -> dict:
    only(call.site, "v3")
    search = call.body.get("search") or {}
    table, text = call.site.items, ((search.get("search") or {}).get("expression") or "").lower()
    if text:
        table = Table()
        for row in call.site.items:
            if any(text in str(row["product"].get(name, "")).lower() for name in ("name", "variantName", "variantSku")):
                table.put(row["id"], row)
    rows, paging = cursor_page(
        table, search, filters=ITEM_FILTERS, sortable=ITEM_FILTERS, default=("createdDate", True), limits=(100, 1000)
    )
    return {"inventoryItems": rows, "pagingMetadata": paging}


def item_of(site: Site, uid: Any) -> dict:
    if uid not in site.items.rows:
        error = not_found("inventory item", "NOT_FOUND")
        error.uid = str(uid or "")
        raise error
    return site.items.rows[uid]


@route("GET", "/stores/v3/inventory-items/{id}")
def get_item(call: Call) -> dict:
    only(call.site, "v3")
    return {"inventoryItem": item_of(call.site, call.ids["id"])}


def counted(quantity: int) -> dict[str, Any]:
    status = "IN_STOCK" if quantity > 0 else "OUT_OF_STOCK"
    return {"quantity": quantity, "trackQuantity": True, "availabilityStatus": status}


def levels(wanted: dict) -> dict[str, Any]:
    """What a request sets: a quantity (then it is tracked) or only whether there is stock (then it is not)."""
    if "quantity" in wanted:
        quantity = wanted["quantity"]
        if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity > 99999:
            raise invalid("inventoryItem.quantity", "must be between 0 and 99999", "OUT_OF_RANGE")
        if quantity < 0:
            raise WixError(
                400, "requested quantity must not be negative", "REQUESTED_QUANTITY_MUST_BE_NON_NEGATIVE_DECREASING"
            )
        return counted(quantity)
    if "inStock" in wanted:
        return {
            "inStock": bool(wanted["inStock"]),
            "trackQuantity": False,
            "availabilityStatus": "IN_STOCK" if wanted["inStock"] else "OUT_OF_STOCK",
        }
    return {}


def set_item(site: Site, wanted: dict, name: str = "set_stock", revision: bool = True) -> dict:
    """Change one item as another program asks; with a revision other than the stored one: 409."""
    old = item_of(site, wanted.get("id"))
    try:
        if revision and str(wanted.get("revision", "")) != old["revision"]:
            text = (
                "entity has already changed since the requested revision"
                if wanted.get("revision")
                else "revision must be sent"
            )
            raise WixError(409, text, "CONFLICT", {"currentRevision": old["revision"]})
        new = levels(wanted) or {key: old[key] for key in ("quantity", "inStock") if key in old}
    except WixError as problem:
        problem.uid = old["id"]
        raise
    item = keep_item(site, old, new)
    place = next(row["name"] for row in site.stores_locations if row["id"] == item["locationId"])
    sku = item["product"].get("variantSku") or item["variantId"]
    site.note(name, sku=sku, place=place, level=item.get("quantity", item.get("inStock")))
    return item


def keep_item(site: Site, old: dict, new: dict[str, Any]) -> dict:
    """Store an item's new levels under its next revision, and tell the webhooks."""
    kept = {key: value for key, value in old.items() if key not in ("quantity", "inStock")}
    item = {**kept, **new, "revision": str(int(old["revision"]) + 1), "updatedDate": site.now()}
    site.put_item(item)
    product = site.products.rows[item["productId"]]
    variant = next(variant for variant in product["variants"] if variant["id"] == item["variantId"])
    places = [find_item(site, variant["id"], row["id"]) for row in site.stores_locations]
    there = [row for row in places if row is not None]
    quantities = [row["quantity"] for row in there if "quantity" in row]
    if quantities:
        variant["quantity"] = sum(quantities)
    variant["inStock"] = any(row.get("inStock", True) for row in there)
    product["track"] = bool(quantities)
    site.put_product(product, stock_only=True)
    event = envelope(site, "wix.stores.catalog.v3.inventory_item", "updated", item["id"], item["updatedDate"])
    site.raise_event("wix.stores.catalog.v3.inventory_item_updated", {**event, "updatedEvent": {"currentEntity": item}})
    return item


@route("PATCH", "/stores/v3/inventory-items/{id}", write=True)
def update_item(call: Call) -> dict:
    only(call.site, "v3")
    return {"inventoryItem": set_item(call.site, {**require(call.body, "inventoryItem"), "id": call.ids["id"]})}


def _bulk(call: Call, field: str, top: int, work: Callable[[dict], dict]) -> dict:
    only(call.site, "v3")
    if call.body.get("reason") not in REASONS:
        raise invalid("reason", f"must be one of {REASONS[:-1]}", "INVALID_ENUM_VALUE")

    def one(row: dict) -> tuple[str, dict]:
        item = work(row)
        return item["id"], {"item": item} if call.body.get("returnEntity") else {}

    return bulk(call.body.get(field, []), one, top, field, call.faults)


@route("POST", "/stores/v3/bulk/inventory-items/update", write=True)
def bulk_update(call: Call) -> dict:
    return _bulk(call, "inventoryItems", 1000, lambda row: set_item(call.site, require(row, "inventoryItem")))


def create_item(site: Site, wanted: dict) -> dict:
    place = wanted.get("locationId") or site.stores_locations[0]["id"]
    product = site.products.rows.get(wanted.get("productId", ""))
    variant = next(
        (variant for variant in (product or {}).get("variants", []) if variant["id"] == wanted.get("variantId")), None
    )
    if product is None or variant is None or place not in {row["id"] for row in site.stores_locations}:
        raise not_found("variant or location", "NOT_FOUND")
    if find_item(site, variant["id"], place):
        raise WixError(409, "there is an item for this variant and location", "ITEM_ALREADY_EXISTS")
    levels(wanted)  # refused before anything is made
    item = add_item(site, product, variant, place, site.now(), 0)
    return set_item(site, {**wanted, "id": item["id"]}, "create_item", revision=False)


def find_item(site: Site, variant: str, place: str) -> dict | None:
    return site.items.rows.get(site.item_ids.get((variant, place), ""))


@route("POST", "/stores/v3/inventory-items", write=True)
def create_one(call: Call) -> dict:
    only(call.site, "v3")
    return {"inventoryItem": create_item(call.site, require(call.body, "inventoryItem"))}


@route("POST", "/stores/v3/bulk/inventory-items/create", write=True)
def bulk_create(call: Call) -> dict:
    return _bulk(call, "inventoryItems", 1000, lambda row: create_item(call.site, row))


def adjust(call: Call, field: str, unit: str, sign: int) -> dict:
    def work(row: dict) -> dict:
        item = item_of(call.site, row.get("inventoryItemId"))
        if "quantity" not in item:
            raise WixError(400, "the item is not tracked", "INVENTORY_QUANTITY_NOT_TRACKED")
        target = item["quantity"] + sign * row.get(unit, 0)
        if target < 0:
            raise WixError(400, "not enough stock", "INSUFFICIENT_INVENTORY")
        return set_item(call.site, {"id": item["id"], "quantity": target}, "adjust_stock", revision=False)

    return _bulk(call, field, 300, work)


@route("POST", "/stores/v3/bulk/inventory-items/increment", write=True)
def bulk_increment(call: Call) -> dict:
    return adjust(call, "incrementData", "incrementBy", 1)


@route("POST", "/stores/v3/bulk/inventory-items/decrement", write=True)
def bulk_decrement(call: Call) -> dict:
    return adjust(call, "decrementData", "decrementBy", -1)
