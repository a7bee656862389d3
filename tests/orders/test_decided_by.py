"""The timeline says each change of what an order that nobody took means, with the version of the mapping behind."""

from dataclasses import replace

import pytest

from mappings.mapping import map_listing, map_location, map_ship_method
from mappings.models import Listing, Location, ShipMethod
from orders.decided_by import MOST_LINES
from orders.models import Order, OrderEvent
from orders.release import offer_waiting
from orders.settle import lift_mapped, lift_mapped_everywhere, settle, settle_store
from orders.shipping import acknowledge
from orders.timeline import sentence
from tests.build import NOW, a_line, an_order, make_location, make_product, make_warehouse, take
from tests.orders.shop import Shop, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(monkeypatch):
    return Shop(monkeypatch)


def map_sku(shop, sku, product, units=1):
    product = make_product(shop.account, product)
    map_listing(Listing.objects.get(sku=sku), product, units=units, by="Ann", now=NOW)
    lift_mapped_everywhere(NOW)


def page_of(shop, order):
    return text_of(shop.client().get(shop.url("order", pk=order.pk)))


def translated(order):
    return list(OrderEvent.objects.filter(order=order, code="translated").values_list("params", flat=True))


def test_a_line_that_becomes_another_product_says_which_it_was_and_by_which_version(shop):
    order = shop.order(skus=("TEAPOT", "MUG"))
    map_sku(shop, "TEAPOT", "POT-OLD", units=2)
    assert Order.objects.get(pk=order.pk).state == "ready"

    map_sku(shop, "TEAPOT", "POT-NEW", units=6)

    request = order.requests.get(state="offered")
    assert [line["product_sku"] for line in request.snapshot["lines"]] == ["POT-NEW", "MUG"]
    page = page_of(shop, order)
    assert "SKU unknown (“TEAPOT”). It is POT-OLD × 2, by version 1 of its mapping." in page
    assert "“TEAPOT” is POT-NEW × 6, by version 2 of its mapping; it was POT-OLD × 2 before." in page
    assert len(translated(order)) == 1


def test_an_order_at_a_warehouse_shows_what_decided_it_though_the_mappings_went_on(shop):
    order = shop.order(skus=("TEAPOT",), location_uid="loft")
    map_location(Location.objects.get(), shop.warehouse, by="Ann", now=NOW)
    map_sku(shop, "TEAPOT", "POT")
    acknowledge(order.requests.get(), 1, by="Nord", now=NOW)

    map_sku(shop, "TEAPOT", "POT-NEW")
    map_location(Location.objects.get(), make_warehouse(shop.account), by="Ann", now=NOW)
    lift_mapped_everywhere(NOW)

    page = page_of(shop, order)
    assert "Why it goes on" not in page
    assert "It is POT, by version 1 of its mapping." in page
    assert "Location not mapped".lower() in page.lower()
    assert "It is Nord, by version 1 of its mapping." in page
    assert "POT-NEW" not in page


def test_an_order_that_comes_in_names_the_mappings_that_decided_it(shop):
    shop.order(skus=("TEAPOT",), location_uid="loft")
    map_location(Location.objects.get(), shop.warehouse, by="Ann", now=NOW)
    map_sku(shop, "TEAPOT", "POT", units=3)
    map_ship_method(ShipMethod.objects.get(), "EU-EXP", by="Ann", now=NOW)

    order = shop.order(skus=("TEAPOT", "MUG"), location_uid="loft")

    said = page_of(shop, order)
    assert (
        "by version 1 of the settings. It goes as EU-EXP, by version 1 of its mapping. “TEAPOT” is POT × 3, by version"
        " 1 of its mapping. It ships from Nord, by version 1 of the mapping of “loft”."
    ) in said


def test_a_line_that_comes_later_names_the_mapping_that_decided_it(shop):
    shop.order(skus=("TEAPOT",))
    map_sku(shop, "TEAPOT", "POT", units=3)
    incoming = an_order(skus=("MUG",))
    take(shop.store, incoming, of=shop.rules)
    order = Order.objects.get(uid=incoming.uid)

    take(shop.store, replace(incoming, lines=(a_line("MUG"), a_line("TEAPOT"))), of=shop.rules)

    assert "Changed in the store: lines. “TEAPOT” is POT × 3, by version 1 of its mapping." in page_of(shop, order)


