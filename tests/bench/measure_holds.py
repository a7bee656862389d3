"""Dashboard, held groups and search at 300,000 orders: the database's part of a first request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.bench.databases import database
from tests.bench.figures import Figure, median, work

ROUNDS = 3


def measure(kind: str) -> list[Figure]:
    with database(kind) as usual, database(kind) as all_held:
        work("holds_worker", usual, "collect")
        # Filling takes longer than asking, so both are filled at once.
        with ThreadPoolExecutor() as pool:
            list(pool.map(partial(work, "holds_worker"), (usual, all_held), ("fill", "fill"), ("usual", "held")))
        dashboard = _ask(usual, "/a/bench/")
        search = max(_ask(usual, f"/a/bench/search/?q={text}") for text in ("1002", "buyer12", "SKU-12", "nothing"))
        held = _ask(all_held, "/a/bench/held/")
    return [
        Figure("dashboard: database part", kind, dashboard, 50, 10, "ms"),
        Figure("held, 300,000 in 2,000 groups: database part", kind, held, 150, 20, "ms"),
        Figure("search: database part", kind, search, 100, 20, "ms"),
    ]


def _ask(url: str, address: str) -> float:
    return median([work("holds_worker", url, "ask", address)["ms"] for _ in range(ROUNDS)])
