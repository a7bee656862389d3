"""An alert in words: what is wrong, since when, what to do next, and where. Plain sentences, no person in them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode

from fcp.models import Account
from fcp.panel import panel_url
from integrations.health import promise_of
from integrations.models import Alert, AlertKind
from integrations.runs import APP_REMOVED
from orders.holds import BY_HAND, KINDS, HoldKind
from orders.models import Hold

# What a flow does, as "... last at": its subject, and what it is called when it is late.
FLOWS = {
    "orders": ("Orders were last read from {name}", "orders are late"),
    "products": ("Products were last read from {name}", "products are late"),
    "inventory": ("Stock was last sent to {name}", "stock is late"),
    "fulfillments": ("Shipments were last told to {name}", "tracking is late"),
    "locations": ("Locations were last read from {name}", "locations are late"),
}
OTHER_FLOW = ("The last run for {name} that worked was", "a flow is late")

MAP_IT = "Map it once: every order that waits only for it goes on by itself."
DO_NEXT = {
    HoldKind.SHIP_CODE: MAP_IT,
    HoldKind.SKU: MAP_IT,
    HoldKind.LOCATION: MAP_IT,
    HoldKind.NO_WAREHOUSE: "Choose the warehouse in the settings of the integration.",
    HoldKind.ADDRESS: "Complete the addresses, here or in the store; each order goes on once its address is whole.",
    HoldKind.CUSTOMS: "Give the product its customs code and country of origin: every order that waits for it goes on.",
    HoldKind.SHIP_METHOD: "Look at each order, and lift its hold.",
    HoldKind.RULE: "Look at each order, and lift its hold; or change the rule.",
    HoldKind.REJECTED_BY_WAREHOUSE: "Read what the warehouse says, mend it, and release the orders again.",
}
DECIDE = "Somebody has to decide for each order whether it ships."


@dataclass(frozen=True, slots=True)
class Words:
    """`url` is a path of the panel, `button` what the link says."""

    title: str
    text: str
    next: str
    url: str
    button: str


def words_of(alert: Alert, account: Account, orders: int | None = None) -> Words:
    """`orders`: how many wait in a group of holds, where that was counted."""
    return _WORDS[AlertKind(alert.kind)](alert, account, orders)


def _stale(alert: Alert, account: Account, orders: int | None) -> Words:
    name = _name(alert)
    last, title = FLOWS.get(alert.params.get("flow", ""), OTHER_FLOW)
    ok = parse_datetime(alert.params.get("ok", ""))
    text = f"{last.format(name=name)} on {moment(ok, account)}." if ok else f"No run for {name} has worked yet."
    text += f" That should happen at least every {_every(alert.params.get('interval'))}.{_problem(alert)}"
    next_step = "We try again by ourselves. The integration's page says what the store answers; Sync tries at once."
    return Words(f"{name}: {title}", text, next_step, _integration(alert, account), "Open the integration")


def _refused(alert: Alert, account: Account, orders: int | None) -> Words:
    name = _name(alert)
    said = alert.params.get("problem") or "The store no longer accepts our key."
    text = f"{said} Until then nothing is read from {name} and nothing told to it; nothing is lost."
    url = _integration(alert, account, "integrations:reconnect")
    gone = alert.params.get("code") == APP_REMOVED
    title = f"Our app was removed from {name}" if gone else f"{name} refuses our key"
    return Words(title, text, "Reconnect the store; every flow then goes on by itself.", url, "Reconnect")


def _held(alert: Alert, account: Account, orders: int | None) -> Words:
    value = alert.params.get("hold", "")
    kind = HoldKind(value) if value in set(HoldKind) else HoldKind.CLIENT
    word = alert.params.get("word", "")
    label = f"{kind.in_sentence}: {word}" if word else kind.in_sentence
    many = "Orders wait" if orders is None else f"{orders:,} {'order waits' if orders == 1 else 'orders wait'}"
    why = KINDS[kind].sentence.format(word=word) if word else ""
    text = f"{many} for this one cause. {why}".strip()
    address = urlencode({"kind": kind.value, "cause": alert.params.get("cause", "")})
    url = f"{panel_url(account, 'orders:held')}?{address}"
    next_step = "Look at them, and release or cancel them." if kind in BY_HAND else DO_NEXT.get(kind, DECIDE)
    return Words(f"Orders wait, {label}", text, next_step, url, "Show them")


def _untaken(alert: Alert, account: Account, orders: int | None) -> Words:
    name, since = _name(alert), parse_datetime(alert.params.get("since", ""))
    oldest = f"; the oldest was offered on {moment(since, account)}" if since else ""
    text = f"{name} was offered orders and has not taken them{oldest}."
    title = f"{name} has not taken its orders"
    if alert.params.get("by_hand"):
        url = panel_url(account, "orders:to_ship")
        return Words(title, text, "People here work this warehouse: open To ship and take them.", url, "Open To ship")
    url = f"{panel_url(account, 'orders:orders')}?state=ready"
    next_step = "Ask at the warehouse whether its connection to us works. The orders stay offered."
    return Words(title, text, next_step, url, "Show the orders")


def _untold(alert: Alert, account: Account, orders: int | None) -> Words:
    name, since = _name(alert), parse_datetime(alert.params.get("since", ""))
    oldest = f", the first on {moment(since, account)}," if since else ""
    text = f"Goods left{oldest} and {name} does not know it, so its buyers have no tracking number.{_problem(alert)}"
    url = f"{panel_url(account, 'orders:orders')}?state=shipped&state=partly_shipped&store={alert.store_id or ''}"
    next_step = "We try again by ourselves. Each order says what the store answered, and can be told again by hand."
    return Words(f"{name} was not told of shipments", text, next_step, url, "Show the orders")


def _gap(alert: Alert, account: Account, orders: int | None) -> Words:
    name, since = _name(alert), parse_datetime(alert.params.get("since", ""))
    found = f" The first was found on {moment(since, account)}." if since else ""
    text = f"The ledger shows orders that are in {name} and not here, or here and no longer in {name}.{found}"
    next_step = "Bring them in, or say that it is right so."
    return Words(f"{name}: not every order adds up", text, next_step, panel_url(account, "orders:held"), "Show them")


_WORDS = {
    AlertKind.STALE: _stale,
    AlertKind.REFUSED: _refused,
    AlertKind.HELD: _held,
    AlertKind.UNTAKEN: _untaken,
    AlertKind.UNTOLD: _untold,
    AlertKind.GAP: _gap,
}


def _every(interval: int | None) -> str:
    minutes = int(promise_of(interval).total_seconds() // 60)
    return f"{minutes} minutes" if minutes <= 120 else f"{round(minutes / 60)} hours"


def _name(alert: Alert) -> str:
    return str(alert.params.get("name") or "A store")


def _problem(alert: Alert) -> str:
    said = alert.params.get("problem")
    return f" The last try ended so: {said}" if said else ""


def moment(at: dt.datetime | None, account: Account) -> str:
    return f"{at.astimezone(account.zone):%-d %b, %H:%M}" if at else ""


def _integration(alert: Alert, account: Account, view: str = "integrations:integration") -> str:
    pk = alert.params.get("integration")
    return panel_url(account, view, pk=pk) if pk else panel_url(account, "integrations:integrations")


# --- numbers ---------------------------------------------------------------------------------------------------------


def orders_waiting(account: Account, alerts: Iterable[Alert]) -> dict[int, int]:
    """How many orders wait now in each open alert's group of holds, by the alert's id; one query for all of them."""
    causes: dict[str, list[str]] = defaultdict(list)
    held = [one for one in alerts if one.kind == AlertKind.HELD.value and one.closed_at is None]
    for one in held:
        causes[one.params.get("hold", "")].append(one.params.get("cause", ""))
    if not held:
        return {}
    any_of = Q()
    for kind, them in causes.items():
        any_of |= Q(kind=kind, cause__in=them)
    rows: Any = Hold.objects.for_account(account).open().filter(any_of).order_by().values_list("kind", "cause")
    counted = {(kind, cause): number for kind, cause, number in rows.annotate(number=Count("pk"))}
    return {one.pk: counted.get((one.params.get("hold"), one.params.get("cause")), 0) for one in held}
