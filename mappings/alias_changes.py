"""Changing other codes of products, one or many at once, with their history: by the page of aliases, and by files.

An alias belongs to the account, not to a store. Its history names its type and its code, so that one that was removed
can be told, and made again; `row` is the id it had then.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from fcp.insert import insert_rows, make_rows, update_rows
from fcp.models import Account
from inventory.models import Alias, AliasType, Product, sku_key_of
from inventory.signals import alias_told, aliases_changed

from .errors import ChangedMeanwhile, MappingError
from .mapping_many import CHANGE, Became
from .models import MappingChange

TABLE = "alias"
NOTHING: dict[str, Any] = {"product_id": None, "units": 1}
GONE = "The product that it meant is no longer there."
MADE = ("account_id", "alias_type_id", "product_id", "code", "code_key", "units")

Key = tuple[int, str]  # type and code, as codes are compared
Meaning = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewAlias:
    """What a code of a type is to mean: `after` has product_id (None: nothing, it is removed) and units. `before` is
    what whoever asks for it saw; None where that does not matter. `code` may be another spelling of it.
    """

    type_id: int
    code: str
    after: Meaning
    before: Meaning | None = None

    @property
    def key(self) -> Key:
        return self.type_id, sku_key_of(self.code)


def meaning_of_alias(row: Alias | None) -> dict[str, Any]:
    return {"product_id": row.product_id, "units": row.units} if row else dict(NOTHING)


def change_aliases(
    account_id: int, wanted: Sequence[NewAlias], *, by: str, now: dt.datetime, why: str = "", batch: str = ""
) -> list[Became]:
    """What became of each, in the order asked. A constant number of statements; in a transaction of its own, or the
    caller's. Each code once; the types are the account's.
    """
    with transaction.atomic():
        rows = _locked(account_id, wanted)
        products = {one.after["product_id"] for one in wanted} - {None}
        there = set(Product.objects.filter(account=account_id, pk__in=products).values_list("pk", flat=True))
        became = [_outcome(rows.get(one.key), one, there) for one in wanted]
        changed = [one for one, how in zip(wanted, became, strict=True) if how is Became.CHANGED]
        if changed:
            before = {one.key: meaning_of_alias(rows.get(one.key)) for one in changed}
            ids = _store(account_id, changed, rows)
            insert_rows(MappingChange, CHANGE, _history(account_id, changed, before, rows, ids, by, now, why, batch))
            meant = {side["product_id"] for one in changed for side in (before[one.key], one.after)} - {None}
            codes = [one.code for one in changed]
            aliases_changed.send(Alias, account_id=account_id, codes=codes, product_ids=sorted(meant))
    return became


def types_named(account_id: int, names: Iterable[str]) -> dict[str, int]:
    """The account's types by their names in lower case; those that are missing are made."""
    wanted = {name.casefold(): name for name in names}
    types = AliasType.objects.filter(account=account_id)
    known = {one.name.casefold(): one.pk for one in types}
    new = [AliasType(account_id=account_id, name=wanted[key]) for key in sorted(wanted.keys() - known.keys())]
    if new:
        AliasType.objects.bulk_create(new, ignore_conflicts=True)
        known = {one.name.casefold(): one.pk for one in types.all()}
    return known


def _locked(account_id: int, wanted: Sequence[NewAlias]) -> dict[Key, Alias]:
    by_type: dict[int, set[str]] = defaultdict(set)
    for one in wanted:
        by_type[one.type_id].add(one.key[1])
    found: dict[Key, Alias] = {}
    for type_id, keys in sorted(by_type.items()):
        rows = Alias.objects.select_for_update(no_key=True).filter(
            account=account_id, alias_type=type_id, code_key__in=sorted(keys)
        )
        found |= {(row.alias_type_id, row.code_key): row for row in rows.order_by("pk")}
    return found


def _outcome(row: Alias | None, one: NewAlias, there: set[int]) -> Became:
    means = meaning_of_alias(row)
    if means == one.after:
        return Became.UNCHANGED
    if one.before is not None and means != one.before:
        return Became.MEANWHILE
    if one.after["product_id"] is not None and one.after["product_id"] not in there:
        return Became.GONE
    return Became.CHANGED


