"""Taking products over from a store: the account's catalogue begins with what the store sells."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import transaction

from fcp.models import Store
from inventory.models import Product

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
    waiting = Listing.objects.unmapped().filter(store=store).exclude(sku_key="")
    there = Product.objects.filter(account_id=store.account_id).values("sku_key")
    return waiting.exclude(sku_key__in=there).values("sku_key").distinct().count()


def take_products(store: Store, *, by: str, now: dt.datetime) -> Taken:
    """Make a product of every SKU that the account does not know, and link the listings. Safe to repeat."""
    made, last = 0, ""
    while True:
        listings = Listing.objects.unmapped().filter(store=store, sku_key__gt=last).order_by("sku_key", "pk")
        rows = list(listings.values_list("sku_key", "sku", "title")[:BATCH])
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
