"""One slice of a run: its transactions, its counts, and what its end leaves in the flow's row.

A run is one execution of a flow; it works in slices, each a task of its own under a lease of its own, so that nothing
long keeps a worker. A run that found nothing, or only what was known, leaves no row of its own.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import structlog
from django.db import transaction
from django.utils import timezone

from fcp.errors import Busy, Refused, SyncError
from fcp.pulse import show_life
from integrations.connectors import connector_class
from integrations.connectors.base import Connector
from integrations.connectors.declaring import FlowKind
from integrations.lease import (
    ALERT_AFTER,
    LONGEST_PAUSE,
    Free,
    Lease,
    Started,
    Superseded,
    confirm,
    finish,
    hold,
    lease_time,
    pause_after,
    ring,
)
from integrations.models import Flow, Integration, Run
from integrations.models.flows import RunState
from integrations.rates import rate_of
from integrations.reach import OpenStore, open_store
from integrations.settings_document import document_of, rules_of
from orders.intake import Counts
from orders.settings import OrderRules

log = logging.getLogger(__name__)
T = TypeVar("T")

# One slice: after this time, with the page it is at. Well below the queue's time-out of a task.
SLICE_SECONDS = 20.0
# Of a task's time, what its calls leave for storing what came, and for making connections.
FOR_THE_REST = 30.0
# A blocked flow tries the key after these: 5, 10, 20 ... minutes, an hour at most.
FIRST_CHECK = dt.timedelta(minutes=5)
APP_REMOVED = "app_removed"
REMOVED = (
    "Our app was removed from the store. Everything that is here stays. Add the app to the store again, "
    "or reconnect the integration with another key."
)
OUR_FAULT = "Something went wrong on our side. We try again by ourselves."
COUNTED = ("created", "changed", "unchanged", "skipped", "failed")


@dataclass(slots=True)
class Page:
    """What one transaction of a run leaves: its counts, and columns of the flow."""

    now: dt.datetime
    counts: Counts = field(default_factory=Counts)
    moved: dict[str, Any] = field(default_factory=dict)

    def count(self, counts: Counts) -> None:
        self.counts.add(counts)

    def move(self, **columns: Any) -> None:
        self.moved |= columns


class Slice:
    """What a flow's module works with."""

    def __init__(self, started: Started, flow: Flow, store: OpenStore) -> None:
        self.lease: Lease = started.lease
        self.trigger = started.trigger
        self.by = started.by
        self.flow = flow
        self.integration: Integration = flow.integration
        self.store = self.integration.store
        self.platform = store.platform
        self._open = store
        store.still_ours = self._keep_lease
        self._ends = time.monotonic() + SLICE_SECONDS
        self._confirmed = time.monotonic()
        self._run = Run.objects.filter(flow=flow, state=RunState.RUNNING).order_by("-pk").first()
        self._counts = _counts_of(self._run) if self._run else Counts(unchanged=flow.position.get("unchanged", 0))
        self._calls = self._run.calls if self._run else 0

    @property
    def connector(self) -> Connector:
        """For what needs no call; calls go through `ask`."""
        return self._open.connector

    def ask(self, question: Callable[[Connector], T]) -> T:
        """`OpenStore.ask`. Before each of its calls the lease is made to last, or found to be somebody else's."""
        return self._open.ask(question)

    def _keep_lease(self) -> None:
        if time.monotonic() - self._confirmed > lease_time().total_seconds() / 3:
            with transaction.atomic():
                confirm(self.lease, timezone.now())
            self._confirmed = time.monotonic()

    @property
    def calls(self) -> int:
        """Made by this slice so far."""
        return self._open.purse.made

    def is_rung(self) -> bool:
        """Somebody waits for this flow: it is due again, although this slice is not over."""
        return Flow.objects.filter(pk=self.flow.pk, due_at__lte=self.now()).exists()

    def now(self) -> dt.datetime:
        return timezone.now()

    @cached_property
    def rules(self) -> OrderRules:
        return rules_of(self.document, self.integration.settings_version, self.integration.account)

    @cached_property
    def document(self) -> dict[str, Any]:
        """The settings in force when the slice began."""
        return document_of(self.integration)

    @property
    def over(self) -> bool:
        """Time to let others have the worker: end the slice after this page, and say that there is more."""
        return time.monotonic() > self._ends

    @cached_property
    def page_size(self) -> int:
        """Of this slice."""
        return self.fewer(rate_of(self.platform, self.document).page)

    def fewer(self, many: int) -> int:
        """Halved for each lease beyond the second that broke off: what kills a worker is met alone."""
        return max(many >> max(self.flow.unfinished - ALERT_AFTER + 1, 0), 1)

    @contextmanager
    def page(self) -> Iterator[Page]:
        """A transaction of this run. What it stores, counts and moves is there together, or not at all."""
        show_life()
        page = Page(timezone.now())
        with transaction.atomic():
            confirm(self.lease, page.now)
            yield page
            run = self._write(page)
            if self.flow.unfinished:  # it gets on, if slowly
                page.move(unfinished=self.flow.unfinished - 1)
            if page.moved:
                Flow.objects.filter(pk=self.flow.pk).update(**page.moved)
        self._confirmed = time.monotonic()
        self._run = run
        self._counts.add(page.counts)
        for name, value in page.moved.items():
            setattr(self.flow, name, value)

    def _write(self, page: Page) -> Run | None:
        counts, new = Counts(), page.counts
        counts.add(self._counts)
        counts.add(new)
        values = _columns(counts) | {"last_at": page.now, "calls": self._calls + self._open.purse.made}
        if self._run:
            if new.seen:
                Run.objects.filter(pk=self._run.pk).update(gen=self.lease.gen, **values)
            return self._run
        if new.seen == new.unchanged:
            return None
        return Run.objects.create(
            account_id=self.flow.account_id, flow=self.flow, gen=self.lease.gen, trigger=self.trigger, by=self.by,
            state=RunState.RUNNING, started_at=page.now, **values,
        )  # fmt: skip

    # --- the end ---------------------------------------------------------------------------------------------------

    def done(self) -> None:
        """All of the run is done."""
        now = timezone.now()
        position = {key: value for key, value in self.flow.position.items() if key != "unchanged"}
        with transaction.atomic():
            self._end_run(RunState.DONE, now)
            if self._run is None and self.document.get("log_level") == "everything":
                self._write_empty_run(now)
            finish(self.lease, now, last_ok_at=now, position=position, **HEALTHY)

    def more(self) -> None:
        """The slice is over, the run is not: the next one begins at once, behind whoever waits already."""
        now = timezone.now()
        position = self.flow.position if self._run else {**self.flow.position, "unchanged": self._counts.unchanged}
        with transaction.atomic():
            if self._run:
                confirm(self.lease, now)
                self._run_row().update(calls=self._calls + self._open.purse.made)
            finish(self.lease, now, due_at=now, position=position, **HEALTHY)

    def wait(self, error: Busy) -> None:
        """The store (or its budget) needs a pause; nothing is wrong. The run goes on where it is."""
        now = timezone.now()
        values: dict[str, Any] = {}
        if error.code != "our_budget":
            values = _problem(self.flow, error.code, error.sentence, now)
        if self._run:
            self._run_row().update(calls=self._calls + self._open.purse.made)
        finish(self.lease, now, due_at=max(error.until or now, now + dt.timedelta(seconds=1)), **values)

    def _end_run(self, state: RunState, now: dt.datetime, problem: str = "") -> None:
        if self._run:
            confirm(self.lease, now)
            calls = self._calls + self._open.purse.made
            self._run_row().update(state=state, ended_at=now, last_at=now, calls=calls, problem=problem)

    def _write_empty_run(self, now: dt.datetime) -> None:
        confirm(self.lease, now)
        Run.objects.create(
            account_id=self.flow.account_id, flow=self.flow, gen=self.lease.gen, trigger=self.trigger, by=self.by,
            state=RunState.DONE, started_at=now, last_at=now, ended_at=now,
            **_columns(self._counts), calls=self._calls + self._open.purse.made,
        )  # fmt: skip

    def _run_row(self) -> Any:
        assert self._run
        return Run.objects.filter(pk=self._run.pk, state=RunState.RUNNING)


