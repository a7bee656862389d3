"""What New Setup offers beside its form: other clients to set up, other integrations to take settings from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fcp.models import Account
from fcp.roles import May
from fcp.shell import accounts_where
from integrations.connectors.declaring import Platform
from integrations.models import Integration
from integrations.settings_document import Document
from integrations.versions import Line, compare

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
