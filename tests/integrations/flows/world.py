"""Builders of the tests of flows: stores connected to the sandbox, and a worker in this process."""

from __future__ import annotations

import pydoc
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from fcp.models import Account
from integrations.connecting import connect
from integrations.connectors import connector_class
from integrations.connectors.declaring import FlowKind, Mode
from integrations.lease import ring
from integrations.models import Flow, Integration
from integrations.sandbox.server import Sandbox
from integrations.settings_document import document_of, validate
from integrations.settings_saving import save, switched_on
from inventory.models import Warehouse
from mappings.mapping import map_location, map_ship_method
from mappings.models import Location, ShipMethod
from mappings.take import take_products
from tests.build import make_account, make_partner, make_warehouse

ON = (FlowKind.ORDERS, FlowKind.FULFILLMENTS, FlowKind.PRODUCTS)


def key_of(box: Sandbox, site: str) -> dict[str, str]:
    info = box.info["wix"]
    return {"api_key": info["api_key"], "site_id": info[f"site_id_{site}"]}


def connect_store(
    box: Sandbox,
    site: str = "v1",
    *,
    account: Account | None = None,
    on: tuple[FlowKind, ...] = ON,
    way: str = "api_key",
    fills: bool = False,
    **given: Any,
) -> Integration:
    """Any payment and any fulfillment come in, unless `given` says otherwise; not live.

    Products are read, and fill our catalogue only where `fills` says so: `map_everything` takes them over.
    """
    info = box.info["wix"]
    received = key_of(box, site) if way == "api_key" else {"instance_id": info[f"instance_{site}"]}
    return connect_by("wix", way, received, info["base_url"], account=account, on=on, fills=fills, **given)


def connect_by(
    platform: str,
    way: str,
    received: dict[str, str],
    api_url: str,
    *,
    account: Account | None = None,
    on: tuple[FlowKind, ...] = ON,
    fills: bool = False,
    **given: Any,
) -> Integration:
    """The same for a store of any platform; of `on` the flows that it has."""
    account = account or make_account()
    if not Warehouse.objects.for_account(account).exists():
        make_warehouse(account, partner=make_partner())
    integration = connect(account, platform, way, received, by="Ann", now=timezone.now(), given=given, api_url=api_url)
    offers = {offer.kind: offer for offer in connector_class(platform).platform.flows}
    if on := tuple(kind for kind in on if kind in offers):
        document = switched_on(document_of(integration), connector_class(platform).platform, on)
        if FlowKind.PRODUCTS in on and not fills and Mode.PUSH in offers[FlowKind.PRODUCTS].modes:
            document["flows"]["products"]["mode"] = Mode.PUSH.value
        save(integration, document, by="Ann", now=timezone.now())
    integration.refresh_from_db()
    return integration


def change_settings(integration: Integration, **given: Any) -> None:
    """What a person saves on the settings page."""
    integration.refresh_from_db()
    platform = connector_class(integration.store.platform).platform
    checked = validate(platform, given, document_of(integration), integration.account)
    assert not checked.errors, checked.errors
    save(integration, checked.document, by="Ann", now=timezone.now())
    integration.refresh_from_db()


def flow_of(integration: Integration, kind: FlowKind = FlowKind.ORDERS) -> Flow:
    return Flow.objects.get(integration=integration, kind=kind)


def sync(integration: Integration, kind: FlowKind = FlowKind.ORDERS) -> Flow:
    """Press Sync and let a worker do it."""
    ring([flow_of(integration, kind).pk], timezone.now(), trigger="person", by="Ann")
    work()
    return flow_of(integration, kind)


def work(most: int = 200) -> int:
    """Run what is in the queue, as a worker would, until nothing is due now; how many tasks."""
    done = 0
    while done < most:
        row = OrmQ.objects.filter(lock__lte=timezone.now()).order_by("id").first()
        if row is None:
            return done
        task = SignedPackage.loads(row.payload)
        row.delete()
        assert not transaction.get_connection().in_atomic_block
        pydoc.locate(task["func"])(*task["args"], **task["kwargs"])  # type: ignore[operator]
        done += 1
    raise AssertionError(f"Still not done after {most} tasks")


def map_everything(integration: Integration, *, shipping: bool = True) -> None:
    """Products taken over, every shipping option and location mapped, and what follows from it done."""
    take_products(integration.store, by="Ann", now=timezone.now())
    for row in ShipMethod.objects.unmapped().filter(store=integration.store) if shipping else ():
        map_ship_method(row, "GROUND", by="Ann", now=timezone.now(), carrier="UPS", service="Ground")
    warehouse = Warehouse.objects.for_account(integration.account).first()
    for place in Location.objects.unmapped().filter(store=integration.store):
        map_location(place, warehouse, by="Ann", now=timezone.now())
    work()
