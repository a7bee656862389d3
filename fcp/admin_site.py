"""The admin: our sign-in with its second factor, our colours, and what only superusers may touch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models import Model
from django.http import HttpRequest

# The queue's forms can call any function by name; sign-in data and permissions open every door.
ONLY_SUPERUSERS = {"django_q", "account", "mfa", "usersessions", "auth"}


class OnlySuperusers:
    """In front of a ModelAdmin: staff with Django permissions do not get in either."""

    model: type[Model]

    def get_search_fields(self, request: HttpRequest) -> Sequence[str]:
        """Our users have no user name, by which the apps of others search."""
        of_user = any(field.name == "user" for field in self.model._meta.fields)
        return ["user__email"] if of_user else super().get_search_fields(request)  # type: ignore[misc]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)


class PanelAdminSite(AdminSite):
    site_header = "Fulfillment Control Panel"
    site_title = "Administration"
    index_title = "Administration"
    site_url = "/"
    enable_nav_sidebar = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.login = secure_admin_login(self.login)  # type: ignore[method-assign]

    def register(
        self, model_or_iterable: Any, admin_class: type[ModelAdmin[Any]] | None = None, **options: Any
    ) -> None:
        models: Iterable[type[Model]] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        )
        for model in models:
            base = admin_class or ModelAdmin
            if model._meta.app_label in ONLY_SUPERUSERS:
                base = type(f"OnlySuperusers{base.__name__}", (OnlySuperusers, base), {})
            super().register(model, base, **options)
