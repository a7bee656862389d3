"""Which orders a word's older meanings decided, and what becomes of each when it means something else now.

`becomes` is the one answer; the question before a change and the deed after it read the same rows by the same queries.
An order is looked up by the version of the word's row that it keeps; for a location, which no order keeps a version of,
by the warehouse that it went to.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from mappings.models import Listing, Location, ShipMethod, Word
from mappings.versions import Meaning, meanings_of

from .models import Order, OrderLine, Remapping, ShippingRequest
from .models.shipping import AT_WAREHOUSE, CHANGE_ASKED
from .state import State

UNRELEASED = (State.NEW, State.HELD, State.READY)
WITH_WAREHOUSE = (State.AT_WAREHOUSE, State.PARTLY_SHIPPED)
GONE = (State.SHIPPED, State.CONFIRMED)

LOOKED_BACK = dt.timedelta(days=90)

# Added to an id to sort by it: told to sort by the bare id, SQLite walks the whole table in its order instead.
BY_INDEX = 0
CODE = ("ship_code", "carrier", "service")
OF_ORDER = ("pk", "state", "mapping_version", "edited", *CODE)
OF_LINE = ("order_id", "order__state", "mapping_version", "product_id", "units")

# The fields that decide an order.
DECIDES: dict[type[Word], tuple[str, ...]] = {
    ShipMethod: ("target", "target_carrier", "target_service"),
    Listing: ("product_id", "units"),
    Location: ("warehouse_id",),
}


class Becomes(StrEnum):
    AGAIN = "again"  # nobody took it: it is translated again
    CHANGE = "change"  # the warehouse can be asked to use the new ship code
    STOP = "stop"  # the warehouse can be asked to stop, then it is offered anew
    BEGUN = "begun"  # something of it left; the rest cannot be changed any more
    GONE = "gone"  # it left under the older meaning
    STAYS = "stays"  # the word does not decide it, or it has what the word means now


@dataclass(frozen=True, slots=True)
class Decided:
    """An order, as far as one word decided it.

    `by_word`: it has what the word meant when it was translated; else a person or a rule chose. `same`: that is what
    the word means now.
    """

    pk: int
    state: State
    by_word: bool = True
    same: bool = False


def becomes(order: Decided, kind: type[Word], means: bool) -> Becomes:
    """What becomes of an order when a word means something else; `means`: it means anything at all."""
    if not order.by_word or order.same:
        return Becomes.STAYS
    if order.state in UNRELEASED:
        return Becomes.AGAIN
    if order.state in GONE:
        return Becomes.GONE
    if order.state not in WITH_WAREHOUSE:
        return Becomes.STAYS
    if kind is ShipMethod and means:
        return Becomes.CHANGE
    return Becomes.STOP if order.state is State.AT_WAREHOUSE else Becomes.BEGUN


@dataclass(frozen=True, slots=True)
class Shift:
    """A word that means `after` now, or is to; `older` are the versions under which it meant something else.

    `since`: of orders that left, only those placed since then are looked for, where no index leads to them.
    """

    row: Word
    after: Meaning
    older: Mapping[int, Meaning]
    since: dt.datetime | None = None

    @property
    def kind(self) -> type[Word]:
        return type(self.row)

    @property
    def means(self) -> bool:
        """Whether it means anything at all now."""
        return bool(self.after[DECIDES[self.kind][0]])


def shift_to(row: Word, after: Mapping[str, Any], now: dt.datetime) -> Shift:
    return shift_from(meanings_of(row), row, after, now)


def shift_from(known: Mapping[int, Meaning], row: Word, after: Mapping[str, Any], now: dt.datetime) -> Shift:
    """The same, where the row's meanings by version are known."""
    names = DECIDES[type(row)]
    target = {name: after[name] for name in names}
    meanings = {number: {name: was[name] for name in names} for number, was in known.items()}
    since = now - LOOKED_BACK if isinstance(row, Location) else None
    return Shift(row, target, {number: was for number, was in meanings.items() if was != target}, since)


def decided(
    shift: Shift,
    states: Sequence[State],
    *,
    among: Sequence[int] | None = None,
    after: int | None = None,
    most: int | None = None,
) -> Iterator[Decided]:
    """Orders in these states that the older meanings decided: all, `most`, or the first behind `after` by rising id.

    An order with several lines of one listing comes once for each.
    """
    if not shift.older:
        return iter(())
    if shift.kind is ShipMethod:
        return _by_ship_method(shift, states, among, after, most)
    if shift.kind is Listing:
        return _by_listing(shift, states, among, after, most)
    return _by_location(shift, states, among, after, most)


