"""Mappings as a file: every word of a kind with its store, its meaning and when it was seen.

What goes out can be edited and come back; unchanged it changes nothing (`word_rows`). Read while it is sent, so that
memory does not grow with the catalogue.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from fcp.keyset import walk
from fcp.models import Account, Store
from fcp.spreadsheets import csv_lines, workbook
from inventory.models import Alias

from .models import CarrierOut, Listing, Location, ShipMethod, WordKind
from .outside import OUTSIDE
from .word_columns import FIELDS, WITHOUT_STORE

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BATCH = 500


@dataclass(frozen=True, slots=True)
class _Kind:
    model: Any
    order: tuple[str, ...]
    related: tuple[str, ...]
    cells: Callable[[Any], tuple[Any, ...]]  # those between the store's and the dates, where it has such


KINDS: dict[WordKind, _Kind] = {
    WordKind.SHIP_CODES: _Kind(
        ShipMethod, ("title", "id"), ("store",),
        lambda row: (row.carrier, row.title, row.code, row.word_key, row.target, row.target_carrier,
                     row.target_service),
    ),
    WordKind.SKUS: _Kind(
        Listing, ("sku_key", "id"), ("store", "product"),
        lambda row: (row.sku, row.title, row.product_uid, row.variant_uid, row.product.sku if row.product else "",
                     row.units),
    ),
    WordKind.LOCATIONS: _Kind(
        Location, ("name", "id"), ("store", "warehouse"),
        lambda row: (row.name, row.uid, row.warehouse.code if row.warehouse else ""),
    ),
    WordKind.CARRIERS: _Kind(CarrierOut, ("carrier", "id"), ("store",), lambda row: (row.carrier, row.name, row.link)),
    WordKind.ALIASES: _Kind(
        Alias, ("code_key", "id"), ("alias_type", "product"),
        lambda row: (row.alias_type.name, row.code, row.product.sku, row.units),
    ),
}  # fmt: skip


def header_of(kind: str) -> list[str]:
    return [field.label for field in FIELDS[kind]]


def lines_out(account: Account, kind: str, store: Store | None, zone: dt.tzinfo) -> Iterator[tuple[Any, ...]]:
    """A line for each word; of one store where one is given."""
    of = KINDS[WordKind(kind)]
    rows = of.model.objects.for_account(account).select_related(*of.related)
    if store:
        rows = rows.filter(store=store)
    names = OUTSIDE.nicknames(account)
    every = walk(rows, of.order)
    while batch := list(islice(every, BATCH)):
        for row in batch:
            yield of.cells(row) if kind in WITHOUT_STORE else _line(row, of, names, zone)


def _line(row: Any, of: _Kind, names: Mapping[int, str], zone: dt.tzinfo) -> tuple[Any, ...]:
    first = (names.get(row.store_id, row.store.name), row.store.uid)
    seen = timezone.localtime(row.first_seen_at, zone).date().isoformat() if row.first_seen_at else ""
    return (*first, *of.cells(row), seen, row.last_seen_on.isoformat() if row.last_seen_on else "")


def file_of(account: Account, kind: str, store: Store | None, form: str) -> HttpResponseBase:
    """The download: `form` is "xlsx" or "csv"."""
    lines = lines_out(account, kind, store, timezone.get_current_timezone())
    name = WordKind(kind).value.replace("_", "-")
    if form == "xlsx":
        book = workbook(header_of(kind), lines, WordKind(kind).label)
        return FileResponse(book, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)
    response = StreamingHttpResponse(csv_lines(header_of(kind), lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
