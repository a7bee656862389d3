"""Carriers, outbound: what each store calls our carriers when it is told a shipment. Orders coming in never use it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fcp.forms import read_only_without
from fcp.listing import Column, Empty, Listing
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may

from .forms import CarrierForm
from .history import history_of
from .lists import by_store
from .mapping import forget_carrier, name_carrier
from .models import CarrierOut
from .outside import OUTSIDE


def _decorate(rows: list[Any], account: Account | None) -> None:
    assert account is not None
    names = OUTSIDE.nicknames(account)
    for row in rows:
        row.integration_name = names.get(row.store_id, row.store.name)


CARRIERS = Listing(
    key="carriers",
    row="mappings/parts/carrier_row.html",
    order=("carrier", "id"),
    columns=(
        Column("carrier", "Carrier", csv=lambda row: row.carrier),
        Column("store", "Integration", csv=lambda row: str(row.store)),
        Column("name", "Name for the store", csv=lambda row: row.name),
        Column("link", "Tracking link", csv=lambda row: row.link),
    ),
    filters=(by_store(),),
    search=lambda rows, text: rows.filter(carrier__istartswith=text),
    search_label="Carrier begins with",
    prepare=lambda rows: rows.select_related("store"),
    decorate=_decorate,
    empty=Empty(
        "Every carrier's name goes to the stores unchanged",
        "Add a name where a store knows a carrier by another one, so that its tracking link works.",
        icon="truck-delivery",
        view="mappings:add_carrier",
        action="Add carrier name",
    ),
)


@require_GET
def carriers(request: PanelRequest) -> HttpResponseBase:
    context = {
        "lead": "What each store calls a carrier when it gets a tracking number. Names not listed go unchanged.",
        "actions": "mappings/parts/carriers_actions.html",
    }
    return CARRIERS.answer(request, CarrierOut.objects.for_account(request.account), title="Carriers", context=context)


@may(May.WORK_ORDERS)
def add_carrier(request: PanelRequest) -> HttpResponse:
    return _carrier(request, None)


def carrier(request: PanelRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(CarrierOut.objects.for_account(request.account).select_related("store"), pk=pk)
    return _change(request, found) if request.method == "POST" else _carrier(request, found)


@may(May.WORK_ORDERS)
def _change(request: PanelRequest, found: CarrierOut) -> HttpResponse:
    return _carrier(request, found)


def _carrier(request: PanelRequest, found: CarrierOut | None) -> HttpResponse:
    asked = None if found else {"store": request.GET.get("store"), "carrier": request.GET.get("carrier", "")}
    names = dict(OUTSIDE.nicknames(request.account))
    form = CarrierForm(request.account, request.POST or None, instance=found, initial=asked, known=names)
    read_only_without(May.WORK_ORDERS, request, form)
    if request.method == "POST" and form.is_valid():
        saved = _save(request, form)
        store = names.get(saved.store_id, saved.store.name)
        messages.success(request, f"{saved.carrier} is called {saved.name} in {store}.")
        return redirect(panel_url(request.account, "mappings:carriers"))
    platforms = {store.platform for store in form.fields["store"].queryset}  # type: ignore[attr-defined]
    context = {
        "form": form,
        "carrier": found,
        "name": CarrierOut.objects.values_list("carrier", flat=True).get(pk=found.pk) if found else "",
        "known": sorted({name for platform in platforms for name in OUTSIDE.carriers(platform)}),
        "changes": history_of(found) if found else [],
        "crumbs": [("Carriers", panel_url(request.account, "mappings:carriers"))],
    }
    return render(request, "mappings/carrier.html", context)


def _save(request: PanelRequest, form: CarrierForm) -> CarrierOut:
    saved: CarrierOut = form.save(commit=False)
    name_carrier(saved.store, saved.carrier, saved.name, saved.link, by=str(request.user), now=timezone.now())
    return saved


@require_POST
@may(May.WORK_ORDERS)
def remove_carrier(request: PanelRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(CarrierOut.objects.for_account(request.account), pk=pk)
    forget_carrier(found, by=str(request.user), now=timezone.now())
    messages.success(request, f"{found.carrier} goes to the store under its own name again.")
    return redirect(panel_url(request.account, "mappings:carriers"))
