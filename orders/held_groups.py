"""What people noted of groups of holds: who takes care of one, a note, and until when it is left out of the list.

A group that is snoozed comes back by itself at its time, or at once when twice as many wait as on the day somebody
snoozed it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from fcp.models import Account, User

from .causes import Cause, Key, causes_among, open_holds_of
from .holds import HoldKind
from .models import HeldGroup

LISTED = 100  # groups of one person, or snoozed ones, that are shown


@dataclass(frozen=True, slots=True)
class Shelves:
    """Groups that are left out now, and those that this person takes care of; counted, oldest first."""

    snoozed: list[Cause]
    mine: list[Cause]


def shelves(account: Account, now: dt.datetime, user: User | None = None) -> Shelves:
    """Two statements, whatever the number of groups."""
    wanted = Q(snoozed_until__gt=now) | Q(owner=user) if user else Q(snoozed_until__gt=now)
    rows = {(row.kind, row.cause): row for row in HeldGroup.objects.for_account(account).filter(wanted)}
    known = {kind.value for kind in HoldKind}
    causes = causes_among(account, (key for key in rows if key[0] in known))
    return Shelves(
        [cause for cause in causes if is_snoozed(rows[cause.key], cause.orders, now)],
        [cause for cause in causes if user and rows[cause.key].owner_id == user.pk],
    )


def is_snoozed(group: HeldGroup, orders: int, now: dt.datetime) -> bool:
    return bool(group.snoozed_until and group.snoozed_until > now and not woken(group, orders))


def woken(group: HeldGroup, orders: int) -> bool:
    """Whether so many wait by now that its time does not count."""
    return orders >= 2 * max(group.snoozed_orders, 1)


def snoozed_keys(account: Account, now: dt.datetime) -> set[Key]:
    """The groups that lists of what waits leave out."""
    return {cause.key for cause in shelves(account, now).snoozed}


def noted_of(account: Account, causes: Iterable[Cause]) -> dict[Key, HeldGroup]:
    """What people noted of these groups; one statement."""
    by_key = {cause.key for cause in causes}
    rows = HeldGroup.objects.for_account(account).filter(
        kind__in={kind for kind, _ in by_key}, cause__in={cause for _, cause in by_key}
    )
    return {key: row for row in rows.select_related("owner") if (key := (row.kind, row.cause)) in by_key}


def keep(
    account: Account,
    kind: HoldKind,
    cause: str,
    *,
    owner: User | None,
    note: str,
    until: dt.datetime | None,
    by: str,
    now: dt.datetime,
) -> HeldGroup:
    """Note who takes care of a group, what of it, and until when it is left out."""
    orders = open_holds_of(account, kind, cause).count() if until else 0
    group, _ = HeldGroup.objects.update_or_create(
        account=account,
        kind=kind.value,
        cause=cause,
        defaults={
            "owner": owner, "note": note, "snoozed_until": until, "snoozed_orders": orders, "changed_at": now,
            "changed_by": by[:120],
        },
    )  # fmt: skip
    return group
