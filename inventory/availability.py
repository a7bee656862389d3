"""How many of a listing may be offered, with every step of the reckoning. Plain values in and out (X10, X11).

Sum over the warehouses that count, minus orders that their levels do not know yet, in the listing's own units; minus
the reserve; at least 0; below the minimum level 0; at most the cap, which comes last so that it never trips the
minimum. A warehouse that never reported a level is not a warehouse with nothing.

Step codes: level, shared (a warehouse that is counted at another place), reserved, elsewhere (pieces of one place that
orders at another one need), unplaced, units, reserve, floor, minimum, cap.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Level:
    quantity: int
    taken_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Reserved:
    """Pieces that open orders need. `acked_at`: since when the warehouse has the order in hand."""

    quantity: int
    warehouse: int | None = None
    unpaid: bool = False
    acked_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Stock:
    """One product: its level at each warehouse that ever reported one, and what open orders need of it."""

    levels: Mapping[int, Level] = field(default_factory=dict)
    reserved: Sequence[Reserved] = ()


@dataclass(frozen=True, slots=True)
class House:
    """A warehouse as the reckoning sees it. `knows_acknowledged`: its levels are without what it has in hand."""

    pk: int
    code: str
    knows_acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Place(Generic[K]):
    """Where the store counts stock: one of its locations, or (one place for all) the whole store."""

    key: K
    houses: Sequence[House]


@dataclass(frozen=True, slots=True)
class StockRules:
    """In the listing's units; `cap` None means no limit. `count_unpaid`: open unpaid orders take stock too."""

    reserve: int = 0
    minimum: int = 0
    cap: int | None = None
    count_unpaid: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """What was done: `change` was added, and `after` is what stands then. `of` names a warehouse or an amount."""

    code: str
    change: int
    after: int
    of: str = ""

    def as_json(self) -> list[Any]:
        return [self.code, self.change, self.after, self.of]


@dataclass(frozen=True, slots=True)
class Available:
    """`quantity` None: no warehouse of the place ever reported a level, so nothing may be said."""

    quantity: int | None
    steps: tuple[Step, ...] = ()

    def as_json(self) -> list[list[Any]]:
        return [step.as_json() for step in self.steps]


class _Reckoning:
    """One place while its steps are taken; None of it is there for a place without any level."""

    def __init__(self) -> None:
        self.rest = 0
        self.steps: list[Step] = []

    def add(self, code: str, change: int, of: str = "", *, always: bool = False) -> None:
        if change or always:
            self.rest += change
            self.steps.append(Step(code, change, self.rest, of))


def available(stock: Stock, places: Sequence[Place[K]], rules: StockRules, units: int = 1) -> dict[K, Available]:
    """What each place may offer of a listing that is `units` pieces of the product.

    Together, several places never offer more than one place with all their warehouses would.
    """
    told: set[int] = set()
    reckonings = {place.key: _own(stock, place, rules, told) for place in places}
    counting = [reckoning for reckoning in reckonings.values() if reckoning is not None]
    _level_out(counting)
    unplaced = sum(r.quantity for r in stock.reserved if r.warehouse is None and _counts(r, rules))
    _take(counting, "unplaced", unplaced)
    for one in counting:
        if units > 1:
            one.add("units", one.rest // units - one.rest, str(units))
    _take(counting, "reserve", rules.reserve)
    for one in counting:
        one.add("floor", max(-one.rest, 0))
    total = sum(one.rest for one in counting)
    if total < rules.minimum:
        for one in counting:
            one.add("minimum", -one.rest, str(rules.minimum))
    elif rules.cap is not None and total > rules.cap:
        left = rules.cap
        for one in counting:
            kept = min(one.rest, left)
            one.add("cap", kept - one.rest, str(rules.cap))
            left -= kept
    return {key: Available(one.rest, tuple(one.steps)) if one else Available(None) for key, one in reckonings.items()}


def _own(stock: Stock, place: Place[K], rules: StockRules, told: set[int]) -> _Reckoning | None:
    """The place's levels without what is reserved there and the level does not know; None without any level.

    A warehouse that stands for several places counts at the first of them; `told` are those that were counted.
    """
    houses = {house.pk: house for house in place.houses if house.pk in stock.levels}.values()
    if not houses:
        return None
    reckoning = _Reckoning()
    for house in houses:
        reckoning.add("level", stock.levels[house.pk].quantity, house.code, always=True)
    for house in houses:
        level = stock.levels[house.pk]
        if house.pk in told:
            reckoning.add("shared", -level.quantity, house.code)
            continue
        told.add(house.pk)
        needed = [r for r in stock.reserved if r.warehouse == house.pk and _counts(r, rules)]
        open_orders = sum(r.quantity for r in needed if not _known(r, house, level))
        reckoning.add("reserved", -open_orders, house.code)
    return reckoning


def _counts(reserved: Reserved, rules: StockRules) -> bool:
    return rules.count_unpaid or not reserved.unpaid


def _known(reserved: Reserved, house: House, level: Level) -> bool:
    """Whether the level is already without these pieces."""
    return house.knows_acknowledged and reserved.acked_at is not None and reserved.acked_at <= level.taken_at


def _level_out(reckonings: Sequence[_Reckoning]) -> None:
    """Where a place lacks pieces that were promised, another place's pieces will have to go there."""
    short = [one for one in reckonings if one.rest < 0]
    rich = sum(max(one.rest, 0) for one in reckonings)
    for one in short:
        covered = min(-one.rest, rich)
        rich -= covered
        _take([other for other in reckonings if other.rest > 0], "elsewhere", covered)
        one.add("elsewhere", covered)


def _take(reckonings: Sequence[_Reckoning], code: str, quantity: int) -> None:
    """Take what belongs to no place from the fullest ones; what none of them has makes the first one short."""
    shares = {}
    for place, one in sorted(enumerate(reckonings), key=lambda item: -item[1].rest):
        shares[place] = min(max(one.rest, 0), quantity)
        quantity -= shares[place]
    for place, one in enumerate(reckonings):
        one.add(code, -shares[place] - (quantity if place == 0 else 0))
