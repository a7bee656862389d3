"""Orders that a merchant deletes in Ecwid: as if they were canceled, once it is known."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import responses
from django.db import transaction
from django.test import Client
from django.utils import timezone

from integrations.live import go_live
from integrations.models import Exchange, Integration
from integrations.sandbox.server import Sandbox
from integrations.settings_document import rules_in_force
from orders.deleting import cancel_deleted
from orders.models import Hold, Order, SeenOrder, ShippingRequest
from orders.state import State
from orders.timeline import sentence
from tests.integrations.flows.world import change_settings, map_everything, sync, work

from .conftest import Reached
from .test_orders import by_token
from .test_shipments import came_in, ship
from .test_webhooks import deliver


def test_what_was_deleted_since_is_listed_by_the_order_s_id(store: Reached) -> None:
    uids = [store.host.place_order()["id"] for _ in range(3)]
    for uid in uids[:2]:
        store.host.delete_order("ecwid", uid)
    now = dt.datetime.now(dt.UTC)
    page = store.connector.deleted(now - dt.timedelta(hours=1), None)
    assert [one.uid for one in page.items] == uids[:2]
    times = [one.at for one in page.items]
    assert all(at and abs(at - now) < dt.timedelta(minutes=1) for at in times)
    assert page.next is None
    assert not store.connector.deleted(now + dt.timedelta(hours=1), None).items


@pytest.mark.parametrize("status", [400, 404, 405])
@responses.activate
def test_a_store_without_such_a_list_has_deleted_nothing(status: int) -> None:
    responses.get("https://app.ecwid.com/api/v3/1003/orders/deleted", status=status)
    assert list(by_token().deleted(dt.datetime(2026, 5, 1, tzinfo=dt.UTC), None).items) == []


@pytest.fixture
def live(connected: Any) -> Integration:
    integration: Integration = connected()
    map_everything(integration)
    go_live(integration, by="Ann", now=timezone.now())
    work()
    return integration


def an_hour_later(integration: Integration, time_machine: Any) -> None:
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=61))
    sync(integration)


def test_a_deleted_order_is_offered_no_more(live: Integration, sandbox: Sandbox, time_machine: Any) -> None:
    uid = sandbox.ecwid.place_order(skus=["ENV-25"])["id"]
    sync(live)
    map_everything(live)
    assert Order.objects.get().state == State.READY
    sandbox.ecwid.delete_order("ecwid", uid)

    an_hour_later(live, time_machine)

    order = Order.objects.get()
    assert (order.state, order.status) == (State.CANCELED, "canceled")
    assert {request.state for request in ShippingRequest.objects.all()} == {"withdrawn"}
    [event] = order.events.filter(code="canceled_in_store")
    assert sentence(event.code, event.params) == "Deleted in the store, so it counts as canceled."
    revision = order.revision
    an_hour_later(live, time_machine)
    assert Order.objects.get().revision == revision  # heard of twice, it is one


def test_a_warehouse_that_has_a_deleted_order_is_asked_to_stop(
    live: Integration, sandbox: Sandbox, time_machine: Any
) -> None:
    order = came_in(live, sandbox.ecwid.place_order(skus=["ENV-25"])["id"])
    sandbox.ecwid.delete_order("ecwid", order.uid)
    an_hour_later(live, time_machine)
    assert order.requests.get().state == "cancel_asked"
    assert Hold.objects.open().filter(kind="canceled_in_store").count() == 1


def test_what_has_shipped_stays_as_it_is(live: Integration, sandbox: Sandbox, time_machine: Any) -> None:
    order = came_in(live, sandbox.ecwid.place_order(skus=["ENV-25"])["id"])
    ship(order, "A")
    sandbox.ecwid.delete_order("ecwid", order.uid)
    an_hour_later(live, time_machine)
    order.refresh_from_db()
    assert (order.state, order.status) == (State.CONFIRMED, "approved")


def test_a_deletion_that_is_announced_is_believed_once_the_order_is_not_there(
    live: Integration, sandbox: Sandbox, client: Client
) -> None:
    uids = [sandbox.ecwid.place_order(skus=["ENV-25"])["id"] for _ in range(2)]
    sync(live)
    map_everything(live)
    query = {"data": {"orderId": uids[0]}}
    assert deliver(client, sandbox, "order.deleted", **query) == 200  # but it is there
    work()
    assert not Order.objects.filter(status="canceled").exists()

    sandbox.ecwid.delete_order("ecwid", uids[0])
    assert deliver(client, sandbox, "order.deleted", **query) == 200
    work()
    assert [order.uid for order in Order.objects.filter(status="canceled")] == [uids[0]]


def test_an_order_that_never_came_in_takes_no_stock_any_more(
    live: Integration, sandbox: Sandbox, time_machine: Any
) -> None:
    change_settings(live, payment_status=["paid"])
    uid = sandbox.ecwid.place_order(kind="unpaid")["id"]
    sync(live)
    assert SeenOrder.objects.get().takes_stock
    sandbox.ecwid.delete_order("ecwid", uid)
    an_hour_later(live, time_machine)
    seen = SeenOrder.objects.get()
    assert (seen.takes_stock, seen.facts["status"]) == (False, "canceled")


def test_deleted_orders_are_asked_about_once_an_hour_only(live: Integration, time_machine: Any) -> None:
    time_machine.move_to(timezone.now().replace(minute=5) + dt.timedelta(hours=1), tick=True)
    for _ in range(3):
        sync(live)
        time_machine.move_to(timezone.now() + dt.timedelta(minutes=10), tick=True)
    assert Exchange.objects.filter(path__endswith="/orders/deleted").count() == 1


def test_a_list_that_lags_behind_brings_no_deleted_order_back(
    live: Integration, sandbox: Sandbox, time_machine: Any
) -> None:
    uid = sandbox.ecwid.place_order(skus=["ENV-25"])["id"]
    sync(live)
    map_everything(live)
    with transaction.atomic():
        cancel_deleted(live.store, rules_in_force(live.store_id), [uid], now=timezone.now())
    assert Order.objects.get().state == State.CANCELED

    time_machine.move_to(timezone.now() + dt.timedelta(seconds=5))
    sync(live)  # the store still lists it, as it was

    assert Order.objects.get().state == State.CANCELED
