"""What is still to be done before an integration is live, as the first thing its page shows."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from fcp.wording import plural
from integrations.connectors import connector_class
from integrations.connectors.declaring import FlowKind, Platform
from integrations.models import Flow, Integration
from integrations.settings_document import document_of
from mappings.models import Listing, Location, ShipMethod
from mappings.take import takeable
from orders.models import Order


@dataclass(frozen=True, slots=True)
class CheckStep:
    """`view` of the integrations app does it: a page, or with `post` at once. Empty: there is nothing to press."""

    key: str
    label: str
    done: bool
    text: str
    view: str = ""
    button: str = ""
    post: bool = False


def steps_of(integration: Integration) -> list[CheckStep]:
    """Connected, set up, catalogue read, shipping options mapped, warehouse mapped, one order tried, live."""
    store = integration.store
    document = document_of(integration)
    orders = Flow.objects.get(integration=integration, kind=FlowKind.ORDERS)
    platform = connector_class(store.platform).platform
    variant = platform.variants.get(integration.variant, "")
    uses = f" This site uses {variant}." if variant else ""
    return [
        CheckStep("connected", "Connected", True, f"{store.name} answers.{uses}"),
        CheckStep("setup", "Set up", True, f"We ask the store for orders every {orders.interval} minutes.")
        if orders.due_at
        else CheckStep(
            "setup", "Set up", False,
            "Say which orders come in and how often, then press Finish Setup.", "setup", "Finish Setup",
        ),
        _catalogue(integration, platform, set_up=orders.due_at is not None),
        _ship_codes(integration, orders),
        _warehouse(integration, document.get("warehouse")),
        CheckStep(
            "tried", "One order tried", Order.objects.filter(store=store, tried=True).exists(),
            "Pass one order of your choice through to the warehouse and see each step.", "try", "Try with one order",
        ),
    ]  # fmt: skip


def _catalogue(integration: Integration, platform: Platform, set_up: bool) -> CheckStep:
    store = integration.store
    read = Flow.objects.filter(integration=integration, kind=FlowKind.PRODUCTS, last_ok_at__isnull=False).exists()
    take = takeable(store)
    if take:
        things = plural(take, "product,products")
        are, them = ("is", "it wait until it is") if take == 1 else ("are", "them wait until they are")
        text = f"{things} of this store {are} not in your catalogue yet. Orders with {them}."
        return CheckStep(
            "catalogue", "Catalogue read", False, text, "take", f"Take {things} from this store", post=True
        )
    if not platform.offers(FlowKind.PRODUCTS):
        read, text = True, "This store does not list what it sells: its products appear with the orders that name them."
        if not Listing.objects.filter(store=store).exists():
            return CheckStep("catalogue", "Catalogue read", True, text)
    if not read:
        text = (
            "The store's products are read once the flows are on."
            if not set_up
            else "The store's products are being read."
        )
        return CheckStep("catalogue", "Catalogue read", False, text)
    unmapped = Listing.objects.unmapped().filter(store=store)[:1000].count()
    if unmapped:
        those = plural(unmapped, "has none,have none")
        text = (
            f"Every listing with an SKU means one of your products; {those}. Orders with such a thing that ships wait."
        )
        return CheckStep("catalogue", "Catalogue read", True, text)
    return CheckStep("catalogue", "Catalogue read", True, "Every listing of the store means one of your products.")


def _ship_codes(integration: Integration, orders: Flow) -> CheckStep:
    rows = ShipMethod.objects.filter(store=integration.store_id)
    unmapped = rows.unmapped()[:1000].count()
    if unmapped:
        text = plural(unmapped, "shipping option waits,shipping options wait")
        return CheckStep(
            "ship_codes",
            "Shipping options mapped",
            False,
            f"{text} for a ship code.",
            "ship_codes",
            "Map shipping options",
        )
    if not rows.exists():
        if orders.last_ok_at is None and integration.options_read_at is None:
            text = "Say what the store's shipping options of the last 30 days mean before its first orders come in."
            return CheckStep(
                "ship_codes", "Shipping options mapped", False, text, "ship_codes", "Look at its shipping options"
            )
        text = "They appear with the first orders." if orders.last_ok_at is None else "No order has used one yet."
        return CheckStep("ship_codes", "Shipping options mapped", False, text)
    return CheckStep("ship_codes", "Shipping options mapped", True, "Each way of shipping has its ship code.")


def _warehouse(integration: Integration, chosen: int | None) -> CheckStep:
    places = Location.objects.filter(store=integration.store_id)
    if places.unmapped().exists() and places.filter(~Q(warehouse=None)).exists():
        text = "Some of the store's locations are not bound to a warehouse yet."
        return CheckStep("warehouse", "Warehouse mapped", False, text, "locations", "Map warehouses")
    if chosen or (places.exists() and not places.unmapped().exists()):
        return CheckStep("warehouse", "Warehouse mapped", True, "We know where its orders ship from.")
    text = "Say which warehouse is which of the store's locations, or choose one warehouse for all in Main settings."
    return CheckStep("warehouse", "Warehouse mapped", False, text, "locations", "Map warehouses")
