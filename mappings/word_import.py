"""Mappings from a file: looked at first, written once a person has seen what would change, taken back as a whole.

Writing goes in batches (fcp.file_writing). A word that somebody mapped otherwise since the file was looked at keeps
what it was given. Every change carries the import's batch; taking back goes the way of every batch (`versions`).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError

from fcp.file_rows import pack, unpack
from fcp.file_writing import LISTED, begin, begin_back, note, write_on
from fcp.file_writing import unfinished as unfinished_of
from fcp.insert import make_rows
from fcp.models import Account, ImportState, Store, User
from fcp.spreadsheets import Row

from . import alias_changes
from .alias_changes import NewAlias, before_of, change_aliases, types_named
from .errors import ChangedMeanwhile, MappingError
from .mapping import forget_carrier, name_carrier
from .mapping_many import Became, NewMeaning, map_many
from .models import CarrierOut, Listing, Location, MappingChange, ShipMethod, Word, WordImport, WordKind
from .versions import TAKEN_BACK, undo_batch, undo_of, words_of_changes
from .word_columns import WITHOUT_STORE, Table, raw_cell
from .word_matching import compare
from .word_rows import WRITABLE, Found, Stores, WordRow, lines_of

__all__ = ["begin", "go_on", "going_back", "look", "look_again", "rows_of", "take_back", "unfinished"]

BATCH = 500
MODELS: dict[str, type[Word]] = {
    WordKind.SHIP_CODES: ShipMethod, WordKind.SKUS: Listing, WordKind.LOCATIONS: Location,
}  # fmt: skip
MEANWHILE = "Somebody mapped it otherwise since the file was looked at."
GONE = {
    WordKind.SHIP_CODES: "It is no longer there.",
    WordKind.SKUS: "The listing or its product is no longer there.",
    WordKind.LOCATIONS: "The location or its warehouse is no longer there.",
    WordKind.ALIASES: alias_changes.GONE,
}
MADE_OF = (
    "account_id", "store_id", "version", "applied_version", "first_seen_at", "last_seen_on", "word_key", "title",
    "code", "carrier", "target", "target_carrier", "target_service",
)  # fmt: skip


# --- looking ------------------------------------------------------------------------------------------------------


def look(
    account: Account, user: User, kind: str, file_name: str, table: Table, only: Store | None, scope: Store | None,
    *, now: dt.datetime,
) -> WordImport:  # fmt: skip
    """Compare the rows with what is stored, and keep them with what each would do. Maps nothing.

    A table whose columns are not clear is kept as it is, until `look_again` is told which column is what.
    """
    found = WordImport(
        account=account, user=user, actor=str(user)[:120], kind=kind, batch=uuid.uuid4().hex,
        file_name=file_name.replace("\x00", "")[-200:], created_at=now, touched_at=now,
    )  # fmt: skip
    stores = {"only": only.pk if only else None, "scope": scope.pk if scope else None}
    if table.columns is None:
        found.packed = keep_raw(table)
        found.counts = {"header": table.header, **stores}
    else:
        _compare(found, table.rows, table.header, table.columns, table.of, Stores(account, only, scope))
    found.save(force_insert=True)
    return found


def look_again(found: WordImport, columns: dict[str, int], *, now: dt.datetime) -> bool:
    """Compare the rows of a table that was kept, now that a person has said which column is what."""
    header, rows = found.counts["header"], raw_rows(found)
    every = Store.objects.for_account(found.account)
    only, scope = (every.filter(pk=found.counts.get(name) or 0).first() for name in ("only", "scope"))
    _compare(found, rows, header, columns, "", Stores(found.account, only, scope))
    waiting = WordImport.objects.filter(pk=found.pk, state=ImportState.PREVIEW, counts__has_key="header")
    return bool(waiting.update(packed=found.packed, counts=found.counts, writable=found.writable, touched_at=now))


def _compare(
    found: WordImport, rows: Sequence[tuple[int, Row]], header: Sequence[str], columns: dict[str, int], of: str,
    stores: Stores,
) -> None:  # fmt: skip
    lines = lines_of(rows, columns, None if found.kind in WITHOUT_STORE else stores)
    compared = compare(found.account, found.kind, lines, stores.names)
    # As they are written: words by rising id, as everybody locks them; those to be made come last, by key.
    compared.sort(key=lambda row: (row.found not in WRITABLE, row.row or 1 << 62, row.said.get("key", ""), row.number))
    counts = Counter(str(row.found) for row in compared)
    found.packed = pack(compared)
    found.writable = sum(counts[one] for one in WRITABLE)
    found.counts = {**counts, "of": of, "read": [[key, header[place]] for key, place in columns.items()]}


def rows_of(found: WordImport) -> list[WordRow]:
    return [] if needs_columns(found) else unpack(found.packed, WordRow)


def unfinished(now: dt.datetime) -> list[int]:
    return unfinished_of(WordImport, now)


# --- a table whose columns are not clear --------------------------------------------------------------------------


@dataclass(slots=True)
class RawRow:
    number: int
    cells: list[Any]


def needs_columns(found: WordImport) -> bool:
    return "header" in found.counts


def keep_raw(table: Table) -> bytes:
    return pack(RawRow(number, [raw_cell(cell) for cell in cells]) for number, cells in table.rows)


def raw_rows(found: WordImport) -> list[tuple[int, Row]]:
    return [(row.number, row.cells) for row in unpack(found.packed, RawRow)]


# --- writing ------------------------------------------------------------------------------------------------------


def go_on(pk: int, *, seconds: float) -> bool:
    """Write batches, or take them back, for so long; False where the time was over first. Safe to call twice."""
    found = WordImport.objects.select_related("account").filter(pk=pk).first()
    if found is None:
        return True
    rows = rows_of(found)[: found.writable]
    if found.state == ImportState.IMPORTING:
        return write_on(found, rows, lambda start: start + BATCH, partial(_write, found), seconds=seconds)
    if found.state == ImportState.UNDOING:
        return _go_back(found, rows, seconds)
    return True


def _write(found: WordImport, rows: Sequence[WordRow], results: dict[str, Any], now: dt.datetime) -> None:
    if found.kind == WordKind.CARRIERS:
        _write_carriers(found, rows, results, now)
        return
    if found.kind == WordKind.ALIASES:
        _write_aliases(found, rows, results, now)
        return
    model = MODELS[found.kind]
    ids = _ids(found, model, rows, now)
    wanted = [NewMeaning(ids[row.number], row.before, row.after) for row in rows]
    why = f"File {found.file_name}"
    became = map_many(model, found.account_id, wanted, by=found.actor, now=now, why=why, batch=found.batch)
    for row in rows:
        _note(results, row, became[ids[row.number]], GONE[WordKind(found.kind)])


def _ids(found: WordImport, model: type[Word], rows: Sequence[WordRow], now: dt.datetime) -> dict[int, int]:
    """The words of the rows by the rows' numbers; words that no order has said are made."""
    ids = {row.number: row.row for row in rows if row.row}
    ahead = sorted((row for row in rows if not row.row), key=lambda row: (row.store, row.said["key"]))
    if ahead:
        # Whoever locks words takes those that are there first, then makes what is missing.
        list(model.objects.select_for_update(no_key=True).filter(pk__in=ids.values()).order_by("pk").values_list("pk"))
        values = [
            (found.account_id, row.store, 0, 0, now, now.date(), row.said["key"], row.said["title"], row.said["code"],
             row.said["carrier"], "", "", "")
            for row in ahead
        ]  # fmt: skip
        key = ("store_id", "word_key")
        made = make_rows(ShipMethod, MADE_OF, values, key=key, returning=(*key, "id"))
        by_key = {(store, key): pk for store, key, pk in made}
        ids |= {row.number: by_key[row.store, row.said["key"]] for row in ahead}
    return ids


