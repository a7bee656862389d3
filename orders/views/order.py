"""One order: what it waits for, what was ordered, who gets it, what left; and what a person may do about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fcp.panel import PanelRequest, panel_url
from fcp.redact import redacted
from fcp.roles import May, may, refuse
from mappings.models import CarrierOut
from mappings.outside import OUTSIDE

from .. import fulfilling
from ..address_choice import TO_SHIP, other_in_store, use_store_address
from ..asking import ANSWERABLE, ask_to_stop
from ..errors import OrderError
from ..forms import AddressForm, CorrectForm, DetailsForm, HoldForm
from ..headline import headline, in_order
from ..holding import edit_order, lift_hold, place_hold, try_order
from ..holds import HoldKind
from ..labels import PAYMENTS, until_words
from ..models import Fulfillment, Hold, Order, OrderLine, OrderParty, Payload, ShippingRequest
from ..models.shipping import TO_TELL, UNSETTLED, Origin
from ..payloads import unpacked
from ..settle import TAKEN
from ..situation import situation
from ..state import State
from ..tables import is_late, open_holds
from ..timeline import timeline_of
from ..why import why

Forms = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ShownParcel:
    tracking: str
    link: str


@dataclass(frozen=True, slots=True)
class ShownFulfillment:
    """One shipment with its parcels; `form` is the one that corrects it."""

    row: Fulfillment
    lines: list[Any]
    parcels: list[ShownParcel]
    form: CorrectForm
    due: bool

    @property
    def ours(self) -> bool:
        return self.row.origin != Origin.STORE


def _order(request: PanelRequest, pk: int) -> Order:
    orders = Order.objects.for_account(request.account)
    return get_object_or_404(orders.select_related("store", "warehouse", "ship_method", "location", "account"), pk=pk)


@require_GET
def order(request: PanelRequest, pk: int) -> HttpResponse:
    return _page(request, _order(request, pk))


def _page(request: PanelRequest, order: Order, **forms: Any) -> HttpResponse:
    """The page; `forms` are those that were sent and refused, shown open with what was typed."""
    parties = {party.role: party for party in OrderParty.objects.filter(order=order)}
    lines = list(OrderLine.objects.filter(order=order).select_related("product", "warehouse", "location"))
    requests = list(ShippingRequest.objects.filter(order=order).select_related("warehouse").order_by("-pk"))
    fulfillments = _fulfillments(order, forms)
    holds = in_order(open_holds([order.pk]).get(order.pk, []))
    editable = not any(one.state in TAKEN for one in requests)
    ship_to = parties.get(OrderParty.Role.SHIP_TO)
    context = {
        "order": order,
        "payment": PAYMENTS.get(order.payment, order.payment.replace("_", " ")),
        "untold": next((f.row.pk for f in fulfillments if f.row.problem and f.due), 0),
        "by_hand": next((r.pk for r in requests if r.state in UNSETTLED and r.partner_id is None), 0),
        "unsettled": UNSETTLED,
        "closed": (State.CONFIRMED, State.CANCELED, State.NOTHING_TO_SHIP),
        "store_page": order.store.page_of_order(order.uid),
        "store_name": OUTSIDE.nicknames(request.account).get(order.store_id, order.store.name),
        "headline": headline(situation(order, holds, requests, lines, [f.row for f in fulfillments])),
        "holds": holds,
        "notes": dict(Hold.objects.open().filter(order=order).exclude(note="").values_list("pk", "note")),
        "late": is_late(order, timezone.now()),
        "lines": lines,
        "ship_to": ship_to,
        "bill_to": parties.get(OrderParty.Role.BILL_TO),
        "in_store": other_in_store(parties),
        "may_choose": order.state in TO_SHIP,
        "requests": requests,
        "fulfillments": fulfillments,
        "timeline": timeline_of(order, most=1000 if request.GET.get("timeline") == "all" else 60),
        "editable": editable,
        "why": why(order, timezone.now()) if editable else [],
        "may_stop": any(one.state in ANSWERABLE for one in requests),
        "hold_form": forms.get("hold_form") or _hold_form(request),
        "address_form": forms.get("address_form") or AddressForm(ship_to),
        "details_form": forms.get("details_form") or DetailsForm(order),
        "sent": dict.fromkeys(forms, True),
        "crumbs": [("All orders", panel_url(request.account, "orders:orders"))],
        "has_raw": May.CONNECT in request.rights and Payload.objects.filter(order=order).exists(),
    }
    return render(request, "orders/order.html", context)


def _fulfillments(order: Order, forms: Forms) -> list[ShownFulfillment]:
    rows = list(
        Fulfillment.objects.filter(order=order)
        .select_related("request__warehouse")
        .prefetch_related("parcels", "lines__line")
        .order_by("-pk")
    )
    if not rows:
        return []
    outs = CarrierOut.objects.filter(store=order.store_id, carrier__in={row.carrier for row in rows})
    links = {out.carrier: out.link for out in outs if out.link}
    return [
        ShownFulfillment(
            row,
            list(row.lines.all()),
            [ShownParcel(p.tracking, _link(p.url, links.get(row.carrier, ""), p.tracking)) for p in row.parcels.all()],
            forms.get(f"correct_{row.pk}") or CorrectForm(row),
            due=row.told in TO_TELL,
        )
        for row in rows
    ]


def _link(url: str, pattern: str, tracking: str) -> str:
    """A parcel's page: its own, or the carrier's. Only web addresses become links."""
    link = url or (pattern.replace("{number}", tracking) if tracking else "")
    return link if re.match(r"https?://", link) else ""


@may(May.CONNECT)
@require_GET
def raw(request: PanelRequest, pk: int) -> HttpResponse:
    """What the store sent last, without persons and secrets."""
    order = _order(request, pk)
    payload = Payload.objects.filter(order=order).order_by("-revision").first()
    text = ""
    if payload:
        text = orjson.dumps(redacted(orjson.loads(unpacked(payload.packed))), option=orjson.OPT_INDENT_2).decode()
    return render(request, "orders/parts/raw.html", {"payload": payload, "text": text})


# --- what a person does ----------------------------------------------------------------------------------------------


def _answer(
    request: PanelRequest, order: Order, act: Callable[[], Any], done: str, *, name: str = "", form: Any = None
) -> HttpResponse:
    """Do it and show the page; what cannot be done is one sentence beside the form, with what was typed."""
    try:
        act()
    except OrderError as error:
        if form is None:
            messages.error(request, str(error))
        else:
            form.add_error(None, str(error))
            return _page(request, _order(request, order.pk), **{name: form})
    else:
        if done:
            messages.success(request, done)
    return redirect(panel_url(request.account, "orders:order", pk=order.pk))


def _hold_form(request: PanelRequest, sent: QueryDict | None = None) -> HoldForm:
    return HoldForm(request.account, request.rights, timezone.now(), sent)


@may(May.WORK_ORDERS)
@require_POST
def hold(request: PanelRequest, pk: int) -> HttpResponse:
    order = _order(request, pk)
    if refused := refuse_kind(request, request.POST.get("hold-kind", "")):
        return refused
    form = _hold_form(request, request.POST)
    if not form.is_valid():
        return _page(request, order, hold_form=form)
    data = form.cleaned_data
    kind, note, until = HoldKind(data["kind"]), data["note"], data["until"]
    return _answer(
        request, order, lambda: place_hold(order, kind, note, by=str(request.user), now=timezone.now(), until=until),
        f"Order {order.number} is held{f' until {until_words(until)}' if until else ''}.", name="hold_form", form=form,
    )  # fmt: skip


@may(May.WORK_ORDERS)
@require_POST
def lift(request: PanelRequest, pk: int, hold: int) -> HttpResponse:
    order = _order(request, pk)
    row = get_object_or_404(Hold.objects.for_account(request.account), pk=hold, order=order)
    if refused := refuse_kind(request, row.kind):
        return refused
    return _answer(
        request, order, lambda: lift_hold(row, by=str(request.user), now=timezone.now()),
        f"No longer held: {HoldKind(row.kind).in_sentence}.",
    )  # fmt: skip


def refuse_kind(request: PanelRequest, value: str) -> HttpResponse | None:
    """The page that says who may place and lift holds of this kind, where this person may not."""
    kind = HoldKind(value) if value in set(HoldKind) else None
    if kind is None or kind.needs in request.rights:
        return None
    return refuse(request, kind.needs, f"place or lift holds of the kind “{kind.label}”")


@may(May.WORK_ORDERS)
@require_POST
def address(request: PanelRequest, pk: int) -> HttpResponse:
    order = _order(request, pk)
    if request.POST.get("use") == "store":
        return _use_store_address(request, order)
    party = OrderParty.objects.filter(order=order, role=OrderParty.Role.SHIP_TO).first()
    form = AddressForm(party, request.POST)
    if not form.is_valid():
        return _page(request, order, address_form=form)
    changed = form.has_changed()
    return _answer(
        request, order, lambda: edit_order(order, address=form.address, by=str(request.user), now=timezone.now()),
        "The address is saved. The store's own address does not overwrite it." if changed else "",
        name="address_form", form=form,
    )  # fmt: skip


def _use_store_address(request: PanelRequest, order: Order) -> HttpResponse:
    try:
        asked = use_store_address(order, by=str(request.user), now=timezone.now())
    except OrderError as error:
        messages.error(request, str(error))
    else:
        said = "The warehouse is asked to use the store's address. Its answer shows here."
        messages.success(request, said if asked else "The store's address is used, and followed from now on.")
    return redirect(panel_url(request.account, "orders:order", pk=order.pk))


@may(May.WORK_ORDERS)
@require_POST
def details(request: PanelRequest, pk: int) -> HttpResponse:
    order = _order(request, pk)
    form = DetailsForm(order, request.POST)
    if not form.is_valid():
        return _page(request, order, details_form=form)
    changes = form.changes
    return _answer(
        request, order, lambda: edit_order(order, by=str(request.user), now=timezone.now(), **changes),
        "Saved." if changes else "", name="details_form", form=form,
    )  # fmt: skip


@may(May.WORK_ORDERS)
@require_POST
def stop(request: PanelRequest, pk: int) -> HttpResponse:
    order = _order(request, pk)
    return _answer(
        request, order, lambda: ask_to_stop(order, by=str(request.user), now=timezone.now()),
        "The warehouse is asked to stop. Its answer shows here.",
    )  # fmt: skip


@may(May.SYNC)
@require_POST
def try_one(request: PanelRequest, pk: int) -> HttpResponse:
    order = _order(request, pk)
    return _answer(
        request, order, lambda: try_order(order, by=str(request.user), now=timezone.now()),
        f"Order {order.number} goes through alone, as a try. The timeline shows each step.",
    )  # fmt: skip


# --- what left -------------------------------------------------------------------------------------------------------


def _fulfillment(request: PanelRequest, order: Order, pk: int) -> Fulfillment:
    return get_object_or_404(Fulfillment.objects.for_account(request.account), pk=pk, order=order)


@may(May.SHIP)
@require_POST
def void(request: PanelRequest, pk: int, fulfillment: int) -> HttpResponse:
    order = _order(request, pk)
    row = _fulfillment(request, order, fulfillment)
    return _answer(
        request, order, lambda: fulfilling.void(row, by=str(request.user), now=timezone.now()),
        "The shipment is taken back; its pieces can ship again.",
    )  # fmt: skip


@may(May.SHIP)
@require_POST
def correct(request: PanelRequest, pk: int, fulfillment: int) -> HttpResponse:
    order = _order(request, pk)
    row = _fulfillment(request, order, fulfillment)
    form = CorrectForm(row, request.POST)
    name = f"correct_{row.pk}"
    if not form.is_valid():
        return _page(request, order, **{name: form})
    data = form.cleaned_data
    return _answer(
        request, order,
        lambda: fulfilling.correct(
            row, carrier=data["carrier"], service=data["service"], parcels=data["parcels"], by=str(request.user),
            now=timezone.now(),
        ),
        "Corrected." if form.has_changed() else "", name=name, form=form,
    )  # fmt: skip


@may(May.SHIP)
@require_POST
def tell(request: PanelRequest, pk: int, fulfillment: int) -> HttpResponse:
    order = _order(request, pk)
    row = _fulfillment(request, order, fulfillment)
    return _answer(
        request, order, lambda: fulfilling.tell_again(row, by=str(request.user), now=timezone.now()),
        f"{order.store.name} is told again now.",
    )  # fmt: skip
