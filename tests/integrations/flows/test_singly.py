"""Orders that are asked for one by one, for as long as a slice lasts; one that the store will not give fails alone."""

import datetime as dt

import pytest
from django.utils import timezone

from integrations import runs
from integrations.deliveries import waiting
from integrations.flows.taking import Taker
from integrations.lease import ring
from integrations.models import FailedRecord, Flow, Hint, Integration, Run
from integrations.tasks import run_flow
from orders.models import Order
from tests.integrations.flows.world import change_settings, flow_of, sync, work

SINGLE = "GET /ecom/v1/orders/"


@pytest.fixture
def told_of(connect, sandbox):
    """`told_of(3)`: a store that announced as many new orders, which nobody has looked at; their ids."""

    def told_of(many: int) -> tuple[Integration, list[str]]:
        integration = connect("v1")
        placed = [sandbox.wix.place_order("v1")["id"] for _ in range(many)]
        for uid in placed:
            announce(integration, uid)
        return integration, placed

    return told_of


def announce(integration: Integration, uid: str, event: str = "") -> None:
    Hint.objects.create(
        store=integration.store, event_id=event or uid, kind="order", object_uid=uid, received_at=timezone.now()
    )


def announce_again(integration: Integration, uid: str) -> None:
    announce(integration, uid, f"{uid} again")


def one_slice(integration: Integration) -> None:
    """Press Sync, and let a worker do the first of its tasks."""
    ring([flow_of(integration).pk], timezone.now(), trigger="person", by="Ann")
    flow = flow_of(integration)
    run_flow(flow.pk, flow.gen)


def waits(integration: Integration) -> list[str]:
    return [hint.object_uid for hint in waiting(integration.store).order_by("pk")]


def here(integration: Integration) -> set[str]:
    return set(Order.objects.filter(store=integration.store).values_list("uid", flat=True))


def test_a_slow_store_is_asked_for_no_longer_than_a_slice_lasts_and_what_it_said_is_stored(
    told_of, sandbox, monkeypatch
):
    monkeypatch.setattr(runs, "SLICE_SECONDS", 0.1)
    integration, placed = told_of(5)
    sandbox.wix.misbehave("slow", "v1", path=SINGLE, count=None, seconds=0.15)

    one_slice(integration)

    assert here(integration) == {placed[0]}
    assert waits(integration) == placed[1:]
    work()
    assert here(integration) == set(placed)
    assert waits(integration) == []
    run = Run.objects.filter(flow=flow_of(integration)).latest("pk")
    assert (run.created, run.state) == (5, "done")


def test_an_order_that_the_store_will_not_give_does_not_keep_a_slice_from_getting_further(
    told_of, sandbox, monkeypatch
):
    monkeypatch.setattr(runs, "SLICE_SECONDS", -1.0)
    integration, placed = told_of(4)
    sandbox.wix.misbehave("error", "v1", path=SINGLE + placed[0], count=None)
    sandbox.wix.misbehave("no_lines", "v1", path="orders/search", count=0)

    one_slice(integration)

    assert here(integration) == {placed[1]}
    assert FailedRecord.objects.get().key == placed[0]
    assert waits(integration) == placed[2:]
    work()
    assert {*placed[1:]} <= here(integration)
    assert flow_of(integration).failures == 0


def test_orders_that_the_store_gives_only_in_its_list_come_in_by_that(told_of, sandbox):
    integration, placed = told_of(7)
    for uid in placed[:3] + placed[4:5]:
        sandbox.wix.misbehave("error", "v1", path=SINGLE + uid, count=None)
    unannounced = sandbox.wix.place_order("v1")["id"]

    sync(integration)

    assert here(integration) == {*placed, unannounced}
    assert waits(integration) == []
    assert not FailedRecord.objects.exists()
    assert flow_of(integration).failures == 0


def test_three_orders_that_the_store_will_not_give_keep_nothing_else_from_coming_in(told_of, sandbox, time_machine):
    integration, placed = told_of(4)
    sync(integration)
    time_machine.move_to(timezone.now() + dt.timedelta(hours=1))  # the list shows them no more
    for uid in placed[:3]:
        announce_again(integration, uid)
        sandbox.wix.misbehave("error", "v1", path=SINGLE + uid, count=None)
    announce_again(integration, placed[3])
    new = sandbox.wix.place_order("v1")["id"]

    sync(integration)

    assert new in here(integration)
    assert waits(integration) == []
    assert set(FailedRecord.objects.values_list("key", flat=True)) == set(placed[:3])
    flow = flow_of(integration)
    assert (flow.failures, flow.problem) == (0, "")


def test_a_store_that_gives_nothing_fails_the_sync_and_what_was_announced_waits(told_of, sandbox):
    integration, placed = told_of(5)
    sandbox.wix.misbehave("error", "v1", count=None)

    sync(integration)

    assert waits(integration) == placed
    assert not FailedRecord.objects.exists()
    assert flow_of(integration).failures == 1


def test_records_that_go_on_failing_do_not_make_the_whole_sync_fail(told_of, sandbox, time_machine):
    integration, placed = told_of(8)
    for uid in placed[::2]:
        sandbox.wix.misbehave("error", "v1", path=SINGLE + uid, count=None)
    sync(integration)
    assert set(FailedRecord.objects.values_list("key", "attempts")) == {(uid, 1) for uid in placed[::2]}

    time_machine.move_to(timezone.now() + dt.timedelta(minutes=6))
    sync(integration)

    assert flow_of(integration).failures == 0
    assert set(FailedRecord.objects.values_list("key", "attempts")) == {(uid, 2) for uid in placed[::2]}


def test_orders_that_new_settings_let_in_are_read_for_as_long_as_a_slice_lasts(
    connect, sandbox, time_machine, monkeypatch
):
    integration = connect("v1", payment_status=["paid"])
    placed = [sandbox.wix.place_order("v1", paid=False)["id"] for _ in range(3)]
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=10))
    placed.append(sandbox.wix.place_order("v1")["id"])  # the watermark is past the others
    sync(integration)
    assert here(integration) == {placed[3]}
    monkeypatch.setattr(runs, "SLICE_SECONDS", -1.0)
    change_settings(integration, payment_status=["paid", "unpaid"])

    stored = []
    take = Taker.take

    def counted(self, raws, *args, **kwargs):
        stored.append(len(raws))
        take(self, raws, *args, **kwargs)

    monkeypatch.setattr(Taker, "take", counted)
    work()

    assert here(integration) == set(placed)
    assert stored.count(1) >= 3
    assert max(stored) == 1


def test_fewer_are_asked_for_at_once_after_leases_that_broke_off(told_of, monkeypatch):
    integration, placed = told_of(5)
    Flow.objects.filter(pk=flow_of(integration).pk).update(unfinished=5)  # 20 halved three times
    stored = []
    take = Taker.take

    def counted(self, raws, *args, **kwargs):
        stored.append(len(raws))
        take(self, raws, *args, **kwargs)

    monkeypatch.setattr(Taker, "take", counted)
    sync(integration)

    assert stored[:3] == [2, 2, 1]
    assert here(integration) == set(placed)
