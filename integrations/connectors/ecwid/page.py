"""Cutting a page of Ecwid orders into single orders."""

from __future__ import annotations

import datetime as dt

from ..cutting import Cut
from .reading import Json, cleaned, id_text, time_of

# Of a line: what the product has at present, which changes while the order stays as it is.
OF_THE_PRODUCT = frozenset({"quantityInStock", "productAvailable"})


def order_id(item: Json) -> str:
    """A text like "EBJFT", with the store's prefix and suffix, which is never taken apart."""
    return id_text(item, "id")


def _number(item: Json) -> str:
    """What people know it by: the same text once more, in orders of old the only one."""
    return cleaned(id_text(item, "vendorOrderNumber", 1000) or id_text(item, "id", 1000), 60)


def _told_apart(item: Json) -> str:
    return id_text(item, "internalId") or id_text(item, "orderNumber") or _number(item)


def _changed_at(item: Json) -> dt.datetime | None:
    return time_of(item, "update") or time_of(item, "create")


def _lasting(item: Json) -> Json:
    bought = item.get("items")
    if not isinstance(bought, list):
        return item
    lines = [
        {name: value for name, value in line.items() if name not in OF_THE_PRODUCT} if isinstance(line, dict) else line
        for line in bought
    ]
    return {**item, "items": lines}


CUT = Cut("Ecwid", order_id, _number, _told_apart, _changed_at, _lasting)
