"""A press that lets orders go as it is shown: on Held, and in the lists of mappings where a word was mapped."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from fcp.panel import PanelRequest
from fcp.roles import May

from ..cure_words import cure_words
from ..curing import GOING_ON, last_cures
from ..holds import KINDS, HoldKind
from ..models import Cure

SHOWN_FOR = dt.timedelta(minutes=15)  # in a list; on a word's own page and on Held a day


def cures_of(request: PanelRequest, kind: str, row: int = 0) -> list[dict[str, Any]]:
    """Presses that mapped words of this kind and let their orders go: the last ones, or those of one word."""
    if not kind:
        return []
    now = timezone.now()
    if row:
        found = last_cures(request.account, now, kind=kind, cause=str(row))
    else:
        found = [one for one in last_cures(request.account, now, within=SHOWN_FOR, kind=kind) if one.change is not None]
    return [cure_card(request, one) for one in found]


def cure_card(request: PanelRequest, row: Cure) -> dict[str, Any]:
    """A press as it is shown: what it does or did, how fast, and whether it can be taken back."""
    took = (row.touched_at - row.at).total_seconds()
    rate = int(row.done / took) if row.state == Cure.State.RUNNING and row.done and took > 1 else 0
    rights = {May.WORK_ORDERS, KINDS[HoldKind(row.kind)].needs}
    return {
        "template": "orders/parts/cure.html",
        "cure": row,
        "words": cure_words(row),
        "going_on": row.state in GOING_ON,
        "rate": rate,
        "progress": row.done + row.kept,
        "undo": row.state in (Cure.State.RUNNING, Cure.State.DONE) and rights <= request.rights,
    }
