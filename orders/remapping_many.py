"""Several words changed at once, by one press or one file: the question of `remapping` for all of them together.

Such a change does not wait for a person. What nobody took is translated again, what a warehouse has and what left stays
as it is, until somebody answers here. The batch is looked through by pages of words, a constant number of statements
each. A word that somebody changed since is left out: that change asks for itself.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from fcp.keyset import up_to
from fcp.models import Account
from mappings.models import Listing, Location, MappingChange, ShipMethod, Word
from mappings.versions import changes_of_rows, meaning_of_row, versions_by

from .models import Order, OrderLine, Remapping
from .remapping import COUNTED, KIND_OF, begin, fates_of
from .settle import WORDS
from .state import State
from .using import DECIDES, GONE, UNRELEASED, WITH_WAREHOUSE, Becomes, Decided, Shift, decided_by_each, shift_from

WORDS_AT_ONCE = 200
PLACES_AT_ONCE = 20  # locations, each of which costs statements of its own
LOCKED_AT_ONCE = 25
MODELS: dict[str, type[Word]] = {str(model._meta.model_name): model for model in WORDS.values()}
ASKED = (Becomes.CHANGE, Becomes.STOP)


# --- the words of a batch ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changed:
    """A word that means what the batch's change made it mean, and the versions under which it meant something else."""

    row: Any
    change: MappingChange
    shift: Shift


@dataclass(slots=True)
class Words:
    """A page of them, by the order of their changes; `since`: changes of words that somebody changed again, which are
    left out. `after`: behind which change the next page begins, 0 where this is the last.
    """

    found: list[Changed] = field(default_factory=list)
    since: list[MappingChange] = field(default_factory=list)
    after: int = 0


def model_of(account: Account, batch: str) -> type[Word] | None:
    """Which kind of word it changed; None where it decides no orders, or there is no such batch."""
    table = _changes(account, batch).order_by("pk").values_list("table", flat=True).first()
    return MODELS.get(table or "")


def _changes(account: Account, batch: str) -> QuerySet[MappingChange]:
    return MappingChange.objects.for_account(account).filter(batch=batch).exclude(batch="")


def words_of(
    account: Account, batch: str, states: Sequence[State], now: dt.datetime, *, after: int = 0, unanswered: bool = False
) -> Words:
    """Words that meant something before the batch, and that decided orders in these states by an older meaning."""
    model = model_of(account, batch)
    if model is None:
        return Words()
    changes = changes_of(account, batch, model, states).filter(pk__gt=after)
    if unanswered:
        changes = changes.exclude(_answers(account, model))
    most = PLACES_AT_ONCE if model is Location else WORDS_AT_ONCE
    some = list(changes.order_by("pk")[: most + 1])
    words = in_force(account, model, some[:most], now)
    words.after = some[most - 1].pk if len(some) > most else 0
    return words


def changes_of(account: Account, batch: str, model: type[Word], states: Sequence[State]) -> QuerySet[MappingChange]:
    """The batch's changes of such words, whatever became of them since."""
    return _that_meant(model, _changes(account, batch)).filter(_decided_any(model, states))


def _that_meant(model: type[Word], changes: QuerySet[MappingChange]) -> QuerySet[MappingChange]:
    """A word that meant nothing before had its orders wait for it."""
    first = DECIDES[model][0]
    nothing = "" if model is ShipMethod else None
    return changes.filter(before__has_key=first).exclude(**{f"before__{first}": nothing})


def _decided_any(model: type[Word], states: Sequence[State]) -> Q:
    """No order keeps the version of a location: all of these."""
    named = [state.value for state in states]
    before = {"mapping_version__lt": OuterRef("version")}
    if model is ShipMethod:
        return Q(Exists(Order.objects.filter(ship_method=OuterRef("row"), state__in=named, **before)))
    if model is Listing:
        lines = OrderLine.objects.filter(listing=OuterRef("row"), ships=True, removed_at=None, **before)
        return Q(Exists(lines.filter(order__state__in=named)))
    return Q()


def _answers(account: Account, model: type[Word]) -> Exists:
    answers = Remapping.objects.for_account(account).filter(kind=KIND_OF[model], row=OuterRef("row"))
    return Exists(answers.filter(version__gte=OuterRef("version")))


def in_force(account: Account, model: type[Word], changes: Sequence[MappingChange], now: dt.datetime) -> Words:
    """The words of these changes, as far as nobody changed them since."""
    rows = model.objects.for_account(account).select_related("store").in_bulk([change.row for change in changes])
    history = changes_of_rows(list(rows.values()))
    words = Words()
    for change in changes:
        row = rows.get(change.row)
        if row is None:
            continue
        later = next((one for one in history[row.pk] if one.pk > change.pk and DECIDES[model][0] in one.after), None)
        if later is None:
            meanings = {one.number: one.meaning for one in reversed(versions_by(history[row.pk], row))}
            words.found.append(Changed(row, change, shift_from(meanings, row, meaning_of_row(row), now)))
        elif later.batch != change.batch:
            words.since.append(change)
    return words


# --- the question -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Late:
    """What one word of a batch decided by an older meaning: `counts` orders, by what can become of them."""

    word: Changed
    counts: Counter[Becomes] = field(default_factory=Counter)
    answer: Remapping | None = None

    @property
    def ask(self) -> int:
        """At a warehouse, which can be asked to follow and was not yet."""
        return 0 if self.answer else sum(self.counts[fate] for fate in ASKED)

    @property
    def stops(self) -> bool:
        return bool(self.counts[Becomes.STOP])

    @property
    def begun(self) -> int:
        return self.counts[Becomes.BEGUN]

    @property
    def gone(self) -> int:
        return self.counts[Becomes.GONE]


