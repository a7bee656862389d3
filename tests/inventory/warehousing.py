"""A warehouse with products, and what its stock looks like in the database."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Sum

from inventory.levels import AdjustItem, LevelAnswer, LevelItem, adjust_levels, report_levels
from inventory.models import MovementKind, Product, StockCounter, StockLevel, StockMovement, Warehouse
from inventory.movements import Gone, ship
from tests.build import NOW, make_account, make_product, make_warehouse


def at(minutes: float) -> dt.datetime:
    return NOW + dt.timedelta(minutes=minutes)


def new_warehouse(*skus: str, **values: Any) -> Warehouse:
    account = values.pop("account", None) or make_account()
    for sku in skus:
        make_product(account, sku)
    return make_warehouse(account, **values)


def product(warehouse: Warehouse, sku: str = "MUG") -> Product:
    return Product.objects.get(account=warehouse.account_id, sku=sku)


def report(warehouse: Warehouse, *items: tuple[str, object, float], **values: Any) -> list[LevelAnswer]:
    """Levels as (SKU, quantity, minutes after noon)."""
    rows = [LevelItem(sku, quantity, at(minutes)) for sku, quantity, minutes in items]
    return report_levels(warehouse, rows, **{"actor": "Key 1", "now": at(60), **values})


def adjust(warehouse: Warehouse, *items: tuple[Any, ...], **values: Any) -> list[LevelAnswer]:
    """Adjustments as (SKU, change, minutes after noon[, ref[, reason]])."""
    rows = [AdjustItem(sku, change, at(minutes), *rest) for sku, change, minutes, *rest in items]
    return adjust_levels(warehouse, rows, **{"actor": "Key 1", "now": at(60), **values})


def gone(
    warehouse: Warehouse, pieces: int, minutes: float, line: int, sku: str = "MUG", kind: Any = MovementKind.SHIPPED
) -> Gone:
    return Gone(product(warehouse, sku).pk, warehouse.pk, pieces, at(minutes), line, kind)


def leave(warehouse: Warehouse, pieces: int, minutes: float, line: int, sku: str = "MUG") -> int:
    return ship(warehouse.account_id, [gone(warehouse, pieces, minutes, line, sku)], actor="Key 1", now=at(60))


def void(warehouse: Warehouse, line: int, sku: str = "MUG", **values: Any) -> int:
    row = gone(warehouse, 0, 0, line, sku, MovementKind.VOIDED)
    return ship(warehouse.account_id, [row], actor="Ann", now=values.get("now", at(60)))


def believed(warehouse: Warehouse, sku: str = "MUG") -> int | None:
    """The believed quantity; on the way, that its history adds up to it."""
    rows = StockMovement.objects.filter(warehouse=warehouse, product__sku=sku)
    counted = rows.filter(counts=True).aggregate(pieces=Sum("quantity"))["pieces"]
    level = StockLevel.objects.filter(warehouse=warehouse, product__sku=sku).first()
    if level is None:
        assert counted is None
        return None
    assert level.quantity == counted
    newest = rows.first()
    assert newest is not None
    assert newest.balance == level.quantity
    return level.quantity


def history(warehouse: Warehouse, sku: str = "MUG") -> list[tuple[str, int, bool, int | None]]:
    rows = StockMovement.objects.filter(warehouse=warehouse, product__sku=sku).order_by("id")
    return list(rows.values_list("kind", "quantity", "counts", "balance"))


def codes(answers: list[LevelAnswer]) -> list[str]:
    return [answer.code for answer in answers]


def seq_of(warehouse: Warehouse, sku: str = "MUG") -> int:
    return product(warehouse, sku).stock_seq


def last_seq(warehouse: Warehouse) -> int:
    return sum(StockCounter.objects.filter(account=warehouse.account_id).values_list("seq", flat=True))
