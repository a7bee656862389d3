"""The pages of an installation, outside of any account: what a store opens, and where its own pages lead back to.

Nothing here shows or changes anything of an account before somebody has signed in; `integrations.ways` says what a
browser that comes from a store is believed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from fcp.errors import SyncError
from fcp.models import Account
from fcp.panel import panel_url
from fcp.roles import May, roles_that_may
from fcp.shell import accounts_of, accounts_where
from fcp.sign_in import sign_in_first
from integrations import connecting, ways
from integrations.connection_flow import connect_as_chosen
from integrations.connectors import CONNECTORS, connector_class
from integrations.connectors.base import Connector
from integrations.connectors.declaring import Platform
from integrations.connectors.shapes import Arrived, Connected, Redirect
from integrations.errors import IntegrationError
from integrations.models import Integration
from integrations.reach import app_secrets, stand_in_address
from integrations.settings_document import document_of
from integrations.views.tries import note_refusal, too_many
from integrations.way_forms import StoreForm

NOT_BEGUN = (
    "This return was used already, is more than half an hour old, or was begun in another browser. "
    "Nothing was connected by it."
)
TOO_OLD = "This installation is finished, or more than half an hour old. Nothing more was connected."
ELSEWHERE = (
    "This store is connected to another account of this panel. It has to be deleted there before it can be connected "
    "here."
)


def leave(request: HttpRequest, state: ways.State, **fields: str) -> HttpResponse:
    """Off to the store's own page, which brings the browser back with our state."""
    back = _return_address(request, state.platform)
    app = app_secrets(state.platform)
    step = connector_class(state.platform).begin(state.way, app, fields, key := ways.keep(request.session, state), back)
    if isinstance(step, Redirect):
        return redirect(step.url)
    ways.forget(request.session, key)
    raise Http404


def _return_address(request: HttpRequest, platform: str) -> str:
    return request.build_absolute_uri(reverse("install:return", kwargs={"platform": platform}))


@login_not_required
@require_GET
def landing(request: HttpRequest, platform: str) -> HttpResponse:
    """Opened by the store: right after "Add to Site", or when its owner opens the app there later on.

    What the store signed is read, the store asked who it is, and the address left for one without the signature.
    """
    connector = _connector(platform)
    if too_many(request):
        return render(request, "429.html", status=429)
    app = app_secrets(platform)
    try:
        arrived = connector.arrived(request.GET.dict(), app, timezone.now()) if request.GET and app.client_id else None
    except SyncError as error:
        return refused(request, connector.platform, connecting.why_not(error))
    if arrived is None or not arrived.signed:
        steps = next((way.from_store for way in connector.platform.ways_in if way.from_store), ())
        begun = {"app": bool(app.client_id), "steps": steps, "market": app.market_url}
        context = {"platform": connector.platform, **begun}
        return render(request, "integrations/install_begin.html", context)
    return _found(request, connector, arrived, ways.State(platform, arrived.way))


@login_not_required
@require_GET
def come_back(request: HttpRequest, platform: str) -> HttpResponse:
    """The store's own page sends the browser back here. Once, to the person and in the browser that began."""
    connector = _connector(platform)
    if too_many(request):
        return render(request, "429.html", status=429)
    state = ways.take_state(request.session, request.GET.get("state", ""))
    if state is None or state.platform != platform or not (state.invitation or state.user == _person(request)):
        return refused(request, connector.platform, NOT_BEGUN)
    if state.chosen and ways.chosen(request.session, state.chosen) is None:  # before what the store gave is used up
        return _refused(request, connector.platform, state, NOT_BEGUN)
    try:
        arrived = connector.arrived(request.GET.dict(), app_secrets(platform), timezone.now())
    except SyncError as error:
        return _refused(request, connector.platform, state, connecting.why_not(error))
    # Some stores want to hear, before they believe it, where they sent the browser.
    arrived = replace(arrived, received={**arrived.received, "return_url": _return_address(request, platform)})
    if state.integration:
        return _reconnected(request, connector.platform, state, arrived)
    return _found(request, connector, arrived, state)


