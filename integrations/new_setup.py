"""What New Setup offers beside its form: other clients, settings of other integrations, a look at what comes in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fcp.http import Session
from fcp.models import Account
from fcp.roles import May
from fcp.shell import accounts_where
from fcp.versions import Line
from integrations.connecting import ask_store
from integrations.connectors import connector_class
from integrations.connectors.base import Bound
from integrations.connectors.declaring import Platform, WayIn
from integrations.first_look import Look, orders_of_new_store
from integrations.models import Integration
from integrations.reach import app_secrets
from integrations.settings_document import Document
from integrations.versions import compare

FOUND = 8  # clients that a search shows


def other_clients(user: Any, account: Account, text: str = "") -> list[Account]:
    """Accounts that the person may set a cart up for, beside this one; without a text the first few."""
    rows = accounts_where(user, May.CONNECT).exclude(pk=account.pk)
    return list(rows.filter(name__icontains=text)[:FOUND] if text else rows[:FOUND])


def others_alike(account: Account, platform: Platform) -> list[Integration]:
    """Those whose settings can be taken over: of the same account and platform."""
    rows = Integration.objects.for_account(account).filter(store__platform=platform.key).select_related("store")
    return list(rows.order_by("name", "pk"))


@dataclass(frozen=True, slots=True)
class Copied:
    """What was taken over from another integration, before anything is saved: how it differs from the defaults."""

    integration: Integration
    lines: list[Line]

    @classmethod
    def of(cls, integration: Integration, platform: Platform, before: Document, after: Document) -> Copied:
        return cls(integration, compare(platform, integration.account, before, after))


def look_ahead(
    account: Account,
    platform: Platform,
    way: WayIn,
    received: Mapping[str, str],
    document: Document,
    *,
    now: dt.datetime,
    api_url: str,
) -> Look:
    """What would come in of a store that is not connected: it is asked, and nothing is kept (X3). Raises SyncError."""
    connected = ask_store(platform.key, way.key, received, now, api_url)
    bound = Bound(
        session=Session(platform.hosts),
        variant=connected.variant,
        credential=connected.credential,
        app=app_secrets(platform.key),
        api_url=api_url or platform.api_url,
    )
    return orders_of_new_store(connector_class(platform.key)(bound), document, account, now)
