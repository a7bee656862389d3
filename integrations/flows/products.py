"""Reading a store's listings, so that order lines and stock levels can be told which product they mean."""

from __future__ import annotations

import datetime as dt
import zlib
from typing import Any

from django.db.models import F

from fcp.errors import Stale
from integrations.connectors.base import Bad, FlowKind
from integrations.flows.windows import TOKEN_LASTS
from integrations.lease import ring
from integrations.models import FailedRecord, Flow, Integration
from integrations.runs import Page, Slice
from mappings.listings import Shown, keep_listings, link_by_sku, retire_listings
from mappings.models import Listing
from orders.holds import HoldKind
from orders.intake import Counts
from orders.models import Hold

KIND = "listing"
VARIANT_CHANGED = "variant_changed"


def pull(run: Slice) -> bool:
    """The whole catalogue, page by page; True when the slice is over before its end."""
    place = _resumed(run) or _anew(run)
    while True:
        try:
            token = place["token"]
            page = run.ask(lambda connector, token=token: connector.listings(token))  # type: ignore[misc]
        except Stale as error:
            if error.code == VARIANT_CHANGED and error.current:
                change_variant(run, error.current)
                return True
            if place["token"] is None:
                raise
            place = _anew(run)
            continue
        place = place | {"token": page.next, "at": run.now().isoformat()}
        shown = [Shown(i.product_uid, i.variant_uid, i.sku, i.title, i.tracked) for i in page.items]
        with run.page() as done:
            kept = keep_listings(run.store, shown, done.now)
            failed = _keep_aside(run, page.bad, done)
            last = shown[-1].sku or shown[-1].title if shown else ""
            unchanged = kept.unchanged + len(page.bad) - failed
            done.count(Counts(kept.created, kept.changed, unchanged, failed=failed, last_item=last))
            rest = {key: value for key, value in run.flow.position.items() if key != "listings"}
            if page.next is None:
                retire_listings(run.store, dt.date.fromisoformat(place["day"]), done.now, but=_waited_for(run))
                _mend(run, dt.datetime.fromisoformat(place["began"]), done)
            done.move(position=rest if page.next is None else rest | {"listings": place})
        if page.next is None:
            link_by_sku(run.store, by="schedule", now=run.now())
            stock = Flow.objects.filter(integration=run.integration, kind=FlowKind.INVENTORY)
            ring(list(stock.values_list("pk", flat=True)), run.now(), trigger="schedule")
            return False
        if run.over:
            return True


def _anew(run: Slice) -> dict[str, Any]:
    now = run.now()
    return {"token": None, "day": now.date().isoformat(), "began": now.isoformat()}


def _resumed(run: Slice) -> dict[str, Any] | None:
    place: dict[str, Any] | None = run.flow.position.get("listings")
    if place and run.now() - dt.datetime.fromisoformat(place["at"]) <= TOKEN_LASTS:
        return place
    return None


def _waited_for(run: Slice) -> set[int]:
    """Listings that held orders wait for are never taken off the list, whether the store still shows them or not."""
    gone = Listing.objects.filter(store=run.store, retired_at=None, last_seen_on__lt=run.now().date())
    ids = {str(pk): pk for pk in gone.values_list("pk", flat=True)}
    if not ids:
        return set()
    holds = Hold.objects.open().filter(account=run.flow.account_id, kind=HoldKind.SKU.value)
    return {ids[cause] for cause in holds.values_list("cause", flat=True).distinct() if cause in ids}


def _keep_aside(run: Slice, bad: Any, done: Page) -> int:
    """Odd listings, each with its sentence; how many of them are new."""
    keys = {_key(record): record for record in bad}
    there = FailedRecord.objects.filter(store=run.store, kind=KIND, key__in=keys, mended_at=None)
    known = set(there.values_list("key", flat=True))
    there.update(last_at=done.now, attempts=F("attempts") + 1)
    for key in keys.keys() - known:
        record = keys[key]
        FailedRecord.objects.create(
            account_id=run.flow.account_id, store=run.store, kind=KIND, key=key, code="unreadable",
            sentence=record.sentence[:500], payload=zlib.compress(record.packed), since=done.now, last_at=done.now,
        )  # fmt: skip
    return len(keys) - len(known)


def _mend(run: Slice, began: dt.datetime, done: Page) -> None:
    """Those that a whole reading did not find odd any more."""
    open_ones = FailedRecord.objects.filter(store=run.store, kind=KIND, mended_at=None)
    open_ones.filter(last_at__lt=began).update(mended_at=done.now)


def _key(record: Bad) -> str:
    return (record.key or f"{zlib.crc32(record.packed):08x}")[:120]


def change_variant(run: Slice, variant: str) -> None:
    """The store moved to another of its platform's variants: its catalogue is read anew."""
    with run.page() as page:
        Integration.objects.filter(pk=run.integration.pk).update(variant=variant[:20])
        page.move(position={key: value for key, value in run.flow.position.items() if key != "listings"})
