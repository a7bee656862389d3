"""The shipping options that a store's orders used lately, before any order has come in: so that they can be mapped
first (X13). One look of a few calls, paid from the store's budget; no order is kept of it.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from dataclasses import dataclass

from django.db import transaction

from fcp.errors import SyncError
from integrations.connectors.base import Connector
from integrations.connectors.declaring import FlowKind
from integrations.connectors.shapes import Page, Window
from integrations.models import Flow, Integration
from integrations.reach import OpenStore, open_store
from mappings.models import ShipMethod
from mappings.words import SeenShipWord, words_of
from orders.shapes import IncomingOrder, RawOrder

DAYS = 30
PARTS = 3  # the days are read in so many parts, so that a busy store shows options of all of them
MOST_CALLS = 6


@dataclass(frozen=True, slots=True)
class Seen:
    """`orders` that were looked at; `more`: the store has further ones of these days."""

    orders: int
    options: int
    unmapped: int
    more: bool


def is_wanted(integration: Integration) -> bool:
    """Nobody has looked yet, and no order has come in that would have shown the options."""
    return integration.options_read_at is None and before_first_pull(integration)


def before_first_pull(integration: Integration) -> bool:
    return Flow.objects.filter(integration=integration, kind=FlowKind.ORDERS, last_ok_at=None).exists()


def read_options(integration: Integration, now: dt.datetime) -> Seen:
    """Note the shipping options of the store's last orders. Raises SyncError. Safe to repeat."""
    words: dict[str, SeenShipWord] = {}
    orders, more = 0, False
    with open_store(integration, FlowKind.ORDERS, now) as store:
        step = dt.timedelta(days=DAYS) / PARTS
        parts: deque[tuple[Window, str | None]] = deque(
            (Window(created_from=now - (part + 1) * step, created_to=now - part * step), None) for part in range(PARTS)
        )
        for _ in range(MOST_CALLS):
            if not parts:
                break
            window, token = parts.popleft()
            page = _page(store, window, token)
            shaped = [order for raw in page.items if (order := _shaped(store, raw))]
            for word in store.connector.ship_words(shaped):
                words.setdefault(word.key, SeenShipWord(word.key, word.title, word.code, word.carrier))
            orders += len(page.items)
            if page.next is not None:
                parts.append((window, page.next))
        more = bool(parts)
    with transaction.atomic():
        words_of(integration.store, words.values(), [], {}, now)
        Integration.objects.filter(pk=integration.pk).update(options_read_at=now)
    known = ShipMethod.objects.filter(store=integration.store_id)
    return Seen(orders, known.count(), known.unmapped().count(), more)


def _page(store: OpenStore, window: Window, token: str | None) -> Page[RawOrder]:
    def asked(connector: Connector) -> Page[RawOrder]:
        return connector.orders(window, token)

    return store.ask(asked)


def _shaped(store: OpenStore, raw: RawOrder) -> IncomingOrder | None:
    """None for an order that nobody can read: its option shows when it comes in."""
    try:
        return store.connector.shape_order(raw)
    except SyncError:
        return None
