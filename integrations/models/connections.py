from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower

from fcp.models import Account, AccountQuerySet, Store
from fcp.secrets import SecretField


class Integration(models.Model):
    """How we reach one store at present. Deleting it keeps the store; connecting again finds the same store.

    Not live: it pulls, decides, maps and holds, but hands nothing over and writes nothing to the store.
    Its settings are the document of SettingsVersion(store, settings_version).
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.OneToOneField(Store, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    nickname = models.CharField(
        "store nickname",
        max_length=60,
        validators=[
            RegexValidator(
                r"^[A-Za-z0-9]+\Z", "One word of letters and digits only: no space and no symbol.", code="nickname"
            )
        ],
    )
    variant = models.CharField(max_length=20)
    live = models.BooleanField(default=False)
    paused = models.BooleanField(default=False, help_text="Handing over to the warehouse is paused.")
    settings_version = models.PositiveIntegerField(default=1)
    settled_version = models.PositiveIntegerField(
        default=0, help_text="The settings under which the orders that are here were last looked at."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    live_since = models.DateTimeField(null=True, blank=True)
    relinking_since = models.DateTimeField(
        null=True, blank=True,
        help_text="The store moved to another variant: stock waits until its listings are linked again.",
    )  # fmt: skip
    options_read_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When its last orders were read for their shipping options, before the first pull.",
    )

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("account", Lower("nickname"), name="integrations_nickname_once"),
        ]

    def __str__(self) -> str:
        return self.nickname


class SettingsVersion(models.Model):
    """One saved state of an integration's settings. Immutable; numbered per store: it outlives an integration."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    document = models.JSONField()
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    why = models.CharField(max_length=200, blank=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["store", "number"], name="integrations_settings_one_per_number")]


class Credential(models.Model):
    """What an integration's calls are signed with; encrypted, never shown again."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    integration = models.ForeignKey(Integration, models.CASCADE, related_name="credentials", db_index=False)
    kind = models.CharField(max_length=30)
    cipher = SecretField()  # JSON of the connector's values
    expires_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    renewing_until = models.DateTimeField(null=True, help_text="Somebody is renewing it; nobody else does until then.")

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["integration", "kind"], name="integrations_credential_one_per_kind")
        ]
