"""What a person should know at this moment, over the whole installation: pure reading, a few queries however large.

Flows and warehouses are walked once; holds by hopping from group to group along their covering index; shipments by the
partial index of those that are still to be told. No order is looked at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min, OuterRef, Q, Subquery
from django.utils.dateparse import parse_datetime

from integrations.health import GRACE, promise_of
from integrations.models import AlertKind, AlertSettings, Flow, Integration, LedgerGap
from inventory.models import Warehouse
from orders.causes import MAPPED
from orders.holds import HoldKind
from orders.models import Fulfillment, ShippingRequest
from orders.models.shipping import RequestState, Told

# A key that was refused is tried again after 5 minutes; only one that stays refused is worth a mail.
REFUSED_AFTER = dt.timedelta(minutes=10)
SOONEST = dt.timedelta(hours=1)  # the least number of hours that an account may choose

# An unpaid order waits for its buyer, one that was sold ahead for its day: nobody here can do anything about it.
NOT_HELD = {HoldKind.PAYMENT, HoldKind.PREORDER}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is true now, since `since`. `opens`: it is enough to begin an alert, not only to keep one open."""

    account: int
    kind: AlertKind
    key: str
    since: dt.datetime
    store: int | None = None
    opens: bool = True
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[int, str, str]:
        return self.account, self.kind.value, self.key


DEFAULTS = AlertSettings()


def facts_of(settings: dict[int, AlertSettings], now: dt.datetime, *, resumed: bool) -> Iterator[Fact]:
    """Everything that is true by each account's settings; `settings` by account id, the defaults where one has none.

    `resumed`: nobody looked for a while, so flows are late through our own fault and get a chance to catch up.
    """
    live = dict(Integration.objects.filter(live=True).values_list("store_id", "account_id"))
    yield from _flows(settings, now, resumed)
    yield from _held(settings, live, now)
    yield from _untaken(settings, now)
    yield from _untold(settings, live, now)
    yield from _gaps(settings, now)


def _old_enough(hours: int | None, since: dt.datetime, now: dt.datetime) -> bool:
    return hours is not None and since <= now - dt.timedelta(hours=hours)


# --- flows ---------------------------------------------------------------------------------------------------------

FLOW = (
    "account_id", "integration__store_id", "integration_id", "integration__nickname", "kind", "interval", "last_ok_at",
    "enabled_since", "lease_until", "problem", "problem_code", "problem_since", "blocked",
)  # fmt: skip


def _flows(settings: dict[int, AlertSettings], now: dt.datetime, resumed: bool) -> Iterator[Fact]:
    """Flows that miss what they promise, and stores that refuse our key (once each, whatever its flows)."""
    old = now - GRACE
    suspect = Q(blocked=True) | Q(last_ok_at__lt=old) | Q(last_ok_at=None, enabled_since__lt=old)
    refused: set[int] = set()
    for row in Flow.objects.on().filter(suspect).order_by("pk").values(*FLOW).iterator(chunk_size=2000):
        wanted, store = settings.get(row["account_id"], DEFAULTS), row["integration__store_id"]
        params = {"name": row["integration__nickname"], "integration": row["integration_id"], "problem": row["problem"]}
        if row["blocked"] and wanted.refused and store not in refused:
            since = row["problem_since"] or now
            if since <= now - REFUSED_AFTER:
                refused.add(store)
                said = params | {"code": row["problem_code"]}
                yield Fact(row["account_id"], AlertKind.REFUSED, f"store-{store}", since, store, params=said)
        since = _late_since(row, now)
        if since and wanted.stale:
            ok = row["last_ok_at"]
            params |= {"flow": row["kind"], "ok": ok.isoformat() if ok else "", "interval": row["interval"]}
            # A store that refuses our key is told of once, not once for each of its flows.
            opens = not (row["blocked"] and wanted.refused) and not resumed
            key = f"{row['kind']}-{store}"
            yield Fact(row["account_id"], AlertKind.STALE, key, since, store, opens, params)


def _late_since(row: dict[str, Any], now: dt.datetime) -> dt.datetime | None:
    """Since when a flow is older than it promises. A first read that is running now is not late, however long."""
    began = row["last_ok_at"] or row["enabled_since"]
    if began is None or (row["last_ok_at"] is None and row["lease_until"] and row["lease_until"] > now):
        return None
    since: dt.datetime = began + promise_of(row["interval"])
    return since if since < now else None


# --- holds ---------------------------------------------------------------------------------------------------------

# Every group of open holds in the installation, with its oldest: one step along the index for each group, whatever
# the number of orders in it. SQLite knows no LATERAL and compares no pairs by an index: there by part of the key.
STEPS = """
WITH RECURSIVE step(account_id, kind, cause, placed_at) AS (
  SELECT * FROM (
    SELECT account_id, kind, cause, placed_at FROM orders_hold WHERE lifted_at IS NULL
    ORDER BY account_id, kind, cause, placed_at LIMIT 1
  ) AS first
  UNION ALL
  {next}
)
SELECT account_id, kind, cause, placed_at FROM step WHERE placed_at <= %s ORDER BY placed_at, kind, cause
"""
NEXT = {
    "postgresql": """
  SELECT n.account_id, n.kind, n.cause, n.placed_at FROM step CROSS JOIN LATERAL (
    SELECT account_id, kind, cause, placed_at FROM orders_hold
    WHERE lifted_at IS NULL AND (account_id, kind, cause) > (step.account_id, step.kind, step.cause)
    ORDER BY account_id, kind, cause, placed_at LIMIT 1
  ) AS n""",
    "sqlite": """
  SELECT h.account_id, h.kind, h.cause, h.placed_at FROM step JOIN orders_hold h ON h.id = COALESCE(
    (SELECT n.id FROM orders_hold n WHERE n.lifted_at IS NULL AND n.account_id = step.account_id
     AND n.kind = step.kind AND n.cause > step.cause ORDER BY n.cause, n.placed_at LIMIT 1),
    (SELECT n.id FROM orders_hold n WHERE n.lifted_at IS NULL AND n.account_id = step.account_id
     AND n.kind > step.kind ORDER BY n.kind, n.cause, n.placed_at LIMIT 1),
    (SELECT n.id FROM orders_hold n WHERE n.lifted_at IS NULL
     AND n.account_id > step.account_id ORDER BY n.account_id, n.kind, n.cause, n.placed_at LIMIT 1)
  )""",
}


