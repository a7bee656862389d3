"""Words mapped in the lists of mappings: their orders are let go as on Held, with progress and a way back."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fcp.roles import Role
from inventory.models import Product
from mappings.lists import KINDS
from mappings.models import CarrierOut, Listing, Location, MappingChange, ShipMethod
from mappings.set_many import set_many
from orders.curing import go_on
from orders.models import Cure, Hold, Order, ShippingRequest
from orders.settle import lift_mapped_everywhere
from orders.shipping import acknowledge
from tests.build import NOW, make_product, make_ship_method, make_warehouse
from tests.orders.shop import Shop, text_of
from tests.orders.test_remapping import url

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def shop(monkeypatch: Any) -> Shop:
    return Shop(monkeypatch)


def word(title: str = "std-eu") -> ShipMethod:
    return ShipMethod.objects.get(title=title)


def states(orders: list[Order]) -> list[str]:
    return [Order.objects.get(pk=order.pk).state for order in orders]


def map_inline(shop: Shop, row: Any, page: str, **fields: Any) -> Any:
    return shop.client().post(url(shop, f"{page}/{row.pk}/"), fields, headers=HTMX)


@pytest.mark.req("EIM-19", "TECH-37")
def test_a_code_mapped_in_its_list_is_taken_back_for_what_no_warehouse_took(shop: Shop) -> None:
    orders = [shop.order(ship="std-eu") for _ in range(3)]

    reply = map_inline(shop, word(), "ship-codes", target="EU-STD")
    cure = Cure.objects.get()
    go_on(cure.pk, seconds=60)
    acknowledge(ShippingRequest.objects.get(order=orders[0]), 1, by="Nord", now=NOW)
    page = shop.client().get(url(shop, "ship-codes/all/"))

    assert "3 orders waited for it; whichever waits for nothing else goes on now." in reply.content.decode()
    assert "“std-eu” means EU-STD. 3 orders wait for it no more." in text_of(page)
    assert (cure.total, cure.cause, cure.change) == (3, str(word().pk), MappingChange.objects.get().pk)

    shop.client().post(shop.url("undo_cure", pk=cure.pk))

    assert states(orders) == ["at_warehouse", "held", "held"]
    assert word().target == ""


def test_a_large_group_shows_its_progress_in_the_list_at_once_and_a_small_one_leads_to_it(
    shop: Shop, monkeypatch: Any
) -> None:
    monkeypatch.setattr("mappings.views.FEW", 2)
    for title, number in (("std-eu", 3), ("pigeon", 1)):
        for _ in range(number):
            shop.order(ship=title)

    large = map_inline(shop, word(), "ship-codes", target="EU-STD").content.decode()
    small = map_inline(shop, word("pigeon"), "ship-codes", target="EU-STD").content.decode()

    assert 'id="cures" hx-swap-oob="true"' in large
    assert "3 orders are let go one after the other." in large
    assert "Orders let go" in large
    assert 'hx-swap-oob="true"><div id="cure-' not in small
    assert "Follow it, or undo it" in small
    own = shop.client().get(url(shop, f"ship-codes/{word('pigeon').pk}/"))
    assert "“pigeon” means EU-STD. 1 order is let go." in text_of(own)
    assert "3 orders" not in text_of(own)


def test_listings_and_locations_get_their_way_back_too(shop: Shop) -> None:
    loft = make_warehouse(shop.account, name="Loft")
    shop.order(skus=("TEAPOT",))
    shop.order(location_uid="shelf")
    pot = make_product(shop.account, "POT")

    map_inline(shop, Listing.objects.get(sku="TEAPOT"), "skus", target="POT")
    map_inline(shop, Location.objects.get(), "locations", target=str(loft.pk))

    assert pot in Product.objects.all()
    assert set(Cure.objects.values_list("kind", "target", "total")) == {("sku", "POT", 1), ("location", "Loft", 1)}


def test_a_word_that_nobody_waits_for_and_a_carrier_are_no_cure(shop: Shop) -> None:
    row = make_ship_method(shop.store, "quiet")
    carrier = CarrierOut.objects.create(account=shop.account, store=shop.store, carrier="GLS", name="", version=1)

    map_inline(shop, row, "ship-codes", target="EU-STD")
    map_inline(shop, carrier, "carriers", target="GLS Germany")

    assert word("quiet").target == "EU-STD"
    assert not Cure.objects.exists()


@pytest.mark.req("EIM-19", "TECH-37")
def test_codes_mapped_by_one_press_have_a_way_back_each(shop: Shop) -> None:
    first = [shop.order(ship="std-eu") for _ in range(2)]
    second = [shop.order(ship="pigeon")]
    make_ship_method(shop.store, "quiet")
    chosen = {"row": [word(title).pk for title in ("std-eu", "pigeon", "quiet")], "target": "EU-STD"}

    page = shop.client().post(url(shop, "ship-codes/many/"), {**chosen, "confirmed": "3"}, follow=True)
    text = text_of(page)
    lift_mapped_everywhere(NOW)

    assert "“std-eu” means EU-STD (DHL Paket). 2 orders are let go one after the other." in text
    assert "“pigeon” means EU-STD (DHL Paket). 1 order is let go." in text
    assert set(Cure.objects.values_list("word", "state", "done", "total")) == {
        ("std-eu", "done", 2, 2),
        ("pigeon", "done", 1, 1),
    }
    assert states([*first, *second]) == ["ready"] * 3

    shop.client().post(shop.url("undo_cure", pk=Cure.objects.get(word="std-eu").pk))

    assert states([*first, *second]) == ["held", "held", "ready"]
    assert (word().target, word("pigeon").target) == ("", "EU-STD")


@pytest.mark.req("TECH-39")
def test_a_file_of_mappings_frees_orders_with_a_way_back(shop: Shop) -> None:
    order = shop.order(skus=("TEAPOT",))
    make_product(shop.account, "POT")
    client = shop.client(Role.OWNER)
    file = SimpleUploadedFile("words.csv", b"SKU in the store,Product SKU\nTEAPOT,POT\n")
    page = client.post(url(shop, "skus/files/"), {"file": file}, follow=True)

    client.post(url(shop, f"files/{page.context['found'].pk}/go/"))
    lift_mapped_everywhere(NOW)

    cure = Cure.objects.get()
    assert (cure.word, cure.target, cure.state, cure.done) == ("TEAPOT", "POT", "done", 1)
    assert states([order]) == ["ready"]


def test_of_many_words_at_once_those_that_keep_most_orders_get_one(shop: Shop, monkeypatch: Any) -> None:
    monkeypatch.setattr("orders.curing.TOGETHER", 2)
    for title, number in (("a", 1), ("b", 3), ("c", 2)):
        for _ in range(number):
            shop.order(ship=title)
    wanted = {word(title).pk: {"target": "EU-STD"} for title in "abc"}

    set_many(KINDS["ship_codes"], shop.account, wanted, by="Ann", now=NOW)
    lift_mapped_everywhere(NOW)

    assert sorted(Cure.objects.values_list("word", "done")) == [("b", 3), ("c", 2)]
    assert not Hold.objects.open().exists()


def test_a_press_costs_as_many_statements_for_many_awaited_words_as_for_few(shop: Shop) -> None:
    costs = []
    for number in (2, 9):
        titles = [f"way {number} {n}" for n in range(number)]
        for title in titles:
            shop.order(ship=title)
        wanted = {word(title).pk: {"target": "EU-STD"} for title in titles}
        with CaptureQueriesContext(connection) as found:
            set_many(KINDS["ship_codes"], shop.account, wanted, by="Ann", now=NOW)
        costs.append(len(found))

    assert Cure.objects.count() == 11
    assert costs[1] <= costs[0]


def test_a_cure_that_a_press_began_ends_when_the_whole_press_is_taken_back(shop: Shop) -> None:
    orders = [shop.order(ship="std-eu") for _ in range(2)]
    wanted = {word().pk: {"target": "EU-STD"}}
    batch = set_many(KINDS["ship_codes"], shop.account, wanted, by="Ann", now=NOW).batch

    shop.client().post(url(shop, "undo/"), {"batch": batch})
    lift_mapped_everywhere(NOW)

    assert Cure.objects.get().state == Cure.State.DONE
    assert states(orders) == ["held", "held"]
