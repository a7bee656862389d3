"""The calls of a store, shared by its flows: never more a minute than the store allows, products 60 % of it."""

import datetime as dt

import pytest

from fcp.errors import Busy
from integrations.budget import Purse, give_back, open_budget, pause, reserve, set_rate
from integrations.connectors.declaring import FlowKind
from integrations.models import Budget
from tests.build import make_store
from tests.integrations.flows.flows import NOW
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ORDERS, PRODUCTS = FlowKind.ORDERS, FlowKind.PRODUCTS


def make_budget(per_minute: int = 200) -> int:
    store = make_store()
    open_budget(store.pk, per_minute, NOW)
    return store.pk


def most_in_a_minute(store_id: int, kind: FlowKind) -> int:
    """Calls that a greedy flow gets from 12:01 to 12:02, asking each second since 12:00."""
    calls = 0
    for second in range(120):
        granted = reserve(store_id, kind, NOW + dt.timedelta(seconds=second))
        calls += granted.calls if second >= 60 else 0
    return calls


def test_no_minute_sees_more_calls_than_the_store_allows_even_after_a_rest():
    store_id = make_budget(200)
    later = NOW + dt.timedelta(hours=1)

    calls = sum(reserve(store_id, ORDERS, later + dt.timedelta(seconds=second)).calls for second in range(60))

    assert 150 <= calls <= 200


def test_products_get_at_most_60_percent_and_leave_the_rest_to_orders():
    store_id = make_budget(200)

    assert most_in_a_minute(store_id, PRODUCTS) <= 120
    assert reserve(store_id, ORDERS, NOW + dt.timedelta(minutes=2)).calls == 20


def test_reservations_at_once_never_give_a_call_twice():
    store_id = make_budget(200)

    granted = at_once(*[lambda: reserve(store_id, ORDERS, NOW)] * 8)

    assert sum(one.calls for one in granted) == 50, granted
    assert Budget.objects.get(store_id=store_id).tokens == 0


def test_what_a_slice_did_not_use_goes_back():
    store_id = make_budget(200)
    granted = reserve(store_id, PRODUCTS, NOW)

    give_back(store_id, PRODUCTS, granted.calls - 1)

    row = Budget.objects.get(store_id=store_id)
    assert (row.tokens, row.bulk_tokens) == (49, 29)


def test_a_pause_the_store_asked_for_holds_for_all_its_flows():
    store_id = make_budget()
    until = NOW + dt.timedelta(minutes=3)

    pause(store_id, until)
    pause(store_id, NOW + dt.timedelta(minutes=1))

    assert reserve(store_id, ORDERS, NOW).until == until
    assert reserve(store_id, PRODUCTS, NOW).until == until
    assert reserve(store_id, ORDERS, until).calls == 20


def test_a_clock_that_was_wrong_for_a_while_does_not_keep_a_store_waiting():
    store_id, tomorrow = make_budget(200), NOW + dt.timedelta(days=1)
    while reserve(store_id, ORDERS, tomorrow).calls:
        pass
    pause(store_id, tomorrow + dt.timedelta(minutes=5))

    assert reserve(store_id, ORDERS, NOW).calls == 20
    assert reserve(store_id, ORDERS, NOW, wanted=100).calls == 30  # what the bucket holds, and no more
    assert reserve(store_id, ORDERS, NOW + dt.timedelta(minutes=1)).calls == 20

    pause(store_id, NOW + dt.timedelta(minutes=9))
    assert reserve(store_id, ORDERS, NOW + dt.timedelta(minutes=2)).until == NOW + dt.timedelta(minutes=9)


def test_a_slow_store_is_come_back_to_instead_of_waited_for():
    store_id = make_budget(per_minute=8)
    now = dt.datetime.now(dt.UTC)
    Budget.objects.filter(store_id=store_id).update(tokens=0, refilled_at=now)

    with pytest.raises(Busy) as busy:
        Purse(store_id, ORDERS).spend()

    assert busy.value.until > now + dt.timedelta(seconds=5)


def test_a_new_rate_counts_from_now_on():
    store_id = make_budget(200)

    set_rate(store_id, 50, NOW)

    calls = sum(reserve(store_id, ORDERS, NOW + dt.timedelta(minutes=5, seconds=s)).calls for s in range(60))
    assert calls <= 50


@pytest.mark.parametrize("kind", [ORDERS, PRODUCTS])
@pytest.mark.parametrize("per_minute", [1, 2, 3, 4, 6, 7])
def test_the_slowest_store_is_called_too_and_never_asked_again_at_once(per_minute: int, kind: FlowKind):
    store_id = make_budget(per_minute)
    now, calls = NOW, 0

    for _ in range(10):
        granted = reserve(store_id, kind, now)
        calls += granted.calls
        if granted.until is None:
            continue
        assert granted.until - now >= dt.timedelta(seconds=2)
        now = granted.until

    minutes = (now - NOW).total_seconds() / 60
    assert calls >= 4
    assert calls <= 1 + per_minute * minutes
