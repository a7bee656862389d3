"""Noting which carriers a store was told of, so that each can be given the store's name for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from fcp.models import Store

from .models import CarrierOut


def note_carriers(store: Store, carriers: Iterable[str], now: dt.datetime) -> None:
    """Carriers of shipments that the store is told of now; upper and lower case are one. A write for what is new only:
    a carrier, or a day on which it is seen.
    """
    wanted = {name.casefold(): name for name in carriers if name}
    if not wanted:
        return
    known = {row.carrier.casefold(): row for row in CarrierOut.objects.filter(store=store)}
    day = now.date()
    CarrierOut.objects.bulk_create(
        [
            CarrierOut(
                account_id=store.account_id, store=store, carrier=wanted[key], first_seen_at=now, last_seen_on=day
            )
            for key in sorted(wanted.keys() - known.keys())
        ],
        ignore_conflicts=True,
    )
    there = [known[key] for key in wanted.keys() & known.keys()]
    new = [row.pk for row in there if row.first_seen_at is None]
    older = [row.pk for row in there if row.first_seen_at is not None and (row.last_seen_on or dt.date.min) < day]
    if new:
        CarrierOut.objects.filter(pk__in=new).update(first_seen_at=now, last_seen_on=day)
    if older:
        CarrierOut.objects.filter(pk__in=older).update(last_seen_on=day)
