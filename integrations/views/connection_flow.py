"""Connecting a store with its flows chosen first: the page Connection Flow Settings, the tab that waits, what is next.

Between these pages stands the way in, as for every store (`integrations.views.connect`). Nothing needs a script: the
page that is left for the store's own asks the panel what became of it, and whoever has no script sees it in the tab
that comes back.
"""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRedirect

from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from integrations import ways
from integrations.connectors.declaring import FlowKind, Mode
from integrations.forms import FlowsForm
from integrations.guides import guide_to_begin_with, guide_to_go_on_with
from integrations.models import Flow, Integration
from integrations.setting_fields import mode_label
from integrations.views.connect import platform_named, waits, way_named, ways_of
from integrations.views.page import find, logo_of, platform_of, state_of, variant_label


@may(May.CONNECT)
def flows_page(request: PanelRequest, platform: str) -> HttpResponse:
    """Every flow off, the locations on; Next leads to the way in, and takes along what was chosen."""
    found = platform_named(platform)
    offered = ways_of(found, staff=request.user.is_staff)
    first = next((way for way in offered if way.redirect), offered[0])  # the store's own page, where there is one
    before = ways.chosen(request.session, request.GET.get("flows", ""))
    mine = before if before and (before.platform, before.account) == (found.key, request.account.pk) else None
    form = FlowsForm(request.account, found, request.POST or None, chosen=mine)
    if request.method == "POST" and form.is_valid():
        chosen = ways.Chosen(found.key, request.user.pk, request.account.pk, form.modes, form.cleaned_data["name"])
        key = ways.keep(request.session, chosen)
        way = panel_url(request.account, "integrations:add_way", platform=platform, way=first.key)
        return redirect(f"{way}?flows={key}")
    context = {
        "platform": found,
        "logo": logo_of(found.key),
        "form": form,
        "guide": guide_to_begin_with(found, first.key),
        "other_order": "" if found.flows_first else panel_url(
            request.account, "integrations:add_way", platform=platform, way=first.key
        ),
        "crumbs": [
            ("Integrations", panel_url(request.account, "integrations:integrations")),
            ("Add Integration", panel_url(request.account, "integrations:add")),
        ],
    }  # fmt: skip
    return render(request, "integrations/flows.html", context)


@require_GET
@may(May.CONNECT)
def waiting(request: PanelRequest, platform: str, way: str) -> HttpResponse:
    """Asked by the page that was left for the store's own: it goes on as soon as the store is connected."""
    found = platform_named(platform)
    chosen_way = way_named(request, found, way)
    key = request.GET.get("flows", "")
    ended = ways.ended(request.session, key)
    if ended and ended.integration:
        mine = Integration.objects.for_account(request.account).filter(pk=ended.integration)
        if not mine.exists():
            raise Http404
        there = panel_url(request.account, "integrations:next", pk=ended.integration)
        return HttpResponseClientRedirect(there) if request.htmx else redirect(there)
    if ways.chosen(request.session, key) is None:
        again = panel_url(request.account, "integrations:add_flows", platform=platform)
        return HttpResponseClientRedirect(again) if request.htmx else redirect(again)
    begin = panel_url(request.account, "integrations:add_begin", platform=platform, way=way)
    context = {
        "platform": found,
        "way": chosen_way,
        "begin": f"{begin}?flows={key}",
        "button": "Connect",
        "waits": waits(request, found, chosen_way, key),
    }
    return render(request, "integrations/parts/connect_waits.html", context)


@require_GET
@may(May.CONNECT)
def next_page(request: PanelRequest, pk: int) -> HttpResponse:
    """The store is connected: what runs, what is off, and how to go on: try it, read the guide, ask somebody."""
    integration = find(request, pk)
    platform = platform_of(integration)
    modes = dict(Flow.objects.filter(integration=integration).values_list("kind", "mode"))
    flows = [(offer, Mode(modes.get(offer.kind.value, Mode.DISABLED))) for offer in platform.flows]
    context = {
        "integration": integration,
        "platform": platform,
        "logo": logo_of(platform.key),
        "variant": variant_label(integration),
        "flows": [(one.kind.label, mode_label(one, mode, platform), one.always_on) for one, mode in flows],
        "off": [offer.kind.label for offer, mode in flows if mode is Mode.DISABLED],
        "orders_on": (FlowKind.ORDERS, Mode.PULL) in [(offer.kind, mode) for offer, mode in flows],
        "guide": guide_to_go_on_with(platform, integration.variant),
        **state_of(integration),
    }
    return render(request, "integrations/next.html", context)
