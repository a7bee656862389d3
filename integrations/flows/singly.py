"""Orders asked for one by one, and what becomes of those that the store would not give.

A call is as slow as the store is, so asking ends with the slice: what was read is stored, the rest waits for the next
one. At least one question is asked, and it goes on while the last had no answer, up to three in a row: then either the
store answers nothing, or it is about these orders. The next call of another kind tells which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from typing import NamedTuple

from fcp.errors import Busy, NotFound, Refused, SyncError
from integrations.connectors.base import Connector
from integrations.deliveries import ORDER_HINTS, done, waiting
from integrations.flows.taking import note_failure
from integrations.runs import Slice
from orders.shapes import RawOrder

SINGLY = 20  # orders read one by one, then stored together
MOST_UNANSWERED = 3  # in a row; the others are left then


class Asked(NamedTuple):
    """The orders as the store has them now; what went wrong with some; and those that there was no time to ask for. One
    that the store no longer has is in none of them."""

    raws: list[RawOrder]
    problems: dict[str, SyncError]
    left: set[str]


class Singly:
    """Asks in one slice of a run."""

    def __init__(self, run: Slice) -> None:
        self.run = run
        self._in_a_row = 0  # questions without an answer, since the last that had one

    @cached_property
    def size(self) -> int:
        """How many are asked for before they are stored: fewer after leases that broke off."""
        return self.run.fewer(SINGLY)

    @property
    def over(self) -> bool:
        return self.run.over and not self._in_a_row

    @property
    def given_up(self) -> bool:
        return self._in_a_row >= MOST_UNANSWERED

    def read(self, uids: Iterable[str], *, it_answers: bool = False) -> Asked:
        return self.ask({uid: partial(_order, uid) for uid in uids}, it_answers=it_answers)

    def ask(
        self, questions: Mapping[str, Callable[[Connector], RawOrder | None]], *, it_answers: bool = False
    ) -> Asked:
        """`read` for questions of any kind, by what they are about; None is an order that there is not.

        `it_answers`: the store just did something else, so what it will not say is about these orders.
        """
        if it_answers:
            self._in_a_row = 0
        raws: list[RawOrder] = []
        problems: dict[str, SyncError] = {}
        left = dict.fromkeys(questions)
        for key, question in questions.items():
            over = self.run.over if it_answers else self.over
            if self.given_up or (over and len(left) < len(questions)):
                break
            del left[key]
            try:
                found = self.run.ask(question)
            except NotFound:
                found = None
            except (Busy, Refused):
                raise
            except SyncError as error:
                problems[key] = error
                self._in_a_row += 1
                continue
            if found is not None:
                raws.append(found)
            self._in_a_row = 0
        if it_answers:
            self._in_a_row = 0
        return Asked(raws, problems, set(left))


def _order(uid: str, connector: Connector) -> RawOrder:
    return connector.order(uid)


def set_aside(run: Slice, problems: Mapping[str, SyncError]) -> None:
    """Keep what the store would not say as failed records, tried again by themselves; hints of it are done."""
    if problems:
        with run.page() as page:
            for uid, error in problems.items():
                note_failure(run, uid, "", error.code, error.sentence, page.now)
            done(waiting(run.store).filter(kind__in=ORDER_HINTS, object_uid__in=problems), page.now)
