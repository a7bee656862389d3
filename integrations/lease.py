"""Who runs a flow: one worker at a time, by a lease with a generation number in the flow's row.

    claim     a free flow that is on: next generation, its task in the queue, in one transaction
    start     the task: next slot; no effect when outdated, or started by another delivery of the same task
    confirm   first statement of every transaction of a run: still ours? Then it lasts longer; else Superseded
    finish    gives the lease back; what rang meanwhile is claimed again at once
    reclaim   takes away leases that ran out, and claims whose task got lost (the tick calls it)

Whoever holds a smaller generation is outdated, and its transactions roll back.
"""

from __future__ import annotations

import datetime as dt
import logging
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from fcp.pulse import show_life
from integrations.connectors.declaring import FlowKind
from integrations.models import Flow, Run
from integrations.models.flows import RunState
from integrations.queue import Queue, enqueue, oldest_waiting

log = logging.getLogger(__name__)

TASK = "integrations.tasks.run_flow"

TICK = dt.timedelta(minutes=1)
# A webhooks-only flow looks for itself once a day, for what the store failed to announce. Minutes.
DAILY = 1440
ALERT_AFTER = 3  # leases in a row that ended without an end
CLOCKS = dt.timedelta(minutes=10)  # a lease that ends so much too late is of a clock that was wrong
LONGEST_PAUSE = dt.timedelta(hours=1)

UNFINISHED = (
    "This sync broke off {times} times in a row before it could finish. It goes on in smaller steps by itself; "
    "if it stays like this, tell whoever runs this installation."
)


class Superseded(Exception):
    """The lease went to somebody else, or the flow was switched off or deleted: undo what this transaction did."""


@dataclass(frozen=True, slots=True)
class Lease:
    flow_id: int
    gen: int


class Free(NamedTuple):
    """What claiming needs to know of a flow."""

    pk: int
    gen: int
    kind: str
    last_ok_at: dt.datetime | None

    @property
    def queue(self) -> Queue:
        if self.kind == FlowKind.PRODUCTS or (self.kind == FlowKind.ORDERS and self.last_ok_at is None):
            return Queue.SLOW
        return Queue.DEFAULT


SLOW = Q(kind=FlowKind.PRODUCTS) | Q(kind=FlowKind.ORDERS, last_ok_at=None)  # `Free.queue`, for a query


def lease_time() -> dt.timedelta:
    """How long a flow is somebody's: a claim that waits to be started, and then the run, renewed with every page."""
    return dt.timedelta(seconds=settings.FCP_LEASE_SECONDS)


def jitter_of(flow_id: int) -> int:
    """-50 to 50 thousandths, always the same for a flow, so that flows made in one minute drift apart."""
    return zlib.crc32(str(flow_id).encode()) % 101 - 50


def next_slot(now: dt.datetime, interval: int | None, jitter: int) -> dt.datetime:
    return now + dt.timedelta(minutes=interval or DAILY) * (1 + jitter / 1000)


def pause_after(failures: int, jitter: int = 0) -> dt.timedelta:
    """How long to wait after so many failures in a row: 1, 2, 4 ... minutes, an hour at most."""
    pause = min(dt.timedelta(minutes=2 ** min(failures - 1, 10)), LONGEST_PAUSE)
    return pause * (1 - (jitter + 50) / 1000)


# --- claiming ------------------------------------------------------------------------------------------------------


def free(flows: QuerySet[Flow]) -> list[Free]:
    return [Free(*row) for row in flows.values_list("pk", "gen", "kind", "last_ok_at")]


TAKE_SQL = """
    UPDATE integrations_flow SET gen = gen + 1, lease_until = %s, started_at = NULL
    WHERE id = %s AND gen = %s AND due_at IS NOT NULL AND (lease_until IS NULL OR lease_until <= %s)
"""


def claim(flows: Collection[Free], now: dt.datetime, *, at: dt.datetime | None = None) -> int:
    """Take these flows as they were read, put their tasks in the queue; how many. Those taken by others are left out.

    `at`: no worker sees the task before then, for a pause that is shorter than the time from tick to tick.
    """
    if not flows:
        return 0
    at = at or now
    flows = sorted(flows)  # by id: two who claim the same ones lock them in one sequence
    with transaction.atomic():
        point = transaction.savepoint()
        if _update(flows, now, at) == len(flows):
            taken = list(flows)
        else:  # somebody else was there for one of them: find out for which
            transaction.savepoint_rollback(point)
            taken = [flow for flow in flows if _update([flow], now, at)]
        for queue in Queue:
            tasks = [(flow.pk, flow.gen + 1) for flow in taken if flow.queue is queue]
            if tasks:
                enqueue(queue, TASK, tasks, at)
    return len(taken)


