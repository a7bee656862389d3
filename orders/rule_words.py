"""Order rules in words: conditions, actions, and what a rule did with an order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from fcp.models import Account
from fcp.templatetags.panel import country_name, money
from fcp.wording import listed
from inventory.models import Warehouse
from mappings.outside import OUTSIDE

from .labels import PAYMENTS
from .rule_book import (
    CLOSED,
    NOTHING_SHIPS,
    PERSON,
    TAKEN_OFF,
    Asked,
    Condition,
    Did,
    Do,
    Field,
    Is,
    Kind,
    condition_of,
)

GONE = "one that is no longer there"


@dataclass(frozen=True, slots=True)
class Names:
    """What the values of choices stand for, in this account."""

    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, field: Field, value: str) -> str:
        if field.kind is Kind.COUNTRY:
            return f"{country_name(value)} ({value.upper()})" if value else "none"
        if field.kind is Kind.CHOICE:
            return self.choices.get(field.key, {}).get(value, GONE) if value else "none"
        return f"“{value}”"


def names_of(account: Account) -> Names:
    """Two queries."""
    warehouses = Warehouse.objects.for_account(account).values_list("pk", "name")
    return Names(
        {
            "integration": {str(pk): name for pk, name in OUTSIDE.nicknames(account).items()},
            "warehouse": {str(pk): name for pk, name in warehouses},
            "payment": {str(value): label for value, label in PAYMENTS.items()},
        }
    )


# --- conditions ----------------------------------------------------------------------------------------------------


def condition_in_words(condition: Condition, names: Names) -> str:
    """ "Total is at least 500.00 EUR", "Country is Germany (DE) or Austria (AT)", "Cash on delivery: yes"."""
    of, operator = condition.field, condition.operator
    if of is None or operator is None:
        return "Something that rules no longer know"
    if of.kind is Kind.YES_NO:
        return f"{of.label}: {operator.label}"
    return f"{of.label} {verb_of(of, operator)} {wanted_in_words(condition, names)}"


def verb_of(of: Field, operator: Is) -> str:
    """A SKU "is" something as soon as one of the order's SKUs is."""
    return "is" if operator is Is.ONE_OF else operator.label


def wanted_in_words(condition: Condition, names: Names) -> str:
    of, values = condition.field, condition.values
    if of is None or not values:
        return "nothing"
    if of.kind is Kind.MONEY:
        return money(values[0], values[1] if len(values) > 1 else "")
    if of.kind is Kind.NUMBER:
        return f"{values[0]} {of.unit}".strip()
    return listed([names.of(of, value) for value in values], "nor" if condition.operator is Is.IS_NOT else "or")


def found_in_words(asked: Asked, names: Names) -> str:
    """What the order has."""
    of, found = asked.condition.field, asked.found
    if of is None:
        return ""
    if of.kind is Kind.YES_NO:
        return "yes" if found else "no"
    if of.kind is Kind.MONEY:
        return money(Decimal(found[0]), found[1])
    if of.kind is Kind.NUMBER:
        return "not known" if found is None else f"{found} {of.unit}".strip()
    if of.many:
        return ", ".join(f"“{one}”" for one in found if one) or "none"
    return names.of(of, found) if found else "none"


def conditions_in_words(match: str, conditions: Iterable[Mapping[str, Any]], names: Names) -> str:
    words = [condition_in_words(condition_of(one), names) for one in conditions]
    return listed(words, "and" if match == "all" else "or") if words else "Nothing"


# --- actions -------------------------------------------------------------------------------------------------------

SAID: dict[Do, str] = {
    Do.HOLD: "hold it",
    Do.TAG: "tag it “{value}”",
    Do.SHIP_CODE: "ship it by {value}",
    Do.WAREHOUSE: "ship it from {value}",
    Do.NOTIFY: "mail whoever gets alerts",
}
DONE: dict[Do, str] = {
    Do.HOLD: "held",
    Do.TAG: "tagged “{value}”",
    Do.SHIP_CODE: "ship code {value}",
    Do.WAREHOUSE: "shipped from {value}",
    Do.NOTIFY: "whoever gets alerts is told",
}
INSTEAD = {
    PERSON: "a person chose it",
    TAKEN_OFF: "somebody took it off",
    CLOSED: "it is kept for the record",
    NOTHING_SHIPS: "nothing in it ships",
}


def actions_in_words(actions: Iterable[Mapping[str, Any]]) -> list[str]:
    known = {one.value: one for one in Do}
    return [
        SAID[known[one["do"]]].format(value=one.get("label") or one.get("value", ""))
        for one in actions
        if one.get("do") in known
    ]


def did_in_words(did: Mapping[str, Any] | Did) -> str:
    """ "held", "ship code EXP", "not ship code EXP: a person chose it", "not held: it is kept for the record"."""
    if isinstance(did, Did):
        did = did.as_json()
    known = {one.value: one for one in Do}
    if did.get("do") not in known:
        return str(did.get("do", "")).replace("_", " ")
    text = DONE[known[did["do"]]].format(value=did.get("value", ""))
    instead = str(did.get("instead", ""))
    if not instead:
        return text
    why = INSTEAD.get(instead) or f"the rule “{instead.removeprefix('rule:')}” comes first"
    if did["do"] == Do.NOTIFY:
        return f"nobody is told: {why}"
    return f"not {text}: {why}"


def ruled_sentence(params: Mapping[str, Any]) -> str:
    did = [did_in_words(one) for one in params.get("did") or []]
    version = f" (version {params['version']})" if params.get("version") else ""
    rule = f"{_rule(params)}{version} applies"
    return f"{rule}: {'; '.join(did)}." if did else f"{rule}."


def unruled_sentence(params: Mapping[str, Any]) -> str:
    return f"{_rule(params)} no longer applies. Tags that it gave stay."


def _rule(params: Mapping[str, Any]) -> str:
    return f"The rule “{params['name']}”" if params.get("name") else "A rule"
