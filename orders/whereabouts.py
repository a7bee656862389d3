"""Where is my order? What was decided about an order that a store showed, condition by condition, in words.

The conditions are those of `orders.decide`, and what another setting would let in is asked of the same function.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.core.exceptions import ObjectDoesNotExist

from fcp.models import Account, Store
from fcp.wording import listed

from .decide import Condition, Facts, import_decision
from .headline import Headline, headline
from .labels import FULFILLMENTS, PAYMENTS, STATUSES
from .models import Order, SeenOrder
from .models.orders import Outcome, number_key_of
from .rules import rules_of_store
from .settings import ImportRules, OrderRules
from .shapes import Payment, Status, StoreFulfillment
from .situation import situation_of

LAST = 200  # seen orders that another setting is tried on
MOST = 20  # answers to one question

LABELS = {
    "payment": "Payment status",
    "fulfillment": "Fulfillment status",
    "status": "Order status",
    "age": "Order age",
    "earliest": "Earliest Order Date",
    "pickup": "Way of delivery",
}
WORDS: dict[str, dict[str, str]] = {"payment": PAYMENTS, "fulfillment": FULFILLMENTS, "status": STATUSES}
SEEN_BY = {
    "poll": "on a regular look into the store",
    "webhook": "because the store announced it",
    "person": "because a person asked for it",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One condition in words. `what_if`: the setting that would let this order pass it ("With Payment pending
    allowed"), and `also`: how many of the last orders would come in besides, with nothing else changed.
    """

    code: str
    label: str
    met: bool
    found: str
    wanted: str
    setting: str
    what_if: str = ""
    also: int = 0
    of: int = 0

    @property
    def also_words(self) -> str:
        if not self.what_if:
            return ""
        if not self.also:
            return f"{self.what_if}, none of the other last {self.of} orders would come in too."
        return f"{self.what_if}, {self.also} of the last {self.of} would also come in."


# --- pure ------------------------------------------------------------------------------------------------------------


def said(
    facts: Facts,
    rules: ImportRules,
    now: dt.datetime,
    zone: dt.tzinfo,
    others: Sequence[Facts] = (),
    of: int = 0,
) -> list[Said]:
    """Every condition of the import of one order. `others`: the facts of those of the last `of` that were left out."""
    return [_said(one, facts, rules, now, zone, others, of) for one in import_decision(facts, rules, now).conditions]


def _said(
    condition: Condition,
    facts: Facts,
    rules: ImportRules,
    now: dt.datetime,
    zone: dt.tzinfo,
    others: Sequence[Facts],
    of: int,
) -> Said:
    found, wanted = in_words(condition, now, zone)
    shown = Said(condition.code, LABELS[condition.code], condition.met, found, wanted, condition.setting)
    if condition.met or not of:
        return shown
    relaxed, what_if = with_it(condition, facts, rules, now, zone)
    return replace(shown, what_if=what_if, also=also_in(others, rules, relaxed, now), of=of)


def in_words(condition: Condition, now: dt.datetime, zone: dt.tzinfo) -> tuple[str, str]:
    """What was found, and what is asked for."""
    if condition.code in ("age", "earliest"):
        placed, bound = (dt.datetime.fromisoformat(text) for text in (condition.found, condition.wanted))
        times = (placed, bound) if _day(placed, zone) == _day(bound, zone) else ()  # the bound lies within that day
        said = {at: f"{_day(at, zone)}, {at.astimezone(zone):%H:%M}" for at in times}
        wanted = f"placed on {said.get(bound, _day(bound, zone))} or later"
        if condition.code == "age":
            days = round((now - bound) / dt.timedelta(days=1))
            wanted = f"at most {days} {'day' if days == 1 else 'days'} old"
            return f"placed on {_day(placed, zone)}", wanted
        return f"placed on {said.get(placed, _day(placed, zone))}", wanted
    if condition.code == "pickup":
        return condition.found, "pickup or delivery" if condition.wanted == "any" else condition.wanted
    words = WORDS[condition.code]
    if condition.wanted == "any":
        return words.get(condition.found, condition.found), "any"
    asked = [words.get(word, word) for word in condition.wanted.split(",")]
    return words.get(condition.found, condition.found), listed(asked, "or")


