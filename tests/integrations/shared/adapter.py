"""One platform's stand-in as the shared tests work it: what its people do there, and what goes wrong there."""

from __future__ import annotations

import datetime as dt
import traceback
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from fcp.errors import Stale
from fcp.http import Exchange, Session
from integrations.connectors import connector_class
from integrations.connectors.base import Bound, Connector
from integrations.connectors.declaring import Platform
from integrations.connectors.shapes import AppSecrets, Connected, Window
from integrations.reach import app_secrets
from orders.shapes import RawOrder

LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
PATIENT, IMPATIENT = 30.0, 0.5  # seconds for one answer
ORDERS, SHIPMENTS, STOCK = "orders", "shipments", "stock"  # kinds of calls that something can go wrong with


@dataclass(frozen=True)
class Sold:
    """An order as the store knows it."""

    uid: str
    number: str


class Shop(ABC):
    """A stand-in store that runs, and whose calls are let through.

    `skus` are three that it counts, each of a product of its own. `later`: it answers a push of stock by a ticket.
    `typed`: a person types its secret, so that it can be wrong.
    `past_end` is a page token beyond the last page, or one that the store does not know (any more).
    """

    label: ClassVar[str]
    key: ClassVar[str]
    way: ClassVar[str]
    skus: tuple[str, str, str]
    later: ClassVar[bool] = False
    typed: ClassVar[bool] = True
    names: ClassVar[frozenset[str]] = frozenset()  # values of its credential that are no secret
    api_url: str
    past_end: str

    @classmethod
    @abstractmethod
    def running(
        cls, settings: Any, monkeypatch: pytest.MonkeyPatch, ahead: dt.timedelta
    ) -> AbstractContextManager[Shop]:
        """A context that gives the shop, without orders; its clock is so much `ahead` of ours."""

    # --- connecting ---

    @property
    @abstractmethod
    def received(self) -> dict[str, str]:
        """What a person types, or the store sends back, to connect it."""

    @abstractmethod
    def refuse(self) -> None:
        """It lets us in no more, until `behave`."""

    # --- orders ---

    @abstractmethod
    def sell(self, sku: str = "", quantity: int = 1, ship: str = "Standard") -> Sold:
        """A paid order of a thing that ships."""

    @abstractmethod
    def touch(self, sold: Sold, note: str = "changed") -> None:
        """The buyer's note of the order becomes `note`."""

    @abstractmethod
    def erase(self, sold: Sold) -> None:
        """The order is deleted for good."""

    @abstractmethod
    def variety(self) -> Sequence[Sold]:
        """An order of each kind that the stand-in knows: canceled, pickup, refunded, odd ..."""

    # --- what it was told ---

    @abstractmethod
    def tracking(self, sold: Sold) -> list[str]:
        """The tracking numbers that it shows on the order, each as often as it shows it."""

    @abstractmethod
    def stock(self, sku: str) -> int | None:
        """How many it shows, at the first of its places."""

    @abstractmethod
    def vanish(self, sku: str) -> None:
        """The thing is taken out of the shop."""

    def settle(self) -> None:  # noqa: B027  # most have nothing to wait for
        """Wait until it has done what it was asked to do later."""

    def forget_tickets(self) -> None:
        """What it was asked to do later it no longer knows. For shops that are `later`."""
        raise NotImplementedError

    # --- what goes wrong ---

    @abstractmethod
    def ahead(self, by: dt.timedelta) -> None:
        """From now on its clock is so much ahead of ours."""

    @abstractmethod
    def misbehave(self, kind: str, on: str = ORDERS, **how: Any) -> None:
        """`kind` is one of `integrations.sandbox.faults.KINDS`, `how` as there: count, seconds, skip, retry_after.

        On ORDERS: when a page of them is asked for; on SHIPMENTS and STOCK: when they are told.
        """

    @abstractmethod
    def behave(self) -> None:
        """Nothing goes wrong any more, and it lets us in."""

    # --- as a connector sees it ---

    @property
    def connector(self) -> type[Connector]:
        return connector_class(self.key)

    @property
    def platform(self) -> Platform:
        return self.connector.platform

    @property
    def app(self) -> AppSecrets:
        return app_secrets(self.key)

    def reach(self) -> Reached:
        calls: list[Exchange] = []
        session = Session(self.platform.hosts, after_call=calls.append, timeout=PATIENT)
        now = dt.datetime.now(dt.UTC)
        connected = self.connector.finish(self.way, self.app, self.received, session, self.api_url, now)
        bound = Bound(session, connected.variant, connected.credential, self.app, self.api_url)
        calls.clear()
        return Reached(self, connected, self.connector(bound), calls)


@dataclass
class Reached:
    """A shop with a connector bound to it. `calls` are those made since."""

    shop: Shop
    connected: Connected
    connector: Connector
    calls: list[Exchange] = field(default_factory=list)

    def pages(
        self, since: dt.datetime = LONG_AGO, limit: int | None = None, most: int = 60, **created: dt.datetime
    ) -> Iterator[Any]:
        """The pages of a window, one after the other; a store that never comes to an end fails the test.

        Where the token is no longer good it begins anew, as the flow does.
        """
        token: str | None = None
        window = Window(**created) if created else Window(since=since)
        for _ in range(most):
            try:
                page = self.connector.orders(window, token, limit)
            except Stale:
                assert token, "a first page has no token"
                token = None
                continue
            yield page
            if (token := page.next) is None:
                return
        raise AssertionError(f"no end after {most} pages")

    def numbers(self, since: dt.datetime = LONG_AGO, limit: int | None = None) -> list[str]:
        return numbers_of(raw for page in self.pages(since, limit) for raw in page.items)

    def waits(self, seconds: float) -> None:
        """From now on so long for an answer."""
        self.connector.session.timeout = seconds

    @property
    def secrets(self) -> list[str]:
        """What nobody may read: of the key and of the operator's app."""
        values = self.connector.bound.credential.values
        own = [value for name, value in values.items() if name not in self.shop.names]
        typed = [value for name, value in self.shop.received.items() if name not in self.shop.names]
        return [value for value in [*own, *typed, self.shop.app.client_secret] if value]


def numbers_of(raws: Iterable[RawOrder]) -> list[str]:
    """Each once, in the sequence in which they were first seen."""
    return list(dict.fromkeys(raw.number for raw in raws))


def written(error: BaseException) -> str:
    """All that a log could say of it, with what it came from."""
    return " ".join([repr(error), str(error), *traceback.format_exception(error)])
