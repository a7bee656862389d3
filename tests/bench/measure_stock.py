"""Stock going out: how many calls a change takes, how long an order waits meanwhile, and how memory grows."""

from __future__ import annotations

import json
import math

from tests.bench.databases import database
from tests.bench.figures import Figure, work
from tests.bench.store import store

LISTINGS, FEW = 20_000, 2_000
BATCH = 1000  # items that Catalog V3 takes in a call


def measure(kind: str) -> list[Figure]:
    first = _run(kind, "v1", LISTINGS, "changes", "order")
    second = _run(kind, "v3", LISTINGS, "changes", "stale", "restock", "memory")
    small = _run(kind, "v3", FEW, "restock", "memory")["memory"]["peak"]
    figures: list[Figure] = []
    for site, found in (("v1", first["changes"]), ("v3", second["changes"])):
        writes = found["changed"] if site == "v1" else math.ceil(found["changed"] / BATCH)
        figures += [
            Figure(f"stock {site}, 1 % of {LISTINGS:,} changed: writes / least", kind, found["writes"] / writes, 1, 1),
            Figure(f"stock {site}, 1 % of {LISTINGS:,} changed: reads", kind, found["reads"], 0, 0, "calls"),
            Figure(f"stock {site}, 1 % of {LISTINGS:,} changed: time", kind, found["seconds"], 60, 5, "s"),
        ]
    figures.append(Figure("stock v3, a batch came back stale: reads", kind, second["stale"]["reads"], 1, 1, "calls"))
    waited = first["order"]
    note = f"{waited['sent']:.0f} products were told by then, {waited['left']:.0f} waited"
    figures.append(Figure(f"an order during a push of {LISTINGS:,}", kind, waited["seconds"], 60, 30, "s", note))
    large = second["memory"]["peak"]
    note = f"{small:.0f} MB at {FEW:,} listings, {large:.0f} MB at {LISTINGS:,}"
    figures.append(Figure(f"peak memory of a push: {LISTINGS:,} / {FEW:,}", kind, large / small, 1.20, 1.05, note=note))
    return figures


def _run(kind: str, site: str, listings: int, *subjects: str) -> dict[str, dict[str, float]]:
    # A fifth of the stand-in's products is not counted, or no goods.
    with store(0, products=listings * 5 // 4, variants=False) as info, database(kind) as url:
        given = json.dumps({"info": info, "site": site})
        work("stock_worker", url, "fill", given)
        return {subject: work("stock_worker", url, subject, given) for subject in subjects}
