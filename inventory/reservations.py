"""Pieces that open orders need, kept as their owners want them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from fcp.insert import insert_rows, update_rows

from .models import Reservation
from .stock import lock_products, moved

Source = tuple[str, int]  # ReservationSource and the id of the row there

MADE = ("warehouse_id", "quantity", "unpaid", "since", "acked_at")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a source needs of one product; `acked_at`: since when that warehouse has the order in hand."""

    product_id: int
    warehouse_id: int | None
    quantity: int
    unpaid: bool
    since: dt.datetime
    acked_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to be written so that reservations are as they are wanted."""

    gone: list[tuple[int, int]]  # reservation, product
    changed: list[tuple[int, Wanted]]
    new: list[tuple[Source, Wanted]]

    def __bool__(self) -> bool:
        return bool(self.gone or self.changed or self.new)

    def products(self) -> set[int]:
        return (
            {product for _, product in self.gone}
            | {one.product_id for _, one in self.changed}
            | {one.product_id for _, one in self.new}
        )


def write_reservations(account_id: int, wanted: Mapping[Source, Sequence[Wanted]]) -> int:
    """Make the reservations of these sources exactly these; an empty sequence removes a source's. How many changed.

    Nothing is written, and no product locked, where nothing differs. A source's reservations are written by one
    transaction at a time: its owner holds the lock of the row that the source names.
    """
    with transaction.atomic():
        changes = changes_of(account_id, wanted)
        locked = lock_products(changes.products())
        return store_changes(account_id, changes_of(account_id, wanted) if changes else changes, locked)


def changes_of(account_id: int, wanted: Mapping[Source, Sequence[Wanted]]) -> Changes:
    """What `write_reservations` would write, for a caller that has more to lock and to write than reservations.

    The caller locks the products of the changes, with all others that it touches, and stores them last.
    """
    goal = {(str(kind), source_id): _by_product(rows) for (kind, source_id), rows in wanted.items()}
    return _compare(account_id, goal) if goal else Changes([], [], [])


def store_changes(account_id: int, changes: Changes, locked: Collection[int]) -> int:
    """Store changes whose products are locked, as far as these still exist; how many."""
    if changes:
        _write(account_id, changes, set(locked))
        moved(account_id, changes.products())
    return len(changes.gone) + len(changes.changed) + len(changes.new)


def _by_product(rows: Iterable[Wanted]) -> dict[int, Wanted]:
    """One row per product: two lines' worth under one source adds up, nothing wanted is no row."""
    found: dict[int, Wanted] = {}
    for row in rows:
        if row.quantity > 0:
            before = found.get(row.product_id)
            found[row.product_id] = replace(row, quantity=row.quantity + before.quantity) if before else row
    return found


def _compare(account_id: int, goal: Mapping[Source, Mapping[int, Wanted]]) -> Changes:
    """What has to be written; the goal is not touched."""
    changes = Changes([], [], [])
    stored: defaultdict[Source, set[int]] = defaultdict(set)
    for pk, kind, source_id, product, *values in _rows(account_id, goal):
        source = (kind, source_id)
        stored[source].add(product)
        want = goal[source].get(product)
        if want is None:
            changes.gone.append((pk, product))
        elif values != [getattr(want, name) for name in MADE]:
            changes.changed.append((pk, want))
    for source, rows in goal.items():
        changes.new.extend((source, row) for product, row in rows.items() if product not in stored[source])
    return changes


def _rows(account_id: int, sources: Iterable[Source]) -> Iterable[tuple[int, str, int, int, object]]:
    ids: defaultdict[str, list[int]] = defaultdict(list)
    for kind, source_id in sources:
        ids[kind].append(source_id)
    for kind, found in ids.items():
        yield from Reservation.objects.filter(account=account_id, source_kind=kind, source_id__in=found).values_list(
            "pk", "source_kind", "source_id", "product_id", *MADE
        )


def _write(account_id: int, changes: Changes, locked: set[int]) -> None:
    if changes.gone:
        Reservation.objects.filter(pk__in=[pk for pk, _ in changes.gone]).delete()
    update_rows(Reservation, MADE, [(*(getattr(want, name) for name in MADE), pk) for pk, want in changes.changed])
    insert_rows(
        Reservation,
        ("account_id", "source_kind", "source_id", "product_id", *MADE),
        [
            (account_id, *source, want.product_id, *(getattr(want, name) for name in MADE))
            for source, want in changes.new
            if want.product_id in locked
        ],
    )
