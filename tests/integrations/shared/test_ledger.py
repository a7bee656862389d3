"""The ledger on any platform: a day counted in the store and here, what differs found, nothing else alarmed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from integrations.flows import ledger as flow_ledger
from integrations.lease import start
from integrations.ledger import ask_for, bring_in, call_right
from integrations.ledger_sums import not_adding_up
from integrations.models import Exchange, Flow, Integration, LedgerDay, LedgerGap
from integrations.runs import run_slice
from integrations.tasks import WORK, tick
from orders.models import Order, SeenOrder
from tests.integrations.flows.world import flow_of, map_everything, sync, work
from tests.integrations.shared.adapter import Shop, Sold
from tests.integrations.shared.world import connected, later

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def noon(time_machine: Any) -> dt.datetime:
    """Far from midnight, whenever the tests run."""
    at = (timezone.now() + DAY).replace(hour=12, minute=0, second=0, microsecond=0)
    time_machine.move_to(at)
    return at


def today(integration: Integration) -> dt.date:
    return timezone.now().astimezone(integration.account.zone).date()


def count(integration: Integration, day: dt.date | None = None) -> LedgerDay:
    """A person has the day counted, and workers do it."""
    day = day or today(integration)
    ask_for(integration, day, day, by="Ann", now=timezone.now())
    work()
    return LedgerDay.objects.get(store=integration.store, day=day)


def counted(integration: Integration, time_machine: Any, most: int = 30) -> LedgerDay:
    """Minute after minute, until the day that is wanted is counted."""
    row = LedgerDay.objects.filter(store=integration.store).latest("pk")
    for _ in range(most):
        row.refresh_from_db()
        if row.wanted_at is None:
            return row
        time_machine.move_to(timezone.now() + dt.timedelta(seconds=61))
        tick()
        work()
    raise AssertionError(f"Not counted after {most} minutes: {row.problem}")


def lost(shop: Shop, integration: Integration, time_machine: Any) -> Sold:
    """An order of which nothing is known here, and that no look at what changed shows any more."""
    sold = shop.sell()
    sync(integration)
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=20))
    shop.sell()
    sync(integration)
    Order.objects.get(store=integration.store, uid=sold.uid).delete()
    SeenOrder.objects.filter(store=integration.store, uid=sold.uid).delete()
    sync(integration)
    assert not SeenOrder.objects.filter(store=integration.store, uid=sold.uid).exists()
    return sold


def pages_of_a_look(integration: Integration) -> int:
    """How often a store's list is asked for when nothing is counted."""
    before = Exchange.objects.count()
    sync(integration)
    paths = list(Exchange.objects.order_by("pk").values_list("path", flat=True)[before:])
    return sum(path.endswith(("/orders", "/orders/search", "/sales")) for path in paths)


def gaps(integration: Integration) -> list[tuple[str, str, bool]]:
    rows = LedgerGap.objects.filter(store=integration.store).order_by("pk")
    return [(row.uid, row.kind, row.closed_at is None) for row in rows]


# --- a day that adds up ----------------------------------------------------------------------------------------------


def test_every_order_of_a_day_is_counted_in_the_store_and_here_and_both_agree(shop: Shop) -> None:
    sold = [shop.sell() for _ in range(4)]
    various = shop.variety()
    integration = connected(shop, history=365, payment_status=["paid"])

    row = count(integration)

    assert not_adding_up(row) == []
    assert (row.not_here, row.not_there, row.problem, row.wanted_at) == (0, 0, "", None)
    placed = SeenOrder.objects.filter(placed_at__gte=row.starts_at, placed_at__lt=row.ends_at)
    assert row.in_store == row.seen == placed.count()
    assert len(sold) + len(various) - 3 <= row.in_store <= len(sold) + len(various)  # some have no day of their own
    assert row.imported == Order.objects.count()
    assert row.skipped == SeenOrder.objects.filter(outcome="skipped").count()
    assert row.skipped > 0
    assert row.reasons["payment"] > 0
    assert row.failed > 0
    assert gaps(integration) == []


