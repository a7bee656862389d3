from __future__ import annotations

import hashlib
import secrets
from typing import Any

from django.db import models
from django.utils import timezone

from .accounts import Account, AccountQuerySet
from .stores import Partner


class ApiKeyQuerySet(AccountQuerySet):
    def issue(self, name: str, scopes: list[str], **owner: Any) -> tuple[ApiKey, str]:
        """Make a key; the second value is its secret text, shown to the person once and never stored."""
        prefix = secrets.token_hex(6)
        text = f"fcp_{prefix}_{secrets.token_urlsafe(32)}"
        return self.create(name=name, scopes=scopes, prefix=prefix, hash=ApiKey.hash_of(text), **owner), text


class ApiKey(models.Model):
    """A key of the API, for one account or for one partner; only its hash is kept.

    `calls_left` (at `calls_at`) is its rate limit's bucket, from which each web process takes some calls at a time.
    """

    account = models.ForeignKey(Account, models.CASCADE, null=True, blank=True, related_name="+")
    partner = models.ForeignKey(Partner, models.CASCADE, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, unique=True)
    hash = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    calls_left = models.FloatField(default=0, db_default=0, editable=False)
    calls_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(account__isnull=True, partner__isnull=False)
                | models.Q(account__isnull=False, partner__isnull=True),
                name="fcp_apikey_of_account_or_partner",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} (fcp_{self.prefix}_…)"

    @staticmethod
    def hash_of(text: str) -> str:
        # The secret part has 256 random bits, so a plain fast hash is enough; a slow one would cost every request.
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def usable(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class IdempotentReply(models.Model):
    """The reply to a write that carried an Idempotency-Key, stored in the transaction of its effect; kept 7 days."""

    api_key = models.ForeignKey(ApiKey, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = "kept reply"
        verbose_name_plural = "kept replies"
        constraints = [models.UniqueConstraint(fields=["api_key", "key"], name="fcp_reply_one_per_key")]
