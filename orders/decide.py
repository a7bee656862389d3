"""Whether an order is imported, and whether it may go to a warehouse: pure, with the reasons.

The flow acts on these results; "Where is my order?" and the dry run of settings show the same ones.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Set
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from .settings import ImportRules, Release
from .shapes import IncomingOrder, Payment, Status, StoreFulfillment


class Want(NamedTuple):
    """A listing, by the store's ids, and how many of it are to ship."""

    product_uid: str
    variant_uid: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What the decision looks at; kept with every order a store ever showed us. No person in it.

    `wants` is known of orders that were left out while the store shows them open: an imported one has its lines.
    """

    status: str
    payment: str
    fulfillment: str
    placed_at: dt.datetime
    pickup: bool = False
    cash_on_delivery: bool = False
    currency: str = ""
    total: str = ""
    skus: tuple[str, ...] = ()
    wants: tuple[Want, ...] = ()

    @classmethod
    def of(cls, order: IncomingOrder) -> Facts:
        return cls(
            status=order.status.value,
            payment=order.payment.value,
            fulfillment=order.fulfillment.value,
            placed_at=order.placed_at,
            pickup=order.pickup,
            cash_on_delivery=order.cash_on_delivery,
            currency=order.currency,
            total=str(order.total),
            skus=tuple(line.sku for line in order.lines[:20]),
        )

    def left_out(self, order: IncomingOrder) -> Facts:
        """The same, with what the order wants as long as the store shows it open and has shipped none of it."""
        if self.status not in OPEN_STATUSES or self.fulfillment != StoreFulfillment.NONE.value:
            return self
        pieces: Counter[tuple[str, str]] = Counter()
        for line in order.lines:
            if line.ships:
                pieces[line.product_uid, line.variant_uid] += line.quantity
        return replace(self, wants=tuple(Want(*uids, quantity) for uids, quantity in pieces.items() if quantity > 0))

    def as_json(self) -> dict[str, Any]:
        wants = {"wants": [list(want) for want in self.wants]} if self.wants else {}
        return {
            "status": self.status,
            "payment": self.payment,
            "fulfillment": self.fulfillment,
            "placed_at": self.placed_at.isoformat(),
            "pickup": self.pickup,
            "cash_on_delivery": self.cash_on_delivery,
            "currency": self.currency,
            "total": self.total,
            "skus": list(self.skus),
            **wants,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Facts:
        shaped = {
            "placed_at": dt.datetime.fromisoformat(value["placed_at"]),
            "skus": tuple(value["skus"]),
            "wants": tuple(Want(*want) for want in value.get("wants", ())),
        }
        return cls(**{**value, **shaped})


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of the import, met or not. `setting` is the key of the setting it comes from."""

    code: str
    met: bool
    found: str
    wanted: str
    setting: str


@dataclass(frozen=True, slots=True)
class Decision:
    conditions: tuple[Condition, ...]

    @property
    def imported(self) -> bool:
        return all(c.met for c in self.conditions)

    @property
    def reasons(self) -> list[str]:
        """Codes of the conditions that were not met."""
        return [c.code for c in self.conditions if not c.met]


# A partly refunded order was paid, and what remains must ship; the vendors list it as a payment word of its own.
_PAYS_AS = {Payment.PARTLY_REFUNDED.value: {Payment.PAID.value}}


def import_decision(facts: Facts, rules: ImportRules, now: dt.datetime) -> Decision:
    """Whether an order seen with these facts is imported for the first time, with every condition."""
    conditions = [
        _one_of("payment", facts.payment, rules.payments, "payment_status", also=_PAYS_AS.get(facts.payment, set())),
        _one_of("fulfillment", facts.fulfillment, rules.fulfillments, "fulfillment_status"),
        _one_of("status", facts.status, rules.statuses, "order_status"),
    ]
    if rules.age_days is not None:
        oldest = now - dt.timedelta(days=rules.age_days)
        conditions.append(_not_before("age", facts.placed_at, oldest, "history"))
    if rules.earliest is not None:
        conditions.append(_not_before("earliest", facts.placed_at, rules.earliest, "earliest_order_date"))
    if facts.pickup or not rules.pickup:
        met = rules.pickup or not facts.pickup
        found = "pickup" if facts.pickup else "delivery"
        conditions.append(Condition("pickup", met, found, "any" if rules.pickup else "delivery", "process_pickup"))
    return Decision(tuple(conditions))


def _one_of(
    code: str, found: str, wanted: frozenset[Any] | None, setting: str, also: Set[str] = frozenset()
) -> Condition:
    if wanted is None:
        return Condition(code, True, found, "any", setting)
    values = {w.value for w in wanted}
    return Condition(code, bool(values & {found, *also}), found, ",".join(sorted(values)), setting)


def _not_before(code: str, found: dt.datetime, bound: dt.datetime, setting: str) -> Condition:
    return Condition(code, found >= bound, found.isoformat(), bound.isoformat(), setting)


OPEN_STATUSES = {Status.APPROVED.value, Status.PENDING.value}
CLOSED_STATUSES = {Status.CANCELED.value, Status.REJECTED.value}
CLOSED_PAYMENTS = {Payment.REFUNDED.value, Payment.CANCELED.value}


def is_canceled(status: str, payment: str) -> bool:
    """The store shows it canceled, rejected or fully refunded: it never becomes ready."""
    return status in CLOSED_STATUSES or payment in CLOSED_PAYMENTS


def is_closed(status: str, payment: str, fulfillment: str) -> bool:
    """Kept for the record only: canceled as above, or already shipped by the store itself."""
    return is_canceled(status, payment) or fulfillment == StoreFulfillment.ALL.value


PAID = {Payment.PAID.value, Payment.PARTLY_REFUNDED.value}


def wants_nothing(status: str, payment: str, fulfillment: str) -> bool:
    """No stock is kept back for it: closed, or never finished by the buyer, so that the store deducted nothing."""
    return is_closed(status, payment, fulfillment) or (status == Status.INITIALIZED.value and payment not in PAID)


def may_release(payment: str, cash_on_delivery: bool, policy: Release, status: str = "") -> bool:
    """The second gate: an imported order that does not pass waits for its payment.

    One that the buyer never finished waits whatever the policy: nobody ordered it yet.
    """
    if payment in PAID:
        return True
    if status == Status.INITIALIZED.value:
        return False
    if policy is Release.ANY:
        return True
    return policy is Release.PAID_OR_COD and cash_on_delivery and payment == Payment.UNPAID.value


def takes_stock(facts: Facts, reasons: Collection[str]) -> bool:
    """Whether an order that was left out takes stock all the same: the store deducted it when it was placed, and it
    comes in once its payment (or its approval) does.

    Left out for anything else (too old, before the earliest date, pickup, shipped by the store) nobody here will ever
    ship it; what it took would be missing for ever.
    """
    waits = facts.payment not in PAID or facts.status == Status.PENDING.value
    open_in_store = facts.status in OPEN_STATUSES and facts.fulfillment == StoreFulfillment.NONE.value
    only_that = bool(reasons) and set(reasons) <= {"payment", "status"}
    return waits and open_in_store and only_that and not is_canceled(facts.status, facts.payment)
