"""Which account a request is about, and what the person may do there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from allauth.usersessions.middleware import UserSessionsMiddleware
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone

from fcp.models import Account, AuditEntry, Membership
from fcp.roles import ALLOWED, STAFF, May, Role

ACCOUNT = "account"


class AccountMiddleware:
    """Takes the account out of an address below `/a/<slug>/` and puts it on the request.

    Sets `request.account`, `request.membership` (None for staff who look in) and `request.rights`; activates the
    account's time zone. An account that does not exist and one of strangers answer alike: 404.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.account = request.membership = None  # type: ignore[attr-defined]
        request.rights = frozenset()  # type: ignore[attr-defined]
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        match = request.resolver_match
        if ACCOUNT not in kwargs or match is None or not match.route.startswith("a/<"):
            return
        slug = kwargs.pop(ACCOUNT)
        account, membership = account_of(request.user, slug)
        request.account = account  # type: ignore[attr-defined]
        request.membership = membership  # type: ignore[attr-defined]
        request.rights = rights_of(request.user, membership)  # type: ignore[attr-defined]
        timezone.activate(account.zone)
        if membership is None:
            note_visit(request, account)


def account_of(user: Any, slug: str) -> tuple[Account, Membership | None]:
    """The account and the person's membership in it; None for staff. Raises Http404 for everybody else."""
    membership = Membership.objects.select_related("account").filter(user=user, account__slug=slug).first()
    if membership:
        return membership.account, membership
    account = Account.objects.filter(slug=slug).first() if user.is_staff else None
    if account is None:
        raise Http404
    return account, None


def rights_of(user: Any, membership: Membership | None) -> frozenset[May]:
    if user.is_superuser:
        return frozenset(May)
    return ALLOWED[Role(membership.role)] if membership else STAFF


def note_visit(request: HttpRequest, account: Account) -> None:
    """One audit entry for each account that a member of staff looks into during a session."""
    visited = request.session.get("visited", [])
    if account.pk in visited:
        return
    request.session["visited"] = [*visited, account.pk]
    AuditEntry.objects.create(account=account, at=timezone.now(), actor=str(request.user), code="viewed_as_staff")


class LastSeenMiddleware(UserSessionsMiddleware):
    """Notes when a session was last seen, in each web process once in five minutes and not with every request.

    allauth's own writes each time: with the parts that refresh themselves, SQLite would do little else.
    """

    EVERY = 300  # seconds
    MANY = 10_000  # sessions remembered

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__(get_response)
        self.noted: dict[str, float] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key, now = request.session.session_key or "", time.monotonic()
        if now - self.noted.get(key, -self.EVERY) < self.EVERY:
            return self.get_response(request)
        if len(self.noted) >= self.MANY:
            self.noted.clear()
        self.noted[key] = now
        return super().__call__(request)


class SignInAgainMiddleware:
    """A part of a page asked for after the session ended: the whole page goes to the sign-in, not the part.

    From there one comes back to the page, not to the part that asked.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        sign_in = resolve_url(settings.LOGIN_URL)
        if response.status_code == 302 and "HX-Request" in request.headers and response["Location"].startswith(sign_in):
            page = request.htmx.current_url_abs_path  # type: ignore[attr-defined]  # set by django_htmx
            again = redirect_to_login(page, sign_in).url if page else sign_in
            return HttpResponse(status=204, headers={"HX-Redirect": again})
        return response
