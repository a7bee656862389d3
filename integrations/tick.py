"""Once a minute: put what is due in the queue, take back what broke off, and look for what waits.

The truth is in the flows' rows: two ticks at once, a tick that was lost, a wiped queue do no harm.
"""

from __future__ import annotations

import datetime as dt
import time

from django.db.models import Q

from integrations.lease import SLOW, claim, free, reclaim
from integrations.models import Flow
from integrations.queue import Queue, waiting
from integrations.sweep import sweep

BATCH = 250
# Tasks that may wait in a queue before the tick adds no more. What is due stays due, oldest first, and runs once.
MOST_WAITING = {Queue.DEFAULT: 2000, Queue.SLOW: 200}
SECONDS = 50.0
MOST_LATE = dt.timedelta(minutes=10)


def tick(now: dt.datetime) -> int:
    """How many flows were put in the queue."""
    ends = time.monotonic() + SECONDS
    claimed = reclaim(now)
    for queue, kinds in ((Queue.DEFAULT, ~SLOW), (Queue.SLOW, SLOW)):
        claimed += _claim_due(queue, kinds, now, ends)
    sweep(now)
    return claimed


def _claim_due(queue: Queue, kinds: Q, now: dt.datetime, ends: float) -> int:
    claimed = 0
    room = MOST_WAITING[queue] - waiting(queue, now)
    while room > 0 and time.monotonic() < ends:
        due = free(Flow.objects.filter(kinds, due_at__lte=now, lease_until=None).order_by("due_at")[: min(BATCH, room)])
        taken = claim(due, now)
        claimed += taken
        room -= taken
        if not taken:
            break
    return claimed


def overdue(now: dt.datetime) -> str:
    """For the health address: what is wrong when due flows are not run."""
    never_begun = Q(lease_until=None) | Q(lease_until__lte=now, started_at=None)  # or claimed, for a queue that is dead
    due = Flow.objects.filter(never_begun, due_at__lte=now).order_by("due_at")
    late = now - (due.values_list("due_at", flat=True).first() or now)
    return f"A sync has been due for {int(late.total_seconds() // 60)} minutes." if late > MOST_LATE else ""
