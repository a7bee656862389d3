"""Telling a store what left: fulfillments it does not know yet, corrections, withdrawals.

Each try is noted before its call. Where an earlier try was left without an answer, the store's own list is read before
telling again, so that a parcel is announced once. One that the store rejects waits with its own sentence, and the rest
goes on.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import F, Q, QuerySet

from fcp.errors import Busy, Refused, Scope, SyncError, Unreachable, Unreadable
from fcp.insert import insert_rows
from integrations import migrating
from integrations.connectors.shapes import Answer, Done, Later, ParcelToTell, ShipmentToTell
from integrations.flows.later import ENDS_WITHIN, GONE_AFTER, age_of, under_way
from integrations.lease import LONGEST_PAUSE, lease_time
from integrations.runs import Slice
from mappings.carriers_seen import note_carriers
from mappings.models import CarrierOut
from orders.intake import Counts
from orders.models import Fulfillment, OrderEvent, OrderLine
from orders.models.shipping import Told
from orders.shapes import StoreShipment
from orders.stored_state import lock_orders, refresh_states

log = logging.getLogger(__name__)

BATCH = 25
# After so many tries without an answer one is told alone, so that it cannot take others with it.
ALONE_AFTER = 2
# So many in a row without an answer, each told alone: it is the store.
MOST_UNANSWERED = 3
ACTIONS = {Told.DUE: "create", Told.CHANGE: "change", Told.RETRACT: "retract"}


def push(run: Slice) -> bool:
    """True when the slice is over and there is more to tell."""
    if "ticket" in run.flow.position:
        _ask_for_result(run)
    if migrating.look(run):
        return True
    unanswered = 0
    while due := _next(run):
        unanswered = 0 if _tell(run, due) else unanswered + 1
        if unanswered >= MOST_UNANSWERED:
            raise Unreachable("several shipments in a row without an answer")
        if run.over:
            return True
    return False


def to_tell(run: Slice) -> QuerySet[Fulfillment]:
    """What the store is to be told now. While the integration is not live: of orders let through as a try only."""
    now = run.now()
    due = Fulfillment.objects.to_tell().filter(Q(not_before=None) | Q(not_before__lte=now), store=run.store)
    return due if run.integration.live else due.filter(order__tried=True)


def _next(run: Slice) -> list[Fulfillment]:
    """Whole orders together, in the sequence in which they left."""
    rows = to_tell(run).select_related("order").prefetch_related("lines__line", "parcels").order_by("order_id", "pk")
    some = list(rows.filter(attempts__lt=ALONE_AFTER)[: max(run.platform.shipments_per_call, BATCH)])
    if any(f.attempts or f.told != Told.DUE for f in some):
        some = some[:BATCH]  # a call for each, or to be read back: no more than a lease has time for
    return some or list(rows.filter(attempts__gte=ALONE_AFTER)[:1])


# --- one batch -----------------------------------------------------------------------------------------------------


def _tell(run: Slice, due: Sequence[Fulfillment]) -> bool:
    """Tell the store of these; False when one that was told alone got no answer."""
    in_doubt = [f for f in due if f.attempts or (f.told != Told.DUE and not f.store_ref)]
    with run.page() as page:
        _mark(due, page.now)
        note_carriers(run.store, (f.carrier for f in due), page.now)
    shipments = _shipments(run, due)
    answers = _read_back(run, in_doubt, shipments) if in_doubt else {}
    asked = [shipments[f.pk] for f in due if f.pk not in answers]
    try:
        reply = run.ask(lambda connector: connector.push_shipments(asked)) if asked else Done([])
    except Busy as error:
        _record(run, due, answers)
        with run.page():
            Fulfillment.objects.filter(pk__in=[int(s.key) for s in asked]).update(not_before=error.until)
        raise
    except (Unreachable, Unreadable) as error:
        _record(run, due, answers)
        if len(due) > 1 or due[0].attempts < ALONE_AFTER:
            raise
        _record(run, due, {due[0].pk: Answer(str(due[0].pk), error=error)})
        return False
    if isinstance(reply, Later):
        _record(run, due, answers)
        with run.page() as page:
            told = {f.pk: [f.revision, f.told, _numbers(f)] for f in due if f.pk not in answers}
            place = {"ticket": reply.ticket, "told": told, "at": page.now.isoformat()}
            page.move(position={**run.flow.position, "ticket": place})
        raise under_way(run, place)
    answers |= {int(answer.key): answer for answer in reply.answers}
    _record(run, due, answers)
    _stop_for(answers.values())
    return True


def _mark(due: Sequence[Fulfillment], now: dt.datetime) -> None:
    """Note the try before the call: whoever comes after a crash knows that the store may have heard of it."""
    tried = Fulfillment.objects.filter(pk__in=[f.pk for f in due])
    tried.update(attempts=F("attempts") + 1, not_before=now + lease_time())


def _read_back(run: Slice, in_doubt: Sequence[Fulfillment], shipments: dict[int, ShipmentToTell]) -> dict[int, Answer]:
    """What the store already knows of those whose last try had no answer. A withdrawal learns the store's id here."""
    uids = list(dict.fromkeys(f.order.uid for f in in_doubt))
    listed = run.ask(lambda connector: connector.told_shipments(uids))
    taken = _store_refs(f.order_id for f in in_doubt)
    answers: dict[int, Answer] = {}
    for f in in_doubt:
        ours = shipments[f.pk]
        known = listed.get(f.order.uid, [])
        if known is None:  # telling again blindly could announce a parcel twice
            answers[f.pk] = Answer(ours.key, error=Unreadable("a list of fulfillments that cannot be read"))
            continue
        theirs = [told for told in known if told.uid == f.store_ref or told.uid not in taken]
        same = _found(run, theirs, ours)
        if ours.action == "retract":
            if ours.store_ref and not any(told.uid == ours.store_ref for told in theirs):
                answers[f.pk] = Answer(ours.key, ours.store_ref)
            elif not ours.store_ref and (same or not run.platform.shipments_named):
                shipments[f.pk] = _with_ref(ours, same.uid if same else "")
            elif not ours.store_ref:
                answers[f.pk] = Answer(ours.key)
        elif same:
            # What was told may have been corrected since; then it is told again as a change.
            if run.connector.same_shipment(same, ours):
                answers[f.pk] = Answer(ours.key, same.uid)
            else:
                shipments[f.pk] = _with_ref(ours, same.uid, "change")
        else:  # never heard of, or deleted there by somebody
            shipments[f.pk] = _with_ref(ours, "", "create")
        if same and same.uid:
            taken.add(same.uid)
    return answers


