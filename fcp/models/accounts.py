from __future__ import annotations

import zoneinfo
from typing import Any, Self

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower

from fcp.roles import Role


class UserManager(BaseUserManager["User"]):
    """Users sign in by e-mail address; there is no user name."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **extra})


class User(AbstractUser):
    """A person. `is_staff` marks the operator's people, who work across accounts in the admin."""

    username = None  # type: ignore[assignment]  # signing in is by e-mail
    email = models.EmailField("e-mail", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    objects = UserManager()  # type: ignore[assignment,misc]  # the manager of AbstractUser asks for user names

    def __str__(self) -> str:
        return self.get_full_name() or self.email


class AccountQuerySet(models.QuerySet[Any]):
    """Base of every queryset of rows that a merchant sees: nothing is read without its account."""

    def for_account(self, account: Account) -> Self:
        return self.filter(account=account)


class Account(models.Model):
    """One merchant (tenant)."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True, help_text="The account's part of the panel's addresses.")
    time_zone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(max_length=3, default="EUR", validators=[RegexValidator(r"^[A-Z]{3}$")])
    settings = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


class Membership(models.Model):
    """What one person may do in one account; `fcp.roles` says what a role allows."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", db_index=True)
    role = models.CharField(max_length=20, choices=[(r.value, r.label) for r in Role], default=Role.OPERATOR.value)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = [Lower("user__email")]
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="fcp_membership_one_per_person"),
            models.CheckConstraint(
                condition=models.Q(role__in=[r.value for r in Role]), name="fcp_membership_known_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.account}"
