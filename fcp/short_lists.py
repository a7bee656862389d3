"""A list of which each part has an index and the whole has none: several states, or one store in any state.

`IN` makes the database read and sort everything that matches. Short lists, one for each part and united, cost a page's
rows for each part, however long the list is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Self, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.models import Q, QuerySet

Row = TypeVar("Row", bound=models.Model)


class ShortLists(Generic[Row]):
    """Stands where a page is cut from a queryset (`fcp.keyset.page_of`, `walk`): filter, order_by, a slice.

    `parts` must not overlap; the order ends with the primary key.
    """

    def __init__(self, rows: QuerySet[Row], parts: Sequence[Q], order: Sequence[str] = ()) -> None:
        self.model, self._rows, self._parts, self._order = rows.model, rows, parts, order

    def filter(self, *args: Any, **kwargs: Any) -> Self:
        return type(self)(self._rows.filter(*args, **kwargs), self._parts, self._order)

    def order_by(self, *names: str) -> Self:
        return type(self)(self._rows, self._parts, names)

    def select_related(self, *names: str) -> Self:
        return type(self)(self._rows.select_related(*names), self._parts, self._order)

    def __getitem__(self, page: slice) -> list[Row]:
        """The first rows of all parts together, in order; only `[:n]`."""
        ids = self._ids(page.stop)
        # These few and nothing else: asked for the account or the order as well, SQLite walks the whole account.
        rows = self._rows.order_by()
        rows.query.clear_where()
        found = rows.in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]

    def _ids(self, most: int) -> list[int]:
        columns = [name.lstrip("-") for name in self._order]
        selects: list[str] = []
        params: list[Any] = []
        for number, part in enumerate(self._parts):
            ids = self._rows.select_related(None).filter(part).order_by(*self._order).values_list(*columns)[:most]
            try:
                sql, values = ids.query.sql_with_params()
            except EmptyResultSet:
                continue
            selects.append(f"SELECT * FROM ({sql}) AS part{number}")  # noqa: S608  # our own query, values apart
            params += values
        if not selects:
            return []
        order = ", ".join(f"{at} {'DESC' if name.startswith('-') else 'ASC'}" for at, name in enumerate(self._order, 1))
        with connections[self._rows.db].cursor() as cursor:
            cursor.execute(f"{' UNION ALL '.join(selects)} ORDER BY {order} LIMIT {int(most)}", params)
            return [row[-1] for row in cursor.fetchall()]
