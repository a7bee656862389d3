"""What measure_holds runs in processes of their own. Arguments: one of

fill ORDERS    so many orders of a live store wait for one shipping option
let_go FEW     it gets its ship code: seconds until all are offered, peak memory in MB after FEW orders and at the end
"""

from __future__ import annotations

import json
import resource
import sys
import time
from functools import partial

import django

django.setup()

from django.utils import timezone  # noqa: E402

from inventory.models import Reservation  # noqa: E402
from mappings.mapping import map_ship_method  # noqa: E402
from mappings.models import ShipMethod  # noqa: E402
from orders.curing import cure_word, go_on  # noqa: E402
from orders.holds import HoldKind  # noqa: E402
from orders.models import Cure, Order, OrderEvent, RequestLine, ShippingRequest  # noqa: E402
from orders.rules import provide_rules  # noqa: E402
from orders.settings import OrderRules  # noqa: E402
from tests.bench.fill import tidy  # noqa: E402
from tests.build import (  # noqa: E402  # noqa: E402
    ANYTHING,
    an_order,
    make_account,
    make_partner,
    make_product,
    make_store,
    make_warehouse,
    read,
    rules,
    take,
)

PAGE, PRODUCTS = 100, 200


def in_force(store_id: int) -> OrderRules:
    return rules(imports=ANYTHING, warehouse_id=1)


def fill(orders: str) -> None:
    account = make_account()
    warehouse = make_warehouse(account, partner=make_partner())
    assert warehouse.pk == 1
    store = make_store(account)
    skus = [make_product(account, f"SKU-{n}").sku for n in range(PRODUCTS)]
    for start in range(0, int(orders), PAGE):
        page = [
            read(an_order(skus=(skus[n % PRODUCTS], skus[(n * 7 + 1) % PRODUCTS]), ship="std-eu"))
            for n in range(start, start + PAGE)
        ]
        take(store, *page, of=in_force(store.pk))
    tidy()


def let_go(few: str) -> dict[str, float]:
    row, now = ShipMethod.objects.get(), timezone.now()
    number = Order.objects.filter(state="held").count()
    give = partial(map_ship_method, row, "GROUND", by="Ann", now=now)
    started, at_few = time.perf_counter(), 0.0
    _, cure = cure_word(row, HoldKind.SHIP_CODE, lambda: str(give()), by="Ann", now=now)
    assert cure
    while not go_on(cure.pk, seconds=0.2):
        if not at_few and Cure.objects.get().done >= int(few):
            at_few = peak()
    took = time.perf_counter() - started
    offered = ShippingRequest.objects.filter(state="offered").count()
    lines = RequestLine.objects.count()
    freed = OrderEvent.objects.filter(code__in=["lifted", "offered"]).count()
    assert (offered, lines, freed, Reservation.objects.count()) == (number, 2 * number, 2 * number, 2 * number)
    assert set(Order.objects.values_list("state", "ship_code").distinct()) == {("ready", "GROUND")}
    return {"orders": number, "seconds": took, "few": at_few, "peak": peak()}


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    provide_rules(in_force)
    subjects = {"fill": fill, "let_go": let_go}
    print(json.dumps(subjects[sys.argv[1]](*sys.argv[2:]) or {}))
