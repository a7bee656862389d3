"""Sync, asked for by a person: which flows, and since when; and what each of them will do, said before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from django.db import transaction
from django.db.models import F, Q

from integrations.connectors.declaring import FlowKind
from integrations.flows.windows import OVERLAP
from integrations.lease import outdate, ring
from integrations.models import Flow, Integration, StockPush
from mappings.models import ListingStock
from orders.models import Fulfillment

MOST_COUNTED = 1000


def flows_on(integration: Integration) -> dict[FlowKind, Flow]:
    return {FlowKind(flow.kind): flow for flow in Flow.objects.filter(integration=integration).on().order_by("pk")}


def sync_now(
    flows: Mapping[FlowKind, Flow],
    kinds: Collection[FlowKind],
    *,
    by: str,
    now: dt.datetime,
    since: dt.datetime | None = None,
    only_changes: bool = False,
) -> None:
    """Run these flows now, whatever their schedule.

    `since`: orders placed from then on are read again as well. Products are read in full when a person asks, or
    (`only_changes`) as the schedule would read them.
    """
    if since and FlowKind.ORDERS in kinds:
        read_orders_since(flows[FlowKind.ORDERS], since, now)
    by_schedule = [kind for kind in kinds if kind is FlowKind.PRODUCTS and only_changes]
    ring([flows[kind].pk for kind in by_schedule], now, trigger="schedule")
    ring([flows[kind].pk for kind in kinds if kind not in by_schedule], now, trigger="person", by=by)


def read_orders_since(flow: Flow, since: dt.datetime, now: dt.datetime) -> None:
    """Put a window of orders into the flow's own position.

    A slice that runs now would write the position it knows over this one, so it is outdated first: its next
    transaction rolls back, and the run goes on with the window.
    """
    with transaction.atomic():
        mine = Flow.objects.filter(pk=flow.pk)
        outdate(mine)
        position = mine.values_list("position", flat=True).get()
        waiting = position.get("reread")
        begins = min(since, dt.datetime.fromisoformat(waiting["from"])) if waiting else since
        window = {"from": begins.isoformat(), "to": now.isoformat()}
        mine.update(position=position | {"reread": window})


# --- what it will do -------------------------------------------------------------------------------------------------


def what_it_does(integration: Integration, kind: FlowKind, flow: Flow) -> tuple[str, dt.datetime | None]:
    """One sentence; a time follows it where there is one."""
    if kind is FlowKind.ORDERS:
        if flow.watermark is None:
            return "Reads the orders that the settings ask for, for the first time.", None
        return "Reads every order that changed in the store since", flow.watermark - OVERLAP
    if kind is FlowKind.LOCATIONS:
        return "Reads the store's locations.", None
    if kind is FlowKind.PRODUCTS:
        return "Reads the store's products, and what was changed or taken away of them.", None
    if not integration.live:
        return "Nothing is written to the store before you go live.", None
    if kind is FlowKind.FULFILLMENTS:
        due = Fulfillment.objects.to_tell().filter(store=integration.store_id)[:MOST_COUNTED].count()
        if not due:
            return "There is nothing to tell the store at present: it knows every shipment.", None
        return f"Tells the store of {_many(due, 'shipment')}.", None
    return _stock(integration), None


def _stock(integration: Integration) -> str:
    if not StockPush.objects.filter(store=integration.store_id, allowed_at__isnull=False).exists():
        return "Works the quantities out; the first push waits until somebody has looked at the preview."
    rows = ListingStock.objects.to_send().filter(store=integration.store_id)
    differ = rows.filter(~Q(confirmed=F("result")) | Q(confirmed=None))[:MOST_COUNTED].count()
    if not differ:
        return "No quantity differs at this moment; sends what changes until then."
    return f"Sends {_many(differ, 'quantity', 'quantities')} that differ at this moment, and what changes until then."


def _many(number: int, one: str, many: str = "") -> str:
    more = "+" if number >= MOST_COUNTED else ""
    return f"{number:,}{more} {one if number == 1 else many or one + 's'}"
