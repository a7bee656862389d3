"""How many calls a key may make: a bucket in the key's row, from which each web process takes a few at a time.

One write for some twenty calls instead of one for each keeps reading cheap, also on SQLite, where every write waits
for the others. What a process took and did not use within a minute is lost to the key.
"""

from __future__ import annotations

import datetime as dt
import math
import threading
from dataclasses import dataclass

from django.conf import settings

from fcp.models import ApiKey

LEASE = dt.timedelta(minutes=1)
TRIES = 5
MANY = 10_000


@dataclass(slots=True)
class _Taken:
    left: int
    until: dt.datetime


_taken: dict[str, _Taken] = {}
_lock = threading.Lock()


def seconds_to_wait(key: ApiKey, now: dt.datetime) -> int:
    """0 when the call may go on. Writes the key's `last_used_at`, at most once a minute."""
    if _use_taken(key.prefix, now):
        return 0
    some, wait = _take_from_bucket(key, now)
    if some > 1:
        with _lock:
            if len(_taken) > MANY:
                _taken.clear()
            _taken[key.prefix] = _Taken(some - 1, now + LEASE)
    return wait


def _use_taken(prefix: str, now: dt.datetime) -> bool:
    with _lock:
        taken = _taken.get(prefix)
        if taken is None or not taken.left or taken.until <= now:
            return False
        taken.left -= 1
        return True


def _take_from_bucket(key: ApiKey, now: dt.datetime) -> tuple[int, int]:
    """How many calls were taken and, when none, how many seconds to wait."""
    rate = settings.FCP_API_RATE
    for _ in range(TRIES):
        filled = rate if key.calls_at is None else (now - key.calls_at).total_seconds() * rate / 60
        there = min(float(rate), max(0.0, key.calls_left + filled))
        if there < 1:
            return 0, math.ceil((1 - there) * 60 / rate)
        some = min(int(there), max(1, rate // 30))
        changes = {"calls_left": there - some, "calls_at": now}
        if key.last_used_at is None or now - key.last_used_at >= LEASE:
            changes["last_used_at"] = now
        as_read = ApiKey.objects.filter(pk=key.pk, calls_left=key.calls_left, calls_at=key.calls_at)
        if as_read.update(**changes):
            return some, 0
        key.refresh_from_db(fields=["calls_left", "calls_at", "last_used_at"])
    return 0, 1
