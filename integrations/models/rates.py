from __future__ import annotations

from django.db import models


class RateProfile(models.Model):
    """A value of the setting Throughput that the operator added, or one of the platform's that he changed (X22).

    `key` is what an integration's settings name; one that the platform declares too takes its place.
    """

    platform = models.CharField(max_length=30)
    key = models.SlugField(max_length=40)
    label = models.CharField(max_length=100)
    help = models.CharField(max_length=200, blank=True)
    calls_per_minute = models.PositiveIntegerField()
    page = models.PositiveIntegerField(
        null=True, blank=True, help_text="Orders a page; empty: what the platform takes."
    )

    class Meta:
        ordering = ["platform", "-calls_per_minute"]
        constraints = [
            models.UniqueConstraint(fields=["platform", "key"], name="integrations_rate_once"),
            models.CheckConstraint(condition=models.Q(calls_per_minute__gt=0), name="integrations_rate_positive"),
        ]

    def __str__(self) -> str:
        return self.label
