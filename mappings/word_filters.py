"""What lists of words are narrowed by, searched by, and show of each word alike."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q
from django.http import QueryDict

from fcp.listing import Choice, Column, Flag, Rows
from fcp.models import Account, Store
from inventory.models import Warehouse, sku_key_of

from .outside import OUTSIDE

MANY = 1000


def stores_of(account: Account) -> list[tuple[str, str]]:
    names = OUTSIDE.nicknames(account)
    stores = Store.objects.for_account(account).order_by("name")
    return [(str(store.pk), names.get(store.pk, store.name)) for store in stores]


def by_store() -> Choice:
    return Choice("store", "Integration", apply=lambda rows, value: rows.filter(store_id=value), choices=stores_of)


def find_ship_methods(rows: Rows, text: str) -> Rows:
    return rows.filter(Q(title__istartswith=text) | Q(code__istartswith=text) | Q(target__istartswith=text))


def find_listings(rows: Rows, text: str) -> Rows:
    """By SKU, by title, and by the SKU of the product they mean; each has its index. Titles begin in any case."""
    titles = Q()
    for written in {text, text.lower(), text.upper(), text.capitalize(), text.title()}:
        titles |= Q(title__prefix=written)
    product = Q(product__sku_key__prefix=sku_key_of(text), product__account=F("account"))
    by_title = rows.filter(titles).order_by().values("pk")[:MANY]
    by_product = rows.filter(product).order_by().values("pk")[:MANY]
    ids = {row["pk"] for found in (by_title, by_product) for row in found}
    return rows.filter(Q(sku_key__prefix=sku_key_of(text)) | Q(pk__in=ids))


def means_product(rows: Rows, value: str) -> Rows:
    return rows.filter(product__sku_key=sku_key_of(value), product__account=F("account"))


def warehouses_of(account: Account) -> list[tuple[str, str]]:
    return [(str(one.pk), one.name) for one in Warehouse.objects.for_account(account)[:MANY]]


class Awaited(Flag):
    """Words that orders wait for: which these are is asked of the app that holds the orders."""

    def __init__(self, hold: str) -> None:
        super().__init__("waiting", "Orders wait")
        self.hold = hold

    def read(self, query: QueryDict, account: Account | None) -> Any:
        on = super().read(query, account)
        return OUTSIDE.awaited(account, self.hold) if on and account else None

    def narrow(self, rows: Rows, value: Any) -> Rows:
        return rows.filter(pk__in=value)


def _csv_store(row: Any) -> str:
    return str(row.store)


SEEN = Column("seen", "Seen", csv=lambda row: row.last_seen_on)
FIRST = Column("first", "First seen", csv=lambda row: row.first_seen_at, hidden=True)
STORE = Column("store", "Integration", csv=_csv_store)
WAITING = Column("waiting", "Orders waiting", align="end")
