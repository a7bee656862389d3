"""The same SKUs, and everything that can happen to them at one moment: no update is lost, nobody waits for ever."""

import datetime as dt
import os
import random
import time
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
from django.db.models import F, Sum
from django.utils import timezone

from integrations.connectors.declaring import FlowKind
from integrations.live import go_live
from integrations.models import Budget, Integration
from integrations.stock_answers import allow_first_push
from inventory.levels import AdjustItem, adjust_levels
from inventory.models import MovementKind, Reservation, StockLevel, Warehouse
from mappings.models import Listing
from orders.fulfilling import Shipment, report_fulfillment, void
from orders.models import Order, OrderLine, ShippingRequest
from orders.models.shipping import Origin, RequestState
from orders.release import offer_waiting
from orders.settings import Release
from orders.shipping import Acknowledgement, acknowledge_many
from tests.api.conftest import Api, account_api
from tests.build import ANYTHING, a_line, an_order, make_account, make_warehouse, rules, take
from tests.integrations.flows.world import connect_store, map_everything, sync, work
from tests.threads import at_once

ROUNDS = int(os.environ.get("FCP_RACE_ROUNDS", "25"))  # `make week` does 200
PATIENCE = 10.0  # seconds for a round; two who wait for each other for ever are found after 30


@dataclass
class Shop:
    """One warehouse that an account keeps itself: levels come over its key, and a person may correct them.

    `reported` and `moved` is what happened, noted by the threads that did it.
    """

    integration: Integration
    warehouse: Warehouse
    api: Api
    listings: list[Listing]
    dice: random.Random
    reported: list[tuple[str, dt.datetime, int]] = field(default_factory=list)
    moved: list[tuple[str, dt.datetime, int]] = field(default_factory=list)

    def mixed(self) -> list[Listing]:
        """In no order, so that two who lock them as they come wait for each other."""
        return self.dice.sample(self.listings, len(self.listings))

    def report_levels(self) -> None:
        levels = {row.sku: self.dice.randint(1000, 2000) for row in self.mixed()}
        taken_at = timezone.now()
        rows = [{"sku": sku, "quantity": quantity} for sku, quantity in levels.items()]
        body = {"warehouse": str(self.warehouse.pk), "taken_at": taken_at.isoformat(), "levels": rows}
        answers = self.api.post("/stock-levels", body).json()["results"]
        taken = {answer["sku"] for answer in answers if answer["result"] in ("taken", "unchanged")}
        self.reported += [(sku, taken_at, quantity) for sku, quantity in levels.items() if sku in taken]

    def correct(self) -> None:
        now = timezone.now()
        items = [AdjustItem(row.sku, self.dice.choice((-3, -1, 2, 5)), now) for row in self.mixed()]
        kind = MovementKind.CORRECTION
        answers = adjust_levels(self.warehouse, items, actor="Bob", now=now, kind=kind, source_kind="")
        assert all(answer.taken for answer in answers)
        self.moved += [(item.sku, now, int(str(item.change))) for item in items]

    def take_order_in(self) -> None:
        lines = [
            a_line(row.sku, self.dice.randint(1, 3), product_uid=row.product_uid, variant_uid=row.variant_uid)
            for row in self.mixed()
        ]
        any_order = rules(imports=ANYTHING, release=Release.ANY, warehouse_id=self.warehouse.pk)
        order = replace(an_order(), lines=tuple(lines), ship_word=None)
        take(self.integration.store, order, of=any_order, now=timezone.now())

    def ship_and_take_back(self, request: ShippingRequest) -> None:
        lines = {line.line_id: (line.line.sku, line.quantity) for line in request.lines.select_related("line")}
        now = timezone.now()
        shipment = Shipment({pk: quantity for pk, (_, quantity) in lines.items()}, "UPS", shipped_at=now)
        fulfillment = report_fulfillment(
            request.order, shipment, request=request, origin=Origin.PERSON, by="Bob", now=now
        )
        if self.dice.random() < 0.5:
            void(fulfillment, by="Bob", now=timezone.now())
        else:
            self.moved += [(sku, now, -quantity) for sku, quantity in lines.values()]

    def give_to_warehouse(self) -> None:
        offer_waiting(self.integration.store, now=timezone.now())
        offered = ShippingRequest.objects.filter(state=RequestState.OFFERED).values_list("pk", "revision")
        acknowledge_many([Acknowledgement(*one) for one in offered], by="Bob", now=timezone.now())

    def lies(self, sku: str) -> int:
        """By what happened: the level taken last, and what moved after that moment."""
        _, taken_at, quantity = max((one for one in self.reported if one[0] == sku), key=lambda one: one[1])
        return quantity + sum(pieces for other, at, pieces in self.moved if other == sku and at > taken_at)


@pytest.fixture
def shop(transactional_db, sandbox):
    account = make_account()
    warehouse = make_warehouse(account)
    integration = connect_store(sandbox, "v1", account=account, on=(FlowKind.PRODUCTS, FlowKind.INVENTORY))
    Budget.objects.filter(store=integration.store).update(per_minute=1_000_000, tokens=200_000, bulk_tokens=100_000)
    work()
    map_everything(integration)
    go_live(integration, by="Ann", now=timezone.now())
    listings = Listing.objects.filter(store=integration.store, tracked=True, product__isnull=False).exclude(sku="")
    shop = Shop(integration, warehouse, account_api(account), list(listings.order_by("pk")[:3]), random.Random(7))
    shop.report_levels()
    work()
    allow_first_push(integration, by="Ann", now=timezone.now())
    work()
    return shop


@pytest.mark.slow
@pytest.mark.req("EIM-33")
def test_nothing_is_lost_when_everything_happens_to_a_product_at_once(shop, sandbox):
    began = time.monotonic()
    for _ in range(ROUNDS):
        ready = ShippingRequest.objects.filter(state=RequestState.ACKNOWLEDGED).order_by("pk").last()
        shipping = [partial(shop.ship_and_take_back, ready)] if ready else []
        at_once(shop.report_levels, shop.take_order_in, shop.correct, work, *shipping)
        shop.give_to_warehouse()
    took = time.monotonic() - began
    sync(shop.integration, FlowKind.INVENTORY)

    assert took < PATIENCE * ROUNDS
    for row in shop.listings:
        level = StockLevel.objects.get(product=row.product_id)
        assert level.quantity == shop.lies(row.sku), row.sku
        needed = OrderLine.objects.filter(product=row.product_id).aggregate(n=Sum(F("quantity") - F("shipped")))["n"]
        reserved = Reservation.objects.filter(product=row.product_id).aggregate(n=Sum("quantity"))["n"]
        assert reserved == needed, row.sku
        assert sandbox.wix.stock_of("v1", row.sku) == {"": max(level.quantity - reserved, 0)}
    assert Order.objects.count() == ROUNDS
