"""Counting a day in the store: its own list of that day's orders, page by page, held against what was seen here.

It is the last thing that a run of the orders flow does, a few seconds and a fifth of a minute's calls at most, and ends
at once when anybody rings: orders and webhooks come first. Where it goes on stands in the day's row, written with each
page. Whatever goes wrong is the day's `problem`, and no failure of the orders.

An order that the store lists and that was never seen here is a difference, unless the flow would read it by itself:
then it is taken in. One that is here and not listed is asked for by its id before anybody is told: a list may hide
what is archived or was never finished.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Sequence

from django.db import DatabaseError
from django.db.models import Max, Q

from fcp.errors import Busy, NotFound, Refused, Stale, SyncError
from integrations.connectors.shapes import Window
from integrations.flows.taking import Taker
from integrations.flows.windows import OVERLAP, TOKEN_LASTS
from integrations.lease import LONGEST_PAUSE, Superseded
from integrations.ledger import (
    FRESH,
    close_agreed,
    count_ours,
    days_to_want,
    gaps_of,
    is_to_recount,
    no_question,
    note_gaps,
    open_gaps,
    recent_days,
    recount,
    settle_gaps,
    uids_of,
    want,
)
from integrations.ledger_sums import mark_of, packed, unpacked
from integrations.models import Flow, LedgerDay, LedgerGap
from integrations.rates import rate_of
from integrations.runs import OUR_FAULT, Slice
from orders.models import SeenOrder
from orders.shapes import RawOrder

log = logging.getLogger(__name__)

SECONDS = 5.0  # of a slice
SHARE = 0.2  # of the calls that a minute has
PAUSE = dt.timedelta(minutes=1)  # to the next slice
MOST_UNANSWERED = 3  # in a row: then it is the store, not the order

UNANSWERED = "{number} could not be asked for one by one, so the sum may not add up. Count the day again later."


class Turn:
    """What one slice may do: one call at least, so that it gets on however slow the store is."""

    def __init__(self, run: Slice) -> None:
        self.run = run
        self._ends = time.monotonic() + SECONDS
        self._begun = run.calls
        self._calls = run.calls + max(int(rate_of(run.platform, run.document).calls_per_minute * SHARE), 1)

    def is_over(self) -> bool:
        run = self.run
        if run.calls == self._begun:
            return False
        return run.over or time.monotonic() > self._ends or run.calls >= self._calls or run.is_rung()


def count_days(run: Slice, taker: Taker) -> None:
    """Count what is wanted, as far as this slice may; the flow is due again soon for the rest."""
    _look_at_ours(run)
    turn = Turn(run)
    while (row := _next(run)) is not None:
        if not _counted(turn, taker, row):
            _go_on_later(run)
            return


def _look_at_ours(run: Slice) -> None:
    """Our own side needs no call: differences that closed, days whose orders went on, days that are over."""
    now = run.now()
    days = recent_days(run.integration, now)
    settling = open_gaps(run.store).exists()
    on_their_way = [row for row in days if is_to_recount(row, now)]
    missing = days_to_want(run.integration, run.flow, days, now)
    if not settling and not on_their_way and not missing:
        return
    with run.page() as page:
        touched = settle_gaps(run.store, page.now) if settling else set()
        want(run.integration, run.flow, missing, now=page.now)
        for row in LedgerDay.objects.filter(store=run.store, counted_at__isnull=False, wanted_at=None).filter(
            Q(day__in=touched) | Q(pk__in=[row.pk for row in on_their_way])
        ):
            row.store = run.store
            recount(row, page.now)


def _next(run: Slice) -> LedgerDay | None:
    """The day that waits longest, those that the store refused before last; None while the store has a pause."""
    wanted = LedgerDay.objects.filter(store=run.store, wanted_at__isnull=False)
    if wanted.filter(not_before__gt=run.now()).exists():
        return None
    row = wanted.order_by("tries", "wanted_at", "-day").first()
    if row:
        row.store = run.store
    return row


def _go_on_later(run: Slice) -> None:
    """Sooner than the flow's interval; what rang meanwhile, or comes sooner anyway, stays."""
    wanted = LedgerDay.objects.filter(store=run.store, wanted_at__isnull=False)
    with run.page() as page:
        soon = wanted.filter(not_before__gt=page.now).aggregate(at=Max("not_before"))["at"] or page.now + PAUSE
        wanted.filter(not_before=None).update(not_before=soon)
        Flow.objects.filter(pk=run.flow.pk, due_at__gt=soon).update(due_at=soon)


