"""From a new integration to a live one: trying it with one order, going live, pausing.

Not live, it pulls, decides, maps and holds, but hands nothing over and writes nothing to the store.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from fcp.errors import SyncError, Unreadable
from integrations.auditing import audit
from integrations.connectors.declaring import FlowKind
from integrations.errors import IntegrationError
from integrations.lease import ring
from integrations.models import Flow, Integration, StockPush
from integrations.queue import Queue, enqueue
from integrations.reach import OpenStore, open_store
from integrations.settings_document import document_of, rules_of
from integrations.settings_saving import lock, mirror
from mappings.models import ListingStock
from orders.decide import Facts
from orders.errors import OrderError
from orders.holding import try_order
from orders.holds import HoldKind
from orders.intake import take_in
from orders.models import Fulfillment, Hold, Order, SeenOrder
from orders.models.orders import number_key_of
from orders.release import waiting_to_be_offered
from orders.shapes import ReadOrder, StoreFulfillment, StoreShipment
from orders.whereabouts import said

MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class GoingLive:
    """What happens at once: orders that go, orders that stay held, shipments to tell, quantities that the store shows
    otherwise; at most 1000 each.
    """

    orders: int
    held: int
    shipments: int
    quantities: int = 0
    first_push: bool = False  # quantities wait for a person who starts the first push


def what_goes_live(integration: Integration) -> GoingLive:
    store = integration.store
    # Asked as if it handed over already.
    store.hands_over = True
    held = Hold.objects.open().filter(account=integration.account_id, order__store=store).values("order").distinct()
    quantities = _quantities(integration)
    allowed = StockPush.objects.filter(store=store, allowed_at__gte=integration.created_at)
    return GoingLive(
        orders=waiting_to_be_offered(store)[:MOST_COUNTED].count(),
        held=held[:MOST_COUNTED].count(),
        shipments=Fulfillment.objects.to_tell().filter(store=store)[:MOST_COUNTED].count(),
        quantities=quantities,
        first_push=bool(quantities) and not allowed.exists(),
    )


def _quantities(integration: Integration) -> int:
    """Listings of which the store shows another quantity than it would be told."""
    if not Flow.objects.on().filter(integration=integration, kind=FlowKind.INVENTORY).exists():
        return 0
    waiting = ListingStock.objects.to_send().filter(store=integration.store_id)
    return waiting.filter(~Q(confirmed=F("result")) | Q(confirmed=None))[:MOST_COUNTED].count()


def go_live(integration: Integration, *, by: str, now: dt.datetime) -> None:
    """From now on orders go to the warehouse, and the store is told of shipments and stock."""
    _switch(integration, "went_live", by, now, live=True, live_since=now)


def pause(integration: Integration, *, by: str, now: dt.datetime) -> None:
    """Hand nothing more over; what a warehouse has stays there, and orders go on coming in."""
    _switch(integration, "handing_over_paused", by, now, paused=True)


def resume(integration: Integration, *, by: str, now: dt.datetime) -> None:
    _switch(integration, "handing_over_resumed", by, now, paused=False)


def _switch(integration: Integration, code: str, by: str, now: dt.datetime, **columns: object) -> None:
    with transaction.atomic():
        before = {name: getattr(integration, name) for name in columns if name != "live_since"}
        if not Integration.objects.filter(pk=integration.pk, **before).update(**columns):
            raise IntegrationError("Somebody else changed this just now. Look at it again.", "changed")
        integration.refresh_from_db()
        mirror(integration, document_of(integration))
        audit(integration, code, by, now)
        stock = Flow.objects.filter(integration=integration, kind=FlowKind.INVENTORY).values_list("pk", flat=True)
        transaction.on_commit(partial(ring, list(stock), now, trigger="schedule"))
        if integration.store.hands_over:
            enqueue(Queue.DEFAULT, "integrations.tasks.offer_waiting", [(integration.store_id,)], now)


# --- try with one order --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the try: "read", "conditions", "taken_in", "holds", "offered"; `sentence` says what came of it."""

    code: str
    ok: bool
    sentence: str


def try_with_one_order(integration: Integration, number: str, *, by: str, now: dt.datetime) -> list[Step]:
    """Pass one order, named by its number, through to the warehouse; the last of the steps is where it stopped."""
    steps: list[Step] = []
    try:
        with open_store(integration, FlowKind.ORDERS, now) as store:
            order = _read_and_take_in(integration, store, number, now, steps)
    except (SyncError, IntegrationError) as error:
        return [*steps, Step("read", False, error.sentence)]
    if order is None:
        return steps
    if holds := list(Hold.objects.open().filter(order=order).order_by("pk")):
        words = ", ".join(dict.fromkeys(HoldKind(hold.kind).in_sentence for hold in holds))
        return [*steps, Step("holds", False, f"It waits: {words}. Mend that on the order's page, then try again.")]
    steps.append(Step("holds", True, "Nothing keeps it back."))
    try:
        try_order(order, by=by, now=now)
    except OrderError as error:
        return [*steps, Step("offered", False, str(error))]
    return [*steps, Step("offered", True, "The warehouse can take it now; its tracking will go back to the store.")]


def _read_and_take_in(
    integration: Integration, store: OpenStore, number: str, now: dt.datetime, steps: list[Step]
) -> Order | None:
    """The order as it is here now, or None where it does not come in; `steps` says why."""
    seen = SeenOrder.objects.filter(store=integration.store, number_key=number_key_of(number)).order_by("-pk").first()
    if seen is None:
        sentence = f"We have not seen an order {number} of this store yet. Press Sync to look for it, then try again."
        steps.append(Step("read", False, sentence))
        return None
    uid = seen.uid
    raw = store.ask(lambda connector: connector.order(uid))
    order = store.connector.shape_order(raw)
    shipments: tuple[StoreShipment, ...] = ()
    if order.fulfillment is not StoreFulfillment.NONE:
        told = store.ask(lambda connector: connector.told_shipments([uid])).get(uid, [])
        if told is None:
            raise Unreadable("a list of fulfillments that cannot be read")
        shipments = tuple(told)
    steps.append(Step("read", True, f"The store has order {order.number}."))
    here = Order.objects.filter(store=integration.store, uid=uid)
    rules = rules_of(document_of(integration), integration.settings_version, integration.account)
    if not here.exists():
        conditions = said(Facts.of(order), rules.imports, now, integration.account.zone)
        if unmet := [f"{c.label}: {c.found} (asked for: {c.wanted})." for c in conditions if not c.met]:
            steps.append(Step("conditions", False, f"The settings leave it out. {' '.join(unmet)}"))
            return None
        steps.append(Step("conditions", True, "It meets every condition of the settings."))
    for attempt in (1, 2):
        try:
            with transaction.atomic():
                lock(integration)  # by the settings of now, and nobody saves others meanwhile
                rules = rules_of(document_of(integration), integration.settings_version, integration.account)
                take_in(integration.store, rules, [ReadOrder(raw, order, shipments)], now=now, seen_by="person")
            break
        except IntegrityError:  # the flow took it in at this moment; then it is here already
            if attempt == 2:
                raise
    steps.append(Step("taken_in", True, "It is here, with its lines, address and shipping option translated."))
    return here.get()
