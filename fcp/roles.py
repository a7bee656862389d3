"""Roles and what they may do: the one table that panel, API and templates ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from fcp.wording import listed


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    OPERATOR = "operator"
    WAREHOUSE = "warehouse"
    VIEWER = "viewer"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class May(StrEnum):
    """One thing a person may do."""

    VIEW = "view"
    SHIP = "ship"  # acknowledge, mark as shipped, print packing slips
    STOCK = "stock"  # count and correct stock, import levels
    WORK_ORDERS = "work_orders"  # hold, lift, edit, map words
    SYNC = "sync"  # start a run, pause handing over, try with one order
    CONNECT = "connect"  # add, change, go live, delete integrations; see raw data
    MANAGE = "manage"  # team, API keys, account settings
    OPERATE = "operate"  # hold for the operator; the operator's own people only


_ALL = frozenset(May) - {May.OPERATE}
ALLOWED: dict[Role, frozenset[May]] = {
    Role.OWNER: _ALL,
    Role.ADMIN: _ALL,
    Role.OPERATOR: frozenset({May.VIEW, May.SHIP, May.STOCK, May.WORK_ORDERS, May.SYNC}),
    Role.WAREHOUSE: frozenset({May.VIEW, May.SHIP, May.STOCK}),
    Role.VIEWER: frozenset({May.VIEW}),
}


# The operator's own people in an account that they are no member of. Team and keys stay with the account.
STAFF = frozenset(May) - {May.MANAGE}


def allows(role: str, may: May) -> bool:
    return may in ALLOWED[Role(role)]


DOING: dict[May, str] = {
    May.VIEW: "see this account",
    May.SHIP: "ship orders",
    May.STOCK: "count and correct stock",
    May.WORK_ORDERS: "change orders and mappings",
    May.SYNC: "start syncs or pause handing over",
    May.CONNECT: "add or change integrations",
    May.MANAGE: "manage the team, API keys and account settings",
    May.OPERATE: "hold orders for the operator",
}


def roles_that_may(may: May) -> list[str]:
    """Labels of the roles that may do this, for the sentence that refuses."""
    return [role.label for role in Role if may in ALLOWED[role]]


def who_may(may: May) -> str:
    """Who may do this, as the beginning of a sentence."""
    return listed(roles_that_may(may)) or "The operator's staff"


View = Callable[..., HttpResponseBase]


def may(right: May) -> Callable[[View], View]:
    """Only for persons who may do this in `request.account`; others get a page that says which roles may."""

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if right in request.rights:  # type: ignore[attr-defined]  # set by fcp.middleware
                return view(request, *args, **kwargs)
            return refuse(request, right)

        guarded.right = right  # type: ignore[attr-defined]  # a test walks the views by it
        return guarded

    return wrap


def refuse(request: HttpRequest, right: May, what: str = "", roles: Sequence[str] = ()) -> HttpResponse:
    """The page says which roles may; a part of a page asked for by htmx gets the sentence alone, shown as a toast.

    `what` is said in place of what the right is for in general, `roles` in place of those that have it.
    """
    context = {"what": what or DOING[right], "roles": roles or roles_that_may(right)}
    if getattr(request, "htmx", None):
        return render(request, "parts/refused.txt", context, content_type="text/plain; charset=utf-8", status=403)
    return render(request, "fcp/refused.html", context, status=403)
