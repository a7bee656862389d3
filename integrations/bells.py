"""Nudges from the apps to the right: what they wrote concerns a flow or a task of ours. Losing one costs a minute."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from fcp.models import Store
from integrations.connectors.declaring import FlowKind
from integrations.lease import ring
from integrations.models import Flow
from integrations.queue import Queue, enqueue
from integrations.where import want_read
from inventory.signals import levels_to_import, stock_moved
from mappings.signals import word_mapped, words_mapped, words_to_import
from orders.signals import (
    cure_waits,
    orders_to_read,
    orders_to_remap,
    orders_to_settle,
    rules_changed,
    shipments_to_tell,
    tracking_to_import,
)


def hang() -> None:
    """Called once, when the apps are ready."""
    shipments_to_tell.connect(on_shipments, dispatch_uid="integrations.shipments")
    orders_to_read.connect(on_orders, dispatch_uid="integrations.orders")
    orders_to_settle.connect(on_orders_to_settle, dispatch_uid="integrations.orders_to_settle")
    levels_to_import.connect(on_levels_file, dispatch_uid="integrations.levels_file")
    tracking_to_import.connect(on_tracking_file, dispatch_uid="integrations.tracking_file")
    words_to_import.connect(on_words_file, dispatch_uid="integrations.words_file")
    word_mapped.connect(on_word, dispatch_uid="integrations.word")
    words_mapped.connect(on_words, dispatch_uid="integrations.words")
    cure_waits.connect(on_cure, dispatch_uid="integrations.cure")
    orders_to_remap.connect(on_remapping, dispatch_uid="integrations.remapping")
    rules_changed.connect(on_rules, dispatch_uid="integrations.rules")
    stock_moved.connect(on_stock, dispatch_uid="integrations.stock")


def on_shipments(sender: Any, store_id: int, **signal: Any) -> None:
    flows = Flow.objects.filter(integration__store=store_id, kind=FlowKind.FULFILLMENTS, due_at__isnull=False)
    ring(list(flows.values_list("pk", flat=True)), timezone.now(), trigger="schedule")


def on_orders(sender: Any, store_id: int, uids: Sequence[str], now: dt.datetime, **signal: Any) -> None:
    """Within the transaction that asks for it: the hints are there together with the reason."""
    want_read(Store.objects.get(pk=store_id), uids, now)
    flows = Flow.objects.filter(integration__store=store_id, kind=FlowKind.ORDERS, due_at__isnull=False)
    ids = list(flows.values_list("pk", flat=True))
    transaction.on_commit(partial(ring, ids, now, trigger="schedule"), robust=True)


def on_orders_to_settle(sender: Any, what: str, row: int, **signal: Any) -> None:
    enqueue(Queue.DEFAULT, "integrations.tasks.follow", [(what, row)], timezone.now())


def on_word(sender: Any, kind: str, row_id: int, account_id: int, **signal: Any) -> None:
    enqueue(Queue.DEFAULT, "integrations.tasks.lift_word", [(kind, row_id)], timezone.now())
    if kind != "ship_code":
        on_stock(sender, account_id)


def on_words(sender: Any, account_id: int, **signal: Any) -> None:
    enqueue(Queue.DEFAULT, "integrations.tasks.lift_mapped", [()], timezone.now())
    on_stock(sender, account_id)


def on_cure(sender: Any, cure_id: int, **signal: Any) -> None:
    enqueue(Queue.DEFAULT, "integrations.tasks.go_on_cure", [(cure_id,)], timezone.now())


def on_stock(sender: Any, account_id: int, **signal: Any) -> None:
    flows = Flow.objects.filter(account=account_id, kind=FlowKind.INVENTORY, due_at__isnull=False)
    ring(list(flows.values_list("pk", flat=True)), timezone.now(), trigger="schedule")


def on_rules(sender: Any, account_id: int, now: dt.datetime, **signal: Any) -> None:
    """Within the transaction of the change."""
    enqueue(Queue.DEFAULT, "integrations.tasks.settle_rules", [(account_id,)], now)


def on_remapping(sender: Any, remapping_id: int, **signal: Any) -> None:
    enqueue(Queue.DEFAULT, "integrations.tasks.remap", [(remapping_id,)], timezone.now())


def on_words_file(sender: Any, import_id: int, **signal: Any) -> None:
    enqueue(Queue.DEFAULT, "integrations.tasks.import_words", [(import_id,)], timezone.now())


def on_tracking_file(sender: Any, import_id: int, **signal: Any) -> None:
    enqueue(Queue.DEFAULT, "integrations.tasks.import_tracking", [(import_id,)], timezone.now())


def on_levels_file(sender: Any, import_id: int, **signal: Any) -> None:
    enqueue(Queue.DEFAULT, "integrations.tasks.import_levels", [(import_id,)], timezone.now())
