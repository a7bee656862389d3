"""What follows when a warehouse stopped, follows a change, or did not ship after all: what asked for it is settled, the
order goes anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.models import F, QuerySet
from django.db.models.functions import Greatest

from fcp.models import Store

from .change_words import ADDRESS
from .decide import is_canceled
from .events import record
from .holds import HoldKind
from .models import Hold, Order, OrderLine, SeenOrder, ShippingRequest
from .models.shipping import AT_WAREHOUSE
from .release import offer, stop_asking
from .settle import settle
from .signals import orders_to_read
from .stored_state import refresh_states

# As they stand in the word of the hold that asks about changes after release.
IN_STORE = "marked as fulfilled in the store"
OTHER_ITEMS = "products or options of lines"
READ_AGAIN = {IN_STORE, OTHER_ITEMS}  # what of it cannot be followed without the store


def on_stopped(order: Order, *, by: str, now: dt.datetime) -> None:
    """A warehouse stopped. When none has the (locked) order any more, it becomes what the store says, and goes anew.

    What somebody shipped in the store meanwhile, or made of its lines, is looked at first: the order is read again
    before it is offered.
    """
    if not _is_free(order):
        return
    hold = _changes(order)
    if not _read_again(order, hold, now):
        drop_words(order, _settled(order, hold), by, now)
    store = Store.objects.get(pk=order.store_id)
    if _follow_lines(order, now) or hold:
        settle(store, [order.pk], now=now, actor=by)
    else:
        refresh_states([order.pk], now=now)
    offer(store, [order.pk], now=now, actor=by)


def on_rejected(order: Order, *, by: str, now: dt.datetime) -> None:
    """The same for a warehouse that will not ship it, but the holds stay: a person looks before it goes anew."""
    if not _is_free(order):
        return
    hold = _changes(order)
    _read_again(order, hold, now)
    if _follow_lines(order, now) or hold:
        settle(Store.objects.get(pk=order.store_id), [order.pk], now=now, actor=by)


def on_voided(order: Order, *, by: str, now: dt.datetime) -> None:
    """Pieces of a (locked) order did not leave after all; the caller stores its state.

    What the store canceled meanwhile must not leave any more: who has it is asked to stop.
    """
    if is_canceled(order.status, order.payment):
        stop_asking([order.pk], now=now, actor=by)
    elif _is_free(order):
        no_more_than_in_store(OrderLine.objects.filter(order=order), now)


def _settled(order: Order, hold: Hold | None) -> set[str] | None:
    """It goes anew as the store has it, so nothing is left to ask; but where a person set another address here than the
    store shows, still which of them.
    """
    if hold is None or ADDRESS not in order.edited:
        return None
    return set(words_in(str(hold.params.get("word", "")))) - {ADDRESS}


def _is_free(order: Order) -> bool:
    """Whether no warehouse has it and it may go anew."""
    if ShippingRequest.objects.filter(order=order, state__in=AT_WAREHOUSE).exists():
        return False
    order.refresh_from_db()
    return not is_canceled(order.status, order.payment)


def _changes(order: Order) -> Hold | None:
    return _open(order, HoldKind.CHANGED_AFTER_RELEASE)


def _open(order: Order, kind: HoldKind) -> Hold | None:
    return Hold.objects.open().filter(order=order, kind=kind).first()


def _read_again(order: Order, hold: Hold | None, now: dt.datetime) -> bool:
    """Have it read from the store where somebody shipped of it there, or made other items of its lines: that is
    recorded then.
    """
    if hold is None or READ_AGAIN.isdisjoint(words_in(str(hold.params.get("word", "")))):
        return False
    SeenOrder.objects.filter(store=order.store_id, uid=order.uid).update(fingerprint=0)  # looked at, if unchanged
    orders_to_read.send(Order, store_id=order.store_id, uids=[order.uid], now=now)
    return True


def _follow_lines(order: Order, now: dt.datetime) -> bool:
    """Let the lines have the quantities that the store shows; whether any was another."""
    lines = OrderLine.objects.filter(order=order)
    differ = lines.exclude(store_quantity=F("quantity"))
    if not differ.exists():
        return False
    less = differ.filter(store_quantity__lt=F("shipped"))
    less.update(quantity=F("shipped"))
    lines.filter(store_quantity__gte=F("shipped")).update(quantity=F("store_quantity"))
    lines.filter(store_quantity=0, shipped=0, removed_at=None).update(removed_at=now)
    units = sum(line.quantity for line in lines.filter(ships=True, removed_at=None))
    Order.objects.filter(pk=order.pk).update(units=units)
    return True


def no_more_than_in_store(lines: QuerySet[OrderLine], now: dt.datetime) -> None:
    """Of pieces that counted as gone the store may want fewer since: what came back of these lines, which no warehouse
    has, does not ship again beyond that.
    """
    wanted = Greatest(F("shipped"), F("store_quantity"))
    lines.filter(quantity__gt=wanted).update(quantity=wanted)
    lines.filter(store_quantity=0, shipped=0, removed_at=None).update(removed_at=now)


def drop_words(
    order: Order,
    settled: Collection[str] | None,
    by: str,
    now: dt.datetime,
    kind: HoldKind = HoldKind.CHANGED_AFTER_RELEASE,
) -> None:
    """Take what is settled out of the hold that asks about changes after release; None: all of it."""
    hold = _open(order, kind)
    if hold is None:
        return
    word = str(hold.params.get("word", ""))
    rest = [] if settled is None else [one for one in words_in(word) if one not in settled]
    if rest:
        Hold.objects.filter(pk=hold.pk).update(params=hold.params | {"word": ", ".join(rest)})
        return
    Hold.objects.filter(pk=hold.pk).update(lifted_at=now, lifted_by=by[:120])
    record(order, "lifted", by, now, kind=hold.kind, word=word)


def words_in(word: str) -> list[str]:
    """What a hold about changes lists: "lines, address"."""
    return [one for one in word.split(", ") if one]
