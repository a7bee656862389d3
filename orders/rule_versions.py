"""The versions of an order rule in words: what each changed, and two of them side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .models import OrderRule, RuleVersion
from .rule_words import Names, actions_in_words, conditions_in_words

LISTED = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One part of a rule in two versions, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    row: RuleVersion
    lines: list[Line]
    current: bool


def versions_of(rule: OrderRule, names: Names) -> list[Version]:
    """The last ones, newest first, each with what it changed."""
    rows = list(RuleVersion.objects.filter(rule=rule).order_by("-number")[: LISTED + 1])
    found = []
    for row, older in zip(rows, [*rows[1:], None], strict=True):
        lines = compared(older.document, row.document, names) if older else []
        found.append(Version(row, lines, row.number == rule.version))
    return found[:LISTED]


def number_in(text: str, versions: Sequence[Version]) -> Version | None:
    return next((one for one in versions if str(one.row.number) == text), None)


def compared(before: Mapping[str, Any], after: Mapping[str, Any], names: Names) -> list[Line]:
    """What differs, in the order of the editor."""
    was, becomes = _said(before, names), _said(after, names)
    return [Line(label, was[label], becomes[label]) for label in becomes if was[label] != becomes[label]]


def _said(document: Mapping[str, Any], names: Names) -> dict[str, str]:
    state = "on" if document.get("enabled") else "deleted" if document.get("deleted") else "off"
    return {
        "Name": str(document.get("name", "")),
        "Switched": state,
        "Place": str(document.get("place", "")),
        "Fits": conditions_in_words(str(document.get("match")), document.get("conditions") or (), names),
        "Does": ", ".join(actions_in_words(document.get("actions") or ())) or "nothing",
    }
