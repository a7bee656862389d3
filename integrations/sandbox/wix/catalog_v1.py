"""Wix Stores catalogue V1: products and variants."""

import json
from collections.abc import Callable
from typing import Any

from integrations.sandbox.tables import Table, at_path, matches

from .api import Call, checked, read_limit, read_sort, route
from .errors import WixError, invalid, not_found
from .shop import FIELDS, SYMBOLS
from .site import Site

WINDOW = 10_000  # as far as offset paging goes
FILTERS = set(FIELDS["products_v1"])
SORTABLE = FILTERS - {"createdDate", "description", "collectionIds"}
IMAGE: dict[str, Any] = {
    "url": "https://static.wixstatic.com/media/nsplsh_5033504669385448625573~mv2_d_6000_3376_s_4_2.jpg",
    "width": 6000,
    "height": 3376,
}


def price_data(site: Site, price: float) -> dict[str, Any]:
    text = f"{SYMBOLS.get(site.currency, '')}{price:.2f}"
    return {
        "currency": site.currency,
        "price": price,
        "discountedPrice": price,
        "formatted": {"price": text, "discountedPrice": text},
    }


def stock(product: dict, variant: dict) -> dict[str, Any]:
    if not product["track"]:
        return {"trackQuantity": False, "inStock": variant["inStock"]}
    return {"trackQuantity": True, "quantity": variant["quantity"], "inStock": variant["quantity"] > 0}


def variant_wire(site: Site, product: dict, variant: dict) -> dict[str, Any]:
    price = price_data(site, variant["price"])
    inner = {
        "priceData": price,
        "convertedPriceData": price,
        "weight": variant["weight"],
        "sku": variant["sku"],
        "visible": variant["visible"],
    }
    return {"id": variant["id"], "choices": variant["choices"], "variant": inner, "stock": stock(product, variant)}


def is_managed(product: dict) -> bool:
    """Whether each combination of its options is a variant with an SKU and a price of its own."""
    return bool(product["options"]) and product.get("managed", True)


def description_of(product: dict) -> str:
    return product.get("description", f"<p>{product['name']}</p>")


def product_wire(site: Site, product: dict, variants: bool = False) -> dict[str, Any]:
    first, managed = product["variants"][0], is_managed(product)
    available = [stock(product, variant)["inStock"] for variant in product["variants"]]
    status = "IN_STOCK" if all(available) else "PARTIALLY_OUT_OF_STOCK" if any(available) else "OUT_OF_STOCK"
    total: dict[str, Any] = {"trackInventory": product["track"], "inStock": any(available), "inventoryStatus": status}
    if product["track"]:
        total["quantity"] = sum(variant["quantity"] for variant in product["variants"])
    prices = [variant["price"] for variant in product["variants"]]
    media = {
        "image": IMAGE,
        "thumbnail": {**IMAGE, "width": 50, "height": 50},
        "mediaType": "image",
        "title": "",
        "id": IMAGE["url"].rpartition("/")[2],
    }
    wire = {
        "id": product["id"],
        "name": product["name"],
        "slug": product["slug"],
        "visible": product["visible"],
        "productType": product["type"],
        "description": description_of(product),
        "sku": "" if managed else first["sku"],
        "weight": first["weight"],
        "weightRange": {"minValue": first["weight"], "maxValue": first["weight"]},
        "stock": total,
        "price": price_data(site, min(prices)),
        "priceData": price_data(site, min(prices)),
        "convertedPriceData": price_data(site, min(prices)),
        "priceRange": {"minValue": min(prices), "maxValue": max(prices)},
        "additionalInfoSections": [],
        "ribbons": [],
        "ribbon": "",
        "media": {"mainMedia": media, "items": [media]},
        "customTextFields": [{"title": product["engraving"], "maxLength": 200, "mandatory": False}]
        if product["engraving"]
        else [],
        "manageVariants": managed,
        "productOptions": [
            {
                "optionType": "color" if option["name"] == "Color" else "drop_down",
                "name": option["name"],
                "choices": [
                    {"value": choice["name"], "description": choice["name"], "inStock": True, "visible": True}
                    for choice in option["choices"]
                ],
            }
            for option in product["options"]
        ],
        "productPageUrl": {"base": f"{site.url}/", "path": f"/product-page/{product['slug']}"},
        "numericId": product["numericId"],
        "inventoryItemId": product["inventoryId"],
        "discount": {"type": "NONE", "value": 0},
        "collectionIds": ["00000000-000000-000000-000000000001"],
        "variants": [],
        "lastUpdated": product["updatedDate"],
        "createdDate": product["createdDate"],
        "seoData": {"tags": []},
    }
    if variants:
        wire["variants"] = [variant_wire(site, product, variant) for variant in product["variants"]]
    return wire


def only(site: Site, catalog: str) -> None:
    """Refuse a call of the other catalogue."""
    if site.catalog != catalog:
        wanted = "V1_CATALOG" if site.v3 else "V3_CATALOG"
        raise WixError(
            428,
            f"this site does not use {wanted}",
            "WRONG_CATALOG_VERSION",
            {"catalogVersion": "V3_CATALOG" if site.v3 else "V1_CATALOG"},
        )


def read_text(query: dict) -> tuple[dict, list | None]:
    """Filter and sort of a plain V1 query: JSON text inside a string."""
    read: list[Any] = []
    for name in ("filter", "sort"):
        text = query.get(name) or ("{}" if name == "filter" else "[]")
        try:
            read.append(json.loads(text) if isinstance(text, str) else None)
        except ValueError:
            read.append(None)
        if read[-1] is None:
            raise invalid(f"query.{name}", "must be JSON text", "INVALID_ARGUMENT")
    sort = [{"fieldName": name, "order": str(order).upper()} for entry in read[1] for name, order in entry.items()]
    return read[0], sort


