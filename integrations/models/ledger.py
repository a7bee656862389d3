from __future__ import annotations

from django.db import models
from django.db.models import Q

from fcp.models import Account, AccountQuerySet, Store


class LedgerDay(models.Model):
    """What became of the orders that a store took on one day (of its account): theirs and ours, side by side.

    It compares orders placed in [starts_at, ends_at): the day, or the part of it since orders are read. `in_store` is
    how many the store itself shows, None until it was asked; the other numbers are of orders placed in that time as
    they stood at `recounted_at`.

        seen = imported + skipped + failed
        imported = waiting + at_warehouse + shipped + told + closed
        in_store = seen + not_here - not_there

    While `wanted_at` is set the store is to be asked, or is being asked since `begun_at`: `token` is the page that
    comes next, `shown` what it has shown so far (`ledger_sums.packed`), `listed` whether its list has come to an end.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    in_store = models.PositiveIntegerField(null=True)
    seen = models.PositiveIntegerField(default=0)
    imported = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=dict, help_text="Skipped orders by each condition that was not met.")
    failed = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0, help_text="Imported and here: new, held or ready.")
    at_warehouse = models.PositiveIntegerField(default=0)
    shipped = models.PositiveIntegerField(default=0, help_text="Left, also in part, and the store is not told of all.")
    told = models.PositiveIntegerField(default=0, help_text="All of it left, and the store was told or is not to be.")
    closed = models.PositiveIntegerField(default=0, help_text="Canceled, or nothing in it ships.")
    not_here = models.PositiveIntegerField(default=0, help_text="In the store, never seen here.")
    not_there = models.PositiveIntegerField(default=0, help_text="Here, no longer in the store.")
    counted_at = models.DateTimeField(null=True, help_text="When the store had been asked for all of it.")
    recounted_at = models.DateTimeField(null=True)

    wanted_at = models.DateTimeField(null=True)
    wanted_by = models.CharField(max_length=120, blank=True, help_text="Empty: it is counted every day.")
    begun_at = models.DateTimeField(null=True)
    token = models.TextField(blank=True)
    token_at = models.DateTimeField(null=True)
    listed = models.BooleanField(default=False)
    shown = models.BinaryField(null=True)
    tries = models.PositiveSmallIntegerField(default=0, help_text="In a row that the store did not answer.")
    not_before = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True, help_text="Why the store could not be asked.")

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["store", "day"], name="integrations_ledger_one_per_day")]
        indexes = [
            models.Index(fields=["account", "-day", "-id"], name="integrations_ledger_account"),
            models.Index(
                fields=["store", "wanted_at"], condition=Q(wanted_at__isnull=False), name="integrations_ledger_wanted"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} of {self.store}"


class LedgerGap(models.Model):
    """An order that one side shows and the other does not; closed once both do, or a person said that it is right.

    `confirmed_at` is when it was last seen to be so; `asked_at` when a person had the store asked for it.
    """

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
    confirmed_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=120, blank=True, help_text="Empty: it closed by itself.")
    note = models.CharField(max_length=200, blank=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["store", "uid", "kind"], name="integrations_ledgergap_once")]
        indexes = [
            models.Index(
                fields=["account", "store", "kind", "found_at"],
                condition=Q(closed_at__isnull=True),
                name="integrations_ledgergap_open",
            ),
            models.Index(fields=["store", "day", "kind"], name="integrations_ledgergap_day"),
        ]

    def __str__(self) -> str:
        return self.number or self.uid
