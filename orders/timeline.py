"""An order's timeline as plain sentences. Events keep a code and parameters; the words for each stand here, once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_datetime

from fcp.wording import listed, plural

from .decided_words import by_settings, imported_words, lifted_words, lines_words, translated_words, with_names
from .holds import KINDS, HoldKind
from .labels import until_words
from .models import Order, OrderEvent
from .rule_words import ruled_sentence, unruled_sentence

Params = Mapping[str, Any]

# What the system calls itself where no person or partner acted.
ACTORS = {
    "store": "the store",
    "schedule": "the panel",
    "intake": "the panel",
    "webhook": "the store",
    "rules": "the rules",
}
SEEN_BY = {"poll": "found on a regular look", "webhook": "the store announced it", "person": "a person asked for it"}
EDITED = {"ship_code": "ship code"}


@dataclass(frozen=True, slots=True)
class Saying:
    """How one code is said. `tone` colours its dot: good, warn, bad or empty."""

    say: Callable[[Params], str]
    tone: str = ""


@dataclass(frozen=True, slots=True)
class TimelineLine:
    at: dt.datetime
    by: str
    text: str
    tone: str
    code: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The newest line first. `older`: there are more than these."""

    lines: list[TimelineLine]
    older: bool = False


def timeline_of(order: Order, most: int = 100) -> Timeline:
    """The order's last `most` events, said in words."""
    events = list(OrderEvent.objects.filter(order=order).order_by("-id")[: most + 1])
    return Timeline(lines_of(events[:most]), older=len(events) > most)


def lines_of(events: Iterable[OrderEvent]) -> list[TimelineLine]:
    events = list(events)
    lines = []
    for event, params in zip(events, with_names(event.params for event in events), strict=True):
        by = ACTORS.get(event.actor, event.actor)
        lines.append(TimelineLine(event.at, by, sentence(event.code, params), tone_of(event.code), event.code))
    return lines


def sentence(code: str, params: Params) -> str:
    """Plain words for one event; warehouses and products in the parameters are names by now."""
    saying = SAYINGS.get(code)
    return saying.say(params) if saying else f"{code.replace('_', ' ').capitalize()}."


def tone_of(code: str) -> str:
    saying = SAYINGS.get(code)
    return saying.tone if saying else ""


# --- the words -----------------------------------------------------------------------------------------------------


def _imported(p: Params) -> str:
    how = SEEN_BY.get(str(p.get("by", "")), "")
    kinds = [_kind(kind) for kind in dict.fromkeys(p.get("holds") or [])]
    text = f"Came in from the store{f' ({how})' if how else ''}{by_settings(p)}.{imported_words(p)}"
    return f"{text} Held: {listed(kinds)}." if kinds else text


def _held(p: Params) -> str:
    kind = str(p.get("kind", ""))
    asks = kind in set(HoldKind) and KINDS[HoldKind(kind)].after_release
    until = parse_datetime(str(p.get("until", "")))
    again = "Held again: lifting it was taken back." if p.get("again") else "Held."
    held = f"Held until {until_words(until)}." if until else again
    return f"{'A decision is asked.' if asks else held} {hold_sentence(kind, str(p.get('word', '')))}"


def _lifted(p: Params) -> str:
    word = str(p.get("word") or "").rstrip(".")
    kind = str(p.get("kind", ""))
    if kind == HoldKind.CHANGED_AFTER_RELEASE:
        return f"No decision is needed any more{f' about: {word}' if word else ''}."
    told = f"{_kind(kind)}{f' (“{word}”)' if word else ''}"
    if p.get("due"):
        return f"Its time came, so it is no longer held: {told}."
    return f"No longer held: {told}.{lifted_words(p)}"


def _changed(p: Params) -> str:
    return f"Changed in the store: {listed(p.get('what') or ['something'])}.{lines_words(p)}"


def _canceled(p: Params) -> str:
    if p.get("deleted"):
        return "Deleted in the store, so it counts as canceled."
    if p.get("payment") in ("refunded", "canceled"):
        return f"The store shows the payment as {p['payment']}, so it counts as canceled."
    return "Rejected in the store." if p.get("status") == "rejected" else "Canceled in the store."


def _edited(p: Params) -> str:
    what = listed(EDITED.get(w, w) + (f" ({p[w]})" if p.get(w) else "") for w in p.get("what") or ["something"])
    return f"As mapped again: {what}." if p.get("as_mapped") else f"Changed here: {what}."


def _acknowledged(p: Params) -> str:
    reference = f" as {p['reference']}" if p.get("reference") else ""
    return f"{_warehouse(p)} took it{reference}."


def _shipped(p: Params) -> str:
    pieces = int(p.get("pieces") or 0)
    text = f"{pieces} {'piece' if pieces == 1 else 'pieces'} left"
    if p.get("warehouse"):
        text += f" {p['warehouse']}"
    if p.get("carrier"):
        text += f" with {p['carrier']}"
    return f"{text}{_tracking(p)}."


