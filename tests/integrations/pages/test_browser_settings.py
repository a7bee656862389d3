"""The settings pages by WCAG, and on a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from fcp.models import Account
from integrations.connectors.declaring import FlowKind
from integrations.models import Integration
from integrations.sandbox.server import Sandbox
from orders.shapes import Payment
from tests.browser import sign_in, wcag_faults
from tests.build import make_user
from tests.integrations.flows.world import change_settings, connect_store
from tests.integrations.pages.test_main_settings import at
from tests.integrations.test_dry_run import came, recent

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def shop(transactional_db: None, sandbox: Sandbox) -> Integration:
    account = Account.objects.create(name="Shoes Ltd", slug="shoes")
    shop = connect_store(sandbox, "v1", account=account, on=(FlowKind.ORDERS, FlowKind.PRODUCTS))
    came(shop, recent("1"), recent("P2", payment=Payment.PENDING))
    change_settings(shop, payment_status=["paid", "pending"])
    return shop


def looked_at(page: Page, shop: Integration) -> Iterator[str]:
    """The names of the pages as they are opened, one after the other; also those that only a form leads to."""
    for rest in ("advanced/", "channel/", "sync/", "versions/?old=1&new=3"):
        page.goto(at(shop, rest))
        yield rest
    page.get_by_role("button", name="Go back to version").click()
    expect(page.get_by_text("With these values 1 of the last 2 orders")).to_be_visible()
    yield "going back"
    page.goto(at(shop))
    page.get_by_role("checkbox", name="Pending", exact=True).uncheck()
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_text("With these values 1 of the last 2 orders")).to_be_visible()
    yield "dry run"
    page.goto("/a/shoes/settings/account/")
    yield "account"
    page.goto("/a/shoes/carts/new/wix/api_key/")
    page.get_by_text("Skip this until all else is set").click()
    page.get_by_role("button", name="What is History for?").focus()
    yield "new setup"
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Nothing is saved yet")).to_be_visible()
    yield "new setup, refused"


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_the_settings_pages_meet_wcag_and_fit(
    browser: Browser, live_server: LiveServer, shop: Integration, theme: str, width: int
) -> None:
    client = Client()
    client.force_login(make_user(shop.account))
    context = browser.new_context(
        base_url=live_server.url, bypass_csp=True, reduced_motion="reduce", viewport={"width": width, "height": 844}
    )
    sign_in(context, client, live_server.url)
    context.add_init_script(f"localStorage.setItem('fcp.theme', '{theme}')")
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    found = []
    for name in looked_at(page, shop):
        page.evaluate("scrollTo(0, 0)")  # what lies half under the bar at the top has no size to speak of
        found += wcag_faults(page, name)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append((name, "too wide", ""))
    context.close()

    assert found == []
