"""What other settings would have meant for the last orders of a store, before they are saved.

The same pure functions decide as when orders come in (`orders.decide`, `orders.translation`); here they are asked
twice, with the settings of now and with the new ones, and what differs is listed with the condition that decides.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from integrations.connectors.declaring import FlowKind
from integrations.flows.windows import earliest_wanted
from integrations.models import Flow, Integration
from integrations.settings_document import Document, document_of, flow_is_on, rules_of
from orders.decide import Condition, Facts, import_decision, is_closed, may_release
from orders.holds import HoldKind, WantedHold
from orders.models import Order, SeenOrder, ShippingRequest
from orders.models.orders import Outcome as Stored
from orders.rules import book_of
from orders.settings import OrderRules
from orders.settle import TAKEN, chosen_in, words_as_stored
from orders.translation import NOTHING_CHOSEN, Chosen, OrderWords, meaning_of

LOOKED_AT = 200
A_MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SeenFacts:
    """One order that the store showed. `decided_at` is when its conditions counted, or count: its first sight for one
    that came in, now for one that was left out. `words` are known of those that are here.
    """

    number: str
    facts: Facts
    imported: bool
    decided_at: dt.datetime
    order_id: int | None = None
    words: OrderWords | None = None
    chosen: Chosen = NOTHING_CHOSEN
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became, or would become, of an order. `for_the_record`: the store shows it canceled or shipped already."""

    unmet: tuple[Condition, ...] = ()
    holds: tuple[WantedHold, ...] = ()
    warehouse_id: int | None = None
    ship_code: str = ""
    for_the_record: bool = False

    @property
    def comes_in(self) -> bool:
        return not self.unmet


@dataclass(frozen=True, slots=True)
class Difference:
    """`conditions` decide whether it comes in; where none does, `settings` (keys) decide what happens to it then."""

    order: SeenFacts
    before: Outcome
    after: Outcome
    conditions: tuple[Condition, ...] = ()
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DryRun:
    """`older_since`: the new settings reach further back than the store was asked for so far."""

    looked_at: int = 0
    differences: tuple[Difference, ...] = ()
    older_since: dt.datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.differences) or self.older_since is not None

    @property
    def coming(self) -> list[Difference]:
        """Those that were left out and come in now."""
        return [one for one in self.differences if not one.before.comes_in and one.after.comes_in]

    @property
    def oldest(self) -> dt.datetime | None:
        return min((one.order.facts.placed_at for one in self.coming), default=None)


# --- pure ----------------------------------------------------------------------------------------------------------

# Which setting places or lifts such a hold.
DECIDED_BY = {
    HoldKind.PAYMENT: "release",
    HoldKind.SHIP_CODE: "reject_unmapped",
    HoldKind.NO_WAREHOUSE: "warehouse",
    HoldKind.CUSTOMS: "customs",
}


def differences(orders: Iterable[SeenFacts], before: OrderRules, after: OrderRules) -> list[Difference]:
    found = [_difference(one, before, after) for one in orders]
    return [one for one in found if one is not None]


def _difference(one: SeenFacts, before: OrderRules, after: OrderRules) -> Difference | None:
    first = import_decision(one.facts, before.imports, one.decided_at)
    then = import_decision(one.facts, after.imports, one.decided_at)
    if one.imported:
        # The store may show it otherwise by now: only what the new settings add would have kept it out.
        known = set(first.reasons)
        added = tuple(c for c in then.conditions if not c.met and c.code not in known)
        was = _outcome(one, before)
        if added:
            return Difference(one, was, Outcome(unmet=added), conditions=added)
        return _inside(one, was, _outcome(one, after))
    if first.imported and then.imported:  # left out under older settings still, and about to come in
        return _inside(one, _outcome(one, before), _outcome(one, after))
    if first.imported or then.imported:
        unmet = tuple(c for c in (*first.conditions, *then.conditions) if not c.met)
        was, becomes = (
            _outcome(one, rules) if decision.imported else Outcome(unmet=unmet)
            for decision, rules in ((first, before), (then, after))
        )
        return Difference(one, was, becomes, conditions=unmet)
    return None


