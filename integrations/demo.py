"""The demo: a merchant whose stand-in stores are live, and a second account with orders that wait.

Everything goes through the ways that real work goes: connecting, the flows, mapping, going live. Only the passing of
two weeks is the stand-in stores' own.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from fcp.models import Account, ApiKey, Membership, Partner, Store, User
from fcp.roles import Role
from fcp.scopes import FOR_PARTNER
from integrations import lease, live
from integrations.connecting import connect
from integrations.connectors.declaring import FlowKind
from integrations.connectors.shapes import StoreStock, Window
from integrations.ledger import ask_for
from integrations.models import Flow, Integration, SettingsVersion
from integrations.reach import open_store, stand_in_address
from integrations.runs import run_slice
from integrations.sandbox.shelves import LOW, forgotten_of
from integrations.settings_document import document_of, rules_of
from integrations.stock_answers import allow_first_push
from integrations.tasks import WORK
from inventory.levels import LevelItem, report_levels
from inventory.models import Product, Warehouse
from inventory.stock_reading import stock_of
from mappings.mapping import map_location, map_ship_method
from mappings.models import Listing, Location, ShipMethod
from mappings.take import take_products
from orders.intake import take_in
from orders.left_out import reserve_again
from orders.settle import lift_mapped_everywhere
from orders.shapes import IncomingOrder, ReadOrder, StoreFulfillment

BY = "demo"
SEED = 1  # of the stand-in warehouse
DELIVERED = 40  # pieces of what had nearly run out
WAITING_ORDERS = 40
DAYS = 14  # of orders that the stand-in stores begin with
SHIP_CODES = [
    {"code": "STD-DE", "label": "Standard parcel", "carrier": "DHL", "service": "Paket"},
    {"code": "EXP-DE", "label": "Express by noon", "carrier": "DHL", "service": "Express"},
    {"code": "EU-STD", "label": "EU standard", "carrier": "UPS", "service": "Standard"},
    {"code": "PALLET", "label": "Pallet freight", "carrier": "DHL", "service": "Freight"},
    {"code": "SE-PARCEL", "label": "Parcel within Sweden", "carrier": "PostNord", "service": "MyPack"},
    {"code": "SE-HOME", "label": "Home delivery in Sweden", "carrier": "PostNord", "service": "MyPack Home"},
    {"code": "SE-LETTER", "label": "Letter", "carrier": "PostNord", "service": "Varubrev"},
    {"code": "US-GROUND", "label": "Ground in the United States", "carrier": "USPS", "service": "Ground Advantage"},
    {"code": "US-PRIORITY", "label": "Priority in the United States", "carrier": "USPS", "service": "Priority Mail"},
    {"code": "WORLD", "label": "Worldwide, tracked", "carrier": "UPS", "service": "Worldwide Saver"},
]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One store of the demo. `fields` are those of its way in, by their names in the sandbox's info.

    `orders` is where the stand-in's control page shows its orders. `ship_codes` are what the merchant has mapped
    already, by the store's words. `pushes`: the first push of stock was let go.
    """

    platform: str
    way: str
    fields: Mapping[str, str]
    orders: str
    ship_codes: Mapping[str, str]
    pushes: bool = True


STORES = (
    Recipe(
        "wix",
        "api_key",
        {"api_key": "api_key", "site_id": "site_id_v1"},
        "v1/orders",
        # "std-eu" is what the demo waits for.
        {"Standard shipping": "STD-DE", "Express": "EXP-DE", "Bulky goods": "PALLET"},
        pushes=False,  # it is the newcomer's, after a look at the preview
    ),
    Recipe(
        "wix",
        "app",
        {"instance_id": "instance_v3"},
        "v3/orders",
        {"PostNord parcel": "SE-PARCEL", "Home delivery": "SE-HOME", "Letter": "SE-LETTER"},
    ),
    Recipe(
        "ecwid",
        "custom_app",
        {"store_id": "store_id", "token": "token", "client_secret": "client_secret"},
        "ecwid/orders",
        {
            "Standard shipping": "US-GROUND",
            "Worldwide tracked": "WORLD",
            "USPS Ground Advantage": "US-GROUND",
            "USPS Priority Mail": "US-PRIORITY",
            "Shipping app cargo-pigeon: Pigeon Next Day": "US-PRIORITY",
            "Bicycle courier": "US-PRIORITY",
        },
    ),
)
SETTINGS: dict[str, Any] = {
    "fulfillment_status": ["any"],  # the two weeks before this panel came in, for the record
    "channel_mode": "webhooks_poll",
    "flows": {
        "orders": {"mode": "pull", "interval": 30},
        "products": {"mode": "pull", "interval": 60},
        "fulfillments": {"mode": "push", "interval": 30},
        "locations": {"mode": "pull", "interval": 60},
        "inventory": {"mode": "push", "interval": 60},
    },
}


