"""The items of one call that changes levels: what they are, which of them can be looked at, what each is answered."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .models import Warehouse, sku_key_of
from .movements import AHEAD, EARLIEST
from .stock import lock_skus

MOST = 10_000_000
BEYOND = 10**12  # not worth reading to the last digit
NUMBER = re.compile(r"[+-]?\d{1,12}(\.0*)?")


@dataclass(frozen=True, slots=True)
class LevelItem:
    """One level: pieces that lay there at `taken_at` (aware). `ref` is the reporter's own id, kept beside it."""

    sku: str
    quantity: object
    taken_at: dt.datetime
    ref: str = ""


@dataclass(frozen=True, slots=True)
class AdjustItem:
    """Pieces that came (+) or went (-) at a moment (aware); one `ref` counts once per SKU and warehouse."""

    sku: str
    change: object
    at: dt.datetime
    ref: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LevelAnswer:
    """What became of an item. `quantity`: what is believed to lie there now; None while nothing is."""

    sku: str
    code: str
    sentence: str
    quantity: int | None = None

    @property
    def taken(self) -> bool:
        """Whether the item is as good as stored: sending it again would change nothing."""
        return self.code in {"taken", "unchanged", "repeated"}


def whole_number(value: object) -> int | None:
    """A quantity as people and programs write it (7, 7.0, "7"); None for anything else, fractions and yes/no too."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float | Decimal):
        number = int(value) if math.isfinite(value) and -BEYOND < value < BEYOND else None
        return number if number == value else None
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        return int(value.strip().split(".")[0])
    return None


class Batch:
    """The items of one call: what each is answered, and those that are still to be looked at, by product."""

    def __init__(
        self,
        items: Sequence[LevelItem | AdjustItem],
        values: Sequence[tuple[int | None, dt.datetime]],
        now: dt.datetime,
        at_least: int,
    ) -> None:
        self.items = items
        self.values = values
        self.answers: dict[int, LevelAnswer] = {}
        self.left: dict[int, tuple[int, int, dt.datetime]] = {}  # product: place in the batch, number, moment
        self._places: dict[str, int] = {}
        seen: set[str] = set()
        for place, (item, (number, at)) in enumerate(zip(items, values, strict=True)):
            key = sku_key_of(item.sku)
            if key in seen:
                self.answer(place, "duplicate", "This SKU stands in the batch twice; only its first line was read.")
            elif number is None or not at_least <= number <= MOST or (at_least < 0 and number == 0):
                self.answer(place, "wrong_quantity", _wrong(at_least))
            elif at > now + AHEAD:
                self.answer(place, "future", "Its time is more than 5 minutes ahead of ours. Check the sender's clock.")
            elif at < EARLIEST:
                self.answer(place, "past", "Its time lies before the year 2000. Send the time at which it was so.")
            else:
                self._places[key] = place
            seen.add(key)

    def answer(self, place: int, code: str, sentence: str, quantity: int | None = None) -> None:
        self.answers[place] = LevelAnswer(self.items[place].sku, code, sentence, quantity)

    def find(self, warehouse: Warehouse) -> None:
        """Lock the products that the remaining items name."""
        products = lock_skus(warehouse.account_id, self._places)
        for key, place in self._places.items():
            if (product := products.get(key)) is None:
                self.answer(place, "unknown_sku", "No product has this SKU. Add the product, then send it again.")
            else:
                number, at = self.values[place]
                assert number is not None
                self.left[product] = (place, number, at)

    def ref(self, place: int) -> str:
        return self.items[place].ref.replace("\x00", "")[:100]

    def refuse(self, product: int, code: str, sentence: str, quantity: int | None) -> None:
        self.answer(self.left.pop(product)[0], code, sentence, quantity)

    def all_answers(self) -> list[LevelAnswer]:
        return [self.answers[place] for place in range(len(self.items))]


def _wrong(at_least: int) -> str:
    if at_least < 0:
        return "The change must be a whole number other than 0, at most 10,000,000."
    return "The quantity must be a whole number from 0 to 10,000,000."


def pieces(quantity: int) -> str:
    return f"{quantity:,} piece" if abs(quantity) == 1 else f"{quantity:,} pieces"
