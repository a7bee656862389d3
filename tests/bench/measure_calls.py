"""How often a store is asked, as it heard it itself, against the least number that its platform allows.

What the least number is stands with each shop. Every call counts, whatever it is for: a token, a place, an empty page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial

from tests.bench.databases import at_once, database
from tests.bench.figures import Figure, work
from tests.bench.shops import SHOPS, Shop
from tests.bench.store import store

ORDERS, PRODUCTS, SHIPMENTS = 1_050, 1_050, 250
TITLES = {
    "orders": f"pull of {ORDERS:,} orders",
    "orders again": "pull, nothing new",
    "products": f"{PRODUCTS:,} products",
    "stock": "1 % of the stock changed",
    "fulfillments": f"{SHIPMENTS} fulfillments told",
}


def measure_all(kinds: Sequence[str]) -> Iterator[Figure]:
    for shop in SHOPS.values():
        for figures in at_once(partial(_of, shop), kinds):
            yield from figures


def _of(shop: Shop, kind: str) -> list[Figure]:
    with store(ORDERS, shop, products=PRODUCTS) as info, database(kind) as url:
        given = {"shop": shop.name, "info": info, "shipments": SHIPMENTS}
        found = work("calls_worker", url, json.dumps(given), timed=False)
    figures = []
    for name, title in TITLES.items():
        made, least = found[name]["calls"], found[name]["least"]
        note = ", ".join(f"{count} x {call}" for call, count in found[name]["heard"].items())
        figures.append(Figure(f"calls, {shop.name}, {title}: made / least", kind, made / least, 1.0, 1.0, note=note))
    return figures