def _inside(one: SeenFacts, was: Outcome, becomes: Outcome) -> Difference | None:
    """Of an order that comes in all the same: what holds it, from where and how it ships."""
    kinds = {hold.kind for hold in was.holds} ^ {hold.kind for hold in becomes.holds}
    settings = [DECIDED_BY[kind] for kind in HoldKind if kind in kinds and kind in DECIDED_BY]
    if not one.taken and not becomes.for_the_record:
        settings += ["warehouse"] if was.warehouse_id != becomes.warehouse_id else []
        settings += ["reject_unmapped"] if was.ship_code != becomes.ship_code else []
    return Difference(one, was, becomes, settings=tuple(dict.fromkeys(settings))) if settings else None


def _outcome(one: SeenFacts, rules: OrderRules) -> Outcome:
    """Of an order that comes in under these rules."""
    facts = one.facts
    closed = is_closed(facts.status, facts.payment, facts.fulfillment)
    if one.words is None:  # not here yet: its lines and words are read when it comes in
        waits = not closed and not may_release(facts.payment, facts.cash_on_delivery, rules.release, facts.status)
        held = (WantedHold(HoldKind.PAYMENT, "", facts.payment),) if waits else ()
        return Outcome(holds=held, for_the_record=closed)
    meaning = meaning_of(one.words, rules, one.chosen)
    return Outcome((), meaning.holds, meaning.warehouse_id, meaning.ship_code, closed)


# --- with what is stored -------------------------------------------------------------------------------------------


def dry_run(integration: Integration, document: Document, now: dt.datetime) -> DryRun:
    """A constant number of queries, none where the new settings decide nothing about orders."""
    in_force = document_of(integration)
    before, after = (rules_of(one, integration.settings_version, integration.account) for one in (in_force, document))
    if replace(before, suppress_persons=after.suppress_persons) == after:
        return DryRun()
    book = book_of(integration.account_id)
    before, after = replace(before, book=book), replace(after, book=book)
    orders = last_orders(integration.store_id, before, now)
    found = differences(orders, before, after)
    return DryRun(len(orders), tuple(found), _older_since(integration, document, after, now))


def _older_since(
    integration: Integration, document: Document, rules: OrderRules, now: dt.datetime
) -> dt.datetime | None:
    """From when on the store is asked for older orders, where it was not asked for them so far."""
    if not flow_is_on(document, FlowKind.ORDERS):
        return None
    flow = Flow.objects.filter(integration=integration, kind=FlowKind.ORDERS).first()
    wanted = earliest_wanted(rules.imports, now)
    if flow is None or flow.covered_from is None or wanted >= flow.covered_from - A_MINUTE:
        return None
    return wanted


def last_orders(store_id: int, rules: OrderRules, now: dt.datetime) -> list[SeenFacts]:
    """The orders that the store showed us last, whether they came in or not; the newest first."""
    of_store = SeenOrder.objects.filter(store=store_id).order_by("-pk")
    # By ids alone: no index has a store's orders by age, and sorting ids costs a tenth of sorting rows.
    ids = list(of_store.values_list("pk", flat=True)[:LOOKED_AT])
    rows = [row for row in SeenOrder.objects.filter(pk__in=ids).order_by("-pk") if row.facts]
    here = _here(store_id, [row.uid for row in rows if row.outcome == Stored.IMPORTED], rules, now)
    return [_seen(row, here, now) for row in rows]


Here = dict[str, tuple[Order, OrderWords, bool]]


def _here(store_id: int, uids: Sequence[str], rules: OrderRules, now: dt.datetime) -> Here:
    orders = list(Order.objects.filter(store=store_id, uid__in=uids).order_by("pk"))
    ids = [order.pk for order in orders]
    taken = set(ShippingRequest.objects.filter(order__in=ids, state__in=TAKEN).values_list("order_id", flat=True))
    return {order.uid: (order, words, order.pk in taken) for order, words in words_as_stored(orders, rules, now)}


def _seen(row: SeenOrder, here: Here, now: dt.datetime) -> SeenFacts:
    facts = Facts.from_json(row.facts)
    imported = row.outcome == Stored.IMPORTED
    one = SeenFacts(row.number, facts, imported, row.first_seen_at if imported else now)
    if row.uid not in here:
        return one
    order, words, taken = here[row.uid]
    return replace(one, order_id=order.pk, words=words, chosen=chosen_in(order), taken=taken)