def _update(flows: Iterable[Free], now: dt.datetime, at: dt.datetime) -> int:
    """One round trip for all; how many rows changed. The ORM's form of it costs ten times as much."""
    when = connection.ops.adapt_datetimefield_value
    rows = [(when(at + lease_time()), flow.pk, flow.gen, when(now)) for flow in flows]
    with connection.cursor() as cursor:
        cursor.executemany(TAKE_SQL, rows)
        return cursor.rowcount


# --- running -------------------------------------------------------------------------------------------------------


class Started(NamedTuple):
    """`trigger` is what asked for this run: schedule, webhook, person or first."""

    lease: Lease
    trigger: str
    by: str


def start(flow_id: int, gen: int, now: dt.datetime) -> Started | None:
    """None when this generation is outdated, or was started already: the task was delivered twice."""
    with transaction.atomic():
        mine = Flow.objects.filter(pk=flow_id, gen=gen, started_at=None, lease_until__isnull=False)
        if not mine.update(started_at=now, lease_until=now + lease_time()):
            return None
        row = Flow.objects.values_list("account_id", "trigger", "asked_by", "interval", "jitter")
        account_id, trigger, by, interval, jitter = row.get(pk=flow_id)
        # Who rings from now on has a run of its own afterwards.
        Flow.objects.filter(pk=flow_id).update(trigger="", asked_by="", due_at=next_slot(now, interval, jitter))
        if trigger in {"person", "first"} and not Run.objects.filter(flow_id=flow_id, state=RunState.RUNNING).exists():
            # Whoever asked watches it, so its row is there before anything was found.
            Run.objects.create(
                account_id=account_id, flow_id=flow_id, gen=gen, trigger=trigger, by=by, state=RunState.RUNNING,
                started_at=now, last_at=now,
            )  # fmt: skip
    return Started(Lease(flow_id, gen), trigger or "schedule", by)


def confirm(lease: Lease, now: dt.datetime) -> None:
    """Raises Superseded when the lease is no longer ours; call it first in every transaction of a run."""
    if not Flow.objects.filter(pk=lease.flow_id, gen=lease.gen).update(lease_until=now + lease_time()):
        raise Superseded
    show_life()


def finish(lease: Lease, now: dt.datetime, *, due_at: dt.datetime | None = None, **values: Any) -> None:
    """Give the lease back, with what the run left in the flow's row. `due_at` None: its next slot, or what rang.

    What is due by now goes on at once, as a new generation; what is due before the next tick, at that moment.
    """
    if due_at is not None:
        values["due_at"] = due_at
    with transaction.atomic():
        mine = Flow.objects.filter(pk=lease.flow_id, gen=lease.gen)
        if not mine.update(lease_until=None, started_at=None, unfinished=0, **values):
            raise Superseded
        if due_at is not None and now < due_at <= now + TICK:
            claim(free(mine), now, at=due_at)
        else:
            claim(free(mine.filter(due_at__lte=now)), now)


# --- ringing -------------------------------------------------------------------------------------------------------


def ring(flow_ids: Collection[int], now: dt.datetime, *, trigger: str = "webhook", by: str = "") -> None:
    """These flows have something to do: at once when nobody runs them, else when the running slice ends.

    Call it after the commit of what there is to do. Rings while it runs become one. A flow that is off stays off. One
    whose last run failed, or whose key was refused, waits for its next try, unless a person asks.
    """
    for flow_id in flow_ids:
        _ring(flow_id, now, trigger, by)