def _note(results: dict[str, Any], row: WordRow, became: Became, gone: str) -> None:
    if became is Became.CHANGED:
        note(results, row.found)
    elif became is Became.UNCHANGED:
        note(results, Found.UNCHANGED)
    else:
        why = MEANWHILE if became is Became.MEANWHILE else gone
        note(results, Found.REFUSED, [row.number, row.integration, row.word, why])


def _write_carriers(found: WordImport, rows: Sequence[WordRow], results: dict[str, Any], now: dt.datetime) -> None:
    stores = Store.objects.for_account(found.account).in_bulk({row.store for row in rows})
    about: dict[str, Any] = {"by": found.actor, "now": now, "why": f"File {found.file_name}", "batch": found.batch}
    for row in rows:
        _note(results, row, _write_carrier(stores[row.store], row, about), "It is no longer there.")


def _write_carrier(store: Store, row: WordRow, about: dict[str, Any]) -> Became:
    carrier = row.said["carrier"]
    there = CarrierOut.objects.select_for_update(no_key=True).filter(store=store, carrier__iexact=carrier).first()
    means = {"name": there.name, "link": there.link} if there else {"name": "", "link": ""}
    if means == row.after:
        return Became.UNCHANGED
    if means != row.before:
        return Became.MEANWHILE
    try:
        if there and not row.after["name"]:
            forget_carrier(there, **about)
        else:
            name_carrier(store, carrier, row.after["name"], row.after["link"], **about)
    except MappingError:
        return Became.MEANWHILE
    return Became.CHANGED


