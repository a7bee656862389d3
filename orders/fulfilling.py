"""Goods that left: reporting them, taking a report back, mending it, telling the store again.

From a partner's API call, a person's form, or the bulk action: one code path. Quantities move by conditional UPDATE,
so that two reports of one line at once never ship more than was ordered.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from django.db import transaction
from django.db.models import Case, F, IntegerField, Sum, Value, When

from inventory.movements import EARLIEST

from .decide import is_canceled
from .errors import OrderError
from .events import record
from .models import Fulfillment, FulfillmentLine, Order, OrderLine, Parcel, RequestLine, ShippingRequest
from .models.shipping import (
    CHANGE_ASKED,
    UNSETTLED,
    ChangeAnswer,
    FulfillmentQuerySet,
    Origin,
    RequestState,
    Told,
    tracking_key_of,
)
from .release import offer_rest
from .shipping import refusal
from .signals import shipments_to_tell
from .stopped import on_voided
from .stored_state import lock_orders, refresh_states

REPORTABLE = (RequestState.ACKNOWLEDGED, RequestState.PARTLY_SHIPPED)
AHEAD = dt.timedelta(days=1)  # a clock may be wrong, a month ahead is a slip


@dataclass(frozen=True, slots=True)
class Tracking:
    """One parcel. `url` is its tracking page; empty: the carrier's own."""

    number: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Shipment:
    """What left together. `lines`: order line id to pieces; `ref`: the reporter's own id; no `shipped_at`: just now."""

    lines: Mapping[int, int]
    carrier: str = ""
    service: str = ""
    parcels: tuple[Tracking, ...] = ()
    ref: str = ""
    shipped_at: dt.datetime | None = None


def report_fulfillment(
    order: Order,
    shipment: Shipment,
    *,
    origin: Origin,
    by: str,
    now: dt.datetime,
    request: ShippingRequest | None = None,
) -> Fulfillment:
    """Record that goods left, for a shipping request, or (by a person) for an order that no warehouse has.

    The same `ref` with the same content returns what was recorded; with other content it is an OrderError, code
    fulfillment_differs. Other OrderErrors name the line and what is wrong with it; then nothing is recorded.
    """
    shipment = _tidy(shipment)
    with transaction.atomic():
        [order] = lock_orders([order.pk])
        known = _reported_before(request, shipment)
        if known:
            return known
        _check(shipment, now)
        if request is None:
            _check_no_warehouse_has(order)
        else:
            request = ShippingRequest.objects.select_related("warehouse").get(pk=request.pk, order=order)
            if request.state not in REPORTABLE:
                raise _not_reportable(request)
        _check_lines(order, request, shipment)
        _move_shipped(order, shipment.lines)
        fulfillment = _store(order, request, shipment, origin, now)
        ended = request is not None and _move_request(request, now) == RequestState.SHIPPED
        warehouse = request.warehouse.name if request else ""
        record(
            order, "shipped", by, now, fulfillment=fulfillment.pk, pieces=sum(shipment.lines.values()),
            carrier=shipment.carrier, tracking=[p.number for p in shipment.parcels], warehouse=warehouse,
        )  # fmt: skip
        refresh_states([order.pk], now=now, left=[fulfillment.pk], by=by)
        if ended:
            offer_rest(order, now=now, actor=by)
        _ring(fulfillment.store_id)
    return fulfillment


def void(fulfillment: Fulfillment, *, by: str, now: dt.datetime) -> Fulfillment:
    """It did not leave after all: the pieces can ship again, and a store that knows of it is asked to take it back."""
    with transaction.atomic():
        fulfillment = _locked(fulfillment)
        if fulfillment.voided_at:
            return fulfillment
        told = _after_void(fulfillment)
        voided = _same_revision(fulfillment).update(
            voided_at=now, voided_by=by, told=told, not_before=now, problem="", attempts=0, revision=F("revision") + 1
        )
        if not voided:
            raise _changed_meanwhile()
        pieces = {line.line_id: line.quantity for line in fulfillment.lines.all()}
        shipped = OrderLine.objects.filter(pk__in=pieces, shipped__gte=_by_line(pieces))
        if shipped.update(shipped=F("shipped") - _by_line(pieces)) != len(pieces):
            raise _changed_meanwhile()
        if fulfillment.request:
            _move_request(fulfillment.request, now)
        record(
            fulfillment.order, "fulfillment_voided", by, now, fulfillment=fulfillment.pk, pieces=sum(pieces.values())
        )
        on_voided(fulfillment.order, by=by, now=now)
        refresh_states([fulfillment.order_id], now=now, left=[fulfillment.pk], by=by)
        _ring(fulfillment.store_id)
    fulfillment.refresh_from_db()
    return fulfillment


