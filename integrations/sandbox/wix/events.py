"""Wix webhooks: what is told when something changes, signed as Wix signs it, sent until it is taken."""

import heapq
import itertools
import json
import threading
import time
import urllib.request
from functools import cache
from typing import Any
from urllib.error import URLError

import jwt
from jwt.algorithms import RSAAlgorithm

from .site import Site

PATIENCE = 1.25  # seconds within which 200 must have come


def envelope(site: Site, fqdn: str, slug: str, uid: str, time: str) -> dict[str, Any]:
    return {
        "id": site.new_id(),
        "entityFqdn": fqdn,
        "slug": slug,
        "entityId": uid,
        "eventTime": time,
        "triggeredByAnonymizeRequest": False,
        "originatedFrom": "",
        "entityEventSequence": str(site.next_sequence()),
    }


def order_event(site: Site, slug: str, order: dict, **more: Any) -> dict[str, Any]:
    event = envelope(site, "wix.ecom.v1.order", slug, order["id"], order["updatedDate"])
    if slug == "created":
        return {**event, "createdEvent": {"entity": order}}
    if slug == "updated":
        return {**event, "updatedEvent": {"currentEntity": order}}
    return {**event, "actionEvent": {"body": {"order": order, **more}}}


def tell(site: Site, slug: str, order: dict, **more: Any) -> None:
    """Raise wix.ecom.v1.order_<slug>."""
    site.raise_event(f"wix.ecom.v1.order_{slug}", order_event(site, slug, order, **more))


def tell_fulfillments(site: Site, order_id: str, fulfillments: list[dict]) -> None:
    event = envelope(site, "wix.ecom.v1.fulfillments", "updated", order_id, site.latest)
    entity = {"orderId": order_id, "fulfillments": fulfillments}
    site.raise_event("wix.ecom.v1.fulfillments_updated", {**event, "updatedEvent": {"currentEntity": entity}})


def sign(site: Site, private_key: str, app_id: str, event_type: str, event: dict[str, Any], now: float) -> str:
    """The JWT that is the whole body of a delivery."""
    data = {
        "eventType": event_type,
        "instanceId": site.instance_id,
        "data": json.dumps(event, ensure_ascii=False),
        "identity": json.dumps({"identityType": "WIX_USER", "wixUserId": site.owner_id}),
        "accountInfo": {"accountId": site.account_id, "siteId": site.site_id},
    }
    claims = {
        "data": json.dumps(data, ensure_ascii=False),
        "iat": int(now),
        "exp": int(now) + 600,
        "iss": "wix.com",
        "aud": app_id,
    }
    return jwt.encode(claims, read_key(private_key), algorithm="RS256")


@cache
def read_key(pem: str) -> Any:
    """Reading a key checks its primes, which takes a hundred times as long as signing with it."""
    return RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(pem)


SIGNED, PLAIN = "text/plain", "application/json"  # of the app's webhooks, of automations


def post(url: str, body: str, kind: str = SIGNED) -> bool:
    request = urllib.request.Request(url, data=body.encode("utf-8", "replace"), headers={"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status == 200
    except (URLError, OSError, ValueError):
        return False


class Sender(threading.Thread):
    """Delivers signed events to the app's addresses, each until the answer is 200 or the tries are over.

    What an automation sends goes to its own address, once.
    """

    def __init__(self, urls: tuple[str, ...], retries: tuple[float, ...]):
        super().__init__(name="sandbox webhooks", daemon=True)
        self.urls, self.retries = list(urls), retries
        # When due, running number, tries so far, url, body, kind
        self.waiting: list[tuple[float, int, int, str, str, str]] = []
        self.log: list[dict[str, Any]] = []  # the last deliveries, for the control page
        self.change = threading.Condition()
        self.counter = itertools.count()
        self.busy = self.stopped = False

    def send(self, event_type: str, body: str) -> None:
        for url in self.urls:
            self._push(url, event_type, body, SIGNED)

    def send_once(self, url: str, event: str, body: str) -> None:
        self._push(url, event, body, PLAIN)

    def _push(self, url: str, event: str, body: str, kind: str) -> None:
        with self.change:
            heapq.heappush(self.waiting, (time.monotonic(), next(self.counter), 0, url, body, kind))
            entry = {"event": event, "url": url, "tries": 0, "taken": False, "body": body}
            self.log = [*self.log[-49:], entry]
            self.change.notify()

    def run(self) -> None:
        while True:
            with self.change:
                while not self.stopped and (not self.waiting or self.waiting[0][0] > time.monotonic()):
                    self.change.wait(self.waiting[0][0] - time.monotonic() if self.waiting else None)
                if self.stopped:
                    return
                _, number, tries, url, body, kind = heapq.heappop(self.waiting)
                self.busy = True
            taken = post(url, body, kind)
            with self.change:
                self.busy = False
                for entry in self.log:
                    if entry["body"] is body and entry["url"] == url:
                        entry.update(tries=tries + 1, taken=taken)
                if not taken and kind == SIGNED and tries < len(self.retries):
                    due = time.monotonic() + self.retries[tries]
                    heapq.heappush(self.waiting, (due, number, tries + 1, url, body, kind))
                self.change.notify_all()

    def deliveries(self) -> list[dict[str, Any]]:
        """The last fifty: event, url, tries, whether it was taken."""
        with self.change:
            return [{name: value for name, value in entry.items() if name != "body"} for entry in self.log]

    def drain(self, seconds: float = 5.0) -> bool:
        """Wait until nothing is waiting; whether that came true in time."""
        end = time.monotonic() + seconds
        with self.change:
            while (self.waiting or self.busy) and time.monotonic() < end:
                self.change.wait(end - time.monotonic())
            return not self.waiting and not self.busy

    def stop(self) -> None:
        with self.change:
            self.stopped = True
            self.change.notify_all()
        if self.is_alive():
            self.join(PATIENCE + 1)
