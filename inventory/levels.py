"""Levels as a warehouse reports them or a person counts them, and adjustments of them.

The believed quantity of a product at a warehouse is the last absolute level plus all relative movements (shipments,
adjustments, corrections) that happened after the moment it was taken. An absolute level therefore replaces whatever
was believed before, and keeps what moved after it. One taken before the stored one, or at the same moment with another
quantity, is refused for that item only. The history gets a row only where the believed quantity changes, with the
difference as its quantity; so the counting rows of a product at a warehouse always add up to its level.

Each item is answered for itself and in its place; nothing of the others is lost. However many items there are, the
number of statements is the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from fcp.insert import insert_rows, read_rows, update_locked_rows

from .errors import InventoryError
from .level_batch import MOST, AdjustItem, Batch, LevelAnswer, LevelItem, pieces, whole_number
from .models import (
    RELATIVE,
    MovementKind,
    Reports,
    Reservation,
    StockLevel,
    StockMovement,
    Warehouse,
)
from .movements import Held, Movement, apply, levels_at, write
from .stock import moved

WITH_REF = (MovementKind.ADJUSTMENT, MovementKind.CORRECTION)


def check_takes_reports(warehouse: Warehouse) -> None:
    """Levels over the API belong to a warehouse whose stock the partner keeps (X16)."""
    if not warehouse.takes_reports:
        raise InventoryError(
            f"The stock of {warehouse.name} is kept in this panel, so its levels are not taken from the API. "
            "Change that on the warehouse's page if the warehouse should report them.",
            "kept_by_panel",
        )


def check_takes_counts(warehouse: Warehouse) -> None:
    """Counts and corrections by a person belong to a warehouse whose levels no partner reports (X16)."""
    if not warehouse.takes_counts:
        raise InventoryError(
            f"{warehouse.name} reports its levels itself, so they cannot be changed here. "
            "Ask the warehouse to report them, or change who keeps its stock on the warehouse's page.",
            "kept_by_partner",
        )


def report_levels(
    warehouse: Warehouse,
    items: Sequence[LevelItem],
    *,
    actor: str,
    now: dt.datetime,
    kind: MovementKind = MovementKind.LEVEL,
    reason: str = "",
    source_kind: str = "api",
) -> list[LevelAnswer]:
    """Take absolute levels, reported (LEVEL) or counted by a person (COUNT); one answer per item, in order.

    Codes: taken, unchanged (known, perhaps as of a later moment now), older, unknown_sku, wrong_quantity, future, past,
    duplicate. Raises InventoryError where the warehouse takes no levels of that kind.
    """
    (check_takes_counts if kind == MovementKind.COUNT else check_takes_reports)(warehouse)
    batch = Batch(items, [(whole_number(item.quantity), item.taken_at) for item in items], now, at_least=0)
    with transaction.atomic():
        batch.find(warehouse)
        _set_levels(batch, warehouse, _Made(actor, kind, reason, source_kind, now))
    return batch.all_answers()


def adjust_levels(
    warehouse: Warehouse,
    items: Sequence[AdjustItem],
    *,
    actor: str,
    now: dt.datetime,
    kind: MovementKind = MovementKind.ADJUSTMENT,
    source_kind: str = "api",
) -> list[LevelAnswer]:
    """Add to levels: adjustments by the warehouse (ADJUSTMENT), corrections by a person; one answer per item, in order.

    Codes: taken, unchanged (recorded, but the level was taken later and knew of it), repeated (its ref was recorded
    before), no_level, below_zero, unknown_sku, wrong_quantity, future, past, duplicate. Raises InventoryError where the
    warehouse takes none of that kind.
    """
    (check_takes_counts if kind == MovementKind.CORRECTION else check_takes_reports)(warehouse)
    batch = Batch(items, [(whole_number(item.change), item.at) for item in items], now, at_least=-MOST)
    with transaction.atomic():
        batch.find(warehouse)
        _change_levels(batch, warehouse, [item.reason for item in items], _Made(actor, kind, "", source_kind, now))
    return batch.all_answers()


@dataclass(frozen=True, slots=True)
class _Made:
    """By whom and how a batch came."""

    actor: str
    kind: MovementKind
    reason: str
    source_kind: str
    now: dt.datetime

    def movement(
        self,
        warehouse: Warehouse,
        product: int,
        quantity: int,
        at: dt.datetime,
        *,
        ref: str,
        reason: str = "",
        balance: int | None = None,
    ) -> Movement:
        return Movement(
            warehouse.pk, product, self.kind.value, quantity, True, balance, at, self.now, self.actor[:120],
            (reason or self.reason)[:200], self.source_kind, None, ref,
        )  # fmt: skip


# --- absolute ------------------------------------------------------------------------------------------------------

LEVEL = ("account_id", "warehouse_id", "product_id", "quantity", "reported", "taken_at", "changed_at")


def _set_levels(batch: Batch, warehouse: Warehouse, made: _Made) -> None:
    levels = {product: level for (_, product), level in levels_at({(warehouse.pk, one) for one in batch.left}).items()}
    _leave_out_older(batch, levels)
    since = _moved_since(warehouse, {product: at for product, (_, _, at) in batch.left.items()})
    touched = _newly_known(warehouse, batch, levels)
    new, changed, confirmed, movements = [], [], [], []
    for product, (place, number, at) in batch.left.items():
        level, quantity = levels.get(product), number + since.get(product, 0)
        if level is not None and quantity == level.quantity:
            confirmed.append((number, at, level.pk))
            batch.answer(place, "unchanged", f"{pieces(quantity)}, as before.", quantity)
            continue
        if level is None:
            new.append((warehouse.account_id, warehouse.pk, product, quantity, number, at, made.now))
        else:
            changed.append((quantity, number, at, made.now, level.pk))
        difference = quantity - (level.quantity if level else 0)
        movements.append(made.movement(warehouse, product, difference, at, ref=batch.ref(place), balance=quantity))
        batch.answer(place, "taken", _taken(number, quantity), quantity)
    insert_rows(StockLevel, LEVEL, new)
    update_locked_rows(StockLevel, ("quantity", "reported", "taken_at", "changed_at"), changed)
    update_locked_rows(StockLevel, ("reported", "taken_at"), confirmed)
    write(warehouse.account_id, movements)
    if newest := max((at for _, _, at in batch.left.values()), default=None):
        Warehouse.objects.filter(Q(levels_at=None) | Q(levels_at__lt=newest), pk=warehouse.pk).update(levels_at=newest)
    moved(warehouse.account_id, touched | {movement.product_id for movement in movements})


def _leave_out_older(batch: Batch, levels: Mapping[int, Held]) -> None:
    """Answer the items that the stored levels know already."""
    for product, (_, number, at) in list(batch.left.items()):
        level = levels.get(product)
        if level is None or at > level.taken_at:
            continue
        if at == level.taken_at and number == level.reported:
            batch.refuse(product, "unchanged", f"{pieces(level.quantity)}, as before.", level.quantity)
        else:
            sentence = f"A level taken at the same moment or later is stored: {pieces(level.quantity)}. It stays."
            batch.refuse(product, "older", sentence, level.quantity)


def _moved_since(warehouse: Warehouse, taken: Mapping[int, dt.datetime]) -> dict[int, int]:
    """What shipments and adjustments moved after each product's level was taken."""
    since: dict[int, int] = {}
    if taken:
        movements = StockMovement.objects.filter(
            warehouse=warehouse, product__among=taken, kind__in=RELATIVE, at__gt=min(taken.values())
        )
        for product, at, quantity in read_rows(movements.order_by(), ("product_id", "at", "quantity")):
            if at > taken[product]:
                since[product] = since.get(product, 0) + quantity
    return since