@dataclass(frozen=True, slots=True)
class Demo:
    """What the first page needs to say: sign-ins as (e-mail, password, who), and the warehouse's key."""

    sign_ins: list[tuple[str, str, str]]
    warehouse_key: str


def make_demo(info: Mapping[str, Mapping[str, str]]) -> Demo:
    """`info` is the sandbox's, by platform. Raises SyncError when the stand-in stores do not answer."""
    partner = Partner.objects.create(name="Stand-in warehouse", ship_codes=SHIP_CODES)
    _, key = ApiKey.objects.issue("Stand-in warehouse", sorted(FOR_PARTNER), partner=partner)
    account = Account.objects.create(name="Demo Goods", slug="demo", time_zone="Europe/Berlin", currency="EUR")
    main = Warehouse.objects.create(account=account, code="MAIN", name="Main warehouse", country="DE", partner=partner)
    stores = [(recipe, _connect(account, recipe, info[recipe.platform])) for recipe in STORES]
    for recipe, integration in stores:
        _read(integration, main, recipe)
    lift_mapped_everywhere(timezone.now())
    for recipe, integration in stores:
        _count_stock(integration, main)
        run_to_end(integration, FlowKind.INVENTORY)
        live.go_live(integration, by=BY, now=timezone.now())
        if recipe.pushes:
            allow_first_push(integration, by=BY, now=timezone.now())
    _second_account(stores[0][1])
    for _, integration in stores:
        _want_counted(integration)
    return Demo(_people(account), key)


def _connect(account: Account, recipe: Recipe, info: Mapping[str, str]) -> Integration:
    received = {field: info[name] for field, name in recipe.fields.items()}
    address = stand_in_address(recipe.platform, recipe.way, received)
    made = connect(
        account, recipe.platform, recipe.way, received, by=BY, now=timezone.now(), given=SETTINGS, api_url=address
    )
    page = f"http://127.0.0.1:{settings.FCP_SANDBOX_PORT}/control/{recipe.orders}/{{order}}"
    Store.objects.filter(pk=made.store_id).update(order_page=page)
    return made


def _read(integration: Integration, main: Warehouse, recipe: Recipe) -> None:
    """Everything of the store comes in, and what it means is known already."""
    for kind in (FlowKind.LOCATIONS, FlowKind.PRODUCTS):
        run_to_end(integration, kind)
    # Before the orders: none of four hundred waits for a word that is known by then.
    take_products(integration.store, by=BY, now=timezone.now())
    for place in Location.objects.filter(store=integration.store):
        map_location(place, main, by=BY, now=timezone.now())
    run_to_end(integration, FlowKind.ORDERS)
    now, codes = timezone.now(), {code["code"]: code for code in SHIP_CODES}
    for row in ShipMethod.objects.filter(store=integration.store, title__in=recipe.ship_codes):
        code = codes[recipe.ship_codes[row.title]]
        map_ship_method(row, code["code"], carrier=code["carrier"], service=code["service"], by=BY, now=now)


def run_to_end(integration: Integration, kind: FlowKind) -> None:
    """Run one flow here and now, slice by slice, as a worker would."""
    flow = Flow.objects.get(integration=integration, kind=kind)
    ends = timezone.now() + dt.timedelta(minutes=5)
    begun = timezone.now()
    while timezone.now() < ends:
        now = timezone.now()
        Flow.objects.filter(pk=flow.pk).update(due_at=now)
        lease.claim(lease.free(Flow.objects.filter(pk=flow.pk)), now)
        # Claimed here, or for the next slice by the one before: that one's task would come too late.
        flow.refresh_from_db()
        if started := lease.start(flow.pk, flow.gen, now):
            run_slice(started, WORK[kind])
        flow.refresh_from_db()
        if flow.last_ok_at and flow.last_ok_at >= begun:
            return
        if flow.problem:
            raise RuntimeError(f"The {kind} of {integration.name} did not come in: {flow.problem}")
    raise RuntimeError(f"The {kind} of {integration.name} took too long.")


