"""Stock as the reckoning of availability takes it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import BooleanField, Case, DateTimeField, F, Sum, Value, When

from .availability import Level, Reserved, Stock
from .models import Reports, Reservation, StockLevel


def stock_of(product_ids: Collection[int]) -> dict[int, Stock]:
    """Levels and reservations of these products, as of one moment, in one statement.

    A shipment takes a level down and a reservation away at once; read one after the other, the pieces could be in
    neither. When a warehouse took an order over is given only where its levels know of that.
    """
    levels: dict[int, dict[int, Level]] = {pk: {} for pk in product_ids}
    reserved: dict[int, list[Reserved]] = {pk: [] for pk in product_ids}
    if levels:
        for part, product, warehouse, quantity, at, unpaid in _rows(list(levels)):
            if part == "level":
                levels[product][warehouse] = Level(quantity, at)
            else:
                reserved[product].append(Reserved(quantity, warehouse, bool(unpaid), at))
    return {pk: Stock(levels[pk], reserved[pk]) for pk in levels}


def _rows(product_ids: list[int]) -> Any:
    never = Value(None, output_field=DateTimeField())
    levels = (
        StockLevel.objects.filter(product__in=product_ids)
        .annotate(part=Value("level"), unpaid=Value(False, output_field=BooleanField()))
        .values_list("part", "product_id", "warehouse_id", "quantity", "taken_at", "unpaid")
    )
    reserved = (
        Reservation.objects.filter(product__in=product_ids)
        .annotate(
            part=Value("reserved"),
            known_at=Case(When(warehouse__reports=Reports.AVAILABLE, then=F("acked_at")), default=never),
        )
        .values("part", "product_id", "warehouse_id", "known_at", "unpaid")
        .annotate(pieces=Sum("quantity"))
        .values_list("part", "product_id", "warehouse_id", "pieces", "known_at", "unpaid")
    )
    return levels.union(reserved, all=True)
