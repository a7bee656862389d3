"""Webhooks of an Ecwid app. Source: Ecwid docs, "How to process webhooks", "Event data in webhooks".

The signature covers the event's id and time alone, neither what it is about nor whose store: so whatever stands in the
body is no more than a hint to read the order itself. One that is repeated carries the same event id.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import orjson

from fcp.errors import Rejected

from ..shapes import AppSecrets, Hint
from .reading import Json, id_text, moment, part_of
from .words import EVENTS

SIGNATURE = "x-ecwid-webhook-signature"
OLDEST = dt.timedelta(days=3)  # Ecwid repeats a delivery for one day, formerly for two
CLOCKS_DIFFER = dt.timedelta(minutes=5)
MOST_BYTES = 1024 * 1024
# Between a change and the event of it: an order that was changed this little before is the one that is meant.
EVENT_LATER = dt.timedelta(seconds=2)


def verified(body: bytes, headers: Mapping[str, str], app: AppSecrets, now: dt.datetime) -> tuple[str, list[Hint]]:
    """(store id, hints). Raises Rejected for what Ecwid did not sign with this app's secret, or what is too old."""
    event = _event(body)
    created, uid = event.get("eventCreated"), event.get("eventId")
    if not isinstance(created, int) or isinstance(created, bool) or not isinstance(uid, str) or not uid:
        raise _refused("no event id or time")
    given = next((value for name, value in headers.items() if name.lower() == SIGNATURE), "")
    if not app.client_secret or not given:
        raise _refused("no signature")
    if not hmac.compare_digest(signature(app.client_secret, created, uid).encode(), given.strip().encode()):
        raise _refused("the signature is not ours")
    at = moment(created)
    if at is None or not now - OLDEST <= at <= now + CLOCKS_DIFFER:
        raise _refused("too old, or from the future")
    store_id = id_text(event, "storeId")
    if not store_id:
        raise _refused("signed, but without a store")
    return store_id, _hints(event, uid, at - EVENT_LATER, store_id)


def signature(secret: str, created: int, event_id: str) -> str:
    digest = hmac.new(secret.encode(), f"{created}.{event_id}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def claimed(body: bytes) -> str:
    """The store that a delivery names; nothing proves it."""
    try:
        return id_text(_event(body), "storeId")
    except Rejected:
        return ""


def _event(body: bytes) -> Json:
    try:
        event: Any = orjson.loads(body) if len(body) <= MOST_BYTES else None
    except orjson.JSONDecodeError as error:
        raise _refused("no JSON") from error
    if not isinstance(event, dict):
        raise _refused("no event")
    return event


def _hints(event: Json, uid: str, at: dt.datetime, store_id: str) -> list[Hint]:
    kind = EVENTS.get(str(event.get("eventType")))
    if kind is None:
        return []
    if kind in {"installed", "removed"}:
        return [Hint(uid[:100], kind, store_id, at=at)]
    if order := id_text(part_of(event, "data"), "orderId"):
        return [Hint(uid[:100], kind, order, at=at)]
    # By its internal number, which the search finds as well; one that is gone is found nowhere any more, and shows in
    # the list of deleted ones. Unfinished orders of old are all called -1.
    internal = id_text(event, "entityId")
    return [Hint(uid[:100], kind, internal, at=at)] if kind == "order" and internal.isdecimal() else []


def _refused(detail: str) -> Rejected:
    return Rejected(detail, code="webhook_refused", sentence="This message was not signed by Ecwid for our app.")
