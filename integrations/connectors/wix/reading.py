"""Reading Wix's JSON: money, weights and times as Wix writes them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from ..reading import NOTHING, Json, Wrong, cleaned, count, key_text, number, part, parts, text, unreadable, word_of

__all__ = [
    "NOTHING", "Json", "Wrong", "amount", "cleaned", "count", "grams", "iso", "key_text", "number", "part", "parts",
    "text", "time", "unreadable", "word_of",
]  # fmt: skip


def amount(source: Json, field: str) -> Decimal | None:
    """Money as Wix writes it, {"amount": "19.90"}; None when there is none."""
    value = part(source, field).get("amount")
    return None if value is None or value == "" else number(value, field)


def grams(physical: Json, unit: float | None) -> int | None:
    """`unit` is how many grams one of the store's units is; None where the store does not say."""
    weight = physical.get("weight")
    if weight is None or unit is None:
        return None
    found = float(number(weight, "weight")) * unit
    return round(found) if 0 <= found < 2_000_000_000 else None


def time(value: Any) -> dt.datetime | None:
    """A time in UTC, None for what is none."""
    if not isinstance(value, str):
        return None
    try:
        found = dt.datetime.fromisoformat(value)
        return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def iso(moment: dt.datetime) -> str:
    """As Wix's filters take a time: UTC, with milliseconds."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
