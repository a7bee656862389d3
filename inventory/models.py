"""What the account sells, where it lies, how much of it, and what is promised to whom."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from fcp.models import Account, AccountQuerySet, FileImport, Partner

from .loose import Loose


def sku_key_of(sku: str) -> str:
    """The form in which SKUs are compared: trimmed, inner white space folded, upper case, at most 100 characters."""
    return " ".join(sku.replace("\x00", "").split()).upper()[:100]


class ProductGroup(models.Model):
    """Products that are one thing in several variants, like a shirt in its sizes.

    `options` names what they differ by, in order; each product of it carries one value for each of them.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=100, help_text="Names the group; once in the account.")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    options = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["account", "code"], name="inventory_group_one_per_code")]
        indexes = [models.Index(fields=["account", "name", "id"], name="inventory_group_list")]

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """A thing as the account knows it, under its master SKU; `options` are its values of its group's options."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    sku = models.CharField(max_length=100)
    sku_key = models.CharField(max_length=100, editable=False)
    name = models.CharField(max_length=255)
    barcode = models.CharField(max_length=60, blank=True)
    weight_grams = models.PositiveIntegerField(null=True, blank=True)
    customs_code = models.CharField(max_length=20, blank=True)
    origin = models.CharField(max_length=2, blank=True, help_text="Country of origin, two letters.")
    description = models.TextField(blank=True)
    price = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    group = models.ForeignKey(
        ProductGroup, models.SET_NULL, null=True, blank=True, related_name="products", db_index=False
    )
    options = models.JSONField(default=list, blank=True)
    changed_at = models.DateTimeField(auto_now=True, help_text="When a person or a pull last changed it.")
    stock_seq = models.BigIntegerField(
        default=0, db_default=0, editable=False, help_text="The account's change number when its stock last moved."
    )
    preorder_until = models.DateField(
        "sold ahead until", null=True, blank=True, help_text="Orders with it wait until this day."
    )
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
            ),
            models.Index("account", Loose("sku_key"), name="inventory_product_loose"),
            models.Index(fields=["account", "name"], name="inventory_product_name"),
            models.Index(
                fields=["account", "barcode"], condition=~models.Q(barcode=""), name="inventory_product_barcode"
            ),
            models.Index(fields=["account", "stock_seq"], name="inventory_product_moved"),
            models.Index(fields=["group"], name="inventory_product_group"),
            models.Index(fields=["account", "changed_at", "id"], name="inventory_product_changed"),
            models.Index(
                fields=["account", "sku_key", "id"],
                condition=models.Q(preorder_until__isnull=False),
                name="inventory_product_ahead",
            ),
        ]

    def __str__(self) -> str:
        return self.sku

    def save(self, *args, **kwargs) -> None:  # type: ignore[no-untyped-def]
        self.sku_key = sku_key_of(self.sku)
        super().save(*args, **kwargs)


class AliasType(models.Model):
    """A kind of other code for products: a barcode scheme, a marketplace's numbers, an old system's SKUs."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=60)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint("account", Lower("name"), name="inventory_aliastype_once")]

    def __str__(self) -> str:
        return self.name


class Alias(models.Model):
    """Another code for a product, or for several pieces of it. Within its type a code means one product; compared like
    SKUs.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    alias_type = models.ForeignKey(AliasType, models.CASCADE, related_name="aliases", db_index=False)
    product = models.ForeignKey(Product, models.CASCADE, related_name="aliases", db_index=False)
    code = models.CharField(max_length=100)
    code_key = models.CharField(max_length=100, editable=False)
    units = models.PositiveIntegerField(
        default=1, db_default=1, help_text="How many of the product one thing with this code is."
    )

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["alias_type", "code_key"]
        verbose_name_plural = "aliases"
        constraints = [
            models.UniqueConstraint(fields=["alias_type", "code_key"], name="inventory_alias_once"),
            models.CheckConstraint(condition=models.Q(units__gt=0), name="inventory_alias_units_positive"),
        ]
        indexes = [
            models.Index(fields=["product"], name="inventory_alias_product"),
            models.Index(fields=["account", "code_key", "id"], name="inventory_alias_list"),
            models.Index(
                fields=["account", "code_key"],
                name="inventory_alias_prefix",
                opclasses=["int8_ops", "text_pattern_ops"],
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def save(self, *args, **kwargs) -> None:  # type: ignore[no-untyped-def]
        self.code_key = sku_key_of(self.code)
        super().save(*args, **kwargs)


class KeptBy(models.TextChoices):
    PARTNER = "partner", "The warehouse (levels arrive by API)"
    PANEL = "panel", "This panel (documents move stock)"


class Reports(models.TextChoices):
    """What the levels of a warehouse count."""

    ON_HAND = "on_hand", "On hand (everything that lies there)"
    AVAILABLE = "available", "Available (without what it has acknowledged to ship)"


class Warehouse(models.Model):
    """A place where the account's stock lies; `partner` works there; empty for a warehouse without an API.

    It has one source of truth (X16): levels that are reported over the API, or counts and corrections made here.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, null=True, blank=True, related_name="+")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    country = models.CharField(max_length=2, blank=True)
    kept_by = models.CharField("stock is kept by", max_length=10, choices=KeptBy.choices, default=KeptBy.PARTNER)
    reports = models.CharField("its levels count", max_length=10, choices=Reports.choices, default=Reports.ON_HAND)
    levels_at = models.DateTimeField(
        null=True, editable=False, help_text="When the newest of its levels was taken, as it said."
    )
    ship_codes = models.JSONField(
        default=list, blank=True, editable=False, help_text="Kept by the account where no partner lists any."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["account", "code"], name="inventory_warehouse_one_per_code")]

    def __str__(self) -> str:
        return self.name

    @property
    def takes_reports(self) -> bool:
        """Whether levels may come over the API."""
        return self.kept_by == KeptBy.PARTNER

    @property
    def takes_counts(self) -> bool:
        """Whether a person may count and correct here: not beside a partner that reports levels."""
        return self.kept_by == KeptBy.PANEL or self.partner_id is None


