"""Reading and writing products. Source: dev.wix.com, Stores Catalog V1 (Products) and Catalog V3 (Products).

V1 takes one product a call, its variants in a second one, and makes a variant for every combination of the options by
itself. V3 takes a hundred products a call, with every variant spelled out, and refuses one whose revision is old.
Unverified: what V1 does with the options of a product that stops having variants, and whether V3 takes a product
without some combinations. So all combinations are spelled out, and what Wix shows afterwards is read and compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson

from fcp.errors import NotFound, Scope, SyncError, Unreadable

from ..goods import as_html, in_turn, plain
from ..shapes import Answer, ProductToPush, StoreProduct, StoreVariant
from .errors import PRODUCT_NOT_ACCEPTED, PRODUCT_REJECTIONS, rejection
from .listings import chosen, of_rows, unit_of, v1_price, v3_choices, v3_price
from .reading import Json, Wrong, count, grams, key_text, part, parts, text
from .replies import V1_ROWS, Query, next_of, part_of, rows_of
from .words import NO_VARIANT

Call = Callable[..., Any]
QUERY_V1, ONE_V1 = "/stores-reader/v1/products/query", "/stores-reader/v1/products/{}"
MAKE_V1, CHANGE_V1, VARIANTS_V1 = "/stores/v1/products", "/stores/v1/products/{}", "/stores/v1/products/{}/variants"
QUERY_V3, QUERY_VARIANTS_V3 = "/stores/v3/products/query", "/stores/v3/products/query-variants"
MAKE_V3, CHANGE_V3 = "/stores/v3/bulk/products/create", "/stores/v3/bulk/products/update"
PRODUCTS, VARIANTS, OPTIONS = 100, 1000, 100  # of a V3 bulk call, at most
EXTRAS = ["PLAIN_DESCRIPTION", "WEIGHT_MEASUREMENT_UNIT_INFO"]
# What a V3 variant's row carries that goes back as it came: Wix replaces variants as a whole.
KEPT = ("price", "physicalProperties", "digitalProperties", "revenueDetails")


# --- reading: Catalog V1 --------------------------------------------------------------------------------------------


def of_v1(query: Query, uids: Sequence[str]) -> list[StoreProduct]:
    """Many products a call; one that does not come with the others is asked for alone."""
    rows = _v1_rows(query, uids) if len(uids) > 1 else []
    there = {row.get("id") for row in rows}
    for uid in uids:
        if uid in there:
            continue
        try:
            rows.append(part_of(query("GET", ONE_V1.format(quote(uid, safe="")), None), "product"))
        except NotFound:
            continue
    return of_rows(rows, v1_product)[0]


def _v1_rows(query: Query, uids: Sequence[str]) -> list[Json]:
    condition = orjson.dumps({"id": {"$hasSome": list(uids)}}).decode()  # V1 takes its filters as text
    asked = {"paging": {"limit": V1_ROWS, "offset": 0}, "filter": condition}
    body = {"query": asked, "includeVariants": True, "includeHiddenProducts": True}
    return rows_of(query("POST", QUERY_V1, body), "products")


def v1_product(product: Json) -> Iterator[StoreProduct]:
    """Options without variants of their own (not managed) are `loose`: they only word what a buyer chose."""
    managed = product.get("manageVariants") is True
    raw = parts(product, "productOptions")
    options = [(text(o, "name", 100), tuple(_v1_choice(c) for c in parts(o, "choices"))) for o in raw]
    names = [name for name, _ in options]
    shaped = [_v1_variant(row, names) for row in parts(product, "variants")] if managed and names else []
    if not shaped:
        shaped = [StoreVariant(NO_VARIANT, text(product, "sku", 100), price=v1_price(product)[0])]
    loose = () if managed else tuple(names)
    yield StoreProduct(
        uid=key_text(text(product, "id", 1000), 100),
        name=text(product, "name", 255),
        description=plain(text(product, "description", 20_000)),
        options=tuple(options) if managed else (),
        variants=tuple(shaped),
        goods=product.get("productType") != "digital",
        loose=loose,
        own=raw,
    )


def _v1_choice(choice: Json) -> str:
    """A color's value is its code; variants name it by its description."""
    return text(choice, "description", 100) or text(choice, "value", 100)


