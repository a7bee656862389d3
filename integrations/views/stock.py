"""Push preview: what a store shows of each listing, what it would be told, and why; the first push; a guard's question.

The reckoning of the rows is the flow's own (`integrations.stock_looking`), made anew for the rows of the page.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from fcp.errors import SyncError
from fcp.listing import Choice, Column, Empty, Listing, Rows
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from integrations.connectors.declaring import FlowKind
from integrations.connectors.shapes import StoreStock
from integrations.errors import IntegrationError
from integrations.models import Integration
from integrations.reach import open_store
from integrations.settings_document import document_of
from integrations.settings_saving import lock, save
from integrations.stock_answers import allow_first_push, answer_guard
from integrations.stock_looking import look
from integrations.stock_rules import stock_settings
from integrations.stock_state import DIFFERS, IN_SENTENCE, stock_state
from integrations.stock_words import LeftOut, left_out
from integrations.views.page import context_of, find, logo_of, platform_of
from inventory.models import sku_key_of
from inventory.step_words import ShownStep, shown_steps
from mappings.models import Listing as StoreListing
from mappings.models import ListingStock, Location, Why

LIVE = 50  # listings of which the store's own number is read at once: a page of them
DIFFER, LEFT_OUT = "differ", "left_out"


# --- rows ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """One listing at one place of its store. `confirmed` is what the store last confirmed or showed, if it is known."""

    listing: StoreListing
    place: str
    place_uid: str
    place_key: int  # 0 where the store has one number for all its places
    becomes: int | None
    steps: Sequence[ShownStep]
    confirmed: int | None
    out: LeftOut | None

    @property
    def key(self) -> str:
        """Names its cells, so that the store's own number finds them."""
        return f"{self.listing.pk}-{self.place_key}"

    @property
    def difference(self) -> int | None:
        return difference(self.becomes, self.confirmed)


def difference(becomes: int | None, shown: int | None) -> int | None:
    return None if becomes is None or shown is None else becomes - shown


def looks_of(account: Account, integration: Integration, rows: Sequence[StoreListing]) -> dict[int, list[Look]]:
    """What each listing would show at each place, by the listing's id; the same reckoning as the flow's."""
    settings = stock_settings(integration)
    if settings is None:
        return {}
    # A location whose warehouse another one sends says nothing new: it has no line.
    keys = [place.key for place in settings.places] or [None]
    wanted = [(row, key) for row in rows for key in keys]
    names = dict(Location.objects.filter(pk__in=[key for key in keys if key]).values_list("pk", "name"))
    stored = {(one.listing_id, one.location_id): one for one in ListingStock.objects.filter(listing__in=rows)}
    found: dict[int, list[Look]] = defaultdict(list)
    for (row, key), looked in zip(wanted, look(settings, wanted), strict=True):
        kept = stored.get((row.pk, key)) or ListingStock()
        refused = kept.why == Why.REFUSED and not looked.why
        why, said = (Why.REFUSED.value, kept.problem) if refused else (looked.why, "")
        found[row.pk].append(
            Look(
                listing=row,
                place=names.get(key or 0, ""),
                place_uid=settings.uids.get(key, ""),
                place_key=key or 0,
                becomes=looked.quantity,
                steps=shown_steps(looked.steps),
                confirmed=kept.confirmed if kept.known else None,
                out=left_out(why, account, integration.pk, row.pk, looked.product_id, said) if why else None,
            )
        )
    return found


def _show(rows: Rows, value: str) -> Rows:
    stock = ListingStock.objects.filter(listing=OuterRef("pk"))
    if value == DIFFER:
        return rows.filter(Exists(stock.filter(DIFFERS)))
    if value == LEFT_OUT:
        return rows.filter(Exists(stock.exclude(why__in=["", Why.SHARED])))
    return rows.filter(Exists(stock.filter(why=value)))


SHOWN = [
    (DIFFER, "Those that differ"),
    (LEFT_OUT, "Those left out"),
    *((why.value, f"Left out: {why.label}") for why in IN_SENTENCE),
]

PREVIEW = Listing(
    key="push-preview",
    row="integrations/parts/stock_row.html",
    order=("sku_key", "id"),
    columns=(
        Column("sku", "SKU", csv=lambda look: look.listing.sku),
        Column("title", "Title", csv=lambda look: look.listing.title, hidden=True),
        Column("place", "Location", csv=lambda look: look.place),
        Column("store", "In the store", csv=lambda look: look.confirmed, align="end"),
        Column("becomes", "Becomes", csv=lambda look: look.becomes, align="end"),
        Column("difference", "Difference", csv=lambda look: look.difference, align="end"),
        Column("why", "Why", csv=lambda look: look.out.sentence if look.out else ""),
    ),
    filters=(Choice("show", "Show", _show, choices=SHOWN),),
    search=lambda rows, text: rows.filter(sku_key__prefix=sku_key_of(text)),
    search_label="SKU begins with",
    prepare=lambda rows: rows.select_related("product"),
    lines=lambda row: row.looks,
    empty=Empty(
        "No listings yet",
        "What the store sells appears here once its products are read, which the inventory flow begins with.",
        icon="packages",
    ),
    template="integrations/stock.html",
)


def listing_of(request: PanelRequest, integration: Integration) -> Listing:
    """The list of this integration: its rows know what they become, and its page asks the store for its own numbers."""
    offer = platform_of(integration).stock.get(integration.variant)
    located = bool(offer and offer.located)
    columns = [c if c.key != "place" or located else replace(c, csv=None, hidden=True) for c in PREVIEW.columns]
    return replace(PREVIEW, columns=columns, decorate=_decorating(request, integration))


