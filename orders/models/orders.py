from __future__ import annotations

from typing import Self

from django.db import models

from fcp.models import Account, AccountQuerySet, Store
from inventory.models import Product, Warehouse
from mappings.models import Listing, Location, ShipMethod
from orders.state import OPEN_STATES, State


def number_key_of(number: str) -> str:
    """The form in which order numbers are searched: no white space, no leading '#', upper case."""
    return "".join(number.replace("\x00", "").split()).lstrip("#").upper()[:60]


class Outcome(models.TextChoices):
    IMPORTED = "imported"
    SKIPPED = "skipped"
    FAILED = "failed"


class SeenOrder(models.Model):
    """Every order a store ever showed us, imported or not, with the facts the decision used; no person in it.

    `facts` is `orders.decide.Facts` as JSON; `reasons` the codes of the conditions that were not met.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    uid = models.CharField(max_length=100)
    number = models.CharField(max_length=60)
    number_key = models.CharField(max_length=60)
    facts = models.JSONField(default=dict)
    fingerprint = models.BigIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    reasons = models.JSONField(default=list)
    takes_stock = models.BooleanField(
        default=False, db_default=False, help_text="Left out, yet open in the store, which has deducted what it wants."
    )
    settings_version = models.PositiveIntegerField()
    seen_by = models.CharField(max_length=10, help_text="poll, webhook, person")
    first_seen_at = models.DateTimeField()
    changed_at = models.DateTimeField(help_text="The store's own time of the last change we read.")
    placed_at = models.DateTimeField(null=True, help_text="As in its facts; empty while nobody could read it.")

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "uid"], name="orders_seen_one_per_uid")]
        indexes = [
            models.Index(
                fields=["account", "number_key"], name="orders_seen_number", opclasses=["int8_ops", "text_pattern_ops"]
            ),
            models.Index(
                fields=["store", "settings_version", "id"],
                condition=~models.Q(outcome="imported"),
                name="orders_seen_redecide",
            ),
            models.Index(fields=["store", "id"], condition=models.Q(takes_stock=True), name="orders_seen_takes_stock"),
            models.Index(fields=["store", "-id"], name="orders_seen_latest"),  # what other settings are tried on
            models.Index(  # what a day left out; the imported ones are found as orders
                fields=["store", "-placed_at", "-id"],
                condition=~models.Q(outcome="imported"),
                name="orders_seen_left_out",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class OrderQuerySet(AccountQuerySet):
    def in_state(self, *states: State) -> Self:
        return self.filter(state__in=[s.value for s in states])

    def open(self) -> Self:
        return self.in_state(*OPEN_STATES)


class Order(models.Model):
    """An imported order. `state` is computed by `orders.state.order_state` and stored nowhere else but there.

    `status`, `payment`, `fulfillment` are the store's words in ours (`orders.shapes`); `edited` names the fields that
    a person changed here, which no later pull overwrites; `revision` rises with each stored change of the order.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    uid = models.CharField(max_length=100)
    number = models.CharField(max_length=60)
    number_key = models.CharField(max_length=60)
    email_key = models.CharField(max_length=254, blank=True)
    placed_at = models.DateTimeField()
    changed_at = models.DateTimeField(help_text="The store's own time of its last change.")
    imported_at = models.DateTimeField()

    state = models.CharField(max_length=16, choices=[(s.value, s.label) for s in State])
    state_since = models.DateTimeField()
    status = models.CharField(max_length=12)
    payment = models.CharField(max_length=16)
    fulfillment = models.CharField(max_length=16)
    pickup = models.BooleanField(default=False)
    cash_on_delivery = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    channel = models.CharField(max_length=40, blank=True)

    currency = models.CharField(max_length=3)
    subtotal = models.DecimalField(max_digits=18, decimal_places=4)
    shipping = models.DecimalField(max_digits=18, decimal_places=4)
    tax = models.DecimalField(max_digits=18, decimal_places=4)
    discount = models.DecimalField(max_digits=18, decimal_places=4)
    total = models.DecimalField(max_digits=18, decimal_places=4)
    refunded = models.DecimalField(max_digits=18, decimal_places=4, default=0)

    country = models.CharField(max_length=2, blank=True)
    units = models.PositiveIntegerField(help_text="How many pieces ship.")
    ship_method = models.ForeignKey(ShipMethod, models.PROTECT, null=True, related_name="+", db_index=False)
    ship_code = models.CharField(max_length=100, blank=True)
    carrier = models.CharField(max_length=60, blank=True)
    service = models.CharField(max_length=60, blank=True)
    location = models.ForeignKey(Location, models.PROTECT, null=True, related_name="+", db_index=False)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, null=True, related_name="+", db_index=False)
    buyer_note = models.TextField(blank=True)
    gift_note = models.TextField(blank=True)
    delivery_note = models.TextField(blank=True)
    note = models.TextField(blank=True, help_text="Ours, for the warehouse.")
    tags = models.JSONField(default=list, blank=True)
    edited = models.JSONField(default=list, blank=True)
    ruled = models.JSONField(
        default=list, blank=True, help_text="The rules that decided, each as [rule, version, tags it gave]."
    )

    revision = models.PositiveIntegerField(default=1)
    mapping_version = models.PositiveIntegerField(
        default=0, help_text="Version of the ship method's row that was used."
    )
    settings_version = models.PositiveIntegerField()
    rules_version = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Version of the account's rules that it was decided under."
    )
    canceled_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True, help_text="When a warehouse first acknowledged it.")
    tried = models.BooleanField(default=False, help_text="Let through alone before the integration was live.")

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "uid"], name="orders_order_one_per_uid"),
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in State]), name="orders_order_known_state"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-placed_at", "-id"], name="orders_order_newest"),
            models.Index(fields=["account", "state", "-placed_at", "-id"], name="orders_order_state"),
            models.Index(  # a store's orders in any state are short lists of each state
                fields=["account", "store", "state", "-placed_at", "-id"], name="orders_order_store"
            ),
            models.Index(
                fields=["account", "state"],
                condition=models.Q(state__in=[s.value for s in OPEN_STATES]),
                name="orders_order_open",
            ),
            models.Index(  # what each version of a ship code decided
                fields=["ship_method", "mapping_version", "state", "id"],
                condition=models.Q(ship_method__isnull=False),
                name="orders_order_ship_method",
            ),
            models.Index(  # what may be offered, held, or translated again
                fields=["store", "state", "id"],
                condition=models.Q(state__in=["new", "held", "ready"]),
                name="orders_order_waiting",
            ),
            models.Index(
                fields=["account", "number_key"], name="orders_order_number", opclasses=["int8_ops", "text_pattern_ops"]
            ),
            models.Index(
                fields=["account", "email_key"], name="orders_order_email", opclasses=["int8_ops", "text_pattern_ops"]
            ),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """`quantity` is what we may ship; `store_quantity` what the store last said; `shipped` never passes `quantity`."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", db_index=False)
    uid = models.CharField(max_length=100)
    listing = models.ForeignKey(Listing, models.PROTECT, null=True, related_name="+", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, null=True, related_name="+", db_index=False)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, null=True, related_name="+", db_index=False)
    location = models.ForeignKey(Location, models.PROTECT, null=True, related_name="+", db_index=False)
    sku = models.CharField(max_length=100, blank=True)
    sku_key = models.CharField(max_length=100, blank=True)
    title = models.CharField(max_length=255)
    options = models.JSONField(default=list)
    quantity = models.PositiveIntegerField()
    store_quantity = models.PositiveIntegerField()
    shipped = models.PositiveIntegerField(default=0)
    units = models.PositiveIntegerField(default=1, help_text="How many of the product one of these is.")
    ships = models.BooleanField(default=True)
    price = models.DecimalField(max_digits=18, decimal_places=4)
    total = models.DecimalField(max_digits=18, decimal_places=4)
    weight_grams = models.PositiveIntegerField(null=True)
    mapping_version = models.PositiveIntegerField(default=0, help_text="Version of the listing's row that was used.")
    removed_at = models.DateTimeField(null=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "uid"], name="orders_line_one_per_uid"),
            models.CheckConstraint(
                condition=models.Q(shipped__lte=models.F("quantity")), name="orders_line_shipped_bound"
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "sku_key", "-order"],
                name="orders_line_sku",
                opclasses=["int8_ops", "text_pattern_ops", "int8_ops"],
            ),
            models.Index(  # what each version of a listing decided
                fields=["listing", "mapping_version", "order", "id"], name="orders_line_listing"
            ),
        ]


class OrderParty(models.Model):
    """A person: the only table of orders, beside snapshots and payloads, that holds one. Erasure overwrites it.

    `in_store` is there once the recipient was changed here by hand: what the store last said of him.
    """

    class Role(models.TextChoices):
        SHIP_TO = "ship_to"
        BILL_TO = "bill_to"
        IN_STORE = "in_store"

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="parties", db_index=False)
    role = models.CharField(max_length=10, choices=Role.choices)
    name = models.CharField(max_length=200, blank=True)
    company = models.CharField(max_length=200, blank=True)
    street1 = models.CharField(max_length=255, blank=True)
    street2 = models.CharField(max_length=255, blank=True)
    city = models.CharField(max_length=120, blank=True)
    region = models.CharField(max_length=60, blank=True)
    postcode = models.CharField(max_length=30, blank=True)
    country = models.CharField(max_length=2, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    email = models.CharField(max_length=254, blank=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "role"], name="orders_party_one_per_role")]


class Payload(models.Model):
    """What the store sent, as it sent it: zlib-packed JSON, one row for each revision of the order it led to."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="+", db_index=False)
    revision = models.PositiveIntegerField()
    packed = models.BinaryField()
    created_at = models.DateTimeField()

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "revision"], name="orders_payload_one_per_revision")]


class OrderEvent(models.Model):
    """One line of an order's timeline: a code and parameters; the sentence is made when shown (`orders.timeline`)."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField()
    actor = models.CharField(max_length=120, help_text="A person's name, 'store', 'schedule', or an API key's name.")
    code = models.CharField(max_length=40)
    params = models.JSONField(default=dict)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["order", "id"], name="orders_event_order")]
