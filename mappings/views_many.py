"""Many words at once: the same meaning for all that were chosen, and using suggestions after a look at them."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from fcp.keyset import page_of
from fcp.models import ImportState, Store
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may

from .batch_back import back_of
from .lists import KINDS, Choices, Kind, choices_of, prepare_rows
from .models import WordImport
from .outside import OUTSIDE, Freed
from .set_many import MOST, Done, hold_many, meanings_of_suggestions, set_many
from .versions import undo_of
from .views_files import take_back

SHOWN = 50
LOOKED_AT = 200  # unmapped words of which suggestions are shown together
FIELDS = ("target", "carrier", "service", "units", "link")
KEPT = ("all", "query", "of_store", "of_tab", "back", *FIELDS, "hold")
TOLD_FROM_NOW = "Shipments that stores are told of from now on carry it; what they were told before stays."


# --- the same meaning for all of them ------------------------------------------------------------------------------


@require_POST
@may(May.WORK_ORDERS)
def many(request: PanelRequest, key: str) -> HttpResponse:
    """First says what it would do; done when that was confirmed."""
    kind = KINDS[key]
    hold = request.POST.get("hold", "") if key == "ship_codes" else ""
    form = kind.form(request.account, kind.model(account=request.account), _posted(request))
    refused = "" if hold else _refusal(kind, form)
    meaning: dict[str, Any] = {"hold": hold == "1"} if hold else {} if refused else form.meaning()
    rows = _chosen(request, kind)
    ids = [] if refused else list(rows.exclude(**meaning).order_by("pk").values_list("pk", flat=True)[: MOST + 1])
    number = min(len(ids), MOST)
    if number and request.POST.get("confirmed") == str(number):
        by, now = str(request.user), timezone.now()
        if hold:
            done = hold_many(request.account, ids[:MOST], hold == "1", by=by, now=now)
        else:
            done = set_many(kind, request.account, dict.fromkeys(ids[:MOST], meaning), by=by, now=now)
        _tell(request, kind, done)
        return redirect(_back(request, kind))
    shown = list(kind.rows(request.account).filter(pk__in=ids[:SHOWN]).order_by(*kind.listing.order))
    prepare_rows(kind, shown, request.account)
    context = {
        "title": _title(kind, hold, _words(form, meaning)),
        "kind": kind,
        "rows": shown,
        "number": number,
        "more": len(ids) > MOST,
        "refused": refused,
        "sentence": _hold_sentence(hold) if hold else _sentence(request, kind, ids[:MOST]),
        "button": "Change them",
        "kept": _kept(request),
        "back": _back(request, kind),
        "crumbs": [(kind.title, panel_url(request.account, f"mappings:{kind.key}"))],
    }
    return render(request, "mappings/many.html", context)


def _posted(request: PanelRequest) -> Any:
    return {name: request.POST.get(name, "").replace("\x00", "") for name in FIELDS}


def _refusal(kind: Kind, form: Any) -> str:
    if not form.is_valid():
        return " ".join(str(error) for errors in form.errors.values() for error in errors)
    return "" if form.cleaned_data.get("target") else f"Choose the {kind.means.lower()} first."


def _chosen(request: PanelRequest, kind: Kind) -> Any:
    """The rows that were ticked, or all that match the filters of the list, which may be one store's."""
    rows = kind.model.objects.for_account(request.account)
    store = request.POST.get("of_store", "")
    if store:
        is_number = store.isascii() and store.isdigit() and len(store) < 19
        rows = rows.filter(store_id=int(store)) if is_number else rows.none()
    if request.POST.get("all") == "1" and request.POST.get("of_tab") != "all":
        rows = rows.unmapped()
    return kind.listing.chosen(request, rows)


def _kept(request: PanelRequest) -> list[tuple[str, str]]:
    """What the confirming form sends again."""
    ticked = [] if request.POST.get("all") == "1" else [("row", pk) for pk in request.POST.getlist("row")]
    return [(name, request.POST[name]) for name in KEPT if name in request.POST] + ticked


def _back(request: PanelRequest, kind: Kind) -> str:
    """To the list it came from, if that is a page of this account."""
    given, home = request.POST.get("back", ""), panel_url(request.account, "fcp:dashboard")
    inside = given.startswith(home) and "//" not in given and "\\" not in given
    return given if inside else panel_url(request.account, f"mappings:{kind.key}")


def _words(form: Any, meaning: dict[str, Any]) -> str:
    target = form.cleaned_data.get("target") if meaning and "hold" not in meaning else ""
    units = meaning.get("units", 1)
    return f"{target} × {units}" if units != 1 else str(target or "")


def _title(kind: Kind, hold: str, words: str) -> str:
    if hold:
        return "Hold their orders for a look?" if hold == "1" else "No longer hold their orders?"
    return f"{kind.means} for all of them: {words}" if words else kind.means


def _hold_sentence(hold: str) -> str:
    if hold == "1":
        return "Orders that come in with them wait until a person has seen them."
    return "Orders with them no longer wait for a look."


def _sentence(request: PanelRequest, kind: Kind, ids: list[int]) -> str:
    """What giving these words a meaning does."""
    return freed_sentence(OUTSIDE.frees(request.account, kind.hold, ids)) if kind.hold else TOLD_FROM_NOW


