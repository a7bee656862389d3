"""Ship codes, SKUs, locations and carriers: the stores' words and what they mean here, by one set of pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from fcp.listing import Listing
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from inventory.models import Product, sku_key_of

from .errors import ChangedMeanwhile
from .history import history_of, meanwhile_words
from .lists import KINDS, Kind, choices_of, prepare_rows
from .mapping import same_product
from .models import CarrierOut, Word
from .outside import OUTSIDE
from .ship_codes import ship_codes_of, unlisted
from .versions import last_batch

FOUND = 20
ASKED_FOR = dt.timedelta(days=1)
FEW = 20  # orders that go before anybody has looked; of more the list shows at once how far they are


@require_GET
def words(request: PanelRequest, key: str) -> HttpResponseBase:
    """What is not mapped yet, as long as there is any; then all."""
    kind = KINDS[key]
    rows = kind.model.objects.for_account(request.account)
    unmapped = rows.unmapped()
    return _list(request, kind, unmapped) if unmapped.exists() else _list(request, kind, rows, everything=True)


@require_GET
def all_words(request: PanelRequest, key: str) -> HttpResponseBase:
    kind = KINDS[key]
    return _list(request, kind, kind.model.objects.for_account(request.account), everything=True)


def _list(request: PanelRequest, kind: Kind, rows: Any, everything: bool = False) -> HttpResponseBase:
    """Unmapped first: in a tab of its own, by its partial index, so that both orders cost the same at any length."""
    tabs = [
        {"label": kind.first, "url": panel_url(request.account, f"mappings:{kind.key}"), "active": not everything},
        {"label": "All", "url": panel_url(request.account, f"mappings:all_{kind.key}"), "active": everything},
    ]
    context = {
        "lead": kind.lead,
        "above": "mappings/parts/above.html",
        "actions": kind.actions,
        "tabs": tabs,
        "everything": everything,
    }
    return answer(request, kind, kind.listing, rows, title=kind.title, context=context)


def answer(
    request: PanelRequest, kind: Kind, listing: Listing, rows: Any, *, title: str, context: dict[str, Any]
) -> HttpResponseBase:
    """The list with what its rows offer and what can be done with many of them; without that for whoever may not."""
    if May.WORK_ORDERS not in request.rights:
        listing = replace(listing, bulk="")
    chosen = choices_of(kind, request.account)
    store = context.get("store", 0)
    suggestions = panel_url(request.account, f"mappings:suggest_{kind.key}")
    beside = {
        "kind": kind,
        "codes": chosen.codes,
        "warehouses": chosen.warehouses,
        "names": chosen.names,
        "to_map": not context["everything"],
        "cures": OUTSIDE.cures(request, kind.hold, 0),
        "late": _late(request, kind),
        "unlisted": len(unlisted(request.account)) if kind.key == "ship_codes" and chosen.codes else 0,
        "bulk_action": panel_url(request.account, f"mappings:many_{kind.key}"),
        "suggestions_url": f"{suggestions}?store={store}" if store else suggestions,
    }
    return listing.answer(request, rows, title=title, context=beside | context)


def _late(request: PanelRequest, kind: Kind) -> str:
    """Where is asked about orders that words changed together of late had decided; a day long, while nobody answers."""
    since = timezone.now() - ASKED_FOR
    batch = last_batch(request.account, str(kind.model._meta.model_name), since) if kind.hold else ""
    return OUTSIDE.asks_after(request.account, batch, unanswered=True) if batch else ""


@require_http_methods(["GET", "POST"])
def word(request: PanelRequest, key: str, pk: int) -> HttpResponseBase:
    """One word: what we know of it, who mapped it when; a POST maps it and answers with its row in the list."""
    kind = KINDS[key]
    row = get_object_or_404(kind.rows(request.account), pk=pk)
    if request.method == "POST":
        return _map(request, kind, row)
    return _page(request, kind, row)


@may(May.WORK_ORDERS)
def _map(request: PanelRequest, kind: Kind, row: Word) -> HttpResponse:
    """Refused, with the row as it is, where somebody changed it since the page was shown."""
    try:
        return _store(request, kind, row)
    except ChangedMeanwhile:
        messages.warning(request, meanwhile_words(row))
    if request.htmx:
        return _row(request, kind, get_object_or_404(kind.rows(request.account), pk=row.pk))
    return redirect(panel_url(request.account, f"mappings:{kind.one}", pk=row.pk))


def _store(request: PanelRequest, kind: Kind, row: Word) -> HttpResponse:
    before = row.version
    form = kind.form(request.account, row, request.POST)
    form.check_seen()
    prepare_rows(kind, [row], request.account)
    waiting = row.waiting  # type: ignore[attr-defined]  # set by prepare_rows
    if not form.is_valid():
        if not request.htmx:
            return _page(request, kind, row, form)
        wrong = " ".join(str(error) for errors in form.errors.values() for error in errors)
        messages.error(request, f"“{row}” is not saved. {wrong}")
        return _row(request, kind, row, kind.form(request.account, row, request.POST, inline=True))
    if question := OUTSIDE.asks_first(row, form) if kind.hold else "":
        return HttpResponseClientRedirect(question) if request.htmx else redirect(question)
    by, now = str(request.user), timezone.now()
    target = OUTSIDE.cured(row, partial(form.apply, by=by, now=now), by=by, now=now)
    if row.version != before:
        text = said(row, target, waiting)
        follow = ' <a class="undo" href="{}">Follow it, or undo it</a>' if target and waiting else ""
        messages.success(request, format_html("{}" + follow, text, row.url))  # type: ignore[attr-defined]  # the same
    if request.htmx:
        cures = OUTSIDE.cures(request, kind.hold, 0) if waiting > FEW else ()
        return _row(request, kind, get_object_or_404(kind.rows(request.account), pk=row.pk), cures=cures)
    return redirect(panel_url(request.account, f"mappings:{kind.one}", pk=row.pk))


@require_POST
@may(May.WORK_ORDERS)
def same(request: PanelRequest, pk: int) -> HttpResponseBase:
    """The store changed a listing's SKU, and a person says that it is the same product."""
    kind = KINDS["skus"]
    row = get_object_or_404(kind.rows(request.account), pk=pk)
    if row.sku_was and row.product_id:
        same_product(row, by=str(request.user), now=timezone.now())
        messages.success(request, f"“{row}” is still {row.product}.")
    if request.htmx:
        return _row(request, kind, get_object_or_404(kind.rows(request.account), pk=pk))
    return redirect(panel_url(request.account, "mappings:sku", pk=pk))


