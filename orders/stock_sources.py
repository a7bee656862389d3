"""What pages of stock say of orders: where reserved and shipped pieces went."""

from __future__ import annotations

from collections.abc import Collection

from fcp.models import Account
from fcp.panel import panel_url
from inventory.models import ReservationSource
from inventory.movements import FULFILLMENT_LINE
from inventory.sources import Source, describe
from mappings.outside import OUTSIDE
from orders.models import FulfillmentLine, Order, OrderLine, SeenOrder


def of_lines(account: Account, ids: Collection[int]) -> dict[int, Source]:
    lines = OrderLine.objects.for_account(account).filter(pk__in=ids).select_related("order")
    names = OUTSIDE.nicknames(account)
    return {line.pk: _order(account, line.order, names.get(line.order.store_id, "")) for line in lines}


def of_fulfillment_lines(account: Account, ids: Collection[int]) -> dict[int, Source]:
    lines = FulfillmentLine.objects.for_account(account).filter(pk__in=ids).select_related("fulfillment__order")
    return {line.pk: _order(account, line.fulfillment.order, "") for line in lines}


def of_seen(account: Account, ids: Collection[int]) -> dict[int, Source]:
    """Orders that did not come in: they have no page, so their number is all there is."""
    seen = SeenOrder.objects.for_account(account).filter(pk__in=ids).values_list("pk", "number", "store_id")
    names = OUTSIDE.nicknames(account)
    return {
        pk: Source(f"Order {number}", detail=f"{names.get(store, '')}: open in the store, not imported".lstrip(": "))
        for pk, number, store in seen
    }


def _order(account: Account, order: Order, detail: str) -> Source:
    url = panel_url(account, "orders:order", pk=order.pk)
    return Source(f"Order {order.number}", url, detail, chip=("order", order.state))


def register() -> None:
    describe(ReservationSource.LINE, of_lines)
    describe(ReservationSource.SEEN, of_seen)
    describe(FULFILLMENT_LINE, of_fulfillment_lines)
