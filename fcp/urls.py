"""Every address. Pages of an account lie below /a/<slug>/, where fcp.middleware takes the slug away."""

from django.contrib import admin
from django.urls import include, path

from fcp import api_docs, health, settings_views, views

APPS = ["orders", "mappings", "inventory", "integrations"]

account_pages = [
    path("", views.dashboard, name="dashboard"),
    path("cards/<slug:key>/", views.card, name="card"),
    path("pulse/", views.pulse, name="pulse"),
    path("search/", views.search, name="search"),
    path("settings/account/", settings_views.account, name="account"),
    path("settings/team/", settings_views.team, name="team"),
    path("settings/team/<int:pk>/", settings_views.member, name="member"),
    path("settings/keys/", settings_views.keys, name="keys"),
    path("settings/keys/<int:pk>/revoke/", settings_views.revoke, name="revoke"),
]

panel_pages = [
    path("", include((account_pages, "fcp"))),
    *(path("", include(f"{app}.urls")) for app in APPS),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("hooks/", include("integrations.hook_urls")),
    path("install/", include("integrations.install_urls")),
    path("all-accounts/", views.accounts, name="accounts"),
    path("carts/", views.synonym),
    path("channels/", views.synonym),
    path("a/<slug:account>/", include(panel_pages)),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/", api_docs.page, name="api"),
    path("api/schema", api_docs.Schema.as_view(), name="api-schema"),
    path("api/v1/", include("fcp.api_urls")),
]

handler404 = views.not_found
