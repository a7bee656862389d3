"""Rows in memory with sorted indexes, so that a page costs what it holds and not what the table holds."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from typing import Any

Row = Any
Getter = Callable[[Row, str], Any]


class BadFilter(ValueError):
    """A filter, sort or cursor the vendor would refuse; the text names what is wrong."""


def at_path(row: Any, path: str) -> Any:
    """The value under a dotted path; a list on the way gives the list of its elements' values."""
    for index, name in enumerate(parts := path.split(".")):
        if isinstance(row, list):
            rest = ".".join(parts[index:])
            return [found for item in row if (found := at_path(item, rest)) is not None]
        row = row.get(name) if isinstance(row, dict) else None
    return row


def sort_key(value: Any) -> tuple[int, Any]:
    """Values of one column in one order: nothing first, then numbers (as text or not), then text."""
    if value is None:
        return (0, 0)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return (1, str(value))
    if isinstance(value, str):
        return (2, int(value)) if value.isdecimal() and value.isascii() else (3, value)
    return (2, value)


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def check(value: Any, wanted: Any) -> bool:
        left, right = sort_key(value), sort_key(wanted)
        return left[0] == right[0] and test(left[1], right[1])

    return check


def _any(value: Any) -> list:
    return value if isinstance(value, list) else [value]


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, wanted: wanted in _any(value) or value == wanted,
    "$ne": lambda value, wanted: not (wanted in _any(value) or value == wanted),
    "$in": lambda value, wanted: any(item in wanted for item in value) if isinstance(value, list) else value in wanted,
    "$nin": lambda value, wanted: not any(item in wanted for item in _any(value)),
    "$hasSome": lambda value, wanted: any(item in wanted for item in _any(value)),
    "$hasAll": lambda value, wanted: all(item in _any(value) for item in wanted),
    "$exists": lambda value, wanted: (value is not None and value != []) == wanted,
    "$startsWith": lambda value, wanted: any(
        str(item or "").lower().startswith(wanted.lower()) for item in _any(value)
    ),
    "$gt": _compare(lambda a, b: a > b),
    "$gte": _compare(lambda a, b: a >= b),
    "$lt": _compare(lambda a, b: a < b),
    "$lte": _compare(lambda a, b: a <= b),
}
LISTS = {"$in", "$nin", "$hasSome", "$hasAll"}


def check_filter(condition: Any, fields: set[str] | None) -> None:
    """Raise BadFilter unless every field and operator is known."""
    if not isinstance(condition, dict):
        raise BadFilter("filter must be an object")
    for name, wanted in condition.items():
        if name in ("$and", "$or"):
            for part in wanted:
                check_filter(part, fields)
        elif name == "$not":
            check_filter(wanted, fields)
        elif name.startswith("$"):
            raise BadFilter(f"unknown operator {name}")
        elif fields is not None and name not in fields:
            raise BadFilter(f"cannot filter by {name}")
        elif isinstance(wanted, dict):
            for operator, value in wanted.items():
                if operator not in OPERATORS:
                    raise BadFilter(f"unknown operator {operator}")
                if operator in LISTS and not isinstance(value, list):
                    raise BadFilter(f"{operator} needs a list")


def predicate(condition: dict, get: Getter = at_path) -> Callable[[Row], bool]:
    """The test of a row that a filter stands for."""
    checks = [_check(name, wanted, get) for name, wanted in condition.items()]

    def check(row: Row) -> bool:
        for one in checks:  # noqa: SIM110  (all() of a generator doubles the time of a page)
            if not one(row):
                return False
        return True

    return check


def _check(name: str, wanted: Any, get: Getter) -> Callable[[Row], bool]:
    if name in ("$and", "$or"):
        parts, quantifier = [predicate(part, get) for part in wanted], all if name == "$and" else any
        return lambda row: quantifier(part(row) for part in parts)
    if name == "$not":
        inner = predicate(wanted, get)
        return lambda row: not inner(row)
    tests = [
        (OPERATORS[operator], _quick(operator, wish))
        for operator, wish in (wanted if isinstance(wanted, dict) else {"$eq": wanted}).items()
    ]
    if len(tests) == 1:
        test, wish = tests[0]
        return lambda row: test(get(row, name), wish)
    return lambda row: all(test(get(row, name), wish) for test, wish in tests)