def _found(run: Slice, theirs: Sequence[StoreShipment], ours: ShipmentToTell) -> StoreShipment | None:
    """The listed shipment that is ours: by its id, by lines and tracking, else by its lines alone."""
    by_id = [told for told in theirs if ours.store_ref and told.uid == ours.store_ref]
    alike = [told for told in theirs if run.connector.same_shipment(told, ours)]
    same_lines = [told for told in theirs if sorted(told.lines) == sorted(ours.lines)]
    return next(iter([*by_id, *alike, *same_lines]), None)


def _store_refs(order_ids: Iterable[int]) -> set[str]:
    """Ids of the store that are known to belong to a fulfillment of ours."""
    known = Fulfillment.objects.filter(order_id__in=set(order_ids), store_ref__isnull=False)
    return set(known.values_list("store_ref", flat=True))


def _ask_for_result(run: Slice) -> None:
    """A store that works on it later: ask for its answers, also after a crash.

    Of what it no longer knows, or does not end, its own list is read before telling it again.
    """
    place = run.flow.position["ticket"]
    old = age_of(run, place) > ENDS_WITHIN
    try:
        reply = run.ask(lambda connector: connector.poll(place["ticket"]))
        if isinstance(reply, Later) and old:
            run.ask(lambda connector: connector.give_up(place["ticket"]))
    except (Busy, Refused):
        raise
    except SyncError as error:
        if error.scope is not Scope.RECORD and age_of(run, place) < GONE_AFTER:
            raise  # one that was not called off may still arrive behind what is told next
        log.warning("The store does not say what became of its shipments: %s", error.detail)
        reply = Done([])
    if isinstance(reply, Later) and not old:
        raise under_way(run, place)
    answers = reply.answers if isinstance(reply, Done) else []
    told = {int(pk): what for pk, what in place["told"].items()}
    due = list(Fulfillment.objects.filter(pk__in=told).select_related("order").prefetch_related("parcels"))
    for f in due:  # as they were told: who corrected or voided one meanwhile is heard next
        f.revision, f.told, _ = told[f.pk]
    with run.page() as page:
        page.move(position={key: value for key, value in run.flow.position.items() if key != "ticket"})
    numbers = {pk: said for pk, (_, _, said) in told.items()}
    _record(run, due, {int(answer.key): answer for answer in answers}, numbers)
    _stop_for(answers)


# --- what the store said -------------------------------------------------------------------------------------------


def _record(
    run: Slice,
    due: Sequence[Fulfillment],
    answers: dict[int, Answer],
    numbers: Mapping[int, list[str]] | None = None,
) -> None:
    """Store the answers, with the orders' states, in one transaction. `numbers` are those told, if not today's."""
    answered = [f for f in due if f.pk in answers]
    if not answered:
        return
    with run.page() as page:
        orders = sorted({f.order_id for f in answered})
        lock_orders(orders)
        taken = _store_refs(orders)
        events: list[tuple[Any, ...]] = []

        def happened(f: Fulfillment, code: str, **params: Any) -> None:
            events.append((f.account_id, f.order_id, page.now, "schedule", code, params | {"fulfillment": f.pk}))

        for f in answered:
            answer = answers[f.pk]
            if answer.error is None:
                _told(f, answer.store_ref, taken, page.now)
                page.count(_counts_of(f))
                happened(f, "store_told", action=ACTIONS[Told(f.told)], tracking=(numbers or {}).get(f.pk, _numbers(f)))
            elif _not_told(f, answer.error, page.now) and answer.error.scope is Scope.RECORD:
                page.count(Counts(failed=1, last_item=f.order.number))
                happened(f, "store_refused", reason=answer.error.sentence)
        insert_rows(OrderEvent, ("account", "order", "at", "actor", "code", "params"), events)
        refresh_states(orders, now=page.now)