def test_another_carrier_under_the_same_code_is_said(shop):
    row = ShipMethod.objects.get()
    map_ship_method(row, "EU-STD", carrier="DHL", service="Paket", by="Ann", now=NOW)
    order = shop.order()

    map_ship_method(row, "EU-STD", carrier="UPS", service="Ground", by="Ann", now=NOW)
    lift_mapped("ship_code", row.pk, now=NOW, actor="Ann")

    assert "It goes with UPS Ground as EU-STD, by version 2 of its mapping; it was DHL Paket before." in page_of(
        shop, order
    )


def test_a_second_line_that_ships_from_elsewhere_is_said_alone(shop):
    south = make_warehouse(shop.account, name="South")
    for uid in ("north", "loft"):
        make_location(shop.store, uid, shop.warehouse)
    lines = (a_line("MUG", location_uid="north"), a_line("MUG", uid="second", location_uid="loft"))
    order = shop.order(lines=lines)

    map_location(Location.objects.get(uid="loft"), south, by="Ann", now=NOW)
    lift_mapped_everywhere(NOW)

    (event,) = translated(order)
    assert "was_warehouse" not in event
    page = page_of(shop, order)
    assert "“MUG” ships from South now, by version 1 of the mapping of “Loft”." in page


def test_a_whole_order_that_moves_says_so_once_and_by_what(shop):
    south = make_warehouse(shop.account, name="South")
    make_location(shop.store, "north", shop.warehouse)
    by_place = shop.order(lines=(a_line("MUG"), a_line("MUG", uid="second")), location_uid="north")
    by_settings = shop.order()

    map_location(Location.objects.get(), south, by="Ann", now=NOW)
    lift_mapped_everywhere(NOW)
    shop.rules = replace(shop.rules, version=2, warehouse_id=south.pk)
    settle_store(shop.store, 2, now=NOW, actor="Ann")

    assert "It ships from South now, by version 1 of the mapping of “North”." in page_of(shop, by_place)
    assert "It ships from South now, by version 2 of the settings." in page_of(shop, by_settings)
    assert ["lines" in event for event in translated(by_place)] == [False]


def test_what_means_the_same_as_before_says_nothing(shop):
    order = shop.order(skus=("TEAPOT",))
    map_sku(shop, "TEAPOT", "POT")
    offer_waiting(shop.store, now=NOW)

    shop.rules = replace(shop.rules, version=2)
    settle(shop.store, [order.pk], now=NOW, actor="Ann")

    assert translated(order) == []
    assert Order.objects.get(pk=order.pk).settings_version == 2


def test_of_very_many_lines_some_are_named_and_the_others_counted(shop):
    skus = tuple(f"S{n}" for n in range(MOST_LINES + 3))
    order = shop.order(skus=skus)
    for sku in skus:
        map_listing(Listing.objects.get(sku=sku), make_product(shop.account, f"OLD-{sku}"), by="Ann", now=NOW)
    lift_mapped_everywhere(NOW)
    for sku in skus:
        map_listing(Listing.objects.get(sku=sku), make_product(shop.account, f"NEW-{sku}"), by="Ann", now=NOW)
    settle(shop.store, [order.pk], now=NOW, actor="Ann")

    (event,) = translated(order)
    assert (len(event["lines"]), event["more_lines"]) == (MOST_LINES, 3)
    assert sentence("translated", event).endswith("The same goes for 3 lines more.")


def test_a_canceled_order_is_not_said_to_go_another_way(shop):
    order = shop.order()
    Order.objects.filter(pk=order.pk).update(status="canceled")
    shop.rules = replace(shop.rules, version=2, warehouse_id=make_warehouse(shop.account).pk)

    settle(shop.store, [order.pk], now=NOW, actor="Ann")

    assert translated(order) == []
