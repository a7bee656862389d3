"""A shop of any platform that is connected, and what happens to its orders and stock here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from integrations.connectors.declaring import FlowKind
from integrations.lease import claim, free
from integrations.live import go_live
from integrations.models import Flow, Integration
from integrations.stock_answers import allow_first_push
from integrations.sweep import sweep
from orders.fulfilling import Shipment, Tracking, report_fulfillment
from orders.models import Fulfillment, Order
from orders.models.shipping import Origin
from orders.shipping import acknowledge
from tests.integrations.flows.stock_world import keep_first_location, report
from tests.integrations.flows.world import connect_by, map_everything, sync, work
from tests.integrations.shared.adapter import Shop, Sold

ON = (FlowKind.ORDERS, FlowKind.FULFILLMENTS, FlowKind.PRODUCTS)
WITH_STOCK = (*ON, FlowKind.INVENTORY)


def connected(shop: Shop, on: tuple[FlowKind, ...] = ON, **given: Any) -> Integration:
    """Its flows have run once; not live."""
    integration = connect_by(shop.key, shop.way, shop.received, shop.api_url, on=on, **given)
    work()
    return integration


def live(shop: Shop, on: tuple[FlowKind, ...] = ON, **given: Any) -> Integration:
    integration = connected(shop, on, **given)
    map_everything(integration)
    go_live(integration, by="Ann", now=timezone.now())
    work()
    return integration


def taken(integration: Integration, sold: Sold) -> Order:
    """The order at the warehouse: read, mapped, offered, acknowledged."""
    sync(integration)
    map_everything(integration)
    order = Order.objects.get(store=integration.store, number=sold.number)
    request = order.requests.get(state="offered")
    acknowledge(request, request.revision, by="Warehouse", now=timezone.now())
    return order


def ship(order: Order, *numbers: str, pieces: dict[int, int] | None = None) -> Fulfillment:
    request = order.requests.get()
    lines = pieces or {line.line_id: line.quantity for line in request.lines.all()}
    shipment = Shipment(lines=lines, carrier="UPS", parcels=tuple(Tracking(number) for number in numbers))
    made = report_fulfillment(
        order, shipment, origin=Origin.PARTNER, by="Warehouse", now=timezone.now(), request=request
    )
    work()
    made.refresh_from_db()
    return made


def selling(shop: Shop, quantity: int = 10) -> Integration:
    """Live, its three things mapped, so many of each reported, and all of it told."""
    for sku in shop.skus:  # a shop that lists nothing tells of a thing by selling it
        shop.sell(sku)
    integration = connected(shop, WITH_STOCK, first_push="differences")
    map_everything(integration)
    keep_first_location(integration)
    go_live(integration, by="Ann", now=timezone.now())
    work()
    stock_up(integration, shop.skus, quantity)
    allow_first_push(integration, by="Ann", now=timezone.now())
    work()
    return integration


def later(shop: Shop, time_machine: Any, minutes: float = 5.0) -> None:
    """After that time, with what the store has done meanwhile and what the tick would find."""
    shop.settle()
    after(time_machine, minutes)


def stock_up(integration: Integration, skus: Iterable[str], quantity: int) -> None:
    """So many of each can be sold: the warehouse has one more, which the order of `selling` waits for."""
    report(integration, dict.fromkeys(skus, quantity + 1))


def after(time_machine: Any, minutes: float) -> None:
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=minutes))
    now = timezone.now()
    claim(free(Flow.objects.filter(due_at__lte=now, lease_until=None)), now)
    sweep(now)
    work()


def told_soon(shop: Shop, time_machine: Any) -> None:
    """A store that answers by a ticket has answered."""
    if shop.later:
        later(shop, time_machine, 0.3)
