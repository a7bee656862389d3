from __future__ import annotations

from django.db import models

from fcp.models import Account, AccountQuerySet, Store


class AlertKind(models.TextChoices):
    STALE = "stale", "A flow is late"
    REFUSED = "refused", "A store refuses our key"
    HELD = "held", "Orders wait for one cause"
    UNTAKEN = "untaken", "A warehouse has not taken orders"
    UNTOLD = "untold", "A store was not told of shipments"
    GAP = "gap", "The ledger shows a difference"


class AlertSettings(models.Model):
    """Who in an account hears of what, and how: at once, or once a day at `digest_hour` of the account's zone.

    An empty number of hours switches that kind off. No row: nobody is told by e-mail; the panel shows alerts anyway.
    Whoever mails has claimed the row until `mailing_until`; after a failure it is tried again from then on.
    """

    account = models.OneToOneField(Account, models.CASCADE, related_name="+")
    recipients = models.JSONField(default=list, help_text="E-mail addresses.")
    digest = models.BooleanField(default=False)
    digest_hour = models.PositiveSmallIntegerField(default=8)
    digest_on = models.DateField(null=True, help_text="The day, in the account's zone, of the last digest.")
    mailing_until = models.DateTimeField(null=True)
    stale = models.BooleanField(default=True)
    refused = models.BooleanField(default=True)
    held_hours = models.PositiveIntegerField(null=True, blank=True, default=24)
    untaken_hours = models.PositiveIntegerField(null=True, blank=True, default=24)
    untold_hours = models.PositiveIntegerField(null=True, blank=True, default=4)
    gap_hours = models.PositiveIntegerField(null=True, blank=True, default=12)

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "alert settings"


class Alert(models.Model):
    """Something that a person should know, open until it is true no longer. `key` names what it is about.

    `mailed_at` and `end_mailed_at` are when its beginning and its end were told by e-mail. `params` is what its
    sentence is made of: no person in it.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.CASCADE, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=AlertKind.choices)
    key = models.CharField(max_length=120)
    params = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    end_mailed_at = models.DateTimeField(null=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "key"],
                condition=models.Q(closed_at__isnull=True),
                name="integrations_alert_one_open",
            )
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="integrations_alert_account"),
            models.Index(fields=["id"], condition=models.Q(closed_at__isnull=True), name="integrations_alert_open"),
            models.Index(fields=["store"], name="integrations_alert_store"),
            models.Index(  # those that ended lately
                fields=["closed_at"], condition=models.Q(closed_at__isnull=False), name="integrations_alert_closed"
            ),
            models.Index(  # whose end is still to be told
                fields=["account"],
                condition=models.Q(closed_at__isnull=False, mailed_at__isnull=False, end_mailed_at__isnull=True),
                name="integrations_alert_to_end",
            ),
        ]