def _voided(p: Params) -> str:
    pieces = int(p.get("pieces") or 0)
    return f"A shipment of {pieces} {'piece' if pieces == 1 else 'pieces'} was taken back: it did not leave."


def _corrected(p: Params) -> str:
    now = f" to {p['carrier']}" if p.get("carrier") else ""
    return f"The shipment's carrier and tracking were corrected{now}{_tracking(p)}."


def _store_told(p: Params) -> str:
    if p.get("action") == "retract":
        return "The store was told that the shipment was taken back."
    what = "the corrected tracking" if p.get("action") == "change" else "that it left"
    return f"The store was told {what}{_tracking(p)}."


def _store_refused(p: Params) -> str:
    return f"The store could not be told: {str(p.get('reason') or 'it gave no reason').rstrip('.')}."


def _reason(text: str) -> Callable[[Params], str]:
    def say(p: Params) -> str:
        reason = str(p.get("reason") or "").rstrip(".")
        return f"{_warehouse(p)} {text}{f': {reason}' if reason else ''}."

    return say


def _pieces(text: str) -> Callable[[Params], str]:
    def say(p: Params) -> str:
        pieces = int(p.get("pieces") or 0)
        return text.format(pieces=plural(pieces, "piece,pieces"))

    return say


def _plain(text: str) -> Callable[[Params], str]:
    return lambda p: text


SAYINGS: dict[str, Saying] = {
    "imported": Saying(_imported),
    "held": Saying(_held, "warn"),
    "lifted": Saying(_lifted, "good"),
    "translated": Saying(translated_words),
    "offered": Saying(lambda p: f"Offered to {p.get('warehouse') or 'the warehouse'}."),
    "changed": Saying(_changed),
    "canceled_in_store": Saying(_canceled, "warn"),
    "persons_erased": Saying(lambda p: "Name, address, e-mail, phone and notes were erased, as the settings ask."),
    "restored_in_store": Saying(_plain("The store shows it as wanted again.")),
    "edited": Saying(_edited),
    "tried": Saying(_plain("Let through as a try, before the integration is live.")),
    "acknowledged": Saying(_acknowledged, "good"),
    "rejected": Saying(_reason("will not ship it"), "bad"),
    "stopped": Saying(_reason("stopped it in time"), "good"),
    "too_late": Saying(_reason("could not stop it any more"), "bad"),
    "stop_asked": Saying(lambda p: f"{_warehouse(p)} was asked to stop it.", "warn"),
    "change_asked": Saying(lambda p: f"{_warehouse(p)} was asked to use {_change(p)}."),
    "change_accepted": Saying(lambda p: f"{_warehouse(p)} uses {_change(p)}.", "good"),
    "change_refused": Saying(lambda p: _reason(f"cannot use {_change(p)} any more")(p), "bad"),
    "shipped": Saying(_shipped, "good"),
    "shipment_gone": Saying(
        _pieces("A shipment of {pieces} was deleted in the store: it counts as not shipped again."), "warn"
    ),
    "our_shipment_gone": Saying(_pieces("A shipment of {pieces} that left here was deleted in the store."), "bad"),
    "fulfillment_voided": Saying(_voided, "warn"),
    "fulfillment_corrected": Saying(_corrected),
    "store_told": Saying(_store_told, "good"),
    "store_refused": Saying(_store_refused, "bad"),
    "ruled": Saying(ruled_sentence),
    "unruled": Saying(unruled_sentence),
    "tracking_sent_again": Saying(_plain("The tracking is to be sent to the store again.")),
}


def hold_sentence(kind: str, word: str) -> str:
    """Why an order waits, as the merchant reads it; also where a kind was taken out of use."""
    try:
        of = KINDS[HoldKind(kind)]
    except ValueError:
        return f"{kind.replace('_', ' ').capitalize()}{f': {word}' if word else ''}."
    if kind == HoldKind.PAYMENT:
        word = word.replace("_", " ")
    if "{word}" not in of.sentence or word:
        return of.sentence.format(word=word.rstrip("."))
    return f"{of.label}."


def _kind(kind: str) -> str:
    return HoldKind(kind).in_sentence if kind in set(HoldKind) else kind.replace("_", " ")


def _warehouse(p: Params) -> str:
    return str(p.get("warehouse") or "The warehouse")


def _change(p: Params) -> str:
    """What a warehouse was asked to follow."""
    words = p.get("what") or ["address"]
    return " and ".join(
        f"the ship code {p['ship_code']}" if w == "ship code" and p.get("ship_code") else f"the new {w}" for w in words
    )


def _tracking(p: Params) -> str:
    numbers = [number for number in p.get("tracking") or [] if number]
    return f", tracking {listed(numbers)}" if numbers else ""
