"""Reading whole answers of Wix: their rows, their cursors, their pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from fcp.errors import Stale, SyncError, Unreadable
from fcp.http import Reply

from .reading import NOTHING, Json, Wrong, part, parts, text

Query = Callable[[str, str, Any], Any]  # (method, path, json) -> what Wix answers; changes nothing there
V1_ROWS = 100  # of a Catalog V1 page, at most


def rows_of(reply: Any, field: str) -> list[Json]:
    try:
        return parts(reply, field) if isinstance(reply, dict) else []
    except Wrong as odd:
        raise Unreadable(f"{field}: {odd}") from odd


def part_of(reply: Any, field: str) -> Json:
    try:
        return part(reply, field) if isinstance(reply, dict) else NOTHING
    except Wrong as odd:
        raise Unreadable(f"{field}: {odd}") from odd


def text_of(source: Any, field: str, most: int = 200) -> str:
    value = source.get(field) if isinstance(source, dict) else None
    return text({field: value}, field, most) if isinstance(value, str) else ""


def cursor_of(metadata: Json) -> str:
    """Of the next page; "" on the last one."""
    return "" if metadata.get("hasNext") is False else text_of(part_of(metadata, "cursors"), "next", 16_000)


def next_of(metadata: Json, token: str | None) -> str | None:
    following = cursor_of(metadata)
    if following and following == token:
        raise Unreadable("the next page is this page")
    return following or None


def cursor_gone(reply: Reply) -> SyncError:
    return Stale("the cursor is no longer good", code="page_token_gone")


def by_numeric_id(
    query: Query, path: str, field: str, token: str | None, more: Json, condition: Json | None = None
) -> tuple[list[Json], str | None]:
    """A page of Catalog V1 and the token of the next: offset paging ends at 10,000 products."""
    asked: Json = {"paging": {"limit": V1_ROWS, "offset": 0}, "sort": '[{"numericId":"asc"}]'}
    condition = dict(condition or {})
    if token:
        condition["numericId"] = {"$gt": int(token)}
    if condition:
        asked["filter"] = orjson.dumps(condition).decode()
    rows = rows_of(query("POST", path, {"query": asked, **more}), field)
    if len(rows) < V1_ROWS:
        return rows, None
    numbers = [int(row["numericId"]) for row in rows if str(row.get("numericId", "")).isdecimal()]
    if not numbers:
        raise Unreadable("a page of products without numericId")
    if token and max(numbers) <= int(token):
        raise Unreadable("the next page is this page")
    return rows, str(max(numbers))
