"""The tabs with settings: main, advanced, channel; and the initial configuration with Finish Setup."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from fcp.errors import SyncError
from fcp.forms import read_only_without
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from integrations.channel_mode import warnings_of
from integrations.dry_run import dry_run
from integrations.errors import IntegrationError
from integrations.finishing import finish_setup, goes_live_at_setup, to_finish
from integrations.first_look import orders_to_come
from integrations.forms import DocumentForm, InstallForm, MainForm, TabForm
from integrations.meanwhile import brought_together, is_outdated, says_what_is_in_force
from integrations.models import Integration
from integrations.naming import rename
from integrations.options_ahead import is_wanted
from integrations.rates import with_profiles
from integrations.setting_words import setting_of, value_in_words
from integrations.settings_document import Document, document_of
from integrations.settings_saving import lock, save
from integrations.since_enabled import Again, Choices, answers, asked
from integrations.stock_state import stock_state
from integrations.versions import versions_of
from integrations.views.page import checklist_of, find, platform_of, show, variant_label
from integrations.views.saving import Shown, confirmation, shown

LATEST = 10  # versions that the tab lists; their own page has more
SAVED = "#saved"  # tells the browser to forget what it kept of the form


def main(request: PanelRequest, pk: int) -> HttpResponseBase:
    integration = find(request, pk)
    if request.method == "POST":
        return _save(request, integration, "main")
    return _show(request, integration, "main", _form(request, integration, "main"))


def advanced(request: PanelRequest, pk: int) -> HttpResponseBase:
    return _tab(request, pk, "advanced")


def channel(request: PanelRequest, pk: int) -> HttpResponseBase:
    return _tab(request, pk, "channel")


def _tab(request: PanelRequest, pk: int, tab: str) -> HttpResponseBase:
    integration = find(request, pk)
    if request.method == "POST":
        return _save(request, integration, tab)
    return _show(request, integration, tab, _form(request, integration, tab))


def _form(
    request: PanelRequest, integration: Integration, tab: str, data: Any = None, before: Document | None = None
) -> DocumentForm:
    platform = with_profiles(platform_of(integration))
    before, staff = before or document_of(integration), request.user.is_staff
    if tab == "main":
        return MainForm(integration, platform, before, data, staff=staff)
    return TabForm(integration, platform, before, tab, data, staff=staff)


# --- saving ------------------------------------------------------------------------------------------------------


@may(May.CONNECT)
def _save(request: PanelRequest, integration: Integration, tab: str) -> HttpResponse:
    """Says first what the new values would have meant, if anything; saves them once that was seen."""
    form = _form(request, integration, tab, request.POST)
    if is_outdated(integration, request.POST):
        if "back" not in request.POST and says_what_is_in_force(form):
            return _done(request, integration, tab)
        return _show(request, integration, tab, _brought_together(request, integration, tab))
    if not form.is_valid() or "back" in request.POST:
        return _show(request, integration, tab, form)
    run = dry_run(integration, form.document, timezone.now())
    questions = asked(integration, form.document, request.POST)
    again = answers(questions)
    seen = request.POST.get("confirmed") == confirmation(integration, form.document)
    if ((run or questions) and not seen) or len(again) < len(questions):
        dry = shown(integration, form.platform, form.document, run, questions, unanswered=seen)
        return _show(request, integration, tab, form, dry)
    try:
        saved = _saved(request, integration, form, again)
    except IntegrationError as error:
        if error.code == "settings_changed":
            form = _brought_together(request, integration, tab)
        else:
            form.add_error(error.field if error.field in form.fields else None, error.sentence)
        return _show(request, integration, tab, form)
    return _done(request, integration, tab, changed=saved or form.document != form.before)


def _done(request: PanelRequest, integration: Integration, tab: str, *, changed: bool = True) -> HttpResponse:
    if changed:
        messages.success(request, f"The settings of {integration.nickname} are saved.")
        for sentence in warnings_of(integration):
            messages.warning(request, sentence)
    else:
        messages.info(request, "Nothing was changed.")
    view = "integrations:integration" if tab == "main" else f"integrations:{tab}"
    return redirect(panel_url(request.account, view, pk=integration.pk) + SAVED)


def _brought_together(request: PanelRequest, integration: Integration, tab: str) -> DocumentForm:
    def make(before: Document, data: Any) -> DocumentForm:
        return _form(request, integration, tab, data, before)

    return brought_together(integration, make, request.POST)


def _saved(request: PanelRequest, integration: Integration, form: DocumentForm, again: Choices) -> bool:
    """Names and document together, or neither. Raises IntegrationError."""
    by, now = str(request.user), timezone.now()
    with transaction.atomic():
        renamed = isinstance(form, MainForm) and _renamed(integration, form, by=by, now=now)
        version = form.cleaned_data.get("version")
        changed = save(integration, form.document, by=by, now=now, based_on=version, again=again)
    return changed or renamed


def _renamed(integration: Integration, form: MainForm, *, by: str, now: dt.datetime) -> bool:
    """What was typed over what the page showed; the other name stays as it is now, whoever changed it."""
    lock(integration)
    now_is = {"name": integration.name, "nickname": integration.nickname}
    typed = {name: form.cleaned_data[name] for name in ("name", "nickname") if name in form.changed_data}
    return bool(typed) and rename(integration, **now_is | typed, by=by, now=now)


# --- showing -----------------------------------------------------------------------------------------------------


def _show(
    request: PanelRequest, integration: Integration, tab: str, form: DocumentForm, dry: Shown | None = None
) -> HttpResponse:
    stored = find(request, integration.pk)  # not what a refused form put into it; 404 once it is deleted
    integration.name, integration.nickname = stored.name, stored.nickname
    context: dict[str, Any] = {
        "form": read_only_without(May.CONNECT, request, form),
        "saves": bool(form.settings),
        "saved_values": form.saved_values() if form.is_bound else None,
        "dry": dry,
    }
    if dry and dry.older_since:
        context["look_url"] = panel_url(request.account, "integrations:look", pk=integration.pk)
    return show(request, integration, VIEWS[tab], TEMPLATES[tab], context | _beside(integration, form, tab))


VIEWS = {"main": "integration", "advanced": "advanced", "channel": "channel"}
TEMPLATES = {tab: f"integrations/{tab}.html" for tab in VIEWS}


def _beside(integration: Integration, form: DocumentForm, tab: str) -> dict[str, Any]:
    """What stands beside the form of a tab."""
    if tab == "advanced":
        return {
            "versions": versions_of(integration, form.platform, most=LATEST),
            "credential": integration.credentials.order_by("-changed_at").first(),
        }
    if tab == "channel":
        status = setting_of(form.platform, "order_status")
        return {
            "order_status": status,
            "order_status_is": value_in_words(status, form.before[status.key], integration.account) if status else "",
        }
    assert isinstance(form, MainForm)
    return {"cards": form.cards(), "stock": stock_state(integration)} | checklist_of(integration)


# --- initial configuration ----------------------------------------------------------------------------------------


@may(May.CONNECT)
def setup(request: PanelRequest, pk: int) -> HttpResponse:
    """The five settings. Finish Setup switches the flows on, and the first run starts at once."""
    integration = find(request, pk)
    platform = platform_of(integration)
    form = InstallForm(integration, platform, document_of(integration), request.POST or None)
    questions: list[Again] = []
    if request.method == "POST" and form.is_valid():
        questions = asked(integration, to_finish(integration, form.document), request.POST)
    again = answers(questions)
    if request.method == "POST" and form.is_valid() and len(again) == len(questions):
        try:
            finish_setup(
                integration, form.document, by=str(request.user), now=timezone.now(),
                based_on=form.cleaned_data.get("version"), again=again,
            )  # fmt: skip
        except IntegrationError as error:
            form.add_error(None, error.sentence)
        else:
            messages.success(request, f"{integration.name} is set up. Its orders come in now.")
            return redirect(panel_url(request.account, "integrations:integration", pk=integration.pk))
    context = {
        "integration": integration,
        "platform": platform,
        "variant": variant_label(integration),
        "form": form,
        "goes_live": goes_live_at_setup(request.account),
        "asks_options": is_wanted(integration),
        "again": questions,
    }
    return render(request, "integrations/setup.html", context)


@require_POST
@may(May.CONNECT)
def setup_look(request: PanelRequest, pk: int) -> HttpResponse:
    """One sentence: how many orders come in with what the form says now (decision X3)."""
    integration = find(request, pk)
    form = InstallForm(integration, platform_of(integration), document_of(integration), request.POST)
    return _look(request, integration, form)


@require_POST
@may(May.CONNECT)
def look(request: PanelRequest, pk: int) -> HttpResponse:
    """The same for what stands in the Main settings."""
    integration = find(request, pk)
    return _look(request, integration, _form(request, integration, "main", request.POST))


def _look(request: PanelRequest, integration: Integration, form: DocumentForm) -> HttpResponse:
    context: dict[str, Any] = {"platform": form.platform}
    if form.is_valid():
        try:
            context["look"] = orders_to_come(integration, form.document, timezone.now())
        except SyncError as error:
            context["sentence"] = error.sentence
    return render(request, "integrations/parts/look.html", context)
