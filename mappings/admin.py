"""The stores' words for the operator's staff; they are mapped in the panel, which keeps the history."""

from __future__ import annotations

from django.contrib import admin

from fcp.admin import LookUpAdmin

from .models import CarrierOut, Listing, ListingStock, Location, MappingChange, ShipMethod, WordImport


@admin.register(ShipMethod)
class ShipMethodAdmin(LookUpAdmin):
    list_display = ["title", "code", "carrier", "store", "account", "target", "last_seen_on", "in_panel"]
    list_filter = ["store__platform", ("target", admin.EmptyFieldListFilter)]
    search_fields = ["title", "code", "target", "store__name", "account__name"]
    list_select_related = ["store", "account"]
    panel_view = "mappings:ship_code"


@admin.register(Listing)
class ListingAdmin(LookUpAdmin):
    list_display = ["sku", "title", "store", "account", "product", "units", "retired_at", "last_seen_on", "in_panel"]
    list_filter = [
        "store__platform",
        ("product", admin.EmptyFieldListFilter),
        ("retired_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["sku_key", "title", "product_uid", "store__name", "account__name"]
    list_select_related = ["store", "account", "product"]
    panel_view = "mappings:sku"


@admin.register(Location)
class LocationAdmin(LookUpAdmin):
    list_display = ["name", "uid", "store", "account", "warehouse", "last_seen_on", "in_panel"]
    list_filter = ["store__platform", ("warehouse", admin.EmptyFieldListFilter)]
    search_fields = ["name", "uid", "store__name", "account__name"]
    list_select_related = ["store", "account", "warehouse"]
    panel_view = "mappings:location"


@admin.register(ListingStock)
class ListingStockAdmin(LookUpAdmin):
    """What each store was told of a listing's stock, and what it should show."""

    list_display = [
        "listing", "location", "store", "account", "product", "result", "confirmed", "known", "why", "drift",
        "confirmed_at", "not_before",
    ]  # fmt: skip
    list_filter = ["why", "known", ("drift", admin.EmptyFieldListFilter), "store__platform"]
    search_fields = ["listing__sku_key", "store__name", "account__name"]
    list_select_related = ["listing", "location", "store", "account", "product"]
    ordering = ["-pk"]


@admin.register(CarrierOut)
class CarrierOutAdmin(LookUpAdmin):
    list_display = ["carrier", "store", "account", "name", "link", "last_seen_on", "in_panel"]
    list_filter = ["store__platform", ("name", admin.EmptyFieldListFilter)]
    search_fields = ["carrier", "name", "store__name", "account__name"]
    list_select_related = ["store", "account"]
    panel_view = "mappings:carrier"


@admin.register(MappingChange)
class MappingChangeAdmin(LookUpAdmin):
    list_display = ["at", "account", "table", "row", "before", "after", "by", "why"]
    list_filter = ["table"]
    search_fields = ["by", "batch", "account__name"]
    list_select_related = ["account"]
    ordering = ["-pk"]


@admin.register(WordImport)
class WordImportAdmin(LookUpAdmin):
    """Files of mappings: who sent them, what became of their rows."""

    list_display = ["created_at", "account", "kind", "file_name", "state", "position", "writable", "actor", "in_panel"]
    list_filter = ["state", "kind"]
    search_fields = ["file_name", "actor", "batch", "account__name"]
    list_select_related = ["account"]
    exclude = ["packed"]
    ordering = ["-pk"]
    panel_view = "mappings:file"