def _told(f: Fulfillment, store_ref: str, taken: set[str], now: dt.datetime) -> None:
    ref = store_ref if store_ref and (store_ref == f.store_ref or store_ref not in taken) else f.store_ref
    if ref:
        taken.add(ref)
    told = Told.NOT_WANTED if f.told == Told.RETRACT else Told.TOLD
    same = Fulfillment.objects.filter(pk=f.pk, revision=f.revision)
    known = {"store_ref": ref, "attempts": 0, "problem": "", "not_before": None}
    if same.update(told=told, told_at=now, **known):
        return
    # Corrected or voided while the store was told: it knows the older one, and hears of the rest next.
    Fulfillment.objects.filter(pk=f.pk).update(**known)
    if ref:
        Fulfillment.objects.filter(pk=f.pk, told=Told.DUE).update(told=Told.CHANGE)


def _not_told(f: Fulfillment, error: SyncError, now: dt.datetime) -> bool:
    """Whether this is news: the sentence differs from the last one."""
    if isinstance(error, Busy):
        Fulfillment.objects.filter(pk=f.pk).update(not_before=error.until)
        return False
    pause = min(dt.timedelta(minutes=2 ** min(f.attempts, 10)), LONGEST_PAUSE)
    sentence = error.sentence[:500]
    Fulfillment.objects.filter(pk=f.pk, revision=f.revision).update(not_before=now + pause, problem=sentence)
    log.warning("The store was not told of fulfillment %s: %s", f.pk, error.detail)
    return f.problem != sentence


def _counts_of(f: Fulfillment) -> Counts:
    new = f.told == Told.DUE
    return Counts(created=int(new), changed=int(not new), last_item=f.order.number)


def _stop_for(answers: Iterable[Answer]) -> None:
    """What one answer says of the whole store ends the run: a refused key, a pause, silence."""
    errors = [answer.error for answer in answers if answer.error is not None]
    for kind in (Refused, Unreachable, Busy):
        for error in errors:
            if isinstance(error, kind):
                raise error


# --- in the store's words ------------------------------------------------------------------------------------------


def _carriers(run: Slice) -> dict[str, CarrierOut]:
    """What this store calls our carriers, by our name without case."""
    return {row.carrier.casefold(): row for row in CarrierOut.objects.filter(store=run.store)}


def _shipments(run: Slice, due: Sequence[Fulfillment]) -> dict[int, ShipmentToTell]:
    """What the store is told of each, with what else of its order has left."""
    carriers, orders = _carriers(run), {f.order_id for f in due}
    others: dict[int, dict[int, tuple[ParcelToTell, ...]]] = defaultdict(dict)
    standing = Fulfillment.objects.filter(order__in=orders, voided_at=None).prefetch_related("parcels").order_by("pk")
    for f in standing:
        others[f.order_id][f.pk] = _parcels(f, carriers)
    missing = OrderLine.objects.filter(order__in=orders, ships=True, shipped__lt=F("quantity"))
    unshipped = set(missing.values_list("order_id", flat=True))
    return {
        f.pk: replace(
            _shipment(f, carriers),
            others=tuple(parcel for pk, some in others[f.order_id].items() if pk != f.pk for parcel in some),
            complete=f.order_id not in unshipped,
        )
        for f in due
    }


def _parcels(f: Fulfillment, carriers: dict[str, CarrierOut]) -> tuple[ParcelToTell, ...]:
    out = carriers.get(f.carrier.casefold())
    parcels = [ParcelToTell(p.tracking, p.url or _link(out, p.tracking)) for p in f.parcels.all()]
    return tuple(sorted(parcels, key=lambda parcel: parcel.number))


def _shipment(f: Fulfillment, carriers: dict[str, CarrierOut]) -> ShipmentToTell:
    out = carriers.get(f.carrier.casefold())
    return ShipmentToTell(
        key=str(f.pk),
        order_uid=f.order.uid,
        action=ACTIONS[Told(f.told)],
        lines=tuple((line.line.uid, line.quantity) for line in sorted(f.lines.all(), key=lambda line: line.pk)),
        carrier=(out.name if out else "") or f.carrier,
        parcels=_parcels(f, carriers),
        store_ref=f.store_ref or "",
    )


def _link(out: CarrierOut | None, number: str) -> str:
    return out.link.replace("{number}", number) if out and out.link and number else ""


def _with_ref(ours: ShipmentToTell, store_ref: str, action: str = "") -> ShipmentToTell:
    return replace(ours, action=action or ours.action, store_ref=store_ref)


def _numbers(f: Fulfillment) -> list[str]:
    return [parcel.tracking for parcel in f.parcels.all()]
