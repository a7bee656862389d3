"""Interleaved rounds of the product's pull and of the floor: fetch and parse the same pages, store the same rows.

The floor uses the bare driver: COPY on PostgreSQL, `executemany` on SQLite, one commit a page. Rows are made ready
before the clock starts; what is fetched and parsed is thrown away.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from statistics import median
from typing import Any

import django
import requests

django.setup()

from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from integrations.models import Flow, Integration  # noqa: E402
from tests.bench.connected import take_words_over  # noqa: E402
from tests.bench.pulling import TABLES, counts, each_page, integration_of, pull, wipe  # noqa: E402
from tests.bench.shops import Info, Shop, as_json, shop_of  # noqa: E402

ROUNDS = 3
FIRST_PAGES = 20  # in which every word of the stand-in stands
Rows = dict[str, list[tuple[Any, ...]]]  # by table


class Reading:
    """Every page of a store by a bare session, and the seconds that fetching and parsing took."""

    def __init__(self, shop: Shop, info: Info) -> None:
        self.shop, self.info = shop, info
        self.fetching = self.parsing = 0.0

    def __iter__(self) -> Iterator[list[str]]:
        """The ids of each page's orders."""
        session = requests.Session()
        session.headers.update(self.shop.headers(self.info))
        pages = self.shop.pages(self.info)
        asked = pages.first()
        while asked:
            begun = time.perf_counter()
            content = session.request(asked.method, self.shop.base(self.info) + asked.path, json=asked.body).content
            fetched = time.perf_counter()
            parsed = as_json(content)
            asked_next = pages.following(asked, parsed)
            self.fetching += fetched - begun
            self.parsing += time.perf_counter() - fetched
            yield [order["id"] for order in pages.orders(parsed)]
            asked = asked_next

    @property
    def seconds(self) -> float:
        return self.fetching + self.parsing


def rows_by_page(page_orders: list[list[str]]) -> list[Rows]:
    """The rows that the product's pull left, by the page whose orders they belong to, ready for the driver."""
    page_of_uid = {uid: n for n, uids in enumerate(page_orders) for uid in uids}
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, uid FROM orders_order")
        page_of_order = {pk: page_of_uid[uid] for pk, uid in cursor.fetchall()}
        cursor.execute("SELECT id, order_id FROM orders_orderline")
        page_of_source = {("line", pk): page_of_order[order] for pk, order in cursor.fetchall()}
        cursor.execute("SELECT id, uid FROM orders_seenorder")
        page_of_source |= {("seen", pk): page_of_uid[uid] for pk, uid in cursor.fetchall()}
        result: list[Rows] = [defaultdict(list) for _ in page_orders]
        for model in TABLES:
            table = model._meta.db_table
            columns = [f.column for f in model._meta.concrete_fields]
            cast = [f'"{c}"::text' if _is_json(model, c) else f'"{c}"' for c in columns]
            cursor.execute(f"SELECT {', '.join(cast)} FROM {table} ORDER BY id")
            for row in cursor.fetchall():
                values = dict(zip(columns, row, strict=True))
                if table == "orders_seenorder":
                    page = page_of_uid[values["uid"]]
                elif table == "inventory_reservation":
                    page = page_of_source[values["source_kind"], values["source_id"]]
                else:
                    page = page_of_order[values["id" if table == "orders_order" else "order_id"]]
                result[page][table].append(row)
    return result


def _is_json(model: Any, column: str) -> bool:
    kind = next(f.get_internal_type() for f in model._meta.concrete_fields if f.column == column)
    return connection.vendor == "postgresql" and kind == "JSONField"


def floor(shop: Shop, info: Info, ready: list[Rows]) -> tuple[float, float]:
    """The seconds of reading and storing, and the share of fetching in them."""
    started = time.perf_counter()
    statements = {m._meta.db_table: _insert(m) for m in TABLES}
    reading = Reading(shop, info)
    for tables, _ in zip(ready, reading, strict=True):
        _store(tables, statements)
    seconds = time.perf_counter() - started
    return seconds, reading.fetching / seconds


