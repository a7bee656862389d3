"""Asking a store's owner to connect his store: the list in the panel, and what the owner sees behind the link."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fcp.errors import SyncError
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from integrations import ways
from integrations.connecting import why_not
from integrations.connectors import connector_class
from integrations.connectors.declaring import Platform, WayIn
from integrations.connectors.shapes import Connected
from integrations.errors import IntegrationError
from integrations.invitations import (
    SENTENCES,
    UNKNOWN,
    InvitationState,
    accept,
    invitation_of,
    invite,
    send_again,
    state_of,
)
from integrations.invitations import revoke as take_back
from integrations.models import Invitation
from integrations.reach import app_secrets, stand_in_address
from integrations.views.install import leave
from integrations.views.tries import note_refusal, too_many
from integrations.way_forms import InviteForm, WayForm

SHOWN = 200  # the latest
DONE = "invited"  # in the session: what this browser connected


@may(May.CONNECT)
@require_http_methods(["GET", "POST"])
def invitations(request: PanelRequest) -> HttpResponse:
    """The links that were sent, each with what became of it, and a form for one more."""
    now = timezone.now()
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            invite(
                request.account, asked["platform"], asked["email"],
                name=asked["name"], by=str(request.user), now=now,
            )  # fmt: skip
        except IntegrationError as error:
            form.add_error(error.field if error.field in form.fields else None, error.sentence)
        else:
            messages.success(request, f"The link is on its way to {asked['email']}. It works once, for seven days.")
            return redirect(_list(request))
    rows = Invitation.objects.for_account(request.account).select_related("integration")[:SHOWN]
    found = [(row, state_of(row, now), connector_class(row.platform).platform) for row in rows]
    return render(request, "integrations/invitations.html", {"form": form, "rows": found})


@require_POST
@may(May.CONNECT)
def revoke(request: PanelRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Invitation.objects.for_account(request.account), pk=pk)
    if take_back(one, by=str(request.user), now=timezone.now()):
        messages.success(request, f"The link that {one.email} has no longer works.")
    return redirect(_list(request))


@require_POST
@may(May.CONNECT)
def again(request: PanelRequest, pk: int) -> HttpResponse:
    """A new link to the same person."""
    one = get_object_or_404(Invitation.objects.for_account(request.account).select_related("account"), pk=pk)
    try:
        send_again(one, by=str(request.user), now=timezone.now())
    except IntegrationError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, f"{one.email} gets a new link. The one before no longer works.")
    return redirect(_list(request))


def _list(request: PanelRequest) -> str:
    return panel_url(request.account, "integrations:invitations")


# --- what the owner sees -------------------------------------------------------------------------------------------


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Who asks, and the ways in. Connecting needs no account here; afterwards there is nothing to see but thanks."""
    if too_many(request):
        response = render(request, "429.html", status=429)
        response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log the path, which may be good
        return response
    found = invitation_of(token)
    if found is None or (state := state_of(found, timezone.now())) is not InvitationState.WAITING:
        if found and request.session.get(DONE) == found.pk:
            return render(request, "integrations/invitation_done.html", _about(found))
        return _gone(request, SENTENCES[state] if found else UNKNOWN, 410 if found else 404)
    arrival = ways.arrival(request.session, request.GET.get("store", ""))
    if arrival and arrival.invitation == token:
        return _agreed(request, found, arrival)
    return _by_fields(request, found, token)


def _by_fields(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    """The ways in: what has to be typed, as a form, and those that begin at the store, as links."""
    platform = connector_class(found.platform).platform
    typed, others = _ways(platform)
    form = WayForm(found.account, platform, typed, request.POST or None) if typed else None
    if form and typed and form.is_valid():
        address = stand_in_address(platform.key, typed.key, form.received)
        if _connected(request, found, typed.key, form.received, address, form):
            return redirect(request.path)
    links = [(way, reverse("install:invitation_begin", kwargs={"token": token, "way": way.key})) for way in others]
    context = {**_about(found), "form": form, "way": typed, "links": links}
    return render(request, "integrations/invitation.html", context)


def _agreed(request: HttpRequest, found: Invitation, arrival: ways.Arrival) -> HttpResponse:
    """He came back from the store, which answered: one button connects it."""
    form = forms.Form(request.POST if request.method == "POST" else None)  # a button, and why it did not do
    if form.is_valid():
        asked = (arrival.way, arrival.received, arrival.api_url)
        if _connected(request, found, *asked, form, connected=arrival.connected):
            return redirect(request.path)
    context = {**_about(found), "store": arrival.store, "form": form}
    return render(request, "integrations/invitation_agree.html", context)


def _connected(
    request: HttpRequest,
    found: Invitation,
    way: str,
    received: dict[str, str],
    address: str,
    form: forms.Form,
    connected: Connected | None = None,
) -> bool:
    """Whether it is connected now; else the reason is an error of the form."""
    try:
        accept(found, way, received, now=timezone.now(), api_url=address, connected=connected)
    except (SyncError, IntegrationError) as error:
        note_refusal(request)
        form.add_error(None, why_not(error))
        return False
    request.session[DONE] = found.pk
    return True


@login_not_required
@require_GET
def begin(request: HttpRequest, token: str, way: str) -> HttpResponse:
    """Off to the store's own page, for somebody who was invited."""
    found = invitation_of(token)
    if found is None or state_of(found, timezone.now()) is not InvitationState.WAITING:
        return redirect("install:invitation", token=token)
    if way not in {one.key for one in _ways(connector_class(found.platform).platform)[1]}:
        raise Http404
    return leave(request, ways.State(found.platform, way, invitation=token))


def _ways(platform: Platform) -> tuple[WayIn | None, list[WayIn]]:
    """The first way with fields, and those that begin at the store; none that is for the operator's people."""
    app = bool(app_secrets(platform.key).client_id)
    offered = [way for way in platform.ways_in if (app or not way.needs_app) and not way.staff_only]
    typed = next((way for way in offered if not way.redirect), None)
    return typed, [way for way in offered if way.redirect]


def _about(found: Invitation) -> dict[str, Any]:
    platform = connector_class(found.platform).platform
    return {"invitation": found, "asking": found.account.name, "platform": platform}


def _gone(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    """A link that nobody sent counts towards the limit of tries."""
    note_refusal(request)
    return render(request, "integrations/invitation_gone.html", {"sentence": sentence}, status=status)
