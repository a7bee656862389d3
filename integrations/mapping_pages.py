"""What the pages of mappings show of integrations and platforms; registered with them when the apps are ready."""

from __future__ import annotations

from collections.abc import Sequence

from fcp.models import Account
from fcp.panel import panel_url
from integrations.connectors import CONNECTORS, connector_class
from integrations.models import Integration
from mappings.outside import provide


def register() -> None:
    provide(nicknames=nicknames, carriers=carrier_names, tab=tab_of, ship_word=ship_word_ahead)


def nicknames(account: Account) -> dict[int, str]:
    return dict(Integration.objects.for_account(account).values_list("store", "nickname"))


def tab_of(account: Account, key: str, store_id: int) -> str:
    """The mapping tab of the integration that reaches the store; empty where none does."""
    integration = Integration.objects.for_account(account).filter(store=store_id).values_list("pk", flat=True).first()
    return panel_url(account, f"integrations:{key}", pk=integration) if integration else ""


def carrier_names(platform: str) -> Sequence[str]:
    if platform not in CONNECTORS:
        return ()
    return [choice.label for choice in connector_class(platform).platform.carriers]


def ship_word_ahead(platform: str, title: str, code: str, carrier: str) -> dict[str, str] | None:
    """What an order with this shipping option will say, before one does; None where that cannot be told."""
    if platform not in CONNECTORS:
        return None
    word = connector_class(platform).ship_word_ahead(title, code, carrier)
    return {"key": word.key, "title": word.title, "code": word.code, "carrier": word.carrier} if word else None