def correct(
    fulfillment: Fulfillment,
    *,
    carrier: str,
    service: str = "",
    parcels: Sequence[Tracking],
    by: str,
    now: dt.datetime,
) -> Fulfillment:
    """Mend carrier and tracking; a store that knows the old ones is told the new ones. What left stays as it is."""
    new = _tidy(Shipment(lines={}, carrier=carrier, service=service, parcels=tuple(parcels)))
    with transaction.atomic():
        fulfillment = _locked(fulfillment)
        if fulfillment.voided_at:
            raise OrderError("This shipment was voided. Report it anew instead.", "voided")
        before = (fulfillment.carrier, fulfillment.service, _parcels_of(fulfillment))
        if before == (new.carrier, new.service, new.parcels):
            return fulfillment
        told = Told(fulfillment.told)
        if told == Told.TOLD:  # while telling is off it is noted that the store knows the older one
            told = Told.CHANGE if fulfillment.store.tells_shipments else Told.NOT_WANTED
        corrected = _same_revision(fulfillment).update(
            carrier=new.carrier, service=new.service, told=told, not_before=now, problem="", revision=F("revision") + 1
        )
        if not corrected:
            raise _changed_meanwhile()
        Parcel.objects.filter(fulfillment=fulfillment).delete()
        _store_parcels(fulfillment, new.parcels)
        record(
            fulfillment.order, "fulfillment_corrected", by, now, fulfillment=fulfillment.pk, carrier=new.carrier,
            tracking=[p.number for p in new.parcels],
        )  # fmt: skip
        refresh_states([fulfillment.order_id], now=now)
        _ring(fulfillment.store_id)
    fulfillment.refresh_from_db()
    return fulfillment


def tell_again(fulfillment: Fulfillment, *, by: str, now: dt.datetime) -> Fulfillment:
    """Send tracking again: at once, also when the store has it already or the last tries failed.

    The tries are not forgotten: after one without an answer the store is read before it is told.
    """
    with transaction.atomic():
        fulfillment = _locked(fulfillment)
        if fulfillment.voided_at and fulfillment.told != Told.RETRACT:
            raise OrderError("This shipment was voided; there is no tracking to send.", "voided")
        if fulfillment.origin == Origin.STORE:
            raise OrderError("The store recorded this shipment itself; it needs no telling.", "from_store")
        if not fulfillment.store.tells_shipments:
            raise OrderError(
                f"Sending shipments to {fulfillment.store.name} is off. Switch it on in the integration's settings.",
                "not_told",
            )
        again = {Told.TOLD: Told.CHANGE, Told.NOT_WANTED: Told.CHANGE if fulfillment.told_at else Told.DUE}
        told = again.get(Told(fulfillment.told), fulfillment.told)
        told_again = _same_revision(fulfillment).update(
            told=told, not_before=now, problem="", revision=F("revision") + 1
        )
        if not told_again:
            raise _changed_meanwhile()
        record(fulfillment.order, "tracking_sent_again", by, now, fulfillment=fulfillment.pk)
        refresh_states([fulfillment.order_id], now=now)
        _ring(fulfillment.store_id)
    fulfillment.refresh_from_db()
    return fulfillment


# --- what may leave ------------------------------------------------------------------------------------------------


def _tidy(shipment: Shipment) -> Shipment:
    """Texts without NUL and edge spaces, each tracking number once."""
    parcels = {p.number: p for p in (Tracking(_text(p.number, 100), _text(p.url, 500)) for p in shipment.parcels)}
    return replace(
        shipment,
        carrier=_text(shipment.carrier, 60),
        service=_text(shipment.service, 60),
        ref=_text(shipment.ref, 100),
        parcels=tuple(p for p in parcels.values() if p.number or p.url),
    )


