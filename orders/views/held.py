"""Held: what keeps orders back, by cause, with the one thing that frees them done in place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from fcp.keyset import up_to
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may, refuse, roles_that_may
from mappings.errors import ChangedMeanwhile
from mappings.forms import WordForm
from mappings.history import meanwhile_words
from mappings.lists import KINDS as WORDS
from mappings.lists import Kind, prepare_rows
from mappings.models import Word
from mappings.outside import OUTSIDE

from ..causes import MAPPED, NAMED, SUMMED, Cause, CausePage, Key, cause_of, cause_page, fill, open_holds_of
from ..cure_words import cure_words, waits_text
from ..curing import cure_by_hand, cure_word, go_on, last_cures, nudge, undo
from ..errors import OrderError
from ..group_forms import GroupForm, members_of
from ..held_groups import LISTED, Shelves, keep, noted_of, shelves, woken
from ..holds import KINDS, HoldKind
from ..models import Cure, HeldGroup, Hold, Order
from ..setting_links import WHY, Links, setting_links
from ..state import State
from ..stuck import stuck_in
from ..tables import GROUP
from .cures import cure_card
from .orders import bulk_choices

AT_ONCE = 300  # orders that are let go within the request; more go on in the background
SECONDS = 20.0  # that a request goes on with it, at most
WORD_OF: dict[HoldKind, Kind] = {HoldKind(kind.hold): kind for kind in WORDS.values() if kind.hold}


@require_GET
def held(request: PanelRequest) -> HttpResponse:
    """The groups, oldest first, without those that are snoozed; the one that the address names stands in front."""
    account, now, show = request.account, timezone.now(), request.GET.get("show", "")
    first, kept = _named(request), shelves(account, now, request.user)
    if show in ("mine", "snoozed"):
        page = CausePage((kept.mine if show == "mine" else kept.snoozed)[:LISTED])
    else:
        show, hidden = "", {cause.key for cause in kept.snoozed}
        page = cause_page(account, after=request.GET.get("page", ""), hidden=hidden)
    causes = [cause for cause in page.causes if first is None or cause.key != first.key]
    shown = [first, *causes] if first else causes
    fill(account, shown)
    alone = show or "page" in request.GET
    context = {
        "causes": cards(request, shown),
        "first": first.slug if first else "",
        "more": page.more,
        "paged": "page" in request.GET,
        "show": show,
        "tabs": _tabs(request, show, kept),
        "cures": [] if alone else [cure_card(request, cure) for cure in last_cures(account, now)],
        "held": up_to(Order.objects.for_account(account).in_state(State.HELD)),
        "stuck": [] if alone else stuck_in(account, now),
    }
    return render(request, "orders/held.html", context)


def _tabs(request: PanelRequest, show: str, kept: Shelves) -> list[dict[str, Any]]:
    """None while nobody takes care of a group or snoozes one."""
    if not (show or kept.mine or kept.snoozed):
        return []
    address = panel_url(request.account, "orders:held")
    rows = [("", "All", None), ("mine", "Mine", len(kept.mine)), ("snoozed", "Snoozed", len(kept.snoozed))]
    return [
        {"label": label, "url": f"{address}?show={key}" if key else address, "active": key == show, "count": number}
        for key, label, number in rows
    ]


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


def _moment(text: str) -> dt.datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


# --- a group as it is shown --------------------------------------------------------------------------------------


def cards(
    request: PanelRequest, causes: Sequence[Cause], forms: dict[Key, WordForm] | None = None
) -> list[dict[str, Any]]:
    """The groups with the field that maps their word, the suggestion, what people noted, and why it is held at all."""
    account = request.account
    for kind, word in WORD_OF.items():
        rows = [cause.row for cause in causes if cause.kind is kind and cause.row]
        if rows:
            prepare_rows(word, rows, account, waiting={})  # the group says how many
    stores = OUTSIDE.nicknames(account)
    links = setting_links(account)
    noted = noted_of(account, causes)
    members = members_of(account) if May.WORK_ORDERS in request.rights and causes else []
    found = [_card(cause, (forms or {}).get(cause.key), stores, links) for cause in causes]
    for card, cause in zip(found, causes, strict=True):
        needs = KINDS[cause.kind].needs
        card |= _notes(noted.get(cause.key), cause)
        card |= {
            "members": members,
            "may_lift": needs in request.rights,
            "lifters": roles_that_may(needs),
            "page": _page_of(account, cause),
            "oldest": cause.oldest.isoformat(),
        }
    return found


def _notes(group: HeldGroup | None, cause: Cause) -> dict[str, Any]:
    now = timezone.now()
    until = group.snoozed_until if group and group.snoozed_until and group.snoozed_until > now else None
    owner = str(group.owner) if group and group.owner else ""
    return {
        "noted": group,
        "owner": owner,
        "until": until,
        "woken": bool(group and until and woken(group, cause.orders)),
    }


def _page_of(account: Account, cause: Cause) -> str:
    """The page of the product, the shipping option or the rule that the group is about."""
    if cause.kind not in NAMED or not cause.name:
        return ""
    try:
        return panel_url(account, NAMED[cause.kind][2], pk=int(cause.cause))
    except NoReverseMatch:
        return ""


def _card(cause: Cause, form: WordForm | None, stores: Mapping[int, str], links: Links) -> dict[str, Any]:
    """What the template needs of one group."""
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


# --- curing a group --------------------------------------------------------------------------------------------------


@may(May.WORK_ORDERS)
@require_POST
def map_word(request: PanelRequest) -> HttpResponseBase:
    """Give the word its meaning, and let go what waited for nothing else: at once, or in the background if many.

    Not from a page that shows an older meaning of it than it has: somebody mapped it meanwhile.
    """
    kind = request.POST.get("kind", "")
    pk = _number(request.POST.get("cause", ""))
    if kind not in {one.value for one in MAPPED}:
        raise Http404
    word = WORD_OF[HoldKind(kind)]
    row: Any = get_object_or_404(word.rows(request.account), pk=pk)
    form = word.form(request.account, row, request.POST)
    try:
        form.check_seen()
        return _map(request, HoldKind(kind), row, form)
    except ChangedMeanwhile:
        messages.warning(request, meanwhile_words(row))
        return redirect(panel_url(request.account, "orders:held"))


def _map(request: PanelRequest, kind: HoldKind, row: Any, form: WordForm) -> HttpResponseBase:
    if form.is_valid() and not form.cleaned_data.get("target") and not form.cleaned_data.get("make"):
        form.add_error("target", f"Choose the {WORD_OF[kind].means.lower()} first.")
    if not form.is_valid():
        return _refused(request, kind, row, form)
    if question := OUTSIDE.asks_first(row, form):  # it means something by now, and decided orders that are gone
        return redirect(question)
    waiting = open_holds_of(request.account, kind, str(row.pk))
    ids = list(waiting.order_by("order_id").values_list("order_id", flat=True)[: AT_ONCE + 1])
    now, by = timezone.now(), str(request.user)
    target, cure = cure_word(row, kind, partial(form.apply, by=by, now=now), by=by, now=now)
    means = f"“{row}” means {target}."
    if cure and cure.total > AT_ONCE:  # the nudge of the word lets them go
        _say(request, f"{means} {cure.total:,} orders are let go one after the other.", cure)
    elif cure:
        go_on(cure.pk, seconds=SECONDS)
        _say(request, f"{means} {_outcome(ids, row)}", cure)
    else:
        messages.success(request, f"{means} {'Its orders are being let go.' if ids else 'No order waited for it.'}")
    return redirect(panel_url(request.account, "orders:held"))


def _say(request: PanelRequest, text: str, cure: Cure) -> None:
    """With the button of the cure's own form, which stands on the page."""
    button = '{} <button type="submit" class="undo" form="undo-{}">Undo</button>'
    messages.success(request, format_html(button, text, cure.pk))


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
    """Lift a hold that a person may lift, for all orders of its group or for those that wait longest."""
    kind = request.POST.get("kind", "")
    if kind not in set(HoldKind):
        raise Http404
    needs = KINDS[HoldKind(kind)].needs
    if needs not in request.rights:
        return refuse(request, needs)
    most = _number(request.POST.get("most", "")) if "some" in request.POST else None
    address, cause = panel_url(request.account, "orders:held"), _cause(request.POST)
    if most == 0:
        messages.error(request, "Say how many of the oldest shall go.")
        return redirect(f"{address}?{urlencode({'kind': kind, 'cause': cause})}")
    named = cause_of(request.account, HoldKind(kind), cause)
    try:
        if named:
            fill(request.account, [named], most=0)
        cure = cure_by_hand(
            request.account, HoldKind(kind), cause, by=str(request.user), now=timezone.now(),
            word=named.word if named else "", most=most, oldest=_moment(request.POST.get("oldest", "")),
        )  # fmt: skip
    except OrderError as refused:
        messages.error(request, str(refused))
        return redirect(address)
    if cure.total > AT_ONCE:
        nudge(cure)
    else:
        go_on(cure.pk, seconds=SECONDS)
    _say(request, cure_words(Cure.objects.get(pk=cure.pk)), cure)
    return redirect(address)


