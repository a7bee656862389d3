"""What 50 order rules cost an order when it comes in: the same pull without and with them, in turns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from tests.bench.databases import database
from tests.bench.figures import Figure, work
from tests.bench.shops import INTAKE
from tests.bench.store import store

ORDERS = 3_000


def measure_all(kinds: Sequence[str]) -> Iterator[Figure]:
    shop = INTAKE[0]
    with store(ORDERS, shop) as info:
        for kind in kinds:
            with database(kind) as url:
                r = work("rules_worker", url, json.dumps({"shop": shop.name, "info": info}))
            note = (
                f"{r['rate']:.0f} orders a second with {r['rules']:.0f} rules, {r['plain']:.0f} without; "
                f"{r['applied']:.1f} rules apply to an order"
            )
            yield Figure(f"{r['rules']:.0f} rules: intake with / without", kind, r["ratio"], 1.5, 1.2, note=note)