def _text(value: str, length: int) -> str:
    return value.replace("\x00", "").strip()[:length]


def _check(shipment: Shipment, now: dt.datetime) -> None:
    if not shipment.lines:
        raise OrderError("Say which lines have shipped.", "no_lines")
    if any(quantity < 1 for quantity in shipment.lines.values()):
        raise OrderError("Each quantity must be 1 or more.", "bad_quantity")
    if shipment.shipped_at and shipment.shipped_at > now + AHEAD:
        raise OrderError("The time of shipping lies in the future.", "bad_time")
    if shipment.shipped_at and shipment.shipped_at < EARLIEST:
        raise OrderError(
            "The time of shipping lies before the year 2000. Leave it out if you do not know it.", "bad_time"
        )


def _check_no_warehouse_has(order: Order) -> None:
    if is_canceled(order.status, order.payment):
        raise OrderError(f"Order {order.number} is canceled in the store. It must not ship.", "order_canceled")
    if ShippingRequest.objects.filter(order=order, state__in=UNSETTLED).exists():
        raise OrderError(
            f"A warehouse is working on order {order.number}. Mark it as shipped on To ship.", "at_warehouse"
        )


def _not_reportable(request: ShippingRequest) -> OrderError:
    if request.state == RequestState.OFFERED:
        return OrderError("Acknowledge this shipping request first, with the revision you read.", "not_acknowledged")
    return refusal(request)


def _reported_before(request: ShippingRequest | None, shipment: Shipment) -> Fulfillment | None:
    """What was recorded under the same id of the reporter's. Locked by its order, so nobody records it meanwhile."""
    if not request or not shipment.ref:
        return None
    known = Fulfillment.objects.filter(request=request, order=request.order_id, partner_ref=shipment.ref).first()
    if known is None:
        return None
    if known.voided_at:
        raise OrderError(f"Shipment {shipment.ref} was voided. Report it anew under another id.", "voided")
    lines = dict(known.lines.values_list("line_id", "quantity"))
    recorded = Shipment(lines, known.carrier, known.service, _parcels_of(known), shipment.ref, known.shipped_at)
    if replace(shipment, lines=dict(shipment.lines), shipped_at=shipment.shipped_at or known.shipped_at) != recorded:
        raise OrderError(
            f"Shipment {shipment.ref} was reported before with other content. Use another id for another shipment.",
            "fulfillment_differs",
        )
    return known


def _check_lines(order: Order, request: ShippingRequest | None, shipment: Shipment) -> None:
    """OrderError for a line that was not asked for, or of which fewer pieces are left."""
    lines = {line.pk: (place, line) for place, line in enumerate(OrderLine.objects.filter(order=order), start=1)}
    if request:
        asked, gone = _asked_and_gone(request)
    else:
        asked = {pk: line.quantity for pk, (_, line) in lines.items() if line.ships}
        gone = {pk: line.shipped for pk, (_, line) in lines.items()}
    for pk, quantity in shipment.lines.items():
        if pk not in asked:
            raise OrderError(f"There is no line {pk} to ship here.", "unknown_line")
        place, line = lines[pk]
        left = min(asked[pk] - gone.get(pk, 0), line.quantity - line.shipped)
        if quantity > left:
            raise OrderError(
                f"Line {place} ({line.sku or line.title}): {asked[pk]} ordered, {asked[pk] - left} shipped already, "
                f"so {quantity} cannot ship.",
                "more_than_ordered",
            )


def _move_shipped(order: Order, pieces: Mapping[int, int]) -> None:
    may_leave = OrderLine.objects.filter(order=order, pk__in=pieces, shipped__lte=F("quantity") - _by_line(pieces))
    if may_leave.update(shipped=F("shipped") + _by_line(pieces)) != len(pieces):
        raise _changed_meanwhile()


def _by_line(pieces: Mapping[int, int]) -> Case:
    return Case(*(When(pk=pk, then=Value(n)) for pk, n in pieces.items()), default=0, output_field=IntegerField())


