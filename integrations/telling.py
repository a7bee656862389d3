"""Which fulfillments a store shall be told of, when its fulfillments flow goes off, and when it goes on again."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import F, Q, QuerySet

from fcp.models import Store
from orders.models import Fulfillment
from orders.models.shipping import TO_TELL, Origin, Told
from orders.stored_state import lock_orders, refresh_states

BATCH = 500


def stop_telling(store: Store, *, now: dt.datetime) -> None:
    """What the store was not told of by now, it will not be told of: its orders count as done here."""
    while True:
        due = Fulfillment.objects.to_tell().filter(store=store).order_by("order_id")
        orders = sorted(set(due.values_list("order_id", flat=True)[:BATCH]))
        if not orders:
            return
        with transaction.atomic():
            lock_orders(orders)
            Fulfillment.objects.filter(order_id__in=orders, told__in=TO_TELL).update(told=Told.NOT_WANTED)
            refresh_states(orders, now=now)


# What the store was not told of while the flow was off: that something left, or that it changed; that it was taken
# back, though the store may know of it.
LEFT = Q(told=Told.NOT_WANTED, voided_at=None) & ~Q(origin=Origin.STORE)
TAKEN_BACK = (
    Q(told=Told.NOT_WANTED, voided_at__isnull=False)
    & ~Q(origin=Origin.STORE)
    & ~Q(voided_by="store")
    & (Q(store_ref__isnull=False) | Q(told_at__isnull=False) | Q(attempts__gt=0))
    & (Q(told_at=None) | Q(told_at__lt=F("voided_at")))
)


def untold_since(store: Store, since: dt.datetime | None) -> QuerySet[Fulfillment]:
    """What left, was corrected or withdrawn since then without the store being told; None: whenever."""
    mine = Fulfillment.objects.filter(account=store.account_id, store=store)
    if since is None:
        return mine.filter(LEFT | TAKEN_BACK)
    # A correction since then left its moment in `not_before`, whether it was noted to be told or not.
    corrected = Q(told_at__isnull=False, not_before__gte=since)
    lately = Q(created_at__gte=since) | Q(told_at__gte=since) | corrected
    return mine.filter(LEFT & lately | TAKEN_BACK & Q(voided_at__gte=since))


def tell_since(store: Store, since: dt.datetime | None, *, now: dt.datetime) -> None:
    """The store shall be told of all that after all. Of what it may know already it is asked before it is told."""
    while True:
        untold = untold_since(store, since).order_by("order_id")
        orders = sorted(set(untold.values_list("order_id", flat=True)[:BATCH]))
        if not orders:
            return
        with transaction.atomic():
            lock_orders(orders)
            again = untold_since(store, since).order_by().filter(order_id__in=orders)
            due = {"not_before": now, "problem": ""}
            again.filter(voided_at__isnull=False).update(told=Told.RETRACT, attempts=F("attempts") + 1, **due)
            again.filter(told_at__isnull=False, voided_at=None).update(told=Told.CHANGE, **due)
            again.filter(told_at=None, voided_at=None).update(told=Told.DUE, **due)
            refresh_states(orders, now=now)
