"""What waits in the tables and whom it concerns: found by queries each minute, whatever became of the nudges.

A signal or a task is only a nudge; these questions are the promise. Each is answered from an index.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from integrations.connectors.declaring import FlowKind
from integrations.lease import ring
from integrations.models import FailedRecord, Flow, Hint, Integration, StockPush
from integrations.queue import Queue, enqueue, waiting
from inventory import level_import
from inventory.models import StockCounter
from mappings import word_import
from mappings.models import Listing, ListingStock, Location, ShipMethod
from orders import curing, following, remapping, rule_settling, timed, tracking_import
from orders.models import Fulfillment
from orders.release import stores_with_waiting

# Tasks that a sweep adds for one question at most, and that may wait before it adds none.
AT_A_TIME, MOST_WAITING = 500, 1000


def sweep(now: dt.datetime) -> None:
    ring(list(flows_with_hints(now)), now, trigger="webhook")
    ring(list(flows_with_shipments(now)), now, trigger="schedule")
    ring(list(flows_with_failed_records(now)), now, trigger="schedule")
    ring(list(flows_with_stock(now)), now, trigger="schedule")
    if waiting(Queue.DEFAULT, now) >= MOST_WAITING:
        return
    _nudge("offer_waiting", stores_with_waiting().values_list("pk", flat=True), now)
    unsettled = Integration.objects.exclude(settled_version=F("settings_version"))
    _nudge("settle_store", unsettled.values_list("store", flat=True), now)
    _nudge("go_on_cure", curing.unfinished(now), now)
    _nudge("remap", remapping.unfinished(now), now)
    _nudge("import_levels", level_import.unfinished(now), now)
    _nudge("import_words", word_import.unfinished(now), now)
    _nudge("import_tracking", tracking_import.unfinished(now), now)
    if following.due(now).exists():
        enqueue(Queue.DEFAULT, "integrations.tasks.follow_due", [()], now)
    if timed.due(now).exists():
        enqueue(Queue.DEFAULT, "integrations.tasks.lift_due", [()], now)
    _nudge("settle_rules", rule_settling.unsettled(), now)
    if any(words.objects.changed().exists() for words in (ShipMethod, Listing, Location)):
        enqueue(Queue.DEFAULT, "integrations.tasks.lift_mapped", [()], now)


def _nudge(task: str, found: Iterable[int], now: dt.datetime) -> None:
    """Of many, some at random: whoever is left out is found again, and none that cannot go on keeps others away."""
    ids = list(found)
    if len(ids) > AT_A_TIME:
        ids = random.sample(ids, AT_A_TIME)
    enqueue(Queue.DEFAULT, f"integrations.tasks.{task}", [(pk,) for pk in ids], now)


def _idle(kind: FlowKind, now: dt.datetime) -> QuerySet[Flow]:
    """Flows that would take a nudge."""
    flows = Flow.objects.filter(kind=kind, due_at__gt=now, failures=0, blocked=False)
    return flows.filter(Q(lease_until=None) | Q(lease_until__lte=now))


# The stores come from the small table, not the other way round: most flows have nothing waiting.


def flows_with_hints(now: dt.datetime) -> QuerySet[Flow, int]:
    stores = Hint.objects.filter(done_at=None).values("store")
    return _idle(FlowKind.ORDERS, now).filter(integration__store__in=stores).values_list("pk", flat=True)


def flows_with_failed_records(now: dt.datetime) -> QuerySet[Flow, int]:
    stores = FailedRecord.objects.filter(kind="order", mended_at=None, not_before__lte=now).values("store")
    return _idle(FlowKind.ORDERS, now).filter(integration__store__in=stores).values_list("pk", flat=True)


def flows_with_shipments(now: dt.datetime) -> QuerySet[Flow, int]:
    live = Integration.objects.filter(live=True).values("store")
    stores = (
        Fulfillment.objects.to_tell()
        .filter(Q(not_before=None) | Q(not_before__lte=now))
        .filter(Q(order__tried=True) | Q(store__in=live))
        .values("store")
    )
    return _idle(FlowKind.FULFILLMENTS, now).filter(integration__store__in=stores).values_list("pk", flat=True)


def flows_with_stock(now: dt.datetime) -> QuerySet[Flow, int]:
    """Stores whose stock moved or was marked, and such as may be told of quantities that wait."""
    of_store = ListingStock.objects.filter(store=OuterRef("store"))
    sendable = of_store.to_send().filter(Q(not_before=None) | Q(not_before__lte=now))
    moved = StockCounter.objects.filter(account=OuterRef("account"), seq__gt=OuterRef("seq"))
    live = Integration.objects.filter(live=True).values("store")
    may_send = Q(allowed_at__isnull=False, guard="", store__in=live)
    to_do = (
        Exists(moved) | Exists(of_store.changed()) | (may_send & Exists(sendable)) | Q(read_wanted_at__gt=F("read_at"))
    )
    stores = StockPush.objects.filter(to_do).values("store")
    return _idle(FlowKind.INVENTORY, now).filter(integration__store__in=stores).values_list("pk", flat=True)
