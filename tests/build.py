"""Builders: rows and shapes with everything that a test's sentence does not mention."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
from django.db import transaction

from fcp.models import Account, Membership, Partner, Store, User
from fcp.roles import Role
from inventory.models import Product, Warehouse
from mappings.models import Listing, Location, ShipMethod
from orders.intake import Counts, take_in
from orders.models import Order
from orders.settings import ImportRules, OrderRules
from orders.shapes import (
    IncomingLine,
    IncomingOrder,
    OddOrder,
    Party,
    Payment,
    RawOrder,
    ReadOrder,
    ShipWord,
    Status,
    StoreFulfillment,
)

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
PASSWORD = "a long and quiet password"
_count = itertools.count(1)


def make_account(slug: str = "", **values: Any) -> Account:
    n = next(_count)
    return Account.objects.create(**{"name": f"Account {n}", "slug": slug or f"account-{n}", **values})


def make_user(account: Account | None = None, role: Role = Role.OWNER, **values: Any) -> User:
    user = User.objects.create_user(values.pop("email", f"person{next(_count)}@example.com"), PASSWORD, **values)
    if account:
        Membership.objects.create(account=account, user=user, role=role.value)
    return user


def make_partner(**values: Any) -> Partner:
    codes = [
        {"code": code, "label": code.title(), "carrier": "UPS", "service": "Ground"} for code in ("GROUND", "EXPRESS")
    ]
    return Partner.objects.create(**{"name": f"Partner {next(_count)}", "ship_codes": codes, **values})


def make_warehouse(account: Account, **values: Any) -> Warehouse:
    n = next(_count)
    return Warehouse.objects.create(**{"account": account, "code": f"WH{n}", "name": f"Warehouse {n}", **values})


def make_store(account: Account | None = None, **values: Any) -> Store:
    n = next(_count)
    return Store.objects.create(
        **{
            "account": account or make_account(),
            "platform": "wix",
            "uid": f"site-{n}",
            "install_uid": f"instance-{n}",
            "name": f"Shop {n}",
            "currency": "EUR",
            "hands_over": True,
            "tells_shipments": True,
            **values,
        }
    )


def make_product(account: Account, sku: str, **values: Any) -> Product:
    return Product.objects.create(account=account, sku=sku, name=values.pop("name", sku.title()), **values)


def make_ship_method(store: Store, title: str = "Standard", target: str = "", **values: Any) -> ShipMethod:
    return ShipMethod.objects.create(
        account_id=store.account_id, store=store, word_key=title.casefold(), title=title, target=target,
        first_seen_at=NOW, last_seen_on=NOW.date(), **values,
    )  # fmt: skip


def make_listing(store: Store, sku: str, product: Product | None = None, **values: Any) -> Listing:
    return Listing.objects.create(
        account_id=store.account_id, store=store, product_uid=f"p-{sku}", variant_uid="", sku=sku, sku_key=sku.upper(),
        title=sku.title(), product=product, first_seen_at=NOW, last_seen_on=NOW.date(), **values,
    )  # fmt: skip


def make_location(store: Store, uid: str, warehouse: Warehouse | None = None) -> Location:
    return Location.objects.create(
        account_id=store.account_id, store=store, uid=uid, name=uid.title(), warehouse=warehouse,
        first_seen_at=NOW, last_seen_on=NOW.date(),
    )  # fmt: skip


ANN = Party(
    name="Ann Lee", street1="1 Main St", city="New York", region="NY", postcode="10001", country="US",
    phone="+1 212 555 0100", email="ann@example.com",
)  # fmt: skip


def a_line(sku: str = "MUG", quantity: int = 1, **values: Any) -> IncomingLine:
    line = IncomingLine(
        uid=f"line-{sku}", product_uid=f"p-{sku}", variant_uid="", sku=sku, title=sku.title(), quantity=quantity,
        ships=True, price=Decimal("10.00"), total=Decimal("10.00") * quantity,
    )  # fmt: skip
    return replace(line, **values)


def an_order(
    number: str = "", skus: tuple[str, ...] = ("MUG",), ship: str = "Standard", **values: Any
) -> IncomingOrder:
    """An order as a connector shapes it: approved, paid, not fulfilled, placed a day ago, with a whole address."""
    number = number or str(10_000 + next(_count))
    word = ShipWord(ship.casefold(), ship) if ship else None
    order = IncomingOrder(
        uid=f"uid-{number}", number=number,
        placed_at=NOW - dt.timedelta(days=1), changed_at=NOW - dt.timedelta(hours=1),
        status=Status.APPROVED, payment=Payment.PAID, fulfillment=StoreFulfillment.NONE, currency="EUR",
        subtotal=Decimal("20.00"), shipping=Decimal("5.00"), tax=Decimal("1.60"), discount=Decimal("0.00"),
        total=Decimal("26.60"), lines=tuple(a_line(sku) for sku in skus), ship_to=ANN, bill_to=ANN, ship_word=word,
    )  # fmt: skip
    return replace(order, **values)


def read(order: IncomingOrder, shipments: tuple[Any, ...] = ()) -> ReadOrder:
    packed = orjson.dumps(repr((order, shipments)))
    raw = RawOrder(order.uid, hash(packed), order.changed_at, packed, {})
    return ReadOrder(raw, order, shipments)


IMPORT = ImportRules(
    statuses=frozenset({Status.APPROVED}),
    payments=frozenset({Payment.PAID}),
    fulfillments=frozenset({StoreFulfillment.NONE}),
    age_days=30,
    earliest=None,
    pickup=False,
)
ANYTHING = ImportRules(statuses=None, payments=None, fulfillments=None, age_days=None, earliest=None, pickup=True)


def rules(**values: Any) -> OrderRules:
    return OrderRules(**{"version": 1, "imports": IMPORT, **values})


def take(
    store: Store, *orders: IncomingOrder | ReadOrder, of: OrderRules | None = None, odd: tuple[OddOrder, ...] = (),
    now: dt.datetime = NOW,
) -> Counts:  # fmt: skip
    """Take in a page of orders, as the orders flow does."""
    page = [o if isinstance(o, ReadOrder) else read(o) for o in orders]
    with transaction.atomic():
        return take_in(store, of or rules(), page, odd, now=now)


def make_order(store: Store, *, of: OrderRules | None = None, shipments: tuple[Any, ...] = (), **values: Any) -> Order:
    """An imported order; held or ready by what the store's words mean."""
    incoming = an_order(**values)
    take(store, read(incoming, shipments), of=of or rules(imports=ANYTHING))
    return Order.objects.get(store=store, uid=incoming.uid)
