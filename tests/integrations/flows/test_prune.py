"""What is kept for a time only goes after that time, and nothing else does."""

import datetime as dt

import pytest
from django.utils import timezone
from django_q.models import Failure

from fcp.models import ApiKey, IdempotentReply, Store
from integrations import keeping
from integrations import prune as pruning
from integrations.models import Exchange, FailedRecord, Flow, Hint, Run, SettingsVersion
from integrations.prune import prune
from orders import persons
from orders.models import Order, OrderEvent, OrderParty, Payload
from tests.build import NOW, make_order
from tests.integrations.flows.flows import make_flow
from tests.orders.test_persons import PERSON

pytestmark = pytest.mark.django_db(transaction=True)


def days(number: float) -> dt.timedelta:
    return dt.timedelta(days=number)


def an_exchange(flow, age: dt.timedelta) -> None:
    Exchange.objects.create(
        account=flow.account, store=flow.integration.store, method="GET", path="/", milliseconds=1, created_at=NOW - age
    )


def test_calls_hints_runs_and_replies_go_after_their_time():
    flow = make_flow()
    store, account = flow.integration.store, flow.account
    key, _ = ApiKey.objects.issue("k", [], account=account)
    for age, number in ((days(1), 1), (days(100), 2)):
        an_exchange(flow, age)
        Hint.objects.create(
            store=store, event_id=str(age), kind="order", object_uid="o", received_at=NOW - age, done_at=NOW - age
        )
        Run.objects.create(
            account=account, flow=flow, gen=number, trigger="person", state="done", started_at=NOW - age,
            last_at=NOW - age,
        )  # fmt: skip
        reply = IdempotentReply.objects.create(api_key=key, key=str(age), request_hash="h", status=200, body={})
        IdempotentReply.objects.filter(pk=reply.pk).update(created_at=NOW - age)
        Failure.objects.create(id=str(number), name="n", func="f", started=NOW - age, stopped=NOW - age, success=False)

    gone = prune(NOW)

    assert {model: count for model, count in gone.items() if count} == {
        "integrations.exchange": 1, "integrations.hint": 1, "integrations.run": 1, "fcp.idempotentreply": 1,
        "django_q.failure": 1,
    }  # fmt: skip
    assert Exchange.objects.get().created_at == NOW - days(1)
    assert prune(NOW)["integrations.exchange"] == 0


def test_hints_that_wait_and_failed_records_that_are_open_stay_however_old():
    flow = make_flow()
    store = flow.integration.store
    Hint.objects.create(store=store, event_id="e", kind="order", object_uid="o", received_at=NOW - days(400))
    FailedRecord.objects.create(
        account=flow.account, store=store, kind="order", key="k", code="c", sentence="s", since=NOW - days(400),
        last_at=NOW - days(400),
    )  # fmt: skip

    prune(NOW)

    assert Hint.objects.count() == FailedRecord.objects.count() == 1


def test_hints_that_wait_go_after_a_week_where_no_flow_takes_orders():
    for flow in (make_flow(), make_flow(due_at=None), make_flow("products")):
        for age in (6, 8):
            Hint.objects.create(
                store=flow.integration.store, event_id=str(age), kind="order", object_uid="o",
                received_at=NOW - days(age),
            )  # fmt: skip
    on = Flow.objects.get(kind="orders", due_at__isnull=False).integration.store_id

    assert prune(NOW)["integrations.hint"] == 2

    left = Hint.objects.filter(received_at=NOW - days(8))
    assert [hint.store_id for hint in left] == [on]
    assert Hint.objects.count() == 4


class Clock:
    """A second goes by whenever somebody looks at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """And one row or order at a time goes."""
    clock = Clock()
    for room in (pruning, keeping):
        monkeypatch.setattr(room, "time", clock)
    monkeypatch.setattr(pruning, "BATCH", 1)
    monkeypatch.setattr(persons, "BATCH", 1)
    return clock


def closed_orders(number: int) -> Store:
    """Of a store that keeps persons for a day."""
    store = make_flow(due_at=None).integration.store
    SettingsVersion.objects.create(
        account=store.account, store=store, number=1, document={"keep_persons": 1}, at=NOW, by="Ann"
    )
    for _ in range(number):
        make_order(store, ship_to=PERSON)
    Order.objects.filter(store=store).update(state="confirmed", state_since=NOW - days(10))
    return store


def test_rows_and_persons_together_end_before_the_queue_would_end_them(clock: Clock):
    flow = make_flow()
    for _ in range(70):
        an_exchange(flow, days(20))
    closed_orders(40)

    gone = prune(NOW)

    assert 50 <= gone["integrations.exchange"] < 70
    assert 1 <= gone["persons"] < 40
    assert clock.now <= 95


def test_each_store_gets_its_turn_where_a_day_is_too_short_for_all(clock: Clock):
    stores = [closed_orders(12) for _ in range(3)]

    for day in range(6):
        keeping.forget_persons(NOW + days(day), clock.now + 5)

    named = [OrderParty.objects.filter(order__store=store, role="ship_to").exclude(name="").count() for store in stores]
    assert all(count < 12 for count in named), named


@pytest.mark.parametrize("number", [1, 2, 3, 7, 50, 400])
def test_every_store_is_the_first_one_within_a_time_in_proportion(number: int):
    firsts = {keeping._turned(list(range(number)), (NOW + days(day)).date())[0] for day in range(3 * number)}

    assert len(firsts) == number


def test_payloads_go_90_days_after_an_order_is_done_and_its_events_stay():
    flow = make_flow()
    done, waiting = make_order(flow.integration.store), make_order(flow.integration.store)
    Payload.objects.update(created_at=NOW - days(100))
    Order.objects.update(state_since=NOW - days(100))
    Order.objects.filter(pk=done.pk).update(state="confirmed")
    events = OrderEvent.objects.count()

    prune(NOW)

    assert list(Payload.objects.values_list("order", flat=True)) == [waiting.pk]
    assert OrderEvent.objects.count() == events > 0


def test_much_goes_in_small_batches(monkeypatch):
    monkeypatch.setattr(pruning, "BATCH", 7)
    flow = make_flow()
    for _ in range(30):
        an_exchange(flow, days(20))

    assert prune(NOW)["integrations.exchange"] == 30


def test_a_run_whose_flow_was_switched_off_in_the_middle_ends():
    flow = make_flow(due_at=None)
    run = Run.objects.create(
        account=flow.account, flow=flow, gen=1, trigger="person", state="running", started_at=NOW - days(1),
        last_at=NOW - days(1),
    )  # fmt: skip

    prune(NOW)

    run.refresh_from_db()
    assert run.state == "stopped"


def test_the_task_of_django_q_prunes_by_the_clock():
    flow = make_flow()
    Exchange.objects.create(
        account=flow.account, store=flow.integration.store, method="GET", path="/", milliseconds=1,
        created_at=timezone.now() - days(15),
    )  # fmt: skip
    from integrations import tasks

    tasks.prune()

    assert not Exchange.objects.exists()
