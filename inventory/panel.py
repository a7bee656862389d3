"""What the inventory app puts into the panel's shell."""

from __future__ import annotations

from fcp import panel
from fcp.models import Account
from fcp.panel import Page, Step
from inventory.models import Warehouse


def warehouse_any(account: Account) -> bool:
    return Warehouse.objects.for_account(account).exists()


def register() -> None:
    panel.add_pages(
        "inventory",
        Page(
            "Products",
            "inventory:products",
            also=("inventory:product",),
            synonyms="SKUs catalogue",
            help="What you sell, under your own SKU. Listings of your stores are linked to these.",
        ),
        Page(
            "Warehouses",
            "inventory:warehouses",
            also=("inventory:warehouse",),
            help=(
                "Where your stock lies and orders ship from. A warehouse without a partner is worked by hand "
                "on the page To ship."
            ),
        ),
    )
    panel.add_checklist(
        Step(
            "Connect the warehouse",
            "Where your stock lies, and who ships it: a partner's system, or you on the To ship page.",
            "inventory:warehouses",
            warehouse_any,
            order=30,
        )
    )