def with_it(
    condition: Condition, facts: Facts, rules: ImportRules, now: dt.datetime, zone: dt.tzinfo
) -> tuple[ImportRules, str]:
    """The rules with just so much changed that this order meets the condition, and that change in words."""
    match condition.code:
        case "payment":
            allowed = frozenset({*(rules.payments or ()), Payment(facts.payment)})
            return replace(rules, payments=allowed), f"With {PAYMENTS[facts.payment]} allowed"
        case "fulfillment":
            wanted = frozenset({*(rules.fulfillments or ()), StoreFulfillment(facts.fulfillment)})
            return replace(rules, fulfillments=wanted), f"With {FULFILLMENTS[facts.fulfillment]} allowed"
        case "status":
            statuses = frozenset({*(rules.statuses or ()), Status(facts.status)})
            return replace(rules, statuses=statuses), f"With {STATUSES[facts.status]} allowed"
        case "age":
            days = math.ceil((now - facts.placed_at) / dt.timedelta(days=1))
            return replace(rules, age_days=days), f"With orders of up to {days} days"
        case "earliest":
            return replace(rules, earliest=facts.placed_at), f"With {_day(facts.placed_at, zone)} as the earliest date"
    return replace(rules, pickup=True), "With pickup orders processed"


def also_in(others: Iterable[Facts], rules: ImportRules, relaxed: ImportRules, now: dt.datetime) -> int:
    """How many stay out under `rules` and come in under `relaxed`."""
    return sum(
        not import_decision(facts, rules, now).imported and import_decision(facts, relaxed, now).imported
        for facts in others
    )


def _day(moment: dt.datetime, zone: dt.tzinfo) -> str:
    return f"{moment.astimezone(zone):%-d %b %Y}"


# --- what is stored --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What we know of one order that a store showed. `passes`: it would come in under the settings of now.

    `then`: why it was left out when it was last looked at, where the settings changed since.
    """

    row: SeenOrder
    store: Store
    order: Order | None = None
    headline: Headline | None = None
    conditions: Sequence[Said] = ()
    passes: bool = False
    then: str = ""

    @property
    def seen_by(self) -> str:
        return SEEN_BY.get(self.row.seen_by, "")

    @property
    def failed(self) -> bool:
        return self.row.outcome == Outcome.FAILED


def seen(account: Account, text: str, now: dt.datetime) -> list[Whereabouts]:
    """Every order of the account's stores with this number, or with this id of the store.

    Those that are not here first, since it is them that somebody misses; of these and of the others the latest first.
    """
    key = number_key_of(text)
    if not key:
        return []
    rows = SeenOrder.objects.for_account(account).select_related("store")
    stores = list(Store.objects.filter(account=account).values_list("pk", flat=True))
    found = {row.pk: row for row in rows.filter(number_key=key).order_by("-pk")[:MOST]}
    found |= {row.pk: row for row in rows.filter(store__in=stores, uid=text.strip()[:100])[:MOST]}
    rows_found = sorted(found.values(), key=lambda row: (row.outcome == Outcome.IMPORTED, -row.pk))
    return [_whereabouts(row, account, now) for row in rows_found]


def _whereabouts(row: SeenOrder, account: Account, now: dt.datetime) -> Whereabouts:
    if row.outcome == Outcome.IMPORTED:
        order = Order.objects.select_related("store").filter(store=row.store_id, uid=row.uid).first()
        return Whereabouts(row, row.store, order, headline(situation_of(order)) if order else None)
    rules = rules_of(row.store)
    if not row.facts or rules is None:
        return Whereabouts(row, row.store)
    facts = Facts.from_json(row.facts)
    conditions = explained(row.store, facts, rules, account, now, but=row.uid)
    missed = [one.code for one in conditions if not one.met]
    older = row.settings_version < rules.version
    then = listed([LABELS[code].lower() for code in row.reasons if code in LABELS])
    return Whereabouts(
        row,
        row.store,
        conditions=conditions,
        passes=not missed,
        then=then if older or set(missed) != set(row.reasons) else "",
    )


def explained(
    store: Store, facts: Facts, rules: OrderRules, account: Account, now: dt.datetime, but: str = ""
) -> list[Said]:
    """The conditions under the rules of now, tried on the last orders that the store showed; `but` is this one's id."""
    last = SeenOrder.objects.filter(store=store).order_by("-pk").values_list("uid", "outcome", "facts")[:LAST]
    rows = list(last)
    others = [
        Facts.from_json(kept) for uid, outcome, kept in rows if outcome != Outcome.IMPORTED and kept and uid != but
    ]
    return said(facts, rules.imports, now, account.zone, others, len(rows))


def rules_of(store: Store) -> OrderRules | None:
    """None where the store never had any settings."""
    try:
        return rules_of_store(store.pk)
    except ObjectDoesNotExist:
        return None
