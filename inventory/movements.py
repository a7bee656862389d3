"""What moved on top of the levels: shipments and their voiding, adjustments. Append only.

A relative movement is always recorded, and moves the level if it happened after the moment the level was taken: one
that was taken later knew of it. A shipment happened when it left, at a warehouse that reports what is on hand; at one
that reports what is available, when that warehouse took the order over, because its numbers are without it from then.
A believed quantity may fall below zero (more left than was there); what is offered never does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q

from fcp.insert import insert_rows, read_rows, update_locked_rows

from .models import MovementKind, StockLevel, StockMovement
from .stock import lock_products, moved

AHEAD = dt.timedelta(minutes=5)  # how far another clock may be ahead of ours
EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # programs that know no time write the year 1
FULFILLMENT_LINE = "fulfillment_line"

Place = tuple[int, int]  # warehouse, product


@dataclass(frozen=True, slots=True)
class Gone:
    """Pieces that left with one line of a fulfillment (SHIPPED), or did not leave after all (VOIDED)."""

    product_id: int
    warehouse_id: int
    pieces: int
    at: dt.datetime
    source_id: int
    kind: MovementKind = MovementKind.SHIPPED


@dataclass(slots=True)
class Held:
    """A stored level while it is being changed."""

    pk: int
    quantity: int
    reported: int
    taken_at: dt.datetime


class Movement(NamedTuple):
    """A row to be written; the account comes before it."""

    warehouse_id: int
    product_id: int
    kind: str
    quantity: int
    counts: bool
    balance: int | None
    at: dt.datetime
    created_at: dt.datetime
    actor: str
    reason: str = ""
    source_kind: str = ""
    source_id: int | None = None
    source_ref: str = ""


def ship(account_id: int, rows: Sequence[Gone], *, actor: str, now: dt.datetime) -> int:
    """Record what left or came back with lines of fulfillments; how many were new. A line told again changes nothing.

    A voided line takes back exactly what its shipment moved, at the shipment's moment, so that the two cancel whatever
    was reported in between; without a recorded shipment there is nothing to take back. The caller holds the locks of
    the orders.
    """
    if not rows:
        return 0
    with transaction.atomic():
        shipped = _shipped(account_id, [row.source_id for row in rows if row.kind == MovementKind.VOIDED])
        touched = {row.product_id for row in rows} | {known.product_id for some in shipped.values() for known in some}
        locked = set(lock_products(touched))
        new = _not_yet(account_id, rows, shipped, actor, now)
        new = [movement for movement in new if movement.product_id in locked]
        levels = levels_at({(movement.warehouse_id, movement.product_id) for movement in new})
        written = apply(account_id, new, levels, now)
        moved(account_id, {movement.product_id for movement in written if movement.counts})
    return len(written)


def apply(
    account_id: int, movements: Sequence[Movement], levels: Mapping[Place, Held], now: dt.datetime
) -> list[Movement]:
    """Store relative movements of locked products, and what they do to their levels; the caller calls `moved`."""
    changed: dict[int, Held] = {}
    written = []
    for movement in movements:
        level = levels.get((movement.warehouse_id, movement.product_id))
        counts = level is not None and movement.at > level.taken_at
        if level and counts:
            level.quantity += movement.quantity
            changed[level.pk] = level
        written.append(movement._replace(counts=counts, balance=level.quantity if level else None))
    values = [(level.quantity, now, pk) for pk, level in changed.items()]
    update_locked_rows(StockLevel, ("quantity", "changed_at"), values)
    write(account_id, written)
    return written


def write(account_id: int, movements: Iterable[Movement]) -> None:
    """Add rows to the history; what they did to the levels is the caller's."""
    rows = [(account_id, *movement) for movement in movements]
    insert_rows(StockMovement, ("account_id", *Movement._fields), rows)


def levels_at(places: Collection[Place]) -> dict[Place, Held]:
    """The stored levels of these warehouses and products, in one query."""
    if not places:
        return {}
    levels = StockLevel.objects.filter(
        warehouse__in={warehouse for warehouse, _ in places}, product__among={product for _, product in places}
    )
    found = read_rows(levels, ("warehouse_id", "product_id", "id", "quantity", "reported", "taken_at"))
    return {(row[0], row[1]): Held(*row[2:]) for row in found}


def _not_yet(
    account_id: int, rows: Sequence[Gone], shipped: dict[int, list[Gone]], actor: str, now: dt.datetime
) -> list[Movement]:
    """The rows that were not recorded before, voids turned into what they take back."""
    done = _recorded(account_id, {row.source_id for row in rows})
    found: dict[tuple[Any, ...], Movement] = {}
    for row in rows:
        if row.kind == MovementKind.VOIDED:
            here = [other for other in rows if other.source_id == row.source_id and other.kind == MovementKind.SHIPPED]
            moves = [(known, known.pieces) for known in shipped.get(row.source_id, here)]
        else:
            moves = [(row, -row.pieces)]
        if (row.source_id, row.kind) in done:
            continue
        for move, quantity in moves:
            movement = Movement(
                move.warehouse_id, move.product_id, row.kind.value, quantity, False, None, _happened(move.at, now), now,
                actor[:120], source_kind=FULFILLMENT_LINE, source_id=row.source_id,
            )  # fmt: skip
            found.setdefault((row.source_id, row.kind, move.warehouse_id, move.product_id), movement)
    return list(found.values())


def _happened(at: dt.datetime, now: dt.datetime) -> dt.datetime:
    """A moment still to come would be taken off every level until then; a little ahead is only another clock."""
    return at if at <= now + AHEAD else now


def _shipped(account_id: int, source_ids: Collection[int]) -> dict[int, list[Gone]]:
    """What the shipments of these lines moved, as it was recorded."""
    found: dict[int, list[Gone]] = {}
    for movement in _of_lines(account_id, source_ids).filter(kind=MovementKind.SHIPPED):
        gone = Gone(
            movement.product_id, movement.warehouse_id, -movement.quantity, movement.at, movement.source_id or 0
        )
        found.setdefault(gone.source_id, []).append(gone)
    return found


def _recorded(account_id: int, source_ids: Collection[int]) -> set[tuple[int | None, str]]:
    return set(_of_lines(account_id, source_ids).values_list("source_id", "kind"))


def _of_lines(account_id: int, source_ids: Collection[int]) -> Any:
    if not source_ids:
        return StockMovement.objects.none()
    return StockMovement.objects.filter(
        Q(source_id__isnull=False), account=account_id, source_kind=FULFILLMENT_LINE, source_id__in=source_ids
    )
