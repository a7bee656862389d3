"""Reading a store's JSON with care: any field may be missing, and any may be of another type than promised."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import lru_cache
from hashlib import blake2b
from typing import Any, TypeVar

Json = dict[str, Any]
W = TypeVar("W")
NOTHING: Json = {}
BEYOND = Decimal(10) ** 14  # what a money column takes
FOUR_PLACES = Decimal("0.0001")


class Wrong(Exception):
    """What is odd about a record, as the end of a sentence: "has no lines"."""


def unreadable(field: str) -> Wrong:
    return Wrong(f'has an unreadable value in the field "{field}"')


def part(source: Json, field: str) -> Json:
    """The object in a field, empty when there is none."""
    value = source.get(field)
    if isinstance(value, dict):
        return value
    if value is None:
        return NOTHING
    raise unreadable(field)


def parts(source: Json, field: str) -> list[Json]:
    """The list of objects in a field, empty when there is none."""
    value = source.get(field)
    if not value and (value is None or value == []):
        return []
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise unreadable(field)


def text(source: Json, field: str, most: int) -> str:
    """Without NUL and outer white space, at most so many characters; "" when there is none."""
    value = source.get(field)
    if isinstance(value, str):
        return cleaned(value, most) if value else ""
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)[:most]
    raise unreadable(field)


def cleaned(value: str, most: int) -> str:
    if "\x00" in value:
        value = value.replace("\x00", "")
    value = value.strip()
    return value if len(value) <= most else value[:most].rstrip()


def word_of(source: Json, field: str, label: str, words: dict[str, W]) -> W:
    """What one of the store's words means. Raises Wrong for one that is missing, or that we do not know."""
    value = source.get(field)
    if value is None or value == "":
        raise Wrong(f"has no {label}")
    try:
        return words[value]
    except (KeyError, TypeError):
        raise Wrong(f'has the {label} "{cleaned(str(value), 60)}", which we do not know') from None


def key_text(value: str, most: int) -> str:
    """A key: cut by hashing its tail, so that two long keys stay two."""
    if len(value) <= most:
        return value
    return f"{value[: most - 33]}#{blake2b(value.encode(), digest_size=16).hexdigest()}"


def number(value: Any, field: str) -> Decimal:
    """A money amount or a weight. Raises Wrong for what is none, or is beyond what a column takes."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise unreadable(field)
    found = _decimal(value if isinstance(value, str) else repr(value))
    if found is None:
        raise unreadable(field)
    return found


@lru_cache(maxsize=4096)  # a shop has few prices
def _decimal(value: str) -> Decimal | None:
    try:
        found = Decimal(value)
        if not found.is_finite() or abs(found) >= BEYOND:
            return None
        exponent = found.as_tuple().exponent
        return found.quantize(FOUR_PLACES) if isinstance(exponent, int) and exponent < -4 else found
    except InvalidOperation:
        return None


def count(source: Json, field: str) -> int:
    """A whole number of pieces."""
    value = source.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        found = value
    else:
        if value is None or isinstance(value, bool):
            raise unreadable(field)
        exact = number(value, field)
        if exact != int(exact):
            raise unreadable(field)
        found = int(exact)
    if not 0 <= found <= 10_000_000:
        raise unreadable(field)
    return found
