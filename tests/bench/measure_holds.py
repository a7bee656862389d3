"""Dashboard, held groups and search at 300,000 orders: the database's part of a first request."""

from __future__ import annotations

from tests.bench.databases import database
from tests.bench.figures import Figure, median, work

ROUNDS = 3


def measure(kind: str) -> list[Figure]:
    with database(kind) as url:
        work("holds_worker", url, "fill", "usual")
        dashboard = _ask(url, "/a/bench/")
        search = max(_ask(url, f"/a/bench/search/?q={text}") for text in ("1002", "buyer12", "SKU-12", "nothing"))
    with database(kind) as url:
        work("holds_worker", url, "fill", "held")
        held = _ask(url, "/a/bench/held/")
    return [
        Figure("dashboard: database part", kind, dashboard, 50, 10, "ms"),
        Figure("held, 300,000 in 2,000 groups: database part", kind, held, 150, 20, "ms"),
        Figure("search: database part", kind, search, 100, 20, "ms"),
    ]


def _ask(url: str, address: str) -> float:
    return median([work("holds_worker", url, "ask", address)["ms"] for _ in range(ROUNDS)])
