"""The list of orders: its columns, filters and search, and what each row shows, read for a page's rows at once."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.db.models import Q
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from fcp.listing import Choice, Column, Days, Empty, Flag, Listing, Rows
from fcp.models import Account
from fcp.panel import panel_url
from fcp.roles import May
from fcp.short_lists import ShortLists
from inventory.models import sku_key_of
from mappings.outside import OUTSIDE
from mappings.word_filters import stores_of

from .headline import OpenHold, waits_for
from .holds import HoldKind
from .labels import until_words
from .models import Hold, Order, OrderLine, OrderParty, Parcel
from .models.orders import number_key_of
from .models.shipping import tracking_key_of
from .state import State

LATE_AFTER = dt.timedelta(days=2)  # since it was placed
LATE_STATES = (State.NEW, State.HELD, State.READY, State.AT_WAREHOUSE, State.PARTLY_SHIPPED)
FOUND = 500  # orders that a search looks at, at most
PASTED = 300  # numbers in one address


@dataclass(slots=True)
class OrderRow:
    """One order as the list shows it."""

    order: Order
    party: OrderParty | None = None
    holds: list[OpenHold] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    late: bool = False
    store: str = ""  # what the merchant calls its integration
    url: str = ""

    @property
    def pk(self) -> int:
        return self.order.pk

    @property
    def number(self) -> str:
        return self.order.number

    @property
    def customer(self) -> str:
        return (self.party.name or self.party.company) if self.party else ""

    @property
    def warehouse(self) -> str:
        return self.order.warehouse.name if self.order.warehouse else ""

    @property
    def waits(self) -> str:
        store = self.order.store
        hands_over = store.hands_over or self.order.tried
        return waits_for(State(self.order.state), self.holds, self.warehouse, hands_over=hands_over)

    @property
    def tracking(self) -> str:
        return ", ".join(parcel.tracking for parcel in self.parcels)


def is_late(order: Order, now: dt.datetime) -> bool:
    return order.state in LATE_STATES and order.placed_at < now - LATE_AFTER


def rows_of(orders: Iterable[Order], account: Account, now: dt.datetime) -> list[OrderRow]:
    """The orders with what their rows show: four queries, however many they are."""
    stores = OUTSIDE.nicknames(account)
    address = panel_url(account, "orders:order", pk=0)  # looked up once, not for each row
    rows = {
        order.pk: OrderRow(
            order,
            late=is_late(order, now),
            store=stores.get(order.store_id, order.store.name),
            url=address.replace("/0/", f"/{order.pk}/"),
        )
        for order in orders
    }
    for party in OrderParty.objects.filter(order_id__in=rows, role=OrderParty.Role.SHIP_TO):
        rows[party.order_id].party = party
    for order_id, holds in open_holds(rows).items():
        rows[order_id].holds = holds
    parcels = Parcel.objects.filter(fulfillment__order_id__in=rows, fulfillment__voided_at=None).exclude(tracking="")
    for parcel in parcels.select_related("fulfillment").order_by("pk"):
        rows[parcel.fulfillment.order_id].parcels.append(parcel)
    return list(rows.values())


def open_holds(order_ids: Iterable[int]) -> dict[int, list[OpenHold]]:
    found: dict[int, list[OpenHold]] = defaultdict(list)
    for hold in Hold.objects.open().filter(order_id__in=list(order_ids)).order_by("pk"):
        until = until_words(hold.until) if hold.until else ""
        word = hold.params.get("word", "")
        found[hold.order_id].append(OpenHold(hold.pk, HoldKind(hold.kind), hold.cause, word, until))
    return found


def _decorate(rows: list[Any], account: Account | None) -> None:
    assert account is not None
    rows[:] = rows_of(rows, account, timezone.now())


# --- search --------------------------------------------------------------------------------------------------------


def numbers_in(text: str) -> list[str]:
    """The order numbers of a pasted list, each once; empty for a text of one word."""
    words = [number_key_of(word) for word in re.split(r"[\s,;]+", text) if word.strip()]
    return list(dict.fromkeys(word for word in words if word)) if len(words) > 1 else []


def found_ids(account: Account, text: str) -> list[int]:
    """The account's orders whose number, e-mail, SKU or tracking begins with the text, at most FOUND of each.

    A pasted list means exactly its numbers. Each question walks one index.
    """
    orders = Order.objects.for_account(account)
    if numbers := numbers_in(text):
        listed = _first(orders.filter(number_key__in=numbers[:PASTED]))
        if listed:
            return listed
    found = []
    if key := number_key_of(text):
        found += _first(orders.filter(number_key__prefix=key))
    if len(text) > 2:
        found += _first(orders.filter(email_key__prefix=text.strip().lower()))
        lines = OrderLine.objects.for_account(account).filter(sku_key__prefix=sku_key_of(text))
        found += _first(lines, "order_id")
    if len(tracking := tracking_key_of(text)) > 3:
        parcels = Parcel.objects.for_account(account).filter(tracking_key__prefix=tracking)
        found += _first(parcels, "fulfillment__order_id")
    return sorted(set(found))


def _first(rows: Rows, column: str = "pk") -> list[int]:
    return list(rows.order_by().values_list(column, flat=True)[:FOUND])


# --- the list ------------------------------------------------------------------------------------------------------


class OrderListing(Listing):
    """Every combination of its filters is a few walks along an index: by state, alone or within one store."""

    def narrow(self, rows: Rows, query: QueryDict, account: Account | None) -> tuple[Rows, int]:
        active = {one.key: value for one in self.filters if (value := one.read(query, account)) is not None}
        states: Sequence[str] | None = active.get("state")
        if "late" in active:
            states = [state for state in LATE_STATES if states is None or state in states]
            rows = rows.filter(placed_at__lt=timezone.now() - LATE_AFTER)
        for one in self.filters:
            if one.key in ("store", "placed_at") and one.key in active:
                rows = one.narrow(rows, active[one.key])
        text = query.get("q", "").replace("\x00", "").strip()
        if text and account:
            rows = rows.filter(pk__in=found_ids(account, text))
            return (rows if states is None else rows.filter(state__in=states)), 0
        if states is None and "store" in active:
            states = list(State)
        if states is None:
            return rows, 0
        if len(states) == 1:
            return rows.filter(state=states[0]), 0
        return cast("Rows", ShortLists(rows, [Q(state=str(state)) for state in states])), 0


COLUMNS = (
    Column("number", "Number", csv=lambda row: row.number),
    Column("store", "Store", csv=lambda row: row.store),
    Column("customer", "Customer", csv=lambda row: row.customer),
    Column("country", "Country", csv=lambda row: row.order.country, hidden=True),
    Column("placed", "Placed", csv=lambda row: row.order.placed_at),
    Column("state", "State", csv=lambda row: State(row.order.state).label),
    Column("age", "For", csv=lambda row: row.order.state_since),
    Column("waits", "Waits for", csv=lambda row: row.waits),
    Column("units", "Units", csv=lambda row: row.order.units, align="end"),
    Column("total", "Total", csv=lambda row: row.order.total, align="end"),
    Column("code", "Ship code", csv=lambda row: row.order.ship_code, hidden=True),
    Column("warehouse", "Warehouse", csv=lambda row: row.warehouse, hidden=True),
    Column("tracking", "Tracking", csv=lambda row: row.tracking),
    Column("currency", "Currency", csv=lambda row: row.order.currency, hidden=True),
    Column("tags", "Tags", csv=lambda row: ", ".join(map(str, row.order.tags)), hidden=True),
    Column("marks", "Notes", csv=lambda row: row.order.note, hidden=True),
)

ORDERS = OrderListing(
    key="orders",
    row="orders/parts/row.html",
    order=("-placed_at", "-id"),
    columns=COLUMNS,
    filters=(
        Choice("state", "State", choices=[(state.value, state.label) for state in State], multiple=True),
        Choice("store", "Store", choices=stores_of),
        Days("placed_at", "Placed"),
        Flag("late", "Late"),
    ),
    search=lambda rows, text: rows.filter(number_key__prefix=number_key_of(text)),  # narrow() looks further
    search_label="Number, e-mail, SKU or tracking",
    prepare=lambda rows: rows.select_related("store", "warehouse"),
    decorate=_decorate,
    empty=Empty(
        "No orders yet",
        "Orders come in by themselves once a store is connected.",
        icon="shopping-bag",
        view="integrations:integrations",
        action="Connect a store",
        may=May.CONNECT,
    ),
    bulk="orders/parts/bulk.html",
    template="orders/orders.html",
)


def _decorate_holds(holds: list[Any], account: Account | None) -> None:
    assert account is not None
    orders = Order.objects.select_related("store", "warehouse").in_bulk([hold.order_id for hold in holds])
    holds[:] = rows_of((orders[hold.order_id] for hold in holds), account, timezone.now())


class GroupListing(Listing):
    """Its rows are open holds of one kind and cause, shown as their orders."""

    def narrow(self, rows: Rows, query: QueryDict, account: Account | None) -> tuple[Rows, int]:
        text = query.get("q", "").replace("\x00", "").strip()
        if text and account:
            rows = rows.filter(order_id__in=found_ids(account, text))
        return rows, 0


# The orders of one group, the one that waits longest first.
GROUP = GroupListing(
    key="group",
    row="orders/parts/row.html",
    order=("placed_at", "order_id"),
    columns=COLUMNS,
    search=ORDERS.search,
    search_label=ORDERS.search_label,
    decorate=_decorate_holds,
    bulk="orders/parts/bulk.html",
    template="orders/group.html",
    empty=Empty("Nothing waits for this any more", "The orders went on by themselves.", icon="circle-check"),
)


def chosen_orders(request: HttpRequest, account: Account) -> Rows:
    """The orders that a posted bulk form means; one that was sent from a group's list means that group's only."""
    rows = Order.objects.for_account(account)
    kind, cause = (request.POST.get(name, "").replace("\x00", "") for name in ("group_kind", "group_cause"))
    if kind:
        holds = Hold.objects.for_account(account).open().filter(kind=kind, cause=cause)
        rows = rows.filter(pk__in=holds.values("order"))
    return ORDERS.chosen(request, rows)
