"""What rules leave on an order: which decided it, the tags they gave, its timeline, and the mails they asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fcp.insert import insert_rows, update_rows

from .columns import EVENT_COLUMNS
from .models import Order, OrderEvent, OrderRule, RuleNotice
from .rule_book import TAKEN_OFF, AboutOrder, Applied, Do, RuleOutcome
from .shapes import IncomingOrder, Party

Row = tuple[Any, ...]
NOTICE_COLUMNS = ("account", "rule", "order", "at", "sent_at")


GONE = 0  # instead of a version: the rule no longer applies, and is kept for the tags that it gave


@dataclass(frozen=True, slots=True)
class Ruled:
    """What an order's row keeps of its rules, as [rule, version or GONE, every tag that it ever gave], and what is new
    in it: `newly` apply, `gone` no longer do.
    """

    ruled: list[list[Any]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    newly: tuple[Applied, ...] = ()
    gone: tuple[tuple[int, int], ...] = ()


def ruled(outcome: RuleOutcome, before: Sequence[Sequence[Any]] = (), tags: Sequence[str] = ()) -> Ruled:
    """Pure. `before` and `tags` are what the order has: a rule gives each of its tags once, so that one which a person
    took off stays off; tags stay when their rule no longer applies."""
    if not outcome.applied and not before:
        return Ruled(tags=list(tags))
    known = {row[0]: row for row in before}
    given, newly, rows = list(tags), [], []
    for one in outcome.applied:
        _, version, had = known.pop(one.pk, (one.pk, GONE, []))
        new = [tag for tag in one.tags if tag not in had]
        given += [tag for tag in new if tag not in given]
        rows.append([one.pk, one.version, [*had, *new]])
        if version != one.version:
            newly.append(_without(one, {tag for tag in had if tag not in given}))
    rows += [[pk, GONE, list(had)] for pk, _, had in known.values() if had]
    return Ruled(rows, given, tuple(newly), tuple((pk, version) for pk, version, _ in known.values() if version))


def _without(one: Applied, tags: Collection[str]) -> Applied:
    """The same, saying that somebody took these tags off."""
    if not tags:
        return one
    did = (replace(did, instead=TAKEN_OFF) if did.do is Do.TAG and did.value in tags else did for did in one.did)
    return replace(one, did=tuple(did))


def applying(rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    """Of what an order's row keeps: the rules that apply to it as it stands."""
    return [row for row in rows if row[1] != GONE]


def events_of(account: int, order: int, newly: Iterable[Applied], at: dt.datetime, actor: str) -> list[Row]:
    return [
        (account, order, at, actor, "ruled", {
            "rule": one.pk, "name": one.name, "version": one.version, "did": [did.as_json() for did in one.did],
        })
        for one in newly
    ]  # fmt: skip


def notices_of(account: int, order: int, newly: Iterable[Applied], at: dt.datetime) -> list[Row]:
    return [(account, one.pk, order, at, None) for one in newly if one.notifies]


def write_ruled(orders: Sequence[Order], outcomes: dict[int, RuleOutcome], version: int, now: dt.datetime) -> None:
    """Store what the rules make of these (locked) orders now, in the rows and in these objects. What does not change is
    not written, but for the version that decided."""
    rows, events, notices = [], [], []
    gone: list[tuple[Order, int, int]] = []
    for order in orders:
        after = ruled(outcomes[order.pk], order.ruled, order.tags)
        if (after.ruled, after.tags, version) != (order.ruled, order.tags, order.rules_version):
            rows.append((after.ruled, after.tags, version, order.pk))
            order.ruled, order.tags, order.rules_version = after.ruled, after.tags, version
        events += events_of(order.account_id, order.pk, after.newly, now, "rules")
        gone += [(order, *one) for one in after.gone]
        notices += notices_of(order.account_id, order.pk, after.newly, now)
    if gone:
        rules = OrderRule.objects.filter(pk__in={rule for _, rule, _ in gone})
        names = dict(rules.values_list("pk", "name"))
        events += [
            (order.account_id, order.pk, now, "rules", "unruled",
             {"rule": rule, "name": names.get(rule, ""), "version": number})
            for order, rule, number in gone
        ]  # fmt: skip
    update_rows(Order, ("ruled", "tags", "rules_version"), rows)
    insert_rows(OrderEvent, EVENT_COLUMNS, events)
    _insert_notices(notices)


def _insert_notices(notices: Sequence[Row]) -> None:
    """Of each order and rule one mail at most, also when the rule applies again later."""
    if notices:
        told = RuleNotice.objects.filter(order__in={row[2] for row in notices})
        known = set(told.values_list("rule", "order"))
        insert_rows(RuleNotice, NOTICE_COLUMNS, [row for row in notices if (row[1], row[2]) not in known])


# --- what rules ask of an order ------------------------------------------------------------------------------------


def about(store_id: int, order: IncomingOrder | Order, lines: Sequence[Any], ship_to: Party) -> AboutOrder:
    """Of an order that comes in or is here; `lines` are those that were not removed."""
    ships = [line for line in lines if line.ships]
    return AboutOrder(
        store_id=store_id,
        currency=order.currency,
        total=order.total,
        channel=order.channel,
        country=ship_to.country,
        region=ship_to.region,
        postcode=ship_to.postcode,
        units=sum(line.quantity for line in ships),
        lines=len(ships),
        weight=_weight((line.weight_grams, line.quantity) for line in ships),
        skus=tuple(line.sku for line in lines),
        options=tuple(str(option[0]) for line in lines for option in line.options if option),
        payment=str(order.payment),
        cash_on_delivery=order.cash_on_delivery,
        pickup=order.pickup,
        buyer_note=bool(order.buyer_note),
        gift_note=bool(order.gift_note),
    )


def _weight(lines: Iterable[tuple[int | None, int]]) -> int | None:
    """In grams, of all that ships; unknown where one of them is."""
    total = 0
    for grams, quantity in lines:
        if grams is None:
            return None
        total += grams * quantity
    return total
