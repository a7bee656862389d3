"""The stand-in of Corner Till: one shop behind one loopback address. It imports nothing of the connector."""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import json
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from integrations.sandbox.server import Handler, Server
from integrations.sandbox.wire import Reply, Request

Json = dict[str, Any]
BASE = "/corner/till/2"
ZONE = ZoneInfo("Europe/Berlin")
TIME = "%d.%m.%Y %H:%M:%S %z"
LASTS = dt.timedelta(minutes=30)
MOST_ROWS, MOST_COUNTS = 50, 40
STATUS = {"busy": 429, "error": 500, "gateway": 502, "unavailable": 503, "forbidden": 403, "refuse": 422}
ODD: dict[str, Callable[[Json], Any]] = {  # what goes wrong with the first sale of a page
    "wrong_type": lambda sale: sale["rows"][0].update(pieces="a few"),
    "no_lines": lambda sale: sale.update(rows=[]),
    "no_id": lambda sale: sale.pop("sale_no"),
    "nul": lambda sale: sale.update(say="Ring\x00 twice"),
}


class Oops(Exception):
    def __init__(self, status: int, number: int, say: str) -> None:
        super().__init__(say)
        self.status, self.number, self.say = status, number, say


@dataclass
class Fault:
    """What goes wrong with the next `count` calls whose "METHOD /path" has `on` in it; None: until told to behave."""

    kind: str
    on: str = ""
    count: int | None = 1
    seconds: float = 1.0
    skip: int = 0
    retry_after: int | None = None

    def strikes(self, call: str) -> bool:
        if self.count == 0 or not re.search(self.on, call):
            return False
        if " /till/" in call and not self.on:  # a pass is refused only where that is asked for
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.count is not None:
            self.count -= 1
        return True


