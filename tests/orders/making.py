"""Builders: accounts, stores, warehouses and orders as the tests of shipping need them."""

import datetime as dt
import itertools
from decimal import Decimal
from typing import Any

from django.db import transaction

from fcp.models import Account, Partner, Store
from inventory.models import Product, Warehouse
from orders.models import Order, OrderLine, OrderParty, ShippingRequest
from orders.models.orders import number_key_of
from orders.release import offer
from orders.shipping import acknowledge

NOW = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)
_numbers = itertools.count(1)


def make_account(name: str = "") -> Account:
    name = name or f"Shop {next(_numbers)}"
    return Account.objects.create(name=name, slug=name.lower().replace(" ", "-"))


def make_partner(name: str = "") -> Partner:
    return Partner.objects.create(name=name or f"Warehouse people {next(_numbers)}")


def make_warehouse(account: Account, partner: Partner | None = None, **given: Any) -> Warehouse:
    number = next(_numbers)
    values = {"code": f"W{number}", "name": f"Warehouse {number}"} | given
    return Warehouse.objects.create(account=account, partner=partner, **values)


def make_store(account: Account | None = None, **given: Any) -> Store:
    number = next(_numbers)
    values = {"platform": "wix", "uid": f"store-{number}", "name": f"Store {number}", "hands_over": True}
    values |= {"tells_shipments": True} | given
    return Store.objects.create(account=account or make_account(), **values)


def make_order(store: Store, lines: dict[str, int], *, warehouse: Warehouse | None = None, **given: Any) -> Order:
    """A paid, approved order of these SKUs and quantities, shipped from one warehouse; nobody was offered it yet."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "uid": f"order-{number}", "number": str(10000 + number), "placed_at": NOW, "changed_at": NOW,
        "imported_at": NOW, "state": "new", "state_since": NOW,
        "status": "approved", "payment": "paid", "fulfillment": "not_fulfilled",
        "currency": "EUR", "subtotal": Decimal(20), "shipping": Decimal(5), "tax": Decimal(4), "discount": Decimal(0),
        "total": Decimal(25), "units": sum(lines.values()), "ship_code": "STD", "settings_version": 1, "country": "DE",
    } | given  # fmt: skip
    order = Order.objects.create(
        account=store.account, store=store, warehouse=warehouse, number_key=number_key_of(values["number"]), **values
    )
    for sku, quantity in lines.items():
        product, _ = Product.objects.get_or_create(
            account=store.account, sku_key=sku, defaults={"sku": sku, "name": sku.title()}
        )
        OrderLine.objects.create(
            account=store.account, order=order, uid=f"line-{sku}", product=product, warehouse=warehouse, sku=sku,
            sku_key=sku, title=sku.title(), quantity=quantity, store_quantity=quantity, price=10, total=10 * quantity,
        )  # fmt: skip
    OrderParty.objects.create(
        account=store.account, order=order, role="ship_to", name="Ann Example", street1="Long Street 1", city="Bonn",
        postcode="53111", country="DE", email="ann@example.com",
    )  # fmt: skip
    return order


def offered(order: Order) -> ShippingRequest:
    """The shipping request that one warehouse was offered for this order."""
    with transaction.atomic():
        offer(order.store, [order.pk], now=NOW, actor="test")
    return ShippingRequest.objects.get(order=order)


def taken(order: Order) -> ShippingRequest:
    """The same, acknowledged."""
    return acknowledge(offered(order), 1, by="test", now=NOW)


def new_order(lines: dict[str, int] | None = None, partner: Partner | None = None, **store: Any) -> Order:
    """An order in a store and a warehouse of an account of its own."""
    shop = make_store(**store)
    return make_order(shop, lines or {"MUG": 2}, warehouse=make_warehouse(shop.account, partner))


def line_of(order: Order, sku: str) -> OrderLine:
    return OrderLine.objects.get(order=order, sku=sku)
