"""What the search field finds of integrations: by the beginning of a nickname, or of a word of a name."""

from __future__ import annotations

from collections.abc import Sequence

from fcp import panel
from fcp.models import Account
from fcp.panel import Hit, SearchSource, panel_url
from integrations.models import Integration


def find_integrations(account: Account, text: str, limit: int) -> Sequence[Hit]:
    """An account has some, not thousands: they are looked through here."""
    start, hits = text.casefold(), []
    for one in Integration.objects.for_account(account).select_related("store"):
        names = (one.nickname, one.name, one.store.name)
        if any(word.startswith(start) for name in names for word in (name.casefold(), *name.casefold().split())):
            url = panel_url(account, "integrations:integration", pk=one.pk)
            hits.append(Hit(one.nickname, url, one.store.name))
    return hits[:limit]


def register() -> None:
    panel.add_search(SearchSource("integrations", "Integrations", "plug-connected", find_integrations))
