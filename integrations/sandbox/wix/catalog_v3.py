"""Wix Stores catalogue V3: products, variants, stock per variant and place, with revisions."""

from collections.abc import Callable
from typing import Any

from integrations.sandbox.tables import Table

from .api import Call, bulk, cursor_page, require, route
from .catalog_v1 import IMAGE, only
from .demo import add_item
from .errors import WixError, invalid, not_found
from .events import envelope
from .shop import FIELDS
from .site import Site

PRODUCT_FILTERS = set(FIELDS["products_v3"])
PRODUCT_SORTS = {"createdDate", "updatedDate", "slug", "visible"}
ITEM_FILTERS = set(FIELDS["items_v3"])
EXTRAS = set(FIELDS["product_extras_v3"])
REASONS = ("ORDER", "MANUAL", "REVERT_INVENTORY_CHANGE", None)


def amount(price: float) -> dict[str, str]:
    return {"amount": f"{price:.2f}"}


def in_stock(site: Site, variant: dict) -> bool:
    return variant["inStock"] and variant["quantity"] > 0


def variant_wire(site: Site, product: dict, variant: dict, names: bool = True) -> dict[str, Any]:
    choices = []
    for option in product["options"]:
        chosen = next(choice for choice in option["choices"] if choice["name"] == variant["choices"][option["name"]])
        row: dict[str, Any] = {"optionChoiceIds": {"optionId": option["id"], "choiceId": chosen["id"]}}
        if names:
            row["optionChoiceNames"] = {
                "optionName": option["name"],
                "choiceName": chosen["name"],
                "renderType": "TEXT_CHOICES",
            }
        choices.append(row)
    wire = {
        "id": variant["id"],
        "visible": variant["visible"],
        "choices": choices,
        "price": {"actualPrice": amount(variant["price"])},
        "physicalProperties": {"weight": variant["weight"]},
        "inventoryStatus": {"inStock": in_stock(site, variant) or not product["track"], "preorderEnabled": False},
    }
    if variant["sku"]:
        wire["sku"] = variant["sku"]
    return wire


def product_wire(site: Site, product: dict, extras: list[str], variants: bool) -> dict[str, Any]:
    for name in extras:
        if name not in EXTRAS:
            raise invalid("fields", f"{name} is not a known field", "INVALID_ENUM_VALUE")
    prices = [variant["price"] for variant in product["variants"]]
    available = [in_stock(site, variant) or not product["track"] for variant in product["variants"]]
    physical = product["type"] == "physical"
    weights = [variant["weight"] for variant in product["variants"]]
    media = {
        "id": IMAGE["url"].rpartition("/")[2],
        "url": IMAGE["url"],
        "mediaType": "IMAGE",
        "uploadId": "",
        "image": {"id": "image.jpg", **IMAGE},
    }
    wire: dict[str, Any] = {
        "id": product["id"],
        "revision": product["revision"],
        "createdDate": product["createdDate"],
        "updatedDate": product["updatedDate"],
        "name": product["name"],
        "slug": product["slug"],
        "handle": product["slug"],
        "visible": product["visible"],
        "visibleInPos": True,
        "productType": "PHYSICAL" if physical else "DIGITAL",
        "inventory": {
            "availabilityStatus": "IN_STOCK"
            if all(available)
            else "PARTIALLY_OUT_OF_STOCK"
            if any(available)
            else "OUT_OF_STOCK",
            "preorderStatus": "DISABLED",
            "preorderAvailability": "NO_VARIANTS",
        },
        "actualPriceRange": {"minValue": amount(min(prices)), "maxValue": amount(max(prices))},
        "media": {"main": media},
        "options": [
            {
                "id": option["id"],
                "name": option["name"],
                "key": option["name"],
                "optionRenderType": "TEXT_CHOICES",
                "choicesSettings": {
                    "choices": [
                        {
                            "choiceId": choice["id"],
                            "name": choice["name"],
                            "key": choice["name"],
                            "choiceType": "CHOICE_TEXT",
                            "inStock": True,
                            "visible": True,
                        }
                        for choice in option["choices"]
                    ]
                },
            }
            for option in product["options"]
        ],
        "modifiers": [],
        "infoSections": [],
        "additionalRibbons": [],
        "variantSummary": {"variantCount": len(product["variants"])},
        "seoData": {"tags": []},
    }
    if physical:
        wire["physicalProperties"] = {"shippingWeightRange": {"minValue": min(weights), "maxValue": max(weights)}}
    if "CURRENCY" in extras:
        wire["currency"] = site.currency
    if "URL" in extras:
        wire["url"] = {
            "relativePath": f"/product-page/{product['slug']}",
            "url": f"{site.url}/product-page/{product['slug']}",
        }
    if "PLAIN_DESCRIPTION" in extras:
        wire["plainDescription"] = f"<p>{product['name']}</p>"
    if "MEDIA_ITEMS_INFO" in extras:
        wire["media"]["itemsInfo"] = {"items": [media]}
    if variants:
        wire["variantsInfo"] = {"variants": [variant_wire(site, product, variant) for variant in product["variants"]]}
    return wire


