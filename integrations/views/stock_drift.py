"""Drift: quantities that a store shows otherwise than it confirmed them, and what a person does about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from fcp.listing import Column, Empty, Listing, Rows
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may, refuse
from fcp.wording import plural
from integrations.errors import IntegrationError
from integrations.models import Integration
from integrations.stock_answers import send_ours, take_theirs, want_reading_back
from integrations.stock_state import stock_state
from integrations.views.page import context_of, find
from inventory.models import sku_key_of
from mappings.models import ListingStock

AT_ONCE = 500  # rows that one press corrects
CORRECTING = {"ours": May.SYNC, "theirs": May.STOCK}

QUANTITIES = "quantity is,quantities are"

DRIFT = Listing(
    key="drift",
    row="integrations/parts/drift_row.html",
    order=("id",),
    columns=(
        Column("sku", "SKU", csv=lambda row: row.listing.sku),
        Column("title", "Title", csv=lambda row: row.listing.title, hidden=True),
        Column("place", "Location", csv=lambda row: row.location or ""),
        Column("drift", "In the store", csv=lambda row: row.drift, align="end"),
        Column("confirmed", "It confirmed", csv=lambda row: row.confirmed, align="end"),
        Column("at", "Confirmed", csv=lambda row: row.confirmed_at),
        Column("since", "Found", csv=lambda row: row.drift_at),
        Column("do", ""),
    ),
    search=lambda rows, text: rows.filter(listing__sku_key__prefix=sku_key_of(text)),
    search_label="SKU begins with",
    prepare=lambda rows: rows.select_related("listing", "location"),
    empty=Empty(
        "No drift",
        "When the store's numbers are read back and one is not what the store had confirmed, it is listed here.",
        icon="checks",
    ),
    bulk="integrations/parts/drift_bulk.html",
    template="integrations/stock_drift.html",
)


@require_http_methods(["GET", "POST"])
def drift(request: PanelRequest, pk: int) -> HttpResponseBase:
    """The list; a POST corrects the chosen ones in one direction or the other."""
    integration = find(request, pk)
    rows = ListingStock.objects.for_account(request.account).filter(store=integration.store_id, drift__isnull=False)
    if request.method == "POST":
        return _correct(request, integration, rows)
    state = stock_state(integration)
    listing = DRIFT
    if state.settings is None or not state.settings.offer.located:
        columns = [c if c.key != "place" else replace(c, csv=None, hidden=True) for c in DRIFT.columns]
        listing = replace(DRIFT, columns=columns)
    context = context_of(request, integration, "stock") | {"stock": state, "stock_tab": "drift"}
    return listing.answer(request, rows, title="Drift", context=context)


def _correct(request: PanelRequest, integration: Integration, rows: Rows) -> HttpResponse:
    """`ours` or `theirs` names one row; `do` one of the two for those that are ticked."""
    do = next((way for way in CORRECTING if request.POST.get(way) or request.POST.get("do") == way), "")
    if do and CORRECTING[do] not in request.rights:
        return refuse(request, CORRECTING[do])
    one = request.POST.get(do, "")
    chosen = (
        rows.filter(pk=int(one)) if one.isascii() and one.isdigit() and len(one) < 19 else DRIFT.chosen(request, rows)
    )
    found = list(chosen.select_related("listing").order_by("pk")[: AT_ONCE + 1]) if do else []
    if not found:
        messages.error(request, "Choose the quantities first, then what to do with them.")
    elif len(found) > AT_ONCE:
        messages.error(request, f"That is more than {AT_ONCE} at once. Narrow the list, or go page by page.")
    elif do == "ours":
        sent = send_ours(integration, [row.pk for row in found], by=str(request.user), now=timezone.now())
        messages.success(request, f"{plural(sent, QUANTITIES)} sent to the store again.")
    else:
        _take(request, integration, found)
    return redirect(panel_url(request.account, "integrations:stock_drift", pk=integration.pk))


def _take(request: PanelRequest, integration: Integration, rows: Sequence[ListingStock]) -> None:
    refused: Counter[str] = Counter()
    for row in rows:
        try:
            take_theirs(integration, row, by=str(request.user), now=timezone.now())
        except IntegrationError as error:
            refused[error.sentence] += 1
    if taken := len(rows) - refused.total():
        messages.success(request, f"{plural(taken, QUANTITIES)} taken over from the store.")
    for reason, number in refused.most_common(3):
        messages.error(request, f"Not {number} of them: {reason}" if number > 1 or taken else reason)


@require_POST
@may(May.SYNC)
def read_back(request: PanelRequest, pk: int) -> HttpResponse:
    """Read all of the store's numbers now."""
    integration = find(request, pk)
    want_reading_back(integration, by=str(request.user), now=timezone.now())
    messages.success(request, f"The numbers of {integration.nickname} are being read. What differs appears here.")
    return redirect(panel_url(request.account, "integrations:stock_drift", pk=pk))
