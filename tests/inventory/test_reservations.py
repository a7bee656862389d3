"""What open orders need, kept as their owners want it, and read for the reckoning."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.availability import House, Level, Place, Reserved, Stock, StockRules, available
from inventory.models import Reports, Reservation, ReservationSource
from inventory.reservations import Wanted, write_reservations
from inventory.stock_reading import stock_of
from tests.build import NOW
from tests.inventory.warehousing import at, last_seq, new_warehouse, product, report, seq_of

pytestmark = pytest.mark.django_db

LINE, SEEN = ReservationSource.LINE, ReservationSource.SEEN


@pytest.fixture
def warehouse():
    return new_warehouse("MUG", "CUP", "BOWL")


def wanted(warehouse, quantity=1, sku="MUG", placed=True, unpaid=False, acked_at=None):
    return Wanted(product(warehouse, sku).pk, warehouse.pk if placed else None, quantity, unpaid, NOW, acked_at)


def reserved(warehouse):
    rows = Reservation.objects.filter(account=warehouse.account_id).order_by("source_kind", "source_id", "product__sku")
    return list(rows.values_list("source_kind", "source_id", "product__sku", "quantity"))


def writing(statements):
    return [q["sql"] for q in statements if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_reservations_are_made_exactly_what_is_wanted(warehouse):
    acked = wanted(warehouse, 2, acked_at=at(5))
    open_order = wanted(warehouse, 4, "CUP", placed=False, unpaid=True)

    assert write_reservations(warehouse.account_id, {(LINE, 1): [acked], (SEEN, 1): [open_order]}) == 2

    assert reserved(warehouse) == [("line", 1, "MUG", 2), ("seen", 1, "CUP", 4)]
    placed, unplaced = Reservation.objects.order_by("source_kind")
    assert (placed.warehouse, placed.acked_at, placed.unpaid, placed.since) == (warehouse, at(5), False, NOW)
    assert (unplaced.warehouse, unplaced.acked_at, unplaced.unpaid) == (None, None, True)
    assert seq_of(warehouse) == seq_of(warehouse, "CUP") == last_seq(warehouse) == 1


def test_an_empty_sequence_removes_a_source_and_no_other(warehouse):
    write_reservations(warehouse.account_id, {("line", n): [wanted(warehouse)] for n in (1, 2)})

    assert write_reservations(warehouse.account_id, {("line", 1): [], ("seen", 2): []}) == 1

    assert reserved(warehouse) == [("line", 2, "MUG", 1)]
    assert seq_of(warehouse) == 2


def test_partly_shipped_leaves_the_rest_reserved(warehouse):
    write_reservations(warehouse.account_id, {("line", 1): [wanted(warehouse, 5)]})
    before = Reservation.objects.get()

    write_reservations(warehouse.account_id, {("line", 1): [wanted(warehouse, 2)]})

    after = Reservation.objects.get()
    assert (after.pk, after.quantity) == (before.pk, 2)


def test_a_source_whose_product_changed_moves_both_products(warehouse):
    write_reservations(warehouse.account_id, {("line", 1): [wanted(warehouse, 5)]})

    write_reservations(warehouse.account_id, {("line", 1): [wanted(warehouse, 5, "CUP")]})

    assert reserved(warehouse) == [("line", 1, "CUP", 5)]
    assert [seq_of(warehouse, sku) for sku in ("MUG", "CUP", "BOWL")] == [2, 2, 0]


@pytest.mark.parametrize("quantity", [0, -3])
def test_nothing_wanted_is_no_reservation(warehouse, quantity):
    assert write_reservations(warehouse.account_id, {("line", 1): [wanted(warehouse, quantity)]}) == 0
    assert reserved(warehouse) == []


def test_two_rows_of_one_product_under_one_source_add_up(warehouse):
    rows = [wanted(warehouse, 2), wanted(warehouse, 3)]

    assert write_reservations(warehouse.account_id, {("seen", 1): rows}) == 1
    assert write_reservations(warehouse.account_id, {("seen", 1): rows}) == 0
    assert reserved(warehouse) == [("seen", 1, "MUG", 5)]


def test_where_nothing_differs_nothing_is_written_or_locked(warehouse):
    goal = {("line", n): [wanted(warehouse, n, acked_at=at(n))] for n in (1, 2, 3)}
    write_reservations(warehouse.account_id, goal)

    with CaptureQueriesContext(connection) as statements:
        assert write_reservations(warehouse.account_id, goal) == 0

    assert writing(statements) == []
    assert not [q for q in statements if "FOR NO KEY UPDATE" in q["sql"]]
    assert last_seq(warehouse) == 1


def test_any_number_of_reservations_takes_the_same_number_of_statements(warehouse):
    def statements(first, count):
        """New, changed and lifted ones, of lines and of open orders that did not come in."""
        sources = [(kind, n) for kind in (LINE, SEEN) for n in range(first, first + count)]
        before = {source: [wanted(warehouse, 1)] for source in sources if source[1] % 3}
        write_reservations(warehouse.account_id, before)
        goal = {source: [wanted(warehouse, 1 + source[1] % 2)] if source[1] % 4 else [] for source in sources}
        with CaptureQueriesContext(connection) as found:
            write_reservations(warehouse.account_id, goal)
        return len(found)

    assert statements(0, 12) == statements(100, 96)


def test_an_accounts_reservations_are_not_touched_from_another_account(warehouse):
    other = new_warehouse("MUG")
    write_reservations(other.account_id, {("line", 1): [wanted(other, 5)]})

    write_reservations(warehouse.account_id, {("line", 1): []})

    assert reserved(other) == [("line", 1, "MUG", 5)]


# --- read for the reckoning ----------------------------------------------------------------------------------------


def test_stock_is_read_with_its_levels_and_reservations_in_one_statement(warehouse):
    mug, cup = product(warehouse).pk, product(warehouse, "CUP").pk
    report(warehouse, ("MUG", 10, 0))
    goal = {("line", 1): [wanted(warehouse, 2)], ("line", 2): [wanted(warehouse, 3)]}
    goal[("seen", 7)] = [wanted(warehouse, 4, placed=False, unpaid=True)]
    write_reservations(warehouse.account_id, goal)

    with CaptureQueriesContext(connection) as statements:
        found = stock_of([mug, cup])

    assert len(statements) == 1
    assert found[cup] == Stock({}, [])
    assert found[mug].levels == {warehouse.pk: Level(10, at(0))}
    assert sorted(found[mug].reserved, key=str) == sorted(
        [Reserved(5, warehouse.pk), Reserved(4, None, unpaid=True)], key=str
    )


def test_when_a_warehouse_took_over_is_read_where_its_levels_know_of_it():
    for reports, known, offer in ((Reports.AVAILABLE, at(-5), 10), (Reports.ON_HAND, None, 8)):
        warehouse = new_warehouse("MUG", reports=reports)
        report(warehouse, ("MUG", 10, 0))
        write_reservations(warehouse.account_id, {("line", 1): [wanted(warehouse, 2, acked_at=at(-5))]})

        stock = stock_of([product(warehouse).pk])[product(warehouse).pk]

        assert list(stock.reserved) == [Reserved(2, warehouse.pk, acked_at=known)]
        house = House(warehouse.pk, warehouse.code, knows_acknowledged=warehouse.reports == Reports.AVAILABLE)
        assert available(stock, [Place("", [house])], StockRules())[""].quantity == offer


def test_no_products_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert stock_of([]) == {}
        assert write_reservations(1, {}) == 0


def test_moments_are_read_as_moments(warehouse):
    report(warehouse, ("MUG", 10, 0))

    [level] = stock_of([product(warehouse).pk])[product(warehouse).pk].levels.values()

    assert level.taken_at.utcoffset() == dt.timedelta(0)