def test_the_same_day_counted_twice_is_the_same(shop: Shop, time_machine: Any) -> None:
    for _ in range(3):
        shop.sell()
    integration = connected(shop)
    missing = lost(shop, integration, time_machine)
    numbers = ("in_store", "seen", "imported", "not_here", "not_there")
    first = count(integration)
    before = [getattr(first, name) for name in numbers]

    again = count(integration)

    assert [getattr(again, name) for name in numbers] == before
    assert again.pk == first.pk
    assert gaps(integration) == [(missing.uid, "not_here", True)]


def test_what_became_of_the_orders_is_followed_after_their_day(shop: Shop, time_machine: Any) -> None:
    shop.sell()
    integration = connected(shop)
    row = count(integration)
    assert (row.imported, row.waiting, row.closed) == (1, 1, 0)
    order = Order.objects.get()
    Order.objects.filter(pk=order.pk).update(state="canceled", canceled_at=timezone.now())
    calls = Exchange.objects.count()

    later(shop, time_machine, 10)
    row.refresh_from_db()
    assert row.waiting == 1  # once an hour
    later(shop, time_machine, 60)

    row.refresh_from_db()
    assert (row.imported, row.waiting, row.closed) == (1, 0, 1)
    assert not_adding_up(row) == []
    assert Exchange.objects.count() - calls < 12  # looks at what changed; our own side asks nobody


# --- every day by itself ---------------------------------------------------------------------------------------------


def test_the_day_before_is_counted_once_every_night_and_missed_days_are_caught_up(
    shop: Shop, time_machine: Any, noon: dt.datetime
) -> None:
    connected(shop)
    shop.sell()
    later(shop, time_machine, 31)
    assert not LedgerDay.objects.exists()

    time_machine.move_to((noon + DAY).replace(hour=0, minute=20))
    tick()
    work()
    assert not LedgerDay.objects.exists()  # some time after midnight
    time_machine.move_to((noon + DAY).replace(hour=5))
    tick()
    work()
    row = LedgerDay.objects.get()
    assert (row.day, row.wanted_by) == (noon.date(), "")
    assert (row.in_store, row.seen, not_adding_up(row)) == (1, 1, [])
    counted_at = row.counted_at
    time_machine.move_to((noon + DAY).replace(hour=7))
    tick()
    work()
    row.refresh_from_db()
    assert row.counted_at == counted_at

    time_machine.move_to((noon + 4 * DAY).replace(hour=6))  # nothing ran for three days
    tick()
    work()
    days = list(LedgerDay.objects.order_by("day").values_list("day", "in_store"))
    assert days == [((noon + n * DAY).date(), 1 if n == 0 else 0) for n in range(4)]


# --- in the store, never seen here -----------------------------------------------------------------------------------


def test_an_order_that_never_came_in_is_found_and_comes_in_at_the_press_of_a_button(
    shop: Shop, time_machine: Any
) -> None:
    integration = connected(shop)
    missing = lost(shop, integration, time_machine)

    row = count(integration)

    assert (row.in_store, row.seen, row.not_here, row.not_there) == (row.seen + 1, row.seen, 1, 0)
    assert not_adding_up(row) == []
    gap = LedgerGap.objects.get()
    assert (gap.uid, gap.number, gap.kind, gap.day, gap.closed_at) == (
        missing.uid, missing.number, "not_here", row.day, None,
    )  # fmt: skip
    assert not Order.objects.filter(uid=missing.uid).exists()  # nothing comes in by counting

    assert bring_in(integration, [gap], by="Ann", now=timezone.now()) == 1
    work()

    assert Order.objects.filter(store=integration.store, uid=missing.uid).exists()
    gap.refresh_from_db()
    assert gap.closed_at
    seen = row.seen
    row.refresh_from_db()
    assert (row.seen, row.not_here, row.in_store, not_adding_up(row)) == (seen + 1, 0, seen + 1, [])


