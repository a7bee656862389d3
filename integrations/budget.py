"""How many calls a store still takes: one row a store, shared by its flows on all machines.

A bucket holds a quarter of a minute's calls and the other three quarters trickle in, so that no minute ever sees more
than the store allows. Products and inventory draw from a second one of 60 % of that size beside it. Either holds one
whole call at least: below that a slow store would never be called.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass

from django.utils import timezone

from fcp.errors import Busy
from fcp.http import MOST_SLEEP
from integrations.connectors.declaring import FlowKind
from integrations.lease import LONGEST_PAUSE
from integrations.models import Budget

BULK = frozenset({FlowKind.PRODUCTS, FlowKind.INVENTORY})
BULK_SHARE = 0.6
BURST = 0.25  # of a minute's calls
AT_A_TIME = 20
TRIES = 20
# Machines' clocks differ by less. What lies further ahead, beyond the longest pause, was written by a clock that was
# wrong, and must not keep the store waiting until then.
CLOCKS = dt.timedelta(minutes=1)


def open_budget(store_id: int, per_minute: int, now: dt.datetime) -> None:
    """Make the store's row, full; one that is there stays as it is."""
    full, bulk = _full(per_minute)
    fresh = {"tokens": full, "bulk_tokens": bulk, "per_minute": per_minute, "refilled_at": now}
    Budget.objects.get_or_create(store_id=store_id, defaults=fresh)


def set_rate(store_id: int, per_minute: int, now: dt.datetime) -> None:
    """Give the store another rate; what is left in its bucket stays."""
    open_budget(store_id, per_minute, now)
    Budget.objects.filter(store_id=store_id).exclude(per_minute=per_minute).update(per_minute=per_minute)


def pause(store_id: int, until: dt.datetime) -> None:
    """The store asked us to wait: none of its flows calls before then."""
    longer = (until, until + LONGEST_PAUSE + CLOCKS)
    Budget.objects.filter(store_id=store_id).exclude(not_before__range=longer).update(not_before=until)


@dataclass(frozen=True, slots=True)
class Granted:
    """`calls` that may be made now, or (0) from when on it makes sense to ask again."""

    calls: int
    until: dt.datetime | None = None


def reserve(store_id: int, kind: FlowKind, now: dt.datetime, wanted: int = AT_A_TIME) -> Granted:
    """Take up to `wanted` calls out of the store's budget, by a conditional UPDATE."""
    for _ in range(TRIES):
        row = Budget.objects.get(store_id=store_id)
        if row.not_before and now < row.not_before <= now + LONGEST_PAUSE + CLOCKS:
            return Granted(0, row.not_before)
        tokens, bulk = _refilled(row, now)
        there = min(tokens, bulk) if kind in BULK else tokens
        calls = int(min(wanted, there))
        if calls < 1:
            return Granted(0, now + _wait(row.per_minute, kind, there, wanted))
        unchanged = Budget.objects.filter(
            pk=row.pk, tokens=row.tokens, bulk_tokens=row.bulk_tokens, refilled_at=row.refilled_at
        )
        used = calls if kind in BULK else 0
        refilled_at = now if _is_wrong(row, now) else max(now, row.refilled_at)
        if unchanged.update(tokens=tokens - calls, bulk_tokens=bulk - used, refilled_at=refilled_at):
            return Granted(calls)
    return Granted(0, now + dt.timedelta(seconds=1))


def give_back(store_id: int, kind: FlowKind, calls: int) -> None:
    """What a slice reserved and did not use. A killed one gives nothing back; it trickles in again."""
    for _ in range(TRIES):
        row = Budget.objects.get(store_id=store_id)
        unchanged = Budget.objects.filter(pk=row.pk, tokens=row.tokens, bulk_tokens=row.bulk_tokens)
        if unchanged.update(tokens=row.tokens + calls, bulk_tokens=row.bulk_tokens + (calls if kind in BULK else 0)):
            return


def _full(per_minute: int) -> tuple[float, float]:
    """What the two buckets hold."""
    full = per_minute * BURST
    return max(full, 1.0), max(full * BULK_SHARE, 1.0)


def _wait(per_minute: int, kind: FlowKind, there: float, wanted: int) -> dt.timedelta:
    """Until some calls are there, as many as 2 s bring; at slow rates until a run is worth its start."""
    full, bulk = _full(per_minute)
    share, most = (BULK_SHARE, bulk) if kind in BULK else (1.0, full)
    per_second = per_minute * share * (1 - BURST) / 60
    if (1 - there) / per_second <= MOST_SLEEP:
        return dt.timedelta(seconds=MOST_SLEEP)
    return dt.timedelta(seconds=(min(wanted, most) - there) / per_second)


def _refilled(row: Budget, now: dt.datetime) -> tuple[float, float]:
    full, bulk = _full(row.per_minute)
    if _is_wrong(row, now):
        return full, bulk
    came = max((now - row.refilled_at).total_seconds(), 0) * row.per_minute * (1 - BURST) / 60
    return min(row.tokens + came, full), min(row.bulk_tokens + came * BULK_SHARE, bulk)


def _is_wrong(row: Budget, now: dt.datetime) -> bool:
    return row.refilled_at > now + CLOCKS


@dataclass(slots=True)
class Purse:
    """The calls that one slice of a run has in hand."""

    store_id: int
    kind: FlowKind
    left: int = 0
    made: int = 0

    def spend(self) -> None:
        """One call. Sleeps 2 s at most; where the store needs longer, raises Busy so that the worker is free."""
        while self.left < 1:
            now = timezone.now()
            granted = reserve(self.store_id, self.kind, now)
            self.left = granted.calls
            if granted.until is not None:
                wait = (granted.until - now).total_seconds()
                if wait > MOST_SLEEP:
                    raise Busy("no calls left in the store's budget", until=granted.until, code="our_budget")
                time.sleep(max(wait, 0))
        self.left -= 1
        self.made += 1

    def close(self) -> None:
        if self.left:
            give_back(self.store_id, self.kind, self.left)
            self.left = 0
