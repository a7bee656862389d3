"""Every way of connecting a Wix site, step by step as a person walks it: the real programs, the real browser.

The site is TeaCorner, which the demo leaves unconnected; each test leaves it so again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.processes import wait_until
from tests.running import Panel

pytestmark = [pytest.mark.browser, pytest.mark.slow]

APP = "Fulfillment Control Panel"
LIST = "/a/demo/integrations/"
FIVE = [
    "Payment Status",
    "Fulfillment Status",
    "Order Age",
    "Interval to Retrieve Orders",
    "Interval to Sync Inventory",
]
GONE = "Our app was removed from the store."


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
    """A browser in which nobody has signed in to the panel; the stand-in Wix takes whoever comes for the owner."""
    context = browser.new_context(base_url=panel.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    person = context.new_page()
    yield person
    disconnect(person, panel)
    context.close()


def disconnect(person: Page, panel: Panel) -> None:
    shop = panel.store()
    person.goto(LIST)
    row = person.locator("tr").filter(has_text="Tea")  # none either where nobody signed in
    if row.count():
        person.goto(f"{row.locator('a').first.get_attribute('href')}delete/")
        with person.expect_navigation():
            person.get_by_role("button", name=re.compile("^Delete")).click()
        expect(person.locator("tr").filter(has_text="Tea")).to_have_count(0)
    requests.post(f"{shop['base_url']}/dashboard/{shop['site_id_new']}/apps/remove", timeout=20).raise_for_status()


def sign_in(person: Page, panel: Panel, who: str = "merchant") -> None:
    """On the sign-in page, with the demo's credentials."""
    email, password = next(line for line in people(panel) if line[0].startswith(who))
    person.get_by_label("Email").fill(email)
    person.get_by_label("Password", exact=True).fill(password)
    with person.expect_navigation():
        person.get_by_role("button", name="Sign in", exact=True).first.click()


def people(panel: Panel) -> list[list[str]]:
    return [line.split("\t")[:2] for line in (panel.directory / "demo.txt").read_text().splitlines()]


def choose_and_agree(person: Page, site: str = "TeaCorner") -> None:
    """Wix's own two pages: which site, confirmed; what the app may do, agreed."""
    for name in ("MyShop", "NordicCup", "TeaCorner"):
        expect(person.get_by_role("radio", name=name)).to_be_visible()
    person.get_by_role("radio", name=site).check()
    person.get_by_role("button", name="Add to Site").click()
    expect(person.get_by_role("heading", name=f"Add {APP} to {site}?")).to_be_visible()
    expect(person.get_by_text("Read and manage orders")).to_be_visible()
    person.get_by_role("button", name="Agree & Add").click()


def add_from_app_market(person: Page, panel: Panel) -> None:
    person.goto(panel.store()["market_url"])
    person.get_by_role("button", name="Add to Site").click()
    choose_and_agree(person)


def new_order(panel: Panel) -> str:
    """The number of an order that somebody places in TeaCorner now."""
    address = f"http://127.0.0.1:{panel.store_port}/control/api/orders"
    reply = requests.post(address, json={"site": "new"}, timeout=20)
    reply.raise_for_status()
    return str(reply.json()["order"]["number"])


def is_in(person: Page, number: str) -> bool:
    """Whether the list of orders shows it; the other stores have orders of this number too."""
    person.goto(f"/a/demo/orders/?q={number}")
    return person.locator("tbody tr").filter(has_text=number).filter(has_text="Tea").count() > 0


def save_and_finish(person: Page) -> None:
    person.get_by_role("button", name="Save").click()
    person.get_by_role("button", name="Finish Setup").click()
    expect(person).to_have_url(re.compile(r"/integrations/\d+/$"))


