"""What the API answers. Ids are texts; times are ISO 8601 with a zone; amounts are texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from fcp.api_shapes import Named, Shape, time_text
from inventory.api.replies import WarehouseRef
from orders.models import Fulfillment, Order, ShippingRequest
from orders.models.shipping import ChangeAnswer, RequestState, Told
from orders.state import State


class Address(Shape):
    name = serializers.CharField()
    company = serializers.CharField()
    street1 = serializers.CharField()
    street2 = serializers.CharField()
    city = serializers.CharField()
    region = serializers.CharField()
    postcode = serializers.CharField()
    country = serializers.CharField(help_text="ISO 3166-1, two letters.")
    phone = serializers.CharField()
    email = serializers.CharField()


class Money(Shape):
    amount = serializers.CharField()
    currency = serializers.CharField()


class Notes(Shape):
    buyer = serializers.CharField()
    gift = serializers.CharField()
    delivery = serializers.CharField()
    ours = serializers.CharField(help_text="What the merchant's people wrote for the warehouse.")


class Choice(Shape):
    name = serializers.CharField()
    value = serializers.CharField()


class LineToShip(Shape):
    id = serializers.CharField()
    sku = serializers.CharField(help_text="As the store shows it.")
    product_sku = serializers.CharField(help_text="The product's own SKU.")
    title = serializers.CharField()
    options = Choice(many=True, help_text="What the buyer chose or typed, such as a size or an engraving.")
    quantity = serializers.IntegerField(help_text="How many to ship.")
    shipped = serializers.IntegerField(help_text="How many of these have shipped.")
    units = serializers.IntegerField(help_text="Pieces of the product in one.")


class Change(Shape):
    """What changed after you took the request, and you are asked to follow. What stays as it is is null."""

    ship_to = Address(allow_null=True, help_text="The new address.")
    ship_code = serializers.CharField(allow_null=True, help_text="The new ship code.")
    carrier = serializers.CharField(allow_null=True)
    service = serializers.CharField(allow_null=True)
    asked_at = serializers.DateTimeField()
    answer = serializers.ChoiceField(
        choices=[("asked", "Not answered yet"), *ChangeAnswer.choices],
        help_text="asked: send a change-answer. accepted: the request shows the new values now.",
    )
    reason = serializers.CharField(help_text="Why it was too late.")


class RequestShape(Shape):
    """A shipping request as it is now."""

    id = serializers.CharField()
    revision = serializers.IntegerField(help_text="Rises when the request changes; send it with the acknowledgement.")
    state = serializers.ChoiceField(choices=RequestState.choices)
    order = serializers.CharField(help_text="The order's id.")
    order_number = serializers.CharField()
    placed_at = serializers.DateTimeField()
    account = Named()
    store = serializers.CharField()
    warehouse = WarehouseRef()
    ship_code = serializers.CharField()
    carrier = serializers.CharField()
    service = serializers.CharField()
    pickup = serializers.BooleanField()
    to_collect = Money(allow_null=True, help_text="What the buyer pays on delivery, or null.")
    ship_to = Address()
    notes = Notes()
    wms = serializers.DictField(
        help_text="What you asked to be told of the store (see `/partner`), by the keys of your fields; what is not "
        "filled in is missing."
    )
    lines = LineToShip(many=True)
    reference = serializers.CharField(help_text="Your own number for it.")
    reason = serializers.CharField(help_text="Why it was rejected, or what you said when asked to stop.")
    offered_at = serializers.DateTimeField()
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    cancel_asked_at = serializers.DateTimeField(allow_null=True)
    change = Change(allow_null=True, help_text="Null: nothing changed since you took it.")
    changed_at = serializers.DateTimeField()


class RequestPage(Shape):
    results = RequestShape(many=True)
    next = serializers.CharField(allow_null=True, help_text="Send it as `after` for the next page; null: the last one.")


AS_SHOWN = ("ship_code", "carrier", "service", "pickup", "to_collect", "ship_to", "notes")


def request_shape(request: ShippingRequest, shipped: dict[int, int]) -> dict[str, Any]:
    """`shipped`: pieces of this request by order line. Loaded with account and warehouse."""
    shown = request.snapshot
    return {
        "id": str(request.pk),
        "revision": request.revision,
        "state": request.state,
        "order": str(request.order_id),
        "order_number": shown["order_number"],
        "placed_at": shown["placed_at"],
        "account": {"id": str(request.account_id), "name": request.account.name},
        "store": shown["store"],
        "warehouse": {
            "id": str(request.warehouse_id), "code": request.warehouse.code, "name": request.warehouse.name,
        },
        **{name: shown[name] for name in AS_SHOWN},
        "wms": shown.get("wms", {}),
        "lines": [
            {**line, "options": _options(line["options"]), "shipped": shipped.get(int(line["id"]), 0)}
            for line in shown["lines"]
        ],
        "reference": request.partner_ref,
        "reason": request.reason,
        "offered_at": time_text(request.offered_at),
        "acknowledged_at": time_text(request.acknowledged_at),
        "cancel_asked_at": time_text(request.cancel_asked_at),
        "change": _change(request),
        "changed_at": time_text(request.changed_at),
    }  # fmt: skip


NAMES_PERSONS = ("ship_to", "notes")


def without_persons(shape: Mapping[str, Any]) -> dict[str, Any]:
    """A request's shape as it may be kept; what a change wants of the address is only that there is one."""
    change = shape["change"]
    if change and change["ship_to"]:
        change = {**change, "ship_to": {}}
    return {**shape, **dict.fromkeys(NAMES_PERSONS), "change": change}


