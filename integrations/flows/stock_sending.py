"""Telling the store quantities, in as few calls as its platform allows, each item answered for itself.

A row about to be sent is first noted as unknown: after a crash or a lost answer it is sent again, which changes
nothing where the store has the quantity already. What the store refuses waits with its sentence, and the rest goes on.
What moved last goes first, so that an order's pieces do not wait behind a large push. A call that the store answers
later is noted before it is made, with a name of its own; `stock_later` goes on from there.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Count, Q

from fcp.errors import Busy, NotFound, Refused, Rejected, Scope, Stale, SyncError, Unreachable, Unreadable
from fcp.insert import insert_rows, update_rows
from integrations.connectors.shapes import Answer, Done, StockToSet, StoreStock
from integrations.flows.later import ASK_AGAIN, under_way
from integrations.flows.products import VARIANT_CHANGED
from integrations.flows.stock_looking_at import look_at_rows, write
from integrations.flows.stock_round import Round, keep_marked, lock, mark
from integrations.lease import LONGEST_PAUSE, Superseded
from integrations.models import StockSent
from integrations.runs import Page, Slice
from mappings.models import Listing, ListingStock, Why
from orders.intake import Counts

log = logging.getLogger(__name__)

SEEN_TOGETHER = 50
PRODUCTS = 20  # looked at together, where each is a call of its own
# So many in a row without an answer: it is the store.
MOST_UNANSWERED = 3
# An item that changes in the store between each reading and setting is left for later after so many tries.
TRIES = 3
# A change of so few listings at once (an order, a count) goes by itself while a call of many is under way.
FEW = 10
SOON, LATER = dt.timedelta(minutes=1), dt.timedelta(minutes=15)
UNTRACKED = "untracked"  # the code of an answer
TICKET = "ticket"  # of a position: the call that is under way in the store
NO_ENTRY = "The store has no stock of this listing at this place. Save its stock in the store once, then it is sent."
SENT = ("account", "store", "listing", "location", "quantity", "before", "steps", "at")
TOLD = ("confirmed", "known", "confirmed_at", "handled", "item_uid", "revision", "why", "problem", "not_before",
        "drift", "drift_at")  # fmt: skip


@dataclass(slots=True)
class Item:
    """A quantity on its way. `mark` is the one it was worked out for; `before` what the store was known to show."""

    row: ListingStock
    quantity: int
    mark: int
    before: int | None
    steps: list[Any] = field(default_factory=list)
    tries: int = 0

    @property
    def key(self) -> str:
        return str(self.row.pk)

    @property
    def was_read(self) -> bool:
        """Whether the store's id and revision of it are known."""
        return bool(self.row.item_uid and self.row.revision)

    def to_set(self, uids: Mapping[int | None, str], telling: str = "") -> StockToSet:
        row = self.row
        return StockToSet(
            self.key, row.listing.product_uid, row.listing.variant_uid, self.quantity,
            uids.get(row.location_id, ""), row.item_uid, row.revision, telling,
        )  # fmt: skip

    def as_json(self) -> list[Any]:
        return [self.row.pk, self.quantity, self.mark, self.before, self.steps]


def send_some(current: Round) -> bool:
    """Tell the store of the next ones; False when there are none, or a call is under way."""
    if TICKET in current.run.flow.position:
        return False
    rows = _next(current)
    if not rows:
        return False
    _send(current, _to_send(current, rows))
    return True


def send_meanwhile(current: Round, place: Mapping[str, Any]) -> None:
    """What moved since a call of many was made, one by one; what is under way in that call waits for its end."""
    if current.settings.offer.later_from < 2:  # one alone may be answered later as well
        return
    due = _due(current).exclude(pk__in=[pk for pk, *_ in place["rows"]]).filter(product__stock_seq__gt=place["seq"])
    changes = due.order_by("-product__stock_seq").values_list("product__stock_seq").annotate(rows=Count("pk"))
    few = [seq for seq, rows in changes.filter(rows__lte=FEW)[:FEW]]
    if rows := list(_newest(due.filter(product__stock_seq__in=few))[:FEW]):
        _send(current, _to_send(current, rows), most=1)