def _insert(model: Any) -> str:
    columns = [f'"{f.column}"' for f in model._meta.concrete_fields]
    if connection.vendor == "postgresql":
        return f"COPY {model._meta.db_table} ({', '.join(columns)}) FROM STDIN"
    return f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _store(tables: Rows, statements: dict[str, str]) -> None:
    connection.ensure_connection()
    driver = connection.connection
    if connection.vendor == "postgresql":
        with driver.transaction(), driver.cursor() as cursor:
            for table, rows in tables.items():
                with cursor.copy(statements[table]) as copy:
                    for row in rows:
                        copy.write_row(row)
        return
    cursor = driver.cursor()
    cursor.execute("BEGIN IMMEDIATE")
    for table, rows in tables.items():
        # The driver's own method: Django's wrapper rewrites the statement.
        sqlite3.Cursor.executemany(cursor, statements[table], rows)
    cursor.execute("COMMIT")


def main() -> None:
    given = json.loads(sys.argv[1])
    shop, info = shop_of(given["shop"]), given["info"]
    made = integration_of(shop, info)
    statements = statements_per_page(made)
    take_words_over(made)
    wipe(made)
    ours = [pull(made)]
    ready, expected = rows_by_page(list(Reading(shop, info))), counts()
    wipe(made)
    floors = [floor(shop, info, ready)]
    assert counts() == expected, (counts(), expected)
    for _ in range(ROUNDS - 1):
        wipe(made)
        floors.append(floor(shop, info, ready))
        wipe(made)
        ours.append(pull(made))
        assert counts() == expected, (counts(), expected)
    writes, repeats = [], []
    for _ in range(ROUNDS):
        reading = Reading(shop, info)
        list(reading)
        _look_again(made)
        before = _written()
        repeats.append(pull(made) / reading.seconds)
        writes.append(_written() - before)
    print(
        json.dumps(
            {
                "ratio": median(o / f for o, (f, _) in zip(ours, floors, strict=True)),
                "fetching": median(share for _, share in floors),
                "orders": expected["orders_order"],
                "rate": expected["orders_order"] / median(ours),
                "statements": statements,
                "repeat": median(repeats),
                "writes": max(writes),
            }
        )
    )


def _look_again(made: Integration) -> None:
    """As if everything had changed since the watermark, without any of it being different."""
    Flow.objects.filter(integration=made).update(watermark=None, position={})


def _written() -> int:
    """Rows written so far in the tables of orders; on SQLite the sum of what triggers count."""
    names = [m._meta.db_table for m in TABLES] + ["mappings_listing", "mappings_shipmethod", "mappings_location"]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_stat_force_next_flush()")
            cursor.execute(
                "SELECT COALESCE(SUM(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables"
                " WHERE relname = ANY(%s)",
                [names],
            )
            return int(cursor.fetchone()[0])
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_writes (n INTEGER)")
        for name in names:
            for what in ("INSERT", "UPDATE", "DELETE"):
                cursor.execute(
                    f"CREATE TRIGGER IF NOT EXISTS bench_{what}_{name} AFTER {what} ON {name} "
                    "BEGIN INSERT INTO bench_writes VALUES (1); END"
                )
        cursor.execute("SELECT COUNT(*) FROM bench_writes")
        return int(cursor.fetchone()[0])


class Enough(BaseException):
    """Goes through what keeps a run's mistakes to itself."""


def statements_per_page(made: Integration) -> float:
    """The most statements that any of the first pages took, with the words that nobody had heard of."""
    found: list[int] = []

    def counted(take: Any) -> None:
        with CaptureQueriesContext(connection) as context:
            take()
        found.append(len(context.captured_queries))
        if len(found) == FIRST_PAGES:
            raise Enough

    with each_page(counted), suppress(Enough):
        pull(made)
    return max(found)


if __name__ == "__main__":
    main()
