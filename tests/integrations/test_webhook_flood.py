"""Many announcements at once, and deliveries that a person has done again: how many calls the store gets for them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from fcp.models import AuditEntry
from integrations.deliveries import replay
from integrations.models import Flow, Hint, Integration, Run, WebhookAddress
from integrations.sandbox.server import Sandbox
from orders.models import Order, SeenOrder
from tests.integrations.flows.world import change_settings, connect_store, flow_of, sync, work
from tests.integrations.webhook_world import announcing_store, message, path_of, post, reserved

pytestmark = pytest.mark.usefixtures("settings_of_sandbox")


@pytest.fixture
def shop(transactional_db: None, sandbox: Sandbox) -> Integration:
    return announcing_store(sandbox)


@pytest.fixture
def address(shop: Integration) -> WebhookAddress:
    return reserved(shop)


class Calls:
    """How many calls the stand-in store counted."""

    def __init__(self, box: Sandbox) -> None:
        self.site = box.wix.site("v1")
        self.before = self.site.total_calls

    @property
    def made(self) -> int:
        return int(self.site.total_calls - self.before)


def hints(shop: Integration, uids: list[str], kind: str = "order") -> None:
    now = timezone.now()
    Hint.objects.bulk_create(
        [
            Hint(store=shop.store, event_id=f"{kind}-{n}", kind=kind, object_uid=uid, received_at=now)
            for n, uid in enumerate(uids)
        ]
    )


def placed(box: Sandbox, count: int, **how: Any) -> list[dict[str, Any]]:
    return [box.wix.place_order("v1", **how) for _ in range(count)]


def waiting() -> int:
    return Hint.objects.filter(done_at=None).count()


@pytest.mark.parametrize(("announced", "calls"), [(5, 5 + 1), (20, 20 + 1), (21, 1), (200, 2)])
def test_above_twenty_waiting_hints_one_look_at_what_changed_replaces_single_reads(
    shop: Integration, sandbox: Sandbox, announced: int, calls: int
) -> None:
    orders = placed(sandbox, announced)
    hints(shop, [order["id"] for order in orders])
    counted = Calls(sandbox)

    sync(shop)

    assert counted.made == calls
    assert Order.objects.count() == announced
    assert waiting() == 0


def test_two_hundred_known_by_their_numbers_cost_no_more(shop: Integration, sandbox: Sandbox) -> None:
    hints(shop, [order["number"] for order in placed(sandbox, 200)], "order_number")
    counted = Calls(sandbox)

    sync(shop)

    assert counted.made == 2
    assert Order.objects.count() == 200
    assert waiting() == 0


def test_old_orders_that_a_person_has_done_again_are_listed_by_their_ids(shop: Integration, sandbox: Sandbox) -> None:
    orders = placed(sandbox, 150)
    hints(shop, [order["id"] for order in orders])
    sync(shop)
    newest = sandbox.wix.place_order("v1")  # moves what is looked at past the others
    Flow.objects.filter(pk=flow_of(shop).pk).update(watermark=timezone.now() + dt.timedelta(hours=1))
    counted = Calls(sandbox)

    outcome = replay(shop, Hint.objects.all(), by="Ann", now=timezone.now())
    work()

    assert (outcome.again, outcome.waiting, outcome.left) == (150, 0, 0)
    assert counted.made == 1 + 2  # one look, two pages by ids
    assert waiting() == 0
    assert Order.objects.count() == 150
    assert not Order.objects.filter(number=newest["number"]).exists()
    assert AuditEntry.objects.get(code="webhooks_replayed").params["count"] == 150


def test_orders_that_no_list_shows_are_still_asked_for_one_by_one(shop: Integration, sandbox: Sandbox) -> None:
    hidden = placed(sandbox, 25, status="INITIALIZED", paid=False)
    hints(shop, [order["id"] for order in hidden])

    sync(shop)

    assert SeenOrder.objects.filter(uid__in=[order["id"] for order in hidden], seen_by="webhook").count() == 25
    assert waiting() == 0


def test_orders_that_a_list_shows_older_than_was_told_are_asked_for_one_by_one(
    shop: Integration, sandbox: Sandbox
) -> None:
    """Wix's search lags behind; an order that is asked for is as it is now."""
    orders = placed(sandbox, 30)
    hints(shop, [order["id"] for order in orders])
    changed = dt.datetime.fromisoformat(orders[0]["updatedDate"])
    ahead = Hint.objects.filter(object_uid__in=[order["id"] for order in orders[:3]])
    ahead.update(at=changed + dt.timedelta(minutes=1))
    counted = Calls(sandbox)

    sync(shop)

    assert counted.made == 1 + 3
    assert waiting() == 0


@pytest.mark.parametrize("ago", [dt.timedelta(minutes=1), dt.timedelta(minutes=6)])
def test_a_list_is_behind_for_a_few_minutes_only(shop: Integration, sandbox: Sandbox, ago: dt.timedelta) -> None:
    orders = placed(sandbox, 30)
    hints(shop, [order["id"] for order in orders])
    now = timezone.now()
    Hint.objects.update(at=now + dt.timedelta(minutes=1), received_at=now - ago)
    counted = Calls(sandbox)

    sync(shop)

    fresh = ago < dt.timedelta(minutes=5)
    assert counted.made == (1 + 1 + 30 if fresh else 1)
    assert waiting() == 0


