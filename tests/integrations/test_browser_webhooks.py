"""Webhooks in a real browser: from Create here to Activate in the stand-in store; small screens, keyboard, WCAG."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from integrations.models import Integration, WebhookAddress
from integrations.sandbox.server import Sandbox
from orders.models import Order
from tests.browser import sign_in, wcag_faults
from tests.build import make_account, make_user
from tests.integrations.flows.test_queue import eventually
from tests.integrations.flows.world import work
from tests.integrations.webhook_world import announcing_store, message, post, reserved

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("settings_of_sandbox"),
]


@pytest.fixture
def shop(transactional_db: None, sandbox: Sandbox, live_server: Any, settings: Any) -> Integration:
    settings.FCP_PUBLIC_URL = live_server.url
    return announcing_store(sandbox, account=make_account("shoes", name="Shoes Ltd"))


def come_in(context: Any, shop: Integration, address: str) -> None:
    client = Client()
    client.force_login(make_user(shop.account))
    sign_in(context, client, address)


@pytest.fixture
def person(page: Page, shop: Integration, live_server: Any) -> Page:
    come_in(page.context, shop, live_server.url)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return page


def tab(shop: Integration) -> str:
    return f"/a/shoes/integrations/{shop.pk}/webhooks/"


@pytest.mark.req("TECH-48", "TECH-49", "TECH-50")
def test_the_whole_way_from_create_to_activate_word_by_word(person: Page, shop: Integration, sandbox: Sandbox) -> None:
    person.goto(tab(shop))
    person.get_by_role("link", name="Create").click()
    person.get_by_label("Type").select_option("Order placed")
    expect(person.get_by_label("URL")).to_be_visible()
    person.get_by_role("button", name="Copy").click()
    expect(person.get_by_text("The URL is copied.")).to_be_visible()
    copied = person.evaluate("navigator.clipboard.readText()")
    assert copied == person.get_by_label("URL").input_value()
    person.get_by_role("link", name="Cancel").click()
    expect(person.get_by_text("Reserved, no event yet")).to_be_visible()

    site = sandbox.wix.site("v1")
    person.goto(f"{sandbox.url}/wix/dashboard/{site.site_id}/home")
    person.get_by_role("link", name="Automations").click()
    person.get_by_role("link", name="Create Automation").click()
    person.get_by_role("button", name="Start from Scratch").click()
    person.get_by_role("button", name="Order placed").click()
    person.get_by_role("link", name="+").click()
    person.get_by_role("button", name="Send HTTP Request").click()
    person.get_by_label("Target URL").fill(copied)
    activate = person.get_by_role("button", name="Activate")
    box, heading = activate.bounding_box(), person.get_by_role("heading", level=1).bounding_box()
    assert box
    assert heading
    assert box["x"] > heading["x"] + heading["width"]  # at the right of the top
    assert abs(box["y"] - heading["y"]) < 30
    activate.click()
    expect(person.get_by_text("Active", exact=True)).to_be_visible()

    number = sandbox.wix.place_order("v1")["number"]

    def arrived() -> bool:
        work()
        return Order.objects.filter(number=number).exists()

    eventually(arrived)
    person.goto(tab(shop))
    expect(person.get_by_text("Working", exact=True)).to_be_visible()
    expect(person.locator("#list-deliveries")).to_contain_text(number)
    assert WebhookAddress.objects.get().saved_at is None


def test_an_address_is_made_and_saved_with_the_keyboard_alone(person: Page, shop: Integration) -> None:
    person.goto(f"{tab(shop)}create/")
    person.get_by_label("Type").focus()
    person.keyboard.press("ArrowDown")
    person.keyboard.press("Tab")
    expect(person.get_by_label("URL")).to_be_visible()
    person.locator("#webhook").get_by_role("button", name="Save").focus()
    person.keyboard.press("Enter")

    expect(person.get_by_text("Saved, no event yet")).to_be_visible()


def test_revoking_asks_in_a_dialog(person: Page, shop: Integration) -> None:
    made = reserved(shop)
    person.goto(tab(shop))
    person.get_by_role("button", name=f"Revoke webhook {made.pk}").click()
    person.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(person.get_by_text("Reserved, no event yet")).to_be_visible()

    person.get_by_role("button", name=f"Revoke webhook {made.pk}").click()
    person.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(person.locator("tbody").first).to_contain_text("Revoked")


def test_ticked_deliveries_are_looked_at_again(person: Page, shop: Integration, sandbox: Sandbox) -> None:
    post(reserved(shop), message(sandbox, sandbox.wix.place_order("v1")))
    work()
    person.goto(tab(shop))
    person.locator("#list-deliveries input[name=row]").check()
    person.locator("#list-deliveries").get_by_role("button", name="Look again").click()
    person.get_by_role("dialog").get_by_role("button", name="Look again").click()

    expect(person.get_by_text("1 delivery is looked at again.")).to_be_visible()
    expect(person.locator("#list-deliveries")).to_contain_text("Waiting again")


def pages_of(shop: Integration, sandbox: Sandbox) -> list[str]:
    made = reserved(shop)
    post(made, message(sandbox, sandbox.wix.place_order("v1")))
    work()
    fresh = reserved(shop)
    return [tab(shop), f"{tab(shop)}create/", f"{tab(shop)}{made.pk}/", f"{tab(shop)}{fresh.pk}/"]


def test_every_page_fits_a_small_screen(
    browser: Browser, live_server: Any, shop: Integration, sandbox: Sandbox
) -> None:
    context = browser.new_context(base_url=live_server.url, viewport={"width": 390, "height": 844})
    come_in(context, shop, live_server.url)
    page, wide = context.new_page(), []
    for path in pages_of(shop, sandbox):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            wide.append(path)
    context.close()

    assert wide == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_meets_wcag_2_2_aa(
    browser: Browser, live_server: Any, shop: Integration, sandbox: Sandbox, theme: str
) -> None:
    context = browser.new_context(base_url=live_server.url, bypass_csp=True, reduced_motion="reduce")
    come_in(context, shop, live_server.url)
    context.add_init_script(f"localStorage.setItem('fcp.theme', '{theme}')")
    page, found = context.new_page(), []
    for path in pages_of(shop, sandbox):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        found += wcag_faults(page, path)
    context.close()

    assert found == []
