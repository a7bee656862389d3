"""What becomes of a store's open orders when its integration is deleted, said before somebody does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fcp.keyset import up_to
from fcp.models import Store
from orders.models import Fulfillment, Order
from orders.state import State


@dataclass(frozen=True, slots=True)
class Fate:
    """`count` is capped (`fcp.keyset.up_to`); `where` says which orders these are, `text` what becomes of them."""

    count: int
    where: str
    text: str


def fates_of(store: Store) -> Sequence[Fate]:
    """One for each group that has orders."""
    found = (
        Fate(
            _orders(store, State.NEW, State.HELD),
            "new or held",
            "They stay here and wait. Nothing hands them to a warehouse before the store is connected again and live.",
        ),
        Fate(
            _orders(store, State.READY),
            "offered to a warehouse",
            "It can still take and ship them. Put them on hold first if it should not.",
        ),
        Fate(
            _orders(store, State.AT_WAREHOUSE, State.PARTLY_SHIPPED),
            "at a warehouse",
            "It goes on and reports here what it shipped, but the store is not told: enter those tracking numbers in "
            "the store by hand, or wait with deleting until they have left.",
        ),
        Fate(
            up_to(Fulfillment.objects.to_tell().filter(store=store)),
            "shipped, with tracking that the store was not told yet",
            "It will not be told any more; here they count as done. Press Sync, Fulfillments first if it should be.",
        ),
    )
    return [fate for fate in found if fate.count]


def _orders(store: Store, *states: State) -> int:
    return up_to(Order.objects.filter(store=store).in_state(*states))
