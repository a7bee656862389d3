"""A Wix connector bound to each of the two stand-in stores."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from fcp.http import Exchange, Session
from integrations.connectors.base import Bound
from integrations.connectors.shapes import AppSecrets, Page, Window
from integrations.connectors.wix.connector import WixConnector
from integrations.sandbox.server import Sandbox
from orders.shapes import IncomingOrder, RawOrder

LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


@dataclass
class Reached:
    """One stand-in store as the connector sees it. `calls` are those made since it was reached."""

    box: Sandbox
    site: str
    connector: WixConnector
    calls: list[Exchange]

    @property
    def host(self) -> Any:
        return self.box.wix

    def page(self, token: str | None = None, **kw: Any) -> Page[RawOrder]:
        return self.connector.orders(Window(since=LONG_AGO), token, **kw)

    def all(self, window: Window | None = None, limit: int | None = None) -> list[RawOrder]:
        found: list[RawOrder] = []
        token = None
        while True:
            page = self.connector.orders(window or Window(since=LONG_AGO), token, limit)
            found += page.items
            if (token := page.next) is None:
                return found

    def placed(self, **how: Any) -> IncomingOrder:
        """An order placed in the store, as we read it."""
        return self.shaped(self.host.place_order(self.site, **how)["id"])

    def shaped(self, uid: str) -> IncomingOrder:
        return self.connector.shape_order(self.connector.order(uid))

    def numbers(self, raws: Iterable[RawOrder]) -> list[str]:
        return [raw.raw["number"] for raw in raws]


Reach = Callable[..., Reached]


@pytest.fixture
def reach_in(settings: Any) -> Callable[..., Reached]:
    """The store of a given sandbox, connected by the API key (v1) or through the app (v3)."""

    def reach(box: Sandbox, site: str = "v1", way: str = "", timeout: float = 30) -> Reached:
        settings.FCP_SANDBOX_PORT = box.server.server_address[1]
        info = box.info["wix"]
        app = AppSecrets(info["app_id"], info["app_secret"], info["public_key"])
        way = way or ("api_key" if site == "v1" else "app")
        received = {
            "api_key": info["api_key"],
            "site_id": info[f"site_id_{site}"],
            "instance_id": info[f"instance_{site}"],
        }
        calls: list[Exchange] = []
        session = Session(WixConnector.platform.hosts, after_call=calls.append, timeout=timeout)
        now = dt.datetime.now(dt.UTC)
        connected = WixConnector.finish(way, app, received, session, info["base_url"], now)
        calls.clear()
        bound = Bound(session, connected.variant, connected.credential, app, info["base_url"])
        return Reached(box, site, WixConnector(bound), calls)

    return reach


@pytest.fixture
def reach(sandbox: Sandbox, reach_in: Callable[..., Reached]) -> Reach:
    def of_fixture(site: str = "v1", way: str = "", **kw: Any) -> Reached:
        return reach_in(sandbox, site, way, **kw)

    return of_fixture


@pytest.fixture(params=["v1", "v3"])
def store(request: pytest.FixtureRequest, reach: Reach) -> Reached:
    """Each of the two stores: v1 by API key, v3 through the app."""
    return reach(request.param)
