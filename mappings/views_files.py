"""Mappings in and out as files: download them, send a file, see what would change, import it, take it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fcp.file_rows import rows_page
from fcp.models import AuditEntry, ImportState, Store
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from fcp.spreadsheets import FileRefused, read_rows

from . import word_import
from .file_forms import ColumnsForm, WordsFileForm
from .models import MappingChange, WordImport, WordKind
from .outside import OUTSIDE
from .signals import words_to_import
from .word_columns import FIELDS, NOT_READ, read_cell, read_table, sets_of
from .word_files import file_of
from .word_rows import Found

AT_ONCE = 2.0  # seconds of writing while the person waits; the rest is done behind the page
LATEST = 10
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
    scope = _scope(request)
    if (form := request.GET.get("format")) in ("csv", "xlsx"):
        return file_of(request.account, key, scope, form)
    if request.method == "POST":
        return _upload(request, key, scope)
    return _files(request, key, scope, _form(request, scope))


def _scope(request: PanelRequest) -> Store | None:
    pk = request.GET.get("store", "")
    if not pk:
        return None
    known = Store.objects.for_account(request.account)
    return get_object_or_404(known, pk=int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 19 else 0)


def _form(request: PanelRequest, scope: Store | None) -> WordsFileForm:
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    return WordsFileForm(request.account, scope, *sent, too_long=getattr(request, "too_long", False))


def _files(request: PanelRequest, key: str, scope: Store | None, form: WordsFileForm) -> HttpResponse:
    names = OUTSIDE.nicknames(request.account)
    rows = WordImport.objects.for_account(request.account).filter(kind=key).defer("packed").order_by("-pk")
    context = {
        "kind": WordKind(key),
        "form": form,
        "scope": scope,
        "scope_name": names.get(scope.pk, scope.name) if scope else "",
        "stores": [(pk, name) for pk, name in sorted(names.items(), key=lambda one: one[1].casefold())],
        "columns": FIELDS[key],
        "not_read": NOT_READ,
        "sets": [(one, ", ".join(one.columns.values())) for one in sets_of(key)],
        "latest": rows[:LATEST],
        "crumbs": [_crumb(request, key)],
    }
    return render(request, "mappings/files.html", context)


def _crumb(request: PanelRequest, key: str) -> tuple[str, str]:
    return (WordKind(key).label, panel_url(request.account, f"mappings:{key}"))


@may(May.WORK_ORDERS)
def _upload(request: PanelRequest, key: str, scope: Store | None) -> HttpResponseBase:
    form = _form(request, scope)
    if not form.is_valid():
        return _files(request, key, scope, form)
    file = form.cleaned_data["file"]
    assert isinstance(file, UploadedFile)
    only = form.cleaned_data.get("store")
    try:
        cells = read_rows(file.file, file.size or 0)  # type: ignore[arg-type]  # always a file of bytes
        table = read_table(cells, key)
    except FileRefused as error:
        form.add_error("file", str(error))
        return _files(request, key, scope, form)
    found = word_import.look(
        request.account, request.user, key, file.name or "file", table, only, scope, now=timezone.now()
    )
    return redirect(panel_url(request.account, "mappings:file", pk=found.pk))


# --- one file -----------------------------------------------------------------------------------------------------


def _one(request: PanelRequest, pk: int) -> WordImport:
    return get_object_or_404(WordImport.objects.for_account(request.account), pk=pk)


@require_GET
def one(request: PanelRequest, pk: int) -> HttpResponseBase:
    if request.htmx:  # asked every second: without its rows
        brief = WordImport.objects.for_account(request.account).defer("packed")
        return _progress(request, get_object_or_404(brief, pk=pk))
    found = _one(request, pk)
    if word_import.needs_columns(found):
        return redirect(panel_url(request.account, "mappings:file_columns", pk=pk))
    rows = sorted(word_import.rows_of(found), key=lambda row: row.number)
    context = {
        **_following(request, found),
        "page": rows_page(request, rows, TABS, found.counts),
        "read": _read(found),
        "changed": _changed(found),
        "can_go_back": found.state == ImportState.DONE and _changed(found) > 0,
        **_context(request, found),
    }
    return render(request, "mappings/file.html", context)


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


def _progress(request: PanelRequest, found: WordImport) -> HttpResponse:
    """The part of the page that follows the import; the whole page once it is done."""
    if found.state in (ImportState.IMPORTING, ImportState.UNDOING):
        return render(request, "mappings/parts/file_progress.html", _following(request, found))
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


def _following(request: PanelRequest, found: WordImport) -> dict[str, Any]:
    changes = MappingChange.objects.for_account(request.account).filter(batch=found.batch)
    total = found.writable if found.state == ImportState.IMPORTING else changes.count()
    return {"found": found, "total": total}


def columns(request: PanelRequest, pk: int) -> HttpResponseBase:
    """Which column is what, where the file does not say it clearly."""
    found = _one(request, pk)
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
    return _go(request, _one(request, pk))


@may(May.WORK_ORDERS)
def _go(request: PanelRequest, found: WordImport) -> HttpResponseBase:
    """Write what the preview showed. Whoever looked at it says so; pressed twice it is written once."""
    page = redirect(panel_url(request.account, "mappings:file", pk=found.pk))
    if found.user_id != request.user.pk:
        messages.error(request, f"{found.actor} sent this file and imports it. Send your own to import it yourself.")
        return page
    if not found.writable or not word_import.begin(found, now=timezone.now()):
        return page
    _audit(request, found, "mappings_imported")
    _write(found)
    return page


def back(request: PanelRequest, pk: int) -> HttpResponseBase:
    """Taking a whole import back: what goes back and what stays, then the press."""
    found = _one(request, pk)
    if request.method == "POST":
        return _back(request, found)
    if found.state != ImportState.DONE:
        return redirect(panel_url(request.account, "mappings:file", pk=pk))
    context = {"found": found, "back": word_import.going_back(found), **_context(request, found)}
    context["crumbs"].append((found.file_name, panel_url(request.account, "mappings:file", pk=pk)))
    return render(request, "mappings/file_back.html", context)


@may(May.WORK_ORDERS)
def _back(request: PanelRequest, found: WordImport) -> HttpResponseBase:
    if word_import.take_back(found, by=str(request.user), now=timezone.now()):
        _audit(request, found, "mappings_taken_back")
        _write(found)
    return redirect(panel_url(request.account, "mappings:file", pk=found.pk))


def _audit(request: PanelRequest, found: WordImport, code: str) -> None:
    params = {"file": found.file_name, "kind": found.kind, "rows": found.writable, "import": found.pk}
    AuditEntry.objects.create(
        account=request.account, at=timezone.now(), actor=str(request.user), code=code, params=params
    )


def _write(found: WordImport) -> None:
    """A while here, the rest behind the page."""
    if not word_import.go_on(found.pk, seconds=AT_ONCE):
        words_to_import.send(WordImport, import_id=found.pk)
