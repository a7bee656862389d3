"""Pages below Mappings. Each list has two: what is not mapped yet comes first, and all of it."""

from django.urls import path

from . import carriers, views

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
    path("mappings/carriers/", carriers.carriers, name="carriers"),
    path("mappings/carriers/add/", carriers.add_carrier, name="add_carrier"),
    path("mappings/carriers/<int:pk>/", carriers.carrier, name="carrier"),
    path("mappings/carriers/<int:pk>/remove/", carriers.remove_carrier, name="remove_carrier"),
]
