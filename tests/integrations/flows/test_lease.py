"""One runner a flow: claims, generations, rings, leases that ran out. Races by real threads on both databases."""

import datetime as dt

import pytest
from django.db import transaction
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from integrations.lease import (
    ALERT_AFTER,
    Lease,
    Superseded,
    claim,
    confirm,
    finish,
    free,
    jitter_of,
    lease_time,
    reclaim,
    ring,
    start,
    switch_off,
)
from integrations.models import Flow, Run
from tests.integrations.flows.flows import NOW, make_flow, make_integration
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def minutes(number: float) -> dt.timedelta:
    return dt.timedelta(minutes=number)


def claimed(flow: Flow, now: dt.datetime = NOW) -> Lease:
    assert claim(free(Flow.objects.filter(pk=flow.pk)), now) == 1
    flow.refresh_from_db()
    return Lease(flow.pk, flow.gen)


def started(flow: Flow, now: dt.datetime = NOW) -> Lease:
    lease = claimed(flow, now)
    assert start(lease.flow_id, lease.gen, now)
    return lease


def queued() -> list[tuple[int, ...]]:
    return [SignedPackage.loads(row.payload)["args"] for row in OrmQ.objects.order_by("id")]


def test_a_claim_gives_the_flow_its_next_generation_and_puts_its_task_in_the_queue():
    flow = make_flow()

    claimed(flow)

    assert flow.gen == 1
    assert flow.lease_until == NOW + lease_time()
    assert queued() == [(flow.pk, 1)]


def test_a_run_that_starts_gives_the_flow_its_next_slot():
    flow = make_flow()

    started(flow)

    flow.refresh_from_db()
    assert abs(flow.due_at - NOW - minutes(30)) <= minutes(1.5)


def test_a_claim_that_is_rolled_back_leaves_no_task():
    flow = make_flow()

    with transaction.atomic():
        claim(free(Flow.objects.all()), NOW)
        transaction.set_rollback(True)

    flow.refresh_from_db()
    assert flow.gen == 0
    assert queued() == []


def test_of_many_claims_at_once_each_flow_goes_to_one():
    flows = [make_flow() for _ in range(20)]
    read = free(Flow.objects.all())
    halves = [read, read[::-1], read[5:15], read[::2]]

    taken = at_once(*(lambda some=some: claim(some, NOW) for some in halves))

    assert sum(taken) == 20, taken
    assert sorted(queued()) == sorted((flow.pk, 1) for flow in flows)


def test_a_task_that_is_delivered_twice_starts_once():
    flow = make_flow()
    lease = claimed(flow)

    results = at_once(*[lambda: start(lease.flow_id, lease.gen, NOW)] * 4)

    assert [bool(result) for result in results].count(True) == 1, results


def test_an_outdated_task_starts_nothing():
    flow = make_flow()
    old = claimed(flow)
    claimed(flow, NOW + lease_time())

    assert start(old.flow_id, old.gen, NOW + lease_time()) is None


def test_a_transaction_of_a_superseded_run_rolls_back():
    flow = make_flow()
    old = started(flow)
    claimed(flow, NOW + lease_time())

    def go_on() -> None:
        with transaction.atomic():
            Flow.objects.filter(pk=flow.pk).update(position={"from": "the outdated run"})
            confirm(old, NOW + lease_time())

    with pytest.raises(Superseded):
        go_on()

    flow.refresh_from_db()
    assert flow.position == {}


def test_of_a_confirmation_and_a_reclaim_at_once_one_wins_and_the_other_sees_it():
    for _ in range(10):
        flow = make_flow()
        lease = started(flow)
        late = NOW + lease_time()

        def go_on(lease: Lease = lease, late: dt.datetime = late) -> str:
            with transaction.atomic():
                confirm(lease, late)
            return "confirmed"

        went_on, taken_back = at_once(go_on, lambda late=late: reclaim(late), expected=Superseded)

        flow.refresh_from_db()
        if flow.gen == lease.gen:
            assert (went_on, taken_back) == ("confirmed", 0)
            assert flow.lease_until == late + lease_time()
        else:
            assert taken_back == 1
            with pytest.raises(Superseded):
                confirm(lease, late)
        Flow.objects.all().delete()


