"""Random histories of reports, adjustments, shipments, voids and orders, against a model that only keeps lists."""

import datetime as dt
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from dataclasses import replace as changed

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.availability import House, Place, StockRules, available
from inventory.levels import AdjustItem, LevelItem, adjust_levels, report_levels
from inventory.models import MovementKind, Product, Reports, Reservation, StockCounter, StockLevel
from inventory.movements import Gone, ship
from inventory.reservations import Wanted, write_reservations
from inventory.stock_reading import stock_of
from tests.build import NOW
from tests.inventory.warehousing import believed, new_warehouse

SKUS = ("MUG", "CUP")  # few of everything, so that things meet
HOUSES = ("EAST", "WEST")  # EAST reports what is on hand, WEST what is available
LATE = dt.timedelta(hours=1)

sku, house = st.sampled_from(SKUS), st.sampled_from(HOUSES)
minute = st.integers(0, 6)
line = st.integers(1, 3)


@dataclass(frozen=True)
class Report:
    house: str
    items: tuple[tuple[str, int, int], ...]  # SKU, quantity, minute


@dataclass(frozen=True)
class Adjust:
    house: str
    sku: str
    change: int
    minute: int
    ref: str


@dataclass(frozen=True)
class Ship:
    line: int
    house: str
    sku: str
    pieces: int
    minute: int


@dataclass(frozen=True)
class Void:
    line: int


@dataclass(frozen=True)
class Need:
    """An order line wants so many pieces (none: it is through), from a warehouse or nobody knows which."""

    line: int
    sku: str
    house: str | None
    quantity: int
    unpaid: bool
    acked: int | None


reported = st.lists(st.tuples(sku, st.integers(0, 4), minute), min_size=1, max_size=3)
histories = st.lists(
    st.one_of(
        st.builds(Report, house, reported.map(tuple)),
        st.builds(Adjust, house, sku, st.integers(-3, 3), minute, st.sampled_from(["", "", "A", "B"])),
        st.builds(Ship, line, house, sku, st.integers(1, 3), minute),
        st.builds(Void, line),
        st.builds(Need, line, sku, st.none() | house, st.integers(0, 3), st.booleans(), st.none() | minute),
    ),
    min_size=10,
    max_size=30,
)


@dataclass
class Model:
    """Everything that was ever said, and the believed quantity worked out from it each time anew."""

    absolute: dict = field(default_factory=dict)  # (house, sku): (quantity, minute)
    relative: dict = field(default_factory=lambda: defaultdict(list))  # (house, sku): [(change, minute)]
    refs: set = field(default_factory=set)
    shipped: dict = field(default_factory=dict)
    voided: set = field(default_factory=set)
    needs: dict = field(default_factory=dict)

    def quantity(self, place):
        if place not in self.absolute:
            return None
        quantity, taken = self.absolute[place]
        return quantity + sum(change for change, minute in self.relative[place] if minute > taken)

    def report(self, event):
        seen, codes = set(), []
        for sku, quantity, minute in event.items:
            place, before = (event.house, sku), self.quantity((event.house, sku))
            known = self.absolute.get(place)
            if sku in seen:
                codes.append("duplicate")
            elif known == (quantity, minute):
                codes.append("unchanged")
            elif known and minute <= known[1]:
                codes.append("older")
            else:
                self.absolute[place] = (quantity, minute)
                codes.append("unchanged" if self.quantity(place) == before else "taken")
            seen.add(sku)
        return codes

    def adjust(self, event):
        place = (event.house, event.sku)
        if event.change == 0:
            return "wrong_quantity"
        if event.ref and (place, event.ref) in self.refs:
            return "repeated"
        if place not in self.absolute:
            return "no_level"
        counts = event.minute > self.absolute[place][1]
        if counts and event.change < 0 and self.quantity(place) + event.change < 0:
            return "below_zero"
        self.refs.add((place, event.ref))
        self.relative[place].append((event.change, event.minute))
        return "taken" if counts else "unchanged"

    def ship(self, event):
        if event.line not in self.shipped:
            self.shipped[event.line] = event
            self.relative[event.house, event.sku].append((-event.pieces, event.minute))

    def void(self, event):
        if event.line in self.shipped and event.line not in self.voided:
            self.voided.add(event.line)
            gone = self.shipped[event.line]
            self.relative[gone.house, gone.sku].append((gone.pieces, gone.minute))

    def offer(self, sku):
        """What both warehouses together may offer."""
        there = [house for house in HOUSES if (house, sku) in self.absolute]
        if not there:
            return None
        offer = sum(self.quantity((house, sku)) for house in there)
        for need in self.needs.values():
            if need.sku != sku or (need.house and need.house not in there):
                continue
            taken = self.absolute[need.house, sku][1] if need.house else None
            knows = need.house == "WEST" and need.acked is not None and need.acked <= taken
            offer -= 0 if knows else need.quantity
        return max(offer, 0)


