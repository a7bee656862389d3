"""Taking products over from a store: the account's catalogue begins with what the store sells."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from fcp.models import Store
from inventory import catalogue
from inventory.models import Product, sku_key_of

from .listings import link_by_sku
from .models import Listing

BATCH = 500


@dataclass(frozen=True, slots=True)
class Taken:
    """`made` products are new, `linked` listings mean a product now, `without_sku` have to be linked by hand."""

    made: int
    linked: int
    without_sku: int


def takeable(store: Store) -> int:
    """How many products "Take N products from this store" would make: SKUs without a product."""
    waiting = Listing.objects.unmapped().filter(store=store, asked="").exclude(sku_key="")
    there = Product.objects.filter(account_id=store.account_id).values("sku_key")
    return waiting.exclude(sku_key__in=there).values("sku_key").distinct().count()


def take_products(store: Store, *, by: str, now: dt.datetime) -> Taken:
    """Make a product of every SKU that the account does not know, and link the listings. Safe to repeat."""
    made, last = 0, ""
    while True:
        listings = Listing.objects.unmapped().filter(store=store, asked="", sku_key__gt=last)
        # A variant that goes by its product's SKU gives the product no name.
        named = listings.order_by("sku_key", "shares_stock", "pk")
        rows = list(named.values_list("sku_key", "sku", "title")[:BATCH])
        if not rows:
            break
        last = rows[-1][0]
        with transaction.atomic():
            made += _make(store, rows)
    linked = link_by_sku(store, by=by, now=now, batch=uuid.uuid4().hex)
    without = Listing.objects.unmapped().filter(store=store, sku_key="").count()
    return Taken(made, linked, without)


def _make(store: Store, rows: list[tuple[str, str, str]]) -> int:
    by_key = {key: (sku, title) for key, sku, title in reversed(rows)}
    products = Product.objects.filter(account_id=store.account_id, sku_key__in=by_key)
    known = set(products.values_list("sku_key", flat=True))
    new = [
        Product(account_id=store.account_id, sku=sku, sku_key=key, name=title or sku)
        for key, (sku, title) in by_key.items()
        if key not in known
    ]
    # Two persons may press at once: whoever comes second finds the product there.
    Product.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


# --- filling the catalogue with each pull ----------------------------------------------------------------------------


def owners(store: Store, keys: Collection[str]) -> dict[str, int]:
    """By SKU key the listing that speaks for it: where several listings have one SKU, the first that was seen."""
    shown = Listing.objects.filter(store=store, retired_at=None, shares_stock=False, sku_key__in=keys)
    shown = shown.exclude(sku_key="")
    return dict(shown.values_list("sku_key").annotate(Min("pk")).order_by())


def speaking(store: Store, keys: Collection[str], shown: Iterable[tuple[str, str, str]]) -> set[str]:
    """Those of these SKU keys whose own listing is among the shown (product uid, variant uid, SKU)."""
    if not keys:
        return set()
    firsts = Listing.objects.filter(pk__in=owners(store, keys).values())
    uids = {row.sku_key: (row.product_uid, row.variant_uid) for row in firsts}
    here = {sku_key_of(sku): (product, variant) for product, variant, sku in reversed(list(shown))}
    return {key for key in keys if key in here and uids.get(key) == here[key]}


def describe(store: Store, texts: Mapping[str, str], now: dt.datetime, *, overwrite: bool) -> int:
    """Descriptions by the store's product uid, for stores that tell them apart from the listings."""
    rows = Listing.objects.filter(store=store, product_uid__in=texts, product__isnull=False, retired_at=None)
    linked = rows.select_related("product__group").order_by("pk")
    pairs = [(row.product, texts[row.product_uid]) for row in linked if row.product]
    return catalogue.describe(pairs, now, overwrite=overwrite)


def left_out_of(store: Store) -> QuerySet[Listing]:
    """Listings that no pull makes a product of: without a SKU, or with one that another listing had before."""
    rows = Listing.objects.filter(store=store, retired_at=None, shares_stock=False)
    before = rows.filter(sku_key=OuterRef("sku_key"), pk__lt=OuterRef("pk"))
    return rows.filter(Q(sku_key="") | Exists(before))
