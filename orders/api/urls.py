"""Addresses below /api/v1/."""

from __future__ import annotations

from typing import Any

from django.urls import path, re_path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from fcp.api import ApiError, ApiView

from . import answers, views


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
    path("shipping-requests", views.RequestList.as_view()),
    path("shipping-requests/acknowledge", answers.AcknowledgeMany.as_view()),
    path("shipping-requests/<str:pk>", views.RequestDetail.as_view()),
    path("shipping-requests/<str:pk>/acknowledge", answers.Acknowledge.as_view()),
    path("shipping-requests/<str:pk>/reject", answers.Reject.as_view()),
    path("shipping-requests/<str:pk>/fulfillments", answers.Fulfillments.as_view()),
    path("shipping-requests/<str:pk>/cancel-answer", answers.CancelAnswer.as_view()),
    path("orders/<str:pk>", views.OrderDetail.as_view()),
    path("warehouses", views.WarehouseList.as_view()),
    path("ship-codes", views.ShipCodeList.as_view()),
    re_path(r"^.*$", Nowhere.as_view()),
]
