"""What one version of a mapping decided, where no order keeps the version: by the time in which it was in force.

A location decided where its lines go: at the latest when that warehouse took them, so an order belongs to the version
in whose time it was acknowledged; one that nobody took belongs to the version that it has its warehouse from. A
carrier's name decided what the store was told of a shipment: it belongs to the version in whose time that was.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from mappings.models import CarrierOut, Location
from mappings.versions import Meaning, versions_of

from .models import Fulfillment, Order, ShippingRequest
from .models.shipping import Told
from .using import LOOKED_BACK, UNRELEASED, lines_that_name


@dataclass(frozen=True, slots=True)
class InForce:
    """A version's meaning, from when until when; `last` of those with the same first field of it."""

    meaning: Meaning
    since: dt.datetime | None  # None: at first
    until: dt.datetime | None  # None: still
    last: bool

    def within(self, column: str) -> Q:
        """Rows whose time is the version's."""
        begun = Q(**{f"{column}__gte": self.since}) if self.since else Q()
        ended = Q(**{f"{column}__lt": self.until}) if self.until else Q()
        return Q(**{f"{column}__isnull": False}) & begun & ended

    def about(self, column: str) -> Q:
        """Rows by whose time these are found: what was decided then had come in by then, and not long before."""
        begun = Q(**{f"{column}__gte": self.since - LOOKED_BACK}) if self.since else Q()
        return begun & (Q(**{f"{column}__lt": self.until}) if self.until else Q())


def in_force(row: Any, number: int) -> InForce | None:
    """None where the row never had such a version."""
    versions = versions_of(row)  # the one in force first
    at = next((place for place, one in enumerate(versions) if one.number == number), None)
    if at is None:
        return None
    one, first = versions[at], next(iter(versions[at].meaning))
    since = one.change.at if one.change else None
    later = versions[at - 1].change if at else None
    same = [other.meaning[first] for other in versions[:at]]
    return InForce(one.meaning, since, later.at if later else None, last=one.meaning[first] not in same)


def orders_under(row: Location, version: InForce) -> QuerySet[Order]:
    """Orders with a line that this version sent to its warehouse, or left without one."""
    warehouse = version.meaning["warehouse_id"]
    requests = ShippingRequest.objects.filter(order=OuterRef("pk"), warehouse=warehouse, acknowledged_at__isnull=False)
    taken, waits = Exists(requests), [state.value for state in UNRELEASED]
    decided = Exists(requests.filter(version.within("acknowledged_at")))
    never = Q(~taken) & ~Q(state__in=waits) & version.within("imported_at")  # called off, or shipped by the store
    if version.last:
        never |= Q(~taken) & Q(state__in=waits)
    orders = Order.objects.filter(version.about("placed_at"), account=row.account_id, store=row.store_id)
    return orders.filter(Exists(lines_that_name(row).filter(warehouse=warehouse))).filter(Q(decided) | never)


def told_under(row: CarrierOut, version: InForce) -> QuerySet[Fulfillment]:
    """Shipments by this carrier that the store was last told of in this version's time."""
    left = Fulfillment.objects.filter(account=row.account_id, store=row.store_id, carrier__iexact=row.carrier)
    told = left.filter(version.within("told_at")).exclude(told=Told.NOT_WANTED)
    return told.filter(version.about("shipped_at"))
