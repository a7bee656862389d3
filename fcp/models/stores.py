from __future__ import annotations

from django.db import models

from .accounts import Account, AccountQuerySet


class Partner(models.Model):
    """A WMS, 3PL or ERP connection. It serves warehouses of many accounts, so it belongs to the installation.

    `ship_codes` is its own list: [{"code", "label", "carrier", "service"}, ...].
    """

    name = models.CharField(max_length=120, unique=True)
    capabilities = models.JSONField(default=dict, blank=True)
    ship_codes = models.JSONField(default=list, blank=True)
    fields_needed = models.JSONField(default=list, blank=True)
    guide_url = models.URLField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Store(models.Model):
    """The merchant's shop on a platform. Made once, never deleted: orders, listings and mappings point to it.

    The three flags mirror what its integration is set to, so that lower apps need not look leftwards:
    `connected` an integration reaches it; `hands_over` that integration is live and not paused;
    `tells_shipments` its fulfillments flow is on.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    platform = models.CharField(max_length=30)
    uid = models.CharField(max_length=100, help_text="The id that all ways in share (Wix: site id, Ecwid: store id).")
    install_uid = models.CharField(
        max_length=100, blank=True, help_text="Our installation's id there (Wix: instance id)."
    )
    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    url = models.CharField(max_length=500, blank=True)
    order_page = models.CharField(
        max_length=300, blank=True, help_text="Where a person sees an order in the store; {order} stands for its id."
    )
    connected = models.BooleanField(default=True)
    hands_over = models.BooleanField(default=False)
    tells_shipments = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["account", "platform", "uid"], name="fcp_store_once_per_account"),
            models.UniqueConstraint(
                fields=["platform", "uid"], condition=models.Q(connected=True), name="fcp_store_connected_once"
            ),
        ]
        indexes = [models.Index(fields=["platform", "install_uid"], name="fcp_store_install")]

    def __str__(self) -> str:
        return self.name

    def page_of_order(self, uid: str) -> str:
        """Where a person sees this order in the store; empty where no such page is known."""
        return self.order_page.replace("{order}", uid)
