"""After a store moved to another catalogue: its new listings mean what the old ones with the same SKU meant.

Only where one old and one new listing have the SKU. Listings without a SKU, and SKUs that several have, are asked about
and link to nothing until a person has said which product they are.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, QuerySet

from fcp.insert import insert_rows, update_rows
from fcp.models import Store

from .models import Asked, Listing, MappingChange
from .signals import words_mapped
from .stock_marks import mark_listings

CARRIED = "Carried over from the store's catalogue before: the same SKU."
ASKED = "The store moved to another catalogue, and this SKU does not say which product it was."
BATCH = 500


class Meaning(NamedTuple):
    product_id: int | None
    units: int
    by_hand: bool


def carried_over(sku_key: str, before: Sequence[Meaning], alike: int) -> Meaning | Asked | None:
    """What a new listing means. `before`: the old listings with its SKU; `alike`: how many new ones have it, with it.

    None: nothing to carry over, because the SKU is new or meant nothing before.
    """
    if not sku_key:
        return Asked.NO_SKU
    meanings = {one[:2] for one in before if one.product_id}
    if not meanings:
        return None
    if len(meanings) > 1:
        return Asked.DIFFERENT
    if alike > 1 or len(before) > 1:
        return Asked.DUPLICATE
    return before[0]


class Relinked(NamedTuple):
    """`carried` mean what they meant before, `asked` wait for a person."""

    carried: int
    asked: int


def new_listings(store: Store) -> QuerySet[Listing]:
    """What the store shows since it moved. All of the catalogue before was retired then; what it kept came back."""
    return Listing.objects.filter(store=store, retired_at=None)


def relink(store: Store, since: dt.datetime, *, by: str, now: dt.datetime) -> Relinked:
    """Give the listings that are new since then their meaning, in batches. Safe to repeat: a person's word stands."""
    carried, last = 0, 0
    while True:
        with transaction.atomic():
            rows = new_listings(store).filter(pk__gt=last, by_hand=False).order_by("pk")
            some = list(rows.select_for_update(no_key=True)[:BATCH])
            if not some:
                return Relinked(carried, asked_of(store).count())
            last = some[-1].pk
            carried += _relink(store, since, some, by, now)


def asked_of(store: Store) -> QuerySet[Listing]:
    """Listings that a person has to say something about; by their partial index."""
    return Listing.objects.filter(store=store, retired_at=None, product=None).exclude(asked="")


def _relink(store: Store, since: dt.datetime, rows: Sequence[Listing], by: str, now: dt.datetime) -> int:
    keys = {row.sku_key for row in rows} - {""}
    before = _meanings_before(store, since, keys)
    counted = new_listings(store).filter(sku_key__in=keys).order_by().values_list("sku_key")
    alike = dict(counted.annotate(n=Count("pk")))
    updates, changes, carried = [], [], 0
    for row in rows:
        was = Meaning(row.product_id, row.units, row.by_hand)
        found = carried_over(row.sku_key, before.get(row.sku_key, ()), alike.get(row.sku_key, 1))
        if found is None:
            continue
        becomes = Meaning(None, 1, False) if isinstance(found, Asked) else found
        asked = found.value if isinstance(found, Asked) else ""
        carried += not asked
        if (was, row.asked) == (becomes, asked):
            continue
        changed = was[:2] != becomes[:2]
        updates.append((*becomes, asked, row.version + changed, row.pk))
        if changed:
            changes.append((row.pk, was, becomes, ASKED if asked else CARRIED, row.version + 1))
    update_rows(Listing, ("product", "units", "by_hand", "asked", "version"), updates)
    insert_rows(
        MappingChange,
        ("account", "store", "table", "row", "at", "before", "after", "by", "why", "batch", "version"),
        [
            (store.account_id, store.pk, "listing", pk, now, was._asdict(),
             {"product_id": becomes.product_id, "units": becomes.units}, by[:120], why, "", version)
            for pk, was, becomes, why, version in changes
        ],
    )  # fmt: skip
    mark_listings([pk for pk, *_ in changes])
    if changes:
        transaction.on_commit(lambda: words_mapped.send(Listing, account_id=store.account_id), robust=True)
    return carried


def _meanings_before(store: Store, since: dt.datetime, keys: Collection[str]) -> dict[str, list[Meaning]]:
    """What the SKUs meant in the catalogue before; what was gone from it long ago says nothing."""
    old = Listing.objects.filter(store=store, retired_at__gte=since, sku_key__in=keys)
    meanings: dict[str, list[Meaning]] = defaultdict(list)
    rows = old.values_list("sku_key", "product_id", "units", "by_hand")
    for key, *meaning in rows.order_by("pk"):
        meanings[key].append(Meaning(*meaning))
    return meanings
