"""The pages that belong to no app: home, all accounts, dashboard, search."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from fcp import panel
from fcp.keyset import page_of
from fcp.listing import typed
from fcp.models import Account
from fcp.panel import Card, Hit, PanelRequest, SearchSource, panel_url
from fcp.shell import accounts_of

logger = logging.getLogger(__name__)

HITS = 8  # of each source
RANKED = 200  # accounts of one page of All accounts; the first one has as many more that need help


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The one account's dashboard, or all of them."""
    accounts = list(accounts_of(request.user)[:2])
    if len(accounts) == 1:
        return redirect(panel_url(accounts[0], "fcp:dashboard"))
    return redirect("accounts")


@require_GET
def accounts(request: HttpRequest) -> HttpResponse:
    """Every account the person may open, the one that needs help most first."""
    found = accounts_of(request.user)
    text = typed(request.GET, "q")
    if text:
        found = found.filter(name__icontains=text)
    columns = sorted(panel.OVERVIEW.values(), key=lambda column: column.order)
    foremost = {pk for column in columns if column.foremost for pk in column.foremost(RANKED)}
    now = timezone.now()
    page = page_of(found.exclude(pk__in=foremost), ("name", "id"), request.GET.get("page", ""), RANKED)
    here = page.rows if page.newer else [*found.filter(pk__in=foremost), *page.rows]
    cells = {column.key: column.values([a.pk for a in here], now) for column in columns}
    rows = [(one, [(column.label, cells[column.key].get(one.pk)) for column in columns]) for one in here]
    rows.sort(key=lambda row: -max((cell.worry for _, cell in row[1] if cell), default=0))
    context = {"columns": columns, "rows": rows, "page": page, "text": text}
    return render(request, "fcp/accounts.html", context)


@require_GET
def synonym(request: HttpRequest) -> HttpResponse:
    """/carts and /channels: other products' names for our integrations."""
    accounts = list(accounts_of(request.user)[:2])
    if len(accounts) != 1:
        return redirect("accounts")
    return redirect(panel_url(accounts[0], "integrations:integrations"))


# --- dashboard --------------------------------------------------------------------------------------------------


@require_GET
def dashboard(request: PanelRequest) -> HttpResponse:
    cards = sorted(panel.CARDS.values(), key=lambda card: card.order)
    if request.htmx:
        cards = [card for card in cards if card.live]
        return render(request, "fcp/parts/cards.html", {"cards": shown(request, cards)})
    steps = checklist(request.account)
    if steps and not steps[0]["done"]:  # nothing to show yet but what to do first
        cards = []
    context = {
        "live": shown(request, [card for card in cards if card.live]),
        "later": [card for card in cards if not card.live],
        "steps": steps,
    }
    return render(request, "fcp/dashboard.html", context)


@require_GET
def card(request: PanelRequest, key: str) -> HttpResponse:
    """A card that is fetched after the page, because it looks at more rows than a first glance may."""
    if key not in panel.CARDS:
        raise Http404
    return HttpResponse("".join(html for _, html in shown(request, [panel.CARDS[key]])))


def shown(request: PanelRequest, cards: Sequence[Card]) -> list[tuple[Card, SafeString]]:
    """The cards as HTML. One that fails says so in its place; the others stand."""
    now, result = timezone.now(), []
    for card in cards:
        try:
            context = card.context(request, now)
            if context is not None:
                result.append((card, render_to_string(card.template, context, request)))
        except Exception:
            logger.exception("The card %s of the dashboard failed", card.key)
            result.append((card, render_to_string("fcp/parts/card_failed.html", {"at": now}, request)))
    return result


def checklist(account: Account) -> list[dict[str, Any]]:
    """The steps of a new account, or nothing once the last is done, which the others lead to."""
    ordered = sorted(panel.CHECKLIST.values(), key=lambda step: step.order)
    if not ordered or ordered[-1].done(account):
        return []
    steps = []
    for step in ordered:
        try:
            url = panel_url(account, step.view)
        except NoReverseMatch:
            continue
        steps.append({"label": step.label, "help": step.help, "url": url, "may": step.may, "done": step.done(account)})
    waiting = [step for step in steps if not step["done"]]
    if waiting:
        waiting[0]["now"] = True
    return steps


@require_GET
def pulse(request: PanelRequest) -> HttpResponse:
    """What the shell refreshes by itself: the counts of the navigation and the running syncs."""
    running = [one for source in panel.RUNNING for one in source(request.account)]
    return render(request, "fcp/parts/pulse.html", {"running": running, "here": request.GET.get("here", "")})


# --- search -----------------------------------------------------------------------------------------------------


@require_GET
def search(request: PanelRequest) -> HttpResponse:
    text = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:100]
    groups = find(request, text) if text else []
    template = "fcp/parts/hits.html" if request.htmx else "fcp/search.html"
    return render(request, template, {"text": text, "groups": groups})


def find(request: PanelRequest, text: str) -> list[tuple[SearchSource, Sequence[Hit]]]:
    pages = SearchSource("pages", "Pages", "layout-sidebar", lambda account, word, limit: pages_named(request, word))
    sources = [*panel.SEARCH.values(), pages]
    groups = [(source, source.find(request.account, text, HITS)) for source in sources]
    return [(source, hits) for source, hits in groups if hits]


def pages_named(request: PanelRequest, text: str) -> list[Hit]:
    """Pages of the panel whose name, section or other name has a word that begins with the text."""
    hits = []
    for section in panel.SECTIONS.values():
        for page in section.pages:
            words = f"{section.label} {page.label} {page.synonyms}".lower()
            if page.may not in request.rights or not any(w.startswith(text.lower()) for w in [words, *words.split()]):
                continue
            try:
                url = panel_url(request.account, page.view)
            except NoReverseMatch:
                continue
            hits.append(Hit(page.label, url, section.label, icon=section.icon))
    return hits[:HITS]


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "fcp/not_found.html", status=404)
