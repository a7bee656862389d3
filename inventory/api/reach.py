"""What a key may see: a partner the warehouses that it serves in all accounts, an account its own."""

from __future__ import annotations

from django.db.models import QuerySet

from fcp.api import Caller, key_of, not_found
from inventory.models import Product, Warehouse, sku_key_of


def warehouses_of(caller: Caller) -> QuerySet[Warehouse]:
    key = caller.key
    if key.partner:
        return Warehouse.objects.filter(partner=key.partner)
    return Warehouse.objects.filter(account=key.account_id)


def one_warehouse(caller: Caller, text: str) -> Warehouse:
    """404 for a warehouse that is not this key's."""
    warehouse = warehouses_of(caller).filter(pk=key_of(text, "warehouse")).first()
    if warehouse is None:
        raise not_found("warehouse")
    return warehouse


def products_of(caller: Caller) -> QuerySet[Product]:
    """A partner's: those of every account in which it serves a warehouse."""
    key = caller.key
    if key.partner:
        return Product.objects.filter(account__in=warehouses_of(caller).values("account"))
    return Product.objects.filter(account=key.account_id)


def with_sku(products: QuerySet[Product], sku: str) -> QuerySet[Product]:
    return products.filter(sku_key=sku_key_of(sku))
