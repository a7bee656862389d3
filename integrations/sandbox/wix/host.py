"""The Wix host: who may call, what goes wrong on purpose, and what a person does in the stand-in store."""

import json
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from integrations.sandbox.faults import KINDS, REFUSALS, Fault
from integrations.sandbox.setup import Setup
from integrations.sandbox.state import State
from integrations.sandbox.wire import Reply, Request, set_path

from . import (  # noqa: F401  # their routes
    automation_pages,
    automations,
    catalog_v1,
    catalog_v3,
    consent,
    dashboard,
    demo,
    events,
    fulfillments,
    key_page,
    market,
    migrate,
    orders,
    places,
    screens,
    stock,
    stock_v1,
    stock_v3,
    writes_v1,
    writes_v3,
)
from .access import Access, from_base64url, make_key, public_half
from .api import Call, find_route
from .desk import WixDesk
from .errors import WixError, invalid
from .keys import Keys
from .order import Item, Wish, build_order
from .shop import PEOPLE, SHOPS
from .site import OrderRow, Site, dump, forget, iso
from .spoil import spoil

SUBSCRIBED = ("wix.ecom.", "App")  # the events that our app asked Wix for; not those of catalogue and stock
SETTINGS = ("catalog", "name", "currency", "language", "country", "time_zone", "installed")
make_key_once = cache(make_key)  # one key pair per process: making one costs a tenth of a second
WEB_PAGE = b"<!doctype html><title>Wix</title><h1>We will be right back</h1>"


