"""Which fulfillments a store shall be told of, when its fulfillments flow goes off."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from fcp.models import Store
from orders.models import Fulfillment
from orders.models.shipping import TO_TELL, Told
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
