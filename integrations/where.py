"""Where is my order? What a flow knows beside the orders' own rows, and asking the stores themselves, live.

A store is asked with one call of its budget. What it answers is explained by the conditions that decide when orders
come in; taking it in goes the way of a webhook, by a hint that the flow reads.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.db.models import Q

from fcp.errors import Busy, NotFound, SyncError
from fcp.models import Account, Store
from integrations.connectors.declaring import FlowKind
from integrations.failures import may_retry
from integrations.health import flow_health
from integrations.lease import ring
from integrations.models import FailedRecord, Flow, Hint, Integration, Run
from integrations.reach import OpenStore, open_store
from orders.decide import Facts
from orders.models import SeenOrder
from orders.models.orders import Outcome
from orders.shapes import RawOrder, Status
from orders.whereabouts import Said, explained, rules_of

UID = re.compile(r"[0-9A-Za-z]+(-[0-9A-Za-z]+)+")
MOST = 20
NEVER_FINISHED = "The buyer never finished this order."
NO_SUCH = (
    "{name} has no order with this number. It may be another store's, or deleted; and some stores list no order that "
    "the buyer never finished."
)
NO_WAY = "Orders of {name} cannot be asked for by their number."
BUSY = "{name} takes no more calls at the moment. Ask again in a minute."


# --- what is known ---------------------------------------------------------------------------------------------------


def run_that_saw(row: SeenOrder) -> Run | None:
    """The run that first showed it, as long as runs are kept."""
    flows = Flow.objects.filter(integration__store=row.store_id, kind=FlowKind.ORDERS).values_list("pk", flat=True)
    at = row.first_seen_at
    runs = Run.objects.filter(flow__in=list(flows), started_at__lte=at, last_at__gte=at)
    return runs.order_by("-pk").first()


def failed_records(account: Account, text: str, uids: Sequence[str]) -> list[FailedRecord]:
    """Records of this number, or of these orders, that could not be taken in yet."""
    rows = FailedRecord.objects.for_account(account).filter(kind="order", mended_at=None).select_related("store")
    found = list(rows.filter(Q(number=text.strip().lstrip("#")[:60]) | Q(key__in=[*uids, text.strip()[:120]]))[:MOST])
    for row in found:
        row.may_retry = may_retry(row)  # type: ignore[attr-defined]
    return found


def hints_waiting(account: Account, uids: Sequence[str]) -> list[Hint]:
    """Orders that were announced, or asked for, and that the flow has not read yet."""
    rows = Hint.objects.filter(store__account=account, done_at=None, object_uid__in=[uid for uid in uids if uid])
    return list(rows.select_related("store").order_by("pk")[:MOST])


# --- asking the store ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """What one store said just now. `sentence` is the whole answer where there is no order to explain.

    `note` is what else is to be known of an order that was found; `here`: it was taken in before.
    """

    integration: Integration
    sentence: str = ""
    uid: str = ""
    number: str = ""
    placed_at: dt.datetime | None = None
    conditions: Sequence[Said] = ()
    note: str = ""
    here: bool = False

    @property
    def found(self) -> bool:
        return bool(self.uid)

    @property
    def passes(self) -> bool:
        return self.found and not self.here and all(one.met for one in self.conditions)


def ask_store(integration: Integration, text: str, now: dt.datetime, uid: str = "") -> Asked:
    """One store, live, by its own id where that is known. What it says, or fails to say, is the answer."""
    name = integration.nickname
    with open_store(integration, FlowKind.ORDERS, now) as store:
        try:
            raw = _found(store, text, uid)
        except NotImplementedError:
            return Asked(integration, NO_WAY.format(name=name))
        except Busy:
            return Asked(integration, BUSY.format(name=name))
        except SyncError as error:
            return Asked(integration, error.sentence)
        if raw is None:
            return Asked(integration, NO_SUCH.format(name=name))
        return _explained(integration, store, raw, now)


def _found(store: OpenStore, text: str, uid: str) -> RawOrder | None:
    """By the store's own id where it is known or the text looks like one, else by its number."""
    text = text.strip()
    if uid := uid or (text if UID.fullmatch(text) and len(text) > 30 else ""):
        try:
            return store.ask(lambda connector: connector.order(uid))
        except NotFound:
            return None
    number = text.lstrip("#").strip()
    return store.ask(lambda connector: connector.order_by_number(number)) if number else None


def _explained(integration: Integration, store: OpenStore, raw: RawOrder, now: dt.datetime) -> Asked:
    number = raw.number[:60]
    here = SeenOrder.objects.filter(store=integration.store_id, uid=raw.uid, outcome=Outcome.IMPORTED).exists()
    try:
        shaped = store.connector.shape_order(raw)
    except SyncError as error:
        return Asked(integration, uid=raw.uid, number=number, note=error.sentence, here=True)
    facts = Facts.of(shaped)
    rules = rules_of(integration.store)
    conditions: Sequence[Said] = ()
    if rules is not None and not here:
        conditions = explained(integration.store, facts, rules, integration.account, now, but=raw.uid)
    note = _never_finished(store) if shaped.status is Status.INITIALIZED else ""
    return Asked(
        integration, "", raw.uid, shaped.number, shaped.placed_at, conditions, note or _when(integration, now), here
    )


def _never_finished(store: OpenStore) -> str:
    """With what becomes of such orders on this platform."""
    words = (one.help for one in store.platform.statuses if one.value == Status.INITIALIZED.value)
    return f"{NEVER_FINISHED} {next(words, '')}".strip()


def _when(integration: Integration, now: dt.datetime) -> str:
    """When the flow looks next, or why it does not: the reason why an order that passes is not here yet."""
    flow = Flow.objects.filter(integration=integration, kind=FlowKind.ORDERS).first()
    return f"{flow_health(flow, now).words.rstrip('.')}." if flow else ""


def take_in_now(integration: Integration, uid: str, *, by: str, now: dt.datetime) -> None:
    """Have the flow read this order now, by the way of a webhook. Asked for twice, it is read once."""
    with transaction.atomic():
        want_read(integration.store, [uid], now)
        flows = Flow.objects.filter(integration=integration, kind=FlowKind.ORDERS).values_list("pk", flat=True)
        transaction.on_commit(partial(ring, list(flows), now, trigger="person", by=by[:120]))


def want_read(store: Store, uids: Sequence[str], now: dt.datetime) -> None:
    """A hint for each that has none waiting. In the caller's transaction; the caller rings the flow."""
    hints = Hint.objects.filter(store=store, done_at=None, kind="order", object_uid__in=uids)
    waiting = set(hints.values_list("object_uid", flat=True))
    Hint.objects.bulk_create(
        Hint(
            store=store, event_id=f"asked-{now.timestamp():.6f}-{uid}"[:100], kind="order", object_uid=uid[:100],
            received_at=now,
        )
        for uid in uids
        if uid not in waiting
    )  # fmt: skip
