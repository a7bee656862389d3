from __future__ import annotations

from django.db import models

from fcp.models import Account, AccountQuerySet, Store
from mappings.models import Listing, Location


class Guard(models.TextChoices):
    """What stops a push until a person has answered."""

    ZEROING = "zeroing", "Too many would become 0"
    OLD_LEVELS = "old_levels", "The levels are old"


class StockPush(models.Model):
    """How far the stock of a store's account has been looked at, and what a person has said to sending it.

    `seq` is the account's change number up to which changes were turned into marks; `basis` what else the marks rest on
    (settings version, locations), so that a change of it marks every listing. Nothing is sent before `allowed_at`.
    A guard's question stands while `guard` is set; `passed_at` is when a person said to send all the same.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    store = models.OneToOneField(Store, models.CASCADE, related_name="+")
    seq = models.BigIntegerField(default=0)
    basis = models.JSONField(default=dict)
    allowed_at = models.DateTimeField(null=True)
    allowed_by = models.CharField(max_length=120, blank=True)
    guard = models.CharField(max_length=12, choices=Guard.choices, blank=True)
    guard_params = models.JSONField(default=dict)
    guard_since = models.DateTimeField(null=True)
    passed_at = models.DateTimeField(null=True)
    passed_by = models.CharField(max_length=120, blank=True)
    read_at = models.DateTimeField(null=True, help_text="When all of the store's numbers were last read back.")
    read_wanted_at = models.DateTimeField(null=True, help_text="A person asked for reading back.")

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "stock pushes"


class StockSent(models.Model):
    """One quantity that a store confirmed, and what it was made of. Kept 90 days, for questions about overselling.

    `steps` is `inventory.availability.Available.as_json()`.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.CASCADE, related_name="+", db_index=False)
    listing = models.ForeignKey(Listing, models.PROTECT, related_name="+", db_index=False)
    location = models.ForeignKey(Location, models.PROTECT, null=True, related_name="+", db_index=False)
    quantity = models.IntegerField()
    before = models.IntegerField(null=True, help_text="What the store had confirmed before, where that was known.")
    steps = models.JSONField(default=list)
    at = models.DateTimeField(db_index=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = "sent quantity"
        verbose_name_plural = "sent quantities"
        ordering = ["-id"]
        indexes = [models.Index(fields=["listing", "-id"], name="integrations_sent_listing")]
