"""What Ecwid is to the rest of the product: settings, statuses, limits, ways in."""

from __future__ import annotations

from dataclasses import replace

from orders.shapes import Payment, Status, StoreFulfillment

from .. import common
from ..calling import api_address, rates_of, throughput
from ..declaring import ANY, Choice, Platform, Setting, SettingKind, WayIn
from . import batch, products, stock
from .connecting import OAUTH_URL, STORE_ID
from .guides import GUIDES
from .help import APP_STEPS, CUSTOM_APP_STEPS

API_URL = "https://app.ecwid.com/api/v3"

STATUSES = (
    Choice(Status.APPROVED.value, "Placed", "The buyer finished the order, paid or not."),
    Choice(
        Status.INITIALIZED.value,
        "Incomplete",
        "The buyer never finished it; kept for the record until he does, never sent to a warehouse unpaid.",
    ),
    Choice(
        Status.CANCELED.value,
        "Canceled",
        "Canceled, deleted, or not to be delivered; kept for the record, never sent to a warehouse.",
    ),
)
PAYMENTS = (
    Choice(Payment.UNPAID.value, "Unpaid", "Awaiting Payment at Ecwid."),
    Choice(Payment.PAID.value, "Paid"),
    Choice(Payment.PENDING.value, "Pending", "Incomplete at Ecwid, or with a payment status of the store's own."),
    Choice(Payment.PARTLY_REFUNDED.value, "Partially refunded", "Counts as Paid as well: what remains must ship."),
    Choice(Payment.REFUNDED.value, "Refunded"),
    Choice(Payment.CANCELED.value, "Canceled"),
)
FULFILLMENTS = (
    Choice(StoreFulfillment.NONE.value, "Not Fulfilled", "Awaiting processing, being processed, or a status of yours."),
    Choice(
        StoreFulfillment.ALL.value, "Fulfilled", "Shipped, out for delivery, delivered, ready for pickup, returned."
    ),
)

# Every filter starts with Any (X23): what comes in is not yet released.
PAYMENT_STATUS = replace(common.PAYMENT_STATUS, choices=(*PAYMENTS, common.ANY_PAYMENT), default=(ANY,))
FULFILLMENT_STATUS = replace(common.FULFILLMENT_STATUS, choices=(*FULFILLMENTS, common.ANY_FULFILLMENT), default=(ANY,))
ORDER_STATUS = Setting(
    key="order_status",
    label="Order Status",
    kind=SettingKind.CHOICES,
    help="An order must have one of these statuses to be retrieved.",
    default=(ANY,),
    choices=(*STATUSES, common.ANY_STATUS),
    required=True,
    card=common.WHICH_ORDERS,
)

# All orders come in (P17-10); one that is picked up waits until its place is mapped.
PROCESS_PICKUP = replace(common.PROCESS_PICKUP, default=True)

FULFILLMENTS_FLOW = replace(
    common.FULFILLMENTS_FLOW,
    help="Tracking numbers go out to the store. Ecwid shows one for each order, so several parcels become one text, "
    "and mails the buyer once the order is marked shipped or gets a number.",
)

RATES = rates_of(600)  # for each token
THROUGHPUT = throughput("Ecwid", RATES, shared="token")
API_ADDRESS = api_address("Ecwid", API_URL)
STORE_NUMBER = Setting(
    key="store_id",
    label="Store ID",
    kind=SettingKind.TEXT,
    help="Ecwid's number of this store; filled in when the store is connected.",
    read_only=True,
    tab="channel",
    said="store_uid",
)

WAYS_IN = (
    WayIn(
        key="custom_app",
        label="Secret token",
        help="You copy the token of your store's custom app; no registered app is needed.",
        fields=(
            Setting(
                key="store_id",
                label="Store ID",
                kind=SettingKind.TEXT,
                help="The number of your store, shown with the app's tokens and at the foot of the Ecwid admin.",
                pattern=STORE_ID,
                pattern_help="Digits only, as in 1003.",
                required=True,
                said="store_uid",
            ),
            Setting(
                key="token",
                label="Secret token",
                kind=SettingKind.TEXT,
                help="It begins with secret_; we keep it encrypted and never show it again.",
                required=True,
                secret=True,
            ),
            Setting(
                key="client_secret",
                label="Client secret",
                kind=SettingKind.TEXT,
                help="Of the same app, needed only for webhooks; leave it empty and we ask at the intervals you set.",
                secret=True,
            ),
        ),
        steps=CUSTOM_APP_STEPS,
    ),
    WayIn(
        key="app",
        label="Ecwid app",
        help="You agree at Ecwid to what our app may do; no token has to be copied.",
        redirect=True,
        needs_app=True,
        steps=APP_STEPS,
    ),
)

PLATFORM = Platform(
    key="ecwid",
    label="Ecwid",
    summary="Orders, tracking, products and stock of an Ecwid store (Lightspeed E-Series).",
    variants={},
    ways_in=WAYS_IN,
    flows=(
        common.ORDERS_FLOW,
        common.PRODUCTS_BOTH_WAYS,
        common.INVENTORY_FLOW,
        FULFILLMENTS_FLOW,
        common.LOCATIONS_FLOW,
    ),
    settings=(
        common.HISTORY,
        PAYMENT_STATUS,
        FULFILLMENT_STATUS,
        ORDER_STATUS,
        *common.ORDER_SETTINGS,
        *common.from_now_on((*common.PRODUCT_SETTINGS, *common.STOCK_SETTINGS)),
        *common.ADVANCED_SETTINGS,
        API_ADDRESS,
        STORE_NUMBER,
        THROUGHPUT,
        PROCESS_PICKUP,
    ),
    hosts=("app.ecwid.com", "my.ecwid.com"),
    api_url=API_URL,
    installer_url=OAUTH_URL,
    statuses=STATUSES,
    payments=PAYMENTS,
    fulfillments=FULFILLMENTS,
    calls_per_minute=RATES["standard"],
    page=100,
    shipments_per_call=batch.MOST,
    shipments_named=False,
    shipments_note=(
        "Ecwid shows one tracking number and one status for each order, and no carrier. Several parcels are told as "
        "one text with all their numbers; the order shows Processing until everything has left, then Shipped. Marking "
        "it shipped, or giving it a number, mails the buyer, unless the store has switched that off."
    ),
    rates=RATES,
    stock={"": stock.OFFER},
    products={"": products.OFFER},
    product_notes=products.NOTES,
    listing_changes=True,
    guides=GUIDES,
    flows_first=True,
)
