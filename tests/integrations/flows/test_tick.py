"""The minute's tick: what is due gets into the queue once, nothing piles up, what waits is found without a nudge."""

import datetime as dt

import pytest
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from integrations import sweep
from integrations import tick as ticking
from integrations.lease import finish, lease_time, start
from integrations.models import FailedRecord, Flow, Hint
from integrations.queue import Queue
from integrations.tick import overdue, tick
from orders.models import Fulfillment, Order
from tests.build import make_order, make_ship_method
from tests.integrations.flows.flows import NOW, make_flow, make_integration
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def queued(queue: Queue = Queue.DEFAULT) -> list[tuple[str, tuple[int, ...]]]:
    rows = OrmQ.objects.filter(key=queue.key).order_by("id")
    return [(task["func"].rsplit(".", 1)[-1], task["args"]) for task in (SignedPackage.loads(r.payload) for r in rows)]


def test_what_is_due_is_queued_oldest_first_and_the_rest_is_not():
    late = make_flow(due_at=NOW - dt.timedelta(hours=1))
    due = make_flow(due_at=NOW)
    make_flow(due_at=NOW + dt.timedelta(minutes=1))
    make_flow(due_at=None)

    assert tick(NOW) == 2

    assert {args for _, args in queued()} == {(late.pk, 1), (due.pk, 1)}


def test_two_ticks_at_once_queue_each_flow_once():
    flows = [make_flow() for _ in range(30)]

    at_once(lambda: tick(NOW), lambda: tick(NOW), lambda: tick(NOW))

    assert sorted(args for _, args in queued()) == sorted((flow.pk, 1) for flow in flows)


def test_after_a_day_off_each_flow_runs_once_and_their_next_runs_are_spread():
    flows = [make_flow(due_at=NOW - dt.timedelta(days=1)) for _ in range(40)]

    tick(NOW)
    tick(NOW + dt.timedelta(seconds=30))

    assert len(queued()) == len(flows)
    for _, (pk, gen) in queued():
        assert start(pk, gen, NOW + dt.timedelta(seconds=40))
    slots = set(Flow.objects.values_list("due_at", flat=True))
    assert len(slots) > 20
    assert min(slots) > NOW + dt.timedelta(minutes=28)


def test_a_full_queue_gets_no_more_and_the_oldest_go_first_later(monkeypatch):
    monkeypatch.setitem(ticking.MOST_WAITING, Queue.DEFAULT, 3)
    flows = [make_flow(due_at=NOW - dt.timedelta(minutes=10 - n)) for n in range(5)]

    tick(NOW)
    assert sorted(args[0] for _, args in queued()) == [flow.pk for flow in flows[:3]]
    tick(NOW)
    assert len(queued()) == 3
    OrmQ.objects.all().delete()
    tick(NOW)

    assert sorted(args[0] for _, args in queued()) == [flow.pk for flow in flows[3:]]


def test_catalogues_and_first_imports_wait_in_the_slow_queue():
    catalogue = make_flow("products")
    first = make_flow("orders", last_ok_at=None)
    usual = make_flow("orders")

    tick(NOW)

    assert sorted(queued(Queue.SLOW)) == sorted([("run_flow", (catalogue.pk, 1)), ("run_flow", (first.pk, 1))])
    assert queued() == [("run_flow", (usual.pk, 1))]


def test_a_full_slow_queue_does_not_stop_the_others(monkeypatch):
    monkeypatch.setitem(ticking.MOST_WAITING, Queue.SLOW, 0)
    make_flow("products")
    orders = make_flow("orders")

    tick(NOW)

    assert queued() == [("run_flow", (orders.pk, 1))]
    assert queued(Queue.SLOW) == []


def test_a_wiped_queue_is_made_good_within_two_minutes():
    flow = make_flow()
    tick(NOW)
    OrmQ.objects.all().delete()

    tick(NOW + dt.timedelta(minutes=1))

    assert queued() == [("run_flow", (flow.pk, 2))]
    assert dt.timedelta(minutes=1) >= lease_time()


def test_a_hint_whose_ring_was_lost_is_found():
    flow = make_flow(due_at=NOW + dt.timedelta(minutes=20))
    Hint.objects.create(store=flow.integration.store, event_id="e", kind="order", object_uid="o", received_at=NOW)

    tick(NOW)

    assert queued() == [("run_flow", (flow.pk, 1))]


