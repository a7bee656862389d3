"""Writing an order's timeline. The sentences are made when shown (`orders.timeline`)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from .models import Order, OrderEvent


def record(order: Order, code: str, actor: str, at: dt.datetime, **params: Any) -> None:
    """One event of one order; many at once go through `insert_rows` with the same columns."""
    OrderEvent.objects.create(
        account_id=order.account_id, order_id=order.pk, at=at, actor=actor, code=code, params=params
    )
