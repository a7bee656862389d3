"""What rules asked to be told of: found by a query, read for one mail, and marked once that mail went."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.db.models import QuerySet

from fcp.models import Account
from fcp.panel import panel_url

from .models import RuleNotice

NEWS = dt.timedelta(days=7)  # what was asked for longer ago, while nobody was to be told, is no news
AT_ONCE = 1000  # of one mail
LISTED = 10  # orders of a rule that a mail names


@dataclass(frozen=True, slots=True)
class ToldOrder:
    number: str
    url: str


@dataclass(frozen=True, slots=True)
class ToldRule:
    """A rule and the orders that it applied to: the first of them by number, never by who ordered."""

    name: str
    url: str
    count: int
    orders: Sequence[ToldOrder]

    @property
    def more(self) -> int:
        return self.count - len(self.orders)


def unsent(now: dt.datetime) -> QuerySet[RuleNotice]:
    return RuleNotice.objects.filter(sent_at=None, at__gt=now - NEWS)


def unsent_of(account: Account, now: dt.datetime) -> list[RuleNotice]:
    """The oldest that nobody was told of, as many as one mail tells."""
    return list(unsent(now).filter(account=account).select_related("rule", "order").order_by("pk")[:AT_ONCE])


def told(notices: Sequence[RuleNotice], account: Account) -> list[ToldRule]:
    """Grouped by rule, in the order in which the rules are asked; addresses are paths of the panel."""
    found = []
    ordered = sorted(notices, key=lambda one: (one.rule.position, one.rule_id, one.pk))
    for _, group in groupby(ordered, key=lambda one: one.rule_id):
        some = list(group)
        orders = [
            ToldOrder(one.order.number, panel_url(account, "orders:order", pk=one.order_id)) for one in some[:LISTED]
        ]
        rule = some[0].rule
        found.append(ToldRule(rule.name, panel_url(account, "orders:rule_try", pk=rule.pk), len(some), orders))
    return found


def mark_sent(notices: Sequence[RuleNotice], now: dt.datetime) -> None:
    RuleNotice.objects.filter(pk__in=[one.pk for one in notices], sent_at=None).update(sent_at=now)
