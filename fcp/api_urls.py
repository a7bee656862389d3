"""Addresses below /api/v1/: each app's own, then nothing."""

from __future__ import annotations

from typing import Any

from django.urls import include, path, re_path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from fcp.api import ApiError, ApiView

APPS = ["orders", "inventory"]


@extend_schema(exclude=True)
class Nowhere(ApiView):
    """Every other address: the API's own 404 instead of the panel's page."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise ApiError(404, "not_found", "There is no such address in the API; see /api/.")

    def get(self, request: Request) -> Response:
        raise NotImplementedError


urlpatterns = [
    *(path("", include(f"{app}.api.urls")) for app in APPS),
    re_path(r"^.*$", Nowhere.as_view()),
]
