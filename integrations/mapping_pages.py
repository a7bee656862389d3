"""What the pages of mappings show of orders and integrations; registered with them when the apps are ready."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count

from fcp.models import Account
from integrations.connectors import CONNECTORS, connector_class
from integrations.models import Integration
from mappings.outside import provide
from orders.models import Hold


def register() -> None:
    provide(waiting=orders_waiting, nicknames=nicknames, carriers=carrier_names)


def orders_waiting(account: Account, kind: str, rows: Sequence[int]) -> dict[int, int]:
    """How many orders are held for each of these mapping rows; by the index of open holds, and an order once."""
    if not rows:
        return {}
    open_ones = Hold.objects.for_account(account).open().filter(kind=kind, cause__in=[str(pk) for pk in rows])
    counted = open_ones.order_by().values_list("cause").annotate(orders=Count("pk"))
    return {int(cause): orders for cause, orders in counted}


def nicknames(account: Account) -> dict[int, str]:
    return dict(Integration.objects.for_account(account).values_list("store", "nickname"))


def carrier_names(platform: str) -> Sequence[str]:
    if platform not in CONNECTORS:
        return ()
    return [choice.label for choice in connector_class(platform).platform.carriers]
