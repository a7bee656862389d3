"""Saving settings: first what they would have meant for the last orders, then, confirmed, for good.

A confirmation is of exactly these values: whoever changes one more is asked again. Where a flow is switched on again, a
person says from when it counts, in the same place. It needs no script.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from fcp.models import Account
from fcp.panel import panel_url
from integrations.connectors.declaring import Platform
from integrations.dry_run import Difference, DryRun, Outcome
from integrations.models import Integration
from integrations.setting_links import links_of
from integrations.setting_words import condition_in_words, setting_of
from integrations.settings_document import Document
from integrations.since_enabled import Again
from inventory.models import Warehouse


def confirmation(integration: Integration, document: Document) -> str:
    """What a page carries to say that a person saw what these values mean."""
    values = json.dumps([integration.pk, integration.settings_version, document], sort_keys=True, default=str)
    return hashlib.sha256(values.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an order would have had another outcome; `url` leads to the setting."""

    sentence: str
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    number: str
    url: str
    before: str
    after: str
    reasons: list[Reason]


@dataclass(frozen=True, slots=True)
class Shown:
    """A dry run as parts/dry_run.html shows it. `confirmed` goes back with the form."""

    confirmed: str
    looked_at: int
    rows: list[Row]
    coming: int
    oldest: dt.datetime | None
    older_since: dt.datetime | None
    again: Sequence[Again] = ()
    unanswered: bool = False

    def __bool__(self) -> bool:
        return bool(self.rows) or self.older_since is not None or bool(self.again)


def shown(
    integration: Integration,
    platform: Platform,
    document: Document,
    run: DryRun,
    again: Sequence[Again] = (),
    *,
    unanswered: bool = False,
) -> Shown:
    """`unanswered`: it was shown before, and not said of every flow that is switched on again from when it counts."""
    rows = _rows(integration, platform, run.differences) if run.differences else []
    confirmed = confirmation(integration, document)
    return Shown(confirmed, run.looked_at, rows, len(run.coming), run.oldest, run.older_since, again, unanswered)


def _rows(integration: Integration, platform: Platform, found: Sequence[Difference]) -> list[Row]:
    account = integration.account
    warehouses = dict(Warehouse.objects.for_account(account).values_list("pk", "name"))
    link = links_of(account)

    def reason(sentence: str, key: str) -> Reason:
        return Reason(sentence, link(integration.store_id, key))

    def reasons(one: Difference) -> list[Reason]:
        if one.conditions:
            return [reason(condition_in_words(c, platform, account), c.setting) for c in one.conditions]
        labels = [(setting_of(platform, key), key) for key in one.settings]
        return [reason(setting.label, key) for setting, key in labels if setting]

    return [
        Row(
            one.order.number,
            _order_url(account, one.order.order_id),
            in_words(one.before, warehouses),
            in_words(one.after, warehouses, here=one.order.words is not None),
            reasons(one),
        )
        for one in found
    ]


def _order_url(account: Account, order_id: int | None) -> str:
    return panel_url(account, "orders:order", pk=order_id) if order_id else ""


def in_words(outcome: Outcome, warehouses: dict[int, str], *, here: bool = True) -> str:
    """ "Left out", "Comes in, held: waiting for payment", "Comes in, goes to Main warehouse"."""
    if not outcome.comes_in:
        return "Left out"
    if outcome.for_the_record:
        return "Comes in for the record"
    if outcome.holds:
        return f"Comes in, held: {', '.join(dict.fromkeys(hold.kind.in_sentence for hold in outcome.holds))}"
    warehouse = warehouses.get(outcome.warehouse_id or 0)
    if not here or not warehouse:
        return "Comes in"
    code = f" by {outcome.ship_code}" if outcome.ship_code else ""
    return f"Comes in, goes to {warehouse}{code}"
