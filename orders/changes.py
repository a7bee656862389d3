"""Following an imported order through everything that happens to it later in the store.

Before a warehouse took it, the order simply becomes what the store says. Afterwards nothing that the warehouse has is
rewritten: it is asked to stop or to use the new address, and a person is asked where it cannot follow. A cancellation,
a full refund and a new address always ask, whatever the setting "Later changes in the store" says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fcp.models import Store
from inventory.models import sku_key_of
from mappings.words import Words

from .change_holds import SHIPMENTS
from .change_words import ADDRESS, AS_HERE, CHANGED_THERE
from .changed_rows import ITEM, Known, Writes, order_row, read_known, write
from .decide import is_canceled, is_closed
from .decided_by import MOST_LINES, came_by
from .holds import HoldKind
from .models import Order, OrderLine, OrderParty
from .payloads import packed
from .persons import as_kept
from .release import PARTY_FIELDS
from .reserving import StockWrites
from .settings import LaterChanges, OrderRules
from .settle import party_of, settle
from .shapes import IncomingLine, IncomingOrder, Party, Payment, ReadOrder
from .shipped_in_store import Here, compared
from .stopped import IN_STORE, OTHER_ITEMS

SHIPPING_ONLY = {"fulfillment", SHIPMENTS, "archived"}  # changes that leave the store's stock as it is
MONEY = ("subtotal", "shipping", "tax", "discount", "total", "refunded")
OURS_DELETED = "a shipment that left here was deleted in the store"


def apply_changes(
    store: Store, rules: OrderRules, items: Sequence[ReadOrder], words: Words, now: dt.datetime, stock: StockWrites
) -> list[int]:
    """Follow orders that are here already; returns the ids of those that changed. In the caller's transaction, which
    writes `stock` at its end.
    """
    known = read_known(store, items)
    writes = Writes()
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
        stock.left += write(store, changed, writes, now)
        settle(store, changed, now=now, actor="store", rules=rules, stock=stock)
    return changed


def _follow(
    order: Order, item: ReadOrder, words: Words, rules: OrderRules, known: Known, writes: Writes, now: dt.datetime
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
        else:
            writes.over.append(order.pk)
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
    writes.orders.append(order_row(order))
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
    order: Order, incoming: IncomingOrder, words: Words, known: Known, writes: Writes, taken: bool, now: dt.datetime
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


def _address(order: Order, incoming: IncomingOrder, known: Known, writes: Writes) -> list[str]:
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


def _ask_for_address(order: Order, incoming: IncomingOrder, taken: bool, writes: Writes) -> None:
    """Ask the warehouse that has the order to use its new address. Where another one was set here, which of the two it
    goes to is a person's choice; after release the hold about changes asks that.
    """
    if ADDRESS not in order.edited:
        if taken and not is_canceled(order.status, order.payment):
            writes.addresses[order.pk] = incoming.ship_to
    elif not taken and not is_closed(order.status, order.payment, order.fulfillment):
        writes.holds.append((order.pk, HoldKind.ADDRESS_CHECK, CHANGED_THERE))


def _write_party(order: Order, row: OrderParty | None, role: str, party: Party, writes: Writes) -> None:
    values = tuple(getattr(party, name) for name in PARTY_FIELDS)
    if row is None:
        writes.new_parties.append((order.account_id, order.pk, role, *values))
    else:
        writes.parties.append((*values, row.pk))


def _shipped_in_store(order: Order, item: ReadOrder, known: Known, writes: Writes, taken: bool) -> bool:
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
