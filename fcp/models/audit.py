from __future__ import annotations

from django.db import models

from .accounts import Account, AccountQuerySet


class AuditEntry(models.Model):
    """Who did what to an account's settings, keys and people. Append only; a code and parameters, no sentence."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False, null=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    code = models.CharField(max_length=60)
    params = models.JSONField(default=dict)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["account", "-id"], name="fcp_audit_account")]


class Heartbeat(models.Model):
    """The last time a task went all the way through scheduler, worker and database."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()
