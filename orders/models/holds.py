from __future__ import annotations

from typing import Self

from django.db import models

from fcp.models import Account, AccountQuerySet, User
from orders.holds import HoldKind

from .orders import Order


class HoldQuerySet(AccountQuerySet):
    def open(self) -> Self:
        return self.filter(lifted_at__isnull=True)


class Cure(models.Model):
    """One press that frees what waits for a cause: its word was mapped, or the group's holds were lifted.

    Its orders are let go in batches: `done` of the `total` that waited at first, by rising id, `last` the one up to
    which it came. It can be taken back for orders that no warehouse has acknowledged: `change` is the mapping change,
    if it was one, and the holds that were lifted name it. Where holds are lifted, `last` is the newest hold that there
    was. Taken back, `total` is how many orders it had freed, `done` how many wait again, `kept` how many stay with a
    warehouse.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Letting go"
        DONE = "done", "Done"
        UNDOING = "undoing", "Being taken back"
        UNDONE = "undone", "Taken back"

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=24)
    cause = models.CharField(max_length=64, blank=True)
    word = models.CharField(max_length=255, blank=True)
    target = models.CharField(
        max_length=120, blank=True, help_text="What the word means now; empty: holds were lifted."
    )
    change = models.BigIntegerField(null=True, help_text="The MappingChange, where a word was mapped.")
    by = models.CharField(max_length=120)
    undone_by = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    touched_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    last = models.BigIntegerField(default=0)
    most = models.PositiveIntegerField(null=True, help_text="Only so many, those that wait longest.")

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "-id"], name="orders_cure_account"),
            models.Index(
                fields=["touched_at"],
                condition=models.Q(state__in=["running", "undoing"]),
                name="orders_cure_running",
            ),
        ]


class HeldGroup(models.Model):
    """What a person noted of a group of holds: only groups that somebody touched have a row."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=24)
    cause = models.CharField(max_length=64, blank=True)
    note = models.CharField(max_length=500, blank=True)
    owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    snoozed_orders = models.PositiveIntegerField(default=0, help_text="Twice as many wake it before its time.")
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=120)

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "cause"], name="orders_heldgroup_one_per_cause")
        ]


class Hold(models.Model):
    """One typed reason why an order waits. `cause` is what one fix cures: the mapping row's id, or empty.

    `placed_at` is since when the order waits for it: its buyer's placing it, where it came in with this cause.
    `until` lifts it by itself. `answered`: a person lifted it, so that it is not placed again for the same cause.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="holds", db_index=False)
    kind = models.CharField(max_length=24, choices=[(k.value, k.label) for k in HoldKind])
    cause = models.CharField(max_length=64, blank=True)
    params = models.JSONField(default=dict)
    note = models.CharField(max_length=500, blank=True)
    placed_at = models.DateTimeField()
    placed_by = models.CharField(max_length=120)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=120, blank=True)
    until = models.DateTimeField(null=True)
    answered = models.BooleanField(default=False, db_default=False)
    cure = models.ForeignKey(Cure, models.SET_NULL, null=True, related_name="+", db_index=False)

    objects = HoldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "kind", "cause"],
                condition=models.Q(lifted_at__isnull=True),
                name="orders_hold_one_open_per_cause",
            )
        ]
        indexes = [
            models.Index(
                fields=["account", "kind", "cause", "placed_at", "order"],
                condition=models.Q(lifted_at__isnull=True),
                name="orders_hold_groups",
            ),
            models.Index(fields=["order", "id"], name="orders_hold_order"),
            models.Index(
                fields=["until"],
                condition=models.Q(lifted_at__isnull=True, until__isnull=False),
                name="orders_hold_until",
            ),
            models.Index(fields=["cure", "order"], condition=models.Q(cure__isnull=False), name="orders_hold_cure"),
        ]
