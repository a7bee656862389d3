"""Peak memory of a worker's first pull: ten times the orders must not need more. Both databases at once, one store."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.bench.databases import at_once, database
from tests.bench.figures import Figure, work
from tests.bench.shops import WIX_V1
from tests.bench.store import store

FEW, MANY, PAGE = 10_000, 100_000, 100


def measure_all(kinds: Sequence[str]) -> list[Figure]:
    with store(MANY, WIX_V1) as info:

        def measured(kind: str) -> Figure:
            given = {"shop": WIX_V1.name, "info": info, "page": PAGE, "few": FEW}
            with database(kind) as url:
                found = work("memory_worker", url, json.dumps(given), timed=False)
            assert found["orders"] == MANY, found
            note = f"{found['few']:.0f} MB at {FEW:,} orders, {found['peak']:.0f} MB at {MANY:,}"
            ratio = found["peak"] / found["few"]
            return Figure(f"peak memory: {MANY:,} / {FEW:,} orders", kind, ratio, 1.20, 1.05, note=note)

        return at_once(measured, kinds)
