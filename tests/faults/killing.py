"""Killing a flow's process again and again, at random instructions, until its work is done all the same."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connection

from integrations.models import Flow
from tests.faults.stories import Story

Start = Callable[[], "subprocess.Popen[bytes]"]
PATIENCE = 180.0  # seconds that the work may take between two kills
PR_SET_PDEATHSIG = 1


@dataclass
class Outcome:
    """`kills` is what was committed at each kill; `seconds` from the first commit to the last."""

    size: int
    kills: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def amid(self) -> int:
        """Kills between the first and the last commit."""
        return sum(1 for done in self.kills if 0 < done < self.size)


def end_with_parent() -> None:
    """In the child: no process is left when a test is stopped hard."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def kill(process: subprocess.Popen[bytes]) -> None:
    """The process and all that it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run_to_the_end(
    story: Story,
    start: Start,
    kills: int,
    dice: random.Random,
    spread: float = 0.0,
    tick: Callable[[], None] | None = None,
) -> Outcome:
    """Start a process, kill it within `spread` seconds after its flow began to work, and so on; then let it finish.

    `tick` is called twice a second where the process has none of its own.
    """
    outcome, killed = Outcome(story.size), -1
    for number in range(kills):
        process = start()
        try:
            _until(lambda killed=killed: _is_at_work(story, killed), process, tick)  # type: ignore[misc]
            # On a machine that has become quicker the work would end before the last kill.
            _wait(dice.uniform(0, spread), lambda most=(number + 1) / (kills + 1): story.done() / story.size > most)  # type: ignore[misc]
        finally:
            kill(process)
        killed = _generation(story)
        outcome.kills.append(story.done())
    process = start()
    try:
        _until(lambda: story.done() > 0, process, tick)
        began = time.monotonic()
        _until(lambda: story.done() >= story.size and _rests(story), process, tick)
        outcome.seconds = time.monotonic() - began
    finally:
        kill(process)
    return outcome


def _wait(seconds: float, enough: Callable[[], bool]) -> None:
    """So long, or until it is enough."""
    ends = time.monotonic() + seconds
    while not enough() and time.monotonic() < ends:
        time.sleep(0.01)


def _is_at_work(story: Story, killed: int) -> bool:
    """In a slice of its own. One that broke off twice without getting on is left to do so: a third time, and the flow
    would rest for minutes.
    """
    if _generation(story) <= killed or story.done() == 0:
        return False
    return not Flow.objects.filter(kind=story.kind, unfinished__gte=2).exists()


def _generation(story: Story) -> int:
    """Of the slice that was started last; a killed process leaves its own behind."""
    flow = Flow.objects.filter(kind=story.kind, started_at__isnull=False).values_list("gen", flat=True).first()
    return -1 if flow is None else flow


def _rests(story: Story) -> bool:
    return Flow.objects.filter(kind=story.kind, lease_until=None, last_ok_at__isnull=False, failures=0).exists()


def _where_it_stands() -> list[tuple[object, ...]]:
    columns = ("kind", "gen", "due_at", "lease_until", "started_at", "unfinished", "failures", "problem", "position")
    return list(Flow.objects.filter(due_at__isnull=False).values_list(*columns))


def _until(question: Callable[[], bool], process: subprocess.Popen[bytes], tick: Callable[[], None] | None) -> None:
    ends, next_tick = time.monotonic() + PATIENCE, 0.0
    while not question():
        assert process.poll() is None, "The process ended by itself"
        assert time.monotonic() < ends, f"The work does not go on: {_where_it_stands()}"
        if tick and time.monotonic() >= next_tick:
            tick()
            next_tick = time.monotonic() + 0.5
        connection.close()
        time.sleep(0.01)
