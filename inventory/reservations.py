"""Pieces that open orders need, kept as their owners want them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction

from fcp.insert import insert_rows, update_rows

from .models import Reservation
from .stock import lock_products, moved_in

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

    gone: list[tuple[int, int]] = field(default_factory=list)  # reservation, product
    changed: list[tuple[int, Wanted]] = field(default_factory=list)
    new: list[tuple[int, Source, Wanted]] = field(default_factory=list)  # the account first
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
        locked = lock_products(changes.products())
        return store_changes(changes_of({account_id: wanted}) if changes else changes, locked)


def changes_of(wanted: Mapping[int, Mapping[Source, Sequence[Wanted]]]) -> Changes:
    """What `write_reservations` would write, for a caller that has more to lock and to write than reservations.

    By account, of any number of accounts. The caller locks the products of the changes, with all others that it
    touches, and stores them last.
    """
    goal: dict[Source, tuple[int, Mapping[int, Wanted]]] = {}
    for account_id, sources in wanted.items():
        for (kind, source_id), rows in sources.items():
            goal[str(kind), source_id] = account_id, _by_product(rows)
    return _compare(goal)


def store_changes(changes: Changes, locked: Collection[int]) -> int:
    """Store changes whose products are locked, as far as these still exist; how many."""
    if changes:
        _write(changes, set(locked))
        moved_in(changes.accounts)
    return len(changes.gone) + len(changes.changed) + len(changes.new)


def _by_product(rows: Iterable[Wanted]) -> dict[int, Wanted]:
    """One row per product: two lines' worth under one source adds up, nothing wanted is no row."""
    found: dict[int, Wanted] = {}
    for row in rows:
        if row.quantity > 0:
            before = found.get(row.product_id)
            found[row.product_id] = replace(row, quantity=row.quantity + before.quantity) if before else row
    return found


def _compare(goal: Mapping[Source, tuple[int, Mapping[int, Wanted]]]) -> Changes:
    """What has to be written; the goal is not touched."""
    changes = Changes()
    stored: defaultdict[Source, set[int]] = defaultdict(set)
    for pk, account_id, kind, source_id, product, *values in _rows(goal):
        source = (kind, source_id)
        stored[source].add(product)
        want = goal[source][1].get(product)
        if want is None:
            changes.gone.append((pk, product))
        elif values != [getattr(want, name) for name in MADE]:
            changes.changed.append((pk, want))
        else:
            continue
        changes.accounts[product] = account_id
    for source, (account_id, rows) in goal.items():
        for product, row in rows.items():
            if product not in stored[source]:
                changes.new.append((account_id, source, row))
                changes.accounts[product] = account_id
    return changes


def _rows(sources: Mapping[Source, tuple[int, object]]) -> Iterable[tuple[int, int, str, int, int, object]]:
    ids: defaultdict[str, list[int]] = defaultdict(list)
    for kind, source_id in sources:
        ids[kind].append(source_id)
    accounts = {account_id for account_id, _ in sources.values()}
    for kind, found in ids.items():
        rows = Reservation.objects.filter(account__in=accounts, source_kind=kind, source_id__in=found)
        yield from rows.values_list("pk", "account_id", "source_kind", "source_id", "product_id", *MADE)


def _write(changes: Changes, locked: set[int]) -> None:
    if changes.gone:
        Reservation.objects.filter(pk__in=[pk for pk, _ in changes.gone]).delete()
    update_rows(Reservation, MADE, [(*(getattr(want, name) for name in MADE), pk) for pk, want in changes.changed])
    insert_rows(
        Reservation,
        ("account_id", "source_kind", "source_id", "product_id", *MADE),
        [
            (account_id, *source, want.product_id, *(getattr(want, name) for name in MADE))
            for account_id, source, want in changes.new
            if want.product_id in locked
        ],
    )
