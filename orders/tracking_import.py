"""Tracking numbers from a file, for warehouses without an API: looked at first, then shipped order by order.

What ships goes the way of the page To ship and of the partner API (`shipping.acknowledge`,
`fulfilling.report_fulfillment`), each order in its own transaction, so that one that fails fails alone. A shipment's id
comes from the order and its tracking numbers: the same file again ships nothing twice, and neither does a batch that
was cut off and is begun anew.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from django.db import transaction
from django.utils import timezone

from fcp.file_rows import pack, unpack
from fcp.file_writing import note
from fcp.file_writing import unfinished as unfinished_of
from fcp.models import Account, ImportState, User
from mappings.outside import OUTSIDE

from .errors import OrderError
from .fulfilling import Shipment, Tracking, report_fulfillment
from .holds import HoldKind
from .models import Fulfillment, Hold, Order, OrderLine, SeenOrder, ShippingRequest, TrackingImport
from .models.orders import number_key_of
from .models.shipping import UNSETTLED, Origin, RequestState, tracking_key_of
from .packing import slips_of
from .shipping import acknowledge
from .state import State
from .stored_state import lock_orders
from .tracking_rows import Found, OpenLine, OpenRequest, Part, Recorded, Standing, TrackingRow, plan, ref_of

CHUNK = 500
ORDERS_AT_ONCE = 20
CHANGED = "This changed since the file was looked at. Send the file again to see what it does now."
SHIPPABLE = (RequestState.OFFERED, RequestState.ACKNOWLEDGED, RequestState.PARTLY_SHIPPED)
NOTHING_WITH_A_WAREHOUSE = {
    State.NEW: "It was not handed to a warehouse yet.",
    State.READY: "It was not handed to a warehouse yet.",
    State.SHIPPED: "Everything of it has shipped already.",
    State.CONFIRMED: "Everything of it has shipped already.",
    State.CANCELED: "It is canceled in the store. It must not ship.",
    State.NOTHING_TO_SHIP: "Nothing of it ships.",
}


# --- looking ------------------------------------------------------------------------------------------------------


def look(
    account: Account, user: User, file_name: str, rows: Sequence[TrackingRow], *, now: dt.datetime
) -> TrackingImport:
    """Say of each row what it would do, and keep them. Ships nothing."""
    _find_orders(account, [row for row in rows if not row.found])
    known = sorted((row for row in rows if not row.found), key=lambda row: (row.order_id, row.number))
    for some in _chunks(sorted({row.order_id for row in known})):
        standings = standings_of(some)
        wanted = set(some)
        for order_id, of_order in groupby((row for row in known if row.order_id in wanted), lambda row: row.order_id):
            plan(standings[order_id], list(of_order))
    ordered = sorted(rows, key=lambda row: (row.found != Found.SHIPS, row.order_id, row.number))
    counts = Counter(str(row.found) for row in rows)
    return TrackingImport.objects.create(
        account=account, user=user, actor=str(user)[:120], file_name=file_name.replace("\x00", "")[-200:],
        created_at=now, touched_at=now, writable=counts[Found.SHIPS], counts=dict(counts), packed=pack(ordered),
    )  # fmt: skip


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def _find_orders(account: Account, rows: Sequence[TrackingRow]) -> None:
    """The order of each row, by its number and, where several stores have one, by its integration."""
    names = OUTSIDE.nicknames(account)
    keys = sorted({number_key_of(row.order) for row in rows} - {""})
    orders: dict[str, list[Order]] = defaultdict(list)
    seen: set[str] = set()
    for some in _chunks(keys):
        for order in Order.objects.for_account(account).filter(number_key__in=some).select_related("store"):
            orders[order.number_key].append(order)
        rest = [key for key in some if key not in orders]
        left_out = SeenOrder.objects.for_account(account).filter(number_key__in=rest)
        seen |= set(left_out.values_list("number_key", flat=True))
    for row in rows:
        key = number_key_of(row.order)
        found = orders.get(key, [])
        if row.integration:
            found = [order for order in found if _is_called(order, names, row.integration)]
        if len(found) == 1:
            row.order_id = found[0].pk
        elif found:
            where = ", ".join(sorted(names.get(order.store_id, order.store.name) for order in found)[:4])
            row.refuse(f"Several orders have this number ({where}). Name the integration in a column Integration.")
        elif orders.get(key):
            row.refuse(f"{row.integration} has no order with this number.")
        elif key in seen:
            row.refuse("The settings left this order out. Ask “Where is my order?” why.")
        else:
            row.refuse("No order has this number.")


def _is_called(order: Order, names: Mapping[int, str], name: str) -> bool:
    wanted = name.casefold()
    return wanted in (names.get(order.store_id, "").casefold(), order.store.name.casefold())


def standings_of(order_ids: Collection[int]) -> dict[int, Standing]:
    """How these orders stand, in a constant number of queries."""
    orders = Order.objects.in_bulk(order_ids)
    requests: dict[int, list[ShippingRequest]] = defaultdict(list)
    rows = ShippingRequest.objects.filter(order__in=orders, state__in=UNSETTLED).select_related("warehouse")
    for request in rows.order_by("pk"):
        requests[request.order_id].append(request)
    skus = _skus_of(orders)
    by_hand = [one for of_order in requests.values() for one in of_order if _may_ship(one)]
    open_requests: dict[int, list[OpenRequest]] = defaultdict(list)
    for slip in slips_of(by_hand):
        lines = tuple(OpenLine(line.id, skus.get(line.id, frozenset()), line.left) for line in slip.lines)
        open_requests[slip.request.order_id].append(OpenRequest(slip.request.pk, slip.request.revision, lines))
    recorded, voided = _recorded(orders, skus)
    waiting = [order.pk for order in orders.values() if order.pk not in open_requests]
    holds: dict[int, list[str]] = defaultdict(list)
    for order_id, kind in Hold.objects.open().filter(order__in=waiting).order_by("pk").values_list("order", "kind"):
        holds[order_id].append(HoldKind(kind).in_sentence)
    return {
        pk: Standing(
            pk, tuple(open_requests.get(pk, ())), tuple(recorded.get(pk, ())), tuple(voided.get(pk, ())),
            "" if pk in open_requests else _why_not(order, requests.get(pk, ()), holds.get(pk, ())),
        )
        for pk, order in orders.items()
    }  # fmt: skip


def _may_ship(request: ShippingRequest) -> bool:
    return request.partner_id is None and request.state in SHIPPABLE


def _skus_of(order_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """The forms under which each line's SKU is compared: the store's and the product's."""
    rows = OrderLine.objects.filter(order__in=order_ids).values_list("pk", "sku_key", "product__sku_key")
    return {pk: frozenset({own, product or ""} - {""}) for pk, own, product in rows}


