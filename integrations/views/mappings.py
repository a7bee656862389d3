"""The mapping tabs of one integration: the rows of the account's mapping pages, with what is said of its platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from fcp.errors import SyncError
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from fcp.wording import plural
from integrations import migrating, options_ahead
from integrations.errors import IntegrationError
from integrations.models import Integration
from integrations.views.page import context_of, find, platform_of
from mappings.lists import KINDS, Kind
from mappings.relinking import asked_of
from mappings.take import take_products, takeable
from mappings.views import answer

TITLES = {
    "ship_codes": "Carrier Mappings", "skus": "SKU Mappings", "locations": "Warehouse Mappings",
    "carriers": "Carrier names for the store",
}  # fmt: skip
# Carriers that go out stand on the tab of those that come in: beside its pills, theirs.
TAB_OF = {"carriers": "ship_codes"}


@require_GET
def tab(request: PanelRequest, pk: int, key: str) -> HttpResponseBase:
    """What is not mapped yet, as long as there is any; then all."""
    integration, kind = find(request, pk), KINDS[key]
    rows = kind.model.objects.for_account(request.account).filter(store=integration.store_id)
    unmapped = rows.unmapped()
    return _list(request, integration, kind, unmapped if unmapped.exists() else rows, everything=not unmapped.exists())


@require_GET
def all_rows(request: PanelRequest, pk: int, key: str) -> HttpResponseBase:
    integration, kind = find(request, pk), KINDS[key]
    rows = kind.model.objects.for_account(request.account).filter(store=integration.store_id)
    return _list(request, integration, kind, rows, everything=True)


def _list(request: PanelRequest, integration: Integration, kind: Kind, rows: Any, everything: bool) -> HttpResponseBase:
    here = {"pk": integration.pk}
    pills = [
        {
            "label": kind.first,
            "url": panel_url(request.account, f"integrations:{kind.key}", **here),
            "active": not everything,
        },
        {
            "label": "All",
            "url": panel_url(request.account, f"integrations:all_{kind.key}", **here),
            "active": everything,
        },
    ]
    if kind.key in ("ship_codes", "carriers"):
        pills.append(_other_way(request, kind, here))
    context = context_of(request, integration, TAB_OF.get(kind.key, kind.key)) | {
        "everything": everything,
        "store": integration.store_id,
        "tab_title": TITLES[kind.key],
        "pills": pills,
        "options": options_of(request, integration) if kind.key == "ship_codes" else None,
        "take": takeable(integration.store) if kind.key == "skus" else 0,
        "moved": moved(integration) if kind.key == "skus" else None,
        "stock_notes": stock_notes(integration) if kind.key == "locations" else (),
    }
    listing = replace(
        kind.listing,
        key=f"{kind.listing.key}-here",
        template="integrations/mappings.html",
        filters=[one for one in kind.listing.filters if one.key != "store"],
        columns=[replace(column, hidden=column.hidden or column.key == "store") for column in kind.listing.columns],
    )
    return answer(request, kind, listing, rows, title=TITLES[kind.key], context=context)


def _other_way(request: PanelRequest, kind: Kind, here: dict[str, int]) -> dict[str, Any]:
    """From what comes in to the carriers' names that go out, and back."""
    other, label = ("ship_codes", "Shipping options") if kind.key == "carriers" else ("carriers", "Names for the store")
    return {"label": label, "url": panel_url(request.account, f"integrations:{other}", **here), "active": False}


def options_of(request: PanelRequest, integration: Integration) -> dict[str, Any] | None:
    """Before the first pull: what is known of the store's shipping options, or that they are asked for now."""
    if not options_ahead.before_first_pull(integration):
        return None
    asks = options_ahead.is_wanted(integration) and May.WORK_ORDERS in request.rights
    return {"asks": asks, "read_at": integration.options_read_at}


@require_POST
@may(May.WORK_ORDERS)
def read_options(request: PanelRequest, pk: int) -> HttpResponse:
    """Look which shipping options the store's orders of the last 30 days used, to be mapped before the first pull."""
    integration = find(request, pk)
    context: dict[str, Any] = {"integration": integration, "days": options_ahead.DAYS}
    try:
        context["seen"] = seen = options_ahead.read_options(integration, timezone.now())
    except SyncError as error:
        context["sentence"] = error.sentence
    else:
        if seen.options and request.POST.get("from") != "setup":
            return HttpResponseClientRefresh()
    return render(request, "integrations/parts/options_seen.html", context)


def moved(integration: Integration) -> dict[str, Any] | None:
    """The store moved to another catalogue: how far its listings are linked again."""
    if integration.relinking_since is None:
        return None
    return {
        "since": integration.relinking_since,
        "reading": migrating.is_being_read(integration),
        "asked": asked_of(integration.store).count(),
    }


@require_POST
@may(May.WORK_ORDERS)
def linked(request: PanelRequest, pk: int) -> HttpResponse:
    """ "Done": what is linked is right, and what is not stays as it is; the stock goes on after its preview."""
    integration = find(request, pk)
    try:
        migrating.end(integration, by=str(request.user), now=timezone.now())
    except IntegrationError as error:
        messages.error(request, str(error))
        return redirect(panel_url(request.account, "integrations:skus", pk=pk))
    messages.success(request, "The listings are linked again. Look at the stock once more, then it goes on.")
    return redirect(panel_url(request.account, "integrations:stock", pk=pk))


def stock_notes(integration: Integration) -> Sequence[str]:
    """What is to be known of sending stock to this variant of the platform (TECH-42 to TECH-44)."""
    offer = platform_of(integration).stock.get(integration.variant)
    return offer.notes if offer else ()


@require_POST
@may(May.WORK_ORDERS)
def take(request: PanelRequest, pk: int) -> HttpResponse:
    """ "Take N products from this store": the account's catalogue begins with what the store sells."""
    integration = find(request, pk)
    taken = take_products(integration.store, by=str(request.user), now=timezone.now())
    made = plural(taken.made, "product is,products are")
    rest = f" {taken.without_sku:,} listings have no SKU; link them by hand." if taken.without_sku else ""
    messages.success(request, f"{made} in your catalogue now. Orders that waited for them go on.{rest}")
    view = "skus" if taken.without_sku else "integration"
    return redirect(panel_url(request.account, f"integrations:{view}", pk=pk))
