"""Writing the holds that later changes of a store ask for, many orders at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from fcp.insert import insert_rows
from fcp.models import Store

from .columns import EVENT_COLUMNS, HOLD_COLUMNS
from .holds import HoldKind
from .models import Hold, OrderEvent
from .stopped import IN_STORE, words_in

SHIPMENTS = "shipments"
# What a warehouse said, or was asked. Once the store has canceled the order and none has it, nothing is to be decided.
OF_WAREHOUSES = (HoldKind.REJECTED_BY_WAREHOUSE, HoldKind.CHANGED_AFTER_RELEASE, HoldKind.CANCELED_IN_STORE)


def place_holds(
    store: Store,
    holds: Sequence[tuple[int, HoldKind, str]],
    shipments: Mapping[int, Sequence[str]],
    now: dt.datetime,
    actor: str = "store",
) -> None:
    """Holds that ask a person; one that is open already is not placed twice, its word names all that it asks about.

    `shipments`: the store's ids of those that a hold is about, so that nobody is asked twice about one.
    """
    wanted: dict[tuple[int, str], dict[str, Any]] = {}
    for pk, kind, word in holds:
        params = wanted.setdefault((pk, kind.value), {"word": ""})
        params["word"] = with_words(params["word"], word)
        if word == IN_STORE:
            params[SHIPMENTS] = shipments[pk]
    orders, kinds = {pk for pk, _ in wanted}, {kind for _, kind in wanted}
    rows = Hold.objects.open().filter(order_id__in=orders, kind__in=kinds)
    there = {(hold.order_id, hold.kind): hold for hold in rows}
    for key in wanted.keys() & there.keys():
        before, params = there[key].params, wanted[key]
        params["word"] = with_words(str(before.get("word", "")), params["word"])
        if SHIPMENTS in before or SHIPMENTS in params:
            params[SHIPMENTS] = [*before.get(SHIPMENTS, ()), *params.get(SHIPMENTS, ())]
        Hold.objects.filter(pk=there[key].pk).update(params=params)
    new = sorted(wanted.keys() - there.keys())
    insert_rows(
        Hold,
        HOLD_COLUMNS,
        [(store.account_id, pk, kind, "", wanted[pk, kind], "", now, actor, None, "", None) for pk, kind in new],
    )
    asked = [
        (store.account_id, pk, now, actor, "held", {"kind": kind, "word": wanted[pk, kind]["word"]}) for pk, kind in new
    ]
    insert_rows(OrderEvent, EVENT_COLUMNS, asked)


def with_words(before: str, word: str) -> str:
    return ", ".join(dict.fromkeys([*words_in(before), *words_in(word)]))


def lift_holds(orders: Sequence[int], now: dt.datetime) -> None:
    """No warehouse has these any more, and what was shipped in the store is recorded: nobody needs to decide that."""
    if orders:
        asking = Hold.objects.open().filter(order_id__in=orders, kind=HoldKind.CHANGED_AFTER_RELEASE)
        asking.update(lifted_at=now, lifted_by="store")


def lift_with_events(orders: Collection[int], kinds: Collection[HoldKind], now: dt.datetime, actor: str) -> None:
    """Lift the open holds of these kinds that these (locked) orders have, each with its line in the timeline."""
    asking = Hold.objects.open().filter(order_id__in=orders, kind__in=[kind.value for kind in kinds])
    lifted = list(asking.order_by("pk").values_list("account_id", "order_id", "kind", "params"))
    if not lifted:
        return
    asking.update(lifted_at=now, lifted_by=actor[:120])
    rows = [
        (account, order, now, actor, "lifted", {"kind": kind, "word": params.get("word", "")})
        for account, order, kind, params in lifted
    ]
    insert_rows(OrderEvent, EVENT_COLUMNS, rows)
