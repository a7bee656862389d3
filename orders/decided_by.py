"""What the events of an order keep of how its words were understood: what each means, and by which version of its
mapping. Pure; `orders.timeline` says it in words.

An order that a warehouse has keeps nothing else of it: its mappings go on without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mappings.words import ListingRow, LocationRow

from .holds import HoldKind
from .line_rows import LineNow
from .models import Order
from .translation import LineMeaning, Meaning

MOST_LINES = 10  # that one event names; of the others it has the number

Params = dict[str, Any]


def code_by(meaning: Meaning) -> Params:
    """The ship code and the version of its mapping; nothing where a person or a rule chose it."""
    if not meaning.mapped:
        return {}
    return {"ship_code": meaning.ship_code, "mapping": meaning.mapping_version}


def imported_by(skus: Iterable[str], meaning: Meaning) -> Params:
    """Of an order that comes in: its ship code, and each product and warehouse that somebody mapped by hand."""
    lines, places = {}, {}
    for sku, line in zip(skus, meaning.lines, strict=True):
        if line.product_id and line.mapping_version and line.listing:
            lines[line.listing.pk] = {"sku": sku} | _product(line)
        if line.place and line.place.version and line.warehouse_id:
            places[line.place.pk] = _by_place(line.place) | {"warehouse": line.warehouse_id}
    return code_by(meaning) | _listed("lines", list(lines.values())) | _listed("places", list(places.values()))


def came_by(sku: str, listing: ListingRow) -> list[Params]:
    """Of a line that comes to an order: its product, where somebody mapped it by hand."""
    if not (listing.product_id and listing.version):
        return []
    return [{"sku": sku, "product": listing.product_id, "units": listing.units, "mapping": listing.version}]


def freed_by(kind: str, cause: str, meaning: Meaning) -> Params:
    """Of a hold that is lifted: what the word means now that the order waited for."""
    if kind == HoldKind.SHIP_CODE:
        return code_by(meaning)
    for line in meaning.lines:
        if kind == HoldKind.SKU and line.product_id and line.listing and str(line.listing.pk) == cause:
            return _product(line)
        if kind == HoldKind.LOCATION and line.warehouse_id and line.place and str(line.place.pk) == cause:
            return {"warehouse": line.warehouse_id, "mapping": line.place.version}
    return {}


def otherwise(order: Order, lines: Sequence[LineNow], meaning: Meaning, settings: int) -> Params:
    """How this order was understood until now, as far as that was another thing, with what decides it now. `order` and
    `lines` are as they were; lines that do not ship are left out. Empty where it means what it meant.
    """
    moved = _moved(order, meaning)
    told = _another_way(order, meaning) | moved
    of_lines = []
    for was, line in zip(lines, meaning.lines, strict=True):
        if was.ships and (what := _of_line(was, line, (order.warehouse_id, meaning.warehouse_id) if moved else None)):
            of_lines.append({"sku": was.sku} | what)
    told |= _listed("lines", of_lines)
    return told | {"settings": settings} if told else {}


def _another_way(order: Order, meaning: Meaning) -> Params:
    if not (order.ship_code and meaning.ship_code):
        return {}  # a hold says it
    now: Params = {"ship_code": meaning.ship_code} | code_by(meaning)
    if meaning.ruled.ship_code and not meaning.mapped:
        now["ruled"] = True
    if order.ship_code != meaning.ship_code:
        return {"was": order.ship_code} | now
    was_way, way = _way(order.carrier, order.service), _way(meaning.carrier, meaning.service)
    return {"was_way": was_way, "way": way} | now if was_way != way else {}


def _way(carrier: str, service: str) -> str:
    return f"{carrier} {service}".strip()


def _moved(order: Order, meaning: Meaning) -> Params:
    was, now = order.warehouse_id, meaning.warehouse_id
    if not was or not now or was == now:
        return {}
    moved: Params = {"was_warehouse": was, "warehouse": now}
    if place := next((line.place for line in meaning.lines if line.place and line.warehouse_id == now), None):
        return moved | _by_place(place)
    return moved | ({"sent_by_rule": True} if meaning.ruled.warehouse_id == now else {})


def _of_line(was: LineNow, line: LineMeaning, moved: tuple[int | None, int | None] | None) -> Params:
    """Another product, or another warehouse but for one that `moved` as the order did."""
    told: Params = {}
    if was.product_id and line.product_id and (was.product_id, was.units) != (line.product_id, line.units):
        told = {"was": was.product_id, "was_units": was.units} | _product(line)
    between = (was.warehouse_id, line.warehouse_id)
    if all(between) and was.warehouse_id != line.warehouse_id and between != moved:
        told |= {"was_warehouse": was.warehouse_id, "warehouse": line.warehouse_id}
        if line.place:
            told |= _by_place(line.place)
    return told


def _product(line: LineMeaning) -> Params:
    return {"product": line.product_id, "units": line.units, "mapping": line.mapping_version}


def _by_place(place: LocationRow) -> Params:
    return {"place": place.name or place.uid, "place_mapping": place.version}


def _listed(name: str, them: list[Params]) -> Params:
    more = {f"more_{name}": len(them) - MOST_LINES} if len(them) > MOST_LINES else {}
    return {name: them[:MOST_LINES], **more} if them else {}
