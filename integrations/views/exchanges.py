"""What was said between us and a store: our calls."""

from __future__ import annotations

from django.db.models import Q
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from fcp.listing import Choice, Column, Empty, Flag, Listing
from fcp.panel import PanelRequest
from integrations.connectors.declaring import FlowKind
from integrations.models import Exchange
from integrations.prune import EXCHANGES as EXCHANGES_KEPT
from integrations.settings_document import document_of
from integrations.views.page import context_of, find

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
    empty=Empty("No calls yet", "What is said between the panel and the store is listed here.", icon="route"),
)


@require_GET
def exchanges(request: PanelRequest, pk: int) -> HttpResponseBase:
    integration = find(request, pk)
    rows = Exchange.objects.for_account(request.account).filter(store=integration.store_id)
    document = document_of(integration)
    context = context_of(request, integration, "exchanges")
    days = document.get("keep_exchanges") or EXCHANGES_KEPT.days
    context |= {"days": days, "failed_only": document.get("log_level") == "error"}
    return EXCHANGES.answer(request, rows, title="Exchanges", context=context)
