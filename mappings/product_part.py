"""A product's listings in each store, on the product's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fcp.panel import PanelRequest
from inventory.models import Product
from inventory.sources import Part, add_part

from .models import Listing, ListingStock
from .outside import OUTSIDE

SHOWN = 50


@dataclass(frozen=True, slots=True)
class ShownListing:
    """`stocks`: what the store was told, once for each of its locations where it knows several."""

    row: Listing
    integration: str
    stocks: list[ListingStock]


def listings_of(request: PanelRequest, product: Product) -> dict[str, Any]:
    rows = Listing.objects.for_account(request.account).filter(product=product, retired_at=None)
    listings = list(rows.select_related("store").order_by("store__name", "sku_key", "pk")[: SHOWN + 1])
    names = OUTSIDE.nicknames(request.account)
    stocks: dict[int, list[ListingStock]] = {}
    told = ListingStock.objects.filter(listing__in=[row.pk for row in listings]).select_related("location")
    for stock in told.order_by("listing", "pk"):
        stocks.setdefault(stock.listing_id, []).append(stock)
    shown = [
        ShownListing(row, names.get(row.store_id, row.store.name), stocks.get(row.pk, [])) for row in listings[:SHOWN]
    ]
    return {"listings": shown, "more": len(listings) > SHOWN}


def register() -> None:
    add_part(Part("listings", "mappings/parts/listings_of_product.html", listings_of, order=10))
