"""The shell in a real browser: keyboard, filters, choosing rows, themes, narrow screens, WCAG."""

import re
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from fcp import panel
from fcp.models import Account
from fcp.panel import panel_url
from integrations.models import Integration
from orders.models import Order
from tests.browser import sign_in, wcag_faults
from tests.build import PASSWORD
from tests.fcp.test_panel import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(transactional_db: None) -> Shop:
    return Shop(Client())


@pytest.fixture
def owner(page: Page, shop: Shop) -> Page:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill("owner@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    with page.expect_navigation():  # with its scripts, which a key pressed at once would miss
        page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    return page


def test_ctrl_k_finds_an_order_and_enter_opens_it(owner: Page, shop: Shop):
    order = shop.order(number="10044")

    owner.keyboard.press("Control+k")
    owner.keyboard.type("1004")
    expect(owner.get_by_role("link", name="#10044")).to_be_visible()
    owner.keyboard.press("Enter")

    owner.wait_for_url(f"**/a/shop/orders/{order.pk}/")


def test_escape_closes_the_search_also_with_something_typed(owner: Page):
    owner.keyboard.press("Control+k")
    owner.keyboard.type("1004")
    expect(owner.locator("#finder")).to_be_visible()

    owner.keyboard.press("Escape")

    expect(owner.locator("#finder")).to_be_hidden()


def test_enter_never_opens_what_was_found_for_less_than_is_typed(owner: Page, shop: Shop):
    """Whoever types quickly presses Enter before the hits of the whole number are there."""
    for number in ("10044", "10043"):
        shop.order(number=number)
    owner.keyboard.press("Control+k")
    owner.keyboard.type("1004")
    expect(owner.get_by_role("link", name="#10043")).to_be_visible()
    hits: list[Any] = []
    owner.route(
        re.compile("/search/"), lambda route: hits.append(route) if "htmx" in _asks(route) else route.continue_()
    )

    owner.keyboard.type("4")
    owner.keyboard.press("Enter")

    owner.wait_for_url("**/a/shop/search/?q=10044")
    expect(owner.locator("main").get_by_role("link", name="#10044")).to_be_visible()


def _asks(route: Any) -> str:
    return "htmx" if "hx-request" in route.request.headers else "page"


def test_cancel_takes_back_what_was_typed_and_nobody_is_asked_about_it(owner: Page, shop: Shop):
    order = shop.order(number="A1", ship="Unknown")
    asked: list[str] = []
    owner.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    owner.goto(f"/a/shop/orders/{order.pk}/")
    edit, form = owner.locator("#address .card-head").get_by_role("button", name="Edit"), owner.locator("#edit-address")
    edit.click()
    before = form.get_by_label("City").input_value()
    form.get_by_label("City").fill("Elsewhere")

    form.get_by_role("button", name="Cancel").click()

    expect(form).to_be_hidden()
    expect(edit).to_be_focused()
    expect(edit).to_have_attribute("aria-expanded", "false")
    expect(form.get_by_label("City")).to_have_value(before)
    owner.get_by_role("link", name="All orders").first.click()
    owner.wait_for_url("**/a/shop/orders/")
    assert asked == []


def test_the_chart_follows_a_window_that_becomes_narrow(owner: Page, shop: Shop):
    Integration.objects.create(account=shop.account, store=shop.store, name="MyShop", nickname="MyShop")
    owner.set_viewport_size({"width": 1280, "height": 800})
    owner.goto("/a/shop/")
    expect(owner.locator("canvas")).to_be_visible()

    owner.set_viewport_size({"width": 390, "height": 844})

    owner.wait_for_function("document.documentElement.scrollWidth <= 390")


def test_a_filter_narrows_the_list_in_place_and_stays_in_the_address(owner: Page, shop: Shop):
    shop.order(number="A1")
    shop.order(number="B2")
    Order.objects.filter(number="B2").update(state="shipped")
    owner.goto("/a/shop/orders/")

    owner.locator("#orders-f-state summary").click()
    owner.get_by_label("Shipped", exact=True).check()

    expect(owner.locator("tbody tr")).to_have_count(1)
    expect(owner.locator("#orders-f-state")).to_have_attribute("open", "")
    expect(owner).to_have_url(re.compile("/a/shop/orders/[?]state=shipped$"))

    owner.locator("#orders-q").fill("zzz")  # at once: a slow typist leaves several addresses to go back through
    expect(owner.get_by_text("Nothing matches")).to_be_visible()
    expect(owner.locator("#orders-q")).to_be_focused()

    owner.go_back()
    expect(owner.locator("tbody tr")).to_have_count(1)


def test_choosing_rows_shows_what_can_be_done_with_them(owner: Page, shop: Shop):
    for number in ("A1", "A2", "A3"):
        shop.order(number=number)
    owner.goto("/a/shop/orders/")
    expect(owner.locator("[data-bulk]")).to_be_hidden()

    owner.get_by_label("Choose order A2").check()
    expect(owner.locator("[data-bulk-count]")).to_have_text("1")
    owner.get_by_label("Choose all rows of this page").check()
    expect(owner.locator("[data-bulk-count]")).to_have_text("3")
    owner.get_by_role("button", name="Choose none").click()

    expect(owner.locator("[data-bulk]")).to_be_hidden()


def test_a_long_name_of_an_account_covers_neither_the_mark_nor_the_search(owner: Page, shop: Shop):
    Account.objects.update(name="Brand New Goods with a rather long company name GmbH & Co. KG")
    owner.set_viewport_size({"width": 1280, "height": 800})
    owner.reload()

    mark, name, search = (owner.locator(where).bounding_box() for where in (".brand img", ".switcher", ".finder"))

    assert mark["width"] > 20
    assert mark["x"] + mark["width"] <= name["x"]
    assert name["x"] + name["width"] <= search["x"]


def test_a_column_that_is_taken_away_stays_away(owner: Page, shop: Shop):
    shop.order(number="A1")
    owner.goto("/a/shop/orders/")
    expect(owner.get_by_role("columnheader", name="Units")).to_be_visible()

    owner.locator("#orders-columns summary").click()
    owner.locator("#orders-columns").get_by_label("Units").uncheck()
    owner.reload()

    expect(owner.get_by_role("columnheader", name="Units")).to_be_hidden()


def test_the_theme_stays_as_chosen(owner: Page):
    owner.get_by_role("button", name="You: owner@example.com").click()
    owner.get_by_role("button", name="Dark").click()
    owner.reload()

    expect(owner.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_first_tab_skips_to_the_page(owner: Page):
    owner.reload()
    owner.keyboard.press("Tab")
    expect(owner.get_by_role("link", name="Skip to the page")).to_be_focused()
    owner.keyboard.press("Enter")

    expect(owner.locator("#page")).to_be_focused()


def test_what_cannot_be_undone_asks_first(owner: Page, shop: Shop):
    shop.client.post("/a/shop/settings/keys/", {"name": "Packing", "scopes": ["orders:read"]})
    owner.goto("/a/shop/settings/keys/")

    owner.get_by_role("button", name="Revoke").click()
    owner.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(owner.locator("tbody .chip")).to_have_count(0)
    owner.get_by_role("button", name="Revoke").click()
    owner.get_by_role("dialog").get_by_role("button", name="Revoke").click()

    expect(owner.locator("tbody .chip")).to_have_text("Revoked")
    expect(owner.get_by_text("calls with it are refused from now on")).to_be_visible()


def test_leaving_with_unsaved_changes_asks_first_and_saving_does_not(owner: Page, shop: Shop):
    asked: list[str] = []

    def answer(dialog):
        asked.append(dialog.type)
        dialog.dismiss() if len(asked) == 1 else dialog.accept()

    owner.on("dialog", answer)
    owner.goto("/a/shop/settings/account/")
    owner.get_by_label("Name").fill("Another name")
    expect(owner.get_by_text("1 unsaved change")).to_be_visible()

    owner.get_by_role("link", name="All orders").click()
    assert asked == ["beforeunload"]
    assert owner.url.endswith("/settings/account/")

    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_text("The account's settings are saved.")).to_be_visible()
    assert asked == ["beforeunload"]


def test_signing_up_takes_the_browsers_time_zone(browser, live_server, transactional_db):
    context = browser.new_context(base_url=live_server.url, timezone_id="America/Chicago")
    page = context.new_page()
    page.goto("/accounts/signup/")
    page.get_by_label("Name of your business").fill("Lake Goods")
    page.get_by_label("Email").fill("lake@example.com")
    page.get_by_label("Password", exact=True).fill("a quiet long one")
    page.get_by_label("Password (again)").fill("a quiet long one")
    page.get_by_role("button", name="Create the account").click()

    page.wait_for_url("**/a/lake-goods/")
    page.goto("/a/lake-goods/settings/account/")
    expect(page.get_by_label("Time zone")).to_have_value("America/Chicago")
    context.close()


def pages_of(shop: Shop) -> list[str]:
    listed = [panel_url(shop.account, page.view) for section in panel.SECTIONS.values() for page in section.pages]
    order = Order.objects.first()
    return [*listed, f"/a/shop/orders/{order.pk}/", "/all-accounts/", "/accounts/email/", "/accounts/sessions/"]


def test_at_390_pixels_nothing_scrolls_sideways_and_the_navigation_opens(owner: Page, shop: Shop):
    shop.order(number="A-very-long-order-number-0123456789", ship="A way of shipping with quite a long name indeed")
    owner.set_viewport_size({"width": 390, "height": 844})
    wide = []
    for path in pages_of(shop):
        owner.goto(path)
        if owner.evaluate("document.documentElement.scrollWidth") > 390:
            wide.append(path)

    assert wide == []

    owner.goto("/a/shop/orders/")
    owner.get_by_role("button", name="Open the navigation").click()
    owner.get_by_role("link", name="Team").click()
    owner.wait_for_url("**/settings/team/")


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_of_the_navigation_meets_wcag_2_2_aa(browser: Browser, live_server, shop: Shop, theme: str):
    for number in range(3):
        shop.order(number=f"A{number}", ship="Unknown")
    Order.objects.filter(number="A1").update(state="shipped")
    # axe puts styles of its own into the page it looks at, which our policy forbids to everybody else
    context = browser.new_context(base_url=live_server.url, bypass_csp=True, reduced_motion="reduce")
    sign_in(context, shop.client, live_server.url)
    context.add_init_script(f"localStorage.setItem('fcp.theme', '{theme}')")
    page, found = context.new_page(), []
    for path in pages_of(shop):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        found += wcag_faults(page, path)
    context.close()

    assert found == []
