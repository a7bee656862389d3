"""Signing in and up: who may open an account, what a new one needs, and the demo's sign-ins."""

from __future__ import annotations

import time
import zoneinfo
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson
from allauth.account.adapter import DefaultAccountAdapter
from django import forms
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import slugify

from fcp.forms import currencies
from fcp.models import Account, AuditEntry, Membership, User
from fcp.roles import Role

DEMO_FILE = "demo.txt"
RESERVED = {"new"}
BEGUN = "begun"  # the name in the session
BEGUN_LASTS = 30 * 60  # seconds


class Here(NamedTuple):
    """This panel, as the mails call it."""

    name: str
    domain: str


def _public(url: str) -> str:
    parts = urlsplit(url)
    return f"{settings.FCP_PUBLIC_URL}{parts.path}{'?' if parts.query else ''}{parts.query}"


class PanelAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.FCP_SIGN_UP)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Links lead to the panel's public address, whatever host a stranger asked for the mail under."""
        links = {name: _public(value) for name, value in context.items() if name.endswith("_url")}
        host = urlsplit(settings.FCP_PUBLIC_URL).netloc
        super().send_mail(template_prefix, email, {**context, **links, "current_site": Here(host, host)})

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return go_on(request) or super().get_login_redirect_url(request)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return go_on(request) or super().get_signup_redirect_url(request)


# --- something begun before the sign-in ---------------------------------------------------------------------------


def sign_in_first(request: HttpRequest, url: str, title: str, text: str) -> None:
    """Whoever signs in, signs up or recovers his password in this browser goes on at `url`, a path of ours.

    `title` and `text` stand above the card meanwhile. Half an hour at most.
    """
    request.session[BEGUN] = {"url": url, "title": title, "text": text, "until": time.time() + BEGUN_LASTS}


def begun(request: HttpRequest) -> dict[str, Any] | None:
    """What somebody who has not signed in yet has begun."""
    found: dict[str, Any] | None = request.session.get(BEGUN) if hasattr(request, "session") else None
    return found if found and found["until"] > time.time() else None


def go_on(request: HttpRequest) -> str:
    found = begun(request)
    request.session.pop(BEGUN, None)
    return str(found["url"]) if found else ""


class SignUpForm(forms.Form):
    """What is asked beside e-mail and password; allauth puts these first and calls `signup`."""

    account_name = forms.CharField(
        label="Name of your business",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        help_text="It names your account. You can change it later.",
    )
    currency = forms.ChoiceField(
        choices=currencies, initial="EUR", help_text="Orders keep the currency of their store."
    )
    time_zone = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"data-time-zone": ""}))

    field_order = ["account_name", "email", "password1", "password2", "currency", "time_zone"]

    def clean_time_zone(self) -> str:
        """The browser's zone; UTC when it names none that we know."""
        name = self.cleaned_data["time_zone"]
        return name if name in zoneinfo.available_timezones() else "UTC"

    def signup(self, request: HttpRequest, user: User) -> None:
        data = self.cleaned_data
        open_account(data["account_name"], user, time_zone=data["time_zone"], currency=data["currency"])


def open_account(name: str, owner: User, *, time_zone: str = "UTC", currency: str = "EUR") -> Account:
    """A new account with its owner, under an address made of its name."""
    base = slugify(name)[:50] or "account"
    for number in range(1, 1000):
        slug = base if number == 1 and base not in RESERVED else f"{base}-{number}"
        try:
            with transaction.atomic():
                account = Account.objects.create(name=name, slug=slug, time_zone=time_zone, currency=currency)
                Membership.objects.create(account=account, user=owner, role=Role.OWNER.value)
                AuditEntry.objects.create(
                    account=account, at=timezone.now(), actor=str(owner), code="account_opened", params={"name": name}
                )
                return account
        except IntegrityError:
            continue  # the address is taken
    raise ValueError("There are a thousand accounts of this name already.")


@dataclass(frozen=True, slots=True)
class DemoSignIn:
    email: str
    password: str
    label: str

    @property
    def fill(self) -> str:
        """For the button that fills the sign-in form."""
        return orjson.dumps({"login": self.email, "password": self.password}).decode()


def demo_sign_ins() -> list[DemoSignIn]:
    """The demo's people, from the file that its making leaves: a line each, "e-mail TAB password TAB who this is".

    Empty without FCP_SANDBOX, which production refuses.
    """
    if not settings.FCP_SANDBOX:
        return []
    try:
        lines = (settings.FCP_DATA_DIR / DEMO_FILE).read_text().splitlines()
    except FileNotFoundError:
        return []
    return [DemoSignIn(*line.split("\t")) for line in lines if line.count("\t") == 2]
