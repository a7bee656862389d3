"""A stand-in warehouse: a program that works through our public partner API, with a partner's key and nothing else.

It keeps nothing: what it has to do, and when, follows from what the API lists, so it can be stopped at any moment and
goes on where it was. Its choices (how long, whole or in parts, how many parcels) come from the seed and a request's id.
What lies in it, and what it reports of that, stands in shelves.py.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from .shelves import Clock, Shelves, chance
from .tracking import carrier_of

logger = logging.getLogger(__name__)

Json = dict[str, Any]
WORK = "offered,cancel_asked,acknowledged,partly_shipped"
PAGES, PAGE = 5, 100  # what is beyond them waits for the next round
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


@dataclass(frozen=True, slots=True)
class Worked:
    """A request after a round. `next_at`: when more of it leaves; None: nothing will. `left`: something just did."""

    request: Json
    next_at: dt.datetime | None
    left: bool = False

    @property
    def warehouse(self) -> str:
        text: str = self.request["warehouse"]["id"]
        return text

    @property
    def skus(self) -> set[str]:
        return {line["product_sku"] for line in self.request["lines"]} - {""}


class Warehouse:
    def __init__(self, url: str, key_file: Path, seed: int = 1) -> None:
        self.url = url.rstrip("/")
        self.key_file = key_file
        self.seed = seed
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy between neighbours on one machine
        self.shelves = Shelves(self._call, seed)

    def work(self, now: dt.datetime) -> None:
        """One round: take what is offered, answer who asks to stop, ship what is due, count. Raises Wait."""
        begun = time.monotonic()
        todo = list(self._listed())
        offered = [request for request in todo if request["state"] == "offered"]
        for start in range(0, len(offered), PAGE):
            self._acknowledge(offered[start : start + PAGE])
        done = [self._worked(request, now) for request in todo]
        if len(todo) < PAGES * PAGE:  # else something may be due that was not seen
            self._count(done, lambda: now + dt.timedelta(seconds=time.monotonic() - begun))

    def _worked(self, request: Json, now: dt.datetime) -> Worked:
        """Do what is due of one request."""
        if request["state"] == "offered":
            return Worked(request, now + dt.timedelta(seconds=PICKING[0]))
        if request["state"] == "cancel_asked":
            return self._answer(request)
        if request["change"] and request["change"]["answer"] == "asked":
            return self._follow(request)
        return self._ship(request, now)

    def _count(self, done: list[Worked], clock: Clock) -> None:
        """Report levels: everything once a minute, and again what has just left.

        A level says what lies there at a moment. What leaves before that moment and is told later would be missing
        from it, so products of which that is due are left out until it is told.
        """

        def moving(warehouse: str, at: dt.datetime) -> set[str]:
            due = [one for one in done if one.warehouse == warehouse and one.next_at and one.next_at <= at]
            return {sku for one in due for sku in one.skus}

        try:
            self.shelves.count_if_due(clock, moving)
            for warehouse in sorted({one.warehouse for one in done if one.left}):
                left = {sku for one in done if one.left and one.warehouse == warehouse for sku in one.skus}
                self.shelves.count_again(warehouse, left, clock, moving)
        except requests.HTTPError as error:  # somebody changed a warehouse meanwhile
            logger.info("Levels were not taken: %s", error)
            self.shelves.count_at = None

    # --- calls

    def _listed(self) -> Iterator[Json]:
        query: Json = {"state": WORK, "limit": PAGE}
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

    def _answer(self, request: Json) -> Worked:
        """Too late once it is packed; what of a shipment in parts has not left can always be stopped."""
        asked_at, packed_at = moment(request["cancel_asked_at"]), self._due(request) - dt.timedelta(seconds=PACKED)
        stopped = asked_at < packed_at or any(line["shipped"] for line in request["lines"])
        reason = "" if stopped else "The parcel is packed and on its way to the truck."
        taken = self._write(request, "cancel-answer", {"stopped": stopped, "reason": reason})
        return Worked(request, None if stopped and taken else self._due(request))

    def _follow(self, request: Json) -> Worked:
        """A new label is printed as long as the parcel is not packed."""
        asked_at, packed_at = moment(request["change"]["asked_at"]), self._due(request) - dt.timedelta(seconds=PACKED)
        accepted = asked_at < packed_at
        reason = "" if accepted else "The parcel is packed, its label is on it."
        answer = {"accepted": accepted, "revision": request["revision"], "reason": reason}
        self._write(request, "change-answer", answer)
        return Worked(request, self._due(request))

    def _ship(self, request: Json, now: dt.datetime) -> Worked:
        left = {line["id"]: line["quantity"] - line["shipped"] for line in request["lines"]}
        begun = any(line["shipped"] for line in request["lines"])
        second = self._due(request) + dt.timedelta(seconds=SECOND_TRUCK)
        due = second if begun else self._due(request)
        if now < due:
            return Worked(request, due)
        in_parts = not begun and self._in_parts(request)
        shipped = self._write(
            request, "fulfillments", self._shipment(request, first_half(left) if in_parts else left, due, 1 + begun)
        )
        if not shipped:
            return Worked(request, due)
        return Worked(request, second if in_parts else None, left=True)

    def _shipment(self, request: Json, lines: dict[str, int], due: dt.datetime, number: int) -> Json:
        name, make = carrier_of(request["carrier"], request["ship_code"], request["ship_to"]["country"])
        parcels = range(1 + (sum(lines.values()) > 5))
        return {
            "id": f"WH-{request['id']}-{number}",
            "lines": [{"id": line, "quantity": quantity} for line, quantity in lines.items() if quantity],
            "carrier": name,
            "service": request["service"],
            "parcels": [{"tracking_number": make(f"{self.seed}/{request['id']}/{number}/{n}")} for n in parcels],
            "shipped_at": due.isoformat(),
        }

    def _write(self, request: Json, action: str, body: Json) -> bool:
        """One request alone may be refused, when somebody changed it meanwhile; the next round sees it as it is."""
        try:
            self._call("POST", f"/shipping-requests/{request['id']}/{action}", json=body)
        except requests.HTTPError as error:
            logger.info("Request %s: %s", request["id"], error)
            return False
        return True

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
        return chance(f"{self.seed}/{what}/{request['id']}")


def first_half(left: dict[str, int]) -> dict[str, int]:
    """The first part of a shipment in parts: half of the pieces, at least one."""
    half, part = max(1, sum(left.values()) // 2), {}
    for line, quantity in left.items():
        part[line] = min(quantity, half)
        half -= part[line]
    return part


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
