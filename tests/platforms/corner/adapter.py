"""The corner shop as the tests work it that every connector has to pass."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from integrations.connectors import CONNECTORS
from tests.integrations.shared.adapter import ORDERS, SHIPMENTS, STOCK, Shop, Sold

from .store import CornerShop

CLASS = "tests.platforms.corner.connector.CornerConnector"
CALLS = {
    ORDERS: "GET /sales$",
    SHIPMENTS: "POST /sales/.*/parcels|(PATCH|DELETE) /parcels",
    STOCK: "POST /stock/counts",
}


class Corner(Shop):
    label, key, way = "corner", "corner", "pairing"
    skus = ("MUG-RED", "TEA", "POT")
    later = True
    names = frozenset({"shop_no"})
    past_end = json.dumps(["22.11.2026 11:00:00 +0100", 99])

    def __init__(self, shop: CornerShop) -> None:
        self.shop = shop
        self.api_url = shop.url

    @classmethod
    @contextmanager
    def running(cls, settings: Any, monkeypatch: pytest.MonkeyPatch, ahead: dt.timedelta) -> Iterator[Shop]:
        monkeypatch.setitem(CONNECTORS, "corner", CLASS)
        with CornerShop() as shop:
            settings.FCP_SANDBOX_PORT = shop.port
            shop.ahead = ahead
            yield cls(shop)

    @property
    def received(self) -> dict[str, str]:
        return {"shop_no": str(self.shop.nr), "pin": self.shop.pin or self.shop.new_pin()}

    def refuse(self) -> None:
        self.shop.closed = True

    def sell(self, sku: str = "", quantity: int = 1, ship: str = "Standard") -> Sold:
        return _sold(self.shop.sell(sku or self.skus[0], quantity, ship))

    def touch(self, sold: Sold, note: str = "changed") -> None:
        self.shop.change(int(sold.uid), say=note)

    def erase(self, sold: Sold) -> None:
        del self.shop.sales[int(sold.uid)]

    def variety(self) -> Sequence[Sold]:
        sell = self.shop.sell
        kinds = [
            sell("MUG-RED MUG-BLUE", 2), sell(state="parked"), sell(state="void"), sell(collect="Y"), sell(post=""),
            sell(till="owed"), sell(till="part"), sell(till="back", gone="none"), sell(till="partback"),
            sell(gone="all"), sell(say="Ring\x00 twice"), sell(rows=[]), sell(state="lost"), sell(rung="yesterday"),
            sell(cents=None), sell(to=None), sell(to={"street": None, "land": 7}), sell(rows=[{"row": "one"}]),
            sell(say=["a"]),
        ]  # fmt: skip
        return [_sold(sale) for sale in kinds]

    def tracking(self, sold: Sold) -> list[str]:
        return sorted(parcel["barcode"] for parcel in self.shop.parcels_of(int(sold.uid)))

    def stock(self, sku: str) -> int | None:
        return None if sku in self.shop.uncounted else self.shop.stock.get((sku, 1))

    def vanish(self, sku: str) -> None:
        for key in [key for key in self.shop.stock if key[0] == sku]:
            del self.shop.stock[key]

    def forget_tickets(self) -> None:
        self.shop.jobs.clear()

    def ahead(self, by: dt.timedelta) -> None:
        self.shop.ahead = by

    def misbehave(self, kind: str, on: str = ORDERS, **how: Any) -> None:
        self.shop.misbehave(kind, CALLS[on], **how)

    def behave(self) -> None:
        self.shop.behave()


def _sold(sale: dict[str, Any]) -> Sold:
    return Sold(str(sale["sale_no"]), sale["slip"])
