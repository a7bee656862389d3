"""What rules do with orders: when they come in, when the rules change, and below what a person chose."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from integrations import tasks
from integrations.sweep import sweep
from orders import rule_saving
from orders.holding import edit_order, lift_hold
from orders.holds import HoldKind
from orders.models import Hold, Order, OrderEvent, OrderRule, RuleBook, RuleNotice, RuleVersion, ShippingRequest
from orders.rule_saving import Draft
from orders.rule_settling import QUIET, settle_rules
from orders.rule_trial import applied_lately
from orders.ruling import applying
from orders.settle import settle
from orders.shapes import Payment
from orders.shipping import acknowledge
from orders.timeline import timeline_of
from tests.build import NOW, a_line, make_warehouse
from tests.orders.shop import Shop

pytestmark = pytest.mark.django_db

BIG = [{"field": "total", "is": "at_least", "values": ["100", "EUR"]}]
ANY_ORDER = [{"field": "pickup", "is": "no", "values": []}]
HOLD = {"do": "hold"}


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(monkeypatch)


def make_rule(shop: Shop, name: str = "Big orders", when: Any = None, do: Any = None, *, on: bool = True) -> OrderRule:
    draft = Draft(name, "all", when or BIG, do or [HOLD])
    rule = rule_saving.save(shop.account, draft, by="Ann", now=NOW)
    return rule_saving.switch(rule, on, by="Ann", now=NOW)


def big(shop: Shop, **values: Any) -> Order:
    return shop.order(total=Decimal("250.00"), **values)


def again(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def carry_over(shop: Shop, now: dt.datetime = NOW) -> None:
    assert settle_rules(shop.account.pk, now=now, seconds=60)


def resettle(shop: Shop, order: Order) -> None:
    with transaction.atomic():
        settle(shop.store, [order.pk], now=NOW, actor="schedule")


def codes(order: Order) -> list[str]:
    return list(OrderEvent.objects.filter(order=order).order_by("pk").values_list("code", flat=True))


def said(order: Order) -> str:
    return " ".join(line.text for line in timeline_of(order).lines)


def test_an_order_that_comes_in_is_held_by_the_rule_that_it_fits(shop: Shop) -> None:
    rule = make_rule(shop)

    held, other = big(shop), shop.order()

    hold = Hold.objects.get(order=held)
    assert (hold.kind, hold.cause, hold.params["word"]) == ("rule", str(rule.pk), "Big orders")
    assert (held.state, other.state) == ("held", "new")
    assert held.ruled == [[rule.pk, rule.version, []]]
    assert "The rule “Big orders” (version 2) applies: held." in said(held)
    assert other.ruled == []


def test_what_a_rule_does_with_an_order_stands_in_its_timeline(shop: Shop) -> None:
    house = make_warehouse(shop.account, name="Süd")
    make_rule(shop, "Gifts", ANY_ORDER, [
        {"do": "tag", "value": "gift"},
        {"do": "ship_code", "value": "EU-EXP", "carrier": "DHL", "service": "Express"},
        {"do": "warehouse", "value": str(house.pk), "label": "Süd"},
    ])  # fmt: skip
    make_rule(shop, "Later", ANY_ORDER, [{"do": "ship_code", "value": "EU-STD"}])

    order = shop.order(ship="never heard of")

    assert (order.ship_code, order.carrier, order.service) == ("EU-EXP", "DHL", "Express")
    assert (order.warehouse, order.tags, order.state) == (house, ["gift"], "new")  # no hold for the unmapped option
    assert [line.warehouse for line in order.lines.all()] == [house]
    assert "applies: tagged “gift”; ship code EU-EXP; shipped from Süd." in said(order)
    assert "applies: not ship code EU-STD: the rule “Gifts” comes first." in said(order)


def test_what_a_person_chose_on_the_order_stands_above_a_rule(shop: Shop) -> None:
    order = shop.order()
    edit_order(order, by="Ben", now=NOW, ship_code="BY-HAND")
    make_rule(shop, "Fast", ANY_ORDER, [{"do": "ship_code", "value": "EU-EXP"}])

    carry_over(shop)

    assert again(order).ship_code == "BY-HAND"
    assert "not ship code EU-EXP: a person chose it" in said(order)


def test_switching_a_rule_on_and_off_is_carried_over_to_orders_that_wait(shop: Shop) -> None:
    order = big(shop)
    rule = make_rule(shop)
    assert again(order).state == "new"

    carry_over(shop)
    assert again(order).state == "held"

    rule_saving.switch(rule, False, by="Ann", now=NOW)
    carry_over(shop)
    assert again(order).state == "ready"
    assert again(order).ruled == []
    assert codes(order) == ["imported", "ruled", "held", "unruled", "lifted", "offered"]


def test_no_rule_touches_what_a_warehouse_has_taken(shop: Shop) -> None:
    order = big(shop)
    resettle(shop, order)
    carry = ShippingRequest.objects.filter(order=order)
    with transaction.atomic():
        settle(shop.store, [order.pk], now=NOW, actor="schedule", offering=True)
    acknowledge(carry.get(), 1, by="Nord", now=NOW)
    make_rule(shop, do=[HOLD, {"do": "tag", "value": "big"}, {"do": "ship_code", "value": "EU-EXP"}])

    carry_over(shop)

    order = again(order)
    assert (order.state, order.ship_code, order.tags, order.ruled) == ("at_warehouse", "EU-STD", [], [])
    assert not Hold.objects.filter(order=order).exists()


def test_an_order_that_is_edited_keeps_its_rules(shop: Shop) -> None:
    rule = make_rule(shop, do=[HOLD, {"do": "tag", "value": "big"}])
    order = big(shop)

    resettle(shop, order)

    assert again(order).ruled == [[rule.pk, rule.version, ["big"]]]
    assert codes(order) == ["imported", "ruled"]


def test_a_tag_that_a_person_took_off_does_not_return(shop: Shop) -> None:
    rule = make_rule(shop, do=[{"do": "tag", "value": "big"}])
    order = big(shop)
    Order.objects.filter(pk=order.pk).update(tags=["mine"])

    draft = Draft("Really big", "all", BIG, [{"do": "tag", "value": "big"}, {"do": "tag", "value": "new"}])
    rule_saving.save(shop.account, draft, rule=rule, by="Ann", now=NOW)
    carry_over(shop)

    assert again(order).tags == ["mine", "new"]


@pytest.mark.parametrize("way", ["off and on", "without the tag and with it", "no longer fits and fits"])
def test_a_tag_that_a_person_took_off_does_not_return_when_its_rule_does(shop: Shop, way: str) -> None:
    tag = {"do": "tag", "value": "big"}
    rule = make_rule(shop, do=[tag])
    order = big(shop)
    Order.objects.filter(pk=order.pk).update(tags=["mine"])

    if way == "off and on":
        rule_saving.switch(rule, False, by="Ann", now=NOW)
        carry_over(shop)
        rule_saving.switch(rule, True, by="Ann", now=NOW)
        carry_over(shop)
    elif way == "without the tag and with it":
        for do in ({"do": "tag", "value": "other"}, tag):
            rule = rule_saving.save(shop.account, Draft("Big orders", "all", BIG, [do]), rule=rule, by="Ann", now=NOW)
            carry_over(shop)
    else:
        for total in (Decimal("5.00"), Decimal("250.00")):
            Order.objects.filter(pk=order.pk).update(total=total)
            resettle(shop, order)

    assert "big" not in again(order).tags
    assert "applies: not tagged “big”: somebody took it off." in said(order)
    assert [row[0] for row in again(order).ruled] == [rule.pk]


def test_a_rule_that_no_longer_applies_is_kept_for_its_tags_only(shop: Shop) -> None:
    rule = make_rule(shop, do=[HOLD, {"do": "tag", "value": "big"}])
    order = big(shop)

    rule_saving.switch(rule, False, by="Ann", now=NOW)
    carry_over(shop)
    resettle(shop, order)

    assert (again(order).tags, again(order).state) == (["big"], "ready")
    assert codes(order).count("unruled") == 1
    assert applied_lately(shop.account) == (1, {})


def test_a_hold_of_a_rule_that_a_person_lifted_is_not_placed_again(shop: Shop) -> None:
    rule = make_rule(shop)
    order = big(shop)

    lift_hold(Hold.objects.get(order=order), by="Ben", now=NOW)
    resettle(shop, order)
    rule_saving.save(
        shop.account, Draft("Renamed", "all", BIG, [HOLD]), rule=OrderRule.objects.get(pk=rule.pk), by="Ann", now=NOW
    )
    carry_over(shop)

    assert again(order).state == "ready"


def test_an_order_that_no_longer_fits_goes_on_by_itself(shop: Shop) -> None:
    make_rule(shop, "Unpaid", [{"field": "payment", "is": "is", "values": ["unpaid"]}], [{"do": "tag", "value": "u"}])
    order = shop.order(payment=Payment.UNPAID)
    assert order.tags == ["u"]

    Order.objects.filter(pk=order.pk).update(payment="paid")
    resettle(shop, order)

    order = again(order)
    assert (applying(order.ruled), order.tags) == ([], ["u"])
    assert "The rule “Unpaid” no longer applies. Tags that it gave stay." in said(order)


def test_a_change_of_rules_that_is_not_carried_over_yet_is_found_by_the_sweep(shop: Shop) -> None:
    orders = [big(shop) for _ in range(3)]
    make_rule(shop)
    queued = _queued("settle_rules")

    sweep(timezone.now())

    assert _queued("settle_rules") == queued + 1
    tasks.settle_rules(shop.account.pk)
    assert {again(order).state for order in orders} == {"held"}


def _queued(task: str) -> int:
    from django_q.models import OrmQ

    return sum(task in str(row.task["func"]) for row in OrmQ.objects.all())


def test_carrying_over_that_was_broken_off_goes_on_where_it_ended(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = [big(shop) for _ in range(5)]
    make_rule(shop)
    monkeypatch.setattr("orders.rule_settling.BATCH", 2)

    assert not settle_rules(shop.account.pk, now=NOW, seconds=-1)
    assert {again(order).state for order in orders} == {"new"}
    carry_over(shop)
    carry_over(shop)

    assert {again(order).state for order in orders} == {"held"}
    assert OrderEvent.objects.filter(code="ruled").count() == 5


def test_an_order_stored_at_the_moment_of_the_change_is_found_too(shop: Shop) -> None:
    rule = make_rule(shop)
    carry_over(shop)
    late = big(shop)  # decided by a page that had read the rules before
    Hold.objects.filter(order=late).delete()
    Order.objects.filter(pk=late.pk).update(rules_version=0, ruled=[], state="new")

    carry_over(shop, NOW + QUIET)

    assert again(late).ruled == [[rule.pk, rule.version, []]]
    book = RuleBook.objects.get(account=shop.account)
    assert book.settled == book.version


def test_each_order_asks_for_one_mail_of_a_rule_at_most(shop: Shop) -> None:
    rule = make_rule(shop, do=[{"do": "notify"}])
    order = big(shop)

    rule_saving.switch(rule, False, by="Ann", now=NOW)
    carry_over(shop)
    rule_saving.switch(rule, True, by="Ann", now=NOW)
    carry_over(shop)

    assert RuleNotice.objects.get().order == order


def test_an_order_that_is_kept_for_the_record_asks_for_no_mail(shop: Shop) -> None:
    make_rule(shop, do=[HOLD, {"do": "notify"}])

    order = big(shop, payment=Payment.REFUNDED)

    assert order.state == "canceled"
    assert not RuleNotice.objects.exists()
    assert not Hold.objects.exists()


def test_the_timeline_of_an_order_that_never_goes_to_a_warehouse_does_not_say_that_a_rule_held_it(shop: Shop) -> None:
    make_rule(shop, do=[HOLD, {"do": "notify"}, {"do": "tag", "value": "big"}])

    closed, digital = big(shop, payment=Payment.REFUNDED), big(shop, lines=(a_line(ships=False),))

    kept = "applies: not held: it is kept for the record; nobody is told: it is kept for the record; tagged “big”."
    assert kept in said(closed)
    assert "applies: not held: nothing in it ships; whoever gets alerts is told; tagged “big”." in said(digital)
    assert RuleNotice.objects.get().order == digital


def test_rules_are_asked_of_one_account_only(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    make_rule(shop)

    other = Shop(monkeypatch)

    assert big(other).ruled == []


# --- saving --------------------------------------------------------------------------------------------------------


def test_every_change_of_a_rule_is_a_version_with_who_and_why(shop: Shop) -> None:
    rule = make_rule(shop)
    other = make_rule(shop, "Other")
    draft = Draft("Big orders", "any", BIG, [HOLD])
    rule_saving.save(shop.account, draft, rule=rule, by="Ben", now=NOW, why="too many")
    rule_saving.move(other, -1, by="Ben", now=NOW)
    rule_saving.delete(rule, by="Cleo", now=NOW)

    versions = RuleVersion.objects.filter(rule=rule).order_by("number")
    assert [(one.number, one.by, one.why) for one in versions] == [
        (1, "Ann", ""), (2, "Ann", "switched on"), (3, "Ben", "too many"), (4, "Cleo", "deleted"),
    ]  # fmt: skip
    assert RuleVersion.objects.get(rule=other, number=3).why == "moved from place 2 to 1"
    assert [one.name for one in rule_saving.rules_of(shop.account)] == ["Other"]


def test_rolling_back_makes_what_an_old_version_said_the_newest_one(shop: Shop) -> None:
    rule = make_rule(shop)
    order = big(shop)
    rule_saving.save(shop.account, Draft("Tag them", "all", BIG, [{"do": "tag", "value": "t"}]), rule=rule, by="Ben", now=NOW)  # noqa: E501  # fmt: skip
    carry_over(shop)
    assert again(order).state == "ready"

    back = rule_saving.roll_back(rule, 1, by="Ann", now=NOW)
    carry_over(shop)

    assert (back.name, back.version, back.enabled) == ("Big orders", 4, True)
    assert RuleVersion.objects.get(rule=rule, number=4).document["actions"] == [HOLD]
    assert again(order).state == "held"


def test_nothing_is_looked_at_again_while_only_rules_that_are_off_change(shop: Shop) -> None:
    rule = make_rule(shop, on=False)

    rule_saving.save(shop.account, Draft("Other", "all", BIG, [HOLD]), rule=rule, by="Ann", now=NOW)

    assert RuleBook.objects.get(account=shop.account).version == 0


def test_the_order_of_the_rules_decides_whose_ship_code_counts(shop: Shop) -> None:
    make_rule(shop, "One", ANY_ORDER, [{"do": "ship_code", "value": "A"}])
    two = make_rule(shop, "Two", ANY_ORDER, [{"do": "ship_code", "value": "B"}])
    order = shop.order()
    assert order.ship_code == "A"

    rule_saving.move(two, -1, by="Ann", now=NOW)
    carry_over(shop)

    assert again(order).ship_code == "B"


def test_the_kind_of_hold_is_one_that_a_person_may_answer() -> None:
    from orders.holds import KINDS

    assert KINDS[HoldKind.RULE].answerable
