from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef

from fcp.models import Account, AccountQuerySet, Partner, Store
from inventory.models import Warehouse
from orders.change_words import as_it_was, asked_for

from .orders import Order, OrderLine


class RequestState(models.TextChoices):
    OFFERED = "offered", "Offered"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    PARTLY_SHIPPED = "partly_shipped", "Partly shipped"
    SHIPPED = "shipped", "Shipped"
    CANCEL_ASKED = "cancel_asked", "Asked to stop"
    CANCELED = "canceled", "Canceled"
    REJECTED = "rejected", "Rejected by the warehouse"
    WITHDRAWN = "withdrawn", "Withdrawn"  # taken back before anybody acknowledged it


# What a warehouse has in hand; and what is not settled yet.
AT_WAREHOUSE = (RequestState.ACKNOWLEDGED, RequestState.PARTLY_SHIPPED, RequestState.CANCEL_ASKED)
UNSETTLED = (RequestState.OFFERED, *AT_WAREHOUSE)


class ChangeAnswer(models.TextChoices):
    """What a warehouse said when it was asked to work with something else than it took."""

    ACCEPTED = "accepted", "Accepted"
    REFUSED = "refused", "Too late"
    LEFT = "left", "Left before it answered"


CHANGE_ASKED = models.Q(change_asked_at__isnull=False, change_answer="")


class RequestQuerySet(AccountQuerySet):
    def unsettled(self) -> Self:
        return self.filter(state__in=[state.value for state in UNSETTLED])

    def by_hand(self) -> Self:
        """Work of warehouses without an API: somebody does it on the page To ship."""
        return self.filter(partner__isnull=True)

    def for_partner(self, partner: Partner) -> Self:
        """What this partner was asked, as far as it still serves the warehouse.

        Asked of each row, not joined: SQLite begins a join at the warehouses, and then sorts all the partner's rows.
        """
        served = Warehouse.objects.filter(pk=OuterRef("warehouse"), partner=partner)
        return self.filter(Exists(served), partner=partner)


