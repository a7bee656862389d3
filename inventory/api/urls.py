"""The addresses of stock below /api/v1/; fcp.api_urls puts them beside the other apps'."""

from __future__ import annotations

from django.urls import path

from . import aliases, reports, views

urlpatterns = [
    path("warehouses", views.WarehouseList.as_view()),
    path("products", views.ProductList.as_view()),
    path("aliases", aliases.Aliases.as_view()),
    path("stock-levels", reports.Levels.as_view()),
    path("stock-adjustments", reports.Adjustments.as_view()),
    path("stock-movements", views.MovementList.as_view()),
]
