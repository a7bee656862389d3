"""Carriers, outbound: adding the name of one that no store was told of yet, and removing what is not used.

Everything else of them stands on the pages of all kinds of words (`views`). Orders coming in never use them.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may

from .forms import CarrierForm
from .lists import KINDS, choices_of
from .mapping import forget_carrier, name_carrier
from .models import CarrierOut
from .outside import OUTSIDE


@require_http_methods(["GET", "POST"])
@may(May.WORK_ORDERS)
def add_carrier(request: PanelRequest) -> HttpResponse:
    names = dict(OUTSIDE.nicknames(request.account))
    asked = {"store": request.GET.get("store"), "carrier": request.GET.get("carrier", "")}
    form = CarrierForm(request.account, request.POST or None, initial=asked, known=names)
    if request.method == "POST" and form.is_valid():
        given: CarrierOut = form.save(commit=False)
        by, now = str(request.user), timezone.now()
        name_carrier(given.store, given.carrier, given.name, given.link, by=by, now=now)
        store = names.get(given.store_id, given.store.name)
        messages.success(request, f"{given.carrier} is called {given.name} in {store}.")
        return redirect(panel_url(request.account, "mappings:all_carriers"))
    context = {
        "form": form,
        "kind": KINDS["carriers"],
        "names": choices_of(KINDS["carriers"], request.account).names,
        "crumbs": [("Carriers", panel_url(request.account, "mappings:carriers"))],
    }
    return render(request, "mappings/carrier.html", context)


@require_POST
@may(May.WORK_ORDERS)
def remove_carrier(request: PanelRequest, pk: int) -> HttpResponse:
    """Its own name goes out again; the row stays where shipments have used it."""
    found = get_object_or_404(CarrierOut.objects.for_account(request.account), pk=pk)
    forget_carrier(found, by=str(request.user), now=timezone.now())
    messages.success(request, f"{found.carrier} goes to the store under its own name again.")
    return redirect(panel_url(request.account, "mappings:carriers"))
