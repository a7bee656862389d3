"""Orders coming in while the store misbehaves: what the merchant reads, and that nothing is lost or doubled."""

import datetime as dt

import pytest
from django.db import OperationalError
from django.utils import timezone

from integrations import runs
from integrations.models import Exchange, FailedRecord, Flow, Hint, Integration, Run
from integrations.sandbox.server import Sandbox
from orders.models import Order
from tests.integrations.flows.world import connect_store, flow_of, sync, work


def numbers(integration: Integration) -> list[str]:
    return sorted(Order.objects.filter(store=integration.store).values_list("number", flat=True))


def next_try(integration: Integration, time_machine, **how) -> Flow:
    """The flow's next try comes by itself."""
    from integrations.tasks import tick

    time_machine.move_to(flow_of(integration).due_at + dt.timedelta(seconds=1), **how)
    tick()
    work()
    return flow_of(integration)


def test_failures_in_a_row_are_tried_at_growing_pauses_of_an_hour_at_most(connect, sandbox, time_machine):
    integration = connect("v1")
    sandbox.wix.misbehave("error", "v1", count=None)
    sync(integration)
    time_machine.move_to(timezone.now(), tick=False)  # a try takes no time
    pauses = []
    for _ in range(9):
        flow = next_try(integration, time_machine, tick=False)
        pauses.append((flow.due_at - timezone.now()).total_seconds() / 60)

    assert pauses == sorted(pauses)
    assert pauses[0] < 2.1
    assert 50 < pauses[-1] <= 60


def test_a_storm_of_429_pauses_the_store_and_then_goes_on_by_itself(connect, sandbox, time_machine):
    integration = connect("v1")
    placed = sandbox.wix.place_order("v1")["number"]
    sandbox.wix.misbehave("busy", "v1", count=4, retry_after=20)

    sync(integration)
    flow = flow_of(integration)
    assert (flow.problem_code, flow.failures) == ("store_busy", 0)
    assert flow.problem == "The store asks us to slow down. We go on by ourselves in a moment."
    calls = Exchange.objects.count()
    sync(integration)
    assert Exchange.objects.count() == calls  # nobody calls before the pause is over
    for _ in range(5):
        time_machine.move_to(timezone.now() + dt.timedelta(seconds=21))
        work()

    assert numbers(integration) == [placed]
    assert flow_of(integration).problem == ""
    assert Run.objects.filter(state="running").count() == 0


def test_an_order_without_an_id_that_comes_whole_at_once_again_troubles_nobody(connect, sandbox):
    integration = connect("v1")
    placed = [sandbox.wix.place_order("v1")["number"] for _ in range(3)]
    sandbox.wix.misbehave("no_id", "v1")

    sync(integration)

    assert numbers(integration) == sorted(placed)
    assert not FailedRecord.objects.exists()


def test_an_order_that_stays_odd_is_counted_once_and_tried_later_and_later(connect, sandbox, time_machine):
    integration = connect("v1")
    odd = sandbox.wix.place_order("v1", changes={"currency": 12})
    sync(integration)
    sync(integration)

    runs_of = Run.objects.filter(flow=flow_of(integration)).order_by("-pk")
    assert [run.failed for run in runs_of[:2]] == [0, 1]
    record = FailedRecord.objects.get()
    assert (record.key, record.number) == (odd["id"], odd["number"])
    waits = []
    for _ in range(3):
        time_machine.move_to(record.not_before + dt.timedelta(seconds=1))
        sync(integration)
        record.refresh_from_db()
        waits.append(record.not_before - timezone.now())
    assert waits == sorted(waits)
    assert record.attempts == 4

    sandbox.wix.change_order("v1", odd["number"], {"currency": "EUR"})
    sync(integration)
    assert numbers(integration) == [odd["number"]]
    record.refresh_from_db()
    assert record.mended_at


