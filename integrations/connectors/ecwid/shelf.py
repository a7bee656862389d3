"""Pages of an Ecwid catalogue that a change in it cannot make us skip anything of.

Ecwid pages by offset: a product that is deleted, or (by time of change) changed, while we read moves all after it one
place forward. So each page begins with the last product of the page before. Where it does not, the page before it is
read once more, and the one before that, until one begins with what was read already.
Source: Ecwid API reference, "Search products".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from fcp.errors import NotFound

from .reading import Call, Json, id_text, rows_of, seconds

ROWS = 100  # of a page, at most
ADDED, UPDATED = "ADDED_TIME_ASC", "UPDATED_TIME_ASC"
TIMES = {ADDED: "createTimestamp", UPDATED: "updateTimestamp"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins, and the last product that was read before it. `more` is what the caller keeps with it."""

    offset: int = 0
    last: str = ""
    at: int = 0
    more: str = ""

    @property
    def token(self) -> str:
        return f"{self.offset}|{self.last}|{self.at}|{self.more}"


def place_of(token: str | None) -> Place:
    if token is None:
        return Place()
    offset, last, at, more = token.split("|", 3)
    return Place(int(offset), last, int(at), more)


def read(call: Call, fields: str, place: Place, since: dt.datetime | None = None) -> tuple[list[Json], Place | None]:
    """The products of a page that were not read yet, as far as that is known, and where the next one begins."""
    sort = ADDED if since is None else UPDATED
    asked = {"offset": str(place.offset), "limit": str(ROWS), "sortBy": sort}
    if since is not None:
        asked["updatedFrom"] = seconds(since)
    answer = call("GET", "/products", params=asked | {"responseFields": f"total,count,offset,limit,items({fields})"})
    rows = [row for row in rows_of(answer) if isinstance(row, dict)]
    if _gap(place, rows, TIMES[sort]):
        return rows, Place(max(place.offset - ROWS, 0), place.last, place.at, place.more)
    total = answer.get("total") if isinstance(answer, dict) else None
    end = place.offset + len(rows)
    over = end >= total if isinstance(total, int) else len(rows) < ROWS
    fresh = rows[1:] if rows and place.last and id_text(rows[0], "id") == place.last else rows
    if not rows or over or (place.last and not fresh):
        return fresh, None
    last = rows[-1]
    return fresh, Place(end - 1, id_text(last, "id"), _time(last, TIMES[sort]), place.more)


def _gap(place: Place, rows: Sequence[Json], field: str) -> bool:
    """Whether something may lie between what was read before and this page."""
    if not place.last or not place.offset:
        return False
    return not rows or (id_text(rows[0], "id") != place.last and _time(rows[0], field) >= place.at)


def _time(row: Json, field: str) -> int:
    value = row.get(field)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) else 0


def of(call: Call, fields: str, uids: Sequence[str]) -> list[Json]:
    """These products, a hundred a call. One that does not come with the others is asked for alone: a search may lag."""
    found: list[Json] = []
    wanted = [uid for uid in dict.fromkeys(uids) if uid.isdecimal()]
    for start in range(0, len(wanted), ROWS):
        some = wanted[start : start + ROWS]
        asked = {"productId": ",".join(some), "limit": str(ROWS), "responseFields": f"total,items({fields})"}
        rows = [row for row in rows_of(call("GET", "/products", params=asked)) if isinstance(row, dict)]
        there = {id_text(row, "id"): row for row in rows}
        found += [there[uid] for uid in some if uid in there]
        found += [row for uid in some if uid not in there and (row := _one(call, fields, uid))]
    return found


def _one(call: Call, fields: str, uid: str) -> Json | None:
    try:
        row = call("GET", f"/products/{uid}", params={"responseFields": fields})
    except NotFound:
        return None
    return row if isinstance(row, dict) and id_text(row, "id") == uid else None
