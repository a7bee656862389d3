"""Who changed a mapping, when, from what to what: the rows of MappingChange in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from inventory.models import Product, Warehouse

from .models import MappingChange

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Changed:
    sentence: str
    by: str
    why: str
    at: dt.datetime


def history_of(row: models.Model) -> list[Changed]:
    """The last changes of one mapping row, newest first."""
    rows = list(MappingChange.objects.filter(table=row._meta.model_name, row=row.pk).order_by("-id")[:SHOWN])
    names = _names(rows)
    return [Changed(_sentence(one.before, one.after, names), one.by, one.why, one.at) for one in rows]


Names = dict[tuple[str, int], str]


def _names(rows: Sequence[MappingChange]) -> Names:
    """Ids that the changes speak of, with the names of what they stand for."""
    names: Names = {}
    for field, model, label in (("product_id", Product, "sku"), ("warehouse_id", Warehouse, "name")):
        ids = {side.get(field) for row in rows for side in (row.before, row.after)} - {None}
        names |= {(field, pk): name for pk, name in model._default_manager.filter(pk__in=ids).values_list("pk", label)}
    return names


def _meaning(side: dict[str, Any], names: Names) -> str:
    for field in ("product_id", "warehouse_id"):
        if field in side:
            pk = side[field]
            text = names.get((field, pk), f"no. {pk}") if pk is not None else ""
            units = side.get("units", 1)
            return f"{text} × {units}" if text and units != 1 else text
    return str(side.get("target") or side.get("name") or "")


def _sentence(before: dict[str, Any], after: dict[str, Any], names: Names) -> str:
    old, new = _meaning(before, names), _meaning(after, names)
    if not new:
        return f"Unmapped; it meant {old}." if old else "Removed."
    if not old:
        return f"Mapped to {new}."
    return f"Changed from {old} to {new}." if old != new else f"Still {new}; its details changed."
