"""Ecwid products: search, read, write, deletion."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

from integrations.sandbox.tables import sort_key

from . import combinations, stock
from .api import Call, page, read_fields, route, trim
from .errors import EcwidError, wrong
from .goods import check_skus, check_types, drop, keep, noted, product_of, refuse_places
from .orders import dropped
from .store import Store
from .wire import dump, num, stamp

SORTS: dict[str, tuple[tuple[str, ...], bool]] = {  # fields, descending
    "RELEVANCE": (("createTimestamp", "id"), True),
    "DEFINED_BY_STORE_OWNER": (("createTimestamp", "id"), True),
    "ADDED_TIME_DESC": (("createTimestamp", "id"), True),
    "ADDED_TIME_ASC": (("createTimestamp", "id"), False),
    "UPDATED_TIME_DESC": (("updateTimestamp", "id"), True),
    "UPDATED_TIME_ASC": (("updateTimestamp", "id"), False),
    "NAME_ASC": (("name",), False),
    "NAME_DESC": (("name",), True),
    "PRICE_ASC": (("price",), False),
    "PRICE_DESC": (("price",), True),
}
READ_ONLY = {
    *("id", "created", "updated", "createTimestamp", "updateTimestamp", "url", "inStock", "combinations"),
    *("defaultCombinationId", "defaultDisplayedPrice", "priceInProductList", "categories", "locationInventory"),
    *("imageUrl", "thumbnailUrl", "smallThumbnailUrl", "hdThumbnailUrl", "originalImageUrl", "media", "galleryImages"),
}
COMBINATIONS_TOP = 200
BEYOND = (9,)  # after every id in an index

Test = Callable[[dict], bool]


# Searching and reading.


@route("GET", "/products", "read_catalog")
def search_products(call: Call) -> bytes:
    store = call.store
    if uids := call.words("productId"):
        return page(call, [store.products.rows[uid] for uid in uids if uid in store.products.rows], wire_of(call))
    if sku := call.query.get("sku"):
        holders = dict.fromkeys(str(uid) for uid, _ in store.skus.get(sku, ()))
        return page(call, [store.products.rows[uid] for uid in holders], wire_of(call))
    fields, descending = sort_of(call)
    condition, tests = condition_of(call), tests_of(call)
    if not tests and set(condition) <= {fields[0]}:
        return page_of(call, *sliced(call, fields, descending, condition.get(fields[0], {})))
    rows = [row for _, row in store.products.walk(condition, fields, descending, None) if all(t(row) for t in tests)]
    return page(call, rows, wire_of(call))


def sort_of(call: Call) -> tuple[tuple[str, ...], bool]:
    name = call.query.get("sortBy") or "RELEVANCE"
    if name not in SORTS:
        raise wrong(f"Wrong value of sortBy: {name}")
    return SORTS[name]


def sliced(call: Call, fields: tuple[str, ...], descending: bool, bounds: dict[str, int]) -> tuple[list[dict], int]:
    """A page by the index alone, and how many products there are between the bounds of what is sorted by."""
    products, offset = call.store.products, call.number("offset", 0)
    entries = products.index(fields)
    low = bisect_left(entries, (sort_key(bounds["$gte"]),)) if "$gte" in bounds else 0
    high = bisect_right(entries, (sort_key(bounds["$lte"]), BEYOND)) if "$lte" in bounds else len(entries)
    total = max(0, high - low)
    start, stop = offset, min(offset + call.limit(), total)
    if descending:
        some = entries[max(low, high - stop) : max(low, high - start)][::-1]
    else:
        some = entries[low + start : low + stop]
    return [products.rows[entry[-1]] for entry in some], total


def page_of(call: Call, rows: list[dict], total: int) -> bytes:
    head = {"total": total, "count": len(rows), "offset": call.number("offset", 0), "limit": call.limit()}
    return dump(head)[:-1] + b',"items":[' + b",".join(map(wire_of(call), rows)) + b"]}"


def condition_of(call: Call) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for field, names in (
        ("createTimestamp", ("createdFrom", "createdTo")),
        ("updateTimestamp", ("updatedFrom", "updatedTo")),
    ):
        for name, operator in zip(names, ("$gte", "$lte"), strict=True):
            if (bound := call.time(name)) is not None:
                found.setdefault(field, {})[operator] = bound
    return found


def tests_of(call: Call) -> list[Test]:
    asked = call.query
    tests: list[Test] = []
    if keyword := asked.get("keyword", "").lower():
        tests.append(lambda product: holds(product, keyword))
    if reference := asked.get("externalReferenceId"):
        tests.append(lambda product: product.get("externalReferenceId") == reference)
    if "enabled" in asked:
        enabled = call.flag("enabled")
        tests.append(lambda product: product["enabled"] == enabled)
    if "inStock" in asked or "inventory" in asked:
        there = call.flag("inStock") if "inStock" in asked else asked["inventory"] == "instock"
        tests.append(lambda product: stock.in_stock(product) == there)
    if "isGiftCard" in asked:
        gift = call.flag("isGiftCard")
        tests.append(lambda product: product.get("isGiftCard", False) == gift)
    for name, least in (("priceFrom", True), ("priceTo", False)):
        if name in asked:
            tests.append(price_test(asked[name], least))
    return tests


def holds(product: dict, keyword: str) -> bool:
    """A word that begins with the keyword, where that ends with a star; else the keyword anywhere."""
    texts = [product["name"], product.get("sku", ""), *(one.get("sku", "") for one in product["combinations"])]
    if keyword.endswith("*"):
        return any(word.startswith(keyword[:-1]) for text in texts for word in (text.lower(), *text.lower().split()))
    return any(keyword in text.lower() for text in texts)


def price_test(text: str, least: bool) -> Test:
    try:
        bound = float(text)
    except ValueError:
        raise wrong("Wrong value of price") from None
    return lambda product: product["price"] >= bound if least else product["price"] <= bound


def shown(product: dict) -> dict[str, Any]:
    """As it goes over the wire: with what follows from its own fields."""
    price = {"priceInProductList": product["price"], "defaultDisplayedPrice": product["price"]}
    variations = [combinations.shown(product, one) for one in product["combinations"]]
    return {**product, **price, "inStock": stock.in_stock(product), "combinations": variations}


def wire(product: dict) -> bytes:
    return dump(shown(product))


def wire_of(call: Call) -> Callable[[dict], bytes]:
    """Without the fields that nobody asked for; making them only to throw them away would double a page's time."""
    wanted = read_fields(call.query.get("responseFields", "")).get("items")
    return (lambda product: dump(trim(shown(product), wanted))) if wanted else wire