@dataclass(slots=True)
class ManyQuestion:
    """The same of a page of words together. An order that several of them decided is counted once; a number beyond
    COUNTED is not exact. `after` as in `Words`.
    """

    words: list[Late] = field(default_factory=list)
    since: list[MappingChange] = field(default_factory=list)
    ask: int = 0
    begun: int = 0
    gone: int = 0
    stops: bool = False
    after: int = 0

    @property
    def asks(self) -> bool:
        return bool(self.ask or self.begun or self.gone)


def question_of_many(account: Account, batch: str, now: dt.datetime, *, after: int = 0) -> ManyQuestion:
    """What a page of the batch's words decided, as far as that is at a warehouse or gone, and was not answered."""
    words = words_of(account, batch, (*WITH_WAREHOUSE, *GONE), now, after=after)
    answers = _answers_to(account, words.found)
    late = {one.row.pk: Late(one, answer=answers.get(one.row.pk)) for one in words.found}
    orders: dict[Becomes, set[int]] = {fate: set() for fate in Becomes}
    for states in (WITH_WAREHOUSE, GONE):
        for pk, fates in _fates(words.found, states).items():
            late[pk].counts.update(fates.values())
            for order, fate in fates.items():
                if fate is Becomes.GONE or not late[pk].answer:
                    orders[fate].add(order)
    return ManyQuestion(
        words=[one for one in late.values() if one.answer or one.ask or one.begun or one.gone],
        since=words.since,
        ask=len(set().union(*(orders[fate] for fate in ASKED))),
        begun=len(orders[Becomes.BEGUN]),
        gone=len(orders[Becomes.GONE]),
        stops=bool(orders[Becomes.STOP]),
        after=words.after,
    )


def _fates(words: Sequence[Changed], states: Sequence[State]) -> dict[int, dict[int, Becomes]]:
    """What becomes of each order that these words decided, by word and order."""
    shifts = {one.row.pk: one.shift for one in words}
    rows: dict[int, list[Decided]] = decided_by_each(list(shifts.values()), states, COUNTED)
    return {pk: fates_of(shifts[pk], some) for pk, some in rows.items()}


def _answers_to(account: Account, words: Sequence[Changed]) -> dict[int, Remapping]:
    """The last answer about each word since its change, by the word's id."""
    versions = {one.row.pk: one.change.version for one in words}
    if not words:
        return {}
    answers = Remapping.objects.for_account(account).filter(kind=KIND_OF[type(words[0].row)], row__in=list(versions))
    return {one.row: one for one in answers.order_by("pk") if one.version >= versions[one.row]}


def follow_by_themselves(account: Account, batch: str, at: dt.datetime) -> int:
    """Orders that came in before the batch and that nobody has taken: they got the words' new meaning, or get it just
    now. Counted as far as COUNTED.
    """
    model = model_of(account, batch)
    if model is None:
        return 0
    rows = _that_meant(model, _changes(account, batch)).values("row")
    orders = Order.objects.for_account(account).in_state(*UNRELEASED).filter(imported_at__lt=at)
    lines = OrderLine.objects.filter(order=OuterRef("pk"), removed_at=None)
    if model is ShipMethod:
        return up_to(orders.filter(ship_method__in=rows), COUNTED)
    if model is Listing:
        return up_to(orders.filter(Exists(lines.filter(listing__in=rows))), COUNTED)
    return up_to(orders.filter(Q(location__in=rows) | Exists(lines.filter(location__in=rows))), COUNTED)


def asks_about(account: Account, batch: str, now: dt.datetime, *, unanswered: bool = False) -> bool:
    """Whether there is anything to say of a batch's orders: asked after a press, of its first words. `unanswered`: only
    while a warehouse has some of them and was not asked.
    """
    found = question_of_many(account, batch, now)
    if unanswered:
        return bool(found.ask)
    return found.asks or bool(found.after) or any(one.answer for one in found.words)


# --- the answer -------------------------------------------------------------------------------------------------------


def begin_many(account: Account, batch: str, *, by: str, now: dt.datetime, after: int = 0) -> list[Remapping]:
    """Note that warehouses are to be asked, for a page of the batch's words: a row for each that asks for anything.

    In transactions of its own; whoever is killed leaves words that the question still names. Of two who press at once
    each word is begun by one.
    """
    words = words_of(account, batch, WITH_WAREHOUSE, now, after=after, unanswered=True)
    fates = _fates(words.found, WITH_WAREHOUSE)
    asked = [one for one in words.found if set(fates.get(one.row.pk, {}).values()) & set(ASKED)]
    asked.sort(key=lambda one: int(one.row.pk))
    made: list[Remapping] = []
    for start in range(0, len(asked), LOCKED_AT_ONCE):
        with transaction.atomic():
            made += _begin(account, asked[start : start + LOCKED_AT_ONCE], by, now)
    return made


def _begin(account: Account, words: Sequence[Changed], by: str, now: dt.datetime) -> Iterable[Remapping]:
    model = type(words[0].row)
    rows = model.objects.select_for_update(no_key=True).filter(pk__in=[one.row.pk for one in words])
    locked = {row.pk: row for row in rows.order_by("pk")}
    answers = _answers_to(account, words)
    for one in words:
        row = locked.get(one.row.pk)
        if row is None or row.version != one.row.version or row.pk in answers:
            continue  # somebody changed it, or answered, meanwhile
        before = meaning_of_row(row) | one.change.before
        if found := begin(row, before, again=True, ask=True, by=by, now=now, change=one.change):
            yield found
