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
from statistics import median
from typing import Any

import requests
from django.db import connection  # after the set-up in pulling
from django.test.utils import CaptureQueriesContext

from tests.bench import pulling
from tests.bench.pulling import TABLES, counts, integration_of, map_words, pull, wipe

ROUNDS = 3
FILTER = {
    "status": {"$in": ["APPROVED", "CANCELED", "PENDING", "REJECTED"]},
    "updatedDate": {"$gte": "2000-01-01T00:00:00.000Z"},
}


def pages(info: dict[str, str]) -> tuple[list[bytes], float]:
    """Every page of the store as bytes, and the seconds that fetching took."""
    session = requests.Session()
    session.headers.update({"Authorization": info["api_key"], "wix-site-id": info["site_id_v1"]})
    body: dict[str, Any] = {
        "search": {
            "filter": FILTER,
            "sort": [{"fieldName": "updatedDate", "order": "ASC"}],
            "cursorPaging": {"limit": 100},
        }
    }
    found, fetching = [], 0.0
    while True:
        started = time.perf_counter()
        reply = session.post(f"{info['base_url']}/ecom/v1/orders/search", json=body)
        content = reply.content
        fetching += time.perf_counter() - started
        found.append(content)
        metadata = json.loads(content)["metadata"]
        if not metadata.get("hasNext"):
            return found, fetching
        body = {"search": {"cursorPaging": {"limit": 100, "cursor": metadata["cursors"]["next"]}}}


def rows_by_page(page_orders: list[list[str]]) -> list[dict[str, list[tuple[Any, ...]]]]:
    """The rows that the product's pull left, by the page whose orders they belong to, ready for the driver."""
    page_of_uid = {uid: n for n, uids in enumerate(page_orders) for uid in uids}
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, uid FROM orders_order")
        page_of_order = {pk: page_of_uid[uid] for pk, uid in cursor.fetchall()}
        cursor.execute("SELECT id, order_id FROM orders_orderline")
        page_of_source = {("line", pk): page_of_order[order] for pk, order in cursor.fetchall()}
        cursor.execute("SELECT id, uid FROM orders_seenorder")
        page_of_source |= {("seen", pk): page_of_uid[uid] for pk, uid in cursor.fetchall()}
        result: list[dict[str, list[tuple[Any, ...]]]] = [defaultdict(list) for _ in page_orders]
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


def floor(info: dict[str, str], ready: list[dict[str, list[tuple[Any, ...]]]]) -> dict[str, float]:
    started = time.perf_counter()
    session = requests.Session()
    session.headers.update({"Authorization": info["api_key"], "wix-site-id": info["site_id_v1"]})
    paging: dict[str, Any] = {"limit": 100}
    fetching = 0.0
    statements = {m._meta.db_table: _insert(m) for m in TABLES}
    body: dict[str, Any] = {
        "search": {"filter": FILTER, "sort": [{"fieldName": "updatedDate", "order": "ASC"}], "cursorPaging": paging}
    }
    parsing_and_fetching = 0.0
    for tables in ready:
        begun = time.perf_counter()
        content = session.post(f"{info['base_url']}/ecom/v1/orders/search", json=body).content
        fetched = time.perf_counter()
        parsed = json.loads(content)
        fetching += fetched - begun
        parsing_and_fetching += time.perf_counter() - begun
        body = {
            "search": {"cursorPaging": {"limit": 100, "cursor": (parsed["metadata"].get("cursors") or {}).get("next")}}
        }
        _store(tables, statements)
    return {
        "seconds": time.perf_counter() - started,
        "fetching": fetching,
        "reading": parsing_and_fetching,
    }


def _insert(model: Any) -> str:
    columns = [f'"{f.column}"' for f in model._meta.concrete_fields]
    if connection.vendor == "postgresql":
        return f"COPY {model._meta.db_table} ({', '.join(columns)}) FROM STDIN"
    return f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _store(tables: dict[str, list[tuple[Any, ...]]], statements: dict[str, str]) -> None:
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
    info = json.loads(sys.argv[1])
    integration = integration_of(info)
    pull(integration)
    map_words(integration)
    wipe(integration)
    pull(integration)
    contents, _ = pages(info)
    page_orders = [[order["id"] for order in json.loads(content)["orders"]] for content in contents]
    ready = rows_by_page(page_orders)
    expected = counts()
    floors, ours = [], []
    for _ in range(ROUNDS):
        wipe(integration)
        floors.append(floor(info, ready))
        assert counts() == expected, (counts(), expected)
        wipe(integration)
        started = time.perf_counter()
        pull(integration)
        ours.append(time.perf_counter() - started)
        assert counts() == expected, (counts(), expected)
    writes, repeats = [], []
    for _ in range(ROUNDS):
        reading = floor_reading(info, len(page_orders))
        _look_again(integration)
        before = _written()
        started = time.perf_counter()
        pull(integration)
        repeats.append((time.perf_counter() - started) / reading)
        writes.append(_written() - before)
    wipe(integration)
    print(
        json.dumps(
            {
                "ratio": median(o / f["seconds"] for o, f in zip(ours, floors, strict=True)),
                "fetching": median(f["fetching"] / f["seconds"] for f in floors),
                "orders": expected["orders_order"],
                "rate": expected["orders_order"] / median(ours),
                "statements": statements_per_page(integration),
                "repeat": median(repeats),
                "writes": max(writes),
            }
        )
    )


def floor_reading(info: dict[str, str], number: int) -> float:
    """Seconds to fetch and parse every page and store nothing."""
    return floor(info, [{} for _ in range(number)])["reading"]


def _look_again(integration: Any) -> None:
    """As if everything had changed since the watermark, without any of it being different."""
    from integrations.models import Flow

    Flow.objects.filter(integration=integration).update(watermark=None, position={})


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


def statements_per_page(integration: Any) -> float:
    """The most statements that any page took, first pages with unheard-of words included."""

    most = 0
    take = pulling.orders_flow.Taker.take

    def counted(self: Any, *args: Any, **kwargs: Any) -> None:
        nonlocal most
        with CaptureQueriesContext(connection) as context:
            take(self, *args, **kwargs)
        most = max(most, len(context.captured_queries))

    pulling.orders_flow.Taker.take = counted  # type: ignore[method-assign]
    try:
        pull(integration)
    finally:
        pulling.orders_flow.Taker.take = take  # type: ignore[method-assign]
    return most


if __name__ == "__main__":
    main()
