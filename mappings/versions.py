"""Versions of mappings: what a row meant under each, and taking a change, or all changes of a batch, back.

What is taken back is a change again, with its own version and history. It goes back only where nobody has changed the
row since: whatever somebody did later stands, and is named.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fcp.models import Account

from .alias_changes import TABLE as ALIASES
from .alias_changes import undo_alias
from .errors import ChangedMeanwhile, MappingError
from .mapping import forget_carrier, give_meaning, name_carrier, tell_mapped
from .models import CarrierOut, Listing, Location, MappingChange, ShipMethod, Word

Row = Word | CarrierOut
Meaning = dict[str, Any]

# The tables that history speaks of, and the fields that a meaning consists of.
TABLES: dict[str, type[Row]] = {
    str(model._meta.model_name): model for model in (ShipMethod, Listing, Location, CarrierOut)
}
FIELDS: dict[type[Row], tuple[str, ...]] = {
    ShipMethod: ("target", "target_carrier", "target_service", "hold"),
    Listing: ("product_id", "units"),
    Location: ("warehouse_id",),
    CarrierOut: ("name", "link"),
}
TAKEN_BACK = "Taken back."
MOST = 500
LATEST = 50


def meaning_of_row(row: Row) -> Meaning:
    return {name: getattr(row, name) for name in FIELDS[type(row)]}


@dataclass(frozen=True, slots=True)
class Version:
    """What a row means, or meant, from one change to the next. The first has no `change`: the word was new."""

    number: int
    meaning: Meaning
    change: MappingChange | None = None


def changes_of(row: Row) -> list[MappingChange]:
    """The changes of one row's meaning, newest first; what was only noted is left out."""
    changes = MappingChange.objects.filter(table=row._meta.model_name, row=row.pk).order_by("-id")
    return [change for change in changes if change.before != change.after]


def changes_of_rows(rows: Sequence[Row]) -> dict[int, list[MappingChange]]:
    """The same for several rows of one table, by their ids; one statement."""
    found: dict[int, list[MappingChange]] = {row.pk: [] for row in rows}
    if not rows:
        return found
    table = rows[0]._meta.model_name
    for change in MappingChange.objects.filter(table=table, row__in=list(found)).order_by("-id"):
        if change.before != change.after:
            found[change.row].append(change)
    return found


def versions_of(row: Row) -> list[Version]:
    """Every version of a row, the one in force first."""
    return versions_by(changes_of(row), row)


def versions_by(changes: Sequence[MappingChange], row: Row) -> list[Version]:
    """The same, where the row's changes are read already, newest first."""
    found, meaning = [], meaning_of_row(row)
    for change in changes:
        found.append(Version(change.version, meaning, change))
        meaning = meaning | {name: value for name, value in change.before.items() if name in meaning}
    first = found[-1].number - 1 if found else row.version
    return [*found, Version(max(first, 0), meaning)]


def meanings_of(row: Row) -> dict[int, Meaning]:
    """What a row meant, by the version that orders keep."""
    return {version.number: version.meaning for version in reversed(versions_of(row))}


def meant_before(rows: Sequence[Row], field: str, most: int) -> dict[int, Meaning]:
    """What rows of one table meant last as far as `field` said something, by their ids; but for what was taken back,
    which nobody wants again. At most so many changes are looked at; one statement.
    """
    known: dict[int, list[Meaning]] = defaultdict(list)
    ids = [row.pk for row in rows if row.version]
    table = rows[0]._meta.model_name if rows else ""
    changes = MappingChange.objects.filter(table=table, row__in=ids).order_by("row", "pk") if ids else ()
    for one in changes[:most]:
        if one.why == TAKEN_BACK:
            known[one.row] = [was for was in known[one.row] if was.get(field) != one.before.get(field)]
        if one.after.get(field):
            known[one.row].append(one.after)
    return {row: meanings[-1] for row, meanings in known.items() if meanings}


# --- taking back -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Left:
    """A change that stays, and why, as a sentence."""

    change: MappingChange
    word: str
    why: str


@dataclass(slots=True)
class Undone:
    """`done`: taken back; `already`: it is as it was before; `left`: somebody changed it since, or it cannot go back.

    `last`: the id of the last change that was looked at; `more`: go on after it.
    """

    done: int = 0
    already: int = 0
    left: list[Left] = field(default_factory=list)
    last: int = 0
    more: bool = False


def undo_change(change: MappingChange, by: str, now: dt.datetime, *, why: str = "") -> MappingChange | None:
    """Take one change back: the row means what it meant before. A change of its own; orders follow as after any.

    None where it means that already. Raises MappingError, with the sentence, where somebody changed it since, or what
    it meant is no longer there.
    """
    return _undo([change], by, now, why or TAKEN_BACK, batch="", quiet=False)


