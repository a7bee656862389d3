"""Products coming in: 20,000 variants of either catalogue, beside reading the same pages and inserting their rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tests.bench.databases import database
from tests.bench.figures import Figure, work
from tests.bench.shops import WIX_V1, WIX_V3, Shop
from tests.bench.store import store

PRODUCTS, FEW = 10_080, 1_008  # two variants each, nearly; more products than Wix pages through by offset
SHOPS = (WIX_V1, WIX_V3)


def measure_all(kinds: Sequence[str]) -> Iterator[Figure]:
    for shop in SHOPS:
        with store(0, shop, products=PRODUCTS) as info:
            large = {kind: _pull(kind, shop, info, PRODUCTS) for kind in kinds}
        with store(0, shop, products=FEW) as info:
            small = {kind: _pull(kind, shop, info, FEW, peak_only=True) for kind in kinds}
        for kind in kinds:
            yield from _figures(kind, shop, large[kind], small[kind])


def _pull(kind: str, shop: Shop, info: dict[str, str], products: int, *, peak_only: bool = False) -> dict[str, Any]:
    given = {"info": info, "shop": shop.name, "products": products, "peak_only": peak_only}
    with database(kind) as url:
        return work("products_worker", url, json.dumps(given))


def _figures(kind: str, shop: Shop, found: dict[str, Any], small: dict[str, Any]) -> Iterator[Figure]:
    items = found["items"]
    name = f"products {shop.name}, {items:,.0f} variants"
    note = f"{items / found['seconds']:,.0f} a second, floor {items / found['floor']:,.0f}"
    yield Figure(f"{name}: pull / floor", kind, found["seconds"] / found["floor"], 4.0, 2.5, note=note)
    note = f"{found['least']} calls"
    yield Figure(f"{name}: calls / least", kind, found["calls"] / found["least"], 1.0, 1.0, note=note)
    yield Figure(f"{name}, pulled again: writes of the catalogue", kind, found["writes"], 0, 0, "statements")
    yield Figure(f"{name}, on schedule, nothing changed", kind, found["calls_changed"], 1, 1, "calls")
    note = f"{small['peak']:.0f} MB at {small['items']:,.0f} variants, {found['peak']:.0f} MB"
    ratio = found["peak"] / small["peak"]
    yield Figure(f"products {shop.name}, peak memory: ten times the variants", kind, ratio, 1.20, 1.05, note=note)
