"""Aliases: other codes of the account's products, and how many of a product each is. Seen, added, changed, removed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import F, Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fcp.listing import Choice, Column, Empty, Filter, Flag, Listing, Rows
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from inventory.models import Alias, AliasType, sku_key_of

from .alias_changes import NOTHING, NewAlias, change_alias, meaning_of_alias
from .alias_forms import AliasAddForm, AliasRowForm
from .errors import MappingError

MANY = 1000


def types_of(account: Account) -> list[tuple[str, str]]:
    return [(str(one.pk), one.name) for one in AliasType.objects.for_account(account)[:MANY]]


def _find(rows: Rows, text: str) -> Rows:
    """By the code, and by the SKU of the product; each has its index."""
    key = sku_key_of(text)
    of_product = rows.filter(product__sku_key__prefix=key, product__account=F("account")).order_by()
    ids = list(of_product.values_list("pk", flat=True)[:MANY])
    return rows.filter(Q(code_key__prefix=key) | Q(pk__in=ids))


def _means(rows: Rows, value: str) -> Rows:
    return rows.filter(product__sku_key=sku_key_of(value), product__account=F("account"))


def decorate(rows: list[Any], account: Account | None) -> None:
    assert account is not None
    for row in rows:
        row.url = panel_url(account, "mappings:alias", pk=row.pk)
        row.form = AliasRowForm(account, row)


ALIASES = Listing(
    key="aliases",
    row="mappings/parts/alias_row.html",
    order=("code_key", "id"),
    columns=(
        Column("word", "Alias", csv=lambda row: row.code),
        Column("type", "Type", csv=lambda row: row.alias_type.name),
        Column("target", "Product", csv=lambda row: row.product.sku),
        Column("units", "Units", csv=lambda row: row.units, hidden=True),
    ),
    filters=(
        Choice("type", "Type", lambda rows, value: rows.filter(alias_type_id=value), choices=types_of),
        Filter("target", "Product", _means),
        Flag("several", "Several pieces", lambda rows, value: rows.filter(units__gt=1)),
    ),
    search=_find,
    search_label="Alias or product begins with",
    template="mappings/list.html",
    prepare=lambda rows: rows.select_related("alias_type", "product"),
    decorate=decorate,
    decorate_files=False,
    empty=Empty(
        "No aliases yet",
        "Other codes of your products: a marketplace's number, an old SKU, a box of six. Add one here, on a "
        "product's page, or many by a file; the API of a warehouse may report them too.",
        icon="tags",
        view="mappings:add_alias",
        action="Add alias",
        may=May.WORK_ORDERS,
    ),
)


@require_GET
def aliases(request: PanelRequest) -> HttpResponseBase:
    context = {
        "lead": "Other codes of your products, and how many of a product each one is.",
        "above": "mappings/parts/aliases_above.html",
        "actions": "mappings/parts/aliases_actions.html",
    }
    return ALIASES.answer(request, Alias.objects.for_account(request.account), title="Aliases", context=context)


@require_http_methods(["GET", "POST"])
def alias(request: PanelRequest, pk: int) -> HttpResponseBase:
    """Its product's page; a POST changes it and answers with its row in the list."""
    rows = Alias.objects.for_account(request.account).select_related("alias_type", "product")
    row = get_object_or_404(rows, pk=pk)
    if request.method == "POST":
        return _change(request, row)
    return redirect(panel_url(request.account, "inventory:product", pk=row.product_id) + "#aliases")


@may(May.WORK_ORDERS)
def _change(request: PanelRequest, row: Alias) -> HttpResponse:
    form = AliasRowForm(request.account, row, request.POST)
    try:
        if not form.is_valid():
            raise MappingError(" ".join(str(one) for errors in form.errors.values() for one in errors), "wrong")
        changed = form.apply(str(request.user), timezone.now())
    except MappingError as error:
        messages.error(request, f"“{row}” is not saved. {error}")
        return _answer(request, row, form)
    row.refresh_from_db()
    if changed:
        messages.success(request, f"“{row}” means {_pieces(row)} from now on.")
    return _answer(request, row, None)


def _pieces(row: Alias) -> str:
    return f"{row.units:,} × {row.product.sku}" if row.units != 1 else row.product.sku


def _answer(request: PanelRequest, row: Alias, form: AliasRowForm | None) -> HttpResponse:
    if not request.htmx:
        return redirect(panel_url(request.account, "mappings:aliases"))
    decorate([row], request.account)
    if form is not None and not form.is_valid():
        row.form = form  # type: ignore[attr-defined]
    return render(request, "mappings/parts/alias_answer.html", {"row": row})


@require_POST
@may(May.WORK_ORDERS)
def remove_alias(request: PanelRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Alias.objects.for_account(request.account).select_related("product"), pk=pk)
    wanted = NewAlias(row.alias_type_id, row.code, dict(NOTHING), meaning_of_alias(row))
    try:
        change_alias(request.account, wanted, by=str(request.user), now=timezone.now())
    except MappingError as error:
        messages.error(request, f"“{row}” stays. {error}")
    else:
        messages.success(request, f"“{row}” does not mean {row.product.sku} any more.")
    return redirect(panel_url(request.account, "mappings:aliases"))


@require_http_methods(["GET", "POST"])
@may(May.WORK_ORDERS)
def add_alias(request: PanelRequest) -> HttpResponse:
    form = AliasAddForm(request.account, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            form.apply(str(request.user), timezone.now())
        except MappingError as error:
            form.add_error("code", str(error))
        else:
            messages.success(request, f"“{form.cleaned_data['code']}” means {form.product} from now on.")
            return redirect(panel_url(request.account, "mappings:aliases"))
    context = {"form": form, "crumbs": [("Aliases", panel_url(request.account, "mappings:aliases"))]}
    return render(request, "mappings/alias.html", context)
