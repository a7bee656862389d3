"""The integrations' part of the dashboard, the running syncs, and their columns of All accounts."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, QuerySet, Subquery

from fcp import panel
from fcp.models import Account
from fcp.panel import Card, Cell, OverviewColumn, PanelRequest, Running, Step, panel_url
from fcp.roles import May
from integrations.connectors.declaring import FlowKind
from integrations.health import Health, Level, flow_health, health_of
from integrations.models import FailedRecord, Flow, Integration, Run
from integrations.models.flows import RunState
from integrations.stock_state import guards_of, stock_questions
from orders.models import Fulfillment, Order
from orders.models.shipping import Told

HOURS = 24  # of the sparkline
MOST_COUNTED = 5000  # orders that the sparkline looks at
DEMO_ACCOUNT = "demo"  # its slug
SILENT = 0.5  # worry of one late flow


@dataclass(frozen=True, slots=True)
class Line:
    """One integration as a line: its health in words, orders of each of the last 24 hours, records that failed."""

    integration: Integration
    health: Health
    hours: list[int]
    failed: int


def health_lines(request: PanelRequest, now: dt.datetime) -> dict[str, Any]:
    return {"lines": lines_of(request.account, now)}


def lines_of(account: Account, now: dt.datetime) -> list[Line]:
    """Every integration of the account, in four queries however many there are; the one in trouble first."""
    integrations = list(Integration.objects.for_account(account).select_related("store"))
    if not integrations:
        return []
    flows = flows_of(account)
    hours = orders_by_hour(account, now)
    failed = dict(
        FailedRecord.objects.for_account(account)
        .filter(mended_at__isnull=True)
        .order_by()
        .values_list("store")
        .annotate(number=Count("pk"))
    )
    lines = []
    for one in integrations:
        health = health_of(one, flows[one.pk], now)
        lines.append(Line(one, health, hours.get(one.store_id, [0] * HOURS), failed.get(one.store_id, 0)))
    return sorted(lines, key=lambda line: (-line.health.level, line.integration.name))


def flows_of(account: Account) -> dict[int, list[Flow]]:
    """The account's flows by integration id."""
    found: dict[int, list[Flow]] = defaultdict(list)
    for flow in Flow.objects.for_account(account).order_by("pk"):
        found[flow.integration_id].append(flow)
    return found


def orders_by_hour(account: Account, now: dt.datetime) -> dict[int, list[int]]:
    """Orders placed in each of the last 24 hours, oldest first, by store id; of very many the latest.

    Counted here: grouped in SQL, the planner prefers the index by store and walks all of the account's orders.
    """
    start = now.replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=HOURS - 1)
    rows = Order.objects.for_account(account).filter(placed_at__gte=start).order_by("-placed_at")
    found: dict[int, list[int]] = defaultdict(lambda: [0] * HOURS)
    for store, placed_at in rows.values_list("store", "placed_at")[:MOST_COUNTED]:
        slot = int((placed_at - start).total_seconds() // 3600)
        if slot < HOURS:  # a store's clock may run ahead of ours
            found[store][slot] += 1
    return found


def running(account: Account) -> Sequence[Running]:
    """The runs that go on now, by the partial index of running ones."""
    runs = Run.objects.for_account(account).filter(state=RunState.RUNNING).select_related("flow__integration")
    return [
        Running(
            title=f"{FlowKind(run.flow.kind).label} of {run.flow.integration.nickname}",
            detail=f"{run.seen:,} seen, {run.created:,} new" + (f", {run.failed:,} failed" if run.failed else ""),
            url=panel_url(account, "integrations:run", pk=run.pk),
            done=run.seen,
            total=None,
            since=run.started_at,
        )
        for run in runs.order_by("-pk")[:10]
    ]


# --- all accounts --------------------------------------------------------------------------------------------------


def integrations_of(accounts: Sequence[int], now: dt.datetime) -> dict[int, Cell]:
    rows = Integration.objects.filter(account__in=accounts).order_by("name").values_list("account", "nickname", "live")
    names: dict[int, list[str]] = defaultdict(list)
    for account, nickname, live in rows:
        names[account].append(nickname if live else f"{nickname} (not live)")
    return {account: Cell(", ".join(found)) for account, found in names.items()}


def last_order_in(accounts: Sequence[int], now: dt.datetime) -> dict[int, Cell]:
    return _latest(accounts, Order.objects.order_by("-placed_at"), "placed_at")


def last_tracking_out(accounts: Sequence[int], now: dt.datetime) -> dict[int, Cell]:
    return _latest(accounts, Fulfillment.objects.filter(told=Told.TOLD).order_by("-created_at"), "told_at")


def _latest(accounts: Sequence[int], rows: QuerySet[Any], column: str) -> dict[int, Cell]:
    """The first row of each account, by an index that begins with the account: not a scan of all its rows."""
    newest = Subquery(rows.filter(account=OuterRef("pk")).values(column)[:1])
    found = Account.objects.filter(pk__in=accounts).order_by().annotate(newest=newest).values_list("pk", "newest")
    return {account: Cell("", at=at) for account, at in found if at}


def silent_flows(accounts: Sequence[int], now: dt.datetime) -> dict[int, Cell]:
    """Flows that are late, failing or blocked, and stock that waits for somebody's decision."""
    found: dict[int, list[str]] = defaultdict(list)
    worry: dict[int, float] = defaultdict(float)
    for account, nickname in guards_of(accounts):
        found[account].append(f"Inventory of {nickname} asks for a decision")
        worry[account] += 2
    for flow in Flow.objects.on().filter(account__in=accounts).select_related("integration").order_by("pk"):
        health = flow_health(flow, now)
        if health.level >= Level.late:
            found[flow.account_id].append(f"{FlowKind(flow.kind).label} of {flow.integration.nickname}")
            worry[flow.account_id] += SILENT if health.level is Level.late else 2
    return {account: Cell(", ".join(words), worry=1 + worry[account]) for account, words in found.items()}


def connected_any(account: Account) -> bool:
    return Integration.objects.for_account(account).exists()


def demo(request: PanelRequest, now: dt.datetime) -> dict[str, Any] | None:
    """What a newcomer may try next; only where the stand-in stores run, and in the demo's own account."""
    if not settings.FCP_SANDBOX or request.account.slug != DEMO_ACCOUNT:
        return None
    stand_in = f"http://127.0.0.1:{settings.FCP_SANDBOX_PORT}"
    return {"control": f"{stand_in}/control/", "wix": f"{stand_in}/wix/account/sites", "panel": settings.FCP_PUBLIC_URL}


def register() -> None:
    panel.add_card(Card("demo", "integrations/parts/card_demo.html", demo, order=90, live=False))
    panel.add_card(Card("integrations", "integrations/parts/card_health.html", health_lines, order=50, width=6))
    panel.add_running(running)
    panel.add_waiting(stock_questions)
    panel.add_overview(OverviewColumn("integrations", "Integrations", integrations_of, order=10))
    panel.add_overview(OverviewColumn("order_in", "Last order in", last_order_in, order=20))
    panel.add_overview(OverviewColumn("tracking_out", "Last tracking out", last_tracking_out, order=25))
    panel.add_overview(OverviewColumn("silent", "Silent flows", silent_flows, order=40))
    panel.add_checklist(
        Step(
            "Connect a store",
            "Orders, products and locations come in; nothing is handed over before you say so.",
            "integrations:add",
            connected_any,
            order=10,
            may=May.CONNECT,
        )
    )
