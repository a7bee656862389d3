"""What was said between us and a store: our calls, and what it announced."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from fcp.listing import Choice, Column, Empty, Flag, Listing
from fcp.panel import PanelRequest
from integrations.connectors.base import FlowKind
from integrations.models import Exchange, Hint
from integrations.settings_document import document_of
from integrations.views.page import context_of, find, show

FAILED = Q(status__isnull=True) | Q(status__gte=400)

EXCHANGES = Listing(
    key="exchanges",
    row="integrations/parts/exchange_row.html",
    order=("-id",),
    columns=(
        Column("at", "When", csv=lambda row: row.created_at),
        Column("flow", "Flow", csv=lambda row: row.flow),
        Column("call", "Call", csv=lambda row: f"{row.method} {row.path}"),
        Column("status", "Answer", csv=lambda row: row.status),
        Column("milliseconds", "Took", csv=lambda row: row.milliseconds, align="end"),
        Column("bytes", "Size", csv=lambda row: row.bytes, align="end"),
    ),
    filters=(
        Flag("failed", "Failed", apply=lambda rows, value: rows.filter(FAILED)),
        Choice("flow", "Flow", choices=[(kind.value, kind.label) for kind in FlowKind]),
    ),
    uncovered=frozenset({"failed", "flow"}),
    bound_field="created_at",
    bound_days=2,
    template="integrations/exchanges.html",
    empty=Empty("No calls yet", "Every call to the store is listed here for 14 days.", icon="route"),
)


@require_GET
def exchanges(request: PanelRequest, pk: int) -> HttpResponseBase:
    integration = find(request, pk)
    rows = Exchange.objects.for_account(request.account).filter(store=integration.store_id)
    context = context_of(request, integration, "exchanges")
    return EXCHANGES.answer(request, rows, title="Exchanges", context=context)


@require_GET
def webhooks(request: PanelRequest, pk: int) -> HttpResponse:
    """Whether the store tells us of changes, and what it told us last."""
    integration = find(request, pk)
    hints = Hint.objects.filter(store=integration.store_id)
    since = timezone.now() - dt.timedelta(days=1)
    context: dict[str, Any] = {
        "address": f"{settings.FCP_PUBLIC_URL}/hooks/{integration.store.platform}/",
        "channel_mode": document_of(integration).get("channel_mode", ""),
        "by_app": integration.credentials.filter(kind="app").exists(),
        "last_hint": hints.order_by("-received_at").first(),
        "hints_of_day": hints.filter(received_at__gte=since)[:1000].count(),
        "waiting_hints": hints.filter(done_at=None)[:1000].count(),
    }
    return show(request, integration, "webhooks", "integrations/webhooks.html", context)
