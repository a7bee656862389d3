from __future__ import annotations

from django.db import models

from fcp.models import Account, AccountQuerySet, Store


class Remapping(models.Model):
    """What a person decided about orders under a word's older meaning, when the word got another one.

    Its orders are gone through in batches, by rising id: first those that nobody took (`again`: they are translated
    again), then those at a warehouse (`ask`: it is asked to follow). `last` is the one up to which it came, `counts`
    what became of them.
    """

    class State(models.TextChoices):
        AGAIN = "again", "Translating again"
        ASKING = "asking", "Asking the warehouses"
        DONE = "done", "Done"

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=24, help_text="ship_code, sku, location")
    row = models.BigIntegerField()
    word = models.CharField(max_length=255)
    version = models.PositiveIntegerField(help_text="The word's own after the change.")
    change = models.BigIntegerField(null=True, help_text="The MappingChange.")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    again = models.BooleanField(default=True)
    ask = models.BooleanField(default=False)
    by = models.CharField(max_length=120)
    at = models.DateTimeField()
    touched_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.AGAIN)
    last = models.BigIntegerField(default=0)
    total = models.PositiveIntegerField(default=0, help_text="How many orders it was about at first.")
    counts = models.JSONField(default=dict)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "-id"], name="orders_remapping_account"),
            models.Index(fields=["row", "kind", "version"], name="orders_remapping_row"),
            models.Index(fields=["touched_at"], condition=~models.Q(state="done"), name="orders_remapping_running"),
        ]

    def __str__(self) -> str:
        return self.word
