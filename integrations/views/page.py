"""What every page of one integration shows: health, quick actions, the checklist until it is live, the tabs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from integrations.checklist import steps_of
from integrations.connectors import connector_class
from integrations.connectors.declaring import FlowKind, Platform
from integrations.health import flow_health, health_of
from integrations.live import what_goes_live
from integrations.models import FailedRecord, Flow, Integration, Run
from integrations.models.flows import RunState
from integrations.setting_fields import SERVICES

# Label, name of the view. In the order that TECH-24 asks for, then ours.
TABS = (
    ("Main settings", "integration"),
    ("Advanced settings", "advanced"),
    ("Channel settings", "channel"),
    ("Carrier Mappings", "ship_codes"),
    ("SKU Mappings", "skus"),
    ("Warehouse Mappings", "locations"),
    ("Webhooks", "webhooks"),
    ("Products", "products"),
    ("Stock", "stock"),
    ("Ledger", "ledger_of"),
    ("Runs", "runs_of"),
    ("Exchanges", "exchanges"),
)


def find(request: PanelRequest, pk: int) -> Integration:
    """One of the account's integrations, or a 404."""
    rows = Integration.objects.for_account(request.account).select_related("store", "account")
    return get_object_or_404(rows, pk=pk)


def platform_of(integration: Integration) -> Platform:
    return connector_class(integration.store.platform).platform


def logo_of(platform_key: str) -> str:
    return connector_class(platform_key).platform.logo


def variant_label(integration: Integration) -> str:
    """ "Catalog V1": which of a platform's variants the store is; empty where all its stores are alike."""
    return platform_of(integration).variants.get(integration.variant, "")


def state_of(integration: Integration) -> dict[str, Any]:
    """The part of the head that changes by itself: health in words, what runs now, what failed."""
    now = timezone.now()
    flows = list(Flow.objects.filter(integration=integration).order_by("pk"))
    running = Run.objects.filter(flow__in=[flow.pk for flow in flows], state=RunState.RUNNING)
    failed = FailedRecord.objects.filter(account=integration.account_id, store=integration.store_id, mended_at=None)
    return {
        "health": health_of(integration, flows, now),
        "flow_lines": [(flow, FlowKind(flow.kind), flow_health(flow, now)) for flow in flows],
        "running": list(running.select_related("flow").order_by("pk")[:5]),
        "failed": failed[:1000].count(),
    }


def context_of(request: PanelRequest, integration: Integration, tab: str) -> dict[str, Any]:
    """For templates that extend integrations/page.html. `tab` is the name of the tab's view."""
    state = state_of(integration)
    account = request.account
    return {
        **state,
        "integration": integration,
        "platform": platform_of(integration),
        "variant": variant_label(integration),
        "logo": logo_of(integration.store.platform),
        "tabs": tabs_of(account, integration, tab),
        "tab": tab,
        "services": {kind.value: label for kind, label in SERVICES.items()},
        "crumbs": [("Integrations", panel_url(account, "integrations:integrations"))],
    }


def checklist_of(integration: Integration) -> dict[str, Any]:
    """What parts/checklist.html shows; nothing once it is live."""
    if integration.live:
        return {}
    return {"steps": steps_of(integration), "going_live": what_goes_live(integration)}


def tabs_of(account: Account, integration: Integration, tab: str) -> list[dict[str, Any]]:
    """Those that the platform has something to show on."""
    connector = connector_class(integration.store.platform)
    hidden = {
        "webhooks": not connector.tells_of_changes(),
        "products": not connector.platform.offers(FlowKind.PRODUCTS),
        "stock": not connector.platform.offers(FlowKind.INVENTORY),
    }
    return [
        {"label": label, "url": panel_url(account, f"integrations:{view}", pk=integration.pk), "active": view == tab}
        for label, view in TABS
        if view == tab or not hidden.get(view)
    ]


def show(
    request: PanelRequest, integration: Integration, tab: str, template: str, context: dict[str, Any] | None = None
) -> HttpResponse:
    return render(request, template, context_of(request, integration, tab) | (context or {}))
