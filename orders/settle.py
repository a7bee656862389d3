"""Translating orders again after a word, a setting or an address changed: holds placed and lifted, offers renewed.

The same pure functions as intake decide; this module only fetches what they need for orders that are here already.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from fcp.insert import insert_rows, update_locked_rows
from fcp.models import Store
from mappings.models import Listing, Location, ShipMethod, Word
from mappings.words import ListingRow, LocationRow, ShipRow, locked

from .address import address_lacks
from .columns import EVENT_COLUMNS, HOLD_COLUMNS
from .decide import is_closed
from .decided_by import freed_by, otherwise
from .goods import goods_of
from .holds import BY_ITSELF, HoldKind
from .left_out import reserve_again
from .line_rows import PARTY_FIELDS, LineNow, ShipTo, lines_now, ship_to_of
from .models import Cure, Hold, Order, OrderEvent, OrderLine, OrderParty
from .models.shipping import AT_WAREHOUSE, RequestState
from .release import offer_standing, offer_waiting, renew_offers
from .reserving import StockWrites
from .rules import in_force, rules_of_store
from .ruling import about, write_ruled
from .settings import OrderRules
from .shapes import Party
from .state import State
from .stored_state import lock_orders, read_standing, requests_of, store_states
from .translation import Chosen, LineWords, Meaning, OrderWords, meaning_of
from .using import answered, unreleased_under_others, with_unreleased

BATCH = 500
# What an order's words mean here, as its row keeps it.
MEANING = ("ship_code", "carrier", "service", "warehouse_id", "mapping_version", "settings_version")
UNAWAITED = 2000  # words without a waiting order that are dealt with together
TAKEN = (*AT_WAREHOUSE, RequestState.SHIPPED)


def settle(
    store: Store,
    order_ids: Collection[int],
    *,
    now: dt.datetime,
    actor: str,
    rules: OrderRules | None = None,
    stock: StockWrites | None = None,
    cure: Cure | None = None,
    offering: bool = False,
) -> None:
    """Give these orders of one store the meaning that mappings, settings and their own rows have now.

    In the caller's transaction; a constant number of statements. What a warehouse has taken is left as it is. `stock`
    as in `refresh_states`; `cure` is noted on the holds that are lifted; `offering`: what nothing keeps any more is
    offered at once.
    """
    locked_orders = lock_orders(order_ids)  # before asking what is taken: an acknowledgement takes the same lock
    # Read once they are locked: whoever waited for the lock would else undo what newer settings made of them.
    rules = in_force(rules, store.account_id) if rules else rules_of_store(store.pk)
    requests = requests_of(order_ids)
    lines = lines_now(order_ids, whole=bool(rules.book))
    parties = ship_to_of(order_ids)
    orders = [o for o in locked_orders if not any(r.state in TAKEN for r in requests.get(o.pk, ()))]
    if orders:
        words = _words(orders, lines, parties, rules, now)
        meanings = {order.pk: meaning_of(of_order, rules, chosen_in(order)) for order, of_order in words}
        _write(orders, lines, meanings, rules, now, actor)
        write_ruled(orders, {pk: meaning.ruled for pk, meaning in meanings.items()}, rules.rules_version, now)
        _reconcile_holds(orders, meanings, now, actor, cure)
        if any(request.state == RequestState.OFFERED for of_order in requests.values() for request in of_order):
            renew_offers(store, [o.pk for o in orders], now=now, actor=actor)
            requests = requests_of(order_ids)
    standing = read_standing(locked_orders, lines, requests)
    if offering:
        offer_standing(store, orders, standing, now=now, actor=actor, parties=parties)
    store_states(standing, now=now, by=actor, stock=stock)


def words_as_stored(orders: Sequence[Order], rules: OrderRules, now: dt.datetime) -> Iterable[tuple[Order, OrderWords]]:
    """What `meaning_of` asks about orders that are here, to look only: nothing is locked, nothing left out that other
    rules than these would ask for."""
    ids = [order.pk for order in orders]
    return _words(orders, lines_now(ids, whole=bool(rules.book)), ship_to_of(ids), rules, now, look=True)


def _words(
    orders: Sequence[Order],
    lines: Mapping[int, Sequence[LineNow]],
    parties: Mapping[int, ShipTo],
    rules: OrderRules,
    now: dt.datetime,
    *,
    look: bool = False,
) -> Iterable[tuple[Order, OrderWords]]:
    lines = {order.pk: _standing(lines.get(order.pk, ())) for order in orders}
    all_lines = [line for of_order in lines.values() for line in of_order]
    places = {o.location_id for o in orders} | {line.location_id for line in all_lines}
    ship = _rows(ShipMethod, ShipRow, {o.ship_method_id for o in orders}, not look)
    listings = _rows(Listing, ListingRow, {line.listing_id for line in all_lines}, not look)
    locations = _rows(Location, LocationRow, places, not look)
    products = {row.product_id for row in listings.values() if row.product_id}
    goods = goods_of(orders[0].account_id if orders else 0, products, rules, now, customs=look or rules.customs)
    for order in orders:
        ship_to = party_of(parties.get(order.pk))
        yield (
            order,
            OrderWords(
                status=order.status,
                payment=order.payment,
                fulfillment=order.fulfillment,
                cash_on_delivery=order.cash_on_delivery,
                ship=ship.get(order.ship_method_id),
                location=locations.get(order.location_id),
                lines=[
                    LineWords(listings.get(line.listing_id), locations.get(line.location_id), line.ships)
                    for line in lines[order.pk]
                ],
                address_lacks=() if order.pickup else address_lacks(ship_to),
                country="" if order.pickup else ship_to.country,
                postcode=ship_to.postcode,
                goods=goods,
                about=about(order.store_id, order, lines[order.pk], ship_to) if rules.book else None,
            ),
        )


def _standing(lines: Sequence[LineNow]) -> list[LineNow]:
    return [line for line in lines if line.removed_at is None]


def _rows(model: type[Word], row: Any, ids: set[int | None], lock: bool) -> dict[int | None, Any]:
    wanted = sorted(i for i in ids if i)
    if lock:
        return {r.pk: r for r in locked(model, row, pk__in=wanted)}
    found = model.objects.filter(pk__in=wanted).values_list(*row._fields)
    return {r.pk: r for r in map(row._make, found)}


def party_of(row: OrderParty | ShipTo | None) -> Party:
    return Party(**{name: getattr(row, name) for name in PARTY_FIELDS}) if row else Party()


def chosen_in(order: Order) -> Chosen:
    return Chosen(
        ship_code=order.ship_code if "ship_code" in order.edited else None,
        warehouse_id=order.warehouse_id if "warehouse" in order.edited else None,
        carrier=order.carrier,
        service=order.service,
    )


def _write(
    orders: Sequence[Order],
    lines: Mapping[int, Sequence[LineNow]],
    meanings: Mapping[int, Meaning],
    rules: OrderRules,
    now: dt.datetime,
    actor: str,
) -> None:
    """Store what changed, in the rows and in these objects. An order that meant something and means something else now
    says so in its timeline, with the versions of mappings and settings."""
    order_rows, line_rows, events = [], [], []
    for order in orders:
        m, its_lines = meanings[order.pk], _standing(lines.get(order.pk, ()))
        what = otherwise(order, its_lines, m, rules.version)
        if what and not is_closed(order.status, order.payment, order.fulfillment):
            events.append((order.account_id, order.pk, now, actor, "translated", what))
        after = (m.ship_code, m.carrier, m.service, m.warehouse_id, m.mapping_version, rules.version)
        before = tuple(getattr(order, name) for name in MEANING)
        if after != before:
            order_rows.append((*after, order.pk))
            for name, value in zip(MEANING, after, strict=True):
                setattr(order, name, value)
        for line, of in zip(its_lines, m.lines, strict=True):
            new = (of.product_id, of.units, of.mapping_version, of.warehouse_id)
            if new != (line.product_id, line.units, line.mapping_version, line.warehouse_id):
                line_rows.append((*new, line.pk))
                line.product_id, line.units, line.mapping_version, line.warehouse_id = new
    update_locked_rows(Order, MEANING, order_rows)
    update_locked_rows(OrderLine, ("product", "units", "mapping_version", "warehouse"), line_rows)
    insert_rows(OrderEvent, EVENT_COLUMNS, events)


class _Known(NamedTuple):
    """A hold that is open, or that a person answered."""

    pk: int
    account_id: int
    order_id: int
    kind: str
    cause: str
    params: dict[str, Any]
    until: dt.datetime | None
    lifted_at: dt.datetime | None


def _reconcile_holds(
    orders: Sequence[Order], meanings: dict[int, Meaning], now: dt.datetime, actor: str, cure: Cure | None
) -> None:
    """Place holds that are asked for and not there; lift those that place themselves and are no longer asked for.

    One that a person answered is not placed again.
    """
    accounts = {o.pk: o.account_id for o in orders}
    there: dict[tuple[int, str, str], _Known] = {}
    answered = set()
    known = Hold.objects.filter(Q(lifted_at=None) | Q(answered=True), order_id__among=accounts, kind__in=BY_ITSELF)
    for hold in map(_Known._make, known.order_by().values_list(*_Known._fields)):
        key = (hold.order_id, hold.kind, hold.cause)
        if hold.lifted_at is None:
            there[key] = hold
        else:
            answered.add(key)
    wanted = {(pk, hold.kind.value, hold.cause): hold for pk, meaning in meanings.items() for hold in meaning.holds}
    gone = [there[key] for key in there.keys() - wanted.keys()]
    new = sorted(wanted.keys() - there.keys() - answered)
    for key in there.keys() & wanted.keys():
        hold, want = there[key], wanted[key]
        if (hold.params.get("word"), hold.until) != (want.word, want.until):
            Hold.objects.filter(pk=hold.pk).update(params={"word": want.word}, until=want.until)
    if gone:
        Hold.objects.filter(id__among={hold.pk for hold in gone}).update(lifted_at=now, lifted_by=actor, cure=cure)
    insert_rows(
        Hold,
        HOLD_COLUMNS,
        [(accounts[pk], pk, kind, cause, {"word": wanted[pk, kind, cause].word}, "", now, actor, None, "",
          wanted[pk, kind, cause].until)
         for pk, kind, cause in new],
    )  # fmt: skip
    events = [
        (accounts[pk], pk, now, actor, "held", {"kind": kind, "word": wanted[pk, kind, cause].word})
        for pk, kind, cause in new
    ]
    events += [
        (hold.account_id, hold.order_id, now, actor, "lifted", _lifted(hold, meanings[hold.order_id])) for hold in gone
    ]
    insert_rows(OrderEvent, EVENT_COLUMNS, events)


def _lifted(hold: _Known, meaning: Meaning) -> dict[str, Any]:
    return {"kind": hold.kind, "word": hold.params.get("word", ""), **freed_by(hold.kind, hold.cause, meaning)}


# --- words that got another meaning ----------------------------------------------------------------------------------

WORDS: dict[str, type[Word]] = {
    HoldKind.SHIP_CODE.value: ShipMethod,
    HoldKind.SKU.value: Listing,
    HoldKind.LOCATION.value: Location,
}
# What else follows a word that changed: (word, now, actor). Called before the word counts as applied.
MAPPED_TOO: list[Callable[[Word, dt.datetime, str], None]] = []
TARGET = {HoldKind.SHIP_CODE.value: "target", HoldKind.SKU.value: "product_id", HoldKind.LOCATION.value: "warehouse_id"}


def lift_mapped(kind: str, row_id: int, *, now: dt.datetime, actor: str, ends: float | None = None) -> int:
    """Settle every order that waits for this word, in batches, and offer what may go; returns how many no longer wait
    for it.

    Safe to stop at any point and to run twice: the word stays "changed" until all its orders were settled. Where a
    person's press (`Cure`) began it, only one goes on with that at a time. `ends` (of the monotonic clock) stops it.
    """
    model = WORDS[kind]
    row = model.objects.get(pk=row_id)
    version, lifted = row.version, 0
    running = Cure.objects.filter(
        account=row.account_id, kind=kind, cause=str(row_id), state=Cure.State.RUNNING, change__isnull=False
    )
    if getattr(row, TARGET[kind]):  # without a meaning it frees nobody
        for cure in running.order_by("pk"):
            freed, whole = _lift(row, kind, cure.last, cure, now=now, actor=cure.by, ends=ends)
            lifted += freed
            if not whole:
                return lifted
            running.filter(pk=cure.pk).update(state=Cure.State.DONE)
        freed, whole = _lift(row, kind, 0, None, now=now, actor=actor, ends=ends)
        lifted += freed
        if not whole:
            return lifted
    else:
        running.update(state=Cure.State.DONE)
    if not answered(row, kind) and not _translate_again(row, now=now, actor=actor, ends=ends):
        return lifted
    for follow in MAPPED_TOO:
        follow(row, now, actor)
    if isinstance(row, Listing):
        reserve_again(row.store, [row], now)
    model.objects.filter(pk=row_id, applied_version__lt=version).update(applied_version=version)
    return lifted


def _translate_again(row: Word, *, now: dt.datetime, actor: str, ends: float | None) -> bool:
    """Give what nobody took the word's present meaning, whatever else it waits for; False where the time was over."""
    last = 0
    while ids := unreleased_under_others(row, last, BATCH):
        if ends is not None and time.monotonic() >= ends:
            return False
        with transaction.atomic():
            store = Store.objects.get(pk=row.store_id)
            settle(store, ids, now=now, actor=actor, offering=True)
        last = ids[-1]
    return True


