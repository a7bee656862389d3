"""Connecting a store from the panel: the catalogue, the way in, what answered, the name; and a new key later on.

What the person gave is checked by calling the store before anything is saved. Between that and Save it waits in the
session (`integrations.ways`). A way whose first page is the store's own leaves the panel, and comes back by
`integrations.views.install`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from fcp.errors import SyncError
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from integrations import connecting, ways
from integrations.connection_flow import connect_as_chosen, flows_in_words
from integrations.connectors import CONNECTORS, connector_class, platforms
from integrations.connectors.declaring import Platform, WayIn
from integrations.connectors.shapes import Connected
from integrations.errors import IntegrationError
from integrations.models import Integration
from integrations.nicknames import nickname_for
from integrations.reach import app_secrets, stand_in_address
from integrations.settings_document import document_of
from integrations.views.install import leave
from integrations.views.page import find, logo_of, platform_of, show
from integrations.way_forms import NameForm, WayForm


@dataclass(frozen=True, slots=True)
class Tile:
    platform: Platform
    logo: str
    url: str


@may(May.CONNECT)
def catalogue(request: PanelRequest) -> HttpResponse:
    """The platforms; `q` finds one by its name."""
    text = " ".join(request.GET.get("q", "").split())[:60]
    found = [cls.platform for cls in platforms()]
    if text:
        found = [p for p in found if text.lower() in f"{p.label} {p.summary}".lower()]
    tiles = [
        Tile(p, logo_of(p.key), panel_url(request.account, "integrations:add_platform", platform=p.key)) for p in found
    ]
    template = "integrations/parts/tiles.html" if request.htmx else "integrations/catalogue.html"
    return render(request, template, {"tiles": tiles, "text": text})


@may(May.CONNECT)
def platform_page(request: PanelRequest, platform: str) -> HttpResponse:
    """Where Add leads: the flows, or the first way in that is offered. Each page leads to the other."""
    found = platform_named(platform)
    if found.flows_first:
        return redirect(panel_url(request.account, "integrations:add_flows", platform=platform))
    first = ways_of(found, staff=request.user.is_staff)[0]
    return redirect(panel_url(request.account, "integrations:add_way", platform=platform, way=first.key))


def ways_of(platform: Platform, *, staff: bool = False) -> list[WayIn]:
    """Ways that need the operator's app only where there is one; some only for the operator's people."""
    app = bool(app_secrets(platform.key).client_id)
    return [way for way in platform.ways_in if (app or not way.needs_app) and (staff or not way.staff_only)]


def platform_named(key: str) -> Platform:
    if key not in CONNECTORS:
        raise Http404
    return connector_class(key).platform


def way_named(request: PanelRequest, platform: Platform, key: str) -> WayIn:
    for way in ways_of(platform, staff=request.user.is_staff):
        if way.key == key:
            return way
    raise Http404


@may(May.CONNECT)
def way_page(request: PanelRequest, platform: str, way: str) -> HttpResponse:
    """Steps of help beside the fields. What is given is tried on the store before anything is saved.

    Where the flows were chosen before (`flows` names them), the store is connected as soon as it has answered.
    """
    found = platform_named(platform)
    chosen_way = way_named(request, found, way)
    chosen, gone = chosen_before(request, found)
    if gone:
        return gone
    given = request.POST if request.method == "POST" and not chosen_way.redirect else None
    form = WayForm(request.account, found, chosen_way, given, staff=request.user.is_staff)
    if form.is_valid():
        address = form.api_url or stand_in_address(platform, way, form.received)
        connected = _asked(form, found, chosen_way, address)
        if connected is not None and chosen:
            integration = _as_chosen(request, form, chosen, connected, address)
            if integration is not None:
                return redirect(panel_url(request.account, "integrations:next", pk=integration.pk))
        elif connected is not None:
            arrival = ways.Arrival.of(
                found, way, form.received, connected,
                api_url=address, user=request.user.pk, account=request.account.pk,
            )  # fmt: skip
            key = ways.keep(request.session, arrival)
            name = panel_url(request.account, "integrations:add_name", platform=platform, way=way)
            return redirect(f"{name}?store={key}")
    return render(request, "integrations/way.html", _way_context(request, found, chosen_way, form, chosen))


def chosen_before(request: PanelRequest, platform: Platform) -> tuple[ways.Chosen | None, HttpResponse | None]:
    """The flows that were chosen for this store, or where to go when they are named and do not wait any more."""
    key = request.GET.get("flows", "")
    if not key:
        return None, None
    chosen = ways.chosen(request.session, key)
    if chosen and (chosen.platform, chosen.user, chosen.account) == (platform.key, request.user.pk, request.account.pk):
        return chosen, None
    ended = ways.ended(request.session, key)
    if ended and ended.integration:  # the other tab was faster, or it is sent a second time
        made = Integration.objects.for_account(request.account).filter(pk=ended.integration).first()
        if made:
            return None, redirect(panel_url(request.account, "integrations:next", pk=made.pk))
    messages.info(request, "That took a while. Please choose the flows once more; nothing was connected.")
    return None, redirect(panel_url(request.account, "integrations:add_flows", platform=platform.key))


def _as_chosen(
    request: PanelRequest, form: WayForm, chosen: ways.Chosen, connected: Connected, address: str
) -> Integration | None:
    """The integration, or None with the reason on the form."""
    try:
        integration = connect_as_chosen(
            request.account, chosen, connected, by=str(request.user), now=timezone.now(), api_url=address
        )
    except IntegrationError as error:
        form.add_error(None, error.sentence)
        return None
    ways.end(request.session, request.GET["flows"], ways.Ended(integration=integration.pk))
    ways.forget(request.session, request.GET["flows"])
    return integration


def _way_context(
    request: PanelRequest, platform: Platform, way: WayIn, form: WayForm, chosen: ways.Chosen | None
) -> dict[str, Any]:
    account, key = request.account, request.GET.get("flows", "")
    after = f"?flows={key}" if chosen else ""
    others = [
        {
            "label": other.label,
            "url": panel_url(account, "integrations:add_way", platform=platform.key, way=other.key) + after,
            "active": other.key == way.key,
        }
        for other in ways_of(platform, staff=request.user.is_staff)
    ]
    return {
        "platform": platform,
        "logo": logo_of(platform.key),
        "way": way,
        "ways": others,
        "form": form,
        "refused": _refusal(request, platform),
        "begin": panel_url(account, "integrations:add_begin", platform=platform.key, way=way.key) + after,
        "market": app_secrets(platform.key).market_url,
        "flows_page": chosen_page(account, platform, way, chosen) + after,
        "chosen": flows_in_words(platform, chosen) if chosen else None,
        "waits": waits(request, platform, way, key) if chosen and way.redirect else None,
        "crumbs": [
            ("Integrations", panel_url(account, "integrations:integrations")),
            ("Add Integration", panel_url(account, "integrations:add")),
        ],
    }


def chosen_page(account: Account, platform: Platform, way: WayIn, chosen: ways.Chosen | None) -> str:
    """Where what was chosen before can be changed: New Setup, or the page Connection Flow Settings."""
    if chosen and chosen.given:
        return panel_url(account, "integrations:new_setup_by", platform=platform.key, way=way.key)
    return panel_url(account, "integrations:add_flows", platform=platform.key)


def waits(request: PanelRequest, platform: Platform, way: WayIn, key: str) -> dict[str, Any]:
    """How far it is with the store's own page in the other tab, for parts/connect_waits.html."""
    address = panel_url(request.account, "integrations:add_waiting", platform=platform.key, way=way.key)
    ended = ways.ended(request.session, key)
    return {
        "url": f"{address}?flows={key}",
        "begun": ways.is_begun(request.session, key),
        "refused": ended.sentence if ended else "",
    }


