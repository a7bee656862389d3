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
    figures: list[Figure] = []
    for site in ("v1", "v3"):
        found = _run(kind, "changes", site, LISTINGS)
        writes = found["changed"] if site == "v1" else math.ceil(found["changed"] / BATCH)
        figures += [
            Figure(f"stock {site}, 1 % of {LISTINGS:,} changed: writes / least", kind, found["writes"] / writes, 1, 1),
            Figure(f"stock {site}, 1 % of {LISTINGS:,} changed: reads", kind, found["reads"], 0, 0, "calls"),
            Figure(f"stock {site}, 1 % of {LISTINGS:,} changed: time", kind, found["seconds"], 60, 5, "s"),
        ]
    stale = _run(kind, "stale", "v3", LISTINGS)
    figures.append(Figure("stock v3, a batch came back stale: reads", kind, stale["reads"], 1, 1, "calls"))
    waited = _run(kind, "order", "v1", LISTINGS)
    note = f"{waited['sent']:.0f} products were told by then, {waited['left']:.0f} waited"
    figures.append(Figure(f"an order during a push of {LISTINGS:,}", kind, waited["seconds"], 60, 30, "s", note))
    large, small = (_run(kind, "memory", "v3", n)["peak"] for n in (LISTINGS, FEW))
    note = f"{small:.0f} MB at {FEW:,} listings, {large:.0f} MB at {LISTINGS:,}"
    figures.append(Figure(f"peak memory of a push: {LISTINGS:,} / {FEW:,}", kind, large / small, 1.20, 1.05, note=note))
    return figures


def _run(kind: str, what: str, site: str, listings: int) -> dict[str, float]:
    limit = 200 if what == "order" else 0
    # A fifth of the stand-in's products is not counted, or no goods.
    with store(0, products=listings * 5 // 4, variants=False, rate_limit=0) as info, database(kind) as url:
        given = json.dumps({"info": info, "site": site, "limit": limit})
        work("stock_worker", url, "fill", given)
        return work("stock_worker", url, what, given)
