"""The ledger: what became of every order of a day, in the store and here. What is asked for, our side, the differences.

The store is asked by `integrations.flows.ledger`; what it shows and we do not have, or the other way round, is a
`LedgerGap`, open until both sides agree or a person says that it is right.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from fcp.models import AuditEntry, Store
from integrations.auditing import audit
from integrations.connectors.declaring import FlowKind
from integrations.deliveries import DELETED
from integrations.errors import IntegrationError
from integrations.lease import ring
from integrations.ledger_sums import LONGEST, Ours, days_between, hours_of, not_adding_up, ours
from integrations.models import FailedRecord, Flow, Hint, Integration, LedgerDay, LedgerGap
from integrations.where import want_read
from orders.models import Order, SeenOrder
from orders.models.orders import Outcome
from orders.state import State

Kind = LedgerGap.Kind

# A day is counted so long after its midnight, spread by the flow's own jitter, so that no herd forms.
FIRST, SPREAD = dt.timedelta(minutes=30), dt.timedelta(hours=4)
BACK = 14  # days that are caught up with, and whose open orders are counted again
RECOUNTED = dt.timedelta(hours=1)
BATCH = 500

GONE_KNOWN = "It is canceled here already."
LEFT_OUT = "It never came in, so nothing of it would ship."
DEPARTED = "It has left the warehouse, so there is nothing to stop."
NOT_FOUND = "The store says that it has no such order any more."
AGREED = "Both sides agree again."


class LedgerError(IntegrationError):
    """Why days cannot be counted, as a sentence."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, "ledger")


# --- which days are counted ------------------------------------------------------------------------------------------


def reads_from(flow: Flow) -> dt.datetime | None:
    """From when on every order of the store is looked at; None before the first read is done."""
    return flow.covered_from if flow.last_ok_at else None


def want(
    integration: Integration, flow: Flow, days: Iterable[dt.date], *, now: dt.datetime, by: str = ""
) -> list[dt.date]:
    """Have these days counted (again); those that end before orders are read, or have not begun, are left out."""
    begins = reads_from(flow)
    if begins is None:
        return []
    wanted = []
    for day in days:
        start, end = hours_of(day, integration.account.zone)
        if end <= begins or start > now:
            continue
        # Also a day that is being counted begins anew: who asks wants to know how it is now.
        LedgerDay.objects.update_or_create(
            store=integration.store,
            day=day,
            defaults={
                "account": integration.account, "starts_at": max(start, begins), "ends_at": end, "wanted_at": now,
                "wanted_by": by[:120], **FRESH,
            },
        )  # fmt: skip
        wanted.append(day)
    return wanted


FRESH: dict[str, Any] = {
    "begun_at": None, "token": "", "token_at": None, "listed": False, "shown": None, "tries": 0, "not_before": None,
}  # fmt: skip


def recent_days(integration: Integration, now: dt.datetime) -> list[LedgerDay]:
    today = now.astimezone(integration.account.zone).date()
    rows = LedgerDay.objects.filter(store=integration.store_id, day__gte=today - dt.timedelta(days=BACK))
    return list(rows.defer("shown", "token"))


def days_to_want(integration: Integration, flow: Flow, recent: Iterable[LedgerDay], now: dt.datetime) -> list[dt.date]:
    """The days that are over and not counted yet: yesterday, and what was missed while nothing ran.

    It begins with the day on which the store was connected; a person may ask for earlier ones.
    """
    zone, begins = integration.account.zone, reads_from(flow)
    last = now.astimezone(zone).date() - dt.timedelta(days=1)
    if begins is None or now < hours_of(last, zone)[1] + FIRST + SPREAD * ((flow.jitter + 50) / 100):
        return []
    first = max(integration.created_at.astimezone(zone).date(), last - dt.timedelta(days=BACK - 1))
    # One that a person had counted before it was over does not count as counted.
    known = {row.day for row in recent if row.wanted_at or (row.counted_at and row.counted_at >= row.ends_at)}
    days = days_between(first, last)
    return [day for day in days if day not in known and hours_of(day, zone)[1] > begins]