def _v1_variant(row: Json, names: Sequence[str]) -> StoreVariant:
    inner, choices = part(row, "variant"), dict(chosen(part(row, "choices")))
    return StoreVariant(
        uid=key_text(text(row, "id", 1000), 100),
        sku=text(inner, "sku", 100),
        choices=tuple(choices.get(name, "") for name in names),
        price=v1_price(inner)[0],
        visible=inner.get("visible") is not False,
    )


# --- reading: Catalog V3 --------------------------------------------------------------------------------------------


def of_v3(query: Query, uids: Sequence[str]) -> list[StoreProduct]:
    """Products, and their variants, which Wix's product queries leave out."""
    body = {"query": {"filter": {"id": {"$in": list(uids)}}, "cursorPaging": {"limit": PRODUCTS}}, "fields": EXTRAS}
    rows = rows_of(query("POST", QUERY_V3, body), "products")
    variants: dict[str, list[Json]] = defaultdict(list)
    for row in v3_variants_of(query, [text(row, "id", 100) for row in rows]):
        variants[text(part(row, "productData"), "productId", 1000)].append(row)
    return of_rows(rows, partial(v3_product, variants))[0]


def v3_variants_of(query: Query, uids: Sequence[str]) -> list[Json]:
    found: list[Json] = []
    token: str | None = None
    while uids:
        asked: Json = {"cursorPaging": {"limit": VARIANTS}}
        if token:
            asked["cursorPaging"]["cursor"] = token
        else:
            asked["filter"] = {"productData.productId": {"$in": list(uids)}}
        body = {"query": asked, "fields": ["MERCHANT_DATA", "WEIGHT_MEASUREMENT_UNIT_INFO"]}
        reply = query("POST", QUERY_VARIANTS_V3, body)
        found += rows_of(reply, "variants")
        token = next_of(part_of(reply, "pagingMetadata"), token)
        if token is None:
            break
    return found


def v3_product(variants: dict[str, list[Json]], product: Json) -> Iterator[StoreProduct]:
    uid = text(product, "id", 1000)
    raw, unit = parts(product, "options"), unit_of(product)
    options = [
        (text(o, "name", 100), tuple(text(c, "name", 100) for c in parts(part(o, "choicesSettings"), "choices")))
        for o in raw
    ]
    names = [name for name, _ in options]
    yield StoreProduct(
        uid=key_text(uid, 100),
        name=text(product, "name", 255),
        description=plain(text(product, "plainDescription", 40_000)),
        options=tuple(options),
        variants=tuple(_v3_variant(row, names, unit) for row in variants.get(uid, ())),
        goods=product.get("productType") != "DIGITAL",
        revision=text(product, "revision", 40),
        own={"options": raw, "unit": unit},
    )


def _v3_variant(row: Json, names: Sequence[str], unit: float | None) -> StoreVariant:
    choices = dict(v3_choices(row, "optionChoices"))
    return StoreVariant(
        uid=key_text(text({"id": row.get("variantId") or row.get("id")}, "id", 1000), 100),
        sku=text(row, "sku", 100),
        choices=tuple(choices.get(name, "") for name in names),
        price=v3_price(row),
        barcode=text(row, "barcode", 100),
        weight_grams=grams(part(row, "physicalProperties"), unit or unit_of(part(row, "productData"))),
        visible=row.get("visible") is not False,
        own={name: row[name] for name in KEPT if name in row},
    )


# --- writing: Catalog V1 --------------------------------------------------------------------------------------------


def push_v1(call: Call, rows: Sequence[ProductToPush]) -> list[Answer]:
    return in_turn(rows, [([row], partial(_one_v1, call)) for row in rows])


def _one_v1(call: Call, rows: Sequence[ProductToPush]) -> list[Answer]:
    """The product first; where it is made and its variants are not, the answer names it with the error."""
    (row,) = rows
    uid, before, after = row.after.uid, row.before, row.after
    body = _v1_body(before, after)
    if before is None:
        reply = call("POST", MAKE_V1, {"product": {"productType": "physical", "visible": True, **body}})
        uid = text(part_of(reply, "product"), "id", 100)
        if not uid:
            raise Unreadable("a product was made without an id", maybe_done=True)
    elif body:
        call("PATCH", CHANGE_V1.format(quote(uid, safe="")), {"product": {"id": uid, **body}})
    try:
        if overrides := _v1_overrides(before, after):
            call("PATCH", VARIANTS_V1.format(quote(uid, safe="")), {"variants": overrides})
    except SyncError as error:
        if before is None or error.scope is Scope.RECORD:
            return [Answer(row.key, uid, error)]
        raise
    return [Answer(row.key, uid)]


