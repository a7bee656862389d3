"""From when on a flow counts, over its being switched off and on again (X33).

The first time it counts from the moment it is switched on, or begins with all there is, as the settings First push and
First pull say. Switched on again it counts, as the person says, *from then*: what happened while it was off is caught
up; or *from now*: that is left alone for good. In the meantime, disabled, it neither pulls nor pushes.

    orders        from then: all that changed since its watermark is read, as after a long pause.
                  from now: Earliest Order Date becomes this moment. It decides first imports only: orders that are
                  here are followed through what happened to them meanwhile, in either case.
    products      pull, from then: what the store changed since the catalogue was last filled.
                  pull, from now: only what it changes after this moment (`position["fills"]`).
                  push: products here that changed since the last push was worked out, or after this moment.
    inventory     from then: whatever differs from what the store last confirmed.
                  from now: what is marked is left, the store keeps its numbers until a product's stock moves again
                  (`position["leaves"]`, for what other settings would mark in the first round).
    fulfillments  from then: shipments, corrections and withdrawals that the store was not told of since `Flow.since`.
                  from now: those stay untold, and their orders done.
    locations     cannot be switched off.

Who does not say (the operator's admin, a program) gets what loses nothing and surprises nobody: from then, but for
fulfillments, whose telling writes to buyers.

*Crash*: the choice is carried out in the transaction that saves the settings, and what it leaves for the flow stands in
the flow's row; nothing is done by a page or a process. *Two persons*: the save confirms the version that the person
saw, under the lock of the flows; the second one sees what the first one chose. *Rolling back* settings switches flows
off and on like any save and asks the same question; a version does not remember a choice, so what was left alone stays
left, but for Earliest Order Date, which is a setting and comes back with its version. *Watermarks* never move by a
choice: they say what was read, this says what of it counts. A run under way is outdated by a change of mode, so that
none goes on by the mode before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from django.db.models import F

from fcp.models import Store
from integrations.connectors.common import FROM_NOW_ON
from integrations.connectors.declaring import FlowKind, Mode
from integrations.models import Flow, Integration, StockPush
from integrations.settings_document import FLOWS, Document, flow_is_on
from integrations.stock_state import is_allowed
from integrations.telling import tell_since, untold_since
from inventory.models import StockCounter
from mappings.models import STOCK_DUE, ListingStock

EARLIEST = "earliest_order_date"
FILLS, LEAVES, PUSHED_TO = "fills", "leaves", "worked_out_at"  # in a flow's position
MOST_COUNTED = 1000


class From(StrEnum):
    THEN = "then"
    NOW = "now"


Choices = Mapping[FlowKind, From]
UNSAID = {FlowKind.FULFILLMENTS: From.NOW}


def said(choices: Choices | None, kind: FlowKind) -> From:
    return (choices or {}).get(kind, UNSAID.get(kind, From.THEN))


# --- what is asked ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Again:
    """A flow that a save would switch on again: it was off since `off_since`. `chosen` was answered already."""

    kind: FlowKind
    off_since: dt.datetime
    then: str
    now: str
    chosen: str = ""

    @property
    def name(self) -> str:
        """Of the field in which the answer comes."""
        return f"again_{self.kind.value}"


def asked(integration: Integration, document: Document, given: Mapping[str, Any] | None = None) -> list[Again]:
    """Flows that were on before, are off, and are on in this document; with what was answered so far."""
    found = []
    for flow in Flow.objects.filter(integration=integration, off_since__isnull=False).order_by("pk"):
        kind = FlowKind(flow.kind)
        if flow.mode != Mode.DISABLED or not flow_is_on(document, kind) or not flow.off_since:
            continue
        if kind is FlowKind.INVENTORY and not _is_pushed(integration):
            continue  # what the first push sends is asked when a person starts it
        then, now = _sentences(flow, integration.store, kind, Mode(document[FLOWS][kind.value]["mode"]))
        one = Again(kind, flow.off_since, then, now)
        answer = (given or {}).get(one.name)
        found.append(replace(one, chosen=answer) if answer in tuple(From) else one)
    return found


def answers(questions: Sequence[Again]) -> dict[FlowKind, From]:
    """What was answered of them; one that was not is missing."""
    return {one.kind: From(one.chosen) for one in questions if one.chosen}


def _is_pushed(integration: Integration) -> bool:
    return is_allowed(integration, StockPush.objects.filter(store=integration.store_id).first())


def _sentences(flow: Flow, store: Store, kind: FlowKind, mode: Mode) -> tuple[str, str]:
    if kind is FlowKind.ORDERS:
        return (
            "Orders placed meanwhile come in as well, as far as the settings ask for them.",
            "Orders placed before this moment stay in the store: Earliest Order Date becomes now.",
        )
    if kind is FlowKind.PRODUCTS:
        where = "in the store" if not mode.pushes else "here" if not mode.pulls else "on either side"
        return (
            f"Products that changed {where} meanwhile are caught up.",
            f"Only products that change {where} from this moment on.",
        )
    if kind is FlowKind.INVENTORY:
        return (
            "Every quantity that differs by now is sent.",
            "The store's numbers stay until a product's stock changes again.",
        )
    count = untold_since(store, flow.since)[:MOST_COUNTED].count()
    number = f"{count:,}{'+' if count >= MOST_COUNTED else ''}"
    those = "1 shipment that it does not know" if count == 1 else f"{number} shipments that it does not know"
    return (
        f"The store is told of {those}, which may send a mail to each buyer.",
        "The store is told of what ships from this moment on; what left before stays untold.",
    )


def in_words(questions: Sequence[Again], choices: Choices | None) -> str:
    """For the list of versions: "orders on again from now"; empty where nothing was asked."""
    return ", ".join(f"{one.kind.value} on again from {said(choices, one.kind).value}" for one in questions)


# --- what follows from it --------------------------------------------------------------------------------------------


def dated(document: Document, before: Document, choices: Choices | None, now: dt.datetime) -> Document:
    """With orders switched on again from now, only those placed from now on are imported."""
    switched_on = flow_is_on(document, FlowKind.ORDERS) and not flow_is_on(before, FlowKind.ORDERS)
    if EARLIEST not in document or not switched_on or said(choices, FlowKind.ORDERS) is From.THEN:
        return document
    later = max(filter(None, (document[EARLIEST], this_moment(now))), key=dt.datetime.fromisoformat)
    return document | {EARLIEST: later}


def this_moment(now: dt.datetime) -> str:
    """As an Earliest Order Date. To the second: some stores say no more of when an order was placed."""
    return now.astimezone(dt.UTC).replace(microsecond=0).isoformat()


def switched(flow: Flow, mode: Mode, document: Document, choice: From, now: dt.datetime) -> dict[str, Any]:
    """The columns of a flow whose mode changes from `flow.mode` to this one."""
    was = Mode(flow.mode)
    if mode is Mode.DISABLED:
        return {"off_since": now}
    again = was is Mode.DISABLED and flow.off_since is not None
    from_now = again and choice is From.NOW
    columns: dict[str, Any] = {"off_since": None}
    if flow.since is None or from_now:
        columns["since"] = now
    if flow.kind == FlowKind.PRODUCTS:
        columns["position"] = _of_products(flow.position, was, mode, document, choice if again else None, now)
    elif flow.kind == FlowKind.INVENTORY and again:
        rest = {key: value for key, value in flow.position.items() if key != LEAVES}  # of a time before
        columns["position"] = rest | ({LEAVES: True} if from_now else {})
    return columns


def _of_products(
    position: dict[str, Any], was: Mode, mode: Mode, document: Document, choice: From | None, now: dt.datetime
) -> dict[str, Any]:
    """A pull that counts from a moment notes it, and to where the catalogue is filled; one that does not, nothing.

    `choice` None: the first time. A push goes on where the last one was worked out, unless it is new or was another
    mode meanwhile: what changed here while the catalogue was only filled was not meant for the store.
    """
    at = now.astimezone(dt.UTC).isoformat()
    changed = {key: value for key, value in position.items() if key != "listings"}  # a reading by the mode before
    if mode.pulls and not was.pulls:
        first = choice is None and FILLS not in position and not position.get("whole", {}).get("fills")
        if choice is From.NOW or (first and document.get("first_pull") == FROM_NOW_ON):
            changed[FILLS] = {"from": at, "to": at}
        elif FILLS not in position and "whole" in position:  # read for other flows meanwhile, without filling
            changed["whole"] = position["whole"] | {"fills": False}
    if mode.pushes and not was.pushes and (choice is From.NOW or was is not Mode.DISABLED or PUSHED_TO not in position):
        changed[PUSHED_TO] = at
    return changed


def carry_out(flow: Flow, store: Store, choice: From, now: dt.datetime) -> None:
    """What a flow that was switched on again does besides its columns. `flow` is as it was before.

    After the store's row says that it is on, and before anything else of the save's transaction locks orders.
    """
    if flow.off_since is None or flow.mode != Mode.DISABLED:
        return
    if flow.kind == FlowKind.FULFILLMENTS and choice is From.THEN:
        tell_since(store, flow.since, now=now)
    if flow.kind == FlowKind.INVENTORY and choice is From.NOW:
        _leave_what_differs(store)


def _leave_what_differs(store: Store) -> None:
    """The store's numbers stay as they are until stock moves again. What moves from here on draws a later number."""
    seq = StockCounter.objects.filter(account=store.account_id).values_list("seq", flat=True).first() or 0
    StockPush.objects.filter(store=store, seq__lt=seq).update(seq=seq)
    due = ListingStock.objects.filter(STOCK_DUE, store=store)
    ids = list(due.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    ListingStock.objects.filter(id__among=ids).update(handled=F("marked"))
