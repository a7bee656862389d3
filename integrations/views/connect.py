"""Connecting a store from the panel: the catalogue, the way in, what answered, the name; and a new key later on.

What the person gave is checked by calling the store before anything is saved. Between that and Save it waits in the
session, encrypted, half an hour at most, and never goes back to the browser.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import InvalidToken
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from fcp.errors import SyncError
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from fcp.secrets import key_ring
from integrations import connecting
from integrations.connectors import CONNECTORS, connector_class, platforms
from integrations.connectors.base import Connected, Platform, WayIn
from integrations.errors import IntegrationError
from integrations.forms import NameForm, WayForm
from integrations.models import Integration
from integrations.nicknames import nickname_for
from integrations.reach import app_secrets
from integrations.settings_document import document_of
from integrations.views.page import find, logo_of, platform_of, show

PENDING = "connecting"
LASTS = 30 * 60  # seconds


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
    """The first way in that is offered; the page leads to the others."""
    first = ways_of(_platform(platform))[0]
    return redirect(panel_url(request.account, "integrations:add_way", platform=platform, way=first.key))


def ways_of(platform: Platform) -> list[WayIn]:
    """Ways that need the operator's app only where there is one."""
    app = bool(app_secrets(platform.key).client_id)
    return [way for way in platform.ways_in if (app or not way.needs_app) and not way.redirect]


def _platform(key: str) -> Platform:
    if key not in CONNECTORS:
        raise Http404
    return connector_class(key).platform


def _way(platform: Platform, key: str) -> WayIn:
    for way in ways_of(platform):
        if way.key == key:
            return way
    raise Http404


@may(May.CONNECT)
def way_page(request: PanelRequest, platform: str, way: str) -> HttpResponse:
    """Steps of help beside the fields. What is given is tried on the store before anything is saved."""
    found = _platform(platform)
    chosen = _way(found, way)
    form = WayForm(request.account, found, chosen, request.POST or None, staff=request.user.is_staff)
    if request.method == "POST" and form.is_valid():
        connected = _asked(form, found, chosen)
        if connected is not None:
            _keep(request, form, found, chosen, connected)
            return redirect(panel_url(request.account, "integrations:add_name", platform=platform, way=way))
    return render(request, "integrations/way.html", _way_context(request, found, chosen, form))


def _way_context(request: PanelRequest, platform: Platform, way: WayIn, form: WayForm) -> dict[str, Any]:
    others = [
        {
            "label": other.label,
            "url": panel_url(request.account, "integrations:add_way", platform=platform.key, way=other.key),
            "active": other.key == way.key,
        }
        for other in ways_of(platform)
    ]
    return {
        "platform": platform,
        "logo": logo_of(platform.key),
        "way": way,
        "ways": others,
        "form": form,
        "crumbs": [
            ("Integrations", panel_url(request.account, "integrations:integrations")),
            ("Add Integration", panel_url(request.account, "integrations:add")),
        ],
    }


def _asked(form: WayForm, platform: Platform, way: WayIn) -> Connected | None:
    """What the store says of itself, or None with the reason on the form."""
    try:
        return connecting.ask_store(platform.key, way.key, form.received, timezone.now(), form.api_url)
    except SyncError as error:
        form.add_error(None, error.sentence)
        return None


def _keep(request: PanelRequest, form: WayForm, platform: Platform, way: WayIn, connected: Connected) -> None:
    secret = json.dumps({"received": form.received, "api_url": form.api_url}).encode()
    request.session[PENDING] = {
        "account": request.account.pk,
        "platform": platform.key,
        "way": way.key,
        "sealed": key_ring().encrypt(secret).decode(),
        "store": {
            "name": connected.name,
            "currency": connected.currency,
            "time_zone": connected.time_zone,
            "variant": platform.variants.get(connected.variant, connected.variant),
            "url": connected.url,
        },
    }


