"""Translating orders again after a word, a setting or an address changed: holds placed and lifted, offers renewed.

The same pure functions as intake decide; this module only fetches what they need for orders that are here already.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from fcp.insert import insert_rows, update_rows
from fcp.models import Store
from mappings.models import Listing, Location, ShipMethod, Word
from mappings.words import ListingRow, LocationRow, ShipRow, locked

from .address import address_lacks
from .columns import EVENT_COLUMNS, HOLD_COLUMNS
from .goods import goods_of
from .holds import BY_ITSELF, HoldKind
from .left_out import reserve_again
from .models import Hold, Order, OrderEvent, OrderLine, OrderParty, ShippingRequest
from .models.shipping import AT_WAREHOUSE, RequestState
from .release import PARTY_FIELDS, offer_waiting, renew_offers, ship_to_of
from .reserving import StockWrites
from .rules import rules_of_store
from .settings import OrderRules
from .shapes import Party
from .state import State
from .stored_state import lock_orders, refresh_states
from .translation import Chosen, LineWords, Meaning, OrderWords, meaning_of

BATCH = 200
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
) -> None:
    """Give these orders of one store the meaning that mappings, settings and their own rows have now.

    In the caller's transaction; a constant number of statements. What a warehouse has taken is left as it is. `stock`
    as in `refresh_states`.
    """
    rules = rules or rules_of_store(store.pk)
    orders = lock_orders(order_ids)  # before asking what is taken: an acknowledgement takes the same lock
    taken = set(
        ShippingRequest.objects.filter(order_id__in=order_ids, state__in=TAKEN).values_list("order_id", flat=True)
    )
    orders = [order for order in orders if order.pk not in taken]
    if orders:
        lines = _lines(orders)
        meanings = {o.pk: meaning_of(w, rules, chosen_in(o)) for o, w in _words(orders, lines, rules, now)}
        _write(orders, lines, meanings, rules)
        _reconcile_holds(orders, meanings, now, actor)
        renew_offers(store, [o.pk for o in orders], now=now, actor=actor)
    refresh_states(order_ids, now=now, by=actor, stock=stock)


def _lines(orders: Sequence[Order]) -> dict[int, list[OrderLine]]:
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order_id__in=[o.pk for o in orders], removed_at=None).order_by("pk"):
        lines[line.order_id].append(line)
    return lines


def words_as_stored(orders: Sequence[Order], rules: OrderRules, now: dt.datetime) -> Iterable[tuple[Order, OrderWords]]:
    """What `meaning_of` asks about orders that are here, to look only: nothing is locked, nothing left out that other
    rules than these would ask for."""
    return _words(orders, _lines(orders), rules, now, look=True)


def _words(
    orders: Sequence[Order],
    lines: dict[int, list[OrderLine]],
    rules: OrderRules,
    now: dt.datetime,
    *,
    look: bool = False,
) -> Iterable[tuple[Order, OrderWords]]:
    all_lines = [line for of_order in lines.values() for line in of_order]
    places = {o.location_id for o in orders} | {line.location_id for line in all_lines}
    ship = _rows(ShipMethod, ShipRow, {o.ship_method_id for o in orders}, not look)
    listings = _rows(Listing, ListingRow, {line.listing_id for line in all_lines}, not look)
    locations = _rows(Location, LocationRow, places, not look)
    parties = ship_to_of([o.pk for o in orders])
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
            ),
        )


def _rows(model: type[Word], row: Any, ids: set[int | None], lock: bool) -> dict[int | None, Any]:
    wanted = sorted(i for i in ids if i)
    if lock:
        return {r.pk: r for r in locked(model, row, pk__in=wanted)}
    found = model.objects.filter(pk__in=wanted).values_list(*row._fields)
    return {r.pk: r for r in map(row._make, found)}


def party_of(row: OrderParty | None) -> Party:
    return Party(**{name: getattr(row, name) for name in PARTY_FIELDS}) if row else Party()


def chosen_in(order: Order) -> Chosen:
    return Chosen(
        ship_code=order.ship_code if "ship_code" in order.edited else None,
        warehouse_id=order.warehouse_id if "warehouse" in order.edited else None,
    )


def _write(
    orders: Sequence[Order], lines: dict[int, list[OrderLine]], meanings: dict[int, Meaning], rules: OrderRules
) -> None:
    order_rows, line_rows = [], []
    for order in orders:
        m = meanings[order.pk]
        after = (m.ship_code, m.carrier, m.service, m.warehouse_id, m.mapping_version, rules.version)
        before = (
            order.ship_code, order.carrier, order.service, order.warehouse_id, order.mapping_version,
            order.settings_version,
        )  # fmt: skip
        if after != before:
            order_rows.append((*after, order.pk))
        for line, of in zip(lines[order.pk], m.lines, strict=True):
            new = (of.product_id, of.units, of.mapping_version, of.warehouse_id)
            if new != (line.product_id, line.units, line.mapping_version, line.warehouse_id):
                line_rows.append((*new, line.pk))
    update_rows(
        Order, ("ship_code", "carrier", "service", "warehouse", "mapping_version", "settings_version"), order_rows
    )
    update_rows(OrderLine, ("product", "units", "mapping_version", "warehouse"), line_rows)


def _reconcile_holds(orders: Sequence[Order], meanings: dict[int, Meaning], now: dt.datetime, actor: str) -> None:
    """Place holds that are asked for and not there; lift those that place themselves and are no longer asked for.

    One that a person answered is not placed again.
    """
    accounts = {o.pk: o.account_id for o in orders}
    there: dict[tuple[int, str, str], Hold] = {}
    answered = set()
    known = Hold.objects.filter(order_id__in=accounts, kind__in=BY_ITSELF)
    for hold in known.filter(Q(lifted_at=None) | Q(answered=True)):
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
        Hold.objects.filter(pk__in=[hold.pk for hold in gone]).update(lifted_at=now, lifted_by=actor)
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
        (hold.account_id, hold.order_id, now, actor, "lifted", {"kind": hold.kind, "word": hold.params.get("word", "")})
        for hold in gone
    ]
    insert_rows(OrderEvent, EVENT_COLUMNS, events)


# --- words that got another meaning ----------------------------------------------------------------------------------

WORDS: dict[str, type[Word]] = {
    HoldKind.SHIP_CODE.value: ShipMethod,
    HoldKind.SKU.value: Listing,
    HoldKind.LOCATION.value: Location,
}


def lift_mapped(kind: str, row_id: int, *, now: dt.datetime, actor: str) -> int:
    """Settle every order that waits for this word, in batches; returns how many no longer wait for it.

    Safe to stop at any point and to run twice: the word stays "changed" until all its orders were settled.
    """
    model = WORDS[kind]
    row = model.objects.select_related("store").get(pk=row_id)
    version, lifted, last = row.version, 0, 0
    while True:
        waiting = Hold.objects.open().filter(account_id=row.account_id, kind=kind, cause=str(row_id))
        ids = list(waiting.filter(order_id__gt=last).order_by("order_id").values_list("order_id", flat=True)[:BATCH])
        if not ids:
            break
        with transaction.atomic():
            settle(row.store, ids, now=now, actor=actor)
            lifted += len(ids) - waiting.filter(order_id__in=ids).count()
        last = ids[-1]
    if isinstance(row, Listing):
        reserve_again(row.store, [row], now)
    model.objects.filter(pk=row_id, applied_version__lt=version).update(applied_version=version)
    offer_waiting(row.store, now=now, actor=actor)
    return lifted


def lift_mapped_everywhere(now: dt.datetime, *, limit: int = 200) -> int:
    """The sweep: settle what waits for words that changed and whose nudge was lost; returns the number of words."""
    done = sum(_note_unawaited(kind, now) for kind in WORDS)
    for kind, model in WORDS.items():
        for row_id in list(model.objects.changed().order_by("pk").values_list("pk", flat=True)[:limit]):
            lift_mapped(kind, row_id, now=now, actor="schedule")
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
        quiet = [row for row in rows if str(row.pk) not in awaited]
        if listings := [row for row in quiet if isinstance(row, Listing)]:
            reserve_again(store, listings, now)
        for version in {row.version for row in quiet}:
            # One that was changed again meanwhile stays to be looked at.
            same = model.objects.filter(pk__in=[row.pk for row in quiet if row.version == version], version=version)
            done += same.update(applied_version=version)
    return done


def settle_store(store: Store, rules: OrderRules, *, now: dt.datetime, actor: str) -> int:
    """After a change of settings: settle every order of the store that no warehouse has yet; returns how many."""
    settled, last = 0, 0
    waiting = Order.objects.filter(store=store, settings_version__lt=rules.version).in_state(
        State.NEW, State.HELD, State.READY
    )
    while True:
        ids = list(waiting.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not ids:
            break
        with transaction.atomic():
            settle(store, ids, now=now, actor=actor, rules=rules)
            # Also those that kept their meaning: they are decided under this version now.
            Order.objects.filter(pk__in=ids).update(settings_version=rules.version)
        settled += len(ids)
        last = ids[-1]
    offer_waiting(store, now=now, actor=actor)
    return settled
