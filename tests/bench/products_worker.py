"""What measure_products runs in processes of their own: a whole pull of a catalogue, again, what changed, the floor."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from fcp.insert import insert_rows  # noqa: E402
from fcp.models import Account  # noqa: E402
from integrations import lease  # noqa: E402
from integrations.connecting import connect  # noqa: E402
from integrations.connectors.declaring import FlowKind  # noqa: E402
from integrations.connectors.shapes import IncomingListing, Page  # noqa: E402
from integrations.flows import products as products_flow  # noqa: E402
from integrations.models import Budget, Exchange, Flow, Integration  # noqa: E402
from integrations.reach import open_store  # noqa: E402
from integrations.runs import run_slice  # noqa: E402
from inventory.models import Product, ProductGroup  # noqa: E402
from mappings.models import Listing  # noqa: E402

OF_THE_CATALOGUE = ("inventory_product", "inventory_productgroup", "mappings_listing")


def pull(given: dict[str, Any]) -> dict[str, float]:
    """A first pull; its peak memory is this process's."""
    made = integration_of(given["info"], given["site"])
    seconds = timed(made, "first")
    found = {
        "seconds": seconds,
        "items": Listing.objects.filter(store=made.store).count(),
        "products": Product.objects.filter(account=made.account).count(),
        "calls": calls(),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    if given.get("peak_only"):
        return found
    with writes() as written:
        found["again"] = timed(made, "person")
    found |= {"writes": len(written), "calls_again": calls()}
    timed(made, "schedule")
    found["calls_changed"] = calls()
    found["floor"] = min(floor(made) for _ in range(2))
    return found


def integration_of(info: dict[str, str], site: str) -> Integration:
    account = Account.objects.create(name="Bench", slug=f"bench-{time.monotonic_ns()}")
    given = {"flows": {"products": {"mode": "pull", "interval": 1440}}}
    received = {"api_key": info["api_key"], "site_id": info[f"site_id_{site}"]}
    made = connect(
        account, "wix", "api_key", received, by="bench", now=timezone.now(), given=given, api_url=info["base_url"]
    )
    Budget.objects.update_or_create(
        store=made.store,
        defaults={"tokens": 1e9, "bulk_tokens": 1e9, "per_minute": 1_000_000, "refilled_at": timezone.now()},
    )
    return made


def timed(made: Integration, trigger: str) -> float:
    """Seconds of the flow from its start to its end, slice by slice; the queue is left out."""
    Exchange.objects.all().delete()
    flow = Flow.objects.get(integration=made, kind=FlowKind.PRODUCTS)
    started = time.perf_counter()
    begun = timezone.now()
    while True:
        now = timezone.now()
        Flow.objects.filter(pk=flow.pk).update(due_at=now, lease_until=None, started_at=None, trigger=trigger)
        lease.claim(lease.free(Flow.objects.filter(pk=flow.pk)), now)
        lease_of = lease.start(flow.pk, Flow.objects.get(pk=flow.pk).gen, now)
        assert lease_of
        run_slice(lease_of, products_flow.sync)
        flow.refresh_from_db()
        assert not flow.problem_code, flow.problem
        if flow.last_ok_at and flow.last_ok_at >= begun:
            return time.perf_counter() - started


def calls() -> int:
    """Of the catalogue; not the one that asks which catalogue it is."""
    return Exchange.objects.filter(flow="products", path__contains="/products/").count()


@contextmanager
def writes() -> Iterator[list[str]]:
    """Statements that change the catalogue."""
    found: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        words = sql.split(None, 3)
        table = words[2 if words[0] == "INSERT" else 1].strip('"') if words[0] in ("INSERT", "UPDATE", "DELETE") else ""
        if table in OF_THE_CATALOGUE:
            found.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def floor(made: Integration) -> float:
    """The same pages read, and what they hold put into the two tables, page by page, without asking anything."""
    now, account = timezone.now(), made.account_id
    with transaction.atomic():
        Listing.objects.filter(store=made.store).delete()
        Product.objects.filter(account=account).delete()
        ProductGroup.objects.filter(account=account).delete()
    started = time.perf_counter()
    with open_store(made, FlowKind.PRODUCTS, now) as store:
        token: str | None = None
        count = 0
        while True:
            page: Page[IncomingListing] = store.ask(lambda connector, token=token: connector.listings(token))  # type: ignore[misc]
            rows = [(count + n, item) for n, item in enumerate(page.items)]
            count += len(rows)
            with transaction.atomic():
                insert_rows(Product, PRODUCT, [
                    (account, f"{n}", f"{n}", i.title[:255], i.barcode, i.weight_grams, "", "", i.description, i.price,
                     i.currency, None, [], now, 0, now)
                    for n, i in rows
                ])  # fmt: skip
                insert_rows(Listing, LISTING, [
                    (account, made.store_id, 0, 0, now, now.date(), i.product_uid, i.variant_uid, i.sku, i.sku, i.title,
                     None, 1, i.tracked, None)
                    for _, i in rows
                ])  # fmt: skip
            token = page.next
            if token is None:
                break
        token = None
        while page_of := store.ask(lambda connector, token=token: connector.descriptions(token)):  # type: ignore[misc]
            token = page_of.next
            if token is None:
                break
    return time.perf_counter() - started


PRODUCT = (
    "account", "sku", "sku_key", "name", "barcode", "weight_grams", "customs_code", "origin", "description", "price",
    "currency", "group", "options", "changed_at", "stock_seq", "created_at",
)  # fmt: skip
LISTING = (
    "account", "store", "version", "applied_version", "first_seen_at", "last_seen_on", "product_uid", "variant_uid",
    "sku", "sku_key", "title", "product", "units", "tracked", "retired_at",
)  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(pull(json.loads(sys.argv[1]))))
