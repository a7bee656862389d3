"""The numbers of a product's stock as the screens show them, made by the reckoning that pushes use, too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fcp.models import Account
from fcp.wording import plural

from .availability import House, Place, Step, Stock, StockRules, available
from .models import Reports, Warehouse
from .stock_reading import stock_of


@dataclass(frozen=True, slots=True)
class AtHouse:
    """A product at one warehouse. `quantity` None: no level was ever reported there. `known`: reserved pieces that
    its level is already without.
    """

    warehouse: Warehouse
    quantity: int | None
    taken_at: dt.datetime | None
    reserved: int
    known: int

    @property
    def known_words(self) -> str:
        pieces = plural(self.known, "more piece is,more pieces are")
        return f"{pieces} reserved, but its level is already without what it took over. So that is not taken off again."

    @property
    def not_counted_words(self) -> str:
        pieces = plural(self.reserved, "piece is,pieces are")
        return f"{pieces} reserved there, but it never reported a level: neither counts."


@dataclass(frozen=True, slots=True)
class Figures:
    """A product in all its account's warehouses. `available` below 0: more is promised than there is.

    `on_hand` and `available` are None where no warehouse ever reported a level. `unplaced`: reserved pieces that no
    warehouse is chosen for yet; `unpaid`: those of orders that nobody has paid.
    """

    on_hand: int | None
    reserved: int
    available: int | None
    at: tuple[AtHouse, ...]
    unplaced: int
    unpaid: int
    steps: tuple[Step, ...]

    @property
    def short(self) -> bool:
        return self.available is not None and self.available < 0

    def at_house(self, warehouse_id: int) -> AtHouse:
        return next(one for one in self.at if one.warehouse.pk == warehouse_id)


def houses_of(account: Account) -> list[Warehouse]:
    """The account's warehouses by code; asked for once for each request's account."""
    kept = account.__dict__.setdefault("_houses", [])
    if not kept:
        kept.extend(Warehouse.objects.for_account(account).select_related("partner").order_by("code"))
    return list(kept)


def figures_of(product_ids: Collection[int], houses: Sequence[Warehouse]) -> dict[int, Figures]:
    """One query, however many products. `houses`: all warehouses of the account."""
    return {pk: reckoned(stock, houses) for pk, stock in stock_of(product_ids).items()}


def reckoned(stock: Stock, houses: Sequence[Warehouse]) -> Figures:
    everywhere = Place("all", [House(one.pk, one.code, one.reports == Reports.AVAILABLE) for one in houses])
    answer = available(stock, [everywhere], StockRules())["all"]
    below_zero = sum(step.change for step in answer.steps if step.code == "floor")
    return Figures(
        on_hand=sum(level.quantity for level in stock.levels.values()) if stock.levels else None,
        reserved=sum(one.quantity for one in stock.reserved),
        available=None if answer.quantity is None else answer.quantity - below_zero,
        at=tuple(_at(house, stock, answer.steps) for house in houses),
        unplaced=sum(one.quantity for one in stock.reserved if one.warehouse is None),
        unpaid=sum(one.quantity for one in stock.reserved if one.unpaid),
        steps=answer.steps,
    )


def _at(house: Warehouse, stock: Stock, steps: Sequence[Step]) -> AtHouse:
    reserved = sum(one.quantity for one in stock.reserved if one.warehouse == house.pk)
    level = stock.levels.get(house.pk)
    if level is None:
        return AtHouse(house, None, None, reserved, 0)
    taken = -sum(step.change for step in steps if step.code == "reserved" and step.of == house.code)
    return AtHouse(house, level.quantity, level.taken_at, reserved, reserved - taken)
