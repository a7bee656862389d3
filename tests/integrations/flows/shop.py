"""A live stand-in store whose orders come in, and what a merchant does there and a warehouse here."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from integrations.live import go_live
from integrations.models import Integration
from integrations.sandbox.server import Sandbox
from orders.fulfilling import Shipment, Tracking, report_fulfillment
from orders.models import Fulfillment, Order, ShippingRequest
from orders.models.shipping import Origin
from orders.shipping import acknowledge
from tests.integrations.flows.world import change_settings, connect_store, map_everything, sync, work

STREET = "shippingInfo.logistics.shippingDestination.address.addressLine"


class Shop:
    """`came_in(...)` is an order that was read, mapped and offered; `taken(...)` one that a warehouse has."""

    def __init__(self, box: Sandbox, site: str = "v1", **settings: Any) -> None:
        self.box, self.wix, self.site = box, box.wix, site
        self.integration: Integration = connect_store(box, site)
        work()
        if settings:
            change_settings(self.integration, **settings)
        map_everything(self.integration)
        go_live(self.integration, by="Ann", now=timezone.now())
        work()

    def came_in(self, **how: Any) -> Order:
        return self.read(self.wix.place_order(self.site, **how)["number"])

    def read(self, number: str) -> Order:
        sync(self.integration)
        map_everything(self.integration)
        return Order.objects.get(store=self.integration.store, number=number)

    def taken(self, **how: Any) -> Order:
        order = self.came_in(**how)
        request = order.requests.get(state="offered")
        acknowledge(request, request.revision, by="Warehouse", now=timezone.now())
        order.refresh_from_db()
        return order

    def look(self, order: Order) -> Order:
        """The next look into the store."""
        sync(self.integration)
        return Order.objects.get(pk=order.pk)

    # what happens in the store

    def move(self, order: Order, street: str = "2 Side St") -> None:
        self.wix.change_order(self.site, order.number, {STREET: street, f"recipientInfo{STREET[34:]}": street})

    def cancel(self, order: Order) -> None:
        self.wix.cancel_order(self.site, order.number)

    def told(self, order: Order) -> list[dict[str, Any]]:
        return self.wix.told(self.site, order.number)

    # what the warehouse does

    def ship(self, order: Order, pieces: dict[int, int] | None = None, tracking: str = "1Z1") -> Fulfillment:
        request = order.requests.get(state__in=["acknowledged", "partly_shipped"])
        lines = pieces or {line.line_id: line.quantity for line in request.lines.all()}
        shipment = Shipment(lines=lines, carrier="UPS", parcels=(Tracking(tracking),))
        made = report_fulfillment(
            order, shipment, origin=Origin.PARTNER, by="Warehouse", now=timezone.now(), request=request
        )
        work()
        made.refresh_from_db()
        return made


def request_of(order: Order) -> ShippingRequest:
    return ShippingRequest.objects.filter(order=order).latest("pk")


def street_of(order: Order) -> str:
    """Where the warehouse is asked to ship it."""
    street: str = request_of(order).snapshot["ship_to"]["street1"]
    return street


def asks(order: Order) -> set[tuple[str, str]]:
    """The open holds."""
    return {(hold.kind, hold.params["word"]) for hold in order.holds.filter(lifted_at=None)}


def codes(order: Order) -> list[str]:
    return list(order.events.order_by("pk").values_list("code", flat=True))
