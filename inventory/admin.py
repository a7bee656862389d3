"""Products, warehouses and stock for the operator's staff. What history is made of is looked up, never edited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from fcp.admin import KeptAdmin, LookUpAdmin, StaffAdmin

from .models import (
    Alias,
    AliasType,
    LevelImport,
    Product,
    ProductGroup,
    Reservation,
    StockCounter,
    StockLevel,
    StockMovement,
    Warehouse,
)


@admin.register(Product)
class ProductAdmin(LookUpAdmin):
    list_display = [
        "sku", "name", "account", "group", "barcode", "origin", "preorder_until", "stock_seq", "changed_at", "in_panel",
    ]  # fmt: skip
    search_fields = ["sku_key", "name", "barcode", "account__name"]
    list_select_related = ["account", "group"]
    panel_view = "inventory:product"


@admin.register(ProductGroup)
class ProductGroupAdmin(LookUpAdmin):
    list_display = ["name", "code", "account", "created_at", "in_panel"]
    search_fields = ["name", "code", "account__name"]
    list_select_related = ["account"]
    panel_view = "inventory:group"


@admin.register(AliasType)
class AliasTypeAdmin(StaffAdmin):
    """A name can be mended; a type that has codes, or that a store matches by, stays."""

    list_display = ["name", "account"]
    search_fields = ["name", "account__name"]
    list_select_related = ["account"]
    autocomplete_fields = ["account"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["account"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Alias)
class AliasAdmin(LookUpAdmin):
    """Changed on the product's page."""

    list_display = ["code", "alias_type", "product", "units", "account"]
    search_fields = ["code_key", "product__sku_key", "account__name"]
    list_select_related = ["alias_type", "product", "account"]


@admin.register(Warehouse)
class WarehouseAdmin(KeptAdmin):
    list_display = ["code", "name", "account", "country", "partner", "kept_by", "reports", "levels_at", "in_panel"]
    list_filter = ["partner", "kept_by", "reports"]
    search_fields = ["code", "name", "account__name"]
    list_select_related = ["account", "partner"]
    autocomplete_fields = ["account", "partner"]
    readonly_fields = ["levels_at", "created_at"]
    panel_view = "inventory:warehouse"


# --- stock ----------------------------------------------------------------------------------------------------------


@admin.register(StockLevel)
class StockLevelAdmin(LookUpAdmin):
    """Changed by reports, counts and what ships."""

    list_display = ["product", "warehouse", "account", "quantity", "reported", "taken_at", "changed_at"]
    search_fields = ["product__sku_key", "warehouse__code", "account__name"]
    list_select_related = ["product", "warehouse", "account"]


@admin.register(StockMovement)
class StockMovementAdmin(LookUpAdmin):
    list_display = [
        "at", "product", "warehouse", "account", "kind", "quantity", "counts", "balance", "actor", "reason",
        "source_kind", "source_id", "source_ref",
    ]  # fmt: skip
    list_filter = ["kind", "counts"]
    search_fields = ["product__sku_key", "warehouse__code", "account__name", "source_ref"]
    list_select_related = ["product", "warehouse", "account"]


@admin.register(Reservation)
class ReservationAdmin(LookUpAdmin):
    """Written by whoever owns the order."""

    list_display = [
        "product", "warehouse", "account", "quantity", "unpaid", "since", "acked_at", "source_kind", "source_id",
    ]  # fmt: skip
    list_filter = ["source_kind", "unpaid"]
    search_fields = ["product__sku_key", "warehouse__code", "account__name"]
    list_select_related = ["product", "warehouse", "account"]


@admin.register(StockCounter)
class StockCounterAdmin(LookUpAdmin):
    list_display = ["account", "seq"]
    search_fields = ["account__name"]
    list_select_related = ["account"]


@admin.register(LevelImport)
class LevelImportAdmin(LookUpAdmin):
    list_display = [
        "created_at",
        "file_name",
        "account",
        "actor",
        "state",
        "position",
        "writable",
        "counts",
        "in_panel",
    ]
    list_filter = ["state"]
    search_fields = ["file_name", "actor", "account__name"]
    list_select_related = ["account"]
    exclude = ["packed"]
    panel_view = "inventory:import"
