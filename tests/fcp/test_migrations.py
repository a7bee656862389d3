"""The suite makes its tables from the models, in a second; that the migrations make the same ones is shown here."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.fcp.everything import OURS

pytestmark = pytest.mark.slow


@pytest.fixture
def empty(transactional_db: None, tmp_path: Path) -> Iterator[BaseDatabaseWrapper]:
    """Another database of the same kind, with nothing in it."""
    on_sqlite = connection.vendor == "sqlite"
    name = str(tmp_path / "empty.sqlite3") if on_sqlite else f"{connection.settings_dict['NAME']}_empty"
    if not on_sqlite:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
    other = connection.copy()
    other.settings_dict["NAME"] = name
    try:
        yield other
    finally:
        other.close()
        if not on_sqlite:
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_migrations_make_the_tables_that_the_models_describe(
    empty: BaseDatabaseWrapper, child_environment: dict[str, str]
) -> None:
    here, there = str(connection.settings_dict["NAME"]), str(empty.settings_dict["NAME"])
    url = child_environment["DATABASE_URL"].removesuffix(here) + there
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=settings.BASE_DIR, env=child_environment | {"DATABASE_URL": url}, check=True)

    made, described = schema(empty), schema(connection)
    assert made.keys() == described.keys()
    for table, columns in described.items():
        assert made[table] == columns, table


def schema(of: BaseDatabaseWrapper) -> dict[str, Any]:
    """By table of ours, its columns and what holds for them."""
    found = {}
    with of.cursor() as cursor:
        for table in of.introspection.django_table_names(only_existing=True, include_views=False):
            if not table.startswith(tuple(f"{app}_" for app in OURS)):
                continue
            columns = of.introspection.get_table_description(cursor, table)
            keys = of.introspection.get_constraints(cursor, table).values()
            found[table] = (
                sorted((c.name, str(c.type_code), bool(c.null_ok), str(c.default), str(c.collation)) for c in columns),
                sorted(repr(sorted((k, str(v)) for k, v in key.items())) for key in keys),
            )
    return found