class Real:
    """The same events through our functions."""

    def __init__(self):
        east = new_warehouse(*SKUS, code="EAST")
        west = new_warehouse(account=east.account, code="WEST", reports=Reports.AVAILABLE)
        self.account = east.account_id
        self.houses = {"EAST": east, "WEST": west}
        self.products = dict(Product.objects.filter(account=self.account).values_list("sku", "pk"))

    def report(self, event):
        items = [LevelItem(sku, quantity, when(minute)) for sku, quantity, minute in event.items]
        answers = report_levels(self.houses[event.house], items, actor="Key", now=NOW + LATE)
        for answer, (sku, _, _) in zip(answers, event.items, strict=True):
            assert answer.code == "duplicate" or answer.quantity == believed(self.houses[event.house], sku)
        return [answer.code for answer in answers]

    def adjust(self, event):
        item = AdjustItem(event.sku, event.change, when(event.minute), event.ref)
        [answer] = adjust_levels(self.houses[event.house], [item], actor="Key", now=NOW + LATE)
        return answer.code

    def ship(self, event, kind=MovementKind.SHIPPED):
        pk = self.houses[event.house].pk
        row = Gone(self.products[event.sku], pk, event.pieces, when(event.minute), event.line, kind)
        ship(self.account, [row], actor="Key", now=NOW + LATE)

    def void(self, event, told):
        """A void is told with other facts than the shipment; only the line counts."""
        self.ship(changed(told, line=event.line), MovementKind.VOIDED)

    def need(self, event):
        pk = self.houses[event.house].pk if event.house else None
        acked = None if event.acked is None else when(event.acked)
        wanted = Wanted(self.products[event.sku], pk, event.quantity, event.unpaid, NOW, acked)
        write_reservations(self.account, {("line", event.line): [wanted]})

    def offers(self):
        houses = [House(w.pk, w.code, w.reports == Reports.AVAILABLE) for w in self.houses.values()]
        found = stock_of(list(self.products.values()))
        return {
            sku: available(found[pk], [Place("", houses)], StockRules())[""].quantity
            for sku, pk in self.products.items()
        }


def when(minute):
    return NOW + dt.timedelta(minutes=minute)


def play(model, real, event):
    match event:
        case Report():
            assert real.report(event) == model.report(event)
        case Adjust():
            assert real.adjust(event) == model.adjust(event)
        case Ship():
            real.ship(event)
            model.ship(event)
        case Void():
            real.void(event, Ship(event.line, "WEST", "CUP", 9, 3))
            model.void(event)
        case Need():
            real.need(event)
            model.needs.pop(event.line, None)
            if event.quantity:
                model.needs[event.line] = event


def compare(model, real):
    for house, warehouse in real.houses.items():
        for sku in SKUS:
            assert believed(warehouse, sku) == model.quantity((house, sku))
    for level in StockLevel.objects.filter(account=real.account).select_related("warehouse", "product"):
        quantity, minute = model.absolute[level.warehouse.code, level.product.sku]
        assert (level.reported, level.taken_at) == (quantity, when(minute))
    stored = Reservation.objects.filter(account=real.account).values_list("source_id", "product__sku", "quantity")
    assert set(stored) == {(need.line, need.sku, need.quantity) for need in model.needs.values()}


@contextmanager
def undone():
    """Each history begins with an empty database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories)
def test_any_history_leaves_the_stock_that_a_simple_model_says(history):
    with undone():
        model, real = Model(), Real()
        numbers, offers = {}, real.offers()
        for event in history:
            play(model, real, event)
            numbers, offers = what_moved_is_marked(real, numbers, offers)
            assert offers == {sku: model.offer(sku) for sku in SKUS}
        compare(model, real)


def what_moved_is_marked(real, numbers, before):
    """Whatever changes what may be offered has a new change number, and none is above the account's last."""
    offers = real.offers()
    found = dict(Product.objects.filter(account=real.account).values_list("sku", "stock_seq"))
    last = sum(StockCounter.objects.filter(account=real.account).values_list("seq", flat=True))
    for sku in SKUS:
        assert offers[sku] == before[sku] or found[sku] > numbers.get(sku, 0)
        assert found[sku] <= last
    return found, offers
