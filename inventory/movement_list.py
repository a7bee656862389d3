"""The list of movements: of the whole account, of a product, of a product at one warehouse."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from fcp.listing import Choice, Column, Days, Empty, Listing, Rows
from fcp.models import Account
from fcp.panel import Chip, panel_url

from .models import MovementKind, Product, StockMovement, sku_key_of
from .sources import Source, sources_of
from .stock_list import WAREHOUSE

KINDS = {
    MovementKind.LEVEL: Chip("Level reported", "info", "cloud-download"),
    MovementKind.COUNT: Chip("Counted", "info", "clipboard-list"),
    MovementKind.ADJUSTMENT: Chip("Adjusted by the warehouse", "work", "adjustments"),
    MovementKind.CORRECTION: Chip("Corrected", "work", "pencil"),
    MovementKind.SHIPPED: Chip("Shipped", "good", "truck"),
    MovementKind.VOIDED: Chip("Shipment voided", "warn", "truck-return"),
}
LATE = dt.timedelta(minutes=1)  # between the moment and the note of it, before the list says both
MATCHES = 50  # products that a search looks at


def decorate(rows: list[Any], account: Account | None) -> None:
    assert account is not None
    sources = sources_of(account, [(row.source_kind, row.source_id) for row in rows])
    for row in rows:
        row.late = row.created_at - row.at > LATE
        row.signed = f"{row.quantity:+,}" if row.quantity else "0"
        row.source = sources.get((row.source_kind, row.source_id)) or _import(row, account)


def _import(row: StockMovement, account: Account) -> Source | None:
    """A file that was imported is named by its id, in our own words."""
    if row.source_kind != "import" or not row.source_ref.isdigit():
        return None
    return Source("Imported file", panel_url(account, "inventory:import", pk=int(row.source_ref)))


def _find(account: Account) -> Any:
    def find(rows: Rows, text: str) -> Rows:
        products = Product.objects.for_account(account).filter(sku_key__prefix=sku_key_of(text)).order_by("sku_key")
        return rows.filter(product__in=list(products.values_list("pk", flat=True)[:MATCHES]))

    return find


MOVEMENTS = Listing(
    key="movements",
    row="inventory/parts/movement_row.html",
    order=("-created_at", "-id"),
    columns=(
        Column("at", "When", csv=lambda row: row.at),
        Column("sku", "SKU", csv=lambda row: row.product.sku),
        Column("warehouse", "Warehouse", csv=lambda row: row.warehouse.code),
        Column("kind", "What", csv=lambda row: row.get_kind_display()),
        Column("quantity", "Change", csv=lambda row: row.quantity, align="end"),
        Column("balance", "Level after it", csv=lambda row: row.balance, align="end"),
        Column("actor", "Who", csv=lambda row: row.actor),
        Column("reason", "Why", csv=lambda row: row.reason or (row.source.label if row.source else "")),
    ),
    filters=(
        Choice("warehouse", "Warehouse", choices=WAREHOUSE.options),
        Choice("kind", "What", choices=MovementKind.choices),
        Days("created_at", "Noted"),
    ),
    search_label="SKU begins with",
    prepare=lambda rows: rows.select_related("product", "warehouse"),
    decorate=decorate,
    uncovered=frozenset({"warehouse", "kind"}),
    bound_field="created_at",
    empty=Empty(
        "No movements yet",
        "Every change of a level stands here: reports, counts, corrections and what was shipped.",
        icon="history",
    ),
)


def movements_of_account(account: Account) -> Listing:
    return replace(MOVEMENTS, search=_find(account))


def movements_of_product(*, one_warehouse: bool) -> Listing:
    """The index of a product's movements carries them by id; there are no bounds to look within."""
    gone = {"sku", "warehouse"} if one_warehouse else {"sku"}
    return replace(
        MOVEMENTS,
        key="product-movements",
        order=("-id",),
        columns=tuple(column for column in MOVEMENTS.columns if column.key not in gone),
        filters=tuple(one for one in MOVEMENTS.filters if one.key not in gone),
        uncovered=frozenset(),
        bound_field="",
    )
