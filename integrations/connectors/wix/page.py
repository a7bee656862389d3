"""Cutting a page of Wix orders into single orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from orders.shapes import RawOrder

from ..cutting import NO_TIME, Cut, fingerprint, high_water
from ..shapes import Bad
from .reading import Json, cleaned, time

__all__ = ["NO_TIME", "fingerprint", "high_water", "raw_order", "raw_orders"]


def raw_orders(items: Sequence[Any]) -> tuple[list[RawOrder], list[Bad]]:
    return _CUT.orders(items)


def raw_order(item: Json) -> RawOrder:
    return _CUT.order(item)


def _uid(item: Json) -> str:
    value = item.get("id")
    return value if isinstance(value, str) and len(value) <= 100 and "\x00" not in value else ""


def _number(item: Json) -> str:
    found = item.get("number")
    return cleaned(str(found), 60) if isinstance(found, str | int) else ""


def _changed_at(item: Json) -> dt.datetime | None:
    return time(item.get("updatedDate")) or time(item.get("createdDate"))


_CUT = Cut("Wix", _uid, _number, _number, _changed_at)
