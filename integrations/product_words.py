"""What a row of a push says to a person: each thing that would be otherwise, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.models import ProductPushRow

SHORT = 80  # characters of a description
VARIANTS = 12  # of which each is listed; more are counted


@dataclass(frozen=True, slots=True)
class Line:
    """One thing: what the store shows, what it would show. Empty: there is none."""

    label: str
    before: str
    after: str


def lines_of(row: ProductPushRow, currency: str) -> list[Line]:
    """In the order in which people look at a product. Without `after` (it cannot go) nothing."""
    before, after = row.before, row.after
    if not after:
        return []
    lines = [
        Line("Name", before.get("name", ""), after.get("name", "")),
        Line("Description", short(before.get("description", "")), short(after.get("description", ""))),
        Line("Options", options(before), options(after)),
    ]
    lines = [line for line in lines if line.before != line.after]
    return lines + (_of_variants(before, after, currency) if after.get("variants") else [])


def text_of(lines: Iterable[Line]) -> str:
    """For a file."""
    return "; ".join(f"{line.label}: {line.before or '–'} → {line.after or '–'}" for line in lines)


def skus_of(row: ProductPushRow) -> list[str]:
    return [one["sku"] for one in row.after.get("variants", ()) if one.get("sku")]


def short(text: str) -> str:
    first = " ".join(text.split())
    return first if len(first) <= SHORT else first[: SHORT - 1].rstrip() + "…"


def options(kept: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}: {', '.join(choices)}" for name, choices in kept.get("options", ()))


def _of_variants(before: Mapping[str, Any], after: Mapping[str, Any], currency: str) -> list[Line]:
    there = {one["uid"]: one for one in before.get("variants", ()) if one.get("uid")}
    changed: list[Line] = []
    added: list[Line] = []
    for one in after["variants"]:
        was = there.pop(one["uid"], None) if one["uid"] else None
        if was is None and one["visible"]:
            added += _line(one, {}, one, currency)
        elif was is not None and was != one:
            changed += _line(was, was, one, currency)
    lines = _listed(changed) + _listed(added)
    gone = [_named(one) or one["sku"] or "Its one variant" for one in there.values()]
    if gone:
        lines.append(Line("Variants that go", _some(gone), ""))
    return lines


FIELDS = {"sku": "SKU", "price": "Price", "barcode": "Barcode", "weight_grams": "Weight"}


def _line(named: Mapping[str, Any], was: Mapping[str, Any], now: Mapping[str, Any], currency: str) -> list[Line]:
    """A variant in one line; a product without variants with a line for each field."""
    differs = [name for name in FIELDS if was.get(name) != now.get(name)]
    told = [(name, _said(name, was.get(name), currency), _said(name, now.get(name), currency)) for name in differs]
    told = [one for one in told if one[1] or one[2]]
    if not named["choices"]:
        return [Line(FIELDS[name], before, after) for name, before, after in told]
    before, after = (", ".join(one[place] for one in told if one[place]) for place in (1, 2))
    return [Line(_named(named), before, after)]


def _listed(lines: Sequence[Line]) -> list[Line]:
    if len(lines) <= VARIANTS:
        return list(lines)
    return [*lines[:VARIANTS], Line(f"and {len(lines) - VARIANTS} more variants", "", "likewise")]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - VARIANTS} more" if len(names) > VARIANTS else ""
    return ", ".join(names[:VARIANTS]) + more


def _named(variant: Mapping[str, Any]) -> str:
    return ", ".join(variant["choices"])


def _said(name: str, value: Any, currency: str) -> str:
    if value in ("", None):
        return ""
    if name == "price":
        return f"{_price(value)} {currency}".strip()
    return f"{value} g" if name == "weight_grams" else str(value)


def _price(value: str) -> str:
    try:
        return f"{Decimal(value):.2f}"
    except InvalidOperation:
        return value
