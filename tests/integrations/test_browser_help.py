"""Help and alerts in a browser: the question mark, copying, the narrow screen, WCAG."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from fcp.models import Account
from integrations.connectors import connector_class
from integrations.models import Alert, AlertSettings
from tests.browser import wcag_faults
from tests.build import PASSWORD, make_account, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def account(transactional_db: None) -> Account:
    account = make_account("shoes", name="Shoes Ltd")
    make_user(account, email="owner@example.com")
    for kind in ("stale", "refused", "untaken", "untold", "held"):
        Alert.objects.create(
            account=account, kind=kind, key=kind, opened_at=timezone.now(),
            params={"name": "A store with a long name of its own", "problem": "The store is down.", "flow": "orders"},
        )  # fmt: skip
    return account


@pytest.fixture
def owner(page: Page, account: Account) -> Page:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill("owner@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    return page


def pages() -> list[str]:
    guides = [f"help/guides/wix/{guide.key}/" for guide in connector_class("wix").platform.guides]
    alerts = ["settings/alerts/", "settings/alerts/past/", "settings/alerts/settings/"]
    return ["help/", *guides, *alerts]


@pytest.mark.req("EIM-7")
def test_the_question_mark_opens_the_guide_beside_what_was_typed(owner: Page) -> None:
    owner.goto("/a/shoes/integrations/add/wix/api_key/")
    owner.get_by_label("Site ID", exact=True).fill("3f2b1c4d-0000-4000-8000-1234567890ab")

    with owner.expect_popup() as opened:
        owner.get_by_role("link", name="Guide for this page").click()

    guide = opened.value
    expect(guide.get_by_role("heading", level=1)).to_have_text("Connect a Wix site with an API key")
    expect(guide.get_by_role("main")).to_contain_text("You are working in Shoes Ltd")
    expect(owner.get_by_label("Site ID", exact=True)).to_have_value("3f2b1c4d-0000-4000-8000-1234567890ab")


def test_who_is_told_is_saved_by_keyboard(owner: Page, account: Account) -> None:
    owner.goto("/a/shoes/settings/alerts/settings/")
    owner.get_by_label("Recipients").fill("ops@example.com")
    owner.get_by_label("Once a day").check()
    owner.get_by_label("A store refuses our key").uncheck()
    owner.get_by_label("Orders wait for one cause").fill("12")
    owner.get_by_role("button", name="Save").press("Enter")

    expect(owner.get_by_text("The alerts' settings are saved.")).to_be_visible()
    row = AlertSettings.objects.get(account=account)
    assert (row.recipients, row.digest, row.stale, row.refused) == (["ops@example.com"], True, True, False)
    assert row.held_hours == 12


@pytest.mark.slow
def test_the_pages_of_help_and_alerts_are_right_at_390_pixels_and_meet_wcag(
    browser: Browser, owner: Page, live_server
) -> None:
    session = next(one["value"] for one in owner.context.cookies() if one["name"] == "sessionid")
    # axe puts styles of its own into the page it looks at, which our policy forbids to everybody else
    context = browser.new_context(base_url=live_server.url, bypass_csp=True, viewport={"width": 390, "height": 844})
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page, found = context.new_page(), []
    for path in pages():
        page.goto(f"/a/shoes/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            found.append((path, "too wide", ""))
        found += wcag_faults(page, path)
    context.close()

    assert found == []
