"""A level report, an order, a shipment and a correction on one SKU at the same moment: nothing is lost."""

import random
import threading

import pytest
from django.db import transaction

from inventory.levels import AdjustItem, LevelItem, adjust_levels, report_levels
from inventory.models import MovementKind, Product, Reservation, StockCounter, StockLevel
from inventory.movements import Gone, ship
from inventory.reservations import Wanted, write_reservations
from inventory.stock import lock_products
from tests.build import NOW
from tests.inventory.warehousing import at, believed, new_warehouse
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 12


class Shop:
    """One warehouse without an API, so that levels may come over the API and from a person."""

    def __init__(self, *skus: str) -> None:
        self.warehouse = new_warehouse(*skus)
        self.account = self.warehouse.account_id
        self.pks = dict(Product.objects.filter(account=self.account).values_list("sku", "pk"))

    def report(self, quantity: int, minute: float, *skus: str) -> None:
        items = [LevelItem(sku, quantity, at(minute)) for sku in skus or ("MUG",)]
        report_levels(self.warehouse, items, actor="Key", now=at(600))

    def correct(self, change: int, minute: float, *skus: str, ref: str = "") -> None:
        items = [AdjustItem(sku, change, at(minute), ref) for sku in skus or ("MUG",)]
        adjust_levels(self.warehouse, items, actor="Ann", now=at(600), kind=MovementKind.CORRECTION)

    def need(self, line: int, quantity: int, sku: str = "MUG") -> None:
        wanted = Wanted(self.pks[sku], self.warehouse.pk, quantity, False, NOW)
        write_reservations(self.account, {("line", line): [wanted]})

    def ship(self, line: int, pieces: int, minute: float, sku: str = "MUG", left: int = 0) -> None:
        """As a fulfillment does it: the movement and the reservation's rest in one transaction."""
        with transaction.atomic():
            lock_products([self.pks[sku]])
            row = Gone(self.pks[sku], self.warehouse.pk, pieces, at(minute), line)
            ship(self.account, [row], actor="Key", now=at(600))
            self.need(line, left, sku)

    def reserved(self) -> dict[int, int]:
        return dict(Reservation.objects.filter(account=self.account).values_list("source_id", "quantity"))


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_report_an_order_a_shipment_and_a_correction_at_once_all_count(round_):
    shop = Shop("MUG")
    shop.report(100, 0)
    shop.need(1, 5)

    at_once(
        lambda: shop.report(60, 10),
        lambda: shop.need(2, 7),
        lambda: shop.ship(1, 3, 20, left=2),
        lambda: shop.ship(3, 4, 5),  # the level of minute 10 knows of it
        lambda: shop.correct(-1, 30, ref="C-1"),
        lambda: shop.correct(-1, 30, ref="C-1"),
    )

    assert believed(shop.warehouse) == 60 - 3 - 1
    assert shop.reserved() == {1: 2, 2: 7}
    level = StockLevel.objects.get()
    assert (level.reported, level.taken_at) == (60, at(10))
    assert StockCounter.objects.get().seq == Product.objects.get().stock_seq


def test_first_levels_at_once_are_one_level():
    shop = Shop("MUG")

    at_once(*(lambda n=n: shop.report(10 + n, n) for n in range(4)), lambda: shop.ship(1, 2, 50))

    assert believed(shop.warehouse) == 13 - 2
    assert StockLevel.objects.count() == 1


def test_hundreds_of_changes_of_overlapping_skus_end_as_if_one_after_the_other():
    """Six writers with batches in any order: nobody waits in a circle, and every change is in the numbers."""
    skus = [f"SKU-{n}" for n in range(6)]
    shop = Shop(*skus)
    shop.report(1000, 0, *skus)

    def reporter():
        chance = random.Random(1)
        for n in range(30):
            shop.report(1000 + n, 0.01 * (n + 1), *chance.sample(skus, 4))
        shop.report(2000, 1, *reversed(skus))

    def corrector(seed):
        chance = random.Random(seed)
        for n in range(30):
            shop.correct(-1, 10 + n, *chance.sample(skus, 3), ref=f"{seed}-{n}")

    def shipper(seed):
        chance = random.Random(seed)
        for n in range(30):
            shop.ship(seed * 1000 + n, 2, 100, chance.choice(skus), left=n % 2)

    at_once(reporter, *(lambda s=s: corrector(s) for s in (2, 3)), *(lambda s=s: shipper(s) for s in (4, 5)))

    assert sum(believed(shop.warehouse, sku) for sku in skus) == 6 * 2000 - 2 * 30 * 3 - 2 * 30 * 2
    assert len(shop.reserved()) == 2 * 15
    assert set(shop.reserved().values()) == {1}
    newest = StockCounter.objects.get().seq
    assert max(Product.objects.values_list("stock_seq", flat=True)) == newest


def test_change_numbers_become_visible_in_their_order():
    """Whoever has seen all changes up to a number never finds a lower one later."""
    shop = Shop("MUG", "CUP")
    shop.report(1000, 0, "MUG", "CUP")
    done = threading.Event()

    def writer(sku, seed):
        for n in range(40):
            shop.correct(-1, 10, sku, ref=f"{seed}-{n}")

    def reader():
        seen = {}
        position = 0
        while not done.is_set():
            found = dict(Product.objects.values_list("sku", "stock_seq"))
            for sku, seq in found.items():
                assert seq == seen.get(sku, 0) or seq > position, (seq, position, sku)
            seen, position = found, max(found.values())

    def both():
        try:
            at_once(lambda: writer("MUG", 1), lambda: writer("CUP", 2))
        finally:
            done.set()

    at_once(both, reader)
    assert (believed(shop.warehouse, "MUG"), believed(shop.warehouse, "CUP")) == (960, 960)
