from __future__ import annotations

from django.db import models

from fcp.models import Account, AccountQuerySet, Store


class LedgerDay(models.Model):
    """What became of the orders that a store took on one day (of its account): theirs and ours, side by side.

    `in_store` is what the store itself counts, None until it was asked; the other numbers are of orders placed on that
    day as they stood at `counted_at`. seen = imported + skipped (by reason) + failed.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    in_store = models.PositiveIntegerField(null=True)
    seen = models.PositiveIntegerField(default=0)
    imported = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=dict, help_text="Skipped orders by the condition that was not met.")
    failed = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0, help_text="Imported and here: new, held or ready.")
    at_warehouse = models.PositiveIntegerField(default=0)
    shipped = models.PositiveIntegerField(default=0, help_text="Left, also in part.")
    told = models.PositiveIntegerField(default=0, help_text="Left, and the store knows.")
    closed = models.PositiveIntegerField(default=0, help_text="Canceled, or nothing in it ships.")
    counted_at = models.DateTimeField()
    problem = models.CharField(max_length=500, blank=True, help_text="Why the store could not be asked.")

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["store", "day"], name="integrations_ledger_one_per_day")]
        indexes = [models.Index(fields=["account", "-day", "store"], name="integrations_ledger_account")]


class LedgerGap(models.Model):
    """An order that one side shows and the other does not; closed once both do, or a person said that it is right."""

    class Kind(models.TextChoices):
        NOT_HERE = "not_here", "In the store, never seen here"
        NOT_THERE = "not_there", "Here, no longer in the store"

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    uid = models.CharField(max_length=100)
    number = models.CharField(max_length=60, blank=True)
    found_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=120, blank=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["store", "uid", "kind"], name="integrations_ledgergap_once")]
        indexes = [
            models.Index(
                fields=["account", "store", "id"],
                condition=models.Q(closed_at__isnull=True),
                name="integrations_ledgergap_open",
            )
        ]
