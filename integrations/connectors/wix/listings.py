"""Products of both catalogues as listings, and places. Source: dev.wix.com, Stores Catalog V1 and V3, Locations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import orjson

from ..base import Bad, IncomingListing, IncomingLocation
from .page import fingerprint
from .reading import Json, Wrong, grams, key_text, part, parts, text
from .words import GRAMS, NO_VARIANT

T = TypeVar("T")


def of_rows(rows: list[Json], shape: Callable[[Json], Iterable[T]]) -> tuple[list[T], list[Bad]]:
    """What the rows that can be read hold; a row that cannot is set aside with a sentence."""
    found: list[T] = []
    bad: list[Bad] = []
    for row in rows:
        try:
            found += shape(row)
        except Wrong as odd:
            packed = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
            key = row.get("id") if isinstance(row.get("id"), str) else f"{fingerprint(packed):x}"
            bad.append(Bad(f"A product that Wix sent {odd}.", str(odd), packed, f"{key}"[:120]))
    return found, bad


def v1_listings(product: Json) -> Iterator[IncomingListing]:
    """One for each variant; weights come without a unit, so they are left out."""
    uid = _uid(product, "id")
    name, sku = text(product, "name", 255), text(product, "sku", 100)
    tracked = _tracked(part(product, "stock").get("trackInventory"))
    visible = product.get("visible") is not False
    variants = parts(product, "variants")
    managed = product.get("manageVariants") is True
    for variant in variants:
        inner = part(variant, "variant")
        own = text(inner, "sku", 100)
        yield IncomingListing(
            product_uid=uid,
            variant_uid=key_text(text(variant, "id", 1000), 100) or NO_VARIANT,
            sku=own or ("" if managed else sku),
            title=_title(name, [str(value) for value in part(variant, "choices").values()]),
            tracked=_tracked(part(variant, "stock").get("trackQuantity"), tracked),
            visible=visible and inner.get("visible") is not False,
        )
    if not variants:
        yield IncomingListing(uid, NO_VARIANT, sku, name, tracked, visible=visible)


def v3_listing(variant: Json) -> Iterator[IncomingListing]:
    """A row of query-variants. Whether its stock is counted stands with the inventory items only; files have none."""
    product = part(variant, "productData")
    choices = [text(part(choice, "optionChoiceNames"), "choiceName", 100) for choice in parts(variant, "optionChoices")]
    uid = variant.get("variantId") or variant.get("id")
    yield IncomingListing(
        product_uid=_uid(product, "productId"),
        variant_uid=key_text(text({"id": uid}, "id", 1000), 100),
        sku=text(variant, "sku", 100),
        title=_title(text(product, "name", 255), choices),
        tracked=False if product.get("productType") == "DIGITAL" else None,
        barcode=text(variant, "barcode", 100),
        weight_grams=grams(part(variant, "physicalProperties"), _unit(product)),
        visible=variant.get("visible") is not False and product.get("visible") is not False,
    )


def _unit(product: Json) -> float | None:
    info = part(part(product, "physicalProperties"), "weightMeasurementUnitInfo")
    return GRAMS.get(text(info, "weightMeasurementUnit", 40))


def _uid(source: Json, field: str) -> str:
    uid = text(source, field, 1000)
    if not uid:
        raise Wrong("has no id")
    return key_text(uid, 100)


def _title(name: str, choices: list[str]) -> str:
    chosen = ", ".join(choice for choice in choices if choice)
    return (f"{name} ({chosen})" if chosen else name)[:255]


def _tracked(value: Any, otherwise: bool | None = None) -> bool | None:
    return value if isinstance(value, bool) else otherwise


def location(source: Json) -> IncomingLocation:
    uid = text(source, "id", 100)
    return IncomingLocation(uid, text(source, "name", 255) or uid, source.get("default") is True)


def stores_location(source: Json, uid: str) -> IncomingLocation:
    """A Stores location under our id of it; see `stock.Places`."""
    return IncomingLocation(uid, text(source, "name", 255) or uid, source.get("defaultLocation") is True)
