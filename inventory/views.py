"""Products and warehouses of an account."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from fcp.forms import read_only_without
from fcp.listing import Column, Empty, Listing
from fcp.models import Account, AuditEntry
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may

from .forms import ProductForm, WarehouseForm
from .models import Product, Warehouse, sku_key_of
from .signals import product_named

PRODUCTS = Listing(
    key="products",
    row="inventory/parts/product_row.html",
    order=("sku_key", "id"),
    columns=(
        Column("sku", "SKU", csv=lambda product: product.sku),
        Column("name", "Name", csv=lambda product: product.name),
        Column("barcode", "Barcode", csv=lambda product: product.barcode),
        Column("weight", "Weight", csv=lambda product: product.weight_grams, align="end"),
        Column("customs", "Customs code", csv=lambda product: product.customs_code),
        Column("origin", "Origin", csv=lambda product: product.origin),
        Column("created", "Added", csv=lambda product: product.created_at, hidden=True),
    ),
    search=lambda rows, text: rows.filter(sku_key__prefix=sku_key_of(text)),
    search_label="SKU begins with",
    empty=Empty(
        "No products yet",
        "Products are what your stores' listings mean. Take them from a store's catalogue, or add them one by one.",
        icon="box",
        view="inventory:add_product",
        action="Add product",
    ),
)

WAREHOUSES = Listing(
    key="warehouses",
    row="inventory/parts/warehouse_row.html",
    order=("code", "id"),
    columns=(
        Column("code", "Code", csv=lambda warehouse: warehouse.code),
        Column("name", "Name", csv=lambda warehouse: warehouse.name),
        Column("country", "Country", csv=lambda warehouse: warehouse.country),
        Column("partner", "Partner", csv=lambda warehouse: warehouse.partner or ""),
        Column("kept_by", "Stock is kept by", csv=lambda warehouse: warehouse.get_kept_by_display()),
    ),
    prepare=lambda rows: rows.select_related("partner"),
    empty=Empty(
        "No warehouses yet",
        "A warehouse is where your stock lies and from where orders ship.",
        icon="building-warehouse",
        view="inventory:add_warehouse",
        action="Add warehouse",
    ),
)


@require_GET
def products(request: PanelRequest) -> HttpResponseBase:
    lead = "What you sell, under your own SKU. Listings of your stores are linked to these."
    context = {"lead": lead, "actions": "inventory/parts/products_actions.html"}
    return PRODUCTS.answer(request, Product.objects.for_account(request.account), title="Products", context=context)


@may(May.WORK_ORDERS)
def add_product(request: PanelRequest) -> HttpResponse:
    return _product(request, None)


def product(request: PanelRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(Product.objects.for_account(request.account), pk=pk)
    if request.method == "POST":
        return _change_product(request, found)
    return _product(request, found)


@may(May.WORK_ORDERS)
def _change_product(request: PanelRequest, found: Product) -> HttpResponse:
    return _product(request, found)


def _product(request: PanelRequest, found: Product | None) -> HttpResponse:
    form = read_only_without(
        May.WORK_ORDERS, request, ProductForm(request.account, request.POST or None, instance=found)
    )
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        if "sku" in form.changed_data:
            product_named.send(Product, product=saved, by=str(request.user), now=timezone.now())
        messages.success(request, f"{saved.sku} is saved.")
        return redirect(panel_url(request.account, "inventory:products"))
    # The instance of a form that was refused carries what was typed: the title names what is stored.
    name = Product.objects.values_list("sku", flat=True).get(pk=found.pk) if found else ""
    crumbs = [("Products", panel_url(request.account, "inventory:products"))]
    return render(request, "inventory/product.html", {"form": form, "product": found, "name": name, "crumbs": crumbs})


@require_GET
def warehouses(request: PanelRequest) -> HttpResponseBase:
    lead = "Where your stock lies and orders ship from."
    context = {"lead": lead, "actions": "inventory/parts/warehouses_actions.html"}
    rows = Warehouse.objects.for_account(request.account)
    return WAREHOUSES.answer(request, rows, title="Warehouses", context=context)


@may(May.CONNECT)
def add_warehouse(request: PanelRequest) -> HttpResponse:
    return _warehouse(request, None)


def warehouse(request: PanelRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(Warehouse.objects.for_account(request.account), pk=pk)
    if request.method == "POST":
        return _change_warehouse(request, found)
    return _warehouse(request, found)


@may(May.CONNECT)
def _change_warehouse(request: PanelRequest, found: Warehouse) -> HttpResponse:
    return _warehouse(request, found)


def _warehouse(request: PanelRequest, found: Warehouse | None) -> HttpResponse:
    form = WarehouseForm(request.account, request.POST or None, instance=found, staff=request.user.is_staff)
    read_only_without(May.CONNECT, request, form)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        _note(request.account, request, saved, form.changed_data)
        messages.success(request, f"{saved.name} is saved.")
        return redirect(panel_url(request.account, "inventory:warehouses"))
    name = Warehouse.objects.values_list("name", flat=True).get(pk=found.pk) if found else ""
    context = {
        "form": form,
        "warehouse": found,
        "name": name,
        "ship_codes": found.partner.ship_codes if found and found.partner else [],
        "crumbs": [("Warehouses", panel_url(request.account, "inventory:warehouses"))],
    }
    return render(request, "inventory/warehouse.html", context)


def _note(account: Account, request: PanelRequest, saved: Warehouse, changed: list[str]) -> None:
    """Where orders go is worth an entry of its own."""
    if changed:
        params = {"code": saved.code, "partner": saved.partner.name if saved.partner else "", "changed": changed}
        AuditEntry.objects.create(
            account=account, at=timezone.now(), actor=str(request.user), code="warehouse_saved", params=params
        )
