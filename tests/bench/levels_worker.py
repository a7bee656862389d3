"""Level reports against a bare bulk upsert, and reservations lifted and written again against a bare bulk insert.

Arguments: the number of SKUs in a report, the number of reservations. Rounds of ours and of the floor alternate on the
same rows. The floor uses the bare driver, its rows made ready before the clock starts: for levels one upsert of the
level rows and nothing else (no history, no change numbers, no answers), for reservations COPY on PostgreSQL,
`executemany` on SQLite. Both commit as the product does.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from fcp.models import Account  # noqa: E402
from inventory.levels import LevelItem, report_levels  # noqa: E402
from inventory.models import Product, Reservation, StockLevel, StockMovement, Warehouse  # noqa: E402
from inventory.movements import Gone, ship  # noqa: E402
from inventory.reservations import Wanted, write_reservations  # noqa: E402

ROUNDS = 9
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
LATE = NOON + dt.timedelta(days=2)
LEVEL = ("account_id", "warehouse_id", "product_id", "quantity", "reported", "taken_at", "changed_at")
RESERVATION = (
    "account_id", "product_id", "warehouse_id", "source_kind", "source_id", "quantity", "unpaid", "since", "acked_at",
)  # fmt: skip


def clock(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def driver() -> Any:
    connection.ensure_connection()
    return connection.connection


def ready(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """As the driver takes them."""
    if connection.vendor == "postgresql":
        return rows
    return [tuple(str(v.replace(tzinfo=None)) if isinstance(v, dt.datetime) else v for v in row) for row in rows]


def upsert(rows: list[tuple[Any, ...]]) -> None:
    """One statement for all rows on PostgreSQL; on SQLite, where that is slower, one prepared for each."""
    table, columns = StockLevel._meta.db_table, ", ".join(LEVEL)
    new = ", ".join(f"{name} = excluded.{name}" for name in LEVEL[3:])
    clash = f"ON CONFLICT (warehouse_id, product_id) DO UPDATE SET {new}"
    if connection.vendor == "postgresql":
        marks = ", ".join([f"({', '.join(['%s'] * len(LEVEL))})"] * len(rows))
        with driver().transaction(), driver().cursor() as cursor:
            values = [value for row in rows for value in row]
            cursor.execute(f"INSERT INTO {table} ({columns}) VALUES {marks} {clash}", values)
        return
    cursor = driver().cursor()
    cursor.execute("BEGIN IMMEDIATE")
    statement = f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(LEVEL))}) {clash}"
    sqlite3.Cursor.executemany(cursor, statement, rows)
    cursor.execute("COMMIT")


def insert(rows: list[tuple[Any, ...]]) -> None:
    table, columns = Reservation._meta.db_table, ", ".join(RESERVATION)
    if connection.vendor == "postgresql":
        copying = f"COPY {table} ({columns}) FROM STDIN"
        with driver().transaction(), driver().cursor() as cursor, cursor.copy(copying) as copy:
            for row in rows:
                copy.write_row(row)
        return
    cursor = driver().cursor()
    cursor.execute("BEGIN IMMEDIATE")
    statement = f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(RESERVATION))})"
    sqlite3.Cursor.executemany(cursor, statement, rows)
    cursor.execute("COMMIT")


def fill(skus: int) -> tuple[Warehouse, list[tuple[str, int]]]:
    account = Account.objects.create(name="Bench", slug="bench")
    Product.objects.bulk_create(
        Product(account=account, sku=f"SKU-{n}", sku_key=f"SKU-{n}", name=f"Thing {n}") for n in range(skus * 5)
    )
    warehouse = Warehouse.objects.create(account=account, code="NJ", name="New Jersey")
    return warehouse, list(Product.objects.order_by("pk").values_list("sku", "pk"))


def levels(warehouse: Warehouse, products: list[tuple[str, int]], count: int) -> dict[str, float]:
    """Every quantity changes, each product has a shipment since, and others lie beside the ones reported."""
    reported = products[:: len(products) // count][:count]
    minute = 0

    def items(step: int) -> list[LevelItem]:
        taken = NOON + dt.timedelta(minutes=minute)
        return [LevelItem(sku, 50 + (n + step) % 40, taken) for n, (sku, _) in enumerate(reported)]

    def report(batch: list[LevelItem]) -> None:
        answers = report_levels(warehouse, batch, actor="Bench", now=LATE)
        assert {answer.code for answer in answers} == {"taken"}

    report_levels(warehouse, [LevelItem(sku, 10, NOON) for sku, _ in products], actor="Bench", now=LATE)
    gone = [Gone(pk, warehouse.pk, 1, LATE, n) for n, (_, pk) in enumerate(reported)]
    ship(warehouse.account_id, gone, actor="Bench", now=LATE)
    ours, floors = [], []
    for step in range(1, ROUNDS + 1):
        minute += 1
        taken = NOON + dt.timedelta(minutes=minute)
        rows = ready(
            [(warehouse.account_id, warehouse.pk, pk, 500 + step, 500 + step, taken, LATE) for _, pk in reported]
        )
        floors.append(clock(lambda rows=rows: upsert(rows)))  # type: ignore[misc]
        minute += 1
        batch = items(step)
        ours.append(clock(lambda batch=batch: report(batch)))  # type: ignore[misc]
    minute += 1
    with CaptureQueriesContext(connection) as statements:
        report(items(ROUNDS + 1))
    assert StockMovement.objects.filter(kind="level").count() == len(products) + count * (ROUNDS + 1)
    return {
        "levels": median(o / f for o, f in zip(ours, floors, strict=True)),
        "levels_ms": median(ours) * 1000,
        "levels_floor_ms": median(floors) * 1000,
        "levels_statements": len(statements),
    }


def reservations(warehouse: Warehouse, products: list[tuple[str, int]], count: int) -> dict[str, float]:
    """Lines of orders, spread over the products of a report."""
    pks = [products[n % len(products)][1] for n in range(count)]
    wanted = {("line", n): [Wanted(pk, warehouse.pk, 1 + n % 3, False, NOON)] for n, pk in enumerate(pks)}
    lifted: dict[tuple[str, int], list[Wanted]] = {source: [] for source in wanted}
    account = warehouse.account_id
    rows = ready([(account, pk, warehouse.pk, "line", n, 1 + n % 3, False, NOON, None) for n, pk in enumerate(pks)])
    write_reservations(account, wanted)
    ours, floors = [], []
    for _ in range(ROUNDS):
        assert Reservation.objects.count() == count
        ours.append(clock(lambda: (write_reservations(account, lifted), write_reservations(account, wanted))))
        assert Reservation.objects.count() == count
        Reservation.objects.all().delete()
        floors.append(clock(lambda: insert(rows)))
    return {
        "reservations": median(o / f for o, f in zip(ours, floors, strict=True)),
        "reservations_ms": median(ours) * 1000,
        "reservations_floor_ms": median(floors) * 1000,
    }


def main() -> None:
    skus, count = int(sys.argv[1]), int(sys.argv[2])
    warehouse, products = fill(skus)
    print(json.dumps(levels(warehouse, products, skus) | reservations(warehouse, products[:skus], count)))


if __name__ == "__main__":
    main()
