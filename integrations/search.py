"""What the search field finds of integrations: by the beginning of a nickname, or of a word of a name."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.http import urlencode

from fcp import panel
from fcp.models import Account
from fcp.panel import Hit, SearchSource, panel_url
from integrations.models import Integration
from orders.models import Order, SeenOrder
from orders.models.orders import number_key_of

LONGEST_NUMBER = 40


def find_integrations(account: Account, text: str, limit: int) -> Sequence[Hit]:
    """An account has some, not thousands: they are looked through here."""
    start, hits = text.casefold(), []
    for one in Integration.objects.for_account(account).select_related("store"):
        names = (one.nickname, one.name, one.store.name)
        if any(word.startswith(start) for name in names for word in (name.casefold(), *name.casefold().split())):
            url = panel_url(account, "integrations:integration", pk=one.pk)
            hits.append(Hit(one.nickname, url, one.store.name))
    return hits[:limit]


def find_where(account: Account, text: str, limit: int) -> Sequence[Hit]:
    """Where no order begins so: one that was left out, or the way to ask the stores."""
    key = number_key_of(text)
    if not any(sign.isdigit() for sign in key) or "@" in key or len(text.split()) > 1 or len(key) > LONGEST_NUMBER:
        return []
    if Order.objects.for_account(account).filter(number_key__prefix=key).exists():
        return []
    url = f"{panel_url(account, 'integrations:where')}?{urlencode({'q': text})}"
    if SeenOrder.objects.for_account(account).filter(number_key=key).exists():
        return [Hit(f"#{text.lstrip('#')}", url, "seen, and not taken in: see why")]
    return [Hit(f"Where is order {text.lstrip('#')}?", url, "ask the stores")]


def register() -> None:
    panel.add_search(SearchSource("where", "Not among your orders", "zoom-question", find_where))
    panel.add_search(SearchSource("integrations", "Integrations", "plug-connected", find_integrations))
