"""A new integration hands nothing over; one order can be tried; going live, pausing, resuming."""

import pytest
from django.utils import timezone

from fcp.models import Store
from integrations.connectors.declaring import FlowKind
from integrations.errors import IntegrationError
from integrations.live import GoingLive, go_live, pause, resume, try_with_one_order, what_goes_live
from integrations.models import Integration
from mappings.models import Listing
from orders.fulfilling import Shipment, Tracking, report_fulfillment
from orders.models import Order, ShippingRequest
from orders.models.shipping import Origin
from orders.shipping import acknowledge
from orders.state import State
from tests.integrations.flows.world import map_everything, sync, work


def now():
    return timezone.now()


@pytest.fixture
def mapped(connect, sandbox):
    """Not live, three orders here that nothing holds, one that waits for its shipping option."""
    for _ in range(3):
        sandbox.wix.place_order("v1", shipping="Express")
    integration = connect("v1")
    map_everything(integration)
    sandbox.wix.place_order("v1", shipping="std-eu")
    sync(integration)
    return integration


def test_until_it_is_live_orders_come_in_and_nothing_goes_to_a_warehouse(mapped):
    states = sorted(Order.objects.values_list("state", flat=True))

    assert states == ["held", "new", "new", "new"]
    assert not ShippingRequest.objects.exists()
    assert not mapped.live


def test_going_live_says_what_will_happen_and_does_it(mapped):
    assert what_goes_live(mapped) == GoingLive(orders=3, held=1, shipments=0)

    go_live(mapped, by="Ann", now=now())
    work()

    assert ShippingRequest.objects.count() == 3
    assert Store.objects.get(pk=mapped.store_id).hands_over
    assert mapped.live_since


def test_going_live_twice_is_told(mapped):
    go_live(mapped, by="Ann", now=now())

    stale = Integration.objects.get(pk=mapped.pk)
    stale.live = False
    with pytest.raises(IntegrationError, match="Somebody else changed this"):
        go_live(stale, by="Bob", now=now())


def test_paused_nothing_more_goes_to_the_warehouse_and_orders_go_on_coming_in(mapped, sandbox):
    go_live(mapped, by="Ann", now=now())
    work()
    pause(mapped, by="Ann", now=now())
    number = sandbox.wix.place_order("v1", shipping="Express")["number"]
    sync(mapped)
    assert Order.objects.get(number=number).state == State.NEW
    assert ShippingRequest.objects.count() == 3

    resume(mapped, by="Ann", now=now())
    work()

    assert Order.objects.get(number=number).state == State.READY


def test_one_order_is_tried_through_to_the_warehouse_and_back_to_the_store(mapped, sandbox):
    number = Order.objects.filter(state=State.NEW).first().number

    steps = try_with_one_order(mapped, f"#{number}", by="Ann", now=now())

    assert [(step.code, step.ok) for step in steps] == [
        ("read", True), ("taken_in", True), ("holds", True), ("offered", True),
    ]  # fmt: skip
    request = ShippingRequest.objects.get()
    assert request.order.number == number
    acknowledge(request, request.revision, by="Warehouse", now=now())
    lines = {line.line_id: line.quantity for line in request.lines.all()}
    report_fulfillment(
        request.order, Shipment(lines=lines, carrier="UPS", parcels=(Tracking("1ZTRY"),)), origin=Origin.PARTNER,
        by="Warehouse", now=now(), request=request,
    )  # fmt: skip
    sync(mapped, FlowKind.FULFILLMENTS)

    assert sandbox.wix.told("v1", number)[0]["trackingInfo"]["trackingNumber"] == "1ZTRY"


def test_a_try_says_where_it_stopped(mapped, sandbox):
    held = Order.objects.get(state=State.HELD)
    unpaid = sandbox.wix.place_order("v1", paid=False)["number"]

    assert try_with_one_order(mapped, held.number, by="Ann", now=now())[-1].sentence == (
        "It waits: ship code missing. Mend that on the order's page, then try again."
    )
    assert "not seen an order 99999" in try_with_one_order(mapped, "99999", by="Ann", now=now())[0].sentence
    sync(mapped)
    steps = try_with_one_order(mapped, unpaid, by="Ann", now=now())
    assert steps[-1].code == "conditions"
    assert steps[-1].sentence == "The settings leave it out. Payment status: Not paid (asked for: Paid)."

    sandbox.wix.misbehave("forbidden", "v1", count=None)
    assert "key" in try_with_one_order(mapped, unpaid, by="Ann", now=now())[-1].sentence


def test_a_try_names_what_holds_the_order_as_its_page_does(mapped, sandbox):
    Listing.objects.filter(store=mapped.store).update(product=None)
    unknown = sandbox.wix.place_order("v1")["number"]
    sync(mapped)

    said = try_with_one_order(mapped, unknown, by="Ann", now=now())[-1].sentence

    assert said == "It waits: SKU unknown. Mend that on the order's page, then try again."


def test_a_try_reads_what_the_store_has_now(mapped, sandbox):
    unpaid = sandbox.wix.place_order("v1", paid=False, shipping="Express")["number"]
    sync(mapped)
    sandbox.wix.set_payment("v1", unpaid)

    steps = try_with_one_order(mapped, unpaid, by="Ann", now=now())

    assert Order.objects.filter(number=unpaid).exists()
    assert [step.code for step in steps][:3] == ["read", "conditions", "taken_in"]
