from __future__ import annotations

from typing import Self

from django.db import models

from fcp.models import Account, AccountQuerySet
from orders.holds import HoldKind

from .orders import Order


class HoldQuerySet(AccountQuerySet):
    def open(self) -> Self:
        return self.filter(lifted_at__isnull=True)


class Hold(models.Model):
    """One typed reason why an order waits. `cause` is what one fix cures: the mapping row's id, or empty.

    `placed_at` is since when the order waits for it: its buyer's placing it, where it came in with this cause.
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
        ]
