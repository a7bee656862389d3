"""Orders for the operator's staff: looked up here, worked on in the panel."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import TabularInline
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from fcp.admin import LookUpAdmin, among
from fcp.panel import panel_url
from fcp.wording import plural
from orders.errors import OrderError
from orders.holding import lift_hold
from orders.labels import FULFILLMENTS, PAYMENTS
from orders.models import (
    Cure,
    Fulfillment,
    FulfillmentLine,
    HeldGroup,
    Hold,
    Order,
    OrderEvent,
    OrderLine,
    OrderParty,
    OrderRule,
    Parcel,
    Remapping,
    RequestLine,
    RuleBook,
    RuleNotice,
    RuleVersion,
    SeenOrder,
    ShippingRequest,
    ToSettle,
    TrackingImport,
)
from orders.timeline import SAYINGS, SEEN_BY


class Rows(TabularInline):
    """Rows of another table below a row; nothing is changed here."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_staff)


class OfOrder(LookUpAdmin):
    """What belongs to an order leads to it, and to its page in the panel."""

    list_select_related = ["account", "order"]
    raw_id_fields = ["order"]

    def view_on_site(self, obj: Any) -> str:
        return panel_url(obj.account, "orders:order", pk=obj.order_id)

    @admin.display(description="order", ordering="order_id")
    def of_order(self, obj: Any) -> str:
        return linked(obj.order)


def linked(row: Model) -> str:
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, row)


class LineRows(Rows):
    model = OrderLine
    fields = ["sku", "title", "quantity", "store_quantity", "shipped", "ships", "product", "removed_at"]
    raw_id_fields = ["product"]


class PartyRows(Rows):
    model = OrderParty
    fields = ["role", "name", "company", "street1", "street2", "city", "region", "postcode", "country"]


class HoldRows(Rows):
    model = Hold
    fields = ["kind", "cause", "note", "placed_at", "placed_by", "until", "lifted_at", "lifted_by"]


class RequestRows(Rows):
    model = ShippingRequest
    fields = ["number", "warehouse", "partner", "state", "revision", "offered_at", "acknowledged_at"]
    show_change_link = True


class FulfillmentRows(Rows):
    model = Fulfillment
    fields = ["origin", "carrier", "shipped_at", "told", "told_at", "attempts", "problem", "voided_at"]
    show_change_link = True


class EventRows(Rows):
    model = OrderEvent
    fields = ["at", "actor", "code", "params"]


@admin.register(Order)
class OrderAdmin(LookUpAdmin):
    panel_view = "orders:order"
    list_display = ["number", "account", "store", "state", "state_since", "placed_at", "units", "sum", "in_panel"]
    list_filter = ["state", among("payment", PAYMENTS), among("fulfillment", FULFILLMENTS)]
    search_fields = ["number_key__prefix", "email_key__prefix", "uid"]
    search_help_text = "The beginning of an order number or e-mail address, or the store's own id."
    list_select_related = ["account", "store"]
    ordering = ["-pk"]
    inlines = [LineRows, PartyRows, HoldRows, RequestRows, FulfillmentRows, EventRows]

    @admin.display(description="total")
    def sum(self, order: Order) -> str:
        return f"{order.total:.2f} {order.currency}"


@admin.register(SeenOrder)
class SeenOrderAdmin(LookUpAdmin):
    """Every order a store ever showed, imported or not, and why not."""

    list_display = ["number", "account", "store", "outcome", "reasons", "seen_by", "first_seen_at", "changed_at"]
    list_filter = ["outcome", among("seen_by", SEEN_BY)]
    search_fields = ["number_key__prefix", "uid"]
    list_select_related = ["account", "store"]
    ordering = ["-pk"]


@admin.register(Cure)
class CureAdmin(LookUpAdmin):
    """Presses that freed a group of holds, how far they are, and whether they were taken back."""

    list_display = ["at", "account", "kind", "word", "target", "by", "state", "total", "done", "kept", "undone_by"]
    list_filter = ["state", "kind"]
    search_fields = ["word"]
    list_select_related = ["account"]
    ordering = ["-pk"]


@admin.register(HeldGroup)
class HeldGroupAdmin(LookUpAdmin):
    """What people noted of groups of holds."""

    list_display = ["kind", "cause", "account", "owner", "note", "snoozed_until", "changed_at", "changed_by"]
    list_filter = ["kind", ("snoozed_until", admin.EmptyFieldListFilter)]
    search_fields = ["note"]
    list_select_related = ["account", "owner"]
    ordering = ["-pk"]


