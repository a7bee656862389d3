"""Emptying the database after a test that committed: only what the test filled.

Django's own way empties every table and then makes all content types and permissions anew, which takes longer than most
of our tests do.
"""

from __future__ import annotations

from functools import cache

from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission"}


def empty_quickly(case: TransactionTestCase) -> None:
    """What TransactionTestCase does when a test is over."""
    from integrations.schedules import make_schedules  # conftest is read before there are models

    tables = [name for name, is_filled in zip(_tables(), _filled(), strict=True) if is_filled]
    if tables:
        with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
            for name in tables:
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")
    make_schedules(using=connection.alias)


@cache
def _tables() -> list[str]:
    return sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT)


def _filled() -> list[bool]:
    asked = (f"EXISTS (SELECT 1 FROM {connection.ops.quote_name(name)})" for name in _tables())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(asked)}")
        return [bool(one) for one in cursor.fetchone()]