def _recorded(
    order_ids: Collection[int], skus: Mapping[int, frozenset[str]]
) -> tuple[dict[int, list[Recorded]], dict[int, list[str]]]:
    recorded: dict[int, list[Recorded]] = defaultdict(list)
    voided: dict[int, list[str]] = defaultdict(list)
    rows = Fulfillment.objects.filter(order__in=order_ids).prefetch_related("parcels", "lines").order_by("pk")
    for one in rows:
        if one.voided_at:
            voided[one.order_id].append(one.partner_ref or "")
            continue
        pieces: Counter[str] = Counter()
        for line in one.lines.all():
            for sku in skus.get(line.line_id, ()):
                pieces[sku] += line.quantity
        numbers = frozenset(tracking_key_of(parcel.tracking) for parcel in one.parcels.all()) - {""}
        recorded[one.order_id].append(Recorded(numbers, pieces, one.partner_ref or ""))
    return recorded, voided


def _why_not(order: Order, requests: Iterable[ShippingRequest], holds: Sequence[str]) -> str:
    for request in requests:
        if request.partner_id is not None:
            return f"{request.warehouse.name} has a system of its own, which reports what it ships."
        if request.state == RequestState.CANCEL_ASKED:
            return "The warehouse was asked to stop it. Say on To ship first whether it was stopped."
    if holds:
        return f"It is held: {', '.join(holds)}."
    return NOTHING_WITH_A_WAREHOUSE.get(State(order.state), "Nothing of it is with a warehouse now.")


def rows_of(found: TrackingImport) -> list[TrackingRow]:
    return unpack(found.packed, TrackingRow)


# --- shipping -----------------------------------------------------------------------------------------------------


def unfinished(now: dt.datetime) -> list[int]:
    return unfinished_of(TrackingImport, now)


