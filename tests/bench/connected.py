"""An integration of a stand-in store, and its flows run here and now instead of by the queue."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402

from fcp.models import Account  # noqa: E402
from integrations import lease  # noqa: E402
from integrations.connecting import connect  # noqa: E402
from integrations.models import Budget, Flow, Integration  # noqa: E402
from integrations.runs import run_slice  # noqa: E402
from integrations.tasks import WORK  # noqa: E402
from inventory.levels import LevelItem, report_levels  # noqa: E402
from inventory.models import Product, Warehouse  # noqa: E402
from mappings.mapping import map_location, map_ship_method  # noqa: E402
from mappings.models import Listing, Location, ShipMethod  # noqa: E402
from mappings.take import take_products  # noqa: E402
from tests.bench.shops import Info, Shop  # noqa: E402

LEVELS_PER_CALL = 1000
EVERYTHING = {"first_pull": "everything", "first_push": "differences"}  # also where the platform's default is another
ENDLESS = 1_000_000  # calls a minute


def integration_of(shop: Shop, info: Info, flows: Mapping[str, str], **given: Any) -> Integration:
    """Not live, with as many calls as it likes; `flows` are those that are on, with their modes."""
    account = Account.objects.create(name="Bench", slug=f"bench-{time.monotonic_ns()}")
    Warehouse.objects.create(account=account, code="MAIN", name="Main")
    on = {kind: {"mode": mode, "interval": 1440} for kind, mode in flows.items()}
    made = connect(
        account, shop.platform, shop.way, shop.received(info), by="bench", now=timezone.now(),
        given={"flows": on, **EVERYTHING, **given}, api_url=shop.base(info),
    )  # fmt: skip
    give_calls(made)
    return made


def give_calls(made: Integration, per_minute: int = ENDLESS) -> None:
    tokens = per_minute / 4 if per_minute < ENDLESS else 1e9
    budget = {"tokens": tokens, "bulk_tokens": tokens * 0.6, "per_minute": per_minute, "refilled_at": timezone.now()}
    Budget.objects.update_or_create(store=made.store, defaults=budget)


def run(made: Integration, kind: str, trigger: str = "schedule") -> float:
    """A flow from its start to its end, slice by slice, as the workers do it; the seconds."""
    flow, begun = Flow.objects.get(integration=made, kind=kind), timezone.now()
    started = time.perf_counter()
    Flow.objects.filter(pk=flow.pk).update(due_at=begun, lease_until=None, started_at=None, trigger=trigger)
    while True:
        now = timezone.now()
        lease.claim(lease.free(Flow.objects.filter(pk=flow.pk)), now)
        lease_of = lease.start(flow.pk, Flow.objects.get(pk=flow.pk).gen, now)
        assert lease_of
        run_slice(lease_of, WORK[kind])
        flow.refresh_from_db()
        assert not flow.problem_code, flow.problem
        if flow.last_ok_at and flow.last_ok_at >= begun:
            return time.perf_counter() - started
        assert flow.due_at
        # A store that works on it says so later; whatever else is due is due now.
        wait = (flow.due_at - timezone.now()).total_seconds()
        assert wait < 60, wait
        time.sleep(max(wait, 0))


def take_everything_over(made: Integration) -> None:
    """Every listing is a product, every shipping option is mapped, the first place is the warehouse."""
    now, warehouse = timezone.now(), Warehouse.objects.get(account=made.account)
    take_products(made.store, by="bench", now=now)
    for place in Location.objects.filter(store=made.store).order_by("pk")[:1]:
        map_location(place, warehouse, by="bench", now=now)
    for row in ShipMethod.objects.filter(store=made.store):
        map_ship_method(row, "GROUND", carrier="UPS", service="Ground", by="bench", now=now)


def take_words_over(made: Integration) -> None:
    """Everything means something but one shipping option, so that a part of the orders is held."""
    now = timezone.now()
    for row in ShipMethod.objects.filter(store=made.store).order_by("title")[1:]:
        ShipMethod.objects.filter(pk=row.pk).update(target="GROUND", version=1, applied_version=1)
    for row in Listing.objects.filter(store=made.store, product=None):
        product, _ = Product.objects.get_or_create(
            account_id=row.account_id,
            sku_key=row.sku_key or row.title,
            defaults={"sku": row.sku or row.title, "name": row.title},
        )
        Listing.objects.filter(pk=row.pk).update(product=product, last_seen_on=now.date())


def report(levels: Mapping[str, int]) -> None:
    warehouse, items = Warehouse.objects.get(), list(levels.items())
    for start in range(0, len(items), LEVELS_PER_CALL):
        now = timezone.now()
        some = [LevelItem(sku, quantity, now) for sku, quantity in items[start : start + LEVELS_PER_CALL]]
        report_levels(warehouse, some, actor="bench", now=now)