@pytest.mark.parametrize(
    ("fault", "title", "note"),
    [("nul", "Mug blue", "Ring twice"), ("long", ("Mug " * 2000)[:255], "Ring twice " * 1000)],
)
def test_a_nul_character_is_left_out_and_over_long_values_are_cut(connect, sandbox, fault, title, note):
    integration = connect("v1")
    sandbox.wix.place_order("v1")
    sandbox.wix.misbehave(fault, "v1")

    sync(integration)

    order = Order.objects.get(store=integration.store)
    assert note.startswith(order.buyer_note)
    assert order.buyer_note
    assert title.strip() in {line.title.strip() for line in order.lines.all()}
    assert not FailedRecord.objects.exists()


def test_an_order_that_changes_between_two_pages_is_stored_as_it_became(transactional_db, settings, monkeypatch):
    with Sandbox(orders=0, products=12, rate_limit=0) as box:
        settings.FCP_SANDBOX_PORT = box.server.server_address[1]
        integration = connect_store(box, "v1", history=365)
        work()
        placed = [box.wix.place_order("v1") for _ in range(150)]
        from integrations.flows.taking import Taker

        take, pages = Taker.take, []

        def then_change(self, raws, *args, **kwargs):
            take(self, raws, *args, **kwargs)
            pages.append(len(raws))
            if len(pages) == 1:
                box.wix.cancel_order("v1", placed[0]["number"])
                box.wix.cancel_order("v1", placed[-1]["number"])

        monkeypatch.setattr(Taker, "take", then_change)
        sync(integration)

        assert len(numbers(integration)) == 149  # the last one was canceled before it was ever seen
        assert Order.objects.get(number=placed[0]["number"]).state == "canceled"


def test_a_slice_that_is_over_is_followed_by_the_next_and_they_are_one_run(transactional_db, settings, monkeypatch):
    monkeypatch.setattr(runs, "SLICE_SECONDS", -1.0)
    with Sandbox(orders=250, products=12, rate_limit=0, plain=True) as box:
        settings.FCP_SANDBOX_PORT = box.server.server_address[1]
        integration = connect_store(box, "v1", history=365)
        work()

        run = Run.objects.get(flow=flow_of(integration))
        assert (run.seen, run.created, run.state) == (250, 250, "done")
        assert run.gen >= 3
        assert flow_of(integration).position == {}


def test_a_record_the_database_refuses_is_found_by_halving_and_the_rest_is_stored(connect, sandbox, monkeypatch):
    placed = [sandbox.wix.place_order("v1") for _ in range(9)]
    bad = placed[4]["id"]
    from integrations.flows import taking

    take_in = taking.take_in

    def refuses_one(store, rules, read, odd=(), **how):
        counts = take_in(store, rules, read, odd, **how)
        if any(item.raw.uid == bad for item in read):
            Order.objects.filter(uid=bad).update(state="no such state")  # a constraint says no
        return counts

    monkeypatch.setattr(taking, "take_in", refuses_one)
    integration = connect("v1")

    assert numbers(integration) == sorted(o["number"] for o in placed if o["id"] != bad)
    record = FailedRecord.objects.get()
    assert (record.key, record.code) == (bad, "unstorable")
    run = Run.objects.get(flow=flow_of(integration))
    assert (run.seen, run.created, run.failed) == (9, 8, 1)
    assert flow_of(integration).watermark

    monkeypatch.setattr(taking, "take_in", take_in)
    FailedRecord.objects.update(not_before=timezone.now())
    sync(integration)
    assert len(numbers(integration)) == 9
    record.refresh_from_db()
    assert record.mended_at


def test_a_database_that_fails_is_not_the_records_fault(connect, sandbox, monkeypatch, time_machine):
    number = sandbox.wix.place_order("v1")["number"]
    from integrations.flows import taking

    take_in, calls = taking.take_in, []

    def fails_once(*args, **how):
        calls.append(1)
        if len(calls) == 1:
            raise OperationalError("deadlock detected")
        return take_in(*args, **how)

    monkeypatch.setattr(taking, "take_in", fails_once)
    integration = connect("v1")
    flow = flow_of(integration)
    assert flow.problem == "Something went wrong on our side. We try again by ourselves."
    next_try(integration, time_machine)

    assert numbers(integration) == [number]
    assert not FailedRecord.objects.exists()


