"""Telling the stand-in store what left: the whole way, lost answers, refusals, corrections."""

import datetime as dt

import pytest
from django.utils import timezone

from fcp.models import Store
from integrations.connectors.declaring import FlowKind
from integrations.live import go_live
from integrations.models import Exchange, Integration, Run
from mappings.mapping import name_carrier
from mappings.models import CarrierOut
from orders.fulfilling import Shipment, Tracking, correct, report_fulfillment, tell_again, void
from orders.models import Fulfillment, Order, ShippingRequest
from orders.models.shipping import Origin
from orders.shipping import acknowledge
from orders.state import State
from tests.integrations.flows.world import change_settings, flow_of, map_everything, sync, work

NUMBER = "1Z999AA10123456784"


@pytest.fixture
def live(connect, sandbox):
    """A live integration whose words are mapped as they come."""

    def live(site: str = "v1") -> Integration:
        integration = connect(site)
        map_everything(integration)
        go_live(integration, by="Ann", now=timezone.now())
        work()
        return integration

    return live


def came_in(integration: Integration, number: str) -> Order:
    """The order at the warehouse: read, mapped, offered, acknowledged."""
    sync(integration)
    map_everything(integration)
    order = Order.objects.get(store=integration.store, number=number)
    for request in order.requests.filter(state="offered"):
        acknowledge(request, request.revision, by="Warehouse", now=timezone.now())
    return order


def ship(
    order: Order,
    *,
    number: str = NUMBER,
    carrier: str = "UPS",
    url: str = "",
    pieces: dict | None = None,
    tell: bool = True,
) -> Fulfillment:
    request = order.requests.get()
    lines = pieces or {line.line_id: line.quantity for line in request.lines.all()}
    parcels = (Tracking(number, url),)
    shipment = Shipment(lines=lines, carrier=carrier, parcels=parcels)
    fulfillment = report_fulfillment(
        order, shipment, origin=Origin.PARTNER, by="Warehouse", now=timezone.now(), request=request
    )
    if tell:
        work()
    fulfillment.refresh_from_db()
    return fulfillment


def told(sandbox, order: Order, site: str = "v1") -> list[dict]:
    return sandbox.wix.told(site, order.number)


@pytest.mark.req("EIM-10")
@pytest.mark.parametrize("site", ["v1", "v3"])
def test_tracking_goes_to_the_store_as_soon_as_the_warehouse_reports_it(live, sandbox, site):
    integration = live(site)
    order = came_in(integration, sandbox.wix.place_order(site)["number"])

    fulfillment = ship(order)

    [listed] = told(sandbox, order, site)
    assert listed["trackingInfo"]["trackingNumber"] == NUMBER
    assert (fulfillment.told, fulfillment.store_ref) == ("told", listed["id"])
    order.refresh_from_db()
    assert order.state == State.CONFIRMED
    run = Run.objects.get(flow=flow_of(integration, FlowKind.FULFILLMENTS))
    assert (run.seen, run.created, run.state) == (1, 1, "done")
    assert order.events.filter(code="store_told").count() == 1


def test_what_the_store_was_told_does_not_come_back_as_a_shipment_of_its_own(live, sandbox):
    integration = live()
    order = came_in(integration, sandbox.wix.place_order("v1")["number"])
    ship(order)

    sync(integration)

    assert order.fulfillments.count() == 1
    order.refresh_from_db()
    assert order.state == State.CONFIRMED


def test_the_parts_of_an_order_are_told_one_by_one(live, sandbox):
    integration = live()
    order = came_in(integration, sandbox.wix.place_order("v1", quantity=3)["number"])
    line = order.lines.get(ships=True, removed_at=None)

    ship(order, pieces={line.pk: 1}, number="A1")
    order.refresh_from_db()
    assert order.state == State.PARTLY_SHIPPED
    sync(integration)
    ship(order, pieces={line.pk: 2}, number="A2")
    sync(integration)

    assert [f["trackingInfo"]["trackingNumber"] for f in told(sandbox, order)] == ["A1", "A2"]
    order.refresh_from_db()
    assert order.state == State.CONFIRMED
    assert order.fulfillments.count() == 2


def test_many_shipments_go_in_one_call(live, sandbox):
    integration = live()
    placed = [sandbox.wix.place_order("v1")["number"] for _ in range(30)]
    came_in(integration, placed[0])
    orders = list(Order.objects.filter(store=integration.store, number__in=placed))
    for request in ShippingRequest.objects.filter(order__in=orders, state="offered"):
        acknowledge(request, request.revision, by="Warehouse", now=timezone.now())
    Exchange.objects.all().delete()

    for order in orders:
        ship(order, number=f"N{order.number}", tell=False)
    work()

    assert len(orders) == 30
    assert all(len(told(sandbox, order)) == 1 for order in orders)
    assert Exchange.objects.filter(flow="fulfillments").count() == 1