def _newly_known(warehouse: Warehouse, batch: Batch, levels: Mapping[int, Held]) -> set[int]:
    """Products with an order that the warehouse had in hand when the new level was taken, but not at the old one's.

    Where levels are without acknowledged orders, such a level says something new also with the same quantity.
    """
    spans = {product: (levels[product].taken_at, at) for product, (_, _, at) in batch.left.items() if product in levels}
    if warehouse.reports != Reports.AVAILABLE or not spans:
        return set()
    acked = Reservation.objects.filter(
        warehouse=warehouse,
        product__among=spans,
        acked_at__gt=min(old for old, _ in spans.values()),
        acked_at__lte=max(new for _, new in spans.values()),
    ).values_list("product_id", "acked_at")
    return {product for product, at in acked if at and spans[product][0] < at <= spans[product][1]}


def _taken(number: int, quantity: int) -> str:
    if number == quantity:
        return f"{pieces(quantity)} now."
    return f"{pieces(quantity)} now: {number:,} when the level was taken, {quantity - number:+,} since."


# --- relative ------------------------------------------------------------------------------------------------------


def _change_levels(batch: Batch, warehouse: Warehouse, reasons: Sequence[str], made: _Made) -> None:
    levels = levels_at({(warehouse.pk, product) for product in batch.left})
    _leave_out_repeated(batch, warehouse, levels)
    movements = []
    for product, (place, change, at) in list(batch.left.items()):
        level = levels.get((warehouse.pk, product))
        if level is None:
            sentence = "No level of this SKU was ever reported here, so there is nothing to add to. Report one first."
            batch.refuse(product, "no_level", sentence, None)
            continue
        after = level.quantity + change if at > level.taken_at else level.quantity
        if at > level.taken_at and change < 0 and after < 0:
            sentence = f"That would leave {after:,}: only {pieces(level.quantity)} should be there. Count them first."
            batch.refuse(product, "below_zero", sentence, level.quantity)
        elif after > MOST:
            sentence = f"That would make {pieces(after)}; at most 10,000,000 can be kept."
            batch.refuse(product, "wrong_quantity", sentence, level.quantity)
        else:
            movements.append(made.movement(warehouse, product, change, at, ref=batch.ref(place), reason=reasons[place]))
    written = apply(warehouse.account_id, movements, levels, made.now)
    for movement in written:
        place, balance = batch.left[movement.product_id][0], movement.balance
        assert balance is not None
        if movement.counts:
            batch.answer(place, "taken", f"{pieces(balance)} now.", balance)
        else:
            sentence = f"Recorded. The stored level was taken later and knows of it: still {pieces(balance)}."
            batch.answer(place, "unchanged", sentence, balance)
    moved(warehouse.account_id, {movement.product_id for movement in written if movement.counts})


def _leave_out_repeated(batch: Batch, warehouse: Warehouse, levels: Mapping[tuple[int, int], Held]) -> None:
    """Answer the items whose ref was recorded before for the same product here."""
    refs = {(product, batch.ref(place)) for product, (place, _, _) in batch.left.items() if batch.ref(place)}
    if not refs:
        return
    recorded = StockMovement.objects.filter(
        warehouse=warehouse,
        product__among={product for product, _ in refs},
        source_ref__among={ref for _, ref in refs},
        source_ref__gt="",
        kind__in=WITH_REF,
    )
    for product, ref, change in recorded.order_by().values_list("product_id", "source_ref", "quantity"):
        if (product, ref) in refs:
            level = levels.get((warehouse.pk, product))
            sentence = f"{ref} was recorded before ({change:+,}); nothing changed."
            batch.refuse(product, "repeated", sentence, level.quantity if level else None)
