"""What a press on Held does, did, or took back, in words."""

from __future__ import annotations

from collections.abc import Sequence

from .holds import KINDS, HoldKind
from .models import Cure


def waits_text(go: int, orders: int, others: Sequence[tuple[HoldKind, int]]) -> str:
    """ "31 of 37 go; 6 still wait: address incomplete." """
    if go == orders:
        return f"{orders:,} {'order goes' if orders == 1 else 'orders go'}"
    rest = orders - go
    labels = [kind.in_sentence for kind, _ in others]
    reasons = f": {', '.join(labels)}" if labels else ""
    waits = f"{rest:,} still {'waits' if rest == 1 else 'wait'}{reasons}"
    return f"{go:,} of {orders:,} {'goes' if go == 1 else 'go'}; {waits}"


def cure_words(cure: Cure) -> str:
    """What it says of itself, from its row alone."""
    kind = HoldKind(cure.kind)
    what = f"“{cure.word}” means {cure.target}." if cure.change is not None else ""
    about = f"{kind.in_sentence}, {cure.word}" if cure.word and not what else kind.in_sentence
    match cure.state:
        case Cure.State.RUNNING:
            go = f"{_orders(cure.total, 'is', 'are')} let go{' one after the other' if cure.total > 1 else ''}"
            return f"{what} {go}." if what else f"{go}: {about}."
        case Cure.State.DONE if what:
            return f"{what} {_orders(cure.done, 'waits', 'wait')} for it no more."
        case Cure.State.DONE if KINDS[kind].after_release:
            return f"{_orders(cure.done, 'is', 'are')} decided: {about}."
        case Cure.State.DONE:
            return f"{_orders(cure.done, 'is', 'are')} no longer held: {about}."
        case Cure.State.UNDOING:
            return f"{_orders(cure.total, 'is', 'are')} taken back: {cure.word if what else about}."
    return f"Taken back: {cure.word if what else about}. {_back(cure)}"


def _back(cure: Cure) -> str:
    """ "34 are back; 3 stay with the warehouse." """
    parts = [f"{cure.done:,} {'is' if cure.done == 1 else 'are'} back"]
    if cure.kept:
        parts.append(f"{cure.kept:,} {'stays' if cure.kept == 1 else 'stay'} with the warehouse")
    if (rest := cure.total - cure.done - cure.kept) > 0:
        parts.append(f"{rest:,} no longer {'waits, or waits' if rest == 1 else 'wait, or wait'} for something else")
    return f"{'; '.join(parts)}."


def _orders(number: int, one: str, many: str) -> str:
    return f"{number:,} {f'order {one}' if number == 1 else f'orders {many}'}"
