"""Telling Ecwid what left, and reading back what it shows. Source: Ecwid API reference, "Update order".

An Ecwid order has one tracking number, a plain text, and one status: so each call writes the whole picture, every
parcel of the order that stands, and may be made again. Ecwid has no field for the carrier. Which of an order's lines
left it cannot say: until all have, it shows the order as being processed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from fcp.errors import Busy, Scope, SyncError, Unreadable
from orders.shapes import StoreFulfillment, StoreShipment

from ..shapes import Answer, Done, Later, ShipmentToTell
from . import batch
from .order import ships
from .page import order_id
from .reading import Call, Json, Wrong, cleaned, count, id_text, parts, text, time_of
from .words import FULFILLMENT, SHIPPED, UNDER_WAY

BETWEEN = ", "
BATCH_FROM = 10  # orders; fewer are told one by one, since a batch is answered seconds later


# --- telling ------------------------------------------------------------------------------------------------------


def tell(call: Call, shipments: Sequence[ShipmentToTell]) -> Done | Later:
    """One change for each order, whose shipments all name the same parcels in the end; many in one batch."""
    of_orders: dict[str, list[ShipmentToTell]] = defaultdict(list)
    for shipment in shipments:
        of_orders[shipment.order_uid].append(shipment)
    if len(of_orders) < BATCH_FROM:
        return Done(_one_by_one(call, of_orders, shipments))
    changes = [
        batch.Change(" ".join(one.key for one in some), _path(uid), picture(some)) for uid, some in of_orders.items()
    ]
    return Later(batch.ask(call, changes, str(uuid4()), batch.ORDERS))


def _one_by_one(
    call: Call, of_orders: Mapping[str, Sequence[ShipmentToTell]], shipments: Sequence[ShipmentToTell]
) -> list[Answer]:
    """One answer for each.

    An error that is not about one record ends the work: raised when nothing was told yet, else it is the answer for
    the shipments of that order, and Busy that for those never sent.
    """
    answers: dict[str, Answer] = {}
    for uid, some in of_orders.items():
        error: SyncError | None = None
        try:
            call("PUT", _path(uid), picture(some))
        except SyncError as problem:
            error = problem
            if error.scope is not Scope.RECORD and not answers:
                raise
        answers |= {shipment.key: Answer(shipment.key, error=error) for shipment in some}
        if error is not None and error.scope is not Scope.RECORD:
            break
    return [answers.get(s.key) or Answer(s.key, error=Busy("not sent: a call before it failed")) for s in shipments]


def _path(uid: str) -> str:
    return f"/orders/{quote(uid, safe='')}"


def picture(shipments: Sequence[ShipmentToTell]) -> Json:
    """What the order shall show. Status and number go together: each alone would mail the buyer.

    An order told without a number keeps the one that it has, unless one of ours is taken back. A corrected number
    leaves the status alone: it may say "delivered" by now.
    """
    shown: Json = {}
    if any(one.action != "change" for one in shipments):
        shown["fulfillmentStatus"] = SHIPPED if any(one.complete for one in shipments) else UNDER_WAY
    numbers = _numbers(shipments)
    if numbers or any(one.action != "create" for one in shipments):
        shown["trackingNumber"] = BETWEEN.join(numbers)
    return shown


def _numbers(shipments: Sequence[ShipmentToTell]) -> list[str]:
    """Every parcel of the order, each number once: those told before first, none of a shipment that is taken back."""
    standing = [one for one in shipments if one.action != "retract"]
    of_others = [parcel.number for one in shipments for parcel in one.others]
    own = [parcel.number for one in standing for parcel in one.parcels]
    mine = set(own)
    return _once([number for number in of_others if number not in mine] + own)


def _once(numbers: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(number for one in numbers if (number := cleaned(one, 200))))


# --- reading back -------------------------------------------------------------------------------------------------


def told(orders: Iterable[Any]) -> dict[str, list[StoreShipment] | None]:
    """What each of these orders shows as sent; None for one that cannot be read, which is not the same as nothing."""
    found: dict[str, list[StoreShipment] | None] = {}
    for order in orders:
        if not isinstance(order, dict) or not (uid := order_id(order)):
            continue
        found[uid] = None
        with suppress(Wrong):
            found[uid] = _shown(order)
    return found


def _shown(order: Json) -> list[StoreShipment]:
    """One for the whole order, without an id: Ecwid keeps none. Its lines are those that ship, once all have."""
    tracking = text(order, "trackingNumber", 2000)
    everything = FULFILLMENT.get(text(order, "fulfillmentStatus", 60)) is StoreFulfillment.ALL
    if not everything and not tracking:
        return []
    lines = [(id_text(line, "id"), count(line, "quantity")) for line in parts(order, "items") if ships(line)]
    left_at = time_of(order, "update")
    return [StoreShipment("", tuple(lines) if everything else (), tracking, created_at=left_at)]


def same(listed: StoreShipment, ours: ShipmentToTell) -> bool:
    """Whether the order shows what we told: each of our numbers, and as sent once everything has left."""
    shown = {_plain(number) for number in re.split(r"[,;\n]", listed.tracking)}
    numbers = {_plain(parcel.number) for parcel in ours.parcels} - {""}
    if not numbers <= shown:
        return False
    return bool(listed.lines) if ours.complete or not numbers else True


def _plain(number: str) -> str:
    return "".join(sign for sign in number.upper() if sign.isalnum())


def listed(call: Call, uids: Sequence[str], limit: int) -> list[Any]:
    """These orders as Ecwid's search has them. An order that was never finished is found only one by one."""
    asked = [uid for uid in uids if "," not in uid]
    if not asked:
        return []
    reply = call("GET", "/orders", params={"ids": ",".join(asked), "limit": str(limit)})
    rows = reply.get("items") if isinstance(reply, dict) else None
    if not isinstance(rows, list):
        raise Unreadable("a page without a list of orders")
    return rows
