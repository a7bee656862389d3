"""One integration, two directions."""

import pytest

from integrations.connectors.declaring import FlowKind, Mode
from integrations.models import Flow, Integration
from orders.models import Order
from tests.integrations.flows.world import change_settings, flow_of, sync


@pytest.mark.req("EFS-1")
def test_one_wix_integration_carries_orders_in_and_inventory_out(connect, sandbox):
    integration = connect("v1")
    number = sandbox.wix.place_order("v1")["number"]

    change_settings(
        integration,
        flows={"orders": {"mode": "pull", "interval": 30}, "inventory": {"mode": "push", "interval": 60}},
    )
    sync(integration)

    assert [order.number for order in Order.objects.filter(store=integration.store)] == [number]
    orders, inventory = flow_of(integration), flow_of(integration, FlowKind.INVENTORY)
    assert (orders.mode, orders.interval) == (Mode.PULL, 30)
    assert (inventory.mode, inventory.interval) == (Mode.PUSH, 60)
    assert Integration.objects.count() == 1
    assert Flow.objects.filter(integration=integration).count() == len(FlowKind)
