"""Where a setting is changed: the addresses that pages of orders link to."""

from __future__ import annotations

from collections.abc import Callable

from fcp.models import Account
from fcp.panel import panel_url
from integrations.connectors import connector_class
from integrations.models import Integration

TABS = {"main": "integrations:integration", "advanced": "integrations:advanced", "channel": "integrations:channel"}


def links_of(account: Account) -> Callable[[int, str], str]:
    """(store id, key of the setting) -> address of its field, or "". Store 0 means any: the only one, or the list."""
    integrations = {one.store_id: one for one in Integration.objects.for_account(account).select_related("store")}

    def link(store_id: int, key: str) -> str:
        integration = integrations.get(store_id)
        if integration is None and len(integrations) == 1 and not store_id:
            [integration] = integrations.values()
        if integration is None:
            return "" if store_id or not integrations else panel_url(account, "integrations:integrations")
        settings = {setting.key: setting for setting in connector_class(integration.store.platform).platform.settings}
        if key not in settings:
            return ""
        return f"{panel_url(account, TABS[settings[key].tab], pk=integration.pk)}#id_{key}"

    return link
