"""What Corner Till is to the rest of the product."""

from __future__ import annotations

from dataclasses import replace

from integrations.connectors import common
from integrations.connectors.declaring import (
    Choice,
    Guide,
    Platform,
    Setting,
    SettingKind,
    Step,
    StockOffer,
    WayIn,
)
from orders.shapes import Payment, Status

KEY = "corner"
API_URL = "https://api.corner.example/till/2"
PAGE = 50

STATUSES = (
    Choice(Status.APPROVED.value, "Rung up"),
    Choice(Status.PENDING.value, "Parked"),
    Choice(Status.CANCELED.value, "Void"),
)
PAID = (Payment.PAID, Payment.UNPAID, Payment.PARTLY_PAID, Payment.REFUNDED, Payment.PARTLY_REFUNDED)
PAYMENTS = tuple(choice for choice in common.PAYMENTS if choice.value in PAID)
ORDER_STATUS = Setting(
    key="order_status",
    label="Status of the sale",
    kind=SettingKind.CHOICES,
    help="A sale must have one of these statuses to come in.",
    default=(Status.APPROVED.value,),
    choices=(*STATUSES, common.ANY_STATUS),
    required=True,
    card=common.WHICH_ORDERS,
)
PAYMENT_STATUS = replace(common.PAYMENT_STATUS, choices=(*PAYMENTS, common.ANY_PAYMENT))
API_ADDRESS = Setting(
    key="api_url",
    label="Till address",
    kind=SettingKind.TEXT,
    help="Where the calls to the till go.",
    default=API_URL,
    staff_only=True,
    required=True,
    tab="channel",
)
SHOP = Setting(
    key="shop_no",
    label="Shop number",
    kind=SettingKind.TEXT,
    help="The number on the till's receipts.",
    pattern=r"[0-9]{1,9}",
    pattern_help="Digits only.",
    required=True,
    said="store_uid",
)
PIN = Setting(
    key="pin",
    label="Pairing PIN",
    kind=SettingKind.TEXT,
    help="The till shows it once; it pairs one program.",
    required=True,
    secret=True,
)
TILL_STEPS = (
    Step("At the till, press Programs, then Pair a program.", in_store=True),
    Step("Type the PIN that the till shows here, within the hour."),
)

PLATFORM = Platform(
    key=KEY,
    label="Corner Till",
    summary="Orders, tracking and stock of a shop with a Corner Till.",
    logo="receipt",
    variants={},
    ways_in=(
        WayIn(
            key="pairing",
            label="Pairing PIN",
            help="The till shows a PIN that pairs this panel with the shop; it works once.",
            fields=(SHOP, PIN),
            steps=TILL_STEPS,
            kind="pass",
        ),
    ),
    flows=(
        replace(common.ORDERS_FLOW, interval=10),
        common.INVENTORY_FLOW,
        common.FULFILLMENTS_FLOW,
        common.LOCATIONS_FLOW,
    ),
    settings=(
        common.HISTORY,
        PAYMENT_STATUS,
        common.FULFILLMENT_STATUS,
        ORDER_STATUS,
        common.RELEASE,
        common.LATER_CHANGES,
        common.EARLIEST_ORDER_DATE,
        common.REJECT_UNMAPPED,
        common.SHIPPING_WAREHOUSE,
        *common.STOCK_SETTINGS,
        *common.ADVANCED_SETTINGS,
        API_ADDRESS,
        replace(SHOP, required=False, read_only=True, tab="channel"),
        common.PROCESS_PICKUP,
    ),
    hosts=("api.corner.example",),
    api_url=API_URL,
    statuses=STATUSES,
    payments=PAYMENTS,
    fulfillments=common.FULFILLMENTS,
    calls_per_minute=120,
    page=PAGE,
    shipments_per_call=1,
    shipments_note="Corner Till shows each parcel with its own tracking number.",
    stock={
        "": StockOffer(
            per_call=40,
            located=True,
            most=9999,
            later_from=1,
            notes=("Corner Till counts each of the shop's counters for itself.",),
        )
    },
    guides=(
        Guide(
            key="corner-pairing",
            title="Pair a Corner Till",
            intro="Five minutes at the till.",
            steps=TILL_STEPS,
            way="pairing",
            tabs=("add",),
        ),
    ),
)