def _decorating(request: PanelRequest, integration: Integration) -> Callable[[list[Any], Account | None], None]:
    def decorate(rows: list[Any], account: Account | None) -> None:
        looks = looks_of(request.account, integration, rows)
        for row in rows:
            row.looks = looks.get(row.pk, [])
        if rows:
            asked = urlencode({"row": [row.pk for row in rows[:LIVE]]}, doseq=True)
            rows[0].live = f"{panel_url(request.account, 'integrations:stock_live', pk=integration.pk)}?{asked}"

    return decorate


# --- pages -----------------------------------------------------------------------------------------------------------


@require_GET
def push_preview(request: PanelRequest) -> HttpResponseBase:
    """The only integration's preview, or the choice of one."""
    found = list(Integration.objects.for_account(request.account).select_related("store").order_by("nickname")[:200])
    if len(found) == 1:
        url = panel_url(request.account, "integrations:stock", pk=found[0].pk)
        return redirect(f"{url}?show={DIFFER}" if stock_state(found[0]).counts.differ else url)
    rows = [{"integration": one, "logo": logo_of(one.store.platform), "stock": stock_state(one)} for one in found]
    return render(request, "integrations/stock_choose.html", {"rows": rows})


@require_GET
def stock(request: PanelRequest, pk: int) -> HttpResponseBase:
    """Every listing of the store: its number there, what it would be told, and why."""
    integration = find(request, pk)
    rows = StoreListing.objects.for_account(request.account).filter(store=integration.store_id, retired_at=None)
    listing = listing_of(request, integration)
    part = request.htmx and request.headers.get("HX-Target") == f"list-{listing.key}"
    context = {} if part or request.GET.get("format") == "csv" else _around(request, integration)
    return listing.answer(request, rows, title="Push preview", context=context)


def _around(request: PanelRequest, integration: Integration) -> dict[str, Any]:
    return context_of(request, integration, "stock") | {
        "stock": stock_state(integration),
        "stock_tab": shown if (shown := request.GET.get("show")) in (DIFFER, LEFT_OUT) else "" if shown else "preview",
        "document": document_of(integration),
    }


@require_GET
def live(request: PanelRequest, pk: int) -> HttpResponse:
    """The store's own numbers of some listings, read now: cells that replace those of the page."""
    integration = find(request, pk)
    asked = [int(row) for row in request.GET.getlist("row")[:LIVE] if row.isascii() and row.isdigit() and len(row) < 19]
    mine = StoreListing.objects.for_account(request.account).filter(store=integration.store_id, pk__in=asked)
    rows = list(mine.select_related("product"))
    looks = [look for found in looks_of(request.account, integration, rows).values() for look in found]
    try:
        shown = _ask(integration, rows)
    except SyncError as error:
        return render(request, "integrations/parts/stock_live.html", {"sentence": error.sentence})
    cells = [(look, _own_number(look, shown)) for look in looks]
    context = {"cells": [(look, own, _apart(look, own)) for look, own in cells], "now": timezone.now()}
    return render(request, "integrations/parts/stock_live.html", context)


def _ask(integration: Integration, rows: Sequence[StoreListing]) -> list[StoreStock]:
    """Raises SyncError."""
    if not rows or integration.variant not in platform_of(integration).stock:
        return []
    wanted = [(row.product_uid, row.variant_uid) for row in rows]
    with open_store(integration, FlowKind.INVENTORY, timezone.now()) as store:
        return store.ask(lambda connector: connector.stock_of(wanted))


def _own_number(look: Look, shown: Sequence[StoreStock]) -> StoreStock | None:
    row = look.listing
    mine = [one for one in shown if (one.product_uid, one.variant_uid) == (row.product_uid, row.variant_uid)]
    return next((one for one in mine if not look.place_uid or one.location_uid == look.place_uid), None)


def _apart(look: Look, own: StoreStock | None) -> int | None:
    return difference(look.becomes, own.quantity if own else None)


# --- the first push, a guard's question ------------------------------------------------------------------------------


@require_POST
@may(May.CONNECT)
def send(request: PanelRequest, pk: int) -> HttpResponse:
    """The first push of an integration is started by a person who has seen the preview (X26)."""
    integration = find(request, pk)
    by, now = str(request.user), timezone.now()
    try:
        with transaction.atomic():
            _choose_first_push(integration, request.POST.get("first_push", ""), by, now)
            allow_first_push(integration, by=by, now=now)
    except IntegrationError as error:
        messages.error(request, error.sentence)
    else:
        when = "now" if integration.live else "as soon as it is live"
        messages.success(request, f"Stock goes to {integration.nickname} {when}, and by itself from then on.")
    return redirect(panel_url(request.account, "integrations:stock", pk=pk))


def _choose_first_push(integration: Integration, chosen: str, by: str, now: dt.datetime) -> None:
    """The setting of the same name, where the person chose otherwise beside the button. In a transaction."""
    lock(integration)  # somebody may be saving other settings
    document = document_of(integration)
    if chosen in ("differences", "changes") and document.get("first_push") != chosen:
        save(integration, document | {"first_push": chosen}, by=by, now=now, why="at the first push")


@require_POST
@may(May.SYNC)
def answer(request: PanelRequest, pk: int) -> HttpResponse:
    """A guard asked: send all the same, or not now."""
    integration, send_it = find(request, pk), request.POST.get("answer") == "send"
    try:
        answer_guard(integration, by=str(request.user), now=timezone.now(), send=send_it)
    except IntegrationError as error:
        messages.error(request, error.sentence)
    else:
        done = "The quantities go to the store now." if send_it else "Those keep what the store shows; the rest goes."
        messages.success(request, done)
    return redirect(panel_url(request.account, "integrations:stock", pk=pk))
