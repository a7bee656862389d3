"""One table per kind of foreign word. A row exists as soon as a store said the word; its target may be empty."""

from __future__ import annotations

from typing import Self

from django.db import models

from fcp.models import Account, AccountQuerySet, FileImport, Store
from inventory.models import Product, Warehouse

CHANGED = models.Q(version__gt=models.F("applied_version"))


class WordQuerySet(AccountQuerySet):
    """Rows of foreign words; "unmapped" is a question, not a list of its own."""

    def changed(self) -> Self:
        """Words whose meaning changed since the orders that wait for them were last settled."""
        return self.filter(CHANGED)

    def unmapped(self) -> Self:
        return self.filter(self.model.UNMAPPED)


class Word(models.Model):
    """What every foreign word has. `version` rises with each change of its target; MappingChange keeps the history."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    version = models.PositiveIntegerField(default=0)
    applied_version = models.PositiveIntegerField(
        default=0, help_text="The version that the orders waiting for this word were last settled with."
    )
    first_seen_at = models.DateTimeField()
    last_seen_on = models.DateField(help_text="A day, so that a word seen a thousand times a day costs one write.")

    objects = WordQuerySet.as_manager()

    class Meta:
        abstract = True


class ShipMethod(Word):
    """A store's way of shipping, and the ship code it means. Shown as Ship codes and as the Carrier Mappings tab.

    `word_key` is made by the connector (Wix: the normalised title, the code where there is no title).
    """

    UNMAPPED = models.Q(target="")

    word_key = models.CharField(max_length=200)
    carrier = models.CharField(max_length=100, blank=True)
    title = models.CharField(max_length=255)
    code = models.CharField(max_length=100, blank=True)
    target = models.CharField("ship code", max_length=60, blank=True)
    target_carrier = models.CharField("carrier", max_length=60, blank=True)
    target_service = models.CharField("service", max_length=60, blank=True)
    hold = models.BooleanField(
        "hold for a look", default=False, db_default=False, help_text="Its orders wait until a person has seen them."
    )

    class Meta:
        ordering = ["title"]
        constraints = [models.UniqueConstraint(fields=["store", "word_key"], name="mappings_shipmethod_one_per_word")]
        indexes = [
            models.Index(fields=["account", "id"], condition=models.Q(target=""), name="mappings_ship_unmapped"),
            models.Index(fields=["account", "title", "id"], name="mappings_ship_list"),
            models.Index(fields=["id"], condition=CHANGED, name="mappings_ship_changed"),
        ]

    def __str__(self) -> str:
        return self.title or self.code


class Location(Word):
    """A store's idea of a place where stock lies, and the warehouse it means."""

    UNMAPPED = models.Q(warehouse__isnull=True)

    uid = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["store", "uid"], name="mappings_location_one_per_uid")]
        indexes = [
            models.Index(fields=["account", "name", "id"], name="mappings_location_list"),
            models.Index(fields=["id"], condition=CHANGED, name="mappings_location_changed"),
        ]

    def __str__(self) -> str:
        return self.name or self.uid


class Asked(models.TextChoices):
    """Why the meaning of a listing could not be carried over from the store's catalogue before."""

    NO_SKU = "no_sku", "It has no SKU"
    DUPLICATE = "duplicate", "Several have this SKU"
    DIFFERENT = "different", "This SKU meant different products"


