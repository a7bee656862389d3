"""What a warehouse answers to a shipping request: taken, not possible, stopped or too late.

The partner API and the To ship page call the same functions. Each is one transaction, locks its orders first, and
claims by a conditional UPDATE whose rows are counted, so that of two answers at once only one counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Case, Q, Value, When

from fcp.insert import insert_rows
from inventory.models import Warehouse

from .change_holds import OF_WAREHOUSES, lift_with_events
from .decide import is_canceled
from .errors import OrderError, StaleRevision
from .events import record
from .holds import HoldKind
from .models import Fulfillment, Hold, Order, OrderEvent, ShippingRequest
from .models.shipping import AT_WAREHOUSE, UNSETTLED, RequestState
from .stopped import on_rejected, on_stopped
from .stored_state import lock_orders, refresh_states

# What somebody who asks too late is told; the states before are open to an answer.
SETTLED = {
    RequestState.WITHDRAWN: ("withdrawn", "This shipping request was withdrawn. Do not ship it."),
    RequestState.CANCELED: ("canceled", "This shipping request was canceled. Do not ship it."),
    RequestState.REJECTED: ("rejected", "This shipping request was rejected. A new one follows if it is to ship."),
    RequestState.SHIPPED: ("shipped", "This shipping request has shipped completely."),
}
TAKEN = (*AT_WAREHOUSE, RequestState.SHIPPED)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """`revision` is the one that was read; `partner_ref` the warehouse's own number, if it has one."""

    request_id: int
    revision: int
    partner_ref: str = ""


def acknowledge(
    request: ShippingRequest, revision: int, partner_ref: str = "", *, by: str, now: dt.datetime
) -> ShippingRequest:
    """The warehouse takes the request as it read it. Said again, it changes nothing.

    Raises StaleRevision when the request changed meanwhile, OrderError when it is no longer to be shipped.
    """
    answer = acknowledge_many([Acknowledgement(request.pk, revision, partner_ref)], by=by, now=now)[request.pk]
    if isinstance(answer, OrderError):
        raise answer
    return answer


def acknowledge_many(
    wanted: Sequence[Acknowledgement], *, by: str, now: dt.datetime
) -> dict[int, ShippingRequest | OrderError]:
    """Each for itself: by request id the request as it now is, or why it was not taken. Constantly many statements."""
    answers: dict[int, ShippingRequest | OrderError] = {}
    with transaction.atomic():
        requests = locked_requests([w.request_id for w in wanted])
        take: dict[int, Acknowledgement] = {}
        for one in wanted:
            request = requests[one.request_id]
            try:
                if _is_open(request, one.revision):
                    take[request.pk] = one
                answers[request.pk] = request
            except OrderError as error:
                answers[request.pk] = error
        if take:
            _take([requests[pk] for pk in take], take, by, now)
    return answers


def _is_open(request: ShippingRequest, revision: int) -> bool:
    """Whether this acknowledgement is the first; an outdated one, or one of something settled, is an error."""
    if request.state in SETTLED and request.state != RequestState.SHIPPED:
        raise refusal(request)
    if request.revision != revision:
        raise StaleRevision(request.revision)
    return request.state not in TAKEN


def _take(requests: Sequence[ShippingRequest], wanted: dict[int, Acknowledgement], by: str, now: dt.datetime) -> None:
    as_read = reduce(or_, (Q(pk=one.request_id, revision=one.revision) for one in wanted.values()))
    refs = Case(*(When(pk=one.request_id, then=Value(one.partner_ref)) for one in wanted.values()))
    taken = ShippingRequest.objects.filter(as_read, state=RequestState.OFFERED).update(
        state=RequestState.ACKNOWLEDGED, partner_ref=refs, acknowledged_at=now, changed_at=now
    )
    if taken != len(wanted):
        raise _changed_meanwhile()
    order_ids = {r.order_id for r in requests}
    Order.objects.filter(pk__in=order_ids, released_at=None).update(released_at=now)
    events = []
    for request in requests:
        request.state = RequestState.ACKNOWLEDGED
        request.partner_ref = wanted[request.pk].partner_ref
        request.acknowledged_at = request.changed_at = now
        params = {"warehouse": request.warehouse.name, "reference": request.partner_ref, "revision": request.revision}
        events.append((request.account_id, request.order_id, now, by, "acknowledged", params))
    insert_rows(OrderEvent, ("account", "order", "at", "actor", "code", "params"), events)
    refresh_states(order_ids, now=now)


