"""Emptying the database after a test that committed: only what the test filled.

Django's own way empties every table and then makes all content types and permissions anew, which takes longer than most
of our tests do.

A page that was closed may have asked for something that the test's server is still answering: what that writes would
stay for the next test. So first it comes to its end.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission"}


def empty_quickly(case: TransactionTestCase) -> None:
    """What TransactionTestCase does when a test is over."""
    under_way.end(20)
    from integrations.schedules import make_schedules  # conftest is read before there are models

    tables = [name for name, is_filled in zip(_tables(), _filled(), strict=True) if is_filled]
    if tables:
        with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
            for name in tables:
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")
    make_schedules(using=connection.alias)


@cache
def _tables() -> list[str]:
    """Those of the models, and the cache: what one test counted there (refused calls, guesses) is not another's."""
    of_models = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted({*of_models, settings.CACHES["default"]["LOCATION"]} - KEPT)


class UnderWay:
    """The requests that the test's server is answering, each in a thread of its own."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.changed = threading.Condition()
        request_started.connect(self.begun, sender=WSGIHandler)
        request_finished.connect(self.over, sender=WSGIHandler)

    def begun(self, **signal: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            with self.changed:
                self.threads.add(threading.get_ident())

    def over(self, **signal: Any) -> None:
        with self.changed:
            self.threads.discard(threading.get_ident())
            self.changed.notify_all()

    def end(self, seconds: float) -> None:
        """Wait until they have, but no longer than this."""
        with self.changed:
            self.changed.wait_for(lambda: not self.threads, seconds)
            self.threads.clear()


under_way = UnderWay()


def _filled() -> list[bool]:
    asked = (f"EXISTS (SELECT 1 FROM {connection.ops.quote_name(name)})" for name in _tables())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(asked)}")
        return [bool(one) for one in cursor.fetchone()]
