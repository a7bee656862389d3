"""The stand-in Ecwid store, by the token of its custom app."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from integrations.sandbox.ecwid.demo import KINDS, ODD
from integrations.sandbox.server import Sandbox
from integrations.sandbox.setup import utc_now
from tests.conftest_sandbox import reach_sandbox
from tests.integrations.shared.adapter import ORDERS, SHIPMENTS, STOCK, Shop, Sold

CALLS = {
    ORDERS: r"GET /api/v3/\d+/orders$",
    SHIPMENTS: r"PUT /api/v3/\d+/orders/",
    STOCK: r"PUT /api/v3/\d+/products/|POST /api/v3/\d+/batch",
}
MOST = 30.0  # seconds that a batch of a few calls may take


class Ecwid(Shop):
    label, key, way = "ecwid", "ecwid", "custom_app"
    skus = ("ENV-25", "INK-SEA", "WEIGHT")
    later = True
    names = frozenset({"store_id"})
    past_end = "all|100000|NOBODY"

    def __init__(self, box: Sandbox, offset: list[dt.timedelta]) -> None:
        self.host, self.offset = box.ecwid, offset
        self.api_url = box.info["ecwid"]["api_base_url"]
        self.host.batches.wait = 0.0

    @classmethod
    @contextmanager
    def running(cls, settings: Any, monkeypatch: pytest.MonkeyPatch, ahead: dt.timedelta) -> Iterator[Shop]:
        offset = [ahead]
        options = {"orders": 0, "products": 12, "rate_limit": 0, "platforms": ("ecwid",)}
        with Sandbox(clock=lambda: utc_now() + offset[0], **options) as box:
            reach_sandbox(box, settings)
            yield cls(box, offset)

    @property
    def received(self) -> dict[str, str]:
        access, store = self.host.access, self.host.store
        return {"store_id": str(store.store_id), "token": access.token, "client_secret": ""}

    def refuse(self) -> None:
        self.host.misbehave("revoked")

    def sell(self, sku: str = "", quantity: int = 1, ship: str = "Standard") -> Sold:
        return _sold(self.host.place_order(skus=[sku or self.skus[0]], quantity=quantity, shipping=ship))

    def touch(self, sold: Sold, note: str = "changed") -> None:
        self.host.change_order("ecwid", sold.uid, {"orderComments": note})

    def erase(self, sold: Sold) -> None:
        self.host.delete_order("ecwid", sold.uid)

    def variety(self) -> Sequence[Sold]:
        kinds = [_sold(self.host.place_order(kind=kind)) for kind in KINDS]
        return kinds + [_sold(self.host.place_order(odd=odd)) for odd in ODD]

    def tracking(self, sold: Sold) -> list[str]:
        shown = self.host.order("ecwid", sold.uid).get("trackingNumber") or ""
        return sorted(number for number in shown.split(", ") if number)

    def stock(self, sku: str) -> int | None:
        found: int | None = self.host.stock()[sku]
        return found

    def vanish(self, sku: str) -> None:
        product, _ = self.host.store.find_variant(sku)
        with self.host.working():
            self.host.store.drop_product(product)

    def settle(self) -> None:
        until = time.monotonic() + MOST
        while any(one["status"] in ("QUEUED", "IN_PROGRESS") for one in list(self.host.batches.all.values())):
            assert time.monotonic() < until, "a batch is not done"
            time.sleep(0.01)

    def forget_tickets(self) -> None:
        with self.host.working():  # not in the middle of one
            self.host.batches.all.clear()

    def ahead(self, by: dt.timedelta) -> None:
        self.offset[0] = by

    def misbehave(self, kind: str, on: str = ORDERS, **how: Any) -> None:
        self.host.misbehave(kind, path=CALLS[on], **how)

    def behave(self) -> None:
        self.host.behave()


def _sold(order: dict[str, Any]) -> Sold:
    return Sold(order["id"], order["id"])