def _kept(request: PanelRequest, platform: str, way: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """What waits for Save: facts of the store, and what was given. None when it is too old, or of another place."""
    pending = request.session.get(PENDING) or {}
    if (pending.get("account"), pending.get("platform"), pending.get("way")) != (request.account.pk, platform, way):
        return None
    try:
        opened = key_ring().decrypt(pending["sealed"].encode(), ttl=LASTS)
    except InvalidToken:
        return None
    return pending["store"], json.loads(opened)


@may(May.CONNECT)
def name_page(request: PanelRequest, platform: str, way: str) -> HttpResponse:
    """What answered, and what to call it. Save makes the integration, with every flow off."""
    found = _platform(platform)
    chosen = _way(found, way)
    kept = _kept(request, platform, way)
    if kept is None:
        messages.info(request, "That took a while. Please give the key once more; nothing was saved.")
        return redirect(panel_url(request.account, "integrations:add_way", platform=platform, way=way))
    store, given = kept
    form = NameForm(request.POST or None, initial={"name": store["name"]})
    if request.method == "POST" and form.is_valid():
        integration = _connect(request, found, chosen, given, form)
        if integration is not None:
            request.session.pop(PENDING, None)
            messages.success(
                request, f"{integration.name} is connected. Its flows are off until you finish the set-up."
            )
            return redirect(panel_url(request.account, "integrations:setup", pk=integration.pk))
    context = _way_context(request, found, chosen, WayForm(request.account, found, chosen)) | {
        "form": form,
        "store": store,
        "nickname": nickname_for(request.account, form["name"].value() or store["name"], found.label),
    }
    return render(request, "integrations/name.html", context)


def _connect(
    request: PanelRequest, platform: Platform, way: WayIn, given: dict[str, Any], form: NameForm
) -> Integration | None:
    try:
        return connecting.connect(
            request.account, platform.key, way.key, given["received"],
            by=str(request.user), now=timezone.now(), name=form.cleaned_data["name"], api_url=given["api_url"],
        )  # fmt: skip
    except (SyncError, IntegrationError) as error:
        form.add_error(None, error.sentence)
        return None


# --- another key --------------------------------------------------------------------------------------------------


@may(May.CONNECT)
def reconnect(request: PanelRequest, pk: int, way: str = "") -> HttpResponse:
    """Give a connected store another key. Blocked flows go on at once; nothing else changes."""
    integration = find(request, pk)
    platform = platform_of(integration)
    chosen = _way(platform, way) if way else _present_way(integration, platform)
    form = WayForm(request.account, platform, chosen, request.POST or None, initial=_known(integration), staff=False)
    if request.method == "POST" and form.is_valid():
        try:
            _reconnect(request, integration, chosen, form)
        except (SyncError, IntegrationError) as error:
            form.add_error(None, error.sentence)
        else:
            messages.success(request, f"{integration.name} has a new key. Its flows go on.")
            return redirect(panel_url(request.account, "integrations:advanced", pk=pk))
    ways = [
        {
            "label": other.label,
            "url": panel_url(request.account, "integrations:reconnect_by", pk=pk, way=other.key),
            "active": other.key == chosen.key,
        }
        for other in ways_of(platform)
    ]
    context = {"form": form, "way": chosen, "ways": ways}
    return show(request, integration, "advanced", "integrations/reconnect.html", context)


def _present_way(integration: Integration, platform: Platform) -> WayIn:
    """The way in that the present key came by, or the first."""
    kinds = set(integration.credentials.values_list("kind", flat=True))
    ways = ways_of(platform)
    return next((way for way in ways if way.key in kinds), ways[0])


def _known(integration: Integration) -> dict[str, str]:
    """Ids that are no secret: the person only has to paste the new key."""
    store = integration.store
    return {"site_id": store.uid, "instance_id": store.install_uid}


def _reconnect(request: PanelRequest, integration: Integration, way: WayIn, form: WayForm) -> None:
    """At the address where this store is reached. Raises SyncError and IntegrationError."""
    address = document_of(integration).get("api_url") or ""
    connecting.reconnect(integration, way.key, form.received, by=str(request.user), now=timezone.now(), api_url=address)
