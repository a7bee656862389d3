"""Orders, why they wait, who ships them, and what left."""

from .holds import Cure, HeldGroup, Hold, HoldKind
from .imports import TrackingImport
from .orders import Order, OrderEvent, OrderLine, OrderParty, Payload, SeenOrder
from .remapping import Remapping
from .rules import Match, OrderRule, RuleBook, RuleNotice, RuleVersion
from .shipping import Fulfillment, FulfillmentLine, Parcel, RequestLine, ShippingRequest
from .to_settle import ToSettle

__all__ = [
    "Cure",
    "Fulfillment",
    "FulfillmentLine",
    "HeldGroup",
    "Hold",
    "HoldKind",
    "Match",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderParty",
    "OrderRule",
    "Parcel",
    "Payload",
    "Remapping",
    "RequestLine",
    "RuleBook",
    "RuleNotice",
    "RuleVersion",
    "SeenOrder",
    "ShippingRequest",
    "ToSettle",
    "TrackingImport",
]
