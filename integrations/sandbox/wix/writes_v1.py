"""Making and changing products of catalogue V1: options make their variants by themselves."""

import itertools
import re
from typing import Any

from .api import Call, require, route
from .catalog_v1 import description_of, is_managed, only, product_of, product_wire, variant_wire
from .errors import WixError, invalid, not_found
from .order import NO_VARIANT
from .site import Site

MOST_OPTIONS, MOST_CHOICES, MOST_VARIANTS, MOST_MANAGED = 6, 100, 1000, 300
MOST_PRICE = 999_999_999.99
EVENT = "com.wix.ecommerce.catalog.api.v1."


def text_in(field: str, value: Any, least: int, most: int) -> str:
    if not isinstance(value, str) or not least <= len(value) <= most:
        rule = "MAX_LENGTH" if isinstance(value, str) and value else "REQUIRED_FIELD"
        raise invalid(field, f"must have {least} to {most} characters", rule, threshold=most)
    return value


def price_in(field: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MOST_PRICE:
        raise invalid(field, f"must be a number between 0 and {MOST_PRICE}", "OUT_OF_RANGE")
    return value


@route("POST", "/stores/v1/products", write=True)
def create_product(call: Call) -> dict:
    only(call.site, "v1")
    site, wanted = call.site, require(call.body, "product")
    if wanted.get("productType") != "physical":
        raise invalid("product.productType", "only physical products can be created", "INVALID_ARGUMENT")
    made = site.now()
    product: dict[str, Any] = {
        "id": site.new_id(),
        "inventoryId": site.new_id(),
        "numericId": next_number(site),
        "revision": "1",
        "name": text_in("product.name", wanted.get("name"), 1, 80),
        "slug": slug_of(site, wanted["name"]),
        "type": "physical",
        "engraving": "",
        "description": "",
        "options": [],
        "managed": False,
        "variants": [],
        "track": False,
        "visible": wanted.get("visible") is not False,
        "createdDate": made,
        "updatedDate": made,
    }
    price = price_in("product.priceData.price", (wanted.get("priceData") or {}).get("price"))
    product["variants"] = [variant(site, {}, price, NO_VARIANT)]
    apply(site, product, wanted)
    site.put_product(product)
    site.note("create_product", product=product["name"], variants=len(product["variants"]), skus=skus_of(product))
    site.raise_event(f"{EVENT}ProductCreated", {"productId": product["id"]})
    return {"product": product_wire(site, product, True)}


@route("PATCH", "/stores/v1/products/{id}", write=True)
def update_product(call: Call) -> dict:
    only(call.site, "v1")
    site, product = call.site, product_of(call.site, call.ids["id"])
    product = {**product, "variants": [dict(one) for one in product["variants"]]}
    apply(site, product, require(call.body, "product"))
    store(site, product)
    site.note("update_product", product=product["name"], variants=len(product["variants"]), skus=skus_of(product))
    return {"product": product_wire(site, product, True)}


def apply(site: Site, product: dict, wanted: dict) -> None:
    """What a request says of a product; nothing is kept when a part of it is refused."""
    product.setdefault("description", description_of(product))
    if "name" in wanted:
        product["name"] = text_in("product.name", wanted["name"], 1, 80)
    if "description" in wanted:
        product["description"] = text_in("product.description", wanted["description"], 0, 8000)
    if isinstance(wanted.get("visible"), bool):
        product["visible"] = wanted["visible"]
    if wanted.get("priceData"):
        price = price_in("product.priceData.price", wanted["priceData"].get("price"))
        product["price"] = price
        if not is_managed(product):
            for one in product["variants"]:
                one["price"] = price
    if "productOptions" in wanted:
        set_options(site, product, wanted["productOptions"] or [])
    if "manageVariants" in wanted:
        set_managed(product, wanted["manageVariants"] is True)
    if "sku" in wanted and not is_managed(product):
        product["variants"][0]["sku"] = text_in("product.sku", wanted["sku"], 0, 40)
    if "weight" in wanted and not is_managed(product):
        product["variants"][0]["weight"] = wanted["weight"]


def set_options(site: Site, product: dict, wanted: list[dict]) -> None:
    """Every combination of the choices becomes a variant; those that were there stay."""
    if len(wanted) > MOST_OPTIONS:
        raise invalid("product.productOptions", f"must hold at most {MOST_OPTIONS} options", "MAX_SIZE")
    options = []
    for option in wanted:
        choices = option.get("choices") or []
        if not option.get("name") or not choices or len(choices) > MOST_CHOICES:
            raise invalid("product.productOptions.choices", f"must hold 1 to {MOST_CHOICES} choices", "MAX_SIZE")
        names = [choice.get("description") or choice.get("value") for choice in choices]
        made = [{"id": site.new_id(), "name": text_in("choices.description", name, 1, 100)} for name in names]
        options.append({"id": site.new_id(), "name": option["name"], "choices": made})
    names = [option["name"] for option in options]
    combined = list(itertools.product(*([choice["name"] for choice in option["choices"]] for option in options)))
    if len(combined) > MOST_VARIANTS:
        raise invalid("product.productOptions", f"make more than {MOST_VARIANTS} variants", "MAX_SIZE")
    there = {tuple(one["choices"].values()): one for one in product["variants"] if list(one["choices"]) == names}
    price = product.get("price", product["variants"][0]["price"])
    first = product["variants"][0]
    product["options"] = options
    if not options:
        product["variants"] = [first if not first["choices"] else variant(site, {}, price, NO_VARIANT)]
        product["managed"] = False
        return
    product["variants"] = [
        there.get(picked) or variant(site, dict(zip(names, picked, strict=True)), price, site.new_id())
        for picked in combined
    ]


def set_managed(product: dict, managed: bool) -> None:
    if managed and len(product["variants"]) > MOST_MANAGED:
        raise invalid("product.manageVariants", f"takes at most {MOST_MANAGED} variants", "MAX_SIZE")
    if not managed and product["options"] and is_managed(product):
        raise invalid("product.manageVariants", "can be false again only when no variants exist", "INVALID_ARGUMENT")
    product["managed"] = managed


def variant(site: Site, choices: dict[str, str], price: float, uid: str) -> dict[str, Any]:
    """Of a product made by its API Wix counts no stock."""
    return {
        "id": uid,
        "choices": choices,
        "sku": "",
        "price": price,
        "weight": 0,
        "visible": True,
        "quantity": 0,
        "inStock": True,
    }


@route("PATCH", "/stores/v1/products/{id}/variants", write=True)
def update_variants(call: Call) -> dict:
    """Each entry names variants by their ids, or by choices: all that have them."""
    only(call.site, "v1")
    site, product = call.site, product_of(call.site, call.ids["id"])
    if not is_managed(product):
        raise WixError(400, "the variants of this product are not managed", "VARIANTS_NOT_MANAGED")
    product = {**product, "variants": [dict(one) for one in product["variants"]]}
    changed: list[dict] = []
    for entry in require(call.body, "variants", list):
        for one in named(product, entry):
            if "sku" in entry:
                one["sku"] = text_in("variants.sku", entry["sku"], 0, 40)
            if entry.get("price") is not None:
                one["price"] = price_in("variants.price", entry["price"])
            if entry.get("weight") is not None:
                one["weight"] = entry["weight"]
            if isinstance(entry.get("visible"), bool):
                one["visible"] = entry["visible"]
            changed.append(one)
    store(site, product)
    hidden = sum(not one["visible"] for one in product["variants"])
    site.note("update_variants", product=product["name"], skus=skus_of(product), hidden=hidden)
    site.raise_event(f"{EVENT}VariantsChanged", {"productId": product["id"], "variants": []})
    return {"variants": [variant_wire(site, product, one) for one in changed]}


def named(product: dict, entry: dict) -> list[dict]:
    ids, choices = entry.get("variantIds") or [], entry.get("choices") or {}
    found = [
        one
        for one in product["variants"]
        if (one["id"] in ids if ids else choices and choices.items() <= one["choices"].items())
    ]
    if not found or len(found) < len(ids):
        raise not_found("variant", "VARIANT_NOT_FOUND")
    return found


@route("POST", "/stores/v1/products/{id}/variants/resetToDefault", write=True)
def reset_variants(call: Call) -> dict:
    only(call.site, "v1")
    product = product_of(call.site, call.ids["id"])
    price = product.get("price", product["variants"][0]["price"])
    fresh = [{**one, "sku": "", "price": price, "visible": True} for one in product["variants"]]
    store(call.site, {**product, "variants": fresh})
    return {}


@route("DELETE", "/stores/v1/products/{id}/options", write=True)
def delete_options(call: Call) -> dict:
    only(call.site, "v1")
    product = dict(product_of(call.site, call.ids["id"]))
    if is_managed(product):
        raise WixError(400, "the variants of this product are managed", "VARIANTS_ARE_MANAGED")
    set_options(call.site, product, [])
    store(call.site, product)
    return {}


def store(site: Site, product: dict) -> None:
    product["updatedDate"] = site.now()
    product["revision"] = str(int(product["revision"]) + 1)
    site.put_product(product)
    site.raise_event(f"{EVENT}ProductChanged", {"productId": product["id"], "changedFields": []})


def skus_of(product: dict) -> list[str]:
    return [one["sku"] for one in product["variants"] if one["sku"]]


def next_number(site: Site) -> str:
    """Ascending, as Wix gives them."""
    entries = site.products.index(("numericId",))
    last = int(site.products.rows[entries[-1][-1]]["numericId"]) if entries else 1_700_000_000_000_000
    return str(last + 1000)


def slug_of(site: Site, name: str) -> str:
    """From the name; a number behind it where another product has it already."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "product"
    taken = {product["slug"] for product in site.products if product["slug"].startswith(plain)}
    return next(
        one for one in itertools.chain([plain], (f"{plain}-{n}" for n in itertools.count(1))) if one not in taken
    )
