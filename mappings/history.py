"""Who changed a mapping, when, from what to what: the rows of MappingChange in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from inventory.models import Product, Warehouse

from .models import MappingChange
from .versions import Row, meaning_of_row

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Changed:
    sentence: str
    by: str
    why: str
    at: dt.datetime
    version: int = 0
    pk: int = 0


Names = dict[tuple[str, int], str]


def history_of(row: models.Model) -> list[Changed]:
    """The last changes of one mapping row, newest first."""
    rows = list(MappingChange.objects.filter(table=row._meta.model_name, row=row.pk).order_by("-id")[:SHOWN])
    names = names_in([side for one in rows for side in (one.before, one.after)])
    return [
        Changed(sentence_of(one.before, one.after, names), one.by, one.why, one.at, one.version, one.pk) for one in rows
    ]


def names_in(sides: Iterable[Mapping[str, Any]]) -> Names:
    """Ids that meanings speak of, with the names of what they stand for."""
    sides, names = list(sides), Names()
    for field, model, label in (("product_id", Product, "sku"), ("warehouse_id", Warehouse, "name")):
        ids = {side.get(field) for side in sides} - {None}
        if ids:
            found = model._default_manager.filter(pk__in=ids).values_list("pk", label)
            names |= {(field, pk): name for pk, name in found}
    return names


def meaning_words(side: Mapping[str, Any], names: Names) -> str:
    """What a word means, or meant: "100-4 × 6", "EXPRESS (UPS Ground)"; empty where it meant nothing."""
    for field in ("product_id", "warehouse_id"):
        if field in side:
            pk = side[field]
            text = names.get((field, pk), f"no. {pk}") if pk is not None else ""
            units = side.get("units", 1)
            return f"{text} × {units}" if text and units != 1 else text
    way = " ".join(str(side[name]) for name in ("target_carrier", "target_service") if side.get(name))
    text = str(side.get("target") or side.get("name") or "")
    return f"{text} ({way})" if text and way else text


def sentence_of(before: Mapping[str, Any], after: Mapping[str, Any], names: Names) -> str:
    """One change in words."""
    if set(after) == {"hold"}:
        return "Its orders wait for a look." if after["hold"] else "Its orders need no look any more."
    old, new = meaning_words(before, names), meaning_words(after, names)
    if not new:
        return f"Unmapped; it meant {old}." if old else "Removed."
    if not old:
        return f"Mapped to {new}."
    return f"Changed from {old} to {new}." if old != new else f"Still {new}; its details changed."


def meanwhile_words(row: Row) -> str:
    """For whoever wanted to change a word that another person has changed since he saw it: who, and what it means."""
    row.refresh_from_db()
    meaning = meaning_of_row(row)
    last = MappingChange.objects.filter(table=row._meta.model_name, row=row.pk).order_by("-id").first()
    means = meaning_words(meaning, names_in([meaning]))
    state = f"it means {means} now" if means else "it is not mapped any more"
    who = last.by if last else "Somebody"
    return f"{who} changed “{row}” meanwhile: {state}. What you chose is not saved. Look at it, then change it again."
