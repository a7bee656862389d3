"""The arithmetic of the ledger: which hours a day has, which orders were shown, whether both sides add up. Pure."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Protocol

from orders.state import State

WIDTH = 8  # bytes that one order takes among those that were shown
LONGEST = 31  # days that a person may ask for at once

# Which number of a day an imported order counts in; together they are all states.
PLACE = {
    State.NEW: "waiting",
    State.HELD: "waiting",
    State.READY: "waiting",
    State.AT_WAREHOUSE: "at_warehouse",
    State.PARTLY_SHIPPED: "shipped",
    State.SHIPPED: "shipped",
    State.CONFIRMED: "told",
    State.CANCELED: "closed",
    State.NOTHING_TO_SHIP: "closed",
}
PLACES = ("waiting", "at_warehouse", "shipped", "told", "closed")


# --- days ------------------------------------------------------------------------------------------------------------


def hours_of(day: dt.date, zone: dt.tzinfo) -> tuple[dt.datetime, dt.datetime]:
    """The beginning of the day and that of the next one, in UTC: 23, 24 or 25 hours, and no moment in two days."""
    return _begins(day, zone), _begins(day + dt.timedelta(days=1), zone)


def _begins(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=zone).astimezone(dt.UTC)


def days_between(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


# --- what was shown --------------------------------------------------------------------------------------------------


def mark_of(uid: str) -> bytes:
    """What an order is remembered by while its day is counted."""
    return blake2b(uid.encode(), digest_size=WIDTH).digest()


def packed(marks: Iterable[bytes]) -> bytes:
    return b"".join(sorted(marks))


def unpacked(kept: bytes | memoryview | None) -> set[bytes]:
    whole = bytes(kept or b"")
    return {whole[start : start + WIDTH] for start in range(0, len(whole) - WIDTH + 1, WIDTH)}


# --- sums ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ours:
    """What became of the orders of one day that were seen here."""

    places: Mapping[str, int]
    skipped: int
    failed: int
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def imported(self) -> int:
        return sum(self.places.values())

    def columns(self) -> dict[str, object]:
        return {
            **{place: self.places.get(place, 0) for place in PLACES},
            "imported": self.imported,
            "skipped": self.skipped,
            "failed": self.failed,
            "seen": self.imported + self.skipped + self.failed,
            "reasons": dict(self.reasons),
        }


def ours(states: Mapping[str, int], left_out: Iterable[tuple[str, Sequence[str]]]) -> Ours:
    """`states`: how many imported orders are in each; `left_out`: (outcome, reasons) of each that did not come in."""
    places: Counter[str] = Counter()
    for state, number in states.items():
        places[PLACE[State(state)]] += number
    skipped = failed = 0
    reasons: Counter[str] = Counter()
    for outcome, why in left_out:
        if outcome == "skipped":
            skipped += 1
            reasons.update(why)
        else:
            failed += 1
    return Ours(places, skipped, failed, reasons)


class Day(Protocol):
    """The numbers of a `LedgerDay`."""

    in_store: int | None
    seen: int
    imported: int
    skipped: int
    failed: int
    waiting: int
    at_warehouse: int
    shipped: int
    told: int
    closed: int
    not_here: int
    not_there: int


def not_adding_up(day: Day) -> list[str]:
    """Sentences on each sum of the day that is wrong; a store that was not asked yet is not wrong."""
    wrong = []
    parts = day.imported + day.skipped + day.failed
    if day.seen != parts:
        wrong.append(f"{day.seen:,} were seen, yet imported, skipped and failed make {parts:,}.")
    parts = sum(getattr(day, place) for place in PLACES)
    if day.imported != parts:
        wrong.append(f"{day.imported:,} were imported, yet {parts:,} are accounted for.")
    expected = day.seen + day.not_here - day.not_there
    if day.in_store is not None and day.in_store != expected:
        wrong.append(f"The store shows {day.in_store:,}, yet what was seen and the differences make {expected:,}.")
    return wrong
