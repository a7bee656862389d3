"""Levels from a file: choose it, see what would change, import it."""

from __future__ import annotations

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fcp.file_rows import rows_page, unpack
from fcp.models import AuditEntry, ImportState
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from fcp.spreadsheets import FileRefused, read_rows

from ..figures import houses_of
from ..forms import LevelsFileForm
from ..level_import import begin, go_on, look
from ..level_rows import FileRow, Found, read_levels
from ..models import LevelImport
from ..signals import levels_to_import

AT_ONCE = 2.0  # seconds of writing while the person waits; the rest is done behind the page
LATEST = 10

TABS = (
    ("", "All rows"),
    (Found.NEW, "First level"),
    (Found.CHANGED, "Changed"),
    (Found.UNCHANGED, "Unchanged"),
    (Found.REFUSED, "Refused"),
    (Found.EMPTY, "Left out"),
)


@may(May.STOCK)
def upload(request: PanelRequest) -> HttpResponseBase:
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = LevelsFileForm(request.account, *sent, too_long=getattr(request, "too_long", False))
    if sent and form.is_valid():
        found = _look(request, form)
        if found is not None:
            return redirect(panel_url(request.account, "inventory:import", pk=found.pk))
    rows = LevelImport.objects.for_account(request.account).defer("packed").order_by("-pk")
    context = {
        "form": form,
        "latest": rows[:LATEST],
        "houses": houses_of(request.account),
        "crumbs": [("Stock", panel_url(request.account, "inventory:stock"))],
    }
    return render(request, "inventory/import_levels.html", context)


def _look(request: PanelRequest, form: LevelsFileForm) -> LevelImport | None:
    """The file's rows compared with what is stored; None, with the reason in the form, where it cannot be read."""
    file = form.cleaned_data["file"]
    assert isinstance(file, UploadedFile)
    houses = houses_of(request.account)
    only = form.cleaned_data["warehouse"] or (houses[0] if len(houses) == 1 else None)
    try:
        cells = read_rows(file.file, file.size or 0)  # type: ignore[arg-type]  # always a file of bytes
        rows = read_levels(cells, houses, only, request.account.zone)
    except FileRefused as error:
        form.add_error("file", str(error))
        return None
    return look(request.account, request.user, file.name or "file", rows, houses, now=timezone.now())


@require_GET
def one(request: PanelRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(LevelImport.objects.for_account(request.account), pk=pk)
    if request.htmx:
        return _progress(request, found)
    rows = sorted(unpack(found.packed, FileRow), key=lambda row: row.number)
    context = {
        "found": found,
        "page": rows_page(request, rows, TABS, found.counts),
        "mine": found.user_id == request.user.pk,
        "crumbs": [
            ("Stock", panel_url(request.account, "inventory:stock")),
            ("Import levels", panel_url(request.account, "inventory:import_levels")),
        ],
    }
    return render(request, "inventory/import.html", context)


def _progress(request: PanelRequest, found: LevelImport) -> HttpResponse:
    """The part of the page that follows the import; the whole page once it is done."""
    if found.state == ImportState.IMPORTING:
        return render(request, "inventory/parts/import_progress.html", {"found": found})
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


@require_POST
def go(request: PanelRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(LevelImport.objects.for_account(request.account).defer("packed"), pk=pk)
    return _go(request, found)


@may(May.STOCK)
def _go(request: PanelRequest, found: LevelImport) -> HttpResponseBase:
    """Write what the preview showed. Whoever looked at it says so; pressed twice it is written once."""
    page = redirect(panel_url(request.account, "inventory:import", pk=found.pk))
    if found.user_id != request.user.pk:
        messages.error(request, f"{found.actor} sent this file and imports it. Send your own to import it yourself.")
        return page
    now = timezone.now()
    if not found.writable or not begin(found, now=now):
        return page
    params = {"file": found.file_name, "rows": found.writable, "import": found.pk}
    AuditEntry.objects.create(
        account=request.account, at=now, actor=str(request.user), code="levels_imported", params=params
    )
    if not go_on(found.pk, seconds=AT_ONCE):
        levels_to_import.send(LevelImport, import_id=found.pk)
    return page
