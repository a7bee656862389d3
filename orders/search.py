"""What the search field finds of orders: by prefix, on normalised columns that have an index."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from fcp import panel
from fcp.models import Account
from fcp.panel import Hit, SearchSource, panel_url
from inventory.models import sku_key_of
from orders.models import Order, OrderLine, Parcel
from orders.models.orders import number_key_of
from orders.models.shipping import tracking_key_of


def by_number(account: Account, text: str, limit: int) -> Sequence[Hit]:
    key = number_key_of(text)
    if not key:
        return []
    found = Order.objects.for_account(account).filter(number_key__prefix=key).order_by("number_key")
    return [order_hit(account, order) for order in found[:limit]]


def by_email(account: Account, text: str, limit: int) -> Sequence[Hit]:
    key = text.strip().lower()
    if len(key) < 3 or " " in key:
        return []
    found = Order.objects.for_account(account).filter(email_key__prefix=key).order_by("email_key", "-pk")
    return [order_hit(account, order, order.email_key) for order in found[:limit]]


def by_tracking(account: Account, text: str, limit: int) -> Sequence[Hit]:
    key = tracking_key_of(text)
    if len(key) < 4:
        return []
    found = Parcel.objects.for_account(account).filter(tracking_key__prefix=key).order_by("tracking_key")
    parcels = found.select_related("fulfillment__order")[:limit]
    return [order_hit(account, parcel.fulfillment.order, parcel.tracking) for parcel in parcels]


def by_sku(account: Account, text: str, limit: int) -> Sequence[Hit]:
    """The latest orders with a line whose SKU is the text, or begins with it."""
    key = sku_key_of(text)
    if len(key) < 2:
        return []
    lines = OrderLine.objects.for_account(account).filter(sku_key__prefix=key).order_by("sku_key", "-order")
    hits: dict[int, Hit] = {}
    for line in lines.select_related("order")[: limit * 2]:
        hits.setdefault(line.order_id, order_hit(account, line.order, line.sku))
    return list(hits.values())[:limit]


def order_hit(account: Account, order: Order, detail: str = "") -> Hit:
    url = panel_url(account, "orders:order", pk=order.pk)
    placed = timezone.localtime(order.placed_at)
    return Hit(f"#{order.number}", url, detail or f"placed {placed:%-d %b %Y}", chip=("order", order.state))


def register() -> None:
    panel.add_search(SearchSource("orders", "Orders by number", "shopping-bag", by_number))
    panel.add_search(SearchSource("emails", "Orders by e-mail", "mail", by_email))
    panel.add_search(SearchSource("skus", "Orders by SKU", "barcode", by_sku))
    panel.add_search(SearchSource("tracking", "Orders by tracking number", "truck", by_tracking))