class StockCounter(models.Model):
    """The account's change numbers: drawn under this row's lock, last in a transaction, so that they commit in order.

    Whoever has seen all changes up to a number has missed none before it.
    """

    account = models.OneToOneField(Account, models.CASCADE, related_name="+")
    seq = models.BigIntegerField(default=0)


class StockLevel(models.Model):
    """What we believe lies there: the last report (or count) and what moved after the moment it was taken.

    No row means that no level was ever reported; that is not zero.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    quantity = models.IntegerField()
    reported = models.IntegerField(help_text="The absolute quantity that was last reported or counted.")
    taken_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["warehouse", "product"], name="inventory_level_once")]
        indexes = [
            models.Index(fields=["product", "warehouse"], name="inventory_level_product"),
            models.Index(
                fields=["account", "product"], condition=models.Q(quantity__lt=0), name="inventory_level_below_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product}: {self.quantity}"


class MovementKind(models.TextChoices):
    """Absolute ones set a level at a moment; relative ones count on top of every level taken before theirs."""

    LEVEL = "level", "Level reported"
    COUNT = "count", "Counted"
    ADJUSTMENT = "adjustment", "Adjusted by the warehouse"
    CORRECTION = "correction", "Corrected"
    SHIPPED = "shipped", "Shipped"
    VOIDED = "voided", "Shipment voided"


RELATIVE = (MovementKind.ADJUSTMENT, MovementKind.CORRECTION, MovementKind.SHIPPED, MovementKind.VOIDED)


class StockMovement(models.Model):
    """One change of a level, never changed or deleted: what the believed quantity is made of.

    `quantity` is the difference; of a relative one what moved, also where the level already knew (`counts` is false
    then). `balance` is the level afterwards, empty while there is none. `at` is when it happened, as its source says.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=MovementKind.choices)
    quantity = models.IntegerField()
    counts = models.BooleanField(default=True)
    balance = models.IntegerField(null=True)
    at = models.DateTimeField()
    created_at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    reason = models.CharField(max_length=200, blank=True)
    source_kind = models.CharField(max_length=20, blank=True, help_text="fulfillment_line, api, import or empty.")
    source_id = models.BigIntegerField(null=True)
    source_ref = models.CharField(max_length=100, blank=True, help_text="The reporter's own id of it.")

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source_kind", "source_id", "warehouse", "product", "kind"],
                condition=models.Q(source_id__isnull=False),
                name="inventory_movement_once",
            ),
            models.UniqueConstraint(  # an adjustment told twice counts once
                fields=["warehouse", "product", "source_ref"],
                condition=models.Q(kind__in=["adjustment", "correction"], source_ref__gt=""),
                name="inventory_movement_ref_once",
            ),
        ]
        indexes = [
            models.Index(fields=["warehouse", "product", "-id"], name="inventory_movement_level"),
            models.Index(fields=["account", "product", "-id"], name="inventory_movement_product"),
            models.Index(fields=["warehouse", "-id"], name="inventory_movement_warehouse"),
            models.Index(fields=["account", "-created_at", "-id"], name="inventory_movement_newest"),
            models.Index(  # what a level that arrives late has to be changed by
                fields=["warehouse", "product", "at"],
                condition=models.Q(kind__in=[kind.value for kind in RELATIVE]),
                name="inventory_movement_since",
            ),
        ]


class ReservationSource(models.TextChoices):
    LINE = "line", "Order line"
    SEEN = "seen", "Open order that did not come in"  # unpaid, and the store has deducted it


class Reservation(models.Model):
    """Pieces of a product that an open order needs; written by whoever owns the source, never by hand.

    `warehouse` is empty while nobody knows which one ships; `acked_at` is when that warehouse took the order over.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, null=True, related_name="+", db_index=False)
    source_kind = models.CharField(max_length=6, choices=ReservationSource.choices)
    source_id = models.BigIntegerField()
    quantity = models.PositiveIntegerField()
    unpaid = models.BooleanField(default=False)
    since = models.DateTimeField()
    acked_at = models.DateTimeField(null=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source_kind", "source_id", "product"], name="inventory_reservation_once"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="inventory_reservation_positive"),
        ]
        indexes = [models.Index(fields=["product", "warehouse"], name="inventory_reservation_product")]


class LevelImport(FileImport):
    """A file of levels; its rows are `inventory.level_rows`."""
