"""Calls that a store answers later: asked for by their ticket, also after a crash, and given up when they never end.

Such a call is noted before it is made, under a name of its own (`StockToSet.telling`). Where its answer was lost, or a
worker was killed before the ticket was stored, the same call is made once more by the same name, and the store knows
that it is one. So no quantity of an old call arrives behind a newer one: while a call is under way nothing else is sent
of its listings, and whatever moved meanwhile is sent again after it.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from fcp.errors import Busy, Refused, Scope, SyncError, Unreachable
from integrations.connectors.shapes import Done, Later
from integrations.flows.later import ENDS_WITHIN, GONE_AFTER, age_of
from integrations.flows.stock_round import begin_round
from integrations.flows.stock_sending import TICKET, Item, note, read_items, record, stop_for
from integrations.models import Integration, StockPush
from integrations.runs import Slice
from mappings.models import ListingStock

log = logging.getLogger(__name__)

# So long a store surely knows the name of a call. By then an unknown one has ended, or was never begun.
NAME_LASTS = dt.timedelta(minutes=50)
NEVER_ENDS = (
    "The store has worked on the quantities we sent for 10 minutes and does not end. We read what it shows and send "
    "the rest again, fewer at a time."
)


def ask_for_result(run: Slice) -> bool:
    """Ask what became of the call under way. False: it still is."""
    place = run.flow.position[TICKET]
    age = age_of(run, place)
    if "ticket" not in place:
        return _make_again(run, place, age)
    try:
        reply = run.ask(lambda connector: connector.poll(place["ticket"]))
    except (Busy, Refused):
        raise
    except SyncError as error:
        if error.scope is Scope.RECORD:  # it knows the ticket no longer: what is not known to be done is sent again
            log.warning("The store knows nothing of a call: %s", error.detail)
            note(run, None)
            return True
        if age <= ENDS_WITHIN:
            raise
        reply = Later(place["ticket"])
    if isinstance(reply, Later):
        if age > ENDS_WITHIN:
            _give_up(run, place)
        return False
    _take(run, place, reply)
    return True


def _take(run: Slice, place: Mapping[str, Any], reply: Done) -> None:
    items = _items(run, place)
    note(run, None)
    answers = {answer.key: answer for answer in reply.answers}
    record(run, items, answers)
    stop_for(run, answers.values())


def _items(run: Slice, place: Mapping[str, Any]) -> list[Item]:
    ids = [pk for pk, *_ in place["rows"]]
    rows = ListingStock.objects.filter(store=run.store).select_related("listing").in_bulk(ids)
    # What was dealt with otherwise meanwhile (a person left it as it is) stays so.
    return [
        Item(rows[pk], quantity, max(mark, rows[pk].handled), before, steps)
        for pk, quantity, mark, before, steps in place["rows"]
        if pk in rows
    ]


def _make_again(run: Slice, place: dict[str, Any], age: dt.timedelta) -> bool:
    """A call of which only its name is known. Nothing is written to a store that must not be written to any more."""
    items = [item for item in _items(run, place) if item.row.handled < item.mark]
    current = begin_round(run)
    if age > NAME_LASTS or not items or current is None:
        note(run, None)
        return True
    if not _may_write(run):
        return True
    rows = [item.to_set(current.settings.uids, place["telling"]) for item in items]
    try:
        reply = run.ask(lambda connector: connector.push_stock(rows))
    except SyncError as error:
        if error.scope is not Scope.RECORD:
            raise
        note(run, None)  # it is refused as a whole: the rows go again, halved
        return True
    if isinstance(reply, Later):
        note(run, place | {"ticket": reply.ticket})
        return False
    _take(run, place, reply)
    return True


def _may_write(run: Slice) -> bool:
    live = Integration.objects.filter(pk=run.integration.pk, live=True)
    return live.exists() and StockPush.objects.filter(store=run.store, allowed_at__isnull=False).exists()


def _give_up(run: Slice, place: Mapping[str, Any]) -> None:
    """What it did is read, and the rest sent again. Raises Unreachable, so that the next calls are smaller."""
    try:
        run.ask(lambda connector: connector.give_up(place["ticket"]))
    except (Busy, Refused):
        raise
    except SyncError as error:
        if error.scope is not Scope.RECORD and age_of(run, place) < GONE_AFTER:
            raise  # it may still run, behind what is told next
        log.warning("The store does not let go of a call: %s", error.detail)
    note(run, None)
    if current := begin_round(run):
        read_items(current, _items(run, place))
    raise Unreachable("a call that does not end", sentence=NEVER_ENDS)
