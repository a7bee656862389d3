"""What an Ecwid store sells, as listings: a product, and each of its variations.

A variation without an SKU of its own goes by its product's SKU and is sold from its product's stock (`shares_stock`).
The product itself is a listing where it has no variations, where one of them is sold from its stock, and where one has
its SKU: Ecwid then wants both to show one number, so both are told. Where a product can be bought in a choice that has
no variation, it is sold under its own SKU too.
Source: Ecwid API reference, "Search products", "Product variations".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from math import prod
from typing import Any

from ..goods import plain, shaped, titled
from ..shapes import IncomingListing, Page
from . import shelf
from .reading import Call, Json, Wrong, grams, id_text, number, part_of, parts, text, text_of

OPTIONS = "options(type,name,choices(text))"
FIELDS = (
    "id,sku,name,enabled,description,price,compareToPrice,quantity,unlimited,weight,createTimestamp,updateTimestamp,"
    f"attributes(type,name,value),{OPTIONS},"
    "combinations(id,sku,options(name,value),price,compareToPrice,quantity,unlimited,weight,attributes(type,name,value))"
)
CHOSEN = frozenset({"SELECT", "RADIO", "SIZE", "SWATCHES"})  # of these options a buyer takes exactly one choice


def page(call: Call, token: str | None, since: dt.datetime | None) -> Page[IncomingListing]:
    """Whole in the order in which products were added, or what changed since, oldest change first.

    What was deleted is missing in the whole. Weights come in the store's unit, which its profile names; the pages after
    the first one carry it along.
    """
    place = shelf.place_of(token)
    if token is None:
        place = shelf.Place(more=unit_of(call))
    rows, following = shelf.read(call, FIELDS, place, since)
    found, bad = shaped("Ecwid", rows, partial(listings_of, unit=place.more))
    return Page(found, bad, following.token if following else None)


def unit_of(call: Call) -> str:
    """The store's unit of weight, "" where it does not say."""
    profile = call("GET", "/profile", params={"responseFields": "formatsAndUnits(weightUnit)"})
    return text_of(part_of(profile, "formatsAndUnits"), "weightUnit", 20).upper()


def listings_of(product: Json, unit: str) -> Iterator[IncomingListing]:
    """The product's own first, so that whoever links by SKU sees it before the variations that go by it."""
    uid = uid_of(product)
    name, sku = text(product, "name", 255), text(product, "sku", 100)
    tracked, visible = counted(product), product.get("enabled") is not False
    variations = parts(product, "combinations")
    price, weight = regular_price(product), grams(product, unit)
    description = plain(text(product, "description", 40_000))
    if sells_itself(product):
        yield IncomingListing(
            uid, "", sku, name, tracked, barcode_of(product), weight, visible, price=price, description=description
        )
    for one in variations:
        own, choices = text(one, "sku", 100), choices_of(one)
        of_variation = regular_price(one)
        yield IncomingListing(
            product_uid=uid,
            variant_uid=uid_of(one),
            sku=own or sku,
            title=titled(name, [value for _, value in choices]),
            tracked=counted(one, tracked) if own else tracked,
            barcode=barcode_of(one),
            weight_grams=weight if one.get("weight") is None else grams(one, unit),
            visible=visible,
            name=name if choices else "",
            options=choices,
            price=price if of_variation is None else of_variation,
            description=description,
            shares_stock=not own,
        )


# --- reading a product, for whoever reads one -------------------------------------------------------------------------


def uid_of(source: Json) -> str:
    uid = id_text(source, "id")
    if not uid or uid == "0":
        raise Wrong("has no id")
    return uid


def counted(source: Json, otherwise: bool | None = None) -> bool | None:
    """Whether its stock is counted: what is unlimited has no quantity. `otherwise`: of one that says neither."""
    unlimited = source.get("unlimited")
    if isinstance(unlimited, bool):
        return not unlimited
    return True if source.get("quantity") is not None else otherwise


def sells_itself(product: Json) -> bool:
    variations = parts(product, "combinations")
    sku = text(product, "sku", 100)
    own = [text(one, "sku", 100) for one in variations]
    return not all(own) or not variations or sku in own or len(variations) < _ways(product, variations)


def _ways(product: Json, variations: Sequence[Json]) -> int:
    """How many combinations of the choices that make variations a buyer can take."""
    named = {name for one in variations for name, _ in choices_of(one)}
    options = [one for one in parts(product, "options") if text(one, "name", 100) in named]
    return prod(len(parts(one, "choices")) or 1 for one in options if one.get("type") in CHOSEN)


def choices_of(variation: Json) -> tuple[tuple[str, str], ...]:
    pairs = ((text(one, "name", 100), text(one, "value", 100)) for one in parts(variation, "options"))
    return tuple(dict(pair for pair in pairs if pair[0]).items())


def barcode_of(source: Json) -> str:
    """Of the product, or of the variation: the value of its attribute of the type UPC."""
    codes = (text(one, "value", 100) for one in parts(source, "attributes") if one.get("type") == "UPC")
    return next((code for code in codes if code), "")


def regular_price(source: Json) -> Decimal | None:
    """Before the discount that the store shows beside it; None where there is no price."""
    price, before = money(source.get("price")), money(source.get("compareToPrice"))
    return before if price is not None and before is not None and before > price else price


def money(value: Any) -> Decimal | None:
    return None if value is None or value == "" else number(value, "price")