@route("GET", "/products/{product}", "read_catalog")
def get_product(call: Call) -> bytes:
    return wire(product_of(call.store, call.ids["product"]))


@route("GET", "/products/deleted", "read_catalog")
def deleted_products(call: Call) -> bytes:
    return page(call, dropped(call, call.store.deleted_products))


# Writing.


@route("POST", "/products", "create_catalog")
def create_product(call: Call) -> dict:
    sent, store = call.record(), call.store
    if not isinstance(sent.get("name"), str) or not sent["name"]:
        raise wrong("name is required")
    uid = store.count_on("next_product")
    at = store.now()
    product = {**blank(store, uid, at), "sku": f"{uid % 100000:05d}"}
    product.update(changed(call, product, stock.tracked_if_counted(sent)))
    if call.flag("saveCombinations"):
        product["combinations"] = combinations.made_of(call, product, sent.get("combinations", []))
    check_skus(store, product)
    store.note("create_product", sku=product["sku"])
    store.put_product(product)
    store.raise_event("product.created", uid)
    return {"id": uid}


def blank(store: Store, uid: int, at: int) -> dict[str, Any]:
    """A product of which nothing is known yet."""
    return {
        "id": uid,
        "sku": "",
        "unlimited": True,
        "name": "",
        "price": 0,
        "isShippingRequired": True,
        "weight": 0,
        "url": f"{store.url}/products/{uid}",
        "created": stamp(at),
        "updated": stamp(at),
        "createTimestamp": at,
        "updateTimestamp": at,
        "productClassId": 0,
        "enabled": True,
        "options": [],
        "warningLimit": 0,
        "fixedShippingRateOnly": False,
        "fixedShippingRate": 0,
        "shipping": SHIPPING,
        "tax": TAX,
        "defaultCombinationId": 0,
        "description": "",
        "galleryImages": [],
        "media": {"images": [], "videos": []},
        "categoryIds": [],
        "defaultCategoryId": 0,
        "attributes": [],
        "files": [],
        "relatedProducts": RELATED,
        "combinations": [],
        "dimensions": {"length": 0, "width": 0, "height": 0},
        "volume": 0,
        "isSampleProduct": False,
        "isGiftCard": False,
        "discountsAllowed": True,
        "nameYourPriceEnabled": False,
        "productCondition": "NEW",
        "outOfStockVisibilityBehaviour": "SHOW",
    }


