"""Computing and storing what follows from an order's rows: its state (this is its one writer) and its reservations."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from .decide import is_canceled, wants_nothing
from .holds import HoldKind
from .models import Fulfillment, Hold, Order, OrderLine, ShippingRequest
from .models.shipping import AT_WAREHOUSE, RequestState
from .reserving import LineNeeds, OrderNeeds, StockWrites, needed
from .state import OrderFacts, State, order_state


def lock_orders(order_ids: Collection[int]) -> list[Order]:
    """The orders, locked until the transaction ends, always by rising id: no two workers wait for each other.

    Whoever changes an order's lines, holds, requests or fulfillments locks its row first.
    """
    return list(Order.objects.select_for_update(no_key=True).filter(pk__in=order_ids).order_by("pk"))


def refresh_states(
    order_ids: Collection[int],
    *,
    now: dt.datetime,
    left: Collection[int] = (),
    by: str = "schedule",
    stock: StockWrites | None = None,
) -> dict[int, State]:
    """Recompute state and reservations of these (locked) orders from their rows and store what changed; returns the
    changed states.

    `left` are fulfillments that `by` made or voided: their goods move. With `stock`, the caller writes what changes of
    the stock, at the end of its transaction; otherwise this is the last that happens in it. A constant number of
    statements, whatever the number of orders.
    """
    ids = list(order_ids)
    if not ids:
        return {}
    writes = StockWrites() if stock is None else stock
    writes.left += left
    lines: dict[int, list[_Line]] = defaultdict(list)
    for line in map(_Line._make, OrderLine.objects.filter(order_id__in=ids).values_list(*_Line._fields)):
        lines[line.order_id].append(line)
    requests: dict[int, list[_Request]] = defaultdict(list)
    rows = ShippingRequest.objects.filter(order_id__in=ids).values_list(*_Request._fields)
    for request in map(_Request._make, rows):
        requests[request.order_id].append(request)
    holds: dict[int, set[str]] = defaultdict(set)
    for order_id, kind in Hold.objects.open().filter(order_id__in=ids).values_list("order_id", "kind"):
        holds[order_id].add(kind)
    untold = set(Fulfillment.objects.to_tell().filter(order_id__in=ids).values_list("order_id", flat=True))

    changed: dict[int, State] = {}
    for order in map(_Order._make, Order.objects.filter(pk__in=ids).values_list(*_Order._fields)):
        its_lines, its_requests, held = lines[order.pk], requests[order.pk], holds[order.pk]
        state = order_state(_facts(order, its_lines, its_requests, bool(held), order.pk in untold))
        if state != order.state:
            changed[order.pk] = state
        needs = _needs(order, its_requests, HoldKind.PAYMENT.value in held)
        for line in its_lines:
            left_of_it = line.quantity - line.shipped if line.to_ship else 0
            of_line = LineNeeds(line.product_id, line.warehouse_id, left_of_it, line.units)
            writes.line(order.account_id, line.pk, needed(needs, of_line))
    for state in set(changed.values()):
        of_state = [pk for pk, s in changed.items() if s is state]
        Order.objects.filter(pk__in=of_state).update(state=state.value, state_since=now)
    if stock is None:
        writes.write(actor=by, now=now)
    return changed


class _Order(NamedTuple):
    pk: int
    account_id: int
    state: str
    status: str
    payment: str
    fulfillment: str
    placed_at: dt.datetime


class _Line(NamedTuple):
    pk: int
    order_id: int
    product_id: int | None
    warehouse_id: int | None
    quantity: int
    shipped: int
    units: int
    ships: bool
    removed_at: dt.datetime | None

    @property
    def to_ship(self) -> bool:
        return self.ships and self.removed_at is None


class _Request(NamedTuple):
    order_id: int
    warehouse_id: int
    state: str
    acknowledged_at: dt.datetime | None


def _facts(order: _Order, lines: Sequence[_Line], requests: Sequence[_Request], held: bool, untold: bool) -> OrderFacts:
    states = {request.state for request in requests}
    return OrderFacts(
        to_ship=sum(line.quantity for line in lines if line.to_ship),
        shipped=sum(line.shipped for line in lines),
        untold=untold,
        canceled=is_canceled(order.status, order.payment),
        stopping=RequestState.CANCEL_ASKED in states,
        acknowledged=any(state in AT_WAREHOUSE for state in states),
        held=held,
        offered=RequestState.OFFERED in states,
    )


def _needs(order: _Order, requests: Sequence[_Request], unpaid: bool) -> OrderNeeds:
    return OrderNeeds(
        placed_at=order.placed_at,
        closed=wants_nothing(order.status, order.payment, order.fulfillment),
        unpaid=unpaid,
        at_warehouse={r.warehouse_id: r.acknowledged_at for r in requests if r.state in AT_WAREHOUSE},
    )
