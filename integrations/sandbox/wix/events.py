"""Wix webhooks: what is told when something changes, signed as Wix signs it, sent until it is taken."""

import json
import urllib.request
from collections.abc import Iterable
from functools import cache, partial
from typing import Any
from urllib.error import URLError

import jwt
from jwt.algorithms import RSAAlgorithm

from integrations.sandbox import sending

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


class Sender(sending.Sender):
    """What an automation sends goes to its own address, once."""

    def __init__(self, urls: Iterable[str], retries: tuple[float, ...]):
        super().__init__("sandbox webhooks", urls, retries, PATIENCE)

    def send(self, event_type: str, body: str) -> None:
        for url in self.urls:
            self.deliver(event_type, url, partial(post, url, body))

    def send_once(self, url: str, event: str, body: str) -> None:
        self.deliver(event, url, partial(post, url, body, PLAIN), again=False)