# --- one day ---------------------------------------------------------------------------------------------------------


def _counted(turn: Turn, taker: Taker, row: LedgerDay) -> bool:
    """True when the day is counted; False when it is to go on later."""
    try:
        return _read(turn, taker, row)
    except Busy as error:
        _put_off(turn.run, row, "" if error.code == "our_budget" else error.sentence, error.until)
    except Refused as error:
        _put_off(turn.run, row, error.sentence)
        raise  # every flow of the store waits for its key
    except SyncError as error:
        log.warning("Counting a day failed: %s", error.detail)
        _put_off(turn.run, row, error.sentence)
    except (Superseded, DatabaseError):
        raise
    except Exception:  # the orders are in, and must not fail for it
        log.exception("Counting a day failed")
        _put_off(turn.run, row, OUR_FAULT)
    return False


def _put_off(run: Slice, row: LedgerDay, problem: str, until: dt.datetime | None = None) -> None:
    tries = row.tries + 1 if problem else row.tries
    later = run.now() + (min(PAUSE * 2 ** min(tries, 10), LONGEST_PAUSE) if problem else PAUSE)
    with run.page():
        LedgerDay.objects.filter(pk=row.pk, wanted_at=row.wanted_at).update(
            problem=problem[:500], tries=tries, not_before=max(until or later, later)
        )


def _read(turn: Turn, taker: Taker, row: LedgerDay) -> bool:
    shown = unpacked(row.shown)
    if row.begun_at is None:
        row.begun_at = turn.run.now()
        _keep(turn.run, row, begun_at=row.begun_at)
    while not row.listed:
        if not _read_page(turn.run, taker, row, shown) or (turn.is_over() and not row.listed):
            return False
    return _ask_missing(turn, row, shown)


def _keep(run: Slice, row: LedgerDay, **columns: object) -> None:
    with run.page():
        LedgerDay.objects.filter(pk=row.pk, wanted_at=row.wanted_at).update(**columns)


# --- their list ------------------------------------------------------------------------------------------------------


def _read_page(run: Slice, taker: Taker, row: LedgerDay, shown: set[bytes]) -> bool:
    """One page of the store's list. False when the list has to be begun anew; what was shown stays shown."""
    old = row.token_at is None or run.now() - row.token_at > TOKEN_LASTS
    token = None if old or not row.token else row.token
    window = Window(created_from=row.starts_at, created_to=row.ends_at)
    try:
        page = run.ask(lambda connector: connector.orders(window, token, run.page_size))
    except Stale:
        if token is None:
            raise
        row.token = ""
        _keep(run, row, token="")
        return False
    known = _known(run, page.items)
    fresh = [raw for raw in page.items if raw.uid not in known]
    if soon := [raw for raw in fresh if _comes_by_itself(run, raw)]:
        taker.take(soon)
        known |= _known(run, soon)
    strange = [raw for raw in fresh if raw.uid not in known and _is_of(run, row, raw)]
    undated = [uid for uid, at in known.items() if at is None]
    of_day = [uid for uid, at in known.items() if at is None or row.starts_at <= at < row.ends_at]
    shown.update(mark_of(uid) for uid in [*of_day, *(raw.uid for raw in strange)])
    row.token, row.token_at, row.listed = page.next or "", run.now(), page.next is None
    with run.page() as done:
        if undated:  # nobody could read them; the store's list says on which day they were placed
            SeenOrder.objects.filter(store=run.store, uid__in=undated).update(placed_at=row.starts_at)
        note_gaps(row, LedgerGap.Kind.NOT_HERE, [(raw.uid, raw.number, "") for raw in strange], done.now)
        LedgerDay.objects.filter(pk=row.pk, wanted_at=row.wanted_at).update(
            token=row.token, token_at=row.token_at, listed=row.listed, shown=packed(shown), problem="", tries=0,
            not_before=None,
        )  # fmt: skip
    return True


def _known(run: Slice, raws: Sequence[RawOrder]) -> dict[str, dt.datetime | None]:
    """Those that were seen here, with when they were placed."""
    rows = SeenOrder.objects.filter(store=run.store, uid__in=[raw.uid for raw in raws])
    return dict(rows.values_list("uid", "placed_at"))