def _refusal(request: PanelRequest, platform: Platform) -> str:
    """Why this account may have no other store of the platform, before anybody makes a key for it."""
    try:
        connecting.check_may_have_another(request.account, platform)
    except IntegrationError as error:
        return error.sentence
    return ""


def _asked(form: WayForm, platform: Platform, way: WayIn, address: str) -> Connected | None:
    """What the store says of itself, or None with the reason on the form."""
    try:
        return connecting.ask_store(platform.key, way.key, form.received, timezone.now(), address)
    except SyncError as error:
        form.add_error(None, connecting.why_not(error))
        return None


@require_GET
@may(May.CONNECT)
def begin(request: PanelRequest, platform: str, way: str) -> HttpResponse:
    """Off to the store's own page, in a tab of its own."""
    found = platform_named(platform)
    if not way_named(request, found, way).redirect:
        return redirect(panel_url(request.account, "integrations:add_way", platform=platform, way=way))
    chosen, gone = chosen_before(request, found)
    if gone:
        return gone
    key = request.GET["flows"] if chosen else ""
    ways.renew(request.session, key)
    ways.begin_again(request.session, key)
    return leave(request, ways.State(platform, way, user=request.user.pk, account=request.account.pk, chosen=key))


@may(May.CONNECT)
def name_page(request: PanelRequest, platform: str, way: str) -> HttpResponse:
    """What answered, and what to call it. Save makes the integration, with every flow off."""
    found = platform_named(platform)
    chosen = way_named(request, found, way)
    key = request.GET.get("store", "")
    arrival = ways.arrival(request.session, key)
    if arrival is None or (arrival.account, arrival.way) != (request.account.pk, way):
        messages.info(request, "That took a while. Please give the key once more; nothing was saved.")
        return redirect(panel_url(request.account, "integrations:add_way", platform=platform, way=way))
    form = NameForm(request.POST or None, initial={"name": arrival.store["name"]})
    if request.method == "POST" and form.is_valid():
        integration = _connect(request, arrival, form)
        if integration is not None:
            ways.forget(request.session, key)
            messages.success(request, connected_text(integration))
            return redirect(panel_url(request.account, "integrations:setup", pk=integration.pk))
    context = {
        "form": form,
        "store": arrival.store,
        "platform": found,
        "way": chosen,
        "back": panel_url(request.account, "integrations:add_way", platform=platform, way=way),
        "nickname": nickname_for(request.account, form["name"].value() or arrival.store["name"], found.label),
    }
    return render(request, "integrations/name.html", context)


