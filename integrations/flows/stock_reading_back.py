"""Reading back what a store itself shows: before the first push, once a night in the store's zone, and when asked.

The first reading says what each listing shows, so that only what differs is sent. The later ones find drift: a number
that is another than the one the store confirmed, though nothing that we know of has changed it. A person decides then.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from fcp.errors import Busy, Refused, Stale, SyncError
from fcp.insert import update_rows
from integrations.connectors.shapes import StoreStock
from integrations.flows.stock_round import Round, lock, mark
from integrations.flows.windows import TOKEN_LASTS
from integrations.models import StockPush
from mappings.models import Listing, ListingStock

log = logging.getLogger(__name__)

HOUR = 3  # in the store's zone
AGAIN = dt.timedelta(hours=1)
COLUMNS = ("confirmed", "item_uid", "revision", "drift", "drift_at")


def wants_reading(current: Round) -> bool:
    push, flow, now = current.push, current.run.flow, current.run.now()
    if "reading" in flow.position or push.read_at is None:
        return True
    if "read_again_at" in flow.position and now < dt.datetime.fromisoformat(flow.position["read_again_at"]):
        return False
    asked = max((at for at in (push.read_wanted_at, flow.enabled_since) if at), default=push.read_at)
    return max(asked, last_night(current.run.store.time_zone, now)) > push.read_at


def last_night(zone: str, now: dt.datetime) -> dt.datetime:
    """The last time that it was three in the morning there."""
    local = now.astimezone(ZoneInfo(zone))
    at = local.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return (at if at <= local else at - dt.timedelta(days=1)).astimezone(dt.UTC)


def read_back(current: Round) -> bool:
    """True when the slice is over before the end. Where a later reading fails, stock goes on and it is tried again."""
    run = current.run
    place = _resumed(current) or _anew(current)
    while True:
        try:
            token = place["token"]
            shown = run.ask(lambda connector, token=token: connector.stock(token))  # type: ignore[misc]
        except (Busy, Refused):
            raise
        except Stale:
            if place["token"] is None:
                raise
            place = _anew(current)
            continue
        except SyncError as error:
            if current.push.read_at is None:
                raise
            _put_off(current, error)
            return False
        place = place | {"token": shown.next, "at": run.now().isoformat()}
        for odd in shown.bad:
            log.warning("Stock of the store that cannot be read: %s", odd.detail)
        rest = {key: value for key, value in run.flow.position.items() if key not in {"reading", "read_again_at"}}
        with run.page() as page:
            _compare(current, shown.items, page.now)
            if shown.next is None:
                began = dt.datetime.fromisoformat(place["began"])
                StockPush.objects.filter(pk=current.push.pk).update(read_at=began)
            page.move(position=rest if shown.next is None else rest | {"reading": place})
        if shown.next is None:
            current.push.read_at = began
            return _found_changes(current)
        if run.over:
            return True


def _anew(current: Round) -> dict[str, Any]:
    now = current.run.now().isoformat()
    return {"token": None, "at": now, "began": now}


def _resumed(current: Round) -> dict[str, Any] | None:
    place: dict[str, Any] | None = current.run.flow.position.get("reading")
    if place and current.run.now() - dt.datetime.fromisoformat(place["at"]) <= TOKEN_LASTS:
        return place
    return None


def _put_off(current: Round, error: SyncError) -> None:
    log.warning("Stock was not read back: %s", error.detail)
    with current.run.page() as page:
        rest = {key: value for key, value in current.run.flow.position.items() if key != "reading"}
        page.move(position=rest | {"read_again_at": (page.now + AGAIN).isoformat()})


def _found_changes(current: Round) -> bool:
    """Whether the reading left something to look at, in another slice."""
    return bool(current.rows.changed().exists())


# --- one page ------------------------------------------------------------------------------------------------------


def _compare(current: Round, shown: Sequence[StoreStock], now: dt.datetime) -> None:
    listings = Listing.objects.filter(store=current.run.store, product_uid__in={one.product_uid for one in shown})
    lock(listings)
    keys = {(row.product_uid, row.variant_uid): row for row in listings}
    _note_tracking(current, keys, shown)
    uids = current.settings.uids
    rows = current.rows.filter(listing__in=[row.pk for row in keys.values()])
    lock(rows)
    there = {(row.listing_id, uids.get(row.location_id, "")): row for row in rows}
    begun = current.push.allowed_at is not None
    values: list[tuple[Any, ...]] = []
    again: list[int] = []
    for one in shown:
        listing = keys.get((one.product_uid, one.variant_uid))
        row = there.get((listing.pk, one.location_uid)) if listing else None
        if row is None or not one.tracked or one.quantity is None:
            continue
        wanted = _read(row, one, one.quantity, now, begun)
        if wanted != tuple(getattr(row, name) for name in COLUMNS):
            values.append((*wanted, row.pk))
            if not begun and row.result is not None and wanted[0] != row.confirmed:
                again.append(row.pk)  # the preview counts what differs from this number
    update_rows(ListingStock, COLUMNS, values)
    mark(again)


def _read(row: ListingStock, one: StoreStock, quantity: int, now: dt.datetime, begun: bool) -> tuple[Any, ...]:
    """Where it is unknown what the store shows, it is told anyway, and its own number is no news.

    Nor is it where the store was never told another one, unless it showed what we would tell and has left that since.
    """
    confirmed, drift, drift_at = row.confirmed, row.drift, row.drift_at
    agreed = row.confirmed_at is not None or (begun and row.confirmed == row.result)
    if row.known and (row.result is None or row.confirmed is None or not agreed):
        confirmed, drift, drift_at = quantity, None, None
    elif row.known and row.marked == row.handled:
        if quantity == confirmed:
            drift, drift_at = None, None
        elif quantity != drift:
            drift, drift_at = quantity, now
    return confirmed, one.item_uid[:100] or row.item_uid, one.revision[:40] or row.revision, drift, drift_at


def _note_tracking(current: Round, listings: dict[tuple[str, str], Listing], shown: Iterable[StoreStock]) -> None:
    """Which listings the store counts. One that it counts no longer, or again, is looked at."""
    counted: dict[tuple[str, str], bool] = {}
    for one in shown:
        key = (one.product_uid, one.variant_uid)
        counted[key] = counted.get(key, False) or one.tracked
    other = {key: tracked for key, tracked in counted.items() if key in listings and listings[key].tracked != tracked}
    for tracked in (True, False):
        ids = [listings[key].pk for key, is_tracked in other.items() if is_tracked is tracked]
        Listing.objects.filter(pk__in=ids).update(tracked=tracked)
    changed = [listings[key].pk for key in other if listings[key].tracked is not None or not other[key]]
    if changed:
        mark(current.rows.filter(listing__in=changed).values_list("pk", flat=True))