def _by_ship_method(
    shift: Shift, states: Sequence[State], among: Sequence[int] | None, after: int | None, most: int | None
) -> Iterator[Decided]:
    rows = Order.objects.filter(ship_method=shift.row.pk, mapping_version__in=list(shift.older)).in_state(*states)
    for row in _narrowed(rows, "pk", among, after, most).values_list(*OF_ORDER):
        yield _order(shift, *row)


def _order(shift: Shift, pk: int, state: str, version: int, edited: Sequence[str], *has: str) -> Decided:
    by_word = "ship_code" not in edited and has == _given(shift.row, shift.older[version])
    return Decided(pk, State(state), by_word, has == _given(shift.row, shift.after))


def _given(row: Any, meaning: Meaning) -> tuple[str, str, str]:
    """What an order gets by a shipping option; without a ship code the store's own word passes, where settings say."""
    if not meaning["target"]:
        return (row.code or row.title)[:100], "", ""
    return meaning["target"], meaning["target_carrier"], meaning["target_service"]


def _by_listing(
    shift: Shift, states: Sequence[State], among: Sequence[int] | None, after: int | None, most: int | None
) -> Iterator[Decided]:
    rows = OrderLine.objects.filter(listing=shift.row.pk, mapping_version__in=list(shift.older))
    rows = rows.filter(ships=True, removed_at=None)
    if among is None and not set(states) & set(GONE):
        # A listing that sells well has far more lines than its store has open orders.
        orders = _open_orders(shift.row, states).filter(Exists(rows.filter(order=OuterRef("pk"))))
        among = list(_narrowed(orders, "pk", None, after, most).values_list("pk", flat=True))
    rows = rows.filter(order__state__in=[state.value for state in states])
    for row in _narrowed(rows, "order_id", among, after, most).values_list(*OF_LINE):
        yield _line(shift, *row)


def _line(shift: Shift, pk: int, state: str, version: int, product: int | None, units: int) -> Decided:
    has = {"product_id": product, "units": units}
    return Decided(pk, State(state), has == shift.older[version], has == shift.after)


def _by_location(
    shift: Shift, states: Sequence[State], among: Sequence[int] | None, after: int | None, most: int | None
) -> Iterator[Decided]:
    row = shift.row
    rows = _open_orders(row, states)
    if shift.since and set(states) <= set(GONE):
        rows = rows.filter(placed_at__gte=shift.since)
    rows = rows.filter(went_by(row, [was["warehouse_id"] for was in shift.older.values()]))
    for pk, state, edited in _narrowed(rows, "pk", among, after, most).values_list("pk", "state", "edited"):
        yield Decided(pk, State(state), "warehouse" not in edited)


def went_by(row: Word, warehouses: Sequence[int | None]) -> Exists:
    """Orders with a line that this location sent to one of these warehouses."""
    return Exists(lines_that_name(row).filter(warehouse__in=[pk for pk in warehouses if pk]))


def lines_that_name(row: Word) -> Any:
    """Of an outer order, the lines that go where this location says."""
    lines = OrderLine.objects.filter(order=OuterRef("pk"), ships=True, removed_at=None)
    return lines.filter(Q(location=row.pk) | Q(location=None, order__location=row.pk))


def _open_orders(row: Word, states: Sequence[State]) -> Any:
    return Order.objects.filter(account=row.account_id, store=row.store_id).in_state(*states)


def _narrowed(rows: Any, order_id: str, among: Sequence[int] | None, after: int | None, most: int | None) -> Any:
    if among is not None:
        return rows.filter(**{f"{order_id}__in": among}).order_by()
    if after is not None:
        rows = rows.filter(**{f"{order_id}__gt": after}).order_by(F(order_id) + BY_INDEX)
    else:
        rows = rows.order_by()
    return rows if most is None else rows[:most]


# --- several words at once -------------------------------------------------------------------------------------------