def _due(current: Round) -> Any:
    now = current.run.now()
    due = current.rows.to_send().filter(Q(not_before=None) | Q(not_before__lte=now))
    return due.select_related("listing")


def _newest(due: Any) -> Any:
    return due.order_by("-product__stock_seq", "pk")


def _next(current: Round) -> list[ListingStock]:
    """A product's listings together where a call takes whole products."""
    due = _newest(_due(current))
    if not current.settings.offer.whole_products:
        return list(due[: current.settings.offer.per_call])
    products = due.values_list("listing__product_uid", flat=True)[:PRODUCTS]
    return list(due.filter(listing__product_uid__in=set(products)))


def _to_send(current: Round, rows: Sequence[ListingStock]) -> list[Item]:
    """Those that differ still, read before where the store has to be asked first."""
    offer = current.settings.offer
    items = _look_once_more(current, rows)
    unread = {
        item.key
        for item in items
        if (offer.read_first and not item.was_read) or (offer.seen_first and item.row.confirmed is None)
    }
    if not unread:
        return items
    rest = {item.key: item for item in read_items(current, [item for item in items if item.key in unread])}
    return [rest.get(item.key, item) for item in items if item.key not in unread or item.key in rest]


def _look_once_more(current: Round, rows: Sequence[ListingStock]) -> list[Item]:
    """Right before telling: by the stock and the settings of now. What is told is noted as unknown."""
    found = look_at_rows(current, rows)
    items = [
        Item(one.row, one.looked.quantity, one.row.marked, one.row.confirmed if one.row.known else None,
             one.looked.steps_as_json)
        for one in found
        if one.differs and one.looked.quantity is not None
    ]  # fmt: skip
    with current.run.page() as page:
        page.count(write(found))
        known = [item.row.pk for item in items if item.row.known]
        if known:
            lock(ListingStock.objects.filter(pk__in=known))
            ListingStock.objects.filter(pk__in=known).update(known=False)
    return items


# --- asking the store ----------------------------------------------------------------------------------------------


def _send(current: Round, items: Sequence[Item], most: int = 0) -> None:
    """In calls of as many as the platform takes. A call without an answer is halved, so that one odd item is alone.

    Not so one that is answered later: the store may be working on it, and is asked for that first.
    """
    run, offer = current.run, current.settings.offer
    most = most or offer.per_call
    waiting = deque(_units(items, whole_products=offer.whole_products))
    # After failed runs begin with less at once.
    size = max(most >> (3 * min(run.flow.failures, 10)), 1)
    unanswered = 0
    while waiting and not run.over:
        if current.outdated:
            return  # they stay due, and are looked at by what holds now
        some = [waiting.popleft() for _ in range(min(size, len(waiting)))]
        asked = [item for unit in some for item in unit]
        try:
            answers = _ask(current, asked)
        except SyncError as error:
            if isinstance(error, Busy) or error.scope is Scope.STORE or error.code == VARIANT_CHANGED:
                raise
            if error.maybe_done and _later(current, asked):
                raise
            lost = isinstance(error, Unreachable | Unreadable)
            unanswered += lost
            if len(some) == 1:
                if isinstance(error, Stale):  # of the whole call: not about what was read of one item
                    error = Unreadable(error.detail, sentence=error.sentence)
                record(current.run, asked, {item.key: Answer(item.key, error=error) for item in asked})
            if lost and unanswered >= MOST_UNANSWERED:
                raise
            if len(some) > 1:
                size = len(some) // 2
                waiting.extendleft(reversed(some))
            continue
        unanswered, size = 0, min(size * 2, most)
        stale = record(current.run, asked, answers)
        stop_for(run, answers.values())
        if stale:
            waiting.extendleft(_units(read_items(current, stale), whole_products=offer.whole_products))


def _units(items: Sequence[Item], *, whole_products: bool) -> list[list[Item]]:
    """What goes into a call together or not at all."""
    if not whole_products:
        return [[item] for item in items]
    by_product = sorted(items, key=_product)
    return [list(some) for _, some in groupby(by_product, key=_product)]


