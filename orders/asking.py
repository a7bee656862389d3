"""Asking a warehouse to work with something else than it took: a new address, or not at all. Its answer settles it.

What a warehouse has is never changed behind its back. A question raises the request's revision, so that whoever ships
by an older one reads it first; an accepted change becomes part of what the warehouse is shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F

from fcp.insert import insert_rows, update_rows
from fcp.models import Store
from inventory.models import Warehouse

from .columns import EVENT_COLUMNS
from .errors import OrderError, StaleRevision
from .events import record
from .models import Order, OrderEvent, ShippingRequest
from .models.shipping import AT_WAREHOUSE, CHANGE_ASKED, ChangeAnswer, RequestState
from .release import PARTY_FIELDS, withdraw
from .settle import TAKEN
from .shapes import Party
from .shipping import locked_requests, refusal
from .stopped import ADDRESS, drop_words
from .stored_state import lock_orders, refresh_states

ANSWERABLE = (RequestState.ACKNOWLEDGED, RequestState.PARTLY_SHIPPED)
QUESTION = ("change", "change_asked_at", "change_answer", "change_reason", "changed_at", "revision")


def ask_for_address(store: Store, wanted: Mapping[int, Party], *, now: dt.datetime) -> None:
    """Ask the warehouses that have these (locked) orders to use a new address. In the caller's transaction.

    One that has the address already, because the buyer changed it back, is asked nothing any more. What another
    warehouse was offered and did not take is offered with the new address.
    """
    if not wanted:
        return
    _readdress_offers(wanted, now)
    rows: list[tuple[Any, ...]] = []
    events: list[tuple[Any, ...]] = []
    followed, asked = set(), set()
    open_ones = ShippingRequest.objects.filter(order_id__in=wanted, state__in=AT_WAREHOUSE).order_by("pk")
    for request in open_ones.select_related("warehouse", "order"):
        ship_to = {name: getattr(wanted[request.order_id], name) for name in PARTY_FIELDS}
        if ship_to == request.snapshot["ship_to"]:
            if request.change_asked_at and not request.change_answer:
                rows.append(({}, None, "", "", now, request.revision + 1, request.pk))
            followed.add(request.order)
            continue
        asked.add(request.order)
        rows.append(({"ship_to": ship_to}, now, "", "", now, request.revision + 1, request.pk))
        params = {"warehouse": request.warehouse.name, "what": [ADDRESS]}
        events.append((store.account_id, request.order_id, now, "store", "change_asked", params))
    update_rows(ShippingRequest, QUESTION, rows)
    insert_rows(OrderEvent, EVENT_COLUMNS, events)
    for order in followed - asked:
        drop_words(order, {ADDRESS}, "store", now)


def _readdress_offers(wanted: Mapping[int, Party], now: dt.datetime) -> None:
    """Whoever acknowledges the older revision is told to read again."""
    for request in ShippingRequest.objects.filter(order_id__in=wanted, state=RequestState.OFFERED).order_by("pk"):
        ship_to = {name: getattr(wanted[request.order_id], name) for name in PARTY_FIELDS}
        if ship_to != request.snapshot["ship_to"]:
            ShippingRequest.objects.filter(pk=request.pk, state=RequestState.OFFERED).update(
                snapshot=request.snapshot | {"ship_to": ship_to}, revision=F("revision") + 1, changed_at=now
            )


def answer_change(
    request: ShippingRequest, accepted: bool, revision: int, reason: str = "", *, by: str, now: dt.datetime
) -> ShippingRequest:
    """The warehouse uses the new address, or cannot any more. The same answer again changes nothing.

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
        record(request.order, code, by, now, warehouse=request.warehouse.name, reason=reason[:500])
        if accepted:
            _settle_address(request, by, now)
        refresh_states([request.order_id], now=now)
        request.refresh_from_db()
    return request


def _settle_address(request: ShippingRequest, by: str, now: dt.datetime) -> None:
    """Once every warehouse that has it uses the new address, nobody needs to decide about that any more."""
    has_it = ShippingRequest.objects.filter(order=request.order_id, state__in=TAKEN)
    unasked = has_it.exclude(change_answer=ChangeAnswer.ACCEPTED).values_list("snapshot", flat=True)
    # One that took it later took it with the new address.
    if all(snapshot["ship_to"] == request.change["ship_to"] for snapshot in unasked):
        drop_words(request.order, {ADDRESS}, by, now)


# --- not at all ------------------------------------------------------------------------------------------------------


def ask_to_stop(order: Order, *, by: str, now: dt.datetime) -> int:
    """Ask every warehouse that has the order to stop; what nobody took is taken back. Returns how many are asked.

    Once they have stopped, the order is offered anew as it is then; hold it to keep it here.
    """
    with transaction.atomic():
        (order,) = lock_orders([order.pk])
        has_it = ShippingRequest.objects.filter(order=order, state__in=ANSWERABLE)
        names = list(Warehouse.objects.filter(pk__in=has_it.values("warehouse")).values_list("name", flat=True))
        if not names:
            raise OrderError(
                "No warehouse has this order any more, or it was asked to stop already.", "not_at_warehouse"
            )
        withdraw([order.pk], now=now, actor=by)
        asked = has_it.update(state=RequestState.CANCEL_ASKED, cancel_asked_at=now, changed_at=now)
        for name in names:
            record(order, "stop_asked", by, now, warehouse=name)
        refresh_states([order.pk], now=now)
    return int(asked)
