"""Giving a store's word its meaning here: the row, its history, and the nudge to whoever waits for it.

Each returns the change it made, None where the word meant that already. `only_at` is the version that the caller read:
where somebody changed the row since, ChangedMeanwhile is raised and nothing is done. `quiet`: the caller changes many,
and tells of all of them with `tell_mapped`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F

from fcp.models import Store
from inventory.models import Product, Warehouse, sku_key_of

from .errors import ChangedMeanwhile, MappingError
from .models import CarrierOut, Listing, Location, MappingChange, ShipMethod, Word
from .signals import ship_method_held, word_mapped, words_mapped
from .stock_marks import mark_listings

KIND_OF_HOLD = {ShipMethod: "ship_code", Listing: "sku", Location: "location"}

# How a word came to its meaning, under which SKU, and what is asked about it. The history keeps that beside what it
# meant before, so that it goes back with it: what its SKU linked is not linked by a person once a change is taken back.
BESIDE: dict[type[Word], tuple[str, ...]] = {Listing: ("by_hand", "sku_was", "asked", "sku")}


def map_ship_method(
    row: ShipMethod,
    target: str,
    *,
    by: str,
    now: dt.datetime,
    carrier: str = "",
    service: str = "",
    why: str = "",
    batch: str = "",
    only_at: int | None = None,
    quiet: bool = False,
) -> MappingChange | None:
    """Map a shipping option to a ship code of the warehouse; an empty target unmaps it."""
    after = {"target": target.strip(), "target_carrier": carrier, "target_service": service}
    return _change(row, after, by, now, why, batch, only_at, quiet)


def hold_option(
    row: ShipMethod, hold: bool, *, by: str, now: dt.datetime, why: str = "", batch: str = "",
    only_at: int | None = None, quiet: bool = False,
) -> MappingChange | None:  # fmt: skip
    """Have the orders with a shipping option wait until a person has seen them, or no longer."""
    return _change(row, {"hold": hold}, by, now, why, batch, only_at, quiet)


def map_listing(
    row: Listing,
    product: Product | None,
    *,
    by: str,
    now: dt.datetime,
    units: int = 1,
    why: str = "",
    batch: str = "",
    by_hand: bool = True,
    only_at: int | None = None,
    quiet: bool = False,
) -> MappingChange | None:
    """Link a listing to one of the account's products; None unlinks it. ValueError for another account's product.

    `by_hand`: a person chose it, not the SKU. The question whether a changed SKU is the same product is answered by it.
    """
    _same_account(row, product)
    after = {"product_id": product.pk if product else None, "units": units}
    answered = {"asked": ""} if product else {}
    chosen = by_hand and product is not None
    return _change(row, after, by, now, why, batch, only_at, quiet, by_hand=chosen, sku_was="", **answered)


def same_product(row: Listing, *, by: str, now: dt.datetime) -> None:
    """The answer to a changed SKU: it is still the product it is linked to. Said twice, it changes nothing."""
    with transaction.atomic():
        was = row.sku_was
        if not was or not Listing.objects.filter(pk=row.pk, sku=row.sku, sku_was=was).update(sku_was=""):
            return
        meaning = {"product_id": row.product_id, "units": row.units}
        _remember(row, meaning, meaning, by, now, f"The SKU changed from {was}; it is the same product."[:200])
        row.refresh_from_db()


def map_location(
    row: Location, warehouse: Warehouse | None, *, by: str, now: dt.datetime, why: str = "", batch: str = "",
    only_at: int | None = None, quiet: bool = False,
) -> MappingChange | None:  # fmt: skip
    """Bind a store's location to one of the account's warehouses; None unbinds it. ValueError as above."""
    _same_account(row, warehouse)
    return _change(row, {"warehouse_id": warehouse.pk if warehouse else None}, by, now, why, batch, only_at, quiet)


def give_meaning(
    row: Word, meaning: dict[str, Any], *, by: str, now: dt.datetime, why: str = "", batch: str = "",
    only_at: int | None = None, quiet: bool = False,
) -> MappingChange | None:  # fmt: skip
    """Give back a meaning as the history keeps it; MappingError where what it meant is no longer there."""
    product, warehouse = meaning.get("product_id"), meaning.get("warehouse_id")
    if product and not Product.objects.filter(pk=product, account=row.account_id).exists():
        raise MappingError("The product that it meant is no longer there.", "gone")
    if warehouse and not Warehouse.objects.filter(pk=warehouse, account=row.account_id).exists():
        raise MappingError("The warehouse that it meant is no longer there.", "gone")
    after = {name: value for name, value in meaning.items() if name not in BESIDE.get(type(row), ())}
    beside = beside_again(row, meaning) if isinstance(row, Listing) else {}
    return _change(row, after, by, now, why, batch, only_at, quiet, **beside)


def beside_again(row: Listing, meaning: Mapping[str, Any]) -> dict[str, Any]:
    """What stands beside a listing's meaning when it gets back one that the history kept. One that a person gives says
    nothing of it: it is by hand, and answers what was asked.
    """
    linked = meaning.get("product_id") is not None
    was = (meaning["sku_was"] or meaning["sku"]) if linked and "sku_was" in meaning else ""
    return {
        "by_hand": meaning.get("by_hand", linked),
        "sku_was": "" if sku_key_of(was) == row.sku_key else was,  # the store may have changed it meanwhile
        "asked": meaning.get("asked", "" if linked else row.asked),
    }


def tell_mapped(account_id: int) -> None:
    """Several words changed: whoever waits for one of them is looked at, once the transaction commits."""
    transaction.on_commit(lambda: words_mapped.send(Word, account_id=account_id), robust=True)


def _same_account(row: Word, target: Product | Warehouse | None) -> None:
    if target is not None and target.account_id != row.account_id:
        raise ValueError("The target belongs to another account.")


def _change(
    row: Word, after: dict[str, Any], by: str, now: dt.datetime, why: str, batch: str, only_at: int | None,
    quiet: bool, **beside: Any,
) -> MappingChange | None:  # fmt: skip
    """Give the word another meaning. `beside` is stored with it, and is no change of its meaning by itself."""
    model = type(row)
    with transaction.atomic():
        _count_up(row, only_at)
        before = {name: getattr(row, name) for name in after}
        was = {name: getattr(row, name) for name in BESIDE.get(model, ())}
        same = before == after
        if same and all(getattr(row, name) == value for name, value in beside.items()):
            model.objects.filter(pk=row.pk).update(version=F("version") - 1)
            row.refresh_from_db()
            return None
        if same:
            beside["version"] = F("version") - 1
        model.objects.filter(pk=row.pk).update(**after, **beside)
        if model is Listing:
            mark_listings([row.pk])
        row.refresh_from_db()
        if same:  # but for how it came about, or a question that this answers
            return None
        change = _remember(row, before | was, after, by, now, why, batch)
        if before.get("hold") != after.get("hold"):
            ship_method_held.send(model, row_id=row.pk, account_id=row.account_id, now=now, quiet=quiet)
        if not quiet:
            transaction.on_commit(
                lambda: word_mapped.send(model, kind=KIND_OF_HOLD[model], row_id=row.pk, account_id=row.account_id)
            )
    return change


def _count_up(row: Word | CarrierOut, only_at: int | None) -> None:
    """The row's next version. Locks by writing: the same on SQLite and PostgreSQL, and the version counts even when two
    people press at once.
    """
    rows: Any = type(row)._default_manager.filter(pk=row.pk)
    if only_at is not None:
        rows = rows.filter(version=only_at)
    if not rows.update(version=F("version") + 1):
        raise ChangedMeanwhile
    row.refresh_from_db()


def _remember(
    row: Word | CarrierOut, before: dict[str, Any], after: dict[str, Any], by: str, now: dt.datetime, why: str,
    batch: str = "",
) -> MappingChange:  # fmt: skip
    return MappingChange.objects.create(
        account_id=row.account_id, store_id=row.store_id, table=str(row._meta.model_name), row=row.pk, at=now,
        before=before, after=after, by=by[:120], why=why[:200], batch=batch, version=row.version,
    )  # fmt: skip


# --- outbound --------------------------------------------------------------------------------------------------------

# Names of a carrier for a store: a row that is gone, or has no name, passes the carrier's own name on. `carrier` stands
# in the history too, so that a row that was removed can be told, and made again.


def name_carrier(
    store: Store, carrier: str, name: str, link: str = "", *, by: str, now: dt.datetime, why: str = "", batch: str = "",
    only_at: int | None = None, removed: MappingChange | None = None,
) -> MappingChange | None:  # fmt: skip
    """Say what a store calls a carrier. The row is made where there is none, with its history where it was `removed`;
    `only_at` 0: only if there is none.
    """
    carrier, after = carrier.strip(), {"name": name, "link": link}
    with transaction.atomic():
        rows = CarrierOut.objects.select_for_update(no_key=True).filter(store=store, carrier__iexact=carrier)
        row = rows.first()
        if row is None:
            if only_at:
                raise ChangedMeanwhile
            row = CarrierOut(account_id=store.account_id, store=store, carrier=carrier, version=1, **after)
            if removed:
                row.pk, row.version = removed.row, removed.version + 1
            row.save(force_insert=True)
            before = {"name": "", "link": ""}
        else:
            before = {"name": row.name, "link": row.link}
            if before == after:
                return None
            _count_up(row, only_at)
            CarrierOut.objects.filter(pk=row.pk).update(**after)
        known = {"carrier": row.carrier}
        return _remember(row, before | known, after | known, by, now, why, batch)


def forget_carrier(
    row: CarrierOut, *, by: str, now: dt.datetime, why: str = "", batch: str = "", only_at: int | None = None,
    keep: bool = False,
) -> MappingChange:  # fmt: skip
    """The store gets the carrier's own name again. The row goes where no shipment has used it, unless it is kept."""
    with transaction.atomic():
        _count_up(row, only_at)
        known = {"carrier": row.carrier}
        before = {"name": row.name, "link": row.link} | known
        change = _remember(row, before, {"name": "", "link": ""} | known, by, now, why, batch)
        same = CarrierOut.objects.filter(pk=row.pk)
        if keep or row.first_seen_at:
            same.update(name="", link="")
            row.refresh_from_db()
        else:
            same.delete()
    return change