def _product(item: Item) -> str:
    return item.row.listing.product_uid


def _ask(current: Round, items: Sequence[Item]) -> dict[str, Answer]:
    """The answers by item. Raises Busy, with a ticket kept, where the store gives them later."""
    run = current.run
    telling = str(uuid4()) if _later(current, items) else ""
    place = {
        "telling": telling, "at": run.now().isoformat(), "seq": current.push.seq,
        "rows": [item.as_json() for item in items],
    }  # fmt: skip
    if telling:
        note(run, place)  # whoever comes after a crash makes the same call by the same name
    rows = [item.to_set(current.settings.uids, telling) for item in items]
    try:
        reply = run.ask(lambda connector: connector.push_stock(rows))
    except SyncError as error:
        if telling and not error.maybe_done:
            note(run, None)
        raise
    except Superseded:
        _doubt(items)
        raise
    if isinstance(reply, Done):
        if telling:
            note(run, None)
        return {answer.key: answer for answer in reply.answers}
    if TICKET in run.flow.position and not telling:
        raise Unreadable("answered later, though it is one alone")
    place |= {"ticket": reply.ticket}
    note(run, place)
    raise under_way(run, place)


def _later(current: Round, items: Sequence[Item]) -> bool:
    """Whether the store answers a call of so many by ticket."""
    return 0 < current.settings.offer.later_from <= len(items)


def note(run: Slice, place: Mapping[str, Any] | None) -> None:
    """Keep what is under way in the store; None: nothing is."""
    rest = {key: value for key, value in run.flow.position.items() if key != TICKET}
    with run.page() as page:
        page.move(position=rest | {TICKET: dict(place)} if place else rest)


def read_items(current: Round, items: Sequence[Item]) -> list[Item]:
    """What the store says of these now, in one question; those that still have to be told, with their revisions."""
    if not items:
        return []
    wanted = list(dict.fromkeys((i.row.listing.product_uid, i.row.listing.variant_uid) for i in items))
    # Where each that is gone may be a question of its own, the lease is looked at between a few.
    size = SEEN_TOGETHER if current.settings.offer.seen_first else len(wanted)
    shown: list[StoreStock] = []
    for start in range(0, len(wanted), size):
        some = wanted[start : start + size]
        shown += current.run.ask(lambda connector, some=some: connector.stock_of(some))  # type: ignore[misc]
    by_place = {(one.product_uid, one.variant_uid, one.location_uid): one for one in shown}
    answers: dict[str, Answer] = {}
    for item in items:
        listing = item.row.listing
        uid = current.settings.uids.get(item.row.location_id, "")
        key = (listing.product_uid, listing.variant_uid)
        answer = _said(item, by_place.get((*key, uid)) or by_place.get((*key, "")))  # "": it counts it nowhere
        if answer:
            answers[item.key] = answer
    record(current.run, [item for item in items if item.key in answers], answers, read=True)
    return [item for item in items if item.key not in answers]


def _said(item: Item, shown: StoreStock | None) -> Answer | None:
    """What the store's own number settles without a call; else the item learns its id and revision."""
    if shown is None:
        return Answer(item.key, error=NotFound("no such stock item", sentence=NO_ENTRY))
    if not shown.tracked:
        return Answer(item.key, error=Rejected("not counted", code=UNTRACKED))
    item.row.item_uid, item.row.revision = shown.item_uid, shown.revision
    if shown.quantity == item.quantity:
        return Answer(item.key, shown.item_uid, revision=shown.revision)
    item.tries += 1
    if item.tries > TRIES:
        return Answer(item.key, error=Unreadable("it changes with each reading"))
    return None


# --- what the store said -------------------------------------------------------------------------------------------


