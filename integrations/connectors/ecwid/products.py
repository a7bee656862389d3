"""Reading and writing products of an Ecwid store.

A product without variations is one PUT. Its first variations go with it in one call, at most 200; later ones are made
one by one, since a call with all of them would replace what is there. What we make is counted from 0 on, until its
stock is sent. Options that only word what a buyer wants (an engraving) are written back as they came.
Unverified: whether a search shows at once what was written a moment ago; what it does not show at all is asked for
alone, and what it shows otherwise is listed for a person. Weights are not sent: an answer does not name their unit.
Source: Ecwid API reference, "Create product", "Update product", "Create product variation".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from fcp.errors import Scope, SyncError, Unreadable

from ..declaring import ProductOffer
from ..goods import as_html, in_turn, plain, shaped
from ..shapes import Answer, Done, ProductToPush, StoreProduct, StoreVariant
from . import shelf
from .goods_errors import product_table
from .listings import CHOSEN, barcode_of, choices_of, money, sells_itself, uid_of
from .reading import Call, Json, id_text, parts, text

COMBINATIONS = 200  # variations of one request, at most
OFFER = ProductOffer(
    per_call=10,
    most_variants=COMBINATIONS,
    name=255,
    sku=100,
    description=16_000,
    barcode=True,
    cartesian=False,
)
NOTES = (
    "Pushing products can turn a product with variations at Ecwid into one without, and the other way round: Ecwid "
    "gets the shape that the product has here.",
    "What we make at Ecwid is counted from 0 on; it can be bought once its stock is sent.",
)
MIXED = (
    "In Ecwid some of its variations are sold from the product's own stock, and some are not. Give each variation an "
    "SKU of its own there first."
)
FIELDS = (
    "id,sku,name,description,price,compareToPrice,isShippingRequired,isGiftCard,attributes,options,createTimestamp,"
    "updateTimestamp,combinations(id,sku,options(name,value),price,compareToPrice,attributes)"
)


# --- reading ----------------------------------------------------------------------------------------------------------


def of(call: Call, uids: Sequence[str]) -> list[StoreProduct]:
    return shaped("Ecwid", shelf.of(call, FIELDS, uids), product_of)[0]


def product_of(product: Json) -> Iterator[StoreProduct]:
    """Variations that all go by their product's SKU make no variants of ours: their options are `loose`."""
    variations = parts(product, "combinations")
    own = [one for one in variations if text(one, "sku", 100)]
    named = list(dict.fromkeys(name for one in variations for name, _ in choices_of(one)))
    raw = parts(product, "options")
    chosen = [text(one, "name", 100) for one in raw if one.get("type") in CHOSEN]
    options = tuple((name, _choices(raw, name)) for name in chosen if name in named) if own else ()
    names = [name for name, _ in options]
    price = _price(product)
    variants = tuple(_variant(one, names, price) for one in variations) if own else (_single(product, price),)
    yield StoreProduct(
        uid=uid_of(product),
        name=text(product, "name", 255),
        description=plain(text(product, "description", 40_000)),
        options=options,
        variants=variants,
        goods=product.get("isShippingRequired") is not False and product.get("isGiftCard") is not True,
        loose=() if own else tuple(chosen),
        problem=MIXED if own and len(own) < len(variations) else "",
        itself=sells_itself(product),
        own={"options": raw, "attributes": parts(product, "attributes")},
    )


def _choices(options: Sequence[Json], name: str) -> tuple[str, ...]:
    found = next(one for one in options if text(one, "name", 100) == name)
    return tuple(text(choice, "text", 100) for choice in parts(found, "choices"))


def _single(product: Json, price: Decimal | None) -> StoreVariant:
    return StoreVariant("", text(product, "sku", 100), price=price, barcode=barcode_of(product))


def _variant(one: Json, names: Sequence[str], price: Decimal | None) -> StoreVariant:
    choices = dict(choices_of(one))
    return StoreVariant(
        uid=uid_of(one),
        sku=text(one, "sku", 100),
        choices=tuple(choices.get(name, "") for name in names),
        price=price if one.get("price") is None else _price(one),
        barcode=barcode_of(one),
        own={"attributes": parts(one, "attributes")},
    )


def _price(source: Json) -> Decimal | None:
    """None of what is on sale: its price is the discounted one, and left alone."""
    price, before = money(source.get("price")), money(source.get("compareToPrice"))
    return None if price is None or (before is not None and before > price) else price


# --- writing ----------------------------------------------------------------------------------------------------------


def push(call: Call, rows: Sequence[ProductToPush]) -> Done:
    return Done(in_turn(rows, [([row], partial(_one, call)) for row in rows]))


