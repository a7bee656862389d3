"""Ledger: for each day and store what the store shows and what became of it here, with a list behind each number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from fcp.listing import Choice, Column, Days, Empty, Flag, Listing, Rows
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from integrations.connectors.declaring import FlowKind
from integrations.ledger import LedgerError, ask_for, left_out_of, open_by_day, reads_from, with_open_gaps
from integrations.ledger_sums import LONGEST, PLACE, not_adding_up
from integrations.models import Flow, Integration, LedgerDay, LedgerGap
from integrations.views.page import context_of, find
from mappings.outside import OUTSIDE
from mappings.word_filters import stores_of
from orders.models import SeenOrder
from orders.models.orders import Outcome
from orders.whereabouts import LABELS

Kind = LedgerGap.Kind
OTHER = {"our_fault": "could not be read"}


@dataclass(slots=True)
class DayRow:
    """One day of one store as the table shows it. `links` leads from each number to the orders that it counts;
    `open` are the differences of each kind that nobody has answered.
    """

    day: LedgerDay
    store: str
    integration: int | None
    links: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    open: dict[str, int] = field(default_factory=dict)

    @property
    def pk(self) -> int:
        return self.day.pk

    @property
    def counted(self) -> bool:
        return self.day.counted_at is not None

    @property
    def differences(self) -> int:
        """Those that wait for somebody."""
        return sum(self.open.values())

    @property
    def explained(self) -> int:
        """Those that closed by themselves, with a reason, or that somebody called right."""
        return max(self.day.not_here + self.day.not_there - self.differences, 0)

    @property
    def part(self) -> dt.datetime | None:
        """From when on, where not the whole day is compared."""
        local = timezone.localtime(self.day.starts_at)
        return None if local.date() < self.day.day or not (local.hour or local.minute) else local

    @property
    def reasons(self) -> str:
        ordered = sorted(self.day.reasons.items(), key=lambda one: -one[1])
        return ", ".join(f"{reason_label(code)} {number:,}" for code, number in ordered)

    @property
    def result(self) -> str:
        """The last column of the file."""
        if not self.counted:
            return self.day.problem or "Not counted yet"
        said = [*self.wrong, self.day.problem] if self.day.problem else self.wrong
        if said or self.differences:
            return " ".join(said) or "Differences"
        return f"Adds up ({self.explained:,} explained)" if self.explained else "Adds up"


def reason_label(code: str) -> str:
    return LABELS.get(code, OTHER.get(code, code.replace("_", " "))).lower()


def rows_of(days: Iterable[LedgerDay], account: Account) -> list[DayRow]:
    names = OUTSIDE.nicknames(account)
    ids = dict(Integration.objects.for_account(account).values_list("store", "pk"))
    days = list(days)
    rows = [_row(day, account, names, ids.get(day.store_id)) for day in days]
    opened = open_by_day(days)
    for row in rows:
        row.open = {kind: opened.get((row.day.store_id, row.day.day, kind), 0) for kind in Kind.values}
    return rows


def _row(day: LedgerDay, account: Account, names: Mapping[int, str], integration: int | None) -> DayRow:
    row = DayRow(day, names.get(day.store_id, day.store.name), integration)
    row.wrong = not_adding_up(day) if day.counted_at else []
    orders = panel_url(account, "orders:orders")
    at = day.day.isoformat()
    of_day = [("store", str(day.store_id)), ("placed_at_from", at), ("placed_at_to", at)]
    row.links["imported"] = f"{orders}?{urlencode(of_day)}"
    for place in set(PLACE.values()):
        states = [("state", state.value) for state, its in PLACE.items() if its == place]
        row.links[place] = f"{orders}?{urlencode([*of_day, *states])}"
    left_out = panel_url(account, "integrations:ledger_left_out", pk=day.pk)
    row.links |= {which: f"{left_out}?outcome={which}" for which in ("skipped", "failed")}
    if integration:
        gaps = panel_url(account, "integrations:ledger_gaps", pk=integration)
        for kind in Kind:
            query = urlencode({"kind": kind.value, "day_from": at, "day_to": at})
            row.links[kind.value] = f"{gaps}?{query}"
            row.links[f"open_{kind.value}"] = f"{gaps}?{query}&is=open"
        row.links["explained"] = f"{gaps}?{urlencode({'is': 'closed', 'day_from': at, 'day_to': at})}"
        row.links["store"] = panel_url(account, "integrations:ledger_of", pk=integration)
    return row


def _decorate(days: list[Any], account: Account | None) -> None:
    assert account is not None
    days[:] = rows_of(days, account)


def between(rows: Rows, value: Any) -> Rows:
    """For a `Days` filter of a column `day`."""
    first, last = value
    rows = rows.filter(day__gte=first) if first else rows
    return rows.filter(day__lte=last) if last else rows


NUMBERS = (
    ("in_store", "In store"),
    ("seen", "Seen"),
    ("imported", "Imported"),
    ("skipped", "Skipped"),
    ("failed", "Failed"),
    ("waiting", "Waiting"),
    ("at_warehouse", "Warehouse"),
    ("shipped", "Shipped"),
    ("told", "Done"),
    ("closed", "For the record"),
)


def _number(name: str) -> Any:
    return lambda row: getattr(row.day, name) if row.counted else None


DAY = Days("day", "Day", apply=between)
LEDGER = Listing(
    key="ledger",
    row="integrations/parts/ledger_row.html",
    order=("-day", "-id"),
    columns=(
        Column("day", "Day", csv=lambda row: row.day.day.isoformat()),
        Column("store", "Store", csv=lambda row: row.store),
        *(Column(name, label, csv=_number(name), align="end") for name, label in NUMBERS),
        Column("reasons", "Skipped because", csv=lambda row: row.reasons, hidden=True),
        Column("not_here", "Not here", csv=_number("not_here"), align="end", hidden=True),
        Column("not_there", "Not in the store", csv=_number("not_there"), align="end", hidden=True),
        Column("result", "Result", csv=lambda row: row.result),
    ),
    filters=(
        Choice("store", "Store", choices=stores_of),
        DAY,
        Flag("differs", "Differences", lambda rows, _: with_open_gaps(rows)),
    ),
    prepare=lambda rows: rows.select_related("store").defer("shown", "token"),
    decorate=_decorate,
    empty=Empty(
        "No day is counted yet",
        "Each night the day before is counted: what the store shows, and what became of it here. To see earlier days, "
        "have them counted now.",
        icon="list-check",
    ),
    template="integrations/ledger.html",
    refresh=15,
)


@require_GET
def ledger(request: PanelRequest) -> HttpResponseBase:
    """Every store of the account."""
    rows = LedgerDay.objects.for_account(request.account)
    context = {"counting": _counting(request), "head": "integrations/parts/ledger_head.html"}
    return LEDGER.answer(request, rows, title="Ledger", context=context)


@require_GET
def ledger_of(request: PanelRequest, pk: int) -> HttpResponseBase:
    """One integration's days, as a tab of its page."""
    integration = find(request, pk)
    rows = LedgerDay.objects.for_account(request.account).filter(store=integration.store_id)
    listing = replace(
        LEDGER,
        filters=tuple(one for one in LEDGER.filters if one.key != "store"),
        columns=tuple(replace(one, hidden=True) if one.key == "store" else one for one in LEDGER.columns),
        template="integrations/ledger_tab.html",
    )
    context = context_of(request, integration, "ledger_of") | {"counting": _counting(request, integration)}
    return listing.answer(request, rows, title="Ledger", context=context)


