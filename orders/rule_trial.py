"""Trying a rule before it is switched on: what it would do with the last orders, by the `decide` that intake asks."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fcp.models import Account, Store

from .decide import is_closed
from .models import Order, ShippingRequest
from .rule_book import Applied, Asked, Book, Did, Do, Rule, asked, compiled
from .rule_saving import Draft, draft_of, rules_of
from .rules import rules_of_store
from .ruling import applying
from .settle import TAKEN, chosen_in, words_as_stored
from .state import State
from .translation import facts_for_rules, ruled_by

LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Tried:
    """One order that the rule would apply to, with what would happen to it.

    `here`: it applied to it already. `past` says why nothing would happen any more: a warehouse has it, or it is over.
    """

    order: Order
    store: str
    did: tuple[Did, ...]
    already: frozenset[Did]
    here: bool
    past: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    looked_at: int
    found: Sequence[Tried]

    @property
    def would_change(self) -> int:
        """Orders that wait, and to which something would happen that did not happen yet."""
        return sum(not one.past and bool(set(one.did) - one.already) for one in self.found)


def book_with(account: Account, draft: Draft, pk: int = 0) -> tuple[Book, Rule]:
    """What would be in force if this draft were switched on in place of the rule `pk`, or as a new last one."""
    documents, there = [], False
    for rule in rules_of(account):
        if rule.pk == pk:
            documents.append(draft.as_rule(pk, rule.version))
            there = True
        elif rule.enabled:
            documents.append(draft_of(rule).as_rule(rule.pk, rule.version))
    if not there:
        documents.append(draft.as_rule(pk, 0))
    book = compiled(documents)
    return book, next(rule for rule in book.rules if rule.pk == pk)


def trial(account: Account, draft: Draft, now: dt.datetime, pk: int = 0) -> Trial:
    """The last orders of the account, newest first. As many queries for each store as a page of orders takes."""
    book, _ = book_with(account, draft, pk)
    orders = last_orders(account)
    ids = [order.pk for order in orders]
    taken = set(ShippingRequest.objects.filter(order_id__in=ids, state__in=TAKEN).values_list("order_id", flat=True))
    applied = _applied(orders, book, pk, now)
    found = [_tried(order, applied[order.pk], pk, order.pk in taken) for order in orders if order.pk in applied]
    return Trial(len(orders), found)


def last_orders(account: Account) -> list[Order]:
    orders = Order.objects.for_account(account).select_related("store")
    return list(orders.order_by("-placed_at", "-id")[:LOOKED_AT])


def _applied(orders: Sequence[Order], book: Book, pk: int, now: dt.datetime) -> dict[int, Applied]:
    of_store: dict[Store, list[Order]] = defaultdict(list)
    for order in orders:
        of_store[order.store].append(order)
    found = {}
    for store, its_orders in of_store.items():
        rules = replace(rules_of_store(store.pk), book=book)
        for order, words in words_as_stored(its_orders, rules, now):
            if one := ruled_by(words, rules, chosen_in(order)).of(pk):
                found[order.pk] = one
    return found


def _tried(order: Order, applied: Applied, pk: int, taken: bool) -> Tried:
    here = any(row[0] == pk for row in applying(order.ruled))
    given = [tag for row in order.ruled if row[0] == pk for tag in row[2]]
    past = ""
    if taken:
        past = "a warehouse has it already"
    elif order.state not in (State.NEW, State.HELD, State.READY):
        past = f"it is over: {State(order.state).label.lower()}"
    elif is_closed(order.status, order.payment, order.fulfillment):
        past = "it is kept for the record only"
    already = frozenset(one for one in applied.did if _has(order, one, here, given))
    return Tried(order, order.store.name, applied.did, already, here, past)


def _has(order: Order, did: Did, ruled: bool, given: Sequence[str]) -> bool:
    """Whether the order has already what the rule would do, or had it: a tag is `given` once."""
    if did.instead:
        return True
    if did.do is Do.TAG:
        return did.value in order.tags or did.value in given
    if did.do is Do.SHIP_CODE:
        return did.value == order.ship_code
    return ruled


# --- one order -----------------------------------------------------------------------------------------------------


def conditions_of(order: Order, draft: Draft, now: dt.datetime, pk: int = 0) -> list[Asked]:
    """Every condition of a rule beside what this order has."""
    book, rule = book_with(order.account, draft, pk)
    rules = replace(rules_of_store(order.store_id), book=book)
    ((_, words),) = words_as_stored([order], rules, now)
    return asked(rule, facts_for_rules(words, rules, chosen_in(order)))


# --- what the rules did --------------------------------------------------------------------------------------------


def applied_lately(account: Account) -> tuple[int, Counter[int]]:
    """How many orders were looked at, and to how many of them each rule applied as they stand."""
    rows = Order.objects.for_account(account).order_by("-placed_at", "-id").values_list("ruled", flat=True)
    found = list(rows[:LOOKED_AT])
    return len(found), Counter(row[0] for ruled in found for row in applying(ruled))
