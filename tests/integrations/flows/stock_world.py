"""A store whose stock goes out: connected, mapped, levels reported, the first push started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from integrations.connectors.declaring import FlowKind
from integrations.live import go_live
from integrations.models import Exchange, Flow, Integration, StockPush
from integrations.sandbox.server import Sandbox
from integrations.stock_answers import allow_first_push
from inventory.levels import LevelItem, report_levels
from inventory.models import Product, Warehouse
from mappings.mapping import map_location
from mappings.models import Listing, ListingStock, Location, Why
from tests.build import make_partner, make_warehouse
from tests.integrations.flows.world import change_settings, connect_store, map_everything, sync, work

ON = (FlowKind.ORDERS, FlowKind.PRODUCTS, FlowKind.INVENTORY)
INVENTORY = FlowKind.INVENTORY


def connect_stock(box: Sandbox, site: str = "v1", *, live: bool = True, **given: Any) -> Integration:
    """Its inventory flow is on, nothing was sent yet. No level is known; its first location means the warehouse."""
    integration = connect_store(box, site, on=ON)
    if given:
        change_settings(integration, **given)
    work()
    map_everything(integration)
    keep_first_location(integration)
    if live:
        go_live(integration, by="Ann", now=timezone.now())
    work()
    return integration


def keep_first_location(integration: Integration) -> None:
    """Only the store's default location is mapped."""
    for place in Location.objects.filter(store=integration.store).order_by("pk")[1:]:
        map_location(place, None, by="Ann", now=timezone.now())


def sending(box: Sandbox, site: str = "v1", quantity: int = 10, **given: Any) -> Integration:
    """Live, with so many of everything, and all of it sent."""
    integration = connect_stock(box, site, **given)
    report(integration, dict.fromkeys(all_skus(integration), quantity))
    start(integration)
    return integration


def start(integration: Integration) -> None:
    """A person has looked at the preview and presses Send these quantities."""
    allow_first_push(integration, by="Ann", now=timezone.now())
    work()


def warehouse_of(integration: Integration) -> Warehouse:
    warehouse = Warehouse.objects.for_account(integration.account).order_by("pk").first()
    assert warehouse
    return warehouse


def another_warehouse(integration: Integration, **values: Any) -> Warehouse:
    return make_warehouse(integration.account, partner=make_partner(), **values)


def all_skus(integration: Integration) -> list[str]:
    return list(Product.objects.for_account(integration.account).order_by("pk").values_list("sku", flat=True))


def report(integration: Integration, levels: Mapping[str, int], warehouse: Warehouse | None = None) -> None:
    """The warehouse reports these levels, and workers do what follows."""
    now = timezone.now()
    items = [LevelItem(sku, quantity, now) for sku, quantity in levels.items()]
    answers = report_levels(warehouse or warehouse_of(integration), items, actor="Warehouse", now=now)
    assert all(answer.taken for answer in answers), answers
    work()


def row_of(integration: Integration, sku: str) -> ListingStock:
    """At the place that sends its stock."""
    of_sku = ListingStock.objects.filter(store=integration.store, listing__sku=sku).select_related("listing")
    return of_sku.exclude(why=Why.SHARED).get()


def rows(integration: Integration) -> Any:
    return ListingStock.objects.filter(store=integration.store)


def push_of(integration: Integration) -> StockPush:
    return StockPush.objects.get(store=integration.store)


def inventory_flow(integration: Integration) -> Flow:
    return Flow.objects.get(integration=integration, kind=INVENTORY)


def sync_stock(integration: Integration) -> Flow:
    return sync(integration, INVENTORY)


def listings(integration: Integration) -> list[Listing]:
    return list(Listing.objects.filter(store=integration.store, retired_at=None).order_by("pk"))


def calls(integration: Integration, method: str = "") -> list[str]:
    """What the flow asked of the store, in order."""
    made = Exchange.objects.filter(store=integration.store, flow="inventory").order_by("pk")
    found = [f"{verb} {path.removeprefix('/wix')}" for verb, path in made.values_list("method", "path")]
    return [call for call in found if call.startswith(method)]


def forget_calls() -> None:
    Exchange.objects.all().delete()


def writes(integration: Integration) -> list[str]:
    """Calls that set a quantity."""
    return [call for call in calls(integration) if call.startswith("PATCH") or "/bulk/" in call]