def test_one_that_the_store_rejects_waits_with_its_sentence_and_the_rest_goes_on(live, sandbox, time_machine):
    integration = live()
    bad = came_in(integration, sandbox.wix.place_order("v1")["number"])
    good = came_in(integration, sandbox.wix.place_order("v1")["number"])
    sandbox.wix.change_order("v1", bad.number, {"status": "PENDING"})

    waiting = ship(bad, number="BAD1", tell=False)
    ship(good, number="GOOD1", tell=False)
    work()

    assert len(told(sandbox, good)) == 1
    waiting.refresh_from_db()
    assert waiting.told == "due"
    assert "not approved" in waiting.problem
    assert timezone.now() < waiting.not_before <= timezone.now() + dt.timedelta(hours=1)
    assert flow_of(integration, FlowKind.FULFILLMENTS).failures == 0
    run = Run.objects.filter(flow__kind="fulfillments").latest("pk")
    assert (run.created, run.failed) == (1, 1)

    sandbox.wix.change_order("v1", bad.number, {"status": "APPROVED"})
    time_machine.move_to(waiting.not_before + dt.timedelta(seconds=1))
    sync(integration, FlowKind.FULFILLMENTS)
    waiting.refresh_from_db()
    assert (waiting.told, waiting.problem) == ("told", "")


def test_retries_of_a_rejected_shipment_are_an_hour_apart_at_most(live, sandbox, time_machine):
    integration = live()
    order = came_in(integration, sandbox.wix.place_order("v1")["number"])
    sandbox.wix.change_order("v1", order.number, {"status": "PENDING"})
    fulfillment = ship(order)

    for _ in range(9):
        time_machine.move_to(fulfillment.not_before + dt.timedelta(seconds=1))
        sync(integration, FlowKind.FULFILLMENTS)
        fulfillment.refresh_from_db()
        assert fulfillment.not_before <= timezone.now() + dt.timedelta(hours=1)

    assert fulfillment.told == "due"
    assert order.events.filter(code="store_refused").count() == 1


def test_a_store_that_is_too_busy_is_told_after_the_pause_it_asked_for(live, sandbox, time_machine):
    integration = live()
    order = came_in(integration, sandbox.wix.place_order("v1")["number"])
    sandbox.wix.misbehave("busy", "v1", retry_after=30)

    fulfillment = ship(order)
    assert fulfillment.told == "due"
    assert flow_of(integration, FlowKind.FULFILLMENTS).problem_code == "store_busy"
    time_machine.move_to(timezone.now() + dt.timedelta(seconds=31))
    work()

    fulfillment.refresh_from_db()
    assert fulfillment.told == "told"
    assert flow_of(integration, FlowKind.FULFILLMENTS).problem == ""


@pytest.mark.req("TECH-38")
def test_our_carriers_name_goes_out_as_it_is_or_as_the_store_calls_it(live, sandbox):
    integration = live()
    account, store = integration.account, integration.store
    CarrierOut.objects.create(
        account=account, store=store, carrier="Hausbote", name="Local courier", link="https://track.example/{number}"
    )
    mapped = came_in(integration, sandbox.wix.place_order("v1")["number"])
    plain = came_in(integration, sandbox.wix.place_order("v1")["number"])

    ship(mapped, carrier="hausbote", number="H-1")
    ship(plain, carrier="Bike Post", number="B-1", url="https://bikes.example/B-1")

    assert told(sandbox, mapped)[0]["trackingInfo"] == {
        "trackingNumber": "H-1", "shippingProvider": "Local courier", "trackingLink": "https://track.example/H-1",
    }  # fmt: skip
    assert told(sandbox, plain)[0]["trackingInfo"]["shippingProvider"] == "Bike Post"


@pytest.mark.req("TECH-38")
def test_a_carrier_is_listed_once_the_store_was_told_of_it_and_named_for_the_next(live, sandbox):
    integration = live()
    first = came_in(integration, sandbox.wix.place_order("v1")["number"])
    second = came_in(integration, sandbox.wix.place_order("v1")["number"])

    ship(first, carrier="Bike Post", number="B-1", url="https://bikes.example/B-1")

    row = CarrierOut.objects.get(store=integration.store)
    assert (row.carrier, row.name, row.last_seen_on) == ("Bike Post", "", timezone.now().date())
    assert told(sandbox, first)[0]["trackingInfo"]["shippingProvider"] == "Bike Post"

    link = "https://city.example/{number}"
    name_carrier(row.store, "Bike Post", "City bikes", link, by="Ann", now=timezone.now())
    ship(second, carrier="bike post", number="B-2")

    assert told(sandbox, second)[0]["trackingInfo"] == {
        "trackingNumber": "B-2", "shippingProvider": "City bikes", "trackingLink": "https://city.example/B-2",
    }  # fmt: skip
    assert CarrierOut.objects.count() == 1


