"""Words that were changed together, by one press or one file: what shall become of the orders that they had decided."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from fcp.keyset import walk
from fcp.listing import BATCH, Column
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from mappings.history import meaning_words, names_in
from mappings.models import MappingChange
from mappings.outside import OUTSIDE
from mappings.versions import words_of_changes

from ..models import Remapping
from ..remapping import COUNTED, go_on
from ..remapping_many import (
    ASKED,
    MODELS,
    Late,
    ManyQuestion,
    asks_about,
    begin_many,
    changes_of,
    follow_by_themselves,
    in_force,
    model_of,
    question_of_many,
)
from ..using import GONE
from .late import KIND_OF, SECONDS, SHIPPED, Left, decorate, shipped


def asks_after(account: Account, batch: str, *, unanswered: bool = False) -> str:
    """Where a person is asked about orders that words changed together had decided; empty where there are none."""
    asks = batch and asks_about(account, batch, timezone.now(), unanswered=unanswered)
    return _address(account, batch) if asks else ""


def _address(account: Account, batch: str, after: int = 0) -> str:
    fields = {"batch": batch} | ({"after": after} if after else {})
    return f"{panel_url(account, 'orders:late_many')}?{urlencode(fields)}"


@require_http_methods(["GET", "POST"])
def late_many(request: PanelRequest) -> HttpResponseBase:
    """The question for a batch, what was answered, and how far that has come; a POST answers it."""
    sent = request.POST if request.method == "POST" else request.GET
    batch = sent.get("batch", "").replace("\x00", "")[:40]
    if not batch:
        return redirect(panel_url(request.account, "mappings:changes"))
    first = MappingChange.objects.for_account(request.account).filter(batch=batch).order_by("pk").first()
    if first is None:
        raise Http404
    after = _number(sent.get("after", ""))
    if request.method == "POST":
        return _answer(request, batch, after)
    if request.GET.get("format") == "csv" and first.table in MODELS:
        changes = changes_of(request.account, batch, MODELS[first.table], GONE).select_related("account")
        return SHIPPED_TOGETHER.file_of(request, changes)
    return _ask(request, first, after)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _ask(request: PanelRequest, first: MappingChange, after: int) -> HttpResponse:
    account, batch = request.account, first.batch
    question = question_of_many(account, batch, timezone.now(), after=after)
    answers = [one.answer for one in question.words if one.answer]
    model = model_of(account, batch)
    context = {
        "first": first,
        "batch": batch,
        "kind": KIND_OF[model] if model else None,
        "question": question,
        "cap": COUNTED - 1,
        "follow": 0 if after else follow_by_themselves(account, batch, first.at),
        "words": _shown(account, question),
        "since": _changed_since(question),
        "answered": bool(answers),
        "asked": sum(one.counts.get(fate.value, 0) for one in answers for fate in ASKED),
        "running": any(one.state != Remapping.State.DONE for one in answers),
        "done": sum(min(sum(one.counts.values()), one.total) for one in answers),
        "total": sum(one.total for one in answers),
        "here": _address(account, batch, after),
        "csv": f"{_address(account, batch)}&format=csv",
        "next": _address(account, batch, question.after) if question.after else "",
        "after": after,
        "held": f"{panel_url(account, 'orders:group')}?kind=changed_after_release",
        "crumbs": [
            ("Changes of mappings", panel_url(account, "mappings:changes")),
            ("Changed together", f"{panel_url(account, 'mappings:changes')}?{urlencode({'batch': batch})}"),
        ],
    }
    part = bool(request.htmx)
    return render(request, "orders/parts/late_many.html" if part else "orders/late_many.html", context)


@dataclass(frozen=True, slots=True)
class Shown:
    """A word as its line shows it."""

    late: Late
    integration: str
    before: str
    after: str
    url: str


def _shown(account: Account, question: ManyQuestion) -> list[Shown]:
    names = names_in([side for one in question.words for side in (one.word.change.before, one.word.change.after)])
    stores = OUTSIDE.nicknames(account)
    return [
        Shown(
            one,
            stores.get(one.word.row.store_id, one.word.row.store.name),
            meaning_words(one.word.change.before, names),
            meaning_words(one.word.change.after, names),
            panel_url(account, "mappings:change", pk=one.word.change.pk),
        )
        for one in question.words
    ]


def _changed_since(question: ManyQuestion) -> list[tuple[str, int]]:
    """Their words, and the batch's change of each."""
    names = words_of_changes(question.since)
    return [(names.get((one.table, one.row), ""), one.pk) for one in question.since]


@may(May.WORK_ORDERS)
def _answer(request: PanelRequest, batch: str, after: int) -> HttpResponse:
    """Note what is to be asked, and begin with it at once; the rest goes on in the background."""
    begun = begin_many(request.account, batch, by=str(request.user), now=timezone.now(), after=after)
    ends = time.monotonic() + SECONDS
    for one in begun:
        if (left := ends - time.monotonic()) <= 0:
            break
        go_on(one.pk, seconds=left)
    if begun:
        messages.success(request, "The warehouses are asked. Each answer shows on its order.")
    else:
        messages.info(request, "Nothing is left to be asked.")
    return redirect(_address(request.account, batch, after))


# --- what left under an older meaning --------------------------------------------------------------------------------


def _left_by(change: MappingChange) -> Iterator[Left]:
    """The orders that left under an older meaning of one word, read while they are sent."""
    for word in in_force(change.account, MODELS[change.table], [change], timezone.now()).found:
        every = walk(shipped(word.shift), SHIPPED.order)
        while some := list(islice(every, BATCH)):
            decorate(some, change.account)
            yield from some


SHIPPED_TOGETHER = replace(
    SHIPPED,
    decorate=None,
    lines=_left_by,
    columns=(
        *SHIPPED.columns[:2],
        Column("word", "Word of the store", csv=lambda row: row.word),
        *SHIPPED.columns[2:],
    ),
)
