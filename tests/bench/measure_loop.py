"""One order's whole way on `make run`: from placing it in the stand-in store until that store shows its tracking."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import requests

from tests.bench.databases import at_once, database
from tests.bench.figures import Figure, median
from tests.bench.turns import Turns
from tests.processes import wait_until
from tests.running import Panel

ROUNDS = 3


def measure_all(kinds: Sequence[str]) -> list[Figure]:
    """Both panels make their demo at once; then one after the other is timed."""
    turns = Turns(len(kinds))
    return at_once(partial(_measured, turns), kinds)


def _measured(turns: Turns, kind: str) -> Figure:
    with turns.leaving(), database(kind) as url, tempfile.TemporaryDirectory(prefix="fcp-bench-") as directory:
        panel = Panel(Path(directory), url)
        try:
            assert wait_until(panel.answers, 180), panel.said()
            # Until the backlog of the demo has gone out, it is a queue that is measured. Not asked oftener than a
            # key may ask.
            assert wait_until(lambda: not panel.at_the_warehouse(), 180, pause=1), panel.said()
            with turns.alone():
                seconds = [_loop(panel) for _ in range(ROUNDS)]
        finally:
            panel.stop()
    return Figure("one order's whole loop", kind, median(seconds), 15, 8, "s")


def _loop(panel: Panel) -> float:
    control = panel.store()["base_url"].removesuffix("/wix") + "/control/api/orders"
    started = time.monotonic()
    reply = requests.post(control, json={"site": "v1", "shipping": "Express"}, timeout=20)
    reply.raise_for_status()
    order = reply.json()["order"]["id"]
    assert wait_until(lambda: panel.told(order), 60), panel.said()
    return time.monotonic() - started
