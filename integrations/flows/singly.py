"""Orders asked for one by one, and what becomes of those that the store would not give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from fcp.errors import Busy, NotFound, Refused, SyncError
from integrations.connectors.base import Connector
from integrations.deliveries import ORDER_HINTS, done, waiting
from integrations.flows.taking import note_failure
from integrations.runs import Slice
from orders.shapes import RawOrder

SINGLY = 20  # orders read one by one, then stored together
MOST_UNANSWERED = 3  # in a row: then it is the store, not the order


def read_singly(run: Slice, uids: Iterable[str]) -> tuple[list[RawOrder], dict[str, SyncError]]:
    """The orders as the store has them now, and what went wrong with some. One that it no longer has is left out."""
    return ask_each(run, {uid: partial(_order, uid) for uid in uids})


def ask_each(
    run: Slice, questions: Mapping[str, Callable[[Connector], RawOrder | None]]
) -> tuple[list[RawOrder], dict[str, SyncError]]:
    """`read_singly` for questions of any kind, by what they are about; None is an order that there is not."""
    raws: list[RawOrder] = []
    problems: dict[str, SyncError] = {}
    in_a_row = 0
    for key, question in questions.items():
        try:
            found = run.ask(question)
        except NotFound:
            found = None
        except (Busy, Refused):
            raise
        except SyncError as error:
            problems[key] = error
            in_a_row += 1
            if in_a_row >= MOST_UNANSWERED:
                raise
            continue
        if found is not None:
            raws.append(found)
        in_a_row = 0
    return raws, problems


def _order(uid: str, connector: Connector) -> RawOrder:
    return connector.order(uid)


def set_aside(run: Slice, problems: Mapping[str, SyncError]) -> None:
    """Keep what the store would not say as failed records, tried again by themselves; hints of it are done."""
    if problems:
        with run.page() as page:
            for uid, error in problems.items():
                note_failure(run, uid, "", error.code, error.sentence, page.now)
            done(waiting(run.store).filter(kind__in=ORDER_HINTS, object_uid__in=problems), page.now)
