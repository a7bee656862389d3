from __future__ import annotations

from django.db import models

from fcp.models import Account, AccountQuerySet

from .orders import Order


class Match(models.TextChoices):
    ALL = "all", "All of these"
    ANY = "any", "Any of these"


class OrderRule(models.Model):
    """What an account wants done with orders that fulfil some conditions; the lower `position` is asked first.

    `conditions` are [{"field", "is", "values"}, ...], `actions` [{"do", "value"}, ...] of `orders.rule_book`. Each save
    makes a RuleVersion; orders keep the plain number of the one that decided.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=120)
    position = models.PositiveIntegerField(default=0)
    enabled = models.BooleanField("switched on", default=False)
    match = models.CharField(max_length=3, choices=Match.choices, default=Match.ALL)
    conditions = models.JSONField(default=list)
    actions = models.JSONField(default=list)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=120)
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="Its versions stay, for the orders it decided.")

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        indexes = [
            models.Index(fields=["account", "position", "id"], name="orders_rule_list"),
            models.Index(
                fields=["account", "position", "id"],
                condition=models.Q(enabled=True, deleted_at__isnull=True),
                name="orders_rule_on",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RuleBook(models.Model):
    """The rules of an account that are switched on, as `orders.rule_book.compiled` takes them: one row, read for each
    page of orders, written together with every change of a rule.

    `version` rises with each change of what applies; waiting orders decided under an older one are looked at again
    until `settled` is the same number.
    """

    account = models.OneToOneField(Account, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=0)
    settled = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()
    rules = models.JSONField(default=list)

    objects = AccountQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["changed_at"],
                condition=~models.Q(version=models.F("settled")),
                name="orders_rulebook_unsettled",
            )
        ]


class RuleVersion(models.Model):
    """A rule as it was saved once. Append only."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    rule = models.ForeignKey(OrderRule, models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    document = models.JSONField(help_text="name, enabled, match, conditions, actions")
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    why = models.CharField(max_length=200, blank=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["rule", "number"], name="orders_ruleversion_once")]


class RuleNotice(models.Model):
    """A rule asked to tell somebody of an order; mailed with others of its account."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    rule = models.ForeignKey(OrderRule, models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "order"], name="orders_rulenotice_once")]
        indexes = [
            models.Index(
                fields=["account", "id"], condition=models.Q(sent_at__isnull=True), name="orders_rulenotice_due"
            ),
            models.Index(fields=["order"], name="orders_rulenotice_order"),
        ]
