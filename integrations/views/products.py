"""Push products: what it would do to the store, product by product; sent once a person has confirmed it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fcp.listing import Choice, Column, Empty, Flag, Listing
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from fcp.wording import plural
from integrations.errors import IntegrationError
from integrations.models import Integration, ProductPush, ProductPushRow
from integrations.models.products import PushAction, PushState, RowState
from integrations.product_answers import begin, confirm, drop, leave_out, products_flow, try_again, why_not
from integrations.product_words import lines_of, skus_of, text_of
from integrations.settings_document import master_of, owns_products
from integrations.views.page import context_of, find, platform_of
from inventory.models import sku_key_of
from mappings.models import Listing as StoreListing
from mappings.take import left_out_of

WORKING = (PushState.PLANNING, PushState.SENDING)


def _words(currency: str) -> Callable[[list[Any], Account | None], None]:
    def decorate(rows: list[Any], account: Account | None) -> None:
        for row in rows:
            row.lines = lines_of(row, currency)

    return decorate


PUSH = Listing(
    key="product-push",
    row="integrations/parts/push_row.html",
    order=("id",),
    columns=(
        Column("title", "Product", csv=lambda row: row.title),
        Column("action", "What happens", csv=lambda row: row.get_action_display()),
        Column("lines", "Before, after", csv=lambda row: text_of(row.lines)),
        Column("skus", "SKUs", csv=lambda row: ", ".join(skus_of(row)), hidden=True),
        Column("hidden", "Hidden variants", csv=lambda row: row.hidden, align="end"),
        Column("state", "State", csv=lambda row: row.get_state_display()),
        Column("problem", "Why not", csv=lambda row: row.problem, hidden=True),
    ),
    filters=(
        Choice("action", "What happens", choices=PushAction.choices),
        Choice("state", "State", choices=RowState.choices),
        Flag("hides", "Makes hidden variants", lambda rows, _: rows.filter(hidden__gt=0)),
    ),
    search=lambda rows, text: rows.filter(title__istartswith=text),
    search_label="Name begins with",
    empty=Empty(
        "Nothing would change",
        "The store shows your products as you have them here.",
        icon="checks",
    ),
    template="integrations/products.html",
)

UNUSED = Listing(
    key="products-left-out",
    row="integrations/parts/unused_row.html",
    order=("sku_key", "id"),
    columns=(
        Column("sku", "SKU", csv=lambda row: row.sku),
        Column("title", "Title", csv=lambda row: row.title),
        Column("why", "Why", csv=lambda row: "It has no SKU." if not row.sku_key else "Another listing has this SKU."),
    ),
    search=lambda rows, text: rows.filter(sku_key__prefix=sku_key_of(text)),
    search_label="SKU begins with",
    empty=Empty(
        "Every listing is in your catalogue",
        "Listings without an SKU, or with one that another listing has, would be listed here.",
        icon="checks",
    ),
    template="integrations/products_unused.html",
)


def _latest(integration: Integration) -> ProductPush | None:
    """The open one, else the last one."""
    return ProductPush.objects.filter(integration=integration).order_by("-pk").first()


@require_GET
def products(request: PanelRequest, pk: int) -> HttpResponseBase:
    integration = find(request, pk)
    push = _latest(integration)
    rows = (
        ProductPushRow.objects.for_account(request.account).filter(push=push) if push else ProductPushRow.objects.none()
    )
    listing = replace(PUSH, decorate=_words(integration.store.currency))
    if push and push.state == PushState.ASKED and May.CONNECT in request.rights:
        listing = replace(listing, bulk="integrations/parts/push_bulk.html")
    if push and push.state in WORKING:
        listing = replace(listing, refresh=5)
    part = request.htmx and request.headers.get("HX-Target") == f"list-{listing.key}"
    context = {} if part or request.GET.get("format") == "csv" else _around(request, integration, push)
    return listing.answer(request, rows, title="Push products", context=context)


def _around(request: PanelRequest, integration: Integration, push: ProductPush | None) -> dict[str, Any]:
    flow = products_flow(integration)
    return context_of(request, integration, "products") | {
        "push": push,
        "sums": sums_of(push) if push else {},
        "flow": flow,
        "flow_on": bool(flow and flow.due_at),
        "why_not": why_not(integration),
        "notes": platform_of(integration).product_notes,
        "is_master": owns_products(integration),
        "master": master_of(integration.account),
        "unused": left_out_of(integration.store)[:1000].count(),
        "first": not ProductPush.objects.filter(integration=integration, confirmed_at__isnull=False).exists(),
        "bulk_action": panel_url(request.account, "integrations:products_leave_out", pk=integration.pk),
        "settings_url": panel_url(request.account, "integrations:integration", pk=integration.pk),
    }


def sums_of(push: ProductPush) -> dict[str, int]:
    """How many rows there are of each action and state, and how many hidden variants they make."""
    rows = ProductPushRow.objects.filter(push=push)
    planned = Q(state=RowState.PLANNED)
    counted = {action.value: Count("pk", filter=planned & Q(action=action)) for action in PushAction}
    counted |= {f"is_{state.value}": Count("pk", filter=Q(state=state)) for state in RowState}
    found = rows.aggregate(all=Count("pk"), hidden_variants=Sum("hidden", filter=planned), **counted)
    return {name: value or 0 for name, value in found.items()}


@require_GET
def unused(request: PanelRequest, pk: int) -> HttpResponseBase:
    """Listings that no pull makes a product of."""
    integration = find(request, pk)
    rows = StoreListing.objects.for_account(request.account).filter(pk__in=left_out_of(integration.store).values("pk"))
    return UNUSED.answer(request, rows, title="Not taken over", context=context_of(request, integration, "products"))


# --- answers ----------------------------------------------------------------------------------------------------------


def _back(request: PanelRequest, pk: int) -> HttpResponse:
    return redirect(panel_url(request.account, "integrations:products", pk=pk))


def _answer(request: PanelRequest, pk: int, act: Callable[[ProductPush], str]) -> HttpResponse:
    """Of the push that the page showed: `push` names it, so that nobody confirms another one than he saw."""
    integration = find(request, pk)
    named = request.POST.get("push", "")
    wanted = int(named) if named.isascii() and named.isdigit() and len(named) < 19 else 0
    mine = ProductPush.objects.for_account(request.account).select_related("integration__store")
    push = get_object_or_404(mine.filter(integration=integration), pk=wanted)
    try:
        messages.success(request, act(push))
    except IntegrationError as error:
        messages.error(request, error.sentence)
    return _back(request, pk)


@require_POST
@may(May.SYNC)
def products_start(request: PanelRequest, pk: int) -> HttpResponse:
    integration = find(request, pk)
    try:
        begin(integration, create=request.POST.get("create") == "1", by=str(request.user), now=timezone.now())
    except IntegrationError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, "Your products are being compared with the store's. Nothing is sent by that.")
    return _back(request, pk)


@require_POST
@may(May.CONNECT)
def products_confirm(request: PanelRequest, pk: int) -> HttpResponse:
    def act(push: ProductPush) -> str:
        count = confirm(push, by=str(request.user), now=timezone.now())
        return f"{plural(count, 'product goes,products go')} to the store now."

    return _answer(request, pk, act)


@require_POST
@may(May.CONNECT)
def products_drop(request: PanelRequest, pk: int) -> HttpResponse:
    def act(push: ProductPush) -> str:
        drop(push, by=str(request.user), now=timezone.now())
        return "Dropped. The store keeps what it shows."

    return _answer(request, pk, act)


@require_POST
@may(May.CONNECT)
def products_again(request: PanelRequest, pk: int) -> HttpResponse:
    def act(push: ProductPush) -> str:
        try_again(push, by=str(request.user), now=timezone.now())
        return "The refused ones are looked at once more. You are asked before they are sent."

    return _answer(request, pk, act)


@require_POST
@may(May.CONNECT)
def products_leave_out(request: PanelRequest, pk: int) -> HttpResponse:
    """Ticked rows come off the list that waits for confirmation."""
    integration = find(request, pk)
    push = _latest(integration)
    rows = ProductPushRow.objects.for_account(request.account).filter(push=push)
    chosen = PUSH.chosen(request, rows) if push else rows.none()
    if push is None or not chosen.exists():
        messages.error(request, "Choose the products first.")
        return _back(request, pk)
    try:
        count = leave_out(push, chosen)
    except IntegrationError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, f"{plural(count, 'product stays as it is,products stay as they are')}.")
    return _back(request, pk)
