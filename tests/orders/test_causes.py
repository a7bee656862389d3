"""Grouping open holds by what would cure them, and short lists of several states: the same on both databases."""

import datetime as dt
from collections import Counter
from decimal import Decimal

import pytest

from fcp.keyset import page_of, walk
from fcp.short_lists import ShortLists
from orders.causes import cause_of, cause_page, fill, waiting_for
from orders.holds import HoldKind
from orders.models import Hold, Order
from orders.state import State
from tests.build import NOW, make_account, make_store
from tests.orders.making import make_order

pytestmark = pytest.mark.django_db
ORDER = ("-placed_at", "-id")


@pytest.fixture
def store():
    return make_store(make_account())


def hold(order, kind=HoldKind.SHIP_CODE, cause="", hours=0):
    return Hold.objects.create(
        account=order.account, order=order, kind=kind.value, cause=cause, placed_at=NOW - dt.timedelta(hours=hours),
        placed_by="test",
    )  # fmt: skip


def an_order(store, **values):
    return make_order(store, {"MUG": 1}, **values)


def every_page(account, size):
    causes, after = [], ""
    while True:
        page = cause_page(account, after, size)
        fill(account, page.causes)
        causes += page.causes
        after = page.more
        if not after:
            return causes


def filled(store, kind, cause):
    found = cause_of(store.account, kind, cause)
    fill(store.account, [found])
    return found


def test_each_group_comes_once_the_oldest_first_whatever_the_page(store):
    for number in range(7):
        for hours in range(3):
            hold(an_order(store), cause=str(number), hours=number * 10 + hours)
    hold(an_order(store), HoldKind.ADDRESS, hours=200)
    hold(an_order(make_store(make_account())), cause="0", hours=500)

    for size in (1, 3, 20):
        causes = every_page(store.account, size)
        assert [cause.cause for cause in causes] == ["", "6", "5", "4", "3", "2", "1", "0"]
        assert [cause.orders for cause in causes] == [1, 3, 3, 3, 3, 3, 3, 3]
    assert causes[1].oldest == NOW - dt.timedelta(hours=62)


def test_lifted_holds_count_no_more(store):
    hold(an_order(store), cause="1")
    gone = hold(an_order(store), cause="2")
    Hold.objects.filter(pk=gone.pk).update(lifted_at=NOW)

    assert [cause.cause for cause in every_page(store.account, 20)] == ["1"]
    assert cause_of(store.account, HoldKind.SHIP_CODE, "2") is None
    assert cause_page(make_account()).causes == []


def test_sums_are_kept_apart_by_currency_and_the_largest_stands_first(store):
    for currency, total in (("EUR", "10.50"), ("USD", "99.99"), ("EUR", "0.01")):
        hold(an_order(store, currency=currency, total=Decimal(total)), cause="1")

    cause = filled(store, HoldKind.SHIP_CODE, "1")

    assert cause.values == [("USD", Decimal("99.99")), ("EUR", Decimal("10.51"))]


def test_orders_that_wait_for_something_else_too_are_counted_once_and_by_kind(store):
    for kinds in ((), (HoldKind.ADDRESS,), (HoldKind.ADDRESS, HoldKind.SKU), (HoldKind.SKU,)):
        order = an_order(store)
        hold(order, cause="1")
        for kind in kinds:
            hold(order, kind, cause="9" if kind is HoldKind.SKU else "")
    two = an_order(store)
    hold(two, HoldKind.SKU, "7")
    hold(two, HoldKind.SKU, "8")

    cause = filled(store, HoldKind.SHIP_CODE, "1")
    sku = filled(store, HoldKind.SKU, "7")

    assert (cause.orders, cause.blocked, cause.go) == (4, 3, 1)
    assert Counter(dict(cause.others)) == {HoldKind.ADDRESS: 2, HoldKind.SKU: 2}
    assert (sku.go, sku.others) == (0, [(HoldKind.SKU, 1)])


def test_pages_of_mappings_learn_how_many_orders_wait_for_a_word(store):
    for _ in range(2):
        hold(an_order(store), cause="5")

    assert waiting_for(store.account, "ship_code", [5, 6]) == {5: 2}


def test_the_number_of_statements_does_not_follow_the_number_of_groups(store, django_assert_max_num_queries):
    for number in range(12):
        order = an_order(store)
        hold(order, cause=str(number))
        hold(order, HoldKind.ADDRESS)

    with django_assert_max_num_queries(6):
        page = cause_page(store.account)
        fill(store.account, page.causes)
    assert [cause.blocked for cause in page.causes] == [12, *[1] * 12]


def test_a_large_group_is_counted_and_the_rest_asked_apart(store):
    for _ in range(3):
        hold(an_order(store), cause="large")
    hold(an_order(store), cause="small")
    causes = cause_page(store.account).causes

    fill(store.account, causes, most=2)

    assert {cause.cause: (cause.orders, cause.counted, bool(cause.values)) for cause in causes} == {
        "large": (3, False, False),
        "small": (1, True, True),
    }


@pytest.mark.parametrize("token", ["x", "~~", "2026-01-01~ship_code~1", "2026-99-01T00:00:00Z~sku~", "9" * 500, "\x00"])
def test_a_token_that_makes_no_sense_is_the_first_page(store, token):
    hold(an_order(store), cause="1")

    assert len(cause_page(store.account, token).causes) == 1


# --- short lists -------------------------------------------------------------------------------------------------


def short(rows, *states):
    from django.db.models import Q

    return ShortLists(rows, [Q(state=state.value) for state in states])


def test_short_lists_are_one_list_in_order_page_by_page(store):
    states = [State.NEW, State.HELD, State.READY, State.CANCELED]
    for number in range(40):
        an_order(store, state=states[number % 4].value, placed_at=NOW - dt.timedelta(hours=number // 3))
    rows = Order.objects.for_account(store.account)
    wanted = list(rows.filter(state__in=["new", "held", "ready"]).order_by(*ORDER))
    lists = short(rows, State.NEW, State.HELD, State.READY)

    assert list(walk(lists, ORDER, size=7)) == wanted
    first = page_of(lists, ORDER, "", 7)
    second = page_of(lists, ORDER, first.older, 7)
    assert second.rows == wanted[7:14]
    assert page_of(lists, ORDER, second.newer, 7).rows == wanted[:7]
    assert page_of(short(rows), ORDER, "", 7).rows == []
    assert page_of(short(rows, State.SHIPPED), ORDER, "", 7).rows == []


def test_a_page_of_short_lists_is_two_statements(store, django_assert_num_queries):
    for state in State:
        an_order(store, state=state.value)

    with django_assert_num_queries(2):
        assert len(page_of(short(Order.objects.select_related("store"), *State), ORDER, "", 50).rows) == len(State)
