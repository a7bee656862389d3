"""What an account decides for all of its integrations; the page Account shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fcp import panel
from fcp.models import Account
from fcp.panel import AccountSetting
from integrations.connecting import ONE_STORE
from integrations.connectors import platforms
from integrations.connectors.declaring import FlowKind, Mode, Platform
from integrations.finishing import LIVE_AT_SETUP
from integrations.models import Integration

MASTER = "master_products"
Choices = Callable[[Account], Sequence[tuple[str, str]]]


def register() -> None:
    for connector in platforms():
        panel.add_account_settings(_stores(connector.platform))
    panel.add_account_settings(
        AccountSetting(
            LIVE_AT_SETUP,
            "New integrations go live at Finish Setup",
            "With Yes a new integration hands orders to the warehouse and writes to the store as soon as it is set "
            "up; with No it waits until somebody has looked and presses Go live.",
            _always(("no", "No"), ("yes", "Yes")),
        ),
        AccountSetting(
            MASTER,
            "Master product source",
            "Where a product's name, price and description are owned, so that no two sides overwrite each other; "
            "needed for an integration whose products are both pulled and pushed.",
            _masters,
        ),
    )


def _always(*pairs: tuple[str, str]) -> Choices:
    return lambda account: pairs


def _stores(platform: Platform) -> AccountSetting:
    whichever = ", whichever version its catalog has" if platform.variants else ""
    return AccountSetting(
        f"{platform.key}_stores",
        f"{platform.label} stores in this account",
        f"With One a second {platform.label} store is refused{whichever}; those that are connected already stay.",
        _always(("several", "Several"), (ONE_STORE, "One")),
    )


def _masters(account: Account) -> list[tuple[str, str]]:
    """None, this panel, or one of the account's stores whose products can be pulled."""
    pulling = {
        connector.platform.key
        for connector in platforms()
        if any(offer.kind is FlowKind.PRODUCTS and Mode.PULL in offer.modes for offer in connector.platform.flows)
    }
    stores = Integration.objects.for_account(account).filter(store__platform__in=pulling).select_related("store")
    return [
        ("", "None"),
        ("panel", "This panel"),
        *((f"store:{one.store_id}", f"{one.nickname} ({one.store.name})") for one in stores),
    ]
