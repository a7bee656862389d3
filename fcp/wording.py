"""Several things in one sentence: named one after the other, or counted."""

from __future__ import annotations

from collections.abc import Iterable


def listed(words: Iterable[object], last: str = "and") -> str:
    """ "one", "one and two", "one, two and three"."""
    *more, end = [str(word) for word in words] or [""]
    return f"{', '.join(more)} {last} {end}" if more else end


def plural(number: int, words: str) -> str:
    """`plural(n, "order,orders")`: "1 order", "37 orders"."""
    one, _, many = words.partition(",")
    return f"{number:,} {one if number == 1 else many or one + 's'}"