def test_a_difference_that_a_person_called_right_stays_closed(shop: Shop, time_machine: Any) -> None:
    integration = connected(shop)
    lost(shop, integration, time_machine)
    count(integration)
    gap = LedgerGap.objects.get()

    assert call_right(integration.store, [gap], "A test order", by="Ann", now=timezone.now()) == 1
    row = count(integration)

    gap.refresh_from_db()
    assert (gap.closed_by, gap.note, gap.closed_at is None) == ("Ann", "A test order", False)
    assert (row.not_here, not_adding_up(row)) == (1, [])


def test_a_difference_that_went_away_closes_by_itself(shop: Shop, time_machine: Any) -> None:
    integration = connected(shop)
    missing = lost(shop, integration, time_machine)
    count(integration)

    shop.erase(missing)
    row = count(integration)

    assert gaps(integration) == [(missing.uid, "not_here", False)]
    assert (row.not_here, not_adding_up(row)) == (0, [])


# --- here, no longer in the store ------------------------------------------------------------------------------------


def test_an_order_that_the_store_deleted_is_found_and_canceled_after_asking_once_more(shop: Shop) -> None:
    kept, gone = shop.sell(), shop.sell()
    integration = connected(shop)
    map_everything(integration)
    shop.erase(gone)

    row = count(integration)

    assert (row.in_store, row.seen, row.not_there, not_adding_up(row)) == (1, 2, 1, [])
    order = Order.objects.get(uid=gone.uid)
    gap = LedgerGap.objects.get()
    assert (gap.uid, gap.kind, gap.number) == (gone.uid, "not_there", gone.number)
    if gap.closed_at:  # the store has a list of what it deleted, which was read first
        assert (order.state, gap.note) == ("canceled", "It is canceled here already.")
        return
    assert order.state != "canceled"  # nothing is canceled by counting

    bring_in(integration, [gap], by="Ann", now=timezone.now())
    work()

    order.refresh_from_db()
    gap.refresh_from_db()
    assert (order.state, gap.closed_at is None) == ("canceled", False)
    assert Order.objects.get(uid=kept.uid).state != "canceled"
    row.refresh_from_db()
    assert not_adding_up(row) == []


def test_an_order_that_is_there_after_all_is_no_difference(shop: Shop) -> None:
    """The store lists nothing of it on its day, yet knows it when it is asked."""
    sold = shop.sell()
    integration = connected(shop)
    now = timezone.now()
    SeenOrder.objects.filter(uid=sold.uid).update(placed_at=now - DAY)
    Order.objects.filter(uid=sold.uid).update(placed_at=now - DAY)

    row = count(integration, today(integration) - DAY)

    assert (row.in_store, row.seen, row.not_there, not_adding_up(row)) == (1, 1, 0, [])
    assert gaps(integration) == []


# --- what happens meanwhile ------------------------------------------------------------------------------------------


def test_a_count_that_is_killed_between_two_pages_goes_on_where_it_was(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, time_machine: Any
) -> None:
    sold = [shop.sell() for _ in range(130)]
    integration = connected(shop)
    monkeypatch.setattr(flow_ledger, "SECONDS", 0.0)
    row = count(integration)
    assert (row.counted_at, row.listed) == (None, False)
    token = row.token
    assert token

    OrmQ.objects.all().delete()  # the queue is gone, and whoever ran it
    time_machine.move_to(timezone.now() + dt.timedelta(seconds=61))
    tick()
    work()
    row.refresh_from_db()
    assert row.token != token

    row = counted(integration, time_machine)
    assert (row.in_store, row.seen, not_adding_up(row)) == (len(sold), len(sold), [])
    assert gaps(integration) == []


def test_an_order_placed_while_its_day_is_counted_is_taken_in_and_is_no_difference(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, time_machine: Any
) -> None:
    for _ in range(110):
        shop.sell()
    integration = connected(shop)
    with monkeypatch.context() as patch:
        patch.setattr(flow_ledger, "SECONDS", 0.0)
        assert count(integration).counted_at is None
        shop.sell()

        row = counted(integration, time_machine)

    assert (row.in_store, row.seen, row.imported, not_adding_up(row)) == (111, 111, 111, [])
    assert gaps(integration) == []


