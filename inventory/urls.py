"""Pages below Inventory."""

from django.urls import path

from . import views

app_name = "inventory"

urlpatterns = [
    path("products/", views.products, name="products"),
    path("products/add/", views.add_product, name="add_product"),
    path("products/<int:pk>/", views.product, name="product"),
    path("warehouses/", views.warehouses, name="warehouses"),
    path("warehouses/add/", views.add_warehouse, name="add_warehouse"),
    path("warehouses/<int:pk>/", views.warehouse, name="warehouse"),
]
