"""Ecwid's words in ours, and ours in Ecwid's. An unlisted word is an error that names it, never a guess."""

from __future__ import annotations

from orders.shapes import Payment, Status, StoreFulfillment

# Ecwid has no status of the order as a whole: a payment or fulfillment status says that it is off, or unfinished.
# What a merchant's own status means nobody can know, so that an order with one of payment waits for its payment.
PAYMENT = {
    "AWAITING_PAYMENT": (Payment.UNPAID, Status.APPROVED),
    "PAID": (Payment.PAID, Status.APPROVED),
    "CANCELLED": (Payment.CANCELED, Status.CANCELED),
    "REFUNDED": (Payment.REFUNDED, Status.APPROVED),
    "PARTIALLY_REFUNDED": (Payment.PARTLY_REFUNDED, Status.APPROVED),
    "INCOMPLETE": (Payment.PENDING, Status.INITIALIZED),
    "CUSTOM_PAYMENT_STATUS_1": (Payment.PENDING, Status.APPROVED),
    "CUSTOM_PAYMENT_STATUS_2": (Payment.PENDING, Status.APPROVED),
    "CUSTOM_PAYMENT_STATUS_3": (Payment.PENDING, Status.APPROVED),
}
INCOMPLETE = "INCOMPLETE"  # listed only when named

# A status of the merchant's own does not say that anything left. What waits for its buyer needs no warehouse.
FULFILLMENT = {
    "AWAITING_PROCESSING": StoreFulfillment.NONE,
    "PROCESSING": StoreFulfillment.NONE,
    "SHIPPED": StoreFulfillment.ALL,
    "OUT_FOR_DELIVERY": StoreFulfillment.ALL,
    "DELIVERED": StoreFulfillment.ALL,
    "READY_FOR_PICKUP": StoreFulfillment.ALL,
    "RETURNED": StoreFulfillment.ALL,
    "WILL_NOT_DELIVER": StoreFulfillment.NONE,
    "CUSTOM_FULFILLMENT_STATUS_1": StoreFulfillment.NONE,
    "CUSTOM_FULFILLMENT_STATUS_2": StoreFulfillment.NONE,
    "CUSTOM_FULFILLMENT_STATUS_3": StoreFulfillment.NONE,
}
CALLED_OFF = frozenset({"WILL_NOT_DELIVER"})  # canceled, whatever was paid
SHIPPED, UNDER_WAY = "SHIPPED", "PROCESSING"  # what a store is told

# How merchants name a way of paying at the door, in part; Ecwid itself only says "offline".
PAID_AT_THE_DOOR = ("cash on delivery", "pay on delivery", "payment on delivery", "nachnahme", "contrassegno",
                    "contre-remboursement", "contra reembolso", "rembours")  # fmt: skip
# How merchants name a field or a surcharge for gifts, in part.
GIFT_WORDS = ("gift", "geschenk", "cadeau", "regal", "presente", "prezent", "gåva", "gave")

# Permissions of an app, and what is not possible without each.
SCOPES = {
    "read_store_profile": "read the store's name, currency and locations",
    "read_orders": "read orders",
    "update_orders": "send tracking numbers",
    "read_catalog": "read products",
    "update_catalog": "send stock",
}
MORE_SCOPES = ("create_catalog",)  # asked for too; without it no new products can be made

# Event type -> what it says to us; those of catalogue, customers and the rest say nothing yet.
EVENTS = {
    "order.created": "order",
    "order.updated": "order",
    "order.deleted": "deleted",
    "unfinished_order.created": "order",
    "unfinished_order.updated": "order",
    "unfinished_order.deleted": "deleted",
    "application.installed": "installed",
    "application.uninstalled": "removed",
}