def test_an_order_with_a_bug_of_ours_is_kept_aside_alone(connect, sandbox, monkeypatch):
    placed = [sandbox.wix.place_order("v1") for _ in range(3)]
    from integrations.connectors.wix.connector import WixConnector

    shape = WixConnector.shape_order

    def breaks(self, raw):
        if raw.uid == placed[1]["id"]:
            raise KeyError("oops")
        return shape(self, raw)

    monkeypatch.setattr(WixConnector, "shape_order", breaks)
    integration = connect("v1")

    assert len(numbers(integration)) == 2
    assert FailedRecord.objects.get().code == "our_fault"


def test_pages_shrink_after_leases_that_broke_off(connect, sandbox):
    integration = connect("v1")
    for _ in range(5):
        sandbox.wix.place_order("v1")
    Flow.objects.filter(pk=flow_of(integration).pk).update(unfinished=9)
    Exchange.objects.all().delete()

    sync(integration)

    assert Exchange.objects.filter(path__endswith="/orders/search").count() >= 5  # 100 halved seven times: one a page
    assert len(numbers(integration)) == 5
    assert flow_of(integration).unfinished == 0


def test_a_run_that_breaks_off_but_gets_on_raises_no_alarm(connect, sandbox):
    sandbox.wix.place_order("v1")
    integration = connect("v1")
    Flow.objects.filter(pk=flow_of(integration).pk).update(unfinished=2)
    from integrations import lease

    ring_now(integration)
    flow = flow_of(integration)
    started = lease.start(flow.pk, flow.gen, timezone.now())
    assert started
    from integrations.flows.orders import pull

    run = runs.Slice(started, flow_with_store(flow), runs.OpenStore(flow.integration, "orders"))
    pull(run)  # and now the process dies

    flow.refresh_from_db()
    assert flow.unfinished == 1


def ring_now(integration: Integration) -> None:
    from integrations.lease import ring

    ring([flow_of(integration).pk], timezone.now())


def flow_with_store(flow: Flow) -> Flow:
    return Flow.objects.select_related("integration__store", "integration__account").get(pk=flow.pk)


def test_a_run_that_was_taken_over_stores_nothing_more(connect, sandbox, monkeypatch):
    integration = connect("v1")
    placed = [sandbox.wix.place_order("v1")["number"] for _ in range(3)]
    from integrations import lease
    from integrations.connectors.wix.connector import WixConnector

    orders, calls = WixConnector.orders, []

    def stalls(self, *args):
        page = orders(self, *args)
        calls.append(1)
        if len(calls) == 1:  # the answer took so long that the lease ran out, and another worker did it all
            Flow.objects.filter(kind="orders").update(lease_until=timezone.now())
            lease.reclaim(timezone.now())
            work()
        return page

    monkeypatch.setattr(WixConnector, "orders", stalls)
    sync(integration)

    assert numbers(integration) == sorted(placed)
    assert len(calls) == 2
    flow = flow_of(integration)
    assert (flow.failures, flow.problem, flow.lease_until) == (0, "", None)
    run = Run.objects.filter(flow=flow).first()
    assert (run.created, run.state) == (3, "done")


def test_a_store_that_answers_no_single_order_is_not_asked_for_each_of_them(connect, sandbox):
    integration = connect("v1")
    for _ in range(10):
        order = sandbox.wix.place_order("v1")
        Hint.objects.create(
            store=integration.store, event_id=order["id"], kind="order", object_uid=order["id"],
            received_at=timezone.now(),
        )  # fmt: skip
    sandbox.wix.misbehave("drop", "v1", path="GET /ecom/v1/orders/", count=None)
    Exchange.objects.all().delete()

    sync(integration)

    assert Exchange.objects.count() == 4  # three, then the list, which shows them all
    assert flow_of(integration).failures == 0
    assert Order.objects.filter(store=integration.store).count() == 10
    assert not Hint.objects.filter(done_at=None).exists()
