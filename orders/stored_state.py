"""Computing and storing what follows from an order's rows: its state (this is its one writer) and its reservations."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .decide import is_canceled, wants_nothing
from .holds import HoldKind
from .line_rows import LineNow
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
    orders = map(_Order._make, Order.objects.filter(id__among=ids).values_list(*_Order._fields))
    return store_states(read_standing(list(orders)), now=now, left=left, by=by, stock=stock)


@dataclass(slots=True)
class Standing:
    """How some (locked) orders stand: the rows that their states follow from, each by order id."""

    orders: Mapping[int, OrderRow]
    lines: Mapping[int, Sequence[LineRow]]
    requests: dict[int, list[RequestRow]]
    holds: dict[int, set[str]]
    untold: set[int]

    def state_of(self, pk: int) -> State:
        lines, requests = self.lines.get(pk, ()), self.requests.get(pk, ())
        states = {request.state for request in requests}
        order, to_ship = self.orders[pk], [line for line in lines if line.ships and line.removed_at is None]
        facts = OrderFacts(
            to_ship=sum(line.quantity for line in to_ship),
            shipped=sum(line.shipped for line in lines),
            untold=pk in self.untold,
            canceled=is_canceled(order.status, order.payment),
            stopping=RequestState.CANCEL_ASKED in states,
            acknowledged=any(state in AT_WAREHOUSE for state in states),
            held=pk in self.holds,
            offered=RequestState.OFFERED in states,
        )
        return order_state(facts)


def read_standing(
    orders: Sequence[OrderRow],
    lines: Mapping[int, Sequence[LineRow]] | None = None,
    requests: dict[int, list[RequestRow]] | None = None,
) -> Standing:
    """How these (locked) orders stand. Lines (also removed ones) and requests are read where they are not given."""
    by_id = {order.pk: order for order in orders}
    holds: dict[int, set[str]] = defaultdict(set)
    for order_id, kind in Hold.objects.open().filter(order_id__among=by_id).values_list("order_id", "kind"):
        holds[order_id].add(kind)
    untold = Fulfillment.objects.to_tell().filter(order_id__among=by_id).values_list("order_id", flat=True)
    return Standing(
        by_id,
        _lines_of(by_id) if lines is None else lines,
        requests_of(by_id) if requests is None else requests,
        dict(holds),
        set(untold),
    )


def _lines_of(order_ids: Collection[int]) -> dict[int, list[LineRow]]:
    lines: dict[int, list[LineRow]] = defaultdict(list)
    for line in map(_Line._make, OrderLine.objects.filter(order_id__among=order_ids).values_list(*_Line._fields)):
        lines[line.order_id].append(line)
    return lines


def requests_of(order_ids: Collection[int]) -> dict[int, list[RequestRow]]:
    requests: dict[int, list[RequestRow]] = defaultdict(list)
    rows = ShippingRequest.objects.filter(order_id__among=order_ids).values_list(*RequestRow._fields)
    for request in map(RequestRow._make, rows):
        requests[request.order_id].append(request)
    return requests


def store_states(
    standing: Standing,
    *,
    now: dt.datetime,
    left: Collection[int] = (),
    by: str = "schedule",
    stock: StockWrites | None = None,
) -> dict[int, State]:
    """As `refresh_states`, from rows that were read already."""
    writes = StockWrites() if stock is None else stock
    writes.left += left
    changed: dict[int, State] = {}
    for pk, order in standing.orders.items():
        state = standing.state_of(pk)
        if state != order.state:
            changed[pk] = state
        unpaid = HoldKind.PAYMENT.value in standing.holds.get(pk, ())
        needs = _needs(order, standing.requests.get(pk, ()), unpaid)
        for line in standing.lines.get(pk, ()):
            left_of_it = line.quantity - line.shipped if line.ships and line.removed_at is None else 0
            of_line = LineNeeds(line.product_id, line.warehouse_id, left_of_it, line.units)
            writes.line(order.account_id, line.pk, needed(needs, of_line))
    for state in set(changed.values()):
        of_state = {pk for pk, s in changed.items() if s is state}
        Order.objects.filter(id__among=of_state).update(state=state.value, state_since=now)
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


# Rows of them, or they themselves.
OrderRow = Order | _Order
LineRow = LineNow | _Line


class RequestRow(NamedTuple):
    order_id: int
    warehouse_id: int
    number: int
    state: str
    acknowledged_at: dt.datetime | None


def _needs(order: OrderRow, requests: Sequence[RequestRow], unpaid: bool) -> OrderNeeds:
    return OrderNeeds(
        placed_at=order.placed_at,
        closed=wants_nothing(order.status, order.payment, order.fulfillment),
        unpaid=unpaid,
        at_warehouse={r.warehouse_id: r.acknowledged_at for r in requests if r.state in AT_WAREHOUSE},
    )
