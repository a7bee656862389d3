"""Who may call: the token in the header, its scopes, the store's plan, and not more often than allowed.

The reference does not say how a caller is answered who went on with a dead token until he was blocked: here every
call is a 429 with a long Retry-After, also one with a good token, since Ecwid blocks the address that calls.
"""

import hashlib
import hmac
import string
import time
from collections import deque
from dataclasses import dataclass
from math import ceil
from typing import Any

from integrations.sandbox.setup import Setup
from integrations.sandbox.state import State
from integrations.sandbox.wire import Request

from .errors import EcwidError, dead_token
from .store import Store
from .wire import dump, stamp

MINUTE = 60.0
CALLS = 600  # a minute and token
DEAD_CALLS = 20  # a minute with a dead token, before the caller is blocked
BLOCKED = 600.0  # seconds
CODE_SECONDS = 300.0
SIGNS = string.ascii_letters + string.digits
# What the app is registered for at Ecwid.
REGISTERED = (
    *("read_store_profile", "update_store_profile", "read_orders", "update_orders", "create_orders"),
    *("read_catalog", "update_catalog", "create_catalog"),
)
# What a store's own custom app may do besides.
CUSTOM = (
    *("read_customers", "update_customers", "create_customers"),
    *("read_discount_coupons", "update_discount_coupons", "create_discount_coupons"),
)


@dataclass(frozen=True)
class Token:
    text: str
    scopes: frozenset[str]


class Access:
    """The app's secrets, the store's tokens and the codes for them. `state` keeps what was given."""

    def __init__(self, setup: Setup, state: State, store: Store):
        self.state, self.store = state, store
        self.client_id = f"fulfillment-panel-{self._secret(setup.seed, 'client id', 8).lower()}"
        self.client_secret = self._secret(setup.seed, "client secret", 32)
        # The token of the store's own custom app, which Ecwid shows to the merchant. The panel's app has others.
        self.token = f"secret_{self._secret(setup.seed, 'token', 32)}"
        self.limit = CALLS if setup.rate_limit == Setup.rate_limit else setup.rate_limit
        self.given: dict[str, dict[str, Any]] = {}  # token -> scopes, created, dead
        self.codes: dict[str, dict[str, Any]] = {}  # code -> scopes, redirect_uri, until, token
        self.dead_calls: deque[float] = deque()
        self.blocked_until = 0.0

    def restore(self, kind: str, uid: str, value: dict[str, Any]) -> None:
        """Take back a token or a code."""
        (self.given if kind == "token" else self.codes)[uid] = value

    @staticmethod
    def _secret(seed: int, name: str, length: int) -> str:
        number = int.from_bytes(hashlib.sha512(f"{seed}/ecwid/{name}".encode()).digest(), "big")
        found = []
        for _ in range(length):
            number, place = divmod(number, len(SIGNS))
            found.append(SIGNS[place])
        return "".join(found)

    # Calls.

    def caller(self, request: Request) -> Token:
        """The token a call is made with. Counts the call. What stands in the address is no token any more."""
        now = time.monotonic()
        if now < self.blocked_until:
            wait = ceil(self.blocked_until - now)
            raise EcwidError(429, "Too many calls with a wrong token", "RATE_LIMITED", {"Retry-After": str(wait)})
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        token = self.find(text.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            self._count_dead(now)
            raise dead_token()
        self._check_plan()
        self._count(token, now)
        return token

    def find(self, text: str) -> Token | None:
        if not self.store.installed:
            return None
        if same(text, self.token):
            return Token(text, self._allowed((*REGISTERED, *CUSTOM)))
        given = self.given.get(text)
        return None if given is None or given["dead"] else Token(text, self._allowed(given["scopes"]))

    def _allowed(self, scopes: Any) -> frozenset[str]:
        kept = scopes if self.store.allowed is None else [one for one in scopes if one in self.store.allowed]
        return frozenset((*kept, "read_store_profile"))

    def _count_dead(self, now: float) -> None:
        self.dead_calls.append(now)
        while self.dead_calls[0] <= now - MINUTE:
            self.dead_calls.popleft()
        if len(self.dead_calls) > DEAD_CALLS:
            self.blocked_until = now + BLOCKED

    def forgive(self) -> None:
        """Take back the block."""
        self.dead_calls.clear()
        self.blocked_until = 0.0

    def _check_plan(self) -> None:
        if self.store.plan == "free":
            raise EcwidError(402, "API is not available on the current plan", "NOT_AVAILABLE_ON_CURRENT_PLAN")
        if self.store.plan == "suspended":
            raise EcwidError(402, "The store is suspended", "STORE_IS_SUSPENDED")

    def _count(self, token: Token, now: float) -> None:
        calls = self.store.calls.setdefault(token.text, deque())
        while calls and calls[0] <= now - MINUTE:
            calls.popleft()
        if self.limit and len(calls) >= self.limit:
            wait = max(1, ceil(calls[0] + MINUTE - now))
            raise EcwidError(429, "Too many requests", "RATE_LIMITED", {"Retry-After": str(wait)})
        calls.append(now)
        self.store.total_calls += 1

    # OAuth.

    def give_code(self, scopes: list[str], redirect_uri: str) -> str:
        code = self.store.new_text(32, SIGNS)
        until = time.time() + CODE_SECONDS
        self._keep("code", code, {"scopes": scopes, "redirect_uri": redirect_uri, "until": until, "token": ""})
        return code

    def exchange(self, asked: dict[str, str]) -> dict[str, Any]:
        """The token for a code. A second time the code gives nothing, and takes away what it gave."""
        if asked.get("client_id") != self.client_id or not same(asked.get("client_secret", ""), self.client_secret):
            raise NoGrant("invalid_client")
        if asked.get("grant_type") != "authorization_code":
            raise NoGrant("unsupported_grant_type")
        found = self.codes.get(asked.get("code", ""))
        if found is None:
            raise NoGrant("invalid_grant")
        if found["token"]:
            self.kill(found["token"])
            raise NoGrant("invalid_grant")
        if found["until"] < time.time() or found["redirect_uri"] != asked.get("redirect_uri"):
            raise NoGrant("invalid_grant")
        token = f"secret_{self.store.new_text(32, SIGNS)}"
        made = {"scopes": found["scopes"], "created": stamp(self.store.now()), "dead": False}
        self._keep("token", token, made)
        self._keep("code", asked["code"], {**found, "token": token})
        return {
            "access_token": token,
            "token_type": "bearer",
            "scope": " ".join(one for one in found["scopes"] if one in self._allowed(found["scopes"])),
            "store_id": self.store.store_id,
            "email": f"owner@{self.store.name.lower()}.example",
        }

    def kill(self, token: str) -> None:
        if token in self.given:
            self._keep("token", token, {**self.given[token], "dead": True})

    def kill_all(self) -> None:
        """What the merchant does by taking the app out: its tokens never come back to life."""
        for token in list(self.given):
            self.kill(token)

    def _keep(self, kind: str, uid: str, value: dict[str, Any]) -> None:
        (self.given if kind == "token" else self.codes)[uid] = value
        self.state.save(self.store.key, kind, uid, dump(value))


class NoGrant(Exception):
    """No token; the argument says why, in the word of OAuth."""


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
