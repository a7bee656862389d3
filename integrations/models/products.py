from __future__ import annotations

from django.db import models

from fcp.models import Account, AccountQuerySet
from inventory.models import Product, ProductGroup

from .connections import Integration


class PushState(models.TextChoices):
    PLANNING = "planning", "Being worked out"
    ASKED = "asked", "Waits for a person"
    SENDING = "sending", "Being sent"
    DONE = "done", "Done"
    DROPPED = "dropped", "Not sent"


class PushAction(models.TextChoices):
    CREATE = "create", "Create"
    CHANGE = "change", "Change"
    TO_VARIANTS = "to_variants", "Turn into one with variants"
    TO_PLAIN = "to_plain", "Turn into one without variants"


class ProductPush(models.Model):
    """One push of products to a store: what it would do, listed for a person, and how far it has got.

    At most one of a store is open. Nothing is sent before a person has confirmed it.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    integration = models.ForeignKey(Integration, models.CASCADE, related_name="+", db_index=False)
    state = models.CharField(max_length=10, choices=PushState.choices)
    by = models.CharField(max_length=120)
    made_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.CharField(max_length=120, blank=True)
    ended_at = models.DateTimeField(null=True)
    unchanged = models.PositiveIntegerField(default=0, help_text="Products that the store shows as we have them.")
    position = models.JSONField(default=dict)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "product pushes"
        constraints = [
            models.UniqueConstraint(
                fields=["integration"],
                condition=models.Q(state__in=["planning", "asked", "sending"]),
                name="integrations_push_one_open",
            )
        ]
        indexes = [
            models.Index(fields=["integration", "-id"], name="integrations_push_of"),
            models.Index(fields=["account", "-id"], name="integrations_push_account"),
        ]


class RowState(models.TextChoices):
    PLANNED = "planned", "Planned"
    SENT = "sent", "Sent, not answered yet"
    DONE = "done", "Done"
    FAILED = "failed", "Refused"


class ProductPushRow(models.Model):
    """One product of the store in a push: a product of ours, or a group with its variants.

    `before` is what the store shows (empty for one to be created), `after` what it would show; `hidden` how many
    variants the store makes beyond ours, without a SKU and hidden.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    push = models.ForeignKey(ProductPush, models.CASCADE, related_name="rows", db_index=False)
    product = models.ForeignKey(Product, models.CASCADE, null=True, related_name="+", db_index=False)
    group = models.ForeignKey(ProductGroup, models.CASCADE, null=True, related_name="+", db_index=False)
    action = models.CharField(max_length=12, choices=PushAction.choices)
    title = models.CharField(max_length=255)
    product_uid = models.CharField(max_length=100, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    hidden = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=RowState.choices, default=RowState.PLANNED)
    problem = models.CharField(max_length=500, blank=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(product__isnull=True, group__isnull=False)
                | models.Q(product__isnull=False, group__isnull=True),
                name="integrations_pushrow_one_thing",
            )
        ]
        indexes = [
            models.Index(fields=["push", "state", "id"], name="integrations_pushrow_of"),
            models.Index(fields=["product"], name="integrations_pushrow_product"),
            models.Index(fields=["group"], name="integrations_pushrow_group"),
        ]
