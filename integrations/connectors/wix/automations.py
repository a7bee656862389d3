"""What an automation of a Wix site posts ("Send HTTP request"): plain JSON, unsigned, in a shape of its own.

Undocumented but for samples: the order under "data", its keys chosen by the merchant, sometimes a list around it. So
only what tells the order apart is read, and the order itself is then asked for. How often Wix repeats a message that
was not taken is not documented either; we count on no repeat.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import orjson

from fcp.errors import Rejected

from ..shapes import Hint

MOST_ORDERS = 50  # in one message
IDS = ("id", "_id", "orderId")
NUMBERS = ("orderNumber", "number")

_OTHER_SITE = "This message is about another Wix site than the one that this address was made for."
_NO_ORDER = "This message names no order. In the automation, send all keys and values, or keep the key “id”."


def announced(body: bytes, store_uid: str) -> list[Hint]:
    """Raises Rejected: "other_store", "unreadable"."""
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _unreadable("no JSON") from error
    items = message if isinstance(message, list) else [message]
    if not items or len(items) > MOST_ORDERS:
        raise _unreadable(f"{len(items)} orders in one message")
    # Of the bytes: what is nested deeply can be read, and not written again.
    digest = blake2b(body, digest_size=16).hexdigest()
    return [_hint(item, f"{digest}.{place}", store_uid) for place, item in enumerate(items)]


def _hint(item: Any, event_id: str, store_uid: str) -> Hint:
    if not isinstance(item, dict):
        raise _unreadable("no object")
    inner = item.get("data")
    levels = [level for level in (inner, item) if isinstance(level, dict)]
    _check_site(levels, store_uid)
    for level in levels:
        if uid := _first(level, IDS, 100):
            return Hint(event_id, "order", uid)
        if number := _first(level, NUMBERS, 60):
            return Hint(event_id, "order_number", number)
    raise _unreadable("neither id nor number")


def _check_site(levels: list[dict[str, Any]], store_uid: str) -> None:
    """A message with keys of the merchant's own choice may not say which site it is from."""
    for level in levels:
        for name in ("context", "_context"):
            context = level.get(name)
            site = context.get("metaSiteId") if isinstance(context, dict) else None
            if site and (not isinstance(site, str) or site.strip().lower() != store_uid.lower()):
                raise Rejected("from another site", code="other_store", sentence=_OTHER_SITE)


def _first(level: dict[str, Any], names: tuple[str, ...], most: int) -> str:
    for name in names:
        value = level.get(name)
        text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if 0 < len(text) <= most and text.isprintable():
            return text
    return ""


def _unreadable(detail: str) -> Rejected:
    return Rejected(f"a webhook that names no order: {detail}", code="unreadable", sentence=_NO_ORDER)
