"""All orders: the list, a pasted list of numbers, and what is done to several orders at once."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_GET, require_POST

from fcp.listing import Rows
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may, refuse
from inventory.models import Warehouse
from mappings.ship_codes import ship_codes_of

from ..errors import OrderError
from ..forms import BulkForm
from ..holding import edit_order, lift_hold, place_hold
from ..holds import KINDS, HoldKind
from ..models import Hold, Order, ShippingRequest
from ..models.orders import number_key_of
from ..models.shipping import UNSETTLED
from ..packing import slips_of
from ..tables import FOUND, ORDERS, PASTED, chosen_orders, found_ids, numbers_in

AT_ONCE = 200  # orders that one press changes


@require_GET
def orders(request: PanelRequest) -> HttpResponseBase:
    rows = Order.objects.for_account(request.account)
    context = bulk_choices(request) | {"search": _what_was_found(request)}
    return ORDERS.answer(request, rows, title="All orders", context=context)


def bulk_choices(request: PanelRequest) -> dict[str, Any]:
    """What the bar below a list of orders offers."""
    if May.WORK_ORDERS not in request.rights:
        return {"bulk_action": panel_url(request.account, "orders:bulk")}
    return {
        "bulk_action": panel_url(request.account, "orders:bulk"),
        "warehouses": Warehouse.objects.for_account(request.account)[:200],
        "ship_codes": ship_codes_of(request.account),
    }


def _what_was_found(request: PanelRequest) -> dict[str, Any]:
    """Which of the pasted numbers are not here, and whether a search found more than it looks at."""
    text = request.GET.get("q", "").replace("\x00", "")
    numbers = numbers_in(text)
    if numbers:
        here = Order.objects.for_account(request.account).filter(number_key__in=numbers[:PASTED])
        known = set(here.values_list("number_key", flat=True))
        missing = [number for number in numbers[:PASTED] if number not in known] if known else []
        return {"missing": missing, "said": _not_here(missing, len(numbers))}
    many = bool(text.strip()) and len(found_ids(request.account, text)) >= FOUND
    return {"many": FOUND if many else 0}


def _not_here(missing: Sequence[str], asked: int) -> str:
    more = f" and {len(missing) - 20} more" if len(missing) > 20 else ""
    return f"{len(missing)} of {asked} numbers are not here: {', '.join(missing[:20])}{more}."


@require_POST
def paste(request: PanelRequest) -> HttpResponse:
    """A pasted list of numbers becomes the list's search, so that the address can be kept and sent."""
    text = request.POST.get("numbers", "").replace("\x00", "")
    numbers = numbers_in(f"{text} ,") or [number_key_of(text)]
    if len(numbers) > PASTED:
        messages.warning(request, f"Only the first {PASTED} of {len(numbers):,} numbers are looked for.")
    query = urlencode({"q": " ".join(numbers[:PASTED])}) if any(numbers) else ""
    return redirect(f"{panel_url(request.account, 'orders:orders')}?{query}")


# --- several at once -------------------------------------------------------------------------------------------------

Act = Callable[[Order, BulkForm, str, dt.datetime], None]


def _hold(order: Order, form: BulkForm, by: str, now: dt.datetime) -> None:
    place_hold(order, HoldKind.CLIENT, form.cleaned_data["note"], by=by, now=now)


def _lift(order: Order, form: BulkForm, by: str, now: dt.datetime) -> None:
    """Lift what a person may lift; an OrderError says what still holds it."""
    holds = list(Hold.objects.open().filter(order=order).order_by("pk"))
    by_hand = [hold for hold in holds if KINDS[HoldKind(hold.kind)].liftable]
    for hold in by_hand:
        lift_hold(hold, by=by, now=now)
    if not holds:
        raise OrderError("It is not held.")
    if len(by_hand) < len(holds):
        rest = next(hold for hold in holds if hold not in by_hand)
        raise OrderError(f"It still waits: {HoldKind(rest.kind).in_sentence}.")


def _ship_code(order: Order, form: BulkForm, by: str, now: dt.datetime) -> None:
    edit_order(order, ship_code=form.cleaned_data["ship_code"], by=by, now=now)


def _warehouse(order: Order, form: BulkForm, by: str, now: dt.datetime) -> None:
    edit_order(order, warehouse=form.cleaned_data["warehouse"], by=by, now=now)


# What the button does, the field it needs with what is asked for, and how it is said.
ACTS: dict[str, tuple[Act, str, str, str]] = {
    "hold": (_hold, "note", "Say why the orders are held, so that the next person knows.", "held"),
    "lift": (_lift, "", "", "no longer held"),
    "ship_code": (_ship_code, "ship_code", "Choose a ship code.", "changed"),
    "warehouse": (_warehouse, "warehouse", "Choose a warehouse.", "changed"),
}


@require_POST
def bulk(request: PanelRequest) -> HttpResponseBase:
    """One thing done to the chosen orders; those that cannot take it are said with the reason, the others go."""
    chosen, do = chosen_orders(request, request.account), request.POST.get("do", "")
    if do == "export":
        return ORDERS.file_of(request, chosen)
    if do == "slips":
        return _slips(request, chosen)
    if May.WORK_ORDERS not in request.rights:
        return refuse(request, May.WORK_ORDERS)
    ids = [order.pk for order in chosen.order_by(*ORDERS.order)[: AT_ONCE + 1]]
    form = BulkForm(request.account, request.POST)
    if do not in ACTS or not ids:
        messages.error(request, "Choose the orders first, then what to do with them.")
    elif len(ids) > AT_ONCE:
        messages.error(request, f"That is more than {AT_ONCE} orders at once. Narrow the list, or go page by page.")
    elif not form.is_valid() or (ACTS[do][1] and not form.cleaned_data[ACTS[do][1]]):
        messages.error(request, " ".join(f"{e[0]}" for e in form.errors.values()) or ACTS[do][2])
    else:
        _do(request, do, list(Order.objects.for_account(request.account).filter(pk__in=ids).order_by("pk")), form)
    return redirect(_back(request))


def _do(request: PanelRequest, do: str, orders: Sequence[Order], form: BulkForm) -> None:
    act, _, _, done = ACTS[do]
    refused: Counter[str] = Counter()
    for order in orders:
        try:
            act(order, form, str(request.user), timezone.now())
        except OrderError as error:
            refused[str(error)] += 1
    gone = len(orders) - refused.total()
    if gone:
        messages.success(request, f"{gone} {'order is' if gone == 1 else 'orders are'} {done}.")
    for reason, number in refused.most_common(3):
        messages.warning(request, f"Not {number} of them: {reason}" if number > 1 or gone else reason)


@may(May.SHIP)
def _slips(request: PanelRequest, chosen: Rows) -> HttpResponse:
    """Packing slips of what the chosen orders' warehouses have in hand or were offered."""
    ids = [order.pk for order in chosen.order_by(*ORDERS.order)[:AT_ONCE]]
    rows = ShippingRequest.objects.for_account(request.account).filter(order__in=ids, state__in=UNSETTLED)
    slips = slips_of(rows.select_related("warehouse", "order").order_by("order__placed_at", "pk"))
    if not slips:
        messages.warning(request, "None of these orders is with a warehouse, so there is nothing to pack yet.")
        return redirect(_back(request))
    return render(request, "orders/slips.html", {"slips": slips, "title": "Packing slips"})


def _back(request: PanelRequest) -> str:
    """The page the bar stood on; never another site."""
    back = request.POST.get("back", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return back
    return panel_url(request.account, "orders:orders")
