"""Pages below Inventory."""

from django.urls import path

from .views import groups, imports, products, stock, warehouses

app_name = "inventory"

urlpatterns = [
    path("stock/", stock.stock, name="stock"),
    path("stock/movements/", stock.movements, name="movements"),
    path("stock/import/", imports.upload, name="import_levels"),
    path("stock/import/<int:pk>/", imports.one, name="import"),
    path("stock/import/<int:pk>/go/", imports.go, name="import_go"),
    path("stock/<int:pk>/movements/", stock.product_movements, name="product_movements"),
    path("stock/<int:pk>/reserved/", stock.reserved, name="reserved"),
    path("stock/<int:pk>/available/", stock.available, name="available"),
    path("stock/<int:pk>/at/<int:warehouse>/", stock.level, name="level"),
    path("products/", products.products, name="products"),
    path("products/add/", products.add_product, name="add_product"),
    path("products/groups/", groups.groups, name="groups"),
    path("products/groups/add/", groups.add_group, name="add_group"),
    path("products/groups/<int:pk>/", groups.group, name="group"),
    path("products/<int:pk>/", products.product, name="product"),
    path("products/<int:pk>/aliases/", products.add_alias, name="add_alias"),
    path("products/<int:pk>/aliases/<int:alias>/", products.change_alias, name="alias"),
    path("warehouses/", warehouses.warehouses, name="warehouses"),
    path("warehouses/add/", warehouses.add_warehouse, name="add_warehouse"),
    path("warehouses/<int:pk>/", warehouses.warehouse, name="warehouse"),
]
