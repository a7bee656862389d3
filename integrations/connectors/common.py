"""Settings that every platform has, with the defaults of a Wix integration; a declaration replaces what differs.

Labels, values and defaults as required: EFS-11..20, EIM-17..23, TECH-26, X2, X19, X24, X29.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from orders.settings import LaterChanges, Release
from orders.shapes import Payment, StoreFulfillment

from .declaring import ANY, Choice, FlowKind, FlowOffer, Mode, Setting, SettingKind

PAYMENTS = (
    Choice(Payment.UNPAID.value, "Unpaid"),
    Choice(Payment.PAID.value, "Paid"),
    Choice(Payment.PENDING.value, "Pending"),
    Choice(Payment.PARTLY_PAID.value, "Partially paid"),
    Choice(Payment.PARTLY_REFUNDED.value, "Partially refunded", "Counts as Paid as well: what remains must ship."),
    Choice(Payment.REFUNDED.value, "Refunded"),
    Choice(Payment.DECLINED.value, "Declined"),
    Choice(Payment.CANCELED.value, "Canceled"),
)
FULFILLMENTS = (
    Choice(StoreFulfillment.NONE.value, "Not Fulfilled"),
    Choice(StoreFulfillment.PARTLY.value, "Partially Fulfilled"),
    Choice(StoreFulfillment.ALL.value, "Fulfilled"),
)
ANY_PAYMENT = Choice(ANY, "Any", "Orders come in whatever their payment status.")
ANY_FULFILLMENT = Choice(ANY, "Any", "Orders come in whatever their fulfillment status, also those already fulfilled.")
ANY_STATUS = Choice(ANY, "Any", "Orders come in whatever their status.")

YES_NO = (Choice("true", "Yes"), Choice("false", "No"))

WHICH_ORDERS = "Which orders"
WAREHOUSE = "To the warehouse"
LATER = "Afterwards"
STOCK = "Stock"

HISTORY = Setting(
    key="history",
    label="History",
    install_label="Order Age",
    kind=SettingKind.INTEGER,
    help="Only orders created within the last so many days are looked at.",
    default=30,
    unit="days",
    minimum=1,
    maximum=365,
    required=True,
    card=WHICH_ORDERS,
)
PAYMENT_STATUS = Setting(
    key="payment_status",
    label="Payment Status",
    kind=SettingKind.CHOICES,
    help="An order must have one of these payment statuses to be retrieved.",
    default=(Payment.PAID.value,),
    choices=(*PAYMENTS, ANY_PAYMENT),
    required=True,
    card=WHICH_ORDERS,
)
FULFILLMENT_STATUS = Setting(
    key="fulfillment_status",
    label="Fulfillment Status",
    kind=SettingKind.CHOICES,
    help="An order must have one of these fulfillment statuses to be retrieved.",
    default=(StoreFulfillment.NONE.value,),
    choices=(*FULFILLMENTS[:2], ANY_FULFILLMENT),
    required=True,
    card=WHICH_ORDERS,
)
EARLIEST_ORDER_DATE = Setting(
    key="earliest_order_date",
    label="Earliest Order Date",
    kind=SettingKind.DATE,
    help="Orders placed before this day are not retrieved, whatever else they meet; empty means no such limit.",
    card=WHICH_ORDERS,
)
CHANNEL_MODE = Setting(
    key="channel_mode",
    label="Channel Mode",
    kind=SettingKind.CHOICE,
    help="How we learn that something changed in the store.",
    default="recurring",
    choices=(
        Choice("recurring", "Recurring jobs", "We ask the store at the intervals set here."),
        Choice("webhooks", "Webhooks", "The store tells us of each change at once."),
        Choice(
            "webhooks_poll",
            "Webhooks with a safety poll",
            "The store tells us at once, and we ask at the intervals too, so that nothing is missed. Recommended.",
        ),
    ),
    required=True,
)
RELEASE = Setting(
    key="release",
    label="Release to the warehouse",
    kind=SettingKind.CHOICE,
    help="An order that came in goes to the warehouse only once its payment allows it.",
    default=Release.PAID.value,
    choices=(
        Choice(Release.PAID.value, "When paid", "An unpaid order waits."),
        Choice(
            Release.PAID_OR_COD.value,
            "When paid or cash on delivery",
            "An unpaid order paid on delivery goes too.",
        ),
        Choice(Release.ANY.value, "Whatever the payment", "No order waits for its payment."),
    ),
    required=True,
    card=WAREHOUSE,
)
LATER_CHANGES = Setting(
    key="later_changes",
    label="Later changes in the store",
    kind=SettingKind.CHOICE,
    help="What a change in the store does to an order that is already here; "
    "a cancellation, a full refund or a new address always asks once a warehouse has the order.",
    default=LaterChanges.ASK_AFTER_RELEASE.value,
    choices=(
        Choice(LaterChanges.IGNORE.value, "Ignore", "The order stays as it came in."),
        Choice(
            LaterChanges.UNTIL_RELEASED.value, "Update until released", "Changes count until a warehouse has the order."
        ),
        Choice(
            LaterChanges.ASK_AFTER_RELEASE.value,
            "Update and ask after release",
            "Changes count, and once a warehouse has the order a person decides.",
        ),
    ),
    required=True,
    card=LATER,
)
REJECT_UNMAPPED = Setting(
    key="reject_unmapped",
    label="Reject Unmapped Shipping Codes",
    kind=SettingKind.BOOLEAN,
    help="With Enable an order waits until its way of shipping is mapped; "
    "with Disable the store's own shipping code goes to the warehouse unchanged.",
    default=True,
    choices=(Choice("true", "Enable"), Choice("false", "Disable")),
    card=WAREHOUSE,
)
SHIPPING_WAREHOUSE = Setting(
    key="warehouse",
    label="Warehouse",
    kind=SettingKind.WAREHOUSE,
    help="Ships the orders that name no location of their own.",
    card=WAREHOUSE,
)
CUSTOMS = Setting(
    key="customs",
    label="Hold orders that go abroad without customs data",
    kind=SettingKind.BOOLEAN,
    help="With Enable an order that crosses a customs border waits until each of its products has a customs code and a "
    "country of origin. Where the border is depends on the country of the warehouse that ships: while that one is "
    "empty, nothing is held. The member states of the EU are one area.",
    default=False,
    choices=(Choice("true", "Enable"), Choice("false", "Disable")),
    card=WAREHOUSE,
)
PROCESS_PICKUP = Setting(
    key="process_pickup",
    label="Process Pickup Orders",
    kind=SettingKind.BOOLEAN,
    help="With Yes, orders that the buyer picks up come in with the delivery orders; with No they stay in the store.",
    default=False,
    choices=YES_NO,
    tab="channel",
)

STOCK_WAREHOUSE = Setting(
    key="stock_warehouse",
    label="Sync Inventory With Warehouse",
    kind=SettingKind.WAREHOUSE,
    help="Sends the sum over all mapped warehouses, or the stock of this one only; a warehouse that no location of the "
    "store is mapped to is never counted.",
    empty_label="COMBINE ALL WAREHOUSES",
    card=STOCK,
)
STOCK_ALIAS = Setting(
    key="stock_alias",
    label="Sync Inventory Alias",
    kind=SettingKind.ALIAS,
    help="By which code of your products the store's SKU is looked up; with an alias type chosen, products without "
    "such an alias are left out.",
    empty_label="Master SKU",
    card=STOCK,
)
STOCK_MINIMUM = Setting(
    key="stock_minimum",
    label="Minimum Inventory Level",
    kind=SettingKind.INTEGER,
    help="With fewer available than this the store is told 0; 0 switches it off.",
    default=0,
    minimum=0,
    maximum=99_999,
    required=True,
    needs_quantity=True,
    card=STOCK,
)
STOCK_RESERVE = Setting(
    key="stock_reserve",
    label="Reserve",
    kind=SettingKind.INTEGER,
    help="So many of each listing are kept back and never offered in the store.",
    default=0,
    minimum=0,
    maximum=99_999,
    required=True,
    card=STOCK,
)
STOCK_CAP = Setting(
    key="stock_cap",
    label="Maximum quantity",
    kind=SettingKind.INTEGER,
    help="The store is never told more than this; empty means no limit.",
    minimum=1,
    maximum=99_999,
    needs_quantity=True,
    card=STOCK,
)
STOCK_UNPAID = Setting(
    key="stock_unpaid",
    label="Count open unpaid orders",
    kind=SettingKind.BOOLEAN,
    help="With Yes, what unpaid open orders need is not offered again; most stores have taken it off already.",
    default=True,
    choices=YES_NO,
    card=STOCK,
)
FROM_NOW_ON = "changes"
FIRST_PUSH = Setting(
    key="first_push",
    label="First push",
    kind=SettingKind.CHOICE,
    help="What the first push sends, once a person has looked at the preview and started it.",
    default="differences",
    choices=(
        Choice("differences", "Everything that differs", "Every listing then shows what your warehouses have."),
        Choice(FROM_NOW_ON, "Changes from now on", "The store's numbers stay until a product's stock changes."),
    ),
    required=True,
    card=STOCK,
)
FIRST_PULL = Setting(
    key="first_pull",
    label="First pull of products",
    kind=SettingKind.CHOICE,
    help="What comes into your catalogue when products are pulled for the first time. The list of what the store sells "
    "is read in full either way.",
    default="everything",
    choices=(
        Choice("everything", "Everything the store sells", "Each of its products becomes one of yours."),
        Choice(FROM_NOW_ON, "Changes from now on", "What is added or changed in the store after that moment."),
    ),
    required=True,
)
STOCK_ZEROING = Setting(
    key="stock_zeroing",
    label="Ask before so many turn to 0",
    kind=SettingKind.INTEGER,
    help="When one push would turn a larger share of the store's listings to 0 than this (and at least 5), nothing is "
    "sent until a person has answered.",
    default=20,
    unit="percent",
    minimum=1,
    maximum=100,
    required=True,
    card=STOCK,
)
STOCK_OLD = Setting(
    key="stock_old",
    label="Ask when levels are older than",
    kind=SettingKind.INTEGER,
    help="When a warehouse has not reported levels for so long, nothing is sent until a person has answered; empty "
    "means never ask.",
    default=48,
    unit="hours",
    minimum=1,
    maximum=8760,
    card=STOCK,
)

SUPPRESS_PERSONS = Setting(
    key="suppress_persons",
    label="Suppress personal data",
    kind=SettingKind.BOOLEAN,
    help="With Yes we keep of a buyer only what shipping needs: e-mail, phone, payer and the store's raw data are not "
    "stored and go to no warehouse, and name, address and notes are erased within a day after the order is closed.",
    default=False,
    choices=YES_NO,
    tab="advanced",
)
KEEP_PERSONS = Setting(
    key="keep_persons",
    label="Keep personal data for (days)",
    kind=SettingKind.INTEGER,
    help="So long after an order was closed its names, addresses, e-mail, phone and notes are erased, and what the "
    "store sent of it; its lines and amounts stay. What was sent of an order that could not be taken in goes so long "
    "after it first failed. Empty keeps them with the order.",
    minimum=1,
    maximum=3650,
    tab="advanced",
)
KEEP_EXCHANGES = Setting(
    key="keep_exchanges",
    label="Keep exchange log for (days)",
    kind=SettingKind.INTEGER,
    help="So long every call to the store stays listed under Exchanges.",
    default=14,
    minimum=1,
    maximum=90,
    required=True,
    tab="advanced",
)
LOG_LEVEL = Setting(
    key="log_level",
    label="Log level",
    kind=SettingKind.CHOICE,
    help="How much of what this integration does is written down under Exchanges and Runs.",
    default="warning",
    choices=(
        Choice("error", "Error", "Only calls that failed, with what the store said."),
        Choice("warning", "Warning", "Every call in one line, and what the store said to those that failed."),
        Choice("everything", "Everything", "The same, and also the runs that found nothing new."),
    ),
    required=True,
    tab="advanced",
)

MAIN_SETTINGS = (HISTORY, PAYMENT_STATUS, FULFILLMENT_STATUS)
ORDER_SETTINGS = (
    CHANNEL_MODE,
    RELEASE,
    LATER_CHANGES,
    EARLIEST_ORDER_DATE,
    REJECT_UNMAPPED,
    SHIPPING_WAREHOUSE,
    CUSTOMS,
)

PRODUCT_SETTINGS = (FIRST_PULL,)
STOCK_SETTINGS = (
    STOCK_WAREHOUSE,
    STOCK_ALIAS,
    STOCK_MINIMUM,
    STOCK_RESERVE,
    STOCK_CAP,
    STOCK_UNPAID,
    FIRST_PUSH,
    STOCK_ZEROING,
    STOCK_OLD,
)


def from_now_on(settings: Iterable[Setting]) -> tuple[Setting, ...]:
    """The same, of a platform whose first pull and push leave alone what was there before (X33)."""
    first = (FIRST_PUSH.key, FIRST_PULL.key)
    return tuple(replace(one, default=FROM_NOW_ON) if one.key in first else one for one in settings)


ADVANCED_SETTINGS = (SUPPRESS_PERSONS, KEEP_PERSONS, KEEP_EXCHANGES, LOG_LEVEL)

ORDERS_FLOW = FlowOffer(
    FlowKind.ORDERS,
    (Mode.PULL,),
    interval=30,
    help="Orders come in from the store and are followed until they are closed.",
    interval_label="Interval to Retrieve Orders",
    interval_help="How often we try to pull orders from the store.",
)
INVENTORY_FLOW = FlowOffer(
    FlowKind.INVENTORY,
    (Mode.PUSH,),
    interval=60,
    help="Stock levels go out to the store.",
    interval_label="Interval to Sync Inventory",
    interval_help="How often stock levels go back to the store.",
)
FULFILLMENTS_FLOW = FlowOffer(
    FlowKind.FULFILLMENTS,
    (Mode.PUSH,),
    interval=30,
    help="Tracking numbers go out to the store, which tells the buyer.",
    interval_label="Interval to Upload Shipments",
    interval_help="How often tracking numbers go to the store.",
)
PRODUCTS_FLOW = FlowOffer(
    FlowKind.PRODUCTS,
    (Mode.PULL,),
    interval=360,
    help=(
        "Pull: what the store sells becomes products here; of those that are here, only empty fields are filled, "
        "unless the store is their master. Disabled: your products are left alone; the store's listings are still read "
        "where the stock needs them."
    ),
    interval_label="Interval to Read Products",
    interval_help="How often the store's products are read again.",
)
PRODUCTS_BOTH_WAYS = replace(
    PRODUCTS_FLOW,
    modes=(Mode.PULL, Mode.PUSH, Mode.BOTH),
    help=(
        f"{PRODUCTS_FLOW.help} Push: changes of your products go to the store, after a person has seen what would "
        "change. Both: only once the account names the master of its products."
    ),
)
LOCATIONS_FLOW = FlowOffer(
    FlowKind.LOCATIONS,
    (Mode.PULL,),
    interval=1440,
    always_on=True,
    help="Always on: processing orders depends on the store's locations.",
    interval_label="Interval to Read Locations",
    interval_help="How often the store's locations are read again.",
)
