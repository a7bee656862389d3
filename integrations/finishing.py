"""Finish Setup: the flows that were given an interval are switched on, and the first run starts at once."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from fcp.models import Account
from integrations import live
from integrations.connectors import connector_class
from integrations.connectors.declaring import FlowKind, Mode
from integrations.models import Integration
from integrations.settings_document import FLOWS, Document
from integrations.settings_saving import save, switched_on
from integrations.since_enabled import Choices

LIVE_AT_SETUP = "live_at_setup"  # the account setting "New integrations go live at Finish Setup"


def goes_live_at_setup(account: Account) -> bool:
    return account.settings.get(LIVE_AT_SETUP) == "yes"


def to_finish(integration: Integration, document: Document) -> Document:
    """What Finish Setup puts in force: tracking numbers go back from now on, too, where orders come in."""
    platform = connector_class(integration.store.platform).platform
    if document[FLOWS][FlowKind.ORDERS.value]["mode"] != Mode.DISABLED:
        return switched_on(document, platform, (FlowKind.FULFILLMENTS,))
    return document


def finish_setup(
    integration: Integration,
    document: Document,
    *,
    by: str,
    now: dt.datetime,
    based_on: int | None = None,
    again: Choices | None = None,
) -> None:
    """A service that was left without an interval stays off; `again` as in `settings_saving.save`.

    It goes live only where the account says so (X26). Raises IntegrationError.
    """
    with transaction.atomic():
        save(
            integration, to_finish(integration, document), by=by, now=now, why="set up", based_on=based_on, again=again
        )
        if goes_live_at_setup(integration.account) and not integration.live:
            live.go_live(integration, by=by, now=now)
