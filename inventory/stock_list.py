"""The list of stock: one row for each product, with its numbers in total and at each warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import QueryDict

from fcp.keyset import walk
from fcp.listing import BATCH, Choice, Column, Empty, Flag, Listing, Rows
from fcp.models import Account
from fcp.roles import May

from .figures import figures_of, houses_of
from .models import Reports, Reservation, StockLevel, Warehouse, sku_key_of
from .sources import why_short

FEW = 4  # warehouses that have a column of their own


def _warehouses(account: Account) -> list[tuple[str, str]]:
    return [(str(house.pk), f"{house.code} · {house.name}") for house in houses_of(account)]


def at_warehouse(rows: Rows, warehouse: str) -> Rows:
    """Products that have a level or a reservation there."""
    levels = StockLevel.objects.filter(warehouse=int(warehouse), product=OuterRef("pk"))
    reserved = Reservation.objects.filter(warehouse=int(warehouse), product=OuterRef("pk"))
    return rows.filter(Exists(levels) | Exists(reserved))


def without_level(rows: Rows, warehouse: str = "") -> Rows:
    levels = StockLevel.objects.filter(product=OuterRef("pk"))
    return rows.exclude(Exists(levels.filter(warehouse=int(warehouse)) if warehouse else levels))


def unpaid(rows: Rows) -> Rows:
    return rows.filter(Exists(Reservation.objects.filter(product=OuterRef("pk"), unpaid=True)))


def oversold(rows: Rows) -> Rows:
    """Products of which more is promised than there is: `figures.reckoned` below 0, asked in the database."""
    promised = Reservation.objects.filter(product=OuterRef("pk"))
    below_zero = StockLevel.objects.filter(product=OuterRef("pk"), quantity__lt=0)
    rows = rows.filter(Exists(promised) | Exists(below_zero))  # few, so that only their sums are made
    there = StockLevel.objects.filter(product=OuterRef("product"), warehouse=OuterRef("warehouse"))
    known = there.filter(warehouse__reports=Reports.AVAILABLE, taken_at__gte=OuterRef("acked_at"))
    counting = promised.filter(Q(warehouse=None) | Exists(there)).exclude(Exists(known))
    levels = StockLevel.objects.filter(product=OuterRef("pk"))
    return rows.annotate(there=_sum(levels), needed=Coalesce(_sum(counting), 0)).filter(there__lt=F("needed"))


def _sum(rows: Any) -> Subquery:
    return Subquery(rows.order_by().values("product").annotate(pieces=Sum("quantity")).values("pieces"))


class StockListing(Listing):
    """`no_level` with a warehouse means: none there."""

    def narrow(self, rows: Rows, query: QueryDict, account: Account | None) -> tuple[Rows, int]:
        if query.get("no_level") != "1":
            return super().narrow(rows, query, account)
        rows = without_level(rows, chosen_warehouse(query, account))
        rest = query.copy()
        rest.pop("warehouse", None)
        return super().narrow(rows, rest, account)


WAREHOUSE = Choice("warehouse", "Warehouse", at_warehouse, choices=_warehouses)

STOCK = StockListing(
    key="stock",
    row="inventory/parts/stock_row.html",
    order=("sku_key", "id"),
    columns=(
        Column("sku", "SKU"),
        Column("on_hand", "On hand", align="end"),
        Column("reserved", "Reserved", align="end"),
        Column("available", "Available", align="end"),
    ),
    filters=(
        WAREHOUSE,
        Flag("no_level", "No level reported", lambda rows, value: rows),  # see StockListing.narrow
        Flag("oversold", "Oversold", lambda rows, value: oversold(rows)),
        Flag("unpaid", "Reserved, not paid", lambda rows, value: unpaid(rows)),
    ),
    search=lambda rows, text: rows.filter(sku_key__prefix=sku_key_of(text)),
    search_label="SKU begins with",
    empty=Empty(
        "No products yet",
        "Stock is kept for products. Take them from a store's catalogue, or add them one by one.",
        icon="packages",
        view="inventory:add_product",
        action="Add product",
        may=May.WORK_ORDERS,
    ),
    template="inventory/stock.html",
)


def chosen_warehouse(query: QueryDict, account: Account | None) -> str:
    """The id of the warehouse that the address asks for, if it is one of the account's."""
    return WAREHOUSE.read(query, account) or ""


def stock_listing(account: Account, query: QueryDict) -> Listing:
    """The list with a column for each warehouse that is shown."""
    shown = shown_houses(account, query)
    own = [Column(f"at-{house.pk}", house.code, align="end") for house in shown]
    return replace(STOCK, columns=(*STOCK.columns, *own), decorate=_decorating(shown))


def shown_houses(account: Account, query: QueryDict) -> list[Warehouse]:
    """The chosen warehouse, or all of them as long as they are few."""
    houses = houses_of(account)
    if chosen := chosen_warehouse(query, account):
        return [house for house in houses if str(house.pk) == chosen]
    return houses if len(houses) <= FEW else []


def _decorating(shown: Sequence[Warehouse]) -> Any:
    def decorate(rows: list[Any], account: Account | None) -> None:
        assert account is not None
        figures = figures_of([row.pk for row in rows], houses_of(account))
        for row in rows:
            row.figures = figures[row.pk]
            row.at = [row.figures.at_house(house.pk) for house in shown]
            row.why_short = why_short(account, row.pk) if row.figures.short else ""

    return decorate


HEADER = ("Warehouse", "SKU", "Product", "Quantity", "Reserved", "Time")


def level_rows(rows: Rows, account: Account, query: QueryDict, at: str) -> Iterator[tuple[Any, ...]]:
    """The list as lines of a file that can be imported again: one for each product and warehouse.

    `at` is the moment of the export: a quantity that goes back unchanged changes nothing, whatever moved meanwhile.
    Where no level was reported the quantity stays empty; a product that has none anywhere stands there once.
    """
    chosen = chosen_warehouse(query, account)
    houses = houses_of(account)
    every = walk(rows, STOCK.order)
    while batch := list(islice(every, BATCH)):
        figures = figures_of([row.pk for row in batch], houses)
        for row in batch:
            there = [one for one in figures[row.pk].at if not chosen or str(one.warehouse.pk) == chosen]
            lines = [one for one in there if chosen or one.quantity is not None or one.reserved]
            for one in lines or there[:1]:
                quantity = "" if one.quantity is None else one.quantity
                yield one.warehouse.code, row.sku, row.name, quantity, one.reserved, at
            if not there:
                yield "", row.sku, row.name, "", 0, ""
