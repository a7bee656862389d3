"""Pieces that open orders need, kept as their owners want them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import transaction

from fcp.insert import insert_rows, read_rows, update_locked_rows

from .models import Reservation
from .stock import lock_products, moved_in

Source = tuple[str, int]  # ReservationSource and the id of the row there

MADE = ("warehouse_id", "quantity", "unpaid", "since", "acked_at")
NEW = ("account_id", "source_kind", "source_id", "product_id", *MADE)


class Wanted(NamedTuple):
    """What a source needs of one product; `acked_at`: since when that warehouse has the order in hand."""

    product_id: int
    warehouse_id: int | None
    quantity: int
    unpaid: bool
    since: dt.datetime
    acked_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to be written so that reservations are as they are wanted: rows as they go to the database."""

    gone: set[int] = field(default_factory=set)
    changed: list[tuple[Any, ...]] = field(default_factory=list)  # MADE, then the reservation's id
    new: list[tuple[Any, ...]] = field(default_factory=list)  # NEW
    accounts: dict[int, int] = field(default_factory=dict)  # of the products

    def __bool__(self) -> bool:
        return bool(self.gone or self.changed or self.new)

    def products(self) -> set[int]:
        return set(self.accounts)


def write_reservations(account_id: int, wanted: Mapping[Source, Sequence[Wanted]]) -> int:
    """Make the reservations of these sources exactly these; an empty sequence removes a source's. How many changed.

    Nothing is written, and no product locked, where nothing differs. A source's reservations are written by one
    transaction at a time: its owner holds the lock of the row that the source names.
    """
    if not wanted:
        return 0
    with transaction.atomic():
        changes = changes_of({account_id: wanted})
        return store_changes(changes, lock_products(changes.products()))


def changes_of(wanted: Mapping[int, Mapping[Source, Sequence[Wanted]]], made: Container[Source] = ()) -> Changes:
    """What `write_reservations` would write, for a caller that has more to lock and to write than reservations.

    By account, of any number of accounts. The caller locks the products of the changes, with all others that it
    touches, and stores them last. Sources in `made` were made in this transaction: nothing is reserved for them yet.
    """
    changes = Changes()
    goal: dict[tuple[str, int, int], tuple[Any, ...]] = {}  # by source and product, as in NEW
    sources: defaultdict[str, set[int]] = defaultdict(set)
    for account_id, wants_by_source in wanted.items():
        for (kind, source_id), wants in wants_by_source.items():
            if (kind, source_id) not in made:
                sources[str(kind)].add(source_id)
            for want in wants:
                _add(goal, account_id, str(kind), source_id, want)
    for kind, ids in sources.items():
        for pk, account_id, source_id, product, *values in _stored(set(wanted), kind, ids, MADE if goal else ()):
            row = goal.pop((kind, source_id, product), None)
            if row is None:
                changes.gone.add(pk)
            elif row[4:] != tuple(values):
                changes.changed.append((*row[4:], pk))
            else:
                continue
            changes.accounts[product] = account_id
    changes.new.extend(goal.values())
    changes.accounts.update((row[3], row[0]) for row in changes.new)
    return changes


def store_changes(changes: Changes, locked: Collection[int]) -> int:
    """Store changes whose products are locked, as far as these still exist; how many."""
    if not changes:
        return 0
    there = set(locked)
    new = [row for row in changes.new if row[3] in there]
    if changes.gone:
        Reservation.objects.filter(id__among=changes.gone).delete()
    update_locked_rows(Reservation, MADE, changes.changed)
    insert_rows(Reservation, NEW, new)
    moved_in(changes.accounts)
    return len(changes.gone) + len(changes.changed) + len(new)


def _add(
    goal: dict[tuple[str, int, int], tuple[Any, ...]], account_id: int, kind: str, source_id: int, want: Wanted
) -> None:
    """One row per product: two lines' worth under one source adds up, nothing wanted is no row."""
    if want.quantity > 0:
        key = (kind, source_id, want.product_id)
        if before := goal.get(key):
            want = want._replace(quantity=want.quantity + before[5])
        goal[key] = (account_id, kind, source_id, *want)


def _stored(accounts: set[int], kind: str, ids: set[int], columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """The reservations of these sources; what `columns` name comes last."""
    rows = Reservation.objects.filter(account__in=accounts, source_kind=kind, source_id__among=ids)
    return read_rows(rows, ("id", "account_id", "source_id", "product_id", *columns))
