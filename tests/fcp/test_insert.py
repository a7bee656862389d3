"""The quick way of storing rows stores what Django's own way stores."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.forms.models import model_to_dict

from fcp.insert import add_to_rows, insert_rows, read_rows, take_ids, update_locked_rows, update_rows
from orders.models import Order, OrderLine, SeenOrder
from tests.build import NOW, make_order, make_store

pytestmark = pytest.mark.django_db

COLUMNS = (
    "id", "account", "store", "uid", "number", "number_key", "facts", "fingerprint", "outcome", "reasons",
    "settings_version", "seen_by", "first_seen_at", "changed_at",
)  # fmt: skip
TIMES = [NOW, NOW.replace(microsecond=5), dt.datetime(2026, 7, 1, 9, tzinfo=dt.timezone(dt.timedelta(hours=2)))]


@pytest.mark.parametrize("at", TIMES)
@pytest.mark.parametrize("facts", [{}, {"a": [1, None, "ü\"'\\ 茶"], "b": {"c": True}}])
def test_rows_equal_those_of_bulk_create(at, facts):
    store = make_store()

    def values(uid):
        return (
            store.account_id, store.pk, uid, "10\t0\\N1", "10", facts, -(2**62), "skipped", ["a"], 3, "poll", at, at,
        )  # fmt: skip

    names = [name if name not in {"account", "store"} else f"{name}_id" for name in COLUMNS[1:]]
    SeenOrder.objects.bulk_create([SeenOrder(**dict(zip(names, values("plain"), strict=True)))])
    with_id = take_ids(SeenOrder, 1)[0]
    insert_rows(SeenOrder, COLUMNS, [(with_id, *values("quick"))])

    plain, quick = (model_to_dict(SeenOrder.objects.get(uid=uid), exclude=["id", "uid"]) for uid in ("plain", "quick"))
    assert plain == quick
    assert SeenOrder.objects.get(uid="quick").pk == with_id
    assert SeenOrder.objects.filter(first_seen_at=at).count() == 2
    assert SeenOrder.objects.create(**dict(zip(names, values("next"), strict=True))).pk > with_id


def test_a_row_that_is_there_already_is_refused_as_by_django():
    store = make_store()
    row = (store.account_id, store.pk, "1", "1", "1", {}, 1, "skipped", [], 1, "poll", NOW, NOW)
    insert_rows(SeenOrder, COLUMNS[1:], [row])

    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(SeenOrder, COLUMNS[1:], [row])

    assert SeenOrder.objects.count() == 1


def test_amounts_and_texts_with_nul_are_stored_as_the_columns_want_them():
    order = make_order(make_store(), total=Decimal("26.6"), buyer_note="a\x00b")

    stored = Order.objects.get(pk=order.pk, total=Decimal("26.60"))
    assert (str(stored.total), stored.buyer_note) == ("26.6000", "ab")


def test_many_rows_are_changed_by_their_ids():
    order = make_order(make_store(), skus=("MUG", "JUG"))
    mug, jug = order.lines.order_by("id")

    update_rows(OrderLine, ("options", "title"), [([["Size", "L"]], "Mug, large", mug.pk), ([], "Jug", jug.pk)])
    add_to_rows(OrderLine, "store_quantity", [(2, mug.pk), (5, jug.pk)])

    assert list(order.lines.values_list("options", "title", "store_quantity")) == [
        ([["Size", "L"]], "Mug, large", 3),
        ([], "Jug", 6),
    ]


def test_no_rows_are_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert_rows(SeenOrder, COLUMNS, [])
        update_rows(SeenOrder, ("number",), [])
        assert list(take_ids(SeenOrder, 0)) == []


def test_locked_rows_are_changed_at_once_by_their_ids():
    order = make_order(make_store(), skus=("MUG", "JUG"))
    mug, jug = order.lines.order_by("id")
    before = (jug.quantity, jug.removed_at)

    columns = ("options", "title", "removed_at", "product_id")
    rows = [([["Size", "L"]], 'Mug, "large"\x00', TIMES[2], None, mug.pk), (["ü"], "{Jug}", None, None, jug.pk)]
    update_locked_rows(OrderLine, columns, rows)

    assert list(order.lines.order_by("id").values_list("options", "title", "removed_at")) == [
        ([["Size", "L"]], 'Mug, "large"', TIMES[2]),
        (["ü"], "{Jug}", None),
    ]
    jug.refresh_from_db()
    assert (jug.quantity, jug.removed_at) == before


@pytest.mark.parametrize("at", [*TIMES, None])
def test_rows_are_read_as_django_reads_them(at):
    order = make_order(make_store(), skus=("MUG", "JUG"))
    order.lines.filter(sku="MUG").update(removed_at=at, units=3)
    columns = ("id", "order_id", "sku", "ships", "removed_at", "product_id")

    rows = order.lines.order_by("-id")

    assert read_rows(rows, columns) == list(rows.values_list(*columns))
