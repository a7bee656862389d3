"""A product's listings on its page: what each store shows of it, and what it would be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from integrations.models import Integration
from integrations.stock_words import LeftOut, left_out
from inventory.models import Product
from inventory.sources import Part, add_part, explain_shortage
from mappings.models import Listing, ListingStock, Why

MOST = 50  # listings of one product
NEVER_LOOKED_AT: list[ListingStock | None] = [None]


@dataclass(frozen=True, slots=True)
class InStore:
    """A listing, at one place of its store where it counts several. `stock` None: never looked at."""

    listing: Listing
    name: str
    url: str
    stock: ListingStock | None
    out: LeftOut | None


def in_stores(request: PanelRequest, product: Product) -> dict[str, Any]:
    account = request.account
    rows = Listing.objects.for_account(account).filter(product=product, retired_at=None).select_related("store")
    listings = list(rows.order_by("store", "sku_key", "pk")[:MOST])
    stock = ListingStock.objects.filter(listing__in=listings).exclude(why=Why.SHARED).select_related("location")
    integrations = {one.store_id: one for one in Integration.objects.for_account(account)}
    of_listing: dict[int, list[ListingStock]] = {row.pk: [] for row in listings}
    for one in stock.order_by("pk"):
        of_listing[one.listing_id].append(one)
    shown = [
        _in_store(account, row, one, integrations.get(row.store_id))
        for row in listings
        for one in of_listing[row.pk] or NEVER_LOOKED_AT
    ]
    return {"in_stores": shown, "oversold_url": oversold_url(account, product.pk)}


def oversold_url(account: Account, product_id: int) -> str:
    return panel_url(account, "integrations:oversold", pk=product_id)


def _in_store(account: Account, row: Listing, stock: ListingStock | None, integration: Integration | None) -> InStore:
    name, url, out = row.store.name, "", None
    if integration:
        name = integration.nickname
        url = f"{panel_url(account, 'integrations:stock', pk=integration.pk)}?q={row.sku}"
        if stock and stock.why:
            out = left_out(stock.why, account, integration.pk, row.pk, row.product_id, stock.problem)
    return InStore(row, name, url, stock, out)


def register() -> None:
    explain_shortage(oversold_url)
    add_part(Part("in_stores", "integrations/parts/stock_in_stores.html", in_stores, order=50))