# --- what was pressed, and taking it back ----------------------------------------------------------------------------


@require_GET
def cure(request: PanelRequest, pk: int) -> HttpResponse:
    """How far it is."""
    row = get_object_or_404(Cure.objects.for_account(request.account), pk=pk)
    return render(request, "orders/parts/cure.html", {"card": cure_card(request, row), "followed": True})


@may(May.WORK_ORDERS)
@require_POST
def undo_cure(request: PanelRequest, pk: int) -> HttpResponse:
    """Take a press back, as far as no warehouse has acknowledged."""
    row = get_object_or_404(Cure.objects.for_account(request.account), pk=pk)
    needs = KINDS[HoldKind(row.kind)].needs
    if needs not in request.rights:
        return refuse(request, needs)
    try:
        undo(row, by=str(request.user), now=timezone.now())
    except OrderError as refused:
        messages.error(request, str(refused))
        return redirect(panel_url(request.account, "orders:held"))
    row.refresh_from_db()
    if row.total > AT_ONCE:
        nudge(row)
    else:
        go_on(row.pk, seconds=SECONDS)
        row.refresh_from_db()
    messages.success(request, cure_words(row))
    query = urlencode({"kind": row.kind, "cause": row.cause})
    return redirect(f"{panel_url(request.account, 'orders:held')}?{query}")


