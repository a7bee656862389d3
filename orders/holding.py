"""What a person does to an order that waits: hold it, lift a hold, edit it, let one through as a try."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from django.db import transaction

from fcp.models import Store
from inventory.models import Warehouse

from .errors import OrderError
from .events import record
from .holds import BY_HAND, KINDS, HoldKind
from .models import Hold, Order, OrderLine, OrderParty
from .release import PARTY_FIELDS, offer, renew_offers, withdraw
from .settle import TAKEN, settle
from .stored_state import lock_orders, refresh_states


def place_hold(order: Order, kind: HoldKind, note: str, *, by: str, now: dt.datetime) -> None:
    """Hold an order by hand, with a note that says why. What is offered is taken back; what a warehouse has stays."""
    if kind not in BY_HAND:
        raise OrderError("This kind of hold is placed by the system itself.")
    if not note.strip():
        raise OrderError("Say why the order is held, so that the next person knows.")
    with transaction.atomic():
        lock_orders([order.pk])
        if Hold.objects.open().filter(order=order, kind=kind.value, cause="").exists():
            raise OrderError("This order is held for that already.")
        Hold.objects.create(
            account_id=order.account_id, order=order, kind=kind.value, params={"word": note.strip()[:200]},
            note=note.strip()[:500], placed_at=now, placed_by=by,
        )  # fmt: skip
        record(order, "held", by, now, kind=kind.value, word=note.strip()[:200])
        withdraw([order.pk], now=now, actor=by)
        refresh_states([order.pk], now=now)


def lift_hold(hold: Hold, *, by: str, now: dt.datetime) -> None:
    """Lift a hold that a person may lift; the order is offered at once if nothing else keeps it."""
    kind = HoldKind(hold.kind)
    if not KINDS[kind].liftable:
        raise OrderError(f"This hold lifts itself once its cause is mended: {kind.label.lower()}.")
    with transaction.atomic():
        (order,) = lock_orders([hold.order_id])
        if (
            not Hold.objects.open()
            .filter(pk=hold.pk)
            .update(lifted_at=now, lifted_by=by, answered=KINDS[kind].answerable)
        ):
            return
        record(order, "lifted", by, now, kind=hold.kind, word=hold.params.get("word", ""))
        refresh_states([order.pk], now=now)
        offer(Store.objects.get(pk=order.store_id), [order.pk], now=now, actor=by)


EDITABLE = {"ship_code", "warehouse", "address", "note"}


def edit_order(
    order: Order,
    *,
    by: str,
    now: dt.datetime,
    address: Mapping[str, str] | None = None,
    ship_code: str | None = None,
    warehouse: Warehouse | None = None,
    note: str | None = None,
) -> None:
    """Change an order that no warehouse has taken. What is set here stands: a later pull does not overwrite it.

    `address` maps names of party fields to their new values; fields left out keep theirs.
    """
    with transaction.atomic():
        (order,) = lock_orders([order.pk])
        if order.requests.filter(state__in=TAKEN).exists():
            raise OrderError("A warehouse has this order already; ask it to stop before changing anything.")
        if warehouse is not None and warehouse.account_id != order.account_id:
            raise OrderError("That warehouse is not one of this account's.")
        what = []
        if address is not None and _edit_address(order, address):
            what.append("address")
        if ship_code is not None and ship_code != order.ship_code:
            order.ship_code = ship_code.strip()[:100]
            what.append("ship_code")
        if warehouse is not None and warehouse.pk != order.warehouse_id:
            order.warehouse = warehouse
            OrderLine.objects.filter(order=order).update(warehouse=warehouse)
            what.append("warehouse")
        if note is not None and note != order.note:
            order.note = note
            what.append("note")
        if not what:
            return
        order.edited = sorted(set(order.edited) | set(what))
        order.revision += 1
        order.save(update_fields=["ship_code", "warehouse", "note", "edited", "revision", "country", "email_key"])
        record(order, "edited", by, now, what=what)
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


def hold_many(order_ids: Collection[int], account_id: int, note: str, *, by: str, now: dt.datetime) -> int:
    """Hold several orders by hand; those held by hand already are left alone. Returns how many are held now."""
    done = 0
    for order in Order.objects.filter(pk__in=order_ids, account_id=account_id).order_by("pk"):
        try:
            place_hold(order, HoldKind.CLIENT, note, by=by, now=now)
        except OrderError:
            if not note.strip():
                raise
            continue
        done += 1
    return done
