"""The installation's own tables for the operator's staff; and what the other apps' admin classes begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html

from fcp.keyset import up_to
from fcp.models import Account, ApiKey, AuditEntry, Heartbeat, IdempotentReply, Membership, Partner, Store, User
from fcp.panel import panel_url
from fcp.partner_fields import wrong_in
from fcp.scopes import Scope
from fcp.ship_code_list import ShipCodesField
from fcp.sign_in import open_account


class ShortPaginator(Paginator):
    """Counts up to a bound: an exact count of a large table reads all of it."""

    BOUND = 10_000

    @cached_property
    def count(self) -> int:
        return up_to(self.object_list, self.BOUND)  # type: ignore[arg-type]  # the admin hands in querysets


class StaffAdmin(ModelAdmin):
    """Staff look everything up; changing takes the Django permission, which superusers have.

    `panel_view` names the panel's page of a row ("orders:order"); a button leads there.
    """

    list_per_page = 50
    paginator = ShortPaginator
    show_full_result_count = False  # a count of a large table costs a scan
    panel_view = ""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_staff)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_staff)

    def view_on_site(self, obj: Any) -> str | None:
        account = obj if isinstance(obj, Account) else getattr(obj, "account", None)
        if not self.panel_view or account is None:
            return None
        try:
            return panel_url(account, self.panel_view, **({} if obj is account else {"pk": obj.pk}))
        except NoReverseMatch:
            return None

    @admin.display(description="panel")
    def in_panel(self, obj: Any) -> str:
        """A column with the link to the panel's page."""
        url = self.view_on_site(obj)
        return format_html('<a href="{}">open</a>', url) if url else "–"


def among(field: str, values: Mapping[str, str]) -> type[admin.SimpleListFilter]:
    """A filter of a column by known values and what they are called. Django's own asks a large table for all it has."""

    class Among(admin.SimpleListFilter):
        title = field.replace("__", " ").replace("_", " ")
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
            return list(values.items())

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() in values else queryset

    return Among


class LookUpAdmin(StaffAdmin):
    """Rows that are made by the system and that nobody edits by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class KeptAdmin(StaffAdmin):
    """Rows that others point to: changed, never deleted."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


# --- people and accounts ----------------------------------------------------------------------------------------


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    """Another e-mail address means another password: only superusers may give a superuser one."""
    return user is None or not user.is_superuser or bool(request.user.is_superuser)


