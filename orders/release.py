"""From an order without holds to a shipping request that a warehouse can take, and back as long as nobody took it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, F, Max, OuterRef, Q

from fcp.insert import insert_rows, take_ids
from fcp.models import Store
from inventory.models import Product, Warehouse

from .columns import EVENT_COLUMNS
from .decide import CLOSED_PAYMENTS, CLOSED_STATUSES, is_closed
from .models import Hold, Order, OrderEvent, OrderLine, OrderParty, RequestLine, ShippingRequest
from .models.shipping import AT_WAREHOUSE, UNSETTLED, RequestState
from .shapes import StoreFulfillment
from .state import State
from .stored_state import lock_orders, refresh_states

BATCH = 200
ALL_GONE = StoreFulfillment.ALL.value
MAY_BE_OFFERED = (State.NEW, State.PARTLY_SHIPPED)

REQUEST_COLUMNS = (
    "id", "account", "order", "warehouse", "partner", "number", "state", "revision", "snapshot", "partner_ref",
    "reason", "offered_at", "acknowledged_at", "cancel_asked_at", "changed_at",
    "change", "change_asked_at", "change_answer", "change_reason",
)  # fmt: skip


def waiting_to_be_offered(store: Store) -> Any:
    """Orders that nothing keeps from a warehouse: no open hold, no open request, something left to ship."""
    orders = Order.objects.filter(store=store).in_state(*MAY_BE_OFFERED)
    if not store.hands_over:
        orders = orders.filter(tried=True)
    return orders.exclude(Exists(Hold.objects.open().filter(order=OuterRef("pk")))).exclude(
        Exists(ShippingRequest.objects.filter(order=OuterRef("pk"), state__in=UNSETTLED))
    )


def offer_waiting(store: Store, *, now: dt.datetime, actor: str = "schedule") -> int:
    """Offer every order of the store that may go, in batches of their own transactions; returns how many."""
    offered, last = 0, 0
    while True:
        ids = list(waiting_to_be_offered(store).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not ids:
            return offered
        with transaction.atomic():
            offered += offer(store, ids, now=now, actor=actor)
        last = ids[-1]


def offer(store: Store, order_ids: Collection[int], *, now: dt.datetime, actor: str) -> int:
    """Make shipping requests for these orders, as far as they still may go once locked; in the caller's transaction."""
    lock_orders(order_ids)
    orders = list(waiting_to_be_offered(store).filter(pk__in=order_ids).order_by("pk"))
    orders = [o for o in orders if not is_closed(o.status, o.payment, o.fulfillment)]
    if not orders:
        return 0
    ids = [o.pk for o in orders]
    numbers = dict(
        ShippingRequest.objects.filter(order_id__in=ids).order_by().values_list("order_id").annotate(Max("number"))
    )
    lines = lines_to_ship(ids)
    parties = ship_to_of(ids)
    wanted = [
        (order, warehouse_id, of_warehouse)
        for order in orders
        for warehouse_id, of_warehouse in by_warehouse(lines[order.pk]).items()
        if warehouse_id
    ]
    partners = dict(Warehouse.objects.filter(pk__in={w for _, w, _ in wanted}).values_list("pk", "partner_id"))
    rows: list[tuple[Any, ...]] = []
    request_lines, events = [], []
    for pk, (order, warehouse_id, of_warehouse) in zip(take_ids(ShippingRequest, len(wanted)), wanted, strict=True):
        number = numbers[order.pk] = (numbers.get(order.pk) or 0) + 1
        snapshot = snapshot_of(order, store, of_warehouse, parties.get(order.pk))
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
    refresh_states(ids, now=now)
    return len({order.pk for order, _, _ in wanted})


def lines_to_ship(order_ids: Collection[int]) -> dict[int, list[OrderLine]]:
    """The lines with something left to ship, by order id; each with `product` loaded."""
    rows = (
        OrderLine.objects.filter(order_id__in=order_ids, ships=True, removed_at=None, shipped__lt=F("quantity"))
        .select_related("product")
        .order_by("pk")
    )
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for row in rows:
        lines[row.order_id].append(row)
    return lines


def ship_to_of(order_ids: Collection[int]) -> dict[int, OrderParty]:
    rows = OrderParty.objects.filter(order_id__in=order_ids, role=OrderParty.Role.SHIP_TO)
    return {row.order_id: row for row in rows}


def by_warehouse(lines: Iterable[OrderLine]) -> dict[int | None, list[OrderLine]]:
    groups: dict[int | None, list[OrderLine]] = defaultdict(list)
    for line in lines:
        groups[line.warehouse_id].append(line)
    return groups


PARTY_FIELDS = ("name", "company", "street1", "street2", "city", "region", "postcode", "country", "phone", "email")


def snapshot_of(order: Order, store: Store, lines: Sequence[OrderLine], ship_to: OrderParty | None) -> dict[str, Any]:
    """What a warehouse is shown of an order: plain JSON, the whole of what it needs to ship.

    A line's `quantity` counts what was sold; `units` how many pieces of `product_sku` one of it is.
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
        "lines": [
            {
                "id": str(line.pk),
                "sku": line.sku,
                "product_sku": _sku(line.product) or line.sku,
                "title": line.title,
                "options": line.options,
                "quantity": line.quantity - line.shipped,
                "units": line.units,
            }
            for line in lines
        ],
    }


def _sku(product: Product | None) -> str:
    return product.sku if product else ""


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
    lines, parties = lines_to_ship(ids), ship_to_of(ids)
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
        snapshot = snapshot_of(order, store, now_lines, parties.get(order.pk))
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
    return Store.objects.filter(Q(hands_over=True)).filter(Exists(waiting) | Exists(_with_a_rest()))


def _with_a_rest() -> Any:
    """Orders of the outer store that shipped in part, and whose rest waits for nothing; by the store's own index."""
    of_order: dict[str, Any] = {"order": OuterRef("pk")}
    to_ship = OrderLine.objects.filter(
        ships=True, removed_at=None, shipped__lt=F("quantity"), warehouse__isnull=False, **of_order
    )
    return (
        Order.objects.filter(account=OuterRef("account"), store=OuterRef("pk"), state=State.PARTLY_SHIPPED)
        .exclude(Q(status__in=CLOSED_STATUSES) | Q(payment__in=CLOSED_PAYMENTS) | Q(fulfillment=ALL_GONE))
        .exclude(Exists(Hold.objects.open().filter(**of_order)))
        .exclude(Exists(ShippingRequest.objects.filter(state__in=UNSETTLED, **of_order)))
        .filter(Exists(to_ship))
    )


def count_waiting(store: Store) -> int:
    """How many orders would go to the warehouse if the store handed over now."""
    return int(
        Order.objects.filter(store=store)
        .in_state(State.NEW)
        .exclude(Exists(Hold.objects.open().filter(order=OuterRef("pk"))))
        .aggregate(n=Count("pk"))["n"]
    )