def _lift(
    row: Word, kind: str, last: int, cure: Cure | None, *, now: dt.datetime, actor: str, ends: float | None
) -> tuple[int, bool]:
    """How many are free now, of those with a higher id than `last`; and whether these were all."""
    lifted = 0
    waiting = Hold.objects.open().filter(account_id=row.account_id, kind=kind, cause=str(row.pk))
    while True:
        ids = list(waiting.filter(order_id__gt=last).order_by("order_id").values_list("order_id", flat=True)[:BATCH])
        if not ids:
            return lifted, True
        if ends is not None and time.monotonic() >= ends:
            return lifted, False
        with transaction.atomic():
            if cure and not claim(cure, last, ids[-1]):
                return lifted, False
            store = Store.objects.get(pk=row.store_id)  # it may have been paused meanwhile
            settle(store, ids, now=now, actor=actor, cure=cure, offering=True)
            freed = len(ids) - waiting.filter(order_id__among=ids).count()
            if cure:
                Cure.objects.filter(pk=cure.pk).update(done=F("done") + freed)
        lifted += freed
        last = ids[-1]


def claim(cure: Cure, last: int, to: int) -> bool:
    """Move a cure's position, in the transaction that does the work; False where somebody else has moved it, or where
    it is to be taken back. Nobody else goes on with it until the transaction ends."""
    mine = Cure.objects.filter(pk=cure.pk, state=cure.state, last=last)
    return bool(mine.update(last=to, touched_at=timezone.now()))


