"""Giving a store's word its meaning here: the row, its history, and the nudge to whoever waits for it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import F

from inventory.models import Product, Warehouse

from .models import Listing, Location, MappingChange, ShipMethod, Word
from .signals import word_mapped
from .stock_marks import mark_listings

KIND_OF_HOLD = {ShipMethod: "ship_code", Listing: "sku", Location: "location"}


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
) -> None:
    """Map a shipping option to a ship code of the warehouse; an empty target unmaps it."""
    _change(row, {"target": target.strip(), "target_carrier": carrier, "target_service": service}, by, now, why, batch)


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
) -> None:
    """Link a listing to one of the account's products; None unlinks it. ValueError for another account's product.

    `by_hand`: a person chose it, not the SKU. The question whether a changed SKU is the same product is answered by it.
    """
    _same_account(row, product)
    after = {"product_id": product.pk if product else None, "units": units}
    answered = {"asked": ""} if product else {}
    _change(row, after, by, now, why, batch, by_hand=by_hand and product is not None, sku_was="", **answered)


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
    row: Location, warehouse: Warehouse | None, *, by: str, now: dt.datetime, why: str = "", batch: str = ""
) -> None:
    """Bind a store's location to one of the account's warehouses; None unbinds it. ValueError as above."""
    _same_account(row, warehouse)
    _change(row, {"warehouse_id": warehouse.pk if warehouse else None}, by, now, why, batch)


def _same_account(row: Word, target: Product | Warehouse | None) -> None:
    if target is not None and target.account_id != row.account_id:
        raise ValueError("The target belongs to another account.")


def _change(row: Word, after: dict[str, Any], by: str, now: dt.datetime, why: str, batch: str, **beside: Any) -> None:
    """Give the word another meaning. `beside` is stored with it, and is no change of its meaning by itself."""
    model = type(row)
    with transaction.atomic():
        # Lock by writing: the same on SQLite and PostgreSQL, and the version counts even when two people press at once.
        model.objects.filter(pk=row.pk).update(version=F("version") + 1)
        row.refresh_from_db()
        before = {name: getattr(row, name) for name in after}
        same = before == after
        if same and all(getattr(row, name) == value for name, value in beside.items()):
            model.objects.filter(pk=row.pk).update(version=F("version") - 1)
            row.refresh_from_db()
            return
        if same:
            beside["version"] = F("version") - 1
        model.objects.filter(pk=row.pk).update(**after, **beside)
        if model is Listing:
            mark_listings([row.pk])
        row.refresh_from_db()
        if same:  # but for how it came about, or a question that this answers
            return
        _remember(row, before, after, by, now, why, batch)
        transaction.on_commit(
            lambda: word_mapped.send(model, kind=KIND_OF_HOLD[model], row_id=row.pk, account_id=row.account_id)
        )


def _remember(
    row: Word, before: dict[str, Any], after: dict[str, Any], by: str, now: dt.datetime, why: str, batch: str = ""
) -> None:
    MappingChange.objects.create(
        account_id=row.account_id, table=str(row._meta.model_name), row=row.pk, at=now, before=before, after=after,
        by=by, why=why, batch=batch,
    )  # fmt: skip
