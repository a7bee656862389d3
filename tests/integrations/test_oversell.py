"""Why more was sold than was there: the cause in one sentence, from what happened in order."""

from __future__ import annotations

import datetime as dt
from typing import Any

from integrations.oversell import Facts, Moved, Sold, Story, Told, What, story_of
from inventory.availability import House, Level

DAY = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
MAIN, NORTH = House(1, "Main"), House(2, "North", knows_acknowledged=True)


def at(clock: str) -> dt.datetime:
    hour, minute = clock.split(":")
    return DAY + dt.timedelta(hours=int(hour), minutes=int(minute))


def clock_of(moment: dt.datetime) -> str:
    return f"{moment:%H:%M}"


def level(clock: str, quantity: int, change: int = 0, **values: Any) -> Moved:
    given = {"house": 1, "what": "level", "change": change, "balance": quantity, "happened": at(clock)}
    return Moved(at(clock), **given | values)


def sold(clock: str, pieces: int = 1, store: str = "MyShop", number: str = "1", **values: Any) -> Sold:
    return Sold(at(clock), store, number, pieces, **values)


def told(clock: str, quantity: int, store: str = "MyShop", **values: Any) -> Told:
    return Told(at(clock), store, quantity, **values)


def story(*facts: Moved | Sold | Told, levels: dict[int, Level] | None = None, around: str = "12:00") -> Story:
    found = Facts(
        start=at("8:00"),
        end=at("18:00"),
        houses={1: MAIN, 2: NORTH},
        levels=levels or {},
        moved=[fact for fact in facts if isinstance(fact, Moved)],
        sold=[fact for fact in facts if isinstance(fact, Sold)],
        told=[fact for fact in facts if isinstance(fact, Told)],
    )
    return story_of(found, at(around), clock_of)


def test_a_store_that_sold_twice_before_it_could_be_told_zero_is_named_with_the_times() -> None:
    found = story(
        level("10:00", 1), told("10:02", 1), sold("10:03"), sold("10:04", number="2"), told("10:06", 0, before=1)
    )

    assert found.cause == (
        "MyShop was told 1 at 10:02; 2 were sold at 10:03 and 10:04 before we could say 0 at 10:06. That is more than "
        "it was told: the store may sell below zero there, or does not count this product's stock."
    )
    assert (found.fell_at, found.most) == (at("10:04"), 1)


def test_two_stores_that_sold_the_same_last_piece_are_both_named() -> None:
    found = story(
        level("10:00", 1),
        told("10:02", 1),
        told("10:02", 1, "NordicCup"),
        sold("10:03", store="NordicCup"),
        sold("10:04", number="7"),
        told("10:05", 0),
    )

    assert found.cause == (
        "MyShop was told 1 at 10:02; 1 was sold at 10:04 before we could say 0 at 10:05. "
        "Meanwhile NordicCup sold 1 at 10:03."
    )


def test_a_warehouse_that_reported_less_than_was_sold_is_the_cause() -> None:
    found = story(level("9:00", 5), told("9:01", 5), sold("9:30", 4), level("11:00", 2, -3), told("11:01", 0, before=1))

    assert found.cause == (
        "Main reported 2 at 11:00, 3 fewer than we had reckoned with; 2 of what was sold by then were not there."
    )
    assert found.most == 2


def test_a_correction_carries_its_reason_into_the_cause() -> None:
    found = story(
        level("9:00", 3), sold("9:30", 3), level("11:00", 2, -1, what="correction", reason="broken in the aisle")
    )

    assert found.cause == (
        "Main was changed by -1 at 11:00 (broken in the aisle); 1 of what was sold by then was not there."
    )


def test_a_store_that_was_never_told_anything_sold_by_a_number_of_its_own() -> None:
    found = story(level("9:00", 1), told("9:05", 1, "NordicCup"), sold("10:00", 2))

    assert found.cause == (
        "MyShop sold 2 at 10:00, and was never told a quantity of this before: it sold by a number of its own."
    )


def test_what_could_be_sold_runs_along_with_what_happened() -> None:
    found = story(
        level("9:00", 5),
        told("9:01", 5),
        sold("9:30", 2, number="A"),
        sold("9:40", 1, number="B", canceled_at=at("10:30")),
        level("10:00", 3, -2, what="shipped"),
        levels={2: Level(10, at("7:00"))},
    )

    assert [(line.what, line.could) for line in found.lines] == [
        (What.LEVEL, 15),
        (What.TOLD, 15),
        (What.PLACED, 13),
        (What.PLACED, 12),
        (What.SHIPPED, 10),  # the level, while the order that it was for still waits in this history
        (What.CANCELED, 11),
    ]
    assert found.cause == "At no moment of this time was more sold than there was."
    assert found.fell_at is None


def test_pieces_that_left_are_taken_off_once() -> None:
    left = sold("9:30", 2, gone=((at("10:00"), 2),))

    found = story(level("9:00", 5), left, level("10:00", 3, -2, what="shipped"))

    assert [line.could for line in found.lines] == [5, 3, 3]


def test_a_warehouse_whose_levels_are_without_what_it_has_in_hand_is_not_charged_twice() -> None:
    in_hand = sold("9:30", 2, house=2, acked_at=at("9:45"))

    found = story(
        level("9:00", 5, house=2, happened=at("9:00")), in_hand, level("10:00", 3, -2, house=2, happened=at("9:59"))
    )

    assert [line.could for line in found.lines] == [5, 3, 3]


def test_of_several_falls_the_one_nearest_to_the_asked_time_is_explained() -> None:
    facts = (
        level("9:00", 1),
        sold("9:10", 2, number="A"),
        level("12:00", 6, 5),
        sold("13:00", 5, "NordicCup", number="B"),
    )

    assert story(*facts, around="9:00").cause.startswith("MyShop sold 2 at 09:10")
    assert story(*facts, around="13:30").cause.startswith("NordicCup sold 5 at 13:00")


def test_one_that_was_oversold_before_says_to_look_further_back() -> None:
    found = story(sold("7:00", 4), levels={1: Level(1, at("6:00"))})

    assert found.cause == "At 08:00 3 more were sold already than there were. Look further back."
    assert found.most == 3


def test_without_any_level_nobody_knows() -> None:
    found = story(sold("9:00", 4), told("9:05", 3))

    assert found.cause == "No warehouse had reported a level of it by then, so nobody knows what could be sold."
    assert [line.could for line in found.lines] == [None, None]


def test_lines_say_what_happened_in_words() -> None:
    found = story(
        level("9:05", 5, happened=at("9:00")),
        told("9:06", 5, before=7, place="Main"),
        sold("9:30", 2, number="10031"),
        level("9:40", 5, -2, what="shipped", counts=False),
        level("9:50", 6, 1, what="adjustment", reason="found behind the shelf"),
    )

    assert [line.sentence for line in found.lines] == [
        "Main reported 5, as it was at 09:00",
        "MyShop was told 5 for Main, before that 7",
        "MyShop sold 2 (order 10031)",
        "2 left Main, which its level knew already",
        "Main adjusted its level by +1: found behind the shelf",
    ]
