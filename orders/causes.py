"""What holds orders back, grouped by the one thing that would free them: oldest first, page by page.

The groups are found by hopping along the covering index of open holds, one step for each group, so their number
counts and not the number of orders that wait. What a group is worth, and which of its orders wait for something else
too, is asked for the groups of one page only.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from fcp.models import Account
from mappings.models import Listing, Location, ShipMethod, Word

from .holds import KINDS, HoldKind
from .models import Hold

PAGE = 20
SUMMED = 20_000  # a group with more orders than this is counted, not summed up

MAPPED: dict[HoldKind, type[Word]] = {
    HoldKind.SHIP_CODE: ShipMethod,
    HoldKind.SKU: Listing,
    HoldKind.LOCATION: Location,
}


@dataclass(slots=True)
class Cause:
    """One group: a kind of hold and what cures it. `row` is the mapping row that lacks its target, if it is one."""

    kind: HoldKind
    cause: str
    oldest: dt.datetime
    hold_id: int  # of the oldest; the next page begins after it
    orders: int = 0
    values: list[tuple[str, Decimal]] = field(default_factory=list)
    others: list[tuple[HoldKind, int]] = field(default_factory=list)
    blocked: int = 0  # orders that wait for something else too
    row: Word | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.kind.value, self.cause

    @property
    def slug(self) -> str:
        return f"{self.kind.value}-{self.cause}" if self.cause else self.kind.value

    @property
    def label(self) -> str:
        return KINDS[self.kind].label

    @property
    def word(self) -> str:
        return str(self.row) if self.row else ""

    @property
    def mapped(self) -> bool:
        return self.row is not None

    @property
    def by_hand(self) -> bool:
        """A person lifts it."""
        return not KINDS[self.kind].by_itself

    @property
    def go(self) -> int:
        """How many would go if this were cured."""
        return self.orders - self.blocked


@dataclass(frozen=True, slots=True)
class CausePage:
    causes: list[Cause]
    more: int = 0  # the hold after which the next page begins, or 0


def open_holds_of(account: Account, kind: HoldKind, cause: str) -> QuerySet[Hold]:
    return Hold.objects.for_account(account).open().filter(kind=kind.value, cause=cause)


def cause_page(account: Account, after: int = 0, size: int = PAGE, *, counts_only: bool = False) -> CausePage:
    """A page of groups, the one with the oldest hold first. `after` is the last page's `more`.

    `counts_only`: without what they are worth and what else their orders wait for (`sum_up` tells it of one).
    """
    last = Hold.objects.for_account(account).filter(pk=after).first() if after else None
    holds = list(_oldest_of_each(account, last, size + 1))
    causes = [Cause(HoldKind(hold.kind), hold.cause, hold.placed_at, hold.pk) for hold in holds[:size]]
    fill(account, causes, counts_only=counts_only)
    return CausePage(causes, causes[-1].hold_id if len(holds) > size else 0)


def cause_of(account: Account, kind: HoldKind, cause: str) -> Cause | None:
    """One group, or None when nothing waits for it any more."""
    oldest = open_holds_of(account, kind, cause).order_by("placed_at", "order_id").first()
    if oldest is None:
        return None
    group = Cause(kind, cause, oldest.placed_at, oldest.pk)
    fill(account, [group])
    return group


# From each group to the next: within the kind by its cause, then to the next kind. Two equalities and one bound are
# what both databases walk an index by; one comparison of (kind, cause) SQLite would answer by reading the whole kind.
STEPS = """
WITH RECURSIVE step(id, kind, cause, placed_at) AS (
  SELECT * FROM (
    SELECT id, kind, cause, placed_at FROM orders_hold WHERE account_id = %(account)s AND lifted_at IS NULL
    ORDER BY kind, cause, placed_at LIMIT 1
  ) AS first
  UNION ALL
  SELECT h.id, h.kind, h.cause, h.placed_at FROM step JOIN orders_hold h ON h.id = COALESCE(
    (SELECT n.id FROM orders_hold n WHERE n.account_id = %(account)s AND n.lifted_at IS NULL
     AND n.kind = step.kind AND n.cause > step.cause ORDER BY n.cause, n.placed_at LIMIT 1),
    (SELECT n.id FROM orders_hold n WHERE n.account_id = %(account)s AND n.lifted_at IS NULL
     AND n.kind > step.kind ORDER BY n.kind, n.cause, n.placed_at LIMIT 1)
  )
)
SELECT id, kind, cause, placed_at FROM step {after} ORDER BY placed_at, kind, cause LIMIT %(limit)s
"""


def _oldest_of_each(account: Account, last: Hold | None, limit: int) -> Iterable[Hold]:
    """The oldest open hold of each kind and cause, oldest first, those behind `last`; one statement."""
    params: dict[str, Any] = {"account": account.pk, "limit": limit}
    after = ""
    if last:
        after = "WHERE (placed_at, kind, cause) > (%(placed_at)s, %(kind)s, %(cause)s)"
        placed_at = connection.ops.adapt_datetimefield_value(last.placed_at)
        params |= {"placed_at": placed_at, "kind": last.kind, "cause": last.cause}
    return Hold.objects.raw(STEPS.format(after=after), params)


# --- what a page shows of its groups ---------------------------------------------------------------------------------


def fill(account: Account, causes: Sequence[Cause], *, counts_only: bool = False) -> None:
    """Count the groups, sum up what they are worth, and see what else their orders wait for."""
    if not causes:
        return
    by_key = {cause.key: cause for cause in causes}
    holds = Hold.objects.for_account(account).open().order_by()
    for kind, of, number in holds.filter(_any_of(causes)).values_list("kind", "cause").annotate(n=Count("pk")):
        by_key[kind, of].orders = number
    few = [cause for cause in causes if cause.orders <= SUMMED]
    if few and not counts_only:
        _sum_up(holds.filter(_any_of(few)), by_key)
        _others(holds.filter(_any_of(few)), by_key)
    _words(account, causes)


def sum_up(account: Account, cause: Cause) -> None:
    """What one group is worth, by currency."""
    if cause.orders <= SUMMED:
        _sum_up(open_holds_of(account, cause.kind, cause.cause).order_by(), {cause.key: cause})


def _any_of(causes: Iterable[Cause]) -> Q:
    of_kind: dict[str, list[str]] = defaultdict(list)
    for cause in causes:
        of_kind[cause.kind.value].append(cause.cause)
    found = Q()
    for kind, them in of_kind.items():
        found |= Q(kind=kind, cause__in=them)
    return found


def _sum_up(holds: QuerySet[Hold], by_key: dict[tuple[str, str], Cause]) -> None:
    sums = holds.values_list("kind", "cause", "order__currency").annotate(sum=Sum("order__total"))
    for kind, of, currency, total in sums.order_by("-sum"):
        by_key[kind, of].values.append((currency, total))


def _others(holds: QuerySet[Hold], by_key: dict[tuple[str, str], Cause]) -> None:
    another = Hold.objects.open().filter(order=OuterRef("order")).exclude(pk=OuterRef("pk"))
    both = holds.filter(Exists(another)).values_list("kind", "cause").annotate(n=Count("pk"))
    waiting = {(kind, of): number for kind, of, number in both}
    for key, number in waiting.items():
        by_key[key].blocked = number
    if not waiting:
        return
    # The join to the order's other open holds; "greater or less" is "not the same" without a subquery.
    joined = Q(order__holds__lifted_at__isnull=True) & (
        Q(order__holds__pk__gt=F("pk")) | Q(order__holds__pk__lt=F("pk"))
    )
    kinds = holds.filter(_any_of(by_key[key] for key in waiting)).filter(joined)
    counted = kinds.values_list("kind", "cause", "order__holds__kind").annotate(n=Count("order", distinct=True))
    for kind, of, other, number in counted.order_by("-n"):
        by_key[kind, of].others.append((HoldKind(other), number))


def _words(account: Account, causes: Iterable[Cause]) -> None:
    for kind, model in MAPPED.items():
        ids = [int(cause.cause) for cause in causes if cause.kind is kind and cause.cause.isdigit()]
        rows = model.objects.for_account(account).select_related("store").in_bulk(ids) if ids else {}
        for cause in causes:
            if cause.kind is kind:
                cause.row = rows.get(int(cause.cause)) if cause.cause.isdigit() else None


def waiting_for(account: Account, kind: str, row_ids: Sequence[int]) -> dict[int, int]:
    """How many orders wait for each of these mapping rows; those that nothing waits for are left out."""
    holds = Hold.objects.for_account(account).open().filter(kind=kind, cause__in=[str(pk) for pk in row_ids])
    counted = holds.order_by().values_list("cause").annotate(n=Count("pk"))
    return {int(cause): number for cause, number in counted}
