"""What moves on top of a level: shipments and their voiding, adjustments and corrections."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from inventory.levels import AdjustItem, adjust_levels
from inventory.models import MovementKind, StockMovement
from inventory.movements import ship
from tests.build import make_account, make_product
from tests.inventory.warehousing import (
    adjust,
    at,
    believed,
    codes,
    gone,
    history,
    last_seq,
    leave,
    new_warehouse,
    report,
    seq_of,
    void,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def warehouse():
    """Ten mugs, as of noon."""
    warehouse = new_warehouse("MUG", "CUP")
    report(warehouse, ("MUG", 10, 0))
    return warehouse


# --- goods that left -----------------------------------------------------------------------------------------------


def test_what_left_after_the_level_was_taken_lowers_it(warehouse):
    assert leave(warehouse, 3, 10, line=1) == 1

    assert believed(warehouse) == 7
    movement = StockMovement.objects.get(kind=MovementKind.SHIPPED)
    assert (movement.source_kind, movement.source_id, movement.at) == ("fulfillment_line", 1, at(10))
    assert seq_of(warehouse) == last_seq(warehouse) == 2


@pytest.mark.parametrize("minutes", [-10, 0])
def test_what_left_before_is_recorded_and_the_level_stays(warehouse, minutes):
    leave(warehouse, 3, minutes, line=1)

    assert believed(warehouse) == 10
    assert history(warehouse)[-1] == ("shipped", -3, False, 10)
    assert last_seq(warehouse) == 1


def test_a_line_told_twice_left_once(warehouse):
    leave(warehouse, 3, 10, line=1)

    assert leave(warehouse, 3, 10, line=1) == 0
    assert leave(warehouse, 5, 11, line=1) == 0
    assert believed(warehouse) == 7


def test_a_line_that_stands_twice_in_one_call_left_once(warehouse):
    row = gone(warehouse, 3, 10, line=1)

    assert ship(warehouse.account_id, [row, row], actor="Key", now=at(60)) == 1
    assert believed(warehouse) == 7


def test_more_may_leave_than_was_believed(warehouse):
    leave(warehouse, 12, 10, line=1)

    assert believed(warehouse) == -2


def test_several_lines_of_one_product_in_one_call_each_show_what_stood_then(warehouse):
    rows = [gone(warehouse, 3, 10, line=1), gone(warehouse, 4, 11, line=2), gone(warehouse, 1, -1, line=3)]

    ship(warehouse.account_id, rows, actor="Key", now=at(60))

    assert believed(warehouse) == 3
    assert history(warehouse)[1:] == [("shipped", -3, True, 7), ("shipped", -4, True, 3), ("shipped", -1, False, 3)]


def test_a_void_gives_back_what_left(warehouse):
    leave(warehouse, 3, 10, line=1)

    assert void(warehouse, line=1) == 1
    assert void(warehouse, line=1) == 0
    assert believed(warehouse) == 10
    assert history(warehouse)[1:] == [("shipped", -3, True, 7), ("voided", 3, True, 10)]


def test_a_void_after_a_level_that_knew_of_the_shipment_moves_nothing(warehouse):
    leave(warehouse, 3, 10, line=1)
    report(warehouse, ("MUG", 7, 20))

    void(warehouse, line=1)

    assert believed(warehouse) == 7
    assert StockMovement.objects.get(kind=MovementKind.VOIDED).at == at(10)


def test_a_shipment_and_its_void_cancel_in_a_level_that_arrives_late(warehouse):
    leave(warehouse, 3, 10, line=1)
    void(warehouse, line=1)

    report(warehouse, ("MUG", 20, 5))

    assert believed(warehouse) == 20


def test_a_void_takes_back_what_was_recorded_even_if_it_is_told_another_product(warehouse):
    leave(warehouse, 3, 10, line=1)

    void(warehouse, line=1, sku="CUP")

    assert believed(warehouse) == 10
    assert believed(warehouse, "CUP") is None


def test_a_void_of_what_was_never_recorded_is_nothing(warehouse):
    assert void(warehouse, line=77) == 0
    assert len(history(warehouse)) == 1


def test_a_shipment_and_its_void_in_one_call_cancel(warehouse):
    rows = [gone(warehouse, 3, 10, line=1), gone(warehouse, 3, 10, line=1, kind=MovementKind.VOIDED)]

    assert ship(warehouse.account_id, rows, actor="Key", now=at(60)) == 2
    assert believed(warehouse) == 10


def test_a_shipment_dated_tomorrow_is_not_taken_off_every_level_until_then(warehouse):
    leave(warehouse, 3, 24 * 60, line=1)
    assert believed(warehouse) == 7

    report(warehouse, ("MUG", 7, 70), now=at(70))
    assert believed(warehouse) == 7

    void(warehouse, line=1, now=at(80))
    assert believed(warehouse) == 7


def test_without_a_level_a_shipment_is_recorded_and_moves_nothing():
    warehouse = new_warehouse("MUG")

    leave(warehouse, 3, 10, line=1)

    assert believed(warehouse) is None
    assert history(warehouse) == [("shipped", -3, False, None)]
    assert last_seq(warehouse) == 0


def test_shipments_of_other_accounts_with_the_same_number_are_others(warehouse):
    """Line numbers are unique over all accounts, yet nobody's history is looked up without the account."""
    other = new_warehouse("MUG")
    leave(warehouse, 3, 10, line=1)

    assert void(other, line=1) == 0
    assert believed(warehouse) == 7


