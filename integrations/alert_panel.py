"""Alerts in the panel's shell: the page of Settings, lines of "Waiting for you", a column of All accounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Count, Min

from fcp import panel
from fcp.keyset import up_to
from fcp.models import Account
from fcp.panel import Cell, Chip, OverviewColumn, Page, Waiting
from integrations.alert_words import words_of
from integrations.models import Alert, AlertKind

KINDS = {
    AlertKind.STALE: Chip("Flow late", "warn", "clock"),
    AlertKind.REFUSED: Chip("Key refused", "bad", "plug-off"),
    AlertKind.HELD: Chip("Orders wait", "warn", "player-pause"),
    AlertKind.UNTAKEN: Chip("Not taken", "warn", "building-warehouse"),
    AlertKind.UNTOLD: Chip("Store not told", "warn", "send"),
    AlertKind.GAP: Chip("Ledger differs", "warn", "list-check"),
}
SHOWN = 5  # lines of the dashboard
NO_LINE = [AlertKind.HELD.value, AlertKind.GAP.value]  # the dashboard lists these groups anyway


def count(account: Account) -> int:
    return up_to(Alert.objects.for_account(account).filter(closed_at=None))


def waiting(account: Account) -> Sequence[Waiting]:
    """The oldest open alerts that the dashboard does not show by itself."""
    rows = Alert.objects.for_account(account).filter(closed_at=None).exclude(kind__in=NO_LINE)
    lines = []
    for alert in rows.order_by("opened_at", "id")[:SHOWN]:
        words = words_of(alert, account)
        urgent = alert.kind == AlertKind.REFUSED.value
        lines.append(
            Waiting(words.title, words.url, words.button, words.next.removesuffix("."), alert.opened_at, urgent)
        )
    return lines


def of_accounts(accounts: Sequence[int], now: dt.datetime) -> dict[int, Cell]:
    rows = Alert.objects.filter(account__in=accounts, closed_at=None).order_by().values_list("account")
    return {
        account: Cell(f"{number:,}, oldest", worry=min(0.5 + number / 4, 2), at=oldest, style="age")
        for account, number, oldest in rows.annotate(number=Count("pk"), oldest=Min("opened_at"))
    }


def foremost(most: int) -> list[int]:
    """The accounts with most open alerts."""
    rows = Alert.objects.filter(closed_at=None).order_by().values_list("account").annotate(number=Count("pk"))
    return [account for account, _ in rows.order_by("-number", "account")[:most]]


def register() -> None:
    panel.add_chips("alert", KINDS)
    panel.add_pages(
        "settings",
        Page(
            "Alerts",
            "integrations:alerts",
            count=count,
            urgent=True,
            also=("integrations:alerts_past", "integrations:alert_settings"),
            synonyms="notifications e-mail mails digest warnings late recipients",
            help=(
                "Late flows, refused keys, orders that wait too long, shipments that a store was not told of. Alerts "
                "close by themselves; say here who gets a mail, at once or once a day."
            ),
        ),
    )
    panel.add_waiting(waiting)
    panel.add_overview(OverviewColumn("alerts", "Alerts", of_accounts, order=35, foremost=foremost))
