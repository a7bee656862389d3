"""What connectors share about what a store sells: rows that may be odd, descriptions in HTML, calls in turn."""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

import orjson

from fcp.errors import Busy, Scope, Stale, SyncError

from .cutting import fingerprint
from .reading import Json, Wrong
from .shapes import Answer, Bad

T = TypeVar("T")
MOST_HALVINGS = 40  # two or three odd rows are found among 1000; where more are refused, it is not the rows


def shaped(label: str, rows: Sequence[Json], shape: Callable[[Json], Iterable[T]]) -> tuple[list[T], list[Bad]]:
    """What the rows that can be read hold; one that cannot is set aside with a sentence. `label` is the platform's."""
    found: list[T] = []
    bad: list[Bad] = []
    for row in rows:
        try:
            found += list(shape(row))
        except Wrong as odd:
            packed = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
            bad.append(Bad(f"A product that {label} sent {odd}.", str(odd), packed, _key(row, packed)))
    return found, bad


def _key(row: Json, packed: bytes) -> str:
    uid = row.get("id")
    named = isinstance(uid, str) or (isinstance(uid, int) and not isinstance(uid, bool))
    return f"{uid}"[:120] if named else f"{fingerprint(packed):x}"


def titled(name: str, choices: Iterable[str]) -> str:
    """How a variant is named where it stands alone."""
    said = ", ".join(choice for choice in choices if choice)
    return (f"{name} ({said})" if said else name)[:255]


# --- descriptions -----------------------------------------------------------------------------------------------------

LINES = re.compile(r"<\s*(?:br|/p|/div|/li|/h\d)\b[^>]*>", re.IGNORECASE)
TAGS = re.compile(r"<[^>]*>")
BLANK = re.compile(r"[ \t\r\f\v\xa0]+")


def plain(source: str) -> str:
    """What a description in HTML says, a line for each paragraph."""
    if not source:
        return ""
    text_only = html.unescape(TAGS.sub("", LINES.sub("\n", source)))
    lines = (BLANK.sub(" ", line).strip() for line in text_only.split("\n"))
    return "\n".join(line for line in lines if line)


def as_html(source: str) -> str:
    return "".join(f"<p>{html.escape(line, quote=False)}</p>" for line in source.splitlines() if line.strip())


# --- calls, one after another -----------------------------------------------------------------------------------------


class Keyed(Protocol):
    """What is pushed, stock or a product; its answer is found by the key."""

    @property
    def key(self) -> str: ...


Row = TypeVar("Row", bound=Keyed)
Step = tuple[Sequence[Row], Callable[[Sequence[Row]], list[Answer]]]  # rows, and the one call for them


def in_turn(rows: Sequence[Row], steps: Iterable[Step[Row]]) -> list[Answer]:
    """One answer for each. A call that the store refuses as a whole is halved until the odd record is alone.

    An error that is not about one record ends the work: raised when nothing was set yet, else it is the answer for
    the rows of that call, and Busy that for those never sent.
    """
    answers: dict[str, Answer] = {}
    waiting, halvings = deque(steps), 0
    while waiting and halvings <= MOST_HALVINGS:
        some, ask = waiting.popleft()
        try:
            given = ask(some)
        except SyncError as error:
            if len(some) > 1 and _is_of_one(error):
                halvings += 1
                half = len(some) // 2
                waiting.extendleft([(some[half:], ask), (some[:half], ask)])
                continue
            if error.scope is not Scope.RECORD:
                if not answers:
                    raise
                waiting.clear()
            given = [Answer(row.key, error=error) for row in some]
        answers |= {answer.key: answer for answer in given}
    return [answers.get(row.key) or Answer(row.key, error=Busy("not sent: a call before it failed")) for row in rows]


def _is_of_one(error: SyncError) -> bool:
    """Whether a refused call of many rows may be good for most of them."""
    return error.scope is Scope.RECORD and not isinstance(error, Stale) and error.code != "product_not_found"