def test_any_number_of_lines_takes_the_same_number_of_statements():
    warehouse = new_warehouse(*(f"SKU-{n}" for n in range(40)))
    report(warehouse, *((f"SKU-{n}", 10, 0) for n in range(0, 40, 2)))

    def statements(first, count):
        rows = [gone(warehouse, 1, 5 - n % 7, line=first + n, sku=f"SKU-{n}") for n in range(count)]
        voided = [gone(warehouse, 1, 0, line=first + n, sku=f"SKU-{n}", kind=MovementKind.VOIDED) for n in range(count)]
        with CaptureQueriesContext(connection) as found:
            ship(warehouse.account_id, rows, actor="Key", now=at(60))
            ship(warehouse.account_id, voided, actor="Key", now=at(60))
        return len(found)

    assert statements(100, 4) == statements(200, 40)


# --- adjustments and corrections -----------------------------------------------------------------------------------


def test_an_adjustment_adds_to_the_level_and_says_why(warehouse):
    [answer] = adjust(warehouse, ("mug", -2, 10, "A-1", "Broken"))

    assert (answer.code, answer.quantity, answer.sentence) == ("taken", 8, "8 pieces now.")
    assert believed(warehouse) == 8
    movement = StockMovement.objects.get(kind=MovementKind.ADJUSTMENT)
    assert (movement.reason, movement.source_ref, movement.actor) == ("Broken", "A-1", "Key 1")
    assert seq_of(warehouse) == 2


def test_a_correction_is_made_by_a_person_where_no_partner_reports():
    warehouse = new_warehouse("MUG", kept_by="panel")
    report(warehouse, ("MUG", 10, 0), kind=MovementKind.COUNT)

    answers = adjust(warehouse, ("MUG", 1, 10, "", "Found one"), kind=MovementKind.CORRECTION, actor="Ann")

    assert codes(answers) == ["taken"]
    assert believed(warehouse) == 11
    assert history(warehouse)[-1] == ("correction", 1, True, 11)


def test_an_adjustment_before_the_level_was_taken_is_recorded_only(warehouse):
    [answer] = adjust(warehouse, ("MUG", -2, -10))

    assert (answer.code, answer.quantity) == ("unchanged", 10)
    assert believed(warehouse) == 10
    assert history(warehouse)[-1] == ("adjustment", -2, False, 10)
    assert last_seq(warehouse) == 1


