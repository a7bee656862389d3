"""A first pull in a fresh process; prints its peak memory in MB after FEW orders, and at its end."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from tests.bench.pulling import counts, each_page, integration_of, pull
from tests.bench.shops import shop_of


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    given = json.loads(sys.argv[1])
    found: dict[int, float] = {}
    pages = 0

    def noted(take: Any) -> None:
        nonlocal pages
        take()
        pages += 1
        found[pages * given["page"]] = peak()

    with each_page(noted):
        pull(integration_of(shop_of(given["shop"]), given["info"]))
    print(json.dumps({"few": found[given["few"]], "peak": peak(), "orders": counts()["orders_order"]}))


if __name__ == "__main__":
    main()
