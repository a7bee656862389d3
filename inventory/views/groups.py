"""Groups of products: one thing in several variants, as a store sells it."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from fcp.forms import read_only_without
from fcp.listing import Column, Empty, Listing
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may

from ..forms import GroupForm
from ..models import Product, ProductGroup

MEMBERS = 300  # products that the page shows

GROUPS = Listing(
    key="groups",
    row="inventory/parts/group_row.html",
    order=("name", "id"),
    columns=(
        Column("name", "Name", csv=lambda group: group.name),
        Column("code", "Code", csv=lambda group: group.code),
        Column("options", "Options", csv=lambda group: ", ".join(str(name) for name in group.options)),
        Column("members", "Products", csv=lambda group: group.members, align="end"),
    ),
    search=lambda rows, text: rows.filter(name__istartswith=text),
    search_label="Name begins with",
    prepare=lambda rows: rows.annotate(members=Count("products")),
    empty=Empty(
        "No groups yet",
        "A group is one thing in several variants, like a shirt in its sizes. A pull from a store makes them.",
        icon="packages",
        view="inventory:add_group",
        action="Add group",
        may=May.WORK_ORDERS,
    ),
)


@require_GET
def groups(request: PanelRequest) -> HttpResponseBase:
    lead = "Products that are one thing in several variants. A store shows a group as one product."
    context = {"lead": lead, "actions": "inventory/parts/groups_actions.html", "crumbs": _crumbs(request)[:1]}
    return GROUPS.answer(request, ProductGroup.objects.for_account(request.account), title="Groups", context=context)


@may(May.WORK_ORDERS)
def add_group(request: PanelRequest) -> HttpResponse:
    form = GroupForm(request.account, request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _save(request, form)
    return render(request, "inventory/add.html", {"form": form, "heading": "Add group", "crumbs": _crumbs(request)})


def group(request: PanelRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(ProductGroup.objects.for_account(request.account), pk=pk)
    if request.method == "POST":
        return _change(request, found)
    return _page(request, found, GroupForm(request.account, instance=found))


@may(May.WORK_ORDERS)
def _change(request: PanelRequest, found: ProductGroup) -> HttpResponse:
    """`dissolve`: its products stay, in no group."""
    if "dissolve" in request.POST:
        _dissolve(found)
        messages.success(request, f"{found.name} is dissolved. Its products are still here, each for itself.")
        return redirect(panel_url(request.account, "inventory:groups"))
    form = GroupForm(request.account, request.POST, instance=found)
    if form.is_valid():
        return _save(request, form)
    return _page(request, ProductGroup.objects.get(pk=found.pk), form, sent=True)


def _dissolve(found: ProductGroup) -> None:
    """Its products count as changed, as stores show them otherwise now, and have no values of its options any more."""
    with transaction.atomic():
        Product.objects.filter(group=found).update(options=[], changed_at=timezone.now())
        found.delete()


def _save(request: PanelRequest, form: GroupForm) -> HttpResponse:
    saved = form.save()
    messages.success(request, f"{saved.name} is saved.")
    return redirect(panel_url(request.account, "inventory:group", pk=saved.pk))


def _page(request: PanelRequest, found: ProductGroup, form: GroupForm, *, sent: bool = False) -> HttpResponse:
    members = list(Product.objects.for_account(request.account).filter(group=found).order_by("pk")[: MEMBERS + 1])
    context = {
        "group": found,
        "form": read_only_without(May.WORK_ORDERS, request, form),
        "sent": sent,
        "members": members[:MEMBERS],
        "more": len(members) > MEMBERS,
        "crumbs": _crumbs(request),
    }
    return render(request, "inventory/group.html", context)


def _crumbs(request: PanelRequest) -> list[tuple[str, str]]:
    return [
        ("Products", panel_url(request.account, "inventory:products")),
        ("Groups", panel_url(request.account, "inventory:groups")),
    ]
