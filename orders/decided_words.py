"""The timeline's words for how an order was understood: what `orders.decided_by` kept, with the version of each mapping
and of the settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from inventory.models import Product, Warehouse

Params = Mapping[str, Any]
PARTS = ("lines", "places")  # what an event names one by one


def by_settings(p: Params) -> str:
    return f", by version {p['settings']} of the settings" if p.get("settings") else ""


def imported_words(p: Params) -> str:
    """Sentences, each with a space before it."""
    text = f" It goes as {_code(p)}." if p.get("mapping") else ""
    text += lines_words(p)
    if places := p.get("places"):
        text += f" It ships from {'; from '.join(f'{_warehouse(place)}{_by_place(place)}' for place in places)}."
    return text


def lines_words(p: Params) -> str:
    said = "; ".join(f"{_sku(line)} is {_product(line)}" for line in p.get("lines") or ())
    return f" {said}{_more(p)}." if said else ""


def lifted_words(p: Params) -> str:
    if not p.get("mapping"):
        return ""
    if p.get("product"):
        return f" It is {_product(p)}."
    if p.get("warehouse"):
        return f" It is {_warehouse(p)}, by version {p['mapping']} of its mapping."
    return f" It goes as {_code(p)}."


def translated_words(p: Params) -> str:
    said = []
    if p.get("was"):
        said.append(f"It goes as {_code(p)}; it was {p['was']} before.")
    elif p.get("way") or p.get("was_way"):
        way = f"with {p['way']}" if p.get("way") else "without a carrier"
        before = f"it was {p['was_way']} before" if p.get("was_way") else "it named no carrier before"
        said.append(f"It goes {way} as {_code(p)}; {before}.")
    if p.get("was_warehouse"):
        how = ", by a rule" if p.get("sent_by_rule") else _by_place(p) or by_settings(p)
        said.append(f"It ships from {_warehouse(p)} now{how}.")
    for line in p.get("lines") or ():
        if line.get("product"):
            said.append(f"{_sku(line)} is {_product(line)}; it was {_name(line, 'was', 'was_units')} before.")
        if line.get("warehouse"):
            said.append(f"{_sku(line)} ships from {_warehouse(line)} now{_by_place(line) or by_settings(p)}.")
    if p.get("more_lines"):
        said.append(f"The same goes for {_lines(p['more_lines'])} more.")
    return " ".join(said) or "It is understood in another way now."


def _code(p: Params) -> str:
    """A ship code with what decided it: "STD-EU, by version 3 of its mapping"."""
    code = p.get("ship_code") or "another ship code"
    if p.get("mapping"):
        return f"{code}, by version {p['mapping']} of its mapping"
    return f"{code}, by a rule" if p.get("ruled") else str(code)


def _product(p: Params) -> str:
    version = f", by version {p['mapping']} of its mapping" if p.get("mapping") else ""
    return f"{_name(p, 'product', 'units')}{version}"


def _name(p: Params, name: str, units: str) -> str:
    many = f" × {p[units]}" if p.get(units, 1) != 1 else ""
    return f"{p[name]}{many}"


def _sku(line: Params) -> str:
    return f"“{line['sku']}”" if line.get("sku") else "A line without an SKU"


def _warehouse(p: Params) -> str:
    return str(p.get("warehouse") or "The warehouse")


def _by_place(p: Params) -> str:
    return f", by version {p['place_mapping']} of the mapping of “{p['place']}”" if p.get("place") else ""


def _more(p: Params) -> str:
    return f"; and {_lines(p['more_lines'])} more" if p.get("more_lines") else ""


def _lines(number: int) -> str:
    return "one line" if number == 1 else f"{number} lines"


# --- names for ids ---------------------------------------------------------------------------------------------------


def with_names(events: Iterable[Params]) -> list[dict[str, Any]]:
    """The parameters of events with the names of warehouses and products in place of their ids: one statement for
    each of both."""
    named: list[dict[str, Any]] = [dict(p) for p in events]
    for p in named:
        p.update({name: [dict(part) for part in p[name]] for name in PARTS if name in p})
    them = [*named, *(part for p in named for name in PARTS for part in p.get(name, ()))]
    _name_each(them, ("warehouse",), Warehouse, "name")
    _name_each(them, ("product", "was"), Product, "sku")
    return named


def _name_each(
    them: list[dict[str, Any]], keys: tuple[str, ...], model: type[Warehouse | Product], column: str
) -> None:  # fmt: skip
    ids = {p[key] for p in them for key in keys if isinstance(p.get(key), int)}
    names = dict(model._default_manager.filter(pk__in=ids).values_list("pk", column)) if ids else {}
    for p in them:
        p.update({key: names.get(p[key], p[key]) for key in keys if isinstance(p.get(key), int)})
