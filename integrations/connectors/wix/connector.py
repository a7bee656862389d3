"""The Wix connector: what is called, in the order of the flows. How replies are read stands in the modules beside."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fcp.errors import Refused, Rejected, Stale, SyncError, Unreadable
from fcp.http import ErrorTable, Session
from orders.shapes import IncomingOrder, RawOrder, ShipWord, StoreShipment

from ..base import Bound, Connector
from ..shapes import (
    AppSecrets,
    Arrived,
    Ask,
    Connected,
    Credential,
    Done,
    Hint,
    IncomingListing,
    IncomingLocation,
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
    automations,
    errors,
    instance,
    listing_pages,
    listings,
    order,
    products,
    shipments,
    stock,
    stock_reading,
    webhooks,
)
from .declaration import PLATFORM, SITE_ID, V1, V3
from .page import high_water, raw_order, raw_orders
from .reading import NOTHING, Json, iso
from .replies import cursor_gone, cursor_of, next_of, part_of, rows_of, text_of
from .stock_reading import Places, places_of
from .words import SEARCHED_STATUSES

API_KEY, APP, MARKET = "api_key", "app", "market"  # the market brings the same credential as the app
VARIANTS = {"V1_CATALOG": V1, "V3_CATALOG": V3}
LOCATIONS = 1000  # rows a page, at most
LONGEST_TOKEN = 366 * 24 * 3600  # seconds; who names more names nonsense


class WixConnector(Connector):
    platform = PLATFORM

    def __init__(self, bound: Bound) -> None:
        super().__init__(bound)
        self._places: Places | None = None  # read once
        self._catalog_asked = False

    # --- connecting ---

    @classmethod
    def begin(cls, way: str, app: AppSecrets, fields: Mapping[str, str], state: str, return_url: str) -> Redirect | Ask:
        """Wix's installer: the owner chooses the site, reads what the app may do and agrees, and comes back to us.

        Wix keeps the query of the return address. The installer's own address is not in the documentation that could
        be read, so the operator can set it (FCP_WIX_INSTALLER_URL).
        """
        if way != MARKET:
            return Ask()
        asked = {"appId": app.client_id, "postInstallationUrl": f"{return_url}?{urlencode({'state': state})}"}
        return Redirect(f"{app.installer_url}?{urlencode(asked)}")

    @classmethod
    def arrived(cls, query: Mapping[str, str], app: AppSecrets, now: dt.datetime) -> Arrived:
        """`instance` is signed by Wix, and wins. What the installer appends is not: see `ways` for what that means."""
        if signed := query.get("instance", ""):
            return Arrived(MARKET, {"instance_id": instance.verified(signed, app, now)}, signed=True)
        if query.get("appId", app.client_id) != app.client_id:
            raise Rejected("a return for another app", code="other_app", sentence=_OTHER_APP)
        if not query.get("instanceId") or not query.get("tenantId"):
            raise Rejected("a return without a site", code="nothing_installed", sentence=_NOTHING_INSTALLED)
        return Arrived(MARKET, {"instance_id": query["instanceId"], "site_id": query["tenantId"]})

    @classmethod
    def finish(
        cls, way: str, app: AppSecrets, received: Mapping[str, str], session: Session, api_url: str, now: dt.datetime
    ) -> Connected:
        """Raises Refused where Wix says that the installation is on another site than the return named."""
        credential = _credential(way, received)
        if credential.kind == APP:
            credential = cls(Bound(session, "", credential, app, api_url)).renew(now)
        found = cls(Bound(session, "", credential, app, api_url)).check()
        if way == MARKET and received.get("site_id", found.store_uid).lower() != found.store_uid:
            raise Refused("the return named another site", code="other_site", sentence=_OTHER_SITE)
        return found

    def renew(self, now: dt.datetime) -> Credential:
        """A token of four hours for the app; an API key does not expire."""
        old = self.bound.credential
        if old.kind == API_KEY:
            return old
        app = self.bound.app
        if not app.client_id or not app.client_secret:
            raise Refused(
                "no app configured", code="no_app", sentence="This installation has no Wix app. Ask your operator."
            )
        asked = {
            "grant_type": "client_credentials",
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "instance_id": old.values["instance_id"],
        }
        url = self._url("/oauth2/token")
        reply = self.session.call("POST", url, json=asked, reads=True, errors=errors.FOR_TOKEN)
        return _with_token(old, reply, now)

    def check(self) -> Connected:
        variant = self._variant()
        instance = self._optional("/apps/v1/instance")
        site, app = part_of(instance, "site"), part_of(instance, "instance")
        values = self.bound.credential.values
        properties: Json = NOTHING
        if not site.get("siteDisplayName") or not site.get("paymentCurrency"):  # not shown to an API key
            properties = part_of(self._optional("/site-properties/v4/properties"), "properties")
        site_id = text_of(site, "siteId") or values.get("site_id", "")
        if not site_id:
            raise Unreadable("no site id", sentence="Wix does not say which site this is. Try again later.")
        return Connected(
            store_uid=site_id.lower()[:100],
            name=text_of(site, "siteDisplayName") or text_of(properties, "siteDisplayName") or f"Wix {site_id[:8]}",
            currency=(text_of(site, "paymentCurrency") or text_of(properties, "paymentCurrency")).upper()[:3],
            time_zone=_zone(text_of(properties, "timeZone")) or self._zone_of_locations() or "UTC",
            variant=variant,
            credential=self.bound.credential,
            install_uid=(text_of(app, "instanceId") or values.get("instance_id", ""))[:100],
            url=text_of(site, "url")[:500],
        )

    @classmethod
    def verify(
        cls, body: bytes, headers: Mapping[str, str], app: AppSecrets, now: dt.datetime
    ) -> tuple[str, list[Hint]]:
        return webhooks.verified(body, app, now)

    @classmethod
    def announced(cls, body: bytes, store_uid: str) -> list[Hint]:
        return automations.announced(body, store_uid)

    def variant_now(self) -> str:
        return self._variant()

    @classmethod
    def ship_word_ahead(cls, title: str, code: str, carrier: str) -> ShipWord | None:
        """Options are found by their title, whatever rule offers them."""
        return order.ship_word({"title": title, "code": code}) if title and not carrier else None

    # --- orders ---

    def orders(self, window: Window, token: str | None, limit: int | None = None) -> Page[RawOrder]:
        paging: Json = {"limit": min(limit or PLATFORM.page, PLATFORM.page)}
        search = {"cursorPaging": {**paging, "cursor": token}} if token else {"cursorPaging": paging, **_asked(window)}
        table: ErrorTable = {400: cursor_gone} if token else {}
        for _ in range(2):  # a page that leads to itself is the page before, sent once more: ask again
            reply = self._call("POST", "/ecom/v1/orders/search", {"search": search}, reads=True, table=table)
            if token is None or cursor_of(part_of(reply, "metadata")) != token:
                break
        items = reply.get("orders") if isinstance(reply, dict) else None
        if not isinstance(items, list):
            raise Unreadable("a page without a list of orders")
        found, bad = raw_orders(items)
        return Page(found, bad, next_of(part_of(reply, "metadata"), token), high_water(found))

    def order(self, uid: str) -> RawOrder:
        reply = self._call("GET", f"/ecom/v1/orders/{quote(uid, safe='')}")
        found = part_of(reply, "order")
        if found.get("id") != uid:
            raise Unreadable(f"asked for order {uid}, got another or none")
        return raw_order(found)

    def orders_of(self, uids: Sequence[str]) -> list[RawOrder]:
        """Those that were never finished are not listed; a search may lag a little behind Get Order as well."""
        asked = {
            "filter": {"id": {"$in": list(uids[: PLATFORM.page])}, "status": {"$in": SEARCHED_STATUSES}},
            "cursorPaging": {"limit": PLATFORM.page},
        }
        reply = self._query("POST", "/ecom/v1/orders/search", {"search": asked})
        found, _ = raw_orders(rows_of(reply, "orders"))
        return [order for order in found if order.uid in uids]

    def order_by_number(self, number: str) -> RawOrder | None:
        """Wix never lists INITIALIZED orders; one of those is found by its id only."""
        asked = {
            "filter": {"number": {"$eq": number}, "status": {"$in": SEARCHED_STATUSES}},
            "sort": [{"fieldName": "createdDate", "order": "DESC"}],
            "cursorPaging": {"limit": 2},
        }
        reply = self._query("POST", "/ecom/v1/orders/search", {"search": asked})
        found, _ = raw_orders(rows_of(reply, "orders"))
        return next((order for order in found if order.number == number), None)

    def shape_order(self, raw: RawOrder) -> IncomingOrder:
        return order.shape_order(raw, self.bound.variant)

    # --- words ---

    def listings(self, token: str | None, since: dt.datetime | None = None) -> Page[IncomingListing]:
        with self._same_catalog():
            if self.bound.variant == V3:
                return listing_pages.v3(self._call, token, since)
            return listing_pages.v1(self._query, token, since)

    def descriptions(self, token: str | None) -> Page[tuple[str, str]]:
        with self._same_catalog():
            return listing_pages.descriptions(self._call, token) if self.bound.variant == V3 else Page(())

    def locations(self) -> list[IncomingLocation]:
        """Under the ids that orders name: those of the site's business locations, on both catalogues."""
        found = {place.uid: place for place in map(listings.location, self._business_locations()) if place.uid}
        if self.bound.variant == V3:
            rows = self._stores_locations()
            places = places_of(rows)
            for row in rows:
                if own := text_of(row, "id", 100):
                    found.setdefault(places.ours(own), listings.stores_location(row, places.ours(own)))
        return list(found.values())

    # --- shipments ---

    def push_shipments(self, shipments_to_tell: Sequence[ShipmentToTell]) -> Done:
        return Done(shipments.tell(self._call, shipments_to_tell))

    def told_shipments(self, order_uids: Sequence[str]) -> dict[str, list[StoreShipment] | None]:
        return shipments.told(self._query, order_uids)

    def same_shipment(self, told: StoreShipment, ours: ShipmentToTell) -> bool:
        return shipments.same(told, ours)

    # --- stock ---

    def push_stock(self, rows: Sequence[StockToSet]) -> Done:
        odd = [stock.nonsense(row) for row in rows if not stock.sendable(row)]
        good = [row for row in rows if stock.sendable(row)]
        if self.bound.variant == V3:
            answers = stock.set_v3(self._set, good, self._stores_places) if good else []
        else:
            answers = stock.set_v1(self._set, good)
        by_key = {answer.key: answer for answer in [*odd, *answers]}
        if answers and all(isinstance(answer.error, Rejected) for answer in answers):
            self._look_at_catalog(answers[0].error)
        return Done([by_key[row.key] for row in rows])

    def stock(self, token: str | None) -> Page[StoreStock]:
        with self._same_catalog():
            if self.bound.variant == V3:
                return stock_reading.v3_page(self._call, self._stores_places(), token)
            return stock_reading.v1_page(self._query, token)

    def stock_of(self, listings: Sequence[tuple[str, str]]) -> list[StoreStock]:
        """At least one row for each: what Wix does not know, it does not count. The default location's comes first."""
        with self._same_catalog():
            if self.bound.variant == V3:
                return stock_reading.of_v3(self._call, self._stores_places(), listings)
            return stock_reading.of_v1(self._query, listings)

    # --- products ---

    def products_of(self, uids: Sequence[str]) -> list[StoreProduct]:
        with self._same_catalog():
            return (products.of_v3 if self.bound.variant == V3 else products.of_v1)(self._query, uids)

    def push_products(self, rows: Sequence[ProductToPush]) -> Done:
        if self.bound.variant == V3:
            answers = products.push_v3(self._change_product, rows, lambda: products.unit_of_site(self._query))
        else:
            answers = products.push_v1(self._change_product, rows)
        if answers and all(isinstance(answer.error, Rejected) for answer in answers):
            self._look_at_catalog(answers[0].error)
        return Done(answers)

    # --- calls ---

    def _url(self, path: str) -> str:
        return (self.bound.api_url or PLATFORM.api_url).rstrip("/") + path

    def _call(
        self, method: str, path: str, json: Any = None, *, reads: bool = False, table: ErrorTable | None = None
    ) -> Any:
        values = self.bound.credential.values
        if self.bound.credential.kind == API_KEY:
            headers = {"Authorization": values["api_key"], "wix-site-id": values["site_id"]}
            known = errors.FOR_API_KEY
        else:
            headers = {"Authorization": values.get("access_token", "")}
            known = errors.FOR_APP
        return self.session.call(
            method, self._url(path), headers=headers, json=json, reads=reads, errors={**known, **(table or {})}
        )

    def _query(self, method: str, path: str, json: Any = None) -> Any:
        return self._call(method, path, json, reads=True)

    def _set(self, method: str, path: str, json: Any = None) -> Any:
        return self._call(method, path, json, table=errors.FOR_STOCK)

    def _change_product(self, method: str, path: str, json: Any = None) -> Any:
        return self._call(method, path, json, table=errors.FOR_PRODUCTS)

    def _optional(self, path: str) -> Any:
        """What only some permissions show; empty where they do not."""
        try:
            return self._call("GET", path)
        except (Refused, Rejected):
            return NOTHING

    def _variant(self) -> str:
        reply = self._call("GET", "/stores/v3/provision/version")
        version = reply.get("catalogVersion") if isinstance(reply, dict) else None
        if version == "STORES_NOT_INSTALLED":
            raise Refused("no stores", code="stores_not_installed", sentence=_NO_STORES)
        if version not in VARIANTS:
            raise Unreadable(f"catalog version {version!r}", sentence=_UNKNOWN_CATALOG)
        return VARIANTS[version]

    @contextmanager
    def _same_catalog(self) -> Iterator[None]:
        """A call that is refused is looked at twice: the site may have moved to the other catalog.

        What Wix answers to a call of the other catalog is not documented: it may be any 4xx.
        """
        try:
            yield
        except (Rejected, Refused) as error:
            self._look_at_catalog(error)
            raise

    def _look_at_catalog(self, error: SyncError | None) -> None:
        """Once in the life of a connector; raises Stale when the site is no longer what it was."""
        if self._catalog_asked:
            return
        self._catalog_asked = True
        if (now_is := self._variant()) != self.bound.variant:
            detail = error.detail if error else ""
            raise Stale(detail, current=now_is, code="variant_changed", sentence=_MOVED) from error

    def _stores_places(self) -> Places:
        if self._places is None:
            self._places = places_of(self._stores_locations())
        return self._places

    def _stores_locations(self) -> list[Json]:
        body = {"query": {"cursorPaging": {"limit": 100}}}
        return rows_of(self._query("POST", "/stores/v3/locations/query", body), "storesLocations")

    def _business_locations(self) -> list[Json]:
        found: list[Json] = []
        for _ in range(10):
            paging = {"limit": LOCATIONS, "offset": len(found)}
            body = {"query": {"filter": {"archived": False}, "paging": paging}}
            reply = self._call("POST", "/locations/v1/locations/query", body, reads=True)
            rows = rows_of(reply, "locations")
            found += rows
            if not rows or part_of(reply, "pagingMetadata").get("hasNext") is not True:
                break
        return found

    def _zone_of_locations(self) -> str:
        try:
            rows = self._business_locations()
        except (Refused, Rejected):
            return ""
        rows.sort(key=lambda row: row.get("default") is not True)
        return next((zone for row in rows if (zone := _zone(text_of(row, "timeZone")))), "")


