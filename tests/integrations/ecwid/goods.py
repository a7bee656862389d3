"""An Ecwid connector bound to the stand-in store, for the tests of what it sells."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fcp.http import Exchange, Session
from integrations.connectors.base import Bound
from integrations.connectors.ecwid.connector import EcwidConnector
from integrations.connectors.shapes import Answer, Credential, Done, IncomingListing, StockToSet, StoreStock
from integrations.sandbox.server import Sandbox
from tests.conftest_sandbox import reach_sandbox


@dataclass
class Goods:
    """`calls` are those made since it was reached, or since `calls.clear()`."""

    box: Sandbox
    connector: EcwidConnector
    calls: list[Exchange] = field(default_factory=list)

    @property
    def host(self) -> Any:
        return self.box.ecwid

    @property
    def asked(self) -> list[str]:
        return [f"{call.method} {call.path.partition('/api/v3/')[2].partition('/')[2]}" for call in self.calls]

    def product(self, sku: str) -> dict[str, Any]:
        found: dict[str, Any] = self.host.store.find_variant(sku)[0]
        return found

    def uids(self, sku: str) -> tuple[str, str]:
        product, one = self.host.store.find_variant(sku)
        return str(product["id"]), str(one["id"]) if one else ""

    def change(self, sku: str, **values: Any) -> None:
        """Somebody changes a product there, now."""
        from integrations.sandbox.ecwid import goods

        goods.keep(self.host.store, {**self.product(sku), **values})

    def listings(self, since: Any = None, between: Callable[[], None] | None = None) -> list[IncomingListing]:
        """All pages; `between` happens once, after the first."""
        found: list[IncomingListing] = []
        token = None
        while True:
            page = self.connector.listings(token, since)
            assert not page.bad, page.bad
            found += page.items
            if (token := page.next) is None:
                return found
            if between:
                between()
                between = None

    def stock(self) -> list[StoreStock]:
        found: list[StoreStock] = []
        token = None
        while True:
            page = self.connector.stock(token)
            found += page.items
            if (token := page.next) is None:
                return found

    def to_set(self, quantities: dict[str, int], telling: str = "t") -> list[StockToSet]:
        return [StockToSet(sku, *self.uids(sku), number, telling=telling) for sku, number in quantities.items()]

    def told(self, rows: list[StockToSet]) -> dict[str, Answer]:
        """What became of them, waited for."""
        reply = self.connector.push_stock(rows)
        ends = time.monotonic() + 30
        while not isinstance(reply, Done):
            assert time.monotonic() < ends, "the batch does not end"
            time.sleep(0.05)
            reply = self.connector.poll(reply.ticket)
        return {answer.key: answer for answer in reply.answers}


def reach(box: Sandbox, settings: Any, timeout: float = 30) -> Goods:
    reach_sandbox(box, settings)
    info = box.info["ecwid"]
    calls: list[Exchange] = []
    session = Session(EcwidConnector.platform.hosts, after_call=calls.append, timeout=timeout)
    credential = Credential("custom_app", {"store_id": info["store_id"], "token": info["token"]})
    return Goods(box, EcwidConnector(Bound(session, "", credential, api_url=info["api_base_url"])), calls)
