"""Working out what marked rows should show, and settling those of which there is nothing to send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fcp.insert import update_rows
from integrations.flows.stock_round import Round, lock
from integrations.stock_looking import Looked, look
from mappings.models import ListingStock, Why
from orders.intake import Counts

BATCH = 1000
COLUMNS = ("product", "result", "why", "problem", "not_before", "looked")
FIELDS = ("product_id", *COLUMNS[1:])


@dataclass(frozen=True, slots=True)
class Found:
    """A row as it was read, and what it should show. `differs`: the store has to be told."""

    row: ListingStock
    looked: Looked
    differs: bool


def look_at_changed(current: Round) -> bool:
    """Look at everything that is marked; True when the slice is over before."""
    while rows := list(current.rows.changed().select_related("listing").order_by("pk")[:BATCH]):
        found = look_at_rows(current, rows)
        with current.run.page() as page:
            page.count(write(found))
        if current.run.over:
            return True
    return False


def look_at_rows(current: Round, rows: Sequence[ListingStock]) -> list[Found]:
    """`rows` with their listings; nothing is written."""
    results = look(current.settings, [(row.listing, row.location_id) for row in rows])
    return [Found(row, looked, _differs(row, looked)) for row, looked in zip(rows, results, strict=True)]


def _differs(row: ListingStock, looked: Looked) -> bool:
    if looked.quantity is None:
        return False
    return not row.known or row.confirmed != looked.quantity


def write(found: Sequence[Found]) -> Counts:
    """Store what was found, in the caller's transaction; what does not differ is dealt with. What came of them.

    A row that was marked again meanwhile stays marked: only the mark that was read is noted. What is to be sent keeps
    the mark it was dealt with, which a person may raise at this moment.
    """
    counts = Counts()
    to_send: list[tuple[Any, ...]] = []
    settled: list[tuple[Any, ...]] = []
    for one in found:
        row, looked = one.row, one.looked
        why, problem, not_before = (row.why, row.problem, row.not_before) if one.differs else (looked.why, "", None)
        if one.differs and why != Why.REFUSED:
            why = ""
        if not one.differs:
            _count(counts, row, looked)
        wanted = (looked.product_id, looked.quantity, why, problem, not_before, row.marked)
        same = wanted == tuple(getattr(row, name) for name in FIELDS)
        if one.differs and not same:
            to_send.append((*wanted, row.pk))
        elif not one.differs and not (same and row.handled == row.marked):
            settled.append((*wanted, row.marked, row.pk))
    lock(ListingStock.objects.filter(pk__in=[one[-1] for one in (*to_send, *settled)]))
    update_rows(ListingStock, COLUMNS, to_send)
    update_rows(ListingStock, (*COLUMNS, "handled"), settled)
    return counts


def _count(counts: Counts, row: ListingStock, looked: Looked) -> None:
    """One that is left out counts when that is new."""
    if looked.why and looked.why != row.why:
        counts.add(Counts(skipped=1, reasons=Counter({looked.why: 1}), last_item=row.listing.sku))
    else:
        counts.unchanged += 1
