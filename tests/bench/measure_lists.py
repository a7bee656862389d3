"""Lists of panel and API over HTTP: 300,000 orders against 1,000, for one account and among 3,000."""

from __future__ import annotations

import sys

from tests.bench.databases import database
from tests.bench.figures import Figure, work

LARGE, SMALL = 300_000, 1_000


def measure(kind: str) -> list[Figure]:
    found = []
    for accounts in (1, 3_000):
        with database(kind) as url:
            small = work("lists_worker", url, str(SMALL), str(min(accounts, 3)))
        with database(kind) as url:
            large = work("lists_worker", url, str(LARGE), str(accounts))
        for name in large:
            print(f"          {name:35} {small[name]:7.1f} {large[name]:7.1f} ms", file=sys.stderr)
        growth = {name: large[name] / small[name] for name in large}
        worst, slowest = max(growth, key=growth.__getitem__), max(large, key=large.__getitem__)
        of = "1 account" if accounts == 1 else f"{accounts:,} accounts"
        found += [
            Figure(f"list request, {of}: 300,000 / 1,000", kind, growth[worst], 2.0, 1.3, note=worst),
            Figure(f"list request, {of}: slowest", kind, large[slowest], 100, 100, "ms", slowest),
        ]
    return found
