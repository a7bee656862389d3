"""Storing what was read of a store's orders: known ones counted, new ones shaped, odd ones kept aside."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import zlib
from collections.abc import Callable, Collection, Sequence
from functools import cached_property

from django.db import InterfaceError, OperationalError
from django.db.models import F

from fcp.errors import SyncError
from integrations.connectors.shapes import Bad
from integrations.lease import Superseded
from integrations.models import FailedRecord
from integrations.runs import Page, Slice
from orders.intake import Counts, Seen, seen_before, take_in
from orders.models import Fulfillment
from orders.models.orders import Outcome
from orders.release import offer_waiting
from orders.shapes import OddOrder, RawOrder, ReadOrder, StoreFulfillment

log = logging.getLogger(__name__)

KIND = "order"
WITHOUT_ID = "without_id"
UNREADABLE = "We cannot read this order yet. It is kept as the store sent it; tell whoever runs this installation."
UNREADABLE_SHIPMENTS = (
    "We cannot read what the store has shipped of this order, so it is kept aside. We look again by ourselves."
)
UNSTORABLE = "We cannot store this order yet. It is kept as the store sent it; tell whoever runs this installation."
FIRST_RETRY = dt.timedelta(minutes=5)
LAST_RETRY = dt.timedelta(days=1)

Finish = Callable[[Page], None]


def nothing(page: Page) -> None:
    pass


def packed(raw: bytes) -> bytes:
    return zlib.compress(raw, 6)


class Taker:
    """Takes orders in for one slice of a run."""

    def __init__(self, run: Slice) -> None:
        self.run = run
        # Writes what else follows from the orders that were read, in the transaction that stores them.
        self.each_page: Callable[[Sequence[RawOrder], Page], None] | None = None

    @cached_property
    def failed(self) -> dict[str, str]:
        """What failed of the store's orders and was not mended since: keys, and the numbers of those without an id."""
        records = FailedRecord.objects.filter(store=self.run.store, kind=KIND, mended_at=None)
        rows = records.values_list("key", "number", "code")
        return {key: number if code == WITHOUT_ID else "" for key, number, code in rows}

    def take(
        self,
        raws: Sequence[RawOrder],
        bad: Sequence[Bad] = (),
        *,
        seen_by: str = "poll",
        finish: Finish = nothing,
        again: bool = False,
    ) -> None:
        """Store what is new of these orders, then let `finish` write in the same transaction what follows from it.

        `again`: these failed before; look at them even if they are unchanged.
        """
        known = seen_before(self.run.store, [raw.uid for raw in raws]) if raws else {}
        fresh = [raw for raw in raws if again or not self._settled(raw, known)]
        read, odd = self._shape(fresh)
        read, unclear = self._with_shipments(read, known)
        odd += unclear
        counts = Counts(unchanged=len(raws) - len(fresh))
        for record in bad:
            if self.is_new(record):
                odd.append(_strange(record))
            else:
                counts.unchanged += 1

        shown = {raw.number for raw in raws} - {""}
        whole = [key for key, number in self.failed.items() if number in shown]

        def end(page: Page) -> None:
            page.count(counts)
            if whole:  # what came without an id has come with one
                mend(self.run, whole, page.now)
            if self.each_page:
                self.each_page(raws, page)
            finish(page)

        changed = self._store(read, odd, seen_by, end, again)
        if changed and self.run.store.hands_over:
            offer_waiting(self.run.store, now=self.run.now())

    def is_new(self, record: Bad) -> bool:
        return key_of(_strange(record)) not in self.failed

    def _settled(self, raw: RawOrder, known: dict[str, Seen]) -> bool:
        seen = known.get(raw.uid)
        return seen is not None and seen.settled(raw.fingerprint, self.run.rules.version)

    def _shape(self, raws: Sequence[RawOrder]) -> tuple[list[ReadOrder], list[OddOrder]]:
        read, odd = [], []
        for raw in raws:
            try:
                read.append(ReadOrder(raw, self.run.connector.shape_order(raw)))
            except SyncError as error:
                odd.append(odd_of(raw, error.code, error.sentence, error.detail))
            except Exception:
                log.exception("Shaping failed")
                odd.append(odd_of(raw, "our_fault", UNREADABLE, "shaping failed"))
        return read, odd

    def _with_shipments(self, read: list[ReadOrder], known: dict[str, Seen]) -> tuple[list[ReadOrder], list[OddOrder]]:
        """What the store itself shipped of orders that are followed, or of which only the rest comes in.

        Also of orders that it shows as not fulfilled, although it knew of shipments: somebody may have deleted them.
        Where its list cannot be read, the order is kept aside: shipping it now could ship it twice.
        """
        followed = {item.raw.uid for item in read if _imported(known.get(item.raw.uid))}
        bare = {i.raw.uid for i in read if i.order.fulfillment is StoreFulfillment.NONE} & followed
        once_shipped = self._once_shipped(bare) if bare else set()
        asked = [
            item.raw.uid
            for item in read
            if item.order.fulfillment is StoreFulfillment.PARTLY
            or (item.order.fulfillment is StoreFulfillment.ALL and item.raw.uid in followed)
            or item.raw.uid in once_shipped
        ]
        if not asked:
            return read, []
        told = self.run.ask(lambda connector: connector.told_shipments(asked))
        unclear = {uid for uid in asked if told.get(uid, ()) is None}
        return (
            [
                ReadOrder(item.raw, item.order, tuple(told.get(item.raw.uid) or ()))
                for item in read
                if item.raw.uid not in unclear
            ],
            [
                odd_of(item.raw, "shipments_unreadable", UNREADABLE_SHIPMENTS, "")
                for item in read
                if item.raw.uid in unclear
            ],
        )

    def _once_shipped(self, uids: Collection[str]) -> set[str]:
        """Those of which a shipment stands here that the store knew of."""
        theirs = {"order__store": self.run.store, "order__uid__in": uids}
        standing = Fulfillment.objects.filter(voided_at=None, **theirs)
        return set(standing.filter(store_ref__isnull=False).values_list("order__uid", flat=True))

    def _store(
        self, read: list[ReadOrder], odd: list[OddOrder], seen_by: str, finish: Finish, again: bool = False
    ) -> bool:
        """One transaction; whether it changed anything. What will not store is halved until the bad one is alone."""
        try:
            with self.run.page() as page:
                counts = self._take_in(page, read, odd, seen_by, again)
                finish(page)
        except (Superseded, OperationalError, InterfaceError):
            raise  # not the records' fault: the run ends here and begins anew
        except Exception:
            log.exception("A page of %d orders would not store", len(read) + len(odd))
            if not read and not odd:
                raise
        else:
            for item in read:
                self.failed.pop(item.raw.uid, None)
            self.failed.update((key_of(record), "") for record in odd)
            return bool(counts.created or counts.changed)
        if len(read) == 1 and not odd:
            halves = [(list[ReadOrder](), [odd_of(read[0].raw, "unstorable", UNSTORABLE, "")])]
        elif len(odd) == 1 and not read:
            raise RuntimeError("Not even the record of a failed order would store")
        else:
            middle = len(read) // 2
            halves = [(read[:middle], []), (read[middle:], []), ([], odd)]
        changed = [self._store(some, strange, seen_by, nothing, again) for some, strange in halves if some or strange]
        with self.run.page() as page:
            finish(page)
        return any(changed)

    def _take_in(self, page: Page, read: list[ReadOrder], odd: list[OddOrder], seen_by: str, again: bool) -> Counts:
        # Those that were tried again and failed again are noted, not counted: the run has seen nothing new.
        new = [] if again else odd
        counts = Counts()
        if read or new:
            counts = take_in(self.run.store, self.run.rules, read, new, now=page.now, seen_by=seen_by)
            page.count(counts)
        self._note(odd, page.now)
        if mended := {item.raw.uid for item in read} & self.failed.keys():
            mend(self.run, mended, page.now)
        return counts

    def _note(self, odd: Sequence[OddOrder], now: dt.datetime) -> None:
        for record in odd:
            # What the store sent names the buyer.
            kept = None if self.run.rules.suppress_persons else record.packed
            note_failure(self.run, key_of(record), record.number, record.code, record.sentence, now, kept)
            log.warning("An order is kept aside (%s): %s", record.code, record.detail)


