"""The Ecwid connector: what is called, in the order of the flows. How replies are read stands in the modules beside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from fcp.errors import NotFound, Rejected, Unreadable
from fcp.http import ErrorTable, Session
from orders.shapes import IncomingOrder, RawOrder, ShipWord, StoreShipment

from ..base import Bound, Connector
from ..shapes import (
    AppSecrets,
    Arrived,
    Ask,
    Connected,
    Credential,
    Deleted,
    Done,
    Hint,
    IncomingListing,
    IncomingLocation,
    Later,
    Page,
    ProductToPush,
    Redirect,
    ShipmentToTell,
    StockToSet,
    StoreProduct,
    StoreStock,
    Window,
)
from . import (
    batch,
    connecting,
    errors,
    listings,
    locations,
    order,
    products,
    searching,
    shipments,
    stock,
    webhooks,
)
from .declaration import PLATFORM
from .order import Units
from .page import CUT, order_id
from .reading import id_text, part_of, text_of


class EcwidConnector(Connector):
    platform = PLATFORM

    def __init__(self, bound: Bound) -> None:
        super().__init__(bound)
        self._units: Units | None = None  # read once
        self._latest: dict[str, Any] = {}  # orders as they were read last, by uid

    # --- connecting ---

    @classmethod
    def begin(cls, way: str, app: AppSecrets, fields: Mapping[str, str], state: str, return_url: str) -> Redirect | Ask:
        return connecting.consent_page(app, state, return_url) if way == connecting.APP else Ask()

    @classmethod
    def arrived(cls, query: Mapping[str, str], app: AppSecrets, now: dt.datetime) -> Arrived:
        return connecting.arrived(query)

    @classmethod
    def finish(
        cls, way: str, app: AppSecrets, received: Mapping[str, str], session: Session, api_url: str, now: dt.datetime
    ) -> Connected:
        credential = connecting.credential_of(way, app, received, session)
        return cls(Bound(session, "", credential, app, api_url)).check()

    def renew(self, now: dt.datetime) -> Credential:
        """Nothing expires: a token lives as long as the app is in the store."""
        return self.bound.credential

    def check(self) -> Connected:
        found = connecting.connected(self._profile(), self.bound.credential)
        with suppress(NotFound, Rejected):  # not in the vendor's own reference, only in its client
            allowed = self._call("GET", "/application/token")
            if isinstance(allowed, dict) and isinstance(allowed.get("permissions"), list):
                connecting.must_have(allowed["permissions"])
        return found

    @classmethod
    def verify(
        cls, body: bytes, headers: Mapping[str, str], app: AppSecrets, now: dt.datetime
    ) -> tuple[str, list[Hint]]:
        return webhooks.verified(body, headers, app, now)

    @classmethod
    def claimed(cls, body: bytes) -> str:
        return webhooks.claimed(body)

    # --- orders ---

    @classmethod
    def ship_word_ahead(cls, title: str, code: str, carrier: str) -> ShipWord | None:
        """An option of the shop is found by its id; a carrier's own methods by more than a person can know."""
        said = {"shippingMethodId": code, "shippingMethodName": title}
        return order.ship_word(said) if code and not carrier else None

    def orders(self, window: Window, token: str | None, limit: int | None = None) -> Page[RawOrder]:
        page = searching.page(self._call, window, token, min(limit or PLATFORM.page, PLATFORM.page))
        self._note(page.items)
        return page

    def order(self, uid: str) -> RawOrder:
        """By the id that people know; by the internal one, which some webhooks name, only where the search finds it."""
        try:
            found = self._call("GET", f"/orders/{quote(uid, safe='')}")
        except NotFound:
            rows = shipments.listed(self._call, [uid], 2) if uid.isdecimal() else []
            found = next((row for row in rows if uid in _ids(row)), None)
            if found is None:
                raise
        if uid not in _ids(found):
            raise Unreadable(f"asked for order {uid}, got another or none")
        raw = CUT.order(found)
        self._note([raw])
        return raw

    def orders_of(self, uids: Sequence[str]) -> list[RawOrder]:
        found, _ = CUT.orders(shipments.listed(self._call, uids[: PLATFORM.page], PLATFORM.page))
        wanted = [raw for raw in found if raw.uid in uids]
        self._note(wanted)
        return wanted

    def order_by_number(self, number: str) -> RawOrder | None:
        """The number of an order is its id, in capitals."""
        for uid in dict.fromkeys((number, number.upper())):
            with suppress(NotFound, Rejected):
                return self.order(uid)
        return None

    def deleted(self, since: dt.datetime, token: str | None) -> Page[Deleted]:
        """Nothing where Ecwid gives us no such list: that is no reason to stop reading orders."""
        try:
            return searching.deleted(self._call, since, token)
        except Rejected:
            return Page(())

    def shape_order(self, raw: RawOrder) -> IncomingOrder:
        return order.shape_order(raw, self._known_units())

    # --- words ---

    def listings(self, token: str | None, since: dt.datetime | None = None) -> Page[IncomingListing]:
        return listings.page(self._call, token, since)

    def locations(self) -> list[IncomingLocation]:
        return locations.locations(self._call, self._profile())

    # --- shipments ---

    def push_shipments(self, shipments_to_tell: Sequence[ShipmentToTell]) -> Done | Later:
        return shipments.tell(self._call, shipments_to_tell)

    def told_shipments(self, order_uids: Sequence[str]) -> dict[str, list[StoreShipment] | None]:
        """An order shows them itself: those that were read a moment ago are not asked for again."""
        known = [self._latest[uid] for uid in order_uids if uid in self._latest]
        rest = [uid for uid in order_uids if uid not in self._latest]
        for start in range(0, len(rest), PLATFORM.page):
            known += shipments.listed(self._call, rest[start : start + PLATFORM.page], PLATFORM.page)
        found = shipments.told(known)
        return {uid: found[uid] for uid in order_uids if uid in found}

    def same_shipment(self, told: StoreShipment, ours: ShipmentToTell) -> bool:
        return shipments.same(told, ours)

    # --- stock ---

    def push_stock(self, rows: Sequence[StockToSet]) -> Done | Later:
        return stock.push(self._call, rows)

    def stock(self, token: str | None) -> Page[StoreStock]:
        return stock.page(self._call, token)

    def stock_of(self, listings: Sequence[tuple[str, str]]) -> list[StoreStock]:
        return stock.of(self._call, listings)

    # --- products ---

    def products_of(self, uids: Sequence[str]) -> list[StoreProduct]:
        return products.of(self._call, uids)

    def push_products(self, rows: Sequence[ProductToPush]) -> Done:
        return products.push(self._call, rows)

    def poll(self, ticket: str) -> Done | Later:
        return batch.poll(self._call, ticket)

    def give_up(self, ticket: str) -> None:
        batch.call_off(self._call, ticket)

    # --- calls ---

    def _call(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        reads: bool = False,
        errors: ErrorTable | None = None,
    ) -> Any:
        """`path` is what follows the store's id. The token stands in the header only: Ecwid takes no other."""
        values = self.bound.credential.values
        url = f"{(self.bound.api_url or PLATFORM.api_url).rstrip('/')}/{values['store_id']}{path}"
        return self.session.call(
            method,
            url,
            headers={"Authorization": f"Bearer {values['token']}"},
            params=params,
            json=json,
            reads=reads,
            errors={**_table(method, path), **(errors or {})},
        )

    def _profile(self) -> Any:
        profile = self._call("GET", "/profile")
        units = part_of(profile, "formatsAndUnits")
        self._units = Units(text_of(units, "currency").upper(), text_of(units, "weightUnit").upper())
        return profile

    def _known_units(self) -> Units:
        """An order names no currency: the store's profile does, which is read once."""
        if self._units is None:
            self._profile()
        assert self._units
        return self._units

    def _note(self, raws: Sequence[RawOrder]) -> None:
        """Keep what was read of these orders, and read here, where calls are made, what shaping them needs."""
        self._latest = {raw.uid: raw.raw for raw in raws}
        if raws:
            self._known_units()


_table = errors.table


def _ids(item: Any) -> set[str]:
    """What Ecwid itself may call an order by."""
    if not isinstance(item, dict):
        return set()
    return {order_id(item), id_text(item, "internalId"), id_text(item, "orderNumber")} - {""}