def test_a_confirmed_lease_lasts_longer():
    flow = make_flow()
    lease = started(flow)

    confirm(lease, NOW + minutes(0.5))

    flow.refresh_from_db()
    assert flow.lease_until == NOW + minutes(0.5) + lease_time()


def test_a_finished_flow_waits_for_its_slot():
    flow = make_flow()
    lease = started(flow)

    finish(lease, NOW + minutes(1), last_ok_at=NOW + minutes(1))

    flow.refresh_from_db()
    assert flow.lease_until is None
    assert flow.due_at > NOW + minutes(28)
    assert len(queued()) == 1


def test_a_slice_that_leaves_more_is_followed_by_the_next_at_once():
    flow = make_flow()
    lease = started(flow)

    finish(lease, NOW + minutes(1), due_at=NOW + minutes(1))

    assert queued()[-1] == (flow.pk, 2)


def test_a_short_pause_ends_at_its_own_moment_and_not_with_the_next_tick():
    flow = make_flow()
    lease = started(flow)

    finish(lease, NOW, due_at=NOW + dt.timedelta(seconds=10))

    assert OrmQ.objects.latest("id").lock == NOW + dt.timedelta(seconds=10)
    flow.refresh_from_db()
    assert flow.lease_until == NOW + dt.timedelta(seconds=10) + lease_time()


def test_a_ring_starts_an_idle_flow_at_once():
    flow = make_flow(due_at=NOW + minutes(20))

    ring([flow.pk], NOW)

    assert queued() == [(flow.pk, 1)]
    assert start(flow.pk, 1, NOW).trigger == "webhook"


def test_rings_while_it_runs_become_one_run_afterwards():
    flow = make_flow()
    lease = started(flow)

    for second in range(5):
        ring([flow.pk], NOW + dt.timedelta(seconds=second))
    assert len(queued()) == 1
    finish(lease, NOW + minutes(1))

    assert queued()[1:] == [(flow.pk, 2)]


def test_a_ring_before_the_claimed_run_began_asks_for_no_second_one():
    flow = make_flow()
    lease = claimed(flow)

    ring([flow.pk], NOW)
    start(lease.flow_id, lease.gen, NOW)
    finish(lease, NOW)

    assert len(queued()) == 1


def test_a_ring_at_the_moment_a_slice_ends_is_not_lost():
    for _ in range(15):
        flow = make_flow()
        lease = started(flow)
        before = len(queued())

        at_once(lambda lease=lease: finish(lease, NOW), lambda pk=flow.pk: ring([pk], NOW))

        assert queued()[before:] == [(flow.pk, 2)]


def test_many_rings_at_once_start_one_run():
    flow = make_flow(due_at=NOW + minutes(20))

    results = at_once(*[lambda: ring([flow.pk], NOW)] * 8)

    assert results == [None] * 8
    assert queued() == [(flow.pk, 1)]


def test_a_flow_that_is_off_is_not_rung():
    flow = make_flow(due_at=None)

    ring([flow.pk], NOW, trigger="person", by="Ann")

    assert queued() == []


def test_a_flow_that_failed_or_is_blocked_waits_for_its_next_try_unless_a_person_asks():
    failed = make_flow(due_at=NOW + minutes(8), failures=3)
    blocked = make_flow(due_at=NOW + minutes(8), blocked=True)

    ring([failed.pk, blocked.pk], NOW)
    assert queued() == []
    ring([failed.pk, blocked.pk], NOW, trigger="person", by="Ann")

    assert sorted(queued()) == [(failed.pk, 1), (blocked.pk, 1)]


def test_what_a_person_asked_for_has_its_run_row_before_anything_was_found():
    flow = make_flow(due_at=NOW + minutes(20))

    ring([flow.pk], NOW, trigger="person", by="Ann")
    start(flow.pk, 1, NOW)

    run = Run.objects.get(flow=flow)
    assert (run.trigger, run.by, run.state, run.gen) == ("person", "Ann", "running", 1)
    flow.refresh_from_db()
    assert (flow.trigger, flow.asked_by) == ("", "")


