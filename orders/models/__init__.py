"""Orders, why they wait, who ships them, and what left."""

from .holds import Hold, HoldKind
from .orders import Order, OrderEvent, OrderLine, OrderParty, Payload, SeenOrder
from .shipping import Fulfillment, FulfillmentLine, Parcel, RequestLine, ShippingRequest

__all__ = [
    "Fulfillment",
    "FulfillmentLine",
    "Hold",
    "HoldKind",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderParty",
    "Parcel",
    "Payload",
    "RequestLine",
    "SeenOrder",
    "ShippingRequest",
]
