"""An Ecwid store connected with its flows chosen first, as a person walks it: the real programs, the real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.integrations.test_browser_install import sign_in
from tests.processes import wait_until
from tests.running import Panel

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LIST = "/a/demo/integrations/"
KINDS = ("Orders", "Products", "Inventory", "Fulfillments", "Locations")
NARROW = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    panel = Panel(tmp_path_factory.mktemp("panel"))
    try:
        assert wait_until(panel.answers, 600), panel.said()
        yield panel
    finally:
        panel.stop()


@pytest.fixture
def person(browser: Browser, panel: Panel) -> Iterator[Page]:
    """The merchant, signed in. A script error or a breach of the content security policy fails the test."""
    context = browser.new_context(base_url=panel.url, viewport=WIDE)
    context.set_default_timeout(30_000)
    person = context.new_page()
    faults: list[str] = []
    person.on("pageerror", lambda error: faults.append(str(error)))
    person.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    person.goto(LIST)
    sign_in(person, panel)
    yield person
    context.close()
    assert faults == []


def disconnect(person: Page, name: str) -> None:
    """The demo may have connected the store already."""
    person.goto(LIST)
    row = person.locator("tr").filter(has_text=name)
    if row.count():
        person.goto(f"{row.locator('a').first.get_attribute('href')}delete/")
        with person.expect_navigation():
            person.get_by_role("button", name=re.compile("^Delete")).click()
        expect(person.locator("tr").filter(has_text=name)).to_have_count(0)


def fits(page: Page) -> bool:
    """Nothing is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def place_order(panel: Panel) -> str:
    reply = requests.post(
        f"http://127.0.0.1:{panel.store_port}/control/api/orders",
        json={"platform": "ecwid", "site": "ecwid"},
        timeout=20,
    )
    reply.raise_for_status()
    return str(reply.json()["order"]["id"])


@pytest.mark.req("P17-4", "P17-5", "P17-6")
@pytest.mark.req("P17-7", "P17-8", "P17-20")
@pytest.mark.req("P17-21", "P17-22", "P17-23")
def test_from_add_integration_to_what_next_and_the_flows_revisited(panel: Panel, person: Page) -> None:
    shop = "PaperBoat"
    disconnect(person, shop)

    # Integrations, Add Integration at the upper right, the catalogue, Add.
    add = person.locator(".head-actions").get_by_role("link", name="Add Integration")
    place = add.bounding_box()
    assert place
    assert place["x"] > WIDE["width"] / 2
    assert place["y"] < WIDE["height"] / 4
    add.click()
    person.get_by_role("searchbox").fill("ecwid")
    tile = person.get_by_role("main").get_by_role("link", name=re.compile("^Ecwid"))
    expect(person.get_by_role("main").get_by_role("link", name=re.compile("^Wix"))).to_have_count(0)
    tile.get_by_text("Add").click()

    # Connection Flow Settings: everything off, the locations on and fixed.
    expect(person.get_by_role("heading", name="Connection Flow Settings")).to_be_visible()
    expect(person.get_by_text("You can leave these off for now")).to_be_visible()
    for kind in KINDS[:-1]:
        expect(
            person.get_by_role("group", name=kind).get_by_role("radio", name=re.compile("^Disabled"))
        ).to_be_checked()
    locations = person.get_by_role("group", name=re.compile("^Locations"))
    expect(locations.get_by_role("radio")).to_be_checked()
    expect(locations.get_by_role("radio")).to_be_disabled()
    expect(locations.get_by_text("processing orders depends on the store's locations")).to_be_visible()
    person.set_viewport_size(NARROW)
    assert fits(person)
    person.set_viewport_size(WIDE)
    person.get_by_role("button", name="Next").click()

    # Connect opens the store's own page in a new tab; this one waits.
    expect(person.get_by_text("Ecwid opens in a new tab.")).to_be_visible()
    with person.context.expect_page() as opened:
        person.get_by_role("link", name="Connect", exact=True).click()
    tab = opened.value
    expect(tab).to_have_url(re.compile(f"127.0.0.1:{panel.store_port}/ecwid/oauth/authorize"))
    expect(tab.get_by_role("heading", name=re.compile(shop))).to_be_visible()
    expect(person.get_by_text("We wait for Ecwid.")).to_be_visible()

    # Refused first: both tabs say so, and it can be opened again.
    tab.get_by_role("button", name="Refuse").click()
    expect(tab.get_by_text("did not agree")).to_be_visible()
    tab.close()
    expect(person.get_by_text("Nothing is connected.")).to_be_visible()
    with person.context.expect_page() as opened:
        person.get_by_role("link", name="Connect", exact=True).click()
    tab = opened.value
    tab.get_by_role("button", name="Accept").click()

    # Back with everything disabled; the page that was left goes on by itself.
    expect(tab).to_have_url(re.compile(r"/integrations/\d+/next/$"))
    expect(person).to_have_url(tab.url)
    for page in (tab, person):
        expect(page.get_by_role("heading", name=f"{shop} is connected")).to_be_visible()
    flows = person.locator("dl.facts").first
    expect(flows.locator("dt")).to_have_text(list(KINDS))
    expect(flows.locator("dd").filter(has_text="Disabled")).to_have_count(4)
    expect(person.get_by_role("link", name="Try with one order")).to_be_visible()
    expect(person.get_by_text("Quick start guide")).to_be_visible()
    expect(person.get_by_text("Support", exact=True)).to_be_visible()
    person.set_viewport_size(NARROW)
    assert fits(person)
    person.set_viewport_size(WIDE)

    # The flows revisited: switched on, off, and on again from now.
    main = person.url.removesuffix("next/")
    first = place_order(panel)
    person.get_by_role("link", name="Main settings").click()
    person.locator("#id_orders_mode").select_option("pull")
    person.get_by_role("button", name="Save").first.click()
    expect(person.get_by_text("are saved")).to_be_visible()
    assert wait_until(lambda: is_in(person, first), 60, 0.2), panel.said()
    person.goto(main)
    person.locator("#id_orders_mode").select_option("disabled")
    person.get_by_role("button", name="Save").first.click()
    expect(person.get_by_text("are saved")).to_be_visible()
    missed = place_order(panel)
    person.goto(main)
    person.locator("#id_orders_mode").select_option("pull")
    person.get_by_role("button", name="Save").first.click()
    asks = person.get_by_role("group", name="Orders: from when?")
    asks.get_by_role("radio", name=re.compile("^From now")).check()
    person.set_viewport_size(NARROW)
    assert fits(person)
    person.set_viewport_size(WIDE)
    person.locator(".dry-run").get_by_role("button", name="Save").click()
    expect(person.get_by_text("are saved")).to_be_visible()
    last = place_order(panel)
    assert wait_until(lambda: synced(person, main) and is_in(person, last), 60, 0.2), panel.said()
    assert not is_in(person, missed)


def is_in(person: Page, number: str) -> bool:
    person.goto(f"/a/demo/orders/?q={number}")
    return person.locator("tbody tr").filter(has_text=number).count() > 0


def synced(person: Page, main: str) -> bool:
    """Sync, pressed once more: nobody waits for the next slot here."""
    person.goto(f"{main}sync/")
    with person.expect_navigation():
        person.get_by_role("button", name="Sync now").last.click()
    return True