def ask_for(integration: Integration, first: dt.date, last: dt.date, *, by: str, now: dt.datetime) -> list[dt.date]:
    """A person wants these days counted now. Raises LedgerError with what to do instead."""
    flow = Flow.objects.filter(integration=integration, kind=FlowKind.ORDERS).on().first()
    if flow is None:
        raise LedgerError(f"Orders of {integration.nickname} are switched off, so its store cannot be asked.")
    begins = reads_from(flow)
    if begins is None:
        raise LedgerError(f"The orders of {integration.nickname} have not been read yet. Count once they are.")
    if last < first:
        raise LedgerError("The last day lies before the first one.")
    if (last - first).days >= LONGEST:
        raise LedgerError(f"At most {LONGEST} days at once.")
    with transaction.atomic():
        wanted = want(integration, flow, days_between(first, last), now=now, by=by)
        if not wanted:
            day = f"{begins.astimezone(integration.account.zone):%-d %b %Y}"
            raise LedgerError(f"Orders of {integration.nickname} are read from {day} on; ask for days since then.")
        audit(integration, "ledger_asked", by, now, **{"from": first.isoformat(), "to": last.isoformat()})
        transaction.on_commit(partial(ring, [flow.pk], now, trigger="schedule"), robust=True)
    return wanted


# --- our side --------------------------------------------------------------------------------------------------------


def imported_of(store: Store, starts_at: dt.datetime, ends_at: dt.datetime) -> QuerySet[Order]:
    """Naming every state lets the index by store and state answer: a few short walks."""
    rows = Order.objects.filter(account=store.account_id, store=store, placed_at__gte=starts_at, placed_at__lt=ends_at)
    return rows.filter(state__in=[state.value for state in State]).order_by()


def left_out_of(store: Store, starts_at: dt.datetime, ends_at: dt.datetime) -> QuerySet[SeenOrder]:
    rows = SeenOrder.objects.filter(store=store, placed_at__gte=starts_at, placed_at__lt=ends_at)
    return rows.exclude(outcome=Outcome.IMPORTED).order_by()


def count_ours(row: LedgerDay) -> Ours:
    """Two statements, whatever happened that day."""
    states = imported_of(row.store, row.starts_at, row.ends_at).values_list("state").annotate(number=Count("pk"))
    left_out = left_out_of(row.store, row.starts_at, row.ends_at).values_list("outcome", "reasons")
    return ours(dict(states), left_out)


def uids_of(row: LedgerDay) -> set[str]:
    """Every order of the day that was seen here."""
    imported = imported_of(row.store, row.starts_at, row.ends_at).values_list("uid", flat=True)
    return {*imported, *left_out_of(row.store, row.starts_at, row.ends_at).values_list("uid", flat=True)}


def gaps_of(row: LedgerDay, since: dt.datetime) -> dict[str, int]:
    """How many differences of each kind are still true of the day, of those that were found since then."""
    rows = LedgerGap.objects.filter(store=row.store_id, day=row.day, confirmed_at__gte=since).order_by()
    not_here = _unseen(rows.filter(kind=Kind.NOT_HERE)).count()
    return {"not_here": not_here, "not_there": rows.filter(kind=Kind.NOT_THERE).count()}


def _unseen(gaps: QuerySet[LedgerGap]) -> QuerySet[LedgerGap]:
    return gaps.exclude(Exists(_seen()))


def _seen() -> QuerySet[SeenOrder]:
    return SeenOrder.objects.filter(store=OuterRef("store"), uid=OuterRef("uid"))


def recount(row: LedgerDay, now: dt.datetime) -> None:
    """Our side of a day that the store was asked for, as it stands now. In a transaction.

    Where both sides no longer agree, because an order of that day came in later, the store is asked once more.
    """
    found = count_ours(row).columns() | gaps_of(row, row.begun_at or row.counted_at or now)
    changed = found["seen"] != row.seen
    for name, value in found.items():
        setattr(row, name, value)
    if changed and row.wanted_at is None and not_adding_up(row):
        found |= {"wanted_at": now, "wanted_by": "", **FRESH}
    LedgerDay.objects.filter(pk=row.pk, counted_at=row.counted_at).update(**found, recounted_at=now)


