"""Telling an Ecwid store what left: one number and one status for an order, and nothing lost by that."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from fcp.errors import Busy, NotFound, Refused, Rejected, Unreachable
from integrations.connectors.declaring import FlowKind
from integrations.connectors.ecwid.connector import EcwidConnector
from integrations.connectors.ecwid.shipments import picture
from integrations.connectors.shapes import Later, ParcelToTell, ShipmentToTell
from integrations.live import go_live
from integrations.models import Exchange, Integration
from integrations.sandbox.server import Sandbox
from orders.fulfilling import Shipment, Tracking, correct, report_fulfillment, void
from orders.models import Fulfillment, Hold, Order
from orders.models.shipping import Origin
from orders.shapes import StoreShipment
from orders.shipping import acknowledge
from orders.state import State
from tests.integrations.flows.world import map_everything, sync, work
from tests.processes import wait_until

from .conftest import Reached


def parcels(*numbers: str) -> tuple[ParcelToTell, ...]:
    return tuple(ParcelToTell(number) for number in numbers)


def told_of(uid: str = "FC7Q2", key: str = "1", action: str = "create", **values: Any) -> ShipmentToTell:
    return ShipmentToTell(key, uid, action, (("1", 1),), **values)


# --- the picture --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shipments", "shown"),
    [
        ([told_of(parcels=parcels("A"), complete=True)], ("SHIPPED", "A")),
        ([told_of(parcels=parcels("A"))], ("PROCESSING", "A")),
        ([told_of(parcels=parcels("A", "B"), complete=True)], ("SHIPPED", "A, B")),
        ([told_of(parcels=parcels("C"), others=parcels("A", "B"), complete=True)], ("SHIPPED", "A, B, C")),
        ([told_of(parcels=parcels("A", ""), others=parcels("A"))], ("PROCESSING", "A")),
        ([told_of(complete=True)], ("SHIPPED", None)),  # the number that somebody typed there stays
        ([told_of(action="change", complete=True)], (None, "")),  # it may be "delivered" there by now
        ([told_of(action="change", parcels=parcels("A2"), others=parcels("B"))], (None, "B, A2")),
        ([told_of(action="retract", parcels=parcels("A"))], ("PROCESSING", "")),
        ([told_of(action="retract", parcels=parcels("A"), others=parcels("B"))], ("PROCESSING", "B")),
    ],
)
def test_an_order_shows_every_parcel_that_stands_and_shipped_once_all_has_left(
    shipments: list[ShipmentToTell], shown: tuple[str | None, str | None]
) -> None:
    found = picture(shipments)
    assert (found.get("fulfillmentStatus"), found.get("trackingNumber")) == shown


def test_several_shipments_of_an_order_are_one_call_with_all_their_parcels(store: Reached) -> None:
    order = store.host.place_order()
    one = told_of(order["id"], "1", parcels=parcels("A"), others=parcels("B"), complete=True)
    other = told_of(order["id"], "2", parcels=parcels("B"), others=parcels("A"), complete=True)

    done = store.connector.push_shipments([one, other])

    assert [(answer.key, answer.error) for answer in done.answers] == [("1", None), ("2", None)]
    assert store.asked == [f"PUT orders/{order['id']}"]
    shown = store.host.order("ecwid", order["id"])
    assert shown["fulfillmentStatus"] == "SHIPPED"
    assert sorted(shown["trackingNumber"].split(", ")) == ["A", "B"]
    assert len(store.host.mails()) == 1


def test_shipments_of_many_orders_go_in_one_batch_and_each_has_its_answer(store: Reached) -> None:
    uids = [store.host.place_order()["id"] for _ in range(11)]
    telling = [told_of(uid, uid, parcels=parcels(f"N{uid}"), complete=True) for uid in [*uids, "GONE"]]
    second = told_of(uids[0], "second", parcels=parcels("OTHER"), others=parcels(f"N{uids[0]}"), complete=True)
    store.calls.clear()

    reply = store.connector.push_shipments([*telling, second])
    while isinstance(reply, Later):
        time.sleep(0.02)
        reply = store.connector.poll(reply.ticket)

    assert set(store.asked) == {"POST batch", "GET batch"}
    assert store.asked.count("POST batch") == 1
    errors = {answer.key: answer.error for answer in reply.answers}
    assert errors.keys() == {*uids, "GONE", "second"}
    assert isinstance(errors.pop("GONE"), NotFound)
    assert set(errors.values()) == {None}
    shown = {uid: store.host.order("ecwid", uid)["trackingNumber"] for uid in uids}
    assert sorted(shown.pop(uids[0]).split(", ")) == sorted(["OTHER", f"N{uids[0]}"])
    assert shown == {uid: f"N{uid}" for uid in uids[1:]}


def test_an_order_that_is_gone_is_its_own_answer_and_the_rest_is_told(store: Reached) -> None:
    order = store.host.place_order()
    good = told_of(order["id"], "2", parcels=parcels("A"), complete=True)
    first, second = store.connector.push_shipments([told_of("GONE"), good]).answers
    assert isinstance(first.error, NotFound)
    assert first.error.sentence == "Ecwid no longer has this order."
    assert second.error is None


def test_a_refused_key_ends_the_work_and_what_was_not_sent_waits(store: Reached) -> None:
    uids = [store.host.place_order()["id"] for _ in range(3)]
    store.host.misbehave("unauthorized", count=None, skip=1)
    answers = store.connector.push_shipments([told_of(uid, uid) for uid in uids]).answers
    assert [type(answer.error) for answer in answers] == [type(None), Refused, Busy]


def test_an_answer_that_was_lost_may_have_been_done(store: Reached) -> None:
    order = store.host.place_order()
    store.host.misbehave("lost_answer")
    with pytest.raises(Unreachable) as caught:
        store.connector.push_shipments([told_of(order["id"], parcels=parcels("A"), complete=True)])
    assert caught.value.maybe_done
    ours = told_of(order["id"], parcels=parcels("A"), complete=True)
    [told] = store.connector.told_shipments([order["id"]])[order["id"]] or []
    assert store.connector.same_shipment(told, ours)


def test_a_refusal_is_about_one_order(store: Reached) -> None:
    order = store.host.place_order()
    store.host.misbehave("refuse", path="PUT .*/orders/")
    [answer] = store.connector.push_shipments([told_of(order["id"])]).answers
    assert isinstance(answer.error, Rejected)


# --- reading back -------------------------------------------------------------------------------------------------


def test_what_an_order_shows_is_read_in_one_call_for_many_of_them(store: Reached) -> None:
    shipped = store.host.place_order(kind="shipped")
    begun, plain = store.host.place_order(), store.host.place_order()
    store.host.fulfill("ecwid", begun["id"], tracking="X1", status="PROCESSING")

    found = store.connector.told_shipments([shipped["id"], begun["id"], plain["id"], "NOSUCH"])

    assert store.asked == ["GET orders"]
    [all_of_it] = found[shipped["id"]] or []
    assert all_of_it.tracking == "9400110200881234567890"
    goods = [line for line in shipped["items"] if line["isShippingRequired"]]
    assert all_of_it.lines == tuple((str(line["id"]), line["quantity"]) for line in goods)
    [some] = found[begun["id"]] or []
    assert (some.tracking, some.lines) == ("X1", ())
    assert found[plain["id"]] == []
    assert "NOSUCH" not in found


def test_what_was_read_a_moment_ago_is_not_asked_for_again(store: Reached) -> None:
    uid = store.host.place_order(kind="shipped")["id"]
    store.all()
    store.calls.clear()
    assert store.connector.told_shipments([uid])[uid]
    assert store.calls == []


@pytest.mark.parametrize(
    ("tracking", "everything", "ours", "same"),
    [
        ("A", True, told_of(parcels=parcels("A"), complete=True), True),
        ("a ; B", True, told_of(parcels=parcels("B", "A"), complete=True), True),
        ("A", False, told_of(parcels=parcels("A"), complete=True), False),  # not yet shown as shipped
        ("A", False, told_of(parcels=parcels("A")), True),
        ("A", True, told_of(parcels=parcels("A", "B"), complete=True), False),
        ("", True, told_of(complete=True), True),
        ("A", False, told_of(), False),
    ],
)
def test_a_telling_is_known_by_its_numbers_and_the_status(
    tracking: str, everything: bool, ours: ShipmentToTell, same: bool
) -> None:
    listed = StoreShipment("", (("1", 1),) if everything else (), tracking)
    assert EcwidConnector.same_shipment(None, listed, ours) is same  # type: ignore[arg-type]


# --- the whole way ------------------------------------------------------------------------------------------------


@pytest.fixture
def live(connected: Callable[..., Integration]) -> Callable[[], Integration]:
    def live() -> Integration:
        integration = connected()
        map_everything(integration)
        go_live(integration, by="Ann", now=timezone.now())
        work()
        return integration

    return live


def came_in(integration: Integration, uid: str) -> Order:
    """At the warehouse: read, mapped, offered, acknowledged."""
    sync(integration)
    map_everything(integration)
    order = Order.objects.get(store=integration.store, uid=uid)
    for request in order.requests.filter(state="offered"):
        acknowledge(request, request.revision, by="Warehouse", now=timezone.now())
    return order


def ship(order: Order, number: str, pieces: dict[int, int] | None = None) -> Fulfillment:
    request = order.requests.get()
    lines = pieces or {line.line_id: line.quantity for line in request.lines.all()}
    shipment = Shipment(lines=lines, carrier="UPS", parcels=(Tracking(number, ""),))
    fulfillment = report_fulfillment(
        order, shipment, origin=Origin.PARTNER, by="Warehouse", now=timezone.now(), request=request
    )
    work()
    fulfillment.refresh_from_db()
    return fulfillment


def shown(box: Sandbox, order: Order) -> tuple[str, str]:
    found = box.ecwid.order("ecwid", order.uid)
    return found["fulfillmentStatus"], found.get("trackingNumber", "")


@pytest.mark.req("P17-18")
def test_tracking_goes_to_the_store_with_the_status_in_one_call_and_one_mail(live: Any, sandbox: Sandbox) -> None:
    integration = live()
    order = came_in(integration, sandbox.ecwid.place_order(skus=["ENV-25"])["id"])
    Exchange.objects.all().delete()

    fulfillment = ship(order, "1Z999AA10123456784")

    assert shown(sandbox, order) == ("SHIPPED", "1Z999AA10123456784")
    assert [row.method for row in Exchange.objects.all()] == ["PUT"]
    assert len(sandbox.ecwid.mails()) == 1
    assert fulfillment.told == "told"
    order.refresh_from_db()
    assert order.state == State.CONFIRMED


def test_what_was_told_does_not_come_back_as_a_shipment_of_the_store(live: Any, sandbox: Sandbox) -> None:
    integration = live()
    order = came_in(integration, sandbox.ecwid.place_order(skus=["ENV-25"])["id"])
    ship(order, "A")
    told = len(sandbox.ecwid.told("ecwid", order.uid))

    sync(integration)

    assert order.fulfillments.count() == 1
    assert not Hold.objects.open().exists()
    assert len(sandbox.ecwid.told("ecwid", order.uid)) == told
    order.refresh_from_db()
    assert order.state == State.CONFIRMED


def test_parts_are_told_one_after_the_other_and_none_takes_another_s_number_away(live: Any, sandbox: Sandbox) -> None:
    integration = live()
    order = came_in(integration, sandbox.ecwid.place_order(skus=["ENV-25"], quantity=3)["id"])
    line = order.lines.get()

    ship(order, "A", {line.pk: 1})
    assert shown(sandbox, order) == ("PROCESSING", "A")
    sync(integration)
    ship(order, "B", {line.pk: 1})
    assert shown(sandbox, order) == ("PROCESSING", "A, B")
    ship(order, "C", {line.pk: 1})
    assert shown(sandbox, order) == ("SHIPPED", "A, B, C")

    sync(integration)
    assert order.fulfillments.count() == 3
    order.refresh_from_db()
    assert order.state == State.CONFIRMED


def test_a_correction_and_a_withdrawal_leave_the_other_parcels(live: Any, sandbox: Sandbox) -> None:
    integration = live()
    order = came_in(integration, sandbox.ecwid.place_order(skus=["ENV-25"], quantity=2)["id"])
    line = order.lines.get()
    first = ship(order, "A", {line.pk: 1})
    second = ship(order, "B", {line.pk: 1})
    now = timezone.now()

    correct(first, carrier="UPS", service="", parcels=(Tracking("A2", ""),), by="Ann", now=now)
    work()
    assert shown(sandbox, order) == ("SHIPPED", "B, A2")

    void(second, by="Ann", now=timezone.now())
    work()
    assert shown(sandbox, order) == ("PROCESSING", "A2")
    second.refresh_from_db()
    assert second.told == "not_wanted"


def test_a_lost_answer_is_read_back_and_the_buyer_gets_one_mail(live: Any, sandbox: Sandbox, time_machine: Any) -> None:
    integration = live()
    order = came_in(integration, sandbox.ecwid.place_order(skus=["ENV-25"])["id"])
    sandbox.ecwid.misbehave("lost_answer", path="PUT .*/orders/")
    fulfillment = ship(order, "A")
    assert fulfillment.told == "due"

    time_machine.move_to(timezone.now() + dt.timedelta(minutes=5))
    work()

    fulfillment.refresh_from_db()
    assert fulfillment.told == "told"
    assert len(sandbox.ecwid.told("ecwid", order.uid)) == 1
    assert len(sandbox.ecwid.mails()) == 1


def test_what_the_merchant_ships_in_ecwid_is_taken_in_with_its_number(
    live: Any, sandbox: Sandbox, time_machine: Any
) -> None:
    integration = live()
    uid = sandbox.ecwid.place_order(skus=["ENV-25"])["id"]
    sync(integration)
    sandbox.ecwid.fulfill("ecwid", uid, tracking="BY-HAND-1")
    sync(integration)

    order = Order.objects.get(uid=uid)
    [fulfillment] = order.fulfillments.all()
    assert fulfillment.origin == Origin.STORE
    assert [parcel.tracking for parcel in fulfillment.parcels.all()] == ["BY-HAND-1"]
    assert order.state == State.CONFIRMED

    time_machine.move_to(timezone.now() + dt.timedelta(minutes=1))
    sandbox.ecwid.fulfill("ecwid", uid, status="PROCESSING")  # it was pressed by mistake
    sync(integration)
    order.refresh_from_db()
    assert order.state != State.CONFIRMED


def many_left(integration: Integration, sandbox: Sandbox) -> list[Order]:
    """A dozen orders, of each of which everything left in one parcel; the store was not told yet."""
    uids = [sandbox.ecwid.place_order(skus=["ENV-25"])["id"] for _ in range(12)]
    orders = [came_in(integration, uids[0]), *Order.objects.filter(uid__in=uids[1:])]
    for order in orders[1:]:
        for request in order.requests.filter(state="offered"):
            acknowledge(request, request.revision, by="Warehouse", now=timezone.now())
    for order in orders:
        request = order.requests.get()
        lines = {line.line_id: line.quantity for line in request.lines.all()}
        shipment = Shipment(lines=lines, carrier="UPS", parcels=(Tracking(f"N{order.uid}"),))
        report_fulfillment(order, shipment, origin=Origin.PARTNER, by="Warehouse", now=timezone.now(), request=request)
    Exchange.objects.all().delete()
    return orders


def all_are_told(sandbox: Sandbox, orders: list[Order]) -> None:
    assert [shown(sandbox, order) for order in orders] == [("SHIPPED", f"N{order.uid}") for order in orders]
    assert set(Fulfillment.objects.values_list("told", flat=True)) == {"told"}
    assert len(sandbox.ecwid.mails()) == len(orders)


@pytest.mark.req("P17-18")
def test_shipments_of_many_orders_are_told_by_one_batch(live: Any, sandbox: Sandbox, time_machine: Any) -> None:
    orders = many_left(live(), sandbox)
    work()
    assert wait_until(lambda: len(sandbox.ecwid.mails()) == len(orders))

    time_machine.move_to(timezone.now() + dt.timedelta(seconds=3))
    work()

    all_are_told(sandbox, orders)
    asked = [
        f"{row.method} {row.path.rpartition('/')[2]}"
        for row in Exchange.objects.filter(flow="fulfillments").order_by("pk")
    ]
    assert asked == ["POST batch", "GET batch"]


@pytest.mark.parametrize("lost", ["the answer", "the ticket"])
def test_a_batch_of_shipments_of_which_nobody_knows_any_more_is_read_back(
    live: Any, sandbox: Sandbox, time_machine: Any, lost: str
) -> None:
    orders = many_left(live(), sandbox)
    if lost == "the answer":
        sandbox.ecwid.misbehave("lost_answer", path="POST .*/batch")
    work()
    assert wait_until(lambda: len(sandbox.ecwid.mails()) == len(orders))
    with sandbox.ecwid.working():  # not in the middle of it
        sandbox.ecwid.batches.all.clear()

    time_machine.move_to(timezone.now() + dt.timedelta(minutes=5))
    work()

    all_are_told(sandbox, orders)


def test_a_batch_of_shipments_that_never_ends_is_given_up(live: Any, sandbox: Sandbox, time_machine: Any) -> None:
    sandbox.ecwid.batches.wait = 3600.0
    orders = many_left(live(), sandbox)
    work()
    for minutes in (5, 6, 5):
        time_machine.move_to(timezone.now() + dt.timedelta(minutes=minutes))
        sync(Integration.objects.get(), FlowKind.FULFILLMENTS)

    assert any(row.path.endswith("/batch/cancel-group") for row in Exchange.objects.all())
    assert Exchange.objects.filter(method="POST", path__endswith="/batch").count() == 2
    assert Fulfillment.objects.filter(told="due").count() == len(orders)


def test_what_is_corrected_or_voided_while_the_store_works_on_a_batch_is_told_after_it(
    live: Any, sandbox: Sandbox, time_machine: Any
) -> None:
    orders = many_left(live(), sandbox)
    work()
    assert wait_until(lambda: len(sandbox.ecwid.mails()) == len(orders))
    corrected, voided = (order.fulfillments.get() for order in orders[:2])
    correct(corrected, carrier="UPS", service="", parcels=(Tracking("OTHER"),), by="Ann", now=timezone.now())
    void(voided, by="Ann", now=timezone.now())

    for _ in range(3):
        time_machine.move_to(timezone.now() + dt.timedelta(minutes=3))
        sync(Integration.objects.get(), FlowKind.FULFILLMENTS)

    assert [shown(sandbox, order) for order in orders[:2]] == [("SHIPPED", "OTHER"), ("PROCESSING", "")]
    assert {f.pk: f.told for f in Fulfillment.objects.filter(order__in=orders[:2])} == {
        corrected.pk: "told",
        voided.pk: "not_wanted",
    }


def test_a_shipment_that_is_corrected_and_then_voided_is_taken_back_by_its_older_number(
    live: Any, sandbox: Sandbox
) -> None:
    integration = live()
    order = came_in(integration, sandbox.ecwid.place_order(skus=["ENV-25"])["id"])
    fulfillment = ship(order, "A")
    correct(fulfillment, carrier="UPS", service="", parcels=(Tracking("B"),), by="Ann", now=timezone.now())
    void(fulfillment, by="Ann", now=timezone.now())

    work()

    assert shown(sandbox, order) == ("PROCESSING", "")
    fulfillment.refresh_from_db()
    assert fulfillment.told == "not_wanted"


def test_what_the_store_shows_of_a_voided_shipment_is_not_taken_for_one_of_its_own(live: Any, sandbox: Sandbox) -> None:
    integration = live()
    order = came_in(integration, sandbox.ecwid.place_order(skus=["ENV-25"])["id"])
    fulfillment = ship(order, "A")
    sandbox.ecwid.misbehave("unavailable", path="PUT .*/orders/", count=None)
    void(fulfillment, by="Ann", now=timezone.now())
    work()
    assert shown(sandbox, order) == ("SHIPPED", "A")  # the store could not be told yet

    sync(integration)

    assert [f.pk for f in order.fulfillments.all()] == [fulfillment.pk]