def reject(request: ShippingRequest, reason: str, *, by: str, now: dt.datetime) -> ShippingRequest:
    """The warehouse will not ship it: the order is held with the reason. Said again, it changes nothing.

    Possible until something of it has shipped. What changed in the store meanwhile is followed, as nobody works on it.
    """
    with transaction.atomic():
        request = locked_requests([request.pk])[request.pk]
        if request.state == RequestState.REJECTED:
            return request
        if request.state not in (RequestState.OFFERED, RequestState.ACKNOWLEDGED):
            raise refusal(request)
        _move(request, RequestState.REJECTED, now, reason=reason[:500])
        Hold.objects.get_or_create(
            order_id=request.order_id,
            kind=HoldKind.REJECTED_BY_WAREHOUSE.value,
            cause="",
            lifted_at=None,
            defaults={
                "account_id": request.account_id,
                "params": {"word": request.reason},
                "placed_at": now,
                "placed_by": by,
            },
        )
        record(request.order, "rejected", by, now, warehouse=request.warehouse.name, reason=request.reason)
        on_rejected(request.order, by=by, now=now)
        refresh_states([request.order_id], now=now)
    return request


def answer_cancel(
    request: ShippingRequest, stopped: bool, reason: str = "", *, by: str, now: dt.datetime
) -> ShippingRequest:
    """The warehouse was asked to stop, and did, or it was too late. The same answer again changes nothing."""
    with transaction.atomic():
        request = locked_requests([request.pk])[request.pk]
        if request.state != RequestState.CANCEL_ASKED:
            said_before = request.state == RequestState.CANCELED if stopped else request.state in TAKEN
            if request.cancel_asked_at and said_before:
                return request
            if request.state in SETTLED:
                raise refusal(request)
            raise OrderError("Nobody asked the warehouse to stop this shipping request.", "not_asked")
        code = "stopped" if stopped else "too_late"
        after = RequestState.CANCELED if stopped else RequestState.ACKNOWLEDGED
        left = Fulfillment.objects.filter(order_id=request.order_id, request=request, voided_at=None)
        if not stopped and left.exists():
            after = RequestState.PARTLY_SHIPPED
        _move(request, after, now, reason=reason[:500])
        record(request.order, code, by, now, warehouse=request.warehouse.name, reason=request.reason)
        if stopped:
            _settle_cancellation(request, by, now)
            on_stopped(request.order, by=by, now=now)
        refresh_states([request.order_id], now=now)
    return request


def _settle_cancellation(request: ShippingRequest, by: str, now: dt.datetime) -> None:
    """Once the last warehouse has stopped, nobody needs to decide about the store's cancellation any more; nor, where
    it is canceled still, about what changed before.
    """
    if ShippingRequest.objects.filter(order=request.order_id, state=RequestState.CANCEL_ASKED).exists():
        return
    canceled = is_canceled(request.order.status, request.order.payment)
    kinds = OF_WAREHOUSES if canceled else (HoldKind.CANCELED_IN_STORE,)
    lift_with_events([request.order_id], kinds, now, by)


def on_warehouse_saved(instance: Warehouse, **_: Any) -> None:
    """What a warehouse still has to ship goes with it when another partner takes it over."""
    open_work = ShippingRequest.objects.filter(warehouse=instance, state__in=UNSETTLED)
    open_work.exclude(partner=instance.partner_id).update(partner=instance.partner_id)


def locked_requests(request_ids: Sequence[int]) -> dict[int, ShippingRequest]:
    """The requests as they are once their orders are locked."""
    order_ids = ShippingRequest.objects.filter(pk__in=request_ids).values_list("order_id", flat=True)
    lock_orders(set(order_ids))
    return ShippingRequest.objects.select_related("order", "warehouse").in_bulk(request_ids)


def _move(request: ShippingRequest, state: RequestState, now: dt.datetime, *, reason: str) -> None:
    moved = ShippingRequest.objects.filter(pk=request.pk, state=request.state, revision=request.revision).update(
        state=state, reason=reason, changed_at=now
    )
    if not moved:
        raise _changed_meanwhile()
    request.state, request.reason, request.changed_at = state, reason, now


def refusal(request: ShippingRequest) -> OrderError:
    """Why a request in this state takes no such answer."""
    state = RequestState(request.state)
    if state in SETTLED:
        code, sentence = SETTLED[state]
        return OrderError(sentence, code)
    if state is RequestState.CANCEL_ASKED:
        return OrderError(
            "The warehouse was asked to stop this shipping request. Say first whether it was stopped.", "cancel_asked"
        )
    return OrderError("Something of this shipping request has shipped already.", "partly_shipped")


def _changed_meanwhile() -> OrderError:
    return OrderError("This shipping request changed just now. Read it again.", "conflict")
