"""The products of an account, and what each one's page shows: names, other codes, stock, what the other apps add."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fcp.forms import read_only_without
from fcp.listing import Choice, Column, Empty, Flag, Listing, Rows
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may

from .. import aliases
from ..errors import InventoryError
from ..figures import figures_of, houses_of
from ..forms import AliasForm, ProductForm
from ..models import Alias, Product, ProductGroup, StockMovement, sku_key_of
from ..movement_list import decorate
from ..signals import product_named
from ..sources import parts_of

LATEST = 10  # movements that the page shows
SIBLINGS = 50  # other products of its group, likewise

MOST_GROUPS = 300  # that the filter offers; the others are found by their own list


def groups_of(account: Account) -> list[tuple[str, str]]:
    rows = ProductGroup.objects.for_account(account).order_by("name", "pk").values_list("pk", "name")
    return [(str(pk), name) for pk, name in rows[:MOST_GROUPS]]


def _alone(rows: Rows, _: object) -> Rows:
    return rows.filter(group=None)


def _ahead(rows: Rows, _: object) -> Rows:
    return rows.filter(preorder_until__gt=timezone.localdate())


PRODUCTS = Listing(
    key="products",
    row="inventory/parts/product_row.html",
    order=("sku_key", "id"),
    columns=(
        Column("sku", "SKU", csv=lambda product: product.sku),
        Column("name", "Name", csv=lambda product: product.name),
        Column("group", "Group", csv=lambda product: product.group or ""),
        Column("price", "Price", csv=lambda product: product.price, align="end"),
        Column("currency", "Currency", csv=lambda product: product.currency, hidden=True),
        Column("barcode", "Barcode", csv=lambda product: product.barcode),
        Column("weight", "Weight", csv=lambda product: product.weight_grams, align="end"),
        Column("customs", "Customs code", csv=lambda product: product.customs_code),
        Column("origin", "Origin", csv=lambda product: product.origin),
        Column("ahead", "Sold ahead until", csv=lambda product: product.preorder_until, hidden=True),
        Column("created", "Added", csv=lambda product: product.created_at, hidden=True),
    ),
    filters=(
        Choice("group", "Group", choices=groups_of),
        Flag("alone", "In no group", _alone),
        Flag("ahead", "Sold ahead", _ahead),
    ),
    prepare=lambda rows: rows.select_related("group"),
    search=lambda rows, text: rows.filter(sku_key__prefix=sku_key_of(text)),
    search_label="SKU begins with",
    empty=Empty(
        "No products yet",
        "Products are what your stores' listings mean. Take them from a store's catalogue, or add them one by one.",
        icon="box",
        view="inventory:add_product",
        action="Add product",
        may=May.WORK_ORDERS,
    ),
)


@require_GET
def products(request: PanelRequest) -> HttpResponseBase:
    lead = "What you sell, under your own SKU. Listings of your stores are linked to these."
    context = {"lead": lead, "actions": "inventory/parts/products_actions.html"}
    return PRODUCTS.answer(request, Product.objects.for_account(request.account), title="Products", context=context)


@may(May.WORK_ORDERS)
def add_product(request: PanelRequest) -> HttpResponse:
    form = ProductForm(request.account, request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _save(request, form)
    return render(request, "inventory/add.html", {"form": form, "heading": "Add product", "crumbs": _crumbs(request)})


def product(request: PanelRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(Product.objects.for_account(request.account), pk=pk)
    if request.method == "POST":
        return _change_product(request, found)
    return product_page(request, found)


@may(May.WORK_ORDERS)
def _change_product(request: PanelRequest, found: Product) -> HttpResponse:
    form = ProductForm(request.account, request.POST, instance=found)
    if form.is_valid():
        return _save(request, form)
    # The instance of a form that was refused carries what was typed: the page shows what is stored.
    return product_page(request, Product.objects.get(pk=found.pk), form=form)


def _save(request: PanelRequest, form: ProductForm) -> HttpResponse:
    saved = form.save()
    if "sku" in form.changed_data:
        product_named.send(Product, product=saved, by=str(request.user), now=timezone.now())
    messages.success(request, f"{saved.sku} is saved.")
    return redirect(panel_url(request.account, "inventory:product", pk=saved.pk))


def _crumbs(request: PanelRequest) -> list[tuple[str, str]]:
    return [("Products", panel_url(request.account, "inventory:products"))]


def product_page(request: PanelRequest, found: Product, **forms: Any) -> HttpResponse:
    """The page; `forms` are those that were sent and refused, shown open with what was typed."""
    form = read_only_without(
        May.WORK_ORDERS, request, forms.get("form") or ProductForm(request.account, instance=found)
    )
    latest = list(
        StockMovement.objects.for_account(request.account)
        .filter(product=found)
        .select_related("warehouse")
        .order_by("-pk")[: LATEST + 1]
    )
    decorate(latest, request.account)
    siblings = (
        Product.objects.filter(group=found.group_id).exclude(pk=found.pk).order_by("pk") if found.group_id else ()
    )
    context = {
        "product": found,
        "options": list(zip(found.group.options, found.options, strict=False)) if found.group else [],
        "siblings": list(siblings[:SIBLINGS]),
        "form": read_only_without(May.WORK_ORDERS, request, form),
        "sent": dict.fromkeys(forms, True),
        "figures": figures_of([found.pk], houses_of(request.account))[found.pk],
        "latest": latest[:LATEST],
        "more": len(latest) > LATEST,
        "groups": aliases.by_type(found, forms.get("changed_alias")),
        "alias_form": forms.get("alias_form") or AliasForm(found),
        "parts": parts_of(request, found),
        "crumbs": _crumbs(request),
    }
    return render(request, "inventory/product.html", context)


# --- aliases --------------------------------------------------------------------------------------------------------


@require_POST
def add_alias(request: PanelRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(Product.objects.for_account(request.account), pk=pk)
    return _add_alias(request, found)


@may(May.WORK_ORDERS)
def _add_alias(request: PanelRequest, found: Product) -> HttpResponse:
    form = AliasForm(found, request.POST)
    if not form.is_valid():
        return product_page(request, found, alias_form=form)
    return _store_alias(request, found, form)


@require_POST
def change_alias(request: PanelRequest, pk: int, alias: int) -> HttpResponseBase:
    """Another code for it, or (`remove`) none."""
    found = get_object_or_404(Product.objects.for_account(request.account), pk=pk)
    row = get_object_or_404(Alias.objects.for_account(request.account).select_related("alias_type"), pk=alias)
    if row.product_id != found.pk:
        return _to_aliases(request, found)  # it was given to another product meanwhile
    return _change_alias(request, found, row)


@may(May.WORK_ORDERS)
def _change_alias(request: PanelRequest, found: Product, row: Alias) -> HttpResponse:
    if "remove" in request.POST:
        aliases.remove(row, by=str(request.user), now=timezone.now())
        messages.success(request, f"{row.code} does not mean {found.sku} any more.")
        return _to_aliases(request, found)
    form = AliasForm(found, request.POST, alias=row)
    if not form.is_valid():
        return product_page(request, found, changed_alias=form)
    return _store_alias(request, found, form)


def _store_alias(request: PanelRequest, found: Product, form: AliasForm) -> HttpResponse:
    try:
        stored = form.save(by=str(request.user), now=timezone.now())
    except InventoryError as error:
        messages.error(request, str(error))
    else:
        pieces = f"{stored.units:,} pieces of {found.sku}" if stored.units != 1 else found.sku
        messages.success(request, f"{stored.code} means {pieces}, as {stored.alias_type}.")
    return _to_aliases(request, found)


def _to_aliases(request: PanelRequest, found: Product) -> HttpResponse:
    return redirect(panel_url(request.account, "inventory:product", pk=found.pk) + "#aliases")
