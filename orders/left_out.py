"""Orders that a store shows open and that did not come in, because they are not paid or approved yet.

The store deducted what they want when they were placed, so they reserve it (`takes_stock` in `orders.decide`): at no
warehouse, under the id of their SeenOrder. Whoever writes such a reservation holds the lock of that row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from django.db import transaction

from fcp.insert import update_rows
from fcp.models import Store
from inventory.reservations import Wanted
from mappings.models import Listing

from .decide import PAID, Facts, takes_stock
from .gone import pieces_of
from .models import SeenOrder
from .models.orders import Outcome
from .reserving import StockWrites

BATCH = 500


class Meant(Protocol):
    """A listing's row, as far as it says what is wanted."""

    @property
    def product_id(self) -> int | None: ...
    @property
    def units(self) -> int: ...


Listings = Mapping[tuple[str, str], Meant]


def wanted_by(facts: Facts, listings: Listings) -> list[Wanted]:
    """What an order that was left out reserves; nothing of listings that mean no product (yet)."""
    unpaid, found = facts.payment not in PAID, []
    for product_uid, variant_uid, quantity in facts.wants:
        listing = listings.get((product_uid, variant_uid))
        if listing and listing.product_id:
            pieces = pieces_of(quantity, listing.units)
            found.append(Wanted(listing.product_id, None, pieces, unpaid, facts.placed_at))
    return found


def leave_out(store: Store, rows: Iterable[tuple[SeenOrder, Sequence[str]]], version: int, now: dt.datetime) -> None:
    """Decided again from their facts, they stay out: with these reasons. In the caller's transaction."""
    reasons = {row.pk: why for row, why in rows}
    locked = SeenOrder.objects.select_for_update(no_key=True).filter(pk__in=reasons).order_by("pk")
    values, taking = [], []
    for row in locked:
        takes = row.outcome == Outcome.SKIPPED and takes_stock(Facts.from_json(row.facts), reasons[row.pk])
        values.append((reasons[row.pk], takes, version, row.pk))
        if takes or row.takes_stock:
            taking.append((row, takes))
    update_rows(SeenOrder, ("reasons", "takes_stock", "settings_version"), values)
    _reserve(store, taking, now)


def reserve_again(store: Store, listings: Iterable[Listing], now: dt.datetime) -> None:
    """These listings got another meaning: what orders that were left out want of them is another product now."""
    uids = {row.product_uid for row in listings}
    last = 0
    while True:
        with transaction.atomic():
            waiting = SeenOrder.objects.filter(store=store, takes_stock=True, pk__gt=last).order_by("pk")
            ids = list(waiting.values_list("pk", flat=True)[:BATCH])
            if not ids:
                return
            last = ids[-1]
            rows = waiting.filter(pk__in=ids).select_for_update(no_key=True)
            naming = [(row, True) for row in rows if uids & {want[0] for want in row.facts.get("wants", ())}]
            _reserve(store, naming, now)


def _reserve(store: Store, rows: Sequence[tuple[SeenOrder, bool]], now: dt.datetime) -> None:
    """What these (locked) rows reserve from now on: nothing of those that do not take stock (any more)."""
    if not rows:
        return
    facts = {row.pk: Facts.from_json(row.facts) for row, takes in rows if takes}
    uids = {want.product_uid for of_order in facts.values() for want in of_order.wants}
    listings = {
        (row.product_uid, row.variant_uid): row
        for row in Listing.objects.filter(store=store, product_uid__in=sorted(uids)).order_by()
    }
    stock = StockWrites()
    for row, takes in rows:
        stock.seen(store.account_id, row.pk, wanted_by(facts[row.pk], listings) if takes else ())
    stock.write(actor="schedule", now=now)
