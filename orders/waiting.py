"""What waits for a person, grouped by cause, oldest first: one walk along the index of open holds."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Sum

from fcp.models import Account
from mappings.models import Listing, Location, ShipMethod
from orders.holds import KINDS, HoldKind
from orders.models import Hold, Order

# Kinds whose cause is the id of a mapping row: one fix frees every order of the group.
MAPPED = {HoldKind.SHIP_CODE: ShipMethod, HoldKind.SKU: Listing, HoldKind.LOCATION: Location}
MISSING = {HoldKind.SHIP_CODE: "ship code", HoldKind.SKU: "SKU", HoldKind.LOCATION: "location"}


@dataclass(frozen=True, slots=True)
class Group:
    """Open holds of one kind and cause. `word` is what the cause is called in `store`; both may be empty."""

    kind: HoldKind
    cause: str
    orders: int
    oldest: dt.datetime
    word: str = ""
    store: str = ""

    @property
    def label(self) -> str:
        return KINDS[self.kind].label

    @property
    def one_fix(self) -> bool:
        return self.kind in MAPPED

    @property
    def missing(self) -> str:
        return MISSING.get(self.kind, "")

    @property
    def key(self) -> str:
        return f"{self.kind.value}:{self.cause}"


def waiting_groups(account: Account, limit: int | None = None) -> list[Group]:
    """The account's groups, oldest first."""
    rows = (
        Hold.objects.for_account(account)
        .open()
        .order_by()
        .values("kind", "cause")
        .annotate(orders=Count("pk"), oldest=Min("placed_at"))
        .order_by("oldest")
    )
    found = list(rows[:limit] if limit else rows)
    words = _words(account, [(HoldKind(row["kind"]), row["cause"]) for row in found])
    groups = []
    for row in found:
        kind, cause = row["kind"], row["cause"]
        groups.append(Group(HoldKind(kind), cause, row["orders"], row["oldest"], *words.get((kind, cause), ())))
    return groups


def _words(account: Account, causes: Sequence[tuple[HoldKind, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    """What each mapping row is called in its store, and the store's name."""
    ids: dict[HoldKind, list[int]] = defaultdict(list)
    for kind, cause in causes:
        if kind in MAPPED and cause.isdigit():
            ids[kind].append(int(cause))
    words = {}
    for kind, pks in ids.items():
        model: Any = MAPPED[kind]
        for row in model.objects.for_account(account).filter(pk__in=pks).select_related("store"):
            words[(kind.value, str(row.pk))] = (str(row), row.store.name)
    return words


def value_of(account: Account, group: Group) -> list[tuple[str, Decimal]]:
    """What the orders of a group are worth, by currency, the largest sum first."""
    holds = Hold.objects.for_account(account).open().filter(kind=group.kind.value, cause=group.cause)
    sums = (
        Order.objects.for_account(account)
        .filter(pk__in=holds.values("order"))
        .order_by()
        .values_list("currency")
        .annotate(sum=Sum("total"))
    )
    return sorted(((currency, total) for currency, total in sums), key=lambda pair: -pair[1])
