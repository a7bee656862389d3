"""What Wix is to the rest of the product: settings, statuses, limits, ways in."""

from __future__ import annotations

from orders.shapes import Status

from .. import common
from ..calling import api_address, rates_of, throughput
from ..declaring import Choice, Platform, ProductOffer, Setting, SettingKind, StockOffer, WayIn
from .guides import GUIDES
from .help import API_KEY_STEPS, APP_STEPS, AUTOMATION_STEPS, FROM_WIX_STEPS, MARKET_STEPS

V1, V3 = "v1", "v3"
API_URL = "https://www.wixapis.com"
INSTALLER_URL = "https://www.wix.com/app-installer"  # not in the documentation that could be read

STATUSES = (
    Choice(
        Status.INITIALIZED.value,
        "Initialized",
        "Not approved yet. Wix shows such orders only to webhooks, never in its lists.",
    ),
    Choice(Status.APPROVED.value, "Approved", "Paid online, free of charge, or to be paid offline."),
    Choice(Status.PENDING.value, "Pending", "The payment is not settled yet."),
    Choice(Status.CANCELED.value, "Canceled", "Kept for the record, never sent to a warehouse."),
    Choice(Status.REJECTED.value, "Rejected", "The payment failed; kept for the record, never sent to a warehouse."),
)

ORDER_STATUS = Setting(
    key="order_status",
    label="Download Orders with the following Order Status",
    kind=SettingKind.CHOICES,
    help="An order must have one of these statuses to be downloaded.",
    default=(Status.APPROVED.value,),
    choices=(*STATUSES, common.ANY_STATUS),
    required=True,
    card=common.WHICH_ORDERS,
)

RATES = rates_of(200)  # for each app on each site, whatever the plan
THROUGHPUT = throughput("Wix", RATES, shared="key")
API_ADDRESS = api_address("Wix", API_URL)
INSTANCE_ID = Setting(
    key="instance_id",
    label="Instance Id",
    kind=SettingKind.TEXT,
    help="Made by Wix for our installation on this site; filled in when the store is connected.",
    read_only=True,
    tab="channel",
    said="install_uid",
)
SITE_ID = Setting(
    key="site_id",
    label="Site ID",
    kind=SettingKind.TEXT,
    help="Names the Wix site: the letters, digits and dashes after /dashboard/ in the address of its Wix dashboard. "
    "Webhooks work only with it.",
    pattern=r"^[A-Za-z0-9]{1,40}(-[A-Za-z0-9]{1,40}){1,8}$",
    pattern_help="Letters, digits and dashes only, as in 3f2b1c4d-0000-4000-8000-1234567890ab.",
    tab="channel",
    said="store_uid",
)

WAYS_IN = (
    WayIn(
        key="api_key",
        label="API key",
        help="You make a key in your Wix account and paste it here; no app is needed.",
        fields=(
            Setting(
                key="api_key",
                label="API key",
                kind=SettingKind.TEXT,
                help="The key that Wix showed you once; we keep it encrypted and never show it again.",
                required=True,
                secret=True,
            ),
            Setting(
                key="site_id",
                label="Site ID",
                kind=SettingKind.TEXT,
                help=SITE_ID.help,
                pattern=SITE_ID.pattern,
                pattern_help=SITE_ID.pattern_help,
                required=True,
                said="store_uid",
            ),
        ),
        steps=API_KEY_STEPS,
    ),
    WayIn(
        key="market",
        label="Wix app",
        help="You add our app to your site in Wix and agree to what it may do; no key has to be copied.",
        redirect=True,
        needs_app=True,
        steps=MARKET_STEPS,
        from_store=FROM_WIX_STEPS,
        kind="app",
    ),
    WayIn(
        key="app",
        label="Instance ID",
        help="The app is on the site already, and you know the Instance ID that Wix gave this installation.",
        fields=(
            Setting(
                key="instance_id",
                label="Instance ID",
                kind=SettingKind.TEXT,
                help="Made by Wix when the app was added to the site.",
                pattern=SITE_ID.pattern,
                pattern_help=SITE_ID.pattern_help,
                required=True,
                said="install_uid",
            ),
        ),
        needs_app=True,
        steps=APP_STEPS,
        staff_only=True,  # an id proves nothing about who typed it
    ),
)

