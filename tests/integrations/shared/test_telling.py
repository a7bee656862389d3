"""Telling any platform what left and how many there are: once, also when an answer is lost."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from integrations import lease
from integrations.connectors.declaring import FlowKind
from integrations.models import Flow, StockSent
from mappings.models import ListingStock, Why
from orders.fulfilling import Tracking, correct, void
from orders.models.orders import Order
from orders.state import State
from tests.integrations.flows.stock_world import inventory_flow, row_of, rows
from tests.integrations.flows.world import flow_of, sync, work
from tests.integrations.shared.adapter import SHIPMENTS, STOCK, Shop
from tests.integrations.shared.shops import SHOPS
from tests.integrations.shared.world import later, live, selling, ship, stock_up, taken, told_soon

pytestmark = pytest.mark.django_db(transaction=True)


# --- shipments ----------------------------------------------------------------------------------------------------


def test_tracking_reaches_the_store_and_does_not_come_back_as_a_shipment_of_its_own(shop: Shop) -> None:
    integration = live(shop)
    sold = shop.sell(quantity=2)
    order = taken(integration, sold)

    fulfillment = ship(order, "1Z999AA10123456784")
    sync(integration)

    assert shop.tracking(sold) == ["1Z999AA10123456784"]
    assert fulfillment.told == "told"
    order.refresh_from_db()
    assert (order.state, order.fulfillments.count()) == (State.CONFIRMED, 1)


def test_every_parcel_and_every_part_of_an_order_is_shown_in_the_store(shop: Shop) -> None:
    integration = live(shop)
    sold = shop.sell(quantity=3)
    order = taken(integration, sold)
    line = order.lines.get(ships=True, removed_at=None)

    ship(order, "A1", "A2", pieces={line.pk: 1})
    sync(integration)
    assert shop.tracking(sold) == ["A1", "A2"]
    order.refresh_from_db()
    assert order.state == State.PARTLY_SHIPPED

    ship(order, "B1", pieces={line.pk: 2})
    sync(integration)
    assert shop.tracking(sold) == ["A1", "A2", "B1"]
    order.refresh_from_db()
    assert (order.state, order.fulfillments.count()) == (State.CONFIRMED, 2)


@pytest.mark.parametrize("kind", ["lost_answer", "timeout", "cut"])
def test_after_a_lost_answer_the_store_is_told_once(shop: Shop, kind: str, settings: Any, time_machine: Any) -> None:
    integration = live(shop)
    sold = shop.sell()
    order = taken(integration, sold)
    shop.misbehave(kind, SHIPMENTS, seconds=1.3)
    patient = settings.FCP_STORE_TIMEOUT
    if kind == "timeout":
        settings.FCP_STORE_TIMEOUT = 1

    fulfillment = ship(order, "1Z1")
    settings.FCP_STORE_TIMEOUT = patient
    assert fulfillment.told == "due"
    assert flow_of(integration, FlowKind.FULFILLMENTS).problem
    later(shop, time_machine)

    assert shop.tracking(sold) == ["1Z1"]
    fulfillment.refresh_from_db()
    assert fulfillment.told == "told"
    flow = flow_of(integration, FlowKind.FULFILLMENTS)
    assert (flow.failures, flow.problem) == (0, "")


@pytest.mark.parametrize("kind", ["drop", "error", "busy"])
def test_what_did_not_reach_the_store_is_told_the_next_time(shop: Shop, kind: str, time_machine: Any) -> None:
    integration = live(shop)
    sold = shop.sell()
    order = taken(integration, sold)
    shop.misbehave(kind, SHIPMENTS, retry_after=30)

    ship(order, "1Z1")
    assert shop.tracking(sold) == []
    later(shop, time_machine)

    assert shop.tracking(sold) == ["1Z1"]


def test_a_correction_and_a_withdrawal_reach_the_store(shop: Shop) -> None:
    integration = live(shop)
    sold = shop.sell()
    order = taken(integration, sold)
    fulfillment = ship(order, "1Z-OLD")

    correct(fulfillment, carrier="UPS", parcels=[Tracking("1Z-NEW")], by="Warehouse", now=timezone.now())
    work()
    assert shop.tracking(sold) == ["1Z-NEW"]

    fulfillment.refresh_from_db()
    void(fulfillment, by="Ann", now=timezone.now())
    work()
    assert shop.tracking(sold) == []
    order.refresh_from_db()
    assert order.state == State.AT_WAREHOUSE


def test_a_correction_made_while_the_answer_was_lost_leaves_one_shipment(shop: Shop, time_machine: Any) -> None:
    integration = live(shop)
    sold = shop.sell()
    order = taken(integration, sold)
    shop.misbehave("lost_answer", SHIPMENTS)
    fulfillment = ship(order, "1Z-OLD")

    correct(fulfillment, carrier="UPS", parcels=[Tracking("1Z-NEW")], by="Warehouse", now=timezone.now())
    later(shop, time_machine)

    assert shop.tracking(sold) == ["1Z-NEW"]


def test_an_order_that_vanished_in_the_store_keeps_no_other_from_being_told(shop: Shop) -> None:
    integration = live(shop)
    gone, sold = shop.sell(), shop.sell()
    orders = [taken(integration, one) for one in (gone, sold)]
    Order.objects.filter(pk=orders[0].pk).update(uid="999999999")  # as if it was deleted there

    waiting = ship(orders[0], "1Z-GONE")
    ship(orders[1], "1Z-HERE")

    assert shop.tracking(sold) == ["1Z-HERE"]
    waiting.refresh_from_db()
    assert waiting.told == "due"
    assert waiting.problem.endswith(".")
    assert flow_of(integration, FlowKind.FULFILLMENTS).failures == 0


# --- stock --------------------------------------------------------------------------------------------------------


def shown(shop: Shop) -> dict[str, int | None]:
    return {sku: shop.stock(sku) for sku in shop.skus}


def test_quantities_reach_the_store_and_a_second_look_sends_nothing(shop: Shop, time_machine: Any) -> None:
    integration = selling(shop, 10)
    told_soon(shop, time_machine)
    assert shown(shop) == dict.fromkeys(shop.skus, 10)
    assert set(rows(integration).filter(why="").values_list("confirmed", "known")) == {(10, True)}

    before = StockSent.objects.count()
    sync(integration, FlowKind.INVENTORY)
    assert StockSent.objects.count() == before == len(shop.skus)

    stock_up(integration, shop.skus[1:2], 4)
    told_soon(shop, time_machine)
    assert shown(shop) == dict.fromkeys(shop.skus, 10) | {shop.skus[1]: 4}


@pytest.mark.parametrize("kind", ["lost_answer", "cut", "error", "drop"])
def test_after_a_lost_answer_the_store_shows_what_it_should(shop: Shop, kind: str, time_machine: Any) -> None:
    integration = selling(shop, 10)
    told_soon(shop, time_machine)
    shop.misbehave(kind, STOCK)

    stock_up(integration, shop.skus, 4)
    for _ in range(3):
        later(shop, time_machine)

    assert shown(shop) == dict.fromkeys(shop.skus, 4)
    assert not rows(integration).due().exists()
    assert inventory_flow(integration).failures == 0


def test_a_listing_that_vanished_is_named_and_keeps_no_other_back(shop: Shop, time_machine: Any) -> None:
    integration = selling(shop, 10)
    told_soon(shop, time_machine)
    shop.vanish(shop.skus[0])

    stock_up(integration, shop.skus, 4)
    told_soon(shop, time_machine)
    later(shop, time_machine, 2)

    assert [shop.stock(sku) for sku in shop.skus[1:]] == [4, 4]
    row = row_of(integration, shop.skus[0])
    assert row.why in (Why.REFUSED, Why.UNTRACKED)
    assert row.why == Why.UNTRACKED or row.problem.endswith(".")


class Killed(BaseException):
    """The process dies."""


def test_killed_after_the_store_was_told_it_ends_where_it_would_have(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, time_machine: Any
) -> None:
    integration = selling(shop, 10)
    told_soon(shop, time_machine)
    push, dead = shop.connector.push_stock, []

    def dies(self: Any, items: Any) -> Any:
        answer = push(self, items)
        if not dead:
            dead.append(answer)
            raise Killed
        return answer

    monkeypatch.setattr(shop.connector, "push_stock", dies)
    with pytest.raises(Killed):
        stock_up(integration, shop.skus, 4)
    assert ListingStock.objects.filter(store=integration.store, known=False).exists()
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=3))
    lease.reclaim(timezone.now())
    work()
    for _ in range(2):
        later(shop, time_machine)

    assert shown(shop) == dict.fromkeys(shop.skus, 4)
    assert not rows(integration).due().exists()
    assert set(rows(integration).filter(why="").values_list("confirmed", "known")) == {(4, True)}


@pytest.mark.parametrize("shop", [one for one in SHOPS if one.later], ids=lambda one: one.label, indirect=True)
def test_a_ticket_that_the_store_forgot_is_not_asked_for_ever(shop: Shop, time_machine: Any) -> None:
    integration = selling(shop, 10)
    told_soon(shop, time_machine)
    stock_up(integration, shop.skus, 4)
    assert "ticket" in Flow.objects.get(pk=inventory_flow(integration).pk).position
    shop.forget_tickets()

    for _ in range(3):
        later(shop, time_machine)

    assert shown(shop) == dict.fromkeys(shop.skus, 4)
    assert not rows(integration).due().exists()
    assert "ticket" not in inventory_flow(integration).position