class Listing(Word):
    """One sellable thing as the store shows it, keyed by the store's ids, never by SKU; and the product it means."""

    UNMAPPED = models.Q(product__isnull=True, retired_at__isnull=True)

    product_uid = models.CharField(max_length=100)
    variant_uid = models.CharField(max_length=100, blank=True)
    sku = models.CharField(max_length=100, blank=True)
    sku_key = models.CharField(max_length=100, blank=True)
    title = models.CharField(max_length=255, blank=True)
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    units = models.PositiveIntegerField(default=1, help_text="How many of the product one of these is.")
    by_hand = models.BooleanField(
        default=False, db_default=False, help_text="A person chose the product; else its SKU did."
    )
    sku_was = models.CharField(
        max_length=100, blank=True, default="", db_default="",
        help_text="The SKU under which it was linked, while nobody has said whether the new one is the same product.",
    )  # fmt: skip
    asked = models.CharField(
        max_length=12, choices=Asked.choices, blank=True, default="", db_default="",
        help_text="Why a person has to say which product it is, after the store moved to another catalogue.",
    )  # fmt: skip
    tracked = models.BooleanField(null=True, help_text="Whether the store counts this one's stock.")
    shares_stock = models.BooleanField(
        default=False, db_default=False,
        help_text="It has no stock of its own: it is sold from the product's, whose listing has no variant uid.",
    )  # fmt: skip
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["sku_key"]
        constraints = [
            models.UniqueConstraint(
                fields=["store", "product_uid", "variant_uid"], name="mappings_listing_one_per_variant"
            ),
            models.CheckConstraint(condition=models.Q(units__gt=0), name="mappings_listing_units_positive"),
        ]
        indexes = [
            models.Index(fields=["store", "sku_key"], name="mappings_listing_sku"),
            models.Index(fields=["account", "sku_key", "id"], name="mappings_listing_list"),
            models.Index(
                fields=["account", "sku_key"],
                name="mappings_listing_prefix",
                opclasses=["int8_ops", "text_pattern_ops"],
            ),
            models.Index(
                fields=["account", "title"],
                name="mappings_listing_title",
                opclasses=["int8_ops", "text_pattern_ops"],
            ),
            models.Index(  # without what is not mapped: SQLite would list these by it, and sort them all
                fields=["product"], condition=models.Q(product__isnull=False), name="mappings_listing_product"
            ),
            models.Index(fields=["id"], condition=CHANGED, name="mappings_listing_changed"),
            models.Index(
                fields=["account", "sku_key", "id"],
                condition=models.Q(product__isnull=True, retired_at__isnull=True),
                name="mappings_listing_unmapped",
            ),
            models.Index(fields=["account", "id"], condition=~models.Q(sku_was=""), name="mappings_listing_asked"),
            models.Index(fields=["store", "id"], condition=~models.Q(asked=""), name="mappings_listing_moved"),
        ]

    def __str__(self) -> str:
        return self.sku or self.title or self.product_uid


class Why(models.TextChoices):
    """Why a listing's stock is not sent."""

    UNMAPPED = "unmapped", "No product"
    NO_ALIAS = "no_alias", "The product lacks the chosen alias"
    NO_LEVEL = "no_level", "No level reported"
    UNTRACKED = "untracked", "The store does not count its stock"
    NO_WAREHOUSE = "no_warehouse", "No warehouse is mapped"
    SHARED = "shared", "Another location of the store sends this warehouse's stock"
    REFUSED = "refused", "The store refused it"
    INHERITED = "inherited", "It is sold from the product's own stock"


STOCK_DUE = models.Q(marked__gt=models.F("handled"))
STOCK_CHANGED = models.Q(marked__gt=models.F("looked"))


class ListingStockQuerySet(AccountQuerySet):
    def due(self) -> Self:
        """Those that have to be looked at or sent: something that their quantity is made of has changed."""
        return self.filter(STOCK_DUE)

    def changed(self) -> Self:
        """Those whose quantity has to be worked out again."""
        return self.filter(STOCK_CHANGED)

    def to_send(self) -> Self:
        """Those whose quantity was worked out and that the store does not show yet."""
        return self.filter(STOCK_DUE, looked__gt=models.F("handled"), result__isnull=False)


