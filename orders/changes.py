"""Following an imported order through everything that happens to it later in the store.

Before a warehouse took it, the order simply becomes what the store says. Afterwards nothing that the warehouse has is
rewritten: it is asked to stop or to use the new address, and a person is asked where it cannot follow. A cancellation,
a full refund and a new address always ask, whatever the setting "Later changes in the store" says.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import F

from fcp.insert import add_to_rows, insert_rows, take_ids, update_rows
from fcp.models import Store
from inventory.models import sku_key_of
from mappings.words import Words

from .address_choice import chosen as address_chosen
from .asking import ask_for_address
from .change_holds import SHIPMENTS, lift_holds, place_holds
from .change_words import ADDRESS, AS_HERE, CHANGED_THERE
from .columns import EVENT_COLUMNS, LINE_COLUMNS, PARTY_COLUMNS, PAYLOAD_COLUMNS
from .decide import is_canceled, is_closed
from .decided_by import MOST_LINES, came_by
from .holds import HoldKind
from .models import Fulfillment, Hold, Order, OrderEvent, OrderLine, OrderParty, Payload, ShippingRequest
from .models.shipping import Origin, Told
from .payloads import packed
from .persons import as_kept
from .release import PARTY_FIELDS, stop_asking, withdraw
from .reserving import StockWrites
from .settings import LaterChanges, OrderRules
from .settle import TAKEN, party_of, settle
from .shapes import IncomingLine, IncomingOrder, Party, Payment, ReadOrder
from .shipped_in_store import Here, Standing, compared
from .stopped import IN_STORE, OTHER_ITEMS, READ_AGAIN, no_more_than_in_store, words_in
from .store_shipments import StoreLeft
from .stored_state import lock_orders
from .written_shipments import write_left

SCALARS = (
    "changed_at", "status", "payment", "fulfillment", "pickup", "cash_on_delivery", "archived", "channel",
    "subtotal", "shipping", "tax", "discount", "total", "refunded", "country", "units", "ship_method", "location",
    "buyer_note", "gift_note", "delivery_note", "email_key", "canceled_at", "revision",
)  # fmt: skip
SHIPPING_ONLY = {"fulfillment", SHIPMENTS, "archived"}  # changes that leave the store's stock as it is
MONEY = ("subtotal", "shipping", "tax", "discount", "total", "refunded")
OURS_DELETED = "a shipment that left here was deleted in the store"


@dataclass(slots=True)
class _Known:
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
class _Writes:
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
    left: list[tuple[int, StoreLeft]] = field(default_factory=list)
    deleted: list[Standing] = field(default_factory=list)
    came_back: list[int] = field(default_factory=list)  # orders of these that no warehouse has
    forgotten: list[int] = field(default_factory=list)  # fulfillments of ours that the store no longer knows
    settled: list[int] = field(default_factory=list)  # orders whose question about the store's shipments has its answer


def apply_changes(
    store: Store, rules: OrderRules, items: Sequence[ReadOrder], words: Words, now: dt.datetime, stock: StockWrites
) -> list[int]:
    """Follow orders that are here already; returns the ids of those that changed. In the caller's transaction, which
    writes `stock` at its end.
    """
    known = _read(store, items)
    writes = _Writes()
    changed = []
    for item in items:
        order = known.orders[item.order.uid]
        bill_to = known.parties.get((order.pk, OrderParty.Role.BILL_TO.value))
        item = as_kept(order, item, known.recipient(order), bill_to, rules.suppress_persons)
        what = _follow(order, item, words, rules, known, writes, now)
        if not what or set(what) - SHIPPING_ONLY:
            stock.named.update(line.listing_id for line in known.lines[order.pk] if line.listing_id)
            stock.named.update(words.listings[line.product_uid, line.variant_uid].pk for line in item.order.lines)
        if not what:
            continue
        changed.append(order.pk)
        writes.payloads.append((store.account_id, order.pk, order.revision, packed(item.raw.packed), now))
        came = writes.came.get(order.pk, [])[:MOST_LINES]
        writes.events.append((order.pk, "changed", {"what": what} | ({"lines": came} if came else {})))
    if changed:
        stock.left += _write(store, changed, writes, now)
        settle(store, changed, now=now, actor="store", rules=rules, stock=stock)
    return changed


def _read(store: Store, items: Sequence[ReadOrder]) -> _Known:
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
    return _Known(
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


def _follow(
    order: Order, item: ReadOrder, words: Words, rules: OrderRules, known: _Known, writes: _Writes, now: dt.datetime
) -> list[str]:
    """What changed in this order, as words; the order object carries the new values, `writes` the rest."""
    incoming = item.order
    taken = order.pk in known.taken
    follow_content = not (
        rules.later_changes is LaterChanges.IGNORE or (taken and rules.later_changes is LaterChanges.UNTIL_RELEASED)
    )
    was_canceled = is_canceled(order.status, order.payment)
    refunded = order.refunded

    what = _statuses(order, incoming)
    content: list[str] = []
    if follow_content:
        content += _lines(order, incoming, words, known, writes, taken, now)
        content += _content(order, incoming, words)
    # After release a new address is asked about in every mode; before, the setting decides.
    address = _address(order, incoming, known, writes) if follow_content or taken else []
    what += content + address
    if _shipped_in_store(order, item, known, writes, taken) and "fulfillment" not in what:
        what.append(SHIPMENTS)
    if not what:
        return []

    order.changed_at = incoming.changed_at
    order.revision += 1
    if is_canceled(order.status, order.payment) and not was_canceled:
        order.canceled_at = now
        writes.canceled.append(order.pk)
        writes.events.append((order.pk, "canceled_in_store", {"payment": order.payment, "status": order.status}))
        if taken:
            writes.holds.append((order.pk, HoldKind.CANCELED_IN_STORE, ""))
    elif taken and (asks := [*content, *(word for word in address if word == ADDRESS)]):
        writes.holds.append((order.pk, HoldKind.CHANGED_AFTER_RELEASE, ", ".join(asks)))
    if was_canceled and not is_canceled(order.status, order.payment):
        order.canceled_at = None
        writes.events.append((order.pk, "restored_in_store", {}))
    if ADDRESS in address:
        _ask_for_address(order, incoming, taken, writes)
    # Each further part of the money that goes back asks again, also where a person has decided about the last one.
    money_back = order.payment == Payment.PARTLY_REFUNDED and ("payment" in what or order.refunded > refunded)
    if money_back and (taken or not is_closed(order.status, order.payment, order.fulfillment)):
        writes.holds.append((order.pk, HoldKind.REFUND, ""))
    writes.orders.append(_order_row(order))
    return what


def _statuses(order: Order, incoming: IncomingOrder) -> list[str]:
    what = []
    for name in ("status", "payment", "fulfillment"):
        value = getattr(incoming, name).value
        if getattr(order, name) != value:
            setattr(order, name, value)
            what.append(name)
    for name in ("archived", "refunded"):
        if getattr(order, name) != getattr(incoming, name):
            setattr(order, name, getattr(incoming, name))
            what.append(name)
    return what


def _content(order: Order, incoming: IncomingOrder, words: Words) -> list[str]:
    what = []
    if any(getattr(order, name) != getattr(incoming, name) for name in MONEY if name != "refunded"):
        for name in MONEY:
            setattr(order, name, getattr(incoming, name))
        what.append("amounts")
    ship = words.ship[incoming.ship_word.key].pk if incoming.ship_word else None
    if order.ship_method_id != ship:
        order.ship_method_id = ship
        what.append("shipping option")
    location = words.locations[incoming.location_uid].pk if incoming.location_uid else None
    if order.location_id != location:
        order.location_id = location
        what.append("location")
    for name in ("buyer_note", "gift_note", "delivery_note", "pickup", "cash_on_delivery", "channel"):
        value = getattr(incoming, name)
        if getattr(order, name) != value:
            setattr(order, name, value)
            what.append(name.replace("_", " "))
    return what


def _lines(
    order: Order, incoming: IncomingOrder, words: Words, known: _Known, writes: _Writes, taken: bool, now: dt.datetime
) -> list[str]:
    """Lines that came, went or changed. What a warehouse has keeps its quantity and stays the item that it was; the
    store's quantity stands beside it, and a person is asked about another item.
    """
    stored = {line.uid: line for line in known.lines[order.pk]}
    changed = others = False
    for line in incoming.lines:
        old = stored.pop(line.uid, None)
        if old is None:
            pk = next(known.new_lines)
            writes.new_lines.append((pk, *_new_line(order, line, words, taken)))
            if line.ships and not taken:
                listing = words.listings[line.product_uid, line.variant_uid]
                writes.came.setdefault(order.pk, []).extend(came_by(line.sku, listing))
            quantity = 0 if taken else line.quantity
            known.lines[order.pk].append(
                OrderLine(pk=pk, uid=line.uid, quantity=quantity, store_quantity=line.quantity)
            )
            changed = True
            continue
        other, as_it_is = _is_another(old, line), taken or old.shipped > 0
        if old.store_quantity != line.quantity or old.removed_at is not None or (other and not as_it_is):
            old.quantity = old.quantity if taken else max(old.shipped, line.quantity)
            old.store_quantity, old.removed_at = line.quantity, None
            item = _item_here(old) if as_it_is else _item_in_store(line, words)
            writes.lines.append((old.quantity, old.store_quantity, None, *item, old.pk))
            changed = True
        others = others or (other and taken and old.shipped < old.quantity)
    for old in stored.values():
        if old.removed_at is None and old.store_quantity:
            removed = None if taken or old.shipped else now
            quantity = old.quantity if taken else old.shipped
            writes.lines.append((quantity, 0, removed, *_item_here(old), old.pk))
            changed = True
    if changed and not taken:
        order.units = sum(line.quantity for line in incoming.lines if line.ships)
    return [*(["lines"] if changed else []), *([OTHER_ITEMS] if others else [])]


ITEM = ("listing", "location", "sku", "sku_key", "title", "options", "ships", "price", "total", "weight_grams")


def _is_another(old: OrderLine, line: IncomingLine) -> bool:
    """Whether the store made another item of a line: what is to be packed is told by SKU (or title) and options.

    Not by the listing: a store that moved to another catalogue names the same item by other ids.
    """
    key = sku_key_of(line.sku)
    same = old.sku_key == key if old.sku_key or key else old.title == line.title[:255]
    return not same or list(map(list, line.options)) != list(map(list, old.options))


def _item_here(old: OrderLine) -> tuple[Any, ...]:
    return tuple(getattr(old, f"{name}_id" if name in {"listing", "location"} else name) for name in ITEM)


def _item_in_store(line: IncomingLine, words: Words) -> tuple[Any, ...]:
    location = words.locations[line.location_uid].pk if line.location_uid else None
    return (
        words.listings[line.product_uid, line.variant_uid].pk, location, line.sku, sku_key_of(line.sku), line.title,
        list(line.options), line.ships, line.price, line.total, line.weight_grams,
    )  # fmt: skip


def _new_line(order: Order, line: IncomingLine, words: Words, taken: bool) -> tuple[Any, ...]:
    listing = words.listings[line.product_uid, line.variant_uid]
    location = words.locations[line.location_uid].pk if line.location_uid else None
    quantity = 0 if taken else line.quantity
    return (
        order.account_id, order.pk, line.uid, listing.pk, listing.product_id, None, location, line.sku,
        sku_key_of(line.sku), line.title, line.options, quantity, line.quantity, 0, listing.units, line.ships,
        line.price, line.total, line.weight_grams, listing.version, None,
    )  # fmt: skip


def _address(order: Order, incoming: IncomingOrder, known: _Known, writes: _Writes) -> list[str]:
    """A new recipient is told; a billing address is kept up to date and asks nobody. One that was set here stays, and
    the store's stands beside it.
    """
    what = []
    ship_to, in_store, bill_to = (
        known.parties.get((order.pk, role.value))
        for role in (OrderParty.Role.SHIP_TO, OrderParty.Role.IN_STORE, OrderParty.Role.BILL_TO)
    )
    shown = known.recipient(order)
    billed = party_of(bill_to or shown)  # no row of its own: the same as the recipient
    if party_of(shown) == incoming.ship_to:
        pass
    elif ADDRESS in order.edited:
        _write_party(order, in_store, OrderParty.Role.IN_STORE.value, incoming.ship_to, writes)
        if agreed := party_of(ship_to) == incoming.ship_to:
            writes.agreed.append(order)
        what.append(AS_HERE if agreed else ADDRESS)
    else:
        _write_party(order, ship_to, OrderParty.Role.SHIP_TO.value, incoming.ship_to, writes)
        order.country = incoming.ship_to.country
        order.email_key = incoming.ship_to.email.lower() or incoming.bill_to.email.lower()
        what.append(ADDRESS)
    if billed != incoming.bill_to or (what and bill_to is None and incoming.bill_to != incoming.ship_to):
        _write_party(order, bill_to, OrderParty.Role.BILL_TO.value, incoming.bill_to, writes)
        if billed != incoming.bill_to:
            what.append("billing address")
    return what


def _ask_for_address(order: Order, incoming: IncomingOrder, taken: bool, writes: _Writes) -> None:
    """Ask the warehouse that has the order to use its new address. Where another one was set here, which of the two it
    goes to is a person's choice; after release the hold about changes asks that.
    """
    if ADDRESS not in order.edited:
        if taken and not is_canceled(order.status, order.payment):
            writes.addresses[order.pk] = incoming.ship_to
    elif not taken and not is_closed(order.status, order.payment, order.fulfillment):
        writes.holds.append((order.pk, HoldKind.ADDRESS_CHECK, CHANGED_THERE))


def _write_party(order: Order, row: OrderParty | None, role: str, party: Party, writes: _Writes) -> None:
    values = tuple(getattr(party, name) for name in PARTY_FIELDS)
    if row is None:
        writes.new_parties.append((order.account_id, order.pk, role, *values))
    else:
        writes.parties.append((*values, row.pk))


def _shipped_in_store(order: Order, item: ReadOrder, known: _Known, writes: _Writes, taken: bool) -> bool:
    """What somebody shipped in the store itself, or took back there; whether anything is new.

    While an answer of the store is in doubt, it may be our own telling.
    """
    if order.pk in known.in_doubt:
        return False
    lines = {line.uid: line for line in known.lines[order.pk]}
    # A line that came after what is followed is none of ours.
    ours = replace(item.order, lines=tuple(line for line in item.order.lines if line.uid in lines))
    here = Here(
        line_ids=[lines[line.uid].pk for line in ours.lines],
        open_quantity={line.pk: _open_of(line, taken) for line in lines.values()},
        standing=known.standing[order.pk],
        refs=frozenset(known.refs[order.pk]),
    )
    found = compared(ours, item.shipments, here)
    for one in found.deleted:
        writes.deleted.append(one)
        writes.events.append((order.pk, "shipment_gone", {"pieces": one.pieces}))
    if found.deleted and not taken:
        writes.came_back.append(order.pk)
    if found.ours_deleted:
        writes.forgotten += [one.pk for one in found.ours_deleted]
        writes.holds.append((order.pk, HoldKind.CHANGED_AFTER_RELEASE, OURS_DELETED))
        pieces = sum(one.pieces for one in found.ours_deleted)
        writes.events.append((order.pk, "our_shipment_gone", {"pieces": pieces}))
    news = False
    if found.left and taken:
        unseen = [one.uid for one in found.left.shipments if one.uid not in known.noticed[order.pk]]
        news = bool(unseen)
        if unseen:
            writes.noticed[order.pk] = unseen
            writes.holds.append((order.pk, HoldKind.CHANGED_AFTER_RELEASE, IN_STORE))
    elif found.left:
        writes.left.append((order.pk, found.left))
    if not taken and order.pk in known.read_again:
        writes.settled.append(order.pk)
        kind = HoldKind.CHANGED_AFTER_RELEASE.value
        writes.events.append((order.pk, "lifted", {"kind": kind, "word": known.read_again[order.pk]}))
    return news or bool(found.deleted or found.ours_deleted or (found.left and not taken) or order.pk in writes.settled)


def _open_of(line: OrderLine, taken: bool) -> int:
    """Of what a warehouse has, also pieces that the store added since: they may have shipped there."""
    return (max(line.quantity, line.store_quantity) if taken else line.quantity) - line.shipped


def _order_row(order: Order) -> tuple[Any, ...]:
    def value(name: str) -> Any:
        return getattr(order, f"{name}_id" if name in {"ship_method", "location"} else name)

    return (*(value(name) for name in SCALARS), order.pk)


def _write(store: Store, changed: list[int], writes: _Writes, now: dt.datetime) -> Sequence[int]:
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
