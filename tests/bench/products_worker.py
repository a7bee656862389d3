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
from integrations.connectors.declaring import FlowKind  # noqa: E402
from integrations.connectors.shapes import IncomingListing, Page  # noqa: E402
from integrations.models import Integration  # noqa: E402
from integrations.reach import open_store  # noqa: E402
from inventory.models import Product, ProductGroup  # noqa: E402
from mappings.models import Listing  # noqa: E402
from tests.bench.connected import integration_of, run  # noqa: E402
from tests.bench.shops import Work, shop_of  # noqa: E402
from tests.bench.store import calls_of  # noqa: E402

OF_THE_CATALOGUE = ("inventory_product", "inventory_productgroup", "mappings_listing")


def pull(given: dict[str, Any]) -> dict[str, float]:
    """A first pull; its peak memory is this process's."""
    shop, info = shop_of(given["shop"]), given["info"]
    made = integration_of(shop, info, {"products": "pull"})
    calls_of(info)
    seconds = run(made, "products", "first")
    items = Listing.objects.filter(store=made.store).count()
    found = {
        "seconds": seconds,
        "items": items,
        "calls": len(calls_of(info)),
        "least": shop.least["products"](Work(products=given["products"], listings=items)),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    if given["peak_only"]:
        return found
    with writes() as written:
        run(made, "products", "person")
    found["writes"] = len(written)
    calls_of(info)
    run(made, "products", "schedule")
    found["calls_changed"] = len(calls_of(info))
    found["floor"] = min(floor(made) for _ in range(2))
    return found


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
    with open_store(made, FlowKind.PRODUCTS, now, seconds=3600) as store:
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
