"""What is killed in the middle, and how one sees afterwards that nothing was lost or doubled.

A story prepares a store and a panel, says what the flow has done so far, and tells in the end, without ids and times,
what stands in the database and which writes the stand-in store received.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from django.utils import timezone

from integrations.connectors.declaring import FlowKind
from integrations.lease import ring
from integrations.live import go_live
from integrations.models import Budget, FailedRecord, Flow, Integration, StockSent
from integrations.sandbox.server import Sandbox
from integrations.stock_answers import allow_first_push
from inventory.models import Reservation, StockMovement
from mappings.models import ListingStock
from orders.fulfilling import Shipment, Tracking, report_fulfillment
from orders.models import Fulfillment, Order, OrderEvent, Payload, SeenOrder, ShippingRequest
from orders.models.shipping import Origin
from orders.shipping import acknowledge
from tests.integrations.flows.ecwid_world import stocked
from tests.integrations.flows.stock_world import all_skus, report
from tests.integrations.flows.world import change_settings, connect_store, map_everything, work


class Story(ABC):
    name: str
    kind: FlowKind

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self.box = Sandbox(orders=size, products=12, seed=seed, rate_limit=0, plain=True)

    @abstractmethod
    def prepare(self) -> Integration:
        """Everything up to the moment when the flow has all its work before it; the flow is due."""

    @abstractmethod
    def done(self) -> int:
        """How many of `size` are done, by what is committed."""

    def dump(self) -> dict[str, Any]:
        orders = Order.objects.order_by("number").prefetch_related("lines", "holds", "parties")
        return {
            "orders": [self._order(order) for order in orders],
            "seen": list(SeenOrder.objects.order_by("number", "uid").values_list("number", "outcome", "reasons")),
            "failed": list(FailedRecord.objects.order_by("key").values_list("kind", "number", "code")),
            "fulfillments": [
                (f.order.number, f.origin, f.carrier, f.told, f.problem, bool(f.store_ref),
                 sorted(p.tracking for p in f.parcels.all()), sorted(line.quantity for line in f.lines.all()))
                for f in Fulfillment.objects.order_by("order__number", "pk").select_related("order")
            ],
            "requests": list(ShippingRequest.objects.order_by("order__number").values_list("order__number", "state")),
            "reserved": sorted(Reservation.objects.values_list("source_kind", "product__sku", "quantity", "unpaid")),
            "moved": sorted(StockMovement.objects.values_list("kind", "product__sku", "quantity")),
            "received": self.box.wix.received,
        }  # fmt: skip

    @staticmethod
    def _order(order: Order) -> dict[str, Any]:
        events = OrderEvent.objects.filter(order=order).order_by("pk")
        return {
            "number": order.number,
            "state": order.state,
            "payment": order.payment,
            "total": str(order.total.normalize()),
            "revision": order.revision,
            "payloads": Payload.objects.filter(order=order).count(),
            "lines": sorted((line.sku, line.title, line.quantity, line.shipped) for line in order.lines.all()),
            "holds": sorted((h.kind, h.params["word"], bool(h.lifted_at)) for h in order.holds.all()),
            "parties": sorted((party.role, party.name, party.city) for party in order.parties.all()),
            "events": [event.code for event in events],
        }

    def _enough_calls(self, integration: Integration) -> None:
        """A kill loses the calls that were reserved; the store's limit is another test's."""
        Budget.objects.filter(store=integration.store).update(per_minute=1_000_000, tokens=100_000)


class Pull(Story):
    """A first import: page after page of orders."""

    name = "pull"
    kind = FlowKind.ORDERS

    def prepare(self) -> Integration:
        integration = connect_store(self.box, "v1", on=(), history=365)
        work()
        change_settings(integration, flows={"orders": {"mode": "pull", "interval": 30}})
        self._enough_calls(integration)
        return integration

    def done(self) -> int:
        return SeenOrder.objects.count()


class Push(Story):
    """Many shipments that the store was not told of yet, a batch a call."""

    name = "push"
    kind = FlowKind.FULFILLMENTS

    def prepare(self) -> Integration:
        integration = connect_store(self.box, "v1", on=(FlowKind.ORDERS, FlowKind.PRODUCTS), history=365)
        self._enough_calls(integration)
        work()
        map_everything(integration)
        go_live(integration, by="Ann", now=timezone.now())
        work()
        change_settings(integration, flows={"orders": {"interval": 1440}, "fulfillments": {"mode": "push"}})
        work()
        Flow.objects.filter(kind=FlowKind.FULFILLMENTS).update(due_at=None)
        for request in ShippingRequest.objects.filter(state="offered").select_related("order"):
            self._ship(request)
        flow = Flow.objects.get(integration=integration, kind=FlowKind.FULFILLMENTS)
        Flow.objects.filter(pk=flow.pk).update(due_at=timezone.now())
        self.box.wix.misbehave("slow", "v1", path="create-fulfillment", seconds=0.1, count=None)
        ring([flow.pk], timezone.now(), trigger="schedule")
        return integration

    def _ship(self, request: ShippingRequest) -> None:
        now = timezone.now()
        acknowledge(request, request.revision, by="Warehouse", now=now)
        number = request.order.number
        lines = {line.line_id: line.quantity for line in request.lines.all()}
        parcels = (Tracking(f"1Z{number}"),)
        shipment = Shipment(lines=lines, carrier="UPS", parcels=parcels, ref=f"F-{number}")
        report_fulfillment(request.order, shipment, origin=Origin.PARTNER, by="Warehouse", now=now, request=request)

    def done(self) -> int:
        return Fulfillment.objects.filter(told="told").count()


class Stock(Story):
    """Many quantities for a store that takes 200 in a call and answers for them later."""

    name = "stock"
    kind = FlowKind.INVENTORY

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self.box = Sandbox(products=size, seed=seed, rate_limit=0, plain=True, variants=False, platforms=("ecwid",))

    def prepare(self) -> Integration:
        integration = stocked(self.box)
        self._enough_calls(integration)
        report(integration, dict.fromkeys(all_skus(integration), 1000))
        self.box.ecwid.batches.pace = 0.002
        allow_first_push(integration, by="Ann", now=timezone.now())
        return integration

    def done(self) -> int:
        return ListingStock.objects.filter(confirmed=1000, known=True).count()

    def dump(self) -> dict[str, Any]:
        rows = ListingStock.objects.order_by("listing__sku")
        return {
            "orders": list(rows.values_list("listing__sku", "confirmed", "known", "why")),
            "sent": sorted(StockSent.objects.values_list("listing__sku", "quantity")),
            "there": sorted(self.box.ecwid.stock().items()),
        }


STORIES: dict[str, type[Story]] = {"pull": Pull, "push": Push, "stock": Stock}
