"""What open orders need of the stock: decided from plain values, written once, at the end of a transaction.

A line that ships and has a product reserves what is left of it, at the warehouse that is to ship it as soon as that is
known; held and unpaid orders too. A canceled order keeps only what a warehouse still has in hand: until it has answered
that it stopped, the pieces may leave.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from inventory.models import ReservationSource
from inventory.movements import ship
from inventory.reservations import Source, Wanted, changes_of, store_changes
from inventory.stock import lock_products
from mappings.stock_marks import mark_listings

from .gone import gone_of, pieces_of


@dataclass(frozen=True, slots=True)
class OrderNeeds:
    """An order, as far as its lines' reservations follow from it.

    `closed`: the store shows it canceled, rejected, refunded, fulfilled or not finished; `unpaid`: the release gate
    waits for its payment; `at_warehouse`: the warehouses that have it in hand, and since when.
    """

    placed_at: dt.datetime
    closed: bool = False
    unpaid: bool = False
    at_warehouse: Mapping[int | None, dt.datetime | None] = field(default_factory=dict)


class LineNeeds(NamedTuple):
    """`left` is what may ship and has not: 0 of a line that was removed or does not ship."""

    product_id: int | None
    warehouse_id: int | None
    left: int
    units: int


def needed(order: OrderNeeds, line: LineNeeds) -> tuple[Wanted, ...]:
    """What one line reserves, if anything."""
    in_hand = line.warehouse_id in order.at_warehouse
    if line.product_id is None or line.left <= 0 or (order.closed and not in_hand):
        return ()
    acked_at = order.at_warehouse.get(line.warehouse_id)
    pieces = pieces_of(line.left, line.units)
    unpaid = order.unpaid and not in_hand
    return (Wanted(line.product_id, line.warehouse_id, pieces, unpaid, order.placed_at, acked_at),)


@dataclass(slots=True)
class StockWrites:
    """What a transaction changes of the stock, gathered so that it is written once and last.

    So all its products are locked at once, by rising id; then come the listings' marks, and the account's change number
    is drawn when nothing else is left to wait for.
    """

    reserved: dict[int, dict[Source, Sequence[Wanted]]] = field(default_factory=lambda: defaultdict(dict))
    left: list[int] = field(default_factory=list)  # fulfillments that were made or voided
    made: set[Source] = field(default_factory=set)  # sources that are new in this transaction
    named: set[int] = field(default_factory=set)  # listings whose stock in the store an order may have changed

    def line(self, account_id: int, line_id: int, wanted: Sequence[Wanted], *, made: bool = False) -> None:
        self._need(account_id, (ReservationSource.LINE.value, line_id), wanted, made)

    def seen(self, account_id: int, seen_id: int, wanted: Sequence[Wanted], *, made: bool = False) -> None:
        self._need(account_id, (ReservationSource.SEEN.value, seen_id), wanted, made)

    def _need(self, account_id: int, source: Source, wanted: Sequence[Wanted], made: bool) -> None:
        self.reserved[account_id][source] = wanted
        if made:
            self.made.add(source)

    def write(self, *, actor: str, now: dt.datetime) -> None:
        changes = changes_of(self.reserved, self.made)
        gone = gone_of(self.left)
        locked = lock_products(changes.products() | {move.product_id for moves in gone.values() for move in moves})
        mark_listings(self.named, unknown=True)
        for account_id in sorted(gone):  # rising, like everything that is locked
            ship(account_id, gone[account_id], actor=actor, now=now)
        store_changes(changes, locked)