def is_to_recount(row: LedgerDay, now: dt.datetime) -> bool:
    """Once an hour, while something of the day may still become something else."""
    if row.wanted_at or row.counted_at is None or (row.recounted_at and row.recounted_at > now - RECOUNTED):
        return False
    return bool(row.waiting or row.at_warehouse or row.shipped or row.skipped or row.failed or row.not_here)


# --- differences -----------------------------------------------------------------------------------------------------


def open_gaps(store: Store) -> QuerySet[LedgerGap]:
    return LedgerGap.objects.filter(account=store.account_id, store=store, closed_at=None)


def open_by_day(days: Sequence[LedgerDay]) -> dict[tuple[int, dt.date, str], int]:
    """How many differences of each of these days (store, day, kind) nobody has answered; one statement."""
    if not days:
        return {}
    gaps = LedgerGap.objects.filter(
        account__in={row.account_id for row in days},
        store__in={row.store_id for row in days},
        day__in={row.day for row in days},
        closed_at=None,
    )
    counted = gaps.order_by().values_list("store", "day", "kind").annotate(number=Count("pk"))
    return {(store, day, kind): number for store, day, kind, number in counted}


def with_open_gaps(days: QuerySet[LedgerDay]) -> QuerySet[LedgerDay]:
    """Those of these days that have a difference which nobody has answered."""
    return days.filter(Exists(LedgerGap.objects.filter(store=OuterRef("store"), day=OuterRef("day"), closed_at=None)))


def note_gaps(row: LedgerDay, kind: LedgerGap.Kind, found: Sequence[tuple[str, str, str]], now: dt.datetime) -> None:
    """Keep what only one side shows: (uid, number, why it is no question). In a transaction; twice is as once.

    One that a person called right stays closed; one that had closed by itself is open again.
    """
    by_uid = {uid[:100]: (number, why) for uid, number, why in found}
    known = LedgerGap.objects.filter(store=row.store_id, kind=kind, uid__in=by_uid)
    again = known.filter(closed_by="").exclude(closed_at=None)
    asks = [uid for uid, (_, why) in by_uid.items() if not why]
    again.filter(uid__in=asks).update(closed_at=None, note="", found_at=now, asked_at=None)
    here = set(known.values_list("uid", flat=True))
    for why in {why for _, why in by_uid.values()} - {""}:
        answered = [uid for uid, (_, its) in by_uid.items() if its == why]
        known.filter(uid__in=answered, closed_at=None).update(closed_at=now, note=why)
    known.update(confirmed_at=now, day=row.day)
    LedgerGap.objects.bulk_create(
        [
            LedgerGap(
                account_id=row.account_id, store_id=row.store_id, day=row.day, kind=kind, uid=uid, number=number[:60],
                found_at=now, confirmed_at=now, closed_at=now if why else None, note=why,
            )
            for uid, (number, why) in by_uid.items()
            if uid not in here
        ],
        batch_size=BATCH,
        ignore_conflicts=True,
    )  # fmt: skip


def settle_gaps(store: Store, now: dt.datetime) -> set[dt.date]:
    """Close what is a difference no longer: seen here meanwhile, or answered by the store when a person had it asked.

    In a transaction. Returns the days that it is about; those of which the store said something new are wanted again.
    """
    waiting = open_gaps(store)
    if not waiting.exists():
        return set()
    here, not_there = waiting.filter(kind=Kind.NOT_HERE), _answered(waiting.filter(kind=Kind.NOT_THERE))
    order = Order.objects.filter(store=OuterRef("store"), uid=OuterRef("uid"))
    seen = _close(here.filter(Exists(_seen())), "", now)
    again = _close(_answered(here), NOT_FOUND, now)
    again |= _close(not_there.exclude(Exists(order)), LEFT_OUT, now)
    again |= _close(not_there.filter(Exists(order.filter(CANCELED))), GONE_KNOWN, now)
    again |= _close(not_there.filter(Exists(order.filter(state__in=LEFT))), DEPARTED, now)
    again |= _close(not_there, AGREED, now)
    LedgerDay.objects.filter(store=store, day__in=again, wanted_at=None).update(wanted_at=now, wanted_by="", **FRESH)
    return seen | again


