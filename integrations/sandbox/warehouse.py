"""A stand-in warehouse: a program that works through our public partner API, with a partner's key and nothing else.

It keeps nothing: what it has to do, and when, follows from what the API lists, so it can be stopped at any moment and
goes on where it was. Its choices (how long, whole or in parts, how many parcels) come from the seed and a request's id.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from .tracking import carrier_of

logger = logging.getLogger(__name__)

Json = dict[str, Any]
WORK = "offered,cancel_asked,acknowledged,partly_shipped"
PAGES = 5  # of a hundred; what is beyond them waits for the next round
PICKING = (3.0, 5.0)  # seconds from the acknowledgement to the truck
SECOND_TRUCK = 4.0  # seconds until the rest of a shipment in parts
PACKED = 1.0  # seconds before the truck, from when it is too late to stop
IN_PARTS = 4  # every so many-th request that can, ships in parts
PATIENCE = 10  # seconds for one answer


class Wait(Exception):
    """Nothing can be done now; `seconds` until the next try. The text says why."""

    def __init__(self, why: str, seconds: float) -> None:
        super().__init__(why)
        self.seconds = seconds


class Warehouse:
    def __init__(self, url: str, key_file: Path, seed: int = 1) -> None:
        self.url = url.rstrip("/")
        self.key_file = key_file
        self.seed = seed
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy between neighbours on one machine

    def work(self, now: dt.datetime) -> None:
        """One round: take what is offered, answer who asks to stop, ship what is due. Raises Wait."""
        todo = list(self._listed())
        offered = [request for request in todo if request["state"] == "offered"]
        for start in range(0, len(offered), 100):
            self._acknowledge(offered[start : start + 100])
        for request in todo:
            if request["state"] == "cancel_asked":
                self._answer(request)
            elif request["state"] != "offered":
                self._ship(request, now)

    # --- calls

    def _listed(self) -> Iterator[Json]:
        query: Json = {"state": WORK, "limit": 100}
        for _ in range(PAGES):
            page = self._call("GET", "/shipping-requests", params=query)
            yield from page["results"]
            if page["next"] is None:
                return
            query["after"] = page["next"]

    def _acknowledge(self, offered: list[Json]) -> None:
        rows = [{"id": r["id"], "revision": r["revision"], "reference": f"WH-{r['id']:0>6}"} for r in offered]
        answer = self._call("POST", "/shipping-requests/acknowledge", json={"requests": rows})
        for row in answer["results"]:
            if row["error"]:
                logger.info("Request %s was not taken: %s", row["id"], row["error"]["message"])

    def _answer(self, request: Json) -> None:
        """Too late once it is packed; what of a shipment in parts has not left can always be stopped."""
        asked_at, packed_at = moment(request["cancel_asked_at"]), self._due(request) - dt.timedelta(seconds=PACKED)
        stopped = asked_at < packed_at or any(line["shipped"] for line in request["lines"])
        reason = "" if stopped else "The parcel is packed and on its way to the truck."
        self._write(request, "cancel-answer", {"stopped": stopped, "reason": reason})

    def _ship(self, request: Json, now: dt.datetime) -> None:
        left = {line["id"]: line["quantity"] - line["shipped"] for line in request["lines"]}
        begun = any(line["shipped"] for line in request["lines"])
        due = self._due(request) + dt.timedelta(seconds=SECOND_TRUCK if begun else 0)
        if now < due:
            return
        number = 2 if begun else 1
        lines = left if begun or not self._in_parts(request) else first_half(left)
        name, make = carrier_of(request["carrier"], request["ship_code"], request["ship_to"]["country"])
        parcels = range(1 + (sum(lines.values()) > 5))
        body = {
            "id": f"WH-{request['id']}-{number}",
            "lines": [{"id": line, "quantity": quantity} for line, quantity in lines.items() if quantity],
            "carrier": name,
            "service": request["service"],
            "parcels": [{"tracking_number": make(f"{self.seed}/{request['id']}/{number}/{n}")} for n in parcels],
            "shipped_at": due.isoformat(),
        }
        self._write(request, "fulfillments", body)

    def _write(self, request: Json, action: str, body: Json) -> None:
        """One request alone may be refused, when somebody changed it meanwhile; the next round sees it as it is."""
        try:
            self._call("POST", f"/shipping-requests/{request['id']}/{action}", json=body)
        except requests.HTTPError as error:
            logger.info("Request %s: %s", request["id"], error)

    def _call(self, method: str, path: str, **given: Any) -> Json:
        headers = {"Authorization": f"Bearer {self._key()}"}
        try:
            reply = self.session.request(method, self.url + path, headers=headers, timeout=PATIENCE, **given)
            body: Json = reply.json()
        except requests.JSONDecodeError:
            raise Wait(f"The panel answered {reply.status_code} without JSON.", 2) from None
        except requests.RequestException:
            raise Wait("The panel does not answer yet.", 1) from None
        if reply.ok:
            return body
        sentence = body["error"]["message"]
        if reply.status_code in (401, 403):
            raise Wait(sentence, 5)
        if reply.status_code == 429:
            raise Wait(sentence, float(reply.headers["Retry-After"]))
        if reply.status_code >= 500:
            raise Wait(sentence, 2)
        raise requests.HTTPError(sentence, response=reply)

    def _key(self) -> str:
        """Read anew for each call, so that a key made or changed later is used without a restart."""
        try:
            return self.key_file.read_text().strip()
        except FileNotFoundError:
            raise Wait(f"There is no key in {self.key_file} yet.", 1) from None

    # --- choices

    def _due(self, request: Json) -> dt.datetime:
        least, most = PICKING
        seconds = least + (most - least) * self._chance(request, "picking")
        return moment(request["acknowledged_at"]) + dt.timedelta(seconds=seconds)

    def _in_parts(self, request: Json) -> bool:
        pieces = sum(line["quantity"] for line in request["lines"])
        return pieces > 1 and self._chance(request, "parts") < 1 / IN_PARTS

    def _chance(self, request: Json, what: str) -> float:
        """0 up to 1, always the same for this request."""
        digest = hashlib.sha256(f"{self.seed}/{what}/{request['id']}".encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32


def first_half(left: dict[str, int]) -> dict[str, int]:
    """The first part of a shipment in parts: half of the pieces, at least one."""
    half, part = max(1, sum(left.values()) // 2), {}
    for line, quantity in left.items():
        part[line] = min(quantity, half)
        half -= part[line]
    return part


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
