"""What the inventory app puts into the panel's shell."""

from __future__ import annotations

from collections.abc import Sequence

from fcp import panel
from fcp.models import Account, ImportState
from fcp.panel import Chip, Hit, Page, SearchSource, Step, panel_url
from inventory.level_rows import Found
from inventory.models import Alias, AliasType, Product, Warehouse, sku_key_of
from inventory.movement_list import KINDS

IMPORTS = {
    ImportState.PREVIEW: Chip("Not imported", "neutral", "eye"),
    ImportState.IMPORTING: Chip("Being imported", "work", "refresh"),
    ImportState.DONE: Chip("Imported", "good", "circle-check"),
    ImportState.UNDOING: Chip("Being taken back", "work", "refresh"),
    ImportState.UNDONE: Chip("Taken back", "neutral", "arrow-back-up"),
}
IMPORT_ROWS = {
    Found.NEW: Chip("First level", "info", "plus"),
    Found.CHANGED: Chip("Changes", "work", "pencil"),
    Found.UNCHANGED: Chip("As before", "neutral", "check"),
    Found.REFUSED: Chip("Refused", "bad", "circle-x"),
    Found.EMPTY: Chip("Left out", "neutral", "minus"),
}


def warehouse_any(account: Account) -> bool:
    return Warehouse.objects.for_account(account).exists()


def find_products(account: Account, text: str, limit: int) -> Sequence[Hit]:
    """By the beginning of the SKU, or by the whole of another code."""
    key = sku_key_of(text)
    found = Product.objects.for_account(account).filter(sku_key__prefix=key).order_by("sku_key")
    hits = [_hit(account, product, product.name) for product in found[:limit]]
    types = list(AliasType.objects.for_account(account).values_list("pk", flat=True)[:100])
    named = Alias.objects.filter(alias_type__in=types, code_key=key).select_related("product", "alias_type")
    hits += [_hit(account, one.product, f"{one.code}, {one.alias_type}") for one in named[:limit]]
    return hits[:limit]


def _hit(account: Account, product: Product, detail: str) -> Hit:
    return Hit(product.sku, panel_url(account, "inventory:product", pk=product.pk), detail, icon="box")


def register() -> None:
    panel.add_chips("movement", KINDS)
    panel.add_chips("import", IMPORTS)
    panel.add_chips("import_row", IMPORT_ROWS)
    panel.add_pages(
        "inventory",
        Page(
            "Stock",
            "inventory:stock",
            also=(
                "inventory:movements",
                "inventory:product_movements",
                "inventory:reserved",
                "inventory:available",
                "inventory:level",
                "inventory:import_levels",
                "inventory:import",
            ),
            synonyms="inventory levels quantity on hand available count import movements",
            help=(
                "How much of each product lies in your warehouses, what open orders need of it, and what is left. "
                "Every number opens what it is made of. A product that no warehouse ever reported is shown as such: "
                "that is not 0, and stores keep the number they have. Press a warehouse's number to count or correct "
                "it, or import a sheet of counts."
            ),
        ),
        Page(
            "Products",
            "inventory:products",
            also=(
                "inventory:add_product",
                "inventory:product",
                "inventory:groups",
                "inventory:group",
                "inventory:add_group",
            ),
            synonyms="SKUs catalogue aliases groups variants options prices",
            help=(
                "What you sell, under your own SKU. Listings of your stores are linked to these. A product's page has "
                "its other codes (aliases), by which the inventory sync of a store can match it."
            ),
        ),
        Page(
            "Warehouses",
            "inventory:warehouses",
            also=("inventory:add_warehouse", "inventory:warehouse"),
            help=(
                "Where your stock lies and orders ship from. A warehouse without a partner is worked by hand "
                "on the page To ship. Each one has one source of its levels: its partner's reports, or counts made "
                "here."
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
