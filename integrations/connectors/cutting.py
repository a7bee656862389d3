"""Cutting a page of a store's orders into single orders, each with its fingerprint, none of them shaped yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson

from orders.shapes import RawOrder

from .reading import Json
from .shapes import Bad

NO_TIME = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # of an order that names none; shaping it fails with a sentence
Marked = Callable[[Json], str]


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a platform's order says what tells it apart. `label` is the platform's.

    `uid` is "" where there is none that can be used, `changed_at` None. `told_apart`: what two different orders that
    came under one id differ in. `lasting` is the order without what changes by itself; None: all of it counts.
    """

    label: str
    uid: Marked
    number: Marked
    told_apart: Marked
    changed_at: Callable[[Json], dt.datetime | None]
    lasting: Callable[[Json], Json] | None = None

    def orders(self, items: Sequence[Any]) -> tuple[list[RawOrder], list[Bad]]:
        """The page's orders in its own sequence, each id once (as it was changed last), and what is not to be used."""
        orders: dict[str, RawOrder] = {}
        mixed: dict[str, list[RawOrder]] = {}
        bad: list[Bad] = []
        for item in items:
            if not isinstance(item, dict) or not self.uid(item):
                bad.append(self._bad(item))
                continue
            order = self.order(item)
            known = orders.get(order.uid)
            if known is not None and self.told_apart(known.raw) != self.told_apart(order.raw):
                mixed.setdefault(order.uid, [known]).append(order)
            elif known is None or known.changed_at <= order.changed_at:
                orders[order.uid] = order
        bad += [self._mixed(order, several) for several in mixed.values() for order in several]
        return [order for uid, order in orders.items() if uid not in mixed], bad

    def order(self, item: Json) -> RawOrder:
        packed = _packed(item)
        counted = packed if self.lasting is None else _packed(self.lasting(item))
        changed_at = self.changed_at(item) or NO_TIME
        return RawOrder(self.uid(item), fingerprint(counted), changed_at, packed, item, self.number(item))

    def _mixed(self, order: RawOrder, several: Sequence[RawOrder]) -> Bad:
        names = " and ".join(self.told_apart(one.raw)[:20] or "?" for one in several[:3])
        return Bad(
            sentence=f"{self.label} sent orders {names} under one id, so we cannot tell them apart.",
            detail="one id for several orders",
            packed=order.packed,
            number=order.number,
            key=f"one-id-{order.fingerprint & 0xFFFFFFFFFFFFFFFF:016x}",
        )

    def _bad(self, item: Any) -> Bad:
        packed = _packed(item)
        number = self.number(item) if isinstance(item, dict) else ""
        named = f"order {number}" if number else "an order"
        return Bad(
            sentence=f"{self.label} sent {named[:80]} without a usable id, so we cannot tell it apart from others.",
            detail="no id",
            packed=packed,
            number=number,
            key=f"no-id-{fingerprint(packed) & 0xFFFFFFFFFFFFFFFF:016x}",
        )


def _packed(item: Any) -> bytes:
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS)


def high_water(orders: Sequence[RawOrder]) -> dt.datetime | None:
    times = [order.changed_at for order in orders if order.changed_at > NO_TIME]
    return max(times, default=None)


def fingerprint(packed: bytes) -> int:
    """64 bits, signed, as a bigint column takes them."""
    return int.from_bytes(blake2b(packed, digest_size=8).digest(), "big", signed=True)
