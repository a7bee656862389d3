"""Where is my order? in a real browser: typed, asked in the store by the page itself, taken in; small screen, WCAG."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from integrations.models import Integration
from integrations.sandbox.server import Sandbox
from tests.browser import sign_in, wcag_faults
from tests.build import make_account, make_user
from tests.integrations.flows.world import change_settings, connect_store, sync, work

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("settings_of_sandbox"),
]
PAGE = "/a/shoes/orders/where/"


@pytest.fixture
def shop(transactional_db: None, sandbox: Sandbox) -> Integration:
    integration = connect_store(sandbox, "v1", account=make_account("shoes", name="Shoes Ltd"))
    change_settings(integration, payment_status=["paid"])
    work()
    return integration


def come_in(context: Any, shop: Integration, address: str) -> None:
    client = Client()
    client.force_login(make_user(shop.account))
    sign_in(context, client, address)


@pytest.fixture
def person(page: Page, shop: Integration, live_server: Any) -> Page:
    come_in(page.context, shop, live_server.url)
    return page


def test_an_order_that_nobody_has_seen_is_asked_for_and_taken_in_with_the_keyboard_alone(
    person: Page, sandbox: Sandbox
) -> None:
    number = sandbox.wix.place_order("v1")["number"]
    person.goto(PAGE)
    person.keyboard.type(number)  # the field has the focus
    person.keyboard.press("Enter")

    answer = person.locator("#answer")
    expect(answer).to_contain_text("No store ever showed it to us")
    expect(answer).to_contain_text(f"It has order {number}")
    expect(answer).to_contain_text("It passes every condition.")
    answer.get_by_role("button", name="Take it in now").press("Enter")
    expect(answer).to_contain_text("Being read.")

    work()
    expect(answer).to_contain_text("It is here.")
    answer.get_by_role("link", name="Open the order").click()
    expect(person.get_by_role("heading", name=f"Order {number}")).to_be_visible()


def test_the_setting_that_keeps_an_order_out_is_one_click_away(
    person: Page, shop: Integration, sandbox: Sandbox
) -> None:
    number = sandbox.wix.place_order("v1", payment="PENDING")["number"]
    sync(shop)
    person.goto(f"{PAGE}?q={number}")

    person.get_by_role("link", name="Change this setting").click()

    expect(person.locator("[id^=id_payment_status]").first).to_be_visible()
    assert person.url.endswith(f"/integrations/{shop.pk}/#id_payment_status")


def test_the_answer_fits_a_phone_and_anybody_can_read_it(
    browser: Browser, live_server: Any, shop: Integration, sandbox: Sandbox
) -> None:
    number = sandbox.wix.place_order("v1", payment="PENDING")["number"]
    sync(shop)
    context = browser.new_context(base_url=live_server.url, viewport={"width": 390, "height": 844})
    context.set_default_timeout(10_000)
    come_in(context, shop, live_server.url)
    page = context.new_page()

    page.goto(f"{PAGE}?q={number}")
    expect(page.locator(".condition.unmet")).to_have_count(1)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found = wcag_faults(page, "Where is my order?")
    context.close()
    assert found == []
