"""Ecwid webhooks: what is told when something changes, signed as Ecwid signs it, sent until it is taken."""

import base64
import hashlib
import hmac
import http.client
from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

from integrations.sandbox import sending
from integrations.sandbox.setup import Setup

from .store import Store
from .wire import dump

TAKEN = (200, 201, 202, 204, 209)
CONNECT, ANSWER = 3.0, 10.0  # seconds
MINUTES = (15, 15, 15, 15, *(60 for _ in range(23)))  # between the tries, a day in all
SCALE = 15.0  # a quarter of an hour of Ecwid's takes one second here, in minutes
SWAP = 0.2  # seconds by which every other event comes late, where they are to come in another order
# The scope that an app needs to hear of what changed; the first word of an event's type.
SCOPES = {
    "order": "read_orders",
    "unfinished_order": "read_orders",
    "product": "read_catalog",
    "application": "read_store_profile",
    "profile": "read_store_profile",
}


def sign(secret: str, created: int, uid: str) -> str:
    """Over time and id only: neither the body nor the store is covered."""
    digest = hmac.new(secret.encode(), f"{created}.{uid}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def event_of(store: Store, kind: str, entity: int | str, data: dict[str, Any] | None) -> dict[str, Any]:
    told = {"eventId": store.new_uuid(), "eventCreated": int(store.clock().timestamp()), "storeId": store.store_id}
    return {**told, "entityId": entity, "eventType": kind, **({"data": data} if data else {})}


def ladder(setup: Setup) -> tuple[float, ...]:
    """Seconds between the tries. Where the setup names none, Ecwid's own, scaled."""
    if setup.retries is not Setup.retries:
        return setup.retries
    return tuple(minutes / SCALE for minutes in MINUTES)


class Sender(sending.Sender):
    """`twice` and `swapped`: how many of the next events are sent two times, and in another order."""

    def __init__(self, urls: Iterable[str], retries: tuple[float, ...], secret: str):
        super().__init__("sandbox Ecwid webhooks", urls, retries, ANSWER)
        self.secret = secret
        self.twice = self.swapped = 0

    def send(self, event: dict[str, Any]) -> None:
        with self.change:
            copies = 2 if self.twice > 0 else 1
            late = SWAP if self.swapped > 0 and self.swapped % 2 == 0 else 0.0
            self.twice, self.swapped = max(0, self.twice - 1), max(0, self.swapped - 1)
            for url in self.urls * copies:
                self.deliver(event["eventType"], url, partial(post, url, event, self.secret), late=late)


def post(url: str, event: dict[str, Any], secret: str) -> bool:
    """One delivery; whether it was taken. A redirection is not followed."""
    place = urlsplit(url)
    query = "&".join(filter(None, (place.query, urlencode({"eventtype": event["eventType"]}))))
    headers = {
        "Content-Type": "application/json; charset=UTF-8",
        "X-Ecwid-Webhook-Signature": sign(secret, event["eventCreated"], event["eventId"]),
    }
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(place.netloc, timeout=CONNECT)
    try:
        connection.connect()
        connection.sock.settimeout(ANSWER)
        connection.request("POST", f"{place.path or '/'}?{query}", dump(event), headers)
        return connection.getresponse().status in TAKEN
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
