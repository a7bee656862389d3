"""The tabs with settings: main, advanced, channel; and the initial configuration with Finish Setup."""

from __future__ import annotations

from dataclasses import dataclass
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
from integrations.connectors.base import FlowKind, Mode, Platform
from integrations.errors import IntegrationError
from integrations.first_look import orders_to_come
from integrations.forms import DocumentForm, InstallForm, MainForm, TabForm
from integrations.models import Integration, SettingsVersion
from integrations.naming import rename
from integrations.settings_document import FLOWS, Document, document_of
from integrations.settings_saving import save, switched_on
from integrations.stock_state import stock_state
from integrations.views.page import checklist_of, find, platform_of, show, variant_label

VERSIONS = 20


def main(request: PanelRequest, pk: int) -> HttpResponseBase:
    integration = find(request, pk)
    if request.method == "POST":
        return _save_main(request, integration)
    return _main(request, integration, _main_form(request, integration))


def _main_form(request: PanelRequest, integration: Integration, data: Any = None) -> MainForm:
    before = document_of(integration)
    return MainForm(integration, platform_of(integration), before, data, staff=request.user.is_staff)


def _main(request: PanelRequest, integration: Integration, form: MainForm) -> HttpResponse:
    stored = Integration.objects.get(pk=integration.pk)  # not what a refused form put into it
    integration.name, integration.nickname = stored.name, stored.nickname
    context = {
        "form": read_only_without(May.CONNECT, request, form),
        "cards": form.cards(),
        "saves": True,
        "stock": stock_state(integration),
    } | checklist_of(integration)
    return show(request, integration, "integration", "integrations/main.html", context)


@may(May.CONNECT)
def _save_main(request: PanelRequest, integration: Integration) -> HttpResponse:
    form = _main_form(request, integration, request.POST)
    if form.is_valid() and _saved(request, integration, form, form.cleaned_data):
        return redirect(panel_url(request.account, "integrations:integration", pk=integration.pk))
    return _main(request, integration, form)


def _saved(
    request: PanelRequest, integration: Integration, form: DocumentForm, names: dict[str, Any] | None = None
) -> bool:
    """Save names and document together, or neither; what cannot be becomes an error of the form."""
    by, now = str(request.user), timezone.now()
    try:
        with transaction.atomic():
            renamed = names is not None and rename(integration, names["name"], names["nickname"], by=by, now=now)
            based_on = form.cleaned_data.get("version")
            changed = save(integration, form.document, by=by, now=now, based_on=based_on)
    except IntegrationError as error:
        form.add_error(error.field if error.field in form.fields else None, error.sentence)
        return False
    if changed or renamed:
        messages.success(request, f"The settings of {integration.nickname} are saved.")
    else:
        messages.info(request, "Nothing was changed.")
    return True


# --- advanced, channel -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Version:
    """A saved state: its number, who, when, and the labels of what it changed."""

    row: SettingsVersion
    changed: list[str]
    current: bool


def advanced(request: PanelRequest, pk: int) -> HttpResponseBase:
    return _tab(request, pk, "advanced")


def channel(request: PanelRequest, pk: int) -> HttpResponseBase:
    return _tab(request, pk, "channel")


def _tab(request: PanelRequest, pk: int, tab: str) -> HttpResponseBase:
    integration = find(request, pk)
    if request.method == "POST":
        return _save_tab(request, integration, tab)
    return _show_tab(request, integration, tab, _tab_form(request, integration, tab))


def _tab_form(request: PanelRequest, integration: Integration, tab: str, data: Any = None) -> TabForm:
    before = document_of(integration)
    return TabForm(integration, platform_of(integration), before, tab, data, staff=request.user.is_staff)


@may(May.CONNECT)
def _save_tab(request: PanelRequest, integration: Integration, tab: str) -> HttpResponse:
    form = _tab_form(request, integration, tab, request.POST)
    if form.is_valid() and _saved(request, integration, form):
        return redirect(panel_url(request.account, f"integrations:{tab}", pk=integration.pk))
    return _show_tab(request, integration, tab, form)


def _show_tab(request: PanelRequest, integration: Integration, tab: str, form: TabForm) -> HttpResponse:
    context: dict[str, Any] = {"form": read_only_without(May.CONNECT, request, form), "saves": bool(form.settings)}
    if tab == "advanced":
        context |= {
            "versions": versions_of(integration),
            "credential": integration.credentials.order_by("-changed_at").first(),
        }
    return show(request, integration, tab, f"integrations/{tab}.html", context)


def versions_of(integration: Integration) -> list[Version]:
    """The last saved states, newest first, each with what it changed."""
    rows = list(SettingsVersion.objects.filter(store=integration.store_id).order_by("-number")[: VERSIONS + 1])
    labels = labels_of(platform_of(integration))
    found = []
    for row, older in zip(rows, [*rows[1:], None], strict=True):
        changed = _changed(older.document, row.document, labels) if older else []
        found.append(Version(row, changed, row.number == integration.settings_version))
    return found[:VERSIONS]


def labels_of(platform: Platform) -> dict[str, str]:
    return {setting.key: setting.label for setting in platform.settings}


def _changed(before: Document, after: Document, labels: dict[str, str]) -> list[str]:
    """Labels of what differs. A setting that only one of them knows came with a later release."""
    found = [label for key, label in labels.items() if key in before and before.get(key) != after.get(key)]
    flows = before.get(FLOWS, {})
    kinds = [kind for kind in FlowKind if flows.get(kind.value) != after.get(FLOWS, {}).get(kind.value)]
    return found + [f"{kind.label} flow" for kind in kinds]


# --- initial configuration ----------------------------------------------------------------------------------------


@may(May.CONNECT)
def setup(request: PanelRequest, pk: int) -> HttpResponse:
    """The five settings. Finish Setup switches the flows on, and the first run starts at once."""
    integration = find(request, pk)
    platform = platform_of(integration)
    form = InstallForm(integration, platform, document_of(integration), request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _finish(request, integration, platform, form)
        except IntegrationError as error:
            form.add_error(None, error.sentence)
        else:
            messages.success(request, f"{integration.name} is set up. Its orders come in now.")
            return redirect(panel_url(request.account, "integrations:integration", pk=integration.pk))
    context = {"integration": integration, "platform": platform, "variant": variant_label(integration), "form": form}
    return render(request, "integrations/setup.html", context)


def _finish(request: PanelRequest, integration: Integration, platform: Platform, form: InstallForm) -> None:
    """Tracking numbers go back from now on, too. A service that was left without an interval stays off."""
    document = form.document
    if document[FLOWS][FlowKind.ORDERS.value]["mode"] != Mode.DISABLED:
        document = switched_on(document, platform, (FlowKind.FULFILLMENTS,))
    based_on = form.cleaned_data.get("version")
    save(integration, document, by=str(request.user), now=timezone.now(), why="set up", based_on=based_on)


@require_POST
@may(May.CONNECT)
def look(request: PanelRequest, pk: int) -> HttpResponse:
    """One sentence: how many orders come in with what the form says now (decision X3)."""
    integration = find(request, pk)
    form = InstallForm(integration, platform_of(integration), document_of(integration), request.POST)
    context: dict[str, Any] = {"platform": platform_of(integration)}
    if form.is_valid():
        try:
            context["look"] = orders_to_come(integration, form.document, timezone.now())
        except SyncError as error:
            context["sentence"] = error.sentence
    return render(request, "integrations/parts/look.html", context)
