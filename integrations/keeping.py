"""How long persons are kept, by each store's settings: Suppress personal data, Keep personal data for (days)."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from fcp.models import Store
from integrations.models import FailedRecord
from integrations.settings_document import Document
from integrations.settings_in_force import documents_of_stores
from orders import persons

SECONDS = 60.0
GOLDEN = 0.618034  # multiples of it, without their whole part, spread evenly
Asked = tuple[Store, Document]


def forget_persons(now: dt.datetime, ends: float) -> int:
    """Every store, as its settings ask; of how many orders. Stops at `ends` (monotonic); the rest goes tomorrow."""
    forgotten = 0
    for store, document in _turned(documents_of_stores(), now.date()):
        if time.monotonic() >= ends:
            break
        if document.get("suppress_persons"):
            forgotten += forget_of_store(store, now, ends)
        elif days := document.get("keep_persons"):
            before = now - dt.timedelta(days=days)
            forgotten += _erase(store, before, now, ends)
            _forget_never_taken(store, before)
    return forgotten


def _turned(stores: list[Asked], day: dt.date) -> list[Asked]:
    """Beginning far from where yesterday began, so that none is left out for long where a day is too short for all."""
    start = int(day.toordinal() * GOLDEN % 1 * len(stores))
    return stores[start:] + stores[:start]


def forget_of_store(store: Store, now: dt.datetime, ends: float | None = None) -> int:
    """Only what shipping needs: nobody of a closed order, no e-mail and no phone of an open one."""
    ends = ends or time.monotonic() + SECONDS
    _sent_and_failed(store).update(payload=None)
    forgotten = _erase(store, now, now, ends)
    while time.monotonic() < ends:
        uids = persons.forget_contacts(store)
        forgotten += len(uids)
        if not uids:
            break
    return forgotten


def _erase(store: Store, before: dt.datetime, now: dt.datetime, ends: float) -> int:
    erased, last = 0, 0
    while time.monotonic() < ends:
        # Each batch begins behind the last one: who was erased before is passed once, not for every batch.
        rest = persons.to_erase(store, before).filter(pk__gt=last).order_by("pk")
        ids = list(rest.values_list("pk", flat=True)[: persons.BATCH])
        if not ids:
            break
        with transaction.atomic():
            uids = persons.erase(ids, now)
            _forget_failed(store, uids)
        erased, last = erased + len(uids), ids[-1]
    return erased


def _sent_and_failed(store: Store) -> QuerySet[FailedRecord]:
    """Orders kept aside with what the store sent of them."""
    return FailedRecord.objects.filter(store=store, kind="order").exclude(payload=None)


def _forget_failed(store: Store, uids: Collection[str]) -> None:
    _sent_and_failed(store).filter(key__in=uids).update(payload=None)


def _forget_never_taken(store: Store, before: dt.datetime) -> None:
    """What first failed before then and is no order that still waits for its time: it may never have come in."""
    waits = persons.not_due(store, before).filter(uid=OuterRef("key"))
    _sent_and_failed(store).filter(~Exists(waits), since__lt=before).update(payload=None)