def said(row: Word, target: str, waiting: int) -> str:
    """What a change of a mapping does, for the person who made it."""
    if isinstance(row, CarrierOut):
        store = row.integration_name  # type: ignore[attr-defined]  # set by prepare_rows
        name = target or "its own name"
        return f"“{row}” goes to {store} under {name} from now on. What it was told of before stays as it is."
    if not target:
        return f"“{row}” is not mapped any more. New orders with it wait."
    if waiting == 0:
        return f"“{row}” means {target} from now on."
    orders = "1 order waited" if waiting == 1 else f"{waiting:,} orders waited"
    return f"“{row}” means {target}. {orders} for it; whichever waits for nothing else goes on now."


def _row(request: PanelRequest, kind: Kind, row: Word, form: Any = None, cures: Sequence[Any] = ()) -> HttpResponse:
    prepare_rows(kind, [row], request.account, inline=True)
    if form is not None:
        row.form = form  # type: ignore[attr-defined]
    context = {"row": row, "kind": kind, "bulk": kind.listing.bulk, "cures": cures}
    return render(request, "mappings/parts/row_answer.html", context)


def _page(request: PanelRequest, kind: Kind, row: Word, form: Any = None) -> HttpResponse:
    prepare_rows(kind, [row], request.account)
    if form is not None:
        row.form = form  # type: ignore[attr-defined]
    context = {
        "row": row,
        "kind": kind,
        "codes": ship_codes_of(request.account) if kind.key == "ship_codes" else [],
        "names": choices_of(kind, request.account).names if kind.key == "carriers" else {},
        "changes": history_of(row),
        "cures": OUTSIDE.cures(request, kind.hold, row.pk),
        "crumbs": [(kind.title, panel_url(request.account, f"mappings:{kind.key}"))],
    }
    return render(request, "mappings/word.html", context)


@require_GET
def products_found(request: PanelRequest) -> HttpResponse:
    """Choices for a field that asks for a product: those whose SKU begins with what was typed so far."""
    text = request.GET.get("target", "").replace("\x00", "")
    products = Product.objects.for_account(request.account).filter(sku_key__prefix=sku_key_of(text))
    return render(request, "mappings/parts/products.html", {"products": products.order_by("sku_key")[:FOUND]})
