from __future__ import annotations

from django.db import models

from fcp.models import Account, AccountQuerySet
from fcp.secrets import SecretField

from .connections import Integration


class WebhookAddress(models.Model):
    """An address of ours for one integration, that the merchant pastes into the store: /hooks/<platform>/<token>/.

    It works from the moment it is reserved, saved or not. The token is found by its hash and kept encrypted, to be
    shown again; while it is being exchanged the one before works until `old_until`.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    integration = models.ForeignKey(Integration, models.CASCADE, related_name="addresses", db_index=False)
    kind = models.CharField(max_length=20, help_text="What the store announces there, as the platform declares it.")
    token_hash = models.CharField(max_length=64, unique=True)
    token = SecretField()
    old_hash = models.CharField(max_length=64, blank=True)
    old_until = models.DateTimeField(null=True)
    reserved_at = models.DateTimeField()
    reserved_by = models.CharField(max_length=120)
    saved_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=120, blank=True)
    events = models.PositiveBigIntegerField(default=0)
    last_event_at = models.DateTimeField(null=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "webhook addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["old_hash"], condition=~models.Q(old_hash=""), name="integrations_address_old_once"
            )
        ]
        indexes = [models.Index(fields=["integration", "-id"], name="integrations_address_of")]