def undo_batch(
    account: Account, batch: str, by: str, now: dt.datetime, *, after: int = 0, most: int = MOST
) -> Undone:  # fmt: skip
    """Take back what one file or one press changed, `most` changes at a time: go on with `after=undone.last` while
    `undone.more`.

    Each row in its own transaction; safe to stop anywhere and to run twice (what went back already counts as
    `already`). The rows changed by it carry the batch `undo_of(batch)`, so it can be taken back in its turn.
    """
    changes = MappingChange.objects.for_account(account).filter(batch=batch).exclude(batch="")
    found = list(changes.filter(pk__gt=after).order_by("pk")[: most + 1])
    page, undone = found[:most], Undone(last=after, more=len(found) > most)
    if page:
        undone.last = page[-1].pk
    names = words_of_changes(page)
    for of_row in _by_row(changes, page):
        first = of_row[0]
        if first.pk <= after:
            continue  # its row was looked at with an earlier page
        try:
            made = _undo(of_row, by, now, TAKEN_BACK, batch=undo_of(batch), quiet=True)
        except MappingError as error:
            undone.left.append(Left(first, names.get((first.table, first.row), ""), str(error)))
            continue
        undone.done += made is not None
        undone.already += made is None
    if undone.done:
        tell_mapped(account.pk)
    return undone


def last_batch(account: Account, table: str, since: dt.datetime) -> str:
    """What was last changed together of one kind of word, among the kind's last changes; empty where nothing was."""
    changes = MappingChange.objects.for_account(account).filter(table=table).order_by("-id")
    for batch, at in changes.values_list("batch", "at")[:LATEST]:
        if batch and at >= since:
            return str(batch)
    return ""


def undo_of(batch: str) -> str:
    """The name of the batch that takes another one back."""
    return f"undo-{batch}"[:40]


def _by_row(changes: Any, page: Sequence[MappingChange]) -> list[list[MappingChange]]:
    """The batch's changes of the rows of a page, oldest first; usually one for each row."""
    rows: dict[str, set[int]] = defaultdict(set)
    for change in page:
        rows[change.table].add(change.row)
    of_row: dict[tuple[str, int], list[MappingChange]] = defaultdict(list)
    for table, ids in rows.items():
        for change in changes.filter(table=table, row__in=ids).order_by("pk"):
            of_row[table, change.row].append(change)
    return sorted(of_row.values(), key=lambda one: one[0].pk)


def _undo(
    changes: Sequence[MappingChange], by: str, now: dt.datetime, why: str, *, batch: str, quiet: bool
) -> MappingChange | None:
    """Take back changes of one row, oldest first, that belong together."""
    first, last = changes[0], changes[-1]
    if last.table == ALIASES:
        return undo_alias(first, last, by, now, why, batch)
    before = {name: value for change in reversed(changes) for name, value in change.before.items()}
    model = TABLES[last.table]
    row: Any = model._default_manager.filter(pk=last.row, account=last.account_id).first()
    if model is CarrierOut:
        return _undo_carrier(row, first, last, by, now, why, batch)
    if row is None:
        raise MappingError("The word is no longer there.", "gone")
    if all(getattr(row, name) == value for name, value in before.items() if name in FIELDS[model]):
        return None
    _nobody_since(last, before)
    return give_meaning(row, before, by=by, now=now, why=why, batch=batch, only_at=row.version, quiet=quiet)


def _undo_carrier(
    row: CarrierOut | None, first: MappingChange, last: MappingChange, by: str, now: dt.datetime, why: str, batch: str
) -> MappingChange | None:
    was = {name: first.before.get(name, "") for name in ("name", "link")}
    if row is None and not was["name"]:
        return None
    if row is not None and {"name": row.name, "link": row.link} == was:
        return None
    _nobody_since(last, was)
    if row is not None and not was["name"]:
        return forget_carrier(row, by=by, now=now, why=why, batch=batch, only_at=row.version)
    carrier = row.carrier if row else str(first.before.get("carrier", ""))
    if last.store is None or not carrier:
        raise MappingError("It was removed, and the history does not say enough to bring it back.", "gone")
    return name_carrier(
        last.store, carrier, was["name"], was["link"], by=by, now=now, why=why, batch=batch,
        only_at=row.version if row else 0, removed=None if row else last,
    )  # fmt: skip


def _nobody_since(last: MappingChange, fields: Mapping[str, Any]) -> None:
    later = MappingChange.objects.filter(table=last.table, row=last.row, pk__gt=last.pk)
    for change in later:
        if any(change.before.get(name) != change.after.get(name) for name in fields if name in change.after):
            raise ChangedMeanwhile


def words_of_changes(changes: Sequence[MappingChange]) -> dict[tuple[str, int], str]:
    """The words that changes are about, by table and row; one that is gone as its history knows it."""
    found: dict[tuple[str, int], str] = {}
    rows: dict[str, set[int]] = defaultdict(set)
    for change in changes:
        rows[change.table].add(change.row)
        if known := change.before.get("carrier") or change.before.get("code"):
            found[change.table, change.row] = str(known)
    for table, ids in rows.items():
        if table in TABLES:
            there: Any = TABLES[table]._default_manager.in_bulk(ids)
            found |= {(table, pk): str(row) for pk, row in there.items()}
    return found
