"""What measure_calls runs in a process of its own: one store connected, read and told; the calls that it heard.

Argument: as JSON, the shop, the info of its store, and how many shipments there are. Prints by kind of work how many
calls came, the least there may be, and what they were.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402

from integrations.live import go_live  # noqa: E402
from integrations.models import Integration  # noqa: E402
from integrations.stock_answers import allow_first_push  # noqa: E402
from inventory.models import Warehouse  # noqa: E402
from mappings.models import Listing, ListingStock  # noqa: E402
from orders.fulfilling import Shipment, Tracking, report_fulfillment  # noqa: E402
from orders.models import Fulfillment, Order, ShippingRequest  # noqa: E402
from orders.models.shipping import Origin, Told  # noqa: E402
from orders.release import offer_waiting  # noqa: E402
from orders.settle import lift_mapped_everywhere  # noqa: E402
from orders.shipping import Acknowledgement, acknowledge_many  # noqa: E402
from tests.bench.connected import integration_of, report, run, take_everything_over  # noqa: E402
from tests.bench.shops import Info, Shop, Work, shop_of  # noqa: E402
from tests.bench.store import calls_of  # noqa: E402

FLOWS = {"locations": "pull", "orders": "pull", "products": "pull", "inventory": "push", "fulfillments": "push"}
Heard = dict[str, Any]
NOUN = re.compile(r"[a-z-]+[A-Z][A-Za-z]+|[a-z-]*|v\d")


def measured(shop: Shop, info: Info, shipments: int) -> dict[str, Heard]:
    made = integration_of(shop, info, FLOWS, stock_zeroing=100)
    run(made, "locations")
    found: dict[str, Heard] = {}

    def count(name: str, kind: str, work: Callable[[], Work]) -> None:
        calls_of(info)
        run(made, kind)
        heard = calls_of(info)
        kinds = dict(Counter(_plain(call) for call in heard))
        found[name] = {"calls": len(heard), "least": shop.least[name](work()), "heard": kinds}

    count("orders", "orders", lambda: Work(orders=Order.objects.count()))
    count("orders again", "orders", Work)
    count("products", "products", lambda: _goods(made))
    changed = _changed(made)
    count("stock", "inventory", lambda: changed)
    assert not ListingStock.objects.due().exists()
    _shipped(made, shipments)
    count("fulfillments", "fulfillments", lambda: Work(shipments=shipments))
    assert Fulfillment.objects.filter(told=Told.TOLD).count() == shipments
    return found


def _plain(call: str) -> str:
    """The call without ids, which would make each one another."""
    method, _, path = call.partition(" ")
    return f"{method} {'/'.join(part if NOUN.fullmatch(part) else '...' for part in path.split('/'))}"


def _goods(made: Integration) -> Work:
    listings = Listing.objects.filter(store=made.store, retired_at=None)
    products = listings.order_by().values("product_uid").distinct().count()
    return Work(products=products, listings=listings.count())


def _changed(made: Integration) -> Work:
    """Everything is told as it is, then one percent of the listings gets another level."""
    take_everything_over(made)
    lift_mapped_everywhere(timezone.now())
    run(made, "inventory")
    shown = ListingStock.objects.filter(store=made.store, confirmed__isnull=False, listing__product__isnull=False)
    levels = dict(shown.values_list("listing__product__sku", "confirmed"))
    Warehouse.objects.update(kept_by="partner")
    report(levels)
    allow_first_push(made, by="bench", now=timezone.now())
    go_live(made, by="bench", now=timezone.now())
    run(made, "inventory")
    rows = shown.filter(why="", result__isnull=False).select_related("listing__product").order_by("pk")
    some = list(rows[: len(levels) // 100])
    assert some
    report({row.listing.product.sku: levels[row.listing.product.sku] + 500 for row in some if row.listing.product})
    return Work(changed=len(some), touched=len({row.listing.product_uid for row in some}))


def _shipped(made: Integration, count: int) -> None:
    """The warehouse took some orders, and each left in one parcel."""
    now = timezone.now()
    offer_waiting(made.store, now=now)
    requests = list(ShippingRequest.objects.filter(state="offered").select_related("order").order_by("pk")[:count])
    acknowledge_many([Acknowledgement(one.pk, one.revision) for one in requests], by="bench", now=now)
    for n, one in enumerate(requests):
        lines = {line.line_id: line.quantity for line in one.lines.all() if line.line_id}
        shipment = Shipment(lines, carrier="UPS", parcels=(Tracking(f"1Z{n:09}"),))
        report_fulfillment(one.order, shipment, origin=Origin.PARTNER, by="bench", now=now, request=one)
    assert Fulfillment.objects.to_tell().count() == count


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    print(json.dumps(measured(shop_of(given["shop"]), given["info"], given["shipments"])))
