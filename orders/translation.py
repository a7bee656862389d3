"""An order's foreign words turned into ours, and what is missing: pure, from mapping rows to what a warehouse reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mappings.words import ListingRow, LocationRow, ShipRow

from .customs import goes_abroad
from .decide import is_closed, may_release
from .goods import NO_GOODS, Goods
from .holds import HoldFacts, WantedHold, wanted_holds
from .rule_book import CLOSED, NOTHING_RULED, NOTHING_SHIPS, AboutOrder, RuleFacts, RuleOutcome, decide
from .settings import OrderRules
from .shapes import Payment


@dataclass(frozen=True, slots=True)
class LineWords:
    """One line's words: the listing and the location it names, and whether it goes to a warehouse at all."""

    listing: ListingRow | None
    location: LocationRow | None
    ships: bool


@dataclass(frozen=True, slots=True)
class LineMeaning:
    """`listing` and `place` are the rows that decided the product and the warehouse; no place where a person, a rule or
    the settings chose the warehouse."""

    product_id: int | None
    units: int
    mapping_version: int
    warehouse_id: int | None
    listing: ListingRow | None = None
    place: LocationRow | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an order's words mean here, and the holds that what is missing asks for.

    `mapped`: the ship code is the mapping's, and not one that a person or a rule set.
    """

    ship_code: str
    carrier: str
    service: str
    mapping_version: int
    warehouse_id: int | None
    lines: tuple[LineMeaning, ...]
    holds: tuple[WantedHold, ...]
    ruled: RuleOutcome = NOTHING_RULED
    mapped: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person set by hand on this order; it stands whatever the mappings say. None: nothing set.

    Carrier and service are those of the ship code.
    """

    ship_code: str | None = None
    warehouse_id: int | None = None
    carrier: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class OrderWords:
    """What the store says of one order, as far as it needs a meaning."""

    status: str
    payment: str
    fulfillment: str
    cash_on_delivery: bool
    ship: ShipRow | None
    location: LocationRow | None
    lines: Sequence[LineWords]
    address_lacks: tuple[str, ...]
    country: str = ""  # where it goes; empty for one that the buyer picks up
    postcode: str = ""
    goods: Goods = NO_GOODS
    about: AboutOrder | None = None  # what the account's rules ask; needed only where there are any


NOTHING_CHOSEN = Chosen()


def meaning_of(order: OrderWords, rules: OrderRules, chosen: Chosen = NOTHING_CHOSEN) -> Meaning:
    """Translate one order. An unknown word is never guessed: it becomes a hold, or (by setting) passes unchanged.

    What a person chose stands above the account's rules, and these above the mappings.
    """
    ship_code, carrier, service, unmapped_ship = _ship(order.ship, rules)
    ruled = ruled_by(order, rules, chosen)
    if chosen.ship_code is not None:
        ship_code, carrier, service, unmapped_ship = chosen.ship_code, chosen.carrier, chosen.service, None
    elif code := ruled.ship_code:
        ship_code, carrier, service, unmapped_ship = code.value, code.carrier, code.service, None
    set_warehouse = chosen.warehouse_id or ruled.warehouse_id
    lines = tuple(_line(line, order.location, rules, set_warehouse) for line in order.lines)
    unmapped_skus = tuple(
        (line.listing.pk, line.listing.sku or line.listing.title)
        for line in order.lines
        if line.ships and line.listing and line.listing.product_id is None
    )
    ships = [meaning for meaning, line in zip(lines, order.lines, strict=True) if line.ships]
    warehouses = [meaning.warehouse_id for meaning in ships]
    shipped_from = [(meaning.product_id, meaning.warehouse_id) for meaning in ships]
    facts = HoldFacts(
        ships=any(line.ships for line in order.lines),
        closed=is_closed(order.status, order.payment, order.fulfillment),
        pays_later=_pays_later(order, rules),
        refunded_in_part=order.payment == Payment.PARTLY_REFUNDED,
        unmapped_ship=unmapped_ship,
        unmapped_skus=unmapped_skus,
        unmapped_locations=() if set_warehouse else _unmapped_locations(order),
        has_warehouse=all(warehouses),
        address_lacks=order.address_lacks,
        preorders=order.goods.sold_ahead((meaning.product_id for meaning in ships), rules.zone),
        customs_lacks=order.goods.lacking(shipped_from, order.country, order.postcode) if rules.customs else (),
        looked_at_ship=(order.ship.pk, order.ship.title or order.ship.code) if order.ship and order.ship.hold else None,
        rules=tuple((one.pk, one.name) for one in ruled.applied if one.holds),
    )
    return Meaning(
        ship_code=ship_code,
        carrier=carrier,
        service=service,
        mapping_version=order.ship.version if order.ship else 0,
        warehouse_id=next((w for w in warehouses if w), set_warehouse or rules.warehouse_id),
        lines=lines,
        holds=tuple(wanted_holds(facts)),
        ruled=ruled,
        mapped=bool(order.ship and order.ship.target) and chosen.ship_code is None and ruled.ship_code is None,
    )


