"""What every Wix call shares: its route, its arguments, paging."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.sandbox.faults import Fault
from integrations.sandbox.tables import BadFilter, Row, Table, check_filter

from .access import base64url, from_base64url
from .errors import WixError, invalid, over_limit
from .site import Site, dump

ROUTES: list[tuple[str, re.Pattern[str], Callable[["Call"], Any], bool]] = []


@dataclass
class Call:
    site: Site
    ids: dict[str, str]  # from the path
    query: dict[str, list[str]]
    body: dict[str, Any]  # also what a GET carries in the parameter .r
    faults: Sequence[Fault] = ()  # that strike this call

    def many(self, name: str) -> list[str]:
        """A list that comes in the body or as repeated query parameters."""
        return self.body.get(name) or self.query.get(name) or []


def route(method: str, *paths: str, write: bool = False) -> Callable[[Callable[[Call], Any]], Callable[[Call], Any]]:
    def keep(function: Callable[[Call], Any]) -> Callable[[Call], Any]:
        for path in paths:
            pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "$")
            ROUTES.append((method, pattern, function, write))
        return function

    return keep


def find_route(method: str, path: str) -> tuple[Callable[[Call], Any], dict[str, str], bool] | None:
    found = [(pattern.match(path), function, write) for kind, pattern, function, write in ROUTES if kind == method]
    hits = [(match.groupdict(), function, write) for match, function, write in found if match]
    if not hits:
        return None
    ids, function, write = min(hits, key=lambda hit: len(hit[0]))  # a fixed path before one with an id in it
    return function, ids, write


def require(body: dict, name: str, kind: type = dict) -> Any:
    value = body.get(name)
    if not isinstance(value, kind) or not value:
        raise invalid(name, "must not be empty", "REQUIRED_FIELD")
    return value


def encode_cursor(state: dict) -> str:
    return base64url(dump(state))


def decode_cursor(text: str) -> dict:
    try:
        state = json.loads(from_base64url(text))
        state["after"] = _key(state["after"])
        return state
    except (ValueError, KeyError, TypeError):
        raise invalid("cursorPaging.cursor", "is not a valid cursor", "INVALID_ARGUMENT") from None


def _key(value: list) -> tuple:
    return tuple(tuple(part) if isinstance(part, list) else part for part in value)


def read_sort(sort: Any, sortable: set[str], default: tuple[str, bool]) -> tuple[tuple[str, ...], bool]:
    """The fields sorted by and whether downwards. The stand-in sorts all of them in one direction."""
    if not sort:
        return (default[0],), default[1]
    if not isinstance(sort, list) or len(sort) > 4:
        raise invalid("sort", "must be a list of up to 4 entries", "MAX_SIZE", threshold=4)
    for entry in sort:
        if not isinstance(entry, dict) or entry.get("fieldName") not in sortable:
            raise invalid("sort.fieldName", f"cannot sort by {entry}", "INVALID_ARGUMENT")
        if entry.get("order", "ASC") not in ("ASC", "DESC"):
            raise invalid("sort.order", "must be ASC or DESC", "INVALID_ENUM_VALUE")
    directions = {entry.get("order", "ASC") for entry in sort}
    if len(directions) > 1:
        raise invalid("sort.order", "the stand-in sorts in one direction only", "INVALID_ARGUMENT")
    return tuple(entry["fieldName"] for entry in sort), directions == {"DESC"}


def read_limit(paging: dict, default: int, top: int, field: str) -> int:
    limit = paging.get("limit", default)
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise invalid(f"{field}.limit", "must be greater than or equal to 0", "MIN", threshold=0)
    if limit > top:
        raise over_limit(f"{field}.limit", top)
    return limit or default


def cursor_page(
    table: Table,
    query: dict,
    *,
    filters: set[str],
    sortable: set[str],
    default: tuple[str, bool],
    limits: tuple[int, int],
    prepare: Callable[[dict], dict] | None = None,
) -> tuple[list[Row], dict[str, Any]]:
    """Rows and paging metadata of a query or search. `limits`: default and maximum; `prepare` adds to the filter."""
    paging = query.get("cursorPaging") or {}
    limit = read_limit(paging, *limits, "cursorPaging")
    if paging.get("cursor"):
        if query.get("filter") or query.get("sort"):
            raise invalid(
                "cursorPaging.cursor", "carries filter and sort already: send neither with it", "INVALID_ARGUMENT"
            )
        state = decode_cursor(paging["cursor"])
        condition, fields, descending, after = (
            state["filter"],
            tuple(state["fields"]),
            state["descending"],
            state["after"],
        )
    else:
        condition, after = checked(query.get("filter"), filters), None
        fields, descending = read_sort(query.get("sort"), sortable, default)
        condition = prepare(condition) if prepare else condition
    rows, last = table.page(condition, fields, descending, after, limit)
    cursors = {}
    if last is not None:
        cursors["next"] = encode_cursor(
            {"filter": condition, "fields": fields, "descending": descending, "after": last}
        )
    return rows, {"count": len(rows), "cursors": cursors, "hasNext": last is not None}


def checked(condition: Any, filters: set[str]) -> dict:
    try:
        check_filter(condition or {}, filters)
    except BadFilter as problem:
        raise invalid("filter", str(problem), "INVALID_ARGUMENT") from None
    return condition or {}


ROW_ERRORS = {
    "stale_rows": WixError(409, "entity has already changed since the requested revision", "CONFLICT"),
    "failed_rows": WixError(400, "the row cannot be worked on", "OPERATION_FAILED"),
    "undetailed_rows": WixError(400, "not told", "UNDETAILED"),
}


def bulk(
    rows: list, work: Callable[[Any], tuple[str, dict]], top: int, field: str, faults: Sequence[Fault] = ()
) -> dict[str, Any]:
    """Wix's bulk answer. `work` gives a row's id and what its result holds beside the metadata, or raises WixError."""
    if not isinstance(rows, list) or not rows:
        raise invalid(field, "must not be empty", "MIN_SIZE", threshold=1)
    if len(rows) > top:
        raise invalid(field, f"must hold at most {top} rows", "MAX_SIZE", threshold=top)
    results = []
    for index, row in enumerate(rows):
        meta: dict[str, Any] = {"originalIndex": index}
        try:
            if hit := next((fault.kind for fault in faults if fault.hits(index)), None):
                raise ROW_ERRORS[hit]
            meta["id"], more = work(row)
            results.append({"itemMetadata": {**meta, "success": True}, **more})
        except WixError as problem:
            named = {"id": problem.uid} if problem.uid else {}
            results.append({"itemMetadata": {**meta, **named, "success": False, "error": problem.item()}})
    good = sum(result["itemMetadata"]["success"] for result in results)
    told = [row for row in results if row["itemMetadata"].get("error", {}).get("code") != "UNDETAILED"]
    counts = {
        "totalSuccesses": good,
        "totalFailures": len(results) - good,
        "undetailedFailures": len(results) - len(told),
    }
    return {"results": told, "bulkActionMetadata": counts}
