"""What the account sells and where it lies."""

from __future__ import annotations

from django.db import models

from fcp.models import Account, AccountQuerySet, Partner


def sku_key_of(sku: str) -> str:
    """The form in which SKUs are compared: trimmed, inner white space folded, upper case, at most 100 characters."""
    return " ".join(sku.replace("\x00", "").split()).upper()[:100]


class Product(models.Model):
    """A thing as the account knows it, under its master SKU."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    sku = models.CharField(max_length=100)
    sku_key = models.CharField(max_length=100, editable=False)
    name = models.CharField(max_length=255)
    barcode = models.CharField(max_length=60, blank=True)
    weight_grams = models.PositiveIntegerField(null=True, blank=True)
    customs_code = models.CharField(max_length=20, blank=True)
    origin = models.CharField(max_length=2, blank=True, help_text="Country of origin, two letters.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["sku_key"]
        constraints = [models.UniqueConstraint(fields=["account", "sku_key"], name="inventory_product_one_per_sku")]
        indexes = [
            models.Index(
                fields=["account", "sku_key"],
                name="inventory_product_prefix",
                opclasses=["int8_ops", "text_pattern_ops"],
            )
        ]

    def __str__(self) -> str:
        return self.sku

    def save(self, *args, **kwargs) -> None:  # type: ignore[no-untyped-def]
        self.sku_key = sku_key_of(self.sku)
        super().save(*args, **kwargs)


class KeptBy(models.TextChoices):
    PARTNER = "partner", "The warehouse (levels arrive by API)"
    PANEL = "panel", "This panel (documents move stock)"


class Warehouse(models.Model):
    """A place where the account's stock lies; `partner` works there; empty for a warehouse without an API."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, null=True, blank=True, related_name="+")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    country = models.CharField(max_length=2, blank=True)
    kept_by = models.CharField(max_length=10, choices=KeptBy.choices, default=KeptBy.PARTNER)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["account", "code"], name="inventory_warehouse_one_per_code")]

    def __str__(self) -> str:
        return self.name
