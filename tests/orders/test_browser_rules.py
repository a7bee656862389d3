"""The editor of rules in a real browser: rows that change with what is chosen, by keyboard, and WCAG."""

from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from fcp.roles import Role
from orders.models import Order, OrderRule
from orders.rule_saving import Draft, save
from orders.rule_settling import settle_rules
from tests.browser import sign_in, wcag_faults
from tests.build import NOW
from tests.orders.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(monkeypatch)


@pytest.fixture
def person(page: Page, shop: Shop, live_server: Any) -> Page:
    sign_in(page.context, shop.client(Role.OWNER), live_server.url)
    return page


def test_a_rule_is_put_together_tried_and_switched_on(person: Page, shop: Shop) -> None:
    big = shop.order(total=Decimal("250"))
    shop.order()
    person.goto(shop.url("rule_new"))
    person.get_by_label("Name").fill("Big ones")
    person.get_by_label("Amount").fill("100")

    person.get_by_role("button", name="Add a condition").click()
    row = person.get_by_role("group", name="Condition 2")
    row.get_by_label("What").select_option(label="SKU in the order")
    row.get_by_label("How").select_option(label="is one of")
    values = row.get_by_label("Values, one on each line")
    values.fill("MUG\nCUP")
    expect(person.get_by_label("Amount")).to_have_value("100")  # what was typed in another row is still there
    person.get_by_label("Hold it").check()
    person.get_by_role("button", name="Try on the last 200 orders").click()
    expect(person.get_by_role("heading", name="It fits 1 of the last 2 orders")).to_be_visible()
    expect(person.get_by_label("Name")).to_have_value("Big ones")
    person.get_by_role("button", name="Save").last.click()
    person.get_by_role("button", name="Switch on").click()

    expect(person.get_by_text("“Big ones” is on. Orders that wait are looked at now.")).to_be_visible()
    settle_rules(shop.account.pk, now=NOW, seconds=60)
    assert Order.objects.get(pk=big.pk).state == "held"
    assert OrderRule.objects.get().conditions[1]["values"] == ["MUG", "CUP"]


def test_a_rule_is_moved_by_keyboard(person: Page, shop: Shop) -> None:
    for name in ("One", "Two"):
        save(shop.account, Draft(name, "all", [{"field": "pickup", "is": "no", "values": []}], [{"do": "hold"}]), by="Ann", now=NOW)  # noqa: E501  # fmt: skip
    person.goto(shop.url("rules"))

    person.get_by_role("button", name="Move Two up").focus()
    person.keyboard.press("Enter")

    expect(person.get_by_text("“Two” is number 1 now.")).to_be_visible()
    assert [rule.name for rule in OrderRule.objects.order_by("position")] == ["Two", "One"]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_of_rules_are_accessible_and_as_wide_as_the_screen(
    browser: Browser, shop: Shop, live_server: Any, width: int
) -> None:
    rule = save(
        shop.account,
        Draft("Gifts", "any", [{"field": "gift_note", "is": "yes", "values": []}], [{"do": "tag", "value": "gift"}]),
        by="Ann",
        now=NOW,
    )
    shop.order(gift_note="For you")
    context = browser.new_context(
        base_url=live_server.url, bypass_csp=True, reduced_motion="reduce", viewport={"width": width, "height": 844}
    )
    sign_in(context, shop.client(Role.OWNER), live_server.url)
    page, found, wide = context.new_page(), [], []
    pages = [shop.url(name, pk=rule.pk) for name in ("rule", "rule_try", "rule_versions")]
    for path in (shop.url("rules"), *pages):
        page.goto(path)
        found += wcag_faults(page, path)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(path)
    context.close()

    assert found == []
    assert wide == []
