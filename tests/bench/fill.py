"""Filling a database with many orders quickly, for what is measured at size."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import cycle, islice
from typing import Any

from django.db import connection, transaction

from fcp.insert import insert_rows, take_ids
from fcp.models import Account, Partner, Store
from inventory.models import Warehouse
from mappings.models import ShipMethod
from orders.columns import HOLD_COLUMNS, LINE_COLUMNS, ORDER_COLUMNS, PARTY_COLUMNS
from orders.models import Hold, Order, OrderLine, OrderParty, ShippingRequest
from orders.release import PARTY_FIELDS

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
# Of a hundred orders: most are long finished, as in any shop that works.
STATES = [
    *["confirmed"] * 87, *["canceled"] * 3, "nothing_to_ship", *["held"] * 3, *["at_warehouse"] * 3, "ready", "shipped",
    "partly_shipped",
]  # fmt: skip
# At least fifty of each state, also among a thousand orders.
OTHERS = ("canceled", "nothing_to_ship", "held", "ready", "at_warehouse", "partly_shipped", "shipped")
EVEN = ["confirmed"] * 51 + [state for state in OTHERS for _ in range(7)]
COUNTRIES = ["DE", "FR", "US", "GB", "NL"]
BATCH = 5_000


def a_store(account: Account, n: str) -> Store:
    return Store.objects.create(
        account=account, platform="wix", uid=f"bench-{account.pk}-{n}", name=f"Shop {n}", currency="EUR",
        hands_over=True, tells_shipments=True,
    )  # fmt: skip


@dataclass(frozen=True)
class Place:
    account: Account
    stores: list[Store]
    warehouse: Warehouse
    words: list[ShipMethod]


@dataclass(frozen=True)
class Filled:
    """One order to store: its columns without the id, the word it waits for, and where it belongs."""

    order: tuple[Any, ...]
    word: int | None
    place: Place

    @property
    def state(self) -> str:
        return str(self.order[9])

    @property
    def placed_at(self) -> dt.datetime:
        return self.order[6]  # type: ignore[no-any-return]


def fill_orders(
    accounts: list[Account],
    orders: int,
    *,
    partner: Partner | None = None,
    states: Sequence[str] = STATES,
    groups: int = 40,
    seed: int = 1,
    warehouse: str = "MAIN",
) -> None:
    """Orders of one line, placed within two years; the first account owns four fifths of them. Held ones wait for one
    of `groups` shipping options; ready ones are offered to a warehouse of the partner."""
    draw = random.Random(seed)
    places = [_place(account, partner, max(groups // len(accounts), 1), warehouse) for account in accounts]
    rows = _rows(places, orders, draw, states)
    while batch := list(islice(rows, BATCH)):
        with transaction.atomic():
            _store(batch, partner)
    tidy()


def tidy() -> None:
    """As a database is that has been left alone for a while."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


# --- making another database of one that is filled: by SQL, in a fifth of the time -----------------------------------

OF_ORDERS = ("orders_orderline", "orders_orderparty", "orders_hold", "orders_shippingrequest")


def spread(accounts: int) -> None:
    """Give every fifth order to one of so many other accounts."""
    others = Account.objects.bulk_create([Account(name=f"Other {n}", slug=f"other-{n}") for n in range(accounts)])
    stores = Store.objects.bulk_create(
        [Store(account=a, platform="wix", uid=f"bench-{a.pk}", name="Shop", currency="EUR") for a in others]
    )
    partner = Partner.objects.first()
    houses = Warehouse.objects.bulk_create(
        [Warehouse(account=a, code="MAIN", name="Main", partner=partner) for a in others]
    )
    rows = [(n, a.pk, s.pk, w.pk) for n, (a, s, w) in enumerate(zip(others, stores, houses, strict=True))]
    theirs = f"{{id}} % 5 = 0 AND n = {{id}} / 5 % {accounts}"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE other (n integer PRIMARY KEY, account int, store int, house int)")
        cursor.executemany("INSERT INTO other VALUES (%s, %s, %s, %s)", rows)
        cursor.execute(
            "UPDATE orders_order SET account_id = account, store_id = store, warehouse_id = house FROM other WHERE "
            + theirs.format(id="orders_order.id")
        )
        for table in OF_ORDERS:
            of = theirs.format(id=f"{table}.order_id")
            more = ", warehouse_id = house" if table == "orders_shippingrequest" else ""
            cursor.execute(f"UPDATE {table} SET account_id = account{more} FROM other WHERE {of}")
    tidy()


def hold_all(groups: int) -> None:
    """Every order waits for one of so many shipping options."""
    account = Account.objects.order_by("pk").first()
    assert account
    words = _words(list(Store.objects.for_account(account).order_by("pk")), groups, "held ")
    first, to_json = words[0].pk, "::jsonb" if connection.vendor == "postgresql" else ""
    assert words[-1].pk == first + groups - 1
    with transaction.atomic(), connection.cursor() as cursor:
        for table in ("orders_hold", "orders_requestline", "orders_shippingrequest"):
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute(
            "UPDATE orders_order SET state = 'held', status = 'approved', payment = 'paid', ship_code = '',"
            f" fulfillment = 'not_fulfilled', ship_method_id = {first} + id % {groups}"
        )
        cursor.execute("UPDATE orders_orderline SET shipped = 0 WHERE shipped <> 0")
        cursor.execute(
            "INSERT INTO orders_hold (account_id, order_id, kind, cause, params, note, placed_at, placed_by, lifted_by)"
            " SELECT account_id, id, 'ship_code', CAST(ship_method_id AS text),"
            f""" ('{{"word": "Word ' || ship_method_id || '"}}'){to_json}, '', placed_at, 'x', '' FROM orders_order"""
        )
    tidy()


