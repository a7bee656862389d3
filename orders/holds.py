"""Why an order waits: the kinds of holds, and the pure function that says which ones an order needs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from fcp.roles import May, who_may


class HoldKind(StrEnum):
    SHIP_CODE = "ship_code"
    SKU = "sku"
    LOCATION = "location"
    NO_WAREHOUSE = "no_warehouse"
    ADDRESS = "address"
    PAYMENT = "payment"
    REFUND = "refund"
    CANCELED_IN_STORE = "canceled_in_store"
    CHANGED_AFTER_RELEASE = "changed_after_release"
    REJECTED_BY_WAREHOUSE = "rejected_by_warehouse"
    PREORDER = "preorder"
    CUSTOMS = "customs"
    SHIP_METHOD = "ship_method"
    RULE = "rule"
    ADDRESS_CHECK = "address_check"
    PAYMENT_CHECK = "payment_check"
    OPERATOR = "operator"
    CLIENT = "client"
    FRAUD = "fraud"

    @property
    def label(self) -> str:
        return KINDS[self].label

    @property
    def needs(self) -> May:
        """The right to place or lift it."""
        return KINDS[self].needs

    @property
    def who(self) -> str:
        """Who has that right, as a sentence begins: "Owner and Admin"."""
        return who_may(self.needs)

    @property
    def in_sentence(self) -> str:
        """The label as it stands in the middle of a sentence: "ship code missing", "SKU unknown"."""
        return self.label if self.label[1:2].isupper() else self.label[:1].lower() + self.label[1:]


@dataclass(frozen=True, slots=True)
class KindOfHold:
    """`by_itself`: placed and lifted by us as the facts change. Otherwise a person (or a warehouse's answer) lifts it.

    `sentence` is for the merchant, `{word}` what the hold is about; `after_release`: of an order that a warehouse has
    it asks for a decision; `answerable`: a person may lift it too, and then it is not
    placed again on this order for the same cause; `needs`: the right to place or lift it.
    """

    label: str
    sentence: str
    by_itself: bool = False
    after_release: bool = False
    answerable: bool = False
    needs: May = May.WORK_ORDERS

    @property
    def liftable(self) -> bool:
        """A person may lift it."""
        return self.answerable or not self.by_itself


KINDS: dict[HoldKind, KindOfHold] = {
    HoldKind.SHIP_CODE: KindOfHold(
        "Ship code missing", "The shipping option “{word}” is not mapped to a ship code yet.", by_itself=True
    ),
    HoldKind.SKU: KindOfHold("SKU unknown", "“{word}” is not linked to a product yet.", by_itself=True),
    HoldKind.LOCATION: KindOfHold(
        "Location not mapped", "The store's location “{word}” is not mapped to a warehouse yet.", by_itself=True
    ),
    HoldKind.NO_WAREHOUSE: KindOfHold(
        "No warehouse", "No warehouse is chosen for this integration. Choose one in its settings.", by_itself=True
    ),
    HoldKind.ADDRESS: KindOfHold("Address incomplete", "The address lacks: {word}.", by_itself=True),
    HoldKind.PAYMENT: KindOfHold(
        "Waiting for payment",
        "The store shows the payment as {word}. It goes on by itself once it is paid.",
        by_itself=True,
    ),
    HoldKind.REFUND: KindOfHold(
        "Refunded in part",
        "Part of the money was refunded in the store. Say whether it still ships.",
        by_itself=True,
        after_release=True,
        answerable=True,
    ),
    HoldKind.CANCELED_IN_STORE: KindOfHold(
        "Canceled in the store",
        "The store canceled it after the warehouse took it.",
        after_release=True,
    ),
    HoldKind.CHANGED_AFTER_RELEASE: KindOfHold(
        "Changed after release", "It changed after the warehouse took it: {word}.", after_release=True
    ),
    HoldKind.REJECTED_BY_WAREHOUSE: KindOfHold("Rejected by the warehouse", "The warehouse will not ship it: {word}."),
    HoldKind.PREORDER: KindOfHold(
        "Sold ahead", "{word}. It goes on by itself on that day.", by_itself=True, answerable=True
    ),
    HoldKind.CUSTOMS: KindOfHold(
        "Customs data missing",
        "It goes abroad, and “{word}” has no customs code or no country of origin yet.",
        by_itself=True,
        answerable=True,
    ),
    HoldKind.SHIP_METHOD: KindOfHold(
        "Shipping option to look at",
        "Orders with the shipping option “{word}” wait until a person has seen them.",
        by_itself=True,
        answerable=True,
    ),
    HoldKind.RULE: KindOfHold("Held by a rule", "The rule “{word}” holds it.", by_itself=True, answerable=True),
    HoldKind.OPERATOR: KindOfHold("Held by the operator", "The operator holds it: {word}.", needs=May.OPERATE),
    HoldKind.CLIENT: KindOfHold("Held by hand", "Held by hand: {word}."),
    HoldKind.FRAUD: KindOfHold("Fraud check", "Held for a fraud check: {word}.", needs=May.CONNECT),
    HoldKind.ADDRESS_CHECK: KindOfHold("Address to check", "Held to check the address: {word}."),
    HoldKind.PAYMENT_CHECK: KindOfHold("Payment to check", "Held to check the payment: {word}."),
}

BY_ITSELF = tuple(kind for kind, of in KINDS.items() if of.by_itself)
BY_HAND = (HoldKind.CLIENT, HoldKind.ADDRESS_CHECK, HoldKind.PAYMENT_CHECK, HoldKind.FRAUD, HoldKind.OPERATOR)


@dataclass(frozen=True, slots=True)
class WantedHold:
    """A hold that the facts ask for. `cause` is the key of what one fix cures; `word` what a person reads of it; at
    `until` it is no longer wanted."""

    kind: HoldKind
    cause: str = ""
    word: str = ""
    until: dt.datetime | None = None


class SoldAhead(NamedTuple):
    """A product that is not there yet. Its orders go on at `until`, when the `day` begins in the account's zone."""

    product_id: int
    sku: str
    day: dt.date
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class HoldFacts:
    """What `wanted_holds` looks at. Each unmapped word is a pair (id of its mapping row, the word)."""

    ships: bool  # something of it goes to a warehouse
    closed: bool  # the store shows it canceled, rejected, refunded or already fulfilled
    pays_later: str = ""  # the payment word that the release gate does not let through, or empty
    unmapped_ship: tuple[int, str] | None = None
    unmapped_skus: tuple[tuple[int, str], ...] = ()
    unmapped_locations: tuple[tuple[int, str], ...] = ()
    has_warehouse: bool = True
    address_lacks: tuple[str, ...] = field(default=())
    preorders: tuple[SoldAhead, ...] = ()
    customs_lacks: tuple[tuple[int, str], ...] = ()  # (product id, SKU) of what goes abroad without customs data
    refunded_in_part: bool = False
    looked_at_ship: tuple[int, str] | None = None  # the mapping row of a way of shipping that a person wants to see
    rules: tuple[tuple[int, str], ...] = ()  # (rule id, name) of the rules that hold it


def wanted_holds(facts: HoldFacts) -> list[WantedHold]:
    """The holds that place and lift themselves, as the facts now ask for them."""
    if facts.closed or not facts.ships:
        return []
    holds = []
    if facts.pays_later:
        holds.append(WantedHold(HoldKind.PAYMENT, "", facts.pays_later))
    if facts.refunded_in_part:
        holds.append(WantedHold(HoldKind.REFUND))
    if facts.unmapped_ship:
        holds.append(WantedHold(HoldKind.SHIP_CODE, str(facts.unmapped_ship[0]), facts.unmapped_ship[1]))
    holds += [WantedHold(HoldKind.SKU, str(row), word) for row, word in dict(facts.unmapped_skus).items()]
    places = [WantedHold(HoldKind.LOCATION, str(row), word) for row, word in dict(facts.unmapped_locations).items()]
    holds += places
    if not places and not facts.has_warehouse:
        holds.append(WantedHold(HoldKind.NO_WAREHOUSE))
    if facts.address_lacks:
        holds.append(WantedHold(HoldKind.ADDRESS, "", ", ".join(facts.address_lacks)))
    for ahead in facts.preorders:
        word = f"{ahead.sku} is sold ahead until {day_words(ahead.day)}"
        holds.append(WantedHold(HoldKind.PREORDER, str(ahead.product_id), word, ahead.until))
    holds += [WantedHold(HoldKind.CUSTOMS, str(product), sku) for product, sku in facts.customs_lacks]
    if facts.looked_at_ship:
        holds.append(WantedHold(HoldKind.SHIP_METHOD, str(facts.looked_at_ship[0]), facts.looked_at_ship[1]))
    holds += [WantedHold(HoldKind.RULE, str(rule), name) for rule, name in facts.rules]
    return holds


def day_words(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"
