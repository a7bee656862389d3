"""From an order without holds to a shipping request that a warehouse can take, and back as long as nobody took it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from fcp.insert import insert_rows, take_ids
from fcp.models import Store
from inventory.models import Warehouse

from .columns import EVENT_COLUMNS
from .decide import CLOSED_PAYMENTS, CLOSED_STATUSES, is_closed
from .line_rows import PARTY_FIELDS as PARTY_FIELDS
from .line_rows import ShipTo, ship_to_of
from .models import Hold, Order, OrderEvent, OrderLine, RequestLine, ShippingRequest
from .models.shipping import AT_WAREHOUSE, UNSETTLED, RequestState
from .shapes import StoreFulfillment
from .state import State
from .stored_state import RequestRow, Standing, lock_orders, read_standing, store_states
from .told_to_partner import told_of_store

BATCH = 500
# As `decide.is_closed` says.
CLOSED = Q(status__in=CLOSED_STATUSES) | Q(payment__in=CLOSED_PAYMENTS) | Q(fulfillment=StoreFulfillment.ALL.value)
MAY_BE_OFFERED = (State.NEW, State.PARTLY_SHIPPED)

REQUEST_COLUMNS = (
    "id", "account", "order", "warehouse", "partner", "number", "state", "revision", "snapshot", "partner_ref",
    "reason", "offered_at", "acknowledged_at", "cancel_asked_at", "changed_at",
    "change", "change_asked_at", "change_answer", "change_reason",
)  # fmt: skip


def waiting_to_be_offered(store: Store, *states: State) -> Any:
    """Orders that nothing keeps from a warehouse: open in the store, no open hold, no open request. By the index of the
    store's orders in each state: `states` narrows them.
    """
    orders = Order.objects.filter(account=store.account_id, store=store).in_state(*states or MAY_BE_OFFERED)
    if not store.hands_over:
        orders = orders.filter(tried=True)
    return (
        orders.exclude(CLOSED)
        .exclude(Exists(Hold.objects.open().filter(order=OuterRef("pk"))))
        .exclude(Exists(ShippingRequest.objects.filter(order=OuterRef("pk"), state__in=UNSETTLED)))
    )


def offer_waiting(store: Store, *, now: dt.datetime, actor: str = "schedule") -> int:
    """Offer every order of the store that may go, in batches of their own transactions; returns how many."""
    offered = 0
    for state in MAY_BE_OFFERED:  # one after the other: together no index leads to them
        last = 0
        while ids := _first(waiting_to_be_offered(store, state).filter(pk__gt=last)):
            with transaction.atomic():
                offered += offer(store, ids, now=now, actor=actor)
            last = ids[-1]
    return offered


def _first(waiting: Any) -> list[int]:
    return list(waiting.order_by("pk").values_list("pk", flat=True)[:BATCH])


def offer(store: Store, order_ids: Collection[int], *, now: dt.datetime, actor: str) -> int:
    """Make shipping requests for these orders, as far as they still may go once locked; in the caller's transaction."""
    orders = lock_orders(order_ids)
    standing = read_standing(orders)
    offered = offer_standing(store, orders, standing, now=now, actor=actor)
    store_states(standing, now=now)
    return offered


def may_be_offered(store: Store, order: Order, standing: Standing) -> bool:
    """Whether nothing keeps this (locked) order from a warehouse; `waiting_to_be_offered` finds such orders."""
    if order.store_id != store.pk or not (store.hands_over or order.tried):
        return False
    if is_closed(order.status, order.payment, order.fulfillment):
        return False
    unsettled = any(request.state in UNSETTLED for request in standing.requests.get(order.pk, ()))
    return not unsettled and order.pk not in standing.holds and standing.state_of(order.pk) in MAY_BE_OFFERED