# --- what people note of a group -------------------------------------------------------------------------------------


@may(May.WORK_ORDERS)
@require_POST
def keep_group(request: PanelRequest) -> HttpResponse:
    """Who takes care of it, a note, and until when it is left out of the list."""
    kind, cause, now = request.POST.get("kind", ""), _cause(request.POST), timezone.now()
    if kind not in set(HoldKind) or cause_of(request.account, HoldKind(kind), cause) is None:
        raise Http404
    form = GroupForm(request.account, now, request.POST)
    address = panel_url(request.account, "orders:held")
    if not form.is_valid():
        messages.error(request, " ".join(str(error[0]) for error in form.errors.values()))
        return redirect(f"{address}?{urlencode({'kind': kind, 'cause': cause})}")
    data = form.cleaned_data
    keep(
        request.account, HoldKind(kind), cause, owner=data["owner"], note=data["note"], until=data["until"],
        by=str(request.user), now=now,
    )  # fmt: skip
    if data["until"]:
        day = f"{data['until']:%A}, {data['until'].day} {data['until']:%B}"
        messages.success(request, f"It comes back on {day}, or at once when twice as many wait for it.")
    else:
        messages.success(request, "Noted.")
    return redirect(address)


@require_GET
def worth(request: PanelRequest) -> HttpResponse:
    """What a large group is worth, and how many of it would go: asked when the page is there already."""
    cause = _named(request)
    if cause is None:
        return HttpResponse("Nothing waits for it any more.")
    fill(request.account, [cause], SUMMED)
    waits = waits_text(cause.go, cause.orders, cause.others) if cause.counted else ""
    return render(request, "orders/parts/worth.html", {"cause": cause, "waits": waits})