def ruled_by(order: OrderWords, rules: OrderRules, chosen: Chosen = NOTHING_CHOSEN) -> RuleOutcome:
    """What the account's rules do with one order."""
    if not rules.book or order.about is None:
        return NOTHING_RULED
    return decide(
        rules.book,
        facts_for_rules(order, rules, chosen),
        code_chosen=chosen.ship_code is not None,
        warehouse_chosen=chosen.warehouse_id is not None,
        kept=_kept(order),
    )


def _kept(order: OrderWords) -> str:
    """Why it never goes to a warehouse, so that no rule holds it."""
    if is_closed(order.status, order.payment, order.fulfillment):
        return CLOSED
    return "" if any(line.ships for line in order.lines) else NOTHING_SHIPS


def facts_for_rules(order: OrderWords, rules: OrderRules, chosen: Chosen = NOTHING_CHOSEN) -> RuleFacts:
    """The order as rules see it: by its mappings and by what a person chose, before any rule."""
    assert order.about is not None
    ship_code, carrier, _, _ = _ship(order.ship, rules)
    if chosen.ship_code is not None:
        ship_code, carrier = chosen.ship_code, chosen.carrier
    places = [
        _line(line, order.location, rules, chosen.warehouse_id).warehouse_id for line in order.lines if line.ships
    ]
    warehouse = next((place for place in places if place), chosen.warehouse_id or rules.warehouse_id)
    starts = order.goods.countries.get(warehouse or 0, "")
    return RuleFacts(
        order=order.about,
        shipping_option=(order.ship.title or order.ship.code) if order.ship else "",
        ship_code=ship_code,
        carrier=carrier,
        warehouse_id=warehouse,
        abroad=bool(starts) and goes_abroad(starts, order.country, order.postcode),
    )


def _pays_later(order: OrderWords, rules: OrderRules) -> str:
    passes = may_release(order.payment, order.cash_on_delivery, rules.release, order.status)
    return "" if passes else order.payment


def _ship(row: ShipRow | None, rules: OrderRules) -> tuple[str, str, str, tuple[int, str] | None]:
    if row is None:
        return "", "", "", None
    if row.target:
        return row.target, row.target_carrier, row.target_service, None
    if rules.reject_unmapped:
        return "", "", "", (row.pk, row.title or row.code)
    return (row.code or row.title)[:100], "", "", None


def _line(line: LineWords, order_location: LocationRow | None, rules: OrderRules, warehouse: int | None) -> LineMeaning:
    place = None if warehouse else line.location or order_location
    return LineMeaning(
        product_id=line.listing.product_id if line.listing else None,
        units=line.listing.units if line.listing else 1,
        mapping_version=line.listing.version if line.listing else 0,
        warehouse_id=place.warehouse_id if place else warehouse or rules.warehouse_id,
        listing=line.listing,
        place=place,
    )


def _unmapped_locations(order: OrderWords) -> tuple[tuple[int, str], ...]:
    """Named locations without a warehouse. Where none is named, the default warehouse ships (TECH-54)."""
    named = [line.location or order.location for line in order.lines if line.ships]
    return tuple((place.pk, place.name or place.uid) for place in named if place and not place.warehouse_id)