HEALTHY: dict[str, Any] = {"failures": 0, "problem_code": "", "problem": "", "problem_since": None, "blocked": False}


def _problem(flow: Flow, code: str, sentence: str, now: dt.datetime) -> dict[str, Any]:
    return {"problem_code": code[:40], "problem": sentence[:500], "problem_since": flow.problem_since or now}


def _counts_of(run: Run) -> Counts:
    counts = Counts(**{name: getattr(run, name) for name in COUNTED}, last_item=run.last_item)
    counts.reasons = Counter(run.reasons)
    return counts


def _columns(counts: Counts) -> dict[str, Any]:
    columns: dict[str, Any] = {name: getattr(counts, name) for name in COUNTED}
    return columns | {"seen": counts.seen, "reasons": dict(counts.reasons), "last_item": counts.last_item[:100]}


# --- running one ---------------------------------------------------------------------------------------------------

Work = Callable[[Slice], bool]  # True: there is more to do, in another slice


def run_slice(started: Started, work: Work) -> None:
    """Run one slice and leave the flow in order, whatever happens in it."""
    flow = Flow.objects.select_related("integration__store", "integration__account").get(pk=started.lease.flow_id)
    names = {"flow": flow.kind, "integration": flow.integration_id, "generation": started.lease.gen}
    with structlog.contextvars.bound_contextvars(**names):
        try:
            _run(started, flow, work)
        except Superseded:
            log.info("Another run took over")