def _asked_and_gone(request: ShippingRequest) -> tuple[dict[int, int], dict[int, int]]:
    """Pieces by line id: asked for by this request, and shipped for it."""
    asked = dict(RequestLine.objects.filter(request=request).values_list("line_id", "quantity"))
    left = FulfillmentLine.objects.filter(
        fulfillment__order=request.order_id, fulfillment__request=request, fulfillment__voided_at=None
    )
    return asked, dict(left.values_list("line_id").annotate(pieces=Sum("quantity")))


def _move_request(request: ShippingRequest, now: dt.datetime) -> RequestState:
    """A request's state follows from what has shipped of it, unless it is being stopped; that state."""
    asked, gone = _asked_and_gone(request)
    if all(gone.get(line, 0) >= quantity for line, quantity in asked.items()):
        state = RequestState.SHIPPED
    else:
        state = RequestState.PARTLY_SHIPPED if any(gone.values()) else RequestState.ACKNOWLEDGED
    same = ShippingRequest.objects.filter(pk=request.pk)
    same.filter(state__in=(*REPORTABLE, RequestState.SHIPPED)).update(state=state, changed_at=now)
    # A question about a change has its answer when the last piece leaves, and stands again when one did not leave.
    if state == RequestState.SHIPPED:
        same.filter(CHANGE_ASKED).update(change_answer=ChangeAnswer.LEFT)
    else:
        same.filter(change_answer=ChangeAnswer.LEFT).update(change_answer="")
    return state


# --- rows ----------------------------------------------------------------------------------------------------------


def _locked(fulfillment: Fulfillment) -> Fulfillment:
    lock_orders([fulfillment.order_id])
    return Fulfillment.objects.select_related("order", "store", "request").get(pk=fulfillment.pk)


def _same_revision(fulfillment: Fulfillment) -> FulfillmentQuerySet:
    return Fulfillment.objects.filter(pk=fulfillment.pk, revision=fulfillment.revision)


def _store(
    order: Order, request: ShippingRequest | None, shipment: Shipment, origin: Origin, now: dt.datetime
) -> Fulfillment:
    fulfillment = Fulfillment.objects.create(
        account_id=order.account_id,
        store_id=order.store_id,
        order=order,
        request=request,
        origin=origin,
        partner_ref=shipment.ref or None,
        carrier=shipment.carrier,
        service=shipment.service,
        shipped_at=shipment.shipped_at or now,
        created_at=now,
        told=Told.DUE if order.store.tells_shipments else Told.NOT_WANTED,
        not_before=now,
    )
    FulfillmentLine.objects.bulk_create(
        FulfillmentLine(account_id=order.account_id, fulfillment=fulfillment, line_id=pk, quantity=quantity)
        for pk, quantity in shipment.lines.items()
    )
    _store_parcels(fulfillment, shipment.parcels)
    return fulfillment


def _store_parcels(fulfillment: Fulfillment, parcels: Iterable[Tracking]) -> None:
    Parcel.objects.bulk_create(
        Parcel(
            account_id=fulfillment.account_id,
            fulfillment=fulfillment,
            tracking=parcel.number,
            tracking_key=tracking_key_of(parcel.number),
            url=parcel.url,
        )
        for parcel in parcels
    )


def _parcels_of(fulfillment: Fulfillment) -> tuple[Tracking, ...]:
    return tuple(Tracking(parcel.tracking, parcel.url) for parcel in fulfillment.parcels.all())


def _after_void(fulfillment: Fulfillment) -> Told:
    """A store that may know of it is asked to take it back; after a try without an answer it may."""
    if fulfillment.origin == Origin.STORE:
        raise OrderError("The store recorded this shipment itself. Take it back there.", "from_store")
    knows = fulfillment.store_ref or fulfillment.told in (Told.TOLD, Told.CHANGE) or fulfillment.attempts
    return Told.RETRACT if knows and fulfillment.store.tells_shipments else Told.NOT_WANTED


def _ring(store_id: int) -> None:
    # A nudge: what is to be told stands in the rows, so a receiver's failure undoes nothing.
    transaction.on_commit(partial(shipments_to_tell.send, Fulfillment, store_id=store_id), robust=True)


def _changed_meanwhile() -> OrderError:
    return OrderError("This changed just now. Look at it again.", "conflict")
