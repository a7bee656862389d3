"""What somebody shipped in the store itself, or took back there, compared with what stands here. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .models.shipping import tracking_key_of
from .shapes import IncomingOrder, StoreFulfillment, StoreShipment
from .store_shipments import StoreLeft, left_by_store


@dataclass(frozen=True, slots=True)
class Standing:
    """A fulfillment that was not voided. `ref` is the store's id of it, "" where none is known.

    `known_at`: when the store told us of it, or confirmed it; None while it does not know of it.
    """

    pk: int
    by_store: bool
    ref: str = ""
    known_at: dt.datetime | None = None
    lines: tuple[tuple[int, int], ...] = ()  # (line id, pieces)
    trackings: frozenset[str] = frozenset()

    @property
    def pieces(self) -> int:
        return sum(quantity for _, quantity in self.lines)


@dataclass(frozen=True, slots=True)
class InStore:
    """`left` is new; `deleted` were made in the store and are gone there; `ours_deleted` left here, and are gone there.

    None of it while the store's answer to a telling of ours is in doubt.
    """

    left: StoreLeft | None = None
    deleted: tuple[Standing, ...] = ()
    ours_deleted: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True)
class Here:
    """What stands here of one order. `line_ids` in the order of the store's lines; `open_quantity` may still ship."""

    line_ids: Sequence[int]
    open_quantity: Mapping[int, int]
    standing: Sequence[Standing] = ()
    refs: frozenset[str] = field(default_factory=frozenset)  # also of voided ones: those are not new


def compared(order: IncomingOrder, shipments: Sequence[StoreShipment], here: Here) -> InStore:
    gone = [one for one in here.standing if _is_gone(one, order, shipments)]
    deleted = tuple(one for one in gone if one.by_store)
    open_quantity = dict(here.open_quantity)
    for one in deleted:
        for line_id, quantity in one.lines:
            open_quantity[line_id] = open_quantity.get(line_id, 0) + quantity
    ours = {key for one in here.standing for key in one.trackings}
    left = left_by_store(
        order,
        [s for s in shipments if not s.tracking or tracking_key_of(s.tracking) not in ours],
        here.line_ids,
        open_quantity=open_quantity,
        known=here.refs,
    )
    return InStore(left, deleted, tuple(one for one in gone if not one.by_store))


def _is_gone(one: Standing, order: IncomingOrder, shipments: Sequence[StoreShipment]) -> bool:
    """Whether the store no longer shows it. What the store showed before it knew of it proves nothing."""
    if one.known_at is None or order.changed_at <= one.known_at:
        return False
    if not one.ref:  # "mark as fulfilled" makes no shipment; it is undone as a whole
        return one.by_store and order.fulfillment is not StoreFulfillment.ALL
    if any(s.uid == one.ref for s in shipments):
        return False
    return not any(s.tracking and tracking_key_of(s.tracking) in one.trackings for s in shipments)
