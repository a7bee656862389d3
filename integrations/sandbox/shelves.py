"""What lies in the stand-in warehouse, and what it reports of it.

It keeps no stock of its own: a product's first level follows from the seed and the SKU, every later one from what the
API shows, which is without what this warehouse has shipped; so a second start goes on with the same numbers. Counted
is what lies there (on hand).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

logger = logging.getLogger(__name__)

Json = dict[str, Any]
Call = Callable[..., Json]
Clock = Callable[[], dt.datetime]
Moving = Callable[[str, dt.datetime], Collection[str]]

EVERY = dt.timedelta(minutes=1)  # between two counts of everything
FIRST = (15, 150)  # pieces of a product that was never reported
LOW = 4  # pieces, at which the next count finds a delivery
DELIVERY = (24, 96)  # pieces
MANY = 1000  # levels in one report
FEW = 20  # SKUs that are counted again at once after a shipment; more wait for the next count
FORGOTTEN_OF = 6  # from so many products on, one of them is never counted


class Shelves:
    """`call` is the warehouse's way to the API; `clock` tells the time while a round goes on."""

    def __init__(self, call: Call, seed: int) -> None:
        self.call, self.seed = call, seed
        self.count_at: dt.datetime | None = None
        self.ours: list[str] = []  # warehouses whose levels are ours to report, as of the last count

    def count_if_due(self, clock: Clock, moving: Moving) -> None:
        """Count everything, once a minute. `moving` says which SKUs a warehouse cannot count at a time."""
        now = clock()
        if self.count_at is not None and now < self.count_at:
            return
        found = self._listed("/warehouses")
        self.ours = [one["id"] for one in found if one["takes_levels"] and one["levels_count"] == "on_hand"]
        for warehouse in self.ours:
            self._report(warehouse, self._all(warehouse, clock, moving))
        self.count_at = now + EVERY

    def count_again(self, warehouse: str, skus: Collection[str], clock: Clock, moving: Moving) -> None:
        """Count what a shipment has touched."""
        if warehouse not in self.ours or len(skus) > FEW:
            return
        levels: list[Json] = []
        for sku in sorted(skus):
            at = clock()
            if sku not in moving(warehouse, at):
                found = self.call("GET", "/stock-levels", params={"warehouse": warehouse, "sku": sku})["results"]
                levels += [counted(row, at) for row in found]
        self._report(warehouse, levels)

    def _all(self, warehouse: str, clock: Clock, moving: Moving) -> Iterator[Json]:
        products = {row["sku"] for row in self._listed("/products", warehouse=warehouse)}
        forgotten = forgotten_of(self.seed, warehouse, products)
        begun = at = clock()
        for rows in self._pages("/stock-levels", warehouse=warehouse):
            in_hand = moving(warehouse, at)
            for row in rows:
                products.discard(row["sku"])
                if row["sku"] not in in_hand:
                    yield self._delivered(counted(row, at))
            at = clock()  # before the next page is asked for
        in_hand = moving(warehouse, begun)
        for sku in sorted(products):
            if sku != forgotten and sku not in in_hand:
                yield {"sku": sku, "quantity": self._pieces(FIRST, f"first/{sku}"), "taken_at": begun.isoformat()}

    def _delivered(self, level: Json) -> Json:
        if level["quantity"] <= LOW:
            level["quantity"] += self._pieces(DELIVERY, f"delivery/{level['sku']}")
        return level

    def _pieces(self, between: tuple[int, int], what: str) -> int:
        least, most = between
        return least + int((most - least + 1) * chance(f"{self.seed}/{what}"))

    def _report(self, warehouse: str, levels: Iterable[Json]) -> None:
        rows = list(levels)
        for start in range(0, len(rows), MANY):
            body = {"warehouse": warehouse, "levels": rows[start : start + MANY]}
            for row in self.call("POST", "/stock-levels", json=body)["results"]:
                if row["error"]:
                    logger.info("The level of %s was not taken: %s", row["sku"], row["error"]["message"])

    def _listed(self, path: str, **query: str) -> Iterator[Json]:
        for page in self._pages(path, **query):
            yield from page

    def _pages(self, path: str, **query: str) -> Iterator[list[Json]]:
        asked: Json = {"limit": 500, **query}
        while True:
            page = self.call("GET", path, params=asked)
            yield page["results"]
            if page["next"] is None:
                return
            asked["after"] = page["next"]


def forgotten_of(seed: int, warehouse: str, skus: Collection[str]) -> str:
    """The one product that is never counted, so that the panel has one to show; unless somebody else did."""
    if len(skus) < FORGOTTEN_OF:
        return ""
    return min(skus, key=lambda sku: chance(f"{seed}/forgotten/{warehouse}/{sku}"))


def counted(row: Json, at: dt.datetime) -> Json:
    return {"sku": row["sku"], "quantity": max(0, row["quantity"]), "taken_at": at.isoformat()}


def chance(text: str) -> float:
    """0 up to 1, always the same for this text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32
