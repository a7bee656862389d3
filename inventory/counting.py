"""A count or a correction of one level by a person, who saw a certain last movement of it."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from .errors import InventoryError
from .levels import AdjustItem, LevelAnswer, LevelItem, adjust_levels, check_takes_counts, report_levels
from .models import MovementKind, Product, StockMovement, Warehouse
from .stock import lock_products


class MovedMeanwhile(InventoryError):
    """The level moved after the person looked at it: what it is now has to be seen first."""

    def __init__(self) -> None:
        super().__init__(
            "This level moved while you were looking at it. See below what happened, then say it again.", "moved"
        )


def last_movement(product: Product, warehouse: Warehouse) -> int:
    """The id of the last one, 0 where nothing has moved yet."""
    rows = StockMovement.objects.filter(warehouse=warehouse, product=product).order_by("-pk")
    return rows.values_list("pk", flat=True).first() or 0


def count(
    product: Product, warehouse: Warehouse, quantity: int, *, seen: int, reason: str, actor: str, now: dt.datetime
) -> LevelAnswer:
    """There are `quantity` pieces now. Raises InventoryError."""
    item = LevelItem(product.sku, quantity, now)
    with transaction.atomic():
        _check(product, warehouse, seen)
        [answer] = report_levels(
            warehouse, [item], actor=actor, now=now, kind=MovementKind.COUNT, reason=reason, source_kind="panel"
        )
    return _taken(answer)


def correct(
    product: Product, warehouse: Warehouse, change: int, *, seen: int, reason: str, actor: str, now: dt.datetime
) -> LevelAnswer:
    """There are `change` pieces more (or fewer) than we believe. Raises InventoryError."""
    item = AdjustItem(product.sku, change, now, reason=reason)
    with transaction.atomic():
        _check(product, warehouse, seen)
        [answer] = adjust_levels(
            warehouse, [item], actor=actor, now=now, kind=MovementKind.CORRECTION, source_kind="panel"
        )
    return _taken(answer)


def _check(product: Product, warehouse: Warehouse, seen: int) -> None:
    check_takes_counts(warehouse)
    lock_products([product.pk])
    if last_movement(product, warehouse) != seen:
        raise MovedMeanwhile


def _taken(answer: LevelAnswer) -> LevelAnswer:
    if not answer.taken:
        raise InventoryError(answer.sentence, answer.code)
    return answer