def offer_standing(
    store: Store,
    orders: Sequence[Order],
    standing: Standing,
    *,
    now: dt.datetime,
    actor: str,
    parties: Mapping[int, ShipTo] | None = None,
) -> int:
    """As `offer`, for orders whose rows were read already; the caller stores their states."""
    orders = [order for order in orders if may_be_offered(store, order, standing)]
    if not orders:
        return 0
    ids = [order.pk for order in orders]
    lines = lines_to_ship(ids)
    parties = ship_to_of(ids) if parties is None else parties
    wanted = [
        (order, warehouse_id, of_warehouse)
        for order in orders
        for warehouse_id, of_warehouse in by_warehouse(lines[order.pk]).items()
        if warehouse_id
    ]
    partners = dict(Warehouse.objects.filter(pk__in={w for _, w, _ in wanted}).values_list("pk", "partner_id"))
    told = told_of_store(store.pk) if any(partners.values()) else {}
    rows: list[tuple[Any, ...]] = []
    request_lines, events = [], []
    for pk, (order, warehouse_id, of_warehouse) in zip(take_ids(ShippingRequest, len(wanted)), wanted, strict=True):
        requests = standing.requests.setdefault(order.pk, [])
        number = max((request.number for request in requests), default=0) + 1
        requests.append(RequestRow(order.pk, warehouse_id, number, RequestState.OFFERED.value, None))
        of_partner = told.get(partners[warehouse_id] or 0)
        snapshot = snapshot_of(order, store, of_warehouse, parties.get(order.pk), of_partner)
        rows.append(
            (pk, order.account_id, order.pk, warehouse_id, partners[warehouse_id], number, RequestState.OFFERED.value,
             1, snapshot, "", "", now, None, None, now, {}, None, "", "")
        )  # fmt: skip
        request_lines += [(order.account_id, pk, line.pk, line.quantity - line.shipped) for line in of_warehouse]
        events.append(
            (order.account_id, order.pk, now, actor, "offered", {"request": number, "warehouse": warehouse_id})
        )
    insert_rows(ShippingRequest, REQUEST_COLUMNS, rows)
    insert_rows(RequestLine, ("account", "request", "line", "quantity"), request_lines)
    insert_rows(OrderEvent, EVENT_COLUMNS, events)
    return len({order.pk for order, _, _ in wanted})


class LineToShip(NamedTuple):
    """A line with something left to ship, as far as a warehouse is told of it."""

    pk: int
    order_id: int
    warehouse_id: int | None
    sku: str
    product_sku: str | None
    title: str
    options: list[Any]
    quantity: int
    shipped: int
    units: int


def lines_to_ship(order_ids: Collection[int]) -> dict[int, list[LineToShip]]:
    """The lines with something left to ship, by order id."""
    rows = OrderLine.objects.filter(
        order_id__among=order_ids, ships=True, removed_at=None, shipped__lt=F("quantity")
    ).order_by("pk")
    columns = ["product__sku" if name == "product_sku" else name for name in LineToShip._fields]
    lines: dict[int, list[LineToShip]] = defaultdict(list)
    for row in map(LineToShip._make, rows.values_list(*columns)):
        lines[row.order_id].append(row)
    return lines


def by_warehouse(lines: Iterable[LineToShip]) -> dict[int | None, list[LineToShip]]:
    groups: dict[int | None, list[LineToShip]] = defaultdict(list)
    for line in lines:
        groups[line.warehouse_id].append(line)
    return groups