def freed_sentence(freed: Freed) -> str:
    """What mapping these words lets go."""
    if not freed.orders:
        return "No order waits for them."
    least = "At least " if freed.more else ""
    orders = "1 order waits" if freed.orders == 1 else f"{freed.orders:,} orders wait"
    said = f"{least}{orders} for them"
    said = said[0].upper() + said[1:]
    if freed.go == freed.orders:
        return f"{said}; {'it goes' if freed.go == 1 else 'all of these go'}."
    return f"{said}; {freed.go:,} of these {'goes' if freed.go == 1 else 'go'}, the others wait for something else too."


def _tell(request: PanelRequest, kind: Kind, done: Done) -> None:
    """What was done, with the way back."""
    one, several = kind.nouns.split(",")
    text = f"1 {one} is changed." if done.changed == 1 else f"{done.changed:,} {several} are changed."
    if done.left:
        text += f" {done.left:,} stay as they are: somebody changed them meanwhile."
    if not done.changed:
        messages.info(request, text)
        return
    url, batch = panel_url(request.account, "mappings:undo"), json.dumps({"batch": done.batch})
    button = '{} <button type="button" class="btn btn-sm undo" hx-post="{}" hx-vals="{}" hx-swap="none">Undo</button>{}'
    question = _question(OUTSIDE.asks_after(request.account, done.batch))
    messages.success(request, format_html(button, text, url, batch, question))


def _question(url: str) -> str:
    """The way to what is asked about orders that the words had decided before."""
    link = ' <a class="btn btn-sm undo" href="{}">What of the orders they decided?</a>'
    return format_html(link, url) if url else ""


@require_POST
@may(May.WORK_ORDERS)
def undo(request: PanelRequest) -> HttpResponse:
    """Take back what one press changed; what somebody changed since stays."""
    batch = request.POST.get("batch", "").replace("\x00", "")[:40]
    found = back_of(request.account, request.user, batch, now=timezone.now())
    if found is None:
        raise Http404
    if found.file_name:  # which has its own look before
        return HttpResponseClientRedirect(panel_url(request.account, "mappings:file_back", pk=found.pk))
    if take_back(request, found):
        found.refresh_from_db()
        messages.success(request, _undone(request, found))
    else:
        messages.info(request, "That was taken back already.")
    return HttpResponseClientRefresh()


def _undone(request: PanelRequest, found: WordImport) -> str:
    """What was taken back, or how far it is."""
    done, left = found.results["back"]["done"], found.results["back"]["left"]
    text = "1 change is taken back" if done == 1 else f"{done:,} changes are taken back"
    if found.state == ImportState.UNDOING:
        link = '{} so far, the others follow. <a class="btn btn-sm undo" href="{}">See how far it is</a>'
        return format_html(link, text, panel_url(request.account, "mappings:file", pk=found.pk))
    text += f". {left:,} stay: somebody changed them since." if left else "."
    return format_html("{}{}", text, _question(OUTSIDE.asks_after(request.account, undo_of(found.batch))))


# --- suggestions -----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@may(May.WORK_ORDERS)
def suggestions(request: PanelRequest, key: str) -> HttpResponse:
    """Unmapped words of which something is known, each with its reason; those that stay ticked are used together."""
    kind = KINDS[key]
    store = (request.POST if request.method == "POST" else request.GET).get("store", "")
    rows = kind.rows(request.account).unmapped()
    known = dict(Store.objects.for_account(request.account).values_list("pk", "name"))
    store_id = int(store) if store.isascii() and store.isdigit() and len(store) < 19 and int(store) in known else 0
    if store_id:
        rows = rows.filter(store_id=store_id)
    chosen = choices_of(kind, request.account)
    back = _list_of(request, kind, store_id)
    if request.method == "POST":
        _tell(request, kind, _use(request, kind, rows, chosen))
        return redirect(back)
    page = page_of(rows, kind.listing.order, request.GET.get("page", ""), LOOKED_AT)
    prepare_rows(kind, page.rows, request.account, chosen=chosen)
    suggested = [row for row in page.rows if row.suggestion]
    names = {str(one.pk): one.name for one in chosen.warehouses}
    for row in suggested:
        row.proposed = names.get(row.suggestion.value, row.suggestion.value)
    context = {
        "title": "Suggestions",
        "kind": kind,
        "rows": suggested,
        "store": store_id or "",
        "more": page.older,
        "sentence": _sentence(request, kind, [row.pk for row in suggested]),
        "back": back,
        "crumbs": [(kind.title, back)],
    }
    return render(request, "mappings/suggestions.html", context)


def _list_of(request: PanelRequest, kind: Kind, store_id: int) -> str:
    there = OUTSIDE.tab(request.account, kind.key, store_id) if store_id else ""
    return there or panel_url(request.account, f"mappings:{kind.key}")


def _use(request: PanelRequest, kind: Kind, rows: Any, chosen: Choices) -> Done:
    """Only what the page showed: a word whose suggestion is another one by now is left."""
    ticked = {int(pk) for pk in request.POST.getlist("row") if pk.isascii() and pk.isdigit() and len(pk) < 19}
    found = list(rows.filter(pk__in=sorted(ticked)[:LOOKED_AT]))
    for row in found:
        row.suggestion = None
    kind.suggest(request.account, found, chosen)
    suggested = {
        row.pk: row.suggestion
        for row in found
        if row.suggestion and row.suggestion.value == request.POST.get(f"value-{row.pk}")
    }
    meanings = meanings_of_suggestions(kind, request.account, suggested, chosen)
    done = set_many(kind, request.account, meanings, by=str(request.user), now=timezone.now())
    return Done(done.changed, done.left + len(ticked) - len(meanings), done.batch)