def _v1_body(before: StoreProduct | None, after: StoreProduct) -> Json:
    """What changes of the product itself; everything of a new one."""
    body: Json = {}
    if before is None or after.name != before.name:
        body["name"] = after.name
    if after.description and (before is None or after.description != before.description):
        body["description"] = as_html(after.description)
    if after.options:
        if before is None or after.options != before.options:
            body |= {"manageVariants": True, "productOptions": _v1_options(before, after)}
        if before is None:
            body["priceData"] = {"price": _number(min(v.price for v in after.variants if v.price is not None))}
        return body
    (mine,) = after.variants
    (was,) = before.variants if before and not before.options else (None,)
    if before and before.options:
        body |= {"manageVariants": False, "productOptions": []}
    if mine.sku and (was is None or mine.sku != was.sku):
        body["sku"] = mine.sku
    if mine.price is not None and (was is None or mine.price != was.price):
        body["priceData"] = {"price": _number(mine.price)}
    return body


def _v1_options(before: StoreProduct | None, after: StoreProduct) -> list[Json]:
    raw = {text(one, "name", 100): one for one in (before.own or ())} if before and before.options else {}
    made = []
    for name, choices in after.options:
        old = parts(raw[name], "choices") if name in raw else []
        there = {_v1_choice(choice) for choice in old}
        new = [{"value": choice, "description": choice} for choice in choices if choice not in there]
        made.append({**raw.get(name, {}), "name": name, "choices": [*old, *new]})
    return made


def _v1_overrides(before: StoreProduct | None, after: StoreProduct) -> list[Json]:
    """What is to be said of each variant: those that are there by their id, new ones by their choices."""
    if not after.options:
        return []
    names = [name for name, _ in after.options]
    there = {variant.uid: variant for variant in before.variants} if before else {}
    overrides: list[Json] = []
    for mine in after.variants:
        was = there.get(mine.uid) if mine.uid else None
        said: Json = {}
        if was is None:
            said = {"choices": dict(zip(names, mine.choices, strict=True)), "sku": mine.sku, "visible": mine.visible}
            if mine.sku and mine.price is not None:
                said["price"] = _number(mine.price)
            overrides.append(said)
            continue
        if mine.sku != was.sku:
            said["sku"] = mine.sku
        if mine.price is not None and mine.price != was.price:
            said["price"] = _number(mine.price)
        if mine.visible != was.visible:
            said["visible"] = mine.visible
        if said:
            overrides.append({"variantIds": [mine.uid], **said})
    return overrides


def _number(price: Decimal) -> float:
    return float(price)


# --- writing: Catalog V3 --------------------------------------------------------------------------------------------


def push_v3(call: Call, rows: Sequence[ProductToPush], unit: Callable[[], float | None]) -> list[Answer]:
    """One bulk call for new ones and one for those that are there, as long as they fit."""
    new = [row for row in rows if row.before is None]
    old = [row for row in rows if row.before is not None]
    weighs = any(variant.weight_grams is not None for row in rows for variant in row.after.variants)
    known = next((row.before.own["unit"] for row in old if row.before and row.before.own["unit"]), None)
    of_site = known or (unit() if weighs else None)
    steps = [(some, partial(_bulk_v3, call, MAKE_V3, of_site)) for some in _cut(new)]
    steps += [(some, partial(_bulk_v3, call, CHANGE_V3, of_site)) for some in _cut(old)]
    return in_turn([*new, *old], steps)


def unit_of_site(query: Query) -> float | None:
    """How many grams one of the store's units of weight is; None where it has no product yet that would say."""
    body = {"query": {"cursorPaging": {"limit": 1}}, "fields": ["WEIGHT_MEASUREMENT_UNIT_INFO"]}
    rows = rows_of(query("POST", QUERY_V3, body), "products")
    return unit_of(rows[0]) if rows else None


def _cut(rows: Sequence[ProductToPush]) -> Iterator[Sequence[ProductToPush]]:
    some: list[ProductToPush] = []
    variants = options = 0
    for row in rows:
        more = len(row.after.variants), len(row.after.options)
        if some and (len(some) == PRODUCTS or variants + more[0] > VARIANTS or options + more[1] > OPTIONS):
            yield some
            some, variants, options = [], 0, 0
        some.append(row)
        variants, options = variants + more[0], options + more[1]
    if some:
        yield some


