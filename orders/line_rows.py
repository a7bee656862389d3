"""Lines and recipients of many orders as plain rows: making models of them costs more than the database."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from .models import OrderLine, OrderParty


@dataclass(slots=True)
class LineNow:
    """A line, as far as it is translated and its order's state follows from it; the last two are what rules ask."""

    pk: int
    order_id: int
    listing_id: int | None
    product_id: int | None
    warehouse_id: int | None
    location_id: int | None
    sku: str
    quantity: int
    shipped: int
    units: int
    ships: bool
    mapping_version: int
    removed_at: dt.datetime | None
    weight_grams: int | None = None
    options: list[Any] | tuple[()] = ()


COLUMNS = (
    "pk", "order_id", "listing_id", "product_id", "warehouse_id", "location_id", "sku", "quantity", "shipped", "units",
    "ships", "mapping_version", "removed_at",
)  # fmt: skip
ASKED_BY_RULES = ("weight_grams", "options")


def lines_now(order_ids: Collection[int], *, whole: bool) -> dict[int, list[LineNow]]:
    """All lines by order id, also removed ones; `whole` with what rules ask."""
    lines: dict[int, list[LineNow]] = defaultdict(list)
    rows = OrderLine.objects.filter(order_id__among=order_ids).order_by("pk")
    for row in rows.values_list(*COLUMNS, *(ASKED_BY_RULES if whole else ())):
        lines[row[1]].append(LineNow(*row))
    return lines


class ShipTo(NamedTuple):
    """Who gets the parcel."""

    order_id: int
    name: str
    company: str
    street1: str
    street2: str
    city: str
    region: str
    postcode: str
    country: str
    phone: str
    email: str


PARTY_FIELDS = ShipTo._fields[1:]


def ship_to_of(order_ids: Collection[int]) -> dict[int, ShipTo]:
    rows = OrderParty.objects.filter(order_id__among=order_ids, role=OrderParty.Role.SHIP_TO)
    return {row[0]: ShipTo._make(row) for row in rows.values_list(*ShipTo._fields)}
