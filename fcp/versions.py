"""Versions of what a person saves: what each changed, in a list of them and in two side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

R = TypeVar("R", bound=Any)  # rows with a number


@dataclass(frozen=True, slots=True)
class Line:
    """One part of it in two versions, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version(Generic[R]):
    """A saved state: its row with number, who and when, and what it changed."""

    row: R
    lines: list[Line]
    current: bool


def with_changes(rows: Sequence[R], current: int, compare: Callable[[R, R], list[Line]]) -> list[Version[R]]:
    """`rows`: newest first. The last one is compared with nothing."""
    return [
        Version(row, compare(older, row) if older else [], row.number == current)
        for row, older in zip(rows, [*rows[1:], None], strict=True)
    ]
