"""Help: what each kind of hold means, who places it, and how it ends; made from the table that decides."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from fcp.panel import PanelRequest

from ..holds import BY_HAND, KINDS, HoldKind
from ..setting_links import WHY, setting_links

WORD = "…"


@require_GET
def hold_help(request: PanelRequest) -> HttpResponse:
    links = setting_links(request.account)
    kinds = {
        kind: {
            "kind": kind,
            "says": KINDS[kind].sentence.format(word=WORD).replace(f"{WORD}.", WORD),
            "why": WHY[kind][0],
            "setting": links(0, WHY[kind][1]) if WHY[kind][1] else "",
            "placed": _placed(kind),
            "ends": _ends(kind),
        }
        for kind in HoldKind
    }
    groups: list[tuple[str, list[dict[str, Any]]]] = [
        ("Placed by the panel", [kinds[kind] for kind in HoldKind if KINDS[kind].by_itself]),
        ("Placed by hand", [kinds[kind] for kind in BY_HAND]),
        ("After a warehouse had the order", [kinds[kind] for kind in HoldKind if _asks(kind)]),
    ]
    return render(request, "orders/hold_help.html", {"groups": groups})


def _asks(kind: HoldKind) -> bool:
    return not KINDS[kind].by_itself and kind not in BY_HAND


def _placed(kind: HoldKind) -> str:
    if KINDS[kind].by_itself:
        return "The panel"
    if kind in BY_HAND:
        return kind.who
    return "The warehouse" if kind is HoldKind.REJECTED_BY_WAREHOUSE else "The store"


def _ends(kind: HoldKind) -> str:
    of = KINDS[kind]
    if of.by_itself and not of.answerable:
        return "Lifts itself once the cause is mended."
    if of.by_itself:
        return f"Lifts itself once the cause is gone; {kind.who} may lift it before, and it stays lifted on that order."
    if kind in BY_HAND:
        return f"{kind.who} may lift it; with a day or a time, it lifts itself then."
    return f"{kind.who} may lift it, once it is decided."
