"""Since when a flow counts, at any platform: off nothing goes, from then all is caught up, from now it is left."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from integrations.connectors.declaring import FlowKind
from integrations.models import Integration
from integrations.settings_document import document_of
from integrations.since_enabled import From
from orders.models import Order
from tests.integrations.flows.stock_world import report
from tests.integrations.flows.world import sync
from tests.integrations.shared.adapter import Shop
from tests.integrations.shared.world import live, selling, ship, stock_up, taken, told_soon
from tests.integrations.test_since_enabled import off, on

pytestmark = pytest.mark.django_db(transaction=True)

EACH = pytest.mark.parametrize("again", [From.THEN, From.NOW])


def is_here(integration: Integration, number: str) -> bool:
    return Order.objects.filter(store=integration.store, number=number).exists()


@pytest.mark.req("P17-10")
@EACH
def test_orders(shop: Shop, again: From, time_machine: Any) -> None:
    known = shop.sell()
    integration = live(shop)
    off(integration, FlowKind.ORDERS)
    missed = shop.sell()
    sync(integration)
    assert not is_here(integration, missed.number)
    time_machine.move_to(timezone.now() + dt.timedelta(seconds=2), tick=True)

    on(integration, FlowKind.ORDERS, again)
    late = shop.sell()
    sync(integration)

    assert is_here(integration, known.number)
    assert is_here(integration, late.number)
    assert is_here(integration, missed.number) is (again is From.THEN)
    assert bool(document_of(integration)["earliest_order_date"]) is (again is From.NOW)


@pytest.mark.req("P17-18")
@EACH
def test_fulfillments(shop: Shop, again: From) -> None:
    integration = live(shop)
    meanwhile, late = taken(integration, sold := shop.sell()), taken(integration, later := shop.sell())
    off(integration, FlowKind.FULFILLMENTS)
    ship(meanwhile, "1Z1")
    assert shop.tracking(sold) == []

    on(integration, FlowKind.FULFILLMENTS, again)
    ship(late, "1Z2")

    assert shop.tracking(later) == ["1Z2"]
    assert shop.tracking(sold) == (["1Z1"] if again is From.THEN else [])


@pytest.mark.req("P17-16")
@EACH
def test_inventory(shop: Shop, again: From, time_machine: Any) -> None:
    integration = selling(shop)
    told_soon(shop, time_machine)
    one, two, _ = shop.skus
    assert (shop.stock(one), shop.stock(two)) == (10, 10)
    off(integration, FlowKind.INVENTORY)
    stock_up(integration, [one], 3)
    assert shop.stock(one) == 10

    on(integration, FlowKind.INVENTORY, again)
    stock_up(integration, [two], 4)
    told_soon(shop, time_machine)
    assert (shop.stock(one), shop.stock(two)) == (3 if again is From.THEN else 10, 4)

    report(integration, {one: 3})  # one of them waits for the order that is open
    told_soon(shop, time_machine)
    assert shop.stock(one) == 2