@pytest.mark.req("EFS-2", "EFS-3", "EFS-4")
@pytest.mark.req("EFS-5", "EFS-6", "EFS-7")
@pytest.mark.req("EFS-8", "EFS-9", "EFS-10")
@pytest.mark.req("TECH-8", "TECH-9", "TECH-30")
def test_from_the_sites_dashboard_and_the_app_market_to_the_first_order(panel: Panel, person: Page) -> None:
    shop, number = panel.store(), new_order(panel)

    # In Wix: the site's dashboard, whose address carries the Site ID; Apps, App Market, the search, the tile.
    person.goto(shop["dashboard_url"])
    person.get_by_role("link", name="TeaCorner").click()
    expect(person).to_have_url(f"{shop['base_url']}/dashboard/{shop['site_id_new']}/home")
    person.get_by_role("link", name="Apps", exact=True).click()
    person.get_by_role("main").get_by_role("link", name="App Market").click()
    person.get_by_label("Search for apps").fill("fulfillment control")
    person.get_by_role("button", name="Search").click()
    person.get_by_role("link", name=APP).click()
    expect(person).to_have_url(shop["market_url"])
    person.get_by_role("button", name="Add to Site").click()
    choose_and_agree(person)

    # Here: the sign-in comes first, and helps who has no credentials.
    expect(person).to_have_url(f"{panel.url}/accounts/login/")
    expect(person.get_by_text(f"Use your {APP} credentials.")).to_be_visible()
    expect(person.get_by_text("TeaCorner").first).to_be_visible()
    expect(person.get_by_role("link", name="Create an account")).to_be_visible()
    expect(person.get_by_role("link", name=re.compile("Forgot"))).to_be_visible()
    sign_in(person, panel)

    # Account and name, Save.
    expect(person.get_by_role("heading", name="TeaCorner answers")).to_be_visible()
    expect(person.get_by_role("radio", name="Demo Goods")).to_be_checked()
    person.get_by_label("Name").fill("Tea Amsterdam")
    person.get_by_role("button", name="Save").click()

    # The five settings, Finish Setup; before it nothing is pulled.
    fields = person.locator("#setup .field > :first-child")
    expect(fields).to_have_text(FIVE)
    expect(person.get_by_text(re.compile(r"With these values \d+ orders? come"))).to_be_visible()
    setup = person.url
    assert not is_in(person, number)
    person.goto(setup)
    person.get_by_label("Order Age").fill("21")
    person.get_by_role("button", name="Finish Setup").click()
    expect(person).to_have_url(setup.removesuffix("setup/"))
    assert wait_until(lambda: is_in(person, number), 60, 0.2), panel.said()

    # All of it can be changed later.
    person.goto(setup.removesuffix("setup/"))
    expect(person.get_by_label("History")).to_have_value("21")
    person.get_by_label("History").fill("20")
    person.get_by_role("button", name="Save").first.click()
    expect(person.get_by_text("are saved")).to_be_visible()
    person.goto(setup.removesuffix("setup/"))
    expect(person.get_by_label("History")).to_have_value("20")


@pytest.mark.req("TECH-4", "TECH-5", "TECH-6")
@pytest.mark.req("TECH-7", "TECH-9", "TECH-10")
@pytest.mark.req("TECH-11", "TECH-12", "TECH-13")
def test_from_the_panel_through_wix_in_a_new_tab_and_back(panel: Panel, person: Page) -> None:
    person.goto(LIST)
    sign_in(person, panel, "staff")
    person.goto(LIST)

    # Phase 1: the connection. The account one works in is named, and what happens in Wix is marked.
    person.get_by_role("link", name="Add Integration").first.click()
    person.get_by_role("main").get_by_role("link", name=re.compile("^Wix")).click()
    person.get_by_role("link", name="Wix app", exact=True).click()
    expect(person.get_by_text("You are working in Demo Goods.")).to_be_visible()
    expect(person.get_by_text("Steps marked “In Wix” are done on Wix's own pages")).to_be_visible()
    with person.context.expect_page() as opened:
        person.get_by_role("link", name="Connect", exact=True).click()
    tab = opened.value

    # Who does not agree has connected nothing.
    tab.get_by_role("radio", name="TeaCorner").check()
    tab.get_by_role("button", name="Add to Site").click()
    tab.get_by_role("link", name="Cancel").click()
    person.goto(LIST)
    expect(person.locator("tr").filter(has_text="Tea")).to_have_count(0)

    # Back by itself: the account is chosen, the channel named, Save makes it.
    choose_and_agree(tab)
    expect(tab).to_have_url(re.compile(re.escape(panel.url)))
    expect(tab.get_by_role("heading", name="TeaCorner answers")).to_be_visible()
    tab.get_by_role("radio", name="Harbour Prints").check()
    tab.get_by_role("radio", name="Demo Goods").check()
    tab.get_by_label("Name").fill("Tea by panel")
    person.reload()
    row = person.locator("tr").filter(has=person.get_by_role("link", name=re.compile("Tea ?by ?panel", re.I)))
    expect(row).to_have_count(0)
    tab.get_by_role("button", name="Save").click()
    expect(tab).to_have_url(re.compile("/setup/$"))
    person.reload()
    expect(row).to_have_count(1)

    # Phase 2: its parameters.
    number = new_order(panel)
    tab.get_by_role("button", name="Finish Setup").click()
    expect(tab).to_have_url(re.compile(r"/integrations/\d+/$"))
    assert wait_until(lambda: is_in(person, number), 60, 0.2), panel.said()


