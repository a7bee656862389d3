"""Ship codes that a person or a rule sets: of the warehouses' own lists, with their carrier, and as mapped again."""

from decimal import Decimal
from typing import Any

import pytest

from fcp.roles import Role
from mappings.mapping import map_ship_method
from mappings.models import ShipMethod
from orders.models import Order, OrderRule, ShippingRequest
from orders.release import offer_waiting
from orders.rule_settling import settle_rules
from tests.build import NOW, make_warehouse
from tests.orders.shop import Shop, text_of

pytestmark = pytest.mark.django_db

UNKNOWN = "No warehouse of this account knows the ship code “EU-EXPP”."
RULE = {
    "name": "Big orders", "match": "all", "c0-field": "total", "c0-is": "at_least", "c0-value": "100",
    "c0-currency": "EUR", "do": "save",
}  # fmt: skip


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Its one shipping option means EU-STD, carried by UPS as somebody typed it before there was a list."""
    shop = Shop(monkeypatch)
    row = ShipMethod.objects.get(store=shop.store)
    map_ship_method(row, "EU-STD", carrier="UPS", service="Ground", by="Ann", now=NOW)
    return shop


def details(shop: Shop, order: Order, **values: Any) -> Any:
    order.refresh_from_db()
    sent = {"ship_code": order.ship_code, "warehouse": order.warehouse_id, "note": order.note} | values
    sent = {f"details-{name}": value for name, value in sent.items()}
    return shop.client().post(shop.url("details", pk=order.pk), sent, follow=True)


def bulk(shop: Shop, code: str) -> Any:
    data = {"do": "ship_code", "all": "1", "query": "", "ship_code": code}
    return shop.client().post(shop.url("bulk"), data, follow=True)


def shown(order: Order) -> tuple[str, str, str]:
    """How the warehouse is asked to ship it."""
    request = ShippingRequest.objects.get(order=order, state="offered")
    return request.snapshot["ship_code"], request.snapshot["carrier"], request.snapshot["service"]


def unlist(shop: Shop, *codes: dict[str, str]) -> None:
    shop.partner.ship_codes = list(codes)
    shop.partner.save()


# --- by a person -----------------------------------------------------------------------------------------------------


def test_a_code_set_on_an_order_brings_the_carrier_of_its_list_and_not_the_mappings(shop: Shop) -> None:
    order = shop.order()
    offer_waiting(shop.store, now=NOW)
    assert shown(order) == ("EU-STD", "UPS", "Ground")

    details(shop, order, ship_code="eu-exp")
    assert shown(order) == ("EU-EXP", "DHL", "Express")
    details(shop, order, note="Fragile")
    map_ship_method(ShipMethod.objects.get(), "EU-STD", carrier="GLS", by="Ann", now=NOW)
    details(shop, order, note="Very fragile")

    assert shown(order) == ("EU-EXP", "DHL", "Express")


def test_where_nobody_lists_codes_any_is_taken_and_names_no_carrier(shop: Shop) -> None:
    unlist(shop)
    order = shop.order()
    offer_waiting(shop.store, now=NOW)

    details(shop, order, ship_code="WORLD")

    assert shown(order) == ("WORLD", "", "")


def test_several_orders_get_the_carrier_of_the_code_too(shop: Shop) -> None:
    orders = [shop.order() for _ in range(2)]
    offer_waiting(shop.store, now=NOW)

    bulk(shop, "EU-EXP")

    assert [shown(order) for order in orders] == [("EU-EXP", "DHL", "Express")] * 2


def test_a_code_that_no_warehouse_knows_is_refused_on_an_order_and_for_several(shop: Shop) -> None:
    order = shop.order()

    assert UNKNOWN in text_of(details(shop, order, ship_code="EU-EXPP"))
    assert UNKNOWN in text_of(bulk(shop, "EU-EXPP"))

    order.refresh_from_db()
    assert (order.ship_code, order.edited) == ("EU-STD", [])


def test_a_code_that_left_its_list_stays_while_something_else_is_changed(shop: Shop) -> None:
    order = shop.order()
    details(shop, order, ship_code="EU-EXP")
    unlist(shop, {"code": "NEW"})

    page = shop.client().get(shop.url("order", pk=order.pk))
    details(shop, order, note="Fragile")

    order.refresh_from_db()
    assert "EU-EXP is no longer listed. Choose one of the list." in text_of(page)
    assert (order.ship_code, order.carrier, order.note) == ("EU-EXP", "DHL", "Fragile")


def test_what_was_set_by_hand_is_as_mapped_again(shop: Shop) -> None:
    order, south = shop.order(), make_warehouse(shop.account, name="South")
    offer_waiting(shop.store, now=NOW)
    details(shop, order, ship_code="EU-EXP", warehouse=south.pk)
    assert "Empty: as mapped." in text_of(shop.client().get(shop.url("order", pk=order.pk)))

    page = text_of(details(shop, order, ship_code="", warehouse=""))

    order.refresh_from_db()
    assert (order.edited, order.warehouse) == ([], shop.warehouse)
    assert shown(order) == ("EU-STD", "UPS", "Ground")
    assert "As mapped again: ship code and warehouse." in page
    assert "It goes as EU-STD, by version 1 of its mapping; it was EU-EXP before." in page


# --- by a rule -------------------------------------------------------------------------------------------------------


def test_a_rule_sets_only_codes_that_a_warehouse_knows_in_the_lists_spelling(shop: Shop) -> None:
    client = shop.client(Role.ADMIN)

    refused = client.post(shop.url("rule_new"), RULE | {"do-ship_code": "EU-EXPP"})
    client.post(shop.url("rule_new"), RULE | {"do-ship_code": "eu-exp"})

    assert UNKNOWN in text_of(refused)
    rule = OrderRule.objects.get()
    assert rule.actions == [{"do": "ship_code", "value": "EU-EXP", "carrier": "DHL", "service": "Express"}]


def test_a_rule_keeps_a_code_that_left_its_list_with_its_carrier(shop: Shop) -> None:
    client = shop.client(Role.ADMIN)
    client.post(shop.url("rule_new"), RULE | {"do-ship_code": "EU-EXP"})
    rule = OrderRule.objects.get()
    unlist(shop, {"code": "NEW"})

    page = client.get(shop.url("rule", pk=rule.pk))
    client.post(
        shop.url("rule", pk=rule.pk), RULE | {"do-ship_code": "EU-EXP", "name": "Large", "based_on": rule.version}
    )

    rule.refresh_from_db()
    assert "EU-EXP is no longer listed." in text_of(page)
    assert rule.name == "Large"
    assert rule.actions == [{"do": "ship_code", "value": "EU-EXP", "carrier": "DHL", "service": "Express"}]


def test_a_rule_asks_for_the_carrier_that_a_person_chose(shop: Shop) -> None:
    order = shop.order(total=Decimal(200))
    details(shop, order, ship_code="EU-EXP")
    asks = {"c0-field": "carrier", "c0-is": "is", "c0-value": "DHL", "do-hold": "on"}
    shop.client(Role.ADMIN).post(shop.url("rule_new"), RULE | asks)
    rule = OrderRule.objects.get()

    shop.client(Role.ADMIN).post(shop.url("rule_switch", pk=rule.pk), {"on": "1"})
    settle_rules(shop.account.pk, now=NOW, seconds=60)

    assert [hold.kind for hold in order.holds.filter(lifted_at=None)] == ["rule"]
