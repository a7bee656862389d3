"""Products coming in: 20,000 variants of either catalogue, beside reading the same pages and inserting their rows."""

from __future__ import annotations

import json
import math

from tests.bench.databases import database
from tests.bench.figures import Figure, work
from tests.bench.store import store

PRODUCTS, FEW = 10_080, 1_008  # two variants each, nearly; more products than Wix pages through by offset
PAGE, VARIANT_PAGE = 100, 1000


def measure(kind: str) -> list[Figure]:
    large = _run(kind, PRODUCTS)
    small = _run(kind, FEW, peak_only=True)
    figures: list[Figure] = []
    for site, found in large.items():
        name, items = f"products {site}, {found['items']:,.0f} variants", found["items"]
        pages = math.ceil(PRODUCTS / PAGE)
        least = pages if site == "v1" else math.ceil(items / VARIANT_PAGE) + pages
        note = f"{items / found['seconds']:,.0f} a second, floor {items / found['floor']:,.0f}"
        figures += [
            Figure(f"{name}: pull / floor", kind, found["seconds"] / found["floor"], 4.0, 2.5, note=note),
            Figure(f"{name}: calls / least", kind, found["calls"] / least, 1.02, 1.0, note=f"{least} calls"),
            Figure(f"{name}, pulled again: writes of the catalogue", kind, found["writes"], 0, 0, "statements"),
            Figure(f"{name}, on schedule, nothing changed", kind, found["calls_changed"], 1, 1, "calls"),
        ]
        peak = f"{small[site]['peak']:.0f} MB at {small[site]['items']:,.0f} variants, {found['peak']:.0f} MB"
        ratio = found["peak"] / small[site]["peak"]
        figures.append(
            Figure(f"products {site}, peak memory: ten times the variants", kind, ratio, 1.20, 1.05, note=peak)
        )
    return figures


def _run(kind: str, products: int, *, peak_only: bool = False) -> dict[str, dict[str, float]]:
    with store(0, products=products) as info, database(kind) as url:
        given = {"info": info, "peak_only": peak_only}
        return {site: work("products_worker", url, json.dumps({**given, "site": site})) for site in ("v1", "v3")}
