"""What webhooks told: the orders that they name are read from the store, as few calls as that takes.

A few are read one by one, which shows each as it is now. Above twenty, one look at what changed replaces that: it is
due anyway, and a page settles the hints about all of its orders. What it does not show (an older order that a person
has done again) is listed by ids, a page of orders a call; and only what no list shows (an order that was never
finished), or shows older than what was told (a store's search lags behind), is asked for singly.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from functools import partial

from fcp.errors import Refused, SyncError
from integrations.connectors.base import Connector
from integrations.deliveries import APP_HINTS, BY_NUMBER, DELETED, ORDER_HINTS, done, waiting
from integrations.flows.deleted import forget
from integrations.flows.singly import SINGLY, Asked, Singly, set_aside
from integrations.flows.taking import Taker
from integrations.flows.windows import OVERLAP, read_changes
from integrations.models import Hint
from integrations.runs import APP_REMOVED, REMOVED, Page, Slice, by_app
from orders.shapes import RawOrder

# So long an order is looked for by a number that the store's list does not show yet.
PATIENCE = dt.timedelta(minutes=10)
# So late an announcement may come that does not say when its order changed.
LATE = dt.timedelta(minutes=2)


def read_announced(run: Slice, taker: Taker, singly: Singly, unanswered: dict[str, SyncError]) -> bool:
    """Everything that was told, and everything that changed. True when the slice is over before the end is reached."""
    hear_of_app(run)
    if not (last := _last_of_many(run)):
        if read_hints(run, taker, singly, unanswered):
            return True
        return _look_instead(run, taker, unanswered) if singly.given_up else read_changes(run, taker)
    # A look that would first have to catch up with a long past comes after the hints.
    short = run.flow.last_ok_at is not None and "changes" not in run.flow.position
    if short:
        taker.each_page = partial(_settle_page, run, last)
        over = read_changes(run, taker)
        taker.each_page = None
        if over:
            return True
    if read_listed(run, taker) or read_hints(run, taker, singly, unanswered):
        return True
    return not short and read_changes(run, taker)


def _look_instead(run: Slice, taker: Taker, unanswered: dict[str, SyncError]) -> bool:
    """What changed, after the store would not give some orders singly: those that it lists are no longer `unanswered`.

    Raises what it says if it answers nothing at all.
    """
    hints = waiting(run.store)
    taker.each_page = partial(_settle_page, run, hints.order_by("-pk").values_list("pk", flat=True)[0])
    over = read_changes(run, taker)
    taker.each_page = None
    still = hints.filter(kind__in=ORDER_HINTS, object_uid__in=unanswered).values_list("object_uid", flat=True)
    for uid in unanswered.keys() - set(still):
        del unanswered[uid]
    return over


def hear_of_app(run: Slice) -> None:
    """Raises Refused when the last that the store said of our app is that it was removed."""
    said = list(waiting(run.store).filter(kind__in=APP_HINTS).order_by("pk"))
    if said:
        with run.page() as page:
            done(said, page.now)
        if said[-1].kind == "removed" and by_app(run.integration):
            raise Refused("the store says the app was removed", code=APP_REMOVED, sentence=REMOVED)


def _last_of_many(run: Slice) -> int:
    """The last hint, where more wait than are read one by one; else 0."""
    ids = list(waiting(run.store).order_by("-pk").values_list("pk", flat=True)[: SINGLY + 1])
    return ids[0] if len(ids) > SINGLY else 0


def _settle_page(run: Slice, last: int, raws: Sequence[RawOrder], page: Page) -> None:
    """What was told of a page's orders before the page was asked for is known with it."""
    told = waiting(run.store).filter(pk__lte=last)
    by_uid = {raw.uid: raw.changed_at for raw in raws}
    by_number = {raw.number: raw.changed_at for raw in raws}
    known = [h for h in told.filter(kind__in=ORDER_HINTS, object_uid__in=by_uid) if _shows(h, by_uid, page.now)]
    known += [h for h in told.filter(kind=BY_NUMBER, object_uid__in=by_number) if _shows(h, by_number, page.now)]
    done(known, page.now)


def _shows(hint: Hint, listed: Mapping[str, dt.datetime], now: dt.datetime) -> bool:
    """Whether a list shows the hint's order as new as was told; after a while a list is never behind."""
    if hint.object_uid not in listed:
        return False
    told = hint.at or hint.received_at - LATE
    return listed[hint.object_uid] >= told or hint.received_at < now - OVERLAP


def read_listed(run: Slice, taker: Taker) -> bool:
    """By ids, many a call. What the list does not show goes on waiting."""
    last, size = 0, run.platform.page
    while True:
        hints = list(waiting(run.store).filter(kind__in=ORDER_HINTS, pk__gt=last).order_by("pk")[:size])
        if len(hints) <= SINGLY:
            return False
        last = hints[-1].pk
        uids = list(dict.fromkeys(hint.object_uid for hint in hints))
        raws = run.ask(partial(_listed, uids))
        shown = {raw.uid: raw.changed_at for raw in raws}
        if shown:
            heard = [hint for hint in hints if _shows(hint, shown, run.now())]
            taker.take(raws, seen_by="webhook", finish=partial(_heard, heard))
        if run.over:
            return True


def _listed(uids: Sequence[str], connector: Connector) -> list[RawOrder]:
    return connector.orders_of(uids)


def read_hints(run: Slice, taker: Taker, singly: Singly, unanswered: dict[str, SyncError]) -> bool:
    """One by one. Orders that the store would not give are added to `unanswered`, and go on waiting."""
    last = 0
    while True:
        hints = list(waiting(run.store).filter(pk__gt=last).order_by("pk")[: singly.size])
        if not hints:
            return False
        last = hints[-1].pk
        uids = dict.fromkeys(hint.object_uid for hint in hints if hint.kind in ORDER_HINTS)
        asked = singly.read(uid for uid in uids if uid and uid not in unanswered)
        unanswered |= asked.problems
        # Also left when the slice is over before them.
        numbers = {hint.object_uid: partial(_of_number, hint.object_uid) for hint in hints if hint.kind == BY_NUMBER}
        by_number = Asked([], {}, set(numbers)) if asked.left else singly.ask(numbers)
        hints = [h for h in hints if h.object_uid not in (by_number if h.kind == BY_NUMBER else asked).left]
        unknown = numbers.keys() - {raw.number for raw in by_number.raws}
        heard = [hint for hint in hints if not _waits(hint, unanswered, unknown, run.now())]
        found = {raw.uid: raw for raw in (*by_number.raws, *asked.raws)}
        taker.take(list(found.values()), seen_by="webhook", finish=partial(_heard, heard))
        # Said to be deleted, and not there when asked for.
        gone = {hint.object_uid for hint in hints if hint.kind == DELETED} - found.keys() - unanswered.keys()
        if gone:
            forget(run, sorted(gone))
        if singly.given_up:
            return False
        if singly.over:
            # The store did answer, so what it would not say of some is about them.
            set_aside(run, unanswered)
            return True


def _waits(hint: Hint, unanswered: Collection[str], unknown: Collection[str], now: dt.datetime) -> bool:
    if hint.kind == BY_NUMBER:
        return hint.object_uid in unknown and (hint.replayed_at or hint.received_at) > now - PATIENCE
    return hint.object_uid in unanswered


def _of_number(number: str, connector: Connector) -> RawOrder | None:
    return connector.order_by_number(number)


def _heard(hints: Sequence[Hint], page: Page) -> None:
    done(hints, page.now)
