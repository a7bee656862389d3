"""How one order stands, as its headline looks at it: from its rows, for its page and for whoever asks where it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .change_words import as_it_was, asked_for
from .headline import AtWarehouse, OpenHold, Situation
from .models import Fulfillment, Order, OrderLine, ShippingRequest
from .models.shipping import TO_TELL, UNSETTLED, ChangeAnswer, Origin, RequestState
from .state import State
from .tables import open_holds


def situation_of(order: Order) -> Situation:
    """With a few statements; `order` is loaded with its store."""
    return situation(
        order,
        open_holds([order.pk]).get(order.pk, []),
        ShippingRequest.objects.filter(order=order).select_related("warehouse").order_by("-pk"),
        OrderLine.objects.filter(order=order),
        Fulfillment.objects.filter(order=order, voided_at=None),
    )


def situation(
    order: Order,
    holds: Sequence[OpenHold],
    requests: Iterable[ShippingRequest],
    lines: Iterable[OrderLine],
    fulfillments: Iterable[Fulfillment],
) -> Situation:
    """From rows that are loaded: requests with their warehouse, fulfillments also voided ones."""
    requests = list(requests)
    standing = [one for one in fulfillments if one.voided_at is None]
    ships = [line for line in lines if line.ships and line.removed_at is None]
    return Situation(
        state=State(order.state),
        store=order.store.name,
        hands_over=order.store.hands_over,
        tried=order.tried,
        holds=holds,
        requests=[
            AtWarehouse(
                one.warehouse.name,
                taken=one.state != RequestState.OFFERED,
                by_hand=one.partner_id is None,
                stopping=one.state == RequestState.CANCEL_ASKED,
            )
            for one in requests
            if one.state in UNSETTLED
        ],
        pieces=sum(line.quantity for line in ships),
        shipped=sum(line.shipped for line in ships),
        by_store=bool(standing) and all(one.origin == Origin.STORE for one in standing),
        problem=next((one.problem for one in standing if one.problem and one.told in TO_TELL), ""),
        payment=order.payment,
        answers=[sentence for one in requests for sentence in answers_of(one)],
        awaited=any(is_awaited(one) for one in requests),
    )


def is_awaited(request: ShippingRequest) -> bool:
    """Whether the warehouse was asked to stop, or to follow a change, and has not answered."""
    if request.state == RequestState.CANCEL_ASKED:
        return True
    asked = request.change_asked_at is not None and not request.change_answer
    return asked and request.state in UNSETTLED


def answers_of(request: ShippingRequest) -> list[str]:
    """What one warehouse was asked after it took the order, and what it said."""
    if request.state in (RequestState.WITHDRAWN, RequestState.CANCELED, RequestState.REJECTED):
        return []
    name = request.warehouse.name
    said = []
    if request.state == RequestState.CANCEL_ASKED:
        said.append(f"{name} was asked to stop and has not answered yet.")
    elif request.cancel_asked_at:
        said.append(_with_reason(f"{name} could not stop it", request.reason))
    if request.change_asked_at:
        said.append(_change(request, name))
    return said


def _change(request: ShippingRequest, name: str) -> str:
    what = asked_for(request.change)
    match request.change_answer:
        case ChangeAnswer.ACCEPTED:
            return f"{name} uses {what}."
        case ChangeAnswer.REFUSED:
            return _with_reason(f"{name} cannot use {what}", request.change_reason)
        case ChangeAnswer.LEFT:
            return f"It left {name} {as_it_was(request.change)}, before {name} answered."
    return f"{name} was asked to use {what} and has not answered yet."


def _with_reason(text: str, reason: str) -> str:
    reason = reason.rstrip(".")
    return f"{text}: {reason}." if reason else f"{text}."
