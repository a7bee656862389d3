"""Asking a warehouse to work with something else than it took: a new address, another ship code, or not at all. Its
answer settles it.

What a warehouse has is never changed behind its back. A question raises the request's revision, so that whoever ships
by an older one reads it first; an accepted change becomes part of what the warehouse is shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F

from fcp.insert import insert_rows, update_rows
from fcp.models import Store

from .change_words import code_in, words_of
from .columns import EVENT_COLUMNS
from .errors import OrderError, StaleRevision
from .events import record
from .models import Order, OrderEvent, ShippingRequest
from .models.shipping import AT_WAREHOUSE, CHANGE_ASKED, ChangeAnswer, RequestState
from .release import PARTY_FIELDS, withdraw
from .settle import TAKEN
from .shapes import Party
from .shipping import locked_requests, refusal
from .stopped import drop_words
from .stored_state import lock_orders, refresh_states

ANSWERABLE = (RequestState.ACKNOWLEDGED, RequestState.PARTLY_SHIPPED)
BY_CODE = ("ship_code", "carrier", "service")
QUESTION = ("change", "change_asked_at", "change_answer", "change_reason", "changed_at", "revision")


def ask_for_address(store: Store, wanted: Mapping[int, Party], *, now: dt.datetime) -> None:
    """Ask the warehouses that have these (locked) orders to use a new address. In the caller's transaction.

    One that has the address already, because the buyer changed it back, is asked nothing any more. What another
    warehouse was offered and did not take is offered with the new address.
    """
    addresses = {pk: {"ship_to": {name: getattr(to, name) for name in PARTY_FIELDS}} for pk, to in wanted.items()}
    ask_for_change(store, addresses, now=now, actor="store")


def ask_for_change(store: Store, wanted: Mapping[int, Mapping[str, Any]], *, now: dt.datetime, actor: str) -> set[int]:
    """Ask the warehouses that have these (locked) orders to work with other values of what they were shown, by order
    id; returns the orders of which one is asked. In the caller's transaction. See `ask_for_address`.

    What was asked before and is not answered yet stays part of the question.
    """
    if not wanted:
        return set()
    _change_offers(wanted, now)
    rows: list[tuple[Any, ...]] = []
    events: list[tuple[Any, ...]] = []
    followed: dict[Order, set[str]] = {}
    asked: dict[int, set[str]] = {}
    open_ones = ShippingRequest.objects.filter(order_id__in=wanted, state__in=AT_WAREHOUSE).order_by("pk")
    for request in open_ones.select_related("warehouse", "order"):
        new = wanted[request.order_id]
        before = request.change if request.change_asked_at and not request.change_answer else {}
        change = _beyond(request, {**before, **new})
        still = _beyond(request, new)
        followed.setdefault(request.order, set()).update(set(words_of(new)) - set(words_of(still)))
        asked.setdefault(request.order_id, set()).update(words_of(still))
        if change != before:
            at = now if change else None
            rows.append((change, at, "", "", now, request.revision + 1, request.pk))
        if still and change != before:
            params = {"warehouse": request.warehouse.name, "what": words_of(still), "ship_code": code_in(still)}
            events.append((store.account_id, request.order_id, now, actor, "change_asked", params))
    update_rows(ShippingRequest, QUESTION, rows)
    insert_rows(OrderEvent, EVENT_COLUMNS, events)
    for order, words in followed.items():
        if done := words - asked[order.pk]:
            drop_words(order, done, actor, now)
    return {pk for pk, words in asked.items() if words}


def _beyond(request: ShippingRequest, change: Mapping[str, Any]) -> dict[str, Any]:
    """As far as it is something else than the warehouse was shown."""
    return {name: value for name, value in change.items() if request.snapshot.get(name) != value}


def _change_offers(wanted: Mapping[int, Mapping[str, Any]], now: dt.datetime) -> None:
    """Whoever acknowledges the older revision is told to read again."""
    for request in ShippingRequest.objects.filter(order_id__in=wanted, state=RequestState.OFFERED).order_by("pk"):
        if change := _beyond(request, wanted[request.order_id]):
            ShippingRequest.objects.filter(pk=request.pk, state=RequestState.OFFERED).update(
                snapshot=request.snapshot | change, revision=F("revision") + 1, changed_at=now
            )


def answer_change(
    request: ShippingRequest, accepted: bool, revision: int, reason: str = "", *, by: str, now: dt.datetime
) -> ShippingRequest:
    """The warehouse follows the change, or cannot any more. The same answer again changes nothing.

    Raises StaleRevision when the question changed meanwhile, OrderError when nothing is asked.
    """
    with transaction.atomic():
        request = locked_requests([request.pk])[request.pk]
        answer = ChangeAnswer.ACCEPTED if accepted else ChangeAnswer.REFUSED
        if request.change_answer == answer:
            return request
        if not request.change_asked_at or request.change_answer:
            raise OrderError("Nobody asks the warehouse to change anything of this shipping request.", "not_asked")
        if request.state not in ANSWERABLE:
            raise refusal(request)
        if request.revision != revision:
            raise StaleRevision(request.revision)
        values: dict[str, Any] = {"change_answer": answer.value, "change_reason": reason[:500], "changed_at": now}
        if accepted:
            values |= {"snapshot": request.snapshot | request.change, "revision": request.revision + 1}
        same = ShippingRequest.objects.filter(CHANGE_ASKED, pk=request.pk, revision=revision, state=request.state)
        if not same.update(**values):
            raise OrderError("This shipping request changed just now. Read it again.", "conflict")
        code = "change_accepted" if accepted else "change_refused"
        params = {"what": words_of(request.change), "ship_code": code_in(request.change)}
        record(request.order, code, by, now, warehouse=request.warehouse.name, reason=reason[:500], **params)
        if accepted:
            _follow(request, by, now)
        refresh_states([request.order_id], now=now)
        request.refresh_from_db()
    return request


def _follow(request: ShippingRequest, by: str, now: dt.datetime) -> None:
    """A warehouse follows: the order is what it works with, and once every warehouse that has it does, nobody needs to
    decide about that any more.
    """
    change = request.change
    if by_code := {name: change[name] for name in BY_CODE if name in change}:
        _use_code(request.order, by_code, now)
    has_it = ShippingRequest.objects.filter(order=request.order_id, state__in=TAKEN).exclude(pk=request.pk)
    unasked = list(has_it.exclude(change_answer=ChangeAnswer.ACCEPTED).values_list("snapshot", flat=True))
    # One that took it later took it as it is now.
    same = [name for name in change if all(snapshot.get(name) == change[name] for snapshot in unasked)]
    if done := set(words_of(dict.fromkeys(same))) - set(words_of(dict.fromkeys(change.keys() - set(same)))):
        drop_words(request.order, done, by, now)


def _use_code(order: Order, values: Mapping[str, Any], now: dt.datetime) -> None:
    """The order ships by another ship code now: what is not taken yet is offered with it too."""
    changed: dict[str, Any] = dict(values)
    row = order.ship_method
    if row and (row.target, row.target_carrier, row.target_service) == tuple(
        values.get(name, getattr(order, name)) for name in BY_CODE
    ):
        changed["mapping_version"] = row.version
    Order.objects.filter(pk=order.pk).update(**changed)
    _change_offers({order.pk: values}, now)


# --- not at all ------------------------------------------------------------------------------------------------------


def ask_to_stop(order: Order, *, by: str, now: dt.datetime) -> int:
    """Ask every warehouse that has the order to stop; what nobody took is taken back. Returns how many are asked.

    Once they have stopped, the order is offered anew as it is then; hold it to keep it here.
    """
    with transaction.atomic():
        lock_orders([order.pk])
        asked = stop_orders([order.pk], by=by, now=now)
        if not asked:
            raise OrderError(
                "No warehouse has this order any more, or it was asked to stop already.", "not_at_warehouse"
            )
    return asked[order.pk]


def stop_orders(order_ids: Collection[int], *, by: str, now: dt.datetime) -> dict[int, int]:
    """The same for these (locked) orders, in the caller's transaction: how many warehouses are asked, by order id.

    An order that none has in hand, or of which all were asked already, is left as it is.
    """
    has_it = ShippingRequest.objects.filter(order_id__in=order_ids, state__in=ANSWERABLE).order_by("pk")
    asked: dict[int, int] = {}
    events = []
    for account, order_id, name in has_it.values_list("account", "order", "warehouse__name"):
        asked[order_id] = asked.get(order_id, 0) + 1
        events.append((account, order_id, now, by, "stop_asked", {"warehouse": name}))
    if not asked:
        return {}
    withdraw(asked, now=now, actor=by)
    has_it.order_by().update(state=RequestState.CANCEL_ASKED, cancel_asked_at=now, changed_at=now)
    insert_rows(OrderEvent, EVENT_COLUMNS, events)
    refresh_states(list(asked), now=now)
    return asked
