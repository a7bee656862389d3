"""Making and changing products of catalogue V3: every variant is spelled out, and an old revision is refused."""

from collections.abc import Iterable
from typing import Any

from .api import Call, bulk, require, route
from .catalog_v1 import description_of, only
from .catalog_v3 import product_wire
from .errors import WixError, invalid, not_found
from .events import envelope
from .site import Site
from .writes_v1 import MOST_PRICE, next_number, skus_of, slug_of, text_in

MOST_OPTIONS, MOST_CHOICES, MOST_VARIANTS = 6, 100, 1000
IN_ONE_CALL = {"options": 100, "variants": 1000}
EVENT = "wix.stores.catalog.v3.product"


@route("POST", "/stores/v3/products", write=True)
def create_product(call: Call) -> dict:
    only(call.site, "v3")
    product = create(call.site, require(call.body, "product"))
    return {"product": product_wire(call.site, product, call.many("fields"), variants=True)}


@route("PATCH", "/stores/v3/products/{id}", write=True)
def update_product(call: Call) -> dict:
    only(call.site, "v3")
    product = update(call.site, {**require(call.body, "product"), "id": call.ids["id"]})
    return {"product": product_wire(call.site, product, call.many("fields"), variants=True)}


@route("POST", "/stores/v3/bulk/products/create", write=True)
def bulk_create(call: Call) -> dict:
    return _bulk(call, lambda row: create(call.site, row), call.body.get("products") or [])


@route("POST", "/stores/v3/bulk/products/update", write=True)
def bulk_update(call: Call) -> dict:
    rows = [require(row, "product") for row in call.body.get("products") or []]
    return _bulk(call, lambda row: update(call.site, row), rows)


def _bulk(call: Call, work: Any, rows: list[dict]) -> dict:
    only(call.site, "v3")
    counts = {
        "options": sum(len(row.get("options") or []) for row in rows),
        "variants": sum(len((row.get("variantsInfo") or {}).get("variants") or []) for row in rows),
    }
    for name, most in IN_ONE_CALL.items():
        if counts[name] > most:
            raise invalid(f"products.{name}", f"must be at most {most} in all", "MAX_SIZE", threshold=most)

    def one(row: dict) -> tuple[str, dict]:
        product = work(row)
        shown = {"item": product_wire(call.site, product, [], variants=True)} if call.body.get("returnEntity") else {}
        return product["id"], shown

    return bulk(rows, one, 100, "products", call.faults)


def create(site: Site, wanted: dict) -> dict:
    kind = wanted.get("productType")
    if kind not in ("PHYSICAL", "DIGITAL"):
        raise invalid("product.productType", "must be PHYSICAL or DIGITAL", "INVALID_ENUM_VALUE")
    if kind == "PHYSICAL" and not isinstance(wanted.get("physicalProperties"), dict):
        raise invalid("product.physicalProperties", "must be sent for physical products", "REQUIRED_FIELD")
    made = site.now()
    product: dict[str, Any] = {
        "id": site.new_id(),
        "inventoryId": site.new_id(),
        "numericId": next_number(site),
        "revision": "0",
        "name": text_in("product.name", wanted.get("name"), 1, 80),
        "slug": slug_of(site, wanted["name"]),
        "type": "physical" if kind == "PHYSICAL" else "digital",
        "engraving": "",
        "description": "",
        "options": [],
        "variants": [],
        "track": False,
        "visible": True,
        "createdDate": made,
        "updatedDate": made,
    }
    wanted = {"options": [], **wanted}
    if not (wanted.get("variantsInfo") or {}).get("variants"):
        raise invalid("product.variantsInfo.variants", "must not be empty", "REQUIRED_FIELD")
    apply(site, product, wanted)
    product = keep(site, product, "created")
    site.note("create_product", product=product["name"], variants=len(product["variants"]), skus=skus_of(product))
    return product


def update(site: Site, wanted: dict) -> dict:
    old = site.products.rows.get(wanted.get("id", ""))
    try:
        if old is None:
            raise not_found("product", "PRODUCT_NOT_FOUND")
        if str(wanted.get("revision", "")) != old["revision"]:
            text = "entity has already changed since the requested revision"
            raise WixError(409, text, "CONFLICT", {"currentRevision": old["revision"]})
        product = dict(old)
        apply(site, product, wanted)
    except WixError as problem:
        problem.uid = str(wanted.get("id", ""))
        raise
    left = {one["id"] for one in old["variants"]} - {one["id"] for one in product["variants"]}
    for item in [item for item in site.items if item["variantId"] in left] if left else []:
        site.drop_item(item)
    product = keep(site, product, "updated")
    site.note("update_product", product=product["name"], variants=len(product["variants"]), skus=skus_of(product))
    return product


def keep(site: Site, product: dict, slug: str) -> dict:
    product = {**product, "revision": str(int(product["revision"]) + 1)}
    if slug == "updated":
        product["updatedDate"] = site.now()
    site.put_product(product)
    wire = product_wire(site, product, [], variants=True)
    event = envelope(site, EVENT, slug, product["id"], product["updatedDate"])
    body = {"createdEvent": {"entity": wire}} if slug == "created" else {"updatedEvent": {"currentEntity": wire}}
    site.raise_event(f"{EVENT}_{slug}", {**event, **body})
    return product


