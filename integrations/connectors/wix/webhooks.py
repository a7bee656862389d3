"""Webhooks of the operator's Wix app: one signed JWT each. Source: dev.wix.com, "Webhook Structure"."""

from __future__ import annotations

import base64
import datetime as dt
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import RSAAlgorithm

from fcp.errors import Rejected

from ..shapes import AppSecrets, Hint
from .reading import time
from .words import EVENTS

ISSUER = "wix.com"
RS256 = RSAAlgorithm(RSAAlgorithm.SHA256)
OLDEST = dt.timedelta(days=3)  # Wix repeats a delivery for about two days
CLOCKS_DIFFER = dt.timedelta(minutes=5)
MOST_BYTES = 1024 * 1024
ENTITIES = (("actionEvent", "body", "order"), ("updatedEvent", "currentEntity"), ("createdEvent", "entity"))


def verified(body: bytes, app: AppSecrets, now: dt.datetime) -> tuple[str, list[Hint]]:
    """(instance id, hints). Raises Rejected for what Wix did not sign for our app, or what is too old."""
    claims = _claims(body, app, now)
    try:
        event = orjson.loads(claims["data"])
        instance_id, kind = event["instanceId"], EVENTS.get(event["eventType"])
        if not isinstance(instance_id, str) or not instance_id:
            raise ValueError("no instance id")
        if kind is None:
            return instance_id, []
        inner = orjson.loads(event.get("data") or b"{}")
        return instance_id, [_hint(kind, inner, instance_id, body)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _refused(f"signed, but not as documented: {error!r}") from error


def _claims(body: bytes, app: AppSecrets, now: dt.datetime) -> dict[str, Any]:
    if len(body) > MOST_BYTES:
        raise _refused("too long")
    try:
        claims = _opened(body.strip(), public_key(app.public_key))
    except (ValueError, TypeError, AttributeError) as error:
        raise _refused(f"{type(error).__name__}: {error}") from error
    audience = claims.get("aud")
    if audience is not None and app.client_id not in (audience if isinstance(audience, list) else [audience]):
        raise _refused("made for another app")
    if claims.get("iss", ISSUER) != ISSUER:
        raise _refused("issued by somebody else")
    issued, expires = _moment(claims.get("iat")), _moment(claims.get("exp"))
    if issued is None and expires is None:
        raise _refused("carries no time")
    if issued and not now - OLDEST <= issued <= now + CLOCKS_DIFFER:
        raise _refused("too old, or from the future")
    if expires and expires + CLOCKS_DIFFER < now:
        raise _refused("expired")
    return claims


def _opened(token: bytes, key: RSAPublicKey) -> dict[str, Any]:
    """The claims of a JWT that this key signed; the algorithm is pinned, whatever the token says of itself.

    PyJWT verifies, but does not take the token apart: it looks at each of its ten thousand characters in Python, which
    takes longer than all the rest of answering. Raises ValueError for what is no such token.
    """
    signed, _, seal = token.rpartition(b".")
    head, _, payload = signed.partition(b".")
    kind = orjson.loads(_plain(head))
    if kind.get("alg") != "RS256" or "crit" in kind:
        raise ValueError(f"signed by {kind.get('alg')!r}")
    if not RS256.verify(signed, key, _plain(seal)):
        raise ValueError("InvalidSignature")
    claims: dict[str, Any] = orjson.loads(_plain(payload))
    if not isinstance(claims, dict):
        raise ValueError("no claims")
    return claims


def _plain(part: bytes) -> bytes:
    return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _moment(value: Any) -> dt.datetime | None:
    if value is None:
        return None
    try:
        return dt.datetime.fromtimestamp(float(value), dt.UTC)
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise _refused("carries an odd time") from error


def _hint(kind: str, event: dict[str, Any], instance_id: str, body: bytes) -> Hint:
    return Hint(
        event_id=_text(event.get("id")) or blake2b(body, digest_size=16).hexdigest(),
        kind=kind,
        object_uid=instance_id if kind in {"installed", "removed"} else _order_uid(event),
        sequence=_sequence(event.get("entityEventSequence")),
        at=_changed_at(event) or time(event.get("eventTime")),
    )


def _changed_at(event: dict[str, Any]) -> dt.datetime | None:
    """The order's own time, where the event carries the order; the event's is always a little later."""
    for path in ENTITIES:
        found: Any = event
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, dict):
            return time(found.get("updatedDate"))
    return None


def _order_uid(event: dict[str, Any]) -> str:
    """A fulfillments event may name its order only inside the entity."""
    entity = (event.get("updatedEvent") or event.get("createdEvent") or {}).get("currentEntity") or {}
    uid = _text(entity.get("orderId")) or _text(event.get("entityId"))
    if not uid:
        raise ValueError("no order id")
    return uid


def _text(value: Any) -> str:
    return value if isinstance(value, str) and 0 < len(value) <= 100 and "\x00" not in value else ""


def _sequence(value: Any) -> int:
    """A 64-bit number, written as text."""
    text = str(value)
    return int(text) if text.isdecimal() and len(text) <= 18 else 0


@lru_cache(maxsize=4)
def public_key(text: str) -> RSAPublicKey:
    """The app's key as Wix shows it: PEM, or base64 of the PEM. Raises ValueError for anything else."""
    pem = text.strip()
    if pem and not pem.startswith("-----"):
        pem = base64.b64decode(pem, validate=True).decode()
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the public key of the Wix app is not an RSA key")
    return key


def _refused(detail: str) -> Rejected:
    return Rejected(detail, code="webhook_refused", sentence="This message was not signed by Wix for our app.")
