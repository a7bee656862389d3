"""Keeping the rows of a store's listings in step with what the store shows, in bulk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction

from fcp.insert import insert_rows, take_ids, update_rows
from fcp.models import Store
from inventory.models import Product, sku_key_of

from .models import Listing, MappingChange
from .signals import words_mapped
from .stock_marks import mark_listings
from .words import products_by_sku

SAME_SKU = "The store's SKU is the product's."
BATCH = 500
TRIES = 5  # to make listings that others make too


class Shown(NamedTuple):
    """One sellable variant as the store shows it. `tracked`, `shares_stock` None where the store does not say."""

    product_uid: str
    variant_uid: str
    sku: str
    title: str
    tracked: bool | None
    shares_stock: bool | None = False


@dataclass(slots=True)
class Kept:
    created: int = 0
    changed: int = 0
    unchanged: int = 0


COLUMNS = (
    "id", "account", "store", "version", "applied_version", "first_seen_at", "last_seen_on", "product_uid",
    "variant_uid", "sku", "sku_key", "title", "product", "units", "tracked", "shares_stock", "retired_at",
)  # fmt: skip
CHANGING = ("sku", "sku_key", "title", "tracked", "shares_stock", "last_seen_on", "retired_at", "sku_was")


def keep_listings(store: Store, shown: Iterable[Shown], now: dt.datetime) -> Kept:
    """Store a page of listings, in the caller's transaction: few statements, no write for what is as it was.

    A new one whose SKU is a product's is linked to it. One whose SKU changed in the store keeps the product it has, and
    `sku_was` asks whether it is still the same.
    """
    cut = [_cut(item) for item in shown if item.product_uid]
    wanted = {(item.product_uid, item.variant_uid): item for item in cut}
    there, made = _made(store, wanted, now)
    day, kept = now.date(), Kept(created=made)
    own = _own_skus(there[key] for key, item in wanted.items() if key in there and there[key].sku != item.sku)
    updates: list[tuple[Any, ...]] = []
    moved: list[int] = []
    for key, item in wanted.items():
        row = there.get(key)
        if row is None:
            continue
        if item.tracked is None:  # said where its stock is read
            item = item._replace(tracked=row.tracked)
        if item.shares_stock is None:
            item = item._replace(shares_stock=row.shares_stock)
        shown_stock = (item.sku, item.tracked, item.shares_stock, None)
        otherwise = (row.sku, row.tracked, row.shares_stock, row.retired_at) != shown_stock
        same = not otherwise and row.title == item.title
        kept.unchanged += same
        kept.changed += not same
        if otherwise:
            moved.append(row.pk)
        if not same or row.last_seen_on < day:
            was = _sku_was(row, item.sku, own.get(row.product_id or 0, ""))
            told = (item.tracked, bool(item.shares_stock), day, None, was, row.pk)
            updates.append((item.sku, sku_key_of(item.sku), item.title, *told))
    update_rows(Listing, CHANGING, updates)
    mark_listings(moved)
    return kept


Key = tuple[str, str]


def _made(store: Store, wanted: Mapping[Key, Shown], now: dt.datetime) -> tuple[dict[Key, Listing], int]:
    """The rows that were there, locked, and how many were made besides. An order may name new ones at this moment: then
    its rows are found when looked for again."""
    tries = TRIES
    while True:
        there = _locked(store, wanted)
        new = [item for key, item in wanted.items() if key not in there]
        try:
            with transaction.atomic(savepoint=bool(new)):
                _insert(store, new, now)
            return there, len(new)
        except IntegrityError:
            tries -= 1
            if not tries:
                raise


def _locked(store: Store, wanted: Mapping[Key, Shown]) -> dict[Key, Listing]:
    uids = sorted({uid for uid, _ in wanted})
    rows = Listing.objects.select_for_update(no_key=True).filter(store=store, product_uid__in=uids)
    return {(row.product_uid, row.variant_uid): row for row in rows.order_by("pk")}


def _insert(store: Store, new: Sequence[Shown], now: dt.datetime) -> None:
    """Ids in the store's sequence; rows in that in which orders make them, so that no two wait for each other."""
    products = products_by_sku(store.account_id, (item.sku for item in new))
    with_ids = zip(take_ids(Listing, len(new)), new, strict=True)
    insert_rows(
        Listing,
        COLUMNS,
        [
            (pk, store.account_id, store.pk, 0, 0, now, now.date(), i.product_uid, i.variant_uid, i.sku,
             sku_key_of(i.sku), i.title, products.get(sku_key_of(i.sku)), 1, i.tracked, bool(i.shares_stock), None)
            for pk, i in sorted(with_ids, key=lambda pair: (pair[1].product_uid, pair[1].variant_uid))
        ],
    )  # fmt: skip


