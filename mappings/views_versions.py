"""Changes of mappings: who changed what, when and why; compared, taken back, and what was decided under each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_time
from django.views.decorators.http import require_GET, require_POST

from fcp.listing import Choice, Column, Days, Empty, Filter, Listing, Rows
from fcp.models import Account, ImportState, Membership
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from inventory.models import Product, sku_key_of

from .batch_back import back_of, known_back
from .errors import MappingError
from .history import Names, meaning_words, names_in, sentence_of
from .lists import KINDS, Kind
from .models import CarrierOut, Location, MappingChange, ShipMethod
from .models import Listing as StoreListing
from .outside import OUTSIDE
from .versions import TABLES, TAKEN_BACK, Version, meaning_of_row, undo_change, versions_of
from .views_files import take_back
from .word_filters import stores_of

KIND_OF: dict[str, Kind] = {str(kind.model._meta.model_name): kind for kind in KINDS.values()}
NAMED = {"shipmethod": "Ship code", "listing": "SKU", "location": "Location", "carrierout": "Carrier", "alias": "Alias"}
LATEST = 500  # changes among which those who made them are found
FOUND = 500  # words of each kind that a search looks at
FIELD_NAMES = {
    "target": "Ship code", "target_carrier": "Carrier", "target_service": "Service", "hold": "Held for a look",
    "product_id": "Product", "units": "Units", "warehouse_id": "Warehouse", "name": "Name for the store",
    "link": "Tracking link",
}  # fmt: skip
DECIDED = {"carrierout": "Told under it"}  # what the list of a version's orders is called, if not "Decided under it"


# --- the list --------------------------------------------------------------------------------------------------------


def people_of(account: Account) -> list[tuple[str, str]]:
    """Who is in the account, and who changed something of late."""
    members = Membership.objects.filter(account=account).select_related("user")
    names = {str(one.user) for one in members}
    latest = MappingChange.objects.for_account(account).order_by("-id").values_list("by", flat=True)[:LATEST]
    return [(name, name) for name in sorted(names | set(latest))]


def _find(rows: Rows, text: str) -> Rows:
    """Changes of words that begin with the text."""
    found = Q(pk__in=[])
    for table, words in (
        ("shipmethod", ShipMethod.objects.filter(Q(title__istartswith=text) | Q(code__istartswith=text))),
        ("listing", StoreListing.objects.filter(sku_key__prefix=sku_key_of(text))),
        ("location", Location.objects.filter(name__istartswith=text)),
        ("carrierout", CarrierOut.objects.filter(carrier__istartswith=text)),
    ):
        of_account = words.filter(account__in=rows.order_by().values("account")[:1])
        ids = list(of_account.order_by().values_list("pk", flat=True)[:FOUND])
        if ids:
            found |= Q(table=table, row__in=ids)
    return rows.filter(found)


def decorate(rows: list[Any], account: Account | None) -> None:
    """Give changes what their rows show; a constant number of statements."""
    assert account is not None
    names = names_in([side for row in rows for side in (row.before, row.after)])
    nicknames, there = OUTSIDE.nicknames(account), _words(account, rows)
    for row in rows:
        word = there.get((row.table, row.row))
        row.kind = NAMED.get(row.table, row.table)
        row.word = str(word) if word else _known_as(row)
        store = row.store or (word.store if word else None)
        row.integration_name = nicknames.get(store.pk, store.name) if store else ""
        row.was, row.became = _side(row.before, names), _side(row.after, names)
        row.sentence = sentence_of(row.before, row.after, names)
        row.url = panel_url(account, "mappings:change", pk=row.pk)


def _known_as(row: Any) -> str:
    """A word that is gone, or belongs to no store, as its history names it."""
    sides = {**row.after, **row.before}
    return str(sides.get("carrier") or sides.get("code") or "Removed")


def _side(side: dict[str, Any], names: Names) -> str:
    if set(side) == {"hold"}:
        return "Held for a look" if side["hold"] else "Not held for a look"
    return meaning_words(side, names)


def _words(account: Account, changes: Sequence[MappingChange]) -> dict[tuple[str, int], Any]:
    found: dict[tuple[str, int], Any] = {}
    for table, model in TABLES.items():
        ids = {change.row for change in changes if change.table == table}
        if ids:
            rows: Any = model.objects.for_account(account).select_related("store").in_bulk(ids)
            found |= {(table, pk): row for pk, row in rows.items()}
    return found


CHANGES = Listing(
    key="mapping-changes",
    row="mappings/parts/change_row.html",
    order=("-id",),
    columns=(
        Column("word", "Word of the store", csv=lambda row: row.word),
        Column("at", "When", csv=lambda row: row.at),
        Column("kind", "Kind", csv=lambda row: row.kind),
        Column("store", "Integration", csv=lambda row: row.integration_name),
        Column("was", "It meant", csv=lambda row: row.was),
        Column("became", "It means since", csv=lambda row: row.became),
        Column("by", "By", csv=lambda row: row.by),
        Column("why", "Why", csv=lambda row: row.why),
        Column("version", "Version", csv=lambda row: row.version, align="end"),
        Column("batch", "With others", csv=lambda row: row.batch),
    ),
    filters=(
        Choice("store", "Integration", apply=lambda rows, value: rows.filter(store_id=value), choices=stores_of),
        Choice("table", "Kind", choices=list(NAMED.items())),
        Choice("by", "By", choices=people_of),
        Days("at", "Changed"),
        Filter("batch", "Changed together"),
    ),
    search=_find,
    search_label="Word begins with",
    prepare=lambda rows: rows.select_related("store"),
    decorate=decorate,
    empty=Empty(
        "No mapping was changed yet",
        "Each change of a ship code, SKU, location or carrier name is kept here, with who made it and why.",
        icon="history",
    ),
    covered=(frozenset({"store"}),),
)


@require_GET
def changes(request: PanelRequest) -> HttpResponseBase:
    batch = request.GET.get("batch", "").replace("\x00", "")[:40]
    rows = MappingChange.objects.for_account(request.account)
    context = {
        "lead": "Who changed what a store's word means, when and why. Each can be compared and taken back.",
        "actions": "mappings/parts/changes_actions.html",
        "batch": batch,
    }
    if batch and rows.filter(batch=batch).exists():
        context |= {
            "above": "mappings/parts/changes_batch.html",
            "question": OUTSIDE.asks_after(request.account, batch),
        }
    return CHANGES.answer(request, rows, title="Changes of mappings", context=context)


# --- one change, and the versions of its row -------------------------------------------------------------------------


def _change(request: PanelRequest, pk: int) -> MappingChange:
    return get_object_or_404(MappingChange.objects.for_account(request.account).select_related("store"), pk=pk)


@require_GET
def change(request: PanelRequest, pk: int) -> HttpResponseBase:
    """One change among the versions of its row; any two of these side by side."""
    found = _change(request, pk)
    decorate([found], request.account)
    row = _words(request.account, [found]).get((found.table, found.row))
    versions = versions_of(row) if row else []
    numbers = {one.number for one in versions}
    old = _number(request.GET.get("old"), numbers, found.version - 1)
    new = _number(request.GET.get("new"), numbers, found.version)
    by_number = {one.number: one for one in versions}
    compared = _compare(by_number.get(old), by_number.get(new)) if row else []
    names = names_in([one.meaning for one in versions])
    context = {
        "change": found,
        "row": row,
        "word_url": _word_url(request.account, found, row),
        "versions": [
            {
                "version": one,
                "words": _meaning(one, names),
                "decided": DECIDED.get(found.table, "Decided under it"),
                "current": number == 0,
            }
            for number, one in enumerate(versions)
        ],
        "old": old,
        "new": new,
        "lines": compared,
        "crumbs": [("Changes of mappings", panel_url(request.account, "mappings:changes"))],
    }
    return render(request, "mappings/change.html", context)


def _number(text: str | None, known: set[int], usual: int) -> int:
    number = int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else usual
    return number if number in known else max(known, default=0)


def _meaning(version: Version, names: Names) -> str:
    text = meaning_words(version.meaning, names) or "Not mapped"
    return f"{text}, held for a look" if version.meaning.get("hold") else text


def _compare(old: Version | None, new: Version | None) -> list[tuple[str, str, str]]:
    """The fields in which two versions differ, in words."""
    if old is None or new is None:
        return []
    names = names_in([old.meaning, new.meaning])
    return [
        (FIELD_NAMES[name], _value(name, old.meaning[name], names), _value(name, new.meaning[name], names))
        for name in new.meaning
        if old.meaning[name] != new.meaning[name]
    ]


def _value(name: str, value: Any, names: Names) -> str:
    if name in ("product_id", "warehouse_id"):
        return names.get((name, value), f"no. {value}") if value is not None else "–"
    return {True: "Yes", False: "No", "": "–"}.get(value, str(value)) if isinstance(value, bool | str) else str(value)


def _word_url(account: Account, found: MappingChange, row: Any) -> str:
    if row is None:
        return ""
    kind = KIND_OF.get(found.table)
    return panel_url(account, f"mappings:{kind.one}" if kind else "mappings:carrier", pk=row.pk)


# --- as it was -------------------------------------------------------------------------------------------------------


def decorate_then(rows: list[Any], account: Account | None) -> None:
    """Changes that were the first since a moment: what their word meant then, and what it means now."""
    assert account is not None
    decorate(rows, account)
    there = _words(account, rows)
    current = {key: meaning_of_row(row) for key, row in there.items()}
    names = names_in(current.values())
    for row in rows:
        now = current.get((row.table, row.row), {})
        row.became = _side({name: now[name] for name in row.before if name in now}, names) or "Not mapped"
        row.was = row.was or "Not mapped"


THEN = Listing(
    key="mappings-then",
    row="mappings/parts/then_row.html",
    order=("-id",),
    columns=(
        Column("word", "Word of the store", csv=lambda row: row.word),
        Column("kind", "Kind", csv=lambda row: row.kind),
        Column("store", "Integration", csv=lambda row: row.integration_name),
        Column("was", "It meant then", csv=lambda row: row.was),
        Column("became", "It means now", csv=lambda row: row.became),
    ),
    filters=(
        Choice("store", "Integration", apply=lambda rows, value: rows.filter(store_id=value), choices=stores_of),
        Choice("table", "Kind", choices=list(NAMED.items())),
    ),
    search=_find,
    search_label="Word begins with",
    prepare=lambda rows: rows.select_related("store"),
    decorate=decorate_then,
    empty=Empty("Nothing has changed since", "Every word means what it meant then.", icon="history"),
    template="mappings/then.html",
)


@require_GET
def then(request: PanelRequest) -> HttpResponseBase:
    """What meant something else at a moment: each word that was changed since, once."""
    moment = _moment(request) or timezone.now() - dt.timedelta(days=1)
    since = MappingChange.objects.for_account(request.account).filter(at__gte=moment)
    before = since.filter(table=OuterRef("table"), row=OuterRef("row"), pk__lt=OuterRef("pk"))
    context = {
        "moment": timezone.localtime(moment),
        "lead": "Words that were changed since a moment: what they meant then, and what they mean now.",
        "crumbs": [("Changes of mappings", panel_url(request.account, "mappings:changes"))],
    }
    return THEN.answer(request, since.filter(~Exists(before)), title="Mappings as they were", context=context)


def _moment(request: PanelRequest) -> dt.datetime | None:
    """A day and a time in the account's zone."""
    try:
        day = parse_date(request.GET.get("day", ""))
        time = parse_time(request.GET.get("time", "") or "00:00")
        return timezone.make_aware(dt.datetime.combine(day, time)).astimezone(dt.UTC) if day and time else None
    except (ValueError, OverflowError):
        return None