def _bulk_v3(call: Call, path: str, unit: float | None, rows: Sequence[ProductToPush]) -> list[Answer]:
    made = path == MAKE_V3
    products: list[Json] = [_v3_body(row.before, row.after, unit) for row in rows]
    reply = call("POST", path, {"products": products if made else [{"product": one} for one in products]})
    try:
        results = parts(reply, "results") if isinstance(reply, dict) else []
        by_place = {_place(part(result, "itemMetadata")): result for result in results}
        return [_answer(by_place.get(place), row) for place, row in enumerate(rows)]
    except Wrong as odd:
        raise Unreadable(f"bulk answer {odd}", maybe_done=True) from odd


def _place(meta: Json) -> int:
    return 0 if meta.get("originalIndex") is None else count(meta, "originalIndex")


def _answer(result: Json | None, row: ProductToPush) -> Answer:
    if result is None:
        return Answer(row.key, row.after.uid, Unreadable("not in the bulk answer", maybe_done=True))
    meta = part(result, "itemMetadata")
    if meta.get("success") is True:
        uid = text(part(result, "item"), "id", 100) or text(meta, "id", 100) or row.after.uid
        return Answer(row.key, uid)
    said = part(meta, "error") or part(result, "error")
    code, description = text(said, "code", 100), text(said, "description", 500)
    error = rejection(code, description, pieces=PRODUCT_REJECTIONS, otherwise=PRODUCT_NOT_ACCEPTED)
    return Answer(row.key, row.after.uid, error)


def _v3_body(before: StoreProduct | None, after: StoreProduct, unit: float | None) -> Json:
    body: Json = {"id": after.uid, "revision": before.revision} if before else {"productType": "PHYSICAL"}
    if before is None:
        body |= {"physicalProperties": {}, "visible": True}
    if before is None or after.name != before.name:
        body["name"] = after.name
    if after.description and (before is None or after.description != before.description):
        body["plainDescription"] = as_html(after.description)
    if before is None or (after.options, after.variants) != (before.options, before.variants):
        kinds = _render_types(before)
        body["options"] = _v3_options(before, after)
        names = [name for name, _ in after.options]
        there = {variant.uid: variant for variant in before.variants} if before else {}
        body["variantsInfo"] = {
            "variants": [_v3_variant_body(v, there.get(v.uid), names, kinds, unit) for v in after.variants]
        }
    return body


def _render_types(before: StoreProduct | None) -> dict[str, str]:
    rows = before.own["options"] if before and before.own else ()
    return {text(row, "name", 100): text(row, "optionRenderType", 40) for row in rows}


def _v3_options(before: StoreProduct | None, after: StoreProduct) -> list[Json]:
    raw = {text(one, "name", 100): one for one in (before.own["options"] if before and before.own else ())}
    made = []
    for name, choices in after.options:
        settings = part(raw.get(name, {}), "choicesSettings")
        old = parts(settings, "choices")
        there = {text(choice, "name", 100) for choice in old}
        new = [{"choiceType": "CHOICE_TEXT", "name": choice} for choice in choices if choice not in there]
        option = raw.get(name) or {"name": name, "optionRenderType": "TEXT_CHOICES"}
        made.append({**option, "choicesSettings": {**settings, "choices": [*old, *new]}})
    return made


def _v3_variant_body(
    mine: StoreVariant, was: StoreVariant | None, names: Sequence[str], kinds: dict[str, str], unit: float | None
) -> Json:
    """All of it: what a V3 update does not name of a variant is gone."""
    body: Json = dict(was.own or {}) if was else {}
    if was:
        body["id"] = mine.uid
    body["visible"] = mine.visible
    body["choices"] = [
        {"optionChoiceNames": {"optionName": n, "choiceName": c, "renderType": kinds.get(n) or "TEXT_CHOICES"}}
        for n, c in zip(names, mine.choices, strict=True)
    ]
    if mine.sku:
        body["sku"] = mine.sku
    if mine.barcode:
        body["barcode"] = mine.barcode
    if mine.price is not None and (was is None or mine.price != was.price):
        body["price"] = {"actualPrice": {"amount": f"{mine.price:f}"}}
    body.setdefault("physicalProperties", {})
    if mine.weight_grams is not None and unit and (was is None or mine.weight_grams != was.weight_grams):
        body["physicalProperties"] = {**body["physicalProperties"], "weight": round(mine.weight_grams / unit, 5)}
    return body
