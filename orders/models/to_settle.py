from __future__ import annotations

from django.db import models

from fcp.models import Account, AccountQuerySet


class ToSettle(models.Model):
    """Something that holds or frees orders changed at this moment: orders that name it are to be settled again."""

    class What(models.TextChoices):
        PRODUCT = "product", "Product"
        SHIP_METHOD = "ship_method", "Shipping option"
        WAREHOUSE = "warehouse", "Warehouse"

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    what = models.CharField(max_length=12, choices=What.choices)
    row = models.BigIntegerField()
    at = models.DateTimeField()

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "to settle"
        constraints = [models.UniqueConstraint(fields=["account", "what", "row"], name="orders_tosettle_once")]
        indexes = [models.Index(fields=["at"], name="orders_tosettle_at")]

    def __str__(self) -> str:
        return f"{self.what} {self.row}"
