"""All orders: the list, a pasted list of numbers, and what is done to several orders at once."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_GET, require_POST

from fcp.keyset import walk
from fcp.listing import Rows
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may, refuse
from inventory.models import Warehouse
from mappings.ship_codes import ship_codes_of

from ..errors import OrderError
from ..forms import BulkForm, BulkHoldForm
from ..holding import Done, edit_order, lift_holds, place_holds
from ..holds import HoldKind
from ..labels import until_words
from ..models import Order, ShippingRequest
from ..models.orders import number_key_of
from ..models.shipping import UNSETTLED
from ..packing import slips_of
from ..tables import FOUND, ORDERS, PASTED, chosen_orders, found_ids, numbers_in
from .order import refuse_kind

AT_ONCE = 200  # orders that one press edits, and that are held or lifted in one transaction
SECONDS = 20.0  # that a person waits for one press
REASONS = 3  # that are said


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
        "bulk_hold": BulkHoldForm(request.account, request.rights, timezone.now()),
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
    are = "is" if len(missing) == 1 else "are"
    return f"{len(missing)} of {asked} numbers {are} not here: {', '.join(missing[:20])}{more}."


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


def _ship_code(order: Order, form: BulkForm, by: str, now: dt.datetime) -> None:
    edit_order(order, ship_code=form.cleaned_data["ship_code"], by=by, now=now)


def _warehouse(order: Order, form: BulkForm, by: str, now: dt.datetime) -> None:
    edit_order(order, warehouse=form.cleaned_data["warehouse"], by=by, now=now)


# What the button does, the field it needs with what is asked for, and how it is said.
ACTS: dict[str, tuple[Act, str, str, str]] = {
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
    if ids and do in ("hold", "lift"):
        return _hold(request, chosen) if do == "hold" else _lift(request, chosen)
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


def _hold(request: PanelRequest, chosen: Rows) -> HttpResponseBase:
    """Hold the chosen orders, any number of them."""
    if refused := refuse_kind(request, request.POST.get("kind", "")):
        return refused
    now, by = timezone.now(), str(request.user)
    form = BulkHoldForm(request.account, request.rights, now, request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(errors[0]) for errors in form.errors.values()))
        return redirect(_back(request))
    data = form.cleaned_data
    kind, until = HoldKind(data["kind"]), data["until"]

    def hold(ids: Sequence[int]) -> Done:
        return place_holds(ids, request.account.pk, kind, data["note"], by=by, now=now, until=until)

    return _in_batches(request, chosen, hold, f"held until {until_words(until)}" if until else "held")


def _lift(request: PanelRequest, chosen: Rows) -> HttpResponseBase:
    """Lift what this person may lift of the chosen orders, any number of them."""
    now, by = timezone.now(), str(request.user)

    def lift(ids: Sequence[int]) -> Done:
        return lift_holds(ids, request.account.pk, request.rights, by=by, now=now)

    return _in_batches(request, chosen, lift, "no longer held")


def _in_batches(request: PanelRequest, chosen: Rows, act: Callable[[Sequence[int]], Done], said: str) -> HttpResponse:
    """Each batch in its own transaction, for as long as a person waits; what is left is said, and is done when pressed
    again: those that are done already do not mind.
    """
    every = (order.pk for order in walk(chosen, ORDERS.order, AT_ONCE))
    ends, total, left = time.monotonic() + SECONDS, Done(), False
    while ids := list(islice(every, AT_ONCE)):
        if time.monotonic() > ends:
            left = True
            break
        total.add(act(ids))
    _say(request, total, said)
    if left:
        messages.warning(request, "There are more than could be done at once. Press it again to go on with the rest.")
    return redirect(_back(request))


def _say(request: PanelRequest, total: Done, said: str) -> None:
    """How many, how many not, and why."""
    if total.done:
        messages.success(request, f"{total.done:,} {'order is' if total.done == 1 else 'orders are'} {said}.")
    for reason, number in total.refused.most_common(REASONS):
        messages.warning(request, f"Not {number:,} of them: {reason}" if number > 1 or total.done else reason)
    if others := sum(number for _, number in total.refused.most_common()[REASONS:]):
        messages.warning(request, f"Not {others:,} of them, for other reasons.")


def _do(request: PanelRequest, do: str, orders: Sequence[Order], form: BulkForm) -> None:
    act, _, _, done = ACTS[do]
    refused: Counter[str] = Counter()
    for order in orders:
        try:
            act(order, form, str(request.user), timezone.now())
        except OrderError as error:
            refused[str(error)] += 1
    _say(request, Done(len(orders) - refused.total(), refused), done)


@may(May.SHIP)
def _slips(request: PanelRequest, chosen: Rows) -> HttpResponse:
    """Packing slips of what the chosen orders' warehouses have in hand or were offered."""
    ids = [order.pk for order in chosen.order_by(*ORDERS.order)[: AT_ONCE + 1]]
    rows = ShippingRequest.objects.for_account(request.account).filter(order__in=ids[:AT_ONCE], state__in=UNSETTLED)
    slips = slips_of(rows.select_related("warehouse", "order").order_by("order__placed_at", "pk"))
    if not slips:
        messages.warning(request, "None of these orders is with a warehouse, so there is nothing to pack yet.")
        return redirect(_back(request))
    context = {"slips": slips, "more": len(ids) > AT_ONCE, "title": "Packing slips"}
    return render(request, "orders/slips.html", context)


def _back(request: PanelRequest) -> str:
    """The page the bar stood on; never another site."""
    back = request.POST.get("back", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return back
    return panel_url(request.account, "orders:orders")
