"""One integration that pulls orders from a stand-in store: set up, run to the end, wiped between rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402

from integrations.flows.taking import Taker  # noqa: E402
from integrations.models import Flow, Integration, Run  # noqa: E402
from inventory.models import Reservation  # noqa: E402
from orders.models import Hold, Order, OrderEvent, OrderLine, OrderParty, Payload, SeenOrder  # noqa: E402
from tests.bench import connected  # noqa: E402
from tests.bench.shops import Info, Shop  # noqa: E402

TABLES = (Order, OrderLine, OrderParty, Payload, Hold, OrderEvent, SeenOrder, Reservation)


def integration_of(shop: Shop, info: Info) -> Integration:
    """Live-less; it takes every order in."""
    return connected.integration_of(shop, info, {"orders": "pull"}, history=365)


def pull(made: Integration) -> float:
    """The seconds of the orders flow, from its start to its end; the queue is left out."""
    return connected.run(made, "orders")


def wipe(made: Integration) -> None:
    """No order was ever seen; the words stay."""
    names = ", ".join(model._meta.db_table for model in TABLES)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {names}, integrations_run CASCADE")
        else:
            for model in (*reversed(TABLES), Run):
                cursor.execute(f"DELETE FROM {model._meta.db_table}")
    Flow.objects.filter(integration=made).update(
        watermark=None, covered_from=None, position={}, lease_until=None, started_at=None
    )


def counts() -> dict[str, int]:
    return {model._meta.db_table: model._default_manager.count() for model in TABLES}


@contextmanager
def each_page(around: Callable[[Callable[[], None]], None]) -> Iterator[None]:
    """`around` is given the storing of each page, to call it."""
    take = Taker.take

    def noted(self: Any, *args: Any, **kwargs: Any) -> None:
        around(lambda: take(self, *args, **kwargs))

    Taker.take = noted  # type: ignore[method-assign]
    try:
        yield
    finally:
        Taker.take = take  # type: ignore[method-assign]
