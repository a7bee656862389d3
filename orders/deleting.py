"""Orders that a store deleted: nothing of them is left there to follow, and nothing more of them is to ship."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.models import F

from fcp.insert import insert_rows, update_rows
from fcp.models import Store

from .change_holds import OF_WAREHOUSES, lift_with_events, place_holds
from .columns import EVENT_COLUMNS
from .decide import CLOSED_STATUSES, is_canceled
from .holds import HoldKind
from .models import Order, OrderEvent, OrderLine, SeenOrder, ShippingRequest
from .models.orders import Outcome
from .release import stop_asking
from .reserving import StockWrites
from .settings import OrderRules
from .settle import TAKEN, settle
from .shapes import Status
from .stored_state import lock_orders


def cancel_deleted(store: Store, rules: OrderRules, uids: Collection[str], *, now: dt.datetime) -> int:
    """As if they were canceled there; what has shipped stays as it is. How many that are here it was about.

    In the caller's transaction; those that are not here, or canceled already, change nothing.
    """
    ids = list(Order.objects.filter(store=store, uid__in=uids).order_by("pk").values_list("pk", flat=True))
    lines = OrderLine.objects.filter(order_id__in=ids, ships=True, shipped__lt=F("quantity"))
    open_ones = set(lines.values_list("order_id", flat=True))
    orders = [o for o in lock_orders(ids) if o.pk in open_ones and not is_canceled(o.status, o.payment)]
    stock = StockWrites()
    if orders:
        _cancel(store, rules, orders, now, stock)
    _left_out(store, uids, stock)
    stock.write(actor="store", now=now)
    return len(orders)


def _cancel(store: Store, rules: OrderRules, orders: list[Order], now: dt.datetime, stock: StockWrites) -> None:
    ids = [order.pk for order in orders]
    canceled = {"status": Status.CANCELED.value, "canceled_at": now}
    Order.objects.filter(pk__in=ids).update(revision=F("revision") + 1, **canceled)
    events = [(o.account_id, o.pk, now, "store", "canceled_in_store", {"deleted": True}) for o in orders]
    insert_rows(OrderEvent, EVENT_COLUMNS, events)
    taken = ShippingRequest.objects.filter(order_id__in=ids, state__in=TAKEN).values_list("order_id", flat=True)
    has_it = set(taken)
    place_holds(store, [(pk, HoldKind.CANCELED_IN_STORE, "") for pk in sorted(has_it)], {}, now)
    lift_with_events([pk for pk in ids if pk not in has_it], OF_WAREHOUSES, now, "store")
    stop_asking(ids, now=now, actor="store")
    settle(store, ids, now=now, actor="store", rules=rules, stock=stock)


def _left_out(store: Store, uids: Collection[str], stock: StockWrites) -> None:
    """What was seen of them, also of those that never came in: those take no stock any more."""
    rows = SeenOrder.objects.select_for_update(no_key=True).filter(store=store, uid__in=uids).order_by("pk")
    values = []
    for row in rows:
        if not row.facts or row.facts.get("status") in CLOSED_STATUSES:
            continue
        # Its fingerprint stays: a list that lags behind shows it as it was, one that was restored has changed.
        values.append((row.facts | {"status": Status.CANCELED.value}, False, row.pk))
        if row.takes_stock and row.outcome != Outcome.IMPORTED:
            stock.seen(store.account_id, row.pk, ())
    update_rows(SeenOrder, ("facts", "takes_stock"), values)
