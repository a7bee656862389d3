"""What a store tells us of an order, in our words. Plain values, no Django: connectors make them, intake stores them.

Amounts are Decimal in the order's currency, gross where the store says so; times are aware and in UTC; texts carry
no NUL and no surrounding white space.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """What the store says of the order as a whole."""

    INITIALIZED = "initialized"
    APPROVED = "approved"
    PENDING = "pending"
    CANCELED = "canceled"
    REJECTED = "rejected"


class Payment(StrEnum):
    UNPAID = "unpaid"
    PENDING = "pending"
    PAID = "paid"
    PARTLY_PAID = "partly_paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    DECLINED = "declined"
    CANCELED = "canceled"


class StoreFulfillment(StrEnum):
    """How much of the order the store itself considers shipped."""

    NONE = "not_fulfilled"
    PARTLY = "partly_fulfilled"
    ALL = "fulfilled"


@dataclass(frozen=True, slots=True)
class Party:
    """A person or company with an address. `country`: ISO 3166-1 alpha-2; `region`: ISO 3166-2 after the dash."""

    name: str = ""
    company: str = ""
    street1: str = ""
    street2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class ShipWord:
    """A store's way of shipping. `key` is what mapping rows are found by (at most 200 characters, never empty)."""

    key: str
    title: str
    code: str = ""
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class IncomingLine:
    """`uid` is unique within its order. `product_uid` is never empty (outside the catalogue: from the title)."""

    uid: str
    product_uid: str
    variant_uid: str
    sku: str
    title: str
    quantity: int
    ships: bool
    price: Decimal
    total: Decimal
    options: tuple[tuple[str, str], ...] = ()  # what was chosen and typed: ("Size", "L"), ("Engraving", "Ann")
    weight_grams: int | None = None
    location_uid: str = ""


@dataclass(frozen=True, slots=True)
class IncomingOrder:
    uid: str
    number: str
    placed_at: dt.datetime
    changed_at: dt.datetime
    status: Status
    payment: Payment
    fulfillment: StoreFulfillment
    currency: str
    subtotal: Decimal
    shipping: Decimal
    tax: Decimal
    discount: Decimal
    total: Decimal
    lines: tuple[IncomingLine, ...]
    refunded: Decimal = Decimal(0)
    pickup: bool = False
    cash_on_delivery: bool = False
    archived: bool = False
    channel: str = ""
    ship_to: Party = field(default_factory=Party)
    bill_to: Party = field(default_factory=Party)
    ship_word: ShipWord | None = None
    location_uid: str = ""
    location_name: str = ""
    buyer_note: str = ""
    gift_note: str = ""
    delivery_note: str = ""


@dataclass(frozen=True, slots=True)
class StoreShipment:
    """A fulfillment as the store lists it: `uid` the store's id, `lines` pairs of (line uid, quantity)."""

    uid: str
    lines: tuple[tuple[str, int], ...]
    tracking: str = ""
    carrier: str = ""
    url: str = ""
    created_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class RawOrder:
    """One order as the store sent it, cut out of its page but not yet shaped.

    `fingerprint` is a 64-bit number of the vendor's whole object; an order whose fingerprint is the stored one is not
    shaped at all. `packed` is the vendor's JSON (UTF-8, sorted keys), kept compressed as the order's payload. `number`
    is what the store's people know it by, as far as it can be read.
    """

    uid: str
    fingerprint: int
    changed_at: dt.datetime
    packed: bytes
    raw: dict[str, Any]
    number: str = ""


@dataclass(frozen=True, slots=True)
class ReadOrder:
    """An order that was shaped, beside what it was shaped from, ready to be stored."""

    raw: RawOrder
    order: IncomingOrder
    shipments: tuple[StoreShipment, ...] = ()


@dataclass(frozen=True, slots=True)
class OddOrder:
    """An order we cannot read: kept as a failed record with a sentence, so that the rest goes on."""

    uid: str
    number: str
    code: str
    sentence: str
    detail: str
    packed: bytes
    fingerprint: int = 0
    placed_at: dt.datetime | None = None
