"""Differences between a store and what is here: each with what became of it, and what a person does about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from fcp.keyset import up_to
from fcp.listing import Choice, Column, Days, Empty, Listing, Rows
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, refuse
from integrations.ledger import bring_in, call_right
from integrations.models import FailedRecord, Hint, LedgerGap
from integrations.views.ledger import between, why_in_words
from integrations.views.page import context_of, find
from orders.models import Order, SeenOrder
from orders.models.orders import Outcome

Kind = LedgerGap.Kind
# Orders that one press is about; the answer says how many it left. The store is asked for each that is brought in.
AT_ONCE = {"bring": 500, "right": 5000}
COUNTED = 10_000
RIGHTS = {"bring": May.SYNC, "right": May.WORK_ORDERS}


@dataclass(slots=True)
class GapRow:
    """A difference as the list shows it: `result` is what became of it, in words; `url` leads to the order here."""

    gap: LedgerGap
    result: str
    url: str = ""
    tone: str = "warn"

    @property
    def pk(self) -> int:
        return self.gap.pk

    @property
    def kind(self) -> str:
        return Kind(self.gap.kind).label


def _decorate(gaps: list[Any], account: Account | None) -> None:
    """Three questions for a page, however many rows."""
    assert account is not None
    if not gaps:
        return
    store, uids = gaps[0].store_id, [gap.uid for gap in gaps]
    seen = {row.uid: row for row in SeenOrder.objects.filter(store=store, uid__in=uids)}
    orders = dict(Order.objects.filter(store=store, uid__in=uids).values_list("uid", "pk"))
    hints = set(
        Hint.objects.filter(store=store, done_at=None, object_uid__in=uids).values_list("object_uid", flat=True)
    )
    failed = FailedRecord.objects.filter(store=store, kind="order", key__in=uids, mended_at=None)
    sentences = dict(failed.values_list("key", "sentence"))
    address = panel_url(account, "orders:order", pk=0)
    for at, gap in enumerate(gaps):
        row = _row(gap, seen.get(gap.uid), gap.uid in hints, sentences.get(gap.uid, ""))
        if gap.uid in orders:
            row.url = address.replace("/0/", f"/{orders[gap.uid]}/")
        gaps[at] = row


def _row(gap: LedgerGap, seen: SeenOrder | None, waits: bool, failure: str) -> GapRow:
    if gap.closed_by:
        return GapRow(gap, f"{gap.closed_by} said that it is right.", tone="neutral")
    if gap.asked_at and waits:
        return GapRow(gap, "It is read from the store now.", tone="info")
    if gap.kind == Kind.NOT_HERE and seen:
        if seen.outcome == Outcome.IMPORTED:
            return GapRow(gap, "It came in.", tone="good")
        if seen.outcome == Outcome.SKIPPED:
            return GapRow(gap, f"It was left out because of {why_in_words(seen).lower()}.", tone="neutral")
        return GapRow(gap, failure or "It could not be taken in yet.", tone="bad")
    if failure:
        return GapRow(gap, failure, tone="bad")
    if gap.closed_at:
        return GapRow(gap, gap.note or "Both sides agree again.", tone="neutral")
    if gap.kind == Kind.NOT_HERE:
        return GapRow(gap, "It never came in.")
    return GapRow(gap, "The store shows it no more.")


def _state(rows: Rows, value: str) -> Rows:
    return rows.filter(closed_at__isnull=value == "open")


GAPS = Listing(
    key="gaps",
    row="integrations/parts/gap_row.html",
    order=("-id",),
    columns=(
        Column("number", "Order", csv=lambda row: row.gap.number or row.gap.uid),
        Column("day", "Placed", csv=lambda row: row.gap.day.isoformat()),
        Column("kind", "Difference", csv=lambda row: row.kind),
        Column("found", "Found", csv=lambda row: row.gap.found_at),
        Column("result", "What became of it", csv=lambda row: row.result),
        Column("note", "Note", csv=lambda row: row.gap.note, hidden=True),
    ),
    filters=(
        Choice("is", "Open or closed", _state, choices=[("open", "Open"), ("closed", "Closed")]),
        Choice("kind", "Difference", choices=[(kind.value, kind.label) for kind in Kind]),
        Days("day", "Placed", apply=between),
    ),
    decorate=_decorate,
    empty=Empty(
        "No difference",
        "Every order that the store shows was seen here, and every order that is here is in the store.",
        icon="circle-check",
    ),
    bulk="integrations/parts/gap_bulk.html",
    template="integrations/ledger_gaps.html",
)


@require_http_methods(["GET", "POST"])
def ledger_gaps(request: PanelRequest, pk: int) -> HttpResponseBase:
    """The list; a POST is about the chosen ones."""
    integration = find(request, pk)
    rows = LedgerGap.objects.for_account(request.account).filter(store=integration.store_id)
    if request.method == "POST":
        return _answer(request, pk, rows)
    being_read = rows.filter(asked_at__isnull=False, closed_at=None).exists()
    listing = replace(GAPS, refresh=4) if being_read else GAPS
    return listing.answer(request, rows, title="Differences", context=context_of(request, integration, "ledger_of"))


def _answer(request: PanelRequest, pk: int, rows: Rows) -> HttpResponse:
    """`do`: bring (have the store asked for them) or right (close them, with a note)."""
    do, integration = request.POST.get("do", ""), find(request, pk)
    if do not in RIGHTS:
        messages.error(request, "Choose what is to be done with them.")
        return _back(request, pk)
    if RIGHTS[do] not in request.rights:
        return refuse(request, RIGHTS[do])
    wanted = GAPS.chosen(request, rows).filter(closed_at=None)
    # Those that nobody asked the store for come first, so that pressing again goes on behind the others.
    chosen = list(wanted.order_by(F("asked_at").asc(nulls_first=True), "id")[: AT_ONCE[do]])
    now, by = timezone.now(), str(request.user)
    if not chosen:
        messages.error(request, "None of them is open any more.")
    elif do == "bring":
        many = _orders(bring_in(integration, chosen, by=by, now=now))
        said = f"{integration.nickname} is asked for {many} now. What it says appears here."
        messages.success(request, said + _left(wanted.filter(asked_at=None), "have not been asked for yet"))
    else:
        closed = call_right(integration.store, chosen, request.POST.get("note", "").strip(), by=by, now=now)
        messages.success(request, f"{_orders(closed)} closed: it is right so." + _left(wanted, "are still open"))
    return _back(request, pk)


def _left(rows: Rows, how: str) -> str:
    """What one press did not reach."""
    number = up_to(rows, COUNTED)
    if not number:
        return ""
    many = "1 more order" if number == 1 else f"{number:,}{'+' if number == COUNTED else ''} more orders"
    how = how if number > 1 else how.replace("have", "has").replace("are", "is")
    return f" {many} {how}: press again to go on."


def _orders(number: int) -> str:
    return "1 order" if number == 1 else f"{number:,} orders"


def _back(request: PanelRequest, pk: int) -> HttpResponse:
    kept = {name: request.POST[name] for name in ("kind",) if request.POST.get(name) in tuple(Kind)}
    query = f"?{urlencode(kept)}" if kept else ""
    return redirect(f"{panel_url(request.account, 'integrations:ledger_gaps', pk=pk)}{query}")