@admin.register(User)
class UserAdmin(StaffAdmin):
    """Passwords are set by their owners (password reset); nothing of them is shown here."""

    list_display = ["email", "first_name", "last_name", "accounts", "is_staff", "is_active", "last_login"]
    list_filter = ["is_staff", "is_superuser", "is_active"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    fields = ["email", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "groups"]
    readonly_fields = ["last_login", "date_joined"]
    filter_horizontal = ["groups"]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Not by the password: whoever may look could guess its hash sign by sign, by who is listed."""
        return not lookup.startswith("password") and super().lookup_allowed(lookup, value, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_touch(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_touch(request, obj) and super().has_delete_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("memberships__account")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        more = [] if request.user.is_superuser else ["is_staff", "is_superuser", "groups"]
        return [*self.readonly_fields, *more]

    @admin.display
    def accounts(self, user: User) -> str:
        return ", ".join(f"{one.account} ({one.role})" for one in user.memberships.all())

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
            messages.info(request, "The person sets a password by “Forgot your password?” on the sign-in page.")
        super().save_model(request, obj, form, change)


class AccountAdminForm(forms.ModelForm):
    owner = forms.ModelChoiceField(User.objects.order_by("email"), required=False, help_text="Only for a new account.")

    class Meta:
        model = Account
        fields = ["name", "time_zone", "currency", "settings"]


@admin.register(Account)
class AccountAdmin(KeptAdmin):
    list_display = ["name", "slug", "time_zone", "currency", "created_at", "in_panel"]
    search_fields = ["name", "slug"]
    readonly_fields = ["slug", "created_at"]
    inlines = [MembershipInline]
    panel_view = "fcp:dashboard"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **({} if obj else {"form": AccountAdminForm}), **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [MembershipInline] if obj else []

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        owner = form.cleaned_data.get("owner") or request.user
        assert isinstance(owner, User)
        made = open_account(obj.name, owner, time_zone=obj.time_zone, currency=obj.currency)
        obj.pk, obj.slug, obj.created_at = made.pk, made.slug, made.created_at
        if obj.settings:
            Account.objects.filter(pk=made.pk).update(settings=obj.settings)


@admin.register(Membership)
class MembershipAdmin(StaffAdmin):
    list_display = ["user", "account", "role", "created_at"]
    list_filter = ["role"]
    search_fields = ["user__email", "account__name"]
    autocomplete_fields = ["user", "account"]
    list_select_related = ["user", "account"]


# --- stores and partners ----------------------------------------------------------------------------------------


@admin.register(Store)
class StoreAdmin(KeptAdmin):
    """Its flags mirror the integration's settings, which are changed in the panel."""

    list_display = ["name", "account", "platform", "uid", "currency", "connected", "hands_over", "tells_shipments"]
    list_filter = ["platform", "connected", "hands_over"]
    search_fields = ["name", "uid", "install_uid", "account__name"]
    list_select_related = ["account"]
    readonly_fields = [
        "account", "platform", "uid", "install_uid", "connected", "hands_over", "tells_shipments", "created_at",
    ]  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a store is made by connecting it


class PartnerForm(forms.ModelForm):
    ship_codes = ShipCodesField()

    class Meta:
        model = Partner
        fields = ["name", "capabilities", "ship_codes", "fields_needed", "guide_url"]
        help_texts = {
            "capabilities": 'Whether product aliases can be read from it: {"alias_download": true} or false.',
            "fields_needed": 'What it asks of each store: [{"key": "dock", "label": "Dock", "help": "...", "required": '
            'true, "kind": "text", "platforms": ["wix"]}]. The kind is text, number or yes_no.',
        }

    def clean_fields_needed(self) -> Any:
        value = self.cleaned_data["fields_needed"]
        if wrong := wrong_in(value):
            raise forms.ValidationError(wrong)
        return value

    def clean_capabilities(self) -> Any:
        value = self.cleaned_data["capabilities"]
        if not isinstance(value, dict):
            raise forms.ValidationError("Give an object with names and values.")
        return value


@admin.register(Partner)
class PartnerAdmin(KeptAdmin):
    form = PartnerForm
    list_display = ["name", "codes", "guide_url", "created_at"]
    search_fields = ["name"]
    readonly_fields = ["created_at"]

    @admin.display(description="ship codes")
    def codes(self, partner: Partner) -> str:
        return ", ".join(str(one.get("code", "")) for one in partner.ship_codes) or "–"


# --- keys -------------------------------------------------------------------------------------------------------


class ApiKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, scope.label) for scope in Scope], widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ApiKey
        fields = ["name", "account", "partner", "scopes", "expires_at"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if bool(data.get("account")) == bool(data.get("partner")):
            raise forms.ValidationError("A key belongs to an account or to a partner: choose one of them.")
        return data


@admin.register(ApiKey)
class ApiKeyAdmin(StaffAdmin):
    """A key's text is shown once, when it is made; only its hash is kept."""

    form = ApiKeyForm
    ordering = ["-pk"]
    list_display = ["name", "owner", "prefix", "last_used_at", "expires_at", "revoked_at"]
    list_filter = ["revoked_at", "expires_at"]
    search_fields = ["name", "prefix", "account__name", "partner__name"]
    list_select_related = ["account", "partner"]
    autocomplete_fields = ["account", "partner"]
    actions = ["revoke"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["account", "partner", "prefix", "last_used_at", "revoked_at", "created_at"] if obj else []

    @admin.display
    def owner(self, key: ApiKey) -> str:
        return str(key.account or key.partner)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made, text = ApiKey.objects.issue(
            obj.name, obj.scopes, account=obj.account, partner=obj.partner, expires_at=obj.expires_at
        )
        obj.pk, obj.prefix, obj.hash, obj.created_at = made.pk, made.prefix, made.hash, made.created_at
        messages.warning(request, f"The key, shown this once: {text}")

    @admin.action(description="Revoke the chosen keys", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        number = keys.filter(revoked_at__isnull=True).update(revoked_at=timezone.now())
        self.message_user(request, f"{number} keys are revoked; calls with them are refused from now on.")


@admin.register(IdempotentReply)
class IdempotentReplyAdmin(LookUpAdmin):
    list_display = ["key", "api_key", "status", "created_at"]
    search_fields = ["key"]
    list_select_related = ["api_key"]
    exclude = ["body"]  # it may hold names and addresses


# --- what happened ----------------------------------------------------------------------------------------------


@admin.register(AuditEntry)
class AuditEntryAdmin(LookUpAdmin):
    list_display = ["at", "account", "actor", "code", "params"]
    search_fields = ["actor", "account__name", "code"]
    list_select_related = ["account"]


@admin.register(Heartbeat)
class HeartbeatAdmin(LookUpAdmin):
    list_display = ["name", "at"]
