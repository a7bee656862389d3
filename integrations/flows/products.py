"""What a store sells: read into listings, and in the mode Pull into our catalogue; and what is pushed to it.

Listings are read whole once, whenever that is a day ago, and when a person asks or something else was to be done with
them; else only what changed. What is vanished from the store shows in a whole reading only.

A pull that counts from a moment (`integrations.since_enabled`) reads the whole for its listings only, and fills our
catalogue with what the store changed since that moment: the store is asked for it, or, where it cannot say, what is not
as it was read before counts as changed.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from django.db.models import F

from fcp.errors import Stale
from integrations import migrating
from integrations.connectors.declaring import FlowKind, Mode
from integrations.connectors.shapes import Bad, IncomingListing
from integrations.connectors.shapes import Page as Shelf
from integrations.flows import product_push
from integrations.lease import ring
from integrations.models import FailedRecord, Flow
from integrations.runs import Page, Slice
from integrations.settings_document import owns_products
from integrations.since_enabled import FILLS
from inventory.catalogue import Fact, Filling, GroupFact
from mappings.listings import Shown, keep_listings, link_by_sku, retire_listings
from mappings.models import Listing
from mappings.take import describe, speaking
from orders.holds import HoldKind
from orders.intake import Counts
from orders.models import Hold

KIND = "listing"
VARIANT_CHANGED = "variant_changed"
WHOLE_EVERY = dt.timedelta(days=1)
# The store's clock may differ from ours, and its search may lag behind. The daily whole reading finds what is beyond.
OVERLAP = dt.timedelta(hours=1)
LISTINGS, TEXTS = "listings", "texts"
# What the store changed so shortly before the moment from which it counts comes in too: its clock may differ.
CLOCKS = dt.timedelta(minutes=5)


def sync(run: Slice) -> bool:
    """The store's listings, then what a person or the schedule wants to push by them."""
    if not product_push.under_way(run) and pull(run):
        return True
    return product_push.go_on(run)


def pull(run: Slice) -> bool:
    """Page by page; True when the slice is over before its end."""
    place = _resumed(run)
    # A call of the catalogue before may be answered with nothing at all, as if every listing was gone.
    if place is None and migrating.look(run, at_once=_wants_whole(run, run.now())):
        return True
    place = place or _anew(run)
    if _read(run, place):
        return True
    if place["since"] is None and _counted(run) and run.platform.listing_changes:
        return _read(run, _place(run, _since(run)))
    return False


def _read(run: Slice, place: dict[str, Any]) -> bool:
    while True:
        try:
            shelf = _ask(run, place)
        except Stale as error:
            if error.code == VARIANT_CHANGED and error.current:
                change_variant(run, error.current)
                return True
            if place["token"] is None:
                raise
            place = _anew(run)
            continue
        place = place | {"token": shelf.next}
        texts_follow = shelf.next is None and _whole_fills(place)
        if texts_follow:
            place |= {"part": TEXTS}
            if not shelf.items and not shelf.bad:
                continue
        last = shelf.next is None and not texts_follow
        with run.page() as done:
            if place["part"] == TEXTS and not texts_follow:
                _describe(run, place, shelf, done)
            else:
                place["changed"] |= _keep(run, place, shelf, done)
            if last:
                _end(run, place, done)
            else:
                done.move(position=run.flow.position | {"listings": place})
        if last:
            _afterwards(run, place)
            return False
        if run.over:
            return True


def _whole_fills(place: dict[str, Any]) -> bool:
    return place["part"] == LISTINGS and place["fills"] and place["since"] is None and not place.get("only")


def _afterwards(run: Slice, place: dict[str, Any]) -> None:
    if place["since"] is None:
        migrating.catalogue_was_read(run)
    if place["changed"]:
        link_by_sku(run.store, by="schedule", now=run.now())
        stock = Flow.objects.filter(integration=run.integration, kind=FlowKind.INVENTORY)
        ring(list(stock.values_list("pk", flat=True)), run.now(), trigger="schedule")


def _ask(run: Slice, place: dict[str, Any]) -> Any:
    token, since = place["token"], place["since"]
    if place["part"] == TEXTS:
        return run.ask(lambda connector: connector.descriptions(token))
    if since is None:
        return run.ask(lambda connector: connector.listings(token))
    return run.ask(lambda connector: connector.listings(token, dt.datetime.fromisoformat(since)))


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.UTC).isoformat() if moment else None


# --- where it is ----------------------------------------------------------------------------------------------------


def _anew(run: Slice) -> dict[str, Any]:
    whole = _wants_whole(run, run.now())
    return _place(run, None if whole else _since(run))


def _place(run: Slice, since: dt.datetime | None) -> dict[str, Any]:
    """`since` None: the whole. `changed`: whether words have to be linked at the end.

    `fills`: whether it fills our catalogue; `only`: with what is not as it was read before.
    """
    now, fills, only = run.now(), _fills(run), False
    if since is None and (counted := _counted(run)):
        read_since = _whole_at(run)
        only = not run.platform.listing_changes and read_since is not None and read_since >= counted["from"]
        fills = only
    return {
        "token": None, "part": LISTINGS, "since": _iso(since), "fills": fills, "only": only, "changed": since is None,
        "day": now.date().isoformat(), "began": now.isoformat(),
    }  # fmt: skip


def _since(run: Slice) -> dt.datetime | None:
    """From when on changes are asked for."""
    if counted := _counted(run):
        return max(counted["from"] - CLOCKS, counted["to"] - OVERLAP)
    return run.flow.watermark


def _counted(run: Slice) -> dict[str, dt.datetime] | None:
    """The moment from which the pull counts, and to which it has filled the catalogue; None: it takes all there is."""
    place = run.flow.position.get(FILLS) if _fills(run) else None
    return {name: dt.datetime.fromisoformat(at) for name, at in place.items()} if place else None


