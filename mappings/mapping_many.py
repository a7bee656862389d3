"""Giving many words another meaning at once: what `mapping` does for one, in few statements. For files of mappings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fcp.insert import insert_rows, update_rows
from inventory.models import Product, Warehouse

from .mapping import BESIDE, beside_again, tell_mapped
from .models import CarrierOut, Listing, Location, MappingChange, ShipMethod, Word
from .outside import OUTSIDE
from .stock_marks import mark_listings

COLUMNS: dict[type[Word], tuple[str, ...]] = {
    ShipMethod: ("target", "target_carrier", "target_service"),
    Listing: ("product_id", "units"),
    Location: ("warehouse_id",),
    CarrierOut: ("name", "link"),
}
TARGETS: dict[type[Word], tuple[str, type[Product] | type[Warehouse]]] = {
    Listing: ("product_id", Product),
    Location: ("warehouse_id", Warehouse),
}
CHANGE = ("account", "store", "table", "row", "at", "before", "after", "by", "why", "batch", "version")


class Became(StrEnum):
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    MEANWHILE = "meanwhile"  # it means something else than whoever asks for it saw
    GONE = "gone"  # the word, or what it was to mean, is no longer there


@dataclass(frozen=True, slots=True)
class NewMeaning:
    """`after` and `before` hold fields of COLUMNS, others stay; `before` is what whoever asks for it saw. What is given
    back from the history has BESIDE in `after` too.
    """

    row: int
    before: dict[str, Any]
    after: dict[str, Any] = field(default_factory=dict)


def map_many(
    model: type[Word], account_id: int, wanted: Sequence[NewMeaning], *, by: str, now: dt.datetime, why: str = "",
    batch: str = "",
) -> dict[int, Became]:  # fmt: skip
    """What became of each, by the word's id. In the caller's transaction; the words are locked by rising id.

    The history gets its rows in that order too. Listings are said to be linked by hand, their questions answered, but
    for those that get back what the history kept.
    """
    asked = {one.row: one for one in wanted}
    rows = _locked(model, account_id, asked)
    there = _targets_there(model, account_id, wanted)
    became: dict[int, Became] = {}
    changed: list[Any] = []
    for pk in sorted(asked):
        became[pk] = _outcome(rows.get(pk), asked[pk], there)
        if became[pk] is Became.CHANGED:
            changed.append(rows[pk])
    if not changed:
        return became
    _store(model, changed, asked)
    insert_rows(
        MappingChange,
        CHANGE,
        [
            (account_id, row.store_id, str(model._meta.model_name), row.pk, now, _told(row, {}) | _beside(row),
             _told(row, asked[row.pk].after), by[:120], why[:200], batch, row.version + 1)
            for row in changed
        ],
    )  # fmt: skip
    if model is Listing:
        mark_listings([row.pk for row in changed])
    if model is not CarrierOut:  # nothing waits for it
        OUTSIDE.cure_many(account_id, model, [row.pk for row in changed], batch=batch, by=by, now=now)
        tell_mapped(account_id)
    return became


def _locked(model: type[Word], account_id: int, ids: Collection[int]) -> Mapping[int, Any]:
    rows = model.objects.select_for_update(no_key=True).filter(account=account_id, pk__in=sorted(ids))
    return {row.pk: row for row in rows.order_by("pk")}


def _targets_there(model: type[Word], account_id: int, wanted: Sequence[NewMeaning]) -> set[Any]:
    """The ids of the account's products or warehouses among those that are to be meant."""
    if model not in TARGETS:
        return set()
    name, target = TARGETS[model]
    ids = {one.after[name] for one in wanted} - {None}
    return set(target.objects.filter(account=account_id, pk__in=ids).values_list("pk", flat=True)) | {None}


def _outcome(row: Word | None, one: NewMeaning, there: set[Any]) -> Became:
    if row is None:
        return Became.GONE
    after = _fields(row, one.after)
    now_means = {name: getattr(row, name) for name in after}
    if now_means == after:
        return Became.UNCHANGED
    if now_means != one.before:
        return Became.MEANWHILE
    if type(row) in TARGETS and after[TARGETS[type(row)][0]] not in there:
        return Became.GONE
    return Became.CHANGED


def _meaning(row: Word) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COLUMNS[type(row)]}


def _told(row: Word, after: Mapping[str, Any]) -> dict[str, Any]:
    """A meaning as the history keeps it; a carrier is named in it, since its row may be removed later."""
    known = {"carrier": row.carrier} if isinstance(row, CarrierOut) else {}
    return {**_meaning(row), **_fields(row, after), **known}


def _fields(row: Word, side: Mapping[str, Any]) -> dict[str, Any]:
    """A meaning without what stands beside it."""
    return {name: value for name, value in side.items() if name not in BESIDE.get(type(row), ())}


def _beside(row: Word) -> dict[str, Any]:
    return {name: getattr(row, name) for name in BESIDE.get(type(row), ())}


def _store(model: type[Word], rows: Sequence[Any], asked: Mapping[int, NewMeaning]) -> None:
    fields = tuple(name.removesuffix("_id") for name in COLUMNS[model])
    values = [tuple({**_meaning(row), **asked[row.pk].after}[name] for name in COLUMNS[model]) for row in rows]
    if model is Listing:
        beside = [beside_again(row, {**_meaning(row), **asked[row.pk].after}) for row in rows]
        fields += tuple(beside[0])
        values = [(*value, *one.values()) for value, one in zip(values, beside, strict=True)]
    counted = [(*value, row.version + 1, row.pk) for value, row in zip(values, rows, strict=True)]
    update_rows(model, (*fields, "version"), counted)
