"""How more came to be sold than was there: what happened to one product around a time, in order, and the cause.

Plain values in and out. What could be sold at each moment is worked out by `inventory.availability`, over all
warehouses and without anybody's reserve; below zero it is oversold.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from inventory.availability import House, Level, Place, Reserved, Stock, StockRules, available

Clock = Callable[[dt.datetime], str]


@dataclass(frozen=True, slots=True)
class Moved:
    """A level that was reported, counted, or moved. `at` is when we knew it.

    `happened` is when it was so, as its source says; `what` a MovementKind; `balance` the level afterwards, None while
    there is none.
    """

    at: dt.datetime
    house: int
    what: str
    change: int
    balance: int | None
    happened: dt.datetime
    by: str = ""
    reason: str = ""
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Sold:
    """Pieces in one order of one store, in the store's time. `gone` says when how many of them left or were let go."""

    at: dt.datetime
    store: str
    number: str
    pieces: int
    order: int | None = None
    house: int | None = None
    acked_at: dt.datetime | None = None
    canceled_at: dt.datetime | None = None
    gone: tuple[tuple[dt.datetime, int], ...] = ()

    def open_at(self, moment: dt.datetime) -> int:
        """How many of them still had to leave."""
        if moment < self.at or (self.canceled_at and self.canceled_at <= moment):
            return 0
        return max(self.pieces - sum(pieces for at, pieces in self.gone if at <= moment), 0)


@dataclass(frozen=True, slots=True)
class Told:
    """A quantity that a store confirmed, in the units of its listing (`units` pieces each).

    `key` tells a store's listings of the product, and its places, apart.
    """

    at: dt.datetime
    store: str
    quantity: int
    key: tuple[int, int] = (0, 0)
    before: int | None = None
    units: int = 1
    steps: Sequence[Sequence[object]] = ()
    place: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything between `start` and `end`; `sold` and `told` from before it as far as they still mattered."""

    start: dt.datetime
    end: dt.datetime
    houses: Mapping[int, House] = field(default_factory=dict)
    levels: Mapping[int, Level] = field(default_factory=dict)  # at the start
    moved: Sequence[Moved] = ()
    sold: Sequence[Sold] = ()
    told: Sequence[Told] = ()


class What(StrEnum):
    """Kinds of lines."""

    LEVEL = "level"
    PLACED = "placed"
    CANCELED = "canceled"
    SHIPPED = "shipped"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. `could` is what could be sold right after it: None while no level was known."""

    at: dt.datetime
    what: What
    sentence: str
    could: int | None
    fact: Moved | Sold | Told
    short: bool = False  # with this it became oversold


@dataclass(frozen=True, slots=True)
class Story:
    """`cause` is one plain sentence; `fell_at` when it became oversold, None where it never did."""

    lines: Sequence[Line]
    cause: str
    fell_at: dt.datetime | None = None
    most: int = 0  # how many were sold too many, at the worst
    before: int | None = None  # what could be sold at the start


LEVEL_WORDS = {
    "level": "{house} reported {balance}",
    "count": "{house} was counted: {balance}",
    "adjustment": "{house} adjusted its level by {change}",
    "correction": "{house} was corrected by {change}",
    "shipped": "{pieces} left {house}",
    "voided": "A shipment of {pieces} from {house} was voided",
}


def story_of(facts: Facts, around: dt.datetime, clock: Clock) -> Story:
    """What happened, oldest first, and why it was oversold nearest to `around`. `clock` says a time for a person."""
    before = could_be_sold(facts, facts.levels, facts.start)
    lines = _lines(facts, clock, before)
    falls = [line for line in lines if line.short]
    if before is not None and before < 0:
        worst = min([before, *(line.could for line in lines if line.could is not None)])
        if not falls:
            when = clock(facts.start)
            cause = f"At {when} {-before} more {_was(-before)} sold already than there were. Look further back."
            return Story(lines, cause, facts.start, -worst, before)
    if not falls:
        return Story(lines, _never(lines, before), before=before)
    fall = min(falls, key=lambda line: abs((line.at - around).total_seconds()))
    return Story(lines, _cause(facts, fall, clock), fall.at, _worst(lines, fall), before)


