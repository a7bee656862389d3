"""What an account's order rules do with an order: its fields, conditions and actions as tables, and `decide`.

Pure. Intake, the trial on the last orders and the explanation of an order ask the same `decide`. A rule looks at what
the store, the mappings and persons say of an order, never at what another rule did: the order of the rules decides only
whose ship code and whose warehouse counts. It looks at no clock, so an order fulfils it today as it did yesterday.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

Document = Mapping[str, Any]
Test = Callable[[Any], bool]


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    CHOICE = "choice"
    YES_NO = "yes_no"
    COUNTRY = "country"


class Is(StrEnum):
    """How a field is compared. `IS_NOT` is the plain opposite of `ONE_OF`: also what is not there is not it."""

    IS = "is"
    IS_NOT = "is_not"
    ONE_OF = "one_of"
    BEGINS = "begins"
    CONTAINS = "contains"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    YES = "yes"
    NO = "no"

    @property
    def label(self) -> str:
        return OPERATORS[self]


OPERATORS: dict[Is, str] = {
    Is.IS: "is",
    Is.IS_NOT: "is not",
    Is.ONE_OF: "is one of",
    Is.BEGINS: "begins with",
    Is.CONTAINS: "contains",
    Is.AT_LEAST: "is at least",
    Is.AT_MOST: "is at most",
    Is.YES: "yes",
    Is.NO: "no",
}
EQUAL = (Is.IS, Is.IS_NOT, Is.ONE_OF)
WORDS = (*EQUAL, Is.BEGINS, Is.CONTAINS)
BOUNDS = (Is.AT_LEAST, Is.AT_MOST)


class AboutOrder(NamedTuple):
    """What the store says of one order, as far as rules ask. No person in it.

    `weight` in grams, None as long as one of its lines has none; `options` are the names of what was chosen or typed
    ("Size", "Engraving"); `lines` and `units` count what ships.
    """

    store_id: int
    currency: str
    total: Decimal
    channel: str = ""
    country: str = ""
    region: str = ""
    postcode: str = ""
    units: int = 0
    lines: int = 0
    weight: int | None = None
    skus: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    payment: str = ""
    cash_on_delivery: bool = False
    pickup: bool = False
    buyer_note: bool = False
    gift_note: bool = False


class RuleFacts(NamedTuple):
    """An order as the rules see it: what the store says, and what mappings and persons made of it."""

    order: AboutOrder
    shipping_option: str = ""
    ship_code: str = ""
    carrier: str = ""
    warehouse_id: int | None = None
    abroad: bool = False  # it crosses a customs border


# --- fields --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """Something that a condition can ask. `take` gives its value: folded texts, a number, (amount, currency) or a bool.

    `many`: several texts, of which one must fit (of `IS_NOT`: none).
    """

    key: str
    label: str
    kind: Kind
    take: Callable[[RuleFacts], Any]
    operators: tuple[Is, ...]
    many: bool = False
    unit: str = ""
    help: str = ""


def _text(key: str, label: str, take: Callable[[RuleFacts], str], help: str = "") -> Field:
    return Field(key, label, Kind.TEXT, lambda facts: take(facts).casefold(), WORDS, help=help)


def _texts(key: str, label: str, name: str, help: str = "") -> Field:
    get = attrgetter(f"order.{name}")
    return Field(key, label, Kind.TEXT, lambda facts: tuple(map(str.casefold, get(facts))), WORDS, many=True, help=help)


def _number(key: str, label: str, name: str, unit: str = "", help: str = "") -> Field:
    return Field(key, label, Kind.NUMBER, attrgetter(f"order.{name}"), (Is.IS, *BOUNDS), unit=unit, help=help)


def _yes_no(key: str, label: str, name: str, help: str = "") -> Field:
    return Field(key, label, Kind.YES_NO, attrgetter(f"order.{name}"), (Is.YES, Is.NO), help=help)


ABROAD = "abroad"

FIELDS: dict[str, Field] = {
    field.key: field
    for field in (
        Field("integration", "Integration", Kind.CHOICE, lambda f: str(f.order.store_id), EQUAL),
        _text("channel", "Sales channel in the store", lambda f: f.order.channel, "As the store names it: web, pos."),
        Field(
            ABROAD, "Goes abroad", Kind.YES_NO, lambda f: f.abroad, (Is.YES, Is.NO),
            help="It leaves the customs area of its warehouse. Where a country is unknown: no.",
        ),
        Field("country", "Country", Kind.COUNTRY, lambda f: f.order.country.casefold(), EQUAL),
        _text("region", "State or province", lambda f: f.order.region, "By its code: NY, BY."),
        _text("postcode", "Postcode", lambda f: f.order.postcode),
        Field(
            "total", "Total", Kind.MONEY, lambda f: (f.order.total, f.order.currency), BOUNDS,
            help="Compared only with orders in the same currency.",
        ),
        _number("units", "Pieces that ship", "units"),
        _number("lines", "Lines that ship", "lines"),
        _number("weight", "Weight", "weight", "g", "An order with a product of unknown weight never fits."),
        _texts("sku", "SKU in the order", "skus"),
        _texts("option", "Option of a product", "options", "What was chosen or typed, by its name: Engraving."),
        _text("shipping_option", "Shipping option", lambda f: f.shipping_option, "As the store calls it."),
        _text("ship_code", "Ship code", lambda f: f.ship_code, "By the mapping, or as a person set it."),
        _text("carrier", "Carrier", lambda f: f.carrier),
        Field("warehouse", "Warehouse", Kind.CHOICE, lambda f: str(f.warehouse_id or ""), EQUAL),
        Field("payment", "Payment", Kind.CHOICE, lambda f: f.order.payment, EQUAL),
        _yes_no("cash_on_delivery", "Cash on delivery", "cash_on_delivery"),
        _yes_no("pickup", "Pickup", "pickup"),
        _yes_no("buyer_note", "Has a note of the buyer", "buyer_note"),
        _yes_no("gift_note", "Has a gift note", "gift_note"),
    )
}  # fmt: skip


# --- conditions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition:
    """One row of a rule's table, made ready. One that names what is no longer offered is never met."""

    field: Field | None
    operator: Is | None
    values: tuple[str, ...]
    test: Test