_MOVED = "This site moved to another Wix catalog version. Its listings have to be linked again."
_OTHER_APP = "Wix sent you back for another app than ours. Nothing was connected; begin again."
_NOTHING_INSTALLED = "Wix did not say that the app was added to a site. Nothing was connected; begin again."
_OTHER_SITE = "Wix says that the app is on another site than the one you came back from. Nothing was connected."
_NO_STORES = "This Wix site has no online store yet. In Wix, add Wix Stores to the site, then connect again."
_UNKNOWN_CATALOG = "Wix names a catalog version that we do not know. Ask your operator to update this panel."


def _credential(way: str, received: Mapping[str, str]) -> Credential:
    """Raises Refused with what is wrong about the fields."""
    fields = {name: value.strip() for name, value in received.items()}
    name = "site_id" if way == API_KEY else "instance_id"
    label = "Site ID" if way == API_KEY else "Instance ID"
    if not re.fullmatch(SITE_ID.pattern, fields.get(name, "")):
        sentence = f"The {label} is not complete. {SITE_ID.pattern_help}"
        raise Refused(f"{name} format", code=f"{name}_format", sentence=sentence)
    if way == API_KEY and not re.fullmatch(r"[!-~]{10,4096}", fields.get("api_key", "")):
        raise Refused(
            "api_key format", code="api_key_format", sentence="The API key is not complete. Copy it from Wix again."
        )
    wanted = ("api_key", "site_id") if way == API_KEY else ("instance_id",)
    return Credential(API_KEY if way == API_KEY else APP, {key: fields[key] for key in wanted})


