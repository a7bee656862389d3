"""Why was it oversold? What happened to one product around a time: levels, orders, shipments, what stores were told."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from fcp.listing import typed
from fcp.panel import Chip, PanelRequest, panel_url
from integrations.oversell import Line, Sold, Told, What, story_of
from integrations.oversell_facts import facts_of, last_touched
from inventory.availability import Step
from inventory.models import Product
from inventory.step_words import shown_steps

SPANS = ((6, "6 hours"), (48, "2 days"), (336, "2 weeks"))  # around the asked time
USUAL = 48
LINES = 400  # that one page shows

WHAT = {
    What.LEVEL: Chip("Level", "info", "building-warehouse"),
    What.PLACED: Chip("Sold", "work", "shopping-cart"),
    What.CANCELED: Chip("Canceled", "neutral", "ban"),
    What.SHIPPED: Chip("Shipped", "good", "truck"),
    What.TOLD: Chip("Store told", "done", "send"),
}


@require_GET
def oversold(request: PanelRequest, pk: int) -> HttpResponse:
    """Around the asked time; without one, around the last time that something happened to it."""
    product = get_object_or_404(Product.objects.for_account(request.account), pk=pk)
    now = timezone.now()
    asked = _moment(typed(request.GET, "at"))
    hours = next((hours for hours, _ in SPANS if str(hours) == request.GET.get("hours")), USUAL)
    around = asked or last_touched(product) or now
    half = dt.timedelta(hours=hours) / 2
    facts = facts_of(product, around - half, min(around + half, now) if around < now else now)
    story = story_of(facts, around, _clock(around))
    lines = list(story.lines)[-LINES:]
    context = {
        "product": product,
        "story": story,
        "lines": [_shown(request, line) for line in lines],
        "total": len(story.lines),
        "start": facts.start,
        "end": facts.end,
        "asked": timezone.localtime(around),
        "spans": SPANS,
        "hours": hours,
        "crumbs": [
            ("Stock", panel_url(request.account, "inventory:stock")),
            (product.sku, panel_url(request.account, "inventory:product", pk=product.pk)),
        ],
    }
    return render(request, "integrations/stock_oversold.html", context)


def _moment(text: str) -> dt.datetime | None:
    """A time as the field or a link gives it, in the account's zone where it names none."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if not 2000 <= moment.year <= 2100:
        return None
    return moment if moment.tzinfo else timezone.make_aware(moment)


def _clock(around: dt.datetime) -> Any:
    """ "10:02", with the day where it is another than the asked one."""
    day = timezone.localtime(around).date()

    def clock(moment: dt.datetime) -> str:
        local = timezone.localtime(moment)
        return f"{local:%H:%M}" if local.date() == day else f"{local:%-d %b, %H:%M}"

    return clock


def _shown(request: PanelRequest, line: Line) -> dict[str, Any]:
    fact = line.fact
    steps = shown_steps(Step(*step) for step in fact.steps) if isinstance(fact, Told) else []  # type: ignore[arg-type]
    order = fact.order if isinstance(fact, Sold) else None
    return {
        "line": line,
        "chip": WHAT[line.what],
        "steps": steps,
        "url": panel_url(request.account, "orders:order", pk=order) if order else "",
    }
