"""Many rows at once, without the SQL compiler: COPY on PostgreSQL, `executemany` on SQLite.

Skips `save()`, signals and defaults: the caller gives every column. For the pages of an intake, where the compiler
and the binding of single parameters cost more than the database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson
from django.db import connections, models


def _dump(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value, default=str).decode()


def _clean(value: Any) -> Any:
    # PostgreSQL takes no NUL in a text; stores send them.
    return value.replace("\x00", "") if value.__class__ is str and "\x00" in value else value


def _column(model: type[models.Model], name: str) -> str:
    f = model._meta.get_field(name)
    assert isinstance(f, models.Field)
    assert f.column, f"{name} has no column of its own"
    return f.column


@lru_cache(maxsize=128)
def _plan(
    model: type[models.Model], columns: tuple[str, ...], using: str
) -> tuple[str, list[tuple[int, Callable[[Any], Any]]]]:
    """The statement, and which positions need adapting (JSON, and what SQLite does not take as it is)."""
    connection = connections[using]
    quote = connection.ops.quote_name
    fields = [model._meta.get_field(name) for name in columns]
    names = ", ".join(quote(_column(model, name)) for name in columns)
    table = quote(model._meta.db_table)
    adapt: list[tuple[int, Callable[[Any], Any]]] = []
    postgres = connection.vendor == "postgresql"
    for position, f in enumerate(fields):
        if isinstance(f, models.JSONField):
            adapt.append((position, _dump))
        elif isinstance(f, models.CharField | models.TextField):
            adapt.append((position, _clean))
        elif not postgres and isinstance(f, models.DateTimeField):
            adapt.append((position, _sqlite_time))
        elif not postgres and isinstance(f, models.DateField):
            adapt.append((position, connection.ops.adapt_datefield_value))
        elif not postgres and isinstance(f, models.DecimalField):
            adapt.append((position, _decimal_adapter(f)))
    if postgres:
        return f"COPY {table} ({names}) FROM STDIN", adapt
    marks = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {table} ({names}) VALUES ({marks})", adapt  # noqa: S608  # the model's own names


def _sqlite_time(value: dt.datetime | None) -> str | None:
    """What Django's SQLite backend stores: UTC without an offset. Its own function costs ten times as much."""
    if value is None:
        return None
    if value.tzinfo is not dt.UTC:
        value = value.astimezone(dt.UTC)
    return value.replace(tzinfo=None).isoformat(" ")


def _decimal_adapter(f: models.DecimalField[Any, Any]) -> Callable[[Any], Any]:
    places = f.decimal_places
    return lambda value: None if value is None else f"{value:.{places}f}"


def _adapted(rows: Iterable[Sequence[Any]], adapt: Sequence[tuple[int, Callable[[Any], Any]]]) -> list[list[Any]]:
    values = [list(row) for row in rows]
    for position, convert in adapt:
        before: Any = values  # stands in no row
        converted: Any = None
        for row in values:
            value = row[position]
            if value is not before:  # many rows say the same: a moment, who did it
                before, converted = value, convert(value)
            row[position] = converted
    return values


def insert_rows(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]], using: str = "default"
) -> None:
    """Insert rows given as sequences in the order of `columns`: field names, `_id` for foreign keys, `id` if given."""
    statement, adapt = _plan(model, tuple(columns), using)
    values = _adapted(rows, adapt)
    if not values:
        return
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Django names the errors of every other call itself.
            with connection.wrap_database_errors, cursor.copy(statement) as copy:
                for row in values:
                    copy.write_row(row)
        else:
            cursor.executemany(statement, values)


def make_rows(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    key: Sequence[str],
    returning: Sequence[str],
    using: str = "default",
) -> list[tuple[Any, ...]]:
    """Insert rows, or find them where somebody did so at the same moment: one statement, locked either way.

    `key` are the columns of the unique constraint; the rows come back as `returning` columns, in any order, as the
    database has them (no dates on SQLite). A few hundred rows at most; given in the order of their key.
    """
    adapt = _plan(model, tuple(columns), using)[1]
    values = _adapted(rows, adapt)
    if not values:
        return []
    quote = connections[using].ops.quote_name
    same, names, got = (", ".join(quote(_column(model, name)) for name in some) for some in (key, columns, returning))
    other = quote(_column(model, next(name for name in columns if name not in key)))  # the constraint's locks too much
    marks = ", ".join([f"({', '.join(['%s'] * len(columns))})"] * len(values))
    statement = (
        f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES {marks} "  # noqa: S608  # the model's own names
        f"ON CONFLICT ({same}) DO UPDATE SET {other} = EXCLUDED.{other} RETURNING {got}"
    )
    with connections[using].cursor() as cursor:
        cursor.execute(statement, [value for row in values for value in row])
        return cursor.fetchall()


def take_ids(model: type[models.Model], count: int, using: str = "default") -> Sequence[int]:
    """`count` new primary keys. Call it inside the transaction that uses them (SQLite holds its write lock)."""
    return take_ids_of([(model, count)], using)[0]