def odd_of(raw: RawOrder, code: str, sentence: str, detail: str) -> OddOrder:
    return OddOrder(raw.uid, raw.number[:60], code, sentence, detail, raw.packed, raw.fingerprint)


def _strange(record: Bad) -> OddOrder:
    return OddOrder("", record.number[:60], WITHOUT_ID, record.sentence, record.detail, record.packed)


def key_of(record: OddOrder) -> str:
    """Of a record without an id, the same bytes are the same record."""
    return record.uid or hashlib.sha256(record.packed).hexdigest()[:32]


def _imported(seen: Seen | None) -> bool:
    return seen is not None and seen.outcome == Outcome.IMPORTED


# --- failed records ------------------------------------------------------------------------------------------------


def note_failure(
    run: Slice, key: str, number: str, code: str, sentence: str, now: dt.datetime, payload: bytes | None = None
) -> None:
    """Keep a record aside, or note that it failed once more. In the caller's transaction.

    It is read again by its id, later and later; one without an id waits for a person. What the store sent, once
    erased (`integrations.keeping`), does not come back by failing once more.
    """
    retried = code != WITHOUT_ID
    open_one = FailedRecord.objects.filter(store=run.store, kind=KIND, key=key[:120], mended_at=None)
    values = {"code": code[:40], "sentence": sentence[:500], "last_at": now}
    sent = None if payload is None else packed(payload)
    before = open_one.values_list("attempts", flat=True).first()
    if before is None:
        FailedRecord.objects.create(
            account_id=run.flow.account_id, store=run.store, kind=KIND, key=key[:120], number=number[:60],
            since=now, not_before=now + FIRST_RETRY if retried else None, payload=sent, **values,
        )  # fmt: skip
    else:
        if sent is not None:
            open_one.exclude(payload=None).update(payload=sent)
        wait = min(FIRST_RETRY * 2 ** min(before, 12), LAST_RETRY)
        open_one.update(attempts=F("attempts") + 1, not_before=now + wait, **values)


def mend(run: Slice, keys: Collection[str], now: dt.datetime) -> None:
    FailedRecord.objects.filter(store=run.store, kind=KIND, key__in=keys, mended_at=None).update(mended_at=now)
