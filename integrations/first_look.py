"""How many of a store's orders would come in with these settings: asked of the store itself, before Finish Setup."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fcp.errors import SyncError
from integrations.connectors.declaring import FlowKind
from integrations.connectors.shapes import Window
from integrations.flows.windows import earliest_wanted
from integrations.models import Integration
from integrations.reach import OpenStore, open_store
from integrations.settings_document import rules_of
from orders.decide import Facts, import_decision
from orders.models import Order
from orders.shapes import RawOrder

# A look, not an import: a person waits for it, and it may not use up the store's calls.
MOST_PAGES = 3


@dataclass(frozen=True, slots=True)
class Look:
    """`orders` that would come in, the oldest of them placed at `oldest`; `more`: the store has further ones."""

    orders: int
    oldest: dt.datetime | None
    more: bool


def orders_to_come(integration: Integration, document: dict[str, Any], now: dt.datetime) -> Look:
    """Raises SyncError. Orders that are here already are left out, and such as nobody can read."""
    rules = rules_of(document, integration.settings_version, integration.account).imports
    found: list[dt.datetime] = []
    with open_store(integration, FlowKind.ORDERS, now) as store:
        window = Window(created_from=earliest_wanted(rules, now), created_to=now)
        token, pages = None, 0
        while pages < MOST_PAGES:
            page = store.ask(lambda connector, token=token: connector.orders(window, token))  # type: ignore[misc]
            token, pages = page.next, pages + 1
            for facts in _facts(integration, store, page.items):
                if import_decision(facts, rules, now).imported:
                    found.append(facts.placed_at)
            if token is None:
                break
    return Look(len(found), min(found, default=None), token is not None)


def _facts(integration: Integration, store: OpenStore, raws: Any) -> Iterator[Facts]:
    uids = [raw.uid for raw in raws]
    here = set(Order.objects.filter(store=integration.store_id, uid__in=uids).values_list("uid", flat=True))
    for raw in raws:
        if raw.uid not in here and (facts := _read(store, raw)):
            yield facts


def _read(store: OpenStore, raw: RawOrder) -> Facts | None:
    try:
        return Facts.of(store.connector.shape_order(raw))
    except SyncError:
        return None
