"""Pages of Ecwid's orders that a change in the store cannot make us skip anything of.

In which sequence orders come Ecwid does not say, and it pages by offset: an order that enters or leaves the list while
we read moves all others. So each page begins with the last order of the page before. Where that one stands further
down, orders came before it, which the next window shows; where it is missing, the page before is looked through; and
where it is not there either, the window is read anew. Orders that no buyer finished are listed only when named, so they
are asked for afterwards. Source: Ecwid API reference, "Search orders".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from fcp.errors import Stale, Unreadable
from orders.shapes import RawOrder

from ..cutting import high_water
from ..shapes import Deleted, Page, Window
from .page import CUT, order_id
from .reading import Call, id_text, rows_of, seconds, time_of, written_time
from .words import INCOMPLETE

ROWS = 100  # of a page, at most


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins. `last`: the order that was read there before; "" where none was, or none could be told."""

    unfinished: bool = False
    offset: int = 0
    last: str = ""

    @classmethod
    def of(cls, token: str | None) -> Self:
        if token is None:
            return cls()
        kind, _, rest = token.partition("|")
        offset, _, last = rest.partition("|")
        if not offset.isdecimal():
            raise Stale("no token of ours", code="page_token_gone")
        return cls(kind == "unfinished", int(offset), last)

    @property
    def token(self) -> str:
        return f"{'unfinished' if self.unfinished else 'all'}|{self.offset}|{self.last}"


UNFINISHED = Place(unfinished=True)


@dataclass(frozen=True, slots=True)
class _Rows:
    """What stands in the list from `start` on. `total`: how long the list is, None where Ecwid does not say."""

    items: Sequence[Any]
    start: int
    total: int | None
    asked: int

    @property
    def end(self) -> int:
        return self.start + len(self.items)

    def find(self, uid: str) -> int | None:
        at = (place for place, item in enumerate(self.items) if _uid(item) == uid)
        return next(at, None)


def page(call: Call, window: Window, token: str | None, limit: int) -> Page[RawOrder]:
    """Where all orders end, the unfinished ones begin on the same page, as far as there is room."""
    for _ in range(2):  # a page that leads to itself is the page before, sent once more: ask again
        found, following = _page(call, window, Place.of(token), limit)
        if following is None or following.token != token:
            break
    else:
        raise Unreadable("the next page is this page")
    if following == UNFINISHED and len(found) < limit:
        more, following = _page(call, window, following, limit - len(found))
        found = [*found, *more]
    orders, bad = CUT.orders(found)
    if (end := window.created_to) is not None:
        orders = [raw for raw in orders if (placed := time_of(raw.raw, "create")) is None or placed < end]
    return Page(orders, bad, following.token if following else None, high_water(orders), in_order=False)


def _page(call: Call, window: Window, place: Place, limit: int) -> tuple[list[Any], Place | None]:
    """What was not read yet, and where it goes on."""
    asked = _asked(window, place)
    rows = _read(call, asked, place.offset, limit + 1 if place.last else limit)
    seam = rows.find(place.last) if place.last else None
    if place.last and seam is None:
        rows = _read(call, asked, max(place.offset + 1 - ROWS, 0), ROWS)
        if (seam := rows.find(place.last)) is None:
            raise Stale("what was read before is not where it was", code="page_token_gone")
    return [item for at, item in enumerate(rows.items) if at != seam], _next(place, rows, seam)


def _next(place: Place, rows: _Rows, seam: int | None) -> Place | None:
    over = rows.end >= rows.total if rows.total is not None else len(rows.items) < rows.asked
    nothing_follows = not rows.items or (seam == 0 and len(rows.items) == 1)
    if over or nothing_follows:
        return None if place.unfinished else UNFINISHED
    if last := _uid(rows.items[-1]):
        return replace(place, offset=rows.end - 1, last=last)
    return replace(place, offset=rows.end, last="")


def _asked(window: Window, place: Place) -> dict[str, str]:
    """Both bounds may be exclusive or inclusive, so they lie wide; what comes twice changes nothing."""
    bounds = {
        "updatedFrom": window.since and seconds(window.since),
        "createdFrom": window.created_from and seconds(window.created_from),
        "createdTo": window.created_to and seconds(window.created_to, up=True),
    }
    asked = {name: value for name, value in bounds.items() if value}
    return asked | ({"paymentStatus": INCOMPLETE} if place.unfinished else {})


def _read(call: Call, asked: dict[str, str], offset: int, limit: int) -> _Rows:
    limit = min(limit, ROWS)
    reply = call("GET", "/orders", params=asked | {"offset": str(offset), "limit": str(limit)})
    items = reply.get("items") if isinstance(reply, dict) else None
    if not isinstance(items, list):
        raise Unreadable("a page without a list of orders")
    return _Rows(items, _number(reply.get("offset"), offset), _number(reply.get("total"), None), limit)


def _number(value: Any, otherwise: Any) -> Any:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else otherwise


def _uid(item: Any) -> str:
    return order_id(item) if isinstance(item, dict) else ""


# --- deleted ones ----------------------------------------------------------------------------------------------------


def deleted(call: Call, since: dt.datetime, token: str | None) -> Page[Deleted]:
    """A page of what was deleted since then; Ecwid remembers it for six months."""
    offset = int(token or 0)
    asked = {"from_date": seconds(since), "offset": str(offset), "limit": str(ROWS)}
    reply = call("GET", "/orders/deleted", params=asked)
    rows = rows_of(reply)
    total = _number(reply.get("total") if isinstance(reply, dict) else None, None)
    end = offset + len(rows)
    over = end >= total if total is not None else len(rows) < ROWS
    found = [Deleted(uid, written_time(row.get("date"))) for row in rows if (uid := _deleted_uid(row))]
    return Page(found, next=None if over or not rows else str(end), in_order=False)


def _deleted_uid(row: Any) -> str:
    """`id` is the internal number here, which is no order's id."""
    return id_text(row, "orderId") if isinstance(row, dict) else ""