def _run(started: Started, flow: Flow, work: Work) -> None:
    queue = Free(flow.pk, flow.gen, flow.kind, flow.last_ok_at).queue
    seconds = queue.seconds - FOR_THE_REST
    with open_store(flow.integration, FlowKind(flow.kind), timezone.now(), seconds) as store:
        run = Slice(started, flow, store)
        try:
            if flow.blocked:
                _try_the_key(run)
            more = work(run)
        except Busy as error:
            run.wait(error)
        except Refused as error:
            log.warning("The store refuses: %s", error.detail)
            _block(run, error)
        except SyncError as error:
            log.warning("Run failed: %s", error.detail)
            _fail(run, error.code, error.sentence)
        except Superseded:
            raise
        except Exception:
            log.exception("Run failed")
            _fail(run, "our_fault", OUR_FAULT)
        else:
            run.more() if more else run.done()


def _fail(run: Slice, code: str, sentence: str) -> None:
    now = timezone.now()
    failures = run.flow.failures + 1
    with transaction.atomic():
        run._end_run(RunState.FAILED, now, sentence)
        finish(
            run.lease, now, due_at=now + pause_after(failures, run.flow.jitter), failures=failures,
            **_problem(run.flow, code, sentence, now),
        )  # fmt: skip


# --- a key that the store refuses ----------------------------------------------------------------------------------


def _block(run: Slice, error: Refused) -> None:
    """This flow tries the key again soon; the others of the integration wait for it to succeed."""
    now = timezone.now()
    failures = run.flow.failures + 1 if run.flow.blocked else 1
    problem = _problem(run.flow, error.code, error.sentence, now)
    if run.flow.blocked and run.flow.problem_code == APP_REMOVED:  # the store refuses because of that
        problem = _problem(run.flow, APP_REMOVED, REMOVED, now)
    flows = Flow.objects.filter(integration=run.integration)
    with transaction.atomic():
        hold(flows)
        run._end_run(RunState.FAILED, now, error.sentence)
        others = flows.filter(due_at__isnull=False, blocked=False)
        others.exclude(pk=run.flow.pk).update(blocked=True, due_at=now + LONGEST_PAUSE, **problem)
        pause = min(FIRST_CHECK * 2 ** min(failures - 1, 10), LONGEST_PAUSE)
        finish(run.lease, now, due_at=now + pause, blocked=True, failures=failures, **problem)


def _try_the_key(run: Slice) -> None:
    run.ask(lambda connector: connector.check())
    unblock(run.integration, timezone.now())
    run.flow.blocked = False


def app_removed(integration: Integration, now: dt.datetime) -> None:
    """The store says that our app is gone: every flow waits, and what is here stays.

    The message may be late, or come twice, so the key is tried at once all the same; if it works, all goes on. A key
    that does not come from the app goes on working without it.
    """
    if not by_app(integration):
        return
    on = Flow.objects.filter(integration=integration, due_at__isnull=False)
    with transaction.atomic():
        hold(on)
        on.filter(problem_since=None).update(problem_since=now)
        on.update(blocked=True, problem_code=APP_REMOVED, problem=REMOVED, due_at=now + LONGEST_PAUSE)
        # The next tick tries the key.
        Flow.objects.filter(pk__in=list(on.order_by("pk").values_list("pk", flat=True)[:1])).update(due_at=now)


def by_app(integration: Integration) -> bool:
    """Whether its key comes from the operator's app in the store."""
    platform = connector_class(integration.store.platform).platform
    of_app = {way.kind or way.key for way in platform.ways_in if way.needs_app}
    return integration.credentials.filter(kind__in=of_app).exists()


def unblock(integration: Integration, now: dt.datetime) -> None:
    """The key works again, or is a new one: every flow of the integration goes on at once."""
    blocked = list(Flow.objects.filter(integration=integration, blocked=True).values_list("pk", flat=True))
    Flow.objects.filter(pk__in=blocked).update(**HEALTHY)
    ring(blocked, now, trigger="schedule")