def take_ids_of(wanted: Sequence[tuple[type[models.Model], int]], using: str = "default") -> list[Sequence[int]]:
    """New primary keys of several tables, each as many as are wanted, in one statement; see `take_ids`."""
    if not any(count for _, count in wanted):
        return [[] for _ in wanted]
    connection = connections[using]
    given = [value for model, count in wanted for value in (model._meta.db_table, count)]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            drawn = "SELECT nextval(pg_get_serial_sequence('\"' || %s || '\"', 'id')) FROM generate_series(1, %s)"
            cursor.execute(" UNION ALL ".join([drawn] * len(wanted)), given)
            ids = iter([row[0] for row in cursor.fetchall()])
            return [list(islice(ids, count)) for _, count in wanted]
        last = "COALESCE((SELECT seq FROM sqlite_sequence WHERE name = %s), 0)"
        cursor.execute(f"SELECT {', '.join([last] * len(wanted))}", given[::2])
        return [range(seq + 1, seq + 1 + count) for seq, (_, count) in zip(cursor.fetchone(), wanted, strict=True)]


def update_rows(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]], using: str = "default"
) -> None:
    """Update many rows in one round trip: each row is its new values in the order of `columns`, then its id."""
    statement, adapt = _update_plan(model, tuple(columns), using)
    values = _adapted(rows, adapt)
    if not values:
        return
    with connections[using].cursor() as cursor:
        cursor.executemany(statement, values)


@lru_cache(maxsize=64)
def _update_plan(
    model: type[models.Model], columns: tuple[str, ...], using: str
) -> tuple[str, list[tuple[int, Callable[[Any], Any]]]]:
    _, adapt = _plan(model, columns, using)
    connection = connections[using]
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    sets = ", ".join(
        # A JSON text needs its type named on PostgreSQL; elsewhere the parameter takes the column's.
        f"{quote(_column(model, name))} = %s::jsonb"
        if isinstance(model._meta.get_field(name), models.JSONField) and connection.vendor == "postgresql"
        else f"{quote(_column(model, name))} = %s"
        for name in columns
    )
    return f"UPDATE {table} SET {sets} WHERE id = %s", adapt  # noqa: S608  # the model's own names


def update_locked_rows(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]], using: str = "default"
) -> None:
    """Like `update_rows`, in a third of the time on PostgreSQL: one statement, which takes the rows in any order.

    Only for rows that nobody else changes meanwhile (they or what they hang on are locked), each at most once.
    """
    values = [list(row) for row in rows]
    if not values or connections[using].vendor != "postgresql":
        update_rows(model, columns, values, using)
        return
    for position, convert in _plan(model, tuple(columns), using)[1]:
        if convert is _clean:
            for row in values:
                row[position] = _clean(row[position])
    names = [f"c{n}" for n in range(len(columns))] + ["id"]
    table = orjson.dumps([dict(zip(names, row, strict=True)) for row in values], default=str)
    with connections[using].cursor() as cursor:
        cursor.execute(_locked_plan(model, tuple(columns), using), [table.decode()])


@lru_cache(maxsize=64)
def _locked_plan(model: type[models.Model], columns: tuple[str, ...], using: str) -> str:
    """The new values come as one JSON table, c0 and so on, which costs less to write than arrays."""
    connection = connections[using]
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    sets = ", ".join(f"{quote(_column(model, name))} = new.c{n}" for n, name in enumerate(columns))
    types = ", ".join(f"c{n} {_type(model, name, connection)}" for n, name in enumerate(columns))
    source = f"json_to_recordset(%s) AS new ({types}, id bigint)"
    return f"UPDATE {table} SET {sets} FROM {source} WHERE {table}.id = new.id"  # noqa: S608  # the model's own names


def _type(model: type[models.Model], name: str, connection: Any) -> str:
    f = model._meta.get_field(name)
    assert isinstance(f, models.Field)
    return f.db_type(connection) or ""


def read_rows(rows: models.QuerySet[Any, Any], columns: Sequence[str], using: str = "default") -> list[tuple[Any, ...]]:
    """These columns of the rows, as `values_list` gives them; for many rows of numbers, texts, moments, yes and no.

    On SQLite, Django's own converting of a moment costs more than the row.
    """
    statement, parameters = rows.values_list(*columns).query.sql_with_params()
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found = cursor.fetchall()
    if connection.vendor == "postgresql":
        return found
    fields = [rows.model._meta.get_field(name) for name in columns]
    moments = [n for n, f in enumerate(fields) if isinstance(f, models.DateTimeField)]
    values = [list(row) for row in found]
    for position in moments:
        for row in values:
            if row[position] is not None:
                row[position] = row[position].replace(tzinfo=dt.UTC)
    return [tuple(row) for row in values]


def add_to_rows(
    model: type[models.Model], column: str, rows: Iterable[tuple[int, int]], using: str = "default"
) -> None:
    """Add to a number of many rows: pairs of (what to add, id); one round trip, no value read in between."""
    connection = connections[using]
    quote = connection.ops.quote_name
    table, name = quote(model._meta.db_table), quote(_column(model, column))
    statement = f"UPDATE {table} SET {name} = {name} + %s WHERE id = %s"  # noqa: S608  # the model's own names
    values = list(rows)
    if values:
        with connection.cursor() as cursor:
            cursor.executemany(statement, values)
