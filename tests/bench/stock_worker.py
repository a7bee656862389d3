"""What measure_stock runs in processes of their own: `fill` first, then one of the others."""

from __future__ import annotations

import json
import pydoc
import resource
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402
from django_q.models import OrmQ  # noqa: E402
from django_q.signing import SignedPackage  # noqa: E402

from fcp.models import Account  # noqa: E402
from integrations.connecting import connect  # noqa: E402
from integrations.connectors.declaring import FlowKind  # noqa: E402
from integrations.lease import ring  # noqa: E402
from integrations.live import go_live  # noqa: E402
from integrations.models import Budget, Exchange, Flow, Integration  # noqa: E402
from integrations.stock_answers import allow_first_push  # noqa: E402
from inventory.levels import LevelItem, report_levels  # noqa: E402
from inventory.models import Warehouse  # noqa: E402
from mappings.mapping import map_location  # noqa: E402
from mappings.models import ListingStock, Location  # noqa: E402
from mappings.take import take_products  # noqa: E402
from orders.models import SeenOrder  # noqa: E402

PER_CALL = 1000


def fill(given: dict[str, Any]) -> dict[str, float]:
    """A store of which everything is read, with the levels that it shows: nothing is left to send."""
    info, now = given["info"], timezone.now()
    account = Account.objects.create(name="Bench", slug="bench")
    warehouse = Warehouse.objects.create(account=account, code="MAIN", name="Main", kept_by="panel")
    flows = {"products": {"mode": "pull", "interval": 1440}, "orders": {"mode": "pull", "interval": 1440}}
    received = {"api_key": info["api_key"], "site_id": info[f"site_id_{given['site']}"]}
    made = connect(
        account, "wix", "api_key", received, by="bench", now=now, api_url=info["base_url"],
        given={"flows": flows | {"inventory": {"mode": "push", "interval": 1440}}, "stock_zeroing": 100},
    )  # fmt: skip
    give_calls(made, 0)
    run_all()
    take_products(made.store, by="bench", now=now)
    for place in Location.objects.filter(store=made.store).order_by("pk")[:1]:
        map_location(place, warehouse, by="bench", now=now)
    run_all()
    shown = ListingStock.objects.filter(store=made.store, confirmed__isnull=False, listing__product__isnull=False)
    levels = dict(shown.values_list("listing__product__sku", "confirmed"))
    Warehouse.objects.update(kept_by="partner")
    report(levels)
    allow_first_push(made, by="bench", now=timezone.now())
    go_live(made, by="bench", now=timezone.now())
    run_all()
    assert not ListingStock.objects.due().exists()
    assert levels
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {"listings": len(levels)}


def changes(given: dict[str, Any]) -> dict[str, float]:
    """One percent of the products gets another level."""
    skus = some(ListingStock.objects.filter(result__isnull=False).count() // 100)
    Exchange.objects.all().delete()
    started = time.perf_counter()
    report(dict.fromkeys(skus, 3))
    run_all()
    seconds = time.perf_counter() - started
    assert not ListingStock.objects.due().exists()
    assert ListingStock.objects.filter(listing__product__sku__in=skus, confirmed=3).count() == len(skus)
    return {"seconds": seconds, "changed": len(skus)} | calls()


def stale(given: dict[str, Any]) -> dict[str, float]:
    """The store says of a whole batch that it was changed meanwhile."""
    control(given, "misbehave", {"kind": "stale_rows", "site": "v3", "rows": 1.0, "count": 1})
    return changes(given)


def order(given: dict[str, Any]) -> dict[str, float]:
    """Everything is to be told, at the calls a minute that Wix allows, by one worker; then somebody orders."""
    made = Integration.objects.get()
    Exchange.objects.all().delete()
    give_calls(made, 200)
    report(dict.fromkeys(some(), 3))
    ends = time.monotonic() + 15
    run_all(lambda: time.monotonic() > ends)
    number = control(given, "orders", {"site": given["site"]})["order"]["number"]
    placed = time.perf_counter()
    flow = Flow.objects.get(integration=made, kind=FlowKind.ORDERS)
    ring([flow.pk], timezone.now(), trigger="webhook")
    run_all(lambda: SeenOrder.objects.filter(number_key=number).exists())
    seconds = time.perf_counter() - placed
    left = ListingStock.objects.due().count()
    assert left, "the push was over before"
    return {"seconds": seconds, "left": left, "sent": calls()["writes"]}


def restock(given: dict[str, Any]) -> dict[str, float]:
    """Everything gets another level; the push is left to another process."""
    report(dict.fromkeys(some(), 3))
    return {}


def memory(given: dict[str, Any]) -> dict[str, float]:
    """Of a worker that tells the store of everything."""
    assert ListingStock.objects.exclude(confirmed=3).exists()
    run_all()
    assert not ListingStock.objects.due().exists()
    return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


# --- steps ---------------------------------------------------------------------------------------------------------


def some(count: int | None = None) -> list[str]:
    """SKUs of which the store shows another number than 3."""
    rows = ListingStock.objects.filter(why="", result__isnull=False).exclude(confirmed=3).order_by("pk")
    return list(rows.values_list("listing__product__sku", flat=True)[:count])


def report(levels: dict[str, int]) -> None:
    warehouse, items = Warehouse.objects.get(), list(levels.items())
    for start in range(0, len(items), PER_CALL):
        now = timezone.now()
        some_items = [LevelItem(sku, quantity, now) for sku, quantity in items[start : start + PER_CALL]]
        report_levels(warehouse, some_items, actor="bench", now=now)


def give_calls(made: Integration, per_minute: int) -> None:
    """0: as many as it likes."""
    tokens = per_minute / 4 or 1e9
    Budget.objects.filter(store=made.store).update(
        tokens=tokens, bulk_tokens=tokens * 0.6, per_minute=per_minute or 1_000_000, refilled_at=timezone.now()
    )


def run_all(enough: Callable[[], bool] = lambda: False) -> None:
    """One worker, until nothing is queued for the next minute; it waits for what is due in a few seconds."""
    while not enough():
        row = OrmQ.objects.order_by("lock", "id").first()
        if row is None or (row.lock - timezone.now()).total_seconds() > 60:
            return
        time.sleep(max((row.lock - timezone.now()).total_seconds(), 0))
        task = SignedPackage.loads(row.payload)
        row.delete()
        pydoc.locate(task["func"])(*task["args"], **task["kwargs"])  # type: ignore[operator]


def calls() -> dict[str, float]:
    made = Exchange.objects.filter(flow="inventory")
    writes = made.filter(method="PATCH") | made.filter(path__contains="/bulk/")
    # A V3 store's places are asked for once in a slice: they are no stock.
    places = made.filter(path__endswith="/locations/query")
    return {"writes": writes.count(), "reads": made.count() - writes.count() - places.count()}


def control(given: dict[str, Any], path: str, body: dict[str, Any]) -> Any:
    url = given["info"]["base_url"].removesuffix("/wix") + f"/control/api/{path}"
    asked = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=30) as reply:
        return json.loads(reply.read())


if __name__ == "__main__":
    subjects = {"fill": fill, "changes": changes, "stale": stale, "order": order, "restock": restock}
    subjects["memory"] = memory
    print(json.dumps(subjects[sys.argv[1]](json.loads(sys.argv[2]))))
