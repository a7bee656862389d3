"""Search by prefix, on both databases."""

import pytest
from django.db import connection

from orders.models import Order, OrderLine
from tests.build import make_order, make_store

pytestmark = pytest.mark.django_db


def found(store, prefix):
    rows = Order.objects.for_account(store.account).filter(number_key__prefix=prefix)
    return sorted(rows.values_list("number_key", flat=True))


def test_begins_with_and_nothing_else():
    store = make_store()
    for number in ("1004", "10044", "21004", "a100"):
        make_order(store, number=number, skus=())

    assert found(store, "1004") == ["1004", "10044"]
    assert found(store, "A1") == ["A100"]
    assert found(store, "004") == []


@pytest.mark.parametrize(("number", "prefix"), [("50%OFF", "50%"), ("A_B", "A_"), ("Ä-1", "Ä"), ("A\\B", "A\\")])
def test_signs_that_mean_something_to_a_database_mean_themselves(number, prefix):
    store = make_store()
    make_order(store, number=number, skus=())
    make_order(store, number="50XOFF", skus=())
    make_order(store, number="AXB", skus=())

    assert found(store, prefix) == [number.upper()]


def test_an_index_answers():
    """On PostgreSQL only with the operator class that the index names: the database's collation does not matter."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # an empty table: the planner would take any index that names the account
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'orders_order'")
            for (name,) in cursor.fetchall():
                if name not in ("orders_order_number", "orders_order_pkey", "orders_order_one_per_uid"):
                    cursor.execute(f"DROP INDEX {name}")

    plan = Order.objects.filter(account=1, number_key__prefix="1004").explain()

    assert "orders_order_number" in plan
    assert "number_key>" in plan.replace(" ", "") or "~>=~" in plan


def test_among_a_set_finds_what_in_finds():
    store = make_store()
    orders = [make_order(store, number=number, skus=("MUG",)) for number in ("1", "2", "3")]
    wanted = {orders[0].pk, orders[2].pk, 2**40}

    assert set(Order.objects.filter(id__among=wanted)) == {orders[0], orders[2]}
    assert set(Order.objects.filter(number_key__among={"2", "x'\"\\", "ü"})) == {orders[1]}
    assert OrderLine.objects.filter(order__among=wanted).count() == 2
    assert not Order.objects.filter(id__among=set()).exists()
    assert Order.objects.exclude(id__among=wanted).get() == orders[1]
