"""After a change of rules: the orders that no warehouse has taken yet are decided again, found by the version of the
rules that decided them. Safe to stop anywhere and to run twice."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator

from django.db import transaction
from django.db.models import F

from fcp.models import Store

from .models import Order, RuleBook
from .settle import BATCH, settle
from .state import State

# A page that was stored at the very moment of the change was decided before it: it is looked for once more after this.
QUIET = dt.timedelta(minutes=2)


def unsettled() -> Iterator[int]:
    """Accounts whose waiting orders were decided under older rules."""
    books = RuleBook.objects.exclude(version=F("settled")).order_by("changed_at")
    yield from books.values_list("account", flat=True)


def settle_rules(account_id: int, *, now: dt.datetime, seconds: float) -> bool:
    """Decide the account's waiting orders again, for a while; whether that was all of them."""
    ends = time.monotonic() + seconds
    book = RuleBook.objects.filter(account=account_id).first()
    if book is None or book.version == book.settled:
        return True
    for store in Store.objects.filter(account=account_id).order_by("pk"):
        if not _settle_store(store, book.version, now, ends):
            return False
    done = RuleBook.objects.filter(pk=book.pk, version=book.version, changed_at__lte=now - QUIET)
    done.update(settled=book.version)
    return True


def _settle_store(store: Store, version: int, now: dt.datetime, ends: float) -> bool:
    last = 0
    waiting = Order.objects.filter(store=store, rules_version__lt=version).in_state(State.NEW, State.HELD, State.READY)
    while True:
        ids = list(waiting.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not ids:
            return True
        if time.monotonic() >= ends:
            return False
        with transaction.atomic():
            store = Store.objects.get(pk=store.pk)  # it may have been paused meanwhile
            settle(store, ids, now=now, actor="schedule", offering=True)
            # Also those that a warehouse has in part, which stay as they are.
            Order.objects.filter(pk__in=ids, rules_version__lt=version).update(rules_version=version)
        last = ids[-1]