def _never(value: Any) -> bool:
    return False


def condition_of(document: Document) -> Condition:
    field = FIELDS.get(str(document.get("field")))
    operator = next((one for one in Is if one.value == document.get("is")), None)
    values = tuple(str(value) for value in document.get("values") or ())
    if field is None or operator is None or operator not in field.operators:
        return Condition(field, operator, values, _never)
    return Condition(field, operator, values, _test(field, operator, values))


def _test(field: Field, operator: Is, values: tuple[str, ...]) -> Test:
    if field.kind is Kind.YES_NO:
        return bool if operator is Is.YES else lambda value: not value
    if not values:
        return _never
    if field.kind is Kind.NUMBER:
        return _number_test(operator, values[0])
    if field.kind is Kind.MONEY:
        return _money_test(operator, values)
    wanted = frozenset(value.casefold() for value in values)
    return _many_test(operator, wanted) if field.many else _text_test(operator, wanted)


def _text_test(operator: Is, wanted: frozenset[str]) -> Test:
    if operator in (Is.IS, Is.ONE_OF):
        return wanted.__contains__
    if operator is Is.IS_NOT:
        return lambda value: value not in wanted
    beginnings = tuple(wanted)
    if operator is Is.BEGINS:
        return lambda value: value.startswith(beginnings)
    return lambda value: any(one in value for one in beginnings)


def _many_test(operator: Is, wanted: frozenset[str]) -> Test:
    if operator in (Is.IS, Is.ONE_OF):
        return lambda values: not wanted.isdisjoint(values)
    if operator is Is.IS_NOT:
        return wanted.isdisjoint
    one = _text_test(operator, wanted)
    return lambda values: any(map(one, values))


def _number_test(operator: Is, value: str) -> Test:
    try:
        bound = int(value)
    except ValueError:
        return _never
    if operator is Is.AT_LEAST:
        return lambda found: found is not None and found >= bound
    if operator is Is.AT_MOST:
        return lambda found: found is not None and found <= bound
    return lambda found: bool(found == bound)


def _money_test(operator: Is, values: tuple[str, ...]) -> Test:
    """`values` are the amount and its currency; amounts in other currencies are never compared."""
    try:
        bound, wanted = Decimal(values[0]), values[1]
    except (InvalidOperation, IndexError):
        return _never
    if operator is Is.AT_LEAST:
        return lambda found: found[1] == wanted and found[0] >= bound
    return lambda found: found[1] == wanted and found[0] <= bound


# --- rules ---------------------------------------------------------------------------------------------------------


class Do(StrEnum):
    HOLD = "hold"
    TAG = "tag"
    SHIP_CODE = "ship_code"
    WAREHOUSE = "warehouse"
    NOTIFY = "notify"


@dataclass(frozen=True, slots=True)
class Action:
    """`value` is the tag, the ship code or the warehouse's id; `label` the warehouse's name when it was chosen."""

    do: Do
    value: str = ""
    label: str = ""
    carrier: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """`tests` are pairs: where the value stands among those that the book takes, and what is asked of it."""

    pk: int
    name: str
    version: int
    all: bool
    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]
    tests: tuple[tuple[int, Test], ...]


@dataclass(frozen=True, slots=True)
class Book:
    """The rules that are switched on, in their order, made ready once for a page of orders.

    `version` is the account's number of this state of its rules; orders keep the one they were decided under.
    """

    version: int = 0
    rules: tuple[Rule, ...] = ()
    takes: tuple[Callable[[RuleFacts], Any], ...] = ()
    asks_abroad: bool = False

    def __bool__(self) -> bool:
        return bool(self.rules)


NO_RULES = Book()


