"""What the pages of file imports have in common: those sent before, writing what was shown, following it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import messages
from django.db.models import QuerySet
from django.dispatch import Signal
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh

from .file_writing import begin
from .models import AuditEntry, FileImport
from .models.imports import RUNNING
from .panel import PanelRequest

AT_ONCE = 2.0  # seconds of writing while the person waits; the rest is done behind the page
LATEST = 10

F = TypeVar("F", bound=FileImport)
GoOn = Callable[..., bool]


def sent_before(request: PanelRequest, model: type[F], **only: Any) -> QuerySet[F]:
    """For parts/files_sent.html: the last ones, without their rows."""
    return _of_account(request, model).filter(**only).defer("packed").order_by("-pk")[:LATEST]


def import_of(request: PanelRequest, model: type[F], pk: int) -> F:
    """One import; without its rows for a page that follows it, which asks every second."""
    every = _of_account(request, model)
    return get_object_or_404(every.defer("packed") if request.htmx else every, pk=pk)


def _of_account(request: PanelRequest, model: type[F]) -> QuerySet[F]:
    of_account: Any = model._default_manager
    found: QuerySet[F] = of_account.for_account(request.account)
    return found


def write_shown(request: PanelRequest, found: FileImport, code: str, go_on: GoOn, rest: Signal, **params: Any) -> None:
    """Write what the preview showed. Whoever looked at it says so; pressed twice it is written once."""
    if found.user_id != request.user.pk:
        messages.error(request, f"{found.actor} sent this file and imports it. Send your own to import it yourself.")
    elif found.writable and begin(found, now=timezone.now()):
        write_begun(request, found, code, go_on, rest, **params)


def write_begun(request: PanelRequest, found: FileImport, code: str, go_on: GoOn, rest: Signal, **params: Any) -> None:
    """A while here, the rest behind the page. `code` and `params` are for the audit."""
    AuditEntry.objects.create(
        account=request.account,
        at=timezone.now(),
        actor=str(request.user),
        code=code,
        params={"file": found.file_name, "rows": found.writable, "import": found.pk, **params},
    )
    if not go_on(found.pk, seconds=AT_ONCE):
        rest.send(type(found), import_id=found.pk)


def follow(request: PanelRequest, found: FileImport, total: int) -> HttpResponse:
    """The part of the page that follows what is being written; the whole page once that is done."""
    if found.state in RUNNING:
        return render(request, "parts/file_progress.html", {"found": found, "total": total})
    return HttpResponseClientRefresh()
