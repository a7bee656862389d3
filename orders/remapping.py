"""A wrong mapping found late: what a change of a word would do to orders that it decided already, and doing it.

Before the change a person is asked (`question_of`); his answer is a row (`Remapping`), written with the change in one
transaction. Its orders are gone through in batches: those that nobody took are translated again, the warehouses that
have one are asked to follow. Each batch moves the row's position in its own transaction, so whoever goes on after a
crash begins where it ended, and what becomes of an order is decided anew once it is locked.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from fcp.models import Store
from mappings.models import Listing, Location, MappingChange, ShipMethod, Word
from mappings.versions import Meaning, meaning_of_row

from .asking import ask_for_change, stop_orders
from .change_holds import place_holds
from .change_words import PRODUCT, SHIP_CODE, WAREHOUSE
from .holds import HoldKind
from .models import Remapping
from .settle import MAPPED_TOO, WORDS, settle
from .signals import orders_to_remap
from .state import State
from .stored_state import lock_orders
from .using import CODE, GONE, UNRELEASED, WITH_WAREHOUSE, Becomes, Shift, becomes, decided, questions_about, shift_to

BATCH = 200
COUNTED = 1000  # orders of each kind that are counted before a change; beyond it says 999+
KIND_OF: dict[type[Word], str] = {model: kind for kind, model in WORDS.items()}
WHAT: dict[type[Word], str] = {ShipMethod: SHIP_CODE, Listing: PRODUCT, Location: WAREHOUSE}


# --- before ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """How many orders a change concerns, by what can become of them; a number beyond COUNTED is not exact."""

    shift: Shift
    counts: Mapping[Becomes, int] = field(default_factory=dict)

    @property
    def again(self) -> int:
        return self.counts.get(Becomes.AGAIN, 0)

    @property
    def ask(self) -> int:
        """At a warehouse, which can be asked to follow."""
        return self.counts.get(Becomes.CHANGE, 0) + self.counts.get(Becomes.STOP, 0)

    @property
    def stops(self) -> bool:
        """It is asked to stop, since this cannot change in its hands."""
        return bool(self.counts.get(Becomes.STOP))

    @property
    def begun(self) -> int:
        return self.counts.get(Becomes.BEGUN, 0)

    @property
    def gone(self) -> int:
        return self.counts.get(Becomes.GONE, 0)

    @property
    def asks(self) -> bool:
        """Whether a person has to decide anything: what nobody took follows without being asked about."""
        return bool(self.ask or self.begun or self.gone)


def question_of(row: Word, after: Mapping[str, Any], now: dt.datetime) -> Question:
    """What the change to this meaning would do. A word that meant nothing asks nothing: its orders waited for it."""
    shift = shift_to(row, after, now)
    before = meaning_of_row(row)
    first = next(iter(shift.after))
    if not before[first] or {name: before[name] for name in shift.after} == shift.after:
        return Question(shift)
    counts: Counter[Becomes] = Counter()
    for states in (UNRELEASED, WITH_WAREHOUSE, GONE):
        rows = decided(shift, states, most=COUNTED)
        counts.update(fate for _, fate in fates_of(shift, rows).items())
    return Question(shift, counts)


def fates_of(shift: Shift, rows: Any) -> dict[int, Becomes]:
    """What becomes of each order; of one with several lines what the most of them asks for."""
    fates: dict[int, Becomes] = {}
    for one in rows:
        fate = becomes(one, shift.kind, shift.means)
        if fates.get(one.pk, Becomes.STAYS) is Becomes.STAYS:
            fates[one.pk] = fate
    return fates


# --- the answer ------------------------------------------------------------------------------------------------------


def begin(
    row: Word, before: Meaning, *, again: bool, ask: bool, by: str, now: dt.datetime,
    change: MappingChange | None = None,
) -> Remapping | None:  # fmt: skip
    """Note what a person decided, in the transaction that gave the (refreshed) row another meaning than `before`.

    `change`: the one he decided about, where that was made before (`remapping_many`).
    """
    if change is None:
        change = MappingChange.objects.filter(table=row._meta.model_name, row=row.pk, version=row.version).first()
    if change is None:
        return None
    shift = shift_to(row, meaning_of_row(row), now)
    states = (*(UNRELEASED if again else ()), *(WITH_WAREHOUSE if ask else ()))
    found = Remapping.objects.create(
        account_id=row.account_id, store_id=row.store_id, kind=KIND_OF[type(row)], row=row.pk, word=str(row)[:255],
        version=row.version, change=change.pk, before={name: before[name] for name in shift.after}, after=shift.after,
        again=again, ask=ask, by=by[:120], at=now, touched_at=now, state=Remapping.State.AGAIN,
        total=len({one.pk for one in decided(shift, states)}),
    )  # fmt: skip
    transaction.on_commit(lambda: orders_to_remap.send(Remapping, remapping_id=found.pk), robust=True)
    return found


def unfinished(now: dt.datetime) -> list[int]:
    """Those that nobody has gone on with for a minute."""
    quiet = Remapping.objects.exclude(state=Remapping.State.DONE).filter(touched_at__lt=now - dt.timedelta(minutes=1))
    return list(quiet.values_list("pk", flat=True)[:100])


# --- the deed --------------------------------------------------------------------------------------------------------


def go_on(pk: int, *, seconds: float) -> bool:
    """Go through its orders for so long; False where the time was over first. Safe to call from several places at once:
    one works, the others have nothing to do.
    """
    ends = time.monotonic() + seconds
    while True:
        found = Remapping.objects.filter(pk=pk).exclude(state=Remapping.State.DONE).first()
        if found is None:
            return True
        row: Any = WORDS[found.kind]._default_manager.get(pk=found.row)
        shift = shift_to(row, meaning_of_row(row), timezone.now())
        if row.version != found.version and shift.after != found.after:  # a later change speaks for its orders
            _move(found, Remapping.State.DONE, found.last, {})
            return True
        if not _step(found, shift):
            return True
        if time.monotonic() >= ends:
            return False


PHASES = {
    Remapping.State.AGAIN: (UNRELEASED, Remapping.State.ASKING),
    Remapping.State.ASKING: (WITH_WAREHOUSE, Remapping.State.DONE),
}


def _step(found: Remapping, shift: Shift) -> bool:
    """One batch, or on to the next phase; False where somebody else took it."""
    states, then = PHASES[Remapping.State(found.state)]
    wanted = found.again if found.state == Remapping.State.AGAIN else found.ask
    rows = decided(shift, states, after=found.last, most=BATCH) if wanted else iter(())
    ids = sorted({one.pk for one in rows})
    if not ids:
        return _move(found, then, 0, {})
    return _deal_with(found, shift, states, ids)


def _deal_with(found: Remapping, shift: Shift, states: Sequence[State], ids: Sequence[int]) -> bool:
    now = timezone.now()
    with transaction.atomic():
        if not _move(found, Remapping.State(found.state), ids[-1], {}):
            return False
        lock_orders(ids)
        store = Store.objects.get(pk=found.store_id)
        fates = fates_of(shift, decided(shift, states, among=ids))
        by_fate: dict[Becomes, list[int]] = {}
        for pk, fate in sorted(fates.items()):
            by_fate.setdefault(fate, []).append(pk)
        counts = _act(store, shift, by_fate, by=found.by, now=now)
        _count(found, counts)
    return True


def _act(
    store: Store, shift: Shift, by_fate: Mapping[Becomes, list[int]], *, by: str, now: dt.datetime
) -> dict[str, int]:  # fmt: skip
    """Do with (locked) orders what becomes of them; how many of each."""
    counts = {fate.value: len(ids) for fate, ids in by_fate.items()}
    if again := by_fate.get(Becomes.AGAIN):
        settle(store, again, now=now, actor=by, offering=True)
    if change := by_fate.get(Becomes.CHANGE):
        values = {
            "ship_code": shift.after["target"], "carrier": shift.after["target_carrier"],
            "service": shift.after["target_service"],
        }  # fmt: skip
        asked = ask_for_change(store, dict.fromkeys(change, values), now=now, actor=by)
        _ask_a_person(store, asked, shift, by, now)
        counts[Becomes.CHANGE] = len(asked)
    if stop := by_fate.get(Becomes.STOP):
        _ask_a_person(store, set(stop), shift, by, now)  # with it, a warehouse that stopped gives it back as it is then
        counts[Becomes.STOP] = len(stop_orders(stop, by=by, now=now))
    return counts


def _ask_a_person(store: Store, orders: set[int], shift: Shift, by: str, now: dt.datetime) -> None:
    """Until the warehouse has answered, and if it cannot follow, the order is listed as one to decide about."""
    word = WHAT[shift.kind]
    holds = [(pk, HoldKind.CHANGED_AFTER_RELEASE, word) for pk in sorted(orders)]
    place_holds(store, holds, {}, now, actor=by)


# --- questions that are open already ---------------------------------------------------------------------------------


def renew_questions(row: Word, now: dt.datetime, actor: str) -> None:
    """A shipping option got another meaning while warehouses are asked to use the one before: they are asked for the
    newest, or nothing any more.
    """
    last = 0
    while isinstance(row, ShipMethod):
        asked = questions_about([row.pk]).filter(order_id__gt=last).order_by("order_id")
        ids = list(asked.values_list("order_id", flat=True).distinct()[:BATCH])
        if not ids:
            return
        last = ids[-1]
        with transaction.atomic():
            lock_orders(ids)
            fresh = ShipMethod.objects.select_for_update(no_key=True).select_related("store").get(pk=row.pk)
            shown = {one.order_id: one.snapshot for one in questions_about([row.pk]).filter(order_id__in=ids)}
            values = (fresh.target, fresh.target_carrier, fresh.target_service)
            wanted = {
                pk: dict(zip(CODE, values, strict=True)) if fresh.target else {name: of[name] for name in CODE}
                for pk, of in shown.items()
            }
            ask_for_change(fresh.store, wanted, now=now, actor=actor)


MAPPED_TOO.append(renew_questions)


def _move(found: Remapping, state: Remapping.State, last: int, counts: Mapping[str, int]) -> bool:
    mine = Remapping.objects.filter(pk=found.pk, state=found.state, last=found.last)
    return bool(mine.update(state=state, last=last, touched_at=timezone.now()))


def _count(found: Remapping, counts: Mapping[str, int]) -> None:
    """Within the transaction that moved the position, which keeps everybody else off the row."""
    known = Counter(Remapping.objects.values_list("counts", flat=True).get(pk=found.pk))
    known.update(counts)
    Remapping.objects.filter(pk=found.pk).update(counts=dict(known))
