"""One integration that pulls from a stand-in store: set up, run to the end, wiped between rounds."""

from __future__ import annotations

import time
from collections.abc import Mapping

import django

django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from fcp.models import Account  # noqa: E402
from integrations import lease  # noqa: E402
from integrations.connecting import connect  # noqa: E402
from integrations.flows import orders as orders_flow  # noqa: E402
from integrations.models import Budget, Flow, Integration, Run  # noqa: E402
from integrations.runs import run_slice  # noqa: E402
from inventory.models import Reservation, Warehouse  # noqa: E402
from mappings.models import Listing, ShipMethod  # noqa: E402
from orders.models import Hold, Order, OrderEvent, OrderLine, OrderParty, Payload, SeenOrder  # noqa: E402

TABLES = (Order, OrderLine, OrderParty, Payload, Hold, OrderEvent, SeenOrder, Reservation)


def integration_of(info: Mapping[str, str]) -> Integration:
    """A live-less integration that takes every order in; its words are learnt, then most of them mapped."""
    account = Account.objects.create(name="Bench", slug=f"bench-{time.monotonic_ns()}")
    Warehouse.objects.create(account=account, code="MAIN", name="Main")
    given = {"history": 365, "flows": {"orders": {"mode": "pull", "interval": 30}}}
    received = {"api_key": info["api_key"], "site_id": info["site_id_v1"]}
    made = connect(
        account, "wix", "api_key", received, by="bench", now=timezone.now(), given=given, api_url=info["base_url"]
    )
    Budget.objects.update_or_create(
        store=made.store,
        defaults={"tokens": 1e9, "per_minute": 1_000_000, "refilled_at": timezone.now()},
    )
    return made


def map_words(integration: Integration) -> None:
    """Everything means something but one shipping option, so that a part of the orders is held."""
    from inventory.models import Product

    now = timezone.now()
    for row in ShipMethod.objects.filter(store=integration.store).order_by("title")[1:]:
        ShipMethod.objects.filter(pk=row.pk).update(target="GROUND", version=1, applied_version=1)
    for row in Listing.objects.filter(store=integration.store, product=None):
        product, _ = Product.objects.get_or_create(
            account_id=row.account_id,
            sku_key=row.sku_key or row.title,
            defaults={"sku": row.sku or row.title, "name": row.title},
        )
        Listing.objects.filter(pk=row.pk).update(product=product, last_seen_on=now.date())


def pull(integration: Integration) -> None:
    """Run the orders flow to its end, slice by slice, as the workers do; the queue is left out."""
    flow = Flow.objects.get(integration=integration, kind="orders")
    for _ in range(10_000):
        now = timezone.now()
        Flow.objects.filter(pk=flow.pk).update(due_at=now, lease_until=None, started_at=None)
        lease.claim(lease.free(Flow.objects.filter(pk=flow.pk)), now)
        started = lease.start(flow.pk, Flow.objects.get(pk=flow.pk).gen, now)
        assert started
        run_slice(started, orders_flow.pull)
        flow.refresh_from_db()
        assert not flow.problem_code, flow.problem
        if flow.last_ok_at and flow.last_ok_at >= now and flow.due_at and flow.due_at > timezone.now():
            return
    raise AssertionError("The pull never ended.")


def wipe(integration: Integration) -> None:
    """No order was ever seen; the words stay."""
    names = ", ".join(model._meta.db_table for model in TABLES)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {names}, integrations_run CASCADE")
        else:
            for model in (*reversed(TABLES), Run):
                cursor.execute(f"DELETE FROM {model._meta.db_table}")
    Flow.objects.filter(integration=integration).update(
        watermark=None, covered_from=None, position={}, lease_until=None, started_at=None
    )


def counts() -> dict[str, int]:
    return {model._meta.db_table: model._default_manager.count() for model in TABLES}
