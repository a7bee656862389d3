"""Telling Wix of shipments, and reading back what it lists. Source: dev.wix.com, Order Fulfillments."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import quote

from fcp.errors import Busy, NotFound, Scope, SyncError, Unreadable
from orders.shapes import StoreShipment

from ..shapes import Answer, ShipmentToTell
from .errors import rejection
from .reading import Json, Wrong, cleaned, count, part, parts, text, time
from .words import LINKS, PROVIDER_LABELS, PROVIDERS, TAKES_SEVERAL

Call = Callable[..., Any]  # (method, path, json) -> what Wix answers
ORDERS_PER_CALL = 100
ONE_BY_ONE = 25  # so many at most, where a call for all of them is refused
MOST_NUMBER = 100
BULK = "/ecom/v1/fulfillments/orders/bulk/create-fulfillments"
MOST_LINK = 2048


# --- telling ------------------------------------------------------------------------------------------------------


def tell(call: Call, shipments: Sequence[ShipmentToTell]) -> list[Answer]:
    """One answer for each. Withdrawals go first: they free pieces and numbers for what follows.

    An error that is not about one record ends the work: raised when nothing was told yet, else it is the answer for
    the shipments of that call, and Busy that for those never sent.
    """
    answers: dict[str, Answer] = {}
    for some, work in _steps(call, shipments):
        try:
            answers |= {answer.key: answer for answer in work(some)}
        except SyncError as error:
            if not answers:
                raise
            answers |= {shipment.key: Answer(shipment.key, error=error) for shipment in some}
            break
    return [answers.get(s.key) or Answer(s.key, error=Busy("not sent: a call before it failed")) for s in shipments]


Step = tuple[Sequence[ShipmentToTell], Callable[[Sequence[ShipmentToTell]], list[Answer]]]


def _steps(call: Call, shipments: Sequence[ShipmentToTell]) -> Iterator[Step]:
    """The calls to make, one after the other."""
    for action, work in (("retract", _retract), ("change", _change)):
        for shipment in shipments:
            if shipment.action == action:
                yield [shipment], partial(_each_alone, work, call)
    for turn in _turns([shipment for shipment in shipments if shipment.action == "create"]):
        for start in range(0, len(turn), ORDERS_PER_CALL):
            yield turn[start : start + ORDERS_PER_CALL], partial(_create_many, call)


def _turns(creates: Sequence[ShipmentToTell]) -> list[list[ShipmentToTell]]:
    """Each order at most once in a turn: a bulk answer speaks of orders, not of their single shipments."""
    turns: list[list[ShipmentToTell]] = []
    seen: dict[str, int] = defaultdict(int)
    for shipment in creates:
        turn = seen[shipment.order_uid]
        seen[shipment.order_uid] += 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(shipment)
    return turns


def _each_alone(
    work: Callable[[Call, ShipmentToTell], str], call: Call, some: Sequence[ShipmentToTell]
) -> list[Answer]:
    return [_alone(work, call, shipment) for shipment in some]


def _alone(work: Callable[[Call, ShipmentToTell], str], call: Call, shipment: ShipmentToTell) -> Answer:
    try:
        return Answer(shipment.key, store_ref=work(call, shipment))
    except SyncError as error:
        if error.scope is not Scope.RECORD:
            raise
        return Answer(shipment.key, error=error)


def _create(call: Call, shipment: ShipmentToTell) -> str:
    path = f"/ecom/v1/fulfillments/orders/{quote(shipment.order_uid)}/create-fulfillment"
    reply = call("POST", path, {"fulfillment": _fulfillment(shipment)})
    found = reply.get("fulfillmentId") if isinstance(reply, dict) else None
    return found if isinstance(found, str) and found else _found_in(reply, "orderWithFulfillments", shipment)


def _change(call: Call, shipment: ShipmentToTell) -> str:
    """Tracking only: Wix cannot change the lines of a fulfillment."""
    body = {"id": shipment.store_ref, "trackingInfo": _change_of_tracking(shipment)}
    call("PATCH", _path(shipment), {"fulfillment": body, "orderId": shipment.order_uid})
    return shipment.store_ref


def _retract(call: Call, shipment: ShipmentToTell) -> str:
    """What is gone already is withdrawn."""
    with suppress(NotFound):
        call("DELETE", _path(shipment), None)
    return shipment.store_ref


def _path(shipment: ShipmentToTell) -> str:
    return f"/ecom/v1/fulfillments/{quote(shipment.store_ref)}/orders/{quote(shipment.order_uid)}"


def _create_many(call: Call, some: Sequence[ShipmentToTell]) -> list[Answer]:
    """One call for up to 100 orders. A bulk that Wix refuses as a whole is cut up, then told one by one: one is odd."""
    if len(some) > 1:
        orders = [{"orderId": s.order_uid, "fulfillments": [_fulfillment(s)]} for s in some]
        try:
            reply = call("POST", BULK, {"ordersWithFulfillments": orders})
        except SyncError as error:
            if error.scope is not Scope.RECORD:
                raise
        else:
            return _bulk_answers(reply, some)
    if len(some) > ONE_BY_ONE:
        pieces = [some[start : start + ONE_BY_ONE] for start in range(0, len(some), ONE_BY_ONE)]
        return [answer for piece in pieces for answer in _create_many(call, piece)]
    return _each_alone(_create, call, some)


def _bulk_answers(reply: Any, some: Sequence[ShipmentToTell]) -> list[Answer]:
    try:
        results = {_index(result): result for result in parts(reply, "results")} if isinstance(reply, dict) else {}
        return [_bulk_answer(results.get(place), shipment) for place, shipment in enumerate(some)]
    except Wrong as odd:
        raise Unreadable(f"bulk answer {odd}", maybe_done=True) from odd


def _index(result: Json) -> int:
    return count(part(result, "itemMetadata"), "originalIndex")


def _bulk_answer(result: Json | None, shipment: ShipmentToTell) -> Answer:
    if result is None:
        return Answer(shipment.key, error=Unreadable("not in the bulk answer", maybe_done=True))
    meta = part(result, "itemMetadata")
    if meta.get("success") is True:
        return Answer(shipment.key, store_ref=_found_in(result, "ordersWithFulfillments", shipment))
    error = part(meta, "error") or part(result, "error")
    return Answer(shipment.key, error=rejection(text(error, "code", 100), text(error, "description", 500)))


def _found_in(reply: Any, field: str, shipment: ShipmentToTell) -> str:
    """The id of the fulfillment just made: the newest that is like ours; "" where the answer does not show it."""
    listed = reply.get(field) if isinstance(reply, dict) else None
    fulfillments = _shipments_of(listed) if isinstance(listed, dict) else []
    alike = [told for told in fulfillments if told.uid and same(told, shipment)]
    return max(alike, key=lambda told: told.created_at.timestamp() if told.created_at else 0).uid if alike else ""


def _fulfillment(shipment: ShipmentToTell) -> Json:
    made: Json = {"lineItems": [{"id": uid, "quantity": quantity} for uid, quantity in shipment.lines]}
    if tracking := tracking_of(shipment):
        made["trackingInfo"] = tracking
    return made


def _change_of_tracking(shipment: ShipmentToTell) -> Json | None:
    """Null takes away what was there; for a carrier that Wix knows, Wix then makes the link itself."""
    tracking = tracking_of(shipment)
    return {"trackingLink": None, **tracking} if tracking else None


# --- tracking -----------------------------------------------------------------------------------------------------


def tracking_of(shipment: ShipmentToTell) -> Json | None:
    """Wix keeps one number, one provider and one link for each fulfillment; see `Platform.shipments_note`."""
    numbers = _numbers(shipment)
    if not numbers:
        return None
    provider = _provider(shipment.carrier)
    if provider and len(numbers) == 1:
        return {"trackingNumber": numbers[0], "shippingProvider": provider}
    name = PROVIDER_LABELS.get(provider, "") or cleaned(shipment.carrier, 100) or "Other"
    tracking = {"trackingNumber": tracking_text(shipment), "shippingProvider": name}
    if link := _link(shipment, provider or _plain(shipment.carrier), numbers):
        tracking["trackingLink"] = link
    return tracking


def tracking_text(shipment: ShipmentToTell) -> str:
    """All numbers in one field of 100 characters; of those that do not fit, how many they are."""
    numbers = _numbers(shipment)
    joined = ", ".join(numbers)
    shown = len(numbers)
    while len(joined) > MOST_NUMBER and shown > 1:
        shown -= 1
        joined = f"{', '.join(numbers[:shown])} +{len(numbers) - shown}"
    return joined[:MOST_NUMBER]


def _numbers(shipment: ShipmentToTell) -> list[str]:
    return [number for parcel in shipment.parcels if (number := cleaned(parcel.number, MOST_NUMBER))]


def _provider(carrier: str) -> str:
    """Wix's word for a carrier whose links it makes: by the whole name, else by its first word ("UPS Ground")."""
    words = carrier.split()
    return PROVIDERS.get(_plain(carrier)) or (PROVIDERS.get(_plain(words[0]), "") if words else "")