# --- taking back -----------------------------------------------------------------------------------------------------


@require_POST
@may(May.WORK_ORDERS)
def undo(request: PanelRequest, pk: int) -> HttpResponse:
    """Take one change back; what it decided is asked about first, as with any change."""
    found = _change(request, pk)
    here = panel_url(request.account, "mappings:change", pk=pk)
    if question := _question(request.account, found):
        return redirect(question)
    try:
        made = undo_change(found, str(request.user), timezone.now())
    except MappingError as error:
        messages.error(request, f"It stays as it is. {error}")
        return redirect(here)
    if made is None:
        messages.info(request, "It is as it was before already.")
        return redirect(here)
    messages.success(request, "Taken back. Orders that no warehouse has taken follow.")
    return redirect(panel_url(request.account, "mappings:change", pk=made.pk))


def _question(account: Account, found: MappingChange) -> str:
    """Where is asked what becomes of orders, if there is anything to ask."""
    kind = KIND_OF.get(found.table)
    row = kind.rows(account).filter(pk=found.row, version=found.version).first() if kind else None
    if kind is None or row is None or not kind.hold or "hold" in found.before:
        return ""  # somebody changed it since, or no order is decided by it
    form = kind.form(account, row, _fields_of(account, found.before) | {"why": TAKEN_BACK, "back": found.pk})
    return OUTSIDE.asks_first(row, form) if form.is_valid() else ""


