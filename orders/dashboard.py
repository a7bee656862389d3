"""The orders' part of the dashboard. Every query walks an index; the whole page stays within some milliseconds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, IntegerField, Min, QuerySet, Value
from django.db.models.functions import TruncDate
from django.utils import timezone

from fcp import panel
from fcp.keyset import up_to
from fcp.models import Account
from fcp.panel import Card, Cell, OverviewColumn, PanelRequest, Step
from orders.causes import Cause, cause_page, fill, loudest, sum_up
from orders.held_groups import snoozed_keys
from orders.holds import HoldKind
from orders.models import Fulfillment, Hold, Order
from orders.state import OPEN_STATES, State

LOUD = 3  # orders that one cause keeps waiting
CAUSES = 8  # groups that the dashboard lists; the Held page has all
WEEKS = 4  # that "usually" looks back
DAYS = 14  # of the chart
CANCELED_WITHIN = dt.timedelta(days=60)  # orders older than this are not looked at for today's cancellations
MISSING = {HoldKind.SHIP_CODE: "ship code", HoldKind.SKU: "SKU", HoldKind.LOCATION: "location"}


def open_by_state(account: Account) -> dict[str, int]:
    """How many open orders there are in each state, by the partial index of open states."""
    rows = Order.objects.for_account(account).open().order_by().values_list("state").annotate(number=Count("pk"))
    found = dict(rows)
    return {state.value: found.get(state.value, 0) for state in OPEN_STATES}


def open_orders(request: PanelRequest, now: dt.datetime) -> dict[str, Any]:
    counts = open_by_state(request.account)
    return {"counts": counts, "total": sum(counts.values())}


# --- what waits -------------------------------------------------------------------------------------------------


def alarm(request: PanelRequest, now: dt.datetime) -> dict[str, Any] | None:
    """The one sentence in red: the cause that keeps most orders waiting and that one fix cures. Only where it is worth
    it: one or two orders stand quietly in the list below.
    """
    cause = _waits(request, now).loud
    if cause is None:
        return None
    sum_up(request.account, cause)
    return {"cause": cause, "missing": MISSING[cause.kind]}


def waiting(request: PanelRequest, now: dt.datetime) -> dict[str, Any]:
    found = _waits(request, now)
    return {
        "causes": found.others,
        "more": found.more,
        "any": bool(found.others or found.loud),
        "questions": panel.waiting_of(request.account),
    }


@dataclass(frozen=True, slots=True)
class Waits:
    """The group that is said loudly, if any, and the others that wait longest."""

    loud: Cause | None
    others: list[Cause]
    more: str


def _waits(request: PanelRequest, now: dt.datetime) -> Waits:
    """Both cards above show the same groups; they are looked up once."""
    if not hasattr(request, "waits"):
        account = request.account
        hidden = snoozed_keys(account, now)
        loud = loudest(account, hidden)
        loud = loud if loud and loud.orders >= LOUD else None
        page = cause_page(account, size=CAUSES, hidden=hidden | {loud.key} if loud else hidden)
        fill(account, page.causes, most=0)  # counted, not summed up
        request.waits = Waits(loud, page.causes, page.more)  # type: ignore[attr-defined]
    return request.waits  # type: ignore[attr-defined]


# --- today ------------------------------------------------------------------------------------------------------


def today(request: PanelRequest, now: dt.datetime) -> dict[str, Any]:
    """What came in, left and was canceled since midnight, beside the mean of the same hours of this weekday before."""
    account = request.account
    came = Order.objects.for_account(account)
    left = Fulfillment.objects.for_account(account).filter(voided_at__isnull=True)
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "came_in": _today_and_usual(came, "placed_at", midnight, now, account),
        "left": _today_and_usual(left, "shipped_at", midnight, now, account),
        "canceled": up_to(
            came.filter(state=State.CANCELED.value, placed_at__gte=now - CANCELED_WITHIN, canceled_at__gte=midnight)
        ),
        "weekday": f"{midnight:%A}",
    }


def _today_and_usual(
    rows: QuerySet[Any], field: str, midnight: dt.datetime, now: dt.datetime, account: Account
) -> tuple[int, int | None]:
    """(today, usual by this time); usual is None where the account is younger than a week."""
    spans = []
    for week in range(WEEKS + 1):
        back = dt.timedelta(weeks=week)
        span = rows.filter(**{f"{field}__gte": midnight - back, f"{field}__lt": now - back})
        spans.append(_numbered(span, week))
    first, *rest = spans
    numbers = dict(first.union(*rest, all=True))
    before = [numbers.get(week, 0) for week in range(1, WEEKS + 1)]
    known = [number for week, number in enumerate(before, 1) if now - dt.timedelta(weeks=week) >= account.created_at]
    earlier = known or [number for number in before if number]  # imported history counts too
    return numbers.get(0, 0), round(sum(earlier) / len(earlier)) if earlier else None


def _numbered(rows: QuerySet[Any], number: int) -> QuerySet[Any, Any]:
    """(number, how many rows) as a query that can be united with others."""
    marked = rows.order_by().annotate(slot=Value(number, output_field=IntegerField()))
    return marked.values("slot").annotate(found=Count("pk")).values_list("slot", "found")


# --- chart ------------------------------------------------------------------------------------------------------


def fortnight(request: PanelRequest, now: dt.datetime) -> dict[str, Any]:
    """Orders and shipments of each of the last 14 days, in the account's zone."""
    last = timezone.localtime(now).date()
    days = [last - dt.timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    start = dt.datetime.combine(days[0], dt.time(), tzinfo=timezone.get_current_timezone())
    orders = _by_day(Order.objects.for_account(request.account).filter(placed_at__gte=start), "placed_at")
    left = Fulfillment.objects.for_account(request.account).filter(voided_at__isnull=True, shipped_at__gte=start)
    shipments = _by_day(left, "shipped_at")
    rows = [(day, orders.get(day, 0), shipments.get(day, 0)) for day in days]
    chart = {
        "labels": [f"{day:%-d %b}" for day in days],
        "series": [
            {"label": "Orders", "values": [row[1] for row in rows], "kind": "bar", "tone": "accent"},
            {"label": "Shipments", "values": [row[2] for row in rows], "kind": "line", "tone": "series-2"},
        ],
    }
    return {"rows": rows, "chart": chart}


def _by_day(rows: QuerySet[Any], field: str) -> dict[dt.date, int]:
    counted = rows.order_by().annotate(day=TruncDate(field)).values_list("day").annotate(number=Count("pk"))
    return dict(counted)


# --- all accounts -----------------------------------------------------------------------------------------------


def held_of(accounts: Sequence[int], now: dt.datetime) -> dict[int, Cell]:
    """How many orders of each account are held or need a decision, and how old the oldest of their holds is."""
    rows = (
        Hold.objects.open()
        .filter(account__in=accounts)
        .order_by()
        .values_list("account")
        .annotate(number=Count("order", distinct=True), oldest=Min("placed_at"))
    )
    cells = {}
    for account, number, oldest in rows:
        days = (now - oldest).total_seconds() / 86_400
        cells[account] = Cell(f"{number:,}, oldest", worry=min(0.5 + days, 3), at=oldest, style="age")
    return cells


def shipped_any(account: Account) -> bool:
    return Fulfillment.objects.for_account(account).exists()


def register() -> None:
    panel.add_card(Card("alarm", "orders/parts/card_alarm.html", alarm, order=10))
    panel.add_card(Card("open", "orders/parts/card_open.html", open_orders, order=20))
    panel.add_card(Card("today", "orders/parts/card_today.html", today, order=30))
    panel.add_card(Card("waiting", "orders/parts/card_waiting.html", waiting, order=40, width=6))
    panel.add_card(Card("fortnight", "orders/parts/card_fortnight.html", fortnight, order=60, live=False))
    panel.add_overview(OverviewColumn("held", "Held", held_of, order=30))
    panel.add_checklist(
        Step(
            "Ship the first order",
            "Try one order, see each step, then go live.",
            "orders:orders",
            shipped_any,
            order=40,
        )
    )