def _place(account: Account, partner: Partner | None, words: int, code: str) -> Place:
    stores = [a_store(account, f"{code}-{n}") for n in range(3)]
    warehouse = Warehouse.objects.create(account=account, code=code, name="Main", partner=partner)
    return Place(account, stores, warehouse, _words(stores, words, ""))


def _words(stores: list[Store], count: int, kind: str) -> list[ShipMethod]:
    return ShipMethod.objects.bulk_create(
        [
            ShipMethod(
                account=store.account, store=store, word_key=f"{kind}word {n}", title=f"Word {n}", first_seen_at=NOW,
                last_seen_on=NOW.date(),
            )
            for n, store in zip(range(count), cycle(stores))
        ]
    )  # fmt: skip


def _store(batch: list[Filled], partner: Partner | None) -> None:
    ids, lines = take_ids(Order, len(batch)), take_ids(OrderLine, len(batch))
    all_of = list(zip(ids, lines, batch, strict=True))
    insert_rows(Order, ORDER_COLUMNS, [(pk, *one.order) for pk, _, one in all_of])
    insert_rows(OrderLine, LINE_COLUMNS, [_line(line, pk, one.order) for pk, line, one in all_of])
    insert_rows(
        OrderParty,
        PARTY_COLUMNS,
        [
            (one.order[0], pk, "ship_to", f"Buyer {pk}", "", "1 Main St", "", "Bonn", "", "53111", "DE", "", "")
            for pk, _, one in all_of
        ],
    )
    insert_rows(
        Hold,
        HOLD_COLUMNS,
        [
            (
                one.order[0],
                pk,
                "ship_code",
                str(one.word),
                {"word": f"Word {one.word}"},
                "",
                one.placed_at,
                "x",
                None,
                "",
                None,
            )
            for pk, _, one in all_of
            if one.word
        ],
    )
    ShippingRequest.objects.bulk_create(
        [
            ShippingRequest(
                account=one.place.account, order_id=pk, warehouse=one.place.warehouse, partner=partner, number=1,
                state="offered", snapshot=_snapshot(pk, line, one), offered_at=one.placed_at,
                changed_at=one.placed_at,
            )
            for pk, line, one in all_of
            if one.state == "ready"
        ]
    )  # fmt: skip


def _snapshot(pk: int, line: int, one: Filled) -> dict[str, Any]:
    """As `orders.release.snapshot_of` makes it."""
    order = one.order
    party = dict.fromkeys(PARTY_FIELDS, "") | {"name": f"Buyer {pk}", "street1": "1 Main St", "country": "DE"}
    return {
        "order_number": order[3], "store": one.place.stores[0].name, "placed_at": one.placed_at.isoformat(),
        "ship_code": "GROUND", "carrier": "UPS", "service": "", "pickup": False, "to_collect": None, "ship_to": party,
        "notes": {"buyer": "", "gift": "", "delivery": "", "ours": ""},
        "lines": [{
            "id": str(line), "sku": "SKU", "product_sku": "SKU", "title": "Thing", "options": [], "quantity": 1,
            "units": 1,
        }],
    }  # fmt: skip


def _rows(places: list[Place], orders: int, draw: random.Random, states: Sequence[str]) -> Iterator[Filled]:
    for n in range(orders):
        place = places[0 if draw.random() < 0.8 else draw.randrange(len(places))]
        state = draw.choice(states)
        placed = NOW - dt.timedelta(minutes=draw.randrange(2 * 365 * 24 * 60))
        word = draw.choice(place.words).pk if state == "held" else None
        money = Decimal(draw.randrange(500, 30_000)) / 100
        order: tuple[Any, ...] = (
            place.account.pk, draw.choice(place.stores).pk, f"uid-{n}", str(100_000 + n), str(100_000 + n),
            f"buyer{n}@example.com", placed, placed, placed, state, placed, "approved", "paid",
            "fulfilled" if state == "confirmed" else "not_fulfilled", False, False, False, "WEB", "EUR", money,
            Decimal(5), Decimal(0), Decimal(0), money + 5, Decimal(0), draw.choice(COUNTRIES), 1, word,
            "" if word else "GROUND", "UPS", "", None, place.warehouse.pk, "", "", "", "", [], [], [], 1, 1, 1, 0,
            None, None, False,
        )  # fmt: skip
        yield Filled(order, word, place)


def _line(pk: int, order_id: int, order: tuple[Any, ...]) -> tuple[Any, ...]:
    return (
        pk, order[0], order_id, "1", None, None, order[32], None, f"SKU-{pk % 997}", f"SKU-{pk % 997}", "Thing", [],
        1, 1, 1 if order[9] == "confirmed" else 0, 1, True, order[24], order[24], 100, 1, None,
    )  # fmt: skip
