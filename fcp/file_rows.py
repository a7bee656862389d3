"""Rows of a file that a person sent: read cell by cell, kept until they are written, shown page by page."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, TypeVar

import orjson
from django.http import HttpRequest

PAGE = 100  # rows

R = TypeVar("R")
T = TypeVar("T")


def pack(rows: Iterable[Any]) -> bytes:
    """Rows of one dataclass, small enough to be kept beside their import."""
    every = list(rows)
    if not every:
        return b""
    values = attrgetter(*(one.name for one in fields(every[0])))
    return zlib.compress(orjson.dumps([values(row) for row in every]), 6)


def unpack(packed: bytes | memoryview, kind: type[R]) -> list[R]:
    return [kind(*values) for values in orjson.loads(zlib.decompress(packed))] if packed else []


def first(rows: Iterable[T], most: int) -> Iterator[T]:
    """The first rows; whoever goes on reading gets the next one."""
    for number, row in enumerate(rows, 1):
        yield row
        if number == most:
            return


def cell_text(cell: Any) -> str:
    """A cell as a person sees it; a whole number without a point, whatever the file says of its kind."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def heading(cell: Any) -> str:
    """The name of a column as it is compared: letters and digits, lower case."""
    return re.sub(r"[^a-z0-9]", "", str(cell).casefold()) if cell is not None else ""


@dataclass(frozen=True, slots=True)
class RowsPage:
    """A page of the rows that the address asks for; `earlier` and `later` are where its neighbours begin."""

    rows: Sequence[Any]
    wanted: str
    tabs: Sequence[dict[str, Any]]
    earlier: int | None
    later: int | None


def rows_page(
    request: HttpRequest, rows: Sequence[Any], labels: Sequence[tuple[str, str]], counts: Mapping[str, Any]
) -> RowsPage:
    """`labels` are the tabs, pairs of what a row was found to be ("" for all) and how it is called."""
    wanted = request.GET.get("rows", "")
    shown = [row for row in rows if row.found == wanted] if wanted else rows
    text = request.GET.get("from", "")
    start = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    start = start if start < len(shown) else 0
    tabs = []
    for value, label in labels:
        count = counts.get(value, 0) if value else len(rows)
        if count or not value:
            url = f"{request.path}?rows={value}" if value else request.path
            tabs.append({"label": label, "url": url, "active": value == wanted, "count": count})
    return RowsPage(
        rows=shown[start : start + PAGE],
        wanted=wanted,
        tabs=tabs,
        earlier=max(start - PAGE, 0) if start else None,
        later=start + PAGE if start + PAGE < len(shown) else None,
    )