def lift_mapped_everywhere(now: dt.datetime, *, limit: int = 200, ends: float | None = None) -> int:
    """The sweep: settle what waits for words that changed and whose nudge was lost; returns the number of words.

    `ends` as in `lift_mapped`."""
    done = sum(_note_unawaited(kind, now) for kind in WORDS)
    for kind, model in WORDS.items():
        for row_id in list(model.objects.changed().order_by("pk").values_list("pk", flat=True)[:limit]):
            lift_mapped(kind, row_id, now=now, actor="schedule", ends=ends)
            done += 1
    return done


def _note_unawaited(kind: str, now: dt.datetime) -> int:
    """Words that changed and that no order waits for, many at once: a whole catalogue that was linked by its SKUs."""
    model = WORDS[kind]
    done = 0
    of_store: dict[Store, list[Word]] = defaultdict(list)
    for row in model.objects.changed().select_related("store").order_by("pk")[:UNAWAITED]:
        of_store[row.store].append(row)
    for store, rows in of_store.items():
        causes = [str(row.pk) for row in rows]
        waiting = Hold.objects.open().filter(account=store.account_id, kind=kind, cause__in=causes)
        awaited = set(waiting.values_list("cause", flat=True))
        used = with_unreleased(model, [row.pk for row in rows])
        quiet = [row for row in rows if str(row.pk) not in awaited and row.pk not in used]
        if listings := [row for row in quiet if isinstance(row, Listing)]:
            reserve_again(store, listings, now)
        for version in {row.version for row in quiet}:
            # One that was changed again meanwhile stays to be looked at.
            same = model.objects.filter(pk__in=[row.pk for row in quiet if row.version == version], version=version)
            done += same.update(applied_version=version)
    return done


def settle_store(store: Store, version: int, *, now: dt.datetime, actor: str) -> int:
    """After a change of settings: settle the store's orders that were decided under an older version than this and that
    no warehouse has yet, by the settings of now; returns how many.
    """
    settled, last = 0, 0
    waiting = Order.objects.filter(store=store, settings_version__lt=version).in_state(
        State.NEW, State.HELD, State.READY
    )
    while True:
        ids = list(waiting.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not ids:
            break
        with transaction.atomic():
            settle(store, ids, now=now, actor=actor)
            # Also those that a warehouse has in part, which stay as they are.
            Order.objects.filter(pk__in=ids, settings_version__lt=version).update(settings_version=version)
        settled += len(ids)
        last = ids[-1]
    offer_waiting(store, now=now, actor=actor)
    return settled
