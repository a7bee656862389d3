"""What a person does to an order that waits: hold it, lift a hold, edit it, let one through as a try."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet

from fcp.insert import insert_rows
from fcp.models import Store
from fcp.roles import May
from inventory.models import Warehouse
from mappings.ship_codes import listed_code

from .address_choice import address_set, keep_store_address
from .change_words import ADDRESS
from .columns import EVENT_COLUMNS, HOLD_COLUMNS
from .errors import OrderError
from .events import record
from .holds import BY_HAND, KINDS, HoldKind
from .models import Hold, Order, OrderEvent, OrderLine, OrderParty
from .release import PARTY_FIELDS, offer, renew_offers, withdraw
from .settle import TAKEN, settle
from .state import State
from .stored_state import lock_orders, refresh_states

OVER = (State.SHIPPED, State.CONFIRMED, State.CANCELED, State.NOTHING_TO_SHIP)  # holding these keeps nothing back


@dataclass(slots=True)
class Done:
    """What became of several orders: how many, and why not the others."""

    done: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, other: Done) -> None:
        self.done += other.done
        self.refused += other.refused


def place_hold(
    order: Order, kind: HoldKind, note: str, *, by: str, now: dt.datetime, until: dt.datetime | None = None
) -> None:
    """Hold an order by hand, with a note that says why, for good or until a moment. What is offered is taken back; what
    a warehouse has stays.
    """
    placed = place_holds([order.pk], order.account_id, kind, note, by=by, now=now, until=until)
    for reason in placed.refused:
        raise OrderError(reason)


def place_holds(
    order_ids: Sequence[int],
    account_id: int,
    kind: HoldKind,
    note: str,
    *,
    by: str,
    now: dt.datetime,
    until: dt.datetime | None = None,
) -> Done:
    """The same for several orders of an account, in one transaction and a constant number of statements."""
    if kind not in BY_HAND:
        raise OrderError("This kind of hold is placed by the system itself.")
    if not note.strip():
        raise OrderError("Say why the order is held, so that the next person knows.")
    if until is not None and until <= now:
        raise OrderError("That moment has passed. Choose a later one.")
    with transaction.atomic():
        orders = _locked(order_ids, account_id)
        open_ones = Hold.objects.open().filter(order_id__in=[o.pk for o in orders], kind=kind.value, cause="")
        held = set(open_ones.values_list("order_id", flat=True))
        done = Done()
        ids = []
        for order in orders:
            if order.pk in held:
                done.refused["This order is held for that already."] += 1
            elif order.state in OVER:
                done.refused["Nothing of it is still to ship."] += 1
            else:
                ids.append(order.pk)
        done.done = len(ids)
        word = note.strip()[:200]
        insert_rows(
            Hold,
            HOLD_COLUMNS,
            [(account_id, pk, kind.value, "", {"word": word}, note.strip()[:500], now, by, None, "", until)
             for pk in ids],
        )  # fmt: skip
        said = {"kind": kind.value, "word": word} | ({"until": until.isoformat()} if until else {})
        insert_rows(OrderEvent, EVENT_COLUMNS, [(account_id, pk, now, by, "held", said) for pk in ids])
        withdraw(ids, now=now, actor=by)
        refresh_states(ids, now=now)
    return done


def lift_hold(hold: Hold, *, by: str, now: dt.datetime) -> None:
    """Lift a hold that a person may lift; the order is offered at once if nothing else keeps it."""
    kind = HoldKind(hold.kind)
    if not KINDS[kind].liftable:
        raise OrderError(f"This hold lifts itself once its cause is mended: {kind.label.lower()}.")
    with transaction.atomic():
        _lift(lock_orders([hold.order_id]), Hold.objects.filter(pk=hold.pk), by, now)


def lift_holds(
    order_ids: Sequence[int], account_id: int, rights: Collection[May], *, by: str, now: dt.datetime
) -> Done:
    """Lift what a person with these rights may lift of several orders of an account, in one transaction and a constant
    number of statements (for each store). Orders that something else still holds count as refused, with the reason.
    """
    with transaction.atomic():
        orders = _locked(order_ids, account_id)
        kinds: dict[int, list[HoldKind]] = defaultdict(list)
        holds = Hold.objects.open().filter(order_id__in=[o.pk for o in orders]).order_by("pk")
        for order_id, value in holds.values_list("order_id", "kind"):
            kinds[order_id].append(HoldKind(value))
        mine = [kind.value for kind in KINDS if KINDS[kind].liftable and kind.needs in rights]
        done = Done()
        concerned = []
        for order in orders:
            rest = [kind for kind in kinds[order.pk] if kind.value not in mine]
            if len(rest) < len(kinds[order.pk]):
                concerned.append(order)
            if rest:
                done.refused[_still(rest[0])] += 1
            elif not kinds[order.pk]:
                done.refused["It is not held."] += 1
            else:
                done.done += 1
        _lift(concerned, Hold.objects.filter(kind__in=mine), by, now)
    return done


def _still(kind: HoldKind) -> str:
    if KINDS[kind].liftable:
        return f"It still waits: {kind.in_sentence}. {kind.who} may lift that."
    return f"It still waits: {kind.in_sentence}."


def _locked(order_ids: Sequence[int], account_id: int) -> list[Order]:
    """Of this account, those that are there."""
    return [order for order in lock_orders(order_ids) if order.account_id == account_id]


def _lift(orders: Sequence[Order], which: QuerySet[Hold], by: str, now: dt.datetime) -> None:
    """Lift these open holds of (locked) orders, and offer what nothing else keeps. `answered` keeps those that place
    themselves from coming back for the same cause.
    """
    holds = list(which.filter(order_id__in=[order.pk for order in orders], lifted_at=None).order_by("pk"))
    if not holds:
        return
    for answered in (True, False):
        ids = [hold.pk for hold in holds if KINDS[HoldKind(hold.kind)].answerable is answered]
        if ids:
            Hold.objects.filter(pk__in=ids).update(lifted_at=now, lifted_by=by, answered=answered)
    events = [
        (hold.account_id, hold.order_id, now, by, "lifted", {"kind": hold.kind, "word": hold.params.get("word", "")})
        for hold in holds
    ]
    insert_rows(OrderEvent, EVENT_COLUMNS, events)
    freed = {hold.order_id for hold in holds}
    refresh_states(freed, now=now)
    for store in Store.objects.filter(pk__in={order.store_id for order in orders}).order_by("pk"):
        offer(store, [o.pk for o in orders if o.store_id == store.pk and o.pk in freed], now=now, actor=by)


MAPPED = {"ship_code", "warehouse"}  # what the mappings say where nobody set it on the order
EDITED = (
    "ship_code", "carrier", "service", "warehouse", "note", "edited", "revision", "country", "email_key",
)  # fmt: skip


def edit_order(
    order: Order,
    *,
    by: str,
    now: dt.datetime,
    address: Mapping[str, str] | None = None,
    ship_code: str | None = None,
    warehouse: Warehouse | None = None,
    note: str | None = None,
    as_mapped: Collection[str] = (),
) -> None:
    """Change an order that no warehouse has taken. What is set here stands: a later pull does not overwrite it.

    `address` maps names of party fields to their new values; fields left out keep theirs. `as_mapped`: "ship_code" or
    "warehouse", where it was set here, is the mappings' again.
    """
    with transaction.atomic():
        (order,) = lock_orders([order.pk])
        if order.requests.filter(state__in=TAKEN).exists():
            raise OrderError("A warehouse has this order already; ask it to stop before changing anything.")
        if warehouse is not None and warehouse.account_id != order.account_id:
            raise OrderError("That warehouse is not one of this account's.")
        what = []
        if address is not None and _edit_address(order, address):
            what.append(ADDRESS)
        if ship_code is not None and ship_code != order.ship_code:
            code = listed_code(order.account, ship_code.strip()[:100])
            order.ship_code, order.carrier, order.service = code.code, code.carrier[:60], code.service[:60]
            what.append("ship_code")
        if warehouse is not None and warehouse.pk != order.warehouse_id:
            order.warehouse = warehouse
            OrderLine.objects.filter(order=order).update(warehouse=warehouse)
            what.append("warehouse")
        if note is not None and note != order.note:
            order.note = note
            what.append("note")
        back = (set(as_mapped) & MAPPED & set(order.edited)) - set(what)
        if not what and not back:
            return
        order.edited = sorted((set(order.edited) | set(what)) - back)
        if ADDRESS in what:
            address_set(order, by=by, now=now)
        order.revision += 1
        order.save(update_fields=EDITED)
        if what:
            set_to = {"ship_code": order.ship_code, "warehouse": order.warehouse_id}
            record(order, "edited", by, now, what=what, **{name: set_to[name] for name in set_to if name in what})
        if back:
            record(order, "edited", by, now, what=sorted(back), as_mapped=True)
        store = Store.objects.get(pk=order.store_id)
        settle(store, [order.pk], now=now, actor=by)
        renew_offers(store, [order.pk], now=now, actor=by)
        offer(store, [order.pk], now=now, actor=by)


def _edit_address(order: Order, address: Mapping[str, str]) -> bool:
    party, _ = OrderParty.objects.get_or_create(
        order=order, role=OrderParty.Role.SHIP_TO, defaults={"account_id": order.account_id}
    )
    new = {k: v.replace("\x00", "").strip() for k, v in address.items() if k in PARTY_FIELDS}
    if all(getattr(party, k) == v for k, v in new.items()):
        return False
    if ADDRESS not in order.edited:
        keep_store_address(order, party)
    for name, value in new.items():
        setattr(party, name, value)
    party.save()
    order.country = party.country
    order.email_key = party.email.lower() or order.email_key
    return True


def try_order(order: Order, *, by: str, now: dt.datetime) -> None:
    """Let this one order through to the warehouse before its integration is live."""
    with transaction.atomic():
        (order,) = lock_orders([order.pk])
        if Hold.objects.open().filter(order=order).exists():
            raise OrderError("This order is held; mend what holds it first.")
        Order.objects.filter(pk=order.pk).update(tried=True)
        record(order, "tried", by, now)
        if not offer(Store.objects.get(pk=order.store_id), [order.pk], now=now, actor=by):
            raise OrderError("This order has nothing that could go to a warehouse now.")
