"""The list of integrations, and the part of one's page that refreshes by itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from fcp.keyset import up_to
from fcp.models import Account
from fcp.panel import PanelRequest
from integrations.connectors.declaring import FlowKind, Mode
from integrations.health import Health, flow_health, health_of
from integrations.models import FailedRecord, Flow, Integration
from integrations.views.page import checklist_of, find, logo_of, state_of, variant_label
from orders.models import Fulfillment, Order
from orders.state import State


@dataclass(frozen=True, slots=True)
class FlowLine:
    """One flow in the list: its name, its interval in words, how it is in words."""

    label: str
    every: str
    on: bool
    health: Health


@dataclass(frozen=True, slots=True)
class Row:
    integration: Integration
    logo: str
    variant: str
    flows: list[FlowLine]
    health: Health
    last_run: dt.datetime | None
    next_run: dt.datetime | None
    held: int
    untold: int
    failed: int


@require_GET
def integrations(request: PanelRequest) -> HttpResponse:
    """View Integrations; its rows alone for a refresh."""
    rows = rows_of(request.account, timezone.now())
    template = "integrations/parts/rows.html" if request.htmx else "integrations/integrations.html"
    return render(request, template, {"rows": rows})


def rows_of(account: Account, now: dt.datetime) -> list[Row]:
    found = list(Integration.objects.for_account(account).select_related("store").order_by("name", "pk"))
    flows: dict[int, list[Flow]] = {one.pk: [] for one in found}
    for flow in Flow.objects.for_account(account).order_by("pk"):
        flows[flow.integration_id].append(flow)
    return [_row(one, flows[one.pk], now) for one in found]


def _row(one: Integration, flows: list[Flow], now: dt.datetime) -> Row:
    on = [flow for flow in flows if flow.due_at]
    return Row(
        integration=one,
        logo=logo_of(one.store.platform),
        variant=variant_label(one),
        flows=[flow_line(flow, now) for flow in flows],
        health=health_of(one, flows, now),
        last_run=max((flow.last_ok_at for flow in flows if flow.last_ok_at), default=None),
        next_run=min((flow.due_at for flow in on if flow.due_at), default=None),
        held=up_to(Order.objects.filter(store=one.store_id).in_state(State.HELD)),
        untold=up_to(Fulfillment.objects.to_tell().filter(store=one.store_id)),
        failed=up_to(FailedRecord.objects.filter(account=one.account_id, store=one.store_id, mended_at=None)),
    )


def flow_line(flow: Flow, now: dt.datetime) -> FlowLine:
    label, health = FlowKind(flow.kind).label, flow_health(flow, now)
    if flow.due_at is not None:
        return FlowLine(label, every_in_words(flow.interval) if flow.interval else "on", True, health)
    if flow.mode == Mode.DISABLED:
        return FlowLine(label, "off", False, health)
    return FlowLine(label, "not started", False, replace(health, words=f"{label}: the first push waits for a person"))


def every_in_words(minutes: int) -> str:
    """ "every 30 min", "hourly", "every 6 h", "daily"."""
    if minutes == 60:
        return "hourly"
    if minutes == 1440:
        return "daily"
    return f"every {minutes // 60} h" if minutes % 60 == 0 else f"every {minutes} min"


@require_GET
def state(request: PanelRequest, pk: int) -> HttpResponse:
    integration = find(request, pk)
    return render(request, "integrations/parts/state.html", {"integration": integration, **state_of(integration)})


@require_GET
def checklist(request: PanelRequest, pk: int) -> HttpResponse:
    integration = find(request, pk)
    context = {"integration": integration, **checklist_of(integration)}
    return render(request, "integrations/parts/checklist.html", context)
