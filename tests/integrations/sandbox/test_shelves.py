"""The stand-in warehouse reports what lies in it, and keeps no number of its own."""

import datetime as dt

import pytest
from django.utils import timezone

from fcp.models import ApiKey
from fcp.scopes import FOR_PARTNER, Scope
from integrations.sandbox.shelves import DELIVERY, FIRST, LOW
from integrations.sandbox.warehouse import Wait, Warehouse
from inventory.levels import LevelItem, report_levels
from inventory.models import KeptBy, Product, StockLevel, StockMovement
from inventory.models import Warehouse as Place
from orders.models import ShippingRequest
from tests.build import make_product
from tests.orders.making import make_account, make_order, make_partner, make_store, make_warehouse, offered

pytestmark = pytest.mark.django_db(transaction=True)
SKUS = [f"SKU-{n}" for n in range(8)]
MINUTE = dt.timedelta(seconds=90)  # a minute, after a first round that took long
SOON = dt.timedelta(seconds=6)


@pytest.fixture
def partner(transactional_db):
    return make_partner()


@pytest.fixture
def house(partner):
    """A warehouse of ours in the panel, with eight products in its account."""
    house = make_warehouse(make_account(), partner)
    for sku in SKUS:
        make_product(house.account, sku)
    return house


@pytest.fixture
def key_file(partner, tmp_path):
    file = tmp_path / "warehouse.key"
    file.write_text(ApiKey.objects.issue("WMS", sorted(FOR_PARTNER), partner=partner)[1])
    return file


@pytest.fixture
def start(live_server, key_file):
    return lambda: Warehouse(f"{live_server.url}/api/v1", key_file, seed=1)


def levels(house):
    return dict(StockLevel.objects.filter(warehouse=house).values_list("product__sku", "quantity"))


def set_level(house, sku, quantity, at):
    [answer] = report_levels(house, [LevelItem(sku, quantity, at)], actor="test", now=at)
    assert answer.taken


def an_order(house, lines):
    """Of one piece it is shipped at once, never in parts."""
    return offered(make_order(make_store(house.account), lines, warehouse=house))


def test_at_the_start_all_products_but_one_are_reported(start, house):
    start().work(timezone.now())

    found = levels(house)
    assert len(found) == len(SKUS) - 1
    assert all(FIRST[0] <= quantity <= FIRST[1] for quantity in found.values())
    assert len(set(found.values())) > 3


def test_each_of_several_warehouses_reports_its_own(start, house, partner):
    second, kept_here = (make_warehouse(house.account, partner) for _ in range(2))
    kept_here.kept_by = KeptBy.PANEL
    kept_here.save()

    start().work(timezone.now())

    assert len(levels(second)) == len(SKUS) - 1
    assert levels(kept_here) == {}


def test_of_a_few_products_none_is_forgotten(start, partner):
    house = make_warehouse(make_account(), partner)
    for sku in SKUS[:3]:
        make_product(house.account, sku)

    start().work(timezone.now())

    assert sorted(levels(house)) == SKUS[:3]


def test_everything_is_reported_again_each_minute_with_the_new_time(start, house):
    warehouse, now = start(), timezone.now()
    warehouse.work(now)
    first, times = levels(house), StockLevel.objects.order_by("pk").values_list("taken_at", flat=True)
    before = list(times)

    warehouse.work(now + dt.timedelta(seconds=30))
    assert list(times.all()) == before
    make_product(house.account, "NEW")
    warehouse.work(now + MINUTE)

    assert all(later - earlier >= dt.timedelta(seconds=60) for later, earlier in zip(times.all(), before, strict=False))
    assert {sku: quantity for sku, quantity in levels(house).items() if sku in first} == first
    assert len(levels(house)) == len(first) + 1
    assert StockMovement.objects.count() == len(first) + 1


def test_a_second_start_goes_on_with_the_numbers_that_the_panel_has(start, house):
    now = timezone.now()
    start().work(now)
    changed = sorted(levels(house))[0]
    set_level(house, changed, 7, now + SOON)
    before = levels(house)

    start().work(now + MINUTE)

    assert levels(house) == before
    assert before[changed] == 7


