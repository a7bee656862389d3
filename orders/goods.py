"""What of the products of a page of orders may hold them: those sold ahead, and those that lack customs data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Q

from inventory.models import Product, Warehouse

from .customs import goes_abroad
from .holds import SoldAhead
from .settings import OrderRules

LACKS_CUSTOMS = Q(customs_code="") | Q(origin="")


class ProductRow(NamedTuple):
    """A Product, as far as it can hold an order."""

    pk: int
    sku: str
    preorder_until: dt.date | None = None
    customs_code: str = ""
    origin: str = ""

    @property
    def lacks_customs(self) -> bool:
        return not (self.customs_code and self.origin)


@dataclass(frozen=True, slots=True)
class Goods:
    """The products that may hold an order, by id, the countries of warehouses, and which day it is."""

    products: Mapping[int, ProductRow] = field(default_factory=dict)
    countries: Mapping[int, str] = field(default_factory=dict)
    today: dt.date = dt.date.min

    def sold_ahead(self, product_ids: Iterable[int | None], zone: dt.tzinfo) -> tuple[SoldAhead, ...]:
        """Those of these products that are sold ahead today."""
        return tuple(
            SoldAhead(row.pk, row.sku, row.preorder_until, start_of(row.preorder_until, zone))
            for row in self._of(product_ids)
            if row.preorder_until and row.preorder_until > self.today
        )

    def lacking(
        self, shipped_from: Iterable[tuple[int | None, int | None]], country: str, postcode: str
    ) -> tuple[tuple[int, str], ...]:
        """Products (id, SKU) without customs data among pairs of product and warehouse whose way crosses a border."""
        abroad = (
            product_id
            for product_id, warehouse_id in shipped_from
            if goes_abroad(self.countries.get(warehouse_id or 0, ""), country, postcode)
        )
        return tuple((row.pk, row.sku) for row in self._of(abroad) if row.lacks_customs)

    def _of(self, product_ids: Iterable[int | None]) -> list[ProductRow]:
        wanted = dict.fromkeys(pk for pk in product_ids if pk)
        return [self.products[pk] for pk in wanted if pk in self.products]


NO_GOODS = Goods()


def start_of(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """When a day begins in a zone, in UTC."""
    return dt.datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(dt.UTC)


def goods_of(
    account_id: int, product_ids: Collection[int], rules: OrderRules, now: dt.datetime, *, customs: bool | None = None
) -> Goods:
    """One statement for a page's products; a second one only where customs data count and are missing.

    `customs`: whether they are looked at, where that is not what the rules say.
    """
    today = now.astimezone(rules.zone).date()
    asked = bool(rules.book and rules.book.asks_abroad)
    if not product_ids:
        return Goods(countries=_countries(account_id) if asked else {}, today=today)
    customs = rules.customs if customs is None else customs
    concerned = Q(preorder_until__gt=today) | LACKS_CUSTOMS if customs else Q(preorder_until__gt=today)
    found = Product.objects.filter(concerned, pk__in=sorted(product_ids)).order_by()
    products = {row.pk: row for row in map(ProductRow._make, found.values_list(*ProductRow._fields))}
    asked = asked or (customs and any(row.lacks_customs for row in products.values()))
    return Goods(products, _countries(account_id) if asked else {}, today)


def _countries(account_id: int) -> dict[int, str]:
    return dict(Warehouse.objects.filter(account_id=account_id).values_list("pk", "country"))
