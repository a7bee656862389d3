"""Computing and storing the state of orders: the one writer of `Order.state`."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection

from django.db.models import Q, Sum

from .decide import is_canceled
from .models import Fulfillment, Hold, Order, OrderLine, ShippingRequest
from .models.shipping import AT_WAREHOUSE, RequestState
from .state import OrderFacts, State, order_state


def lock_orders(order_ids: Collection[int]) -> list[Order]:
    """The orders, locked until the transaction ends, always by rising id: no two workers wait for each other.

    Whoever changes an order's lines, holds, requests or fulfillments locks its row first.
    """
    return list(Order.objects.select_for_update(no_key=True).filter(pk__in=order_ids).order_by("pk"))


def refresh_states(order_ids: Collection[int], *, now: dt.datetime) -> dict[int, State]:
    """Recompute the state of these (locked) orders from their rows and store what changed; returns the changed ones.

    Six statements, whatever the number of orders.
    """
    ids = list(order_ids)
    if not ids:
        return {}
    pieces = {
        row["order_id"]: row
        for row in OrderLine.objects.filter(order_id__in=ids)
        .order_by()
        .values("order_id")
        .annotate(
            to_ship=Sum("quantity", filter=Q(ships=True, removed_at=None), default=0), gone=Sum("shipped", default=0)
        )
    }
    requests: dict[int, set[str]] = defaultdict(set)
    for order_id, state in ShippingRequest.objects.filter(order_id__in=ids).values_list("order_id", "state"):
        requests[order_id].add(state)
    held = set(Hold.objects.open().filter(order_id__in=ids).values_list("order_id", flat=True))
    untold = set(Fulfillment.objects.to_tell().filter(order_id__in=ids).values_list("order_id", flat=True))

    changed: dict[int, State] = {}
    for pk, before, status, payment in Order.objects.filter(pk__in=ids).values_list("pk", "state", "status", "payment"):
        states = requests[pk]
        line = pieces.get(pk, {"to_ship": 0, "gone": 0})
        after = order_state(
            OrderFacts(
                to_ship=line["to_ship"],
                shipped=line["gone"],
                untold=pk in untold,
                canceled=is_canceled(status, payment),
                stopping=RequestState.CANCEL_ASKED in states,
                acknowledged=any(s in AT_WAREHOUSE for s in states),
                held=pk in held,
                offered=RequestState.OFFERED in states,
            )
        )
        if after != before:
            changed[pk] = after
    for state in set(changed.values()):
        of_state = [pk for pk, s in changed.items() if s is state]
        Order.objects.filter(pk__in=of_state).update(state=state.value, state_since=now)
    return changed
