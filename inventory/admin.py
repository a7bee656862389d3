"""Products and warehouses for the operator's staff, who bind a warehouse to the partner that works there."""

from __future__ import annotations

from django.contrib import admin

from fcp.admin import KeptAdmin, LookUpAdmin

from .models import Product, Warehouse


@admin.register(Product)
class ProductAdmin(LookUpAdmin):
    list_display = ["sku", "name", "account", "barcode", "origin", "created_at", "in_panel"]
    search_fields = ["sku_key", "name", "barcode", "account__name"]
    list_select_related = ["account"]
    panel_view = "inventory:product"


@admin.register(Warehouse)
class WarehouseAdmin(KeptAdmin):
    list_display = ["code", "name", "account", "country", "partner", "kept_by", "in_panel"]
    list_filter = ["partner", "kept_by"]
    search_fields = ["code", "name", "account__name"]
    list_select_related = ["account", "partner"]
    autocomplete_fields = ["account", "partner"]
    readonly_fields = ["created_at"]
    panel_view = "inventory:warehouse"
