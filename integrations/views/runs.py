"""Runs, live while they go, and the records that failed in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fcp.listing import Choice, Column, Empty, Listing
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from fcp.short_lists import ShortLists
from integrations.connectors.declaring import FlowKind
from integrations.failures import may_retry, retry_record
from integrations.models import Budget, FailedRecord, Flow, Integration, Run
from integrations.models.flows import RunState
from integrations.views.page import context_of, find

SHOWN = 20
RATED = 5  # seconds; a shorter run has no rate worth reading

# Why a record was left out: the condition, the setting that asks for it.
REASONS = {
    "payment": ("Payment status is not one of those chosen", "payment_status"),
    "fulfillment": ("Fulfillment status is not one of those chosen", "fulfillment_status"),
    "status": ("Order status is not one of those chosen", "order_status"),
    "age": ("Older than History allows", "history"),
    "earliest": ("Placed before the Earliest Order Date", "earliest_order_date"),
    "pickup": ("A pickup order", "process_pickup"),
}
ON_CHANNEL_TAB = {"process_pickup"}
TRIGGERS = {"schedule": "On schedule", "webhook": "Announced by the store", "person": "By hand", "first": "First run"}


def integrations_of(account: Account) -> list[tuple[str, str]]:
    rows = Integration.objects.for_account(account).order_by("nickname").values_list("pk", "nickname")
    return [(str(pk), nickname) for pk, nickname in rows]


def _of_integration(rows: Any, value: str) -> Any:
    flows = Flow.objects.filter(integration_id=value).values_list("pk", flat=True)
    return ShortLists(rows, [Q(flow_id=pk) for pk in flows])


def _decorate(rows: list[Run], account: Account | None) -> None:
    for row in rows:
        row.label = FlowKind(row.flow.kind).label  # type: ignore[attr-defined]
        row.asked = asked_by(row)  # type: ignore[attr-defined]


def asked_by(run: Run) -> str:
    words = TRIGGERS.get(run.trigger, run.trigger)
    return f"{words}, {run.by}" if run.by else words


RUNS = Listing(
    key="runs",
    row="integrations/parts/run_row.html",
    order=("-id",),
    columns=(
        Column("started", "Started", csv=lambda run: run.started_at),
        Column("integration", "Integration", csv=lambda run: run.flow.integration.nickname),
        Column("flow", "Flow", csv=lambda run: run.flow.kind),
        Column("state", "State", csv=lambda run: run.get_state_display()),
        Column("seen", "Seen", csv=lambda run: run.seen, align="end"),
        Column("created", "New", csv=lambda run: run.created, align="end"),
        Column("changed", "Changed", csv=lambda run: run.changed, align="end"),
        Column("unchanged", "Unchanged", csv=lambda run: run.unchanged, align="end", hidden=True),
        Column("skipped", "Skipped", csv=lambda run: run.skipped, align="end"),
        Column("failed", "Failed", csv=lambda run: run.failed, align="end"),
        Column("calls", "Calls", csv=lambda run: run.calls, align="end", hidden=True),
        Column("trigger", "Why", csv=asked_by),
    ),
    filters=(
        Choice("integration", "Integration", apply=_of_integration, choices=integrations_of),
        Choice("state", "State", choices=[(state.value, state.label) for state in RunState]),
    ),
    prepare=lambda rows: rows.select_related("flow__integration"),
    decorate=_decorate,
    empty=Empty("No runs yet", "A run is listed when it changed something, or when you asked for it.", icon="refresh"),
    refresh=5,
)


@require_GET
def runs(request: PanelRequest) -> HttpResponseBase:
    failed = FailedRecord.objects.for_account(request.account).filter(mended_at=None)[:1000].count()
    context = {
        "lead": "What was read from your stores and told to them. Runs that found nothing new are not listed.",
        "above": "integrations/parts/failed_notice.html",
        "failed": failed,
    }
    return RUNS.answer(request, Run.objects.for_account(request.account), title="Runs", context=context)


@require_GET
def runs_of(request: PanelRequest, pk: int) -> HttpResponseBase:
    integration = find(request, pk)
    rows = _of_integration(Run.objects.for_account(request.account), str(pk))
    listing = replace(
        RUNS,
        template="integrations/runs_of.html",
        filters=(),
        columns=[column for column in RUNS.columns if column.key != "integration"],
    )
    return listing.answer(request, rows, title="Runs", context=context_of(request, integration, "runs_of"))


# --- one run ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reason:
    """Why so many were left out; `url` leads to the setting."""

    words: str
    count: int
    url: str


@require_GET
def run(request: PanelRequest, pk: int) -> HttpResponse:
    """Live while it goes: the numbers refresh by themselves, and are the same afterwards."""
    found = get_object_or_404(
        Run.objects.for_account(request.account).select_related("flow__integration__store"), pk=pk
    )
    context = run_context(request, found)
    return render(request, "integrations/parts/run.html" if request.htmx else "integrations/run.html", context)


def run_context(request: PanelRequest, found: Run) -> dict[str, Any]:
    integration = found.flow.integration
    seconds = max(((found.ended_at or timezone.now()) - found.started_at).total_seconds(), 0.001)
    failed = FailedRecord.objects.for_account(request.account).filter(
        store=integration.store_id, mended_at=None, last_at__gte=found.started_at
    )
    return {
        "run": found,
        "going": found.state == RunState.RUNNING,
        "label": FlowKind(found.flow.kind).label,
        "asked": asked_by(found),
        "integration": integration,
        "seconds": seconds,
        "rate": round(found.seen / seconds * 60) if seconds >= RATED else 0,
        "reasons": reasons_of(request.account, found),
        "budget": Budget.objects.filter(store=integration.store_id).first(),
        "records": with_retry(failed[:SHOWN]),
        "crumbs": [("Runs", panel_url(request.account, "integrations:runs"))],
    }


def reasons_of(account: Account, found: Run) -> list[Reason]:
    """Most frequent first. An order that misses two conditions is in both."""
    rows = []
    for code, count in sorted(found.reasons.items(), key=lambda pair: -pair[1]):
        words, setting = REASONS.get(code, (code.replace("_", " ").capitalize(), ""))
        view = "integrations:channel" if setting in ON_CHANNEL_TAB else "integrations:integration"
        url = f"{panel_url(account, view, pk=found.flow.integration_id)}#id_{setting}" if setting else ""
        rows.append(Reason(words, count, url))
    return rows


# --- records that failed -------------------------------------------------------------------------------------------


def with_retry(records: Any) -> list[FailedRecord]:
    rows = list(records)
    for row in rows:
        row.may_retry = may_retry(row)
    return rows


def _names(rows: list[Any], account: Account | None) -> None:
    with_retry(rows)
    names = dict(Integration.objects.filter(account=account).values_list("store", "nickname"))
    for row in rows:
        row.integration_name = names.get(row.store_id, row.store.name)


FAILED_RECORDS = Listing(
    key="failed",
    row="integrations/parts/failed_row.html",
    order=("-id",),
    columns=(
        Column("record", "Record", csv=lambda row: row.number or row.key),
        Column("integration", "Integration", csv=lambda row: str(row.store)),
        Column("sentence", "What is wrong", csv=lambda row: row.sentence),
        Column("since", "Since", csv=lambda row: row.since),
        Column("attempts", "Tries", csv=lambda row: row.attempts, align="end"),
        Column("next", "Next try", csv=lambda row: row.not_before),
        Column("retry", ""),
    ),
    prepare=lambda rows: rows.select_related("store"),
    decorate=_names,
    empty=Empty(
        "Nothing failed",
        "A record that cannot be taken in is kept here with the reason, until it goes through.",
        icon="checks",
    ),
)


@require_GET
def failed_records(request: PanelRequest) -> HttpResponseBase:
    rows = FailedRecord.objects.for_account(request.account).filter(mended_at=None)
    context = {
        "lead": "Records that could not be taken in. They are tried again by themselves, and nothing is given up.",
        "crumbs": [("Runs", panel_url(request.account, "integrations:runs"))],
    }
    return FAILED_RECORDS.answer(request, rows, title="Failed records", context=context)


@require_POST
@may(May.SYNC)
def retry(request: PanelRequest, pk: int) -> HttpResponse:
    record = get_object_or_404(FailedRecord.objects.for_account(request.account).filter(mended_at=None), pk=pk)
    if retry_record(record, by=str(request.user), now=timezone.now()):
        messages.success(request, "It is tried again now. It leaves this list when it goes through.")
    else:
        messages.error(request, "It cannot be tried by itself. It is read again when it changes in the store.")
    return redirect(panel_url(request.account, "integrations:failed"))
