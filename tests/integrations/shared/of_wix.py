"""The two sites of the stand-in Wix: Catalog V1 by API key, Catalog V3 by the app."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from integrations.sandbox.server import Sandbox
from integrations.sandbox.setup import utc_now
from integrations.sandbox.wix.demo import KINDS, ODD
from tests.conftest_sandbox import reach_sandbox
from tests.integrations.shared.adapter import ORDERS, SHIPMENTS, STOCK, Shop, Sold

CALLS = {
    ORDERS: "orders/search",
    SHIPMENTS: "(create|update|delete)-fulfillment|PATCH .*/fulfillments|DELETE .*/fulfillments",
    STOCK: "inventoryItems/product|inventory-items/update",
}


class WixShop(Shop):
    key = "wix"
    site: ClassVar[str]
    names = frozenset({"site_id", "instance_id"})
    past_end = "bm90LWEtY3Vyc29y"

    def __init__(self, box: Sandbox, offset: list[dt.timedelta]) -> None:
        self.box, self.host, self.offset = box, box.wix, offset
        self.api_url = box.info["wix"]["base_url"]

    @classmethod
    @contextmanager
    def running(cls, settings: Any, monkeypatch: pytest.MonkeyPatch, ahead: dt.timedelta) -> Iterator[Shop]:
        offset = [ahead]
        options = {"orders": 0, "products": 12, "rate_limit": 0, "platforms": ("wix",)}
        with Sandbox(clock=lambda: utc_now() + offset[0], **options) as box:
            reach_sandbox(box, settings)
            yield cls(box, offset)

    @property
    def received(self) -> dict[str, str]:
        info = self.box.info["wix"]
        if self.way == "api_key":
            return {"api_key": info["api_key"], "site_id": info[f"site_id_{self.site}"]}
        return {"instance_id": info[f"instance_{self.site}"]}

    def sell(self, sku: str = "", quantity: int = 1, ship: str = "Standard") -> Sold:
        return _sold(self.host.place_order(self.site, skus=[sku or self.skus[0]], quantity=quantity, shipping=ship))

    def touch(self, sold: Sold, note: str = "changed") -> None:
        self.host.change_order(self.site, sold.number, {"buyerNote": note})

    def erase(self, sold: Sold) -> None:
        self.host.site(self.site).orders.delete(sold.uid)

    def variety(self) -> Sequence[Sold]:
        kinds = [_sold(self.host.place_order(self.site, kind=kind)) for kind in KINDS if kind != "initialized"]
        return kinds + [_sold(self.host.place_order(self.site, odd=odd)) for odd in ODD]

    def tracking(self, sold: Sold) -> list[str]:
        told = [one.get("trackingInfo") or {} for one in self.host.told(self.site, sold.number)]
        return sorted(one for info in told for one in info.get("trackingNumber", "").split(", ") if one)

    def stock(self, sku: str) -> int | None:
        found: int | None = self.host.stock(self.site)[sku]
        return found

    def vanish(self, sku: str) -> None:
        site = self.host.site(self.site)
        product, _ = site.find_variant(sku)
        site.products.delete(product["id"])
        for item in [item for item in site.items if item["productId"] == product["id"]]:
            site.items.delete(item["id"])

    def ahead(self, by: dt.timedelta) -> None:
        self.offset[0] = by

    def misbehave(self, kind: str, on: str = ORDERS, **how: Any) -> None:
        self.host.misbehave(kind, self.site, path=CALLS[on], **how)

    def behave(self) -> None:
        self.host.behave(self.site)


class WixV1(WixShop):
    label, site, way = "wix v1", "v1", "api_key"
    skus = ("GRIND-1", "FILT-100", "COF-IND-250G-STOV")

    def refuse(self) -> None:
        self.host.misbehave("unauthorized", self.site, count=None)


class WixV3(WixShop):
    label, site, way, typed = "wix v3", "v3", "app", False
    skus = ("NC-CARE", "NC-LID", "NC-MUG-SNOW-S")

    def refuse(self) -> None:
        self.host.misbehave("revoked", self.site)


def _sold(order: dict[str, Any]) -> Sold:
    return Sold(order["id"], order["number"])