CANCELED = Q(canceled_at__isnull=False) | Q(state=State.CANCELED.value)
LEFT = [State.PARTLY_SHIPPED.value, State.SHIPPED.value, State.CONFIRMED.value]


def _answered(gaps: QuerySet[LedgerGap]) -> QuerySet[LedgerGap]:
    """The store was asked for these, and there is nothing left to wait for."""
    hints = Hint.objects.filter(store=OuterRef("store"), object_uid=OuterRef("uid"), done_at=None)
    failed = FailedRecord.objects.filter(store=OuterRef("store"), kind="order", key=OuterRef("uid"), mended_at=None)
    return gaps.filter(asked_at__isnull=False).exclude(Exists(hints)).exclude(Exists(failed))


def _close(gaps: QuerySet[LedgerGap], why: str, now: dt.datetime) -> set[dt.date]:
    found = list(gaps.values_list("pk", "day"))
    LedgerGap.objects.filter(pk__in=[pk for pk, _ in found]).update(closed_at=now, note=why)
    return {day for _, day in found}


def close_agreed(row: LedgerDay, since: dt.datetime, now: dt.datetime) -> None:
    """Differences of the day that a whole count since then did not find again."""
    old = open_gaps(row.store).filter(day=row.day, confirmed_at__lt=since)
    old.filter(kind=Kind.NOT_HERE).exclude(Exists(_seen())).update(closed_at=now, note=NOT_FOUND)
    old.update(closed_at=now, note=AGREED)


def no_question(store: Store, uids: Collection[str]) -> dict[str, str]:
    """Of orders that the store has no more: why nobody has to be asked about some of them."""
    here = Order.objects.filter(store=store, uid__in=uids)
    imported = set(here.values_list("uid", flat=True))
    why = dict.fromkeys(set(uids) - imported, LEFT_OUT)
    canceled = here.filter(CANCELED)
    return why | dict.fromkeys(canceled.values_list("uid", flat=True), GONE_KNOWN)


def bring_in(integration: Integration, gaps: Sequence[LedgerGap], *, by: str, now: dt.datetime) -> int:
    """Have these orders read from the store, by the way of a webhook; how many.

    One that the store no longer shows is asked for once more: found, it is followed as before; gone, it is treated
    as canceled there.
    """
    with transaction.atomic():
        mine = LedgerGap.objects.filter(id__among={gap.pk for gap in gaps}, store=integration.store_id, closed_at=None)
        uids: dict[str, list[str]] = {kind: [] for kind in Kind}
        for kind, uid in mine.order_by("pk").values_list("kind", "uid"):
            uids[kind].append(uid)
        mine.update(asked_at=now)
        want_read(integration.store, uids[Kind.NOT_HERE], now)
        Hint.objects.bulk_create(
            [
                Hint(
                    store=integration.store, event_id=f"ledger-{now.timestamp():.6f}-{uid}"[:100], kind=DELETED,
                    object_uid=uid, received_at=now,
                )
                for uid in uids[Kind.NOT_THERE]
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        count = sum(map(len, uids.values()))
        audit(integration, "ledger_brought_in", by, now, count=count)
        flows = Flow.objects.filter(integration=integration, kind=FlowKind.ORDERS).values_list("pk", flat=True)
        transaction.on_commit(partial(ring, list(flows), now, trigger="person", by=by[:120]), robust=True)
    return count


def call_right(store: Store, gaps: Sequence[LedgerGap], note: str, *, by: str, now: dt.datetime) -> int:
    """A person says that the difference is as it should be. How many are closed by that."""
    with transaction.atomic():
        mine = open_gaps(store).filter(id__among={gap.pk for gap in gaps})
        days = sorted({day.isoformat() for day in mine.values_list("day", flat=True)})
        closed = mine.update(closed_at=now, closed_by=by[:120], note=note.replace("\x00", "")[:200])
        if closed:
            AuditEntry.objects.create(
                account_id=store.account_id, at=now, actor=by[:120], code="ledger_called_right",
                params={"store": store.name, "count": closed, "days": days[:LONGEST], "note": note[:200]},
            )  # fmt: skip
    return closed