def _whole_at(run: Slice) -> dt.datetime | None:
    whole = run.flow.position.get("whole")
    return dt.datetime.fromisoformat(whole["at"]) if whole else None


def _wants_whole(run: Slice, now: dt.datetime) -> bool:
    whole = run.flow.position.get("whole")
    if not run.platform.listing_changes or run.flow.watermark is None or not whole:
        return True
    at = dt.datetime.fromisoformat(whole["at"])
    asked = run.trigger in ("person", "first") and not product_push.is_open(run.integration)
    counted = _counted(run)
    switched_on = (run.flow.enabled_since, counted["from"] if counted else None)
    return (
        asked
        or now - at >= WHOLE_EVERY
        or any(since is not None and since > at for since in switched_on)
        or whole["variant"] != run.integration.variant
        or (_fills(run) and not counted and not whole["fills"])
    )


def _fills(run: Slice) -> bool:
    """Whether our catalogue is filled: listings alone are also read where only the stock needs them."""
    return Mode(run.flow.mode).pulls


def _resumed(run: Slice) -> dict[str, Any] | None:
    """However long ago: a large catalogue is read in many slices, which may wait long. Too old a token is Stale."""
    place: dict[str, Any] | None = run.flow.position.get("listings")
    return place if place and "part" in place else None


def _end(run: Slice, place: dict[str, Any], done: Page) -> None:
    """What changed up to an hour before the reading began was surely seen by it, whatever page it stood on."""
    rest = {key: value for key, value in run.flow.position.items() if key != "listings"}
    began = dt.datetime.fromisoformat(place["began"])
    if place["since"] is None:
        retire_listings(run.store, dt.date.fromisoformat(place["day"]), done.now, but=_waited_for(run))
        _mend(run, began, done)
        rest["whole"] = {"at": place["began"], "variant": run.integration.variant, "fills": place["fills"]}
    if FILLS in rest and place["fills"]:
        rest[FILLS] = rest[FILLS] | {"to": place["began"]}
    done.move(position=rest)
    # Changes were read from where the last reading ended, unless they were asked for from a later moment only.
    if (
        place["since"] is None
        or not run.flow.watermark
        or dt.datetime.fromisoformat(place["since"]) <= run.flow.watermark
    ):
        done.move(watermark=began - OVERLAP)


# --- one page -------------------------------------------------------------------------------------------------------


def _keep(run: Slice, place: dict[str, Any], shelf: Shelf[IncomingListing], done: Page) -> bool:
    """Products first, so that new listings are linked as they are made. Whether anything is not as it was."""
    shown = [Shown(i.product_uid, i.variant_uid, i.sku, i.title, i.tracked, i.shares_stock) for i in shelf.items]
    items = _not_as_known(run, shelf.items) if place.get("only") else shelf.items
    filling = _filling(run, items, done.now) if place["fills"] else None
    made = filling.make() if filling else 0
    kept = keep_listings(run.store, shown, done.now)
    changed = 0
    if filling and (wanting := filling.wanting()):
        changed = filling.change(speaking(run.store, wanting, [(s.product_uid, s.variant_uid, s.sku) for s in shown]))
    failed = _keep_aside(run, shelf.bad, done)
    last = shown[-1].sku or shown[-1].title if shown else ""
    unchanged = kept.unchanged + len(shelf.bad) - failed
    done.count(Counts(kept.created, kept.changed, unchanged, failed=failed, last_item=last))
    return bool(made or changed or kept.created or kept.changed)


def _not_as_known(run: Slice, items: Sequence[IncomingListing]) -> list[IncomingListing]:
    """Those that are new, or were read before with another SKU or title."""
    rows = Listing.objects.filter(store=run.store, product_uid__in={item.product_uid for item in items})
    known = {row[:2]: row[2:] for row in rows.values_list("product_uid", "variant_uid", "sku", "title")}
    shown = [
        (item, Shown(item.product_uid, item.variant_uid, item.sku[:100], item.title[:255], None)) for item in items
    ]
    return [item for item, one in shown if known.get(one[:2]) != one[2:4]]


def _filling(run: Slice, items: Sequence[IncomingListing], now: dt.datetime) -> Filling:
    currency = run.store.currency
    # What goes by its product's SKU says nothing of its own.
    facts = [fact_of(run.store.pk, item, currency) for item in items if item.sku and not item.shares_stock]
    return Filling(run.flow.account_id, facts, now, overwrite=owns_products(run.integration))


def fact_of(store_id: int, item: IncomingListing, currency: str) -> Fact:
    group = None
    if item.options:
        group = GroupFact(
            group_code(store_id, item.product_uid, item.name),
            item.name,
            tuple(name for name, _ in item.options),
            item.description,
        )
    return Fact(
        sku=item.sku,
        name=item.title if group else item.name or item.title,
        barcode=item.barcode,
        weight_grams=item.weight_grams,
        price=item.price,
        currency=item.currency or currency,
        description="" if group else item.description,
        group=group,
        options=tuple(value for _, value in item.options),
    )


def group_code(store_id: int, product_uid: str, name: str) -> str:
    """Readable, and the same at each pull as long as the name is."""
    mark = blake2b(f"{store_id}/{product_uid}".encode(), digest_size=4).hexdigest()
    return f"{' '.join(name.replace(chr(0), '').split())[:80]} #{mark}"


def _describe(run: Slice, place: dict[str, Any], shelf: Shelf[Any], done: Page) -> None:
    """Counted nowhere: their listings were."""
    if describe(run.store, dict(shelf.items), done.now, overwrite=owns_products(run.integration)):
        place["changed"] = True
    _keep_aside(run, shelf.bad, done)


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
    migrating.begin(run, variant)
