"""What one version of a location or of a carrier's name decided: found by the time in which it was in force."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from fcp.models import Account
from inventory.models import Warehouse
from mappings.mapping import map_location, name_carrier
from mappings.models import CarrierOut, Location, MappingChange
from orders.fulfilling import Shipment, report_fulfillment
from orders.models import Fulfillment, Order, OrderLine, ShippingRequest
from orders.models.shipping import Origin, Told
from orders.release import offer_waiting
from orders.settle import lift_mapped_everywhere
from orders.shipping import acknowledge
from tests.build import NOW, make_account, make_location, make_store, make_warehouse
from tests.orders.shop import Shop
from tests.orders.test_remapping import rows_of

pytestmark = pytest.mark.django_db


def days(number: int) -> dt.datetime:
    return NOW + dt.timedelta(days=number)


@pytest.fixture
def shop(monkeypatch: Any) -> Shop:
    return Shop(monkeypatch)


def listed(shop: Shop, table: str, version: int) -> list[str]:
    """Numbers of the orders that are listed under a version, as its link among the versions leads to them."""
    change = MappingChange.objects.filter(account=shop.account, table=table).latest("pk")
    page = shop.client().get(f"/a/{shop.account.slug}/mappings/changes/{change.pk}/")
    link = f"/a/{shop.account.slug}/mappings/changes/{change.pk}/orders/?version={version}"
    assert link in page.content.decode()
    rows = rows_of(shop.client().get(f"{link}&format=csv"))
    return [row["Number"] for row in rows]


def moved(shop: Shop, to: Warehouse | None, at: dt.datetime) -> None:
    map_location(Location.objects.get(account=shop.account), to, by="Ann", now=at)
    lift_mapped_everywhere(at)
    offer_waiting(shop.store, now=at)


def take(order: Order, at: dt.datetime) -> ShippingRequest:
    request = ShippingRequest.objects.filter(order=order, state="offered").latest("pk")
    acknowledge(request, request.revision, by="WMS", now=at)
    return request


# --- locations -------------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-40", "TECH-41")
def test_orders_are_listed_under_the_version_of_a_location_that_sent_them(shop: Shop) -> None:
    loft, cellar = (make_warehouse(shop.account, name=name) for name in ("Loft", "Cellar"))
    early = shop.order(location_uid="shelf")
    shop.order()  # names no location
    moved(shop, loft, days(1))
    take(early, days(2))
    kept = shop.order(location_uid="shelf")
    assert listed(shop, "location", 1) == [kept.number, early.number]

    moved(shop, cellar, days(3))
    late = shop.order(location_uid="shelf")
    offer_waiting(shop.store, now=days(4))
    take(kept, days(5))

    assert listed(shop, "location", 0) == []
    assert listed(shop, "location", 1) == [early.number]
    assert listed(shop, "location", 2) == [late.number, kept.number]


def test_a_location_that_goes_back_to_its_first_warehouse_keeps_the_times_apart(shop: Shop) -> None:
    loft, cellar = (make_warehouse(shop.account, name=name) for name in ("Loft", "Cellar"))
    orders = []
    make_location(shop.store, "shelf")
    for number, warehouse in enumerate((loft, cellar, loft)):
        moved(shop, warehouse, days(10 * number))
        order = shop.order(location_uid="shelf")
        offer_waiting(shop.store, now=days(10 * number))
        take(order, days(10 * number + 1))
        orders.append(order.number)
    waiting = shop.order(location_uid="shelf")

    assert [listed(shop, "location", version) for version in (1, 2)] == [[orders[0]], [orders[1]]]
    assert sorted(listed(shop, "location", 3)) == sorted([orders[2], waiting.number])


def test_held_orders_are_listed_under_the_version_that_has_no_warehouse(shop: Shop) -> None:
    loft = make_warehouse(shop.account, name="Loft")
    order = shop.order(location_uid="shelf")
    moved(shop, loft, days(1))
    moved(shop, None, days(2))

    assert listed(shop, "location", 1) == []
    assert listed(shop, "location", 2) == [order.number]


# --- carriers --------------------------------------------------------------------------------------------------------


def tell(shop: Shop, carrier: str, at: dt.datetime) -> Order:
    """A shipment that the store was told of."""
    order = shop.order()
    offer_waiting(shop.store, now=NOW)
    request = take(order, NOW)
    lines = {line.pk: line.quantity for line in OrderLine.objects.filter(order=order)}
    shipment = Shipment(lines, carrier=carrier, ref=f"S-{order.pk}")
    report_fulfillment(order, shipment, request=request, origin=Origin.PARTNER, by="WMS", now=at)
    Fulfillment.objects.filter(order=order).update(told=Told.TOLD, told_at=at, shipped_at=at)
    return order


@pytest.mark.req("TECH-38", "EIM-10")
def test_shipments_are_listed_under_the_name_that_the_store_was_told(shop: Shop) -> None:
    first = tell(shop, "GLS", days(1))
    name_carrier(shop.store, "GLS", "GLS Germany", by="Ann", now=days(2))
    second = tell(shop, "gls", days(3))
    tell(shop, "DHL", days(3))
    name_carrier(shop.store, "GLS", "GLS Europe", by="Ann", now=days(4))
    third, untold = tell(shop, "GLS", days(5)), tell(shop, "GLS", days(5))
    Fulfillment.objects.filter(order=untold).update(told=Told.DUE, told_at=None)

    found = {number: listed(shop, "carrierout", number) for number in (0, 1, 2)}

    assert found == {0: [first.number], 1: [second.number], 2: [third.number]}
    page = shop.client().get(
        f"/a/{shop.account.slug}/mappings/changes/{MappingChange.objects.latest('pk').pk}/orders/?version=0"
    )
    assert "“GLS”: the carrier's own name." in page.context["lead"]


def test_a_strangers_location_and_carrier_are_not_here(shop: Shop) -> None:
    theirs: Account = make_account()
    store = make_store(theirs)
    map_location(make_location(store, "there"), make_warehouse(theirs), by="Them", now=NOW)
    name_carrier(store, "UPS", "Brown", by="Them", now=NOW)

    for change in MappingChange.objects.filter(account=theirs):
        url = f"/a/{shop.account.slug}/mappings/changes/{change.pk}/orders/?version=1"
        assert shop.client().get(url).status_code == 404
    assert CarrierOut.objects.get().account == theirs