def _store(account_id: int, changed: Sequence[NewAlias], rows: Mapping[Key, Alias]) -> dict[Key, int]:
    """The ids of all that were changed."""
    new = [one for one in changed if one.key not in rows]
    kept = [one for one in changed if one.key in rows and one.after["product_id"] is not None]
    gone = [rows[one.key].pk for one in changed if one.key in rows and one.after["product_id"] is None]
    ids = {key: row.pk for key, row in rows.items()}
    if new:
        values = [
            (account_id, one.type_id, one.after["product_id"], one.code, one.key[1], one.after["units"])
            for one in sorted(new, key=lambda one: one.key)
        ]
        key = ("alias_type_id", "code_key")
        ids |= {(type_id, code_key): pk for type_id, code_key, pk in make_rows(
            Alias, MADE, values, key=key, returning=(*key, "id")
        )}  # fmt: skip
    # The new ones too: somebody else may have made one at this moment, which is locked by now.
    means = [(one.after["product_id"], one.after["units"], ids[one.key]) for one in (*kept, *new)]
    update_rows(Alias, ("product", "units"), means)
    if gone:
        Alias.objects.filter(pk__in=gone)._raw_delete(using="default")  # nothing points to it; told of as a whole
    return ids


def _history(
    account_id: int, changed: Sequence[NewAlias], before: Mapping[Key, Meaning], rows: Mapping[Key, Alias],
    ids: Mapping[Key, int], by: str, now: dt.datetime, why: str, batch: str,
) -> list[tuple[Any, ...]]:  # fmt: skip
    lines = []
    for one in changed:
        row = rows.get(one.key)
        known = {"type_id": one.type_id, "code": row.code if row else one.code}
        lines.append(
            (account_id, None, TABLE, ids[one.key], now, {**before[one.key], **known}, {**one.after, **known},
             by[:120], why[:200], batch, 0)
        )  # fmt: skip
    return lines


# --- those that were changed elsewhere -----------------------------------------------------------------------------


def listen() -> None:
    """Called once, when the apps are ready."""
    alias_told.connect(on_alias_told, dispatch_uid="mappings.alias_told")


def on_alias_told(
    sender: Any, was: Alias | None, row: Alias | None, by: str, now: dt.datetime, **signal: Any
) -> None:  # fmt: skip
    """On a product's page, or by a warehouse's API. Another code is another alias: one goes, and one comes."""
    if was and row and was.code_key != row.code_key:
        on_alias_told(sender, was, None, by, now)
        was = None
    before, after, known = meaning_of_alias(was), meaning_of_alias(row), row or was
    if known is None or before == after:
        return
    names = {"type_id": known.alias_type_id, "code": known.code}
    MappingChange.objects.create(
        account_id=known.account_id, table=TABLE, row=known.pk, at=now, before={**before, **names},
        after={**after, **names}, by=by[:120],
    )  # fmt: skip


# --- one at a time, and back ---------------------------------------------------------------------------------------


def change_alias(
    account: Account, wanted: NewAlias, *, by: str, now: dt.datetime, why: str = "", batch: str = ""
) -> bool:
    """False where it means that already. Raises MappingError, with the sentence, where it cannot be done."""
    (became,) = change_aliases(account.pk, [wanted], by=by, now=now, why=why, batch=batch)
    if became is Became.MEANWHILE:
        raise ChangedMeanwhile
    if became is Became.GONE:
        raise MappingError(GONE, "gone")
    return became is Became.CHANGED


def before_of(first: MappingChange, last: MappingChange) -> NewAlias:
    """What takes changes of one alias back, from the first of them to the last: if it still means what that made it."""
    back, now_means = (
        {"product_id": side["product_id"], "units": side["units"]} for side in (first.before, last.after)
    )
    return NewAlias(last.after["type_id"], last.after["code"], back, now_means)


def undo_alias(
    first: MappingChange, last: MappingChange, by: str, now: dt.datetime, why: str, batch: str
) -> MappingChange | None:
    """Take changes of one alias back; None where it means that already. Raises MappingError."""
    if not change_alias(last.account, before_of(first, last), by=by, now=now, why=why, batch=batch):
        return None
    made = MappingChange.objects.filter(account=last.account, table=TABLE, batch=batch, pk__gt=last.pk)
    return made.order_by("-pk").first()
