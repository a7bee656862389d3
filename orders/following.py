"""Orders follow what they name: a product sold ahead, its customs data, a way of shipping to look at, a warehouse.

Who changes such a thing leaves a row (ToSettle) before it is changed; the nudge settles its orders at once, and the
sweep once more a little later. By then every transaction is over that had read the thing as it was while it stored an
order, so that none is missed.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from fcp.models import Store
from inventory.models import Product, Warehouse
from mappings.models import Listing

from .holds import HoldKind
from .models import Hold, Order, OrderLine, ToSettle
from .release import offer_waiting
from .rules import rules_of_store
from .settle import BATCH, settle
from .signals import orders_to_settle
from .state import State

QUIET = dt.timedelta(minutes=1)  # no transaction that stores orders lasts longer
WAITING = (State.NEW, State.HELD, State.READY)
What = ToSettle.What


def mark(what: ToSettle.What, row: int, account_id: int, now: dt.datetime) -> None:
    """Its orders are to be settled again: written no later than the change itself."""
    ToSettle.objects.bulk_create(
        [ToSettle(account_id=account_id, what=what, row=row, at=now)],
        update_conflicts=True,
        unique_fields=["account", "what", "row"],
        update_fields=["at"],
    )


def nudge(what: ToSettle.What, row: int) -> None:
    transaction.on_commit(partial(orders_to_settle.send, ToSettle, what=str(what), row=row), robust=True)


# --- what changes ----------------------------------------------------------------------------------------------------

OF_PRODUCT = ("preorder_until", "customs_code", "origin")
OF_WAREHOUSE = ("country",)


def on_saving(sender: type[Product | Warehouse], instance: Product | Warehouse, **_: Any) -> None:
    """Before a product or a warehouse is saved: whether orders may be held or freed by it."""
    fields = OF_PRODUCT if isinstance(instance, Product) else OF_WAREHOUSE
    before = sender._default_manager.filter(pk=instance.pk).values_list(*fields).first() if instance.pk else None
    changed = before is not None and before != tuple(getattr(instance, name) for name in fields)
    if changed:
        mark(_what(instance), instance.pk, instance.account_id, timezone.now())
    instance._orders_follow = changed  # type: ignore[union-attr]  # until it is saved


def on_saved(sender: type[Product | Warehouse], instance: Product | Warehouse, **_: Any) -> None:
    if getattr(instance, "_orders_follow", False):
        nudge(_what(instance), instance.pk)


def on_ship_method(
    sender: Any, row_id: int, account_id: int, now: dt.datetime, quiet: bool = False, **_: Any
) -> None:  # fmt: skip
    """Within the transaction that switches its hold. One of many gets no nudge of its own: its orders are settled as
    those of a word that changed, and the sweep takes the last look.
    """
    mark(What.SHIP_METHOD, row_id, account_id, now)
    if not quiet:
        nudge(What.SHIP_METHOD, row_id)


def _what(instance: Product | Warehouse) -> ToSettle.What:
    return What.PRODUCT if isinstance(instance, Product) else What.WAREHOUSE


# --- what follows ----------------------------------------------------------------------------------------------------


def follow(what: str, row_id: int, *, now: dt.datetime, actor: str = "schedule") -> int:
    """Settle the orders that name this and that no warehouse has, in batches; returns how many were looked at.

    Safe to stop at any point and to run twice.
    """
    row = ToSettle.objects.filter(what=what, row=row_id).first()
    if row is None:
        return 0
    looked_at = 0
    for store_id, ids in _concerned(row).items():
        store = Store.objects.get(pk=store_id)
        ordered = sorted(ids)
        for start in range(0, len(ordered), BATCH):
            with transaction.atomic():
                settle(store, ordered[start : start + BATCH], now=now, actor=actor)
        offer_waiting(store, now=now, actor=actor)
        looked_at += len(ids)
    return looked_at


def due(now: dt.datetime) -> QuerySet[ToSettle]:
    """What changed long enough ago for the last look; the sweep asks this."""
    return ToSettle.objects.filter(at__lte=now - QUIET)


def follow_due(now: dt.datetime, *, limit: int = 100) -> int:
    """The last look at what changed; returns the number of things. One that changed meanwhile stays."""
    rows = list(due(now).order_by("at", "pk")[:limit])
    for row in rows:
        follow(row.what, row.row, now=now)
        ToSettle.objects.filter(pk=row.pk, at=row.at).delete()
    return len(rows)


def _concerned(row: ToSettle) -> dict[int, set[int]]:
    """Ids of orders by store; plain numbers, however many they are."""
    account = row.account_id
    found: dict[int, set[int]] = defaultdict(set)
    waiting = Order.objects.filter(account=account).in_state(*WAITING)
    match row.what:
        case What.SHIP_METHOD:
            orders = [waiting.filter(ship_method=row.row).values_list("store_id", "pk")]
        case What.WAREHOUSE:
            stores = _stores_that_ask_abroad(account)
            orders = [waiting.filter(store=pk).values_list("store_id", "pk") for pk in stores]
        case _:
            listings = Listing.objects.filter(account=account, product=row.row).values("pk")
            lines = OrderLine.objects.filter(listing__in=listings, removed_at=None, order__state__in=WAITING)
            held = Hold.objects.open().filter(
                account=account, kind__in=[HoldKind.PREORDER, HoldKind.CUSTOMS], cause=str(row.row)
            )
            orders = [rows.values_list("order__store_id", "order_id") for rows in (lines, held)]
    for pairs in orders:
        for store, order in pairs.order_by().iterator():
            found[store].add(order)
    return found


def _stores_that_ask_abroad(account_id: int) -> Iterator[int]:
    """Those whose orders may be decided by where a warehouse is: by customs data, or by a rule."""
    for pk in Store.objects.filter(account=account_id).values_list("pk", flat=True):
        try:
            rules = rules_of_store(pk)
        except ObjectDoesNotExist:  # never had any settings
            continue
        if rules.customs or (rules.book and rules.book.asks_abroad):
            yield pk
