"""What following a page of orders reads before it begins, and writes at its end: each table once for all of them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F

from fcp.insert import add_to_rows, insert_rows, take_ids, update_rows
from fcp.models import Store

from .address_choice import chosen as address_chosen
from .asking import ask_for_address
from .change_holds import OF_WAREHOUSES, SHIPMENTS, lift_holds, lift_with_events, place_holds
from .columns import EVENT_COLUMNS, LINE_COLUMNS, PARTY_COLUMNS, PAYLOAD_COLUMNS
from .holds import HoldKind
from .models import Fulfillment, Hold, Order, OrderEvent, OrderLine, OrderParty, Payload, ShippingRequest
from .models.shipping import Origin, Told
from .release import PARTY_FIELDS, stop_asking, withdraw
from .settle import TAKEN
from .shapes import Party, ReadOrder
from .shipped_in_store import Standing
from .stopped import READ_AGAIN, no_more_than_in_store, words_in
from .store_shipments import StoreLeft
from .stored_state import lock_orders
from .written_shipments import write_left

SCALARS = (
    "changed_at", "status", "payment", "fulfillment", "pickup", "cash_on_delivery", "archived", "channel",
    "subtotal", "shipping", "tax", "discount", "total", "refunded", "country", "units", "ship_method", "location",
    "buyer_note", "gift_note", "delivery_note", "email_key", "canceled_at", "revision",
)  # fmt: skip
ITEM = ("listing", "location", "sku", "sku_key", "title", "options", "ships", "price", "total", "weight_grams")


@dataclass(slots=True)
class Known:
    """What is stored of the orders of a page, read once for all of them."""

    orders: dict[str, Order]
    lines: dict[int, list[OrderLine]]
    parties: dict[tuple[int, str], OrderParty]
    taken: set[int]
    refs: dict[int, set[str]]  # the store's ids of fulfillments, also of voided ones
    standing: dict[int, list[Standing]]
    in_doubt: set[int]
    noticed: dict[int, set[str]]  # shipments of the store that a person was asked about
    read_again: dict[int, str]  # orders that an open hold had read from the store once more, and what it asks
    new_lines: Iterator[int]  # ids for the lines that came to these orders

    def recipient(self, order: Order) -> OrderParty | None:
        """As the store showed him last: in a row of its own where a person changed him here."""
        return self.parties.get((order.pk, OrderParty.Role.IN_STORE.value)) or self.parties.get(
            (order.pk, OrderParty.Role.SHIP_TO.value)
        )


@dataclass(slots=True)
class Writes:
    """What a page of changes writes, gathered so that each table is written once."""

    orders: list[tuple[Any, ...]] = field(default_factory=list)
    lines: list[tuple[Any, ...]] = field(default_factory=list)
    new_lines: list[tuple[Any, ...]] = field(default_factory=list)
    came: dict[int, list[dict[str, Any]]] = field(default_factory=dict)  # what decided the products of new lines
    parties: list[tuple[Any, ...]] = field(default_factory=list)
    new_parties: list[tuple[Any, ...]] = field(default_factory=list)
    payloads: list[tuple[Any, ...]] = field(default_factory=list)
    holds: list[tuple[int, HoldKind, str]] = field(default_factory=list)
    noticed: dict[int, list[str]] = field(default_factory=dict)
    addresses: dict[int, Party] = field(default_factory=dict)
    agreed: list[Order] = field(default_factory=list)  # the store shows the address now that was set here
    events: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    canceled: list[int] = field(default_factory=list)
    over: list[int] = field(default_factory=list)  # those of them that no warehouse has
    left: list[tuple[int, StoreLeft]] = field(default_factory=list)
    deleted: list[Standing] = field(default_factory=list)
    came_back: list[int] = field(default_factory=list)  # orders of these that no warehouse has
    forgotten: list[int] = field(default_factory=list)  # fulfillments of ours that the store no longer knows
    settled: list[int] = field(default_factory=list)  # orders whose question about the store's shipments has its answer


def read_known(store: Store, items: Sequence[ReadOrder]) -> Known:
    """Locks the orders first. A constant number of statements."""
    uids = [item.order.uid for item in items]
    ids = list(Order.objects.filter(store=store, uid__in=uids).order_by("pk").values_list("pk", flat=True))
    orders = {order.uid: order for order in lock_orders(ids)}
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order_id__in=ids).order_by("pk"):
        lines[line.order_id].append(line)
    refs: dict[int, set[str]] = defaultdict(set)
    standing: dict[int, list[Standing]] = defaultdict(list)
    in_doubt = set()
    for f in Fulfillment.objects.filter(order_id__in=ids).prefetch_related("lines", "parcels"):
        if f.store_ref:
            refs[f.order_id].add(f.store_ref)
        if (f.told == Told.DUE and f.attempts) or f.told == Told.RETRACT:
            in_doubt.add(f.order_id)
        if f.voided_at is None:
            standing[f.order_id].append(_standing(f))
    noticed: dict[int, set[str]] = defaultdict(set)
    read_again = {}
    asked = Hold.objects.filter(order_id__in=ids, kind=HoldKind.CHANGED_AFTER_RELEASE)
    for order_id, params, lifted_at in asked.values_list("order_id", "params", "lifted_at"):
        noticed[order_id].update(params.get(SHIPMENTS, ()))
        words = [word for word in words_in(str(params.get("word", ""))) if word in READ_AGAIN]
        if lifted_at is None and words:
            read_again[order_id] = ", ".join(words)
    return Known(
        orders=orders,
        lines=lines,
        parties={(p.order_id, p.role): p for p in OrderParty.objects.filter(order_id__in=ids)},
        taken=set(ShippingRequest.objects.filter(order_id__in=ids, state__in=TAKEN).values_list("order_id", flat=True)),
        refs=refs,
        standing=standing,
        in_doubt=in_doubt,
        noticed=noticed,
        read_again=read_again,
        new_lines=iter(take_ids(OrderLine, _count_new(items, orders, lines))),
    )


def _count_new(items: Sequence[ReadOrder], orders: dict[str, Order], lines: dict[int, list[OrderLine]]) -> int:
    stored = {(pk, line.uid) for pk, of_order in lines.items() for line in of_order}
    return sum((orders[item.order.uid].pk, line.uid) not in stored for item in items for line in item.order.lines)


def _standing(f: Fulfillment) -> Standing:
    by_store = f.origin == Origin.STORE
    knows = by_store or (f.told == Told.TOLD and bool(f.store_ref))
    return Standing(
        f.pk,
        by_store,
        f.store_ref or "",
        f.told_at if knows else None,
        tuple((line.line_id, line.quantity) for line in f.lines.all()),
        frozenset(parcel.tracking_key for parcel in f.parcels.all() if parcel.tracking_key),
    )


def order_row(order: Order) -> tuple[Any, ...]:
    """An order as `Writes.orders` takes it."""

    def value(name: str) -> Any:
        return getattr(order, f"{name}_id" if name in {"ship_method", "location"} else name)

    return (*(value(name) for name in SCALARS), order.pk)


def write(store: Store, changed: list[int], writes: Writes, now: dt.datetime) -> Sequence[int]:
    """Returns the fulfillments that were made."""
    update_rows(Order, SCALARS, writes.orders)
    update_rows(OrderLine, ("quantity", "store_quantity", "removed_at", *ITEM), writes.lines)
    insert_rows(OrderLine, LINE_COLUMNS, writes.new_lines)
    update_rows(OrderParty, PARTY_FIELDS, writes.parties)
    insert_rows(OrderParty, PARTY_COLUMNS, writes.new_parties)
    insert_rows(Payload, PAYLOAD_COLUMNS, writes.payloads)
    insert_rows(
        OrderEvent,
        EVENT_COLUMNS,
        [(store.account_id, pk, now, "store", code, params) for pk, code, params in writes.events],
    )
    place_holds(store, writes.holds, writes.noticed, now)
    lift_holds(writes.settled, now)
    ask_for_address(store, writes.addresses, now=now)
    for order in writes.agreed:
        address_chosen(order, "store", now)
    if writes.canceled:
        stop_asking(writes.canceled, now=now, actor="store")
    if writes.over:
        lift_with_events(writes.over, OF_WAREHOUSES, now, "store")
    if writes.forgotten:
        Fulfillment.objects.filter(pk__in=writes.forgotten).update(store_ref=None)
    if writes.deleted:
        back = [(-quantity, pk) for one in writes.deleted for pk, quantity in one.lines]
        add_to_rows(OrderLine, "shipped", back)
        gone_there = Fulfillment.objects.filter(pk__in=[one.pk for one in writes.deleted])
        gone_there.update(voided_at=now, voided_by="store", told=Told.NOT_WANTED, revision=F("revision") + 1)
    if writes.left:
        shipped = [(quantity, pk) for _, gone in writes.left for pk, quantity in gone.shipped.items()]
        add_to_rows(OrderLine, "shipped", shipped)
        withdraw([pk for pk, _ in writes.left], now=now, actor="store")
    if writes.came_back:
        no_more_than_in_store(OrderLine.objects.filter(order_id__in=writes.came_back), now)
    return [one.pk for one in writes.deleted] + list(write_left(store, writes.left, now))
