"""What the store itself already shipped of an order, before or beside us. Pure."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .shapes import IncomingOrder, StoreFulfillment, StoreShipment


@dataclass(frozen=True, slots=True)
class LeftShipment:
    """One fulfillment made in the store. `lines` are pairs of (our line id, quantity); `uid` the store's id, if any."""

    uid: str
    lines: tuple[tuple[int, int], ...]
    tracking: str = ""
    carrier: str = ""
    url: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class StoreLeft:
    shipments: tuple[LeftShipment, ...]

    @property
    def shipped(self) -> dict[int, int]:
        """Quantity by line id."""
        pieces: dict[int, int] = defaultdict(int)
        for shipment in self.shipments:
            for line_id, quantity in shipment.lines:
                pieces[line_id] += quantity
        return dict(pieces)


def left_by_store(
    order: IncomingOrder,
    shipments: Sequence[StoreShipment],
    line_ids: Sequence[int],
    *,
    open_quantity: Mapping[int, int] | None = None,
    known: Collection[str] = (),
) -> StoreLeft | None:
    """The store's shipments that we do not know yet, never more than what is open; None when there are none.

    An order that the store shows as fulfilled without listing how (somebody pressed "mark as fulfilled") gets one
    shipment of all that is open. `line_ids` are ours, in the order of `order.lines`; `known` uids are left out.
    """
    if order.fulfillment is StoreFulfillment.NONE:
        return None
    by_uid = {line.uid: line_id for line, line_id in zip(order.lines, line_ids, strict=True) if line.ships}
    remaining = {
        line_id: line.quantity if open_quantity is None else open_quantity.get(line_id, 0)
        for line, line_id in zip(order.lines, line_ids, strict=True)
        if line.ships
    }
    left = []
    for shipment in shipments:
        if shipment.uid in known:
            continue
        pieces = []
        for uid, quantity in shipment.lines:
            line_id = by_uid.get(uid)
            take = min(quantity, remaining.get(line_id, 0)) if line_id else 0
            if line_id and take > 0:
                remaining[line_id] -= take
                pieces.append((line_id, take))
        if pieces:
            left.append(
                LeftShipment(
                    shipment.uid,
                    tuple(pieces),
                    shipment.tracking[:100],
                    shipment.carrier[:60],
                    shipment.url[:500],
                    shipment.created_at,
                )
            )
    rest = tuple((line_id, quantity) for line_id, quantity in remaining.items() if quantity > 0)
    if order.fulfillment is StoreFulfillment.ALL and rest:
        # When it left is not told; the order's last change is the nearest we know.
        left.append(LeftShipment("", rest, at=order.changed_at))
    return StoreLeft(tuple(left)) if left else None