@pytest.mark.req("TECH-6", "TECH-10")
def test_a_removed_app_blocks_and_adding_it_again_brings_the_same_integration_back(panel: Panel, person: Page) -> None:
    shop = panel.store()
    add_from_app_market(person, panel)
    sign_in(person, panel)
    save_and_finish(person)
    home = person.url

    # In Wix: Manage apps, Remove.
    person.goto(f"{shop['base_url']}/dashboard/{shop['site_id_new']}/apps")
    person.get_by_role("link", name="Remove app").click()
    with person.expect_navigation():
        person.get_by_role("button", name="Remove app").click()
    number = new_order(panel)
    person.goto(home)
    state = person.locator("#integration-state")
    expect(state).to_contain_text(GONE, timeout=60_000)  # it refreshes by itself
    expect(state).to_contain_text("Add the app to the store again")
    assert not is_in(person, number)

    # Again: it leads to the same integration, which goes on.
    person.goto(f"{shop['base_url']}/dashboard/{shop['site_id_new']}/apps")
    person.get_by_role("link", name=f"Add {APP}").click()
    person.get_by_role("button", name="Add to Site").click()
    choose_and_agree(person)
    expect(person).to_have_url(home)
    expect(person.locator("#integration-state")).not_to_contain_text(GONE)
    assert wait_until(lambda: is_in(person, number), 60, 0.2), panel.said()

    # And from the site's dashboard the app opens it.
    person.goto(f"{shop['base_url']}/dashboard/{shop['site_id_new']}/apps")
    person.get_by_role("link", name="Open", exact=True).click()
    expect(person).to_have_url(home)


@pytest.mark.req("TECH-30")
def test_with_a_key_of_the_api_keys_manager_and_the_site_id_from_the_address_bar(panel: Panel, person: Page) -> None:
    shop, number = panel.store(), new_order(panel)
    person.goto(f"{shop['base_url']}/account/api-keys")
    person.get_by_label("Name").fill("Fulfillment")
    for box in person.locator("[name=permission]").all():
        box.check()
    person.get_by_role("checkbox", name="TeaCorner").check()
    person.get_by_role("button", name="Generate Key").click()
    key = person.locator("code").inner_text()
    person.goto(shop["dashboard_url"])
    person.get_by_role("link", name="TeaCorner").click()
    site_id = person.url.partition("/dashboard/")[2].partition("/")[0]

    person.goto("/a/demo/integrations/add/wix/api_key/")
    sign_in(person, panel)
    person.get_by_role("textbox", name="API key").fill(key)
    person.get_by_role("textbox", name="Site ID").fill(site_id)
    person.get_by_role("button", name="Connect").click()
    expect(person.get_by_text("This site uses Catalog V1.").first).to_be_visible()
    expect(person.get_by_label("Name")).to_have_value("TeaCorner")
    save_and_finish(person)

    assert wait_until(lambda: is_in(person, number), 60, 0.2), panel.said()


def test_an_invited_owner_connects_without_an_account_by_a_link_that_works_once(
    panel: Panel, person: Page, browser: Browser
) -> None:
    person.goto("/a/demo/integrations/invitations/")
    sign_in(person, panel)
    person.get_by_role("textbox", name="E-mail", exact=True).fill("owner@teacorner.example")
    person.get_by_role("button", name="Send the link").click()
    mailed = re.compile(r"http://\S+/install/invitation/\S+")
    assert wait_until(lambda: mailed.search(panel.said()), 30), panel.said()
    links = mailed.findall(panel.said())

    stranger = browser.new_context()
    owner = stranger.new_page()
    owner.goto(links[-1])
    owner.get_by_role("link", name="Go to Wix").first.click()
    choose_and_agree(owner)
    owner.get_by_role("button", name="Connect TeaCorner").click()
    expect(owner.get_by_role("heading", name="Done, thank you")).to_be_visible()
    owner.goto(f"{panel.url}{LIST}")
    expect(owner).to_have_url(re.compile("/accounts/login/"))
    stranger.close()

    person.goto(links[-1])  # somebody else has found it
    expect(person.get_by_role("heading", name="This link does not work")).to_be_visible()
    person.goto(LIST)
    expect(person.locator("tr").filter(has_text="Tea")).to_have_count(1)


def test_a_site_without_a_store_is_refused_with_what_to_do(panel: Panel, person: Page) -> None:
    person.goto(panel.store()["market_url"])
    person.get_by_role("button", name="Add to Site").click()
    choose_and_agree(person, "Portfolio")

    expect(person.get_by_text("In Wix, add Wix Stores to the site, then connect again.")).to_be_visible()
