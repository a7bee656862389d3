from __future__ import annotations

from typing import Self

from django.db import models

from fcp.models import Account, AccountQuerySet, Store
from integrations.connectors.declaring import FlowKind, Mode

from .addresses import WebhookAddress
from .connections import Integration


class FlowQuerySet(AccountQuerySet):
    def on(self) -> Self:
        return self.filter(due_at__isnull=False)


class Flow(models.Model):
    """One kind of traffic of an integration, its schedule, its lease and its position.

    On exactly when `due_at` is set. `gen` is the fencing number: whoever holds a smaller one is outdated and its
    transactions roll back (`integrations.lease`). `since` and `off_since` are about its mode, which may be Disabled
    while it runs for another flow (`integrations.since_enabled`). `watermark` is the largest update time stored, never
    "now"; `covered_from` the earliest placing date that was asked for. `position` holds what the flow's module keeps
    between slices (a page token, a backfill window).
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    integration = models.ForeignKey(Integration, models.CASCADE, related_name="flows", db_index=False)
    kind = models.CharField(max_length=16, choices=[(k.value, k.label) for k in FlowKind])
    mode = models.CharField(max_length=10, choices=[(m.value, m.label) for m in Mode], default=Mode.DISABLED.value)
    interval = models.PositiveIntegerField(null=True, blank=True, help_text="Minutes between runs; empty: off.")
    jitter = models.SmallIntegerField(
        default=0, help_text="Thousandths of the interval, from the flow's id, so that no herd forms."
    )

    due_at = models.DateTimeField(null=True, blank=True)
    gen = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    trigger = models.CharField(max_length=10, blank=True, help_text="What asked for the next run, if not the schedule.")
    asked_by = models.CharField(max_length=120, blank=True, help_text="Who asked for it.")
    unfinished = models.PositiveSmallIntegerField(
        default=0, help_text="Leases in a row that broke off without getting on."
    )

    watermark = models.DateTimeField(null=True, blank=True)
    covered_from = models.DateTimeField(null=True, blank=True)
    position = models.JSONField(default=dict, blank=True)
    enabled_since = models.DateTimeField(null=True, blank=True, help_text="Runs since then, for whatever reason.")
    since = models.DateTimeField(
        null=True, blank=True,
        help_text="Counts from then: the first time that it was switched on, or the last time that a person switched "
        "it on again from now.",
    )  # fmt: skip
    off_since = models.DateTimeField(null=True, blank=True, help_text="Was on before, and is off since then.")

    last_ok_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="Runs in a row that failed.")
    problem_code = models.CharField(max_length=40, blank=True)
    problem = models.CharField(max_length=500, blank=True, help_text="The sentence of the last failure.")
    problem_since = models.DateTimeField(null=True, blank=True)
    blocked = models.BooleanField(default=False, help_text="The store refused our key: only the check is tried.")

    objects = FlowQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "kind"], name="integrations_flow_one_per_kind")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="integrations_flow_due"),
            models.Index(
                fields=["lease_until"], condition=models.Q(lease_until__isnull=False), name="integrations_flow_lease"
            ),
            models.Index(fields=["account"], name="integrations_flow_account"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.integration}"


class RunState(models.TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"  # its lease ran out or the integration was deleted


class Run(models.Model):
    """One execution of a flow that a person asked for or that changed something.

    seen = created + changed + unchanged + skipped + failed; `reasons` splits the skipped by reason. A run may go on
    over several slices; `gen` is that of the slice that wrote last.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    flow = models.ForeignKey(Flow, models.CASCADE, related_name="runs", db_index=False)
    gen = models.BigIntegerField()
    trigger = models.CharField(max_length=10, help_text="schedule, webhook, person, first")
    by = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=10, choices=RunState.choices)
    seen = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=dict)
    calls = models.PositiveIntegerField(default=0)
    last_item = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField()
    last_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["flow", "gen"], name="integrations_run_one_per_generation"),
            models.CheckConstraint(
                condition=models.Q(
                    seen=models.F("created")
                    + models.F("changed")
                    + models.F("unchanged")
                    + models.F("skipped")
                    + models.F("failed")
                ),
                name="integrations_run_counts_add_up",
            ),
        ]
        indexes = [
            models.Index(fields=["flow", "-id"], name="integrations_run_flow"),
            models.Index(fields=["account", "-id"], name="integrations_run_account"),
            models.Index(
                fields=["account", "state"], condition=models.Q(state="running"), name="integrations_run_running"
            ),
        ]


class Budget(models.Model):
    """How many calls a store still takes; shared by its flows, one row a store, moved by conditional UPDATE."""

    store = models.OneToOneField(Store, models.CASCADE, related_name="+")
    tokens = models.FloatField()
    bulk_tokens = models.FloatField(default=0, help_text="The part that products and inventory may use.")
    per_minute = models.PositiveIntegerField()
    refilled_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True, help_text="The store asked us to wait until then.")


class FailedRecord(models.Model):
    """One record that could not be taken in or handed on: kept with a sentence and a button until it goes through."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, help_text="order, listing, fulfillment, hint")
    key = models.CharField(max_length=120)
    number = models.CharField(max_length=60, blank=True)
    code = models.CharField(max_length=40)
    sentence = models.CharField(max_length=500)
    payload = models.BinaryField(null=True, help_text="zlib-packed, as the store sent it.")
    attempts = models.PositiveIntegerField(default=1)
    not_before = models.DateTimeField(null=True)
    since = models.DateTimeField()
    last_at = models.DateTimeField()
    mended_at = models.DateTimeField(null=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["store", "kind", "key"],
                condition=models.Q(mended_at__isnull=True),
                name="integrations_failed_one_open_per_key",
            )
        ]
        indexes = [
            models.Index(
                fields=["account", "-id"],
                condition=models.Q(mended_at__isnull=True),
                name="integrations_failed_account",
            )
        ]


class Hint(models.Model):
    """A verified webhook: look at this object. Kept 7 days; the flow reads the object itself from the store."""

    store = models.ForeignKey(Store, models.CASCADE, related_name="+", db_index=False)
    event_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=20)
    object_uid = models.CharField(max_length=100)
    sequence = models.BigIntegerField(default=0)
    address = models.ForeignKey(
        WebhookAddress, models.SET_NULL, null=True, related_name="+", db_index=False,
        help_text="Where it came in; empty: at the address of the operator's app.",
    )  # fmt: skip
    at = models.DateTimeField(null=True, help_text="When the object changed, as far as the store said.")
    received_at = models.DateTimeField(db_index=True)
    done_at = models.DateTimeField(null=True)
    replayed_at = models.DateTimeField(null=True, help_text="When a person last had it done again.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "event_id"], name="integrations_hint_one_per_event")]
        indexes = [
            models.Index(
                fields=["store", "id"], condition=models.Q(done_at__isnull=True), name="integrations_hint_waiting"
            ),
            models.Index(fields=["store", "-id"], name="integrations_hint_list"),
            models.Index(fields=["address"], name="integrations_hint_address"),
        ]


class Exchange(models.Model):
    """One call to a store. A redacted body, 4 kB at most, only on failure; kept 14 days."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.CASCADE, related_name="+", db_index=False)
    flow = models.CharField(max_length=16, blank=True)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=300)
    status = models.PositiveSmallIntegerField(null=True, help_text="Empty: no answer.")
    milliseconds = models.PositiveIntegerField()
    bytes = models.PositiveIntegerField(default=0)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(db_index=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["store", "-id"], name="integrations_exchange_store")]