def _held(settings: dict[int, AlertSettings], live: dict[int, int], now: dt.datetime) -> Iterator[Fact]:
    """Groups of holds, the oldest first. Where nothing is live nothing goes anyway: the set-up says what is missing."""
    accounts = set(live.values())
    old = []
    for account, kind, cause, since in _groups(now - SOONEST):
        wanted = settings.get(account, DEFAULTS)
        if account in accounts and kind not in NOT_HELD and _old_enough(wanted.held_hours, since, now):
            old.append((account, kind, cause, since))
    words = _words(old)
    for account, kind, cause, since in old:
        store, word = words.get((kind, cause), (None, ""))
        if store is None or store in live:
            params = {"hold": kind.value, "cause": cause, "word": word}
            yield Fact(account, AlertKind.HELD, f"{kind.value}-{cause}", since, store, params=params)


Group = tuple[int, HoldKind, str, dt.datetime]


def _groups(before: dt.datetime) -> list[Group]:
    with connection.cursor() as cursor:
        when = connection.ops.adapt_datetimefield_value(before)
        cursor.execute(STEPS.format(next=NEXT[connection.vendor]), [when])
        return [(account, HoldKind(kind), cause, _moment(at)) for account, kind, cause, at in cursor.fetchall()]


def _moment(value: dt.datetime | str) -> dt.datetime:
    """SQLite keeps times as text, in UTC."""
    at = parse_datetime(value) if isinstance(value, str) else value
    assert at is not None
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def _words(groups: list[Group]) -> dict[tuple[HoldKind, str], tuple[int | None, str]]:
    """(store, the store's word) of each group that a mapping cures; one query for each kind of word."""
    found: dict[tuple[HoldKind, str], tuple[int | None, str]] = {}
    for kind, model in MAPPED.items():
        ids = [int(cause) for _, of, cause, _ in groups if of is kind and cause.isdigit()]
        for pk, row in model.objects.in_bulk(ids).items() if ids else ():
            found[kind, str(pk)] = (row.store_id, str(row))
    return found


# --- warehouses and stores -------------------------------------------------------------------------------------------


def _untaken(settings: dict[int, AlertSettings], now: dt.datetime) -> Iterator[Fact]:
    """Warehouses that were offered orders and did not take them: one look into the index for each warehouse."""
    offered = ShippingRequest.objects.filter(warehouse=OuterRef("pk"), state=RequestState.OFFERED.value)
    oldest = Subquery(offered.order_by("changed_at", "id").values("changed_at")[:1])
    rows = Warehouse.objects.order_by().annotate(oldest=oldest).filter(oldest__lte=now - SOONEST)
    for pk, account, name, partner, since in rows.values_list("pk", "account_id", "name", "partner_id", "oldest"):
        if _old_enough(settings.get(account, DEFAULTS).untaken_hours, since, now):
            params = {"name": name, "by_hand": partner is None, "since": since.isoformat()}
            yield Fact(account, AlertKind.UNTAKEN, f"warehouse-{pk}", since, params=params)


def _untold(settings: dict[int, AlertSettings], live: dict[int, int], now: dt.datetime) -> Iterator[Fact]:
    """Stores that do not know of shipments; a store that is not live is told nothing.

    Of a correction or a withdrawal the store knows the shipment: that goods left and it does not know it is not true.
    """
    # `to_tell` names the condition of the index.
    due = Fulfillment.objects.to_tell().filter(told=Told.DUE.value).order_by().values("store", "account", "store__name")
    rows = due.annotate(oldest=Min("created_at"), said=Max("problem")).filter(oldest__lte=now - SOONEST)
    for row in rows:
        account, store, since = row["account"], row["store"], row["oldest"]
        if store in live and _old_enough(settings.get(account, DEFAULTS).untold_hours, since, now):
            params = {"name": row["store__name"], "problem": row["said"], "since": since.isoformat()}
            yield Fact(account, AlertKind.UNTOLD, f"store-{store}", since, store, params=params)


def _gaps(settings: dict[int, AlertSettings], now: dt.datetime) -> Iterator[Fact]:
    """Stores in which the ledger found a difference that nobody has answered."""
    rows = LedgerGap.objects.filter(closed_at=None).order_by().values("store", "account", "store__name")
    found = rows.annotate(oldest=Min("found_at"), number=Count("pk")).filter(oldest__lte=now - SOONEST)
    nicknames = dict(Integration.objects.values_list("store", "nickname")) if found else {}
    for row in found:
        account, store, since = row["account"], row["store"], row["oldest"]
        if store in nicknames and _old_enough(settings.get(account, DEFAULTS).gap_hours, since, now):
            params = {"name": nicknames[store], "orders": row["number"], "since": since.isoformat()}
            yield Fact(account, AlertKind.GAP, f"store-{store}", since, store, params=params)
