"""The declared list: filters in the address, search, export, chosen rows."""

import datetime as dt

import pytest
from django.http import QueryDict
from django.utils import timezone

from fcp.listing import Choice, Column, Days, Flag, Listing
from fcp.models import Account
from orders.models import Order
from tests.build import NOW, make_account, make_order, make_store

pytestmark = pytest.mark.django_db

LIST = Listing(
    key="orders",
    row="orders/parts/row.html",
    order=("-placed_at", "-id"),
    columns=(
        Column("number", "Number", csv=lambda order: order.number),
        Column("placed", "Placed", csv=lambda order: order.placed_at),
        Column("total", "Total", csv=lambda order: order.total, align="end"),
        Column("actions", ""),
    ),
    filters=(
        Choice("country", "Country", choices=[("US", "United States"), ("DE", "Germany")], multiple=True),
        Choice("currency", "Currency", choices=lambda account: [(account.currency, account.currency)]),
        Flag("pickup", "Pickup", lambda rows, value: rows.filter(pickup=True)),
        Days("placed_at", "Placed"),
    ),
    search=lambda rows, text: rows.filter(number_key__prefix=text),
    bound_field="placed_at",
    bound_days=90,
    covered=[frozenset({"country", "pickup"})],
)


@pytest.fixture
def shop():
    store = make_store(make_account(time_zone="Europe/Berlin"))
    make_order(store, number="A1", skus=(), placed_at=NOW)
    make_order(store, number="A2", skus=(), placed_at=NOW - dt.timedelta(days=3), pickup=True)
    make_order(store, number="=B3", skus=(), placed_at=NOW - dt.timedelta(days=200))
    Order.objects.filter(number="A2").update(country="DE")
    return store


def shown(store, query):
    rows, bounded = LIST.narrow(Order.objects.for_account(store.account), QueryDict(query), store.account)
    return {row.number for row in rows}, bounded


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", {"A1", "A2", "=B3"}),
        ("country=DE", {"A2"}),
        ("country=DE&country=US", {"A1", "A2", "=B3"}),
        ("country=XX", {"A1", "A2", "=B3"}),  # nobody was offered that
        ("pickup=1", {"A2"}),
        ("pickup=2", {"A1", "A2", "=B3"}),
        ("q=A", {"A1", "A2"}),
        ("q=A&country=DE", {"A2"}),
        ("currency=EUR", {"A1", "A2", "=B3"}),
        ("currency=USD", {"A1", "A2", "=B3"}),  # another account's currency is no choice here
        ("placed_at_from=2026-11-17&placed_at_to=2026-11-17", {"A2"}),
        ("placed_at_from=nonsense", {"A1", "A2", "=B3"}),
        ("placed_at_to=9999-12-31", {"A1", "A2", "=B3"}),  # the calendar has no day after it
        ("placed_at_from=0001-01-01", {"A1", "A2", "=B3"}),
    ],
)
def test_filters_narrow_by_what_the_address_says(shop, query, numbers):
    assert shown(shop, query)[0] == numbers


def test_a_day_begins_at_midnight_in_the_accounts_zone(shop):
    make_order(shop, number="LATE", skus=(), placed_at=dt.datetime(2026, 11, 17, 23, 30, tzinfo=dt.UTC))  # 00:30 there

    with timezone.override(shop.account.zone):
        assert "LATE" in shown(shop, "placed_at_from=2026-11-18&placed_at_to=2026-11-18")[0]
        assert "LATE" not in shown(shop, "placed_at_to=2026-11-17")[0]


def test_two_filters_that_no_index_carries_look_at_the_last_days_and_say_so(shop):
    Order.objects.update(placed_at=timezone.now())
    Order.objects.filter(number="=B3").update(placed_at=timezone.now() - dt.timedelta(days=91))

    assert shown(shop, "country=US&currency=EUR") == ({"A1"}, 90)
    assert shown(shop, "country=US&pickup=1") == (set(), 0)  # covered together
    assert shown(shop, "country=US&currency=EUR&placed_at_from=2020-01-01") == ({"A1", "=B3"}, 0)


def test_the_page_keeps_its_filters_and_asks_the_database_once(shop, rf, django_assert_num_queries):
    request = rf.get("/x/", {"country": ["US"], "page": "nonsense"})
    request.account = shop.account

    with django_assert_num_queries(1):
        page = LIST.page(request, Order.objects.for_account(shop.account))

    assert [row.number for row in page.rows] == ["A1", "=B3"]
    assert page.query == "country=US"
    assert [(state.filter.label, state.words) for state in page.active] == [("Country", "United States")]
    assert not page.more_than_page


def test_the_export_has_all_rows_that_match_and_no_formulas(shop, rf):
    request = rf.get("/x/", {"country": "US", "format": "csv"})
    request.account = shop.account

    response = LIST.answer(request, Order.objects.for_account(shop.account), title="All orders")
    lines = b"".join(response.streaming_content).decode().splitlines()

    assert response["Content-Disposition"] == 'attachment; filename="orders.csv"'
    assert lines[0] == "Number,Placed,Total"
    assert [line.split(",")[0] for line in lines[1:]] == ["A1", "'=B3"]
    assert lines[1].split(",")[1:] == ["2026-11-20 12:00", "26.6000"]


def test_chosen_rows_are_those_ticked_or_all_that_match_never_a_strangers(shop, rf):
    stranger = make_order(make_store(Account.objects.create(name="B", slug="b")), number="X", skus=())
    mine = {order.number: order.pk for order in Order.objects.for_account(shop.account)}
    rows = Order.objects.for_account(shop.account)

    def chosen(**body):
        request = rf.post("/x/", body)
        request.account = shop.account
        return {order.number for order in LIST.chosen(request, rows)}

    assert chosen(row=[mine["A1"], stranger.pk, "x"]) == {"A1"}
    assert chosen(all="1", query="country=DE") == {"A2"}
    assert chosen() == set()
