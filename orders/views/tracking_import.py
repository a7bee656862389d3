"""Tracking numbers from a file: choose it, see what would ship, ship it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fcp.file_forms import FileForm, sent_file
from fcp.file_pages import follow, import_of, sent_before, write_shown
from fcp.file_rows import rows_page
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from fcp.spreadsheets import csv_lines
from mappings.outside import OUTSIDE

from .. import tracking_import
from ..models import ShippingRequest, TrackingImport
from ..packing import slips_of
from ..signals import tracking_to_import
from ..tracking_import import SHIPPABLE
from ..tracking_rows import Found, read_tracking

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


class TrackingFileForm(FileForm):
    columns = "the columns Order number, Carrier and Tracking number"


@may(May.SHIP)
def upload(request: PanelRequest) -> HttpResponseBase:
    form = TrackingFileForm(**sent_file(request))
    if form.is_valid() and (found := _look(request, form)):
        return redirect(panel_url(request.account, "orders:tracking_file", pk=found.pk))
    context = {
        "form": form,
        "header": HEADER,
        "sample": SAMPLE,
        "latest": sent_before(request, TrackingImport),
        "crumbs": [("To ship", panel_url(request.account, "orders:to_ship"))],
    }
    return render(request, "orders/tracking.html", context)


def _look(request: PanelRequest, form: TrackingFileForm) -> TrackingImport | None:
    """What the file's rows would do; None, with the reason in the form, where it cannot be read."""
    now = timezone.now()
    rows = form.read(lambda cells: read_tracking(cells, request.account.zone, now))
    if rows is None:
        return None
    return tracking_import.look(request.account, request.user, form.file_name, rows, now=now)


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


@require_GET
def one(request: PanelRequest, pk: int) -> HttpResponseBase:
    found = import_of(request, TrackingImport, pk)
    if request.htmx:
        return follow(request, found, found.writable)
    rows = sorted(tracking_import.rows_of(found), key=lambda row: row.number)
    context = {
        "found": found,
        "page": rows_page(request, rows, TABS, found.counts),
        "mine": found.user_id == request.user.pk,
        "crumbs": [
            ("To ship", panel_url(request.account, "orders:to_ship")),
            ("Tracking from a file", panel_url(request.account, "orders:tracking")),
        ],
    }
    return render(request, "orders/tracking_file.html", context)


@require_POST
def go(request: PanelRequest, pk: int) -> HttpResponseBase:
    return _go(request, import_of(request, TrackingImport, pk))


@may(May.SHIP)
def _go(request: PanelRequest, found: TrackingImport) -> HttpResponseBase:
    write_shown(request, found, "tracking_imported", tracking_import.go_on, tracking_to_import)
    return redirect(panel_url(request.account, "orders:tracking_file", pk=found.pk))
