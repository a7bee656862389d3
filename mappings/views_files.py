"""Mappings in and out as files: download them, send a file, see what would change, import it, take it back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fcp.file_forms import sent_file
from fcp.file_pages import follow, import_of, sent_before, write_begun, write_shown
from fcp.file_rows import rows_page
from fcp.models import ImportState, Store
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may

from . import word_import
from .file_forms import ColumnsForm, WordsFileForm
from .models import MappingChange, WordImport, WordKind
from .outside import OUTSIDE
from .signals import words_to_import
from .versions import undo_of
from .word_columns import FIELDS, NOT_READ, WITHOUT_STORE, read_cell, read_table, sets_of
from .word_files import file_of
from .word_rows import Found

SAMPLE = 5

TABS = (
    ("", "All rows"),
    (Found.ADDED, "Added"),
    (Found.AHEAD, "Prepared ahead"),
    (Found.CHANGED, "Changed"),
    (Found.UNCHANGED, "Unchanged"),
    (Found.REFUSED, "Refused"),
    (Found.EMPTY, "Left out"),
)


def files(request: PanelRequest, key: str) -> HttpResponseBase:
    """The page of a kind's files, of all integrations or of the one that the address names; its downloads."""
    scope = _scope(request) if key not in WITHOUT_STORE else None
    if (form := request.GET.get("format")) in ("csv", "xlsx"):
        return file_of(request.account, key, scope, form)
    if request.method == "POST":
        return _upload(request, key, scope)
    return _files(request, key, scope, _form(request, key, scope))


def _form(request: PanelRequest, key: str, scope: Store | None) -> WordsFileForm:
    return WordsFileForm(request.account, scope, of_stores=key not in WITHOUT_STORE, **sent_file(request))


def _scope(request: PanelRequest) -> Store | None:
    pk = request.GET.get("store", "")
    if not pk:
        return None
    known = Store.objects.for_account(request.account)
    return get_object_or_404(known, pk=int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 19 else 0)


def _files(request: PanelRequest, key: str, scope: Store | None, form: WordsFileForm) -> HttpResponse:
    names = OUTSIDE.nicknames(request.account) if key not in WITHOUT_STORE else {}
    context = {
        "kind": WordKind(key),
        "form": form,
        "scope": scope,
        "scope_name": names.get(scope.pk, scope.name) if scope else "",
        "stores": [(pk, name) for pk, name in sorted(names.items(), key=lambda one: one[1].casefold())],
        "whole": "Of the whole account." if key in WITHOUT_STORE else "Of all integrations.",
        "columns": FIELDS[key],
        "not_read": NOT_READ,
        "sets": [(one, ", ".join(one.columns.values())) for one in sets_of(key)],
        "latest": sent_before(request, WordImport, kind=key, file_name__gt=""),
        "crumbs": [_crumb(request, key)],
    }
    return render(request, "mappings/files.html", context)


def _crumb(request: PanelRequest, key: str) -> tuple[str, str]:
    return (WordKind(key).label, panel_url(request.account, f"mappings:{key}"))


@may(May.WORK_ORDERS)
def _upload(request: PanelRequest, key: str, scope: Store | None) -> HttpResponseBase:
    form = _form(request, key, scope)
    table = form.read(lambda cells: read_table(cells, key)) if form.is_valid() else None
    if table is None:
        return _files(request, key, scope, form)
    only = form.cleaned_data.get("store")
    found = word_import.look(request.account, request.user, key, form.file_name, table, only, scope, now=timezone.now())
    return redirect(panel_url(request.account, "mappings:file", pk=found.pk))


# --- one file -----------------------------------------------------------------------------------------------------


@require_GET
def one(request: PanelRequest, pk: int) -> HttpResponseBase:
    found = import_of(request, WordImport, pk)
    if request.htmx:
        return follow(request, found, _total(request, found))
    if not found.file_name:
        return _press(request, found)
    if word_import.needs_columns(found):
        return redirect(panel_url(request.account, "mappings:file_columns", pk=pk))
    rows = sorted(word_import.rows_of(found), key=lambda row: row.number)
    context = {
        "found": found,
        "total": _total(request, found),
        "page": rows_page(request, rows, TABS, found.counts),
        "read": _read(found),
        "changed": _changed(found),
        "can_go_back": found.state == ImportState.DONE and _changed(found) > 0,
        "question": _question(request, found),
        **_context(request, found),
    }
    return render(request, "mappings/file.html", context)