def test_a_withdrawal_after_a_lost_answer_finds_what_to_withdraw(live, sandbox, time_machine):
    integration = live()
    order = came_in(integration, sandbox.wix.place_order("v1")["number"])
    sandbox.wix.misbehave("lost_answer", "v1", path="create-fulfillment")
    fulfillment = ship(order)
    assert len(told(sandbox, order)) == 1

    void(fulfillment, by="Ann", now=timezone.now())
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=5))
    work()

    assert told(sandbox, order) == []


def test_sending_the_tracking_again_tells_the_store_the_same_once_more(live, sandbox):
    integration = live()
    order = came_in(integration, sandbox.wix.place_order("v1")["number"])
    fulfillment = ship(order)

    tell_again(fulfillment, by="Ann", now=timezone.now())
    work()

    assert len(told(sandbox, order)) == 1
    fulfillment.refresh_from_db()
    assert fulfillment.told == "told"


def test_a_correction_during_the_call_is_told_afterwards(live, sandbox, monkeypatch):
    integration = live()
    order = came_in(integration, sandbox.wix.place_order("v1")["number"])
    fulfillment = ship(order, tell=False)
    from integrations.connectors.wix.connector import WixConnector

    push = WixConnector.push_shipments

    def corrected_meanwhile(self, shipments):
        answer = push(self, shipments)
        if Fulfillment.objects.get().revision == 1:
            correct(fulfillment, carrier="UPS", parcels=[Tracking("1Z-LATER")], by="Warehouse", now=timezone.now())
        return answer

    monkeypatch.setattr(WixConnector, "push_shipments", corrected_meanwhile)
    work()

    [listed] = told(sandbox, order)
    assert listed["trackingInfo"]["trackingNumber"] == "1Z-LATER"
    fulfillment.refresh_from_db()
    assert fulfillment.told == "told"


def test_nothing_is_told_while_the_integration_is_not_live(connect, sandbox):
    integration = connect("v1")
    number = sandbox.wix.place_order("v1")["number"]
    sync(integration)
    map_everything(integration)
    order = Order.objects.get(number=number)
    line = order.lines.get(ships=True, removed_at=None)
    report_fulfillment(
        order, Shipment(lines={line.pk: line.quantity}, carrier="UPS", parcels=(Tracking(NUMBER),)),
        origin=Origin.PERSON, by="Ann", now=timezone.now(),
    )  # fmt: skip
    work()
    assert told(sandbox, order) == []

    go_live(integration, by="Ann", now=timezone.now())
    sync(integration, FlowKind.FULFILLMENTS)

    assert len(told(sandbox, order)) == 1


def test_with_its_fulfillments_flow_off_a_store_is_told_nothing_and_its_orders_count_as_done(live, sandbox):
    integration = live()
    order = came_in(integration, sandbox.wix.place_order("v1")["number"])
    sandbox.wix.misbehave("error", "v1", path="fulfillment", count=None)
    ship(order)
    order.refresh_from_db()
    assert order.state == State.SHIPPED

    change_settings(integration, flows={"fulfillments": {"mode": "disabled"}})

    order.refresh_from_db()
    assert order.state == State.CONFIRMED
    assert not Store.objects.get(pk=integration.store_id).tells_shipments
    sandbox.wix.behave()
    work()
    assert told(sandbox, order) == []


def test_a_shipment_that_never_gets_an_answer_does_not_keep_the_others(live, sandbox, time_machine):
    integration = live()
    bad = came_in(integration, sandbox.wix.place_order("v1")["number"])
    uid = bad.uid
    sandbox.wix.misbehave("error", "v1", path=f"orders/{uid}/create-fulfillment", count=None)
    ship(bad, number="BAD")
    for _ in range(4):
        time_machine.move_to(timezone.now() + dt.timedelta(minutes=10))
        sync(integration, FlowKind.FULFILLMENTS)
    good = came_in(integration, sandbox.wix.place_order("v1")["number"])

    ship(good, number="GOOD")
    sync(integration, FlowKind.FULFILLMENTS)

    assert len(told(sandbox, good)) == 1
    assert Fulfillment.objects.get(order=bad).told == "due"
    assert Fulfillment.objects.get(order=bad).problem
    assert flow_of(integration, FlowKind.FULFILLMENTS).failures == 0