def apply(site: Site, product: dict, wanted: dict) -> None:
    product.setdefault("description", description_of(product))
    if "name" in wanted:
        product["name"] = text_in("product.name", wanted["name"], 1, 80)
    if "plainDescription" in wanted:
        product["description"] = text_in("product.plainDescription", wanted["plainDescription"], 0, 16_000)
    if isinstance(wanted.get("visible"), bool):
        product["visible"] = wanted["visible"]
    variants = (wanted.get("variantsInfo") or {}).get("variants")
    if ("options" in wanted) != (variants is not None):
        code = "MISSING_OPTIONS_ON_UPDATE_VARIANTS" if variants is not None else "MISSING_VARIANTS_ON_UPDATE_OPTIONS"
        raise WixError(400, "options and variants must be sent together", code)
    if variants is None:
        return
    product["options"] = options_of(site, product["options"], wanted["options"] or [])
    if not variants or len(variants) > MOST_VARIANTS:
        raise WixError(400, f"a product has 1 to {MOST_VARIANTS} variants", "TOO_MANY_VARIANTS")
    old = {one["id"]: one for one in product["variants"]}
    product["variants"] = [variant_of(site, product, one, old.get(one.get("id", ""))) for one in variants]
    chosen = [tuple(one["choices"].values()) for one in product["variants"]]
    if len(set(chosen)) < len(chosen):
        raise WixError(400, "two variants have the same choices", "DUPLICATE_VARIANT_OPTION_CHOICE")
    unique(site, product, "sku", "SKU_ALREADY_EXIST_ERROR")
    unique(site, product, "barcode", "BARCODE_ALREADY_EXIST_ERROR")


def options_of(site: Site, old: list[dict], wanted: list[dict]) -> list[dict]:
    if len(wanted) > MOST_OPTIONS:
        raise invalid("product.options", f"must hold at most {MOST_OPTIONS} options", "MAX_SIZE")
    ids = {option["id"]: option for option in old}
    options = []
    for option in wanted:
        before = ids.get(option.get("id", ""), {"choices": []})
        choices = (option.get("choicesSettings") or {}).get("choices") or []
        if not choices or len(choices) > MOST_CHOICES:
            raise invalid("product.options.choices", f"must hold 1 to {MOST_CHOICES} choices", "MAX_SIZE")
        known = {choice["id"] for choice in before["choices"]}
        made = [
            {
                "id": choice["choiceId"] if choice.get("choiceId") in known else site.new_id(),
                "name": text_in("choices.name", choice.get("name"), 1, 50),
            }
            for choice in choices
        ]
        name = text_in("options.name", option.get("name"), 1, 50)
        options.append({"id": before.get("id") or site.new_id(), "name": name, "choices": made})
    return options


def variant_of(site: Site, product: dict, wanted: dict, old: dict | None) -> dict[str, Any]:
    """A variant as the request spells it out: what it leaves out is gone."""
    price = (wanted.get("price") or {}).get("actualPrice") or {}
    compare = ((wanted.get("price") or {}).get("compareAtPrice") or {}).get("amount")
    actual = amount_in(price.get("amount"))
    if compare is not None and float(compare) <= actual:
        raise WixError(400, "compareAtPrice is not above actualPrice", "COMPARE_AT_PRICE_LOWER_THAN_ACTUAL_PRICE")
    sku, barcode = wanted.get("sku"), wanted.get("barcode")
    made = {
        "id": old["id"] if old else site.new_id(),
        "choices": choices_of(product, wanted.get("choices") or []),
        "sku": "" if sku is None else text_in("variants.sku", sku, 1, 40),
        "barcode": "" if barcode is None else text_in("variants.barcode", barcode, 1, 40),
        "price": actual,
        "weight": (wanted.get("physicalProperties") or {}).get("weight") or 0,
        "visible": wanted.get("visible") is not False,
        "quantity": old["quantity"] if old else 0,
        "inStock": old["inStock"] if old else True,
    }
    return {**made, "compareAt": float(compare)} if compare is not None else made


def amount_in(value: Any) -> float:
    try:
        found = float(value) if isinstance(value, str) else -1.0
    except ValueError:
        found = -1.0
    if not 0 <= found <= MOST_PRICE:
        raise invalid("variants.price.actualPrice.amount", "must be a decimal text from 0 on", "DECIMAL_VALUE")
    return found


def choices_of(product: dict, wanted: list[dict]) -> dict[str, str]:
    """One choice for each option, by names or by ids; in the order of the options."""
    picked: dict[str, str] = {}
    for choice in wanted:
        names, ids = choice.get("optionChoiceNames") or {}, choice.get("optionChoiceIds") or {}
        for option in product["options"]:
            for one in option["choices"]:
                by_name = (names.get("optionName"), names.get("choiceName")) == (option["name"], one["name"])
                if by_name or (ids.get("optionId"), ids.get("choiceId")) == (option["id"], one["id"]):
                    picked[option["name"]] = one["name"]
    if len(wanted) > len(picked):
        raise WixError(400, "a choice is none of the product's", "VARIANTS_ARE_NOT_ALIGNED_WITH_PRODUCT")
    if len(picked) < len(product["options"]):
        raise WixError(400, "a variant lacks a choice", "MISSING_VARIANT_OPTION_CHOICE")
    return {option["name"]: picked[option["name"]] for option in product["options"]}


def unique(site: Site, product: dict, field: str, code: str) -> None:
    """An SKU and a barcode are one variant's only, in the whole site."""
    mine = [one[field] for one in product["variants"] if one.get(field)]
    for value in taken(site, product["id"], field, mine):
        raise WixError(400, f"another variant has the {field} {value}", code, {field: value})
    if len(set(mine)) < len(mine):
        raise WixError(400, f"two variants have one {field}", code)


def taken(site: Site, but: str, field: str, values: list[str]) -> Iterable[str]:
    wanted = set(values)
    for product in site.products if wanted else ():
        if product["id"] != but:
            for one in product["variants"]:
                if one.get(field) in wanted:
                    yield one[field]
