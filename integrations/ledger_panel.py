"""The ledger in the panel's shell: its page, a card of the dashboard, differences among the groups of Held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min

from fcp import panel
from fcp.models import Account
from fcp.panel import Card, Page, PanelRequest, Waiting, panel_url
from integrations.models import Integration, LedgerDay, LedgerGap
from orders.stuck import add_stuck

Kind = LedgerGap.Kind
SHOWN = 100  # integrations whose last day the dashboard's card sums up


@dataclass(slots=True)
class GapGroup:
    """The open differences of one kind in one store. `place` is what the merchant calls it."""

    kind: str
    place: str
    integration: int
    orders: int
    oldest: dt.datetime | None
    template: str = "integrations/parts/gap_group.html"

    @property
    def slug(self) -> str:
        return f"{self.kind}-{self.integration}"


def gap_groups(account: Account, now: dt.datetime | None = None) -> list[GapGroup]:
    """By the partial index of open ones; those of a store that is not connected any more cannot be asked about."""
    rows = LedgerGap.objects.for_account(account).filter(closed_at=None).order_by().values_list("store", "kind")
    found = list(rows.annotate(number=Count("pk"), oldest=Min("found_at")))
    if not found:
        return []
    mine = Integration.objects.for_account(account).filter(store__in=[store for store, *_ in found])
    names = {store: (pk, nickname) for store, pk, nickname in mine.values_list("store", "pk", "nickname")}
    groups = [
        GapGroup(kind, names[store][1], names[store][0], number, oldest)
        for store, kind, number, oldest in found
        if store in names
    ]
    return sorted(groups, key=lambda one: one.oldest or dt.datetime.max.replace(tzinfo=dt.UTC))


def waiting(account: Account) -> Sequence[Waiting]:
    return [
        Waiting(
            in_words(one.kind, one.orders, one.place),
            f"{panel_url(account, 'integrations:ledger_gaps', pk=one.integration)}?kind={one.kind}&is=open",
            "Look",
            "Bring them in, or say that it is right" if one.kind == Kind.NOT_HERE else "Ask the store once more",
            one.oldest,
        )
        for one in gap_groups(account)
    ]


def in_words(kind: str, orders: int, place: str) -> str:
    many, be = (f"{orders:,} orders", "are") if orders != 1 else ("1 order", "is")
    if kind == Kind.NOT_HERE:
        return f"{many} {be} in {place} but never came in"
    return f"{many} {be} here but no longer in {place}"


def card(request: PanelRequest, now: dt.datetime) -> dict[str, Any] | None:
    """The last day that was counted, over all stores."""
    days = LedgerDay.objects.for_account(request.account).filter(counted_at__isnull=False)
    last = days.order_by("-day", "-id").values_list("day", flat=True).first()
    if last is None:
        return None
    names = ("in_store", "imported", "skipped", "failed", "not_here", "not_there", "wanted_at")
    rows = list(LedgerDay.objects.for_account(request.account).filter(day=last).values(*names)[:SHOWN])
    sums = {name: sum(row[name] or 0 for row in rows) for name in names if name != "wanted_at"}
    waits = LedgerGap.objects.for_account(request.account).filter(closed_at=None, day=last).order_by()
    unanswered = dict(waits.values_list("kind").annotate(number=Count("pk")))
    both = sums["not_here"] + sums["not_there"]
    return {
        **sums,
        **{kind: unanswered.get(kind, 0) for kind in Kind.values},
        "explained": max(both - sum(unanswered.values()), 0),
        "day": last,
        "left_out": sums["skipped"] + sums["failed"],
        "stores": len(rows),
        "waiting": sum(row["wanted_at"] is not None for row in rows),
        "open": bool(gap_groups(request.account)),
    }


def register() -> None:
    panel.add_pages(
        "orders",
        Page(
            "Ledger",
            "integrations:ledger",
            also=("integrations:ledger_left_out",),
            synonyms="count reconciliation missing orders proof daily totals audit",
            help=(
                "For each day and store: how many orders the store shows, how many were seen here, and what became of "
                "them. A sum that does not add up is marked, and every difference is listed with what to do."
            ),
        ),
    )
    panel.add_card(Card("ledger", "integrations/parts/card_ledger.html", card, order=65, live=False))
    panel.add_waiting(waiting)
    add_stuck(gap_groups)
