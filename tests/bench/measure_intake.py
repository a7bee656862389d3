"""Intake of new orders against the bare driver, statements per page, and a repeat pull that finds nothing new."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from tests.bench.databases import database
from tests.bench.figures import Figure, work
from tests.bench.shops import INTAKE
from tests.bench.store import store

ORDERS = 10_000


def measure_all(kinds: Sequence[str]) -> Iterator[Figure]:
    for shop in INTAKE:
        with store(ORDERS, shop) as info:
            for kind in kinds:
                with database(kind) as url:
                    r = work("intake_worker", url, json.dumps({"shop": shop.name, "info": info}))
                yield from _figures(kind, shop.platform, r)


def _figures(kind: str, name: str, r: dict[str, float]) -> Iterator[Figure]:
    note = f"{r['orders']:.0f} orders, {r['rate']:.0f} a second; fetching is {r['fetching']:.0%} of the floor"
    yield Figure(f"intake, {name}: time / floor", kind, r["ratio"], 3.0, 2.0, note=note)
    yield Figure(f"intake, {name}: statements per page", kind, r["statements"], 30, 15)
    yield Figure(f"repeat pull, {name}: row writes", kind, r["writes"], 0, 0)
    yield Figure(f"repeat pull, {name}: time / reading", kind, r["repeat"], 2.5, 1.5)