def with_persons(kept: Mapping[str, Any], request: ShippingRequest) -> dict[str, Any]:
    """The shape that was kept, with the persons whom the request names now."""
    now = request_shape(request, {})
    change = kept["change"]
    if change and change["ship_to"] is not None:
        change = {**change, "ship_to": (now["change"] or now)["ship_to"] or now["ship_to"]}
    return {**kept, **{name: now[name] for name in NAMES_PERSONS}, "change": change}


def _change(request: ShippingRequest) -> dict[str, Any] | None:
    if request.change_asked_at is None:
        return None
    return {
        **{name: request.change.get(name) for name in ("ship_to", "ship_code", "carrier", "service")},
        "asked_at": time_text(request.change_asked_at),
        "answer": request.change_answer or "asked",
        "reason": request.change_reason,
    }


def _options(pairs: list[list[str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


class ParcelShape(Shape):
    tracking_number = serializers.CharField()
    url = serializers.CharField()


class ShippedLine(Shape):
    id = serializers.CharField()
    quantity = serializers.IntegerField()


class FulfillmentShape(Shape):
    id = serializers.CharField(help_text="The reporter's own id of it.")
    fulfillment = serializers.CharField(help_text="Our id of it.")
    request = serializers.CharField(allow_null=True)
    order = serializers.CharField()
    lines = ShippedLine(many=True)
    carrier = serializers.CharField()
    service = serializers.CharField()
    parcels = ParcelShape(many=True)
    shipped_at = serializers.DateTimeField()
    voided = serializers.BooleanField()
    told = serializers.ChoiceField(
        choices=Told.choices,
        help_text="Whether the store knows: due, change and retract are still to be told.",
    )


def fulfillment_shape(fulfillment: Fulfillment) -> dict[str, Any]:
    """Loaded with lines and parcels, or few enough to load them one by one."""
    return {
        "id": fulfillment.partner_ref or "",
        "fulfillment": str(fulfillment.pk),
        "request": str(fulfillment.request_id) if fulfillment.request_id else None,
        "order": str(fulfillment.order_id),
        "lines": [{"id": str(line.line_id), "quantity": line.quantity} for line in fulfillment.lines.all()],
        "carrier": fulfillment.carrier,
        "service": fulfillment.service,
        "parcels": [{"tracking_number": p.tracking, "url": p.url} for p in fulfillment.parcels.all()],
        "shipped_at": time_text(fulfillment.shipped_at),
        "voided": fulfillment.voided_at is not None,
        "told": fulfillment.told,
    }


class OrderedLine(ShippedLine):
    sku = serializers.CharField()
    title = serializers.CharField()
    shipped = serializers.IntegerField()


class RequestRef(Shape):
    id = serializers.CharField()
    state = serializers.ChoiceField(choices=RequestState.choices)


class OrderShape(Shape):
    """An order without persons; names and addresses stand in its shipping requests."""

    id = serializers.CharField()
    number = serializers.CharField()
    store = Named()
    state = serializers.ChoiceField(choices=[(state.value, state.name) for state in State])
    placed_at = serializers.DateTimeField()
    currency = serializers.CharField()
    total = serializers.CharField()
    country = serializers.CharField()
    lines = OrderedLine(many=True)
    requests = RequestRef(many=True)
    fulfillments = FulfillmentShape(many=True)


def order_shape(order: Order, requests: list[ShippingRequest], fulfillments: list[Fulfillment]) -> dict[str, Any]:
    return {
        "id": str(order.pk),
        "number": order.number,
        "store": {"id": str(order.store_id), "name": order.store.name},
        "state": order.state,
        "placed_at": time_text(order.placed_at),
        "currency": order.currency,
        "total": str(order.total),
        "country": order.country,
        "lines": [
            {
                "id": str(line.pk), "sku": line.sku, "title": line.title, "quantity": line.quantity,
                "shipped": line.shipped,
            }
            for line in order.lines.all()
        ],
        "requests": [{"id": str(request.pk), "state": request.state} for request in requests],
        "fulfillments": [fulfillment_shape(fulfillment) for fulfillment in fulfillments],
    }  # fmt: skip


class Acknowledged(Shape):
    id = serializers.CharField()
    acknowledged = serializers.BooleanField()
    error = serializers.DictField(allow_null=True, help_text="Code and message, as in an error of a single call.")


class AcknowledgedMany(Shape):
    results = Acknowledged(many=True)
