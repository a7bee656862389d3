"""The database's part of a first request after a page was stored, in a process whose caches are empty.

Arguments: collect, fill STATES, or ask ADDRESS. `ask` prints the milliseconds and the number of its statements.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from fcp.models import Account, Membership, User  # noqa: E402
from fcp.static_files import collect_if_changed  # noqa: E402
from tests.bench.fill import STATES, fill_orders  # noqa: E402

ORDERS, GROUPS = 300_000, 2_000


def collect() -> dict[str, float]:
    collect_if_changed()
    return {}


def fill(which: str) -> dict[str, float]:
    call_command("createcachetable", verbosity=0)
    account = Account.objects.create(name="Bench", slug="bench")
    user = User.objects.create_user("bench@example.com", "bench")
    Membership.objects.create(account=account, user=user, role="owner")
    held = which == "held"
    fill_orders([account], ORDERS, states=["held"] if held else STATES, groups=GROUPS if held else 40)
    return {}


def ask(address: str) -> dict[str, float]:
    account = Account.objects.get()
    fill_orders(
        [account], 100, states=["held"], groups=1, seed=time.monotonic_ns(), warehouse=f"W{time.monotonic_ns()}"
    )
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get())
    from django.core.cache import cache

    cache.clear()
    spent: list[float] = []

    def timed(execute: Any, *args: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(*args)
        finally:
            spent.append((time.perf_counter() - started) * 1000)

    with connection.execute_wrapper(timed):
        reply = client.get(address)
    assert reply.status_code == 200, (address, reply.status_code)
    return {"ms": sum(spent), "statements": len(spent)}


if __name__ == "__main__":
    print(json.dumps({"collect": collect, "fill": fill, "ask": ask}[sys.argv[1]](*sys.argv[2:])))
