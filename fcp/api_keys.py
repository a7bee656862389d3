"""API keys as the API sees them: who calls, and what the key may do."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import ClassVar

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from fcp.models import ApiKey
from fcp.scopes import FOR_ACCOUNT, FOR_PARTNER, Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request with an API key comes from: `request.user` of the API."""

    key: ApiKey
    is_authenticated: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """For timelines."""
        return self.key.name

    @property
    def scopes(self) -> frozenset[Scope]:
        """What the key says, as far as its owner may have it."""
        may = FOR_PARTNER if self.key.partner_id else FOR_ACCOUNT
        return frozenset(scope for scope in may if scope.value in self.key.scopes)


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer fcp_...`; each refusal says what to do."""

    def authenticate(self, request: Request) -> tuple[Caller, ApiKey] | None:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer":
            raise AuthenticationFailed("Send the API key as “Authorization: Bearer fcp_…”.", "key_unknown")
        key = self._key(text.strip())
        now = timezone.now()
        if key is None:
            raise AuthenticationFailed("There is no such API key. Check that it was copied whole.", "key_unknown")
        if key.revoked_at:
            raise AuthenticationFailed("This API key was revoked. Make a new one on the page API keys.", "key_revoked")
        if key.expires_at and key.expires_at <= now:
            raise AuthenticationFailed(
                f"This API key expired on {key.expires_at:%Y-%m-%d}. Make a new one on the page API keys.",
                "key_expired",
            )
        return Caller(key), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    def _key(self, text: str) -> ApiKey | None:
        parts = text.split("_", 2)
        if len(parts) != 3 or parts[0] != "fcp" or not parts[1].isalnum() or not text.isascii():
            return None
        key = ApiKey.objects.select_related("account", "partner").filter(prefix=parts[1]).first()
        return key if key and hmac.compare_digest(key.hash, ApiKey.hash_of(text)) else None