def _found(request: HttpRequest, connector: type[Connector], arrived: Arrived, state: ways.State) -> HttpResponse:
    """Ask the store who it is. What to do with it was chosen before, or is asked now: sign in, account, agree."""
    address = stand_in_address(state.platform, arrived.way, arrived.received)
    try:
        connected = _ask(state, arrived, address)
    except SyncError as error:
        return _refused(request, connector.platform, state, connecting.why_not(error))
    arrival = ways.Arrival.of(
        connector.platform, state.way, dict(arrived.received), connected,
        api_url=address, user=state.user, account=state.account, invitation=state.invitation,
    )  # fmt: skip
    if state.chosen:
        return _as_chosen(request, connector.platform, state, arrival)
    key = ways.keep(request.session, arrival)
    if state.invitation:
        return redirect(f"{reverse('install:invitation', kwargs={'token': state.invitation})}?store={key}")
    return redirect(reverse("install:store", kwargs={"platform": state.platform, "key": key}))


def _as_chosen(request: HttpRequest, platform: Platform, state: ways.State, arrival: ways.Arrival) -> HttpResponse:
    """The flows and the account were chosen before the browser left: the store is connected at once."""
    chosen = ways.chosen(request.session, state.chosen)
    account = accounts_where(request.user, May.CONNECT).filter(pk=state.account or 0).first()
    if chosen is None or account is None:
        return _refused(request, platform, state, NOT_BEGUN)
    there = connecting.integration_of(platform.key, arrival.uid)
    if there and there.account_id == account.pk:
        ways.end(request.session, state.chosen, ways.Ended(integration=there.pk))
        return _is_there(request, arrival, there, state.chosen)
    try:
        integration = connect_as_chosen(
            account, chosen, arrival.connected, by=str(request.user), now=timezone.now(), api_url=arrival.api_url
        )
    except IntegrationError as error:
        return _refused(request, platform, state, error.sentence)
    ways.end(request.session, state.chosen, ways.Ended(integration=integration.pk))
    ways.forget(request.session, state.chosen)
    return redirect(panel_url(account, "integrations:next", pk=integration.pk))


def _refused(request: HttpRequest, platform: Platform, state: ways.State, sentence: str) -> HttpResponse:
    """The tab that the person left for the store's page says so, too."""
    if state.chosen:
        ways.end(request.session, state.chosen, ways.Ended(sentence=sentence))
    return refused(request, platform, sentence)


def _ask(state: ways.State, arrived: Arrived, address: str) -> Connected:
    return connecting.ask_store(state.platform, state.way, arrived.received, timezone.now(), address)


def _reconnected(request: HttpRequest, platform: Platform, state: ways.State, arrived: Arrived) -> HttpResponse:
    may_connect = accounts_where(request.user, May.CONNECT)
    rows = Integration.objects.filter(account__in=may_connect).select_related("store", "account")
    integration = rows.filter(pk=state.integration or 0).first()
    if integration is None:
        return refused(request, platform, NOT_BEGUN)
    address = str(document_of(integration).get("api_url") or "")
    try:
        connecting.reconnect(
            integration, state.way, arrived.received, by=str(request.user), now=timezone.now(), api_url=address
        )
    except (SyncError, IntegrationError) as error:
        return refused(request, platform, connecting.why_not(error, connecting.KEEPS_ITS_KEY))
    messages.success(request, f"{integration.name} is reconnected. Its flows go on.")
    return redirect(panel_url(integration.account, "integrations:integration", pk=integration.pk))


