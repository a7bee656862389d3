"""What stops a push until a person has answered: too many that would become 0, and levels that are old.

A shop is not emptied by many small pushes either: what was turned to 0 within the last hour counts as well. Whoever
answers *send* lets through what was asked about, and a little later arrival of the same kind asks again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from fcp.models import Store
from integrations.models import StockPush, StockSent
from integrations.models.stock import Guard
from integrations.stock_rules import StockSettings
from inventory.models import KeptBy, Warehouse
from mappings.models import Listing, ListingStock

FEWEST = 5  # listings that become 0; fewer never ask
WINDOW = dt.timedelta(hours=1)
PASS_LASTS = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Question:
    """`params` are the numbers of its sentence."""

    guard: Guard
    params: dict[str, Any] = field(default_factory=dict)


def question_of(store: Store, push: StockPush, settings: StockSettings, now: dt.datetime) -> Question | None:
    """What a person has to answer before anything may be sent, as things stand."""
    return _zeroing(store, push, settings, now) or _old_levels(push, settings, now)


def becoming_zero(store: Store) -> Any:
    """Rows whose listing shows something in the store now, and would show 0."""
    return ListingStock.objects.to_send().filter(store=store, result=0, confirmed__gt=0)


def _zeroing(store: Store, push: StockPush, settings: StockSettings, now: dt.datetime) -> Question | None:
    waiting = becoming_zero(store).values("listing").distinct().count()
    if not waiting:
        return None
    # Those that were sent after a person's answer were answered for, and count as what was let through.
    lately = StockSent.objects.filter(store=store, at__gt=now - WINDOW, quantity=0, before__gt=0)
    count = waiting + lately.values("listing").distinct().count()
    if count < FEWEST:
        return None
    shown = Listing.objects.filter(store=store, retired_at=None, shares_stock=False)
    total = shown.exclude(tracked=False).count()
    if count * 100 <= settings.zeroing_share * total:
        return None
    passed = _passed(push, Guard.ZEROING)
    if passed and now - passed["at"] <= PASS_LASTS and count <= passed.get("count", 0):
        return None
    return Question(Guard.ZEROING, {"count": count, "of": total, "share": settings.zeroing_share})


def _old_levels(push: StockPush, settings: StockSettings, now: dt.datetime) -> Question | None:
    if settings.oldest_hours is None:
        return None
    oldest = now - dt.timedelta(hours=settings.oldest_hours)
    if (passed := _passed(push, Guard.OLD_LEVELS)) and passed["at"] > oldest:
        return None
    reporting = Warehouse.objects.filter(pk__in=[house.pk for house in settings.houses], kept_by=KeptBy.PARTNER)
    old = reporting.filter(partner__isnull=False, levels_at__lt=oldest).order_by("levels_at")
    rows = list(old.values_list("name", "levels_at"))
    if not rows:
        return None
    names, at = [name for name, _ in rows], rows[0][1]
    params = {"warehouses": names, "at": at.isoformat() if at else "", "hours": settings.oldest_hours}
    return Question(Guard.OLD_LEVELS, params)


def _passed(push: StockPush, guard: Guard) -> dict[str, Any] | None:
    """What a person let through last."""
    found = push.guard_params.get("passed", {}).get(guard.value)
    return found | {"at": dt.datetime.fromisoformat(found["at"])} if found else None


def sentence_of(push: StockPush) -> str:
    """The question that stands, for the person who has to answer it; empty where none does."""
    params = push.guard_params
    if push.guard == Guard.ZEROING:
        return (
            f"{params['count']} of {params['of']} listings would show 0 in the store. Nothing is sent until you say "
            "whether that is right."
        )
    if push.guard == Guard.OLD_LEVELS:
        names = ", ".join(params["warehouses"])
        return (
            f"{names} has not reported levels for more than {params['hours']} hours. Nothing is sent until it does, or "
            "until you say to send all the same."
        )
    return ""