def _with_token(old: Credential, reply: Any, now: dt.datetime) -> Credential:
    token = reply.get("access_token") if isinstance(reply, dict) else None
    seconds = reply.get("expires_in") if isinstance(reply, dict) else None
    if not isinstance(token, str) or not token:
        raise Unreadable("an answer without access_token")
    lives = float(seconds) if isinstance(seconds, (int, float)) and 0 < seconds <= LONGEST_TOKEN else 300.0
    return Credential(old.kind, {**old.values, "access_token": token}, now + dt.timedelta(seconds=lives * 0.95))


def _asked(window: Window) -> Json:
    """Every status by name: Wix leaves PENDING and REJECTED out unless they are named."""
    condition: Json = {"status": {"$in": SEARCHED_STATUSES}}
    if window.since is not None:
        condition["updatedDate"] = {"$gte": iso(window.since)}
    if window.created_from is not None or window.created_to is not None:
        bounds = {"$gte": window.created_from, "$lt": window.created_to}
        condition["createdDate"] = {operator: iso(moment) for operator, moment in bounds.items() if moment is not None}
    field = "createdDate" if "createdDate" in condition and window.since is None else "updatedDate"
    return {"filter": condition, "sort": [{"fieldName": field, "order": "ASC"}]}


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key if name else ""
    except (ValueError, KeyError, OSError):
        return ""