def _fields_of(account: Account, meaning: dict[str, Any]) -> dict[str, Any]:
    """A meaning as a form would send it."""
    if "product_id" in meaning:
        product = Product.objects.for_account(account).filter(pk=meaning["product_id"]).first()
        return {"target": product.sku if product else "", "units": meaning.get("units", 1)}
    if "warehouse_id" in meaning:
        return {"target": meaning["warehouse_id"] or ""}
    names = {"target": "target", "target_carrier": "carrier", "target_service": "service"}
    return {field: meaning.get(name, "") for name, field in names.items()}


@may(May.WORK_ORDERS)
def back(request: PanelRequest) -> HttpResponse:
    """Take back all that was changed together, after a look. A file has its own page for that, as has what is on its
    way back.
    """
    batch = request.POST.get("batch", request.GET.get("batch", "")).replace("\x00", "")[:40]
    if not batch:
        return redirect(panel_url(request.account, "mappings:changes"))
    rows = MappingChange.objects.for_account(request.account).filter(batch=batch)
    first = rows.order_by("pk").first()
    if first is None:
        raise Http404
    known = known_back(request.account, batch)
    if known and known.file_name:
        return redirect(panel_url(request.account, "mappings:file_back", pk=known.pk))
    if request.method == "POST":
        known = back_of(request.account, request.user, batch, now=timezone.now())
        assert known is not None
        take_back(request, known)
    if known and (request.method == "POST" or known.state != ImportState.DONE):
        return redirect(panel_url(request.account, "mappings:file", pk=known.pk))
    context: dict[str, Any] = {"first": first, "batch": batch, "count": rows.count()}
    context["crumbs"] = [
        ("Changes of mappings", panel_url(request.account, "mappings:changes")),
        ("Changed together", f"{panel_url(request.account, 'mappings:changes')}?{urlencode({'batch': batch})}"),
    ]
    return render(request, "mappings/changes_back.html", context)
