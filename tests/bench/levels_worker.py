"""Level reports against a bare bulk upsert, and reservations lifted and written again against a bare bulk insert.

Arguments: the number of SKUs in a report, the number of reservations. Rounds of ours and of the floor alternate. The
floor uses the bare driver, its rows made ready before the clock starts, and commits as the product does: for levels an
upsert of the level rows, an insert of their history and the products' change number (and, as `alone`, the upsert by
itself), for reservations an insert; COPY on PostgreSQL, `executemany` on SQLite.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from fcp.models import Account  # noqa: E402
from inventory.levels import LevelItem, report_levels  # noqa: E402
from inventory.models import Product, Reservation, StockLevel, StockMovement, Warehouse  # noqa: E402
from inventory.movements import Gone, Movement, ship  # noqa: E402
from inventory.reservations import NEW, Wanted, write_reservations  # noqa: E402

ROUNDS = 9
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
LATE = NOON + dt.timedelta(days=2)
LEVEL = ("account_id", "warehouse_id", "product_id", "quantity", "reported", "taken_at", "changed_at")
Row = tuple[Any, ...]


def clock(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ready(rows: list[Row]) -> list[Row]:
    """As the driver takes them."""
    if connection.vendor == "postgresql":
        return rows
    return [tuple(str(v.replace(tzinfo=None)) if isinstance(v, dt.datetime) else v for v in row) for row in rows]


@contextmanager
def transaction() -> Iterator[Any]:
    """A cursor of the bare driver in a transaction of its own."""
    connection.ensure_connection()
    driver = connection.connection
    if connection.vendor == "postgresql":
        with driver.transaction(), driver.cursor() as cursor:
            yield cursor
        return
    cursor = sqlite3.Cursor(driver)
    cursor.execute("BEGIN IMMEDIATE")
    yield cursor
    cursor.execute("COMMIT")


def upsert(cursor: Any, rows: list[Row]) -> None:
    """One statement for all rows on PostgreSQL; on SQLite, where that is slower, one prepared for each."""
    new = ", ".join(f"{name} = excluded.{name}" for name in LEVEL[3:])
    clash = f"ON CONFLICT (warehouse_id, product_id) DO UPDATE SET {new}"
    into = f"INSERT INTO {StockLevel._meta.db_table} ({', '.join(LEVEL)}) VALUES"
    if connection.vendor == "postgresql":
        marks = ", ".join([f"({', '.join(['%s'] * len(LEVEL))})"] * len(rows))
        cursor.execute(f"{into} {marks} {clash}", [value for row in rows for value in row])
    else:
        cursor.executemany(f"{into} ({', '.join('?' * len(LEVEL))}) {clash}", rows)


def insert(cursor: Any, table: str, columns: Sequence[str], rows: list[Row]) -> None:
    if connection.vendor == "postgresql":
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", rows)


def number(cursor: Any, products: list[int], seq: int) -> None:
    table = Product._meta.db_table
    if connection.vendor == "postgresql":
        cursor.execute(f"UPDATE {table} SET stock_seq = %s WHERE id = ANY(%s)", [seq, products])
    else:
        cursor.executemany(f"UPDATE {table} SET stock_seq = {seq} WHERE id = ?", [(pk,) for pk in products])


def levels_floor(levels: list[Row], movements: list[Row], products: list[int], seq: int) -> None:
    with transaction() as cursor:
        upsert(cursor, levels)
        insert(cursor, StockMovement._meta.db_table, ("account_id", *Movement._fields), movements)
        number(cursor, products, seq)


def upsert_alone(rows: list[Row]) -> None:
    with transaction() as cursor:
        upsert(cursor, rows)


def reservations_floor(rows: list[Row]) -> None:
    with transaction() as cursor:
        insert(cursor, Reservation._meta.db_table, NEW, rows)


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
    ours, floors, alone = [], [], []
    pks = [pk for _, pk in reported]
    for step in range(1, ROUNDS + 1):
        taken = NOON + dt.timedelta(minutes=minute + 1)
        rows = [(warehouse.account_id, warehouse.pk, pk, 500 + step, 500 + step, taken, LATE) for pk in pks]
        moved = Movement(warehouse.pk, 0, "level", 7, True, 500, taken, LATE, "Bench", "", "api")
        history = [(warehouse.account_id, *moved._replace(product_id=pk)) for pk in pks]
        floor = partial(levels_floor, ready(rows), ready(history), pks, 10**6 + step)
        floors.append(clock(floor))
        alone.append(clock(partial(upsert_alone, ready(rows))))
        minute += 2
        ours.append(clock(partial(report, items(step))))
    minute += 1
    with CaptureQueriesContext(connection) as statements:
        report(items(ROUNDS + 1))
    return {
        "levels": median(o / f for o, f in zip(ours, floors, strict=True)),
        "levels_ms": median(ours) * 1000,
        "levels_floor_ms": median(floors) * 1000,
        "levels_alone_ms": median(alone) * 1000,
        "levels_statements": len(statements),
    }


def reservations(warehouse: Warehouse, products: list[tuple[str, int]], count: int) -> dict[str, float]:
    """Lines of orders, spread over the products of a report."""
    pks = [products[n % len(products)][1] for n in range(count)]
    wanted = {("line", n): [Wanted(pk, warehouse.pk, 1 + n % 3, False, NOON)] for n, pk in enumerate(pks)}
    lifted: dict[tuple[str, int], list[Wanted]] = {source: [] for source in wanted}
    account = warehouse.account_id
    rows = ready([(account, "line", n, pk, warehouse.pk, 1 + n % 3, False, NOON, None) for n, pk in enumerate(pks)])
    write_reservations(account, wanted)

    def again() -> None:
        write_reservations(account, lifted)
        write_reservations(account, wanted)

    ours, floors = [], []
    for _ in range(ROUNDS):
        ours.append(clock(again))
        assert Reservation.objects.count() == count
        Reservation.objects.all().delete()
        floors.append(clock(partial(reservations_floor, rows)))
        assert Reservation.objects.count() == count
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
