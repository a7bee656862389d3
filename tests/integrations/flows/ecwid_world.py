"""A store that answers many quantities later: the stand-in Ecwid, connected, with its stock going out."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from integrations.connectors.declaring import FlowKind
from integrations.lease import claim, free
from integrations.live import go_live
from integrations.models import Exchange, Flow, Integration
from integrations.sandbox.server import Sandbox
from tests.integrations.flows.stock_world import all_skus, inventory_flow, keep_first_location, report, rows, start
from tests.integrations.flows.world import connect_by, map_everything, work

ON = (FlowKind.ORDERS, FlowKind.PRODUCTS, FlowKind.INVENTORY)


def connect_ecwid(box: Sandbox, on: tuple[FlowKind, ...] = ON, **given: Any) -> Integration:
    info = box.info["ecwid"]
    received = {"store_id": info["store_id"], "token": info["token"]}
    return connect_by("ecwid", "custom_app", received, info["api_base_url"], on=on, **given)


def stocked(box: Sandbox, **given: Any) -> Integration:
    """Live, everything mapped, its numbers read; no level is known and the first push waits."""
    integration = connect_ecwid(box, **{"first_push": "differences", **given})
    work()
    map_everything(integration)
    keep_first_location(integration)
    go_live(integration, by="Ann", now=timezone.now())
    work()
    return integration


def selling(box: Sandbox, time_machine: Any, quantity: int = 10, **given: Any) -> Integration:
    """With so many of everything, and all of it told."""
    integration = stocked(box, **given)
    report(integration, dict.fromkeys(all_skus(integration), quantity))
    start(integration)
    until_told(integration, box, time_machine)
    return integration


def later(time_machine: Any, seconds: float) -> None:
    """After that time, with what is due by then."""
    time_machine.move_to(timezone.now() + dt.timedelta(seconds=seconds))
    now = timezone.now()
    claim(free(Flow.objects.filter(due_at__lte=now, lease_until=None, kind=FlowKind.INVENTORY)), now)
    work()


def wait_for(there: Callable[[], Any]) -> None:
    """For what the stand-in does by itself."""
    ends = time.monotonic() + 30
    while not there():
        assert time.monotonic() < ends, "it does not come"
        time.sleep(0.02)


def batches(box: Sandbox) -> list[dict[str, Any]]:
    return list(box.ecwid.batches.all.values())


def all_done(box: Sandbox) -> bool:
    return all(batch["status"] == "COMPLETED" for batch in batches(box))


def until_told(integration: Integration, box: Sandbox, time_machine: Any) -> None:
    """Nothing is under way or due any more."""
    for _ in range(40):
        wait_for(lambda: all_done(box))
        if "ticket" not in inventory_flow(integration).position and not rows(integration).due().exists():
            return
        later(time_machine, 16)
    raise AssertionError("something is never told")


def asked(integration: Integration, method: str = "") -> list[str]:
    """What the stock's flow asked of the store, in order, below the store's address."""
    made = Exchange.objects.filter(store=integration.store, flow="inventory").order_by("pk")
    found = [f"{verb} {path.partition('/api/v3/')[2].partition('/')[2]}" for verb, path in
             made.values_list("method", "path")]  # fmt: skip
    return [call for call in found if call.startswith(method)]


def counted(box: Sandbox) -> dict[str, int]:
    """What the store shows of everything that it counts and that has an SKU."""
    return {sku: number for sku, number in box.ecwid.stock().items() if number is not None and not sku.isdecimal()}