def test_an_announcement_of_the_app_says_when_its_order_changed(shop: Integration, sandbox: Sandbox) -> None:
    path = announced_by_app(sandbox, shop)
    order = sandbox.wix.place_order("v1")
    for slug in ("created", "updated", "approved"):
        body = sandbox.wix.signed_order_event("v1", order["number"], slug)
        Client().post(path, data=body, content_type="text/plain")

    assert set(Hint.objects.values_list("at", flat=True)) == {dt.datetime.fromisoformat(order["updatedDate"])}


def test_hints_wait_until_the_look_that_replaces_their_reading_was_stored(
    shop: Integration, sandbox: Sandbox, time_machine: Any
) -> None:
    hints(shop, [order["id"] for order in placed(sandbox, 30)])
    sandbox.wix.misbehave("error", "v1", count=None)
    sync(shop)
    assert waiting() == 30

    sandbox.wix.behave()
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=2))
    work()

    assert waiting() == 0
    assert Order.objects.count() == 30


def test_a_long_past_to_be_read_first_does_not_keep_what_was_announced_waiting(
    transactional_db: None, sandbox: Sandbox
) -> None:
    placed(sandbox, 120, created=timezone.now() - dt.timedelta(days=20))
    shop = connect_store(sandbox, on=())
    told = placed(sandbox, 30)
    hints(shop, [order["id"] for order in told])

    change_settings(shop, flows={"orders": {"mode": "pull"}})
    work()

    seen_by = dict(SeenOrder.objects.values_list("uid", "seen_by"))
    assert {seen_by[order["id"]] for order in told} == {"webhook"}
    assert sorted(seen_by.values()) == ["poll"] * 120 + ["webhook"] * 30


def test_a_flood_of_two_thousand_messages_leaves_every_order_here_once(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress, time_machine: Any
) -> None:
    """250 orders, announced eight times each: by the app and at an address, in four orders of events."""
    time_machine.move_to(timezone.now(), tick=False)  # at once: what is announced late is read singly
    client = Client()
    app = announced_by_app(sandbox, shop)
    orders = placed(sandbox, 250)
    path = path_of(address)
    for order in orders:
        for slug in ("created", "approved", "updated", "payment_status_updated"):
            body = sandbox.wix.signed_order_event("v1", order["number"], slug)
            assert client.post(app, data=body, content_type="text/plain").status_code == 200
        for n in range(4):
            assert post(path, {"data": {"id": order["id"], "n": n}}, client).status_code == 200
    assert Hint.objects.count() == 2000
    counted = Calls(sandbox)

    tasks = work()

    assert Order.objects.count() == 250
    assert waiting() == 0
    assert counted.made <= 4
    assert tasks <= 3
    run = Run.objects.latest("pk")
    assert (run.created, run.failed) == (250, 0)


def announced_by_app(box: Sandbox, shop: Integration) -> str:
    shop.store.install_uid = box.info["wix"]["instance_v1"]
    shop.store.save(update_fields=["install_uid"])
    return "/hooks/wix/"


# --- done again ----------------------------------------------------------------------------------------------------


def test_one_delivery_is_done_again_and_brings_what_changed_since(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress
) -> None:
    order = sandbox.wix.place_order("v1")
    post(address, message(sandbox, order))
    work()
    address.refresh_from_db()
    assert address.events == 1
    sandbox.wix.cancel_order("v1", order["number"])
    # No look at what changed would show it.
    Flow.objects.filter(pk=flow_of(shop).pk).update(watermark=timezone.now() + dt.timedelta(hours=1))

    outcome = replay(shop, Hint.objects.all(), by="Ann", now=timezone.now())
    assert waiting() == 1
    work()

    assert outcome.again == 1
    assert Order.objects.get().state == "canceled"
    hint = Hint.objects.get()
    assert hint.done_at
    assert hint.replayed_at
    assert hint.done_at >= hint.replayed_at
    address.refresh_from_db()
    assert address.events == 1  # it came in once


def test_what_waits_already_and_what_is_about_our_app_is_not_done_again(shop: Integration) -> None:
    now = timezone.now()
    Hint.objects.create(store=shop.store, event_id="a", kind="removed", object_uid="i", received_at=now, done_at=now)
    Hint.objects.create(store=shop.store, event_id="b", kind="order", object_uid="o", received_at=now)

    outcome = replay(shop, Hint.objects.all(), by="Ann", now=now)

    assert (outcome.again, outcome.waiting, outcome.left) == (0, 1, 1)
    assert not AuditEntry.objects.filter(code="webhooks_replayed").exists()
    assert Hint.objects.get(kind="removed").done_at == now


def test_another_stores_deliveries_are_not_done_again(shop: Integration, sandbox: Sandbox) -> None:
    other = announcing_store(sandbox, "v3")
    now = timezone.now()
    Hint.objects.create(store=other.store, event_id="a", kind="order", object_uid="o", received_at=now, done_at=now)

    assert replay(shop, Hint.objects.all(), by="Ann", now=now).again == 0
    assert Hint.objects.get().replayed_at is None
