"""Intake of new orders against the bare driver, statements per page, and a repeat pull that finds nothing new."""

from __future__ import annotations

import json

from tests.bench.databases import database
from tests.bench.figures import Figure, work
from tests.bench.store import store

ORDERS = 10_000


def measure(kind: str) -> list[Figure]:
    with store(ORDERS) as info, database(kind) as url:
        r = work("intake_worker", url, json.dumps(info))
    note = f"{r['orders']:.0f} orders, {r['rate']:.0f} a second; fetching is {r['fetching']:.0%} of the floor"
    return [
        Figure("intake: time / floor", kind, r["ratio"], 3.0, 2.0, note=note),
        Figure("intake: statements per page", kind, r["statements"], 30, 15),
        Figure("repeat pull: row writes", kind, r["writes"], 0, 0),
        Figure("repeat pull: time / reading", kind, r["repeat"], 2.5, 1.5),
    ]