def _ring(flow_id: int, now: dt.datetime, trigger: str, by: str) -> None:
    asked = trigger in {"person", "first"}
    if not asked and not to_ring([flow_id], now):
        return  # without a write
    flow = Flow.objects.filter(pk=flow_id, due_at__isnull=False)
    about_to_start = Q(lease_until__gt=now, started_at=None)
    with transaction.atomic():
        # Writing first locks the row: a slice that ends now ends before this, or sees that it is due.
        if asked:
            flow.update(trigger=trigger, asked_by=by)
        else:
            flow = flow.filter(failures=0, blocked=False)
            flow.filter(trigger="").update(trigger=trigger)
        flow.filter(due_at__gt=now).exclude(about_to_start).update(due_at=now)
        claim(free(flow.filter(lease_until=None, due_at__lte=now)), now)


NEWS_SQL = """
    SELECT id FROM integrations_flow
    WHERE id IN ({marks}) AND due_at IS NOT NULL AND failures = 0 AND NOT blocked
    AND (lease_until IS NULL OR lease_until <= %s OR (started_at IS NOT NULL AND due_at > %s))
"""


def to_ring(flow_ids: Collection[int], now: dt.datetime) -> set[int]:
    """Those that a ring changes: not where somebody is about to start, or a ring has been noted.

    Asked with every webhook; making the ORM's form of the question takes ten times as long as answering it.
    """
    when = connection.ops.adapt_datetimefield_value(now)
    question = NEWS_SQL.format(marks=", ".join(["%s"] * len(flow_ids)))
    with connection.cursor() as cursor:
        cursor.execute(question, [*flow_ids, when, when])
        return {pk for (pk,) in cursor.fetchall()}


def hold(flows: QuerySet[Flow]) -> None:
    """Lock these rows until the transaction ends: by id, as whoever claims several, so that nobody waits in a ring.

    A run's page begins with its own flow, so what also touches runs, the integration or the store begins with this.
    SQLite has one writer at a time.
    """
    list(flows.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))


def outdate(flows: QuerySet[Flow]) -> None:
    """A slice that is running finds itself superseded at its next transaction; the flow stays on."""
    flows.update(gen=F("gen") + 1, lease_until=None, started_at=None)


def switch_off(flows: QuerySet[Flow]) -> None:
    """Off; a slice that is running finds itself superseded at its next transaction."""
    flows.update(due_at=None, gen=F("gen") + 1, lease_until=None, started_at=None, trigger="", asked_by="")


# --- what broke off ------------------------------------------------------------------------------------------------


def reclaim(now: dt.datetime, limit: int = 500) -> int:
    """Take back leases that ran out. Returns how many were put in the queue again."""
    Flow.objects.filter(lease_until__gt=now + TICK + lease_time() + CLOCKS).update(lease_until=now)
    expired = Flow.objects.filter(lease_until__lte=now)
    lost = free(expired.filter(started_at=None).filter(_task_is_gone(now)).order_by("lease_until")[:limit])
    again = claim(lost, now)
    for flow in expired.exclude(started_at=None).order_by("lease_until")[:limit]:
        again += _take_away(flow, now)
    return again


def _task_is_gone(now: dt.datetime) -> Q:
    """A claim whose task still waits in a long queue is not lost; one older than all that waits is."""
    gone = Q()
    for queue, of_queue in ((Queue.SLOW, SLOW), (Queue.DEFAULT, ~SLOW)):
        oldest = oldest_waiting(queue, now)
        gone |= of_queue & (Q(lease_until__lt=oldest + lease_time()) if oldest else Q())
    return gone


def _take_away(flow: Flow, now: dt.datetime) -> int:
    """The lease of a run that broke off (a killed worker, a task over its time). 1 when it goes on at once."""
    times = flow.unfinished + 1
    values: dict[str, Any] = {"unfinished": times, "gen": flow.gen + 1, "lease_until": None, "started_at": None}
    if times >= ALERT_AFTER:
        log.error("Flow %s broke off %s times in a row", flow.pk, times)
        values |= {
            "problem_code": "unfinished",
            "problem": UNFINISHED.format(times=times),
            "problem_since": flow.problem_since or now,
        }
    pause = dt.timedelta(0) if times < ALERT_AFTER else pause_after(times - ALERT_AFTER + 1, flow.jitter)
    with transaction.atomic():
        mine = Flow.objects.filter(pk=flow.pk, gen=flow.gen, lease_until__lte=now, due_at__isnull=False)
        if not mine.update(**values, due_at=now + pause):
            return 0
        return claim(free(Flow.objects.filter(pk=flow.pk, due_at__lte=now)), now)