# Said where warehouses are mapped (TECH-42 to 44).
_BELOW_ZERO = "A quantity below 0 goes to Wix as 0."
_ONLY_MAPPED = (
    "Quantities go to Wix only once a warehouse is mapped here; while none is, nothing is sent and Wix keeps its own."
)
STOCK = {
    V1: StockOffer(
        per_call=1,
        whole_products=True,
        notes=(
            "This site has Catalog V1, where Wix has one quantity for each SKU and none by location: "
            "the stock of a SKU in all mapped warehouses is added up and sent as one number.",
            _BELOW_ZERO,
            _ONLY_MAPPED,
        ),
    ),
    V3: StockOffer(
        per_call=1000,
        located=True,
        read_first=True,
        notes=(
            "This site has Catalog V3, where Wix counts each location for itself: "
            "a location gets the stock of the warehouse it is mapped to.",
            _BELOW_ZERO,
            _ONLY_MAPPED,
        ),
    ),
}

# Where a person sees it at Wix is not documented; these are the names of its menus at the time of writing.
VARIANT_HELP = (
    "We read the catalog version from the site when you connect it, and name it before any setting. To look it up "
    "yourself: open the site's dashboard at Wix, then Store Products. Where products are grouped in Collections the "
    "site has Catalog V1; where they are grouped in Categories it has Catalog V3. Wix may change its pages without "
    "notice; what the site answers counts."
)
# Said wherever products can be pushed (TECH-20, TECH-21).
PRODUCT_NOTES = (
    "Pushing products can turn a product with variants at Wix into one without, and a product without variants into "
    "one with: Wix gets the shape that the product has here.",
    "Wix makes every combination of a product's options. Combinations that we have no variant for are created at Wix "
    "with no SKU, and hidden.",
)

PRODUCTS = {
    # One, as each is two calls and one may last: the lease is looked at, and the answer kept, before the next.
    V1: ProductOffer(per_call=1, most_variants=300),
    V3: ProductOffer(per_call=100, most_variants=1000, description=16_000, barcode=True, weight=True),
}

PLATFORM = Platform(
    key="wix",
    label="Wix",
    logo="brand-wix",
    summary="Orders, tracking and stock of a Wix Stores site, with Catalog V1 or V3.",
    variants={V1: "Catalog V1", V3: "Catalog V3"},
    ways_in=WAYS_IN,
    order_page="https://manage.wix.com/dashboard/{store}/ecom-platform/order-details/{order}",
    flows=(
        common.ORDERS_FLOW,
        common.PRODUCTS_BOTH_WAYS,
        common.INVENTORY_FLOW,
        common.FULFILLMENTS_FLOW,
        common.LOCATIONS_FLOW,
    ),
    settings=(
        *common.MAIN_SETTINGS,
        ORDER_STATUS,
        *common.ORDER_SETTINGS,
        *common.PRODUCT_SETTINGS,
        *common.STOCK_SETTINGS,
        *common.ADVANCED_SETTINGS,
        API_ADDRESS,
        INSTANCE_ID,
        SITE_ID,
        THROUGHPUT,
        common.PROCESS_PICKUP,
    ),
    hosts=("www.wixapis.com",),
    api_url=API_URL,
    installer_url=INSTALLER_URL,
    statuses=STATUSES,
    payments=common.PAYMENTS,
    fulfillments=common.FULFILLMENTS,
    calls_per_minute=RATES["standard"],
    page=100,
    shipments_per_call=100,
    carriers=(
        Choice("fedex", "FedEx"),
        Choice("ups", "UPS"),
        Choice("usps", "USPS"),
        Choice("dhl", "DHL"),
        Choice("canadaPost", "Canada Post"),
    ),
    shipments_note=(
        "Wix shows one tracking number and one link for each shipment. A shipment of several parcels is told with all "
        "its numbers in that one field; the link opens all of them where the carrier can do that, else the first."
    ),
    rates=RATES,
    announcements=(
        Choice("order_placed", "Order placed", "The site's automation posts each new order as soon as it is placed."),
    ),
    announced_site=SITE_ID.key,
    announcement_steps=AUTOMATION_STEPS,
    stock=STOCK,
    products=PRODUCTS,
    listing_changes=True,
    variant_help=VARIANT_HELP,
    guides=GUIDES,
    product_notes=PRODUCT_NOTES,
)