def go_on(pk: int, *, seconds: float) -> bool:
    """Ship some orders at a time for so long; False where the time was over first. Safe to call from several places:
    whoever comes first has a batch for a minute.
    """
    ends = time.monotonic() + seconds
    found = TrackingImport.objects.filter(pk=pk, state=ImportState.IMPORTING).first()
    if found is None:
        return True
    rows = rows_of(found)[: found.writable]
    mine = TrackingImport.objects.filter(pk=pk, state=ImportState.IMPORTING)
    position, touched = found.position, found.touched_at
    while position < len(rows):
        taken = timezone.now()
        if not mine.filter(position=position, touched_at=touched).update(touched_at=taken):
            return True
        batch = _batch(rows, position)
        results = TrackingImport.objects.values_list("results", flat=True).get(pk=pk)
        for _, of_order in groupby(batch, lambda row: row.order_id):
            _ship(found, list(of_order), results)
        touched = timezone.now()
        position += len(batch)
        moved = mine.filter(position=position - len(batch), touched_at=taken)
        if not moved.update(position=position, touched_at=touched, results=results):
            return True
        if time.monotonic() >= ends:
            break
    if position >= len(rows):
        mine.filter(position=position).update(state=ImportState.DONE)
    return position >= len(rows)


def _batch(rows: Sequence[TrackingRow], start: int) -> Sequence[TrackingRow]:
    """The rows of the next orders; an order is never cut in two."""
    end, orders = start, 0
    while end < len(rows):
        if end == start or rows[end].order_id != rows[end - 1].order_id:
            orders += 1
            if orders > ORDERS_AT_ONCE:
                break
        end += 1
    return rows[start:end]


def _ship(found: TrackingImport, shown: Sequence[TrackingRow], results: dict[str, Any]) -> None:
    """The rows of one order, as the preview showed them; what is otherwise by now is refused."""
    now = timezone.now()
    order_id = shown[0].order_id
    with transaction.atomic():
        [order] = lock_orders([order_id])
        order = Order.objects.select_related("store").get(pk=order_id)
        standing = standings_of([order_id])[order_id]
        rows = [replace(row, found="", reason="") for row in shown]
        parts = plan(standing, rows)
        before = {row.number: row for row in shown}
        for part in parts:
            _ship_part(found, order, part, before, now)
    ours = {one.ref for one in standing.recorded}
    for row in rows:
        if row.found == Found.SHIPS or (row.found == Found.ALREADY and ours & _refs(standing, row, rows)):
            note(results, Found.SHIPS)
        elif row.found == Found.ALREADY:
            note(results, Found.ALREADY)
        else:
            note(results, Found.REFUSED, [row.number, row.order, row.tracking, row.reason])


def _refs(standing: Standing, row: TrackingRow, rows: Sequence[TrackingRow]) -> set[str]:
    """The id under which this file's own shipment of the row was recorded, when its batch was begun before."""
    key = tracking_key_of(row.tracking)
    group = [one for one in rows if tracking_key_of(one.tracking) == key] if row.sku else rows
    return {ref_of(standing, group)}


def _ship_part(
    found: TrackingImport, order: Order, part: Part, before: Mapping[int, TrackingRow], now: dt.datetime
) -> None:
    shown = before[part.rows[0].number]
    lines = [[line, pieces] for line, pieces in sorted(part.lines.items())]
    if (shown.request, shown.revision, shown.lines) != (part.request, part.revision, lines):
        for row in part.rows:
            row.refuse(CHANGED)
        return
    try:
        with transaction.atomic():
            request = ShippingRequest.objects.select_related("warehouse", "order").get(pk=part.request)
            acknowledge(request, part.revision, request.partner_ref, by=found.actor, now=now)
            report_fulfillment(order, shipment_of(part), request=request, origin=Origin.PERSON, by=found.actor, now=now)
    except OrderError as error:
        for row in part.rows:
            row.refuse(str(error))


def shipment_of(part: Part) -> Shipment:
    rows = part.rows
    return Shipment(
        lines=dict(part.lines),
        carrier=next((row.carrier for row in rows if row.carrier), ""),
        service=next((row.service for row in rows if row.service), ""),
        parcels=tuple(Tracking(row.tracking, row.link) for row in rows),
        ref=part.ref,
        shipped_at=max((at for row in rows if (at := row.shipped_at)), default=None),
    )