def test_an_adjustment_told_again_counts_once(warehouse):
    adjust(warehouse, ("MUG", -2, 10, "A-1"))

    [answer] = adjust(warehouse, ("MUG", -2, 10, "A-1"))
    assert (answer.code, answer.quantity) == ("repeated", 8)
    assert answer.sentence == "A-1 was recorded before (-2); nothing changed."

    assert codes(adjust(warehouse, ("MUG", -9, 12, "A-1"))) == ["repeated"]
    assert believed(warehouse) == 8


def test_a_ref_belongs_to_its_sku_and_warehouse(warehouse):
    other = new_warehouse(account=warehouse.account)
    report(warehouse, ("CUP", 10, 0))
    report(other, ("MUG", 10, 0))

    answers = adjust(warehouse, ("MUG", -1, 10, "A-1"), ("CUP", -1, 10, "A-1")) + adjust(other, ("MUG", -1, 10, "A-1"))

    assert codes(answers) == ["taken", "taken", "taken"]


def test_adjustments_without_a_ref_each_count(warehouse):
    adjust(warehouse, ("MUG", -2, 10))
    adjust(warehouse, ("MUG", -2, 10))

    assert believed(warehouse) == 6


def test_the_database_itself_keeps_a_ref_from_counting_twice(warehouse):
    adjust(warehouse, ("MUG", -2, 10, "A-1"))
    movement = StockMovement.objects.get(source_ref="A-1")
    movement.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        movement.save(force_insert=True)


def test_no_adjustment_leaves_less_than_nothing(warehouse):
    [answer] = adjust(warehouse, ("MUG", -11, 10))

    assert (answer.code, answer.quantity) == ("below_zero", 10)
    assert answer.sentence == "That would leave -1: only 10 pieces should be there. Count them first."
    assert codes(adjust(warehouse, ("MUG", -10, 10))) == ["taken"]


def test_a_level_below_zero_can_be_adjusted_upwards(warehouse):
    leave(warehouse, 15, 10, line=1)

    assert codes(adjust(warehouse, ("MUG", 2, 20))) == ["taken"]
    assert believed(warehouse) == -3


def test_without_a_level_there_is_nothing_to_add_to(warehouse):
    [answer] = adjust(warehouse, ("CUP", 5, 10, "A-1"))

    assert (answer.code, answer.quantity) == ("no_level", None)
    assert history(warehouse, "CUP") == []


def test_every_adjustment_is_answered_in_its_place(warehouse):
    make_product(make_account(), "THEIRS")
    report(warehouse, ("CUP", 9_999_999, 0))

    answers = adjust(
        warehouse, ("NONE", 1, 10), ("CUP", 2, 10), ("MUG", 0, 10), ("MUG", 1, 10), ("THEIRS", 1, 10), ("JUG", 1, 66)
    )
    assert codes(answers) == ["unknown_sku", "wrong_quantity", "wrong_quantity", "duplicate", "unknown_sku", "future"]
    assert (believed(warehouse), believed(warehouse, "CUP")) == (10, 9_999_999)


@pytest.mark.parametrize("change", [0, 0.5, "x", None, 10_000_001, -10_000_001])
def test_what_is_no_change_is_refused(warehouse, change):
    assert codes(adjust(warehouse, ("MUG", change, 10))) == ["wrong_quantity"]


def test_any_number_of_adjustments_takes_the_same_number_of_statements():
    skus = [f"SKU-{n}" for n in range(40)]
    warehouse = new_warehouse(*skus)
    report(warehouse, *((sku, 10, 0) for sku in skus[:30]))

    def statements(count, ref):
        items = [AdjustItem(sku, (-1) ** n, at(n % 3), f"{ref}{n}") for n, sku in enumerate(skus[:count])]
        with CaptureQueriesContext(connection) as found:
            adjust_levels(warehouse, items, actor="Key", now=at(60))
        return len(found)

    assert statements(4, "A-") == statements(40, "B-")
