"""1,000 reported levels against a bare bulk upsert; 10,000 reservations lifted and written again against an insert."""

from __future__ import annotations

from tests.bench.databases import database
from tests.bench.figures import Figure, work

SKUS, RESERVATIONS = 1_000, 10_000


def measure(kind: str) -> list[Figure]:
    with database(kind) as url:
        r = work("levels_worker", url, str(SKUS), str(RESERVATIONS))
    return [
        Figure(
            f"levels of {SKUS:,} SKUs: time / bare upsert", kind, r["levels"], 3.0, 2.0,
            note=f"{r['levels_ms']:.0f} ms against {r['levels_floor_ms']:.0f} ms with their history and change number"
            f" ({r['levels_alone_ms']:.0f} ms without)",
        ),
        Figure("levels: statements", kind, r["levels_statements"], 20, 12),
        Figure(
            f"{RESERVATIONS:,} reservations again: time / bare insert", kind, r["reservations"], 3.0, 2.0,
            note=f"{r['reservations_ms']:.0f} ms against {r['reservations_floor_ms']:.0f} ms",
        ),
    ]  # fmt: skip
