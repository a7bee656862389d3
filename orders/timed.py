"""Holds that last until a moment: lifted when it has come, whoever placed them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

from django.db import transaction

from fcp.insert import insert_rows
from fcp.models import Store

from .columns import EVENT_COLUMNS
from .models import Hold, OrderEvent
from .models.holds import HoldQuerySet
from .release import offer
from .stored_state import lock_orders, refresh_states

BATCH = 200
ACTOR = "schedule"


def due(now: dt.datetime) -> HoldQuerySet:
    """Open holds whose time came; the sweep asks this."""
    return Hold.objects.open().filter(until__lte=now)


def lift_due(now: dt.datetime, *, limit: int = 2000) -> int:
    """Lift them in batches of their own transactions, and offer the orders that nothing else keeps; returns how many
    were lifted. Safe to stop at any point and to run twice.
    """
    lifted = 0
    while lifted < limit:
        found = due(now).order_by("until", "pk").values_list("order__store_id", "order_id", "pk")[:BATCH]
        of_store: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for store_id, order_id, pk in found:
            of_store[store_id][order_id].append(pk)
        if not of_store:
            break
        for store_id, of_order in of_store.items():
            lifted += _lift(Store.objects.get(pk=store_id), of_order, now)
    return lifted


def _lift(store: Store, of_order: dict[int, list[int]], now: dt.datetime) -> int:
    with transaction.atomic():
        lock_orders(of_order)
        ids = [pk for holds in of_order.values() for pk in holds]
        holds = list(due(now).filter(pk__in=ids).order_by("pk"))  # a person may have changed it meanwhile
        Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(lifted_at=now, lifted_by=ACTOR)
        insert_rows(OrderEvent, EVENT_COLUMNS, [_event(hold, now) for hold in holds])
        refresh_states(of_order, now=now, by=ACTOR)
        offer(store, list(of_order), now=now, actor=ACTOR)
    return len(holds)


def _event(hold: Hold, now: dt.datetime) -> tuple[Any, ...]:
    params = {"kind": hold.kind, "word": hold.params.get("word", ""), "due": True}
    return (hold.account_id, hold.order_id, now, ACTOR, "lifted", params)