def window(paging: dict, field: str = "query.paging") -> tuple[int, int]:
    limit, offset = read_limit(paging, 100, 100, field), paging.get("offset") or 0
    if offset + limit > WINDOW:
        raise invalid(f"{field}.offset", f"offset and limit together must not pass {WINDOW}", "MAX", threshold=WINDOW)
    return limit, offset


def find(
    call: Call, condition: dict, sort: list | None, paging: dict, hidden: bool, wire: Callable[[dict], dict]
) -> tuple[list[dict], int, int]:
    """(rows in wire form, offset, total) of a V1 query."""
    limit, offset = window(paging)
    fields, descending = read_sort(sort, SORTABLE | {"productId", "inventoryItemId"}, ("numericId", False))
    if not hidden:
        condition = {**condition, "visible": True} if "visible" not in condition else condition
    products: Table = call.site.products
    if "lastUpdated" in condition:
        condition = {"updatedDate" if name == "lastUpdated" else name: value for name, value in condition.items()}
    own_columns = ("id", "name", "slug", "numericId", "visible", "updatedDate")
    plain = {name: value for name, value in condition.items() if name in own_columns}
    own = fields if all(field in ("id", "name", "slug", "numericId") for field in fields) else ("numericId",)
    if len(plain) == len(condition) and own == fields:
        rows, total = products.offset(plain, fields, descending, offset, limit)
        return [wire(row) for row in rows], offset, total
    shown = Table()
    for row in products:
        if matches(full := wire(row), condition, at_path) and (hidden or row["visible"]):
            shown.put(row["id"], full)
    rows, total = shown.offset({}, fields, descending, offset, limit)
    return rows, offset, total


@route("POST", "/stores-reader/v1/products/query", "/stores/v1/products/query")
def query_products(call: Call) -> dict:
    only(call.site, "v1")
    query = call.body.get("query") or {}
    condition, sort = read_text(query)
    checked(condition, FILTERS)
    variants = bool(call.body.get("includeVariants"))
    rows, offset, total = find(
        call,
        condition,
        sort,
        query.get("paging") or {},
        bool(call.body.get("includeHiddenProducts")),
        lambda row: product_wire(call.site, row, variants),
    )
    return {"products": rows, "metadata": {"items": len(rows), "offset": offset}, "totalResults": total}


@route("GET", "/stores-reader/v1/products/query-platformized")
@route("POST", "/stores-reader/v1/products/query-platformized")
def query_platformized(call: Call) -> dict:
    only(call.site, "v1")
    query = call.body.get("query") or {}
    condition = checked(query.get("filter"), FILTERS)
    rows, offset, total = find(
        call,
        condition,
        query.get("sort"),
        query.get("paging") or {},
        False,
        lambda row: product_wire(call.site, row, True),
    )
    return {"products": rows, "metadata": {"count": len(rows), "offset": offset, "total": total}, "totalResults": total}


def product_of(site: Site, uid: str) -> dict:
    if uid not in site.products.rows:
        raise not_found("product", "PRODUCT_NOT_FOUND")
    return site.products.rows[uid]


@route("GET", "/stores-reader/v1/products/{id}", "/stores/v1/products/{id}")
def get_product(call: Call) -> dict:
    only(call.site, "v1")
    return {"product": product_wire(call.site, product_of(call.site, call.ids["id"]), True)}


@route("POST", "/stores-reader/v1/products/{id}/variants/query", "/stores/v1/products/{id}/variants/query")
def query_variants(call: Call) -> dict:
    only(call.site, "v1")
    product = product_of(call.site, call.ids["id"])
    wanted, ids = call.body.get("choices") or {}, call.body.get("variantIds") or []
    chosen = [
        variant_wire(call.site, product, variant)
        for variant in product["variants"]
        if all(variant["choices"].get(name) == value for name, value in wanted.items())
        and (not ids or variant["id"] in ids)
    ]
    return {"variants": chosen, "metadata": {"items": len(chosen), "offset": 0}, "totalResults": len(chosen)}


@route("POST", "/stores-reader/v1/variants/query", "/stores/v1/variants/query")
def query_store_variants(call: Call) -> dict:
    only(call.site, "v1")
    query = call.body.get("query") or {}
    condition = query.get("filter") or {}
    condition = json.loads(condition) if isinstance(condition, str) else condition
    paging = query.get("paging") or {}
    limit, offset = window(paging)
    rows = [
        {
            "id": f"{product['id']}-{variant['id']}",
            "variantId": variant["id"],
            "productId": product["id"],
            "variantName": " | ".join(variant["choices"].values()),
            "productName": product["name"],
            "managedVariant": is_managed(product),
            "sku": variant["sku"],
            "stock": stock(product, variant),
            "choices": variant["choices"],
            "collectionIds": ["00000000-000000-000000-000000000001"],
            "media": {"image": {"id": "image.jpg", **IMAGE}},
            "customFields": {},
        }
        for product in call.site.products
        for variant in product["variants"]
    ]
    rows = [
        row for row in rows if matches(row, checked(condition, {"id", "productId", "variantId", "sku", "productName"}))
    ]
    return {
        "variants": rows[offset : offset + limit],
        "metadata": {"items": len(rows[offset : offset + limit]), "offset": offset},
        "totalResults": len(rows),
    }
