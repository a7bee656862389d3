"""Stock: the numbers of all products, and for each number the page with its causes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from fcp.listing import Choice, Column, Empty, Listing
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from fcp.spreadsheets import csv_lines, workbook

from ..counting import MovedMeanwhile, correct, count, last_movement
from ..errors import InventoryError
from ..figures import Figures, figures_of, houses_of
from ..forms import CountForm
from ..models import Product, Reservation, StockLevel, StockMovement, Warehouse
from ..movement_list import movements_of_account, movements_of_product
from ..sources import sources_of
from ..step_words import shown_steps
from ..stock_list import FEW, HEADER, WAREHOUSE, level_rows, shown_houses, stock_listing

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_GET
def stock(request: PanelRequest) -> HttpResponseBase:
    listing = stock_listing(request.account, request.GET)
    rows = Product.objects.for_account(request.account)
    if (kind := request.GET.get("format")) in ("csv", "xlsx"):
        return _file(request, listing.narrow(rows, request.GET, request.account)[0], kind)
    houses = houses_of(request.account)
    context = {
        "lead": "What lies in your warehouses, what open orders need of it, and what is left to sell. "
        "Every number opens what it is made of.",
        "actions": "inventory/parts/stock_actions.html",
        "houses": houses,
        "hidden": len(houses) > FEW and not shown_houses(request.account, request.GET),
    }
    return listing.answer(request, rows, title="Stock", context=context)


def _file(request: PanelRequest, rows: Any, kind: str) -> HttpResponseBase:
    """The list as a file that can be imported again."""
    at = timezone.localtime().isoformat(timespec="seconds")
    lines = level_rows(rows, request.account, request.GET, at)
    if kind == "xlsx":
        return FileResponse(
            workbook(HEADER, lines, "Stock"), as_attachment=True, filename="stock.xlsx", content_type=XLSX
        )
    response = StreamingHttpResponse(csv_lines(HEADER, lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="stock.csv"'
    return response


# --- the causes of a number -----------------------------------------------------------------------------------------


@require_GET
def movements(request: PanelRequest) -> HttpResponseBase:
    rows = StockMovement.objects.for_account(request.account)
    context = {"lead": "Every change of a level, newest first. Nothing here is ever changed or deleted."}
    return movements_of_account(request.account).answer(
        request, rows, title="Movements", context=context | {"crumbs": [_stock_crumb(request)]}
    )


def _product(request: PanelRequest, pk: int) -> Product:
    return get_object_or_404(Product.objects.for_account(request.account), pk=pk)


def _stock_crumb(request: PanelRequest) -> tuple[str, str]:
    return "Stock", panel_url(request.account, "inventory:stock")


def _crumbs(request: PanelRequest, product: Product) -> list[tuple[str, str]]:
    return [_stock_crumb(request), (product.sku, panel_url(request.account, "inventory:product", pk=product.pk))]


@require_GET
def product_movements(request: PanelRequest, pk: int) -> HttpResponseBase:
    product = _product(request, pk)
    rows = StockMovement.objects.for_account(request.account).filter(product=product)
    context = {
        "product": product,
        "figures": _figures(request, product),
        "crumbs": _crumbs(request, product),
        "above": "inventory/parts/levels_above.html",
    }
    listing = movements_of_product(one_warehouse=False)
    return listing.answer(request, rows, title=f"Movements of {product.sku}", context=context)


def _figures(request: PanelRequest, product: Product) -> Figures:
    return figures_of([product.pk], houses_of(request.account))[product.pk]


def _with_sources(rows: list[Any], account: Account | None) -> None:
    assert account is not None
    sources = sources_of(account, [(row.source_kind, row.source_id) for row in rows])
    for row in rows:
        row.source = sources.get((row.source_kind, row.source_id))


RESERVED = Listing(
    key="reserved",
    row="inventory/parts/reserved_row.html",
    order=("since", "id"),
    columns=(
        Column("source", "Order", csv=lambda row: row.source.label if row.source else row.get_source_kind_display()),
        Column("quantity", "Pieces", csv=lambda row: row.quantity, align="end"),
        Column("warehouse", "Warehouse", csv=lambda row: row.warehouse.code if row.warehouse else ""),
        Column("since", "Since", csv=lambda row: row.since),
        Column("acked", "At the warehouse since", csv=lambda row: row.acked_at),
        Column("unpaid", "Paid", csv=lambda row: "no" if row.unpaid else "yes"),
    ),
    filters=(Choice("warehouse", "Warehouse", choices=WAREHOUSE.options),),
    prepare=lambda rows: rows.select_related("warehouse"),
    decorate=_with_sources,
    empty=Empty("Nothing is reserved", "No open order needs any of this product.", icon="circle-check"),
)


@require_GET
def reserved(request: PanelRequest, pk: int) -> HttpResponseBase:
    product = _product(request, pk)
    rows = Reservation.objects.for_account(request.account).filter(product=product)
    figures = _figures(request, product)
    lead = f"What open orders need of it, the oldest first: {figures.reserved:,} in all."
    return RESERVED.answer(
        request, rows, title=f"{product.sku} reserved", context={"lead": lead, "crumbs": _crumbs(request, product)}
    )


@require_GET
def available(request: PanelRequest, pk: int) -> HttpResponse:
    product = _product(request, pk)
    figures = _figures(request, product)
    context = {
        "product": product,
        "figures": figures,
        "steps": shown_steps(step for step in figures.steps if step.code != "floor"),
        "known": [one for one in figures.at if one.known],
        "not_counted": [one for one in figures.at if one.quantity is None and one.reserved],
        "crumbs": _crumbs(request, product),
    }
    return render(request, "inventory/available.html", context)


# --- a level, its count and its correction --------------------------------------------------------------------------


def level(request: PanelRequest, pk: int, warehouse: int) -> HttpResponseBase:
    product = _product(request, pk)
    house = get_object_or_404(Warehouse.objects.for_account(request.account), pk=warehouse)
    if request.method == "POST":
        return _count(request, product, house)
    return _level(request, product, house, None)


@may(May.STOCK)
def _count(request: PanelRequest, product: Product, house: Warehouse) -> HttpResponseBase:
    form = CountForm(request.POST)
    if not form.is_valid():
        return _level(request, product, house, form)
    given = form.cleaned_data
    say = correct if given["how"] == CountForm.CHANGE else count
    try:
        answer = say(
            product, house, given["number"], seen=given["seen"], reason=given["reason"].strip(),
            actor=str(request.user), now=timezone.now(),
        )  # fmt: skip
    except MovedMeanwhile as error:
        form.add_error(None, str(error))
        return _level(request, product, house, form, since=given["seen"])
    except InventoryError as error:
        form.add_error(None, str(error))
        return _level(request, product, house, form)
    messages.success(request, f"{product.sku} at {house.name}: {answer.sentence}")
    return redirect(panel_url(request.account, "inventory:level", pk=product.pk, warehouse=house.pk))


def _level(
    request: PanelRequest, product: Product, house: Warehouse, form: CountForm | None, *, since: int | None = None
) -> HttpResponseBase:
    """The page. A form that was refused keeps the last movement its sender knew, unless the page shows what has
    moved `since`.
    """
    last = last_movement(product, house)
    rows = StockMovement.objects.for_account(request.account).filter(product=product, warehouse=house)
    context = {
        "product": product,
        "house": house,
        "level": StockLevel.objects.filter(product=product, warehouse=house).first(),
        "here": _figures(request, product).at_house(house.pk),
        "form": form or CountForm(),
        "seen": form["seen"].value() if form and since is None else last,
        "meanwhile": list(rows.filter(pk__gt=since).order_by("-pk")[:10]) if since is not None else [],
        "crumbs": _crumbs(request, product),
    }
    listing = replace(movements_of_product(one_warehouse=True), template="inventory/level.html")
    return listing.answer(request, rows, title=f"{product.sku} at {house.name}", context=context)