def _counting(request: PanelRequest, integration: Integration | None = None) -> dict[str, Any]:
    """What the form that has days counted shows: the stores, and the days that it proposes."""
    flows = Flow.objects.for_account(request.account).filter(kind=FlowKind.ORDERS).on().select_related("integration")
    if integration:
        flows = flows.filter(integration=integration)
    ready = [flow for flow in flows.order_by("integration__nickname") if reads_from(flow)]
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    return {
        "stores": [flow.integration for flow in ready],
        "first": yesterday.isoformat(),
        "last": yesterday.isoformat(),
        "latest": timezone.localdate().isoformat(),
        "most": LONGEST,
    }


@require_POST
@may(May.SYNC)
def ledger_count(request: PanelRequest) -> HttpResponse:
    """Have the store asked for some days now."""
    pk = request.POST.get("integration", "")
    integration = find(request, int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 19 else 0)
    back = redirect(panel_url(request.account, "integrations:ledger_of", pk=integration.pk))
    first, last = _day(request.POST.get("first", "")), _day(request.POST.get("last", ""))
    if first is None or last is None:
        messages.error(request, "Choose the first and the last day.")
        return back
    try:
        days = ask_for(integration, first, last, by=str(request.user), now=timezone.now())
    except LedgerError as error:
        messages.error(request, error.sentence)
        return back
    many = "1 day is" if len(days) == 1 else f"{len(days)} days are"
    messages.success(request, f"{many} counted now. Orders come first, so it may take a few minutes.")
    return back


def _day(text: str) -> dt.date | None:
    try:
        found = parse_date(text)
    except ValueError:
        return None
    return found if found and 2000 <= found.year <= 2100 else None


# --- what did not come in --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class LeftOut:
    """An order that was seen and did not come in. `why` in words; `url` leads to all that is known of it."""

    seen: SeenOrder
    why: str
    url: str

    @property
    def pk(self) -> int:
        return self.seen.pk


def _decorate_left_out(rows: list[Any], account: Account | None) -> None:
    assert account is not None
    where = panel_url(account, "integrations:where")
    rows[:] = [LeftOut(row, why_in_words(row), f"{where}?{urlencode({'q': row.number or row.uid})}") for row in rows]


def why_in_words(row: SeenOrder) -> str:
    """ "Payment status, order status"."""
    words = ", ".join(reason_label(code) for code in row.reasons)
    return words[:1].upper() + words[1:]


LEFT_OUT = Listing(
    key="left-out",
    row="integrations/parts/left_out_row.html",
    order=("-placed_at", "-id"),
    columns=(
        Column("number", "Number", csv=lambda row: row.seen.number),
        Column("placed", "Placed", csv=lambda row: row.seen.placed_at),
        Column("outcome", "Outcome", csv=lambda row: row.seen.outcome),
        Column("why", "Because of", csv=lambda row: row.why),
    ),
    filters=(
        Choice(
            "outcome", "Outcome",
            choices=[(Outcome.SKIPPED.value, "Skipped"), (Outcome.FAILED.value, "Failed")],
        ),
    ),
    decorate=_decorate_left_out,
    empty=Empty("None of that day is left out", "Every order that was seen came in.", icon="circle-check"),
)  # fmt: skip


@require_GET
def ledger_left_out(request: PanelRequest, pk: int) -> HttpResponseBase:
    """The orders of one day that were seen and did not come in, each with the conditions that it did not meet."""
    day = get_object_or_404(LedgerDay.objects.for_account(request.account).select_related("store"), pk=pk)
    [row] = rows_of([day], request.account)
    title = f"Left out on {day.day:%-d %b %Y}"
    context = {
        "crumbs": [("Ledger", row.links.get("store", panel_url(request.account, "integrations:ledger")))],
        "lead": f"Orders of {row.store} that were seen and did not come in. Where is my order? says more of each.",
    }
    return LEFT_OUT.answer(request, left_out_of(day.store, day.starts_at, day.ends_at), title=title, context=context)