def _write_aliases(found: WordImport, rows: Sequence[WordRow], results: dict[str, Any], now: dt.datetime) -> None:
    types = types_named(found.account_id, [row.said["type"] for row in rows])
    wanted = [NewAlias(types[row.said["type"].casefold()], row.said["code"], row.after, row.before) for row in rows]
    about: dict[str, Any] = {"by": found.actor, "now": now, "why": f"File {found.file_name}", "batch": found.batch}
    for row, became in zip(rows, change_aliases(found.account_id, wanted, **about), strict=True):
        _note(results, row, became, alias_changes.GONE)


# --- taking back --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Back:
    """What taking a file back would do: rows that get the meaning they had, and those that somebody changed since."""

    goes: int
    stays: list[tuple[str, str, dt.datetime]]  # word, by whom, when; the first of them
    stay: int


def going_back(found: WordImport) -> Back:
    changes = MappingChange.objects.for_account(found.account).filter(batch=found.batch)
    later = MappingChange.objects.filter(table=OuterRef("table"), row=OuterRef("row"), pk__gt=OuterRef("pk"))
    touched = list(changes.filter(Exists(later)).order_by("pk"))
    since = [(one, last) for one, last in zip(touched, _last_changes(touched), strict=True) if last]
    names = words_of_changes([one for one, _ in since[:LISTED]])
    stays = [(names.get((one.table, one.row), ""), last.by, last.at) for one, last in since[:LISTED]]
    return Back(changes.count() - len(since), stays, len(since))


def _last_changes(changes: Sequence[MappingChange]) -> list[MappingChange | None]:
    """Of each the last later change of the same fields, by whomever."""
    found: list[MappingChange | None] = []
    for start in range(0, len(changes), BATCH):
        some = changes[start : start + BATCH]
        by_row: dict[int, list[MappingChange]] = defaultdict(list)
        rows = MappingChange.objects.filter(table=some[0].table, row__in=[one.row for one in some])
        for one in rows.order_by("-pk"):
            by_row[one.row].append(one)
        found += [next((last for last in by_row[one.row] if _differs(last, one)), None) for one in some]
    return found


def _differs(later: MappingChange, change: MappingChange) -> bool:
    return later.pk > change.pk and any(later.before.get(name) != later.after.get(name) for name in change.before)


def take_back(found: WordImport, *, by: str, now: dt.datetime) -> bool:
    """Say that what the file changed is to be taken back; False when somebody said so before."""
    with transaction.atomic():
        if not begin_back(found, now=now):
            return False
        results = WordImport.objects.values_list("results", flat=True).get(pk=found.pk)
        results["back"] = {"by": by[:120], "done": 0, "left": 0, "after": 0, "rows": []}
        WordImport.objects.filter(pk=found.pk).update(results=results)
    return True


