"""Which pieces moved from which warehouse with fulfillments: read from their rows, so that it can be said twice.

What the store had shipped by itself before the order came in never counted here. A shipment is dated by the moment from
which the warehouse's levels are without it: when it left where they count what is on hand, when the warehouse took the
order over where they count what is available.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from inventory.models import MovementKind, Reports
from inventory.movements import Gone

from .models import FulfillmentLine
from .models.shipping import Origin

MOST_PIECES = 10_000_000  # as many as a level may have; an odder number in a store must not stop its page


def pieces_of(quantity: int, units: int) -> int:
    return min(quantity * units, MOST_PIECES)


def gone_of(fulfillment_ids: Collection[int]) -> dict[int, list[Gone]]:
    """By account, what left with these fulfillments, or did not leave after all; one statement."""
    found: dict[int, list[Gone]] = defaultdict(list)
    if not fulfillment_ids:
        return found
    rows = FulfillmentLine.objects.filter(fulfillment__in=fulfillment_ids).order_by("pk")
    for row in rows.select_related("line__warehouse", "fulfillment__order", "fulfillment__request__warehouse"):
        if gone := _gone(row):
            found[row.account_id].append(gone)
    return found


def _gone(row: FulfillmentLine) -> Gone | None:
    fulfillment, request, line = row.fulfillment, row.fulfillment.request, row.line
    warehouse = request.warehouse if request else line.warehouse
    before = fulfillment.origin == Origin.STORE and fulfillment.created_at <= fulfillment.order.imported_at
    if warehouse is None or line.product_id is None or before:
        return None
    at = fulfillment.shipped_at
    if request and request.acknowledged_at and warehouse.reports == Reports.AVAILABLE:
        at = request.acknowledged_at
    kind = MovementKind.VOIDED if fulfillment.voided_at else MovementKind.SHIPPED
    return Gone(line.product_id, warehouse.pk, pieces_of(row.quantity, line.units), at, row.pk, kind)
