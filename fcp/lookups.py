"""Lookups beside Django's own, for both databases.

`number_key__prefix="1004"`: begins with, by an index. Django's own startswith becomes LIKE, which SQLite answers
without the index (it ignores case there). PostgreSQL needs the index to be made with text_pattern_ops, whatever the
database's collation.

`id__among={1, 2, 3}`: one of a thousand numbers or texts, as one parameter. Django's own `in` prepares, names and binds
each of them, which costs more than finding the rows. Give a set or a dictionary: a list is looked through once more.
"""

from __future__ import annotations

from typing import Any

import orjson
from django.db.models import CharField, Field, ForeignObject, Lookup

LAST = "\U0010ffff"


@CharField.register_lookup
class Prefix(Lookup):
    lookup_name = "prefix"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """SQLite: texts compare byte by byte, so everything between the prefix and its end."""
        left, left_params = self.process_lhs(compiler, connection)
        return f"({left} >= %s AND {left} < %s)", (*left_params, self.rhs, *left_params, f"{self.rhs}{LAST}")

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        return f"{left} LIKE %s", (*left_params, f"{connection.ops.prep_for_like_query(self.rhs)}%")


@ForeignObject.register_lookup
@Field.register_lookup
class Among(Lookup):
    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        values = orjson.dumps(list(self.rhs)).decode()
        return f"{left} IN (SELECT value FROM json_each(%s))", (*left_params, values)  # noqa: S608  # a column's name

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s)", (*left_params, list(self.rhs))
