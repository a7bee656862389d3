"""What every page of the panel needs around its content: navigation, accounts to switch to, banners."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from fcp.models import Account, Membership
from fcp.panel import Group, help_links, navigation
from fcp.roles import ALLOWED, STAFF, May, Role
from fcp.sign_in import begun

SWITCHER = 30  # accounts that the switcher lists; beyond that All accounts searches


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Lazy: a part of a page asked for by htmx pays for nothing it does not show."""
    account: Account | None = getattr(request, "account", None)
    rights: frozenset[May] = getattr(request, "rights", frozenset())
    signed_in = hasattr(request, "user") and request.user.is_authenticated
    return {
        "account": account,
        "may": {right.value: right in rights for right in May},
        "nav": SimpleLazyObject(lambda: _navigation(request, account, rights)),
        "switcher": SimpleLazyObject(lambda: accounts_of(request.user)[:SWITCHER] if signed_in else []),
        "as_staff": bool(account and getattr(request, "membership", None) is None),
        "mail_missing": settings.PRODUCTION and settings.EMAIL_BACKEND.endswith("console.EmailBackend"),
        "sandbox": settings.FCP_SANDBOX,
        "sign_up_open": settings.FCP_SIGN_UP,
        "page_guides": SimpleLazyObject(lambda: help_links(request) if account else []),
        "support": settings.FCP_SUPPORT_CONTACT,
        "support_url": support_url(settings.FCP_SUPPORT_CONTACT),
        "begun": SimpleLazyObject(lambda: begun(request)),
    }


def support_url(contact: str) -> str:
    """Where a link to whoever runs this installation leads: a page, a new mail, or nowhere for a plain text."""
    if contact.startswith(("https://", "http://")):
        return contact
    is_mail = "@" in contact[1:-1] and " " not in contact
    return f"mailto:{contact}" if is_mail else ""


def accounts_of(user: Any) -> Any:
    """The accounts a person may open: his own, for staff all of them."""
    accounts = Account.objects.order_by("name", "id")
    return accounts if user.is_staff else accounts.filter(memberships__user=user)


def accounts_where(user: Any, right: May) -> Any:
    """The accounts in which a person may do this; a member's role counts before being staff, as in `rights_of`."""
    roles = [role.value for role in Role if right in ALLOWED[role]]
    mine = Membership.objects.filter(user=user)
    allowed = Q(pk__in=mine.filter(role__in=roles).values("account"))
    if user.is_superuser:
        return accounts_of(user)
    if user.is_staff and right in STAFF:
        allowed |= ~Q(pk__in=mine.values("account"))
    return Account.objects.filter(allowed).order_by("name", "id")


def _navigation(request: HttpRequest, account: Account | None, rights: frozenset[May]) -> list[Group]:
    if account is None:
        return []
    match = request.resolver_match
    return navigation(account, rights, match.view_name if match else "")