@route("GET", "/stores/v3/products/query")
@route("POST", "/stores/v3/products/query")
def query_products(call: Call) -> dict:
    only(call.site, "v3")
    return _products(call, call.body.get("query") or {}, ("createdDate", False))


@route("GET", "/stores/v3/products/search")
@route("POST", "/stores/v3/products/search")
def search_products(call: Call) -> dict:
    only(call.site, "v3")
    return _products(call, call.body.get("search") or {}, ("createdDate", True))


def _products(call: Call, query: dict, default: tuple[str, bool]) -> dict:
    rows, paging = cursor_page(
        call.site.products, query, filters=PRODUCT_FILTERS, sortable=PRODUCT_SORTS, default=default, limits=(100, 100)
    )
    extras = call.many("fields")
    return {
        "products": [product_wire(call.site, row, extras, variants=False) for row in rows],
        "pagingMetadata": paging,
    }


@route("POST", "/stores/v3/products/count")
def count_products(call: Call) -> dict:
    only(call.site, "v3")
    return {"count": len(call.site.products)}


@route("GET", "/stores/v3/products/{id}")
def get_product(call: Call) -> dict:
    only(call.site, "v3")
    row = call.site.products.rows.get(call.ids["id"])
    if row is None:
        raise not_found("product", "PRODUCT_NOT_FOUND")
    return {"product": product_wire(call.site, row, call.many("fields"), variants=True)}


@route("GET", "/stores/v3/products/slug/{slug}")
def get_product_by_slug(call: Call) -> dict:
    only(call.site, "v3")
    row = next((row for row in call.site.products if row["slug"] == call.ids["slug"]), None)
    if row is None:
        raise not_found("product", "PRODUCT_NOT_FOUND")
    return {"product": product_wire(call.site, row, call.many("fields"), variants=True)}


@route("GET", "/stores/v3/products/query-variants")
@route("POST", "/stores/v3/products/query-variants")
def query_variants(call: Call) -> dict:
    only(call.site, "v3")
    filters = {"id", "productData.productId", "variantId"}
    rows, paging = cursor_page(
        variants_of(call.site),
        call.body.get("query") or {},
        filters=filters,
        sortable={"id"},
        default=("place", False),
        limits=(100, 1000),
    )
    return {"variants": [show_variant(call.site, row) for row in rows], "pagingMetadata": paging}


