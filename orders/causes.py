"""What holds orders back, grouped by the one thing that would free them: oldest first, page by page.

The groups are found by hopping along the covering index of open holds, one step for each group, so their number
counts and not the number of orders that wait. What a group is worth, and which of its orders wait for something else
too, is asked for the groups of one page only.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, F, Min, Model, OuterRef, Q, QuerySet, Sum
from django.utils.dateparse import parse_datetime

from fcp.models import Account
from inventory.models import Product
from mappings.models import Listing, Location, ShipMethod, Word

from .holds import KINDS, HoldKind
from .models import Hold, OrderRule

Key = tuple[str, str]  # kind and cause of a group

PAGE = 15
# Orders of a page's groups that are summed up with the page itself. Many more, and PostgreSQL reads the whole table of
# orders for them.
INLINE = 1_500
SUMMED = 50_000  # a group with more orders than this is counted only

MAPPED: dict[HoldKind, type[Word]] = {
    HoldKind.SHIP_CODE: ShipMethod,
    HoldKind.SKU: Listing,
    HoldKind.LOCATION: Location,
}
# What else a cause is about: its table, the column with its name, and its page.
NAMED: dict[HoldKind, tuple[type[Model], str, str]] = {
    HoldKind.PREORDER: (Product, "sku", "inventory:product"),
    HoldKind.CUSTOMS: (Product, "sku", "inventory:product"),
    HoldKind.SHIP_METHOD: (ShipMethod, "title", "mappings:ship_code"),
    HoldKind.RULE: (OrderRule, "name", "orders:rule"),
}


@dataclass(slots=True)
class Cause:
    """One group: a kind of hold and what cures it. `row` is the mapping row that lacks its target, if it is one; `name`
    what else it is about: a product, a shipping option, a rule.

    `counted`: what it is worth and what its orders wait for besides is known; of a large group that is asked apart.
    """

    kind: HoldKind
    cause: str
    oldest: dt.datetime
    orders: int = 0
    values: list[tuple[str, Decimal]] = field(default_factory=list)
    others: list[tuple[HoldKind, int]] = field(default_factory=list)
    blocked: int = 0  # orders that wait for something else too
    row: Word | None = None
    name: str = ""
    counted: bool = False

    @property
    def key(self) -> Key:
        return self.kind.value, self.cause

    @property
    def slug(self) -> str:
        return f"{self.kind.value}-{self.cause}" if self.cause else self.kind.value

    @property
    def label(self) -> str:
        return KINDS[self.kind].label

    @property
    def word(self) -> str:
        return str(self.row) if self.row else self.name

    @property
    def mapped(self) -> bool:
        return self.row is not None

    @property
    def by_hand(self) -> bool:
        """A person lifts it."""
        return KINDS[self.kind].liftable

    @property
    def asks(self) -> bool:
        """It asks for a decision about what a warehouse has already."""
        return KINDS[self.kind].after_release

    @property
    def go(self) -> int:
        """How many would go if this were cured."""
        return self.orders - self.blocked

    @property
    def token(self) -> str:
        """Where the next page begins, for `cause_page`."""
        return f"{self.oldest.isoformat()}~{self.kind.value}~{self.cause}"


@dataclass(frozen=True, slots=True)
class CausePage:
    causes: list[Cause]
    more: str = ""  # the token of the next page


def open_holds_of(account: Account, kind: HoldKind, cause: str) -> QuerySet[Hold]:
    return Hold.objects.for_account(account).open().filter(kind=kind.value, cause=cause)


def cause_page(account: Account, after: str = "", size: int = PAGE, hidden: Collection[Key] = ()) -> CausePage:
    """A page of groups, the one with the oldest hold first, not `fill`ed yet. A token without sense: the first.
    `hidden` ones are left out.
    """
    found = _oldest_of_each(account, _read(after), size + 1 + len(hidden))
    found = [cause for cause in found if cause.key not in hidden]
    return CausePage(found[:size], found[size - 1].token if len(found) > size else "")


def cause_of(account: Account, kind: HoldKind, cause: str) -> Cause | None:
    """One group, not `fill`ed yet; None when nothing waits for it any more."""
    oldest = open_holds_of(account, kind, cause).order_by("placed_at", "order_id").first()
    return Cause(kind, cause, oldest.placed_at) if oldest else None


def loudest(account: Account, hidden: Collection[Key] = ()) -> Cause | None:
    """The group with the most orders of those that one mapping frees; counted and named. One walk along the index."""
    holds = Hold.objects.for_account(account).open().filter(kind__in=[kind.value for kind in MAPPED]).order_by()
    counted = holds.values_list("kind", "cause").annotate(oldest=Min("placed_at"), n=Count("*"))
    for kind, cause, oldest, number in counted.order_by("-n", "oldest")[: 1 + len(hidden)]:
        if (kind, cause) not in hidden:
            found = Cause(HoldKind(kind), cause, oldest, number)
            _words(account, [found])
            return found
    return None


def causes_among(account: Account, keys: Iterable[Key]) -> list[Cause]:
    """Those of these groups that something waits for, counted, oldest first; one statement."""
    keys = list(keys)
    if not keys:
        return []
    rows = Hold.objects.for_account(account).open().filter(_any_of(keys)).order_by().values_list("kind", "cause")
    counted = rows.annotate(oldest=Min("placed_at"), n=Count("pk"))
    found = [Cause(HoldKind(kind), cause, oldest, number) for kind, cause, oldest, number in counted]
    return sorted(found, key=lambda one: (one.oldest, *one.key))


def _read(token: str) -> tuple[dt.datetime, str, str] | None:
    at, _, rest = token.replace("\x00", "").partition("~")
    kind, _, cause = rest.partition("~")
    try:
        oldest = parse_datetime(at)
        if oldest is None or oldest.tzinfo is None or kind not in set(HoldKind):
            return None
        return oldest.astimezone(dt.UTC), kind, cause
    except (ValueError, OverflowError):
        return None


# From each group to the next: one step along the index for each, whatever the number of orders in it. SQLite knows
# no LATERAL, and answers one comparison of (kind, cause) by reading the whole kind: there it goes on within the kind
# by its cause, then to the next kind.
STEPS = """
WITH RECURSIVE step(kind, cause, placed_at) AS (
  SELECT * FROM (
    SELECT kind, cause, placed_at FROM orders_hold WHERE account_id = %(account)s AND lifted_at IS NULL
    ORDER BY kind, cause, placed_at LIMIT 1
  ) AS first
  UNION ALL
  {next}
)
SELECT kind, cause, placed_at FROM step {after} ORDER BY placed_at, kind, cause LIMIT %(limit)s
"""
NEXT = {
    "postgresql": """
  SELECT n.kind, n.cause, n.placed_at FROM step CROSS JOIN LATERAL (
    SELECT kind, cause, placed_at FROM orders_hold
    WHERE account_id = %(account)s AND lifted_at IS NULL AND (kind, cause) > (step.kind, step.cause)
    ORDER BY kind, cause, placed_at LIMIT 1
  ) AS n""",
    "sqlite": """
  SELECT h.kind, h.cause, h.placed_at FROM step JOIN orders_hold h ON h.id = COALESCE(
    (SELECT n.id FROM orders_hold n WHERE n.account_id = %(account)s AND n.lifted_at IS NULL
     AND n.kind = step.kind AND n.cause > step.cause ORDER BY n.cause, n.placed_at LIMIT 1),
    (SELECT n.id FROM orders_hold n WHERE n.account_id = %(account)s AND n.lifted_at IS NULL
     AND n.kind > step.kind ORDER BY n.kind, n.cause, n.placed_at LIMIT 1)
  )""",
}


def _oldest_of_each(account: Account, after: tuple[dt.datetime, str, str] | None, limit: int) -> list[Cause]:
    """The groups with their oldest open hold, oldest first, those behind `after`; one statement."""
    params: dict[str, Any] = {"account": account.pk, "limit": limit}
    where = ""
    if after:
        where = "WHERE (placed_at, kind, cause) > (%(placed_at)s, %(kind)s, %(cause)s)"
        params |= {"placed_at": connection.ops.adapt_datetimefield_value(after[0]), "kind": after[1], "cause": after[2]}
    with connection.cursor() as cursor:
        cursor.execute(STEPS.format(next=NEXT[connection.vendor], after=where), params)
        return [Cause(HoldKind(kind), cause, _moment(at)) for kind, cause, at in cursor.fetchall()]


def _moment(value: dt.datetime | str) -> dt.datetime:
    """SQLite keeps times as text, in UTC."""
    at = parse_datetime(value) if isinstance(value, str) else value
    assert at is not None
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


# --- what a page shows of its groups ---------------------------------------------------------------------------------


def fill(account: Account, causes: Sequence[Cause], most: int = INLINE) -> None:
    """Count the groups; of those that are together no larger than `most` orders, say also what they are worth and which
    of their orders wait for something else too. A constant number of statements.
    """
    if not causes:
        return
    by_key = {cause.key: cause for cause in causes}
    holds = Hold.objects.for_account(account).open().order_by()
    for kind, of, number in holds.filter(_any_of(by_key)).values_list("kind", "cause").annotate(n=Count("pk")):
        by_key[kind, of].orders = number
    for cause in sorted(causes, key=lambda one: one.orders):
        most -= cause.orders
        cause.counted = most >= 0
    few = [cause for cause in causes if cause.counted]
    if few:
        _sum_up(holds.filter(_any_of(cause.key for cause in few)), by_key)
        _others(holds, [cause for cause in few if cause.blocked])
    _words(account, causes)


def sum_up(account: Account, cause: Cause) -> None:
    """What one group is worth, by currency."""
    if cause.orders <= SUMMED and not cause.values:
        _sum_up(open_holds_of(account, cause.kind, cause.cause).order_by(), {cause.key: cause})


def _any_of(keys: Iterable[Key]) -> Q:
    of_kind: dict[str, list[str]] = defaultdict(list)
    for kind, cause in keys:
        of_kind[kind].append(cause)
    found = Q()
    for kind, them in of_kind.items():
        found |= Q(kind=kind, cause__in=them)
    return found


def _sum_up(holds: QuerySet[Hold], by_key: dict[tuple[str, str], Cause]) -> None:
    """What they are worth, by currency, and how many of their orders wait for something else too."""
    another = Hold.objects.open().filter(order=OuterRef("order")).exclude(pk=OuterRef("pk"))
    sums = holds.values_list("kind", "cause", "order__currency").annotate(
        sum=Sum("order__total"), both=Count("pk", filter=Exists(another))
    )
    for kind, of, currency, total, both in sums.order_by("-sum"):
        by_key[kind, of].values.append((currency, total))
        by_key[kind, of].blocked += both


def _others(holds: QuerySet[Hold], causes: Iterable[Cause]) -> None:
    """What else these wait for: each other kind, and how many orders wait for it."""
    by_key = {cause.key: cause for cause in causes}
    if not by_key:
        return
    # The join to the order's other open holds; "greater or less" is "not the same" without a subquery.
    joined = Q(order__holds__lifted_at__isnull=True) & (
        Q(order__holds__pk__gt=F("pk")) | Q(order__holds__pk__lt=F("pk"))
    )
    kinds = holds.filter(_any_of(by_key)).filter(joined)
    counted = kinds.values_list("kind", "cause", "order__holds__kind").annotate(n=Count("order", distinct=True))
    for kind, of, other, number in counted.order_by("-n"):
        by_key[kind, of].others.append((HoldKind(other), number))


def _words(account: Account, causes: Sequence[Cause]) -> None:
    for kind, model in MAPPED.items():
        ids = [int(cause.cause) for cause in causes if cause.kind is kind and cause.cause.isdigit()]
        rows = model.objects.for_account(account).select_related("store").in_bulk(ids) if ids else {}
        for cause in causes:
            if cause.kind is kind:
                cause.row = rows.get(int(cause.cause)) if cause.cause.isdigit() else None
    for kind, (table, column, _) in NAMED.items():
        ids = [int(cause.cause) for cause in causes if cause.kind is kind and cause.cause.isdigit()]
        of_account: Any = table._default_manager
        names = dict(of_account.for_account(account).filter(pk__in=ids).values_list("pk", column)) if ids else {}
        for cause in causes:
            if cause.kind is kind and cause.cause.isdigit():
                cause.name = names.get(int(cause.cause), "")


def waiting_for(account: Account, kind: str, row_ids: Sequence[int]) -> dict[int, int]:
    """How many orders wait for each of these mapping rows; those that nothing waits for are left out."""
    holds = Hold.objects.for_account(account).open().filter(kind=kind, cause__in=[str(pk) for pk in row_ids])
    counted = holds.order_by().values_list("cause").annotate(n=Count("pk"))
    return {int(cause): number for cause, number in counted}
