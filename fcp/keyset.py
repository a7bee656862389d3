"""Pages by key: the rows after (or before) a given row of an ordered list, whatever the list's length.

The comparison starts with `a <= x` on the first column, which lets the index be used; the bare
`a < x OR (a = x AND b < y)` reads the whole list on both databases.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[Row]):
    """One page; `newer` and `older` are tokens for the pages on both sides, empty where there is none."""

    rows: list[Row]
    newer: str = ""
    older: str = ""


def page_of(rows: models.QuerySet[Row], order: Sequence[str], token: str, size: int) -> KeysetPage[Row]:
    """One page of `rows` in `order` ("-placed_at", "-id"): columns without NULL, the last one unique.

    A token that cannot be read means the first page.
    """
    cursor = _read(rows.model, order, token)
    if cursor is None:
        found = list(rows.order_by(*order)[: size + 1])
        return KeysetPage(found[:size], older=_token("older", order, found, size))
    side, values = cursor
    if side == "older":
        found = list(rows.filter(_after(order, values)).order_by(*order)[: size + 1])
        newer = _write("newer", order, found[0]) if found else ""
        return KeysetPage(found[:size], newer=newer, older=_token("older", order, found, size))
    backwards = [_flip(name) for name in order]
    found = list(rows.filter(_after(backwards, values)).order_by(*backwards)[: size + 1])
    page = found[:size][::-1]
    older = _write("older", order, page[-1]) if page else ""
    return KeysetPage(page, newer=_token("newer", order, found, size, at=0, page=page), older=older)


def is_token(model: type[models.Model], order: Sequence[str], token: str) -> bool:
    return _read(model, order, token) is not None


def walk(rows: models.QuerySet[Row], order: Sequence[str], size: int = 1000) -> Iterator[Row]:
    """Every row in order, read page by page, so that memory and locks do not grow with the list."""
    token = ""
    while True:
        page = page_of(rows, order, token, size)
        yield from page.rows
        if not page.older:
            return
        token = page.older


def up_to(rows: models.QuerySet[Any], limit: int = 1000) -> int:
    """How many rows there are, counted up to `limit`: a list of any length costs the same."""
    return rows.order_by()[:limit].count()


def _after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows that come after `values`: for two columns a <= x AND (a < x OR b < y)."""
    name, value = order[0], values[0]
    field, strict, loose = name.lstrip("-"), *(("lt", "lte") if name.startswith("-") else ("gt", "gte"))
    beyond = Q(**{f"{field}__{strict}": value})
    if len(order) == 1:
        return beyond
    return Q(**{f"{field}__{loose}": value}) & (beyond | _after(order[1:], values[1:]))


def _flip(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _token(
    side: str, order: Sequence[str], found: list[Row], size: int, at: int = -1, page: list[Row] | None = None
) -> str:
    """A token when one row more than a page was found: there is a next page on this side."""
    if len(found) <= size:
        return ""
    return _write(side, order, (page or found[:size])[at])


def _write(side: str, order: Sequence[str], row: models.Model) -> str:
    values = [getattr(row, name.lstrip("-")) for name in order]
    return base64.urlsafe_b64encode(orjson.dumps([side[0], *values], default=str)).decode().rstrip("=")


def has_neighbours(day: dt.date) -> bool:
    """Not in the calendar's first or last year, where the next day, or the same moment elsewhere, may be none."""
    return dt.MINYEAR < day.year < dt.MAXYEAR


def _could_stand(value: Any) -> bool:
    """Whether a database can be asked for it: PostgreSQL takes no NUL, and no time is before the calendar or after."""
    if isinstance(value, dt.datetime):
        return has_neighbours(value)
    return value is not None and not (isinstance(value, str) and "\x00" in value)


def _read(model: type[models.Model], order: Sequence[str], token: str) -> tuple[str, list[Any]] | None:
    try:
        side, *texts = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        fields = [model._meta.get_field(name.lstrip("-")) for name in order]
        values = [field.to_python(text) for field, text in zip(fields, texts, strict=True)]  # type: ignore[union-attr]
    except (ValueError, TypeError, binascii.Error, ValidationError):
        return None
    if side not in ("o", "n") or not all(_could_stand(value) for value in values):
        return None
    return ("older" if side == "o" else "newer"), values