SHIPPING = {"type": "GLOBAL_METHODS", "methodMarkup": 0, "flatRate": 0, "disabledMethods": [], "enabledMethods": []}
TAX = {"taxable": True, "enabledManualTaxes": [], "taxClassCode": "default"}
RELATED = {"productIds": [], "relatedCategory": {"enabled": False, "categoryId": 0, "productCount": 5}}


def changed(call: Call, product: dict, sent: dict) -> dict[str, Any]:
    """What a write changes of a product. EcwidError where Ecwid refuses it."""
    refuse_places(call.store, sent)
    check_types(sent)
    if len(sent.get("combinations", [])) > COMBINATIONS_TOP:
        code = "COMBINATION_LIMIT_PER_REQUEST_EXCEEDED"
        raise EcwidError(400, f"No more than {COMBINATIONS_TOP} combinations in a request", code)
    after = {**product, **{name: value for name, value in sent.items() if name not in READ_ONLY}}
    for name in ("price", "costPrice", "compareToPrice", "weight"):
        if isinstance(after.get(name), float):
            after[name] = num(after[name]) if name != "weight" else after[name]
    if call.store.pos_linked and "locationInventory" in sent:
        after["locationInventory"] = sent["locationInventory"]
    return stock.settled(product, after, sent)


@route("PUT", "/products/{product}", "update_catalog")
def put_product(call: Call) -> dict:
    product, sent, store = product_of(call.store, call.ids["product"]), call.record(), call.store
    after = changed(call, product, sent)
    if call.flag("saveCombinations") and "combinations" in sent:
        after["combinations"] = combinations.made_of(call, after, sent["combinations"])
    after = stock.same_follow(after, sent)
    check_skus(store, after)
    store.note("update_product", sku=after.get("sku", ""), sent=noted(sent))
    keep(store, after)
    more = {"item": shown(after)} if call.flag("returnItem") else {}
    return {"updateCount": 1, **more}


@route("DELETE", "/products/{product}", "update_catalog")
def delete_product(call: Call) -> dict:
    product = product_of(call.store, call.ids["product"])
    call.store.note("delete_product", sku=product.get("sku", ""))
    drop(call.store, product)
    return {"deleteCount": 1}


@route("PUT", "/products/{product}/inventory", "update_catalog")
def change_quantity(call: Call) -> dict:
    product = product_of(call.store, call.ids["product"])
    delta = stock.delta_of(call.record())
    if product["unlimited"]:
        raise wrong("The product's stock is unlimited")
    after = stock.same_follow({**product, "quantity": product["quantity"] + delta}, {"quantity": 0})
    call.store.note("change_quantity", sku=product.get("sku", ""), delta=delta)
    keep(call.store, after)
    return stock.counted(after["quantity"], "Product")