class ShippingRequest(models.Model):
    """What one warehouse is asked to ship of one order. `snapshot` is what it was shown at `revision`.

    `change` is what changed after the warehouse took it, as far as the warehouse is asked to follow: {"ship_to": the
    new address}, {"ship_code", "carrier", "service"}, or both. It becomes part of the snapshot when the warehouse
    accepts it.

    `partner` is the warehouse's partner, repeated here so that the list of one who serves thousands of warehouses
    stays one walk along an index.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="requests", db_index=False)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="+", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, null=True, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=RequestState.choices)
    revision = models.PositiveIntegerField(default=1)
    snapshot = models.JSONField()
    partner_ref = models.CharField(max_length=100, blank=True, help_text="The warehouse's own number for it.")
    reason = models.CharField(max_length=500, blank=True, help_text="Why it was rejected, or too late to stop.")
    offered_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    cancel_asked_at = models.DateTimeField(null=True)
    change = models.JSONField(default=dict, blank=True)
    change_asked_at = models.DateTimeField(null=True)
    change_answer = models.CharField(max_length=10, choices=ChangeAnswer.choices, blank=True)
    change_reason = models.CharField(max_length=500, blank=True, help_text="Why the warehouse cannot follow it.")
    changed_at = models.DateTimeField()

    objects = RequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "warehouse", "number"], name="orders_request_one_per_number")
        ]
        indexes = [
            models.Index(fields=["partner", "state", "changed_at", "id"], name="orders_request_partner"),
            models.Index(fields=["warehouse", "state", "changed_at", "id"], name="orders_request_work"),
            models.Index(fields=["account", "state", "changed_at", "id"], name="orders_request_account"),
            models.Index(  # what a partner is asked to change
                fields=["partner", "changed_at", "id"], condition=CHANGE_ASKED, name="orders_request_change"
            ),
            models.Index(  # the work of warehouses without an API
                fields=["account", "state", "changed_at", "id"],
                condition=models.Q(partner__isnull=True),
                name="orders_request_by_hand",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}-{self.number}"

    @property
    def asked_for(self) -> str:
        """What the warehouse is, or was, asked to use instead: "the new address"."""
        return asked_for(self.change)

    @property
    def as_it_was(self) -> str:
        return as_it_was(self.change)


class RequestLine(models.Model):
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    request = models.ForeignKey(ShippingRequest, models.CASCADE, related_name="lines", db_index=False)
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveIntegerField()

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "line"], name="orders_requestline_once"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="orders_requestline_positive"),
        ]
        indexes = [models.Index(fields=["line"], name="orders_requestline_line")]


class Origin(models.TextChoices):
    PARTNER = "partner", "Warehouse"
    PERSON = "person", "Person"
    STORE = "store", "Store"


class Told(models.TextChoices):
    """Whether the store knows a fulfillment. DUE, CHANGE and RETRACT are work for the fulfillments flow."""

    DUE = "due", "Not told yet"
    CHANGE = "change", "Correction not told yet"
    RETRACT = "retract", "Withdrawal not told yet"
    TOLD = "told", "Told"
    NOT_WANTED = "not_wanted", "Not to be told"


TO_TELL = (Told.DUE, Told.CHANGE, Told.RETRACT)


class FulfillmentQuerySet(AccountQuerySet):
    def to_tell(self) -> Self:
        return self.filter(told__in=[t.value for t in TO_TELL])


class Fulfillment(models.Model):
    """Goods that left. Voided, never deleted. `partner_ref` is the reporter's own id: the same id twice is one.

    `revision` rises with each correction, so that whoever tells the store can see that it told an older one.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="fulfillments", db_index=False)
    request = models.ForeignKey(ShippingRequest, models.PROTECT, null=True, related_name="+", db_index=False)
    origin = models.CharField(max_length=10, choices=Origin.choices)
    partner_ref = models.CharField(max_length=100, null=True)
    store_ref = models.CharField(max_length=100, null=True)
    carrier = models.CharField(max_length=60, blank=True)
    service = models.CharField(max_length=60, blank=True)
    revision = models.PositiveIntegerField(default=1, db_default=1)
    shipped_at = models.DateTimeField()
    created_at = models.DateTimeField()
    told = models.CharField(max_length=12, choices=Told.choices)
    told_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True, help_text="When telling is tried next.")
    attempts = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True, help_text="The sentence of the last failed try.")
    voided_at = models.DateTimeField(null=True)
    voided_by = models.CharField(max_length=120, blank=True)

    objects = FulfillmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "partner_ref"], name="orders_fulfillment_one_per_partner_ref"),
            models.UniqueConstraint(fields=["order", "store_ref"], name="orders_fulfillment_one_per_store_ref"),
        ]
        indexes = [
            models.Index(fields=["order", "id"], name="orders_fulfillment_order"),
            models.Index(
                fields=["store", "not_before"],
                condition=models.Q(told__in=[t.value for t in TO_TELL]),
                name="orders_fulfillment_due",
            ),
            models.Index(fields=["account", "-created_at"], name="orders_fulfillment_account"),
            models.Index(fields=["account", "-shipped_at"], name="orders_fulfillment_left"),
        ]


class FulfillmentLine(models.Model):
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    fulfillment = models.ForeignKey(Fulfillment, models.CASCADE, related_name="lines", db_index=False)
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveIntegerField()

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fulfillment", "line"], name="orders_fulfillmentline_once"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="orders_fulfillmentline_positive"),
        ]
        indexes = [models.Index(fields=["line"], name="orders_fulfillmentline_line")]


def tracking_key_of(tracking: str) -> str:
    """The form in which tracking numbers are searched: letters and digits only, upper case."""
    return "".join(c for c in tracking if c.isalnum()).upper()[:100]


class Parcel(models.Model):
    """Tracking numbers are not unique: carriers reuse them."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    fulfillment = models.ForeignKey(Fulfillment, models.CASCADE, related_name="parcels", db_index=False)
    tracking = models.CharField(max_length=100, blank=True)
    tracking_key = models.CharField(max_length=100, blank=True)
    url = models.CharField(max_length=500, blank=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["fulfillment", "tracking"], name="orders_parcel_once")]
        indexes = [
            models.Index(
                fields=["account", "tracking_key"],
                name="orders_parcel_tracking",
                opclasses=["int8_ops", "text_pattern_ops"],
            )
        ]
