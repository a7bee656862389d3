"""Throwing away what is kept for a time only, in small batches, once a day.

The settings of a store say how long its calls and its persons are kept; for the rest the times stand here.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from typing import Any

from django.db.models import Model, Q, QuerySet
from django_q.models import Failure

from fcp.models import IdempotentReply
from fcp.models.imports import RUNNING
from integrations.connectors.declaring import FlowKind
from integrations.keeping import forget_persons
from integrations.lease import LONGEST_PAUSE
from integrations.models import Alert, Exchange, FailedRecord, Flow, Hint, Invitation, ProductPushRow, Run, StockSent
from integrations.models.flows import RunState
from integrations.settings_in_force import documents_of_stores
from inventory.models import LevelImport
from mappings.models import WordImport
from orders.models import Payload, TrackingImport
from orders.state import OPEN_STATES

BATCH = 1000
SECONDS = 60.0
WITH_PERSONS = 90.0  # seconds, both together: the queue ends a task that takes two minutes
EXCHANGES, HINTS, RUNS, PAYLOADS, REPLIES, FAILURES, SENT, ALERTS, INVITATIONS = (
    dt.timedelta(days=days) for days in (14, 7, 30, 90, 7, 7, 90, 90, 90)
)


def prune(now: dt.datetime) -> dict[str, int]:
    """How many rows went, by table. Stops after a minute and a half; what is left goes tomorrow."""
    began = time.monotonic()
    ends = began + SECONDS
    old: list[QuerySet[Any]] = [
        *_old_exchanges(now),
        Hint.objects.filter(received_at__lt=now - HINTS, done_at__isnull=False),
        _unheard_hints(now),
        Run.objects.filter(last_at__lt=now - RUNS),
        FailedRecord.objects.filter(mended_at__lt=now - RUNS),
        Payload.objects.filter(created_at__lt=now - PAYLOADS, order__state_since__lt=now - PAYLOADS).exclude(
            order__state__in=[state.value for state in OPEN_STATES]
        ),
        StockSent.objects.filter(at__lt=now - SENT),
        ProductPushRow.objects.filter(push__ended_at__lt=now - SENT),
        Alert.objects.filter(closed_at__lt=now - ALERTS),
        Invitation.objects.filter(expires_at__lt=now - INVITATIONS),
        *(
            files.objects.filter(created_at__lt=now - RUNS).exclude(state__in=RUNNING)
            for files in (LevelImport, WordImport, TrackingImport)
        ),
        IdempotentReply.objects.filter(created_at__lt=now - REPLIES),
        Failure.objects.filter(stopped__lt=now - FAILURES),
    ]
    _end_stray_runs(now)
    gone: dict[str, int] = defaultdict(int)
    for rows in old:
        gone[rows.model._meta.label_lower] += _delete(rows, ends)
    gone["persons"] = forget_persons(now, began + WITH_PERSONS)
    return dict(gone)


def _old_exchanges(now: dt.datetime) -> list[QuerySet[Exchange]]:
    """By the setting Keep exchange log for (days) of each store: one question for each number of days in use."""
    stores: dict[int, list[int]] = defaultdict(list)
    for store, document in documents_of_stores():
        if (days := document.get("keep_exchanges") or EXCHANGES.days) != EXCHANGES.days:
            stores[days].append(store.pk)
    others = sorted(pk for of_days in stores.values() for pk in of_days)
    usual = Exchange.objects.filter(created_at__lt=now - EXCHANGES).exclude(store__in=others)
    return [
        usual,
        *(
            Exchange.objects.filter(store__in=of_days, created_at__lt=now - dt.timedelta(days=days))
            for days, of_days in stores.items()
        ),
    ]


def _unheard_hints(now: dt.datetime) -> QuerySet[Hint]:
    """Hints that no flow would take. Where Orders is switched on later, it reads what changed by itself."""
    hearing = Flow.objects.filter(kind=FlowKind.ORDERS).on().values("integration__store")
    return Hint.objects.filter(received_at__lt=now - HINTS, done_at__isnull=True).exclude(store__in=hearing)


def _delete(rows: QuerySet[Any], ends: float) -> int:
    model: type[Model] = rows.model
    gone = 0
    while time.monotonic() < ends:
        ids = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not ids:
            break
        # By id alone: nothing of these tables is referred to, so no cascade has to be looked for.
        gone += model._base_manager.filter(pk__in=ids)._raw_delete(model._base_manager.db)
    return gone


def _end_stray_runs(now: dt.datetime) -> None:
    """Runs whose flow was switched off in the middle."""
    stray = Run.objects.filter(state=RunState.RUNNING, last_at__lt=now - LONGEST_PAUSE)
    stray.filter(Q(flow__lease_until=None) & Q(flow__due_at=None)).update(state=RunState.STOPPED, ended_at=now)
