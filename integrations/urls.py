"""Pages below Integrations. Every page of one integration shows its health, its quick actions and the same tabs."""

from django.urls import path

from .views import actions, connect, exchanges, lists, mappings, runs, settings, stock, stock_drift, stock_oversold

app_name = "integrations"

urlpatterns = [
    path("integrations/", lists.integrations, name="integrations"),
    path("integrations/add/", connect.catalogue, name="add"),
    path("integrations/add/<slug:platform>/", connect.platform_page, name="add_platform"),
    path("integrations/add/<slug:platform>/<slug:way>/", connect.way_page, name="add_way"),
    path("integrations/add/<slug:platform>/<slug:way>/name/", connect.name_page, name="add_name"),
    path("push-preview/", stock.push_preview, name="push_preview"),
    path("oversold/<int:pk>/", stock_oversold.oversold, name="oversold"),
    path("integrations/runs/", runs.runs, name="runs"),
    path("integrations/runs/<int:pk>/", runs.run, name="run"),
    path("integrations/failed/", runs.failed_records, name="failed"),
    path("integrations/failed/<int:pk>/retry/", runs.retry, name="retry"),
    path("integrations/<int:pk>/", settings.main, name="integration"),
    path("integrations/<int:pk>/setup/", settings.setup, name="setup"),
    path("integrations/<int:pk>/setup/look/", settings.look, name="setup_look"),
    path("integrations/<int:pk>/advanced/", settings.advanced, name="advanced"),
    path("integrations/<int:pk>/channel/", settings.channel, name="channel"),
    path("integrations/<int:pk>/carriers/", mappings.tab, {"key": "ship_codes"}, name="ship_codes"),
    path("integrations/<int:pk>/carriers/all/", mappings.all_rows, {"key": "ship_codes"}, name="all_ship_codes"),
    path("integrations/<int:pk>/skus/", mappings.tab, {"key": "skus"}, name="skus"),
    path("integrations/<int:pk>/skus/all/", mappings.all_rows, {"key": "skus"}, name="all_skus"),
    path("integrations/<int:pk>/skus/take/", mappings.take, name="take"),
    path("integrations/<int:pk>/warehouses/", mappings.tab, {"key": "locations"}, name="locations"),
    path("integrations/<int:pk>/warehouses/all/", mappings.all_rows, {"key": "locations"}, name="all_locations"),
    path("integrations/<int:pk>/stock/", stock.stock, name="stock"),
    path("integrations/<int:pk>/stock/live/", stock.live, name="stock_live"),
    path("integrations/<int:pk>/stock/send/", stock.send, name="stock_send"),
    path("integrations/<int:pk>/stock/answer/", stock.answer, name="stock_answer"),
    path("integrations/<int:pk>/stock/drift/", stock_drift.drift, name="stock_drift"),
    path("integrations/<int:pk>/stock/read/", stock_drift.read_back, name="stock_read"),
    path("integrations/<int:pk>/webhooks/", exchanges.webhooks, name="webhooks"),
    path("integrations/<int:pk>/runs/", runs.runs_of, name="runs_of"),
    path("integrations/<int:pk>/exchanges/", exchanges.exchanges, name="exchanges"),
    path("integrations/<int:pk>/state/", lists.state, name="state"),
    path("integrations/<int:pk>/checklist/", lists.checklist, name="checklist"),
    path("integrations/<int:pk>/sync/", actions.sync, name="sync"),
    path("integrations/<int:pk>/pause/", actions.pause, name="pause"),
    path("integrations/<int:pk>/resume/", actions.resume, name="resume"),
    path("integrations/<int:pk>/live/", actions.go_live, name="go_live"),
    path("integrations/<int:pk>/try/", actions.try_order, name="try"),
    path("integrations/<int:pk>/delete/", actions.delete, name="delete"),
    path("integrations/<int:pk>/reconnect/", connect.reconnect, name="reconnect"),
    path("integrations/<int:pk>/reconnect/<slug:way>/", connect.reconnect, name="reconnect_by"),
]