def _count_stock(integration: Integration, main: Warehouse) -> None:
    """Levels as two weeks of selling leave them: what the store still shows, what its open orders need, and a delivery.

    The stand-in warehouse goes on from there; what it never counts, nobody else counts either.
    """
    store, now = integration.store, timezone.now()
    reserve_again(store, Listing.objects.filter(store=store), now)
    listings = Listing.objects.filter(store=store, product__isnull=False).select_related("product")
    by_uid = {(row.product_uid, row.variant_uid): row for row in listings}
    skus = Product.objects.for_account(store.account).values_list("sku", flat=True)
    forgotten = forgotten_of(SEED, str(main.pk), set(skus))
    reserved = stock_of([row.product_id for row in by_uid.values() if row.product_id])
    levels: dict[str, LevelItem] = {}
    for shown in _stock_shown(integration):
        row = by_uid.get((shown.product_uid, shown.variant_uid))
        if row is None or row.product is None or shown.quantity is None or row.product.sku == forgotten:
            continue
        needed = sum(one.quantity for one in reserved[row.product.pk].reserved)
        there = max(shown.quantity, 0) * row.units + needed
        if there <= LOW:
            there += DELIVERED  # this morning, and the store does not know of it yet
        levels[row.product.sku] = LevelItem(row.product.sku, there, now)
    report_levels(main, list(levels.values()), actor="Stand-in warehouse", now=now)


def _stock_shown(integration: Integration) -> Iterator[StoreStock]:
    """Every number that the store shows, page by page."""
    with open_store(integration, FlowKind.INVENTORY, timezone.now()) as there:
        token: str | None = None
        while True:
            page = there.ask(lambda connector, token=token: connector.stock(token))  # type: ignore[misc]
            yield from page.items
            token = page.next
            if token is None:
                return


def _want_counted(integration: Integration) -> None:
    """The days of the stand-in's history, for the ledger. Workers count them once they run; here it takes no time."""
    now = timezone.now()
    yesterday = now.astimezone(integration.account.zone).date() - dt.timedelta(days=1)
    ask_for(integration, yesterday - dt.timedelta(days=DAYS - 1), yesterday, by=BY, now=now)


def _second_account(source: Integration) -> None:
    """An account whose store is not connected any more, with orders that nobody has mapped anything for."""
    now = timezone.now()
    account = Account.objects.create(name="Harbour Prints", slug="harbour", time_zone="Europe/Lisbon", currency="EUR")
    store = Store.objects.create(
        account=account, platform="wix", uid="harbour-prints", name="HarbourPrints", currency="EUR", connected=False
    )
    document = document_of(source) | {"warehouse": None}
    SettingsVersion.objects.create(account=account, store=store, number=1, document=document, at=now, by=BY)
    rules = rules_of(document, 1, account)
    with open_store(source, FlowKind.ORDERS, now) as there:
        page = there.ask(lambda connector: connector.orders(Window(since=now - dt.timedelta(days=2)), None))
        read = [ReadOrder(raw, there.connector.shape_order(raw)) for raw in page.items]
    waiting = [item for item in read if item.order.fulfillment is StoreFulfillment.NONE and _ships(item.order)]
    with transaction.atomic():
        everything = replace(rules.imports, payments=None, statuses=None, fulfillments=None, pickup=True)
        take_in(store, replace(rules, imports=everything), waiting[:WAITING_ORDERS], now=now)


def _ships(order: IncomingOrder) -> bool:
    return any(line.ships for line in order.lines)


def _people(account: Account) -> list[tuple[str, str, str]]:
    """One merchant, one of the operator's staff. The passwords are this installation's own."""
    merchant, staff = secrets.token_urlsafe(9), secrets.token_urlsafe(9)
    owner = User.objects.create_user("merchant@demo.example", merchant, first_name="Mia", last_name="Merchant")
    Membership.objects.create(account=account, user=owner, role=Role.OWNER.value)
    User.objects.create_superuser("staff@demo.example", staff, first_name="Sam", last_name="Staff")
    return [
        ("merchant@demo.example", merchant, "the merchant, owner of Demo Goods"),
        ("staff@demo.example", staff, "the operator's staff, all accounts and the admin"),
    ]
