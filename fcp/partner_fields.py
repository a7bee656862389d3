"""What a partner asks to be told of each store that it ships for (`Partner.fields_needed`), and what it can do.

A field is {"key", "label"} with, where wanted, "help", "required", "kind" and "platforms" (keys of platforms; without
it the field is asked for whatever the store is). It is checked where it is written: in the API and in the admin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fcp.models import Partner

ALIASES = "alias_download"  # among a partner's capabilities: True, False, or missing while it has not said
KINDS = ("text", "number", "yes_no")
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
KNOWN = {"key", "label", "help", "required", "kind", "platforms"}
MOST_FIELDS, LONGEST_LABEL, LONGEST_HELP = 50, 120, 300


@dataclass(frozen=True, slots=True)
class NeededField:
    """One value that a partner wants with each shipping request of a store."""

    key: str
    label: str
    help: str = ""
    required: bool = False
    kind: str = "text"
    platforms: tuple[str, ...] = ()


def fields_needed(partner: Partner | None, platform: str) -> list[NeededField]:
    """What this partner asks for of a store of this platform, in its own order; nothing without a partner."""
    if partner is None or wrong_in(partner.fields_needed):
        return []
    fields = [_field(one) for one in partner.fields_needed]
    return [one for one in fields if not one.platforms or platform in one.platforms]


def _field(one: Mapping[str, Any]) -> NeededField:
    given = {name: value for name, value in one.items() if value is not None}
    return NeededField(**{**given, "platforms": tuple(given.get("platforms", ()))})


def wrong_in(value: Any) -> str:
    """What is wrong with a list of fields, in one sentence; empty where nothing is."""
    if not isinstance(value, list):
        return "Give a list of fields."
    if len(value) > MOST_FIELDS:
        return f"At most {MOST_FIELDS} fields can be asked for."
    if wrong := next(filter(None, map(_wrong_in_one, value)), ""):
        return wrong
    keys = [one["key"] for one in value]
    return "Each key may stand here once." if len(set(keys)) < len(keys) else ""


def _wrong_in_one(one: Any) -> str:
    if not isinstance(one, dict):
        return "Each field is an object with a key and a label."
    if unknown := sorted(str(name) for name in set(one) - KNOWN):
        return f"“{unknown[0][:40]}” is nothing that a field has."
    key, label, text = one.get("key"), one.get("label"), one.get("help", "")
    if not isinstance(key, str) or not KEY.fullmatch(key):
        return "A key is a word of at most 40 small letters, digits and _, and begins with a letter."
    if not isinstance(label, str) or not 0 < len(label.strip()) <= LONGEST_LABEL:
        return f"The field {key} needs a label of at most {LONGEST_LABEL} characters."
    if not isinstance(text, str) or len(text) > LONGEST_HELP:
        return f"The help of {key} is a text of at most {LONGEST_HELP} characters."
    if not isinstance(one.get("required", False), bool):
        return f"Whether {key} is required is true or false."
    if one.get("kind", "text") not in KINDS:
        return f"The kind of {key} is one of: {', '.join(KINDS)}."
    platforms = one.get("platforms", [])
    if not isinstance(platforms, list) or not all(isinstance(name, str) for name in platforms):
        return f"The platforms of {key} are a list of texts."
    return ""


def downloads_aliases(partner: Partner) -> bool | None:
    """Whether product aliases can be read from it; None while it has not said."""
    said = partner.capabilities.get(ALIASES) if isinstance(partner.capabilities, dict) else None
    return said if isinstance(said, bool) else None