def decided_by_each(shifts: Sequence[Shift], states: Sequence[State], most: int) -> dict[int, list[Decided]]:
    """What `decided` finds for each of these words of one kind and account, by the word's id; `most` of all together.
    A constant number of statements; for locations, of which a store has few, as many for each.
    """
    by_row = {shift.row.pk: shift for shift in shifts if shift.older}
    found: dict[int, list[Decided]] = {pk: [] for pk in by_row}
    kind = shifts[0].kind if shifts else Location
    if kind is Location:
        for pk, shift in by_row.items():
            found[pk] += decided(shift, states, most=most)
        return found
    make: Callable[..., Decided] = _order if kind is ShipMethod else _line
    rows = _orders_of_each if kind is ShipMethod else _lines_of_each
    for pk, *values in rows(shifts, states, most):
        if values[2] in by_row[pk].older:  # else it meant then what it means now
            found[pk].append(make(by_row[pk], *values))
    return found


def _orders_of_each(shifts: Sequence[Shift], states: Sequence[State], most: int) -> Any:
    orders = Order.objects.filter(ship_method__in=[shift.row.pk for shift in shifts if shift.older])
    orders = orders.filter(mapping_version__lt=F("ship_method__version")).in_state(*states)
    return orders.order_by().values_list("ship_method_id", *OF_ORDER)[:most]


def _lines_of_each(shifts: Sequence[Shift], states: Sequence[State], most: int) -> Any:
    lines = OrderLine.objects.filter(listing__in=[shift.row.pk for shift in shifts if shift.older])
    lines = lines.filter(mapping_version__lt=F("listing__version"), ships=True, removed_at=None)
    if not set(states) & set(GONE):  # as for one listing
        stores = {shift.row.store_id for shift in shifts}
        orders = Order.objects.filter(account=shifts[0].row.account_id, store__in=stores).in_state(*states)
        some = orders.filter(Exists(lines.filter(order=OuterRef("pk")))).order_by()[:most]
        lines = lines.filter(order__in=list(some.values_list("pk", flat=True)))
    lines = lines.filter(order__state__in=[state.value for state in states])
    return lines.order_by().values_list("listing_id", *OF_LINE)[:most]


# --- what nobody took ------------------------------------------------------------------------------------------------


def unreleased_under_others(row: Word, after: int, most: int) -> list[int]:
    """Orders that nobody took and that use this word, yet were translated before its present version; by rising id."""
    if isinstance(row, ShipMethod):
        orders = Order.objects.filter(ship_method=row.pk, mapping_version__lt=row.version).in_state(*UNRELEASED)
    elif isinstance(row, Listing):
        lines = OrderLine.objects.filter(listing=row.pk, mapping_version__lt=row.version, removed_at=None)
        orders = _open_orders(row, UNRELEASED).filter(Exists(lines.filter(order=OuterRef("pk"))))
    else:
        orders = _waiting_at(row)
    return list(_narrowed(orders, "pk", None, after, most).values_list("pk", flat=True))


def with_unreleased(model: type[Word], ids: Sequence[int]) -> set[int]:
    """Those of these words that `unreleased_under_others` finds anything for, or that a warehouse is asked about."""
    if model is Location:
        return {row.pk for row in Location.objects.filter(pk__in=ids) if _waiting_at(row).exists()}
    waiting = [state.value for state in UNRELEASED]
    if model is ShipMethod:
        orders = Order.objects.filter(ship_method__in=ids, mapping_version__lt=F("ship_method__version"))
        found = set(orders.filter(state__in=waiting).order_by().values_list("ship_method", flat=True).distinct())
        return found | set(questions_about(ids).order_by().values_list("order__ship_method", flat=True))
    lines = OrderLine.objects.filter(listing__in=ids, mapping_version__lt=F("listing__version"), removed_at=None)
    return set(lines.filter(order__state__in=waiting).order_by().values_list("listing", flat=True).distinct())


def questions_about(ids: Sequence[int]) -> Any:
    """Shipping requests that wait for an answer about the ship code of one of these shipping options."""
    asked = ShippingRequest.objects.filter(CHANGE_ASKED, state__in=AT_WAREHOUSE, order__ship_method__in=ids)
    return asked.filter(change__has_any_keys=list(CODE))


def _waiting_at(row: Word) -> Any:
    """No order keeps the version of a location: all that name it."""
    named = OrderLine.objects.filter(order=OuterRef("pk"), location=row.pk)
    orders = _open_orders(row, UNRELEASED)
    return orders.filter(Q(location=row.pk) | Exists(named))


def answered(row: Word, kind: str) -> bool:
    """Whether a person said what becomes of the orders under this row's present version (`orders.remapping`)."""
    return Remapping.objects.filter(row=row.pk, kind=kind, version=row.version).exists()
