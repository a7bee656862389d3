"""The health of an integration in words: pure, from its flows as they stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from fcp.templatetags.panel import span
from integrations.connectors.declaring import FlowKind
from integrations.models import Flow, Integration

# A flow promises fresh data within two of its intervals, and gets this much on top for a busy store.
GRACE = dt.timedelta(minutes=10)


class Level(IntEnum):
    """The greater, the sooner somebody looks at it. Its name is the chip's value."""

    off = 0
    good = 1
    new = 2
    paused = 3
    late = 4
    failing = 5
    blocked = 6


@dataclass(frozen=True, slots=True)
class Health:
    """`words` is a sentence; `since` when the trouble began, where there is one."""

    level: Level
    words: str
    since: dt.datetime | None = None

    @property
    def tone(self) -> str:
        return _TONES[self.level]


_TONES = {
    Level.off: "neutral", Level.good: "good", Level.new: "info", Level.paused: "warn",
    Level.late: "warn", Level.failing: "bad", Level.blocked: "bad",
}  # fmt: skip


def flow_health(flow: Flow, now: dt.datetime) -> Health:
    """One flow: off, running, fresh, late, failing or blocked."""
    label = FlowKind(flow.kind).label
    if flow.due_at is None:
        return Health(Level.off, f"{label} is off")
    if flow.blocked:
        return Health(Level.blocked, flow.problem or "The store refused our key.", flow.problem_since)
    if flow.failures:
        when = f" for {_span(flow.problem_since, now)}" if flow.problem_since else ""
        return Health(Level.failing, f"{label} failing{when}: {flow.problem}", flow.problem_since)
    if _running(flow, now):
        return Health(Level.good, f"{label} running now")
    if flow.last_ok_at is None:
        if now - flow.due_at > GRACE:  # nobody takes it up
            words = f"First {label.lower()} due for {_span(flow.due_at, now)}, not begun yet"
            return Health(Level.late, words, flow.due_at)
        claimed = flow.lease_until is not None and flow.lease_until > now
        return Health(Level.good, f"First {label.lower()} {'now' if claimed else _until(flow.due_at, now)}")
    words = f"Last {label.lower()} {_span(flow.last_ok_at, now)} ago, next {_until(flow.due_at, now)}"
    if now - flow.last_ok_at > promise(flow):
        return Health(Level.late, words, flow.last_ok_at + promise(flow))
    return Health(Level.good, words)


def promise(flow: Flow) -> dt.timedelta:
    """How old a flow's last success may be."""
    return promise_of(flow.interval)


def promise_of(interval: int | None) -> dt.timedelta:
    """The same for a flow that runs every `interval` minutes."""
    return dt.timedelta(minutes=2 * (interval or 60)) + GRACE


def health_of(integration: Integration, flows: Iterable[Flow], now: dt.datetime) -> Health:
    """The integration as a whole: its worst flow; when all are well, its orders."""
    found = [(flow, flow_health(flow, now)) for flow in flows]
    on = [(flow, health) for flow, health in found if health.level is not Level.off]
    if not on:
        return Health(Level.off, "Every flow is off")
    worst = max((health for _, health in on), key=lambda health: health.level)
    if worst.level > Level.good:
        return worst
    words = next((health.words for flow, health in on if flow.kind == FlowKind.ORDERS), on[0][1].words)
    if not integration.live:
        return Health(Level.new, f"Not live yet: nothing is handed over. {words}")
    if integration.paused:
        return Health(Level.paused, f"Handing over is paused. {words}")
    return Health(Level.good, words)


def _running(flow: Flow, now: dt.datetime) -> bool:
    return flow.started_at is not None and flow.lease_until is not None and flow.lease_until > now


def _span(at: dt.datetime, now: dt.datetime) -> str:
    return span(abs((now - at).total_seconds()))


def _until(at: dt.datetime, now: dt.datetime) -> str:
    return f"in {_span(at, now)}" if (at - now).total_seconds() >= 5 else "now"
