"""The ledger for the operator's staff: looked up here, answered in the panel."""

from __future__ import annotations

from django.contrib import admin

from fcp.admin import LookUpAdmin
from integrations.models import LedgerDay, LedgerGap


@admin.register(LedgerDay)
class LedgerDayAdmin(LookUpAdmin):
    list_display = ["day", "store", "account", "in_store", "seen", "imported", "skipped", "failed", "not_here",
                    "not_there", "counted_at", "wanted_at", "problem"]  # fmt: skip
    list_filter = ["store__platform"]
    search_fields = ["store__name", "account__name"]
    list_select_related = ["store", "account"]
    ordering = ["-day", "-pk"]
    exclude = ["shown"]


@admin.register(LedgerGap)
class LedgerGapAdmin(LookUpAdmin):
    list_display = ["number", "uid", "store", "account", "kind", "day", "found_at", "closed_at", "closed_by", "note"]
    list_filter = ["kind"]
    search_fields = ["number", "uid", "store__name", "account__name"]
    list_select_related = ["store", "account"]
    ordering = ["-pk"]
