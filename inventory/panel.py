"""What the inventory app puts into the panel's shell."""

from __future__ import annotations

from fcp import panel
from fcp.panel import Page


def register() -> None:
    panel.add_pages(
        "inventory",
        Page("Stock", "inventory:stock"),
        Page("Products", "inventory:products", also=("inventory:product",), synonyms="SKUs catalogue"),
        Page("Warehouses", "inventory:warehouses", also=("inventory:warehouse",)),
    )