def _quick(operator: str, wish: Any) -> Any:
    """A thousand ids are looked up, not gone through."""
    if operator in ("$in", "$nin", "$hasSome") and all(isinstance(item, str) for item in wish):
        return frozenset(wish)
    return wish


def matches(row: Row, condition: dict, get: Getter = at_path) -> bool:
    return predicate(condition, get)(row)


def _only_above(condition: dict, field: str) -> tuple[int, Any] | None:
    """What a column of numbers shall be above, where that is all that is asked."""
    wanted = condition.get(field) if len(condition) == 1 else None
    low = sort_key(wanted["$gt"]) if isinstance(wanted, dict) and list(wanted) == ["$gt"] else None
    return low if low and low[0] == 2 and field == "numericId" else None


class Table:
    """Rows by id. An index on some fields is made when first asked for, and kept from then on."""

    def __init__(self, get: Getter = at_path):
        self.get = get
        self.rows: dict[str, Row] = {}
        self.indexes: dict[tuple[str, ...], list[tuple]] = {}
        self.keys: dict[tuple[str, ...], dict[str, tuple]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def put(self, uid: str, row: Row) -> None:
        self.rows[uid] = row
        for fields, entries in self.indexes.items():
            self._drop(fields, uid)
            self.keys[fields][uid] = entry = self._entry(fields, uid, row)
            insort(entries, entry)

    def delete(self, uid: str) -> None:
        del self.rows[uid]
        for fields in self.indexes:
            self._drop(fields, uid)

    def _drop(self, fields: tuple[str, ...], uid: str) -> None:
        entry = self.keys[fields].pop(uid, None)
        if entry is not None:
            entries = self.indexes[fields]
            del entries[bisect_left(entries, entry)]

    def _entry(self, fields: tuple[str, ...], uid: str, row: Row) -> tuple:
        return (*(sort_key(self.get(row, field)) for field in fields), uid)

    def index(self, fields: tuple[str, ...]) -> list[tuple]:
        if fields not in self.indexes:
            self.keys[fields] = {uid: self._entry(fields, uid, row) for uid, row in self.rows.items()}
            self.indexes[fields] = sorted(self.keys[fields].values())
        return self.indexes[fields]

    def walk(
        self, condition: dict, fields: tuple[str, ...], descending: bool, after: tuple | None
    ) -> Iterator[tuple[tuple, Row]]:
        """(key, row) of the rows that match, in order, beginning after the key `after`."""
        entries = self.index(fields)
        position = len(entries) if descending else 0
        floor = condition.get(fields[0])
        if after is not None:
            position = bisect_left(entries, after) if descending else bisect_right(entries, after)
        elif not descending and isinstance(floor, dict) and (low := floor.get("$gte", floor.get("$gt"))) is not None:
            position = bisect_left(entries, (sort_key(low),))
        step, fits = -1 if descending else 1, predicate(condition, self.get)
        position -= descending
        while 0 <= position < len(entries):
            row = self.rows[entries[position][-1]]
            if fits(row):
                yield entries[position], row
            position += step

    def page(
        self, condition: dict, fields: tuple[str, ...], descending: bool, after: tuple | None, limit: int
    ) -> tuple[list[Row], tuple | None]:
        """Up to `limit` rows, and the key to go on after, or None at the end."""
        found: list[tuple[tuple, Row]] = []
        for entry in self.walk(condition, fields, descending, after):
            found.append(entry)
            if len(found) > limit:
                return [row for _, row in found[:limit]], found[limit - 1][0]
        return [row for _, row in found], None

    def offset(
        self, condition: dict, fields: tuple[str, ...], descending: bool, offset: int, limit: int
    ) -> tuple[list[Row], int]:
        """The rows from an offset, and how many match in all."""
        if not condition:
            entries = self.index(fields)
            some = entries[::-1][offset : offset + limit] if descending else entries[offset : offset + limit]
            return [self.rows[entry[-1]] for entry in some], len(entries)
        if not descending and (low := _only_above(condition, fields[0])) is not None:
            entries = self.index(fields)
            start = bisect_right(entries, low, key=lambda entry: entry[0])
            some = entries[start + offset : start + offset + limit]
            return [self.rows[entry[-1]] for entry in some], len(entries) - start
        found = [row for _, row in self.walk(condition, fields, descending, None)]
        return found[offset : offset + limit], len(found)
