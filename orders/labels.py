"""The store's words, as we keep them, for a merchant to read."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from .shapes import Payment, Status, StoreFulfillment

PAYMENTS: dict[str, str] = {
    Payment.UNPAID: "Not paid",
    Payment.PENDING: "Payment pending",
    Payment.PAID: "Paid",
    Payment.PARTLY_PAID: "Paid in part",
    Payment.PARTLY_REFUNDED: "Refunded in part",
    Payment.REFUNDED: "Refunded",
    Payment.DECLINED: "Payment declined",
    Payment.CANCELED: "Payment canceled",
}
FULFILLMENTS: dict[str, str] = {
    StoreFulfillment.NONE: "Not fulfilled",
    StoreFulfillment.PARTLY: "Partly fulfilled",
    StoreFulfillment.ALL: "Fulfilled",
}
STATUSES: dict[str, str] = {
    Status.INITIALIZED: "Not finished by the buyer",
    Status.APPROVED: "Approved",
    Status.PENDING: "Pending",
    Status.CANCELED: "Canceled",
    Status.REJECTED: "Rejected",
}


def until_words(until: dt.datetime) -> str:
    """A day, where it is one's beginning, else with its time; in the account's zone."""
    local = timezone.localtime(until)
    year = f" {local.year}" if local.year != timezone.localtime().year else ""
    time = f", {local:%H:%M}" if local.time() != dt.time() else ""
    return f"{local.day} {local:%b}{year}{time}"
