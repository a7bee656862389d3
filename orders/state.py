"""The state of an order: one pure function, the only place where it is decided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    NEW = "new"
    HELD = "held"
    READY = "ready"
    AT_WAREHOUSE = "at_warehouse"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    CONFIRMED = "confirmed"
    CANCELED = "canceled"
    NOTHING_TO_SHIP = "nothing_to_ship"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    State.NEW: "New",
    State.HELD: "Held",
    State.READY: "Ready",
    State.AT_WAREHOUSE: "At the warehouse",
    State.PARTLY_SHIPPED: "Partly shipped",
    State.SHIPPED: "Shipped",
    State.CONFIRMED: "Store told",
    State.CANCELED: "Canceled",
    State.NOTHING_TO_SHIP: "Nothing to ship",
}

OPEN_STATES = (State.NEW, State.HELD, State.READY, State.AT_WAREHOUSE, State.PARTLY_SHIPPED, State.SHIPPED)


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What the state follows from.

    `to_ship` and `shipped` in pieces, of lines that ship and were not removed; `untold` whether a fulfillment stands
    that the store should know and does not; `canceled` whether the store shows it canceled, rejected or fully
    refunded; `stopping` whether a warehouse is still asked to stop.
    """

    to_ship: int
    shipped: int
    untold: bool = False
    canceled: bool = False
    stopping: bool = False
    acknowledged: bool = False
    held: bool = False
    offered: bool = False


def order_state(facts: OrderFacts) -> State:
    """The first line that fits decides; together they partition all orders."""
    if facts.to_ship and facts.shipped >= facts.to_ship:
        return State.SHIPPED if facts.untold else State.CONFIRMED
    if facts.shipped:
        return State.PARTLY_SHIPPED
    if facts.canceled and not facts.stopping:
        return State.CANCELED
    if not facts.to_ship:
        return State.NOTHING_TO_SHIP
    if facts.acknowledged:
        return State.AT_WAREHOUSE
    if facts.held:
        return State.HELD
    if facts.offered:
        return State.READY
    return State.NEW
