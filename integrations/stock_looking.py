"""What each listing should show, worked out in one place for the flow, the preview and whoever asks why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from integrations.stock_rules import Key, StockSettings
from inventory.availability import Available, Step, Stock, available
from inventory.models import Alias, sku_key_of
from inventory.stock_reading import stock_of
from mappings.models import Listing, Why


@dataclass(frozen=True, slots=True)
class Looked:
    """`quantity` None: nothing is sent, and `why` says the reason (empty for a listing that the store took off)."""

    quantity: int | None
    why: str = ""
    steps: tuple[Step, ...] = ()
    product_id: int | None = None

    @property
    def steps_as_json(self) -> list[list[object]]:
        return [step.as_json() for step in self.steps]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A product and how many of it one listing is; or why there is none."""

    product: int | None
    units: int = 1
    why: str = ""


def look(settings: StockSettings, wanted: Sequence[tuple[Listing, Key]]) -> list[Looked]:
    """The quantity of each listing at each place, in the order asked; at most two statements however many."""
    listings = {listing.pk: listing for listing, _ in wanted}
    meanings = meanings_of(settings, listings.values())
    stock = stock_of({meaning.product for meaning in meanings.values() if meaning.product})
    reckoned: dict[int, Mapping[Key, Available]] = {}
    found: list[Looked] = []
    for listing, key in wanted:
        meaning = meanings[listing.pk]
        product = meaning.product
        if listing.retired_at or (why := _left_out(settings, listing, key, meaning.why)) or product is None:
            found.append(Looked(None, "" if listing.retired_at else why, product_id=product))
            continue
        if listing.pk not in reckoned:
            of_product = stock.get(product, Stock())
            reckoned[listing.pk] = available(of_product, settings.places, settings.rules, meaning.units)
        found.append(_as_sent(reckoned[listing.pk].get(key, Available(None)), settings.offer.most, product))
    return found


def meanings_of(settings: StockSettings, listings: Iterable[Listing]) -> dict[int, Meaning]:
    """By listing: what a person chose, else the chosen alias type, else (master SKU only) the same SKU (X12).

    A listing whose SKU changed in the store goes by the one it was linked under until somebody has answered for it.
    """
    rows = list(listings)
    if settings.alias_type is None:
        return {row.pk: _linked(row) for row in rows}
    codes = {row.pk: sku_key_of(row.sku_was) or row.sku_key for row in rows}
    aliases = Alias.objects.filter(alias_type=settings.alias_type, code_key__in=set(codes.values()) - {""})
    products = {
        key: Meaning(product, units) for key, product, units in aliases.values_list("code_key", "product_id", "units")
    }
    lacking = {True: Meaning(None, why=Why.NO_ALIAS.value), False: Meaning(None, why=Why.UNMAPPED.value)}
    return {
        row.pk: _linked(row)
        if row.by_hand and row.product_id
        else products.get(codes[row.pk]) or lacking[row.product_id is not None]
        for row in rows
    }


def _linked(row: Listing) -> Meaning:
    return Meaning(row.product_id, row.units) if row.product_id else Meaning(None, why=Why.UNMAPPED.value)


def _left_out(settings: StockSettings, listing: Listing, key: Key, why: str) -> str:
    if not settings.places:
        return Why.NO_WAREHOUSE.value
    if listing.shares_stock:  # whatever it means: its product's own listing is sent
        return Why.INHERITED.value
    if why:
        return why
    if listing.tracked is False:
        return Why.UNTRACKED.value
    if key in settings.shared:
        return Why.SHARED.value
    return "" if any(place.key == key for place in settings.places) else Why.NO_WAREHOUSE.value


def _as_sent(found: Available, most: int, product: int) -> Looked:
    if found.quantity is None:
        return Looked(None, Why.NO_LEVEL.value, product_id=product)
    steps = found.steps
    if found.quantity > most:
        steps = (*steps, Step("most", most - found.quantity, most, str(most)))
    return Looked(min(found.quantity, most), steps=steps, product_id=product)