def snapshot_of(
    order: Order,
    store: Store,
    lines: Sequence[LineToShip],
    ship_to: ShipTo | None,
    told: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a warehouse is shown of an order: plain JSON, the whole of what it needs to ship.

    A line's `quantity` counts what was sold; `units` how many pieces of `product_sku` one of it is. `told` is what its
    partner asked to be told of the store (`orders.told_to_partner`).
    """
    return {
        "order_number": order.number,
        "store": store.name,
        "placed_at": order.placed_at.isoformat(),
        "ship_code": order.ship_code,
        "carrier": order.carrier,
        "service": order.service,
        "pickup": order.pickup,
        "to_collect": (
            {"amount": str(order.total), "currency": order.currency}
            if order.cash_on_delivery and order.payment == "unpaid"
            else None
        ),
        "ship_to": {name: getattr(ship_to, name) if ship_to else "" for name in PARTY_FIELDS},
        "notes": {
            "buyer": order.buyer_note,
            "gift": order.gift_note,
            "delivery": order.delivery_note,
            "ours": order.note,
        },
        "wms": dict(told or {}),
        "lines": [
            {
                "id": str(line.pk),
                "sku": line.sku,
                "product_sku": line.product_sku or line.sku,
                "title": line.title,
                "options": line.options,
                "quantity": line.quantity - line.shipped,
                "units": line.units,
            }
            for line in lines
        ],
    }


def withdraw(order_ids: Collection[int], *, now: dt.datetime, actor: str) -> set[int]:
    """Take back what these (locked) orders offered and nobody acknowledged yet; returns the orders concerned."""
    offered = ShippingRequest.objects.filter(order_id__in=order_ids, state=RequestState.OFFERED)
    orders = set(offered.values_list("order_id", flat=True))
    if orders:
        offered.update(state=RequestState.WITHDRAWN, changed_at=now)
    return orders


def stop_asking(order_ids: Collection[int], *, now: dt.datetime, actor: str) -> None:
    """Nothing more of these (locked) orders is wanted: offers are taken back, who took one is asked to stop."""
    withdraw(order_ids, now=now, actor=actor)
    at_warehouse = ShippingRequest.objects.filter(order_id__in=order_ids, state__in=AT_WAREHOUSE)
    stopping = at_warehouse.exclude(state=RequestState.CANCEL_ASKED)
    stopping.update(state=RequestState.CANCEL_ASKED, cancel_asked_at=now, changed_at=now)


def renew_offers(store: Store, order_ids: Collection[int], *, now: dt.datetime, actor: str) -> None:
    """Bring what is offered up to date with these (locked) orders: a new revision, or taken back to be offered anew.

    A warehouse that acknowledges the older revision is told to read again.
    """
    offered = list(
        ShippingRequest.objects.filter(order_id__in=order_ids, state=RequestState.OFFERED)
        .select_related("order")
        .prefetch_related("lines")
        .order_by("pk")
    )
    if not offered:
        return
    ids = {request.order_id for request in offered}
    lines, parties, told = lines_to_ship(ids), ship_to_of(ids), told_of_store(store.pk)
    held = set(Hold.objects.open().filter(order_id__in=ids).values_list("order_id", flat=True))
    back = set()
    for request in offered:
        order = request.order
        groups = by_warehouse(lines[order.pk])
        now_lines = groups.get(request.warehouse_id, [])
        same = {line.pk: line.quantity - line.shipped for line in now_lines} == {
            line.line_id: line.quantity for line in request.lines.all()
        }
        spread = len(groups) != len([r for r in offered if r.order_id == order.pk])
        if order.pk in held or is_closed(order.status, order.payment, order.fulfillment) or not same or spread:
            back.add(order.pk)
            continue
        of_partner = told.get(request.partner_id or 0)
        snapshot = snapshot_of(order, store, now_lines, parties.get(order.pk), of_partner)
        if snapshot != request.snapshot:
            ShippingRequest.objects.filter(pk=request.pk, state=RequestState.OFFERED).update(
                snapshot=snapshot, revision=F("revision") + 1, changed_at=now
            )
    withdraw(back, now=now, actor=actor)


def offer_rest(order: Order, *, now: dt.datetime, actor: str) -> None:
    """Offer what is left of a (locked) order after a warehouse shipped its part; in the caller's transaction.

    Another warehouse's part was taken back, say, when the order was to be stopped, and could not be offered anew since.
    """
    if lines_to_ship([order.pk]):
        offer(Store.objects.get(pk=order.store_id), [order.pk], now=now, actor=actor)


def stores_with_waiting() -> Any:
    """Stores that hand over and have orders, or rests of them, nobody was offered; the sweep of the tick asks this."""
    waiting = Order.objects.filter(store=OuterRef("pk"), state=State.NEW)
    return Store.objects.filter(Exists(waiting) | Exists(_with_a_rest()), hands_over=True)


def _with_a_rest() -> Any:
    """Orders of the outer store that shipped in part, and whose rest waits for nothing; by the store's own index."""
    of_order: dict[str, Any] = {"order": OuterRef("pk")}
    to_ship = OrderLine.objects.filter(
        ships=True, removed_at=None, shipped__lt=F("quantity"), warehouse__isnull=False, **of_order
    )
    return (
        Order.objects.filter(account=OuterRef("account"), store=OuterRef("pk"), state=State.PARTLY_SHIPPED)
        .exclude(CLOSED)
        .exclude(Exists(Hold.objects.open().filter(**of_order)))
        .exclude(Exists(ShippingRequest.objects.filter(state__in=UNSETTLED, **of_order)))
        .filter(Exists(to_ship))
    )
