"""What waits between two pages of connecting a store, and how far a browser that comes back from a store is believed.

Three things wait, in the session of one browser, encrypted, half an hour at most: a `State` while the person is at the
store's own page, an `Arrival` from the moment a store has answered until Save, and (only by its key in the address)
which of several tabs is meant. Nothing of it ever goes to the browser but a random key, which is worth nothing in
another session.

What an arrival proves
----------------------
*Signed* (Wix opened our page with `instance`): the platform vouches that this store's owner sits at the browser, and
did so minutes ago. Whoever gets hold of such an address (a history, a proxy's log) within those minutes could connect
the store to an account of his own; the address is left at once for one without it.

*A return* (we sent the browser to the store's installer, and it came back) is not signed. Our `state` is random, used
once, bound to this browser and this person: nobody can be made to finish what another began. But the ids beside it are
plain text, and the person himself could write others: with the instance id of a stranger's installation, our own app
would let us in. Closed of that: the site id must be the one that the token speaks for; a store that is connected, here
or in another account, is never taken over; a signed `instance`, where Wix sends one along, is verified and wins; an
instance id by itself (the way "app") is for the operator's staff only. What remains: somebody who knows both ids of a
site that has our app, and is connected nowhere in this panel, could connect it to his own account until its owner does.
Both ids are random; Wix shows them to the site's own people.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from cryptography.fernet import InvalidToken
from django.core.cache import cache

from fcp.secrets import key_ring
from integrations.connectors.declaring import Platform
from integrations.connectors.shapes import Connected

WAITING = "ways"  # the name in the session
LASTS = 30 * 60  # seconds
MOST = 10  # that wait in one session: tabs that somebody has open

Session = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """What was begun before the browser went to the store. `integration`: that one gets a new key, nothing is made.

    `user` and `account` are None, and `invitation` is the link's token, where a store's owner was invited.
    """

    platform: str
    way: str
    user: int | None = None
    account: int | None = None
    integration: int | None = None
    invitation: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A store that answered and is not connected yet. `store` are its facts, to be shown; `received` what it took.

    `account` is the one that it was begun in; `user` whom it belongs to: None means whoever signs in here first.
    """

    platform: str
    way: str
    received: dict[str, str]
    uid: str
    store: dict[str, str]
    api_url: str = ""
    user: int | None = None
    account: int | None = None
    invitation: str = ""

    @classmethod
    def of(cls, platform: Platform, way: str, received: dict[str, str], connected: Connected, **values: Any) -> Self:
        store = {
            "name": connected.name,
            "currency": connected.currency,
            "time_zone": connected.time_zone,
            "variant": platform.variants.get(connected.variant, connected.variant),
            "url": connected.url,
        }
        return cls(platform.key, way, dict(received), connected.store_uid, store, **values)


def keep(session: Session, what: State | Arrival) -> str:
    """The key under which it waits; the oldest of many goes."""
    key = secrets.token_urlsafe(32)
    sealed = json.dumps({"kind": type(what).__name__, "values": asdict(what)}).encode()
    waiting = session.get(WAITING, {})
    kept = dict(list(waiting.items())[-(MOST - 1) :])
    session[WAITING] = kept | {key: key_ring().encrypt(sealed).decode()}
    return key


def look(session: Session, key: str) -> State | Arrival | None:
    """What waits under the key; None when it is too old, was used, or waits in another browser."""
    sealed = session.get(WAITING, {}).get(key)
    if not isinstance(sealed, str):
        return None
    try:
        opened = json.loads(key_ring().decrypt(sealed.encode(), ttl=LASTS))
    except InvalidToken:
        return None
    return _KINDS[opened["kind"]](**opened["values"])


def arrival(session: Session, key: str) -> Arrival | None:
    found = look(session, key)
    return found if isinstance(found, Arrival) else None


def take_state(session: Session, key: str) -> State | None:
    """Once. Of two requests with the same state one gets it, also at the same moment: a session is saved last wins."""
    found = look(session, key)
    if not isinstance(found, State):
        return None
    forget(session, key)
    name = hashlib.sha256(key.encode()).hexdigest()
    return found if cache.add(f"used-state:{name}", 1, LASTS) else None


def forget(session: Session, key: str) -> None:
    session[WAITING] = {other: sealed for other, sealed in session.get(WAITING, {}).items() if other != key}


_KINDS: dict[str, type[State] | type[Arrival]] = {"State": State, "Arrival": Arrival}
