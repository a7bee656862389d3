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


def lines_of(row: ProductPushRow) -> list[Line]:
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
    return lines + (_of_variants(before, after) if after.get("variants") else [])


def text_of(row: ProductPushRow) -> str:
    """For a file."""
    return "; ".join(f"{line.label}: {line.before or '–'} → {line.after or '–'}" for line in lines_of(row))


def skus_of(row: ProductPushRow) -> list[str]:
    return [one["sku"] for one in row.after.get("variants", ()) if one.get("sku")]


def short(text: str) -> str:
    first = " ".join(text.split())
    return first if len(first) <= SHORT else first[: SHORT - 1].rstrip() + "…"


def options(kept: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}: {', '.join(choices)}" for name, choices in kept.get("options", ()))


def _of_variants(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Line]:
    there = {one["uid"]: one for one in before.get("variants", ()) if one.get("uid")}
    changed: list[Line] = []
    added: list[Mapping[str, Any]] = []
    for one in after["variants"]:
        was = there.pop(one["uid"], None) if one["uid"] else None
        if was is None:
            if one["visible"]:
                added.append(one)
        elif was != one:
            changed.append(Line(_named(was) or "It", _facts(was, one), _facts(one, was)))
    lines = _listed(changed)
    lines += _listed([Line(_named(one) or "Price and SKU", "", _all(one)) for one in added])
    if there and not (len(there) == 1 and not before.get("options")):
        names = [_named(one) or one["sku"] for one in there.values()]
        lines.append(Line("Variants that go", _some(names), ""))
    elif there:
        lines.append(Line("Price and SKU", _all(next(iter(there.values()))), ""))
    return lines


def _listed(lines: Sequence[Line]) -> list[Line]:
    if len(lines) <= VARIANTS:
        return list(lines)
    more = len(lines) - VARIANTS
    return [*lines[:VARIANTS], Line(f"{more} more variants", "", "in the file of this list")]


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - VARIANTS} more" if len(listed) > VARIANTS else ""
    return ", ".join(listed[:VARIANTS]) + more


def _named(variant: Mapping[str, Any]) -> str:
    return ", ".join(variant["choices"])


FIELDS = (("sku", "SKU"), ("price", ""), ("barcode", "barcode"), ("weight_grams", ""))


def _facts(variant: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    said = [_said(name, label, variant[name]) for name, label in FIELDS if variant[name] != other[name]]
    return ", ".join(one for one in said if one)


def _all(variant: Mapping[str, Any]) -> str:
    return ", ".join(one for name, label in FIELDS if (one := _said(name, label, variant[name])))


def _said(name: str, label: str, value: Any) -> str:
    if value in ("", None):
        return ""
    if name == "price":
        return _price(value)
    return f"{value} g" if name == "weight_grams" else f"{label} {value}".strip()


def _price(value: str) -> str:
    try:
        return f"{Decimal(value):.2f}"
    except InvalidOperation:
        return value
