"""What the rows say of one product around a time, for `integrations.oversell`. Bounded, and by index only."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from django.db.models import OuterRef, Subquery

from integrations.models import Integration, StockSent
from integrations.oversell import Facts, Moved, Sold, Told
from inventory.availability import House, Level
from inventory.models import (
    MovementKind,
    Product,
    Reports,
    Reservation,
    ReservationSource,
    StockLevel,
    StockMovement,
    Warehouse,
)
from mappings.models import Listing
from orders.models import FulfillmentLine, OrderLine, SeenOrder, ShippingRequest
from orders.models.shipping import Origin

# An order that is older than this and still open is not looked for: a person asks about days, not about years.
OPEN_WITHIN = dt.timedelta(days=60)
MOST = 1000  # of each kind of fact


def facts_of(product: Product, start: dt.datetime, end: dt.datetime) -> Facts:
    moved = _moved(product, start, end)
    return Facts(
        start=start,
        end=end,
        houses=_houses(product),
        levels=_levels_before(product, start),
        moved=[one for _, one in moved],
        sold=_sold(product, start, end, {line: one.at for line, one in moved if line and one.counts}),
        told=_told(product, end),
    )


def last_touched(product: Product) -> dt.datetime | None:
    """When it was last moved or ordered: around then one looks first, where no time is given."""
    moved = StockMovement.objects.filter(account=product.account_id, product=product).order_by("-pk")
    lines = OrderLine.objects.filter(listing__in=_listings(product)).order_by("-pk")
    times = (moved.values_list("created_at", flat=True), lines.values_list("order__placed_at", flat=True))
    return max((at for found in times if (at := found.first())), default=None)


def _listings(product: Product) -> list[int]:
    return list(Listing.objects.filter(product=product).values_list("pk", flat=True)[:MOST])


def _names(account_id: int) -> dict[int, str]:
    return dict(Integration.objects.filter(account=account_id).values_list("store", "nickname"))


# --- levels ----------------------------------------------------------------------------------------------------------


def _houses(product: Product) -> dict[int, House]:
    rows = Warehouse.objects.filter(account=product.account_id)
    return {row.pk: House(row.pk, row.name, row.reports == Reports.AVAILABLE) for row in rows}


def _levels_before(product: Product, start: dt.datetime) -> dict[int, Level]:
    """What was believed to lie in each warehouse at the start: what the last movement before left there."""
    earlier = StockMovement.objects.filter(
        warehouse=OuterRef("warehouse"), product=product, created_at__lt=start, balance__isnull=False
    ).order_by("-pk")
    taken = earlier.filter(kind__in=[MovementKind.LEVEL, MovementKind.COUNT])
    rows = StockLevel.objects.filter(product=product).annotate(
        before=Subquery(earlier.values("balance")[:1]), at_before=Subquery(taken.values("at")[:1])
    )
    return {
        row.warehouse_id: Level(row.before, row.at_before or row.taken_at) for row in rows if row.before is not None
    }


def _moved(product: Product, start: dt.datetime, end: dt.datetime) -> list[tuple[int | None, Moved]]:
    """With the fulfillment line that each came from, where it came from one."""
    rows = StockMovement.objects.filter(account=product.account_id, product=product, created_at__range=(start, end))
    found = []
    for row in rows.order_by("-pk")[:MOST]:
        line = row.source_id if row.kind == MovementKind.SHIPPED else None
        what = Moved(
            row.created_at, row.warehouse_id, row.kind, row.quantity, row.balance, row.at, row.actor, row.reason,
            row.counts,
        )  # fmt: skip
        found.append((line, what))
    return found[::-1]


# --- orders ----------------------------------------------------------------------------------------------------------


def _sold(product: Product, start: dt.datetime, end: dt.datetime, moved_at: dict[int, dt.datetime]) -> list[Sold]:
    names = _names(product.account_id)
    lines = list(
        OrderLine.objects.filter(
            listing__in=_listings(product),
            product=product,
            ships=True,
            order__placed_at__range=(start - OPEN_WITHIN, end),
        )
        .select_related("order__store")
        .order_by("-pk")[:MOST]
    )
    gone = _gone(lines, moved_at)
    acked = _acknowledged(line.order_id for line in lines)
    found = []
    for line in lines:
        order, house = line.order, line.warehouse_id or line.order.warehouse_id
        # A line that vanished in the store let its pieces go then.
        ended = min((at for at in (order.canceled_at, line.removed_at) if at), default=None)
        sold = Sold(
            order.placed_at, names.get(order.store_id, order.store.name), order.number, line.quantity * line.units,
            order.pk, house, acked.get((order.pk, house)), ended, tuple(gone[line.pk]),
        )  # fmt: skip
        if order.placed_at >= start or sold.open_at(start):
            found.append(sold)
    return [*found, *_not_imported(product, end, names)]


def _gone(lines: list[OrderLine], moved_at: dict[int, dt.datetime]) -> dict[int, list[tuple[dt.datetime, int]]]:
    """When how many pieces of each line left: when the level moved for them, so that both change at once."""
    units = {line.pk: line.units for line in lines}
    rows = FulfillmentLine.objects.filter(line__in=units, fulfillment__voided_at=None).select_related("fulfillment")
    found: dict[int, list[tuple[dt.datetime, int]]] = defaultdict(list)
    for row in rows:
        sent = row.fulfillment
        known = sent.shipped_at if sent.origin == Origin.STORE else sent.created_at
        found[row.line_id].append((moved_at.get(row.pk, known), row.quantity * units[row.line_id]))
    return found


def _acknowledged(orders: Iterable[int]) -> dict[tuple[int, int | None], dt.datetime]:
    rows = ShippingRequest.objects.filter(order__in=set(orders), acknowledged_at__isnull=False).order_by("-pk")
    return {(order, house): at for order, house, at in rows.values_list("order", "warehouse", "acknowledged_at")}


def _not_imported(product: Product, end: dt.datetime, names: dict[int, str]) -> list[Sold]:
    """Open orders that the settings keep out, which the store has deducted all the same."""
    rows = list(
        Reservation.objects.filter(product=product, source_kind=ReservationSource.SEEN, since__lte=end).order_by("-pk")[
            :MOST
        ]
    )
    seen = SeenOrder.objects.select_related("store").in_bulk([row.source_id for row in rows])
    return [
        Sold(row.since, names.get(one.store_id, one.store.name), one.number, row.quantity, house=row.warehouse_id)
        for row in rows
        if (one := seen.get(row.source_id))
    ]


# --- what the stores were told ---------------------------------------------------------------------------------------


def _told(product: Product, end: dt.datetime) -> list[Told]:
    """The last ones too, from before: a number stands until the next one is told."""
    names = _names(product.account_id)
    rows = StockSent.objects.filter(listing__in=_listings(product), at__lte=end)
    rows = rows.select_related("listing", "location", "store").order_by("-pk")
    return [_as_told(row, names.get(row.store_id, row.store.name)) for row in rows[:MOST]][::-1]


def _as_told(row: StockSent, store: str) -> Told:
    return Told(
        at=row.at,
        store=store,
        quantity=row.quantity,
        key=(row.listing_id, row.location_id or 0),
        before=row.before,
        units=row.listing.units,
        steps=row.steps,
        place=str(row.location or ""),
    )
