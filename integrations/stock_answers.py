"""What a person says to an integration's stock: send it, let it through a guard, read it back, mend a difference."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F

from integrations import migrating
from integrations.auditing import audit
from integrations.connectors.declaring import FlowKind
from integrations.errors import IntegrationError
from integrations.lease import ring
from integrations.models import Flow, Integration, StockPush
from integrations.models.stock import Guard
from integrations.settings_document import document_of
from integrations.stock_guard import becoming_zero
from integrations.stock_looking import look
from integrations.stock_rules import StockSettings, stock_settings
from inventory.errors import InventoryError
from inventory.levels import AdjustItem, adjust_levels
from inventory.models import MovementKind, Warehouse
from inventory.stock import lock_products
from mappings.models import STOCK_DUE, ListingStock

NOT_READ = "We have not read what the store shows yet. Wait for the first sync of the stock, then look at the preview."
ANSWERED = "Somebody answered this just now, or it no longer holds. Look at it again."
NO_DRIFT = "This quantity is as we know it again. There is nothing to mend."


def allow_first_push(integration: Integration, *, by: str, now: dt.datetime) -> None:
    """From now on the store is told, by the setting First push: what differs at once, or only what changes later."""
    if not migrating.end_where_linked(integration):
        raise IntegrationError(migrating.WAITS, "relinking")
    changes_only = document_of(integration).get("first_push") == "changes"
    with transaction.atomic():
        push = StockPush.objects.select_for_update().filter(store=integration.store_id).first()
        if push is None or push.read_at is None:
            raise IntegrationError(NOT_READ, "not_read")
        if push.allowed_at is None or push.allowed_at < integration.created_at:
            StockPush.objects.filter(pk=push.pk).update(allowed_at=now, allowed_by=by[:120])
            if changes_only:
                _leave(ListingStock.objects.filter(STOCK_DUE, store=integration.store_id))
            audit(integration, "first_push", by, now, which="changes" if changes_only else "differences")
        _ring(integration, by, now)


def answer_guard(integration: Integration, *, by: str, now: dt.datetime, send: bool) -> None:
    """`send`: all that was asked about goes. Else listings that would show 0 keep what the store shows until their
    stock changes again, and the rest goes; where levels are old nothing is sent before they come.
    """
    with transaction.atomic():
        push = StockPush.objects.select_for_update().filter(store=integration.store_id).first()
        if push is None or not push.guard:
            raise IntegrationError(ANSWERED, "answered")
        audit(integration, "stock_guard", by, now, guard=push.guard, sent=send)
        if not send and push.guard == Guard.OLD_LEVELS:
            return
        passed = dict(push.guard_params.get("passed", {}))
        if send:
            passed[push.guard] = {"at": now.isoformat(), "count": push.guard_params.get("count", 0)}
        else:
            _leave(becoming_zero(integration.store))
        StockPush.objects.filter(pk=push.pk).update(
            guard="", guard_since=None, guard_params={"passed": passed}, passed_at=now, passed_by=by[:120]
        )
        _ring(integration, by, now)


def want_reading_back(integration: Integration, *, by: str, now: dt.datetime) -> None:
    """Read all of the store's numbers now and compare."""
    with transaction.atomic():
        StockPush.objects.filter(store=integration.store_id).update(read_wanted_at=now)
        _ring(integration, by, now)


# --- where the store shows another number than it confirmed ----------------------------------------------------------


def send_ours(integration: Integration, row_ids: Collection[int], *, by: str, now: dt.datetime) -> int:
    """Tell the store our quantity of these rows once more; how many they are."""
    with transaction.atomic():
        rows = ListingStock.objects.filter(pk__in=row_ids, store=integration.store_id)
        ids = _lock(rows)
        ListingStock.objects.filter(pk__in=ids).update(marked=F("marked") + 1, known=False, drift=None, drift_at=None)
        if ids:
            audit(integration, "stock_sent_again", by, now, rows=len(ids))
            _ring(integration, by, now)
    return len(ids)


def take_theirs(integration: Integration, row: ListingStock, *, by: str, now: dt.datetime) -> None:
    """Correct the level of a warehouse that is counted here, so that our quantity is the store's."""
    settings = stock_settings(integration)
    with transaction.atomic():
        lock_products([row.product_id] if row.product_id else [])
        _lock(ListingStock.objects.filter(pk=row.pk, store=integration.store_id))
        row = ListingStock.objects.select_related("listing", "product").get(pk=row.pk, store=integration.store_id)
        if row.drift is None or settings is None or not row.known:
            raise IntegrationError(NO_DRIFT, "no_drift")
        ours = look(settings, [(row.listing, row.location_id)])[0]
        if ours.quantity is None or row.product is None:
            raise IntegrationError(NO_DRIFT, "no_drift")
        pieces = (row.drift - ours.quantity) * row.listing.units
        if pieces:
            _correct(_corrected(settings, row), row, pieces, by, now)
        ListingStock.objects.filter(pk=row.pk).update(
            confirmed=row.drift, drift=None, drift_at=None, marked=F("marked") + 1
        )
        audit(integration, "stock_taken", by, now, sku=row.listing.sku, quantity=row.drift)
        _ring(integration, by, now)


def _corrected(settings: StockSettings, row: ListingStock) -> Warehouse:
    """The warehouse of this place whose levels a person may change."""
    houses = [house.pk for place in settings.places if place.key == row.location_id for house in place.houses]
    warehouses = list(Warehouse.objects.filter(pk__in=houses).order_by("pk"))
    kept_here = [one for one in warehouses if one.takes_counts]
    if not kept_here:
        names = " and ".join(one.name for one in warehouses) or "The warehouse"
        raise IntegrationError(
            f"{names} reports its levels itself, so its stock cannot be changed here. Send our quantity to the store, "
            "or ask the warehouse to report the right one.",
            "kept_by_partner",
        )
    return kept_here[0]


def _correct(warehouse: Warehouse, row: ListingStock, pieces: int, by: str, now: dt.datetime) -> None:
    assert row.product
    reason = f"The store shows {row.drift} of {row.listing.sku or row.listing.title}"[:200]
    item = AdjustItem(row.product.sku, pieces, now, ref=f"drift-{row.pk}-{row.marked}", reason=reason)
    try:
        [answer] = adjust_levels(warehouse, [item], actor=by, now=now, kind=MovementKind.CORRECTION, source_kind="")
    except InventoryError as error:
        raise IntegrationError(str(error), error.code) from None
    if not answer.taken and answer.code != "unchanged":
        raise IntegrationError(answer.sentence, answer.code)


# --- shared ----------------------------------------------------------------------------------------------------------


def _leave(rows: Any) -> None:
    """The store keeps what it shows of these until their stock changes again."""
    ids = _lock(rows)
    ListingStock.objects.filter(pk__in=ids).update(handled=F("marked"))


def _lock(rows: Any) -> list[int]:
    return list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


def _ring(integration: Integration, by: str, now: dt.datetime) -> None:
    flows = Flow.objects.filter(integration=integration, kind=FlowKind.INVENTORY).values_list("pk", flat=True)
    transaction.on_commit(partial(ring, list(flows), now, trigger="person", by=by[:120]))