def test_an_order_deleted_while_its_day_is_counted_shows_in_the_next_count(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, time_machine: Any
) -> None:
    sold = [shop.sell() for _ in range(110)]
    integration = connected(shop)
    with monkeypatch.context() as patch:
        patch.setattr(flow_ledger, "SECONDS", 0.0)
        count(integration)
        shop.erase(sold[0])
        row = counted(integration, time_machine)
    assert row.in_store in (109, 110)
    assert not_adding_up(row) == []

    row = count(integration)

    assert (row.in_store, row.seen, row.not_there, not_adding_up(row)) == (109, 110, 1, [])


@pytest.mark.parametrize("kind", ["error", "cut", "drop", "html"])
def test_a_store_that_does_not_answer_leaves_a_sentence_and_no_failed_orders_and_is_asked_again(
    shop: Shop, kind: str, time_machine: Any
) -> None:
    for _ in range(3):
        shop.sell()
    integration = connected(shop)
    skip = pages_of_a_look(integration)
    day = today(integration)
    ask_for(integration, day, day, by="Ann", now=timezone.now())
    shop.misbehave(kind, skip=skip, count=None)  # orders are read, then the list of the day fails
    work()

    row = LedgerDay.objects.get()
    assert row.counted_at is None
    assert row.problem.endswith(".")
    flow = flow_of(integration)
    assert (flow.failures, flow.problem) == (0, "")

    shop.behave()
    row = counted(integration, time_machine)
    assert (row.in_store, row.seen, row.problem, row.tries, not_adding_up(row)) == (3, 3, "", 0, [])


def test_a_busy_store_gets_its_pause(shop: Shop, time_machine: Any) -> None:
    shop.sell()
    integration = connected(shop)
    skip = pages_of_a_look(integration)
    day = today(integration)
    ask_for(integration, day, day, by="Ann", now=timezone.now())
    shop.misbehave("busy", skip=skip, retry_after=30)
    work()

    row = LedgerDay.objects.get()
    assert row.problem
    assert row.counted_at is None
    row = counted(integration, time_machine)
    assert (row.in_store, row.problem) == (1, "")


def test_a_key_that_expired_before_the_count_is_renewed_and_a_refused_one_is_said(
    shop: Shop, time_machine: Any
) -> None:
    shop.sell()
    integration = connected(shop)
    time_machine.move_to(timezone.now() + 6 * HOUR)
    row = count(integration)
    assert (row.in_store, not_adding_up(row)) == (1, [])

    day = today(integration)
    ask_for(integration, day, day, by="Ann", now=timezone.now())
    shop.refuse()
    work()
    row.refresh_from_db()
    assert (row.wanted_at is None, row.in_store) == (False, 1)  # the last count stays until there is a new one
    assert flow_of(integration).blocked

    shop.behave()
    later(shop, time_machine, 61)
    row = counted(integration, time_machine)
    assert (row.in_store, row.problem) == (1, "")


def test_whoever_rings_waits_for_one_page_of_a_count_at_most(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, time_machine: Any
) -> None:
    """A count that stops because somebody rang goes on after what he rang for, in a later slice."""
    for _ in range(110):
        shop.sell()
    integration = connected(shop)
    day = today(integration)
    ask_for(integration, day, day, by="Ann", now=timezone.now())
    shop.sell()
    # Due again while it is run: as whoever rings a flow that runs leaves it.
    task = OrmQ.objects.get()
    flow = flow_of(integration)
    task.delete()
    started = start(flow.pk, flow.gen, timezone.now())
    assert started
    Flow.objects.filter(pk=flow.pk).update(due_at=timezone.now(), trigger="webhook")
    run_slice(started, WORK["orders"])

    row = LedgerDay.objects.get()
    assert (row.counted_at, row.listed) == (None, False)
    assert Order.objects.count() == 111
    assert OrmQ.objects.count() == 1  # what rang goes on at once
    row = counted(integration, time_machine)
    assert (row.in_store, not_adding_up(row)) == (111, [])