def _press(request: PanelRequest, found: WordImport) -> HttpResponseBase:
    """What one press changed, on its way back: no file."""
    changes = panel_url(request.account, "mappings:changes")
    if found.state == ImportState.DONE:  # nobody began with it yet
        return redirect(f"{panel_url(request.account, 'mappings:changes_back')}?{urlencode({'batch': found.batch})}")
    context = {
        "found": found,
        "total": _total(request, found),
        "question": _question(request, found),
        "changes": changes,
        "crumbs": [("Changes of mappings", changes)],
    }
    return render(request, "mappings/batch_back.html", context)


def _context(request: PanelRequest, found: WordImport) -> dict[str, Any]:
    files = panel_url(request.account, f"mappings:{found.kind}_files")
    return {
        "mine": found.user_id == request.user.pk,
        "files": files,
        "crumbs": [_crumb(request, found.kind), ("Files", files)],
    }


def _read(found: WordImport) -> list[tuple[str, str]]:
    """Our names of the columns beside the file's."""
    labels = {field.key: field.label for field in FIELDS[found.kind]}
    return [(labels[key], header) for key, header in found.counts.get("read", ()) if key in labels]


def _changed(found: WordImport) -> int:
    return sum(found.results.get(one, 0) for one in (Found.ADDED, Found.AHEAD, Found.CHANGED))


def _question(request: PanelRequest, found: WordImport) -> str:
    """Where is asked what becomes of orders that words of the file had decided, or had since, once it is through."""
    batches = {ImportState.DONE: found.batch, ImportState.UNDONE: undo_of(found.batch)}
    batch = batches.get(ImportState(found.state), "")
    return OUTSIDE.asks_after(request.account, batch) if batch else ""


def _total(request: PanelRequest, found: WordImport) -> int:
    """How many rows are being written, or changes taken back."""
    if found.state != ImportState.UNDOING:
        return found.writable
    return MappingChange.objects.for_account(request.account).filter(batch=found.batch).count()


def columns(request: PanelRequest, pk: int) -> HttpResponseBase:
    """Which column is what, where the file does not say it clearly."""
    found = import_of(request, WordImport, pk)
    if not word_import.needs_columns(found):
        return redirect(panel_url(request.account, "mappings:file", pk=pk))
    return _choose(request, found) if request.method == "POST" else _columns(request, found, _columns_form(found))


def _columns_form(found: WordImport, sent: Any = None) -> ColumnsForm:
    return ColumnsForm(found.kind, found.counts["header"], sent)


def _columns(request: PanelRequest, found: WordImport, form: ColumnsForm) -> HttpResponse:
    sample = [
        (number, [read_cell(cell).text for cell in cells]) for number, cells in word_import.raw_rows(found)[:SAMPLE]
    ]
    context = {"found": found, "form": form, "sample": sample, **_context(request, found)}
    return render(request, "mappings/file_columns.html", context)


@may(May.WORK_ORDERS)
def _choose(request: PanelRequest, found: WordImport) -> HttpResponseBase:
    form = _columns_form(found, request.POST)
    if not form.is_valid():
        return _columns(request, found, form)
    word_import.look_again(found, form.places, now=timezone.now())
    return redirect(panel_url(request.account, "mappings:file", pk=found.pk))


@require_POST
def go(request: PanelRequest, pk: int) -> HttpResponseBase:
    return _go(request, import_of(request, WordImport, pk))


@may(May.WORK_ORDERS)
def _go(request: PanelRequest, found: WordImport) -> HttpResponseBase:
    write_shown(request, found, "mappings_imported", word_import.go_on, words_to_import, kind=found.kind)
    return redirect(panel_url(request.account, "mappings:file", pk=found.pk))


def back(request: PanelRequest, pk: int) -> HttpResponseBase:
    """Taking a whole import back: what goes back and what stays, then the press."""
    found = import_of(request, WordImport, pk)
    if request.method == "POST":
        return _back(request, found)
    if found.state != ImportState.DONE or not found.file_name:
        return redirect(panel_url(request.account, "mappings:file", pk=pk))
    context = {"found": found, "back": word_import.going_back(found), **_context(request, found)}
    context["crumbs"].append((found.file_name, panel_url(request.account, "mappings:file", pk=pk)))
    return render(request, "mappings/file_back.html", context)


@may(May.WORK_ORDERS)
def _back(request: PanelRequest, found: WordImport) -> HttpResponseBase:
    take_back(request, found)
    return redirect(panel_url(request.account, "mappings:file", pk=found.pk))


def take_back(request: PanelRequest, found: WordImport) -> bool:
    """A while here, the rest behind the page; False where somebody said so before."""
    if not word_import.take_back(found, by=str(request.user), now=timezone.now()):
        return False
    write_begun(request, found, "mappings_taken_back", word_import.go_on, words_to_import, kind=found.kind)
    return True