def compiled(documents: Iterable[Document], version: int = 0) -> Book:
    """From what is stored: {"id", "name", "version", "match", "conditions", "actions"} each, in their order."""
    places: dict[str, int] = {}
    rules = []
    for document in documents:
        conditions = tuple(map(condition_of, document.get("conditions") or ()))
        tests: list[tuple[int, Test]] = []
        for one in conditions:
            if one.field is None:
                tests.append((places.setdefault(next(iter(FIELDS)), len(places)), _never))
            else:
                tests.append((places.setdefault(one.field.key, len(places)), one.test))
        actions = tuple(filter(None, map(_action, document.get("actions") or ())))
        rules.append(
            Rule(
                int(document["id"]), str(document["name"]), int(document["version"]), document.get("match") != "any",
                conditions, actions, tuple(tests),
            )
        )  # fmt: skip
    return Book(version, tuple(rules), tuple(FIELDS[key].take for key in places), ABROAD in places)


def _action(document: Document) -> Action | None:
    do = next((one for one in Do if one.value == document.get("do")), None)
    if do is None or (do is Do.WAREHOUSE and not str(document.get("value")).isdecimal()):
        return None
    return Action(do, *(str(document.get(name) or "") for name in ("value", "label", "carrier", "service")))


# --- deciding ------------------------------------------------------------------------------------------------------

# Why an action changed nothing on an order, beside "rule:<name>": another rule came first.
PERSON = "person"  # a person chose otherwise
TAKEN_OFF = "taken_off"  # it gave the tag once, and a person took it off
CLOSED = "closed"  # the order is kept for the record only
NOTHING_SHIPS = "nothing_ships"


@dataclass(frozen=True, slots=True)
class Did:
    """One action of a rule that applies. `instead`: it changed nothing, and why."""

    do: Do
    value: str = ""
    instead: str = ""

    def as_json(self) -> dict[str, str]:
        return {"do": self.do.value} | {k: v for k in ("value", "instead") if (v := getattr(self, k))}


@dataclass(frozen=True, slots=True)
class Applied:
    """A rule whose conditions an order fulfils, and what it did."""

    pk: int
    name: str
    version: int
    did: tuple[Did, ...]

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(one.value for one in self.did if one.do is Do.TAG)

    @property
    def holds(self) -> bool:
        return any(one.do is Do.HOLD and not one.instead for one in self.did)

    @property
    def notifies(self) -> bool:
        return any(one.do is Do.NOTIFY and not one.instead for one in self.did)


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What the rules do with one order. `ship_code` and `warehouse_id`: of the first rule that sets it, or None."""

    applied: tuple[Applied, ...] = ()
    ship_code: Action | None = None
    warehouse_id: int | None = None

    def of(self, pk: int) -> Applied | None:
        return next((one for one in self.applied if one.pk == pk), None)


NOTHING_RULED = RuleOutcome()


def decide(
    book: Book, facts: RuleFacts, *, code_chosen: bool = False, warehouse_chosen: bool = False, kept: str = ""
) -> RuleOutcome:
    """Which rules apply to an order, in their order, and what comes of it.

    What a person chose on the order (`code_chosen`, `warehouse_chosen`) stands above every rule; among rules, the first
    one that sets a ship code or a warehouse decides it. `kept`: CLOSED or NOTHING_SHIPS of an order that never goes to
    a warehouse, so that nothing is there to hold; nobody is told of a closed one.
    """
    if not book.rules:
        return NOTHING_RULED
    values = [take(facts) for take in book.takes]
    matched = [rule for rule in book.rules if _fits(rule, values)]
    if not matched:
        return NOTHING_RULED
    return _outcome(
        matched,
        {
            Do.SHIP_CODE: PERSON if code_chosen else "",
            Do.WAREHOUSE: PERSON if warehouse_chosen else "",
            Do.HOLD: kept,
            Do.NOTIFY: kept if kept == CLOSED else "",
        },
    )


def _fits(rule: Rule, values: Sequence[Any]) -> bool:
    if rule.all:
        for place, test in rule.tests:
            if not test(values[place]):
                return False
        return bool(rule.tests)
    return any(test(values[place]) for place, test in rule.tests)


def _outcome(matched: Sequence[Rule], instead: dict[Do, str]) -> RuleOutcome:
    """`instead`: why an action changes nothing from the start."""
    ship_code: Action | None = None
    warehouse: Action | None = None
    applied = []
    for rule in matched:
        did = []
        for action in rule.actions:
            why = instead.get(action.do, "")
            did.append(Did(action.do, action.label or action.value, why))
            if why or action.do not in (Do.SHIP_CODE, Do.WAREHOUSE):
                continue
            instead[action.do] = f"rule:{rule.name}"
            if action.do is Do.SHIP_CODE:
                ship_code = action
            else:
                warehouse = action
        applied.append(Applied(rule.pk, rule.name, rule.version, tuple(did)))
    return RuleOutcome(tuple(applied), ship_code, int(warehouse.value) if warehouse else None)


# --- explaining ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """One condition of a rule beside what the order has. `found` as the field takes it."""

    condition: Condition
    found: Any
    met: bool


def asked(rule: Rule, facts: RuleFacts) -> list[Asked]:
    """Every condition of a rule, met or not; the same tests that `decide` asks."""
    answers = []
    for one in rule.conditions:
        found = one.field.take(facts) if one.field else None
        answers.append(Asked(one, found, one.test(found)))
    return answers
