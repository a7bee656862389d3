"""10,000 held orders after one mapping: how long each takes until it is offered, and that many need no more memory."""

from __future__ import annotations

from tests.bench.databases import database
from tests.bench.figures import Figure, work

ORDERS, FEW = 10_000, 2_000


def measure(kind: str) -> list[Figure]:
    with database(kind) as url:
        work("holds_worker", url, "fill", str(ORDERS), timed=False)
        r = work("holds_worker", url, "let_go", str(FEW))
    name = f"{ORDERS:,} held orders after one mapping"
    rate = f"{r['orders'] / r['seconds']:,.0f} orders a second, each offered"
    grown = f"{r['few']:.0f} MB at {FEW:,} orders, {r['peak']:.0f} MB at {ORDERS:,}"
    return [
        Figure(f"{name}: each", kind, 1000 * r["seconds"] / r["orders"], 1.0, 0.7, "ms", rate),
        Figure(f"{name}: peak memory", kind, r["peak"] / r["few"], 1.20, 1.05, note=grown),
    ]
