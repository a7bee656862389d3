"""A product that a person adds takes over the listings with its SKU: the same SKU is the same thing (X12)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from inventory.models import Product
from inventory.signals import product_named

from .listings import SAME_SKU
from .mapping import map_listing
from .models import Listing


def listen() -> None:
    """Called once, when the apps are ready."""
    product_named.connect(on_product, dispatch_uid="mappings.same_sku")


def on_product(sender: Any, product: Product, by: str, now: dt.datetime, **signal: Any) -> None:
    rows = Listing.objects.unmapped().filter(account=product.account_id, sku_key=product.sku_key, asked="")
    for row in rows.exclude(sku_key=""):
        map_listing(row, product, by=by, now=now, why=SAME_SKU, by_hand=False)
