"""Cutting a page of Wix orders into single orders, each with its fingerprint, none of them shaped yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import orjson

from orders.shapes import RawOrder

from ..shapes import Bad
from .reading import cleaned, time

NO_TIME = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # of an order that names none; shaping it fails with a sentence


def raw_orders(items: Sequence[Any]) -> tuple[list[RawOrder], list[Bad]]:
    """The page's orders in its own sequence, each id once (as it was changed last), and what cannot be told apart."""
    orders: dict[str, RawOrder] = {}
    mixed: dict[str, list[RawOrder]] = {}
    bad: list[Bad] = []
    for item in items:
        packed = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
        if not isinstance(item, dict) or not _is_id(item.get("id")):
            bad.append(_bad(item, packed))
            continue
        order = raw_order(item, packed)
        known = orders.get(order.uid)
        if known is not None and known.number != order.number:
            mixed.setdefault(order.uid, [known]).append(order)
        elif known is None or known.changed_at <= order.changed_at:
            orders[order.uid] = order
    bad += [_mixed(order, several) for uid, several in mixed.items() for order in several]
    return [order for uid, order in orders.items() if uid not in mixed], bad


def raw_order(item: dict[str, Any], packed: bytes | None = None) -> RawOrder:
    packed = packed or orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
    changed_at = time(item.get("updatedDate")) or time(item.get("createdDate")) or NO_TIME
    return RawOrder(item["id"], fingerprint(packed), changed_at, packed, item, _number(item))


def _number(item: dict[str, Any]) -> str:
    found = item.get("number")
    return cleaned(str(found), 60) if isinstance(found, str | int) else ""


def high_water(orders: Sequence[RawOrder]) -> dt.datetime | None:
    times = [order.changed_at for order in orders if order.changed_at > NO_TIME]
    return max(times, default=None)


def fingerprint(packed: bytes) -> int:
    """64 bits, signed, as a bigint column takes them."""
    return int.from_bytes(blake2b(packed, digest_size=8).digest(), "big", signed=True)


def _mixed(order: RawOrder, several: Sequence[RawOrder]) -> Bad:
    numbers = " and ".join(one.number[:20] or "?" for one in several[:3])
    return Bad(
        sentence=f"Wix sent orders {numbers} under one id, so we cannot tell them apart.",
        detail="one id for several orders",
        packed=order.packed,
        number=order.number,
        key=f"one-id-{order.fingerprint & 0xFFFFFFFFFFFFFFFF:016x}",
    )


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 100 and "\x00" not in value


def _bad(item: Any, packed: bytes) -> Bad:
    number = _number(item) if isinstance(item, dict) else ""
    named = f"order {number}" if number else "an order"
    return Bad(
        sentence=f"Wix sent {named[:80]} without a usable id, so we cannot tell it apart from others.",
        detail="no id",
        packed=packed,
        number=number,
        key=f"no-id-{fingerprint(packed) & 0xFFFFFFFFFFFFFFFF:016x}",
    )
