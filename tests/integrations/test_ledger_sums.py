"""The arithmetic of the ledger: days of any length, sums that add up, and such that do not."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.ledger_sums import PLACES, days_between, hours_of, mark_of, not_adding_up, ours, packed, unpacked
from orders.state import State

HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", dt.date(2026, 3, 29), 23),
        ("Europe/Berlin", dt.date(2026, 10, 25), 25),
        ("Europe/Berlin", dt.date(2026, 11, 22), 24),
        ("America/Havana", dt.date(2026, 3, 8), 23),  # its midnight does not exist
        ("Australia/Lord_Howe", dt.date(2026, 4, 5), 24.5),
        ("UTC", dt.date(2026, 3, 29), 24),
    ],
)
def test_a_day_has_the_hours_that_the_account_s_clocks_give_it(zone: str, day: dt.date, hours: float) -> None:
    start, end = hours_of(day, ZoneInfo(zone))

    assert end - start == hours * HOUR


@given(
    st.sampled_from(["Europe/Berlin", "America/Havana", "Asia/Beirut", "Pacific/Apia", "America/St_Johns", "UTC"]),
    st.dates(dt.date(2005, 1, 1), dt.date(2035, 12, 30)),
)
def test_one_day_ends_where_the_next_begins(zone: str, day: dt.date) -> None:
    _, end = hours_of(day, ZoneInfo(zone))
    start, _ = hours_of(day + dt.timedelta(days=1), ZoneInfo(zone))

    assert end == start


@given(st.sets(st.text(min_size=1, max_size=60), max_size=80))
def test_what_was_shown_is_kept_and_read_back(uids: set[str]) -> None:
    marks = {mark_of(uid) for uid in uids}

    assert unpacked(packed(marks)) == marks
    assert unpacked(memoryview(packed(marks))) == marks
    assert len(marks) == len(uids)


def test_nothing_was_shown_of_a_day_that_was_not_begun() -> None:
    assert unpacked(None) == set()
    assert unpacked(b"") == set()


def test_days_are_counted_from_the_first_to_the_last() -> None:
    first, last = dt.date(2026, 2, 27), dt.date(2026, 3, 1)

    assert days_between(first, last) == [dt.date(2026, 2, 27), dt.date(2026, 2, 28), dt.date(2026, 3, 1)]
    assert days_between(last, first) == []


NUMBER = st.integers(0, 50)


@given(
    st.dictionaries(st.sampled_from([state.value for state in State]), NUMBER),
    st.lists(
        st.tuples(st.sampled_from(["skipped", "failed"]), st.lists(st.sampled_from(["payment", "age"]), max_size=2))
    ),
    NUMBER,
    st.data(),
)
def test_whatever_became_of_the_orders_the_sums_add_up_and_one_order_more_or_less_does_not(
    states: dict[str, int], left_out: list[tuple[str, list[str]]], not_here: int, data: Any
) -> None:
    numbers: dict[str, Any] = ours(states, left_out).columns()
    seen = numbers["seen"]
    assert seen == sum(states.values()) + len(left_out)
    not_there = data.draw(st.integers(0, seen))
    good = {**numbers, "not_here": not_here, "not_there": not_there, "in_store": seen + not_here - not_there}
    assert not_adding_up(SimpleNamespace(**good)) == []
    assert not_adding_up(SimpleNamespace(**{**good, "in_store": None})) == []

    for name in ("in_store", "seen", "imported", *PLACES):
        assert not_adding_up(SimpleNamespace(**{**good, name: good[name] + 1}))


def test_what_does_not_add_up_is_said_with_both_numbers() -> None:
    numbers: dict[str, Any] = ours({"held": 2, "confirmed": 1}, [("skipped", ["payment", "status"])]).columns()
    assert (numbers["waiting"], numbers["told"], numbers["reasons"]) == (2, 1, {"payment": 1, "status": 1})

    [said] = not_adding_up(SimpleNamespace(**numbers, not_here=1, not_there=0, in_store=4))

    assert said == "The store shows 4, yet what was seen and the differences make 5."


def test_every_state_of_an_order_has_its_place() -> None:
    for state in State:
        counted = ours({state.value: 1}, [])
        assert counted.imported == sum(counted.places.values()) == 1
