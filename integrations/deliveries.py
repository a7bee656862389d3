"""What stores announced, as it is kept for seven days: what waits, what is done, and having it done once more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, QuerySet

from fcp.models import Store
from integrations.auditing import audit
from integrations.connectors.declaring import FlowKind
from integrations.lease import ring
from integrations.models import Flow, Hint, Integration, WebhookAddress

DELETED = "deleted"  # about an order that the store says it no longer has
ORDER_HINTS = ("order", "fulfillments", DELETED)  # about one order, by the store's id
BY_NUMBER = "order_number"  # about one order, of which only the number is known
APP_HINTS = ("installed", "removed")  # about our app in the store


def waiting(store: Store) -> QuerySet[Hint]:
    """What the flow has not looked at yet."""
    return Hint.objects.filter(store=store, done_at=None)


def done(hints: Iterable[Hint], now: dt.datetime) -> None:
    """Looked at. An address counts what came in there; what is done again was counted before. In a transaction."""
    hints = list(hints)
    Hint.objects.filter(pk__in=[hint.pk for hint in hints]).update(done_at=now)
    came: dict[int, list[dt.datetime]] = {}
    for hint in hints:
        if hint.address_id and not hint.replayed_at:
            came.setdefault(hint.address_id, []).append(hint.received_at)
    for address, times in sorted(came.items()):
        WebhookAddress.objects.filter(pk=address).update(events=F("events") + len(times), last_event_at=max(times))


@dataclass(frozen=True, slots=True)
class Replayed:
    """`waiting` were waiting already, `left` are about our app and are never done again."""

    again: int
    waiting: int
    left: int


def replay(integration: Integration, chosen: QuerySet[Hint], *, by: str, now: dt.datetime) -> Replayed:
    """Let the flow look at these deliveries once more; each order is read from the store as it is now."""
    chosen = chosen.filter(store=integration.store_id)
    about_orders = chosen.filter(kind__in=[*ORDER_HINTS, BY_NUMBER])
    with transaction.atomic():
        left = chosen.filter(kind__in=APP_HINTS).count()
        still = about_orders.filter(done_at=None).count()
        again = about_orders.filter(done_at__isnull=False).update(done_at=None, replayed_at=now)
        if again:
            audit(integration, "webhooks_replayed", by, now, count=again)
    if again or still:
        ring_orders(integration, now)
    return Replayed(again, still, left)


def ring_orders(integration: Integration, now: dt.datetime) -> None:
    """After the commit of what there is to look at."""
    flows = Flow.objects.filter(integration=integration, kind=FlowKind.ORDERS)
    ring(list(flows.values_list("pk", flat=True)), now, trigger="webhook")