def test_what_falls_low_is_delivered_with_the_next_count(start, house):
    warehouse, now = start(), timezone.now()
    warehouse.work(now)
    sku = sorted(levels(house))[0]
    set_level(house, sku, LOW, now + SOON)

    warehouse.work(now + MINUTE)

    assert LOW + DELIVERY[0] <= levels(house)[sku] <= LOW + DELIVERY[1]


def test_what_was_shipped_is_counted_again_at_once(start, house):
    warehouse, now = start(), timezone.now()
    warehouse.work(now)
    sku = sorted(levels(house))[0]
    before = levels(house)[sku]
    an_order(house, {sku: 1})
    warehouse.work(timezone.now())

    shipped_at = timezone.now() + SOON
    warehouse.work(shipped_at)

    level = StockLevel.objects.get(warehouse=house, product__sku=sku)
    assert level.quantity == level.reported == before - 1
    assert level.taken_at >= shipped_at
    for later in (SOON, MINUTE):
        warehouse.work(timezone.now() + later)
    assert levels(house)[sku] == before - 1


def test_what_has_left_and_is_not_told_yet_is_not_counted(start, house, monkeypatch):
    """A level from after the truck, told before the truck, would hide what it took."""
    warehouse, now = start(), timezone.now()
    warehouse.work(now)
    sku = sorted(levels(house))[0]
    before = levels(house)[sku]
    request = an_order(house, {sku: 1})
    warehouse.work(timezone.now())
    tell = warehouse._write
    monkeypatch.setattr(warehouse, "_write", lambda *_: False)  # the panel refuses it for a while

    warehouse.work(timezone.now() + MINUTE)

    taken_at = StockLevel.objects.get(warehouse=house, product__sku=sku).taken_at
    assert taken_at < now + SOON
    assert StockLevel.objects.filter(warehouse=house, taken_at__gt=now + SOON).count() == len(levels(house)) - 1
    monkeypatch.setattr(warehouse, "_write", tell)
    warehouse.work(timezone.now() + 2 * MINUTE)
    request.refresh_from_db()
    assert (request.state, levels(house)[sku]) == ("shipped", before - 1)


def test_a_key_that_may_not_report_still_ships(start, house, key_file, partner):
    scopes = set(FOR_PARTNER) - {Scope.WRITE_STOCK}
    key_file.write_text(ApiKey.objects.issue("Old", sorted(scopes), partner=partner)[1])
    request = an_order(house, {SKUS[0]: 1})

    with pytest.raises(Wait, match="lacks the scope stock:write"):
        start().work(timezone.now())

    assert ShippingRequest.objects.get(pk=request.pk).state == "acknowledged"


def test_a_warehouse_that_the_panel_keeps_from_now_on_stops_nothing(start, house, partner):
    warehouse, other = start(), make_warehouse(house.account, partner)
    warehouse.work(timezone.now())
    assert warehouse.shelves.ours == [str(house.pk), str(other.pk)]
    before = levels(other)
    request = an_order(other, {sorted(before)[0]: 1})
    warehouse.work(timezone.now())
    Place.objects.filter(pk=other.pk).update(kept_by=KeptBy.PANEL)

    for _ in range(2):
        warehouse.work(timezone.now() + SOON)

    request.refresh_from_db()
    assert request.state == "shipped"
    assert warehouse.shelves.ours == [str(house.pk)]


def test_two_thousand_products_are_counted_with_few_calls(start, house):
    Product.objects.bulk_create(
        Product(account=house.account, sku=f"BULK-{n}", sku_key=f"BULK-{n}", name=f"Bulk {n}") for n in range(2000)
    )
    warehouse, answers = start(), []
    warehouse.session.hooks["response"].append(lambda answer, **_: answers.append(answer))

    warehouse.work(timezone.now())

    assert len(levels(house)) == len(SKUS) + 2000 - 1
    assert len(answers) == 2 + 5 + 1 + 3  # requests, warehouses; pages of products and of levels; reports
