"""The ship codes of the account's warehouses: who lists which, what means them, the lists that the account keeps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fcp.models import AuditEntry
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from fcp.ship_code_list import ShipCodesField
from inventory.models import Warehouse

from .mapping import hold_option
from .models import ShipMethod
from .ship_codes import code_lists, ship_codes_of, unlisted, uses_of


class CodesForm(forms.Form):
    ship_codes = ShipCodesField()


@require_GET
def warehouse_codes(request: PanelRequest) -> HttpResponse:
    uses = uses_of(request.account)
    lists = [
        {
            "name": one.name,
            "partner": one.partner,
            "warehouses": one.warehouses,
            "codes": [
                {"code": c.code, "label": c.label, "carrier": c.carrier, "service": c.service, "used": uses[c.code]}
                for c in one.codes
            ],
        }
        for one in code_lists(request.account)
    ]
    context: dict[str, Any] = {
        "lists": lists,
        "codes": ship_codes_of(request.account),
        "unlisted": unlisted(request.account),
        "crumbs": [("Ship codes", panel_url(request.account, "mappings:ship_codes"))],
    }
    return render(request, "mappings/warehouse_codes.html", context)


@require_http_methods(["GET", "POST"])
@may(May.WORK_ORDERS)
def own_codes(request: PanelRequest, pk: int) -> HttpResponse:
    """The list of a warehouse whose partner keeps none, or that has no partner."""
    warehouse = get_object_or_404(Warehouse.objects.for_account(request.account).select_related("partner"), pk=pk)
    if warehouse.partner and warehouse.partner.ship_codes:
        raise Http404
    form = CodesForm(request.POST or None, initial={"ship_codes": warehouse.ship_codes})
    if request.method == "POST" and form.is_valid():
        codes = form.cleaned_data["ship_codes"]
        with transaction.atomic():
            Warehouse.objects.filter(pk=warehouse.pk).update(ship_codes=codes)
            AuditEntry.objects.create(
                account=request.account, at=timezone.now(), actor=str(request.user), code="ship_codes_saved",
                params={"warehouse": warehouse.code, "codes": len(codes)},
            )  # fmt: skip
        messages.success(request, f"The ship codes of {warehouse.name} are saved.")
        return redirect(panel_url(request.account, "mappings:warehouse_codes"))
    crumbs = [("Ship codes of the warehouses", panel_url(request.account, "mappings:warehouse_codes"))]
    return render(request, "mappings/own_codes.html", {"form": form, "warehouse": warehouse, "crumbs": crumbs})


@require_POST
@may(May.WORK_ORDERS)
def hold_for_a_look(request: PanelRequest, pk: int) -> HttpResponse:
    """Orders of this shipping option wait until a person has seen them, or no longer."""
    row = get_object_or_404(ShipMethod.objects.for_account(request.account), pk=pk)
    hold = request.POST.get("hold") == "1"
    hold_option(row, hold, by=str(request.user), now=timezone.now())
    messages.success(
        request, f"Orders with “{row}” {'wait until a person has seen them' if hold else 'no longer wait for a look'}."
    )
    return redirect(panel_url(request.account, "mappings:ship_code", pk=pk))
