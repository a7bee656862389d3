"""What the inventory app puts into the panel's shell."""

from __future__ import annotations

from collections.abc import Sequence

from fcp import panel
from fcp.models import Account
from fcp.panel import Hit, Page, SearchSource, Step, panel_url
from inventory.models import Product, Warehouse, sku_key_of


def warehouse_any(account: Account) -> bool:
    return Warehouse.objects.for_account(account).exists()


def find_products(account: Account, text: str, limit: int) -> Sequence[Hit]:
    found = Product.objects.for_account(account).filter(sku_key__prefix=sku_key_of(text)).order_by("sku_key")
    return [
        Hit(product.sku, panel_url(account, "inventory:product", pk=product.pk), product.name, icon="box")
        for product in found[:limit]
    ]


def register() -> None:
    panel.add_pages(
        "inventory",
        Page(
            "Products",
            "inventory:products",
            also=("inventory:add_product", "inventory:product"),
            synonyms="SKUs catalogue",
            help="What you sell, under your own SKU. Listings of your stores are linked to these.",
        ),
        Page(
            "Warehouses",
            "inventory:warehouses",
            also=("inventory:add_warehouse", "inventory:warehouse"),
            help=(
                "Where your stock lies and orders ship from. A warehouse without a partner is worked by hand "
                "on the page To ship."
            ),
        ),
    )
    panel.add_search(SearchSource("products", "Products", "box", find_products))
    panel.add_checklist(
        Step(
            "Connect the warehouse",
            "Where your stock lies, and who ships it: a partner's system, or you on the To ship page.",
            "inventory:warehouses",
            warehouse_any,
            order=30,
        )
    )
