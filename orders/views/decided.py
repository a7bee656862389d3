"""Orders that were decided under one version of a mapping, by the version that each keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from django.db.models import Q
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from fcp.listing import Empty, Listing, Rows
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.short_lists import ShortLists
from mappings.history import meaning_words, names_in
from mappings.models import Listing as StoreListing
from mappings.models import MappingChange, ShipMethod, Word
from mappings.versions import TABLES, meanings_of

from ..models import Order, OrderLine
from ..state import State
from ..tables import COLUMNS, rows_of


def _decorate(rows: list[Any], account: Account | None) -> None:
    assert account is not None
    ids = [row.order_id if isinstance(row, OrderLine) else row.pk for row in rows]
    orders = Order.objects.select_related("store", "warehouse").in_bulk(ids)
    rows[:] = rows_of((orders[pk] for pk in dict.fromkeys(ids)), account, timezone.now())


OF_SHIP_METHOD = Listing(
    key="decided",
    row="orders/parts/row.html",
    order=("-id",),
    columns=COLUMNS,
    decorate=_decorate,
    empty=Empty("No order was decided under this version", "None came in while it was in force.", icon="history"),
)
OF_LISTING = replace(OF_SHIP_METHOD, order=("-order_id", "-id"))


@require_GET
def decided(request: PanelRequest, pk: int) -> HttpResponseBase:
    """Newest first, in pages whose cost does not grow with the number of orders."""
    change = get_object_or_404(MappingChange.objects.for_account(request.account), pk=pk)
    model = TABLES.get(change.table)
    if model not in (ShipMethod, StoreListing):
        raise Http404
    word = get_object_or_404(cast("type[Word]", model).objects.for_account(request.account), pk=change.row)
    version = _number(request.GET.get("version", ""), change.version)
    meaning = meanings_of(word).get(version)
    words = meaning_words(meaning, names_in([meaning])) or "not mapped" if meaning else "unknown"
    listing, rows = _rows(word, version)
    context = {
        "lead": f"Orders decided under version {version} of “{word}”: {words}.",
        "crumbs": [
            ("Changes of mappings", panel_url(request.account, "mappings:changes")),
            (f"{word}, version {change.version}", panel_url(request.account, "mappings:change", pk=pk)),
        ],
    }
    return listing.answer(request, rows, title=f"{word}, version {version}", context=context)


def _number(text: str, usual: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else usual


def _rows(word: Word, version: int) -> tuple[Listing, Rows]:
    """Each part is a walk along an index that begins with the word and its version."""
    if isinstance(word, ShipMethod):
        orders = Order.objects.filter(ship_method=word.pk, mapping_version=version)
        parts = [Q(state=state.value) for state in State]
        return OF_SHIP_METHOD, cast("Rows", ShortLists(orders, parts))
    return OF_LISTING, OrderLine.objects.filter(listing=word.pk, mapping_version=version)
