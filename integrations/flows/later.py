"""What a store works on and answers later, when it is asked for it by its ticket."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from fcp.errors import Busy
from integrations.runs import Slice

# Between asking for the answers of a call under way: as long as it is under way already, within these.
SOONEST, ASK_AGAIN = dt.timedelta(seconds=2), dt.timedelta(seconds=15)
# A call that has not ended by then is given up; one that the store does not let go of is forgotten after the other.
ENDS_WITHIN, GONE_AFTER = dt.timedelta(minutes=10), dt.timedelta(hours=1)


def under_way(run: Slice, place: Mapping[str, Any]) -> Busy:
    """`place` says since when ("at") the store has been working on it."""
    pause = min(max(age_of(run, place), SOONEST), ASK_AGAIN)
    return Busy("the store works on it", until=run.now() + pause, code="our_budget")


def age_of(run: Slice, place: Mapping[str, Any]) -> dt.timedelta:
    return run.now() - dt.datetime.fromisoformat(place["at"]) if "at" in place else dt.timedelta(0)
