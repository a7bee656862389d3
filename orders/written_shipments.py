"""Storing the fulfillments that somebody made in the store itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from fcp.insert import insert_rows, take_ids
from fcp.models import Store

from .models import Fulfillment, FulfillmentLine, Parcel
from .models.shipping import Origin, Told, tracking_key_of
from .store_shipments import StoreLeft

FULFILLMENT_COLUMNS = (
    "id", "account", "store", "order", "request", "origin", "partner_ref", "store_ref", "carrier", "service",
    "shipped_at", "created_at", "told", "told_at", "not_before", "attempts", "problem", "voided_at", "voided_by",
)  # fmt: skip


def write_left(store: Store, left: Sequence[tuple[int, StoreLeft]], now: dt.datetime) -> Sequence[int]:
    """Fulfillments that somebody made in the store itself: the store knows them, nobody here shipped them.

    Returns their ids.
    """
    if not left:
        return []
    shipments = [(order_id, shipment) for order_id, gone in left for shipment in gone.shipments]
    ids = take_ids(Fulfillment, len(shipments))
    rows, lines, parcels = [], [], []
    for pk, (order_id, shipment) in zip(ids, shipments, strict=True):
        rows.append(
            (pk, store.account_id, store.pk, order_id, None, Origin.STORE.value, None, shipment.uid or None,
             shipment.carrier, "", shipment.at or now, now, Told.TOLD.value, now, None, 0, "", None, "")
        )  # fmt: skip
        lines += [(store.account_id, pk, line_id, quantity) for line_id, quantity in shipment.lines]
        if shipment.tracking:
            parcels.append((store.account_id, pk, shipment.tracking, tracking_key_of(shipment.tracking), shipment.url))
    insert_rows(Fulfillment, FULFILLMENT_COLUMNS, rows)
    insert_rows(FulfillmentLine, ("account", "fulfillment", "line", "quantity"), lines)
    insert_rows(Parcel, ("account", "fulfillment", "tracking", "tracking_key", "url"), parcels)
    return ids
