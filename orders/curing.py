"""Curing a group of holds: its word gets its meaning, or a person lifts them; and taking that back.

A press is a row (`Cure`). Its orders follow in batches, each in its own transaction that first moves the row on: of two
who go on with it one does the work, and whoever is killed leaves a row that the next one finds. Taken back is what no
warehouse has acknowledged.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from fcp.insert import insert_rows, update_locked_rows
from fcp.models import Account, Store
from mappings.errors import MappingError
from mappings.history import meaning_words, names_in
from mappings.models import MappingChange, Word
from mappings.versions import undo_change

from .causes import open_holds_of
from .columns import EVENT_COLUMNS
from .decide import is_closed
from .errors import OrderError
from .holds import KINDS, HoldKind
from .models import Cure, Hold, Order, OrderEvent
from .release import offer_standing, withdraw
from .reserving import StockWrites
from .settle import BATCH, TAKEN, WORDS, claim, lift_mapped, settle
from .signals import cure_waits
from .stored_state import lock_orders, read_standing, refresh_states, requests_of, store_states

State = Cure.State
GOING_ON = (State.RUNNING, State.UNDOING)
KIND_OF: dict[type[Any], HoldKind] = {model: HoldKind(kind) for kind, model in WORDS.items()}
TOGETHER = 50  # words of one batch, at a time
QUIET = dt.timedelta(minutes=1)  # after that somebody else goes on
SHOWN, SHOWN_FOR = 3, dt.timedelta(days=1)


# --- a press ---------------------------------------------------------------------------------------------------------


def cure_word(
    row: Word, kind: HoldKind, give_meaning: Callable[[], str], *, by: str, now: dt.datetime
) -> tuple[str, Cure | None]:
    """Give the word its meaning, said in words; with the cure, if it got one and somebody waits for it.

    `give_meaning` notes its change with `by` and `now`. The nudge of the word lets the orders go.
    """
    changes = MappingChange.objects.filter(table=row._meta.model_name, row=row.pk).order_by("-id")
    with transaction.atomic():
        before = changes.values_list("pk", flat=True).first() or 0
        target = give_meaning()
        change = changes.filter(pk__gt=before, by=by[:120], at=now).first()
        waiting = open_holds_of(row.account, kind, str(row.pk)).count() if change else 0
        if change is None or not waiting:
            return target, None
        cure = Cure.objects.create(
            account_id=row.account_id, kind=kind.value, cause=str(row.pk), word=str(row)[:255], target=target[:120],
            change=change.pk, by=by[:120], at=now, touched_at=timezone.now(), total=waiting,
        )  # fmt: skip
    return target, cure


def cured(row: Any, give_meaning: Callable[[], str], *, by: str, now: dt.datetime) -> str:
    """The same for the pages of mappings, whatever they map; the target in words."""
    kind = KIND_OF.get(type(row))
    return cure_word(row, kind, give_meaning, by=by, now=now)[0] if kind else give_meaning()


def cure_many(
    account_id: int, model: type[Word], ids: Sequence[int], *, batch: str, by: str, now: dt.datetime
) -> None:  # fmt: skip
    """The same for words that a batch has just changed, in its transaction: a cure for each that orders wait for, at
    most TOGETHER, those that keep most orders waiting. The nudge of the words lets the orders go. A constant number of
    statements.
    """
    kind = KIND_OF.get(model)
    holds = Hold.objects.open().filter(account=account_id, kind=kind, cause__in=[str(pk) for pk in ids]).order_by()
    counted = holds.values_list("cause").annotate(n=Count("pk")).order_by("-n") if kind and ids else ()
    waiting = {int(cause): number for cause, number in counted[:TOGETHER]}
    if kind is None or not waiting:
        return
    changes = MappingChange.objects.filter(account=account_id, batch=batch, table=model._meta.model_name)
    changed = {change.row: change for change in changes.filter(row__in=list(waiting)).order_by("pk")}
    names = names_in([change.after for change in changed.values()])
    rows: Any = model._default_manager.in_bulk(changed)
    Cure.objects.bulk_create(
        Cure(
            account_id=account_id, kind=kind.value, cause=str(pk), word=str(rows[pk])[:255], target=target[:120],
            change=change.pk, by=by[:120], at=now, touched_at=timezone.now(), total=waiting[pk],
        )
        for pk, change in changed.items() if (target := meaning_words(change.after, names))
    )  # fmt: skip


def cure_by_hand(
    account: Account,
    kind: HoldKind,
    cause: str,
    *,
    by: str,
    now: dt.datetime,
    word: str = "",
    most: int | None = None,
    oldest: dt.datetime | None = None,
) -> Cure:
    """Lift the holds of a group, or `most` of them, those that wait longest. `oldest`: what the person saw, so that of
    two who press at once only one lets the oldest go. Nobody has gone on with it yet.
    """
    if not KINDS[kind].liftable:
        raise OrderError(f"This hold lifts itself once its cause is mended: {kind.label.lower()}.")
    with transaction.atomic():
        Account.objects.select_for_update(no_key=True).get(pk=account.pk)  # one press at a time
        holds = open_holds_of(account, kind, cause)
        first = holds.order_by("placed_at", "order_id").values_list("placed_at", flat=True).first()
        if first is None:
            raise OrderError("Nothing waits for this any more.")
        if most is not None and oldest is not None and first != oldest:
            raise OrderError("Somebody let the oldest go meanwhile. Look again, then press once more.")
        running = Cure.objects.for_account(account).filter(kind=kind.value, cause=cause, state__in=GOING_ON).first()
        if running:
            raise OrderError(f"{running.by} lets these go already.")
        newest = Hold.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        total = holds.count() if most is None else holds.order_by()[:most].count()
        return Cure.objects.create(
            account=account, kind=kind.value, cause=cause, word=word[:255], by=by[:120], at=now,
            touched_at=timezone.now(), total=total, most=most, last=newest,
        )  # fmt: skip


def undo(cure: Cure, *, by: str, now: dt.datetime) -> None:
    """Take it back, as far as no warehouse has acknowledged. Nobody has gone on with it yet.

    Raises OrderError where somebody did so before, or gave the word another meaning since.
    """
    with transaction.atomic():
        mine = Cure.objects.filter(pk=cure.pk, state__in=(State.RUNNING, State.DONE))
        taken = mine.update(
            state=State.UNDOING, total=F("done"), done=0, kept=0, last=0, touched_at=timezone.now(), undone_by=by[:120]
        )
        if not taken:
            raise OrderError("That was taken back already.")
        if cure.change is not None:
            try:
                undo_change(MappingChange.objects.get(account=cure.account_id, pk=cure.change), by, now)
            except MappingError as error:
                raise OrderError(str(error)) from error


def nudge(cure: Cure) -> None:
    """Let somebody go on with it in the background; the row is the promise."""
    transaction.on_commit(partial(cure_waits.send, Cure, cure_id=cure.pk), robust=True)


# --- going on --------------------------------------------------------------------------------------------------------


def unfinished(now: dt.datetime) -> list[int]:
    """Cures that nobody has gone on with for a minute."""
    quiet = Cure.objects.filter(state__in=GOING_ON, touched_at__lt=now - QUIET)
    return list(quiet.values_list("pk", flat=True)[:100])


def go_on(pk: int, *, seconds: float) -> bool:
    """Let its orders go, or take them back, for so long; False where the time was over first.

    Safe to call from several places at once: one works, the others have nothing to do.
    """
    ends = time.monotonic() + seconds
    cure = Cure.objects.filter(pk=pk, state__in=GOING_ON).first()
    if cure is None:
        return True
    if cure.state == State.UNDOING:
        return _take_back(cure, ends)
    if cure.change is None:
        return _lift(cure, ends)
    lift_mapped(cure.kind, int(cure.cause), now=timezone.now(), actor=cure.by, ends=ends)
    return not Cure.objects.filter(pk=pk, state=State.RUNNING).exists()


def _lift(cure: Cure, ends: float) -> bool:
    """The holds that wait longest first, of those that were there when it was pressed."""
    done = cure.done
    holds = open_holds_of(cure.account, HoldKind(cure.kind), cure.cause).filter(pk__lte=cure.last)
    mine = Cure.objects.filter(pk=cure.pk, state=State.RUNNING)
    while True:
        most = BATCH if cure.most is None else min(BATCH, cure.most - done)
        batch = dict(holds.order_by("placed_at", "order_id").values_list("pk", "order_id")[: max(most, 0)])
        if not batch:
            mine.filter(done=done).update(state=State.DONE, touched_at=timezone.now())
            return True
        if time.monotonic() >= ends:
            return False
        now = timezone.now()
        with transaction.atomic():
            if not mine.filter(done=done).update(done=done + len(batch), touched_at=now):
                return True  # somebody else goes on with it
            lifted = lift_holds(batch, kind=HoldKind(cure.kind), by=cure.by, now=now, cure=cure)
            mine.update(done=done + lifted)  # fewer where a person lifted one meanwhile
        done += lifted


def lift_holds(holds: dict[int, int], *, kind: HoldKind, by: str, now: dt.datetime, cure: Cure | None = None) -> int:
    """Lift these holds (id and order id) of a kind that a person may lift, and offer what nothing keeps any more; in
    the caller's transaction, a constant number of statements for each store. Returns how many were still there.
    """
    orders = lock_orders(set(holds.values()))
    rows = Hold.objects.open().filter(id__among=holds)
    there = list(rows.values_list("pk", "account_id", "order_id", "kind", "params"))
    rows.update(lifted_at=now, lifted_by=by, answered=KINDS[kind].answerable, cure=cure)
    _record("lifted", [row[1:] for row in there], by, now)
    standing = read_standing(orders)
    of_store: dict[int, list[Order]] = defaultdict(list)
    for order in orders:
        of_store[order.store_id].append(order)
    for store in Store.objects.filter(pk__in=of_store):
        offer_standing(store, of_store[store.pk], standing, now=now, actor=by)
    store_states(standing, now=now, by=by)
    return len(there)


def _record(
    code: str, holds: Sequence[tuple[int, int, str, Any]], actor: str, now: dt.datetime, **more: Any
) -> None:  # fmt: skip
    """An event for each hold: account, order, kind, params."""
    rows = [
        (account, order, now, actor, code, {"kind": kind, "word": params.get("word", ""), **more})
        for account, order, kind, params in holds
    ]
    insert_rows(OrderEvent, EVENT_COLUMNS, rows)


# --- taking back -----------------------------------------------------------------------------------------------------


def _take_back(cure: Cure, ends: float) -> bool:
    last = cure.last
    freed = Hold.objects.filter(cure=cure, lifted_at__isnull=False)
    back = _how_back(cure)
    while True:
        rest = freed.filter(order_id__gt=last).order_by("order_id").values_list("order_id", flat=True)
        ids = list(rest.distinct()[:BATCH])
        if not ids:
            Cure.objects.filter(pk=cure.pk, state=State.UNDOING, last=last).update(
                state=State.UNDONE, touched_at=timezone.now()
            )
            return True
        if time.monotonic() >= ends:
            return False
        with transaction.atomic():
            if not claim(cure, last, ids[-1]):
                return True  # somebody else goes on with it
            waiting, kept = back(cure, ids)
            Cure.objects.filter(pk=cure.pk).update(done=F("done") + waiting, kept=F("kept") + kept)
        last = ids[-1]


def _how_back(cure: Cure) -> Callable[[Cure, Collection[int]], tuple[int, int]]:
    if cure.change is not None:
        return _word_back
    return _asked_back if KINDS[HoldKind(cure.kind)].by_itself else _holds_back


def _word_back(cure: Cure, ids: Collection[int]) -> tuple[int, int]:
    """Settle them again under the meaning that the word has now: how many wait again, how many a warehouse has."""
    store = Store.objects.get(pk=WORDS[cure.kind].objects.values_list("store", flat=True).get(pk=int(cure.cause)))
    settle(store, ids, now=timezone.now(), actor=cure.undone_by, offering=True)
    return _waiting_again(cure, ids), len(_taken(ids))


def _asked_back(cure: Cure, ids: Collection[int]) -> tuple[int, int]:
    """What a person said of holds that place themselves is not said any more: settled again, an order waits if its
    cause is still there. One that a warehouse has is left as it is, also if it comes back, unless the hold asks for a
    decision about what is there.
    """
    now, by = timezone.now(), cure.undone_by
    orders = lock_orders(ids)
    taken = _taken(ids)
    freed = Hold.objects.filter(cure=cure, lifted_at__isnull=False, order_id__among=set(ids) - taken)
    freed.update(answered=False)
    asked = _place_again(cure, taken, by, now) if KINDS[HoldKind(cure.kind)].after_release else set()
    of_store: dict[int, list[int]] = defaultdict(list)
    for order in orders:
        of_store[order.store_id].append(order.pk)
    stock = StockWrites()
    for store in Store.objects.filter(pk__in=of_store).order_by("pk"):
        settle(store, of_store[store.pk], now=now, actor=by, stock=stock, offering=True)
    stock.write(actor=by, now=now)
    return _waiting_again(cure, ids), len(taken - asked)


def _waiting_again(cure: Cure, ids: Collection[int]) -> int:
    """How many of these settled orders wait for it again: as long as they waited."""
    since = dict(
        Hold.objects.filter(cure=cure, kind=cure.kind, cause=cure.cause, order_id__among=ids).values_list(
            "order_id", "placed_at"
        )
    )
    again = open_holds_of(cure.account, HoldKind(cure.kind), cure.cause).filter(order_id__among=ids)
    holds = list(again.values_list("pk", "order_id"))
    update_locked_rows(Hold, ("placed_at",), [(since[order], pk) for pk, order in holds if order in since])
    return len(holds)


def _holds_back(cure: Cure, ids: Collection[int]) -> tuple[int, int]:
    """Place the holds again as they were, and take back what was offered since."""
    now, by, kind = timezone.now(), cure.undone_by, HoldKind(cure.kind)
    orders = lock_orders(ids)
    taken = _taken(ids)
    asks = KINDS[kind].after_release  # it keeps nothing back: asked again, also where a warehouse has the order
    again = {
        order.pk
        for order in orders
        if asks or not (order.pk in taken or is_closed(order.status, order.payment, order.fulfillment))
    }
    _place_again(cure, again, by, now)
    if not asks:
        withdraw(again, now=now, actor=by)
    refresh_states(ids, now=now, by=by)
    return len(again), 0 if asks else len(taken)


def _place_again(cure: Cure, orders: set[int], by: str, now: dt.datetime) -> set[int]:
    """These orders have the holds again that it lifted, where they have none of the kind since."""
    there = open_holds_of(cure.account, HoldKind(cure.kind), cure.cause).filter(order_id__among=orders)
    rows = Hold.objects.filter(
        cure=cure, lifted_at__isnull=False, order_id__among=orders - set(there.values_list("order", flat=True))
    )
    holds = list(rows.values_list("account_id", "order_id", "kind", "params"))
    rows.update(lifted_at=None, lifted_by="", answered=False, cure=None)
    _record("held", holds, by, now, again=True)
    return orders


def _taken(ids: Collection[int]) -> set[int]:
    """Those that a warehouse has acknowledged."""
    return {pk for pk, requests in requests_of(ids).items() if any(one.state in TAKEN for one in requests)}


# --- what is shown ---------------------------------------------------------------------------------------------------


def last_cures(account: Account, now: dt.datetime, *, within: dt.timedelta = SHOWN_FOR, **of: str) -> list[Cure]:
    """Those that go on, and the last ones of a day, or of another time; `of`: one kind's, or one cause's."""
    cures: QuerySet[Cure] = Cure.objects.for_account(account).filter(**of)
    recent = Q(at__gt=now - within) | Q(state__in=GOING_ON)
    return list(cures.filter(recent).order_by("-id")[:SHOWN])
