"""Absolute levels: reported by the warehouse or counted by a person."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.errors import InventoryError
from inventory.levels import AdjustItem, LevelItem, adjust_levels, report_levels, whole_number
from inventory.models import MovementKind, Reports, StockLevel, StockMovement
from inventory.reservations import Wanted, write_reservations
from inventory.signals import stock_moved
from tests.build import NOW, make_account, make_partner, make_product
from tests.inventory.warehousing import (
    adjust,
    at,
    believed,
    codes,
    history,
    last_seq,
    leave,
    new_warehouse,
    product,
    report,
    seq_of,
)

pytestmark = pytest.mark.django_db


@pytest.mark.req("EIM-11")
def test_a_first_report_is_the_level_and_the_beginning_of_its_history():
    warehouse = new_warehouse("MUG")

    [answer] = report(warehouse, ("MUG", 12, 0))

    assert (answer.code, answer.quantity, answer.sentence) == ("taken", 12, "12 pieces now.")
    assert believed(warehouse) == 12
    level = StockLevel.objects.get()
    assert (level.reported, level.taken_at, level.changed_at) == (12, at(0), at(60))
    movement = StockMovement.objects.get()
    assert (movement.kind, movement.quantity, movement.balance, movement.counts) == ("level", 12, 12, True)
    assert (movement.at, movement.created_at, movement.actor, movement.source_kind) == (at(0), at(60), "Key 1", "api")


def test_a_first_report_of_nothing_is_a_level_too():
    warehouse = new_warehouse("MUG")

    assert codes(report(warehouse, ("MUG", 0, 0))) == ["taken"]
    assert believed(warehouse) == 0
    assert history(warehouse) == [("level", 0, True, 0)]


def test_a_later_report_replaces_the_level_and_the_history_keeps_the_difference():
    warehouse = new_warehouse("MUG")
    report(warehouse, ("MUG", 12, 0))

    report(warehouse, ("MUG", 7, 10))

    assert believed(warehouse) == 7
    assert history(warehouse) == [("level", 12, True, 12), ("level", -5, True, 7)]


def test_a_later_report_of_the_same_quantity_moves_its_moment_and_nothing_else():
    warehouse = new_warehouse("MUG")
    report(warehouse, ("MUG", 12, 0))

    [answer] = report(warehouse, ("MUG", 12, 10), now=at(90))

    assert (answer.code, answer.quantity) == ("unchanged", 12)
    level = StockLevel.objects.get()
    assert (level.taken_at, level.changed_at) == (at(10), at(60))
    assert len(history(warehouse)) == 1
    assert (seq_of(warehouse), last_seq(warehouse)) == (1, 1)


def test_the_same_report_again_writes_nothing():
    warehouse = new_warehouse("MUG")
    report(warehouse, ("MUG", 12, 0))
    leave(warehouse, 2, 5, line=1)

    with CaptureQueriesContext(connection) as statements:
        [answer] = report(warehouse, ("MUG", 12, 0))

    assert (answer.code, answer.quantity) == ("unchanged", 10)
    assert not [q for q in statements if q["sql"].startswith(("INSERT", "DELETE"))]
    assert [q for q in statements if q["sql"].startswith("UPDATE")] == []


@pytest.mark.parametrize(("quantity", "minutes"), [(12, -1), (5, -1), (5, 0)])
def test_a_level_taken_earlier_or_another_one_of_the_same_moment_is_refused(quantity, minutes):
    warehouse = new_warehouse("MUG")
    report(warehouse, ("MUG", 12, 0))

    [answer] = report(warehouse, ("MUG", quantity, minutes))

    assert (answer.code, answer.quantity) == ("older", 12)
    assert answer.sentence == "A level taken at the same moment or later is stored: 12 pieces. It stays."
    assert believed(warehouse) == 12
    assert StockLevel.objects.get().taken_at == at(0)


def test_what_moved_after_the_level_was_taken_stays_on_top_of_it():
    warehouse = new_warehouse("MUG")
    report(warehouse, ("MUG", 12, 0))
    leave(warehouse, 2, 10, line=1)
    leave(warehouse, 3, 20, line=2)

    [answer] = report(warehouse, ("MUG", 11, 15))

    assert believed(warehouse) == 8
    assert answer.sentence == "8 pieces now: 11 when the level was taken, -3 since."
    level = StockLevel.objects.get()
    assert (level.quantity, level.reported) == (8, 11)


def test_what_left_before_a_first_level_was_taken_is_in_it_and_what_left_after_it_is_taken_off():
    warehouse = new_warehouse("MUG")
    leave(warehouse, 4, -5, line=1)
    leave(warehouse, 3, 5, line=2)
    assert history(warehouse) == [("shipped", -4, False, None), ("shipped", -3, False, None)]

    report(warehouse, ("MUG", 10, 0))

    assert believed(warehouse) == 7


def test_a_report_that_knew_of_a_shipment_is_no_change():
    warehouse = new_warehouse("MUG")
    report(warehouse, ("MUG", 12, 0))
    leave(warehouse, 2, 10, line=1)

    assert codes(report(warehouse, ("MUG", 10, 20))) == ["unchanged"]
    assert believed(warehouse) == 10
    assert len(history(warehouse)) == 2


@pytest.mark.req("EIM-11")
def test_every_item_is_answered_in_its_place_and_an_odd_one_loses_nothing_of_the_others():
    warehouse = new_warehouse("MUG", "CUP", "BOWL", "JUG", "PAN")
    report(warehouse, ("CUP", 4, 30))
    make_product(make_account(), "THEIRS")

    answers = report(
        warehouse,
        ("MUG", 5, 10), ("CUP", 9, 20), ("NONE", 1, 10), ("BOWL", -1, 10), ("JUG", 1, 66), (" mug", 6, 10),
        ("THEIRS", 2, 10), ("PAN", 3, 64), ("", 3, 0),
    )  # fmt: skip

    assert codes(answers) == [
        "taken", "older", "unknown_sku", "wrong_quantity", "future", "duplicate", "unknown_sku", "taken", "unknown_sku",
    ]  # fmt: skip
    assert [answer.sku for answer in answers][5] == " mug"
    assert [believed(warehouse, sku) for sku in ("MUG", "CUP", "BOWL", "JUG", "PAN")] == [5, 4, None, None, 3]
    assert all(answer.sentence.endswith(".") for answer in answers)


def test_skus_are_compared_without_case_and_outer_spaces():
    warehouse = new_warehouse("Mug Red")

    assert codes(report(warehouse, ("  mug   RED ", 3, 0))) == ["taken"]
    assert believed(warehouse, "Mug Red") == 3


@pytest.mark.parametrize(
    "quantity",
    [-1, 1.5, "1.5", "=2+3", "", None, True, "1,5", "12 pcs", [], 10_000_001, "9" * 400, float("nan"), 1e300],
)
def test_what_is_no_quantity_is_refused(quantity):
    warehouse = new_warehouse("MUG")

    [answer] = report(warehouse, ("MUG", quantity, 0))

    assert (answer.code, answer.quantity) == ("wrong_quantity", None)
    assert answer.sentence == "The quantity must be a whole number from 0 to 10,000,000."
    assert believed(warehouse) is None


@pytest.mark.parametrize(
    ("value", "number"),
    [(7, 7), (7.0, 7), ("7", 7), (" 7.00 ", 7), ("+7", 7), ("-7", -7), (Decimal("7.0"), 7), (Decimal("7.5"), None)],
)
def test_whole_numbers_are_read_as_people_and_programs_write_them(value, number):
    assert whole_number(value) == number


@pytest.mark.parametrize(("minutes", "code"), [(65, "taken"), (65.1, "future")])
def test_a_clock_may_be_five_minutes_ahead(minutes, code):
    assert codes(report(new_warehouse("MUG"), ("MUG", 1, minutes))) == [code]


def test_a_time_that_nobody_knew_is_refused():
    warehouse, never = new_warehouse("MUG"), dt.datetime(1, 1, 1, tzinfo=dt.UTC)

    [level] = report_levels(warehouse, [LevelItem("MUG", 5, never)], actor="Nord", now=at(0))
    [change] = adjust_levels(warehouse, [AdjustItem("MUG", 5, never)], actor="Nord", now=at(0))

    assert (level.code, change.code) == ("past", "past")
    assert believed(warehouse) is None


def test_one_quantity_stands_at_each_warehouse():
    east = new_warehouse("MUG")
    west = new_warehouse(account=east.account)

    report(east, ("MUG", 5, 0))
    report(west, ("MUG", 7, 0))

    assert (believed(east), believed(west)) == (5, 7)


def test_the_warehouse_remembers_the_newest_of_its_levels():
    warehouse = new_warehouse("MUG", "CUP")

    report(warehouse, ("MUG", 5, 10), ("CUP", 5, 20))
    report(warehouse, ("MUG", 5, 15))
    warehouse.refresh_from_db()
    assert warehouse.levels_at == at(20)

    report(warehouse, ("MUG", 5, 30))
    report(warehouse, ("CUP", 5, 5), ("MUG", -1, 50), ("NONE", 1, 55))
    warehouse.refresh_from_db()
    assert warehouse.levels_at == at(30)


def test_an_empty_batch_has_no_answers():
    assert report(new_warehouse("MUG")) == []


# --- who keeps the stock -------------------------------------------------------------------------------------------


def test_a_warehouse_kept_in_the_panel_takes_counts_and_no_reports():
    warehouse = new_warehouse("MUG", kept_by="panel")

    with pytest.raises(InventoryError, match="kept in this panel") as refused:
        report(warehouse, ("MUG", 5, 0))
    assert refused.value.code == "kept_by_panel"

    answers = report(warehouse, ("MUG", 5, 0), kind=MovementKind.COUNT, reason="Year's end", source_kind="")
    assert codes(answers) == ["taken"]
    movement = StockMovement.objects.get()
    assert (movement.kind, movement.reason, movement.source_kind) == ("count", "Year's end", "")


def test_a_warehouse_that_reports_its_levels_takes_no_counts_by_hand():
    warehouse = new_warehouse("MUG", partner=make_partner())

    with pytest.raises(InventoryError, match="reports its levels itself") as refused:
        report(warehouse, ("MUG", 5, 0), kind=MovementKind.COUNT)
    with pytest.raises(InventoryError, match="reports its levels itself"):
        adjust(warehouse, ("MUG", 1, 0), kind=MovementKind.CORRECTION)

    assert refused.value.code == "kept_by_partner"
    assert not StockMovement.objects.exists()


# --- what has to be recomputed -------------------------------------------------------------------------------------


def test_one_report_draws_one_change_number_and_gives_it_to_what_changed(django_capture_on_commit_callbacks):
    warehouse = new_warehouse("MUG", "CUP", "BOWL")
    report(warehouse, ("MUG", 5, 0), ("CUP", 5, 0), ("BOWL", 5, 0))
    heard = []
    stock_moved.connect(hear := lambda **given: heard.append(given["account_id"]))

    with django_capture_on_commit_callbacks(execute=True):
        report(warehouse, ("MUG", 6, 10), ("CUP", 5, 10), ("BOWL", 4, -10))

    stock_moved.disconnect(hear)
    assert [seq_of(warehouse, sku) for sku in ("MUG", "CUP", "BOWL")] == [2, 1, 1]
    assert last_seq(warehouse) == 2
    assert heard == [warehouse.account_id]


@pytest.mark.parametrize(("reports", "changed"), [(Reports.AVAILABLE, True), (Reports.ON_HAND, False)])
def test_a_level_that_newly_knows_of_an_order_in_hand_is_a_change_also_with_the_same_quantity(reports, changed):
    warehouse = new_warehouse("MUG", "CUP", reports=reports)
    report(warehouse, ("MUG", 5, 0), ("CUP", 5, 0))
    wanted = [Wanted(product(warehouse).pk, warehouse.pk, 1, False, NOW, acked_at=at(5))]
    write_reservations(warehouse.account_id, {("line", 1): wanted})
    before = last_seq(warehouse)

    report(warehouse, ("MUG", 5, 4), ("CUP", 5, 4))
    assert last_seq(warehouse) == before

    answers = report(warehouse, ("MUG", 5, 10), ("CUP", 5, 10))
    assert codes(answers) == ["unchanged", "unchanged"]
    assert (last_seq(warehouse) > before) is changed
    assert (seq_of(warehouse) > before) is changed
    assert seq_of(warehouse, "CUP") <= before


def test_any_number_of_items_takes_the_same_number_of_statements():
    skus = [f"SKU-{n}" for n in range(60)]
    warehouse = new_warehouse("FIRST", *skus, reports=Reports.AVAILABLE)
    report(warehouse, ("FIRST", 1, -60))

    def statements(count, step):
        """New levels, changed ones, confirmed ones, older ones and odd ones in one batch."""
        items = [LevelItem(sku, 10 + step * (n % 2), at(step - n % 3)) for n, sku in enumerate(skus[:count])]
        with CaptureQueriesContext(connection) as found:
            report_levels(warehouse, [*items, LevelItem("NONE", 1, NOW)], actor="Key", now=at(60))
        return len(found)

    first = [statements(4, 1), statements(60, 1)]
    again = [statements(4, 2), statements(60, 2)]

    assert first[0] == first[1]
    assert again[0] == again[1]
    assert max(first + again) <= 14


def test_moments_of_other_zones_are_the_same_moments():
    warehouse = new_warehouse("MUG")
    report(warehouse, ("MUG", 5, 0))
    berlin = dt.timezone(dt.timedelta(hours=1))

    answers = report_levels(warehouse, [LevelItem("MUG", 5, at(0).astimezone(berlin))], actor="Key", now=at(60))

    assert codes(answers) == ["unchanged"]
