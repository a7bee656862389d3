"""Settings > Rules: written, tried on the last orders, switched on, compared and rolled back in the panel."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fcp.roles import Role
from orders.models import Hold, Order, OrderEvent, OrderRule, RuleVersion
from orders.rule_saving import Draft, save, switch
from orders.rule_settling import settle_rules
from orders.rule_trial import trial
from orders.shapes import ShipWord
from tests.build import NOW, make_account, make_warehouse
from tests.orders.shop import Shop, text_of

pytestmark = pytest.mark.django_db

BIG = [{"field": "total", "is": "at_least", "values": ["100", "EUR"]}]
TYPED = {
    "name": "Big orders", "match": "all", "c0-field": "total", "c0-is": "at_least", "c0-value": "100",
    "c0-currency": "EUR", "do-hold": "on", "do-tags": "big, look", "do": "save",
}  # fmt: skip


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(monkeypatch)


def make_rule(shop: Shop, name: str = "Big orders", *, on: bool = False, do: Any = None) -> OrderRule:
    rule = save(shop.account, Draft(name, "all", BIG, do or [{"do": "hold"}]), by="Ann", now=NOW)
    return switch(rule, on, by="Ann", now=NOW)


def again(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def test_a_rule_is_written_tried_and_switched_on(shop: Shop) -> None:
    big, small = shop.order(total=Decimal("250")), shop.order()
    client = shop.client(Role.ADMIN)

    page = client.post(shop.url("rule_new"), TYPED, follow=True)

    rule = OrderRule.objects.get()
    assert not rule.enabled
    assert rule.conditions == BIG
    assert rule.actions == [{"do": "hold"}, {"do": "tag", "value": "big"}, {"do": "tag", "value": "look"}]
    text = text_of(page)
    assert "It fits 1 of the last 2 orders" in text
    assert "1 order that waits changes when it is switched on" in text
    assert big.number in text
    assert small.number not in text

    client.post(shop.url("rule_switch", pk=rule.pk), {"on": "1"})
    settle_rules(shop.account.pk, now=NOW, seconds=60)

    assert again(big).state == "held"
    assert again(big).tags == ["big", "look"]
    assert again(small).state == "ready"


def test_trying_says_what_would_happen_and_changes_nothing(shop: Shop) -> None:
    order = shop.order(total=Decimal("250"))
    events = OrderEvent.objects.count()

    page = shop.client(Role.ADMIN).post(shop.url("rule_new"), TYPED | {"do": "try", "do-ship_code": "EU-EXP"})

    text = text_of(page)
    assert "Held; Tagged “big”; Tagged “look”; Ship code EU-EXP" in text
    assert not OrderRule.objects.exists()
    assert again(order).state == "new"
    assert OrderEvent.objects.count() == events


def test_trying_decides_as_switching_on_does(shop: Shop) -> None:
    orders = [shop.order(total=Decimal(amount), currency=currency) for amount in (50, 100, 250) for currency in ("EUR", "USD")]  # noqa: E501  # fmt: skip
    rule = make_rule(shop)

    tried = trial(shop.account, Draft("Big orders", "all", BIG, [{"do": "hold"}]), NOW, rule.pk)
    switch(rule, True, by="Ann", now=NOW)
    settle_rules(shop.account.pk, now=NOW, seconds=60)

    held = set(Hold.objects.filter(kind="rule").values_list("order", flat=True))
    assert {one.order.pk for one in tried.found} == held
    assert len(held) == 2 < len(orders)


def test_trying_says_what_an_order_has_already(shop: Shop) -> None:
    rule = make_rule(shop, on=True)
    shop.order(total=Decimal("250"))

    page = shop.client(Role.VIEWER).get(shop.url("rule_try", pk=rule.pk))

    assert "Held (has it already)" in text_of(page)
    assert "It is on, and they have all of it that they can get." in text_of(page)


def test_why_a_rule_fits_an_order_or_not_is_said_condition_by_condition(shop: Shop) -> None:
    rule = save(
        shop.account,
        Draft("Both", "all", [*BIG, {"field": "shipping_option", "is": "contains", "values": ["express"]}], [{"do": "hold"}]),  # noqa: E501
        by="Ann", now=NOW,
    )  # fmt: skip
    order = shop.order(total=Decimal("250"), ship_word=ShipWord("standard", "Standard"))

    page = shop.client().get(shop.url("rule_try", pk=rule.pk), {"number": order.number})

    text = text_of(page)
    assert f"It does not fit order {order.number} ." in text
    assert "Total is at least 100.00 EUR 250.00 EUR Yes" in text
    assert "Shipping option contains “express” “standard” No" in text


def test_rows_are_added_changed_and_removed_without_losing_what_was_typed(shop: Shop) -> None:
    client, url = shop.client(Role.ADMIN), shop.url("rule_new")

    more = client.post(url, TYPED | {"do": "add"}).content.decode()
    assert 'name="c1-field"' in more
    assert 'value="100"' in more
    assert 'value="big, look"' in more
    other = client.post(url, TYPED | {"do": "show", "c0-field": "country", "c0-is": "at_least"}).content.decode()
    assert 'value="DE"' in other
    assert 'name="c0-currency"' not in other
    less = client.post(url, TYPED | {"remove": "0"}).content.decode()
    assert 'name="c0-field"' not in less
    assert not OrderRule.objects.exists()


def test_what_is_missing_is_said_where_it_is_missing(shop: Shop) -> None:
    client, url = shop.client(Role.ADMIN), shop.url("rule_new")

    assert "This field is required." in text_of(client.post(url, TYPED | {"c0-value": ""}))
    assert "Say what is done with such an order." in text_of(
        client.post(url, {key: value for key, value in TYPED.items() if not key.startswith("do-")})
    )
    assert "Add at least one condition." in text_of(
        client.post(url, {key: value for key, value in TYPED.items() if not key.startswith("c0")})
    )
    assert "Enter a number." in text_of(client.post(url, TYPED | {"c0-value": "1,000"}))
    assert not OrderRule.objects.exists()


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ({"c0-field": "sku", "c0-is": "one_of", "c0-value": " MUG \nCUP\n\nMUG"}, ["MUG", "CUP"]),
        ({"c0-field": "country", "c0-is": "one_of", "c0-value": ["DE", "AT"]}, ["DE", "AT"]),
        ({"c0-field": "payment", "c0-is": "is", "c0-value": "unpaid"}, ["unpaid"]),
        ({"c0-field": "weight", "c0-is": "at_most", "c0-value": "500"}, ["500"]),
        ({"c0-field": "gift_note", "c0-is": "yes"}, []),
    ],
)
def test_every_kind_of_value_is_kept_and_shown_again(shop: Shop, typed: dict[str, Any], stored: list[str]) -> None:
    client = shop.client(Role.ADMIN)

    client.post(shop.url("rule_new"), TYPED | typed)

    rule = OrderRule.objects.get()
    assert rule.conditions[0]["values"] == stored
    page = client.get(shop.url("rule", pk=rule.pk)).content.decode()
    for value in stored:
        assert value in page


def test_a_warehouse_or_a_store_of_another_account_cannot_be_chosen(shop: Shop) -> None:
    house = make_warehouse(make_account(), name="Theirs")
    client, url = shop.client(Role.ADMIN), shop.url("rule_new")

    page = client.post(url, TYPED | {"do-warehouse": str(house.pk)})
    assert "Select a valid choice" in text_of(page)
    client.post(url, TYPED | {"c0-field": "warehouse", "c0-is": "is", "c0-value": str(house.pk)})
    page = client.get(shop.url("rules"))

    assert "Theirs" not in text_of(page)
    assert not any(rule.actions[-1]["do"] == "warehouse" for rule in OrderRule.objects.all())


def test_somebody_elses_save_is_not_overwritten(shop: Shop) -> None:
    rule = make_rule(shop)
    typed = TYPED | {"based_on": str(rule.version)}
    client = shop.client(Role.ADMIN)
    client.post(shop.url("rule", pk=rule.pk), typed)

    page = client.post(shop.url("rule", pk=rule.pk), typed | {"name": "Mine"})

    assert "Somebody else changed this rule meanwhile" in text_of(page)
    assert OrderRule.objects.get().name == "Big orders"


def test_rules_are_moved_in_the_list_and_stand_in_their_order(shop: Shop) -> None:
    one, two = make_rule(shop, "One"), make_rule(shop, "Two")
    client = shop.client(Role.ADMIN)

    client.post(shop.url("rule_move", pk=two.pk), {"to": "up"})

    text = text_of(client.get(shop.url("rules")))
    assert text.index("Two") < text.index("One")
    assert OrderRule.objects.get(pk=one.pk).position == 1


def test_versions_are_compared_and_rolled_back(shop: Shop) -> None:
    rule = make_rule(shop)
    save(shop.account, Draft("Huge orders", "all", BIG, [{"do": "tag", "value": "t"}]), rule=rule, by="Ben", now=NOW)
    client = shop.client(Role.ADMIN)

    text = text_of(client.get(shop.url("rule_versions", pk=rule.pk), {"old": "1", "new": "2"}))
    assert "Name Big orders Huge orders" in text
    assert "Does hold it tag it “t”" in text

    client.post(shop.url("rule_back", pk=rule.pk), {"number": "1"})
    assert OrderRule.objects.get().name == "Big orders"
    assert RuleVersion.objects.get(number=3).why == "rolled back to version 1"


def test_a_deleted_rule_is_off_kept_and_can_come_back(shop: Shop) -> None:
    rule = make_rule(shop, on=True)
    client = shop.client(Role.ADMIN)

    client.post(shop.url("rule_delete", pk=rule.pk))
    text = text_of(client.get(shop.url("rules")))
    assert "No rules yet" in text
    assert "Deleted rules Big orders" in text
    assert shop.order(total=Decimal("250")).state == "new"

    client.post(shop.url("rule_back", pk=rule.pk), {"number": "1"})
    assert "Big orders" in text_of(client.get(shop.url("rules")))
    assert not OrderRule.objects.get().enabled


def test_without_rules_the_page_explains_with_two_examples(shop: Shop) -> None:
    client = shop.client(Role.ADMIN)

    text = text_of(client.get(shop.url("rules")))
    assert "No rules yet" in text
    assert "Big orders" in text
    assert "Gifts" in text
    page = client.get(shop.url("rule_new"), {"like": "gift"}).content.decode()
    assert 'value="Gifts"' in page
    assert "Engraving" in page


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.WAREHOUSE, Role.VIEWER])
def test_everybody_may_look_and_only_who_connects_may_change(shop: Shop, role: Role) -> None:
    rule = make_rule(shop)
    client = shop.client(role)

    for name in ("rule", "rule_try", "rule_versions"):
        assert client.get(shop.url(name, pk=rule.pk)).status_code == 200
    assert "New rule" not in text_of(client.get(shop.url("rules")))
    assert "Switch on" not in text_of(client.get(shop.url("rule_try", pk=rule.pk)))
    assert client.post(shop.url("rule_new"), TYPED).status_code == 403
    for name in ("rule", "rule_switch", "rule_move", "rule_delete", "rule_back"):
        assert client.post(shop.url(name, pk=rule.pk), TYPED | {"on": "1", "number": "1"}).status_code == 403
    assert list(OrderRule.objects.values_list("enabled", "version", "name")) == [(False, 1, "Big orders")]


def test_the_held_page_has_a_group_for_each_rule(shop: Shop) -> None:
    make_rule(shop, "Big orders", on=True)
    make_rule(shop, "Also big", on=True)
    shop.order(total=Decimal("250"))

    text = text_of(shop.client().get(shop.url("held")))

    assert "Held by a rule: Big orders" in text
    assert "Held by a rule: Also big" in text


def test_the_number_of_queries_of_the_list_grows_neither_with_orders_nor_with_rules(shop: Shop) -> None:
    make_rule(shop, on=True)
    client = shop.client(Role.ADMIN)
    client.get(shop.url("rules"))
    with CaptureQueriesContext(connection) as before:
        client.get(shop.url("rules"))

    for n in range(12):
        make_rule(shop, f"Rule {n}", on=True)
    for _ in range(20):
        shop.order(total=Decimal("250"))
    with CaptureQueriesContext(connection) as after:
        page = client.get(shop.url("rules"))

    assert text_of(page).count("holds 20 now") == 13
    assert len(after) == len(before)


def test_trying_a_rule_does_not_count_a_tag_that_somebody_took_off(shop: Shop) -> None:
    rule = make_rule(shop, on=True, do=[{"do": "tag", "value": "big"}])
    order = shop.order(total=Decimal("250"))
    Order.objects.filter(pk=order.pk).update(tags=[])

    page = shop.client(Role.VIEWER).get(shop.url("rule_try", pk=rule.pk))

    assert "It is on, and they have all of it that they can get." in text_of(page)