def connected_text(integration: Integration) -> str:
    return f"{integration.name} is connected. Its flows are off until you finish the set-up."


def _connect(request: PanelRequest, arrival: ways.Arrival, form: NameForm) -> Integration | None:
    try:
        return connecting.make_integration(
            request.account, arrival.platform, arrival.connected,
            by=str(request.user), now=timezone.now(), name=form.cleaned_data["name"], api_url=arrival.api_url,
        )  # fmt: skip
    except IntegrationError as error:
        form.add_error(None, error.sentence)
        return None


# --- another key --------------------------------------------------------------------------------------------------


@may(May.CONNECT)
def reconnect(request: PanelRequest, pk: int, way: str = "") -> HttpResponse:
    """Give a connected store another key. Blocked flows go on at once; nothing else changes."""
    integration = find(request, pk)
    platform = platform_of(integration)
    chosen = way_named(request, platform, way) if way else _present_way(request, integration, platform)
    given = request.POST if request.method == "POST" and not chosen.redirect else None
    form = WayForm(request.account, platform, chosen, given, initial=_known(integration, chosen), staff=False)
    if form.is_valid():
        try:
            _reconnect(request, integration, chosen, form)
        except (SyncError, IntegrationError) as error:
            form.add_error(None, connecting.why_not(error, connecting.KEEPS_ITS_KEY))
        else:
            messages.success(request, f"{integration.name} has a new key. Its flows go on.")
            return redirect(panel_url(request.account, "integrations:advanced", pk=pk))
    others = [
        {
            "label": other.label,
            "url": panel_url(request.account, "integrations:reconnect_by", pk=pk, way=other.key),
            "active": other.key == chosen.key,
        }
        for other in ways_of(platform, staff=request.user.is_staff)
    ]
    begin_at = panel_url(request.account, "integrations:reconnect_begin", pk=pk, way=chosen.key)
    context = {"form": form, "way": chosen, "ways": others, "begin": begin_at}
    return show(request, integration, "advanced", "integrations/reconnect.html", context)


def _present_way(request: PanelRequest, integration: Integration, platform: Platform) -> WayIn:
    """The way in that brings a key like the present one, or the first."""
    kinds = set(integration.credentials.values_list("kind", flat=True))
    offered = ways_of(platform, staff=request.user.is_staff)
    return next((way for way in offered if (way.kind or way.key) in kinds), offered[0])


def _known(integration: Integration, way: WayIn) -> dict[str, str]:
    """Ids that are no secret: the person only has to paste the new key."""
    said = {"store_uid": integration.store.uid, "install_uid": integration.store.install_uid}
    return {field.key: said[field.said] for field in way.fields if field.said}


def _reconnect(request: PanelRequest, integration: Integration, way: WayIn, form: WayForm) -> None:
    """At the address where this store is reached. Raises SyncError and IntegrationError."""
    address = document_of(integration).get("api_url") or ""
    connecting.reconnect(integration, way.key, form.received, by=str(request.user), now=timezone.now(), api_url=address)


@require_GET
@may(May.CONNECT)
def reconnect_begin(request: PanelRequest, pk: int, way: str) -> HttpResponse:
    """The same by the store's own page."""
    integration = find(request, pk)
    chosen = way_named(request, platform_of(integration), way)
    if not chosen.redirect:
        return redirect(panel_url(request.account, "integrations:reconnect_by", pk=pk, way=way))
    state = ways.State(
        integration.store.platform, way, user=request.user.pk, account=request.account.pk, integration=pk
    )
    return leave(request, state)
