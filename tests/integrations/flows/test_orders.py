"""Orders coming in from the stand-in store, through the real queue rows."""

from orders.models import Order, SeenOrder
from tests.integrations.flows.world import flow_of, sync


def test_orders_of_the_store_come_in(connect, sandbox):
    placed = [sandbox.wix.place_order("v1") for _ in range(3)]

    integration = connect("v1")

    numbers = set(Order.objects.filter(store=integration.store).values_list("number", flat=True))
    assert numbers == {order["number"] for order in placed}
    assert flow_of(integration).last_ok_at


def test_an_unpaid_order_is_seen_and_left_out_with_its_reason(connect, sandbox):
    order = sandbox.wix.place_order("v1", paid=False)

    integration = connect("v1")

    seen = SeenOrder.objects.get(store=integration.store, number=order["number"])
    assert seen.outcome == "skipped"
    assert seen.reasons == ["payment"]
    assert not Order.objects.exists()
