"""The warehouses of an account: where stock lies, who works there, and who says how much of it there is."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from fcp.forms import read_only_without
from fcp.listing import Column, Empty, Listing
from fcp.models import Account, AuditEntry
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may

from ..forms import WarehouseForm
from ..models import Warehouse

WAREHOUSES = Listing(
    key="warehouses",
    row="inventory/parts/warehouse_row.html",
    order=("code", "id"),
    columns=(
        Column("code", "Code", csv=lambda warehouse: warehouse.code),
        Column("name", "Name", csv=lambda warehouse: warehouse.name),
        Column("country", "Country", csv=lambda warehouse: warehouse.country),
        Column("partner", "Partner", csv=lambda warehouse: warehouse.partner or ""),
        Column("kept_by", "Stock is kept by", csv=lambda warehouse: warehouse.get_kept_by_display()),
        Column("levels", "Levels", csv=lambda warehouse: warehouse.levels_at),
    ),
    prepare=lambda rows: rows.select_related("partner"),
    empty=Empty(
        "No warehouses yet",
        "A warehouse is where your stock lies and from where orders ship.",
        icon="building-warehouse",
        view="inventory:add_warehouse",
        action="Add warehouse",
        may=May.CONNECT,
    ),
)


@require_GET
def warehouses(request: PanelRequest) -> HttpResponseBase:
    lead = "Where your stock lies and orders ship from."
    context = {"lead": lead, "actions": "inventory/parts/warehouses_actions.html"}
    rows = Warehouse.objects.for_account(request.account)
    return WAREHOUSES.answer(request, rows, title="Warehouses", context=context)


@may(May.CONNECT)
def add_warehouse(request: PanelRequest) -> HttpResponse:
    return _warehouse(request, None)


def warehouse(request: PanelRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(Warehouse.objects.for_account(request.account), pk=pk)
    if request.method == "POST":
        return _change_warehouse(request, found)
    return _warehouse(request, found)


@may(May.CONNECT)
def _change_warehouse(request: PanelRequest, found: Warehouse) -> HttpResponse:
    return _warehouse(request, found)


def _warehouse(request: PanelRequest, found: Warehouse | None) -> HttpResponse:
    form = WarehouseForm(request.account, request.POST or None, instance=found, staff=request.user.is_staff)
    read_only_without(May.CONNECT, request, form)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            saved = form.save()
            _note(request.account, request, saved, form.changed_data)
        messages.success(request, f"{saved.name} is saved.")
        return redirect(panel_url(request.account, "inventory:warehouses"))
    # The instance of a form that was refused carries what was typed: the title names what is stored.
    name = Warehouse.objects.values_list("name", flat=True).get(pk=found.pk) if found else ""
    context = {
        "form": form,
        "warehouse": found,
        "name": name,
        "ship_codes": found.partner.ship_codes if found and found.partner else [],
        "crumbs": [("Warehouses", panel_url(request.account, "inventory:warehouses"))],
    }
    return render(request, "inventory/warehouse.html", context)


def _note(account: Account, request: PanelRequest, saved: Warehouse, changed: list[str]) -> None:
    """Where orders go is worth an entry of its own."""
    if changed:
        params = {"code": saved.code, "partner": saved.partner.name if saved.partner else "", "changed": changed}
        AuditEntry.objects.create(
            account=account, at=timezone.now(), actor=str(request.user), code="warehouse_saved", params=params
        )
