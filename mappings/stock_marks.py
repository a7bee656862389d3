"""Noting that the stock of listings has to be looked at again, by rows that the inventory flow finds by a query.

Rows are locked by rising id, after words and products, so that of two who mark only one waits for the other.
Only rows that exist are marked: one is born due.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.signals import post_delete, post_save, pre_save

from inventory.models import Alias, StockLevel, Warehouse, sku_key_of
from inventory.signals import aliases_changed

from .models import Listing, ListingStock, ListingStockQuerySet


def mark_listings(listing_ids: Collection[int], *, unknown: bool = False) -> int:
    """Look at these listings again; `unknown`: what the store has may be another number than it last confirmed.

    What is sold from the product's own stock changes that, so `unknown` reaches the product's own listing too. Returns
    how many rows were marked: one per listing, or per location where the store knows several.
    """
    if not listing_ids:
        return 0
    ids = set(listing_ids) | (_own_listings(listing_ids) if unknown else set())
    return _mark(ListingStock.objects.filter(listing__in=ids), unknown)


def _own_listings(listing_ids: Collection[int]) -> set[int]:
    """Of the products whose own stock these are sold from."""
    sharing = Listing.objects.filter(pk__in=listing_ids, shares_stock=True).values_list("store", "product_uid")
    own = Listing.objects.filter(variant_uid="")
    products: dict[int, set[str]] = defaultdict(set)
    for store, uid in sharing:
        products[store].add(uid)
    found = [own.filter(store=store, product_uid__in=uids) for store, uids in products.items()]
    return {pk for rows in found for pk in rows.values_list("pk", flat=True)}


def mark_products(product_ids: Collection[int]) -> int:
    """Look again at every listing that means one of these products, in whatever store."""
    if not product_ids:
        return 0
    return _mark(ListingStock.objects.filter(listing__in=Listing.objects.filter(product__in=product_ids).values("pk")))


def mark_codes(account_id: int, codes: Iterable[str]) -> int:
    """Aliases with these codes come or go: look again at the account's listings that say one of them as their SKU."""
    keys = {sku_key_of(code) for code in codes} - {""}
    if not keys:
        return 0
    listings = Listing.objects.filter(account=account_id, sku_key__in=keys)
    return _mark(ListingStock.objects.filter(listing__in=listings.values("pk")))


def _mark(rows: ListingStockQuerySet, unknown: bool = False) -> int:
    values: dict[str, Any] = {"marked": F("marked") + 1}
    if unknown:
        values["known"] = False
    with transaction.atomic(savepoint=False):
        in_order = rows.order_by("pk").select_for_update(no_key=True).values("pk")
        return ListingStock.objects.filter(pk__in=in_order).update(**values)


# --- aliases ---------------------------------------------------------------------------------------------------------


def listen() -> None:
    """Called once, when the apps are ready."""
    pre_save.connect(on_alias, sender=Alias, dispatch_uid="mappings.alias_before")
    post_save.connect(on_alias, sender=Alias, dispatch_uid="mappings.alias_after")
    post_delete.connect(on_alias, sender=Alias, dispatch_uid="mappings.alias_gone")
    aliases_changed.connect(on_aliases, dispatch_uid="mappings.aliases")
    pre_save.connect(on_warehouse, sender=Warehouse, dispatch_uid="mappings.warehouse")


def on_alias(sender: Any, instance: Alias, **signal: Any) -> None:
    """Before it is stored, what it meant is marked; afterwards what it means."""
    stored = list(Alias.objects.filter(pk=instance.pk)) if instance.pk else []
    for alias in (*stored, instance):
        on_aliases(sender, alias.account_id, [alias.code], [alias.product_id])


def on_aliases(
    sender: Any, account_id: int, codes: Collection[str], product_ids: Collection[int], **signal: Any
) -> None:
    """With an alias type chosen, a listing means the product whose code its SKU is; a linked one is sent only if its
    product has a code.
    """
    mark_codes(account_id, codes)
    mark_products(product_ids)


# --- warehouses ------------------------------------------------------------------------------------------------------


def on_warehouse(sender: Any, instance: Warehouse, **signal: Any) -> None:
    """Once its levels count something else, each of them means something else."""
    stored = Warehouse.objects.filter(pk=instance.pk).values_list("reports", flat=True).first()
    if stored and stored != instance.reports:
        products = StockLevel.objects.filter(warehouse=instance.pk).values("product")
        _mark(ListingStock.objects.filter(listing__in=Listing.objects.filter(product__in=products).values("pk")))
