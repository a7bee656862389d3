"""A first pull in a fresh process; prints its peak memory in MB."""

from __future__ import annotations

import json
import resource
import sys

from tests.bench.pulling import counts, integration_of, pull


def main() -> None:
    pull(integration_of(json.loads(sys.argv[1])))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peak": peak, "orders": counts()["orders_order"]}))


if __name__ == "__main__":
    main()