@admin.register(Hold)
class HoldAdmin(OfOrder):
    list_display = [
        "of_order", "account", "kind", "cause", "note", "placed_at", "placed_by", "until", "lifted_at", "answered",
        "in_panel",
    ]  # fmt: skip
    list_filter = ["kind", ("lifted_at", admin.EmptyFieldListFilter), ("until", admin.EmptyFieldListFilter)]
    search_fields = ["order__number_key__prefix", "note"]
    ordering = ["-pk"]
    actions = ["lift"]

    @admin.action(description="Lift the chosen holds")
    def lift(self, request: HttpRequest, holds: QuerySet[Hold]) -> None:
        """Only those that a person lifts; each leaves its line in the order's timeline."""
        lifted = 0
        for hold in holds.filter(lifted_at__isnull=True).select_related("order"):
            try:
                lift_hold(hold, by=str(request.user), now=timezone.now())
                lifted += 1
            except OrderError as error:
                self.message_user(request, f"{hold.order}: {error}", messages.WARNING)
        self.message_user(request, f"{plural(lifted, 'hold is,holds are')} lifted.")


class RequestLineRows(Rows):
    model = RequestLine
    fields = ["line", "quantity"]
    raw_id_fields = ["line"]


@admin.register(ShippingRequest)
class ShippingRequestAdmin(OfOrder):
    list_display = ["__str__", "of_order", "account", "warehouse", "partner", "state", "revision", "changed_at"]
    list_filter = ["state", "partner"]
    search_fields = ["order__number_key__prefix", "partner_ref"]
    list_select_related = ["account", "order", "warehouse", "partner"]
    ordering = ["-pk"]
    inlines = [RequestLineRows]


class FulfillmentLineRows(Rows):
    model = FulfillmentLine
    fields = ["line", "quantity"]
    raw_id_fields = ["line"]


class ParcelRows(Rows):
    model = Parcel
    fields = ["tracking", "url"]


@admin.register(Fulfillment)
class FulfillmentAdmin(OfOrder):
    list_display = ["__str__", "of_order", "account", "origin", "carrier", "shipped_at", "told", "attempts", "problem"]
    list_filter = ["told", "origin", ("voided_at", admin.EmptyFieldListFilter)]
    search_fields = ["order__number_key__prefix", "partner_ref", "store_ref"]
    ordering = ["-pk"]
    inlines = [FulfillmentLineRows, ParcelRows]


@admin.register(ToSettle)
class ToSettleAdmin(LookUpAdmin):
    """What changed a moment ago, until its orders have followed."""

    list_display = ["at", "what", "row", "account"]
    list_filter = ["what"]
    search_fields = ["account__name"]
    list_select_related = ["account"]


@admin.register(OrderEvent)
class OrderEventAdmin(OfOrder):
    list_display = ["at", "of_order", "account", "actor", "code", "params"]
    list_filter = [among("code", {code: code for code in sorted(SAYINGS)})]
    search_fields = ["order__number_key__prefix", "actor"]
    ordering = ["-pk"]


@admin.register(Remapping)
class RemappingAdmin(LookUpAdmin):
    """What became of orders when a word that had decided them got another meaning."""

    list_display = [
        "at",
        "account",
        "store",
        "kind",
        "word",
        "before",
        "after",
        "by",
        "again",
        "ask",
        "state",
        "counts",
    ]
    list_filter = ["kind", "state"]
    search_fields = ["word", "by", "account__name"]
    list_select_related = ["account", "store"]
    ordering = ["-pk"]


@admin.register(OrderRule)
class OrderRuleAdmin(LookUpAdmin):
    """What an account wants done with its orders; changed in the panel, where each change is tried and kept."""

    panel_view = "orders:rule"
    list_display = ["name", "account", "position", "enabled", "version", "changed_at", "changed_by", "in_panel"]
    list_filter = ["enabled", ("deleted_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "account__name"]
    list_select_related = ["account"]
    ordering = ["account", "position", "pk"]


@admin.register(RuleVersion)
class RuleVersionAdmin(LookUpAdmin):
    list_display = ["rule", "account", "number", "at", "by", "why"]
    search_fields = ["rule__name", "by"]
    list_select_related = ["account", "rule"]
    ordering = ["-pk"]


@admin.register(RuleBook)
class RuleBookAdmin(LookUpAdmin):
    list_display = ["account", "version", "settled", "changed_at"]
    search_fields = ["account__name"]
    list_select_related = ["account"]


@admin.register(RuleNotice)
class RuleNoticeAdmin(OfOrder):
    list_display = ["at", "of_order", "account", "rule", "sent_at"]
    list_filter = [("sent_at", admin.EmptyFieldListFilter)]
    list_select_related = ["account", "order", "rule"]
    ordering = ["-pk"]


@admin.register(TrackingImport)
class TrackingImportAdmin(LookUpAdmin):
    """Files of tracking numbers: who sent them, what became of their rows."""

    list_display = ["created_at", "account", "file_name", "state", "position", "writable", "actor", "in_panel"]
    list_filter = ["state"]
    search_fields = ["file_name", "actor", "account__name"]
    list_select_related = ["account"]
    exclude = ["packed"]
    ordering = ["-pk"]
    panel_view = "orders:tracking_file"
