"""Quick actions of an integration: Sync, Delete; pausing, trying with one order, going live. Save is the form's own."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from integrations import connecting, live
from integrations.action_forms import SyncForm, TryForm
from integrations.connectors.declaring import FlowKind
from integrations.errors import IntegrationError
from integrations.letting_go import fates_of
from integrations.models import Flow, Integration
from integrations.runs import by_app
from integrations.syncing import flows_on, sync_now, what_it_does
from integrations.views.page import find, show
from mappings.models import Listing
from orders.models import Order
from orders.state import State

PROPOSED = 5


def _back(request: PanelRequest, integration: Integration, view: str = "integration") -> HttpResponse:
    return redirect(panel_url(request.account, f"integrations:{view}", pk=integration.pk))


@may(May.SYNC)
def sync(request: PanelRequest, pk: int) -> HttpResponse:
    """Which flows to run now, and since when; it says what each will do."""
    integration = find(request, pk)
    flows, now = flows_on(integration), timezone.now()
    sent = request.POST if request.method == "POST" else None
    form = SyncForm(list(flows), sent, account=request.account, now=now)
    if form.is_valid():
        chosen = [FlowKind(value) for value in form.cleaned_data["flows"]]
        changes = form.cleaned_data.get("products") == "changes"
        since = form.cleaned_data.get("since")
        sync_now(flows, chosen, by=str(request.user), now=now, since=since, only_changes=changes)
        messages.success(request, f"Syncing {', '.join(kind.label.lower() for kind in chosen)} now.")
        return _back(request, integration, "runs_of")
    ticked = request.POST.getlist("flows") if form.is_bound else [FlowKind.ORDERS.value]
    offered = [(kind, kind.value in ticked, *what_it_does(integration, kind, flow)) for kind, flow in flows.items()]
    off = [
        FlowKind(kind).label
        for kind in Flow.objects.filter(integration=integration, due_at=None)
        .order_by("pk")
        .values_list("kind", flat=True)
    ]
    context = {"form": form, "offered": offered, "off": off}
    return show(request, integration, "sync", "integrations/sync.html", context)


@require_POST
@may(May.SYNC)
def pause(request: PanelRequest, pk: int) -> HttpResponse:
    done = "Nothing more is handed to a warehouse until you resume. Orders go on coming in."
    return _switch(request, pk, live.pause, done)


@require_POST
@may(May.SYNC)
def resume(request: PanelRequest, pk: int) -> HttpResponse:
    return _switch(request, pk, live.resume, "Orders go to the warehouse again.")


@require_POST
@may(May.CONNECT)
def go_live(request: PanelRequest, pk: int) -> HttpResponse:
    return _switch(request, pk, live.go_live, "It is live. Orders that nothing holds go to the warehouse now.")


def _switch(request: PanelRequest, pk: int, act: Callable[..., None], done: str) -> HttpResponse:
    integration = find(request, pk)
    try:
        act(integration, by=str(request.user), now=timezone.now())
    except IntegrationError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, done)
    return _back(request, integration)


@may(May.SYNC)
def try_order(request: PanelRequest, pk: int) -> HttpResponse:
    """Pass one order through to the warehouse and show each step it took."""
    integration = find(request, pk)
    form = TryForm(request.POST or None)
    steps: list[live.Step] = []
    if request.method == "POST" and form.is_valid():
        number = form.cleaned_data["number"]
        steps = live.try_with_one_order(integration, number, by=str(request.user), now=timezone.now())
    number = form.cleaned_data.get("number", "") if form.is_bound and form.is_valid() else ""
    found = Order.objects.for_account(request.account).filter(store=integration.store_id, number=number).first()
    context = {"form": form, "taken": steps, "order": found, "proposed": proposed(integration)}
    return show(request, integration, "try", "integrations/try.html", context)


def proposed(integration: Integration) -> list[str]:
    """Numbers of orders that came in last and that no warehouse has."""
    rows = Order.objects.filter(store=integration.store_id).in_state(State.NEW, State.HELD)
    return list(rows.order_by("-pk").values_list("number", flat=True)[:PROPOSED])


@may(May.CONNECT)
def delete(request: PanelRequest, pk: int) -> HttpResponse:
    """Says what goes and what stays, and asks; a POST deletes."""
    integration = find(request, pk)
    if request.method == "POST":
        connecting.delete(integration, by=str(request.user), now=timezone.now())
        messages.success(request, f"{integration.name} is deleted. Its orders and mappings are still here.")
        return redirect(panel_url(request.account, "integrations:integrations"))
    context = {
        "orders": Order.objects.filter(store=integration.store_id)[:1000].count(),
        "fates": fates_of(integration.store),
        "by_app": by_app(integration),
        "listings": Listing.objects.filter(store=integration.store_id)[:1000].count(),
    }
    return show(request, integration, "delete", "integrations/delete.html", context)
