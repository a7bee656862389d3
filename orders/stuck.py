"""What waits too long for somebody else: offered and not taken, shipped and the store not told. Oldest first.

What apps to the left know of that asks for a person, they add by `add_stuck`; Held shows it among the groups.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fcp.models import Account, Store

from .models import Fulfillment, ShippingRequest
from .models.shipping import RequestState

TAKES = dt.timedelta(hours=2)  # a warehouse's time to take what it was offered
TELLS = dt.timedelta(hours=1)  # two of the usual intervals
COUNTED = 1000


class Group(Protocol):
    """What Held shows as a card of its own: `template`, which gets it as `one`."""

    template: str
    orders: int
    oldest: dt.datetime | None


Source = Callable[[Account, dt.datetime], Sequence[Group]]
SOURCES: list[Source] = []


def add_stuck(source: Source) -> None:
    """Groups of an app to the left; the source is cheap, like every callable of the panel."""
    if source not in SOURCES:
        SOURCES.append(source)


def stuck_in(account: Account, now: dt.datetime) -> list[Group]:
    others = [group for source in SOURCES for group in source(account, now)]
    return [*not_taken(account, now), *not_told(account, now), *others]


@dataclass(slots=True)
class Stuck:
    """`place` is the warehouse or the store; `by_hand`: people here work there; `problem` is what the store said."""

    kind: str  # "ready" or "untold"
    place: str
    store_id: int = 0
    by_hand: bool = False
    orders: int = 0
    oldest: dt.datetime | None = None
    problems: Counter[str] = field(default_factory=Counter)
    template: str = "orders/parts/stuck.html"

    @property
    def problem(self) -> str:
        return self.problems.most_common(1)[0][0] if self.problems else ""

    def add(self, at: dt.datetime, problem: str = "") -> None:
        self.orders += 1
        self.oldest = min(at, self.oldest or at)
        if problem:
            self.problems[problem] += 1


def not_taken(account: Account, now: dt.datetime) -> list[Stuck]:
    """By warehouse; the oldest COUNTED requests are looked at."""
    offered = ShippingRequest.objects.for_account(account).filter(
        state=RequestState.OFFERED, changed_at__lt=now - TAKES
    )
    found: dict[int, Stuck] = {}
    rows = offered.order_by("changed_at", "id").values_list("warehouse", "warehouse__name", "partner", "changed_at")
    for warehouse, name, partner, at in rows[:COUNTED]:
        found.setdefault(warehouse, Stuck("ready", name, by_hand=partner is None)).add(at)
    return list(found.values())


def not_told(account: Account, now: dt.datetime) -> list[Stuck]:
    """By store; COUNTED shipments are looked at."""
    stores = dict(Store.objects.for_account(account).values_list("pk", "name"))
    due = Fulfillment.objects.to_tell().filter(store__in=stores, created_at__lt=now - TELLS)
    found: dict[int, Stuck] = {}
    for store, at, problem in due.order_by().values_list("store", "created_at", "problem")[:COUNTED]:
        found.setdefault(store, Stuck("untold", stores[store], store_id=store)).add(at, problem)
    return sorted(found.values(), key=lambda one: one.oldest or now)
