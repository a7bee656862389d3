"""Products of both catalogues as listings, and places. Source: dev.wix.com, Stores Catalog V1 and V3, Locations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

from ..goods import plain, shaped, titled
from ..shapes import Bad, IncomingListing, IncomingLocation
from .reading import Json, Wrong, amount, grams, key_text, number, part, parts, text
from .words import GRAMS, NO_VARIANT

T = TypeVar("T")


def of_rows(rows: list[Json], shape: Callable[[Json], Iterable[T]]) -> tuple[list[T], list[Bad]]:
    return shaped("Wix", rows, shape)


def v1_listings(product: Json) -> Iterator[IncomingListing]:
    """One for each variant; weights come without a unit, so they are left out."""
    uid = _uid(product, "id")
    name, sku = text(product, "name", 255), text(product, "sku", 100)
    tracked = _tracked(part(product, "stock").get("trackInventory"))
    visible = product.get("visible") is not False
    variants = parts(product, "variants")
    managed = product.get("manageVariants") is True
    description = plain(text(product, "description", 20_000))
    price, currency = v1_price(product)
    for variant in variants:
        inner = part(variant, "variant")
        own = text(inner, "sku", 100)
        choices = chosen(part(variant, "choices"))
        of_variant, its_currency = v1_price(inner)
        yield IncomingListing(
            product_uid=uid,
            variant_uid=key_text(text(variant, "id", 1000), 100) or NO_VARIANT,
            sku=own or ("" if managed else sku),
            title=titled(name, [value for _, value in choices]),
            tracked=_tracked(part(variant, "stock").get("trackQuantity"), tracked),
            visible=visible and inner.get("visible") is not False,
            name=name if choices else "",
            options=choices if managed or own else (),
            price=price if of_variant is None else of_variant,
            currency=its_currency or currency,
            description=description,
        )
    if not variants:
        yield IncomingListing(
            uid, NO_VARIANT, sku, name, tracked, visible=visible, price=price, currency=currency,
            description=description,
        )  # fmt: skip


def v1_price(source: Json) -> tuple[Decimal | None, str]:
    """The price before any discount, and its currency."""
    data = part(source, "priceData")
    price = data.get("price")
    return None if price is None else number(price, "price"), text(data, "currency", 3)


def chosen(choices: Json) -> tuple[tuple[str, str], ...]:
    return tuple((name[:100], str(value)[:100]) for name, value in choices.items())


def v3_listing(variant: Json, descriptions: dict[str, str] | None = None) -> Iterator[IncomingListing]:
    """A row of query-variants. Whether its stock is counted stands with the inventory items only; files have none."""
    product = part(variant, "productData")
    options = v3_choices(variant, "optionChoices")
    name = text(product, "name", 255)
    uid = _uid(product, "productId")
    yield IncomingListing(
        product_uid=uid,
        variant_uid=key_text(text({"id": variant.get("variantId") or variant.get("id")}, "id", 1000), 100),
        sku=text(variant, "sku", 100),
        title=titled(name, [choice for _, choice in options]),
        tracked=False if product.get("productType") == "DIGITAL" else None,
        barcode=text(variant, "barcode", 100),
        weight_grams=grams(part(variant, "physicalProperties"), unit_of(product)),
        visible=variant.get("visible") is not False and product.get("visible") is not False,
        name=name if options else "",
        options=options,
        price=v3_price(variant),
        currency=text(product, "currency", 3),
        description=(descriptions or {}).get(uid, ""),
    )


def v3_choices(variant: Json, field: str) -> tuple[tuple[str, str], ...]:
    names = [part(choice, "optionChoiceNames") for choice in parts(variant, field)]
    return tuple((text(one, "optionName", 100), text(one, "choiceName", 100)) for one in names)


def v3_price(variant: Json) -> Decimal | None:
    """The regular price; None of a variant that is on sale, whose regular price is another field's business."""
    price = part(variant, "price")
    return None if amount(price, "compareAtPrice") is not None else amount(price, "actualPrice")


def v3_description(product: Json) -> Iterator[tuple[str, str]]:
    yield _uid(product, "id"), plain(text(product, "plainDescription", 40_000))


def unit_of(product: Json) -> float | None:
    info = part(part(product, "physicalProperties"), "weightMeasurementUnitInfo")
    return GRAMS.get(text(info, "weightMeasurementUnit", 40))


def _uid(source: Json, field: str) -> str:
    uid = text(source, field, 1000)
    if not uid:
        raise Wrong("has no id")
    return key_text(uid, 100)


def _tracked(value: Any, otherwise: bool | None = None) -> bool | None:
    return value if isinstance(value, bool) else otherwise


def location(source: Json) -> IncomingLocation:
    uid = text(source, "id", 100)
    return IncomingLocation(uid, text(source, "name", 255) or uid, source.get("default") is True)


def stores_location(source: Json, uid: str) -> IncomingLocation:
    """A Stores location under our id of it; see `stock.Places`."""
    return IncomingLocation(uid, text(source, "name", 255) or uid, source.get("defaultLocation") is True)
