"""Pages below Mappings. Each list has two: what is not mapped yet comes first, and all of it."""

from django.urls import path

from . import carriers, views, views_codes, views_files, views_many, views_versions

app_name = "mappings"

urlpatterns = [
    path("mappings/ship-codes/", views.words, {"key": "ship_codes"}, name="ship_codes"),
    path("mappings/ship-codes/all/", views.all_words, {"key": "ship_codes"}, name="all_ship_codes"),
    path("mappings/ship-codes/<int:pk>/", views.word, {"key": "ship_codes"}, name="ship_code"),
    path("mappings/skus/", views.words, {"key": "skus"}, name="skus"),
    path("mappings/skus/all/", views.all_words, {"key": "skus"}, name="all_skus"),
    path("mappings/skus/products/", views.products_found, name="products_found"),
    path("mappings/skus/<int:pk>/", views.word, {"key": "skus"}, name="sku"),
    path("mappings/skus/<int:pk>/same/", views.same, name="same_product"),
    path("mappings/locations/", views.words, {"key": "locations"}, name="locations"),
    path("mappings/locations/all/", views.all_words, {"key": "locations"}, name="all_locations"),
    path("mappings/locations/<int:pk>/", views.word, {"key": "locations"}, name="location"),
    path("mappings/ship-codes/<int:pk>/hold/", views_codes.hold_for_a_look, name="hold_option"),
    path("mappings/ship-codes/warehouses/", views_codes.warehouse_codes, name="warehouse_codes"),
    path("mappings/ship-codes/warehouses/<int:pk>/", views_codes.own_codes, name="own_codes"),
    path("mappings/ship-codes/many/", views_many.many, {"key": "ship_codes"}, name="many_ship_codes"),
    path("mappings/skus/many/", views_many.many, {"key": "skus"}, name="many_skus"),
    path("mappings/locations/many/", views_many.many, {"key": "locations"}, name="many_locations"),
    path("mappings/ship-codes/suggestions/", views_many.suggestions, {"key": "ship_codes"}, name="suggest_ship_codes"),
    path("mappings/skus/suggestions/", views_many.suggestions, {"key": "skus"}, name="suggest_skus"),
    path("mappings/locations/suggestions/", views_many.suggestions, {"key": "locations"}, name="suggest_locations"),
    path("mappings/undo/", views_many.undo, name="undo"),
    path("mappings/changes/", views_versions.changes, name="changes"),
    path("mappings/changes/then/", views_versions.then, name="then"),
    path("mappings/changes/back/", views_versions.back, name="changes_back"),
    path("mappings/changes/<int:pk>/", views_versions.change, name="change"),
    path("mappings/changes/<int:pk>/undo/", views_versions.undo, name="change_undo"),
    path("mappings/carriers/", carriers.carriers, name="carriers"),
    path("mappings/carriers/add/", carriers.add_carrier, name="add_carrier"),
    path("mappings/carriers/<int:pk>/", carriers.carrier, name="carrier"),
    path("mappings/carriers/<int:pk>/remove/", carriers.remove_carrier, name="remove_carrier"),
    path("mappings/ship-codes/files/", views_files.files, {"key": "ship_codes"}, name="ship_codes_files"),
    path("mappings/skus/files/", views_files.files, {"key": "skus"}, name="skus_files"),
    path("mappings/locations/files/", views_files.files, {"key": "locations"}, name="locations_files"),
    path("mappings/carriers/files/", views_files.files, {"key": "carriers"}, name="carriers_files"),
    path("mappings/files/<int:pk>/", views_files.one, name="file"),
    path("mappings/files/<int:pk>/columns/", views_files.columns, name="file_columns"),
    path("mappings/files/<int:pk>/go/", views_files.go, name="file_go"),
    path("mappings/files/<int:pk>/back/", views_files.back, name="file_back"),
]
