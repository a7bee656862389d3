"""Alerts: what a person should know, opened when it becomes true and closed when it is true no longer.

Every few minutes `look` compares what is true now (`integrations.alert_facts`) with the alerts that are open: one
transaction, a number of queries that does not depend on how many stores there are. It tells nobody: who is to be told
is found in the rows by `integrations.alert_mail`, so that a crash between the two loses nothing.

What comes back within QUIET is the same alert and not a new one, and an end is told only after QUIET: a thing that
comes and goes makes one mail, not a storm.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from fcp.models import Account, Heartbeat
from integrations.alert_facts import Fact, facts_of
from integrations.models import Alert, AlertKind, AlertSettings

BEAT = "alerts"
EVERY = dt.timedelta(minutes=5)  # as the schedule does
SOONER = dt.timedelta(minutes=1)  # a look so much too early is not refused
QUIET = dt.timedelta(hours=1)
MOST_GROUPS = 20  # groups of holds that an account is told of at one time; the next ones follow as these are cured
BATCH = 1000

Identity = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Looked:
    opened: int = 0
    closed: int = 0


def look(now: dt.datetime) -> Looked:
    """Open and close alerts by what is true now. Nothing happens when somebody else looked just now."""
    with transaction.atomic():
        before = _claim(now)
        if before is None:
            return Looked()
        settings = {row.account_id: row for row in AlertSettings.objects.all()}
        open_now = {(row.account_id, row.kind, row.key): row.pk for row in _open_rows()}
        groups = Counter(account for account, kind, _ in open_now if kind == AlertKind.HELD.value)
        still: set[Identity] = set()
        new: dict[Identity, Fact] = {}
        for fact in facts_of(settings, now, resumed=now - before > 3 * EVERY):
            if fact.identity in open_now:
                still.add(fact.identity)
            elif fact.opens and fact.identity not in new and _room(fact, groups):
                new[fact.identity] = fact
        gone = [pk for identity, pk in open_now.items() if identity not in still]
        _open(new, now)
        for ids in _batches(gone):
            Alert.objects.filter(pk__in=ids, closed_at=None).update(closed_at=now)
        return Looked(len(new), len(gone))


def _claim(now: dt.datetime) -> dt.datetime | None:
    """When somebody looked before; None when that was just now. Two who look at once take turns at the row's lock."""
    beat, made = Heartbeat.objects.get_or_create(name=BEAT, defaults={"at": now})
    if made:
        return now - 4 * EVERY
    # One that lies ahead is of a clock that was wrong: nobody waits for that time to come.
    another = Q(at__lte=now - EVERY + SOONER) | Q(at__gt=now + EVERY)
    mine = Heartbeat.objects.filter(another, name=BEAT).update(at=now)
    return beat.at if mine else None


def _open_rows() -> Iterator[Alert]:
    return Alert.objects.filter(closed_at=None).only("account_id", "kind", "key").order_by().iterator(BATCH)


def _room(fact: Fact, groups: Counter[int]) -> bool:
    if fact.kind is not AlertKind.HELD:
        return True
    groups[fact.account] += 1
    return groups[fact.account] <= MOST_GROUPS


def _open(new: dict[Identity, Fact], now: dt.datetime) -> None:
    """New rows, and those again that ended a moment ago."""
    lately = Alert.objects.filter(closed_at__gt=now - QUIET, end_mailed_at=None).order_by("closed_at")
    again = {(row.account_id, row.kind, row.key): row.pk for row in lately} if new else {}
    back = [again[identity] for identity in new if identity in again]
    for ids in _batches(back):
        Alert.objects.filter(pk__in=ids).update(closed_at=None)
    rows = [
        Alert(
            account_id=fact.account, store_id=fact.store, kind=fact.kind.value, key=fact.key, opened_at=now,
            params=fact.params,
        )
        for identity, fact in new.items()
        if identity not in again
    ]  # fmt: skip
    Alert.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def _batches(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


# --- for the pages ---------------------------------------------------------------------------------------------------


def settings_of(account: Account) -> AlertSettings:
    """The account's, or the defaults, not stored: then nobody is told."""
    return AlertSettings.objects.for_account(account).first() or AlertSettings(account=account)
