"""Where is my order? One field for any order number of any store, and the whole answer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from integrations.connectors.declaring import FlowKind
from integrations.models import Flow, Integration
from integrations.views.page import find
from integrations.where import ask_store, failed_records, hints_waiting, run_that_saw, take_in_now
from mappings.outside import OUTSIDE
from orders.setting_links import setting_links
from orders.whereabouts import Said, Whereabouts, seen

LONGEST = 100
AT_ONCE = 5  # stores that are asked by themselves where nobody has seen the order


@require_GET
def where(request: PanelRequest) -> HttpResponse:
    """The page; the answer alone for a refresh while an order is being read."""
    account, now = request.account, timezone.now()
    text = clean(request.GET.get("q", ""))
    found = seen(account, text, now) if text else []
    uids = [one.row.uid for one in found] + [clean(request.GET.get("uid", ""))]
    names = OUTSIDE.nicknames(account)
    hints = hints_waiting(account, uids) if text else []
    known = {one.store.pk for one in found}
    unseen = [one for one in integrations_of(account) if one.store_id not in known] if text else []
    context = {
        "text": text,
        "uid": uids[-1],
        "found": [shown(one, account, names) for one in found],
        "failed": failed_records(account, text, uids) if text else [],
        "hints": hints,
        "names": names,
        "unseen": unseen,
        "at_once": not found and not hints and len(unseen) <= AT_ONCE,
        "lead": "One field for any order number of any of your stores: whether it was seen, and why it is here or not.",
    }
    template = "integrations/parts/where_answer.html" if request.htmx else "integrations/where.html"
    return render(request, template, context)


def clean(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())[:LONGEST]


def integrations_of(account: Account) -> list[Integration]:
    return list(Integration.objects.for_account(account).select_related("store").order_by("nickname", "pk"))


def shown(one: Whereabouts, account: Account, names: Any) -> dict[str, Any]:
    """One order that was seen, as the template shows it."""
    integration = Integration.objects.for_account(account).filter(store=one.store).first()
    return {
        "one": one,
        "name": names.get(one.store.pk, one.store.name),
        "integration": integration,
        "run": run_that_saw(one.row),
        "conditions": linked(one.conditions, account, one.store.pk),
        "store_page": one.store.page_of_order(one.row.uid),
        "may_ask": integration is not None,
    }


def linked(conditions: Any, account: Account, store_id: int) -> list[tuple[Said, str]]:
    """Each condition with the address of its setting."""
    links = setting_links(account) if conditions else None
    return [(one, links(store_id, one.setting) if links else "") for one in conditions]


@may(May.SYNC)
@require_POST
def ask(request: PanelRequest, pk: int) -> HttpResponse:
    """What the store itself says of this number, as a part of the page."""
    integration = find(request, pk)
    text = clean(request.POST.get("q", ""))
    asked = ask_store(integration, text, timezone.now(), clean(request.POST.get("uid", "")))
    context = {
        "asked": asked,
        "conditions": linked(asked.conditions, request.account, integration.store_id),
        "text": text,
        "flow_is_on": Flow.objects.filter(integration=integration, kind=FlowKind.ORDERS).on().exists(),
    }
    return render(request, "integrations/parts/where_asked.html", context)


@may(May.SYNC)
@require_POST
def take(request: PanelRequest, pk: int) -> HttpResponse:
    """ "Take it in now": the flow reads this order, and decides as always."""
    integration = find(request, pk)
    text, uid = clean(request.POST.get("q", "")), clean(request.POST.get("uid", ""))
    if uid:
        take_in_now(integration, uid, by=str(request.user), now=timezone.now())
        messages.success(request, f"It is read from {integration.nickname} now.")
    query = urlencode({"q": text, "uid": uid})
    return redirect(f"{panel_url(request.account, 'integrations:where')}?{query}")
