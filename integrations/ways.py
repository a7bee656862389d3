"""What waits between two pages of connecting a store, and how far a browser that comes back from a store is believed.

What waits lies in the session of one browser, encrypted, half an hour at most: what a person has `Chosen` to let flow,
keys that he `Typed` on a page that is shown again, a `State` while he is at the store's own page, an `Arrival` from the
moment a store has answered until Save. Nothing of it ever goes to the browser but a random key, which says which of
several tabs is meant and is worth nothing in another session. What a store let us in by may be good for one time only,
so what it answered is kept with the arrival, the key to it too, and it is not asked again.

The tab that a person left for the store's page learns what became of it from the session as well (`Ended`), under the
key of what was chosen there.

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

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from cryptography.fernet import InvalidToken
from django.core.cache import cache

from fcp.secrets import key_ring
from integrations.connectors.declaring import Platform
from integrations.connectors.shapes import Connected, Credential

WAITING = "ways"  # the name in the session
LASTS = 30 * 60  # seconds
ENDED = "ways_ended"
MOST = 10  # that wait in one session: tabs that somebody has open

Session = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person chose before the way in: the flows' modes by kind, and the store's name.

    `given` are all settings, as typed, where he came by New Setup (`integrations.new_setup`).
    """

    platform: str
    user: int
    account: int
    modes: dict[str, str]
    name: str = ""
    given: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Typed:
    """Keys that a person typed on a page that is shown to him again: they wait here, and never go to the browser."""

    platform: str
    way: str
    user: int
    values: dict[str, str]

    def __repr__(self) -> str:
        return f"Typed({self.platform}, {self.way})"


@dataclass(frozen=True, slots=True)
class State:
    """What was begun before the browser went to the store. `integration`: that one gets a new key, nothing is made.

    `user` and `account` are None, and `invitation` is the link's token, where a store's owner was invited. `chosen` is
    the key of what was chosen before: then the store is connected as soon as the browser is back.
    """

    platform: str
    way: str
    user: int | None = None
    account: int | None = None
    integration: int | None = None
    invitation: str = ""
    chosen: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A store that answered and is not connected yet. `store` are its facts, to be shown; `received` what it took.

    `answer` is all that it answered, with the key to it, as JSON. `account` is the one that it was begun in; `user`
    whom it belongs to: None means whoever signs in here first.
    """

    platform: str
    way: str
    received: dict[str, str]
    uid: str
    store: dict[str, str]
    answer: dict[str, Any] = field(default_factory=dict)
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
        answer = _as_json(connected)
        return cls(platform.key, way, dict(received), connected.store_uid, store, answer, **values)

    @property
    def connected(self) -> Connected:
        key = dict(self.answer["credential"])
        key["expires_at"] = dt.datetime.fromisoformat(key["expires_at"]) if key["expires_at"] else None
        return Connected(**self.answer | {"credential": Credential(**key)})

    def __repr__(self) -> str:
        return f"Arrival({self.platform}, {self.way})"


def _as_json(connected: Connected) -> dict[str, Any]:
    key = connected.credential
    expires = key.expires_at.isoformat() if key.expires_at else None
    values = {name: getattr(connected, name) for name in Connected.__dataclass_fields__}
    return values | {"credential": {"kind": key.kind, "values": dict(key.values), "expires_at": expires}}


Waits = Chosen | Typed | State | Arrival


def keep(session: Session, what: Waits) -> str:
    """The key under which it waits; the oldest of many goes."""
    key = secrets.token_urlsafe(32)
    waiting = session.get(WAITING, {})
    kept = dict(list(waiting.items())[-(MOST - 1) :])
    session[WAITING] = kept | {key: _sealed(what)}
    return key


def renew(session: Session, key: str) -> None:
    """It waits as long as what is begun with it now, and goes no sooner."""
    if (what := look(session, key)) is not None:
        forget(session, key)
        session[WAITING] = session[WAITING] | {key: _sealed(what)}


def _sealed(what: Waits) -> str:
    text = json.dumps({"kind": type(what).__name__, "values": asdict(what)})
    return key_ring().encrypt(text.encode()).decode()


def look(session: Session, key: str) -> Waits | None:
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


def chosen(session: Session, key: str) -> Chosen | None:
    found = look(session, key)
    return found if isinstance(found, Chosen) else None


def typed(session: Session, key: str) -> Typed | None:
    found = look(session, key)
    return found if isinstance(found, Typed) else None


def is_begun(session: Session, key: str) -> bool:
    """Whether the browser went to the store with what waits under this key, and is not back yet."""
    found = (look(session, other) for other in session.get(WAITING, {}))
    return any(isinstance(one, State) and one.chosen == key for one in found)


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


# --- what became of it --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ended:
    """The integration that was made, or the sentence why none was."""

    integration: int | None = None
    sentence: str = ""


def end(session: Session, key: str, what: Ended) -> None:
    """For the tab that waits under this key of what was chosen; the oldest of many goes."""
    kept = dict(list(session.get(ENDED, {}).items())[-(MOST - 1) :])
    session[ENDED] = kept | {key: asdict(what)}


def ended(session: Session, key: str) -> Ended | None:
    found = session.get(ENDED, {}).get(key)
    return Ended(**found) if found else None


def begin_again(session: Session, key: str) -> None:
    """Whoever goes to the store once more waits for another end."""
    if key in session.get(ENDED, {}):
        session[ENDED] = {other: what for other, what in session[ENDED].items() if other != key}


_KINDS: dict[str, type[Waits]] = {one.__name__: one for one in (Chosen, Typed, State, Arrival)}
