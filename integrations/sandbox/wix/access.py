"""Who may call: the app by its tokens, the account by its API key, and not more often than allowed."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from integrations.sandbox.wire import Request

from .errors import WixError
from .keys import Keys
from .site import Site, dump, iso

TOKEN_SECONDS = 14400
MINUTE = 60.0


def make_key() -> str:
    """A new private key, PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


@cache
def public_half(private_key: str) -> str:
    key = serialization.load_pem_private_key(private_key.encode(), None).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Access:
    """The app's and the account's secrets, made from the seed."""

    def __init__(self, seed: int, rate_limit: int, keys: Keys):
        app, secret, key = (hashlib.sha256(f"{seed}/{name}".encode()).digest() for name in ("app", "secret", "key"))
        self.app_id = str(uuid.UUID(bytes=app[:16], version=4))
        self.app_secret = str(uuid.UUID(bytes=secret[:16], version=4))
        self.api_key = "IST." + base64url(key * 3)
        self.rate_limit = rate_limit
        self.keys = keys  # those that the owner made; `api_key` is there from the start and may do everything

    def give_token(self, wanted: dict[str, Any], site: Site | None) -> dict[str, Any]:
        """The answer to POST /oauth2/token. `site`: the one that the instance id names."""
        if wanted.get("grant_type") != "client_credentials":
            raise WixError(400, "unsupported grant_type", "INVALID_ARGUMENT")
        if wanted.get("client_id") != self.app_id or not same(str(wanted.get("client_secret")), self.app_secret):
            raise WixError(401, "invalid client credentials", "UNAUTHENTICATED")
        if site is None or not site.installed:
            raise WixError(403, "the app is not installed on this site", "PERMISSION_DENIED")
        return {"access_token": self.make_token(site), "token_type": "Bearer", "expires_in": TOKEN_SECONDS}

    def make_token(self, site: Site) -> str:
        now = time.time()
        body = base64url(dump({"instanceId": site.instance_id, "iat": now, "exp": now + TOKEN_SECONDS}))
        return f"OauthNG.JWS.{body}.{self._seal(body)}"

    def _seal(self, body: str) -> str:
        return hmac.new(self.app_secret.encode(), body.encode(), hashlib.sha256).hexdigest()

    def read_token(self, token: str, sites: list[Site]) -> tuple[Site, dict[str, Any]]:
        """The site a token is for, and its claims."""
        _, _, rest = token.partition("OauthNG.JWS.")
        body, _, seal = rest.partition(".")
        if not same(seal, self._seal(body)):
            raise WixError(401, "the access token is not valid", "UNAUTHENTICATED")
        claims = json.loads(from_base64url(body))
        site = next(site for site in sites if site.instance_id == claims["instanceId"])
        if claims["exp"] < time.time() or claims["iat"] < site.tokens_from:
            raise WixError(401, "the access token has expired", "UNAUTHENTICATED")
        return site, claims

    def sign_instance(self, site: Site) -> str:
        """The `instance` parameter of every page of ours that Wix opens. What is not in public code is a guess."""
        now = datetime.now(UTC)
        body = base64url(
            dump(
                {
                    "instanceId": site.instance_id,
                    "appDefId": self.app_id,
                    "signDate": iso(now),
                    "uid": site.owner_id,
                    "permissions": "OWNER",
                    "demoMode": False,
                    "siteOwnerId": site.owner_id,
                    "siteMemberId": None,
                    "expirationDate": iso(now + timedelta(seconds=TOKEN_SECONDS)),
                    "vendorProductId": None,
                    "originInstanceId": "",
                }
            )
        )
        return f"{self._instance_seal(body)}.{body}"

    def _instance_seal(self, body: str) -> str:
        return base64url(hmac.new(self.app_secret.encode(), body.encode(), hashlib.sha256).digest())

    def read_instance(self, text: str, sites: list[Site]) -> tuple[Site, dict[str, Any]]:
        """The site that a signed instance is for, and from when to when it is good."""
        seal, _, body = text.partition(".")
        if not same(seal, self._instance_seal(body)):
            raise WixError(401, "the instance is not signed with this app's secret", "UNAUTHENTICATED")
        data = json.loads(from_base64url(body))
        site = next(site for site in sites if site.instance_id == data["instanceId"])
        signed = datetime.fromisoformat(data["signDate"].replace("Z", "+00:00")).timestamp()
        return site, {"iat": signed, "exp": signed + TOKEN_SECONDS}

    def token_info(self, token: str, sites: list[Site]) -> dict[str, Any]:
        """The answer to POST /oauth2/token-info. `token`: an access token, or the signed instance of a page."""
        read = self.read_token if token.startswith("OauthNG.") else self.read_instance
        site, claims = read(token, sites)
        return {
            "active": site.installed and claims["exp"] > time.time(),
            "subjectType": "APP",
            "subjectId": self.app_id,
            "exp": int(claims["exp"]),
            "iat": int(claims["iat"]),
            "clientId": self.app_id,
            "siteId": site.site_id,
            "instanceId": site.instance_id,
        }

    def caller(self, request: Request, sites: list[Site], writes: bool) -> Site:
        """The site that the token, or the API key with its header, speaks for. Counts the call."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not token:
            raise WixError(401, "no authorization header", "UNAUTHENTICATED")
        if token.startswith("IST."):
            found = next((site for site in sites if site.site_id == request.headers.get("wix-site-id")), None)
            if found is None or not (
                same(token, self.api_key) or self.keys.allow(token, found.site_id, request.path, writes)
            ):
                raise WixError(403, "the API key may not do this on this site", "PERMISSION_DENIED")
            site = found
        else:
            site, _ = self.read_token(token, sites)
            if not site.installed:
                raise WixError(403, "the app is not installed on this site", "PERMISSION_DENIED")
        self._count(site)
        return site

    def _count(self, site: Site) -> None:
        """Refuse what is beyond the calls per minute. Wix documents no Retry-After."""
        now = time.monotonic()
        while site.calls and site.calls[0] <= now - MINUTE:
            site.calls.popleft()
        if self.rate_limit and len(site.calls) >= self.rate_limit:
            raise WixError(429, "too many requests", "RESOURCE_EXHAUSTED")
        site.calls.append(now)
        site.total_calls += 1


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