@login_not_required
@require_http_methods(["GET", "POST"])
def store(request: HttpRequest, platform: str, key: str) -> HttpResponse:
    """A store that answered: sign in, choose the account, name it, Save. Then the integration exists, flows off."""
    found = _connector(platform).platform
    arrival = ways.arrival(request.session, key)
    if arrival is None or arrival.invitation or arrival.platform != platform:
        return refused(request, found, TOO_OLD)
    if not request.user.is_authenticated:
        text = f"Sign in, and this {found.label} store is connected to your account."
        sign_in_first(request, request.path, f"{arrival.store['name']}.", text)
        return redirect("account_login")
    if arrival.user not in (None, request.user.pk):
        return refused(request, found, NOT_BEGUN)
    if there := connecting.integration_of(platform, arrival.uid):
        return _is_there(request, arrival, there, key)
    accounts = accounts_where(request.user, May.CONNECT)
    if not accounts.exists():
        return refused(request, found, _may_nowhere(request))
    form = StoreForm(accounts, request.POST or None, initial=_proposed(arrival, accounts))
    if request.method == "POST" and form.is_valid():
        try:
            integration = connecting.make_integration(
                form.cleaned_data["account"], platform, arrival.connected,
                by=str(request.user), now=timezone.now(), name=form.cleaned_data["name"], api_url=arrival.api_url,
            )  # fmt: skip
        except IntegrationError as error:
            form.add_error(None, error.sentence)
        else:
            ways.forget(request.session, key)
            return redirect(panel_url(integration.account, "integrations:setup", pk=integration.pk))
    context = {"platform": found, "store": arrival.store, "form": form, "only": accounts[:2]}
    return render(request, "integrations/install_store.html", context)


def _proposed(arrival: ways.Arrival, accounts: Any) -> dict[str, Any]:
    """The account that it was begun in, or the only one."""
    found: list[Account] = list(accounts[:2])
    account = arrival.account or (found[0].pk if len(found) == 1 else None)
    return {"name": arrival.store["name"], "account": account}


def _is_there(request: HttpRequest, arrival: ways.Arrival, there: Integration, key: str) -> HttpResponse:
    """Connected already: lead to its page, where this person may see it; what was blocked goes on."""
    platform = _connector(arrival.platform).platform
    if not accounts_of(request.user).filter(pk=there.account_id).exists():
        return refused(request, platform, ELSEWHERE)
    text = f"{there.store.name} is connected already, as {there.name}."
    if accounts_where(request.user, May.CONNECT).filter(pk=there.account_id).exists():
        try:
            back = connecting.welcome_back(
                there, arrival.way, arrival.received, by=str(request.user), now=timezone.now(),
                api_url=arrival.api_url, connected=arrival.connected,
            )  # fmt: skip
        except SyncError as error:
            messages.warning(request, error.sentence)
        else:
            text = f"{there.store.name} is back, as {there.name}. Its flows go on." if back else text
    ways.forget(request.session, key)
    messages.info(request, text)
    return redirect(panel_url(there.account, "integrations:integration", pk=there.pk))


def _may_nowhere(request: HttpRequest) -> str:
    who = " or ".join(role.lower() for role in roles_that_may(May.CONNECT))
    account = accounts_of(request.user).first()
    if account is None:
        return "You belong to no account of this panel yet. Ask for one, then open the app in the store again."
    return f"Your role in {account.name} does not let you connect stores. Ask its {who}."


def refused(request: HttpRequest, platform: Platform, sentence: str, status: int = 403) -> HttpResponse:
    """One plain sentence, and where to begin again. It counts towards the limit of tries."""
    note_refusal(request)
    context = {"platform": platform, "sentence": sentence}
    return render(request, "integrations/install_refused.html", context, status=status)


def _connector(platform: str) -> type[Connector]:
    """Of a platform whose stores' own pages can lead here."""
    if platform not in CONNECTORS:
        raise Http404
    found = connector_class(platform)
    if not any(way.redirect for way in found.platform.ways_in):
        raise Http404
    return found


def _person(request: HttpRequest) -> int | None:
    return request.user.pk if request.user.is_authenticated else None
