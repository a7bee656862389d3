"""Pushes of products for the operator's staff: looked up here, answered in the panel."""

from __future__ import annotations

from django.contrib import admin

from fcp.admin import LookUpAdmin
from integrations.models import ProductPush, ProductPushRow


@admin.register(ProductPush)
class ProductPushAdmin(LookUpAdmin):
    list_display = ["made_at", "integration", "account", "state", "by", "confirmed_at", "confirmed_by", "ended_at",
                    "unchanged"]  # fmt: skip
    list_filter = ["state"]
    search_fields = ["integration__nickname", "account__name", "by", "confirmed_by"]
    list_select_related = ["integration", "account"]
    ordering = ["-pk"]


@admin.register(ProductPushRow)
class ProductPushRowAdmin(LookUpAdmin):
    list_display = ["title", "push", "account", "action", "state", "hidden", "product_uid", "problem"]
    list_filter = ["state", "action"]
    search_fields = ["title", "product_uid", "account__name"]
    list_select_related = ["push", "account", "product", "group"]
    ordering = ["-pk"]
