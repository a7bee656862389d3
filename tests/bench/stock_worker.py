"""What measure_stock runs in processes of their own: `fill` first, then one of the others.

Arguments: which, and as JSON the shop and the info of its store.
"""

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

from integrations.connectors.declaring import FlowKind  # noqa: E402
from integrations.lease import ring  # noqa: E402
from integrations.live import go_live  # noqa: E402
from integrations.models import Flow, Integration  # noqa: E402
from integrations.stock_answers import allow_first_push  # noqa: E402
from inventory.models import Warehouse  # noqa: E402
from mappings.models import ListingStock  # noqa: E402
from orders.models import SeenOrder  # noqa: E402
from tests.bench.connected import give_calls, integration_of, report, take_everything_over  # noqa: E402
from tests.bench.shops import Shop, Work  # noqa: E402
from tests.bench.shops import shop_of as shop_named  # noqa: E402
from tests.bench.store import calls_of  # noqa: E402

FLOWS = {"products": "pull", "orders": "pull", "inventory": "push"}


def fill(given: dict[str, Any]) -> dict[str, float]:
    """A store of which everything is read, with the levels that it shows: nothing is left to send."""
    made = integration_of(shop_of(given), given["info"], FLOWS, stock_zeroing=100)
    Warehouse.objects.update(kept_by="panel")
    run_all()
    take_everything_over(made)
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


def changes(given: dict[str, Any]) -> dict[str, Any]:
    """One percent of the products gets another level."""
    rows = ListingStock.objects.filter(result__isnull=False)
    skus = some(rows.count() // 100)
    calls_of(given["info"])
    started = time.perf_counter()
    report(dict.fromkeys(skus, 3))
    run_all()
    seconds = time.perf_counter() - started
    assert not ListingStock.objects.due().exists()
    told = rows.filter(listing__product__sku__in=skus, confirmed=3)
    assert told.count() == len(skus)
    touched = told.order_by().values("listing__product_uid").distinct().count()
    heard = calls_of(given["info"])
    least = shop_of(given).least["stock"](Work(changed=len(skus), touched=touched))
    return {"seconds": seconds, "changed": len(skus), "calls": len(heard), "least": least, "heard": heard[:10]}


def stale(given: dict[str, Any]) -> dict[str, float]:
    """The store says of a whole batch that it was changed meanwhile."""
    site = shop_of(given).site
    control(given, "misbehave", {"kind": "stale_rows", "site": site, "rows": 1.0, "count": 1})
    return changes(given)


def order(given: dict[str, Any]) -> dict[str, float]:
    """Everything is to be told, at the calls a minute that Wix allows, by one worker; then somebody orders."""
    made = Integration.objects.get()
    calls_of(given["info"])
    give_calls(made, 200)
    report(dict.fromkeys(some(), 3))
    ends = time.monotonic() + 15
    run_all(lambda: time.monotonic() > ends)
    number = control(given, "orders", {"site": shop_of(given).site})["order"]["number"]
    placed = time.perf_counter()
    flow = Flow.objects.get(integration=made, kind=FlowKind.ORDERS)
    ring([flow.pk], timezone.now(), trigger="webhook")
    run_all(lambda: SeenOrder.objects.filter(number_key=number).exists())
    seconds = time.perf_counter() - placed
    left = ListingStock.objects.due().count()
    assert left, "the push was over before"
    return {"seconds": seconds, "left": left, "sent": len(calls_of(given["info"]))}


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


def shop_of(given: dict[str, Any]) -> Shop:
    return shop_named(given["shop"])


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


def control(given: dict[str, Any], path: str, body: dict[str, Any]) -> Any:
    url = given["info"]["sandbox_url"] + f"/control/api/{path}"
    asked = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=30) as reply:
        return json.loads(reply.read())


if __name__ == "__main__":
    subjects = {"fill": fill, "changes": changes, "stale": stale, "order": order, "restock": restock}
    subjects["memory"] = memory
    print(json.dumps(subjects[sys.argv[1]](json.loads(sys.argv[2]))))