def could_be_sold(facts: Facts, levels: Mapping[int, Level], moment: dt.datetime) -> int | None:
    """Over all warehouses; below zero where more is ordered than there is."""
    reserved = [
        Reserved(pieces, sold.house, acked_at=sold.acked_at if sold.acked_at and sold.acked_at <= moment else None)
        for sold in facts.sold
        if (pieces := sold.open_at(moment))
    ]
    place = Place("", list(facts.houses.values()))
    found = available(Stock(levels, reserved), [place], StockRules())[""]
    if found.quantity is None:
        return None
    return found.quantity - sum(step.change for step in found.steps if step.code == "floor")


# --- in order --------------------------------------------------------------------------------------------------------


def _lines(facts: Facts, clock: Clock, before: int | None) -> list[Line]:
    events: list[tuple[dt.datetime, int, What, Moved | Sold | Told]] = []
    for moved in facts.moved:
        events.append((moved.at, 0, What.SHIPPED if moved.what in ("shipped", "voided") else What.LEVEL, moved))
    for sold in facts.sold:
        events.append((sold.at, 1, What.PLACED, sold))
        if sold.canceled_at:
            events.append((sold.canceled_at, 2, What.CANCELED, sold))
    events += [(told.at, 3, What.TOLD, told) for told in facts.told]
    events = [event for event in events if facts.start <= event[0] <= facts.end]
    levels, last, lines = dict(facts.levels), before, []
    for at, _, what, fact in sorted(events, key=lambda event: event[:2]):
        if isinstance(fact, Moved) and fact.balance is not None:
            levels[fact.house] = Level(fact.balance, _taken_at(fact, levels.get(fact.house)))
        could = could_be_sold(facts, levels, at)
        short = could is not None and could < 0 and (last is None or last >= 0)
        lines.append(Line(at, what, _sentence(facts, what, fact, clock), could, fact, short))
        last = could
    return lines


def _taken_at(moved: Moved, before: Level | None) -> dt.datetime:
    """Only a report or a count is a new look at what lies there."""
    return before.taken_at if before and moved.what not in ("level", "count") else moved.happened


def _sentence(facts: Facts, what: What, fact: Moved | Sold | Told, clock: Clock) -> str:
    if isinstance(fact, Told):
        place = f" for {fact.place}" if fact.place else ""
        was = f", before that {fact.before}" if fact.before is not None and fact.before != fact.quantity else ""
        each = f" (of {fact.units} pieces each)" if fact.units > 1 else ""
        return f"{fact.store} was told {fact.quantity}{each}{place}{was}"
    if isinstance(fact, Sold):
        if what is What.CANCELED:
            return f"Order {fact.number} of {fact.store} was canceled: {fact.pieces} free again"
        return f"{fact.store} sold {fact.pieces} (order {fact.number})"
    house = _name(facts, fact.house)
    words = LEVEL_WORDS.get(fact.what, "{house} changed by {change}")
    said = words.format(house=house, balance=fact.balance, change=f"{fact.change:+d}", pieces=abs(fact.change))
    if fact.what == "level" and fact.at - fact.happened > dt.timedelta(minutes=1):
        said += f", as it was at {clock(fact.happened)}"
    if not fact.counts:
        said += ", which its level knew already"
    return f"{said}: {fact.reason}" if fact.reason else said


def _name(facts: Facts, house: int) -> str:
    return facts.houses[house].code if house in facts.houses else "A warehouse"


# --- the cause -------------------------------------------------------------------------------------------------------


def _never(lines: Sequence[Line], before: int | None) -> str:
    if before is None and all(line.could is None for line in lines):
        return "No warehouse had reported a level of it by then, so nobody knows what could be sold."
    return "At no moment of this time was more sold than there was."


