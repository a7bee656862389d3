"""Why an order goes on, waits, or is skipped and kept for the record only: every condition of the second gate, met or
not.

It is read off what `orders.translation.meaning_of` decided, and decides nothing a second time. The first gate's
conditions are those of `orders.decide.import_decision`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from mappings.words import ListingRow, LocationRow

from .decide import is_closed
from .holds import HoldKind, WantedHold
from .labels import PAYMENTS
from .rule_book import Applied, Do
from .settings import OrderRules, Release
from .timeline import hold_sentence
from .translation import Chosen, Meaning, OrderWords

OPEN, SHIPS = "open", "ships"
RELEASES = {
    Release.PAID: "orders go when paid",
    Release.PAID_OR_COD: "orders go when paid, or when paid on delivery",
    Release.ANY: "orders go whatever the payment",
}


class Outcome(StrEnum):
    """The first gate knows SKIPPED too: each order that a store shows is exactly one of the three."""

    READY = "ready"  # nothing keeps it from a warehouse
    HELD = "held"
    SKIPPED = "skipped"  # closed in the store, or nothing in it ships: kept for the record, and never ready


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition. `code` is OPEN, SHIPS or a kind of hold; `cause` as the hold's, so that a word is told apart.

    `version` is that of the mapping that was used, `setting` the key of the setting that decides it.
    """

    code: str
    met: bool
    text: str
    cause: str = ""
    setting: str = ""
    version: int = 0
    rule: int = 0  # the one that set it

    @property
    def key(self) -> tuple[str, str]:
        return self.code, self.cause


@dataclass(frozen=True, slots=True)
class Names:
    """What ids stand for, for the texts."""

    products: Mapping[int, str] = field(default_factory=dict)
    warehouses: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explanation:
    outcome: Outcome
    clauses: tuple[Clause, ...]

    @property
    def unmet(self) -> tuple[Clause, ...]:
        return tuple(clause for clause in self.clauses if not clause.met)


NO_NAMES = Names()


def explain(
    words: OrderWords, rules: OrderRules, meaning: Meaning, chosen: Chosen, names: Names = NO_NAMES
) -> Explanation:
    """Every condition that decides whether this order may go to a warehouse, as `meaning_of` found it. One that is
    skipped names the condition that keeps it from being asked for anything else."""
    if is_closed(words.status, words.payment, words.fulfillment):
        text = "The store shows it canceled, refunded or fulfilled: it is kept for the record."
        return Explanation(Outcome.SKIPPED, (Clause(OPEN, False, text),))
    is_open = Clause(OPEN, True, "The store shows it open.")
    if not any(line.ships for line in words.lines):
        nothing = Clause(SHIPS, False, "Nothing in it ships: digital goods, services or gift cards only.")
        return Explanation(Outcome.SKIPPED, (is_open, nothing))
    clauses = {
        clause.key: clause
        for clause in (
            is_open,
            Clause(SHIPS, True, "Something in it ships."),
            *_met(words, rules, meaning, chosen, names),
        )
    }
    clauses |= {(hold.kind.value, hold.cause): _unmet(hold) for hold in meaning.holds}
    return Explanation(Outcome.HELD if meaning.holds else Outcome.READY, tuple(clauses.values()))


SETTINGS = {
    HoldKind.PAYMENT: "release",
    HoldKind.SHIP_CODE: "reject_unmapped",
    HoldKind.NO_WAREHOUSE: "warehouse",
    HoldKind.CUSTOMS: "customs",
}


def _unmet(hold: WantedHold) -> Clause:
    return Clause(hold.kind.value, False, hold_sentence(hold.kind.value, hold.word), hold.cause, _setting(hold.kind))


def _setting(kind: HoldKind) -> str:
    return SETTINGS.get(kind, "")


def _met(words: OrderWords, rules: OrderRules, meaning: Meaning, chosen: Chosen, names: Names) -> list[Clause]:
    """What each condition says where it is met; those that are not are put in their places afterwards."""
    paid = PAYMENTS.get(words.payment, words.payment)
    found = [_clause(HoldKind.PAYMENT, f"{paid}; {RELEASES[rules.release]}.")]
    if words.ship:
        found.append(_ship_option(words, meaning, chosen))
    found += [_listing(line.listing, names) for line in words.lines if line.ships and line.listing]
    found += _places(words, chosen, meaning, names)
    found.append(_clause(HoldKind.ADDRESS, "The address has all that its country asks for."))
    return found


def _clause(kind: HoldKind, text: str, cause: str = "", version: int = 0) -> Clause:
    return Clause(kind.value, True, text, cause, _setting(kind), version)


def _ship_option(words: OrderWords, meaning: Meaning, chosen: Chosen) -> Clause:
    row = words.ship
    assert row is not None
    said = row.title or row.code
    if chosen.ship_code is not None:
        return _clause(HoldKind.SHIP_CODE, f"Somebody set the ship code {chosen.ship_code} on this order.", str(row.pk))
    if rule := _setter(meaning, Do.SHIP_CODE):
        text = f"The rule “{rule.name}” sets the ship code {meaning.ship_code}."
        return replace(_clause(HoldKind.SHIP_CODE, text, str(row.pk), rule.version), rule=rule.pk)
    if not row.target:
        return _clause(HoldKind.SHIP_CODE, f"“{said}” goes to the warehouse as it is.", str(row.pk))
    return _clause(HoldKind.SHIP_CODE, f"“{said}” means {row.target}.", str(row.pk), row.version)


def _setter(meaning: Meaning, do: Do) -> Applied | None:
    """The rule that set it: the first one that did, and not beside a person or another rule."""
    return next((one for one in meaning.ruled.applied if any(d.do is do and not d.instead for d in one.did)), None)


def _listing(row: ListingRow, names: Names) -> Clause:
    product = names.products.get(row.product_id or 0, "a product")
    pieces = f" × {row.units}" if row.units != 1 else ""
    return _clause(HoldKind.SKU, f"“{row.sku or row.title}” is {product}{pieces}.", str(row.pk), row.version)


def _places(words: OrderWords, chosen: Chosen, meaning: Meaning, names: Names) -> list[Clause]:
    if chosen.warehouse_id:
        house = names.warehouses.get(chosen.warehouse_id, "a warehouse")
        return [_clause(HoldKind.NO_WAREHOUSE, f"Somebody chose {house} on this order.")]
    if rule := _setter(meaning, Do.WAREHOUSE):
        house = names.warehouses.get(meaning.warehouse_id or 0, "a warehouse")
        text = f"The rule “{rule.name}” sends it to {house}."
        return [replace(_clause(HoldKind.NO_WAREHOUSE, text, version=rule.version), rule=rule.pk)]
    found: list[Clause] = []
    for line in words.lines:
        place: LocationRow | None = line.location or words.location
        if not line.ships:
            continue
        if place is None:
            house = names.warehouses.get(meaning.warehouse_id or 0, "the warehouse of the settings")
            found.append(_clause(HoldKind.NO_WAREHOUSE, f"It ships from {house}."))
        else:
            house = names.warehouses.get(place.warehouse_id or 0, "a warehouse")
            text = f"The store's location “{place.name or place.uid}” is {house}."
            found.append(_clause(HoldKind.LOCATION, text, str(place.pk), place.version))
    return found