def _go_back(found: WordImport, rows: Sequence[WordRow], seconds: float) -> bool:
    total = MappingChange.objects.for_account(found.account).filter(batch=found.batch).count()
    return write_on(found, range(total), lambda start: start + BATCH, partial(_back, found, rows), seconds=seconds)


def _back(
    found: WordImport, rows: Sequence[WordRow], some: Sequence[int], results: dict[str, Any], now: dt.datetime
) -> None:
    """Some of the file's changes, in the order in which they were made."""
    back = results["back"]
    if found.kind == WordKind.CARRIERS or _one_by_one(found):
        undone = undo_batch(found.account, found.batch, back["by"], now, after=back["after"], most=BATCH)
        left = [(one.change, one.why) for one in undone.left]
        done, last, more = undone.done + undone.already, undone.last, undone.more
    else:
        changes = MappingChange.objects.for_account(found.account).filter(batch=found.batch, pk__gt=back["after"])
        page = list(changes.order_by("pk")[: BATCH + 1])
        take = _take_aliases_back if found.kind == WordKind.ALIASES else _take_back
        left, more = take(found, page[:BATCH], back["by"], now), len(page) > BATCH
        done, last = len(page[:BATCH]) - len(left), page[:BATCH][-1].pk
    names = words_of_changes([change for change, _ in left])
    listed = [[names.get((one.table, one.row), ""), why] for one, why in left]
    back["done"] += done
    back["left"] += len(left)
    back["after"] = last
    back["rows"] += listed[: LISTED - len(back["rows"])]
    if not more:
        _forget_ahead(found, rows)


def _one_by_one(found: WordImport) -> bool:
    """What is switched rather than mapped: whether orders wait for a look."""
    changes = MappingChange.objects.for_account(found.account).filter(batch=found.batch, before__has_key="hold")
    return changes.exists()


def _take_back(
    found: WordImport, changes: Sequence[MappingChange], by: str, now: dt.datetime
) -> list[tuple[MappingChange, str]]:
    """What `versions.undo_batch` does, in few statements; returns what is left, and why."""
    since = _last_changes(changes)
    open_ones = [one for one, last in zip(changes, since, strict=True) if last is None]
    wanted = [NewMeaning(one.row, one.after, one.before) for one in open_ones]
    model, batch = MODELS[found.kind], undo_of(found.batch)
    became = map_many(model, found.account_id, wanted, by=by, now=now, why=TAKEN_BACK, batch=batch)
    changed = str(ChangedMeanwhile())
    why = {Became.MEANWHILE: changed, Became.GONE: GONE[WordKind(found.kind)]}
    left = {one.pk: why[became[one.row]] for one in open_ones if became[one.row] in why}
    left |= {one.pk: changed for one, last in zip(changes, since, strict=True) if last}
    return [(one, left[one.pk]) for one in changes if one.pk in left]


def _take_aliases_back(
    found: WordImport, changes: Sequence[MappingChange], by: str, now: dt.datetime
) -> list[tuple[MappingChange, str]]:
    """Those that still mean what the file said; whatever somebody did since stands."""
    wanted, batch = [before_of(one, one) for one in changes], undo_of(found.batch)
    became = change_aliases(found.account_id, wanted, by=by, now=now, why=TAKEN_BACK, batch=batch)
    why = {Became.MEANWHILE: str(ChangedMeanwhile()), Became.GONE: alias_changes.GONE}
    return [(one, why[how]) for one, how in zip(changes, became, strict=True) if how in why]


def _forget_ahead(found: WordImport, rows: Sequence[WordRow]) -> None:
    """Words that the file prepared go again, unless an order has said them meanwhile."""
    for row in rows:
        if row.found != Found.AHEAD:
            continue
        words = ShipMethod.objects.filter(account=found.account, store=row.store, word_key=row.said["key"], target="")
        word = words.select_for_update().first()
        if word:
            try:
                with transaction.atomic():
                    word.delete()
            except ProtectedError:
                continue
