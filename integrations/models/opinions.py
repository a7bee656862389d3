from __future__ import annotations

from django.db import models

from fcp.models import Account, AccountQuerySet


class GuideReason(models.TextChoices):
    OUTDATED = "outdated", "The store's pages look different"
    UNCLEAR = "unclear", "I did not understand a step"
    MISSING = "missing", "What I looked for is missing"
    WRONG = "wrong", "It did not work as written"
    OTHER = "other", "Something else"


class GuideOpinion(models.Model):
    """What somebody thinks of a page of help, for whoever writes it. One person may have several."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    guide = models.CharField(max_length=60)
    helpful = models.BooleanField()
    reason = models.CharField(max_length=10, choices=GuideReason.choices, blank=True)
    text = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=120)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["account", "-id"], name="integrations_opinion_account")]
