"""Reading a store's orders page by page: what changed since the watermark, and older ones that a setting asks for."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from fcp.errors import Stale
from integrations.connectors.shapes import Page as StorePage
from integrations.connectors.shapes import Window
from integrations.flows.taking import Taker
from integrations.runs import Page, Slice
from orders.settings import ImportRules
from orders.shapes import RawOrder

OVERLAP = dt.timedelta(minutes=5)
# A page token is kept between slices; after a longer pause the store may have forgotten it.
TOKEN_LASTS = dt.timedelta(minutes=10)
# A store that returns pages out of order is read again from where it was still in order, so many times.
MOST_DOUBTS = 2
EVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def earliest_wanted(rules: ImportRules, now: dt.datetime) -> dt.datetime:
    """The earliest placing date that the settings let in; of both bounds the later one wins."""
    bounds = [EVER]
    if rules.age_days is not None:
        bounds.append(now - dt.timedelta(days=rules.age_days))
    if rules.earliest is not None:
        bounds.append(rules.earliest)
    return max(bounds)


# --- what changed --------------------------------------------------------------------------------------------------


def read_changes(run: Slice, taker: Taker) -> bool:
    """Everything that changed since the watermark. True when the slice is over before the end is reached.

    The watermark is the largest update time stored. A page that goes back in time, or holds something that cannot be
    told apart, is doubted: from there on the watermark stands still, and the window is read once more. What is on such
    a page for good is kept aside then. Of a store that promises no order the watermark moves with the last page only,
    and never beyond the moment when the first one was asked for: what changed since may have slipped past us.
    """
    place = _resumed(run, "changes") or _from_watermark(run)
    while True:
        page = _ask(run, Window(since=_time(place["since"])), place)
        if page is None:
            place = _from_watermark(run)
            continue
        new = [record for record in page.bad if taker.is_new(record)]
        place = _after(place, page, bool(new), run.now())
        bad = page.bad if place["passes"] >= MOST_DOUBTS else [record for record in page.bad if record not in new]
        taker.take(page.items, bad, finish=partial(_advance, run, place, page))
        if page.next is None:
            if not place["doubts"] or place["passes"] >= MOST_DOUBTS:
                return False
            place = _from_watermark(run) | {"passes": place["passes"] + 1}
        if run.over:
            return True


def _from_watermark(run: Slice) -> dict[str, Any]:
    since = run.flow.watermark - OVERLAP if run.flow.watermark else earliest_wanted(run.rules.imports, run.now())
    began = run.now().isoformat()
    return {"since": since.isoformat(), "began": began, "token": None, "reached": None, "doubts": 0, "passes": 0}


def _after(place: dict[str, Any], page: StorePage[RawOrder], odd: bool, now: dt.datetime) -> dict[str, Any]:
    """Where the window stands after this page."""
    # Orders without a readable time stand at the epoch.
    low = min((raw.changed_at for raw in page.items if raw.changed_at > EVER), default=None)
    reached = _time(place["reached"])
    back = page.in_order and reached is not None and low is not None and low < reached
    high = max(filter(None, (reached, _high(page))), default=None)
    return place | {
        "token": page.next,
        "reached": high.isoformat() if high else None,
        "doubts": place["doubts"] + (back or odd),
        "at": now.isoformat(),
    }


def _high(page: StorePage[RawOrder]) -> dt.datetime | None:
    return page.high_water or max((raw.changed_at for raw in page.items), default=None)


def _move(columns: dict[str, Any], done: Page) -> None:
    done.move(**columns)


def _advance(run: Slice, place: dict[str, Any], page: StorePage[RawOrder], done: Page) -> None:
    flow, high = run.flow, _time(place["reached"])
    ended = page.next is None
    enough = ended and place["passes"] >= MOST_DOUBTS
    sure = enough or (not place["doubts"] and (page.in_order or ended))
    if high and not page.in_order and (began := _time(place.get("began"))):
        high = min(high, began)
    if sure and high and (flow.watermark is None or high > flow.watermark):
        done.move(watermark=high)
    if flow.covered_from is None:
        done.move(covered_from=_time(place["since"]))
    if not ended:
        done.move(position={**flow.position, "changes": place})
    elif "changes" in flow.position:
        done.move(position={key: value for key, value in flow.position.items() if key != "changes"})


# --- older ones ----------------------------------------------------------------------------------------------------


def read_backfill(run: Slice, taker: Taker) -> bool:
    """Orders placed before what was asked for so far, when the earliest date or the age moved back."""
    wanted = earliest_wanted(run.rules.imports, run.now())
    covered = run.flow.covered_from
    if covered and wanted < covered - dt.timedelta(minutes=1) and "backfill" not in run.flow.position:
        place = {"from": wanted.isoformat(), "to": covered.isoformat()}
        if read_window(run, taker, "backfill", place, {"covered_from": wanted}):
            return True
    elif "backfill" in run.flow.position:
        place = run.flow.position["backfill"]
        return read_window(run, taker, "backfill", place, {"covered_from": _time(place["from"])})
    return False


def read_window(run: Slice, taker: Taker, name: str, place: dict[str, Any], afterwards: dict[str, Any]) -> bool:
    """Orders placed in [from, to). `afterwards` are columns of the flow that move with the last page."""
    window = Window(created_from=_time(place["from"]), created_to=_time(place["to"]))
    if _is_old(place, run.now()):
        place = place | {"token": None}
    while True:
        page = _ask(run, window, place)
        if page is None:
            place = place | {"token": None}
            continue
        place = place | {"token": page.next, "at": run.now().isoformat()}
        rest = {key: value for key, value in run.flow.position.items() if key != name}
        ended = page.next is None
        moved = {"position": rest} | afterwards if ended else {"position": rest | {name: place}}
        taker.take(page.items, page.bad, finish=partial(_move, moved))
        if ended:
            return False
        if run.over:
            return True


# --- pages and tokens ----------------------------------------------------------------------------------------------


def _ask(run: Slice, window: Window, place: dict[str, Any]) -> StorePage[RawOrder] | None:
    """The next page; None when the store no longer takes the token."""
    token = place.get("token")
    try:
        return run.ask(lambda connector: connector.orders(window, token, run.page_size))
    except Stale:
        if token is None:
            raise
        return None


def _resumed(run: Slice, name: str) -> dict[str, Any] | None:
    place: dict[str, Any] | None = run.flow.position.get(name)
    return None if place is None or _is_old(place, run.now()) else place


def _is_old(place: dict[str, Any], now: dt.datetime) -> bool:
    at = _time(place.get("at"))
    return at is not None and now - at > TOKEN_LASTS


def _time(value: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(value) if value else None