def _link(shipment: ShipmentToTell, carrier: str, numbers: Sequence[str]) -> str:
    if len(numbers) > 1 and carrier in TAKES_SEVERAL:
        return LINKS[carrier].format(quote(",".join(numbers), safe=","))[:MOST_LINK]
    for parcel in shipment.parcels:
        if re.match(r"https?://\S+$", parcel.url) and len(parcel.url) <= MOST_LINK:
            return parcel.url
    words = re.split(r"[\s-]+", shipment.carrier.strip())
    pattern = LINKS.get(carrier) or LINKS.get(_plain(words[0]))
    return pattern.format(quote(numbers[0], safe="")) if pattern else ""


def _plain(carrier: str) -> str:
    return "".join(sign for sign in carrier.casefold() if sign.isalnum())


# --- reading back -------------------------------------------------------------------------------------------------


def told(call: Call, order_uids: Sequence[str]) -> dict[str, list[StoreShipment] | None]:
    """By order; None for one whose list cannot be read, which is not the same as an empty one."""
    found: dict[str, list[StoreShipment] | None] = {}
    for start in range(0, len(order_uids), ORDERS_PER_CALL):
        some = list(order_uids[start : start + ORDERS_PER_CALL])
        reply = call("POST", "/ecom/v1/fulfillments/list-by-ids", {"orderIds": some})
        listed = reply.get("ordersWithFulfillments") if isinstance(reply, dict) else None
        if not isinstance(listed, list):
            raise Unreadable("an answer without a list of fulfillments")
        for order in listed:
            with suppress(Wrong, AttributeError):
                uid = text(order, "orderId", 100)
                found[uid] = None
                found[uid] = _shipments_of(order)
    return {uid: found[uid] for uid in order_uids if uid in found}


def _shipments_of(listed: Json) -> list[StoreShipment]:
    return [_shipment(fulfillment) for fulfillment in parts(listed, "fulfillments")]


def _shipment(source: Json) -> StoreShipment:
    tracking = part(source, "trackingInfo")
    return StoreShipment(
        uid=text(source, "id", 100),
        lines=tuple((text(line, "id", 100), count(line, "quantity")) for line in parts(source, "lineItems")),
        tracking=text(tracking, "trackingNumber", MOST_NUMBER),
        carrier=text(tracking, "shippingProvider", 100),
        url=text(tracking, "trackingLink", MOST_LINK),
        created_at=time(source.get("createdDate")),
    )


def same(listed: StoreShipment, ours: ShipmentToTell) -> bool:
    """Whether a listed fulfillment is the one that we told, by its lines and what we send as tracking."""
    return sorted(listed.lines) == sorted(ours.lines) and listed.tracking == tracking_text(ours)
