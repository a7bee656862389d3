"""Giving many words a meaning by one press: in batches, under one name by which they can be taken back together."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from fcp.models import Account
from inventory.models import Product

from .lists import Choices, Kind
from .mapping import hold_option, tell_mapped
from .mapping_many import COLUMNS, Became, NewMeaning, map_many
from .models import ShipMethod
from .suggest import Suggestion

AT_ONCE = 200
MOST = 2000  # of one press: more are for the next one

Meaning = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    changed: int
    left: int  # somebody changed them meanwhile, or they are gone
    batch: str


def set_many(kind: Kind, account: Account, wanted: Mapping[int, Meaning], *, by: str, now: dt.datetime) -> Done:
    """Give each of these rows (by id) its meaning. Safe to stop anywhere: what is done carries the batch's name."""
    batch, changed, left = uuid.uuid4().hex, 0, 0
    ids = sorted(wanted)
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        with transaction.atomic():
            rows = kind.model.objects.for_account(account).filter(pk__in=some)
            before = {row["pk"]: row for row in rows.values("pk", *COLUMNS[kind.model])}
            meanings = [
                NewMeaning(pk, {name: before[pk][name] for name in wanted[pk]}, dict(wanted[pk]))
                for pk in some
                if pk in before
            ]
            became = map_many(kind.model, account.pk, meanings, by=by, now=now, batch=batch)
        changed += sum(one is Became.CHANGED for one in became.values())
        left += len(some) - len(became) + sum(one in (Became.MEANWHILE, Became.GONE) for one in became.values())
    return Done(changed, left, batch)


def hold_many(account: Account, ids: Sequence[int], hold: bool, *, by: str, now: dt.datetime) -> Done:
    """Have the orders of these shipping options wait until a person has seen them, or no longer."""
    batch, changed = uuid.uuid4().hex, 0
    for start in range(0, len(ids), AT_ONCE):
        with transaction.atomic():
            rows = ShipMethod.objects.for_account(account).filter(pk__in=ids[start : start + AT_ONCE])
            done = [hold_option(row, hold, by=by, now=now, batch=batch, quiet=True) for row in rows.order_by("pk")]
            tell_mapped(account.pk)
        changed += sum(one is not None for one in done)
    return Done(changed, 0, batch)


def meanings_of_suggestions(
    kind: Kind, account: Account, suggested: Mapping[int, Suggestion], chosen: Choices
) -> dict[int, Meaning]:
    """What rows get when their suggestions are used, by id; one whose product is gone meanwhile is left out."""
    if kind.key == "locations":
        return {pk: {"warehouse_id": int(one.value)} for pk, one in suggested.items()}
    if kind.key == "skus":
        skus = {one.value for one in suggested.values()}
        ids = dict(Product.objects.for_account(account).filter(sku__in=skus).values_list("sku", "pk"))
        return {
            pk: {"product_id": ids[one.value], "units": one.units} for pk, one in suggested.items() if one.value in ids
        }
    if kind.key == "carriers":
        return {pk: {"name": one.value} for pk, one in suggested.items()}
    codes = {code.code: code for code in chosen.codes}
    found: dict[int, Meaning] = {}
    for pk, one in suggested.items():
        way = codes.get(one.value, one)
        found[pk] = {
            "target": one.value,
            "target_carrier": way.carrier[:60],
            "target_service": way.service[:60],
        }
    return found