@route("GET", "/stores/v3/products/search-variants")
@route("POST", "/stores/v3/products/search-variants")
def search_variants(call: Call) -> dict:
    only(call.site, "v3")
    search = call.body.get("search") or {}
    table = variants_of(call.site)
    if text := ((search.get("search") or {}).get("expression") or "").lower():
        found = Table()
        for row in table:
            if text in row["sku"].lower() or text in row["productName"].lower():
                found.put(row["id"], row)
        table = found
    filters = {"id", "productData.productId", "variantId", "sku", "barcode"}
    rows, paging = cursor_page(
        table, search, filters=filters, sortable={"id", "sku"}, default=("place", False), limits=(100, 1000)
    )
    return {"variants": [show_variant(call.site, row) for row in rows], "pagingMetadata": paging}


def variants_of(site: Site) -> Table:
    """The read-only variants of all products, made anew when products changed."""
    if site.variants is None:
        site.variants = Table()
        for product in site.products:
            for position, variant in enumerate(product["variants"]):
                row = {
                    "id": variant["id"],
                    "variantId": variant["id"],
                    "sku": variant["sku"],
                    "place": f"{product['numericId']}/{position:04d}",
                }
                site.variants.put(
                    row["id"], {**row, "productName": product["name"], "productData": {"productId": product["id"]}}
                )
    return site.variants


def show_variant(site: Site, row: dict) -> dict[str, Any]:
    product = site.products.rows[row["productData"]["productId"]]
    variant = next(variant for variant in product["variants"] if variant["id"] == row["id"])
    wire = variant_wire(site, product, variant)
    wire["optionChoices"] = wire.pop("choices")
    wire["variantId"] = variant["id"]
    wire["productData"] = {
        "productId": product["id"],
        "productType": "PHYSICAL" if product["type"] == "physical" else "DIGITAL",
        "name": product["name"],
        "slug": product["slug"],
        "visible": product["visible"],
    }
    wire.update(createdDate=product["createdDate"], updatedDate=product["updatedDate"])
    return wire


# Stock.


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
        return {
            "quantity": quantity,
            "trackQuantity": True,
            "availabilityStatus": "IN_STOCK" if quantity else "OUT_OF_STOCK",
        }
    if "inStock" in wanted:
        return {
            "inStock": bool(wanted["inStock"]),
            "trackQuantity": False,
            "availabilityStatus": "IN_STOCK" if wanted["inStock"] else "OUT_OF_STOCK",
        }
    return {}


def set_item(site: Site, wanted: dict, name: str = "set_stock", revision: bool = True) -> dict:
    """Change one item; with a revision other than the stored one: 409."""
    old = item_of(site, wanted.get("id"))
    try:
        if revision and str(wanted.get("revision", "")) != old["revision"]:
            text = (
                "entity has already changed since the requested revision"
                if wanted.get("revision")
                else "revision must be sent"
            )
            raise WixError(409, text, "CONFLICT", {"currentRevision": old["revision"]})
        kept = {key: value for key, value in old.items() if key not in ("quantity", "inStock")}
        new = levels(wanted) or {key: old[key] for key in ("quantity", "inStock") if key in old}
    except WixError as problem:
        problem.uid = old["id"]
        raise
    item = {**kept, **new, "revision": str(int(old["revision"]) + 1), "updatedDate": site.now()}
    site.put_item(item)
    product = site.products.rows[item["productId"]]
    variant = next(variant for variant in product["variants"] if variant["id"] == item["variantId"])
    if item["locationId"] == site.stores_locations[0]["id"]:
        variant.update(quantity=item.get("quantity", variant["quantity"]), inStock=item.get("inStock", True))
        product["track"] = item["trackQuantity"]
        site.put_product(product)
    site.note(name, sku=variant["sku"] or variant["id"], level=item.get("quantity", item.get("inStock")))
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

    return bulk(call.body.get(field, []), one, top, field)


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
    item = add_item(site, product, variant, place, site.now())
    return set_item(site, {**wanted, "id": item["id"]}, "create_item", revision=False)


def find_item(site: Site, variant: str, place: str) -> dict | None:
    return next((row for row in site.items if row["variantId"] == variant and row["locationId"] == place), None)


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
