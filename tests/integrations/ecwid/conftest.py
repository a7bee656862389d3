"""An Ecwid connector bound to the stand-in store, and the store connected to the panel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from fcp.http import Exchange, Session
from integrations.connectors.base import Bound
from integrations.connectors.ecwid.connector import EcwidConnector
from integrations.connectors.shapes import AppSecrets, Page, Window
from integrations.models import Integration
from integrations.sandbox.server import Sandbox
from orders.shapes import IncomingOrder, RawOrder
from tests.conftest_sandbox import reach_sandbox
from tests.integrations.flows.world import connect_by, work

LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


@dataclass
class Reached:
    """The stand-in store as the connector sees it. `calls` are those made since it was reached."""

    box: Sandbox
    connector: EcwidConnector
    app: AppSecrets
    calls: list[Exchange] = field(default_factory=list)

    @property
    def host(self) -> Any:
        return self.box.ecwid

    @property
    def asked(self) -> list[str]:
        return [f"{call.method} {call.path.partition('/api/v3/')[2].partition('/')[2]}" for call in self.calls]

    def pages(self, window: Window | None = None, limit: int | None = None) -> Iterable[Page[RawOrder]]:
        token = None
        for _ in range(100):
            page = self.connector.orders(window or Window(since=LONG_AGO), token, limit)
            yield page
            if (token := page.next) is None:
                return
        raise AssertionError("no end")

    def all(self, window: Window | None = None, limit: int | None = None) -> list[RawOrder]:
        return [raw for page in self.pages(window, limit) for raw in page.items]

    def placed(self, **how: Any) -> IncomingOrder:
        """An order placed in the store, as we read it."""
        return self.shaped(self.host.place_order(**how)["id"])

    def shaped(self, uid: str) -> IncomingOrder:
        return self.connector.shape_order(self.connector.order(uid))


def received(box: Sandbox) -> dict[str, str]:
    info = box.info["ecwid"]
    return {"store_id": info["store_id"], "token": info["token"]}


def app_of(box: Sandbox) -> AppSecrets:
    info = box.info["ecwid"]
    return AppSecrets(info["client_id"], info["client_secret"], installer_url=info["oauth_base_url"])


@pytest.fixture
def reach_in(settings: Any) -> Callable[..., Reached]:
    """The store of a given sandbox, by the token of its custom app."""

    def reach(box: Sandbox, timeout: float = 30) -> Reached:
        reach_sandbox(box, settings)
        calls: list[Exchange] = []
        session = Session(EcwidConnector.platform.hosts, after_call=calls.append, timeout=timeout)
        url = box.info["ecwid"]["api_base_url"]
        found = EcwidConnector.finish("custom_app", AppSecrets(), received(box), session, url, dt.datetime.now(dt.UTC))
        calls.clear()
        bound = Bound(session, "", found.credential, app_of(box), url)
        return Reached(box, EcwidConnector(bound), bound.app, calls)

    return reach


@pytest.fixture
def store(sandbox: Sandbox, reach_in: Callable[..., Reached]) -> Reached:
    return reach_in(sandbox)


def connect_ecwid(box: Sandbox, **given: Any) -> Integration:
    """By the token of its custom app; orders and fulfillments on, everything read once. Not live."""
    return connect_by("ecwid", "custom_app", received(box), box.info["ecwid"]["api_base_url"], **given)


@pytest.fixture
def connected(transactional_db: None, sandbox: Sandbox, settings_of_sandbox: None) -> Callable[..., Integration]:
    def connect(**given: Any) -> Integration:
        integration = connect_ecwid(sandbox, **given)
        work()
        return integration

    return connect
