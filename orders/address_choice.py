"""Two addresses of one order: a person changed it here, and the store shows another one. A person chooses between them.

From the first edit on, what the store says stands in a row of its own (`OrderParty.Role.IN_STORE`), so that only what
is changed there since then asks anybody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db import transaction

from fcp.models import Store

from .asking import ask_for_change
from .change_words import ADDRESS, CHANGED_THERE
from .errors import OrderError
from .events import record
from .holds import HoldKind
from .models import Order, OrderParty
from .release import PARTY_FIELDS, offer
from .settle import party_of, settle
from .state import OPEN_STATES, State
from .stopped import drop_words
from .stored_state import lock_orders

Role = OrderParty.Role
TO_SHIP = [state for state in OPEN_STATES if state is not State.SHIPPED]


def use_store_address(order: Order, *, by: str, now: dt.datetime) -> bool:
    """Take the store's address instead of the one set here, and follow the store again; whether a warehouse that has
    the order is asked to use it.
    """
    with transaction.atomic():
        (order,) = lock_orders([order.pk])
        rows = {row.role: row for row in OrderParty.objects.filter(order=order)}
        theirs, ours = rows.get(Role.IN_STORE), rows.get(Role.SHIP_TO)
        if theirs is None or ours is None:
            raise OrderError("The store shows no other address than this one.")
        if order.state not in TO_SHIP:
            raise OrderError("Nothing of it is still to ship.")
        address = {name: getattr(theirs, name) for name in PARTY_FIELDS}
        OrderParty.objects.filter(pk=ours.pk).update(**address)
        follow_store(order)
        order.country = theirs.country
        order.email_key = theirs.email.lower() or order.email_key
        order.revision += 1
        order.save(update_fields=["country", "email_key", "edited", "revision"])
        record(order, "edited", by, now, what=["address (to the store's)"])
        store = Store.objects.get(pk=order.store_id)
        asked = ask_for_change(store, {order.pk: {"ship_to": address}}, now=now, actor=by)
        if not asked:  # otherwise the warehouse's answer settles it
            chosen(order, by, now)
        settle(store, [order.pk], now=now, actor=by)
        offer(store, [order.pk], now=now, actor=by)
    return bool(asked)


def keep_store_address(order: Order, shown: OrderParty) -> None:
    """Before the first edit of a (locked) order's address: what the store said so far."""
    address = {name: getattr(shown, name) for name in PARTY_FIELDS}
    defaults = address | {"account_id": order.account_id}
    OrderParty.objects.update_or_create(order=order, role=Role.IN_STORE, defaults=defaults)


def other_in_store(parties: Mapping[str, OrderParty]) -> OrderParty | None:
    """What the store shows where it is something else than what was set here; `parties` by role."""
    theirs = parties.get(Role.IN_STORE)
    return theirs if theirs and party_of(theirs) != party_of(parties.get(Role.SHIP_TO)) else None


def address_set(order: Order, *, by: str, now: dt.datetime) -> None:
    """A person set the address of a (locked) order here, whatever the store shows; the caller saves the order."""
    chosen(order, by, now)
    rows = {row.role: row for row in OrderParty.objects.filter(order=order)}
    if Role.IN_STORE in rows and other_in_store(rows) is None:
        follow_store(order)


def chosen(order: Order, by: str, now: dt.datetime) -> None:
    """Nobody needs to say any more which address is right."""
    drop_words(order, {CHANGED_THERE}, by, now, kind=HoldKind.ADDRESS_CHECK)
    drop_words(order, {ADDRESS}, by, now)


def follow_store(order: Order) -> None:
    """Its address is the store's again, and changes with it; the caller saves the (locked) order."""
    OrderParty.objects.filter(order=order, role=Role.IN_STORE).delete()
    order.edited = [one for one in order.edited if one != ADDRESS]
