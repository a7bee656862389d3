"""The first minute of `make run`, as a newcomer walks it: the real programs, the real browser, three clicks."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.processes import still_there, wait_until
from tests.running import Panel

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[Panel]:
    panel = Panel(tmp_path)
    try:
        assert wait_until(panel.answers, 600), panel.said()
        yield panel
    finally:
        panel.stop()
    left = still_there("FCP_TEST_MARK", panel.mark)
    assert not left, f"left behind: {[' '.join(p.cmdline()) for p in left]}"


@pytest.fixture
def visitor(browser: Browser, panel: Panel) -> Iterator[Page]:
    context = browser.new_context(base_url=panel.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def test_three_clicks_lead_from_the_first_page_to_the_first_tracking_number_in_the_store(
    panel: Panel, visitor: Page
) -> None:
    order = panel.waiting_order()
    assert panel.told(order) == []

    visitor.goto("/")
    visitor.locator(".demo button").first.click()  # 1: come in as the merchant

    words = "37 orders wait for one missing ship code, std-eu on MyShop, oldest 3 h, 2,140 EUR"
    alarm = visitor.get_by_text(re.compile(words))
    expect(alarm).to_be_visible()
    health = visitor.locator("#card-integrations")
    for store in ("MyShop", "NordicCup", "PaperBoat"):
        expect(health).to_contain_text(store)
    expect(health.get_by_text(re.compile(r"Last orders|Orders running"))).to_have_count(3)
    visitor.get_by_role("link", name="Map it").first.click()  # 2: to the group, its fix in place

    group = visitor.locator("section, article, .card").filter(has_text="Ship code missing: std-eu").first
    expect(group).to_contain_text("37 orders go")
    expect(group).to_contain_text("say the same: standard and EU")
    group.get_by_role("button", name="Map it").click()  # 3: all of them go

    expect(visitor.get_by_text("Ship code missing: std-eu")).to_have_count(0)
    assert wait_until(lambda: panel.told(order), 90), panel.said()
    number = panel.told(order)[0]  # the warehouse sends some in parts

    visitor.goto("/a/demo/orders/?q=" + number)
    visitor.get_by_role("link").filter(has_text=re.compile(r"^\s*1\d{4}\s*$")).first.click()
    expect(visitor.get_by_text(number).first).to_be_visible()
    with visitor.context.expect_page() as opened:
        visitor.get_by_role("link", name="Open in the store").click()
    expect(opened.value.get_by_text(number).first).to_be_visible()

    visitor.goto("/a/demo/orders/where/")  # an order that is not here, and why
    visitor.get_by_label("Order number", exact=True).fill("10044")
    visitor.get_by_role("button", name="Find it").click()
    answer = visitor.locator("#answer")
    expect(answer).to_contain_text(re.compile(r"Seen .+, on a regular look into the store"))
    expect(answer).to_contain_text("Payment status: Payment pending, where Paid is asked.")
    expect(answer).to_contain_text("With Payment pending allowed, 3 of the last 200 would also come in")
    answer.get_by_role("link", name="Change this setting").first.click()
    expect(visitor.locator("[id^=id_payment_status]").first).to_be_visible()

    visitor.goto("/a/demo/push-preview/")  # what each store would be told of the stock, and why
    shop = visitor.locator("tr").filter(has_text="MyShop")
    expect(shop).to_contain_text("The first push waits for you")
    shop.get_by_role("link", name="MyShop").click()
    headline = visitor.locator(".stock-headline")
    expect(headline).to_contain_text(re.compile(r"240 listings, [1-9]\d? differ, 1 left out because no level was ever"))
    expect(visitor.locator("#stock-live")).to_contain_text("Numbers in the store as of")
    row = visitor.locator("#list-push-preview tbody tr").first
    sku = row.locator(".main-cell a").inner_text()
    becomes = int(row.locator("summary").inner_text())
    assert panel.in_store(sku) != becomes
    visitor.get_by_role("button", name="Send these quantities").click()
    visitor.get_by_role("dialog").get_by_role("button", name="Send these quantities").click()
    assert wait_until(lambda: panel.in_store(sku) == becomes, 90), panel.said()

    visitor.goto("/a/demo/")
    closing = visitor.locator("#card-demo")
    for words in (
        "Place an order yourself",
        "Break the store",
        "Add the app to a site",
        "Connect a real store",
        "The API in four lines",
    ):
        expect(closing).to_contain_text(words)