class ListingStock(models.Model):
    """What a store was told of a listing's stock, at one of its locations where it knows several.

    `marked` rises with each change, `looked` is the mark that `result` was worked out for, `handled` the one that was
    last dealt with. `confirmed` is the quantity that the store last confirmed or showed; `known` is false once
    something else may have changed it there (an order, a person); known without a confirmed one: it is being read.
    `drift` is the store's own number where reading back found another than the confirmed one.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    listing = models.ForeignKey(Listing, models.PROTECT, related_name="+", db_index=False)
    location = models.ForeignKey(Location, models.PROTECT, null=True, related_name="+", db_index=False)
    product = models.ForeignKey(
        Product, models.SET_NULL, null=True, related_name="+", db_index=False,
        help_text="What its quantity was last worked out from.",
    )  # fmt: skip
    marked = models.BigIntegerField(default=1)
    looked = models.BigIntegerField(default=0, db_default=0)
    handled = models.BigIntegerField(default=0)
    result = models.IntegerField(null=True, help_text="What we last worked out; empty: nothing to send.")
    why = models.CharField(max_length=12, choices=Why.choices, blank=True, help_text="Why nothing is sent.")
    problem = models.CharField(max_length=500, blank=True, help_text="What the store said when it refused.")
    not_before = models.DateTimeField(null=True)
    confirmed = models.IntegerField(null=True)
    known = models.BooleanField(default=False)
    confirmed_at = models.DateTimeField(null=True)
    item_uid = models.CharField(max_length=100, blank=True, help_text="The store's id of the stock item.")
    revision = models.CharField(max_length=40, blank=True)
    drift = models.IntegerField(null=True)
    drift_at = models.DateTimeField(null=True)

    objects = ListingStockQuerySet.as_manager()

    class Meta:
        constraints = [
            # Without a condition: its index finds the rows of a listing, whatever their location.
            models.UniqueConstraint(fields=["listing", "location"], name="mappings_stock_one_per_location"),
            models.UniqueConstraint(
                fields=["listing"],
                condition=models.Q(location__isnull=True),
                name="mappings_stock_one_without_location",
            ),
        ]
        indexes = [
            models.Index(fields=["store", "id"], condition=STOCK_DUE, name="mappings_stock_due"),
            models.Index(fields=["store", "id"], condition=STOCK_CHANGED, name="mappings_stock_changed"),
            models.Index(fields=["product"], name="mappings_stock_product"),
            models.Index(fields=["store", "why", "id"], name="mappings_stock_why"),
            models.Index(fields=["store", "id"], condition=models.Q(drift__isnull=False), name="mappings_stock_drift"),
        ]


class CarrierOut(Word):
    """What a store calls one of our carriers when we tell it a shipment; without a name the carrier's own passes.

    The one kind of word that goes out. A row exists as soon as a shipment with the carrier was told, or a person added
    it before; only then is it never seen. No order waits for it.
    """

    UNMAPPED = models.Q(name="")

    applied_version = None  # type: ignore[assignment]
    first_seen_at = models.DateTimeField(null=True, blank=True)  # type: ignore[assignment]
    last_seen_on = models.DateField(null=True, blank=True)  # type: ignore[assignment]
    carrier = models.CharField(max_length=60)
    name = models.CharField("name for the store", max_length=100, blank=True)
    link = models.CharField(
        "tracking link", max_length=500, blank=True, help_text="{number} stands for the tracking number."
    )

    class Meta:
        verbose_name = "carrier name"
        ordering = ["carrier"]
        constraints = [models.UniqueConstraint(fields=["store", "carrier"], name="mappings_carrierout_one_per_carrier")]
        indexes = [
            models.Index(fields=["account", "carrier", "id"], name="mappings_carrierout_list"),
            models.Index(fields=["account", "id"], condition=models.Q(name=""), name="mappings_carrierout_unmapped"),
        ]

    def __str__(self) -> str:
        return self.carrier


class MappingChange(models.Model):
    """One change of a mapping row. Append only; orders keep the version's plain number.

    `version` is the row's own after the change; `batch` names what was changed with it, by one file or one press.
    `before` and `after` hold the fields that it was about.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    table = models.CharField(max_length=20)
    row = models.BigIntegerField()
    at = models.DateTimeField()
    before = models.JSONField()
    after = models.JSONField()
    by = models.CharField(max_length=120)
    why = models.CharField(max_length=200, blank=True)
    batch = models.CharField(max_length=40, blank=True)
    version = models.PositiveIntegerField(default=0, db_default=0)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["table", "row", "-id"], name="mappings_change_row"),
            models.Index(fields=["account", "-id"], name="mappings_change_account"),
            models.Index(fields=["account", "store", "-id"], name="mappings_change_store"),
            models.Index(fields=["account", "table", "-id"], name="mappings_change_table"),
            models.Index(fields=["account", "by", "-id"], name="mappings_change_by"),
            models.Index(
                fields=["account", "batch", "id"], condition=~models.Q(batch=""), name="mappings_change_batch"
            ),
        ]


class WordKind(models.TextChoices):
    SHIP_CODES = "ship_codes", "Ship codes"
    SKUS = "skus", "SKUs"
    LOCATIONS = "locations", "Locations"
    CARRIERS = "carriers", "Carriers"
    ALIASES = "aliases", "Aliases"


class WordImport(FileImport):
    """A file of mappings. Its changes carry `batch`, so that they can be taken back together. Without a name it is no
    file: what another press changed, while and after it is taken back (`batch_back`).
    """

    kind = models.CharField(max_length=12, choices=WordKind.choices)
    batch = models.CharField(max_length=40, unique=True)
