"""Why an order that no warehouse has yet goes on or waits: its conditions with the words, settings and rules behind."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from fcp.panel import panel_url
from inventory.models import Product, Warehouse

from .explaining import Clause, Explanation, Names, explain
from .holds import HoldKind
from .models import Hold, Order
from .setting_links import Links, setting_links
from .settle import chosen_in, words_as_stored
from .translation import meaning_of
from .whereabouts import rules_of

WORD_PAGES = {
    HoldKind.SHIP_CODE.value: "mappings:ship_code",
    HoldKind.SHIP_METHOD.value: "mappings:ship_code",
    HoldKind.SKU.value: "mappings:sku",
    HoldKind.LOCATION.value: "mappings:location",
}
PRODUCTS = (HoldKind.PREORDER.value, HoldKind.CUSTOMS.value)


@dataclass(frozen=True, slots=True)
class Shown:
    """One condition, and where it can be changed."""

    clause: Clause
    url: str

    @property
    def decided_by(self) -> str:
        """With which version of a mapping or a rule."""
        if not self.clause.version:
            return ""
        return f"version {self.clause.version} of the {'rule' if self.clause.rule else 'mapping'}"


def why(order: Order, now: dt.datetime) -> list[Shown]:
    """Every condition by the mappings, settings and rules of now; empty where the store never had any settings.

    `order` is loaded with its store and account.
    """
    explanation = _explanation(order, now)
    if explanation is None:
        return []
    links = setting_links(order.account)
    answered = _answered(order)
    return [Shown(_as_answered(clause, answered), _url(order, clause, links)) for clause in explanation.clauses]


def _answered(order: Order) -> dict[tuple[str, str], str]:
    """Who lifted holds that place themselves, so that they are not placed again for the same cause."""
    lifted = Hold.objects.filter(order=order, answered=True)
    return {(kind, cause): by for kind, cause, by in lifted.values_list("kind", "cause", "lifted_by")}


def _as_answered(clause: Clause, answered: dict[tuple[str, str], str]) -> Clause:
    if clause.met or clause.key not in answered:
        return clause
    return replace(clause, met=True, text=f"{clause.text} {answered[clause.key]} let it go all the same.")


def _explanation(order: Order, now: dt.datetime) -> Explanation | None:
    rules = rules_of(order.store)
    if rules is None:
        return None
    ((_, words),) = words_as_stored([order], rules, now)
    chosen = chosen_in(order)
    meaning = meaning_of(words, rules, chosen)
    places = [words.location, *(line.location for line in words.lines)]
    named = [meaning.warehouse_id, chosen.warehouse_id, *(place.warehouse_id for place in places if place)]
    houses = {pk for pk in named if pk}
    products = {line.product_id for line in meaning.lines if line.product_id}
    names = Names(
        dict(Product.objects.filter(pk__in=products).values_list("pk", "sku")),
        dict(Warehouse.objects.filter(pk__in=houses).values_list("pk", "name")),
    )
    return explain(words, rules, meaning, chosen, names)


def _url(order: Order, clause: Clause, links: Links) -> str:
    account = order.account
    if clause.rule:
        return panel_url(account, "orders:rule", pk=clause.rule)
    if clause.cause and clause.code in WORD_PAGES:
        return panel_url(account, WORD_PAGES[clause.code], pk=int(clause.cause))
    if clause.cause and clause.code in PRODUCTS:
        return panel_url(account, "inventory:product", pk=int(clause.cause))
    if clause.cause and clause.code == HoldKind.RULE:
        return panel_url(account, "orders:rule", pk=int(clause.cause))
    return links(order.store_id, clause.setting) if clause.setting else ""
