"""Two versions of an integration's settings side by side, and going back to one after a look at what it would mean."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from integrations.dry_run import dry_run
from integrations.errors import IntegrationError
from integrations.models import Integration, SettingsVersion
from integrations.rates import with_profiles
from integrations.settings_document import document_of
from integrations.since_enabled import Choices, answers, asked
from integrations.versions import compare, restored, roll_back, version_of, versions_of
from integrations.views.page import find, platform_of, show
from integrations.views.saving import confirmation, shown


def _asked(integration: Integration, text: str, otherwise: int) -> SettingsVersion:
    number = int(text) if text.isdecimal() and len(text) < 9 else 0
    found = version_of(integration, number if text else otherwise)
    if found is None:
        raise Http404
    return found


@require_GET
def versions(request: PanelRequest, pk: int) -> HttpResponse:
    """`old` and `new` are numbers; without them the version in force stands beside the one before it."""
    integration = find(request, pk)
    platform = with_profiles(platform_of(integration))
    current = integration.settings_version
    new = _asked(integration, request.GET.get("new", ""), current)
    old = _asked(integration, request.GET.get("old", ""), max(new.number - 1, 1))
    listed = versions_of(integration, platform, most=100)
    context = {
        "versions": listed,
        "old": old,
        "new": new,
        "lines": compare(platform, integration.account, old.document, new.document),
        "to": next((one for one in (old, new) if one.number != current), None),
        "crumbs": [
            ("Integrations", panel_url(request.account, "integrations:integrations")),
            (integration.nickname, panel_url(request.account, "integrations:advanced", pk=pk)),
        ],
    }
    return show(request, integration, "advanced", "integrations/versions.html", context)


@require_POST
@may(May.CONNECT)
def back(request: PanelRequest, pk: int) -> HttpResponse:
    """First what going back would change, and what it would have meant; then, confirmed, it is done."""
    integration = find(request, pk)
    platform = with_profiles(platform_of(integration))
    version = _asked(integration, request.POST.get("number", ""), 0)
    wanted = restored(integration, platform, version, staff=request.user.is_staff)
    now = timezone.now()
    if "back" in request.POST:
        return redirect(f"{panel_url(request.account, 'integrations:versions', pk=pk)}?old={version.number}")
    questions = asked(integration, wanted.document, request.POST)
    again = answers(questions)
    seen = request.POST.get("confirmed") == confirmation(integration, wanted.document)
    if seen and len(again) == len(questions):
        return _go_back(request, integration, version.number, wanted.document, again)
    run = dry_run(integration, wanted.document, now)
    context: dict[str, Any] = {
        "version": version,
        "lines": compare(platform, integration.account, document_of(integration), wanted.document),
        "notes": wanted.notes,
        "dry": shown(integration, platform, wanted.document, run, questions, unanswered=seen),
    }
    return show(request, integration, "advanced", "integrations/versions_back.html", context)


def _go_back(
    request: PanelRequest, integration: Integration, number: int, document: dict[str, Any], again: Choices
) -> HttpResponse:
    try:
        changed = roll_back(integration, number, document, by=str(request.user), now=timezone.now(), again=again)
    except IntegrationError as error:
        messages.error(request, error.sentence)
    else:
        done = f"The settings are those of version {number} again." if changed else "Nothing was changed."
        messages.success(request, done)
    return redirect(panel_url(request.account, "integrations:versions", pk=integration.pk))
