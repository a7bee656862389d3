"""Orders coming in: everything that changed in a store, page by page, decided and stored by `orders.intake`.

What is told by webhook is read first (`hints`), then whatever changed since the watermark, then what a date that
moved back asks for besides, then orders that the settings of today let in, then records that failed before. All of it
takes the same path, and every position is stored in the transaction of its page: a crash repeats, and never skips. At
the end comes what the store deleted, and a piece of what is counted for the ledger.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial

from fcp.errors import SyncError
from integrations import migrating
from integrations.flows.deleted import read_deleted
from integrations.flows.hints import read_announced
from integrations.flows.ledger import count_days
from integrations.flows.singly import Singly, set_aside
from integrations.flows.taking import KIND, Taker, mend
from integrations.flows.windows import read_backfill, read_window
from integrations.models import FailedRecord
from integrations.runs import Page, Slice
from orders.decide import Facts, import_decision
from orders.left_out import leave_out
from orders.models import SeenOrder
from orders.models.orders import Outcome

BATCH = 500
MOST_SINGLY = 100  # more than this are read by pages


def pull(run: Slice) -> bool:
    """True when the slice is over and there is more to do."""
    if migrating.look(run):
        return True
    taker, singly = Taker(run), Singly(run)
    unanswered: dict[str, SyncError] = {}
    if read_announced(run, taker, singly, unanswered):
        return True
    # The store does answer, so what it would not say of these orders is about them.
    set_aside(run, unanswered)
    if unanswered and singly.given_up:
        return True  # to what was announced behind them
    if read_backfill(run, taker) or redecide(run, taker, singly) or retry_failed(run, taker, singly):
        return True
    read_deleted(run)
    count_days(run, taker)
    return False


# --- what a change of settings lets in -----------------------------------------------------------------------------


def redecide(run: Slice, taker: Taker, singly: Singly) -> bool:
    """Decide again about orders that were left out under older settings, and read those that now come in."""
    if "reread" in run.flow.position and read_window(run, taker, "reread", run.flow.position["reread"], {}):
        return True
    while True:
        older = SeenOrder.objects.filter(store=run.store, settings_version__lt=run.rules.version)
        rows = list(older.exclude(outcome=Outcome.IMPORTED).order_by("settings_version", "pk")[:BATCH])
        if not rows:
            return False
        wanted = _decide(run, rows)
        version = run.rules.version
        if len(wanted) > MOST_SINGLY and run.flow.position.get("reread_for") != version:
            placed = [Facts.from_json(row.facts).placed_at for row in wanted]
            place = {"from": min(placed).isoformat(), "to": (max(placed) + dt.timedelta(seconds=1)).isoformat()}
            with run.page() as page:
                page.move(position={**run.flow.position, "reread": place, "reread_for": version})
            if read_window(run, taker, "reread", place, {}):
                return True
            continue
        for start in range(0, len(wanted), singly.size):
            some = wanted[start : start + singly.size]
            asked = singly.read([row.uid for row in some], it_answers=True)
            ids = [row.pk for row in some if row.uid not in asked.left]

            # Those the store no longer has, or would not give, are decided as well.
            taker.take(asked.raws, finish=partial(_decided, ids, version))
            set_aside(run, asked.problems)
            if asked.left or run.over:
                return True


def _decided(ids: Sequence[int], version: int, page: Page) -> None:
    SeenOrder.objects.filter(pk__in=ids, settings_version__lt=version).update(settings_version=version)


def _decide(run: Slice, rows: Sequence[SeenOrder]) -> list[SeenOrder]:
    """The ones that come in now; the others are marked as decided under today's settings."""
    wanted: list[SeenOrder] = []
    left_out: list[tuple[SeenOrder, Sequence[str]]] = []
    version = run.rules.version
    for row in rows:
        if not row.facts:  # it failed before it could be read; tried again as a failed record
            left_out.append((row, row.reasons))
            continue
        decision = import_decision(Facts.from_json(row.facts), run.rules.imports, run.now())
        if decision.imported:
            wanted.append(row)
        else:
            left_out.append((row, decision.reasons))
    if left_out:
        with run.page() as page:
            leave_out(run.store, left_out, version, page.now)
    return wanted


# --- what failed before --------------------------------------------------------------------------------------------


def retry_failed(run: Slice, taker: Taker, singly: Singly) -> bool:
    """Read records that failed once more, when their time has come."""
    records = FailedRecord.objects.filter(store=run.store, kind=KIND, mended_at=None, not_before__lte=run.now())
    keys = list(records.order_by("not_before").values_list("key", flat=True)[: singly.size])
    if not keys:
        return False
    raws, problems, left = singly.read(keys, it_answers=True)
    gone = set(keys) - {raw.uid for raw in raws} - problems.keys() - left

    taker.take(raws, finish=lambda page: mend(run, gone, page.now), again=True)
    set_aside(run, problems)
    return bool(left) or len(keys) == singly.size
