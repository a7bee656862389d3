"""Tracking numbers from a file: choose it, see what would ship, ship it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fcp.file_rows import rows_page
from fcp.models import Account, AuditEntry, ImportState
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from fcp.spreadsheets import MAX_ROWS, TOO_LARGE, FileRefused, csv_lines, read_rows
from fcp.uploads import MAX_BYTES
from mappings.outside import OUTSIDE

from .. import tracking_import
from ..models import ShippingRequest, TrackingImport
from ..packing import slips_of
from ..signals import tracking_to_import
from ..tracking_import import SHIPPABLE
from ..tracking_rows import Found, read_tracking

AT_ONCE = 2.0  # seconds of shipping while the person waits; the rest is done behind the page
LATEST = 10
MOST_WORK = 5_000  # open requests in the file to fill in
BATCH = 200

TABS = (
    ("", "All rows"),
    (Found.SHIPS, "Ship"),
    (Found.ALREADY, "Shipped already"),
    (Found.REFUSED, "Refused"),
    (Found.EMPTY, "Left out"),
)
HEADER = ("Order number", "Integration", "SKU", "Quantity", "Carrier", "Service", "Tracking number", "Ship date")
SAMPLE = (
    ("1001", "MyShop", "", "", "UPS", "", "1Z999AA10123456784", "2026-11-22"),
    ("1002", "MyShop", "MUG-RED", "2", "DHL", "", "00340434161094000001", ""),
    ("1002", "MyShop", "HAT", "1", "DHL", "", "00340434161094000002", ""),
)


class TrackingFileForm(forms.Form):
    file = forms.FileField(
        allow_empty_file=True,
        help_text="CSV or Excel (.xlsx) with the columns Order number, Carrier and Tracking number. "
        f"At most {MAX_ROWS:,} rows and {MAX_BYTES // 1024 // 1024} MB.",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )

    def __init__(self, *args: Any, too_long: bool = False) -> None:
        """`too_long`: a file was sent and not taken (fcp.uploads)."""
        super().__init__(*args)
        if too_long:
            self.fields["file"].error_messages["required"] = TOO_LARGE


@may(May.SHIP)
def upload(request: PanelRequest) -> HttpResponseBase:
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = TrackingFileForm(*sent, too_long=getattr(request, "too_long", False))
    if sent and form.is_valid():
        found = _look(request, form)
        if found is not None:
            return redirect(panel_url(request.account, "orders:tracking_file", pk=found.pk))
    context = {
        "form": form,
        "header": HEADER,
        "sample": SAMPLE,
        "latest": TrackingImport.objects.for_account(request.account).defer("packed").order_by("-pk")[:LATEST],
        "crumbs": [("To ship", panel_url(request.account, "orders:to_ship"))],
    }
    return render(request, "orders/tracking.html", context)


def _look(request: PanelRequest, form: TrackingFileForm) -> TrackingImport | None:
    """What the file's rows would do; None, with the reason in the form, where it cannot be read."""
    file = form.cleaned_data["file"]
    assert isinstance(file, UploadedFile)
    now = timezone.now()
    try:
        cells = read_rows(file.file, file.size or 0)  # type: ignore[arg-type]  # always a file of bytes
        rows = read_tracking(cells, request.account.zone, now)
    except FileRefused as error:
        form.add_error("file", str(error))
        return None
    return tracking_import.look(request.account, request.user, file.name or "file", rows, now=now)


@may(May.SHIP)
@require_GET
def to_fill_in(request: PanelRequest) -> HttpResponseBase:
    """The open work of warehouses without an API as a file to fill in; where there is none, an example."""
    response = StreamingHttpResponse(csv_lines(HEADER, _work(request.account)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="tracking.csv"'
    return response


def _work(account: Account) -> Iterator[tuple[Any, ...]]:
    rows = ShippingRequest.objects.for_account(account).by_hand().filter(state__in=SHIPPABLE)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:MOST_WORK])
    names = OUTSIDE.nicknames(account)
    for start in range(0, len(ids), BATCH):
        some = ShippingRequest.objects.filter(pk__in=ids[start : start + BATCH])
        for slip in slips_of(some.select_related("order__store").order_by("pk")):
            order, shown = slip.request.order, slip.request.snapshot
            name = names.get(order.store_id, order.store.name)
            for line in slip.lines:
                if line.left:
                    yield order.number, name, line.sku, line.left, shown["carrier"], shown["service"], "", ""
    if not ids:
        yield from SAMPLE


# --- one file -----------------------------------------------------------------------------------------------------


def _one(request: PanelRequest, pk: int) -> TrackingImport:
    return get_object_or_404(TrackingImport.objects.for_account(request.account), pk=pk)


@require_GET
def one(request: PanelRequest, pk: int) -> HttpResponseBase:
    if request.htmx:  # asked every second: without its rows
        brief = TrackingImport.objects.for_account(request.account).defer("packed")
        return _progress(request, get_object_or_404(brief, pk=pk))
    found = _one(request, pk)
    rows = sorted(tracking_import.rows_of(found), key=lambda row: row.number)
    context = {
        "found": found,
        "page": rows_page(request, rows, TABS, found.counts),
        "mine": found.user_id == request.user.pk,
        "crumbs": [
            ("To ship", panel_url(request.account, "orders:to_ship")),
            ("Tracking numbers from a file", panel_url(request.account, "orders:tracking")),
        ],
    }
    return render(request, "orders/tracking_file.html", context)


def _progress(request: PanelRequest, found: TrackingImport) -> HttpResponse:
    """The part of the page that follows the import; the whole page once it is done."""
    if found.state == ImportState.IMPORTING:
        return render(request, "orders/parts/tracking_progress.html", {"found": found})
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


@require_POST
def go(request: PanelRequest, pk: int) -> HttpResponseBase:
    return _go(request, _one(request, pk))


@may(May.SHIP)
def _go(request: PanelRequest, found: TrackingImport) -> HttpResponseBase:
    """Ship what the preview showed. Whoever looked at it says so; pressed twice it ships once."""
    page = redirect(panel_url(request.account, "orders:tracking_file", pk=found.pk))
    if found.user_id != request.user.pk:
        messages.error(request, f"{found.actor} sent this file and imports it. Send your own to import it yourself.")
        return page
    now = timezone.now()
    if not found.writable or not tracking_import.begin(found, now=now):
        return page
    params = {"file": found.file_name, "rows": found.writable, "import": found.pk}
    AuditEntry.objects.create(
        account=request.account, at=now, actor=str(request.user), code="tracking_imported", params=params
    )
    if not tracking_import.go_on(found.pk, seconds=AT_ONCE):
        tracking_to_import.send(TrackingImport, import_id=found.pk)
    return page