def _one(call: Call, rows: Sequence[ProductToPush]) -> list[Answer]:
    """Where the product is made and the rest of it is not, the answer names it with the error."""
    (row,) = rows
    before, after = row.before, row.after
    write = partial(_write, call)
    if before is None:
        uid = id_text(write("POST", "/products", _new(after)) or {}, "id")
        if not uid:
            raise Unreadable("a product was made without an id", maybe_done=True)
    else:
        uid = after.uid
    try:
        _shape(write, uid, before, after)
    except SyncError as error:
        if before is None or error.scope is Scope.RECORD:
            return [Answer(row.key, uid, error)]
        raise
    return [Answer(row.key, uid)]


def _write(call: Call, method: str, path: str, body: Any = None, **params: str) -> Any:
    return call(method, path, body, params=params or None, errors=product_table(method, path))


def _shape(write: Any, uid: str, before: StoreProduct | None, after: StoreProduct) -> None:
    """All but the making of a new product: its fields, and the variations that come, change or go."""
    path = f"/products/{uid}"
    if before is not None and before.options and not after.options:
        write("DELETE", f"{path}/combinations")
    there = {variant.uid: variant for variant in before.variants if variant.choices} if before else {}
    body = _changes(before, after) if before is not None else {}
    if after.options and not there:
        made = [_combination(one, None, after) for one in after.variants]
        write("PUT", path, body | {"combinations": made}, saveCombinations="true")
        return
    if body:
        write("PUT", path, body)
    for one in after.variants if after.options else ():
        said = _combination(one, there.get(one.uid) if one.uid else None, after)
        if one.uid and said:
            write("PUT", f"{path}/combinations/{one.uid}", said)
        elif not one.uid:
            write("POST", f"{path}/combinations", said)


def _new(after: StoreProduct) -> Json:
    """The product alone. With variations Ecwid gives it an SKU, and it has the lowest of their prices.

    Choices without a variation would be sold from its own stock, so there is none of it.
    """
    price = min(one.price for one in after.variants if one.price is not None)
    body: Json = {"name": after.name, "price": float(price), "enabled": True, "isShippingRequired": True}
    body |= _counted()
    if after.description:
        body["description"] = as_html(after.description)
    if after.options:
        return body | {"options": _options(None, after)}
    (mine,) = after.variants
    return body | {"sku": mine.sku, **_attributes((), mine.barcode)}


def _counted() -> Json:
    return {"quantity": 0, "unlimited": False}


def _changes(before: StoreProduct, after: StoreProduct) -> Json:
    body: Json = {}
    if after.name != before.name:
        body["name"] = after.name
    if after.description and after.description != before.description:
        body["description"] = as_html(after.description)
    if after.options != before.options:
        body["options"] = _options(before, after)
    if after.options:
        return body
    (mine,) = after.variants
    (was,) = before.variants if not before.options else (StoreVariant("", ""),)
    if mine.sku and mine.sku != was.sku:
        body["sku"] = mine.sku
    if mine.price is not None and mine.price != was.price:
        body["price"] = float(mine.price)
    if mine.barcode and mine.barcode != was.barcode:
        body |= _attributes(before.own["attributes"], mine.barcode)
    return body


def _options(before: StoreProduct | None, after: StoreProduct) -> list[Json]:
    """As they came, with the choices that are new; then new ones. Those that made variations and make none go."""
    raw = list(before.own["options"]) if before else []
    gone = {name for name, _ in before.options} if before else set()
    wanted = dict(after.options)
    made: list[Json] = []
    for one in raw:
        name = text(one, "name", 100)
        if name in wanted or name not in gone:
            made.append(_option(one, wanted.pop(name, ())))
    new: Json = {"type": "SELECT", "required": True, "defaultChoice": 0}
    return [*made, *(_option(new | {"name": name}, choices) for name, choices in wanted.items())]


def _option(raw: Json, choices: Sequence[str]) -> Json:
    if not choices:
        return raw
    there = {text(one, "text", 100) for one in parts(raw, "choices")}
    new = [{"text": one, "priceModifier": 0, "priceModifierType": "ABSOLUTE"} for one in choices if one not in there]
    return {**raw, "choices": [*parts(raw, "choices"), *new]}


def _combination(mine: StoreVariant, was: StoreVariant | None, after: StoreProduct) -> Json:
    """What changes of a variation; everything of a new one."""
    body: Json = {}
    if was is None:
        names = [name for name, _ in after.options]
        body["options"] = [{"name": n, "value": c} for n, c in zip(names, mine.choices, strict=True)]
        body |= _counted()
    if mine.sku and (was is None or mine.sku != was.sku):
        body["sku"] = mine.sku
    if mine.price is not None and (was is None or mine.price != was.price):
        body["price"] = float(mine.price)
    if mine.barcode and (was is None or mine.barcode != was.barcode):
        body |= _attributes((was.own or {}).get("attributes", ()) if was else (), mine.barcode)
    return body


def _attributes(there: Sequence[Json], barcode: str) -> Json:
    """All of them: whether a list that names one keeps the others is not documented."""
    others = [one for one in there if one.get("type") != "UPC"]
    return (
        {"attributes": [*others, {"alias": "UPC", "type": "UPC", "name": "UPC", "value": barcode}]} if barcode else {}
    )
