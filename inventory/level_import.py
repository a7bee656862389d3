"""Levels from a file: looked at first, written once a person has seen what would change.

Looking is the real thing in a transaction that is rolled back, batch by batch, so that the preview says what the
import will do. Rows without a time count from the moment of the upload: what moves between looking and writing stays
on top of them. Writing goes in batches of a thousand (fcp.file_writing).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import transaction

from fcp.file_rows import pack, unpack
from fcp.file_writing import note, write_on
from fcp.file_writing import unfinished as unfinished_of
from fcp.models import Account, ImportState, User

from .errors import InventoryError
from .level_rows import FileRow, Found
from .levels import LevelAnswer, LevelItem, report_levels
from .models import LevelImport, MovementKind, StockLevel, Warehouse, sku_key_of

BATCH = 1000
FOUND_FOR = {"taken": Found.CHANGED, "unchanged": Found.UNCHANGED}
WRITABLE = (Found.NEW, Found.CHANGED, Found.UNCHANGED)


def look(
    account: Account, user: User, file_name: str, rows: Sequence[FileRow], houses: Sequence[Warehouse],
    *, now: dt.datetime,
) -> LevelImport:  # fmt: skip
    """Compare the rows with what is stored, and keep them with what each would do. Writes no level."""
    by_pk = {house.pk: house for house in houses}
    open_rows = sorted((row for row in rows if not row.found), key=lambda row: (row.house or 0, row.number))
    for batch in _batches(open_rows):
        _compare(by_pk[batch[0].house or 0], batch, actor=str(user), now=now)
    ordered = sorted(rows, key=lambda row: (row.found not in WRITABLE, row.house or 0, row.number))
    counts = Counter(str(row.found) for row in rows)
    return LevelImport.objects.create(
        account=account, user=user, actor=str(user)[:120], file_name=file_name.replace("\x00", "")[-200:],
        created_at=now, touched_at=now, writable=sum(counts[found] for found in WRITABLE), counts=dict(counts),
        packed=pack(ordered),
    )  # fmt: skip


def _batches(rows: Sequence[FileRow]) -> Iterator[Sequence[FileRow]]:
    """Rows of one warehouse, at most BATCH of them; `rows` are in the order of their warehouses."""
    start = 0
    while start < len(rows):
        end = start + 1
        while end < len(rows) and end - start < BATCH and rows[end].house == rows[start].house:
            end += 1
        yield rows[start:end]
        start = end


def _compare(house: Warehouse, batch: Sequence[FileRow], *, actor: str, now: dt.datetime) -> None:
    keys = {sku_key_of(row.sku): row for row in batch}
    with transaction.atomic():
        levels = StockLevel.objects.filter(warehouse=house, product__sku_key__in=keys)
        for key, quantity in levels.values_list("product__sku_key", "quantity"):
            keys[key].before = quantity
        answers = _report(house, batch, actor=actor, now=now, at=now)
        transaction.set_rollback(True)
    for row, answer in zip(batch, answers, strict=True):
        found = FOUND_FOR.get(answer.code)
        if found is None:
            row.refuse(answer.sentence)
        else:
            row.after = answer.quantity
            row.found = Found.NEW if row.before is None else found


def _report(
    house: Warehouse, batch: Sequence[FileRow], *, actor: str, now: dt.datetime, at: dt.datetime, reason: str = "",
    ref: str = "",
) -> list[LevelAnswer]:  # fmt: skip
    items = [LevelItem(row.sku, row.pieces, dt.datetime.fromisoformat(row.at) if row.at else at, ref) for row in batch]
    try:
        return report_levels(
            house, items, actor=actor, now=now, kind=MovementKind.COUNT, reason=reason, source_kind="import"
        )
    except InventoryError as error:
        return [LevelAnswer(row.sku, error.code, str(error)) for row in batch]


def unfinished(now: dt.datetime) -> list[int]:
    return unfinished_of(LevelImport, now)


def go_on(pk: int, *, seconds: float) -> bool:
    """Write batches for so long; False where the time was over first. Safe to call from several places at once: one
    writes, the others have nothing to do.
    """
    found = LevelImport.objects.filter(pk=pk, state=ImportState.IMPORTING).first()
    if found is None:
        return True
    rows = unpack(found.packed, FileRow)[: found.writable]
    houses = Warehouse.objects.in_bulk({row.house for row in rows if row.house})

    def end_of(start: int) -> int:
        return start + len(next(_batches(rows[start : start + BATCH])))

    def write(batch: Sequence[FileRow], results: dict[str, Any], now: dt.datetime) -> None:
        answers = _report(
            houses[batch[0].house or 0], batch, actor=found.actor, now=now, at=found.created_at,
            reason=f"File {found.file_name}", ref=str(found.pk),
        )  # fmt: skip
        _add(results, batch, answers)

    return write_on(found, rows, end_of, write, seconds=seconds)


def _add(results: dict[str, Any], batch: Sequence[FileRow], answers: Sequence[LevelAnswer]) -> None:
    """`results`: how many were written, were so already, were refused; and the first of those, with the reason."""
    for row, answer in zip(batch, answers, strict=True):
        if answer.taken:
            note(results, answer.code)
        else:
            note(results, "refused", [row.number, row.warehouse, row.sku, answer.sentence])
