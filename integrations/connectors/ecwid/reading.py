"""Reading Ecwid's JSON: plain amounts, UNIX seconds and UTC texts, envelopes of a page. Absent means empty."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from fcp.errors import Unreadable

from ..reading import NOTHING, Json, Wrong, cleaned, count, key_text, number, part, parts, text, unreadable, word_of

__all__ = [
    "NOTHING", "Call", "Json", "Wrong", "amount", "cleaned", "count", "grams", "id_text", "key_text", "number", "part",
    "part_of", "parts", "rows_of", "seconds", "text", "text_of", "time_of", "unreadable", "word_of",
]  # fmt: skip

Call = Callable[..., Any]  # (method, path, json=None, *, params=None, reads=False, errors=None) -> what Ecwid answers
ZERO = Decimal(0)
# Of weightUnit: how many grams one of it is.
GRAMS = {"CARAT": 0.2, "GRAM": 1.0, "OUNCE": 28.349523125, "POUND": 453.59237, "KILOGRAM": 1000.0}


def amount(source: Json, field: str) -> Decimal:
    """Money as Ecwid writes it, a plain number in the store's currency; 0 where there is none."""
    value = source.get(field)
    return ZERO if value is None or value == "" else number(value, field)


def grams(source: Json, unit: str) -> int | None:
    """The weight of one piece. `unit` is the store's; None where either is not known, as 0 is where none was given."""
    weight = source.get("weight")
    if weight is None or unit not in GRAMS:
        return None
    found = float(number(weight, "weight")) * GRAMS[unit]
    return round(found) if 0 < found < 2_000_000_000 else None


def time_of(source: Json, field: str) -> dt.datetime | None:
    """`field` is "create" or "update": the UNIX seconds of it, else its text."""
    value = source.get(f"{field}Timestamp")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return moment(value)
    written = source.get(f"{field}Date", source.get({"create": "created", "update": "updated"}[field]))
    return written_time(written)


def moment(seconds: float) -> dt.datetime | None:
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def written_time(value: Any) -> dt.datetime | None:
    """ "2026-05-01 05:26:28 +0000", mostly in UTC, sometimes with another offset."""
    if not isinstance(value, str):
        return None
    try:
        return dt.datetime.strptime(value.strip(), "%Y-%m-%d %H:%M:%S %z").astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def seconds(time: dt.datetime, *, up: bool = False) -> str:
    """As Ecwid's searches take a time: whole UNIX seconds, which may be part of a second early (or late)."""
    exact = time.timestamp()
    return str(-int(-exact // 1) if up else int(exact // 1))


def id_text(source: Json, field: str, most: int = 100) -> str:
    """An id, a number or a text; "" where there is none that can be used."""
    value = source.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and len(value) <= most and "\x00" not in value else ""


# --- whole answers ---------------------------------------------------------------------------------------------------


def rows_of(reply: Any) -> list[Any]:
    """The rows of a page, or of a bare array."""
    rows = reply.get("items") if isinstance(reply, dict) else reply
    if not isinstance(rows, list):
        raise Unreadable("an answer without a list")
    return rows


def part_of(reply: Any, field: str) -> Json:
    """Of an answer whose shape nobody promised: empty where there is no object in the field."""
    found = reply.get(field) if isinstance(reply, dict) else None
    return found if isinstance(found, dict) else NOTHING


def text_of(reply: Any, field: str, most: int = 200) -> str:
    found = reply.get(field) if isinstance(reply, dict) else None
    return cleaned(found, most) if isinstance(found, str) else ""
