"""Pages by key, on both databases."""

import base64
import datetime as dt

import orjson
import pytest
from django.db import connection

from fcp.keyset import is_token, page_of, up_to, walk
from inventory.models import Product
from orders.models import Order
from tests.build import NOW, make_account, make_order, make_product, make_store

pytestmark = pytest.mark.django_db
NEWEST = ("-placed_at", "-id")


def orders_of(count):
    """Orders of which several were placed in the same second, so that the id has to decide."""
    store = make_store()
    for n in range(count):
        make_order(store, number=f"N{n}", placed_at=NOW - dt.timedelta(minutes=n // 3), skus=())
    return Order.objects.for_account(store.account)


def numbers(rows):
    return [row.number for row in rows]


def test_older_pages_show_every_row_once_in_order_and_newer_leads_back_the_same_way():
    rows = orders_of(11)
    everything = numbers(rows.order_by(*NEWEST))

    pages = [page_of(rows, NEWEST, "", 4)]
    while pages[-1].older:
        pages.append(page_of(rows, NEWEST, pages[-1].older, 4))
    back = page_of(rows, NEWEST, pages[-1].newer, 4)

    assert [number for page in pages for number in numbers(page.rows)] == everything
    assert [len(page.rows) for page in pages] == [4, 4, 3]
    assert pages[0].newer == ""
    assert numbers(back.rows) == numbers(pages[1].rows)
    assert numbers(page_of(rows, NEWEST, back.newer, 4).rows) == numbers(pages[0].rows)


def test_an_order_that_comes_in_meanwhile_moves_nothing_on_the_next_page():
    rows = orders_of(8)
    first = page_of(rows, NEWEST, "", 4)
    expected = numbers(rows.order_by(*NEWEST))[4:]

    make_order(rows[0].store, number="NEW", placed_at=NOW + dt.timedelta(hours=1), skus=())

    assert numbers(page_of(rows, NEWEST, first.older, 4).rows) == expected
    assert numbers(page_of(rows, NEWEST, page_of(rows, NEWEST, first.older, 4).newer, 5).rows)[0] == "NEW"


def test_two_directions_in_one_order():
    account = make_account()
    for sku in ("B", "A", "C"):
        make_product(account, sku)
    rows = Product.objects.for_account(account)

    first = page_of(rows, ("sku_key", "-id"), "", 2)
    second = page_of(rows, ("sku_key", "-id"), first.older, 2)

    assert [p.sku for p in (*first.rows, *second.rows)] == ["A", "B", "C"]


@pytest.mark.parametrize("token", ["", "nonsense", "W10", "WyJvIl0", "%00", "WyJvIiwiMSIsIngiXQ", "WyJvIixudWxsXQ"])
def test_a_token_that_cannot_be_read_is_the_first_page(token):
    rows = orders_of(3)

    assert not is_token(Order, NEWEST, token)
    assert numbers(page_of(rows, NEWEST, token, 2).rows) == numbers(rows.order_by(*NEWEST))[:2]


@pytest.mark.parametrize(
    ("order", "value"),
    [(NEWEST, "0001-01-01T00:00:00+14:00"), (NEWEST, "9999-12-31T23:59:59-14:00"), (("number", "id"), "a\x00b")],
)
def test_a_token_of_what_no_database_can_be_asked_for_is_the_first_page(order, value):
    rows = orders_of(3)
    token = base64.urlsafe_b64encode(orjson.dumps(["o", value, 1])).decode()

    assert not is_token(Order, order, token)
    assert numbers(page_of(rows, order, token, 2).rows) == numbers(rows.order_by(*order))[:2]


def test_walking_reads_page_by_page(django_assert_num_queries):
    rows = orders_of(7)

    with django_assert_num_queries(3):
        found = list(walk(rows, NEWEST, size=3))

    assert numbers(found) == numbers(rows.order_by(*NEWEST))


def test_counting_stops_at_the_limit():
    rows = orders_of(5)

    assert (up_to(rows, 3), up_to(rows, 10)) == (3, 5)


def test_a_deep_page_walks_the_index_and_does_not_sort():
    rows = orders_of(6)
    older = page_of(rows, NEWEST, "", 2).older
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # a plan for a big table, not for six rows
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
    queries = []

    def catch(execute, sql, params, many, context):
        queries.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(catch):
        page_of(rows, NEWEST, older, 2)

    sql, params = queries[0]
    with connection.cursor() as cursor:
        cursor.execute(("EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN ") + sql, params)
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert "orders_order_newest" in plan
    assert "placed_at<" in plan.replace(" ", "") or "placed_at<=" in plan.replace(" ", "")
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan
