"""An account with a live store, a warehouse, rules in force and a person signed in: what pages are tested on."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from fcp.roles import Role
from orders.models import Order
from orders.settings import OrderRules
from tests.build import (
    ANYTHING,
    make_account,
    make_order,
    make_partner,
    make_product,
    make_ship_method,
    make_store,
    make_user,
    make_warehouse,
    rules,
)

CODES = [
    {"code": "EU-STD", "label": "Standard EU", "carrier": "DHL", "service": "Paket"},
    {"code": "EU-EXP", "label": "Express EU", "carrier": "DHL", "service": "Express"},
]


class Shop:
    """`order(ship="std-eu")` is held for a ship code; `order()` has all it needs, and waits to be offered."""

    def __init__(self, monkeypatch: Any, **store: Any) -> None:
        self.account = make_account()
        self.partner = make_partner(ship_codes=CODES)
        self.warehouse = make_warehouse(self.account, partner=self.partner, name="Nord")
        self.store = make_store(self.account, **{"name": "MyShop", **store})
        self.rules = rules(imports=ANYTHING, warehouse_id=self.warehouse.pk)
        make_product(self.account, "MUG")
        make_ship_method(self.store, "Standard", "EU-STD")
        monkeypatch.setattr("orders.rules._provider", lambda store_id: self.rules)

    def order(self, store: Any = None, of: OrderRules | None = None, **values: Any) -> Order:
        return make_order(store or self.store, of=of or self.rules, **values)

    def client(self, role: Role = Role.OPERATOR) -> Client:
        client = Client()
        client.force_login(make_user(self.account, role=role))
        return client

    def url(self, name: str, **kwargs: Any) -> str:
        return reverse(f"orders:{name}", kwargs={"account": self.account.slug, **kwargs})


def text_of(response: Any) -> str:
    """A page's words without tags, white space folded."""
    from html import unescape
    from re import sub

    html = response.content.decode()
    html = sub(r"(?s)<(script|style|template)\b.*?</\1>", " ", html)
    return " ".join(unescape(sub(r"<[^>]+>", " ", html)).split())
