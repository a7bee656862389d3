"""The Ecwid host: who may call, what goes wrong on purpose, and what a person does in the stand-in store."""

import gzip
import hashlib
import json
import re
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from integrations.sandbox.faults import KINDS, REFUSALS, Fault
from integrations.sandbox.setup import Setup
from integrations.sandbox.state import State
from integrations.sandbox.wire import Reply, Request, set_path

from . import (  # noqa: F401  # their routes
    apps,
    batch,
    demo,
    drawers,
    events,
    oauth,
    orders,
    products,
    profile,
    screens,
    stock,
)
from .access import Access, Token
from .api import KINDS_OF_BODY, Call, Found, find_route, run
from .desk import EcwidDesk
from .errors import EcwidError, dead_token, wrong
from .order import Item, add_refund, build_order, money, recount
from .shop import PEOPLE, SHOP
from .spoil import spoil
from .store import OrderRow, Store, forget
from .wire import dump

KEY = "ecwid"
ADDRESS = re.compile(r"/api/v3/([^/]+)(/.*)$")
WEB_PAGE = b"<!doctype html><title>Ecwid</title><h1>We will be right back</h1>"
WORTH_PACKING = 1000  # bytes


class Host:
    """One store, PaperBoat, with our app in it.

    It is named by its key ("ecwid") or its store id. Names of calls and arguments are those of the other platforms'
    stand-ins wherever they mean the same.
    """

    def __init__(self, setup: Setup, state: State):
        self.lock = threading.RLock()
        self.state, self.setup = state, setup
        self.stopping = threading.Event()
        digest = hashlib.sha256(f"{setup.seed}/{KEY}/store".encode()).digest()
        store_id = 20_000_000 + int.from_bytes(digest[:8], "big") % 60_000_000
        self.store = store = Store(KEY, SHOP["name"], store_id, str(setup.seed), setup.clock)
        self.sites = {KEY: store}
        self.desk = EcwidDesk(self)
        self.access = Access(setup, state, store)
        self.sender = events.Sender(setup.webhook_urls, events.ladder(setup), self.access.client_secret)
        self.batches = batch.Batches(store, state, self._work_on_batch, self._inner)
        store.raise_event = self._raise
        if saved := state.load(KEY):
            self._restore(saved)
            store.save = state.save
            store.set_meta("starts", store.starts)
        else:
            store.save = state.save if state.db else forget
            demo.fill(store, setup)

    def _restore(self, saved: list[tuple[str, str, bytes]]) -> None:
        self.store.restore(row for row in saved if row[0] not in ("token", "code", "batch"))
        for kind, uid, body in saved:
            if kind == "batch":
                self.batches.restore(uid, json.loads(body))
            elif kind in ("token", "code"):
                self.access.restore(kind, uid, json.loads(body))
        self.store.starts += 1
        self.store.draw_anew()

    def info(self, base_url: str) -> dict[str, str]:
        return {
            "api_base_url": f"{base_url}/api/v3",
            "oauth_base_url": f"{base_url}/oauth",
            "store_id": str(self.store.store_id),
            "token": self.access.token,
            "client_id": self.access.client_id,
            "client_secret": self.access.client_secret,
            # As every stand-in names its app.
            "app_id": self.access.client_id,
            "app_secret": self.access.client_secret,
            "installer_url": f"{base_url}/oauth",
        }

    def start(self) -> None:
        self.sender.start()
        self.batches.start()

    def stop(self) -> None:
        self.stopping.set()
        self.batches.stop()
        self.sender.stop()

    def site(self, name: str = KEY) -> Store:
        if name not in (KEY, str(self.store.store_id)):
            raise KeyError(f"no such store: {name}")
        return self.store

    @contextmanager
    def working(self) -> Iterator[None]:
        """Nobody else works meanwhile, and what changes is kept together."""
        with self.lock, self.state.transaction():
            yield

    # Answering calls.

    def answer(self, request: Request) -> Reply:
        """The reply to one HTTP request below the base address: a call, the token's exchange, or a person's page."""
        if request.path == "/oauth/token":
            return self._with_faults(request, "", lambda _: oauth.exchange(self, request))
        match = ADDRESS.match(request.path)
        if match is None:
            return screens.answer(self, request)
        try:
            reply = self._answer(request, *match.groups())
        except EcwidError as problem:
            reply = Reply(problem.status, problem.body(), problem.headers)
        except (AttributeError, KeyError, TypeError, ValueError):  # a body of another shape than the call takes
            traceback.print_exc()
            reply = Reply(400, wrong("Malformed request").body())
        return packed(reply, request)

    def _answer(self, request: Request, store_id: str, path: str) -> Reply:
        if store_id != str(self.store.store_id):
            raise EcwidError(404, f"Store {store_id} not found", "STORE_NOT_FOUND")
        with self.lock:
            token = self.access.caller(request)
        found, body = find_route(request.method, path), body_of(request)
        query = dict(parse_qsl(request.query, keep_blank_values=True))

        def work(faults: list[Fault]) -> Reply:
            made = self._call(token, found, query, body, faults)
            if path.startswith("/orders") and path.endswith("/invoice"):
                return Reply(200, run(found, made), {"Content-Type": "text/html; charset=utf-8"})
            return Reply(200, run(found, made))

        return self._with_faults(request, path, work)

    def _call(self, token: Token, found: Found, query: dict[str, str], body: Any, faults: list[Fault]) -> Call:
        return Call(self.store, self.access, token, found.ids, query, body, faults, self.batches)

    def _with_faults(self, request: Request, path: str, work: Callable[[list[Fault]], Reply]) -> Reply:
        """Do the work, unless a fault strikes before, or spoils the answer after."""
        call, writes = f"{request.method} {request.path}", request.method != "GET"
        with self.lock:
            struck = [fault for fault in self.store.faults if fault.strikes(call, writes, self.store.other)]
            self.store.faults = [fault for fault in self.store.faults if fault.count != 0]
        for fault in struck:
            if fault.kind in ("slow", "timeout"):
                self.stopping.wait(fault.seconds)
            if early := refused(fault):
                return early
        with self.working():
            reply = work(struck)
            kinds = [fault.kind for fault in struck]
            if request.method == "GET" and path == "/orders":
                for kind in kinds:
                    reply.body = spoil(kind, reply.body, self.store.last_page)
                self.store.last_page = reply.body
        if "lost_answer" in kinds:
            return Reply(0, b"")
        reply.cut = "cut" in kinds
        return reply

    def _work_on_batch(self, work: Callable[[], None]) -> None:
        with self.working():
            work()

    def _inner(self, token: str, row: dict[str, Any]) -> bytes:
        known = self.access.find(token)
        if known is None:
            raise dead_token()
        return batch.inner_call(self._call(known, Found(batch.create_batch), {}, None, []), row)

    def _raise(self, kind: str, entity: int | str, data: dict[str, Any] | None = None) -> None:
        store, scope = self.store, events.SCOPES[kind.split(".")[0]]
        may_hear = store.allowed is None or scope in (*store.allowed, "read_store_profile")
        if self.sender.urls and store.installed and may_hear:
            self.sender.send(events.event_of(store, kind, entity, data))

    # Misbehaviour.

    def misbehave(self, kind: str, site: str | None = None, **how: Any) -> None:
        """Make the store go wrong: a switch of desk.SWITCHES, or a fault with `how` as in Fault.

        missing_scopes takes `scopes`, those that are left to the app.
        """
        with self.working():
            store = self.site(site or KEY)
            match kind:
                case "revoked":
                    store.set_meta("revoked", store.revoked or store.installed)
                    self._take_out()
                case "free_plan" | "suspended":
                    store.set_meta("plan", kind.removesuffix("_plan"))
                case "missing_scopes":
                    store.set_meta("allowed", list(how.get("scopes", ())))
                case "webhooks_twice":
                    self.sender.twice = how.get("count") or 10
                case "webhooks_swapped":
                    self.sender.swapped = how.get("count") or 10
                case _:
                    store.faults.append(Fault(kind, **how))

    def behave(self, site: str | None = None) -> None:
        """Forget all misbehaviour, and put the app back as it was."""
        with self.working():
            store = self.site(site or KEY)
            store.faults.clear()
            self.access.forgive()
            self.sender.twice = self.sender.swapped = 0
            store.set_meta("plan", "paid")
            store.set_meta("allowed", None)
            if store.revoked:
                self.add_app(KEY)

    # Our app in the store.

    def agree(self, scopes: list[str], redirect_uri: str) -> str:
        """The owner agrees: the app is in the store from now on. The code for its token."""
        with self.working():
            self.add_app(KEY)
            return self.access.give_code(scopes, redirect_uri)

    def add_app(self, site: str = KEY) -> None:
        with self.working():
            store = self.site(site)
            store.set_meta("revoked", False)
            if not store.installed:
                store.set_meta("installed", True)
                store.raise_event("application.installed", str(store.store_id))

    def remove_app(self, site: str = KEY) -> None:
        """The merchant removes it: tokens given by OAuth never come back to life."""
        with self.working():
            self.site(site)
            self.access.kill_all()
            self._take_out()

    def _take_out(self) -> None:
        if self.store.installed:
            self.store.raise_event("application.uninstalled", str(self.store.store_id))
            self.store.set_meta("installed", False)

    # What a buyer or the merchant does in the store.

    def place_order(
        self,
        site: str = KEY,
        *,
        kind: str = "plain",
        skus: list[str] | None = None,
        quantity: int = 0,
        shipping: str | None = None,
        country: str | None = None,
        paid: bool = True,
        payment: str | None = None,
        status: str | None = None,
        text: str = "",
        note: str = "",
        odd: str = "",
        created: datetime | None = None,
        changes: dict[str, Any] | None = None,
        force: bool = True,
    ) -> dict[str, Any]:
        """A new order, as it goes over the wire.

        `kind`: one of demo.KINDS. `skus`: the lines, each `quantity` times; else lines are drawn, the first of
        them `quantity` times. `shipping`: the title of a way of shipping, any text. `payment` and `status`: words of
        paymentStatus and fulfillmentStatus. `text`: what the first line has engraved. `odd`: one of demo.ODD.
        `changes`: values by dotted path, set last. `force`: also what is sold out, as two buyers at one moment can;
        else the checkout refuses it (stock.OutOfStock).
        """
        with self.working():
            store = self.site(site)
            wish = demo.wish_of(store, kind, shipping)
            if skus is not None:
                wish.items = [Item(*store.find_variant(sku), quantity or 1) for sku in skus]
            elif wish.items:
                wish.items[0].quantity = quantity or wish.items[0].quantity
                wish.items = wish.items if force else demo.in_stock(store, wish.items)
            if text:
                wish.items[0].text = text
            if country:
                wish.person = next((one for one in PEOPLE if one["countryCode"] == country), wish.person)
            if shipping and wish.shipping and demo.option_of(shipping) is None:
                wish.shipping, wish.method = {**wish.shipping, "title": shipping, "methods": []}, ""
            wish.payment = payment or (wish.payment if paid else "AWAITING_PAYMENT")
            wish.fulfillment, wish.note = status or wish.fulfillment, note or wish.note
            at = store.now()
            order = build_order(store, wish, int(created.timestamp()) if created else at, at)
            for path, value in (demo.ODD.get(odd, {}) | (changes or {})).items():
                set_path(order, path, value)
            if not force:
                stock.check(store, order)
            store.put_order(order)
            stock.take(store, order)
            if order["paymentStatus"] == "INCOMPLETE":
                store.raise_event("unfinished_order.created", order["internalId"], {"orderId": order["id"]})
            else:
                store.raise_event("order.created", order["internalId"], orders.created_data(order))
            return order

    def _row(self, site: str, order: str) -> OrderRow:
        row = self.site(site).find_order(order)
        if row is None:
            raise KeyError(f"no such order: {order}")
        return row

    def order(self, site: str, order: str) -> dict[str, Any]:
        """An order by id or internal number, as it goes over the wire."""
        with self.working():
            return self._row(site, order).load()

    def newest(self, site: str, count: int, start: int = 0, number: str = "") -> list[OrderRow]:
        """Orders, newest first; `number`: only those whose id begins so."""
        with self.working():
            condition = {"id": {"$startsWith": number}} if number else {}
            rows, _ = self.site(site).orders.offset(condition, ("created", "number"), True, start, count)
            return rows

    def change_order(self, site: str, order: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Set values of an order by dotted path (None removes). `items.0.quantity` changes the sums with it."""
        with self.working():
            found, before = self.order(site, order), self.order(site, order)
            for path, value in changes.items():
                set_path(found, path, value)
            if any(path.startswith("items") for path in changes) and "total" not in changes:
                recount(found)
            return orders.keep(self.store, found, before)

    def cancel_order(self, site: str, order: str, restock: bool = True) -> dict[str, Any]:
        """`restock`: what it took from the stock goes back."""
        with self.working():
            if not restock:
                self.store.keep_of(self.store.taken, "taken", self._row(site, order).id, [])
            return self.change_order(site, order, {"paymentStatus": "CANCELLED"})

    def delete_order(self, site: str, order: str) -> None:
        with self.working():
            orders.drop(self.store, self._row(site, order))

    def set_payment(self, site: str, order: str, status: str = "PAID") -> dict[str, Any]:
        """PAID, AWAITING_PAYMENT, REFUNDED, ...: a refund with all that was paid."""
        with self.working():
            if status == "REFUNDED":
                found = self.order(site, order)
                return self.refund(site, order, str(money(found["total"]) - money(found["refundedAmount"])))
            return self.change_order(site, order, {"paymentStatus": status})

    def refund(self, site: str, order: str, amount: str) -> dict[str, Any]:
        """A part of the money goes back, on top of what went back before."""
        with self.working():
            found, before = self.order(site, order), self.order(site, order)
            add_refund(found, Decimal(amount), self.store.now())
            whole = money(found["refundedAmount"]) >= money(found["total"])
            found["paymentStatus"] = "REFUNDED" if whole else "PARTIALLY_REFUNDED"
            return orders.keep(self.store, found, before)

    def fulfill(
        self, site: str, order: str, tracking: str = "", provider: str = "", status: str = "SHIPPED"
    ) -> dict[str, Any]:
        """The merchant marks it as shipped, without the panel. Ecwid has no place for the `provider`."""
        changes = {"fulfillmentStatus": status, **({"trackingNumber": tracking} if tracking else {})}
        return self.change_order(site, order, changes)

    def told(self, site: str, order: str) -> list[dict[str, Any]]:
        """What the panel wrote to the order about its shipping, oldest first."""
        with self.working():
            return list(self.site(site).told.get(self._row(site, order).id, []))

    def mails(self, site: str = KEY) -> list[dict[str, Any]]:
        """The mails to buyers that a write caused: order, subject, tracking."""
        with self.working():
            return list(self.site(site).mails)

    def number_orders(self, site: str = KEY, prefix: str = "", suffix: str = "") -> None:
        """How the ids of new orders begin and end."""
        with self.working():
            self.site(site).set_meta("prefix", prefix)
            self.store.set_meta("suffix", suffix)

    # Stock, as the merchant sees and sets it. A product goes by its SKU, or see store.name_of.

    def stock(self, site: str = KEY) -> dict[str, int | None]:
        """What the store has of everything that has a number of its own; None where it is unlimited."""
        with self.working():
            return stock.totals(self.site(site))

    def stock_of(self, site: str, sku: str) -> dict[str, int | None]:
        """Under "", since there are no places."""
        with self.working():
            return {"": stock.source_of(*self.site(site).find_variant(sku)).get("quantity")}

    def set_stock(self, site: str, sku: str, quantity: int | None, place: str = "") -> None:
        """The merchant corrects a quantity, or (None) stops counting."""
        with self.working():
            stock.set_by_hand(self.site(site), sku, quantity)

    def buy_in_store(self, site: str, sku: str, quantity: int = 1) -> None:
        """Somebody buys it over the counter: the stock goes down, and there is no order."""
        with self.working():
            stock.move(self.site(site), *self.store.find_variant(sku), -quantity)

    def change_sku(self, site: str, sku: str, new: str) -> None:
        with self.working():
            stock.change_sku(self.site(site), sku, new)

    @property
    def received(self) -> list[dict[str, Any]]:
        """Every write from outside in the order it came, named, without ids or times: equal after equal runs."""
        with self.working():
            return [{name: value for name, value in row.items() if name != "at"} for row in self.store.received]

    def signed_event(
        self, site: str, kind: str, order: str = "", secret: str = "", **changes: Any
    ) -> tuple[dict[str, str], dict[str, str], bytes]:
        """Query, headers and body of a delivery, for sending it oneself. `secret`: another one, for a forgery."""
        with self.working():
            store = self.site(site)
            row = self._row(site, order) if order else None
            data = orders.created_data(row.load()) if row else None
            event = events.event_of(store, kind, row.number if row else str(store.store_id), data) | changes
            seal = events.sign(secret or self.access.client_secret, event["eventCreated"], event["eventId"])
        headers = {"Content-Type": "application/json; charset=UTF-8", "X-Ecwid-Webhook-Signature": seal}
        return {"eventtype": kind}, headers, dump(event)


def body_of(request: Request) -> Any:
    """What was sent, as JSON. A body that says it is none is refused without a word."""
    if not request.raw or request.method == "GET":
        return None
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in KINDS_OF_BODY:
        raise EcwidError(415, "")
    try:
        return json.loads(request.raw)
    except ValueError:
        raise wrong("The request body is not JSON") from None


def packed(reply: Reply, request: Request) -> Reply:
    if "gzip" in request.headers.get("accept-encoding", "") and len(reply.body) >= WORTH_PACKING:
        reply.body = gzip.compress(reply.body, 1, mtime=0)
        reply.headers["Content-Encoding"] = "gzip"
    return reply


def refused(fault: Fault) -> Reply | None:
    """What a fault answers instead of doing the work. Some of Ecwid's errors have a web page for a body, some none."""
    match fault.kind:
        case "timeout" | "drop":
            return Reply(0, b"")
        case "html":
            return Reply(200, WEB_PAGE, {"Content-Type": "text/html"})
        case "unauthorized":
            return Reply(403, dead_token().body())
        case "gateway":
            return Reply(502, WEB_PAGE, {"Content-Type": "text/html"})
        case "unavailable":
            return Reply(503, b"", {"Content-Type": "text/html"})
        case "stale_revision":
            return Reply(409, EcwidError(409, "It was changed meanwhile", "CONSTRAINT_VIOLATION").body())
        case "refuse":
            return Reply(400, wrong("This cannot be done").body())
    if fault.kind not in REFUSALS:
        return None
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
    codes = {"busy": "RATE_LIMITED", "forbidden": "INSUFFICIENT_APP_SCOPE", "error": "INTERNAL_ERROR"}
    status = REFUSALS[fault.kind]
    return Reply(status, EcwidError(status, KINDS[fault.kind], codes.get(fault.kind, "")).body(), headers)