def _own_skus(rows: Iterable[Listing]) -> dict[int, str]:
    """The SKU keys of the products that these listings are linked to."""
    ids = {row.product_id for row in rows if row.product_id}
    return dict(Product.objects.filter(pk__in=ids).values_list("pk", "sku_key")) if ids else {}


def _sku_was(row: Listing, sku: str, own: str) -> str:
    """The SKU under which a listing was linked, while its new one asks whether it is the same product.

    There is no question if it goes by its product's own SKU now, or if it had none before: a person linked it then.
    """
    key = sku_key_of(sku)
    if row.product_id is None or key == row.sku_key:
        return row.sku_was
    if key and key in (own, sku_key_of(row.sku_was)):
        return ""
    return row.sku_was or row.sku


def _cut(item: Shown) -> Shown:
    uids = item.product_uid[:100], item.variant_uid[:100]
    return Shown(*uids, item.sku[:100], item.title[:255], item.tracked, item.shares_stock)


def retire_listings(store: Store, before: dt.date, now: dt.datetime, but: Collection[int] = ()) -> int:
    """After the store's catalogue was read whole from this day on: what it did not show is gone. `but` are kept."""
    gone = Listing.objects.filter(store=store, last_seen_on__lt=before, retired_at=None).exclude(pk__in=but)
    ids = list(gone.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        Listing.objects.filter(pk__in=some).update(retired_at=now)
        mark_listings(some)
    return len(ids)


# --- linking by SKU --------------------------------------------------------------------------------------------------


def link_by_sku(store: Store, *, by: str, now: dt.datetime, batch: str = "") -> int:
    """Link every listing without a product whose SKU is a product's of the account; returns how many. In batches."""
    linked, last = 0, 0
    while True:
        with transaction.atomic():
            rows = list(
                Listing.objects.unmapped()
                .select_for_update(no_key=True)
                .filter(store=store, pk__gt=last, asked="")
                .exclude(sku_key="")
                .order_by("pk")[:BATCH]
            )
            if not rows:
                return linked
            last = rows[-1].pk
            linked += _link(store, rows, by, now, batch)


def _link(store: Store, rows: Sequence[Listing], by: str, now: dt.datetime, batch: str) -> int:
    products = products_by_sku(store.account_id, (row.sku for row in rows))
    found = [(row, products[row.sku_key]) for row in rows if row.sku_key in products]
    if not found:
        return 0
    update_rows(Listing, ("product", "version"), [(product, row.version + 1, row.pk) for row, product in found])
    insert_rows(
        MappingChange,
        ("account", "store", "table", "row", "at", "before", "after", "by", "why", "batch", "version"),
        [
            (store.account_id, store.pk, "listing", row.pk, now, {"product_id": None, "units": row.units},
             {"product_id": product, "units": row.units}, by[:120], SAME_SKU, batch, row.version + 1)
            for row, product in found
        ],
    )  # fmt: skip
    mark_listings([row.pk for row, _ in found])
    transaction.on_commit(lambda: words_mapped.send(Listing, account_id=store.account_id), robust=True)
    return len(found)
