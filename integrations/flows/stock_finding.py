"""Turning changes into marks: other settings, new listings, products whose stock moved."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import F, Q, QuerySet

from fcp.insert import insert_rows
from integrations.flows.stock_round import Round, lock, mark
from integrations.models import StockPush
from integrations.since_enabled import LEAVES
from inventory.models import Alias, Product, StockCounter
from mappings.models import Listing, ListingStock

BATCH = 1000
# Listings are noticed by their rising ids; so often all of them are gone through, for one that was stored late.
WHOLE = dt.timedelta(hours=1)
COLUMNS = ("account", "store", "listing", "location", "marked", "looked", "handled", "why", "problem", "known",
           "item_uid", "revision")  # fmt: skip


def find(current: Round) -> bool:
    """True when the slice is over before all is found."""
    if current.push.basis != current.settings.basis:
        _adopt(current)
    if _mark_all(current) or _add_rows(current) or _mark_moved(current):
        return True
    if LEAVES in current.run.flow.position:
        with current.run.page() as page:
            page.move(position={key: value for key, value in current.run.flow.position.items() if key != LEAVES})
    return False


def _left(current: Round) -> bool:
    """Whether the flow was switched on again from now: what differs already stays as the store shows it."""
    return LEAVES in current.run.flow.position


def _adopt(current: Round) -> None:
    """From now on by these settings: every row is looked at again."""
    push, basis = current.push, current.settings.basis
    place: dict[str, Any] = {"last": 0, "leave": True} if _left(current) else {"last": 0}
    values: dict[str, Any] = {"basis": basis}
    if push.basis and push.basis.get("variant") != basis["variant"]:
        # The store's ids and revisions of its stock are others now, and a person looks at the preview once more.
        place["forget"] = True
        values |= {"allowed_at": None, "read_at": None}
    if push.allowed_at is None and push.basis.get("keys") != basis["keys"]:
        values["read_at"] = None  # of places that nobody had asked for
    rest = {key: value for key, value in current.run.flow.position.items() if key != "reading"}
    with current.run.page() as page:
        StockPush.objects.filter(pk=push.pk).update(**values)
        page.move(position=rest | {"marking": place, "rows": {"last": 0}})
    for name, value in values.items():
        setattr(push, name, value)


def _mark_all(current: Round) -> bool:
    """In batches, each with its position; rows of places that are no longer mapped go."""
    run = current.run
    while place := run.flow.position.get("marking"):
        with run.page() as page:
            ids = lock(current.rows.filter(pk__in=_some(current, place["last"])))
            position = {key: value for key, value in run.flow.position.items() if key != "marking"}
            if ids:
                position["marking"] = place | {"last": ids[-1]}
                of_old_places(current).filter(pk__in=ids).delete()
                forgotten = {"item_uid": "", "revision": "", "known": False} if place.get("forget") else {}
                left = {"handled": F("marked") + 1} if place.get("leave") else {}
                mark(ids, **forgotten, **left)
            page.move(position=position)
        if run.over:
            return True
    return False


def _some(current: Round, last: int) -> list[int]:
    return list(current.rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])


def of_old_places(current: Round) -> QuerySet[ListingStock]:
    keys = current.settings.keys
    located = [key for key in keys if key is not None]
    rows: QuerySet[ListingStock] = current.rows
    return rows.filter(Q(location=None) | ~Q(location__in=located)) if located else rows.exclude(location=None)


def _add_rows(current: Round) -> bool:
    """A row for every listing at every place."""
    run = current.run
    place = run.flow.position.get("rows") or {"last": 0}
    if "whole" in place and run.now() - dt.datetime.fromisoformat(place["whole"]) > WHOLE:
        place = {"last": 0}
    listings = Listing.objects.filter(store=run.store, retired_at=None)
    while ids := list(listings.filter(pk__gt=place["last"]).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        place = place | {"last": ids[-1]}
        there = set(current.rows.filter(listing__in=ids).values_list("listing_id", "location_id"))
        new = [(pk, key) for pk in ids for key in current.settings.keys if (pk, key) not in there]
        if new:
            with run.page() as page:
                whose = (run.flow.account_id, run.store.pk)
                # Known without a quantity: whatever changes it in the store from now on says so.
                handled = int(_left(current))
                insert_rows(ListingStock, COLUMNS, [(*whose, *one, 1, 0, handled, "", "", True, "", "") for one in new])
                page.move(position=run.flow.position | {"rows": place})
        if run.over:
            return True
    if "whole" not in place:
        with run.page() as page:
            page.move(position=run.flow.position | {"rows": place | {"whole": page.now.isoformat()}})
    return False


def _mark_moved(current: Round) -> bool:
    """Listings of the products whose stock changed since the last time, as far as the counter stood before looking."""
    run, push = current.run, current.push
    counter = StockCounter.objects.filter(account=run.flow.account_id).values_list("seq", flat=True)
    upto = counter.first() or 0
    while push.seq < upto:
        moved = Product.objects.filter(account=run.flow.account_id, stock_seq__gt=push.seq, stock_seq__lte=upto)
        # Those of one number belong together, so a batch ends with a whole number.
        last = moved.order_by("stock_seq").values_list("stock_seq", flat=True)[BATCH - 1 : BATCH].first() or upto
        with run.page():
            mark(rows_of(current, moved.filter(stock_seq__lte=last)))
            StockPush.objects.filter(pk=push.pk).update(seq=last)
        push.seq = last
        if run.over:
            return True
    return False


def rows_of(current: Round, products: QuerySet[Product]) -> set[int]:
    """Rows whose quantity rests on these products, or did when it was last worked out."""
    listings = Listing.objects.filter(store=current.run.store)
    ids = set(current.rows.filter(product__in=products).values_list("pk", flat=True))
    ids |= set(current.rows.filter(listing__in=listings.filter(product__in=products)).values_list("pk", flat=True))
    if current.settings.alias_type is not None:
        codes = Alias.objects.filter(alias_type=current.settings.alias_type, product__in=products).values("code_key")
        of_codes = listings.filter(sku_key__in=codes)
        ids |= set(current.rows.filter(listing__in=of_codes).values_list("pk", flat=True))
    return ids
