"""Held: what keeps orders back, by cause, with the one thing that frees them done in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from fcp.keyset import up_to
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from mappings.forms import WordForm
from mappings.lists import KINDS as WORDS
from mappings.lists import Kind, prepare_rows
from mappings.models import Word
from mappings.outside import OUTSIDE

from ..causes import MAPPED, SUMMED, Cause, cause_of, cause_page, fill, open_holds_of
from ..errors import OrderError
from ..holding import lift_hold
from ..holds import HoldKind
from ..models import Hold, Order
from ..setting_links import WHY, Links, setting_links
from ..settle import lift_mapped
from ..state import State
from ..stuck import not_taken, not_told
from ..tables import GROUP
from .orders import bulk_choices

AT_ONCE = 300  # orders that are let go within the request; more go on in the background
WORD_OF: dict[HoldKind, Kind] = {HoldKind(kind.hold): kind for kind in WORDS.values()}


@require_GET
def held(request: PanelRequest) -> HttpResponse:
    """The groups, oldest first; the one that the address names stands in front."""
    account, now = request.account, timezone.now()
    first = _named(request)
    page = cause_page(account, after=request.GET.get("page", ""))
    causes = [cause for cause in page.causes if first is None or cause.key != first.key]
    shown = [first, *causes] if first else causes
    fill(account, shown)
    context = {
        "causes": cards(request, shown),
        "first": first.slug if first else "",
        "more": page.more,
        "paged": "page" in request.GET,
        "held": up_to(Order.objects.for_account(account).in_state(State.HELD)),
        "stuck": [] if "page" in request.GET else [*not_taken(account, now), *not_told(account, now)],
    }
    return render(request, "orders/held.html", context)


@require_GET
def group(request: PanelRequest) -> HttpResponseBase:
    """One group with its orders as a list, the one that waits longest first."""
    cause = _named(request)
    if cause is None:
        return redirect(panel_url(request.account, "orders:held"))
    return _group(request, cause)


def _group(request: PanelRequest, cause: Cause, form: WordForm | None = None) -> HttpResponseBase:
    fill(request.account, [cause])
    [card] = cards(request, [cause], {cause.key: form} if form else {})
    context = bulk_choices(request) | {
        "card": card,
        "cause": cause,
        "crumbs": [("Held", panel_url(request.account, "orders:held"))],
    }
    rows = open_holds_of(request.account, cause.kind, cause.cause)
    return GROUP.answer(request, rows, title=card["title"], context=context)


def _named(request: PanelRequest) -> Cause | None:
    """The group that the address names, if anything waits for it."""
    kind = request.GET.get("kind", "")
    return cause_of(request.account, HoldKind(kind), _cause(request.GET)) if kind in set(HoldKind) else None


def _cause(fields: QueryDict) -> str:
    return fields.get("cause", "").replace("\x00", "")[:64]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


# --- a group as it is shown --------------------------------------------------------------------------------------


def cards(
    request: PanelRequest, causes: Sequence[Cause], forms: dict[tuple[str, str], WordForm] | None = None
) -> list[dict[str, Any]]:
    """The groups with the field that maps their word, the suggestion, and why such a thing is held at all."""
    account = request.account
    for kind, word in WORD_OF.items():
        rows = [cause.row for cause in causes if cause.kind is kind and cause.row]
        if rows:
            prepare_rows(word, rows, account, waiting={})  # the group says how many
    stores = OUTSIDE.nicknames(account)
    links = setting_links(account)
    return [_card(cause, (forms or {}).get(cause.key), stores, links) for cause in causes]


def _card(cause: Cause, form: WordForm | None, stores: Mapping[int, str], links: Links) -> dict[str, Any]:
    row: Any = cause.row
    store_id = row.store_id if row else 0
    why, setting = WHY[cause.kind]
    return {
        "cause": cause,
        "title": f"{cause.label}: {cause.word}" if cause.word else cause.label,
        "row": row,
        "form": form or (row.form if row else None),
        "suggestion": None if form else getattr(row, "suggestion", None),
        "store": stores.get(store_id, row.store.name) if row else "",
        "why": why,
        "setting": links(store_id, setting) if setting else "",
        "address": urlencode({"kind": cause.kind.value, "cause": cause.cause}),
        "waits": waits_text(cause.go, cause.orders, cause.others) if cause.counted else "",
    }


def waits_text(go: int, orders: int, others: Sequence[tuple[HoldKind, int]]) -> str:
    """ "31 of 37 go; 6 still wait: address incomplete." """
    if go == orders:
        return f"{orders:,} {'order goes' if orders == 1 else 'orders go'}"
    rest = orders - go
    labels = [kind.in_sentence for kind, _ in others]
    reasons = f": {', '.join(labels)}" if labels else ""
    waits = f"{rest:,} still {'waits' if rest == 1 else 'wait'}{reasons}"
    return f"{go:,} of {orders:,} {'goes' if go == 1 else 'go'}; {waits}"


# --- curing a group --------------------------------------------------------------------------------------------------


@may(May.WORK_ORDERS)
@require_POST
def map_word(request: PanelRequest) -> HttpResponseBase:
    """Give the word its meaning, and let go what waited for nothing else: at once, or in the background if many."""
    kind = request.POST.get("kind", "")
    pk = _number(request.POST.get("cause", ""))
    if kind not in {one.value for one in MAPPED}:
        raise Http404
    word = WORD_OF[HoldKind(kind)]
    row: Any = get_object_or_404(word.rows(request.account), pk=pk)
    form = word.form(request.account, row, request.POST)
    if form.is_valid() and not form.cleaned_data.get("target") and not form.cleaned_data.get("make"):
        form.add_error("target", f"Choose the {word.means.lower()} first.")
    if not form.is_valid():
        return _refused(request, HoldKind(kind), row, form)
    waiting = open_holds_of(request.account, HoldKind(kind), str(pk))
    ids = list(waiting.order_by("order_id").values_list("order_id", flat=True)[: AT_ONCE + 1])
    now, by = timezone.now(), str(request.user)
    target = form.apply(by=by, now=now)
    if len(ids) > AT_ONCE:
        total = waiting.count()
        query = urlencode({"follow_kind": kind, "follow": str(pk), "of": str(total)})
        messages.success(request, f"“{row}” means {target}. {total:,} orders are let go one after the other.")
        return redirect(f"{panel_url(request.account, 'orders:held')}?{query}")
    lift_mapped(kind, row.pk, now=now, actor=by)
    messages.success(request, f"“{row}” means {target}. {_outcome(ids, row)}")
    return redirect(panel_url(request.account, "orders:held"))


def _refused(request: PanelRequest, kind: HoldKind, row: Word, form: WordForm) -> HttpResponseBase:
    cause = cause_of(request.account, kind, str(row.pk))
    if cause is None:  # somebody mapped it meanwhile
        messages.error(request, f"No order waits for “{row}” any more.")
        return redirect(panel_url(request.account, "orders:held"))
    return _group(request, cause, form)


def _outcome(ids: Sequence[int], row: Any) -> str:
    """What became of the orders that waited, counted after the deed."""
    if not ids:
        return "No order waited for it."
    kinds = list(Hold.objects.open().filter(order_id__in=ids).values_list("order_id", "kind"))
    still = len({order for order, _ in kinds})
    others = [(HoldKind(kind), 0) for kind in dict.fromkeys(kind for _, kind in kinds)]
    text = f"{waits_text(len(ids) - still, len(ids), others)}."
    if not row.store.hands_over:
        text += f" {row.store.name} hands nothing over yet, so they stay here until it is live."
    return text


@may(May.WORK_ORDERS)
@require_POST
def lift_group(request: PanelRequest) -> HttpResponse:
    """Lift a hold that a person may lift for the orders of its group that wait longest, at most AT_ONCE."""
    kind = request.POST.get("kind", "")
    if kind not in set(HoldKind):
        raise Http404
    holds = open_holds_of(request.account, HoldKind(kind), _cause(request.POST))
    done, error = 0, ""
    for row in list(holds.order_by("placed_at", "order_id")[:AT_ONCE]):
        try:
            lift_hold(row, by=str(request.user), now=timezone.now())
            done += 1
        except OrderError as refused:
            error = str(refused)
    if done:
        label = HoldKind(kind).in_sentence
        messages.success(request, f"{done:,} {'order is' if done == 1 else 'orders are'} no longer held: {label}.")
    if error:
        messages.error(request, error)
    return redirect(panel_url(request.account, "orders:held"))


@require_GET
def worth(request: PanelRequest) -> HttpResponse:
    """What a large group is worth, and how many of it would go: asked when the page is there already."""
    cause = _named(request)
    if cause is None:
        return HttpResponse("Nothing waits for it any more.")
    fill(request.account, [cause], SUMMED)
    waits = waits_text(cause.go, cause.orders, cause.others) if cause.counted else ""
    return render(request, "orders/parts/worth.html", {"cause": cause, "waits": waits})


@require_GET
def progress(request: PanelRequest) -> HttpResponse:
    """How many of the orders that are let go in the background still wait for the word."""
    kind, cause = request.GET.get("follow_kind", ""), str(_number(request.GET.get("follow", "")))
    total = _number(request.GET.get("of", ""))
    left = open_holds_of(request.account, HoldKind(kind), cause).count() if kind in set(HoldKind) else 0
    context = {"total": max(total, left), "done": max(total - left, 0), "left": left, "query": request.GET.urlencode()}
    return render(request, "orders/parts/progress.html", context)
