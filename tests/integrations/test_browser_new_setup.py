"""New Setup as a person walks it, from Carts to the first orders: the real programs, the real browser."""

from __future__ import annotations

import json
import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.integrations.test_browser_connection_flow import (
    NARROW,
    WIDE,
    disconnect,
    fits,
    is_in,
    panel,
    person,
    place_order,
)
from tests.processes import wait_until
from tests.running import Panel

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["panel", "person"]  # the fixtures


def token_of(panel: Panel) -> dict[str, str]:
    info = json.loads((panel.directory / "sandbox.info.json").read_text())["ecwid"]
    return {name: str(info[name]) for name in ("store_id", "token")}


@pytest.mark.req("EIM-2", "EIM-3", "EIM-4")
@pytest.mark.req("EIM-6", "EIM-8", "EIM-15")
def test_from_carts_by_new_setup_to_the_first_orders(panel: Panel, person: Page) -> None:
    disconnect(person, "PaperBoat")
    key = token_of(panel)
    number = place_order(panel)

    person.get_by_role("navigation", name="Main").get_by_role("link", name="Carts").click()
    person.get_by_role("link", name="New Setup").click()
    person.get_by_role("main").get_by_role("link", name=re.compile("^Ecwid")).click()
    expect(person.get_by_role("heading", name="New Cart Setup")).to_be_visible()

    # What a field is for: by hovering, and by the keyboard; Escape takes it away.
    mark = person.get_by_role("button", name="What is Store ID for?")
    told = person.get_by_role("tooltip").filter(has_text="The number of your store")
    expect(told).to_be_hidden()
    mark.hover()
    expect(told).to_be_visible()
    person.mouse.move(0, 0)
    expect(told).to_be_hidden()
    mark.focus()
    expect(told).to_be_visible()
    person.keyboard.press("Escape")
    expect(told).to_be_hidden()

    # Services are folded; set there, they stand in the last step as well.
    folded = person.locator("#early_orders_interval")
    expect(folded).to_be_hidden()
    person.get_by_text("Skip this until all else is set").click()
    folded.fill("30")
    expect(person.locator("#id_orders_interval")).to_have_value("30")
    person.locator("#id_orders_interval").fill("")
    expect(folded).to_have_value("")

    # Without a key and a date nothing is saved, and what was typed is still there.
    person.get_by_label("Store ID", exact=True).fill(key["store_id"])
    person.get_by_label("Secret token", exact=True).fill(key["token"])
    person.get_by_label("Name", exact=True).fill("Boats")
    person.locator("#id_orders_interval").fill("30")
    person.set_viewport_size(NARROW)
    assert fits(person)
    person.set_viewport_size(WIDE)
    person.get_by_role("button", name="Save", exact=True).last.click()
    expect(person.get_by_text("Pick the day from which on orders are loaded.")).to_be_visible()
    expect(person.get_by_label("Name", exact=True)).to_have_value("Boats")
    expect(person.get_by_label("Secret token", exact=True)).to_have_value("")
    expect(person.get_by_label("Secret token", exact=True)).to_have_attribute("placeholder", "As you typed it")

    person.get_by_label("Earliest Order Date", exact=True).fill("2026-01-01")
    person.get_by_role("button", name="Save", exact=True).last.click()

    expect(person).to_have_url(re.compile(r"/integrations/\d+/next/$"))
    expect(person.get_by_role("heading", name="Boats is connected")).to_be_visible()
    expect(person.locator("dl.facts").first).to_contain_text("Pull orders from Ecwid")
    assert wait_until(lambda: is_in(person, number), 90, 0.5), panel.said()


@pytest.mark.req("EIM-32")
def test_the_wms_settings_follow_the_warehouse_that_is_chosen(panel: Panel, person: Page) -> None:
    says_what_it_needs(panel)
    person.goto("/a/demo/carts/new/wix/")
    expect(person.get_by_role("heading", name="WMS settings")).to_be_visible()
    person.get_by_label("Name", exact=True).fill("Kept")

    person.locator("#id_warehouse").select_option("")
    expect(person.get_by_role("heading", name="WMS settings")).to_have_count(0)
    person.locator("#id_warehouse").select_option(index=1)
    expect(person.get_by_label("Dock", exact=True)).to_be_visible()

    expect(person.get_by_label("Name", exact=True)).to_have_value("Kept")
    person.set_viewport_size(NARROW)
    assert fits(person)


def says_what_it_needs(panel: Panel) -> None:
    """The stand-in warehouse, by its own key."""
    key = (panel.directory / "warehouse.key").read_text().strip()
    said = {"fields_needed": [{"key": "dock", "label": "Dock", "help": "Which dock packs."}]}
    reply = requests.put(
        f"{panel.url}/api/v1/partner", json=said, headers={"Authorization": f"Bearer {key}"}, timeout=20
    )
    reply.raise_for_status()