def _comes_by_itself(run: Slice, raw: RawOrder) -> bool:
    """It changed so lately that the next look at what changed shows it: placed, or announced, while we count."""
    water = run.flow.watermark
    return water is None or raw.changed_at >= water - OVERLAP


def _is_of(run: Slice, row: LedgerDay, raw: RawOrder) -> bool:
    """Whether it was placed on the day; one that cannot be read counts on the day that the store lists it under."""
    try:
        placed_at = run.connector.shape_order(raw).placed_at
    except Exception:  # said when it is taken in
        log.info("An order that is to be counted cannot be read")
        return True
    return row.starts_at <= placed_at < row.ends_at


# --- ours that they do not list --------------------------------------------------------------------------------------


def _missing(run: Slice, row: LedgerDay, shown: set[bytes]) -> list[str]:
    """Orders of the day that are here, were not listed, and were not found to be gone in this count."""
    gone = LedgerGap.objects.filter(
        store=run.store, day=row.day, kind=LedgerGap.Kind.NOT_THERE, confirmed_at__gte=row.begun_at
    )
    known = set(gone.values_list("uid", flat=True))
    return sorted(uid for uid in uids_of(row) if mark_of(uid) not in shown and uid not in known)


def _ask_missing(turn: Turn, row: LedgerDay, shown: set[bytes]) -> bool:
    """As few calls as that takes: a page by ids where the store can, then one by one. True when the day is counted."""
    run, unanswered = turn.run, set[str]()
    while missing := [uid for uid in _missing(run, row, shown) if uid not in unanswered]:
        if turn.is_over():
            return False  # the next slice goes on with what is left
        some = missing[: run.page_size]
        there = {raw.uid for raw in run.ask(lambda connector: connector.orders_of(some))}  # noqa: B023
        _note(run, row, shown, there, [])
        for uid in some:
            if uid not in there:
                _ask_one(run, row, shown, uid, unanswered)  # one at least, or a slow store would never get on
                if turn.is_over():
                    break
    return _finish(run, row, shown, len(unanswered))


def _ask_one(run: Slice, row: LedgerDay, shown: set[bytes], uid: str, unanswered: set[str]) -> None:
    try:
        run.ask(lambda connector: connector.order(uid))
    except NotFound:
        _note(run, row, shown, [], [uid])
    except (Busy, Refused):
        raise
    except SyncError:
        unanswered.add(uid)
        if len(unanswered) >= MOST_UNANSWERED:
            raise
    else:
        _note(run, row, shown, [uid], [])


def _note(run: Slice, row: LedgerDay, shown: set[bytes], there: Sequence[str] | set[str], gone: Sequence[str]) -> None:
    """What the store answered, kept at once: nothing is asked twice when we are killed here."""
    if not there and not gone:
        return
    shown.update(mark_of(uid) for uid in there)
    with run.page() as done:
        if gone:
            numbers = dict(SeenOrder.objects.filter(store=run.store, uid__in=gone).values_list("uid", "number"))
            why = no_question(run.store, gone)
            found = [(uid, numbers.get(uid, ""), why.get(uid, "")) for uid in gone]
            note_gaps(row, LedgerGap.Kind.NOT_THERE, found, done.now)
        LedgerDay.objects.filter(pk=row.pk, wanted_at=row.wanted_at).update(shown=packed(shown))


# --- the end ---------------------------------------------------------------------------------------------------------


def _finish(run: Slice, row: LedgerDay, shown: set[bytes], unanswered: int = 0) -> bool:
    assert row.begun_at
    with run.page() as done:
        close_agreed(row, row.begun_at, done.now)
        numbers = count_ours(row).columns() | gaps_of(row, row.begun_at)
        problem = UNANSWERED.format(number=f"{unanswered} order{'s' if unanswered > 1 else ''}") if unanswered else ""
        columns = FRESH | numbers | {
            "begun_at": row.begun_at, "in_store": len(shown), "counted_at": done.now, "recounted_at": done.now,
            "wanted_at": None, "problem": problem,
        }  # fmt: skip
        LedgerDay.objects.filter(pk=row.pk, wanted_at=row.wanted_at).update(**columns)
    return True
