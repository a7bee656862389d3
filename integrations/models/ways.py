from __future__ import annotations

from django.db import models

from fcp.models import Account, AccountQuerySet

from .connections import Integration


class Invitation(models.Model):
    """A link by e-mail, with which a store's owner connects his store without an account here. It works once.

    Only the hash of its token is kept. It stands for the account: whoever holds it can connect one store of this
    platform to it, and see nothing else.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    platform = models.CharField(max_length=30)
    name = models.CharField(max_length=120, blank=True, help_text="Proposed as the integration's name.")
    email = models.EmailField()
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=120)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    integration = models.ForeignKey(Integration, models.SET_NULL, null=True, related_name="+", db_index=False)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "-id"], name="integrations_invite_account"),
            models.Index(fields=["integration"], name="integrations_invite_made"),
        ]
