"""The minute's tick among 50,000 flows of which 1,000 are due; then a real cluster runs each exactly once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from statistics import median

from tests.bench.databases import ROOT, at_once, database, hurried
from tests.bench.figures import Figure, work
from tests.bench.shops import WIX_V1
from tests.bench.store import store
from tests.bench.turns import Turns

ROUNDS = 3


def measure_all(kinds: Sequence[str]) -> list[Figure]:
    """Both databases are filled at once, and so run their flows; the ticks are timed in turns."""
    turns = Turns(len(kinds))
    return [figure for figures in at_once(partial(_measured, turns), kinds) for figure in figures]


def _measured(turns: Turns, kind: str) -> list[Figure]:
    with turns.leaving(), store(0, WIX_V1) as info, database(kind) as url:
        work("tick_worker", url, "fill", json.dumps(info), timed=False)
        with turns.alone():
            rounds = [work("tick_worker", url, "tick") for _ in range(ROUNDS)]
        ran = _run_all(url)
    total, longest = median(r["total"] for r in rounds), median(r["longest"] for r in rounds)
    note = f"{ran['once']:.0f} of {ran['due']:.0f} ran exactly once in a real cluster"
    missed = ran["due"] - ran["once"]
    return [
        Figure("tick: 1,000 due of 50,000 flows", kind, total, 2.0, 1.0, "s", note),
        Figure("tick: longest transaction", kind, longest, 1.0, 0.3, "s"),
        Figure("tick: flows not run exactly once", kind, missed, 0, 0, "flows"),
    ]


def _run_all(url: str) -> dict[str, float]:
    cluster = subprocess.Popen(
        [sys.executable, "manage.py", "qcluster"],
        cwd=ROOT,
        env=hurried(url),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 240
        while True:
            ran = work("tick_worker", url, "ran")
            if not ran["waiting"] or time.monotonic() > deadline:
                return ran
            time.sleep(10)  # to ask costs as much as some flows do
    finally:
        cluster.send_signal(signal.SIGTERM)
        try:
            cluster.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(cluster.pid, signal.SIGKILL)
