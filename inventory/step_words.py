"""The steps of the reckoning of availability, in the words of the screens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .availability import Step

WORDS = {
    "level": "Level at {of}",
    "shared": "{of} is counted at another place of this store",
    "reserved": "Open orders at {of} that its level does not know yet",
    "elsewhere": "Orders at a place that has too little take from another one",
    "unplaced": "Open orders that have no warehouse yet",
    "units": "In units of {of} pieces, rounded down",
    "reserve": "Kept back as reserve",
    "floor": "Never below 0",
    "minimum": "Below the minimum level of {of}, so nothing is offered",
    "cap": "At most {of}",
}


@dataclass(frozen=True, slots=True)
class ShownStep:
    """`change` with its sign, "+12" or "-3"; of a level the number itself."""

    words: str
    change: str
    after: int
    code: str


def words_of(step: Step) -> str:
    """One step in words: "Level at NJ1"."""
    return WORDS.get(step.code, step.code).format(of=step.of)


def shown_steps(steps: Iterable[Step]) -> list[ShownStep]:
    return [
        ShownStep(
            words_of(step), f"{step.change}" if step.code == "level" else f"{step.change:+}", step.after, step.code
        )
        for step in steps
    ]
