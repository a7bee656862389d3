"""Peak memory of a worker's first pull: ten times the orders must not need more."""

from __future__ import annotations

import json

from tests.bench.databases import database
from tests.bench.figures import Figure, work
from tests.bench.store import store


def measure(kind: str) -> list[Figure]:
    small, large = (_peak(kind, orders) for orders in (10_000, 100_000))
    note = f"{small:.0f} MB at 10,000 orders, {large:.0f} MB at 100,000"
    return [Figure("peak memory: 100,000 / 10,000 orders", kind, large / small, 1.20, 1.05, note=note)]


def _peak(kind: str, orders: int) -> float:
    with store(orders) as info, database(kind) as url:
        result = work("memory_worker", url, json.dumps(info))
    assert result["orders"] == orders, result
    return result["peak"]
