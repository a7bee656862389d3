"""Throughput profiles, as the operator keeps them: what he saves counts at once for whoever uses the profile (X22)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from fcp.admin import StaffAdmin
from integrations.connectors import CONNECTORS, connector_class, platforms
from integrations.models import RateProfile
from integrations.settings_saving import apply_profile, users_of_profile

SLOWEST, FASTEST = 10, 100_000  # calls a minute that a profile may allow; slower, a page of orders takes too long


class RateProfileForm(forms.ModelForm[RateProfile]):
    platform = forms.ChoiceField(choices=lambda: [(c.platform.key, c.platform.label) for c in platforms()])
    calls_per_minute = forms.IntegerField(min_value=SLOWEST, max_value=FASTEST)
    page = forms.IntegerField(
        min_value=1, required=False, help_text="Orders a page; empty: as many as the platform gives."
    )

    class Meta:
        model = RateProfile
        fields = ["platform", "key", "label", "help", "calls_per_minute", "page"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        key, page = data.get("platform") or self.instance.platform, data.get("page")
        if page and key in CONNECTORS and page > connector_class(key).platform.page:
            most = connector_class(key).platform.page
            self.add_error("page", f"{connector_class(key).platform.label} gives at most {most} orders a page.")
        return data


@admin.register(RateProfile)
class RateProfileAdmin(StaffAdmin):
    """One with the key of a profile that the platform declares takes its place."""

    form = RateProfileForm
    list_display = ["label", "platform", "key", "calls_per_minute", "page", "used_by"]
    list_filter = ["platform"]
    search_fields = ["label", "key"]

    @admin.display(description="used by")
    def used_by(self, profile: RateProfile) -> str:
        return f"{len(users_of_profile(profile.platform, profile.key))} integrations"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["platform", "key"] if obj else []  # settings name a profile by them

    def save_model(self, request: HttpRequest, obj: RateProfile, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        users = apply_profile(obj.platform, obj.key, timezone.now())
        self.message_user(request, f"{users} integrations are called at this rate from now on.")

    def has_delete_permission(self, request: HttpRequest, obj: RateProfile | None = None) -> bool:
        """Not one that settings name and the platform does not declare: they would point to nothing."""
        if obj is None or not super().has_delete_permission(request, obj):
            return obj is None and super().has_delete_permission(request)
        declared = obj.platform in CONNECTORS and obj.key in connector_class(obj.platform).platform.rates
        return declared or not users_of_profile(obj.platform, obj.key)

    def delete_model(self, request: HttpRequest, obj: RateProfile) -> None:
        super().delete_model(request, obj)
        apply_profile(obj.platform, obj.key, timezone.now())

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)  # one at a time, each asked whether it is in use
        return actions
