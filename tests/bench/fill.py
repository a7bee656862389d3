"""Filling a database with many orders quickly, for what is measured at size."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import connection, transaction

from fcp.insert import insert_rows, take_ids
from fcp.models import Account, Store
from inventory.models import Warehouse
from mappings.models import ShipMethod
from orders.intake import HOLD_COLUMNS, LINE_COLUMNS, ORDER_COLUMNS, PARTY_COLUMNS
from orders.models import Hold, Order, OrderLine, OrderParty

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
# Of a hundred orders: most are long finished, as in any shop that works.
STATES = (
    ["confirmed"] * 88
    + ["canceled"] * 3
    + ["nothing_to_ship"]
    + ["held"] * 3
    + ["at_warehouse"] * 3
    + ["ready", "shipped"]
)
COUNTRIES = ["DE", "FR", "US", "GB", "NL"]
BATCH = 5_000


def a_store(account: Account, n: int) -> Store:
    return Store.objects.create(
        account=account, platform="wix", uid=f"bench-{account.pk}-{n}", name=f"Shop {n}", currency="EUR",
        hands_over=True, tells_shipments=True,
    )  # fmt: skip


def fill_orders(
    accounts: list[Account], orders: int, *, all_held: bool = False, groups: int = 40, seed: int = 1
) -> None:
    """Orders of one line spread over the accounts, newest first within two years; held ones in groups by ship code."""
    draw = random.Random(seed)
    places = []
    for account in accounts:
        stores = [a_store(account, n) for n in range(3)]
        warehouse = Warehouse.objects.create(account=account, code="MAIN", name="Main")
        words = [
            ShipMethod.objects.create(
                account=account, store=stores[n % 3], word_key=f"word {n}", title=f"Word {n}", first_seen_at=NOW,
                last_seen_on=NOW.date(),
            )
            for n in range(max(groups // len(accounts), 1))
        ]  # fmt: skip
        places.append((account, stores, warehouse, words))
    rows = _rows(places, orders, draw, all_held)
    while batch := list(islice(rows, BATCH)):
        with transaction.atomic():
            ids = take_ids(Order, len(batch))
            lines = take_ids(OrderLine, len(batch))
            insert_rows(Order, ORDER_COLUMNS, [(pk, *order) for pk, (order, _, _) in zip(ids, batch, strict=True)])
            insert_rows(
                OrderLine,
                LINE_COLUMNS,
                [_line(line, pk, order) for line, pk, (order, _, _) in zip(lines, ids, batch, strict=True)],
            )
            insert_rows(
                OrderParty,
                PARTY_COLUMNS,
                [
                    (order[0], pk, "ship_to", f"Buyer {pk}", "", "1 Main St", "", "Bonn", "", "53111", "DE", "", "")
                    for pk, (order, _, _) in zip(ids, batch, strict=True)
                ],
            )
            insert_rows(
                Hold,
                HOLD_COLUMNS,
                [
                    (order[0], pk, "ship_code", str(word), {"word": f"Word {word}"}, "", at, "intake", None, "")
                    for pk, (order, word, at) in zip(ids, batch, strict=True)
                    if word
                ],
            )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _rows(
    places: list[Any], orders: int, draw: random.Random, all_held: bool
) -> Iterator[tuple[tuple[Any, ...], int | None, dt.datetime]]:
    for n in range(orders):
        # The first account owns most of a busy installation's orders, the others share the rest.
        account, stores, warehouse, words = places[0 if draw.random() < 0.8 else draw.randrange(len(places))]
        state = "held" if all_held else draw.choice(STATES)
        placed = NOW - dt.timedelta(minutes=draw.randrange(2 * 365 * 24 * 60))
        word = draw.choice(words) if state == "held" else None
        store = draw.choice(stores)
        money = Decimal(draw.randrange(500, 30_000)) / 100
        yield (
            (
                account.pk, store.pk, f"uid-{n}", str(100_000 + n), str(100_000 + n), f"buyer{n}@example.com", placed,
                placed, placed, state, placed, "approved", "paid",
                "fulfilled" if state == "confirmed" else "not_fulfilled", False, False, False, "WEB", "EUR", money,
                Decimal(5), Decimal(0), Decimal(0), money + 5, Decimal(0), draw.choice(COUNTRIES), 1,
                word.pk if word else None, "" if word else "GROUND", "UPS", "", None, warehouse.pk, "", "", "", "", [],
                [], 1, 1, 1, None, None, False,
            ),
            word.pk if word else None,
            placed,
        )  # fmt: skip


def _line(pk: int, order_id: int, order: tuple[Any, ...]) -> tuple[Any, ...]:
    return (
        pk, order[0], order_id, "1", None, None, order[32], None, f"SKU-{pk % 997}", f"SKU-{pk % 997}", "Thing", [],
        1, 1, 1 if order[9] == "confirmed" else 0, 1, True, order[24], order[24], 100, 1, None,
    )  # fmt: skip
