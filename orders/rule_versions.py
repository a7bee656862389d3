"""The versions of an order rule in words: what each changed, and two of them side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fcp.versions import Line, Version, with_changes

from .models import OrderRule, RuleVersion
from .rule_words import Names, actions_in_words, conditions_in_words

LISTED = 50


def versions_of(rule: OrderRule, names: Names) -> list[Version[RuleVersion]]:
    """The last ones, newest first, each with what it changed."""
    rows = list(RuleVersion.objects.filter(rule=rule).order_by("-number")[: LISTED + 1])
    return with_changes(rows, rule.version, lambda old, new: compared(old.document, new.document, names))[:LISTED]


def number_in(text: str, versions: Sequence[Version[RuleVersion]]) -> Version[RuleVersion] | None:
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