class CornerShop:
    """A shop with some articles, two counters, and whatever sales a test places."""

    ARTICLES = (
        (501, "MUG-RED", "Mug, red", 1000), (501, "MUG-BLUE", "Mug, blue", 1000), (502, "TEA", "Tea, 100 g", 650),
        (503, "POT", "Teapot", 2900),
    )  # fmt: skip
    PLACES = ((1, "Front counter"), (2, "Back room"))

    def __init__(self) -> None:
        self.nr, self.pin = 4711, secrets.token_hex(4)
        self.ahead = dt.timedelta()
        self.passes: dict[str, dt.datetime] = {}
        self.renewal = self.older = ""
        self.closed = False
        self.sales: dict[int, Json] = {}
        self.parcels: dict[int, Json] = {}
        self.stock = {(code, place): 5 for _, code, _, _ in self.ARTICLES for place, _ in self.PLACES}
        self.uncounted: set[str] = set()
        self.jobs: dict[int, list[Json]] = {}
        self.named: dict[str, int] = {}
        self.slow_jobs = False
        self.faults: list[Fault] = []
        self.calls: list[str] = []
        self.last_page: Json | None = None
        self.numbers, self.parcel_numbers = itertools.count(1001), itertools.count(90_001)
        self.job_numbers = itertools.count(70)
        self.lock = threading.RLock()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.box = self  # type: ignore[assignment]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    # --- the shop's own people ---

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{BASE}"

    @property
    def secrets(self) -> list[str]:
        return [self.pin, *self.passes, self.renewal, self.older]

    def new_pin(self) -> str:
        self.pin = secrets.token_hex(4)
        return self.pin

    def now(self) -> dt.datetime:
        return dt.datetime.now(ZONE) + self.ahead

    def sell(self, codes: str = "MUG-RED", pieces: int = 1, post: str = "Parcel by van", **changes: Any) -> Json:
        with self.lock:
            number, at = next(self.numbers), self.now().strftime(TIME)
            known = {code: (art, text, each) for art, code, text, each in self.ARTICLES}
            rows = []
            for row, code in enumerate(codes.split(), start=1):
                art, text, each = known[code]
                rows.append(
                    {"row": row, "art": art, "code": code, "text": text, "pieces": f"{pieces},000", "each": each,
                     "sum": each * pieces, "post": "Y"}
                )  # fmt: skip
            goods = sum(row["sum"] for row in rows)
            sale = {
                "sale_no": number, "slip": f"S-{number}", "rung": at, "touched": at, "state": "open", "till": "paid",
                "gone": "none", "money": "EUR", "rows": rows, "collect": "N", "counter": 1, "say": "",
                "cents": {"goods": goods, "post": 490, "tax": 0, "off": 0, "all": goods + 490, "back": 0},
                "to": {"who": "Ann Lee", "firm": "", "street": ["1 Main St", ""], "zip": "10115", "town": "Berlin",
                       "land": "DE", "tel": "+49 30 1234", "mail": "ann@example.com"},
                "post": {"kind": post, "nr": 3} if post else None,
            }  # fmt: skip
            self.sales[number] = sale | changes
            for row in rows:
                self.stock[row["code"], 1] -= pieces
            return self.sales[number]

    def change(self, number: int, **changes: Any) -> Json:
        with self.lock:
            self.sales[number] |= {"touched": self.now().strftime(TIME)} | changes
            return self.sales[number]

    def parcels_of(self, number: int) -> list[Json]:
        return [parcel for parcel in self.parcels.values() if parcel["sale_no"] == number]

    def misbehave(self, kind: str, on: str = "", **how: Any) -> None:
        self.faults.append(Fault(kind, on, **how))

    def behave(self) -> None:
        self.faults.clear()
        self.closed = False

    # --- the wire ---

    def __enter__(self) -> CornerShop:
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def answer(self, request: Request) -> Reply:
        call = f"{request.method} {request.path.removeprefix(BASE)}"
        with self.lock:
            self.calls.append(call)
            fault = next((one for one in self.faults if one.strikes(call)), None)
        kind = fault.kind if fault else ""
        if fault and kind in STATUS:
            wait = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
            return Reply(STATUS[kind], _packed({"oops": 99, "say": "Out of order"}), wait)
        if kind == "drop":
            return Reply(0, b"")
        if fault and kind == "timeout":
            time.sleep(fault.seconds)
        try:
            with self.lock:
                found = self._do(request, call, kind)
        except Oops as oops:
            return Reply(oops.status, _packed({"oops": oops.number, "say": oops.say}))
        if kind == "lost_answer":
            return Reply(0, b"")
        if kind == "html":
            return Reply(200, b"<html><body>Back in a minute</body></html>", {"Content-Type": "text/html"})
        return Reply(200, _packed(found), cut=kind == "cut")

    def _do(self, request: Request, call: str, kind: str) -> Json:
        asked = {name: values[0] for name, values in parse_qs(request.query).items()}
        body = request.json()
        if call == "POST /till/pair":
            return self._pair(request.headers.get("authorization", ""))
        if call == "POST /till/renew":
            return self._renew(str(body.get("renewal", "")))
        self._let_in(asked.get("pass", ""))
        if call == "GET /shop":
            return {
                "shop": {"nr": self.nr, "called": "Corner Shop", "money": "EUR", "zone": ZONE.key},
                "counters": [{"counter": place, "called": name} for place, name in self.PLACES],
            }
        if call == "GET /sales":
            return self._spoiled(self._sales(asked), kind)
        if found := re.fullmatch(r"GET /sales/(\d+)", call):
            return {"sale": self._sale(int(found[1]))}
        if found := re.fullmatch(r"POST /sales/(\d+)/parcels", call):
            return self._send(self._sale(int(found[1])), body)
        if call == "GET /parcels":
            numbers = [int(number) for number in asked.get("sales", "").split(",") if number.isdecimal()]
            return {"sales": {str(one): self.parcels_of(one) for one in numbers if one in self.sales}}
        if found := re.fullmatch(r"(PATCH|DELETE) /parcels/(\d+)", call):
            return self._on_parcel(found[1], int(found[2]), body)
        if call == "GET /stock":
            return self._counts(asked)
        if call == "POST /stock/counts":
            return self._count(body.get("set", []), str(body.get("name") or ""))
        if found := re.fullmatch(r"GET /stock/jobs/(\d+)", call):
            return self._job(int(found[1]))
        raise Oops(404, 1, "No such thing here")

    # --- letting in ---

    def _pair(self, given: str) -> Json:
        """A PIN pairs once."""
        wanted = base64.b64encode(f"{self.nr}:{self.pin}".encode()).decode()
        if not self.pin or given != f"Basic {wanted}":
            raise Oops(401, 12, "This PIN does not pair")
        self.pin = ""
        self.renewal = self.older = ""
        self.passes.clear()
        return self._passed()

    def _renew(self, given: str) -> Json:
        """Each renewal has a token of its own. The one before is good until the pass that came of it is used."""
        if self.closed or not given or given not in (self.renewal, self.older):
            raise Oops(401, 13, "This renewal is spent")
        return self._passed(given)

    def _passed(self, older: str = "") -> Json:
        name = secrets.token_hex(12)
        self.passes[name] = dt.datetime.now(dt.UTC) + LASTS
        self.renewal, self.older = secrets.token_hex(16), older
        return {"pass": name, "renewal": self.renewal, "seconds": int(LASTS.total_seconds())}

    def _let_in(self, name: str) -> None:
        if self.closed:
            raise Oops(403, 3, "This shop lets you in no more")
        if self.passes.get(name, dt.datetime.min.replace(tzinfo=dt.UTC)) <= dt.datetime.now(dt.UTC):
            raise Oops(401, 17, "Pass over")
        self.older = ""

    # --- sales ---

    def _sale(self, number: int) -> Json:
        if number not in self.sales:
            raise Oops(404, 21, "No such sale")
        return self.sales[number]

    def _sales(self, asked: dict[str, str]) -> Json:
        """By page number, oldest first, of what was touched (or rung up) since a time, or up to one."""
        by = "rung" if "rung_from" in asked or "rung_to" in asked else "touched"
        rows = sorted(self.sales.values(), key=lambda sale: (_time(sale[by]), sale["sale_no"]))
        if since := asked.get(f"{by}_from"):
            rows = [sale for sale in rows if _time(sale[by]) >= _time(since)]
        if until := asked.get(f"{by}_to"):
            rows = [sale for sale in rows if _time(sale[by]) < _time(until)]
        if slip := asked.get("slip"):
            rows = [sale for sale in rows if sale["slip"] == slip]
        return _page(rows, asked, "sales")

    def _spoiled(self, page: Json, kind: str) -> Json:
        shown = json.loads(json.dumps(page))
        sales = shown["sales"]
        if sales and kind in ODD:
            ODD[kind](sales[0])
        elif kind == "duplicate":
            shown["sales"] = sales[:1] + sales
        elif kind == "same_id" and len(sales) > 1:
            sales[1]["sale_no"] = sales[0]["sale_no"]
        elif kind == "reordered":
            sales.reverse()
        elif kind == "repeat_page" and self.last_page:
            shown = self.last_page
        self.last_page = page
        return shown

    # --- parcels ---

    def _send(self, sale: Json, body: Json) -> Json:
        """A parcel of its own, or one that goes with another: `with` names the one that the pieces are booked on."""
        if sale["state"] != "open":
            raise Oops(422, 31, "The sale is not open")
        beside = body.get("with")
        if beside is None:
            self._check_pieces(sale, body.get("pieces", {}))
        elif beside not in self.parcels:
            raise Oops(404, 34, "No such parcel")
        number = next(self.parcel_numbers)
        self.parcels[number] = {
            "parcel_no": number, "sale_no": sale["sale_no"], "barcode": str(body["barcode"]), "with": beside,
            "courier": str(body.get("courier", "")), "pieces": body.get("pieces", {}) if beside is None else {},
            "sent": self.now().strftime(TIME),
        }  # fmt: skip
        self._touch(sale)
        return {"parcel_no": number}

    def _check_pieces(self, sale: Json, pieces: dict[str, int]) -> None:
        rows = {str(row["row"]): int(row["pieces"].partition(",")[0]) for row in sale["rows"]}
        if set(pieces) - set(rows):
            raise Oops(422, 32, "No such row")
        for row, most in rows.items():
            gone = sum(parcel["pieces"].get(row, 0) for parcel in self.parcels_of(sale["sale_no"]))
            if gone + pieces.get(row, 0) > most:
                raise Oops(422, 33, "More than was sold")

    def _on_parcel(self, method: str, number: int, body: Json) -> Json:
        if number not in self.parcels:
            raise Oops(404, 34, "No such parcel")
        parcel = self.parcels[number]
        if method == "PATCH":
            parcel |= {name: str(body[name]) for name in ("barcode", "courier") if name in body}
        else:
            for one in [number, *(other for other, row in self.parcels.items() if row["with"] == number)]:
                del self.parcels[one]
        self._touch(self.sales[parcel["sale_no"]])
        return {"parcel_no": number}

    def _touch(self, sale: Json) -> None:
        gone: dict[str, int] = {}
        for parcel in self.parcels_of(sale["sale_no"]):
            for row, pieces in parcel["pieces"].items():
                gone[row] = gone.get(row, 0) + pieces
        open_rows = [r for r in sale["rows"] if gone.get(str(r["row"]), 0) < int(r["pieces"].partition(",")[0])]
        sale["gone"] = "none" if not gone else "some" if open_rows else "all"
        sale["touched"] = self.now().strftime(TIME)

    # --- stock ---

    def _counts(self, asked: dict[str, str]) -> Json:
        arts = {code: art for art, code, _, _ in self.ARTICLES}
        codes = asked["codes"].split(",") if "codes" in asked else None
        rows = [
            {"art": arts[code], "code": code, "counter": place, "pieces": pieces,
             "counted": "N" if code in self.uncounted else "Y"}
            for (code, place), pieces in sorted(self.stock.items()) if codes is None or code in codes
        ]  # fmt: skip
        return _page(rows, asked, "counts")

    def _count(self, rows: list[Json], name: str) -> Json:
        """Booked at once; what came of it is asked for by its number. A name is booked once."""
        if name and self.named.get(name) in self.jobs:
            return {"job": self.named[name]}
        if len(rows) > MOST_COUNTS:
            raise Oops(422, 41, "Too many at once")
        said = []
        for row in rows:
            key = (row["code"], row["counter"])
            if key not in self.stock:
                said.append({"code": row["code"], "counter": row["counter"], "said": "unknown"})
            elif row["code"] in self.uncounted:
                said.append({"code": row["code"], "counter": row["counter"], "said": "not counted"})
            else:
                self.stock[key] = int(row["pieces"])
                said.append({"code": row["code"], "counter": row["counter"], "said": "ok"})
        number = next(self.job_numbers)
        self.jobs[number] = said
        self.named[name] = number
        return {"job": number}

    def _job(self, number: int) -> Json:
        if number not in self.jobs:
            raise Oops(410, 42, "Forgotten")
        return {"job": number, "ready": "N"} if self.slow_jobs else {"ready": "Y", "counts": self.jobs[number]}


def _page(rows: list[Json], asked: dict[str, str], name: str) -> Json:
    size, page = min(int(asked.get("rows", MOST_ROWS)), MOST_ROWS), int(asked.get("page", 1))
    pages = max(1, -(-len(rows) // size))
    return {name: rows[(page - 1) * size : page * size], "page": page, "of": pages}


def _time(text: str) -> dt.datetime:
    """A sale that was rung at no time lies before all others."""
    try:
        return dt.datetime.strptime(text, TIME)
    except ValueError:
        return dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _packed(value: Any) -> bytes:
    return json.dumps(value).encode()