def test_shipments_whose_ring_was_lost_are_found_unless_the_integration_is_not_live():
    for live in (True, False):
        flow = make_flow("fulfillments", make_integration(live=live), due_at=NOW + dt.timedelta(minutes=20))
        order = make_order(flow.integration.store)
        Fulfillment.objects.create(
            account=flow.account, store=order.store, order=order, origin="person", shipped_at=NOW, created_at=NOW,
            told="due",
        )  # fmt: skip
        tick(NOW)
        runs = [args for function, args in queued() if function == "run_flow"]
        assert runs == ([(flow.pk, 1)] if live else [])
        OrmQ.objects.all().delete()
        Fulfillment.objects.all().delete()


def test_a_shipment_that_is_to_wait_is_not_rung_for():
    flow = make_flow("fulfillments", make_integration(live=True), due_at=NOW + dt.timedelta(minutes=20))
    order = make_order(flow.integration.store)
    Fulfillment.objects.create(
        account=flow.account, store=order.store, order=order, origin="person", shipped_at=NOW, created_at=NOW,
        told="due", not_before=NOW + dt.timedelta(minutes=5),
    )  # fmt: skip

    tick(NOW)

    assert "run_flow" not in [function for function, _ in queued()]


def test_a_failed_record_whose_time_has_come_is_found():
    flow = make_flow(due_at=NOW + dt.timedelta(minutes=20))
    FailedRecord.objects.create(
        account=flow.account, store=flow.integration.store, kind="order", key="o", code="x", sentence="Odd.",
        since=NOW, last_at=NOW, not_before=NOW,
    )  # fmt: skip

    tick(NOW)

    assert queued() == [("run_flow", (flow.pk, 1))]


def test_a_failing_flow_is_not_rung_before_its_time():
    flow = make_flow(due_at=NOW + dt.timedelta(minutes=20), failures=2)
    Hint.objects.create(store=flow.integration.store, event_id="e", kind="order", object_uid="o", received_at=NOW)

    tick(NOW)

    assert queued() == []


def test_orders_that_nobody_was_offered_and_words_that_were_mapped_are_found():
    integration = make_integration(live=True, settings_version=2)
    order = make_order(integration.store)
    Order.objects.filter(pk=order.pk).update(state="new")
    make_ship_method(integration.store, "Bulky", target="BULK", version=1)

    tick(NOW)

    tasks = queued()
    assert ("lift_mapped", ()) in tasks
    assert ("settle_store", (integration.store_id,)) in tasks
    assert ("offer_waiting", (integration.store_id,)) in tasks


def test_of_many_stores_some_are_nudged_and_none_while_many_tasks_wait(monkeypatch):
    monkeypatch.setattr(sweep, "AT_A_TIME", 3)
    monkeypatch.setattr(sweep, "MOST_WAITING", 6)
    unsettled = {(make_integration(settings_version=2).store_id,) for _ in range(5)}

    tick(NOW)
    first = queued()
    tick(NOW)
    tick(NOW)

    assert len(set(first)) == 3
    assert {arguments for _, arguments in first} < unsettled
    assert len(queued()) == 6


def test_overdue_flows_show_in_the_health_of_the_installation():
    flow = make_flow(due_at=NOW)

    assert overdue(NOW + dt.timedelta(minutes=5)) == ""
    assert "due for 15 minutes" in overdue(NOW + dt.timedelta(minutes=15))
    tick(NOW + dt.timedelta(minutes=15))
    flow.refresh_from_db()
    started = start(flow.pk, flow.gen, NOW + dt.timedelta(minutes=15))
    assert started
    finish(started.lease, NOW + dt.timedelta(minutes=15))
    assert overdue(NOW + dt.timedelta(minutes=15)) == ""


def test_a_claim_that_nobody_takes_from_a_dead_queue_is_overdue():
    """Its task waits for ever, so the claim is not lost and the tick leaves it."""
    flow = make_flow("products", due_at=NOW, last_ok_at=None)
    tick(NOW)
    late = NOW + dt.timedelta(minutes=15)
    tick(late)
    flow.refresh_from_db()

    assert flow.gen == 1
    assert flow.lease_until < late
    assert "due for 15 minutes" in overdue(late)
