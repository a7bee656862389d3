"""To ship: the work of the warehouses, for those without an API and for whoever has to step in for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fcp.listing import Choice, Column, Empty, Listing, Rows
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from fcp.short_lists import ShortLists
from inventory.models import Warehouse

from ..asking import ANSWERABLE, answer_change
from ..change_words import asked_for, code_in
from ..decide import is_canceled
from ..errors import OrderError, StaleRevision
from ..fulfilling import Shipment, report_fulfillment
from ..models import ShippingRequest
from ..models.shipping import UNSETTLED, Origin, RequestState
from ..packing import Slip, address_lines, slips_of
from ..ship_forms import USUAL_CARRIERS, ReasonForm, ShipForm
from ..shipping import Acknowledgement, acknowledge, acknowledge_many, answer_cancel, reject
from ..tables import found_ids

AT_ONCE = 200  # slips that one press prints, requests that one press takes


@dataclass(frozen=True, slots=True)
class Work:
    """One shipping request as the list shows it."""

    request: ShippingRequest
    slip: Slip

    @property
    def pk(self) -> int:
        return self.request.pk

    @property
    def number(self) -> str:
        return str(self.request.snapshot["order_number"])

    @property
    def changed_at(self) -> Any:
        return self.request.changed_at


def _decorate(rows: list[Any], account: Account | None) -> None:
    rows[:] = [Work(slip.request, slip) for slip in slips_of(rows)]


def _warehouses(account: Account) -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Warehouse.objects.for_account(account).values_list("pk", "name")[:500]]


class WorkListing(Listing):
    def narrow(self, rows: Rows, query: QueryDict, account: Account | None) -> tuple[Rows, int]:
        """Several states at once are one short list for each."""
        rows, _ = super().narrow(rows, query, account)
        text = query.get("q", "").replace("\x00", "").strip()
        if text and account:
            rows = rows.filter(order__in=found_ids(account, text))
        chosen = next(one for one in self.filters if one.key == "state").read(query, account)
        if chosen:
            return rows, 0
        return cast("Rows", ShortLists(rows, [Q(state=state.value) for state in UNSETTLED])), 0


WORK = WorkListing(
    key="to-ship",
    row="orders/parts/work_row.html",
    order=("changed_at", "id"),
    columns=(
        Column("number", "Order", csv=lambda work: work.number),
        Column("state", "State", csv=lambda work: work.request.get_state_display()),
        Column("to", "Ship to", csv=lambda work: ", ".join(work.slip.address)),
        Column("pieces", "To pack", csv=lambda work: work.slip.pieces, align="end"),
        Column("items", "Items", csv=lambda work: " + ".join(f"{n.left} × {n.sku}" for n in work.slip.lines)),
        Column("code", "Ship code", csv=lambda work: work.request.snapshot["ship_code"]),
        Column("warehouse", "Warehouse", csv=lambda work: work.request.warehouse.name),
        Column("act", ""),
    ),
    filters=(
        Choice("warehouse", "Warehouse", choices=_warehouses),
        Choice(
            "of",
            "Worked",
            apply=lambda rows, value: rows.filter(partner__isnull=value == "hand"),
            choices=[("hand", "By hand"), ("partner", "By a partner's system")],
        ),
        Choice("state", "State", choices=[(state.value, state.label) for state in UNSETTLED]),
    ),
    search=lambda rows, text: rows,  # see narrow
    search_label="Order number, SKU or e-mail",
    prepare=lambda rows: rows.select_related("warehouse"),
    decorate=_decorate,
    bulk="orders/parts/work_bulk.html",
    empty=Empty("Nothing to ship", "Orders that nothing holds back stand here for their warehouse.", icon="packages"),
    refresh=10,
)


@may(May.SHIP)
@require_GET
def to_ship(request: PanelRequest) -> HttpResponseBase:
    context = {
        "bulk_action": panel_url(request.account, "orders:to_ship_many"),
        "actions": "orders/parts/to_ship_actions.html",
    }
    return WORK.answer(request, ShippingRequest.objects.for_account(request.account), title="To ship", context=context)


@may(May.SHIP)
@require_POST
def many(request: PanelRequest) -> HttpResponse:
    """What the bar below the list does to the chosen requests."""
    rows = WORK.chosen(request, ShippingRequest.objects.for_account(request.account)).select_related("warehouse")
    back = redirect(panel_url(request.account, "orders:to_ship"))
    chosen = [row for row in rows.order_by("changed_at", "id")[: AT_ONCE + 1] if row.state in UNSETTLED]
    if not chosen:
        messages.warning(request, "Choose some orders first.")
        return back
    if request.POST.get("do") == "slips":
        return _slips(request, chosen)
    offered = rows.filter(state=RequestState.OFFERED)  # of more than can be taken at once, others may stand in front
    _acknowledge(request, list(offered.order_by("changed_at", "id")[: AT_ONCE + 1]))
    return back


def _acknowledge(request: PanelRequest, rows: list[ShippingRequest]) -> None:
    if len(rows) > AT_ONCE:
        messages.warning(request, f"The first {AT_ONCE} were taken; press again for the rest.")
    offered = [Acknowledgement(row.pk, row.revision) for row in rows[:AT_ONCE]]
    answers = acknowledge_many(offered, by=str(request.user), now=timezone.now())
    refused = [answer for answer in answers.values() if isinstance(answer, OrderError)]
    if len(refused) < len(answers):
        count = len(answers) - len(refused)
        messages.success(request, f"{count} {'order is' if count == 1 else 'orders are'} at the warehouse now.")
    if refused:
        messages.warning(request, f"{len(refused)} changed meanwhile: {refused[0]}")
    if not offered:
        messages.info(request, "All of them are acknowledged already.")


@may(May.SHIP)
@require_GET
def slip(request: PanelRequest, pk: int) -> HttpResponse:
    return _slips(request, [_one(request, pk)])


def _slips(request: PanelRequest, rows: list[ShippingRequest]) -> HttpResponse:
    """Of AT_ONCE at most; the page says where there are more."""
    context = {"slips": slips_of(rows[:AT_ONCE]), "more": len(rows) > AT_ONCE, "title": "Packing slips"}
    return render(request, "orders/slips.html", context)


# --- one request -----------------------------------------------------------------------------------------------------


def _one(request: PanelRequest, pk: int) -> ShippingRequest:
    rows = ShippingRequest.objects.for_account(request.account).select_related("warehouse", "order__store")
    return get_object_or_404(rows, pk=pk)


@may(May.SHIP)
@require_GET
def one(request: PanelRequest, pk: int) -> HttpResponse:
    return _page(request, _one(request, pk))


def _page(request: PanelRequest, row: ShippingRequest, **forms: Any) -> HttpResponse:
    """The page; `forms` are those that were sent and refused, shown with what was typed."""
    [slip] = slips_of([row])
    asked = row.change_asked_at is not None and not row.change_answer and row.state in ANSWERABLE
    shippable = row.state in (RequestState.OFFERED, RequestState.ACKNOWLEDGED, RequestState.PARTLY_SHIPPED)
    context = {
        "row": row,
        "order": row.order,
        "slip": slip,
        "carriers": USUAL_CARRIERS,
        "ship_form": (forms.get("ship_form") or ShipForm(slip)) if shippable else None,
        "reject_form": forms.get("reject_form") or ReasonForm(prefix="reject"),
        "late_form": forms.get("late_form") or ReasonForm(prefix="late"),
        "may_reject": row.state in (RequestState.OFFERED, RequestState.ACKNOWLEDGED),
        "asked_to_stop": row.state == RequestState.CANCEL_ASKED,
        "canceled": is_canceled(row.order.status, row.order.payment),
        "change_asked": asked,
        "new_address": address_lines(row.change["ship_to"]) if asked and "ship_to" in row.change else None,
        "new_code": code_in(row.change) if asked else "",
        "keep_form": forms.get("keep_form") or ReasonForm(prefix="keep"),
        "rejecting": "reject_form" in forms,
        "crumbs": [("To ship", panel_url(request.account, "orders:to_ship"))],
    }
    return render(request, "orders/to_ship_one.html", context)


def _answered(
    request: PanelRequest, row: ShippingRequest, act: Callable[[], Any], done: str, *, name: str = "", form: Any = None
) -> HttpResponse:
    """Do it and go back to the list; what cannot be done is one sentence, with what was typed."""
    try:
        act()
    except OrderError as error:
        if form is None:
            messages.error(request, str(error))
            return redirect(panel_url(request.account, "orders:to_ship_one", pk=row.pk))
        if isinstance(error, StaleRevision) and isinstance(form, ShipForm):
            form.shown_again(error.current)
        form.add_error(None, str(error))
        return _page(request, _one(request, row.pk), **{name: form})
    messages.success(request, done)
    return redirect(panel_url(request.account, "orders:to_ship"))


@may(May.SHIP)
@require_POST
def take(request: PanelRequest, pk: int) -> HttpResponse:
    row, read = _one(request, pk), read_revision(request)
    return _answered(
        request, row, lambda: acknowledge(row, read, by=str(request.user), now=timezone.now()),
        f"Order {row.order.number} is at the warehouse now.",
    )  # fmt: skip


@may(May.SHIP)
@require_POST
def ship(request: PanelRequest, pk: int) -> HttpResponse:
    """Mark as shipped; an offered request is acknowledged by it."""
    row = _one(request, pk)
    [slip] = slips_of([row])
    form = ShipForm(slip, request.POST)
    if not form.is_valid():
        return _page(request, row, ship_form=form)
    data = form.cleaned_data
    shipment = Shipment(form.left, data["carrier"], data["service"], data["parcels"], data["ref"])

    def act() -> None:
        by, now = str(request.user), timezone.now()
        with transaction.atomic():
            acknowledge(row, data["revision"], row.partner_ref, by=by, now=now)
            report_fulfillment(row.order, shipment, request=row, origin=Origin.PERSON, by=by, now=now)

    told = f" {row.order.store.name} is told now." if row.order.store.tells_shipments else ""
    return _answered(
        request, row, act, f"Order {row.order.number} is marked as shipped.{told}", name="ship_form", form=form
    )


@may(May.SHIP)
@require_POST
def refuse(request: PanelRequest, pk: int) -> HttpResponse:
    row = _one(request, pk)
    form = ReasonForm(request.POST, prefix="reject")
    if not form.is_valid():
        return _page(request, row, reject_form=form)
    return _answered(
        request, row, lambda: reject(row, form.cleaned_data["reason"], by=str(request.user), now=timezone.now()),
        f"Order {row.order.number} waits in Held, with your reason.", name="reject_form", form=form,
    )  # fmt: skip


@may(May.SHIP)
@require_POST
def stop(request: PanelRequest, pk: int) -> HttpResponse:
    """The answer to the store's cancellation: stopped, or too late."""
    row = _one(request, pk)
    stopped = request.POST.get("stopped") == "1"
    form = ReasonForm(request.POST, prefix="late")
    if not stopped and not form.is_valid():
        return _page(request, row, late_form=form)
    reason = "" if stopped else form.cleaned_data["reason"]
    done = "stopped." if stopped else "on its way; the merchant is told that it was too late."
    return _answered(
        request, row, lambda: answer_cancel(row, stopped, reason, by=str(request.user), now=timezone.now()),
        f"Order {row.order.number} is {done}",
    )  # fmt: skip


@may(May.SHIP)
@require_POST
def change(request: PanelRequest, pk: int) -> HttpResponse:
    """The answer to a change: the new address or ship code is used, or it is too late for that."""
    row = _one(request, pk)
    accepted = request.POST.get("accepted") == "1"
    revision = read_revision(request)
    form = ReasonForm(request.POST, prefix="keep")
    if not accepted and not form.is_valid():
        return _page(request, row, keep_form=form)
    reason = "" if accepted else form.cleaned_data["reason"]
    try:
        answer_change(row, accepted, revision, reason, by=str(request.user), now=timezone.now())
    except OrderError as error:
        messages.error(request, str(error))
    else:
        done = f"ships with {asked_for(row.change)}." if accepted else "ships as it was; the merchant is told why."
        messages.success(request, f"Order {row.order.number} {done}")
    return redirect(panel_url(request.account, "orders:to_ship_one", pk=row.pk))


def read_revision(request: PanelRequest) -> int:
    """The revision that the form was made for; 0, which no request has, for nonsense."""
    revision = request.POST.get("revision", "")
    return int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else 0
