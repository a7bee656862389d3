"""`number_key__prefix="1004"`: begins with, by an index on both databases.

Django's own startswith becomes LIKE, which SQLite answers without the index (it ignores case there). PostgreSQL needs
the index to be made with text_pattern_ops, whatever the database's collation.
"""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Lookup

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
