"""Roles and what they may do: the one table that panel, API and templates ask."""

from __future__ import annotations

from enum import StrEnum


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
    WORK_ORDERS = "work_orders"  # hold, lift, edit, map words
    SYNC = "sync"  # start a run, pause handing over, try with one order
    CONNECT = "connect"  # add, change, go live, delete integrations; see raw data
    MANAGE = "manage"  # team, API keys, account settings


_ALL = frozenset(May)
ALLOWED: dict[Role, frozenset[May]] = {
    Role.OWNER: _ALL,
    Role.ADMIN: _ALL,
    Role.OPERATOR: frozenset({May.VIEW, May.SHIP, May.WORK_ORDERS, May.SYNC}),
    Role.WAREHOUSE: frozenset({May.VIEW, May.SHIP}),
    Role.VIEWER: frozenset({May.VIEW}),
}


def allows(role: str, may: May) -> bool:
    return may in ALLOWED[Role(role)]


def roles_that_may(may: May) -> list[str]:
    """Labels of the roles that may do this, for the sentence that refuses."""
    return [role.label for role in Role if may in ALLOWED[role]]
