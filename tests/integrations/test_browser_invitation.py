"""A store's owner in his own browser, from the mail to "thank you"; and the quiet pages for all eyes and widths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Browser, Page, expect

from fcp.models import Account
from integrations.models import Integration
from integrations.sandbox.server import Sandbox
from tests.browser import wcag_faults
from tests.build import PASSWORD, make_account, make_user
from tests.integrations.test_invitations import link_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shoes(transactional_db: None) -> Account:
    return make_account("shoes", name="Shoes Ltd")


@pytest.fixture
def wix(live_server: Any, settings: Any, tmp_path: Path, shoes: Account) -> Iterator[dict[str, str]]:
    """The stand-in, which leads back to this panel."""
    with Sandbox(orders=0, products=3, rate_limit=0, panel_url=live_server.url) as box:
        info = box.info["wix"]
        settings.FCP_SANDBOX_PORT = box.server.server_address[1]
        settings.FCP_WIX_APP_ID, settings.FCP_WIX_APP_SECRET = info["app_id"], info["app_secret"]
        settings.FCP_WIX_INSTALLER_URL, settings.FCP_WIX_MARKET_URL = info["installer_url"], info["market_url"]
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        yield info


@pytest.fixture
def ann(page: Page, shoes: Account) -> Page:
    """Signed in, on the page that asks a store's owner."""
    user = make_user(shoes, first_name="Ann", last_name="Lee")
    page.goto("/accounts/login/?next=/a/shoes/integrations/add/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Ask the store's owner to connect it").click()
    return page


@pytest.fixture
def olga(browser: Browser, live_server: Any) -> Iterator[Page]:
    """Somebody else's browser, on a telephone."""
    context = browser.new_context(base_url=live_server.url, viewport={"width": 390, "height": 800})
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def faults_of(page: Page) -> list[str]:
    """What axe finds, and whether the page is wider than the window."""
    looked = page.context.browser.new_context(  # type: ignore[union-attr]
        base_url=page.url, bypass_csp=True, storage_state=page.context.storage_state(), viewport=page.viewport_size
    )
    copy = looked.new_page()
    copy.goto(page.url)
    faults = [f"{rule}: {element}" for _, rule, element in wcag_faults(copy, page.url)]
    if copy.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        faults.append(f"{page.url} scrolls sideways")
    looked.close()
    return faults


def test_an_owner_connects_his_store_from_the_mail_without_an_account(
    ann: Page, olga: Page, wix: dict[str, str], shoes: Account
) -> None:
    ann.get_by_role("textbox", name="E-mail").fill("olga@shop.example")
    ann.get_by_role("button", name="Send the link").click()
    expect(ann.get_by_text("Not used yet")).to_be_visible()
    assert faults_of(ann) == []

    olga.goto(link_in(mail.outbox[-1].body))
    expect(olga.get_by_role("heading", name="Shoes Ltd asks you to connect your Wix store")).to_be_visible()
    assert faults_of(olga) == []
    olga.get_by_role("link", name="Go to Wix").click()
    olga.get_by_role("radio", name="NordicCup").check()
    olga.get_by_role("button", name="Add to Site").click()
    olga.get_by_role("button", name="Agree & Add").click()
    expect(olga.get_by_role("heading", name="NordicCup answers")).to_be_visible()
    assert faults_of(olga) == []
    olga.get_by_role("button", name="Connect NordicCup").click()
    expect(olga.get_by_role("heading", name="Done, thank you")).to_be_visible()

    shop = Integration.objects.get()
    assert (shop.account, shop.name, shop.variant) == (shoes, "NordicCup", "v3")
    ann.reload()
    expect(ann.get_by_text("Connected", exact=True)).to_be_visible()
    ann.goto("/a/shoes/")
    ann.get_by_role("link", name="Finish Setup").first.click()
    expect(ann.get_by_role("heading", name="Set up NordicCup")).to_be_visible()
    assert faults_of(ann) == []


def test_a_link_is_revoked_once_that_was_confirmed(ann: Page, wix: dict[str, str]) -> None:
    ann.get_by_role("textbox", name="E-mail").fill("olga@shop.example")
    ann.get_by_role("button", name="Send the link").click()

    ann.get_by_role("button", name="Revoke").click()
    ann.get_by_role("dialog", name="Take back the link to olga@shop.example?").get_by_role(
        "button", name="Revoke"
    ).click()

    expect(ann.locator("tbody").get_by_text("Not used yet")).to_be_hidden()
    expect(ann.get_by_role("button", name="Revoke")).to_have_count(0)


def test_the_quiet_pages_are_right_on_a_telephone_and_by_keyboard(olga: Page, wix: dict[str, str]) -> None:
    user = make_user(Account.objects.get())
    olga.goto("/install/wix/")
    assert faults_of(olga) == []
    olga.goto("/install/wix/return/?state=none")
    assert faults_of(olga) == []

    olga.goto(wix["market_url"])
    olga.get_by_role("button", name="Add to Site").click()
    olga.get_by_role("radio", name="MyShop").check()
    olga.get_by_role("button", name="Add to Site").click()
    olga.get_by_role("button", name="Agree & Add").click()
    expect(olga.get_by_text("MyShop.")).to_be_visible()
    assert faults_of(olga) == []
    olga.get_by_label("Email").fill(user.email)
    olga.get_by_label("Password", exact=True).fill(PASSWORD)
    olga.keyboard.press("Enter")
    expect(olga.get_by_role("heading", name="MyShop answers")).to_be_visible()
    assert faults_of(olga) == []
    olga.get_by_label("Name").focus()
    olga.keyboard.press("Enter")

    expect(olga).to_have_url(re.compile(r"/a/shoes/integrations/\d+/setup/$"))
    assert faults_of(olga) == []