def _worst(lines: Sequence[Line], fall: Line) -> int:
    """How far below zero it went from this fall until it was made good."""
    worst = 0
    for line in lines[lines.index(fall) :]:
        if line.could is None or line.could >= 0:
            break
        worst = max(worst, -line.could)
    return worst


def _cause(facts: Facts, fall: Line, clock: Clock) -> str:
    if isinstance(fall.fact, Sold):
        return _sold_too_many(facts, fall.fact, clock)
    assert isinstance(fall.fact, Moved)  # a quantity told to a store changes nothing of what is there
    moved, missing = fall.fact, -(fall.could or 0)
    house = _name(facts, moved.house)
    if moved.what in ("level", "count"):
        did = "reported" if moved.what == "level" else "was counted at"
        fewer = f", {-moved.change} fewer than we had reckoned with" if moved.change < 0 else ""
        return (
            f"{house} {did} {moved.balance} at {clock(moved.at)}{fewer}; "
            f"{missing} of what was sold by then {_was(missing)} not there."
        )
    if moved.what == "shipped":
        left = abs(moved.change)
        return f"{left} left {house} at {clock(moved.at)} that orders still counted on: {missing} too many."
    because = f" ({moved.reason})" if moved.reason else ""
    return (
        f"{house} was changed by {moved.change:+d} at {clock(moved.at)}{because}; "
        f"{missing} of what was sold by then {_was(missing)} not there."
    )


def _sold_too_many(facts: Facts, fall: Sold, clock: Clock) -> str:
    """The store's own sales since it was last told a number, and what else took from that number meanwhile."""
    told = sorted((one for one in facts.told if one.store == fall.store), key=lambda one: one.at)
    known = {one.key: one for one in told if one.at <= fall.at}  # of each listing and place the last
    after = next((one for one in told if one.at > fall.at), None)
    if not known:
        return (
            f"{fall.store} sold {fall.pieces} at {clock(fall.at)}, and was never told a quantity of this before: "
            "it sold by a number of its own."
        )
    last = max(known.values(), key=lambda one: one.at)
    pieces_told = sum(one.quantity * one.units for one in known.values())
    number = f"{last.quantity}{_each(last)}" if len(known) == 1 else f"{pieces_told} in all"
    own = [one for one in facts.sold if one.store == fall.store and last.at < one.at <= fall.at]
    pieces = sum(one.pieces for one in own)
    said = f"{fall.store} was told {number} at {clock(last.at)}; {pieces} {_was(pieces)} sold {_times(own, clock)}"
    if after:
        said += f" before we could say {after.quantity} at {clock(after.at)}."
    else:
        said += ", and it has not been told since."
    if pieces > pieces_told:
        return (
            f"{said} That is more than it was told: the store may sell below zero there, "
            "or does not count this product's stock."
        )
    return said + _meanwhile(facts, fall, last, clock)


def _each(told: Told) -> str:
    return f" (of {told.units} pieces each)" if told.units > 1 else ""


def _times(sales: Sequence[Sold], clock: Clock) -> str:
    times = [clock(one.at) for one in sorted(sales, key=lambda one: one.at)]
    if len(times) == 1:
        return f"at {times[0]}"
    return f"at {times[0]} and {times[1]}" if len(times) == 2 else f"between {times[0]} and {times[-1]}"


def _meanwhile(facts: Facts, fall: Sold, last: Told, clock: Clock) -> str:
    """Other stores' sales and falling levels between what the store was told and the sale."""
    said = []
    others = [one for one in facts.sold if one.store != fall.store and last.at < one.at <= fall.at]
    for store in dict.fromkeys(one.store for one in others):
        sales = [one for one in others if one.store == store]
        said.append(f"{store} sold {sum(one.pieces for one in sales)} {_times(sales, clock)}")
    for moved in facts.moved:
        if last.at < moved.at <= fall.at and moved.what not in ("shipped", "voided") and moved.change < 0:
            said.append(f"{_name(facts, moved.house)} went down by {-moved.change} at {clock(moved.at)}")
    return f" Meanwhile {', '.join(said)}." if said else ""


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
