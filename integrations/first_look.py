"""How many of a store's orders would come in with these settings: asked of the store itself, before Finish Setup."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fcp.errors import SyncError
from fcp.models import Account
from integrations.connectors.base import Connector
from integrations.connectors.declaring import FlowKind
from integrations.connectors.shapes import Page, Window
from integrations.flows.windows import earliest_wanted
from integrations.models import Integration
from integrations.reach import open_store
from integrations.settings_document import rules_of
from orders.decide import Facts, import_decision
from orders.models import Order
from orders.settings import ImportRules
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

    def here(uids: list[str]) -> set[str]:
        return set(Order.objects.filter(store=integration.store_id, uid__in=uids).values_list("uid", flat=True))

    with open_store(integration, FlowKind.ORDERS, now) as store:
        return _look(store.ask, lambda: store.connector, rules, now, here)


def orders_of_new_store(connector: Connector, document: dict[str, Any], account: Account, now: dt.datetime) -> Look:
    """The same of a store that is not connected yet. Raises SyncError."""
    rules = rules_of(document, 0, account).imports
    return _look(lambda question: question(connector), lambda: connector, rules, now, lambda uids: set())


def _look(
    ask: Callable[[Callable[[Connector], Page[RawOrder]]], Page[RawOrder]],
    reader: Callable[[], Connector],
    rules: ImportRules,
    now: dt.datetime,
    here: Callable[[list[str]], set[str]],
) -> Look:
    window = Window(created_from=earliest_wanted(rules, now), created_to=now)
    found: list[dt.datetime] = []
    token, pages = None, 0
    while pages < MOST_PAGES:
        page = ask(lambda connector, token=token: connector.orders(window, token))  # type: ignore[misc]
        token, pages = page.next, pages + 1
        known = here([raw.uid for raw in page.items])
        for facts in (_read(reader(), raw) for raw in page.items if raw.uid not in known):
            if facts and import_decision(facts, rules, now).imported:
                found.append(facts.placed_at)
        if token is None:
            break
    return Look(len(found), min(found, default=None), token is not None)


def _read(connector: Connector, raw: RawOrder) -> Facts | None:
    try:
        return Facts.of(connector.shape_order(raw))
    except SyncError:
        return None
