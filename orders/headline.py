"""What an order waits for: a few words for a list, a sentence and the one button that helps for its page. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .holds import BY_HAND, KINDS, HoldKind
from .state import State
from .timeline import hold_sentence


class Help(StrEnum):
    """The one thing that helps now; the page shows a button for it."""

    NOTHING = ""
    MAP = "map"  # give the word its meaning
    ADDRESS = "address"
    WAREHOUSE = "warehouse"  # none is chosen
    PRODUCT = "product"  # fill in what its page lacks
    LIFT = "lift"
    TRY = "try"
    SHIP = "ship"  # somebody here works this warehouse
    TELL = "tell"  # the store was not told, and the last try failed


MAPPED_KINDS = (HoldKind.SHIP_CODE, HoldKind.SKU, HoldKind.LOCATION)
SHORT = {HoldKind.SHIP_CODE: "Ship code", HoldKind.SKU: "SKU", HoldKind.LOCATION: "Location"}
# Holds that a warehouse's answer may settle.
ASKED_OF_WAREHOUSE = (HoldKind.CANCELED_IN_STORE, HoldKind.CHANGED_AFTER_RELEASE)
_HELP = {
    HoldKind.ADDRESS: Help.ADDRESS,
    HoldKind.NO_WAREHOUSE: Help.WAREHOUSE,
    HoldKind.PAYMENT: Help.NOTHING,
    HoldKind.CUSTOMS: Help.PRODUCT,
}

# What is mended first where an order has several holds: what frees other orders too, then what a person types.
_FIRST = (*MAPPED_KINDS, HoldKind.NO_WAREHOUSE, HoldKind.ADDRESS, HoldKind.CUSTOMS, *BY_HAND)


@dataclass(frozen=True, slots=True)
class OpenHold:
    pk: int
    kind: HoldKind
    cause: str = ""
    word: str = ""
    until: str = ""  # a day or a moment, in words

    @property
    def label(self) -> str:
        return KINDS[self.kind].label

    @property
    def sentence(self) -> str:
        said = hold_sentence(self.kind.value, self.word)
        return f"{said} It lifts itself on {self.until}." if self.until and not self.by_itself else said

    @property
    def by_itself(self) -> bool:
        return KINDS[self.kind].by_itself

    @property
    def liftable(self) -> bool:
        return KINDS[self.kind].liftable

    @property
    def lifting(self) -> str:
        """What the button that lifts it says."""
        return "It is decided" if KINDS[self.kind].after_release else "Lift this hold"

    @property
    def help(self) -> Help:
        if self.kind in MAPPED_KINDS:
            return Help.MAP
        return _HELP.get(self.kind, Help.LIFT if KINDS[self.kind].liftable else Help.NOTHING)


@dataclass(frozen=True, slots=True)
class AtWarehouse:
    """A shipping request that is not settled: who was asked, and whether it was taken; `by_hand`: no API there."""

    warehouse: str
    taken: bool
    by_hand: bool
    stopping: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """What the headline looks at. `pieces` of lines that ship; `problem` the sentence of the last failed telling.

    `answers`: what the warehouses said, or were asked, about what changed after they took it; `awaited`: one of them
    has not answered yet.
    """

    state: State
    store: str
    hands_over: bool
    tried: bool = False
    holds: Sequence[OpenHold] = ()
    requests: Sequence[AtWarehouse] = ()
    pieces: int = 0
    shipped: int = 0
    by_store: bool = False  # the store shipped it itself
    problem: str = ""
    payment: str = ""
    answers: Sequence[str] = ()
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class Headline:
    text: str
    help: Help = Help.NOTHING
    hold: OpenHold | None = None  # what the button is about
    tone: str = ""


def in_order(holds: Sequence[OpenHold]) -> list[OpenHold]:
    """The hold to mend first stands first."""
    rank = {kind: place for place, kind in enumerate(_FIRST)}
    return sorted(holds, key=lambda hold: (rank.get(hold.kind, len(rank)), hold.pk))


def headline(s: Situation) -> Headline:
    """One sentence, and what helps."""
    if s.holds:
        return _held(s)
    match s.state:
        case State.NEW:
            return _new(s)
        case State.READY:
            by_hand = next((r for r in s.requests if r.by_hand), None)
            text = f"Offered to {_names(s)}, which has not taken it yet."
            return Headline(text, Help.SHIP if by_hand else Help.NOTHING)
        case State.AT_WAREHOUSE | State.PARTLY_SHIPPED:
            return _at_warehouse(s)
        case State.SHIPPED:
            if s.problem:
                return Headline(f"It left, but {s.store} could not be told yet. {s.problem}", Help.TELL, tone="warn")
            return Headline(f"It left. {s.store} is told next.")
        case State.CONFIRMED:
            return Headline("Shipped in the store itself." if s.by_store else f"It left, and {s.store} knows.")
        case State.CANCELED:
            refunded = s.payment in ("refunded", "canceled")
            return Headline(f"{'Refunded' if refunded else 'Canceled'} in the store. It is kept for the record.")
        case State.NOTHING_TO_SHIP:
            return Headline("Nothing in it ships: digital goods, services or gift cards only.")
    return Headline("Held.")  # its holds were lifted this very moment


def _held(s: Situation) -> Headline:
    holds = in_order(s.holds)
    first = next((hold for hold in holds if hold.help), holds[0])
    if s.state != State.HELD:
        said = " ".join([first.sentence, *s.answers])
        if s.awaited and first.kind in ASKED_OF_WAREHOUSE:
            return Headline(said, Help.NOTHING, first, "warn")
        text = f"It needs a decision. {said}"
        return Headline(text, first.help, first, "warn")
    more = len(holds) - 1
    text = first.sentence
    if more:
        text += f" {more} more {'thing holds' if more == 1 else 'things hold'} it back, see below."
    return Headline(text, first.help, first, "warn")


def _new(s: Situation) -> Headline:
    if s.hands_over or s.tried:
        return Headline("It goes to the warehouse within a minute.")
    text = f"Nothing is wrong with it. It waits because {s.store} hands nothing over: it is not live yet, or paused."
    return Headline(text, Help.TRY)


def _at_warehouse(s: Situation) -> Headline:
    left = f"{s.shipped} of {s.pieces} pieces left" if s.state == State.PARTLY_SHIPPED else ""
    open_requests = [r for r in s.requests if not r.stopping]
    if any(r.stopping for r in s.requests):
        return Headline(f"{_sentence(left)}{_names(s)} was asked to stop it and has not answered yet.", tone="warn")
    if not open_requests:
        return Headline(f"{_sentence(left)}The rest is not with a warehouse.")
    by_hand = any(r.by_hand for r in open_requests)
    waits = "the rest waits there" if left else "it waits there to be shipped"
    return Headline(f"{_sentence(left)}{_names(s)} has it; {waits}.", Help.SHIP if by_hand else Help.NOTHING)


def _sentence(text: str) -> str:
    return f"{text}. " if text else ""


def _names(s: Situation) -> str:
    names = list(dict.fromkeys(r.warehouse for r in s.requests))
    return " and ".join(names) if names else "The warehouse"


def waits_for(state: State, holds: Sequence[OpenHold], warehouse: str, *, hands_over: bool) -> str:
    """A few words for the list; empty where an order waits for nothing."""
    if holds:
        first, *more = in_order(holds)
        text = f"{SHORT[first.kind]} “{first.word}”" if first.kind in SHORT and first.word else first.label
        text += f" until {first.until}" if first.until else ""
        return f"{text} +{len(more)}" if more else text
    place = warehouse or "the warehouse"
    return {
        State.NEW: "Handing over" if hands_over else "Handing over is off",
        State.READY: f"{place} to take it",
        State.AT_WAREHOUSE: f"{place} to ship it",
        State.PARTLY_SHIPPED: f"{place} to ship the rest",
        State.SHIPPED: "The store to be told",
    }.get(state, "")
