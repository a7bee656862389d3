"""Taking in one page of a store's orders: one transaction, a constant number of statements, no network, no parsing.

Shaping happens before; the caller's transaction has confirmed its lease; the run's counts and the flow's position are
written in the same transaction. An order is never doubled: its key is the store and the store's order id.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from fcp.insert import insert_rows, take_ids, take_ids_of, update_rows
from fcp.models import Store
from inventory.models import sku_key_of
from mappings.words import SeenListing, SeenShipWord, Words, words_of

from .address import address_lacks
from .changes import apply_changes
from .columns import EVENT_COLUMNS, HOLD_COLUMNS, LINE_COLUMNS, ORDER_COLUMNS, PARTY_COLUMNS, PAYLOAD_COLUMNS
from .decide import Decision, Facts, import_decision, is_canceled, takes_stock, wants_nothing
from .decided_by import imported_by
from .goods import Goods, goods_of
from .holds import HoldKind
from .left_out import wanted_by
from .models import Hold, Order, OrderEvent, OrderLine, OrderParty, Payload, RuleNotice, SeenOrder
from .models.orders import Outcome, number_key_of
from .payloads import packed
from .persons import needed_only
from .reserving import LineNeeds, OrderNeeds, StockWrites, needed
from .rule_book import AboutOrder
from .rules import in_force
from .ruling import NOTICE_COLUMNS, Ruled, about, events_of, notices_of, ruled
from .settings import OrderRules
from .shapes import IncomingOrder, OddOrder, Party, ReadOrder
from .state import OrderFacts, order_state
from .store_shipments import StoreLeft, left_by_store
from .translation import LineWords, Meaning, OrderWords, meaning_of
from .written_shipments import write_left


class Seen(NamedTuple):
    """What is stored of an order that the store showed before."""

    fingerprint: int
    settings_version: int
    outcome: str

    def settled(self, fingerprint: int, settings_version: int) -> bool:
        """Whether it needs no second look when shown unchanged: imported, or decided under these settings."""
        if self.fingerprint != fingerprint:
            return False
        return self.outcome == Outcome.IMPORTED or self.settings_version == settings_version


@dataclass(slots=True)
class Counts:
    """What became of the orders of a page; `seen` is the sum of the rest."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    last_item: str = ""

    @property
    def seen(self) -> int:
        return self.created + self.changed + self.unchanged + self.skipped + self.failed

    def add(self, other: Counts) -> None:
        for name in ("created", "changed", "unchanged", "skipped", "failed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.reasons += other.reasons
        self.last_item = other.last_item or self.last_item


def seen_before(store: Store, uids: Collection[str]) -> dict[str, Seen]:
    """What we know of these orders; one statement, asked before anything is shaped."""
    rows = SeenOrder.objects.filter(store=store, uid__in=list(uids))
    return {
        uid: Seen(fingerprint, version, outcome)
        for uid, fingerprint, version, outcome in rows.values_list("uid", "fingerprint", "settings_version", "outcome")
    }


def take_in(
    store: Store,
    rules: OrderRules,
    read: Sequence[ReadOrder],
    odd: Sequence[OddOrder] = (),
    *,
    now: dt.datetime,
    seen_by: str = "poll",
) -> Counts:
    """Store a page of orders that are new or changed, in the caller's transaction.

    New ones are imported or skipped, with their reasons; those imported earlier are followed, whatever the filters say
    now; odd ones leave a row that says they were seen. `seen_by` is poll, webhook or person.
    """
    rules = in_force(rules, store.account_id)
    if rules.suppress_persons:
        read = [needed_only(item) for item in read]
    uids = [item.raw.uid for item in read] + [item.uid for item in odd if item.uid]
    seen = SeenOrder.objects.filter(store=store, uid__in=uids).values_list("uid", "pk", "takes_stock")
    seen_ids = {uid: (pk, takes) for uid, pk, takes in seen}
    # Locked before their words are, as everybody does who works on orders.
    here = Order.objects.select_for_update(no_key=True).filter(store=store, uid__in=uids).order_by("pk")
    order_ids = dict(here.values_list("uid", "pk"))

    counts = Counts(last_item=read[-1].order.number if read else "")
    seen_rows: list[_SeenRow] = []
    fresh: list[ReadOrder] = []
    known: list[ReadOrder] = []
    left_out: list[ReadOrder] = []
    for item in read:
        facts = Facts.of(item.order)
        decision = None
        if item.raw.uid in order_ids:
            known.append(item)
        else:
            decision = import_decision(facts, rules.imports, now)
            if decision.imported:
                fresh.append(item)
            else:
                left_out.append(item)
                counts.skipped += 1
                counts.reasons.update(decision.reasons)
        seen_rows.append(_seen_row(item, facts, decision))
    taking = {row.uid for row in seen_rows if row.takes_stock}
    words = _words(store, [*fresh, *known], left_out, taking, now)
    stock = StockWrites(named=set(words.named))
    if fresh:
        _import(store, rules, fresh, words, now, seen_by, stock)
        counts.created += len(fresh)
    if known:
        changed = apply_changes(store, rules, known, words, now, stock)
        counts.changed += len(changed)
        counts.unchanged += len(known) - len(changed)
    for odd_order in odd:
        counts.failed += 1
        if odd_order.uid:
            seen_rows.append(_odd_row(odd_order, imported=odd_order.uid in order_ids, now=now))
    _write_seen(store, seen_rows, seen_ids, rules.version, now, seen_by, words, stock)
    stock.write(actor="store", now=now)
    return counts


# --- seen ----------------------------------------------------------------------------------------------------------


class _SeenRow(NamedTuple):
    uid: str
    number: str
    facts: Facts | None
    fingerprint: int
    outcome: str
    reasons: list[str]
    changed_at: dt.datetime
    takes_stock: bool = False

    @property
    def placed_at(self) -> dt.datetime | None:
        return self.facts.placed_at if self.facts else None


def _seen_row(item: ReadOrder, facts: Facts, decision: Decision | None) -> _SeenRow:
    uid, number, fingerprint, at = item.raw.uid, item.order.number, item.raw.fingerprint, item.order.changed_at
    if decision is None or decision.imported:
        return _SeenRow(uid, number, facts, fingerprint, Outcome.IMPORTED, [], at)
    reasons = decision.reasons
    facts = facts.left_out(item.order)
    return _SeenRow(uid, number, facts, fingerprint, Outcome.SKIPPED, reasons, at, takes_stock(facts, reasons))


def _odd_row(odd: OddOrder, *, imported: bool, now: dt.datetime) -> _SeenRow:
    outcome = Outcome.IMPORTED if imported else Outcome.FAILED
    return _SeenRow(odd.uid, odd.number, None, odd.fingerprint, outcome, [odd.code], odd.placed_at or now)


SEEN_COLUMNS = (
    "account", "store", "uid", "number", "number_key", "facts", "fingerprint", "outcome", "reasons", "takes_stock",
    "settings_version", "seen_by", "first_seen_at", "changed_at", "placed_at",
)  # fmt: skip
SEEN_AGAIN = (
    "number", "number_key", "facts", "fingerprint", "outcome", "reasons", "takes_stock", "settings_version",
    "changed_at", "placed_at",
)  # fmt: skip


def _write_seen(
    store: Store,
    rows: Sequence[_SeenRow],
    ids: Mapping[str, tuple[int, bool]],
    version: int,
    now: dt.datetime,
    seen_by: str,
    words: Words,
    stock: StockWrites,
) -> None:
    new, again = [], []
    for row in rows:
        number, key = row.number[:60], number_key_of(row.number)
        facts = row.facts.as_json() if row.facts else {}
        if row.uid not in ids:
            new.append(
                (store.account_id, store.pk, row.uid, number, key, facts, row.fingerprint, row.outcome, row.reasons,
                 row.takes_stock, version, seen_by, now, row.changed_at, row.placed_at)
            )  # fmt: skip
        else:
            again.append(
                (number, key, facts, row.fingerprint, row.outcome, row.reasons, row.takes_stock, version,
                 row.changed_at, row.placed_at, ids[row.uid][0])
            )  # fmt: skip
    made: dict[str, int] = {}
    if any(row.takes_stock for row in rows if row.uid not in ids):
        with_ids = [(pk, *values) for pk, values in zip(take_ids(SeenOrder, len(new)), new, strict=True)]
        insert_rows(SeenOrder, ("id", *SEEN_COLUMNS), with_ids)
        made = {row[3]: row[0] for row in with_ids}
    else:
        insert_rows(SeenOrder, SEEN_COLUMNS, new)
    update_rows(SeenOrder, SEEN_AGAIN, sorted(again, key=itemgetter(-1)))
    for row in rows:
        pk, took = ids.get(row.uid, (0, False))
        if row.takes_stock and row.facts:
            wanted = wanted_by(row.facts, words.listings)
            stock.seen(store.account_id, made.get(row.uid, pk), wanted, made=row.uid in made)
        elif took:
            stock.seen(store.account_id, pk, ())


# --- words ---------------------------------------------------------------------------------------------------------


def _words(
    store: Store, items: Sequence[ReadOrder], left_out: Sequence[ReadOrder], taking: Set[str], now: dt.datetime
) -> Words:
    """The words of orders that are here or come in. Of those `left_out`, listings: made for those that take stock."""
    ship, listings, locations = {}, {}, {}
    named = set()
    for item in left_out:
        for line in item.order.lines:
            if item.raw.uid in taking and line.ships:
                listings[line.product_uid, line.variant_uid] = line
            named.add((line.product_uid, line.variant_uid))
    for item in items:
        order = item.order
        if order.ship_word:
            ship[order.ship_word.key] = order.ship_word
        if order.location_uid:
            locations[order.location_uid] = order.location_name
        for line in order.lines:
            listings[line.product_uid, line.variant_uid] = line
            if line.location_uid:
                locations.setdefault(line.location_uid, "")
    return words_of(
        store,
        [SeenShipWord(w.key, w.title, w.code, w.carrier) for w in ship.values()],
        [SeenListing(line.product_uid, line.variant_uid, line.sku, line.title) for line in listings.values()],
        locations,
        now,
        named,
    )


def order_words(order: IncomingOrder, words: Words, goods: Goods, asked_for: AboutOrder | None = None) -> OrderWords:
    """The rows behind the words of one incoming order; `asked_for` by the account's rules."""
    return OrderWords(
        status=order.status.value,
        payment=order.payment.value,
        fulfillment=order.fulfillment.value,
        cash_on_delivery=order.cash_on_delivery,
        ship=words.ship[order.ship_word.key] if order.ship_word else None,
        location=words.locations[order.location_uid] if order.location_uid else None,
        lines=[
            LineWords(
                words.listings[line.product_uid, line.variant_uid],
                words.locations[line.location_uid] if line.location_uid else None,
                line.ships,
            )
            for line in order.lines
        ],
        address_lacks=() if order.pickup else address_lacks(order.ship_to),
        country="" if order.pickup else order.ship_to.country,
        postcode=order.ship_to.postcode,
        goods=goods,
        about=asked_for,
    )


# --- importing -----------------------------------------------------------------------------------------------------


def _import(
    store: Store,
    rules: OrderRules,
    items: Sequence[ReadOrder],
    words: Words,
    now: dt.datetime,
    seen_by: str,
    stock: StockWrites,
) -> None:
    account = store.account_id
    ids, of_lines = take_ids_of([(Order, len(items)), (OrderLine, sum(len(item.order.lines) for item in items))])
    line_ids = iter(of_lines)
    orders, lines, parties, holds, events, payloads = [], [], [], [], [], []
    notices: list[tuple[Any, ...]] = []
    left: list[tuple[int, StoreLeft]] = []
    # After the words were locked: a product that changes from now on finds these orders when they are stored.
    goods = goods_of(account, {row.product_id for row in words.listings.values() if row.product_id}, rules, now)
    for pk, item in zip(ids, items, strict=True):
        order = item.order
        asked_for = about(store.pk, order, order.lines, order.ship_to) if rules.book else None
        meaning = meaning_of(order_words(order, words, goods, asked_for), rules)
        by_rules = ruled(meaning.ruled)
        its_line_ids = [next(line_ids) for _ in order.lines]
        gone = left_by_store(order, item.shipments, its_line_ids)
        shipped = gone.shipped if gone else {}
        if gone:
            left.append((pk, gone))
        orders.append(_order_row(pk, store, rules, order, meaning, by_rules, words, sum(shipped.values()), now))
        needs = OrderNeeds(
            placed_at=order.placed_at,
            closed=wants_nothing(order.status, order.payment, order.fulfillment),
            unpaid=any(hold.kind is HoldKind.PAYMENT for hold in meaning.holds),
        )
        for line_id, line, of in zip(its_line_ids, order.lines, meaning.lines, strict=True):
            listing = words.listings[line.product_uid, line.variant_uid]
            location = words.locations[line.location_uid].pk if line.location_uid else None
            lines.append(
                (line_id, account, pk, line.uid, listing.pk, of.product_id, of.warehouse_id, location, line.sku,
                 sku_key_of(line.sku), line.title, line.options, line.quantity, line.quantity, shipped.get(line_id, 0),
                 of.units, line.ships, line.price, line.total, line.weight_grams, of.mapping_version, None)
            )  # fmt: skip
            stock.named.add(listing.pk)
            to_ship = line.quantity - shipped.get(line_id, 0) if line.ships else 0
            if wanted := needed(needs, LineNeeds(of.product_id, of.warehouse_id, to_ship, of.units)):
                stock.line(account, line_id, wanted, made=True)
        parties.append(party_row(account, pk, OrderParty.Role.SHIP_TO.value, order.ship_to))
        if order.bill_to != order.ship_to:
            parties.append(party_row(account, pk, OrderParty.Role.BILL_TO.value, order.bill_to))
        for hold in meaning.holds:
            holds.append(
                (
                    account,
                    pk,
                    hold.kind.value,
                    hold.cause,
                    {"word": hold.word},
                    "",
                    order.placed_at,
                    "intake",
                    None,
                    "",
                    hold.until,
                )
            )
        events.append(
            (
                account,
                pk,
                now,
                "store",
                "imported",
                {
                    "by": seen_by,
                    "holds": [h.kind.value for h in meaning.holds],
                    "settings": rules.version,
                    **imported_by((line.sku for line in order.lines), meaning),
                },
            )
        )
        if by_rules.newly:
            events += events_of(account, pk, by_rules.newly, now, "rules")
            notices += notices_of(account, pk, by_rules.newly, now)
        payloads.append((account, pk, 1, packed(item.raw.packed), now))
    insert_rows(Order, ORDER_COLUMNS, orders)
    insert_rows(OrderLine, LINE_COLUMNS, lines)
    insert_rows(OrderParty, PARTY_COLUMNS, parties)
    insert_rows(Payload, PAYLOAD_COLUMNS, payloads)
    insert_rows(Hold, HOLD_COLUMNS, holds)
    insert_rows(OrderEvent, EVENT_COLUMNS, events)
    insert_rows(RuleNotice, NOTICE_COLUMNS, notices)
    write_left(store, left, now)


def _order_row(
    pk: int,
    store: Store,
    rules: OrderRules,
    order: IncomingOrder,
    meaning: Meaning,
    by_rules: Ruled,
    words: Words,
    shipped: int,
    now: dt.datetime,
) -> tuple[Any, ...]:
    canceled = is_canceled(order.status, order.payment)
    pieces = sum(line.quantity for line in order.lines if line.ships)
    state = order_state(OrderFacts(to_ship=pieces, shipped=shipped, canceled=canceled, held=bool(meaning.holds)))
    return (
        pk, store.account_id, store.pk, order.uid, order.number[:60], number_key_of(order.number),
        order.ship_to.email.lower() or order.bill_to.email.lower(), order.placed_at, order.changed_at, now,
        state.value, now, order.status.value, order.payment.value, order.fulfillment.value, order.pickup,
        order.cash_on_delivery, order.archived, order.channel[:40],
        order.currency, order.subtotal, order.shipping, order.tax, order.discount, order.total, order.refunded,
        order.ship_to.country, pieces,
        words.ship[order.ship_word.key].pk if order.ship_word else None, meaning.ship_code, meaning.carrier,
        meaning.service, words.locations[order.location_uid].pk if order.location_uid else None, meaning.warehouse_id,
        order.buyer_note, order.gift_note, order.delivery_note, "", by_rules.tags, [],
        by_rules.ruled, 1, meaning.mapping_version, rules.version, rules.rules_version,
        now if canceled else None, None, False,
    )  # fmt: skip


def party_row(account_id: int, order_id: int, role: str, p: Party) -> tuple[Any, ...]:
    return (
        account_id, order_id, role, p.name, p.company, p.street1, p.street2, p.city, p.region, p.postcode, p.country,
        p.phone, p.email,
    )  # fmt: skip
