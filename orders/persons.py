"""What is kept of a buyer: by a setting only what shipping needs, and after a time nothing any more.

Erasing overwrites a person wherever one stands (tests/orders/test_persons.py names these columns) and leaves lines,
amounts and the country. An erased order keeps the mark `ERASED` among its edits, so that no later look at the store
brings the person back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from fcp.insert import insert_rows
from fcp.models import Store

from .columns import EVENT_COLUMNS
from .models import Order, OrderEvent, OrderParty, Payload, ShippingRequest
from .payloads import packed
from .release import PARTY_FIELDS
from .settle import party_of
from .shapes import ReadOrder
from .state import OPEN_STATES

ERASED = "erased"
NOTHING = b"{}"  # instead of what the store sent
BATCH = 200
KEPT = {"region", "country"}
NOTES = ("buyer_note", "gift_note", "delivery_note")
OPEN = [state.value for state in OPEN_STATES]


# --- on the way in -------------------------------------------------------------------------------------------------


def needed_only(item: ReadOrder) -> ReadOrder:
    """The order with what shipping needs: no e-mail, no phone, no payer, nothing of the store's own JSON."""
    ship_to = replace(item.order.ship_to, email="", phone="")
    order = replace(item.order, ship_to=ship_to, bill_to=ship_to)
    return replace(item, raw=replace(item.raw, packed=NOTHING), order=order)


def as_kept(
    order: Order, item: ReadOrder, ship_to: OrderParty | None, bill_to: OrderParty | None, suppress: bool
) -> ReadOrder:
    """A later version of an order that is here, with the person as we keep him: what was erased is no change."""
    here, incoming = party_of(ship_to), item.order
    billed = party_of(bill_to or ship_to)
    if ERASED in order.edited:
        notes = {name: getattr(order, name) for name in NOTES}
        incoming = replace(incoming, ship_to=here, bill_to=billed, **notes)
    elif suppress:
        address = replace(incoming.ship_to, email=here.email, phone=here.phone)
        incoming = replace(incoming, ship_to=address, bill_to=billed if bill_to else address)
    else:
        return item
    return replace(item, raw=replace(item.raw, packed=NOTHING), order=incoming)


# --- what is here --------------------------------------------------------------------------------------------------


def to_erase(store: Store, before: dt.datetime) -> QuerySet[Order]:
    """Orders closed before then that still name a person, or may in a note or in what the store sent."""
    closed = Order.objects.filter(store=store, state_since__lt=before).exclude(state__in=OPEN)
    named = Q()
    for name in set(PARTY_FIELDS) - KEPT:
        named |= ~Q(**{name: ""})
    written = Q()
    for name in (*NOTES, "email_key"):
        written |= ~Q(**{name: ""})
    return closed.filter(Exists(OrderParty.objects.filter(named, order=OuterRef("pk"))) | written | Exists(_sent()))


def _sent() -> QuerySet[Payload]:
    """What the store sent of an order, where it is more than nothing."""
    return Payload.objects.filter(order=OuterRef("pk")).exclude(packed=packed(NOTHING))


def not_due(store: Store, before: dt.datetime) -> QuerySet[Order]:
    """Orders that are open, or were not closed before then."""
    return Order.objects.filter(Q(state__in=OPEN) | Q(state_since__gte=before), store=store)


def erase(order_ids: Sequence[int], now: dt.datetime) -> list[str]:
    """Overwrite the persons of these orders; the store's ids of the orders. In the caller's transaction."""
    orders = list(Order.objects.select_for_update(no_key=True).filter(pk__in=order_ids).order_by("pk"))
    ids = [order.pk for order in orders]
    OrderParty.objects.filter(order_id__in=ids).update(**dict.fromkeys(set(PARTY_FIELDS) - KEPT, ""))
    Payload.objects.filter(order_id__in=ids).delete()
    for order in orders:
        for name in (*NOTES, "email_key"):
            setattr(order, name, "")
        order.edited = [*(one for one in order.edited if one != ERASED), ERASED]
    Order.objects.bulk_update(orders, [*NOTES, "email_key", "edited"], batch_size=BATCH)
    _clean_requests(ids, set(PARTY_FIELDS) - KEPT, notes=True)
    insert_rows(
        OrderEvent, EVENT_COLUMNS, [(o.account_id, o.pk, now, "schedule", "persons_erased", {}) for o in orders]
    )
    return [order.uid for order in orders]


def forget_contacts(store: Store, limit: int = BATCH) -> list[str]:
    """Take e-mail, phone, payer and raw data from some orders that have any; the store's ids of the orders, [] at the
    end."""
    payer = Q(role=OrderParty.Role.BILL_TO)
    known = OrderParty.objects.filter(payer | ~Q(email="", phone=""), order=OuterRef("pk"))
    orders_of_store = Order.objects.filter(Exists(known) | Exists(_sent()), store=store)
    ids = list(orders_of_store.order_by("pk").values_list("pk", flat=True)[:limit])
    with transaction.atomic():
        orders = list(Order.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
        OrderParty.objects.filter(order_id__in=ids, role=OrderParty.Role.BILL_TO).delete()
        OrderParty.objects.filter(order_id__in=ids).update(email="", phone="")
        Order.objects.filter(pk__in=ids).update(email_key="")
        Payload.objects.filter(order_id__in=ids).delete()
        _clean_requests(ids, {"email", "phone"}, notes=False)
    return [order.uid for order in orders]


def _clean_requests(order_ids: Sequence[int], fields: set[str], *, notes: bool) -> None:
    """What warehouses were shown; no revision of it: nothing that they work from is another."""
    asked = list(ShippingRequest.objects.filter(order_id__in=order_ids).only("snapshot", "change").order_by("pk"))
    for one in asked:
        for shown in (one.snapshot, one.change):
            if "ship_to" in shown:
                shown["ship_to"] = shown["ship_to"] | dict.fromkeys(fields & shown["ship_to"].keys(), "")
        if notes and "notes" in one.snapshot:
            one.snapshot["notes"] = one.snapshot["notes"] | {"buyer": "", "gift": "", "delivery": ""}
    ShippingRequest.objects.bulk_update(asked, ["snapshot", "change"], batch_size=BATCH)