class Host:
    """Two sites, MyShop with catalogue V1 and NordicCup with V3, and one app installed on both.

    A site is named by its key ("v1", "v3"), its
    instance id or its site id.
    """

    def __init__(self, setup: Setup, state: State):
        self.lock = threading.RLock()
        self.state = state
        self.stopping = threading.Event()
        self.setup = setup
        self.private_key = state.once("key", make_key_once)
        self.access = Access(setup.seed, setup.rate_limit, Keys(state))
        self.sender = events.Sender(setup.webhook_urls, setup.retries)
        self.desk = WixDesk(self)
        self.sites: dict[str, Site] = {}
        for key, shop in SHOPS.items():
            settings = {name: shop[name] for name in SETTINGS}
            self.sites[key] = site = Site(key, **settings, seed=str(setup.seed), clock=setup.clock)
            site.raise_event = self._raiser(site)
            if saved := state.load(key):
                demo.add_places(site)
                demo.add_shipping(site)
                site.restore(iter(saved))
                site.random.seed(f"{setup.seed}/{key}/{site.latest}")
            else:
                site.save = state.save if state.db else forget
                demo.fill(site, setup)
                site.set_meta("latest", site.latest)
            site.save = state.save if state.db else forget

    # Answering calls.

    def info(self, base_url: str) -> dict[str, str]:
        return {
            "base_url": base_url,
            "app_id": self.access.app_id,
            "app_secret": self.access.app_secret,
            "public_key": public_half(self.private_key),
            "api_key": self.access.api_key,
            **{f"instance_{key}": site.instance_id for key, site in self.sites.items()},
            **{f"site_id_{key}": site.site_id for key, site in self.sites.items()},
            "dashboard_url": f"{base_url}/account/sites",
            "market_url": f"{base_url}/app-market/{market.SLUG}",
            "installer_url": f"{base_url}/app-installer",
        }

    def site(self, name: str) -> Site:
        for site in self.sites.values():
            if name in (site.key, site.instance_id, site.site_id):
                return site
        raise KeyError(f"no such site: {name}")

    @contextmanager
    def working(self) -> Iterator[None]:
        """Nobody else works meanwhile, and what changes is kept together."""
        with self.lock, self.state.transaction():
            yield

    def answer(self, request: Request) -> Reply:
        """The reply to one HTTP request below the base address: a page of a person's, or else a call."""
        if screens.is_screen(request.path):
            return screens.answer(self, request)
        try:
            reply = self._answer(request)
        except WixError as problem:
            reply = Reply(problem.status, dump(problem.body()))
        except (AttributeError, KeyError, TypeError, ValueError):  # a body of another shape than the call takes
            traceback.print_exc()
            reply = Reply(400, dump(invalid("body", "is malformed", "INVALID_ARGUMENT").body()))
        reply.headers["X-Wix-Request-Id"] = f"{time.time():.6f}.{uuid.uuid4().int % 10**12}"
        return reply

    def _answer(self, request: Request) -> Reply:
        sites = list(self.sites.values())
        if request.path == "/oauth2/token":
            wanted = request.json()
            site = next((site for site in sites if site.instance_id == wanted.get("instance_id")), None)
            return self._with_faults(site, request, False, lambda _: dump(self.access.give_token(wanted, site)))
        if request.path == "/oauth2/token-info":
            return Reply(200, dump(self.access.token_info(str(request.json().get("token", "")), sites)))
        found = find_route(request.method, request.path)
        with self.lock:
            site = self.access.caller(request, sites, writes=bool(found and found[2]))
        if found is None:
            raise WixError(404, f"{request.method} {request.path} is not a call of this API", "NOT_FOUND")
        function, ids, write = found
        return self._with_faults(
            site, request, write, lambda faults: _bytes(function(_call(site, ids, request, faults)))
        )

    def _with_faults(
        self, site: Site | None, request: Request, write: bool, work: Callable[[list[Fault]], bytes]
    ) -> Reply:
        """Do the work, unless a fault of the site strikes before, or spoils the answer after."""
        call = f"{request.method} {request.path}"
        with self.lock:
            struck = [fault for fault in site.faults if fault.strikes(call, write, site.random)] if site else []
            if site and any(fault.count == 0 for fault in site.faults):
                site.faults = [fault for fault in site.faults if fault.count != 0]
        for fault in struck:
            if fault.kind in ("slow", "timeout"):
                self.stopping.wait(fault.seconds)
            if fault.kind in ("timeout", "drop"):
                return Reply(0, b"")
            if fault.kind in REFUSALS:
                return refusal(fault)
            if fault.kind == "stale_revision":
                raise WixError(409, "entity has already changed since the requested revision", "CONFLICT")
            if fault.kind == "refuse":
                raise WixError(400, "this cannot be done", "OPERATION_REFUSED")
            if fault.kind == "html":
                return Reply(200, WEB_PAGE, {"Content-Type": "text/html"})
        with self.working():
            body = work(struck)
            kinds = [fault.kind for fault in struck]
            if site and "orders/search" in request.path:
                for kind in kinds:
                    body = spoil(kind, body, site.last_page)
                site.last_page = body
        if "lost_answer" in kinds:
            return Reply(0, b"")
        return Reply(200, body, cut="cut" in kinds)

    # Misbehaviour.

    def misbehave(self, kind: str, site: str | None = None, **how: Any) -> None:
        """Make one site (or both) go wrong: `how` as in Fault. "revoked" takes the app off the site."""
        with self.working():
            for one in [self.site(site)] if site else self.sites.values():
                if kind == "revoked":
                    one.set_meta("revoked", one.revoked or one.installed)
                    self.remove_app(one)
                elif kind == "expire_tokens":
                    one.set_meta("tokens_from", time.time())
                else:
                    one.faults.append(Fault(kind, **how))

    def behave(self, site: str | None = None) -> None:
        """Forget all misbehaviour, and install the app again."""
        with self.working():
            for one in [self.site(site)] if site else self.sites.values():
                one.faults.clear()
                if one.revoked:
                    self.add_app(one)

    # Our app on a site, which keeps its instance id whatever happens.

    def add_app(self, site: Site) -> None:
        with self.working():
            site.set_meta("revoked", False)
            if not site.installed:
                site.set_meta("installed", True)
                site.raise_event("AppInstalled", {"appId": self.access.app_id, "originInstanceId": ""})

    def remove_app(self, site: Site) -> None:
        with self.working():
            if site.installed:
                site.raise_event("AppRemoved", {"appId": self.access.app_id})
                site.set_meta("installed", False)

    # What a buyer or the merchant does in the store.

    def place_order(
        self,
        site: str = "v1",
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
        them `quantity` times. `shipping`: the title of a way of shipping, any text. `text`: what the first line has
        engraved. `odd`: one of demo.ODD. `changes`: values by dotted path, set last. `force`: also what is sold out,
        as two buyers at one moment can; else the checkout refuses it (stock.OutOfStock).
        """
        with self.working():
            shop = self.site(site)
            wish = demo.wish_of(shop, kind, shipping)
            if skus is not None:
                wish.items = [Item(*shop.find_variant(sku), quantity or 1) for sku in skus]
            elif wish.items:
                wish.items[0].quantity = quantity or wish.items[0].quantity
                wish.items = wish.items if force else stock.in_stock(shop, wish.items)
            if text:
                wish.items[0].text = text
            if country:
                wish.person = next((one for one in PEOPLE if one["address"]["country"] == country), wish.person)
            self._set_shipping(shop, wish, shipping)
            wish.payment = payment or (wish.payment if paid else "NOT_PAID")
            wish.status, wish.note = status or wish.status, note or wish.note
            moment = iso(created) if created else shop.now()
            order = build_order(shop, wish, str(shop.next_number), shop.new_id(), moment, shop.now())
            order = deepcopy(order)  # it shares its persons' addresses with others
            for path, value in (demo.ODD.get(odd, {}) | (changes or {})).items():
                set_path(order, path, value)
            if not force:
                stock.check(shop, order)
            shop.set_meta("next_number", shop.next_number + 1)
            shop.put_order(order)
            stock.take(shop, order)
            events.tell(shop, "created", order)
            if order["status"] == "APPROVED":
                events.tell(shop, "approved", order)
            return order

    @staticmethod
    def _set_shipping(shop: Site, wish: Wish, title: str | None) -> None:
        if title and wish.shipping and wish.shipping["title"] != title:
            wish.shipping = {**wish.shipping, "title": title, "code": shop.new_id()}

    def order(self, site: str, order: str) -> dict[str, Any]:
        """An order by id or number, as it goes over the wire."""
        with self.working():
            row = self.site(site).find_order(order)
            if row is None:
                raise KeyError(f"no such order: {order}")
            return row.load()

    def newest(self, site: str, count: int, start: int = 0, number: str = "") -> list[OrderRow]:
        """Orders, newest first; `number`: only those whose number begins so."""
        with self.working():
            condition = {"number": {"$startsWith": number}} if number else {}
            rows, _ = self.site(site).orders.offset(condition, ("createdDate",), True, start, count)
            return rows

    def change_order(self, site: str, order: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Set values of an order by dotted path (None removes). `lineItems.0.quantity` changes the sums with it."""
        with self.working():
            shop, found = self.site(site), self.order(site, order)
            for path, value in changes.items():
                match path.split("."):
                    case ["lineItems", position, "quantity"] if isinstance(value, int):
                        more = value - found["lineItems"][int(position)]["quantity"]
                        orders.resize(found, int(position), value)
                        stock.add_to_line(shop, found, int(position), more)
                    case _:
                        set_path(found, path, value)
            if told := shop.told.get(found["id"]):
                found["fulfillmentStatus"] = fulfillments.status_of(found, told)
            return orders.store(shop, found)

    def cancel_order(self, site: str, order: str, restock: bool = True) -> dict[str, Any]:
        """`restock`: what it took from the stock goes back, as the merchant's form proposes."""
        with self.working():
            return orders.cancel(self.site(site), self.order(site, order), restock=restock)

    def set_payment(self, site: str, order: str, status: str = "PAID") -> dict[str, Any]:
        """PAID, PENDING, FULLY_REFUNDED, ...: with the balance that goes with it."""
        with self.working():
            return orders.pay(self.site(site), self.order(site, order), status)

    def refund(self, site: str, order: str, amount: str) -> dict[str, Any]:
        """A part of the money goes back, on top of what went back before."""
        with self.working():
            return orders.refund(self.site(site), self.order(site, order), Decimal(amount))

    def edit_order(
        self, site: str, order: str, *, add: dict[str, int] | None = None, set_to: dict[int, int] | None = None,
        remove: tuple[int, ...] = (),
    ) -> dict[str, Any]:  # fmt: skip
        """The merchant edits a placed order and commits it. `add`: pieces by SKU; the others by a line's place."""
        with self.working():
            shop, found = self.site(site), self.order(site, order)
            for sku in add or {}:
                orders.add_line(found, *shop.find_variant(sku))
            first_new = len(found["lineItems"]) - len(add or {})
            new = {first_new + n: quantity for n, quantity in enumerate((add or {}).values())}
            for place, quantity in {**(set_to or {}), **new, **dict.fromkeys(remove, 0)}.items():
                more = quantity - found["lineItems"][place]["quantity"]
                orders.resize(found, place, quantity)
                stock.add_to_line(shop, found, place, more)
            found["lineItems"] = [line for place, line in enumerate(found["lineItems"]) if place not in remove]
            if told := shop.told.get(found["id"]):
                found["fulfillmentStatus"] = fulfillments.status_of(found, told)
            return orders.commit_edit(shop, found)

    def take_back(self, site: str, order: str, place: int = 0) -> None:
        """The merchant deletes one of the order's shipments, whoever made it."""
        with self.working():
            fulfillments.take_back(self.site(site), self.order(site, order), place)

    def migrate(self, site: str) -> None:
        """The site moves from Catalog V1 to V3."""
        with self.working():
            migrate.migrate(self.site(site))

    def fulfill(
        self, site: str, order: str, tracking: str = "", provider: str = "ups", lines: dict[int, int] | None = None
    ) -> None:
        """The merchant ships what is open, without the panel; or of some `lines`, by their place, so many pieces."""
        with self.working():
            shop, found = self.site(site), self.order(site, order)
            gone = fulfillments.fulfilled(shop.told.get(found["id"], []))
            shipped = [
                {"id": line["id"], **({"quantity": lines[place]} if lines else {})}
                for place, line in enumerate(found["lineItems"])
                if line["physicalProperties"]["shippable"]
                and gone[line["id"]] < line["quantity"]
                and (not lines or place in lines)
            ]
            info = {"trackingInfo": {"trackingNumber": tracking, "shippingProvider": provider}} if tracking else {}
            fulfillments.add(shop, found["id"], [{"lineItems": shipped, **info}])

    def told(self, site: str, order: str) -> list[dict[str, Any]]:
        """The fulfillments the store knows of an order."""
        with self.working():
            return list(self.site(site).told.get(self.order(site, order)["id"], []))

    # Stock, as the merchant sees and sets it. A product goes by its SKU, or see site.name_of.

    def stock(self, site: str) -> dict[str, int | None]:
        """What the store has of everything, at all its locations; None where it does not count."""
        with self.working():
            return stock.totals(self.site(site))

    def stock_of(self, site: str, sku: str) -> dict[str, int | None]:
        """By the name of the location; under "" where the store has one number for all."""
        with self.working():
            shop = self.site(site)
            return stock.by_place(shop, *shop.find_variant(sku))

    def set_stock(self, site: str, sku: str, quantity: int | None, place: str = "") -> None:
        """The merchant corrects a quantity, or (None) stops counting. `place`: a location's name or id."""
        with self.working():
            stock.set_by_hand(self.site(site), sku, quantity, place)

    def change_sku(self, site: str, sku: str, new: str) -> None:
        with self.working():
            stock.change_sku(self.site(site), sku, new)

    @property
    def received(self) -> list[dict[str, Any]]:
        """Every write from outside in the order it came, named, without ids or times: equal after equal runs."""
        with self.working():
            rows = [entry for site in self.sites.values() for entry in site.received]
            return [
                {name: value for name, value in entry.items() if name != "at"}
                for entry in sorted(rows, key=lambda entry: entry["at"])
            ]

    def signed_app_event(self, site: str, event_type: str) -> str:
        """The signed body of a delivery of AppInstalled or AppRemoved."""
        with self.working():
            shop, event = self.site(site), {"appId": self.access.app_id}
            return events.sign(shop, self.private_key, self.access.app_id, event_type, event, time.time())

    def signed_order_event(self, site: str, order: str, slug: str = "approved", key: str | None = None) -> str:
        """The signed body of a delivery, for sending it oneself. `key`: another private key, for a forgery."""
        with self.working():
            shop = self.site(site)
            event = events.order_event(shop, slug, self.order(site, order))
            return events.sign(
                shop, key or self.private_key, self.access.app_id, f"wix.ecom.v1.order_{slug}", event, time.time()
            )

    def _raiser(self, site: Site) -> Callable[[str, dict], None]:
        def raise_event(event_type: str, event: dict) -> None:
            automations.hear(self.sender, site, event_type, event)
            if self.sender.urls and site.installed and event_type.startswith(SUBSCRIBED):
                self.sender.send(
                    event_type, events.sign(site, self.private_key, self.access.app_id, event_type, event, time.time())
                )

        return raise_event

    def start(self) -> None:
        self.sender.start()

    def stop(self) -> None:
        self.stopping.set()
        self.sender.stop()


def _bytes(answer: Any) -> bytes:
    return answer if isinstance(answer, bytes) else dump(answer)


def _call(site: Site, ids: dict[str, str], request: Request, faults: list[Fault]) -> Call:
    query = parse_qs(request.query)
    body = request.json()
    if ".r" in query:
        body = json.loads(from_base64url(query[".r"][0]))
    return Call(site, ids, query, body, faults)


def refusal(fault: Fault) -> Reply:
    status = REFUSALS[fault.kind]
    codes = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED"}
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
    return Reply(status, dump(WixError(status, KINDS[fault.kind], codes.get(status, "INTERNAL")).body()), headers)
