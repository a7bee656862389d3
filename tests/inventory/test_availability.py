"""How many may be offered: by example, and against a reckoning in one line."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.availability import House, Level, Place, Reserved, Stock, StockRules, available

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
EAST, WEST = House(1, "EAST"), House(2, "WEST")
STORE = "store"


def at(minutes):
    return NOON + dt.timedelta(minutes=minutes)


def stock(levels, *reserved):
    return Stock({pk: Level(quantity, NOON) for pk, quantity in levels.items()}, reserved)


def offered(stock, *houses, units=1, **rules):
    return available(stock, [Place(STORE, houses or (EAST, WEST))], StockRules(**rules), units)[STORE]


def steps(result):
    return [(step.code, step.change, step.after, step.of) for step in result.steps]


@pytest.mark.req("EIM-25", "TECH-42")
def test_all_warehouses_are_summed_and_one_chosen_warehouse_counts_alone():
    there = stock({1: 5, 2: 7, 3: 100})

    assert offered(there, EAST, WEST).quantity == 12
    assert offered(there, WEST).quantity == 7


@pytest.mark.req("TECH-43")
def test_a_negative_quantity_is_offered_as_0():
    result = offered(stock({1: -4}))

    assert result.quantity == 0
    assert steps(result) == [("level", -4, -4, "EAST"), ("floor", 4, 0, "")]


@pytest.mark.req("EIM-30", "EIM-29")
@pytest.mark.parametrize(("level", "quantity"), [(0, 0), (4, 0), (5, 5), (6, 6)])
def test_below_the_minimum_level_nothing_is_offered_and_from_it_on_the_true_quantity(level, quantity):
    assert offered(stock({1: level}), minimum=5).quantity == quantity


@pytest.mark.req("EIM-33")
def test_no_level_reported_is_not_zero():
    assert offered(stock({})) == offered(stock({3: 9}))
    assert offered(stock({})).quantity is None
    assert offered(stock({1: 0})).quantity == 0


@pytest.mark.req("EIM-33")
def test_orders_alone_do_not_make_an_unreported_level_a_number():
    assert offered(stock({}, Reserved(3, None), Reserved(2, 1))).quantity is None


def test_every_step_is_taken_in_its_order_and_named():
    there = stock({1: 30, 2: 4}, Reserved(5, 1), Reserved(1, None), Reserved(9, 3))

    result = offered(there, reserve=2, minimum=10, cap=12, units=2)

    assert steps(result) == [
        ("level", 30, 30, "EAST"),
        ("level", 4, 34, "WEST"),
        ("reserved", -5, 29, "EAST"),
        ("unplaced", -1, 28, ""),
        ("units", -14, 14, "2"),
        ("reserve", -2, 12, ""),
    ]
    assert result.quantity == 12
    assert result.as_json()[0] == ["level", 30, 30, "EAST"]


def test_the_cap_comes_last_and_never_trips_the_minimum():
    assert offered(stock({1: 50}), minimum=10, cap=3).quantity == 3


def test_what_a_level_knows_of_is_not_taken_off_again():
    """A warehouse that reports what is available leaves out what it has acknowledged when the level was taken."""
    knows, counts_all = House(1, "EAST", knows_acknowledged=True), House(1, "EAST")
    before, after, never = Reserved(3, 1, acked_at=at(-1)), Reserved(3, 1, acked_at=at(1)), Reserved(3, 1)

    assert offered(stock({1: 10}, before), knows).quantity == 10
    assert offered(stock({1: 10}, after), knows).quantity == 7
    assert offered(stock({1: 10}, never), knows).quantity == 7
    assert offered(stock({1: 10}, before), counts_all).quantity == 7


def test_open_unpaid_orders_count_as_the_setting_says():
    there = stock({1: 10}, Reserved(3, 1), Reserved(2, None, unpaid=True))

    assert offered(there, count_unpaid=True).quantity == 5
    assert offered(there, count_unpaid=False).quantity == 7


def test_what_belongs_to_no_place_is_taken_from_the_fullest():
    places = [Place("a", [EAST]), Place("b", [WEST])]

    found = available(stock({1: 2, 2: 9}, Reserved(3, None)), places, StockRules(reserve=5))

    assert {key: one.quantity for key, one in found.items()} == {"a": 2, "b": 1}


def test_a_place_that_is_short_takes_from_the_one_that_has():
    places = [Place("a", [EAST]), Place("b", [WEST])]

    found = available(stock({1: 1, 2: 9}, Reserved(4, 1)), places, StockRules())

    assert {key: one.quantity for key, one in found.items()} == {"a": 0, "b": 6}
    assert steps(found["b"]) == [("level", 9, 9, "WEST"), ("elsewhere", -3, 6, "")]


def test_a_warehouse_that_stands_for_two_places_is_offered_once():
    places = [Place("a", [EAST]), Place("b", [EAST, WEST])]

    found = available(stock({1: 5, 2: 1}, Reserved(2, 1)), places, StockRules())

    assert {key: one.quantity for key, one in found.items()} == {"a": 3, "b": 1}
    assert ("shared", -5, 1, "EAST") in steps(found["b"])


def test_a_place_without_a_level_stays_unsaid_beside_one_that_has():
    found = available(stock({1: 5}), [Place("a", [EAST]), Place("b", [WEST])], StockRules(reserve=2))

    assert (found["a"].quantity, found["b"].quantity) == (3, None)


# --- for any stock -------------------------------------------------------------------------------------------------

houses = st.builds(House, st.integers(1, 4), st.sampled_from("NSWE"), st.booleans())
reserved = st.builds(
    Reserved,
    st.integers(1, 12),
    st.none() | st.integers(1, 5),
    st.booleans(),
    st.none() | st.integers(-5, 5).map(at),
)
levels = st.dictionaries(st.integers(1, 5), st.builds(Level, st.integers(-15, 60), st.integers(-5, 5).map(at)))
stocks = st.builds(Stock, levels, st.lists(reserved, max_size=8))
rules = st.builds(StockRules, st.integers(0, 15), st.integers(0, 15), st.none() | st.integers(0, 30), st.booleans())
chosen = st.lists(houses, unique_by=lambda house: house.pk, max_size=4)


def pieces(stock, houses, rules):
    """Levels of these houses without the open orders that they do not know; None without a level."""
    there = {house.pk: house for house in houses if house.pk in stock.levels}
    if not there:
        return None
    total = sum(stock.levels[pk].quantity for pk in there)
    for one in stock.reserved:
        if one.unpaid and not rules.count_unpaid:
            continue
        if one.warehouse is None:
            total -= one.quantity
        elif one.warehouse in there:
            house, level = there[one.warehouse], stock.levels[one.warehouse]
            if not (house.knows_acknowledged and one.acked_at and one.acked_at <= level.taken_at):
                total -= one.quantity
    return total


def by_hand(stock, houses, rules, units):
    total = pieces(stock, houses, rules)
    if total is None:
        return None
    offer = max(total // units - rules.reserve, 0)
    if offer < rules.minimum:
        return 0
    return offer if rules.cap is None else min(offer, rules.cap)


@pytest.mark.req("TECH-43", "EIM-25", "EIM-30")
@given(stocks, chosen, rules, st.integers(1, 5))
def test_one_place_offers_what_the_formula_says(stock, houses, rules, units):
    [result] = available(stock, [Place(STORE, houses)], rules, units).values()

    assert result.quantity == by_hand(stock, houses, rules, units)


@pytest.mark.req("EIM-33")
@given(stocks, chosen, rules, st.integers(1, 5))
def test_nothing_is_said_exactly_where_no_chosen_warehouse_has_a_level(stock, houses, rules, units):
    [result] = available(stock, [Place(STORE, houses)], rules, units).values()

    assert (result.quantity is None) == (not {house.pk for house in houses} & set(stock.levels))
    assert result.quantity is not None or result.steps == ()


@given(stocks, st.lists(chosen, min_size=1, max_size=3), rules, st.integers(1, 5))
def test_the_steps_add_up_to_the_quantity_at_every_place(stock, groups, rules, units):
    places = [Place(n, houses) for n, houses in enumerate(groups)]

    for result in available(stock, places, rules, units).values():
        rest = 0
        for step in result.steps:
            rest += step.change
            assert step.after == rest
            assert step.change or step.code == "level"
        assert result.quantity is None or result.quantity == rest


@given(stocks, st.lists(chosen, min_size=1, max_size=3), rules, st.integers(1, 5))
def test_places_are_never_offered_more_than_lies_there_nor_less_than_nothing(stock, groups, rules, units):
    places = [Place(n, houses) for n, houses in enumerate(groups)]

    found = [r.quantity for r in available(stock, places, rules, units).values() if r.quantity is not None]

    there = sum(max(stock.levels[pk].quantity, 0) for pk in {h.pk for g in groups for h in g} & set(stock.levels))
    assert all(quantity >= 0 for quantity in found)
    assert sum(found) <= there // units
    assert rules.cap is None or sum(found) <= rules.cap
    assert sum(found) == 0 or sum(found) >= min(rules.minimum, rules.cap if rules.cap is not None else rules.minimum)


@given(stocks, chosen, st.lists(st.integers(0, 2), min_size=4, max_size=4), rules, st.integers(1, 5))
def test_several_places_never_offer_more_together_than_one_would(stock, houses, shares, rules, units):
    groups = [[h for h, share in zip(houses, shares, strict=False) if share == n] for n in range(3)]
    places = [Place(n, group) for n, group in enumerate(groups)]

    together = sum(r.quantity or 0 for r in available(stock, places, rules, units).values())
    [one] = available(stock, [Place(STORE, houses)], rules, units).values()

    assert together <= (one.quantity or 0)
    if units == 1:
        assert together == (one.quantity or 0)


@given(stocks, st.lists(chosen, min_size=2, max_size=3), rules)
def test_a_warehouse_under_several_places_is_not_offered_twice(stock, groups, rules):
    every = {house.pk: house for group in groups for house in group}
    groups = [[every[house.pk] for house in group] for group in groups]  # one house reports in one way

    found = available(stock, [Place(n, group) for n, group in enumerate(groups)], rules)
    [one] = available(stock, [Place(STORE, list(every.values()))], rules).values()

    assert sum(r.quantity or 0 for r in found.values()) == (one.quantity or 0)


@given(stocks, chosen, rules, st.integers(1, 5), reserved)
def test_another_order_never_raises_what_is_offered(stock, houses, rules, units, more):
    place = [Place(STORE, houses)]

    before = available(stock, place, rules, units)[STORE].quantity
    after = available(Stock(stock.levels, [*stock.reserved, more]), place, rules, units)[STORE].quantity

    assert (after or 0) <= (before or 0)
