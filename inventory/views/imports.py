"""Levels from a file: choose it, see what would change, import it."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fcp.file_forms import sent_file
from fcp.file_pages import follow, import_of, sent_before, write_shown
from fcp.file_rows import rows_page, unpack
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may

from ..figures import houses_of
from ..forms import LevelsFileForm
from ..level_import import go_on, look
from ..level_rows import FileRow, Found, read_levels
from ..models import LevelImport
from ..signals import levels_to_import

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
    form = LevelsFileForm(request.account, **sent_file(request))
    if form.is_valid() and (found := _look(request, form)):
        return redirect(panel_url(request.account, "inventory:import", pk=found.pk))
    context = {
        "form": form,
        "latest": sent_before(request, LevelImport),
        "houses": houses_of(request.account),
        "crumbs": [("Stock", panel_url(request.account, "inventory:stock"))],
    }
    return render(request, "inventory/import_levels.html", context)


def _look(request: PanelRequest, form: LevelsFileForm) -> LevelImport | None:
    """The file's rows compared with what is stored; None, with the reason in the form, where it cannot be read."""
    houses = houses_of(request.account)
    only = form.cleaned_data["warehouse"] or (houses[0] if len(houses) == 1 else None)
    rows = form.read(lambda cells: read_levels(cells, houses, only, request.account.zone))
    if rows is None:
        return None
    return look(request.account, request.user, form.file_name, rows, houses, now=timezone.now())


@require_GET
def one(request: PanelRequest, pk: int) -> HttpResponseBase:
    found = import_of(request, LevelImport, pk)
    if request.htmx:
        return follow(request, found, found.writable)
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


@require_POST
def go(request: PanelRequest, pk: int) -> HttpResponseBase:
    return _go(request, import_of(request, LevelImport, pk))


@may(May.STOCK)
def _go(request: PanelRequest, found: LevelImport) -> HttpResponseBase:
    write_shown(request, found, "levels_imported", go_on, levels_to_import)
    return redirect(panel_url(request.account, "inventory:import", pk=found.pk))
