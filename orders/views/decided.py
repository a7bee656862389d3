"""Orders that were decided under one version of a mapping: by the version that each keeps, else by its time."""

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
from mappings.models import CarrierOut, MappingChange, ShipMethod
from mappings.models import Listing as StoreListing
from mappings.versions import TABLES, meanings_of

from ..decided_under import in_force, orders_under, told_under
from ..models import Fulfillment, Order, OrderLine
from ..state import State
from ..tables import COLUMNS, rows_of

NOTHING: dict[Any, str] = {CarrierOut: "the carrier's own name"}
DECIDED: dict[Any, str] = {CarrierOut: "Orders whose shipments the store was told of"}


def _decorate(rows: list[Any], account: Account | None) -> None:
    assert account is not None
    ids = [row.pk if isinstance(row, Order) else row.order_id for row in rows]
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
OF_LOCATION = replace(OF_SHIP_METHOD, order=("-placed_at", "-id"))
OF_CARRIER = replace(
    OF_SHIP_METHOD,
    order=("-shipped_at", "-id"),
    empty=Empty("The store was told of no shipment under this version", "None left while it was in force.", "history"),
)


@require_GET
def decided(request: PanelRequest, pk: int) -> HttpResponseBase:
    """Newest first, in pages whose cost does not grow with the number of orders."""
    change = get_object_or_404(MappingChange.objects.for_account(request.account), pk=pk)
    model = TABLES.get(change.table)
    if model is None:
        raise Http404
    word: Any = get_object_or_404(model.objects.for_account(request.account), pk=change.row)
    version = _number(request.GET.get("version", ""), change.version)
    meaning = meanings_of(word).get(version)
    words = meaning_words(meaning, names_in([meaning])) or NOTHING.get(model, "not mapped") if meaning else "unknown"
    listing, rows = _rows(word, version)
    context = {
        "lead": f"{DECIDED.get(model, 'Orders decided')} under version {version} of “{word}”: {words}.",
        "crumbs": [
            ("Changes of mappings", panel_url(request.account, "mappings:changes")),
            (f"{word}, version {change.version}", panel_url(request.account, "mappings:change", pk=pk)),
        ],
    }
    return listing.answer(request, rows, title=f"{word}, version {version}", context=context)


def _number(text: str, usual: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else usual


def _rows(word: Any, version: int) -> tuple[Listing, Rows]:
    """Each part is a walk along an index that begins with the word and its version; where orders keep no version, one
    along the store's orders, or the account's shipments, by time.
    """
    parts = [Q(state=state.value) for state in State]
    if isinstance(word, ShipMethod):
        orders = Order.objects.filter(ship_method=word.pk, mapping_version=version)
        return OF_SHIP_METHOD, cast("Rows", ShortLists(orders, parts))
    if isinstance(word, StoreListing):
        return OF_LISTING, OrderLine.objects.filter(listing=word.pk, mapping_version=version)
    time = in_force(word, version)
    if isinstance(word, CarrierOut):
        return OF_CARRIER, told_under(word, time) if time else Fulfillment.objects.none()
    if time is None:
        return OF_LOCATION, Order.objects.none()
    return OF_LOCATION, cast("Rows", ShortLists(orders_under(word, time), parts))
