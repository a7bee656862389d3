"""Alerts, who is told of them, and opinions on guides, for the operator's staff."""

from __future__ import annotations

from django.contrib import admin

from fcp.admin import LookUpAdmin
from integrations.alert_words import words_of
from integrations.models import Alert, AlertSettings, GuideOpinion


@admin.register(Alert)
class AlertAdmin(LookUpAdmin):
    list_display = ["opened_at", "account", "kind", "what", "store", "closed_at", "mailed_at", "end_mailed_at"]
    list_filter = ["kind", ("closed_at", admin.EmptyFieldListFilter), ("mailed_at", admin.EmptyFieldListFilter)]
    search_fields = ["account__name", "store__name", "key"]
    list_select_related = ["account", "store"]
    ordering = ["-pk"]

    @admin.display
    def what(self, alert: Alert) -> str:
        return words_of(alert, alert.account).title


@admin.register(AlertSettings)
class AlertSettingsAdmin(LookUpAdmin):
    list_display = ["account", "digest", "digest_hour", "digest_on", "stale", "refused", "held_hours", "untaken_hours",
                    "untold_hours", "mailing_until"]  # fmt: skip
    list_filter = ["digest"]
    search_fields = ["account__name"]
    list_select_related = ["account"]


@admin.register(GuideOpinion)
class GuideOpinionAdmin(LookUpAdmin):
    list_display = ["at", "guide", "helpful", "reason", "text", "account", "by"]
    list_filter = ["helpful", "reason", "guide"]
    search_fields = ["guide", "text", "account__name"]
    list_select_related = ["account"]
    ordering = ["-pk"]
