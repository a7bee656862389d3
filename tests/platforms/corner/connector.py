"""The connector of Corner Till."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from fcp.errors import NotFound, Refused, Rejected, SyncError, Unreadable
from fcp.http import ErrorTable, Reply, Session
from integrations.connectors.base import Bound, Connector
from integrations.connectors.cutting import high_water
from integrations.connectors.reading import Json
from integrations.connectors.shapes import (
    Answer,
    AppSecrets,
    Connected,
    Credential,
    Done,
    IncomingLocation,
    Later,
    Page,
    ParcelToTell,
    ShipmentToTell,
    StockToSet,
    StoreStock,
    Window,
)
from orders.shapes import IncomingOrder, RawOrder, StoreShipment

from .declaration import PAGE, PLATFORM
from .reading import SALES, TIME, number_of, shaped, time_of

PASS = "pass"
REJECTED = {
    31: ("sale_not_open", "The till does not take this: the sale is parked or void there."),
    32: ("row_unknown", "The till does not take this: the sale has no such row."),
    33: ("over_quantity", "The till does not take this: more pieces than were sold."),
}
NOT_ACCEPTED = "The till does not take this."


class CornerConnector(Connector):
    platform = PLATFORM

    # --- connecting ---

    @classmethod
    def finish(
        cls, way: str, app: AppSecrets, received: Mapping[str, str], session: Session, api_url: str, now: dt.datetime
    ) -> Connected:
        given = base64.b64encode(f"{received['shop_no']}:{received['pin']}".encode()).decode()
        headers = {"Authorization": f"Basic {given}"}
        reply = session.call("POST", f"{api_url}/till/pair", headers=headers, json={}, errors={401: _pin_refused})
        return cls(Bound(session, "", _credential(reply, now), app, api_url)).check()

    def renew(self, now: dt.datetime) -> Credential:
        asked = {"renewal": self.bound.credential.values["renewal"]}
        url = f"{self.bound.api_url}/till/renew"
        return _credential(self.session.call("POST", url, json=asked, errors={401: _spent}), now)

    def check(self) -> Connected:
        shop = self._shop()["shop"]
        return Connected(
            store_uid=str(shop["nr"]), name=shop["called"], currency=shop["money"], time_zone=shop["zone"], variant="",
            credential=self.bound.credential,
        )  # fmt: skip

    def _shop(self) -> Json:
        reply = self._call("GET", "/shop", reads=True)
        if not isinstance(reply.get("shop"), dict) or not number_of(reply["shop"].get("nr")):
            raise Unreadable("no shop", sentence="The till does not say which shop this is. We try again by ourselves.")
        return dict(reply)

    def _call(self, method: str, path: str, body: Any = None, reads: bool = False, **asked: str) -> Any:
        params = {**asked, PASS: self.bound.credential.values[PASS]}
        url = f"{self.bound.api_url}{path}"
        reply = self.session.call(method, url, params=params, json=body, reads=reads, errors=ERRORS)
        if not isinstance(reply, dict):
            raise Unreadable(f"{method} {path}: no object", maybe_done=not reads)
        return reply

    # --- orders ---

    def orders(self, window: Window, token: str | None, limit: int | None = None) -> Page[RawOrder]:
        """By time rather than by page: a sale that is touched meanwhile moves to the end, and all others move up.

        A page number is used only among sales of one and the same second.
        """
        by = "touched" if window.since else "rung"
        since, page = json.loads(token) if token else (_written(window.since or window.created_from), 1)
        asked = {"page": str(page), "rows": str(min(limit or PAGE, PAGE))}
        if since:
            asked[f"{by}_from"] = since
        if window.created_to:
            asked["rung_to"] = _written(window.created_to + dt.timedelta(seconds=1))
        reply = self._call("GET", "/sales", reads=True, **asked)
        rows, pages = reply.get("sales"), reply.get("of")
        if not isinstance(rows, list) or not isinstance(pages, int):
            raise Unreadable("a page without a list of sales")
        found, bad = SALES.orders(rows)
        start = time_of(since)
        if reply.get("page") != page or (start and any(at < start for at in _times(rows, by))):
            raise Unreadable("the till sent another page than was asked for")
        following = None
        if pages > page:
            last = max(_times(rows, by), default=None)
            forward = last is not None and (start is None or last > start)
            following = json.dumps([_written(last), 1] if forward else [since, page + 1])
        return Page([sale for sale in found if _in(window, sale)], bad, following, high_water(found))

    def order(self, uid: str) -> RawOrder:
        if not uid.isdecimal():
            raise NotFound(f"no number of a sale: {uid}")
        sale = self._call("GET", f"/sales/{uid}", reads=True).get("sale")
        if not isinstance(sale, dict) or number_of(sale.get("sale_no")) != uid:
            raise Unreadable(f"asked for sale {uid}, got another or none")
        return SALES.order(sale)

    def order_by_number(self, number: str) -> RawOrder | None:
        found, _ = SALES.orders(self._call("GET", "/sales", reads=True, slip=number).get("sales") or [])
        return next((sale for sale in reversed(found) if sale.number == number), None)

    def shape_order(self, raw: RawOrder) -> IncomingOrder:
        return shaped(raw)

    def locations(self) -> list[IncomingLocation]:
        rows = [row for row in self._shop().get("counters") or [] if isinstance(row, dict)]
        found = [(number_of(row.get("counter")), str(row.get("called", ""))) for row in rows]
        return [IncomingLocation(uid, name, default=place == 0) for place, (uid, name) in enumerate(found) if uid]

    # --- shipments: each parcel for itself; the pieces stand on the first one ---

    def push_shipments(self, shipments: Sequence[ShipmentToTell]) -> Done:
        works = {"create": self._send, "change": self._correct, "retract": self._take_back}
        answers: dict[str, Answer] = {}
        for shipment in sorted(shipments, key=lambda one: one.action != "retract"):
            try:
                answers[shipment.key] = Answer(shipment.key, works[shipment.action](shipment))
            except Rejected as error:
                answers[shipment.key] = Answer(shipment.key, error=error)
        return Done([answers[shipment.key] for shipment in shipments])

    def _send(self, shipment: ShipmentToTell) -> str:
        first, *rest = shipment.parcels or (ParcelToTell(""),)
        ref = self._parcel(shipment, first, {"pieces": dict(shipment.lines)})
        for parcel in rest:
            self._parcel(shipment, parcel, {"with": int(ref)})
        return ref

    def _parcel(self, shipment: ShipmentToTell, parcel: ParcelToTell, what: Json) -> str:
        body = {"barcode": parcel.number, "courier": shipment.carrier, **what}
        return str(self._call("POST", f"/sales/{shipment.order_uid}/parcels", body)["parcel_no"])

    def _correct(self, shipment: ShipmentToTell) -> str:
        """The first parcel carries the pieces and is changed; those beside it are made anew where they differ."""
        first, *rest = shipment.parcels or (ParcelToTell(""),)
        body = {"barcode": first.number, "courier": shipment.carrier}
        self._call("PATCH", f"/parcels/{shipment.store_ref}", body)
        beside = [p for p in self._parcels([shipment.order_uid])[shipment.order_uid] if _with(p) == shipment.store_ref]
        for parcel in beside:
            self._call("DELETE", f"/parcels/{parcel['parcel_no']}")
        for one in rest:
            self._parcel(shipment, one, {"with": int(shipment.store_ref)})
        return shipment.store_ref

    def _take_back(self, shipment: ShipmentToTell) -> str:
        with suppress(NotFound):
            self._call("DELETE", f"/parcels/{shipment.store_ref}")
        return shipment.store_ref

    def told_shipments(self, order_uids: Sequence[str]) -> dict[str, list[StoreShipment] | None]:
        return {uid: _shipments(parcels) for uid, parcels in self._parcels(order_uids).items()}

    def _parcels(self, order_uids: Sequence[str]) -> dict[str, Any]:
        found = self._call("GET", "/parcels", reads=True, sales=",".join(order_uids)).get("sales")
        if not isinstance(found, dict):
            raise Unreadable("no list of parcels")
        return found

    # --- stock: by code and counter; the till books it at once and answers later ---

    def push_stock(self, rows: Sequence[StockToSet]) -> Later:
        asked = [{"code": r.variant_uid, "counter": int(r.location_uid), "pieces": r.quantity} for r in rows]
        job = self._call("POST", "/stock/counts", {"name": rows[0].telling, "set": asked})["job"]
        return Later(json.dumps([job, [row.key for row in rows]]))

    def poll(self, ticket: str) -> Done | Later:
        """The till answers in the sequence that it was asked in."""
        job, keys = json.loads(ticket)
        reply = self._call("GET", f"/stock/jobs/{job}", reads=True)
        if reply.get("ready") != "Y":
            return Later(ticket)
        said = [row.get("said") for row in reply.get("counts") or []]
        return Done([_counted(key, word) for key, word in zip(keys, [*said, *[""] * len(keys)], strict=False)])

    def stock(self, token: str | None) -> Page[StoreStock]:
        page = int(token or 1)
        reply = self._call("GET", "/stock", reads=True, page=str(page))
        return Page(_stock(reply), next=str(page + 1) if reply.get("of", 1) > page else None)

    def stock_of(self, listings: Sequence[tuple[str, str]]) -> list[StoreStock]:
        rows, page = [], 1
        codes = ",".join(code for _, code in listings)
        while True:
            reply = self._call("GET", "/stock", reads=True, codes=codes, page=str(page))
            rows += _stock(reply)
            if reply.get("of", 1) <= page:
                break
            page += 1
        known = {row.variant_uid for row in rows}
        return rows + [StoreStock(art, code, None, tracked=False) for art, code in listings if code not in known]


def _times(rows: Sequence[Any], by: str) -> list[dt.datetime]:
    return [at for row in rows if isinstance(row, dict) and (at := time_of(row.get(by)))]


def _in(window: Window, sale: RawOrder) -> bool:
    """The till counts in seconds, so the last second of a window is asked for whole."""
    placed = time_of(sale.raw.get("rung"))
    return not (window.created_to and placed and placed >= window.created_to)


def _written(moment: dt.datetime | None) -> str:
    return moment.astimezone(dt.UTC).strftime(TIME) if moment else ""


def _credential(reply: Any, now: dt.datetime) -> Credential:
    try:
        values = {PASS: str(reply[PASS]), "renewal": str(reply["renewal"])}
        return Credential("pass", values, now + dt.timedelta(seconds=int(reply["seconds"])))
    except (KeyError, TypeError, ValueError):
        raise Unreadable("no pass in the answer") from None


def _with(parcel: Json) -> str:
    return number_of(parcel.get("with"))


def _shipments(parcels: Any) -> list[StoreShipment] | None:
    """A parcel with pieces, and the numbers of those that go with it; None where the list cannot be read."""
    try:
        firsts = [parcel for parcel in parcels if parcel["with"] is None]
        found = []
        for first in firsts:
            uid = str(first["parcel_no"])
            numbers = [first["barcode"], *(parcel["barcode"] for parcel in parcels if _with(parcel) == uid)]
            lines = tuple((str(row), int(pieces)) for row, pieces in first["pieces"].items())
            tracking = ", ".join(sorted(filter(None, numbers)))
            found.append(StoreShipment(uid, lines, tracking, first["courier"], created_at=time_of(first.get("sent"))))
        return found
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _stock(reply: Any) -> list[StoreStock]:
    rows = reply.get("counts")
    if not isinstance(rows, list):
        raise Unreadable("no list of counts")
    return [
        StoreStock(
            product_uid=number_of(row["art"]), variant_uid=str(row["code"]), location_uid=number_of(row["counter"]),
            quantity=int(row["pieces"]) if row["counted"] == "Y" else None, tracked=row["counted"] == "Y",
        )
        for row in rows
    ]  # fmt: skip


def _counted(key: str, said: Any) -> Answer:
    if said == "ok":
        return Answer(key)
    if said == "not counted":
        return Answer(key, error=Rejected("not counted", code="untracked"))
    if said == "unknown":
        return Answer(key, error=NotFound("no such code", sentence="The till has no article with this code any more."))
    return Answer(key, error=Unreadable("no word about it"))


def _pin_refused(reply: Reply) -> SyncError:
    sentence = "The till does not take this PIN. It pairs once: let the till show a new one."
    return Refused("pairing refused", code="pin_refused", sentence=sentence)


def _spent(reply: Reply) -> SyncError:
    sentence = "The till does not let this panel in any more. Reconnect the integration with a new PIN."
    return Refused("renewal refused", sentence=sentence)


def _rejected(reply: Reply) -> SyncError:
    said = reply.json_or_none()
    number = said.get("oops") if isinstance(said, dict) else None
    code, sentence = REJECTED.get(number, ("record_rejected", NOT_ACCEPTED))
    return Rejected(f"oops {number}", code=code, sentence=sentence)


def _over(reply: Reply) -> SyncError:
    return Refused("the pass is over", code="token_expired")


def _closed(reply: Reply) -> SyncError:
    return Refused("the shop lets us in no more", sentence="The till does not let this panel in any more.")


ERRORS: ErrorTable = {401: _over, 403: _closed, 410: NotFound, 422: _rejected}
