"""Everything of the simulated week that touches the product and its stand-in store: what people and programs do there.

A store sells, a partner reports levels and shipments over the API, a person counts, corrects and ships in the panel,
and workers run in this process, under a clock that the story moves.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import time_machine
from django.test import Client
from django.utils import timezone

from fcp.models import ApiKey
from fcp.scopes import FOR_PARTNER
from integrations.connectors.declaring import FlowKind
from integrations.live import go_live
from integrations.models import Budget, Flow, StockPush
from integrations.sandbox.server import Sandbox
from integrations.stock_answers import allow_first_push, answer_guard
from integrations.tick import tick
from inventory.levels import AdjustItem, LevelItem, adjust_levels, report_levels
from inventory.models import KeptBy, MovementKind, Reports
from mappings.mapping import map_listing, map_location, map_ship_method
from mappings.models import Listing, ListingStock, Location, ShipMethod
from mappings.take import take_products
from orders.fulfilling import Shipment, Tracking, report_fulfillment, void
from orders.models import Fulfillment, ShippingRequest
from orders.models.shipping import Origin, RequestState
from orders.shapes import Status
from orders.shipping import acknowledge, answer_cancel
from tests.build import make_account, make_partner, make_warehouse
from tests.integrations.flows.world import change_settings, connect_store, work
from tests.week.model import Broken, Rules

ODD_WAY = "Carrier pigeon"  # a way of shipping that nobody has mapped: orders with it are held
HOUSES = ("A", "B")
STOCK_WRITES = "PATCH /stores/v2/inventoryItems/product/|POST /stores/v3/bulk/inventory-items/"
LOST = 0.05  # of the answers to these
PACKS = 3  # listings that are two pieces of another one
PATIENCE = 1000  # tasks that may follow from one thing that happened


@dataclass(frozen=True, slots=True)
class Request:
    """A shipping request as a warehouse reads it; `lines`: the SKU that was sold and the id of its line."""

    pk: str
    revision: int
    number: str
    lines: Mapping[str, str]


class Hands:
    """One store of the stand-in (`site`: its catalogue), one account, two warehouses.

    A is a partner's, which reports levels; B is kept in the panel, by a person.
    """

    def __init__(self, site: str, skus: int, seed: int, *, available: bool) -> None:
        self.site = site
        self.skus = skus
        self.seed = seed
        self.partner_reports_available = available
        self.questions = 0  # of a guard
        self._clock = time_machine.travel(dt.datetime(2026, 11, 16, tzinfo=dt.UTC), tick=False)
        self._entries = 0  # of the store's log that were looked at
        self._ever_written: set[str] = set()
        self._parcels = 0
        self._client = Client(headers={"host": "localhost"})

    def __enter__(self) -> Self:
        self._time = self._clock.start()
        # A shop's products have nearly two variants each; some are digital, one is not counted, some have no SKU.
        self.box = Sandbox(orders=0, products=self.skus * 2 // 3 + 12, seed=self.seed, rate_limit=0).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.box.stop()
        self._clock.stop()

    def move_to(self, now: dt.datetime) -> None:
        self._time.move_to(now, tick=False)

    # --- the beginning

    def open(self) -> None:
        """Connect the store, read its products and locations, take the products over, map what has to be mapped."""
        self._choose_listings()
        account = make_account()
        reports = Reports.AVAILABLE if self.partner_reports_available else Reports.ON_HAND
        self.partner = make_partner()
        self.houses = {
            "A": make_warehouse(account, code="A", partner=self.partner, reports=reports),
            "B": make_warehouse(account, code="B", kept_by=KeptBy.PANEL),
        }
        self._key = ApiKey.objects.issue("WMS", list(FOR_PARTNER), partner=self.partner)[1]
        flows = (FlowKind.ORDERS, FlowKind.FULFILLMENTS, FlowKind.PRODUCTS, FlowKind.INVENTORY)
        self.integration = connect_store(
            self.box, self.site, account=account, on=flows, way="app", channel_mode="webhooks_poll",
            payment_status=["paid"],
        )  # fmt: skip
        self._many_calls()
        self.work()
        self._map_words()
        self.work()

    def _choose_listings(self) -> None:
        """Of the listings whose stock the store counts: the others get no level. Some are packs of another one."""
        dice = random.Random(f"listings {self.seed}")
        products = list(self.box.wix.site(self.site).products)
        skus = [variant["sku"] for product in products if product["track"] for variant in product["variants"]]
        skus = dice.sample([sku for sku in skus if sku], self.skus)
        self.packs = dict(zip(skus[:PACKS], skus[PACKS : 2 * PACKS], strict=True))
        self.singles = skus[PACKS:]
        self._sellable = set(skus)
        self._tracked_before = {product["id"] for product in products if product["track"]}

    def _map_words(self) -> None:
        by, now, store = "Ann", timezone.now(), self.integration.store
        take_products(store, by=by, now=now)
        listings = {row.sku: row for row in Listing.objects.filter(store=store).select_related("product")}
        for pack, single in self.packs.items():
            map_listing(listings[pack], listings[single].product, units=2, by=by, now=now)
        locations = {row.uid: row for row in Location.objects.filter(store=store)}
        for place, house in zip(self._shop_places(), HOUSES, strict=True):
            map_location(locations[place["id"]], self.houses[house], by=by, now=now)

    def map_ways(self, *, odd: bool) -> None:
        """A person gives ways of shipping that orders named a meaning; until then these are held."""
        for row in ShipMethod.objects.unmapped().filter(store=self.integration.store):
            if odd or row.title != ODD_WAY:
                map_ship_method(row, "GROUND", by="Ann", now=timezone.now(), carrier="UPS", service="Ground")

    @property
    def places(self) -> dict[str, tuple[str, ...]]:
        """Where the store counts, and the warehouses behind it: catalogue V1 knows one number for all."""
        if self.site == "v1":
            return {"": ("A", "B")}
        return {place["name"]: (house,) for place, house in zip(self._shop_places(), HOUSES, strict=True)}

    def _shop_places(self) -> list[dict[str, Any]]:
        return self.box.wix.site(self.site).locations

    def go_live(self) -> None:
        go_live(self.integration, by="Ann", now=timezone.now())

    def first_push(self) -> None:
        """A person has seen the preview and sends the quantities."""
        allow_first_push(self.integration, by="Ann", now=timezone.now())

    def change_rules(self, rules: Rules) -> None:
        given = {"stock_reserve": rules.reserve, "stock_minimum": rules.minimum, "stock_cap": rules.cap}
        change_settings(self.integration, **given)
        self._many_calls()  # saving sets the store's rate

    def _many_calls(self) -> None:
        """How the store's limit is kept is another test's; here the clock stands while flows work."""
        Budget.objects.filter(store=self.integration.store).update(
            per_minute=1_000_000, tokens=250_000, bulk_tokens=150_000
        )

    # --- workers

    def work(self) -> None:
        work(PATIENCE)
        self._answer_guard()

    def tick(self) -> None:
        tick(timezone.now())

    def has_read_orders(self) -> bool:
        return self._flow(FlowKind.ORDERS).last_ok_at == timezone.now()

    def unrest(self) -> list[str]:
        """What still has to be done: flows in trouble, listings to be looked at or sent, shipments to be told."""
        store = self.integration.store
        flows = Flow.objects.filter(integration=self.integration, due_at__isnull=False).exclude(problem_code="")
        rows = ListingStock.objects.filter(store=store).due()
        # What a warehouse could not stop any more after the store had canceled it, the store does not take.
        untold = Fulfillment.objects.to_tell().filter(store=store).exclude(order__status=Status.CANCELED)
        return [
            *(f"the {flow.kind} flow says: {flow.problem}" for flow in flows),
            *(f"{row.listing.sku} is still to be sent: {row.why} {row.problem}" for row in rows[:5]),
            *(f"a shipment of {one.order.number} is still to be told: {one.problem}" for one in untold[:5]),
        ]

    def _flow(self, kind: FlowKind) -> Flow:
        return Flow.objects.get(integration=self.integration, kind=kind)

    def _answer_guard(self) -> None:
        """A person reads what a guard asks, and says to send all the same."""
        push = StockPush.objects.filter(store=self.integration.store).exclude(guard="").first()
        if push:
            self.questions += 1
            answer_guard(self.integration, by="Ann", now=timezone.now(), send=True)
            work(PATIENCE)

    # --- the store

    def misbehave(self) -> None:
        """Some of what the store does it never says."""
        self.box.wix.misbehave("lost_answer", self.site, path=STOCK_WRITES, share=LOST, count=None)

    def behave(self) -> None:
        self.box.wix.behave(self.site)

    def place_order(self, skus: Sequence[str], quantity: int, house: str, *, paid: bool, odd_way: bool) -> str:
        """A buyer's order, which the store takes off its stock at once; its number."""
        place = self._shop_places()[HOUSES.index(house)]
        here = {"id": place["id"], "name": place["name"]}
        changes: dict[str, Any] = {"businessLocation": here}
        changes |= {f"lineItems.{n}.locations": [here | {"quantity": quantity}] for n in range(len(skus))}
        order = self.box.wix.place_order(
            self.site, skus=list(skus), quantity=quantity, paid=paid, changes=changes,
            shipping=ODD_WAY if odd_way else None, force=False,
        )  # fmt: skip
        return str(order["number"])

    def webhook(self, number: str) -> None:
        body = self.box.wix.signed_order_event(self.site, number, "updated")
        reply = self._client.post("/hooks/wix/", data=body, content_type="text/plain")
        assert reply.status_code == 200, reply.content

    def pay(self, number: str) -> None:
        self.box.wix.set_payment(self.site, number)

    def cancel(self, number: str, *, restock: bool) -> None:
        self.box.wix.cancel_order(self.site, number, restock=restock)

    def shown(self, sku: str) -> dict[str, int]:
        """What the store itself shows of a listing, by place; nothing where it counts none yet."""
        numbers = self.box.wix.stock_of(self.site, sku)
        return {place: numbers.get(place) or 0 for place in self.places}

    def written(self) -> Iterator[tuple[str, str, int]]:
        """(place, SKU, number) of what the store was told since the last time."""
        log = self.box.wix.site(self.site).received
        new, self._entries = log[self._entries :], len(log)
        for entry in new:
            if entry["name"] not in ("set_stock", "create_item"):
                continue
            levels = entry["levels"] if self.site == "v1" else {entry["sku"]: entry["level"]}
            for sku, number in levels.items():
                self._ever_written.add(sku)
                if sku in self._sellable:
                    yield entry.get("place", ""), sku, number

    def oddities(self) -> list[str]:
        """What must never have happened, besides wrong numbers."""
        wrongly = sorted(self._ever_written - self._sellable)
        odd = [f"{sku}: no level of it was ever reported, yet one was sent" for sku in wrongly]
        shop = self.box.wix.site(self.site)
        tracked = {product["id"] for product in shop.products if product["track"]}
        return odd + [f"Tracking of product {uid} was switched" for uid in sorted(self._tracked_before ^ tracked)]

    # --- the partner

    def report_levels(self, levels: Mapping[str, int], taken_at: dt.datetime) -> list[str]:
        """The SKUs whose level is known now, at least as of then."""
        rows = [{"sku": sku, "quantity": quantity} for sku, quantity in levels.items()]
        body = {"warehouse": str(self.houses["A"].pk), "taken_at": taken_at.isoformat(), "levels": rows}
        answers = self._call("POST", "/stock-levels", body)["results"]
        odd = [answer for answer in answers if answer["result"] not in ("taken", "unchanged", "older")]
        if odd:
            raise Broken(f"Levels were refused: {odd}")
        return [answer["sku"] for answer in answers if answer["result"] != "older"]

    def adjust(self, sku: str, change: int, at: dt.datetime, ref: str) -> bool:
        row = {"id": ref, "sku": sku, "change": change, "at": at.isoformat(), "reason": "Goods moved"}
        body = {"warehouse": str(self.houses["A"].pk), "adjustments": [row]}
        [answer] = self._call("POST", "/stock-adjustments", body)["results"]
        if answer["result"] not in ("taken", "unchanged", "repeated", "below_zero"):
            raise Broken(f"An adjustment was refused: {answer}")
        return answer["result"] != "below_zero"

    def _call(self, method: str, path: str, body: object = None, **query: str) -> Any:
        reply = self._send(method, path, body, **query)
        if reply.status_code >= 400:
            raise Broken(f"{method} {path}: {reply.status_code} {reply.content.decode()}")
        return reply.json()

    def _send(self, method: str, path: str, body: object = None, **query: str) -> Any:
        headers = {"Authorization": f"Bearer {self._key}"}
        if method == "GET":
            return self._client.get(f"/api/v1{path}", query, headers=headers)
        return self._client.generic(method, f"/api/v1{path}", json.dumps(body), "application/json", headers=headers)

    # --- a person at the warehouse that is kept in the panel

    def count(self, levels: Mapping[str, int]) -> None:
        now = timezone.now()
        items = [LevelItem(sku, quantity, now) for sku, quantity in levels.items()]
        answers = report_levels(
            self.houses["B"], items, actor="Bob", now=now, kind=MovementKind.COUNT, reason="Counted"
        )
        odd = [answer for answer in answers if not answer.taken]
        if odd:
            raise Broken(f"Counts were refused: {odd}")

    def correct(self, sku: str, change: int) -> bool:
        now = timezone.now()
        item = AdjustItem(sku, change, now, reason="Found, or broken")
        [answer] = adjust_levels(self.houses["B"], [item], actor="Bob", now=now, kind=MovementKind.CORRECTION)
        return answer.taken

    # --- shipping, by the one over the API, by the other as on To ship

    def offered(self, house: str) -> list[Request]:
        return self._requests(house, RequestState.OFFERED)

    def asked_to_stop(self, house: str) -> list[Request]:
        return self._requests(house, RequestState.CANCEL_ASKED)

    def _requests(self, house: str, state: RequestState) -> list[Request]:
        if house == "A":
            return list(self._listed(state))
        rows = ShippingRequest.objects.filter(warehouse=self.houses[house], state=state).order_by("pk")
        return [self._request(row) for row in rows.select_related("order").prefetch_related("lines__line")]

    def _listed(self, state: RequestState) -> Iterator[Request]:
        query = {"state": state.value, "limit": "100"}
        while True:
            page = self._call("GET", "/shipping-requests", **query)
            for row in page["results"]:
                lines = {line["sku"]: line["id"] for line in row["lines"]}
                yield Request(row["id"], row["revision"], row["order_number"], lines)
            if page["next"] is None:
                return
            query["after"] = page["next"]

    @staticmethod
    def _request(row: ShippingRequest) -> Request:
        lines = {line.line.sku: str(line.line_id) for line in row.lines.all()}
        return Request(str(row.pk), row.revision, row.order.number, lines)

    def acknowledge(self, house: str, requests: Sequence[Request]) -> None:
        for start in range(0, len(requests), 100):
            some = requests[start : start + 100]
            if house == "A":
                rows = [{"id": one.pk, "revision": one.revision} for one in some]
                answers = self._call("POST", "/shipping-requests/acknowledge", {"requests": rows})["results"]
                if odd := [answer for answer in answers if answer["error"]]:
                    raise Broken(f"Requests were not given: {odd}")
            else:
                for one in some:
                    acknowledge(ShippingRequest.objects.get(pk=one.pk), one.revision, by="Bob", now=timezone.now())

    def answer_cancel(self, house: str, request: Request, *, stopped: bool) -> None:
        reason = "" if stopped else "It is on the truck."
        if house == "A":
            self._call("POST", f"/shipping-requests/{request.pk}/cancel-answer", {"stopped": stopped, "reason": reason})
        else:
            row = ShippingRequest.objects.get(pk=request.pk)
            answer_cancel(row, stopped, reason, by="Bob", now=timezone.now())

    def report_shipped(self, house: str, request: Request, parts: Mapping[str, int], at: dt.datetime) -> int:
        """The fulfillment's id. Who was asked to stop meanwhile says first that it is too late."""
        self._parcels += 1
        ref = f"S-{self._parcels}"
        if self._is_asked_to_stop(request):
            self.answer_cancel(house, request, stopped=False)
        if house == "A":
            body = {
                "id": ref,
                "lines": [{"id": request.lines[sku], "quantity": quantity} for sku, quantity in parts.items()],
                "carrier": "UPS",
                "parcels": [{"tracking_number": f"1Z{self._parcels:010}"}],
                "shipped_at": at.isoformat(),
            }
            self._call("POST", f"/shipping-requests/{request.pk}/fulfillments", body)
            return Fulfillment.objects.get(request=request.pk, partner_ref=ref).pk
        row = ShippingRequest.objects.select_related("order").get(pk=request.pk)
        lines = {int(request.lines[sku]): quantity for sku, quantity in parts.items()}
        shipment = Shipment(lines, "UPS", parcels=(Tracking(f"1Z{self._parcels:010}"),), ref=ref)
        by = {"origin": Origin.PERSON, "by": "Bob", "now": timezone.now()}
        return report_fulfillment(row.order, shipment, request=row, **by).pk

    def _is_asked_to_stop(self, request: Request) -> bool:
        return ShippingRequest.objects.filter(pk=request.pk, state=RequestState.CANCEL_ASKED).exists()

    def void(self, fulfillment: int) -> None:
        void(Fulfillment.objects.get(pk=fulfillment), by="Bob", now=timezone.now())
