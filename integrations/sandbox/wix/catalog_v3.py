"""Wix Stores catalogue V3: products and variants."""

from typing import Any

from integrations.sandbox.tables import Table

from .api import Call, cursor_page, route
from .catalog_v1 import IMAGE, description_of, only
from .errors import invalid, not_found
from .shop import FIELDS
from .site import Site

PRODUCT_FILTERS = set(FIELDS["products_v3"])
PRODUCT_SORTS = {"createdDate", "updatedDate", "slug", "visible"}
EXTRAS = set(FIELDS["product_extras_v3"])
KILOGRAMS = {"weightMeasurementUnit": "KG"}


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
    if variant.get("barcode"):
        wire["barcode"] = variant["barcode"]
    if variant.get("compareAt"):
        wire["price"]["compareAtPrice"] = amount(variant["compareAt"])
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
        if "WEIGHT_MEASUREMENT_UNIT_INFO" in extras:
            wire["physicalProperties"]["weightMeasurementUnitInfo"] = KILOGRAMS
    if "CURRENCY" in extras:
        wire["currency"] = site.currency
    if "URL" in extras:
        wire["url"] = {
            "relativePath": f"/product-page/{product['slug']}",
            "url": f"{site.url}/product-page/{product['slug']}",
        }
    if "PLAIN_DESCRIPTION" in extras:
        wire["plainDescription"] = description_of(product)
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
    extras = call.many("fields")
    return {"variants": [show_variant(call.site, row, extras) for row in rows], "pagingMetadata": paging}


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


def show_variant(site: Site, row: dict, extras: list[str] | None = None) -> dict[str, Any]:
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
    if product["type"] == "physical" and "WEIGHT_MEASUREMENT_UNIT_INFO" in (extras or ()):
        wire["productData"]["physicalProperties"] = {"weightMeasurementUnitInfo": KILOGRAMS}
    wire.update(createdDate=product["createdDate"], updatedDate=product["updatedDate"])
    return wire
