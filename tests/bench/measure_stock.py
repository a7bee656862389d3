"""Stock going out: how many calls a change takes, how long an order waits meanwhile, and how memory grows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from tests.bench.databases import at_once, database
from tests.bench.figures import Figure, work
from tests.bench.shops import ECWID, WIX_V1, WIX_V3, Shop
from tests.bench.store import store
from tests.bench.turns import Turns

LISTINGS, FEW = 20_000, 2_000
ALONE = {"changes", "stale"}
WAITS_FOR_THE_DISK = ALONE | {"order"}  # which mostly waits for its turn at the store: both databases at once
Found = dict[str, dict[str, Any]]


def measure_all(kinds: Sequence[str]) -> Iterator[Figure]:
    """Both databases are filled at once, which takes most of the time, and measured in turns."""
    of = {
        WIX_V1: _run(kinds, WIX_V1, LISTINGS, "changes", "order"),
        WIX_V3: _run(kinds, WIX_V3, LISTINGS, "changes", "stale", "restock", "memory"),
        ECWID: _run(kinds, ECWID, LISTINGS, "changes"),
    }
    small = _run(kinds, WIX_V3, FEW, "restock", "memory")
    for kind in kinds:
        for shop, found in of.items():
            yield from _changes(kind, shop, found[kind]["changes"])
        stale = of[WIX_V3][kind]["stale"]
        name = "stock wix v3, a batch came back stale: calls / least"
        # Told, its places asked for, read, told again.
        yield Figure(name, kind, stale["calls"] / (stale["least"] * 2 + 2), 1, 1, note=f"{stale['calls']} calls")
        waited = of[WIX_V1][kind]["order"]
        note = f"{waited['sent']:.0f} calls by then, {waited['left']:.0f} listings waited"
        yield Figure(f"an order during a push of {LISTINGS:,}", kind, waited["seconds"], 60, 30, "s", note)
        few, many = small[kind]["memory"]["peak"], of[WIX_V3][kind]["memory"]["peak"]
        note = f"{few:.0f} MB at {FEW:,} listings, {many:.0f} MB at {LISTINGS:,}"
        name = f"peak memory of a push: {LISTINGS:,} / {FEW:,}"
        yield Figure(name, kind, many / few, 1.20, 1.05, note=note)


def _changes(kind: str, shop: Shop, found: dict[str, Any]) -> Iterator[Figure]:
    name = f"stock {shop.name}, 1 % of {LISTINGS:,} changed"
    note = f"{found['calls']} calls for {found['changed']} listings"
    yield Figure(f"{name}: calls / least", kind, found["calls"] / found["least"], 1, 1, note=note)
    yield Figure(f"{name}: time", kind, found["seconds"], 60, 5, "s")


def _run(kinds: Sequence[str], shop: Shop, listings: int, *subjects: str) -> dict[str, Found]:
    turns = Turns(len(kinds))
    found = at_once(partial(_subjects, turns, shop, listings, subjects), kinds)
    return dict(zip(kinds, found, strict=True))


def _subjects(turns: Turns, shop: Shop, listings: int, subjects: Sequence[str], kind: str) -> Found:
    # A fifth of the stand-in's products is not counted, or no goods.
    with turns.leaving(), store(0, shop, products=listings * 5 // 4, variants=False) as info, database(kind) as url:
        given = json.dumps({"info": info, "shop": shop.name})
        work("stock_worker", url, "fill", given, timed=False)
        with turns.alone():
            found = {subject: work("stock_worker", url, subject, given) for subject in subjects if subject in ALONE}
        for subject in subjects:
            if subject not in ALONE:
                found[subject] = work("stock_worker", url, subject, given, timed=subject in WAITS_FOR_THE_DISK)
        return found