def record(run: Slice, items: Sequence[Item], answers: Mapping[str, Answer], *, read: bool = False) -> list[Item]:
    """Store the answers in one transaction; items that changed in the store and have to be read again.

    `read`: the store showed the quantities itself, without being told.
    """
    stale: list[Item] = []
    told: list[tuple[Item, Answer]] = []
    refused: list[tuple[Item, SyncError]] = []
    for item in items:
        answer = answers.get(item.key) or Answer(item.key, error=Unreadable("no answer for it"))
        if answer.error is None:
            told.append((item, answer))
        elif isinstance(answer.error, Stale):
            stale.append(item)
        elif not isinstance(answer.error, Busy | Refused):
            refused.append((item, answer.error))
    if told or refused:
        try:
            with run.page() as page:
                _write_untracked(run, [item for item, error in refused if error.code == UNTRACKED])
                lock(ListingStock.objects.filter(pk__in=[item.row.pk for item, _ in (*told, *refused)]))
                _write_told(run, told, page, read=read)
                for item, error in refused:
                    _write_refused(item, error, page)
        except Superseded:
            _doubt([item for item, _ in told])
            raise
    return stale


def _doubt(items: Iterable[Item]) -> None:
    """Whoever took over may have told the store something newer before these arrived there."""
    with transaction.atomic():
        mark([item.row.pk for item in items], known=False)


def _write_told(run: Slice, told: Sequence[tuple[Item, Answer]], page: Page, *, read: bool) -> None:
    update_rows(
        ListingStock,
        TOLD,
        [
            (item.quantity, True, page.now, item.mark, *_reference(item, answer), "", "", None, None, None, item.row.pk)
            for item, answer in told
        ],
    )  # fmt: skip
    keep_marked([item.row.pk for item, _ in told])
    if read:
        page.count(Counts(unchanged=len(told)))
        return
    whose = (run.flow.account_id, run.store.pk)
    insert_rows(
        StockSent,
        SENT,
        [
            (*whose, i.row.listing_id, i.row.location_id, i.quantity, i.before, i.steps, page.now) for i, _ in told
        ],
    )  # fmt: skip
    first = sum(item.row.confirmed_at is None for item, _ in told)
    last = told[-1][0].row.listing.sku if told else ""
    page.count(Counts(created=first, changed=len(told) - first, last_item=last))


def _reference(item: Item, answer: Answer) -> tuple[str, str]:
    """The store's id and revision of it, where it gave both."""
    return ((answer.store_ref or item.row.item_uid)[:100], answer.revision[:40]) if answer.revision else ("", "")


def _write_untracked(run: Slice, items: Sequence[Item]) -> None:
    """The store stopped counting it: known for the listing, until its catalogue says otherwise."""
    listings = Listing.objects.filter(pk__in=[item.row.listing_id for item in items], store=run.store)
    lock(listings)
    listings.update(tracked=False)


def _write_refused(item: Item, error: SyncError, page: Page) -> None:
    row = item.row
    rows = ListingStock.objects.filter(pk=row.pk)
    if error.code == UNTRACKED:
        rows.update(why=Why.UNTRACKED, result=None, problem="", not_before=None, handled=item.mark, known=False)
        page.count(Counts(skipped=1, reasons=Counter({Why.UNTRACKED.value: 1}), last_item=row.listing.sku))
        return
    sentence = error.sentence[:500]
    again = row.not_before is not None
    if error.scope is Scope.RECORD:
        rows.update(why=Why.REFUSED, problem=sentence, not_before=page.now + (LONGEST_PAUSE if again else LATER))
        if row.problem != sentence:
            page.count(Counts(failed=1, last_item=row.listing.sku))
            log.warning("The store refuses the stock of listing %s: %s", row.listing_id, error.detail)
    else:
        rows.update(problem=sentence, not_before=page.now + (LATER if again else SOON))


def stop_for(run: Slice, answers: Iterable[Answer]) -> None:
    """What one answer says of the whole store ends the run: a refused key, a pause, silence."""
    errors = [answer.error for answer in answers if answer.error is not None]
    for kind in (Refused, Unreachable):
        for error in errors:
            if isinstance(error, kind):
                raise error
    pauses = [error for error in errors if isinstance(error, Busy)]
    if pauses:
        first = pauses[0]
        until = max((error.until for error in pauses if error.until), default=run.now() + ASK_AGAIN)
        raise Busy(first.detail, until=until, code=first.code, sentence=first.sentence)