def test_what_a_person_asks_while_it_runs_is_a_run_of_its_own_afterwards():
    flow = make_flow()
    lease = started(flow)

    ring([flow.pk], NOW, trigger="person", by="Ann")
    finish(lease, NOW + minutes(1))

    assert start(flow.pk, 2, NOW + minutes(1)).by == "Ann"


def test_a_lease_that_ran_out_is_taken_back_and_goes_on_at_once():
    flow = make_flow()
    started(flow)

    assert reclaim(NOW + lease_time()) == 1

    flow.refresh_from_db()
    assert flow.unfinished == 1
    assert queued()[-1] == (flow.pk, flow.gen)
    assert start(flow.pk, flow.gen, NOW + lease_time())


def test_a_lease_that_is_held_is_not_taken_back():
    flow = make_flow()
    started(flow)

    assert reclaim(NOW + lease_time() - dt.timedelta(seconds=1)) == 0


def test_a_lease_of_a_clock_that_was_wrong_is_taken_back():
    flow = make_flow()
    started(flow, NOW + minutes(600))

    assert reclaim(NOW) == 1

    flow.refresh_from_db()
    assert start(flow.pk, flow.gen, NOW)


def test_a_claim_whose_task_was_wiped_from_the_queue_is_made_again():
    flow = make_flow()
    claimed(flow)
    OrmQ.objects.all().delete()

    assert reclaim(NOW + lease_time()) == 1

    assert queued() == [(flow.pk, 2)]
    flow.refresh_from_db()
    assert flow.unfinished == 0


def test_a_claim_whose_task_still_waits_in_a_long_queue_is_left_alone():
    flow = make_flow()
    claimed(flow)

    assert reclaim(NOW + minutes(30)) == 0

    assert start(flow.pk, 1, NOW + minutes(30))


def test_a_claim_whose_task_was_taken_by_a_cluster_that_died_is_made_again():
    flow = make_flow()
    claimed(flow)
    OrmQ.objects.update(lock=NOW + minutes(10))

    assert reclaim(NOW + lease_time()) == 1


def test_three_leases_in_a_row_that_broke_off_raise_an_alert_and_retries_go_on_an_hour_apart_at_most():
    flow = make_flow()
    now = NOW
    pauses = []
    started(flow, now)
    for _ in range(12):
        now += lease_time()
        reclaim(now)
        flow.refresh_from_db()
        pauses.append(flow.due_at - now)
        if flow.lease_until is None:
            now = flow.due_at
            started(flow, now)
        else:
            assert start(flow.pk, flow.gen, now)

    assert flow.unfinished == 12
    assert "broke off" in flow.problem
    assert flow.problem_since == NOW + lease_time() * ALERT_AFTER
    assert pauses[2] < minutes(2)
    assert all(pause <= minutes(60) for pause in pauses[2:])
    assert pauses[-1] > minutes(50)


def test_a_finished_run_ends_the_count_of_those_that_broke_off():
    flow = make_flow(unfinished=4)

    finish(started(flow), NOW)

    flow.refresh_from_db()
    assert flow.unfinished == 0


def test_switching_a_flow_off_supersedes_its_run():
    flow = make_flow()
    lease = started(flow)

    switch_off(Flow.objects.filter(pk=flow.pk))

    with pytest.raises(Superseded):
        confirm(lease, NOW)
    with pytest.raises(Superseded):
        finish(lease, NOW)
    flow.refresh_from_db()
    assert flow.due_at is None


def test_deleting_an_integration_supersedes_its_runs():
    integration = make_integration()
    lease = started(make_flow(integration=integration))

    integration.delete()

    with pytest.raises(Superseded):
        confirm(lease, NOW)


def test_flows_made_in_one_minute_drift_apart():
    slots = {jitter_of(pk) for pk in range(1, 1001)}

    assert min(slots) == -50
    assert max(slots) == 50
    assert len(slots) > 90
