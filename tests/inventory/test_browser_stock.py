"""Stock in a real browser: every number explained by clicking, counts, files, aliases; small screens and WCAG."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from fcp.models import Account
from inventory.levels import LevelItem, report_levels
from inventory.models import Alias, MovementKind, Product, StockLevel, Warehouse
from tests.browser import sign_in, wcag_faults
from tests.build import (
    a_line,
    make_account,
    make_listing,
    make_order,
    make_product,
    make_store,
    make_user,
    make_warehouse,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Stock:
    """An account with a mug: 12 at NJ1, 5 at CA1, 3 needed by order 10044, which has no warehouse yet."""

    def __init__(self) -> None:
        self.account: Account = make_account("shoes", name="Shoes Ltd")
        self.nj: Warehouse = make_warehouse(self.account, code="NJ1", name="New Jersey")
        self.ca: Warehouse = make_warehouse(self.account, code="CA1", name="California")
        self.mug: Product = make_product(self.account, "MUG", name="Red mug")
        make_product(self.account, "HAT", name="Hat")
        now = timezone.now()
        for house, quantity in ((self.nj, 12), (self.ca, 5)):
            item = LevelItem("MUG", quantity, now - dt.timedelta(hours=1))
            report_levels(house, [item], actor="Ann", now=now, kind=MovementKind.COUNT, reason="Stocktaking")
        store = make_store(self.account)
        make_listing(store, "MUG", self.mug)
        make_order(store, number="10044", lines=(a_line("MUG", 3),))
        self.user = make_user(self.account)

    def sign_in(self, context: Any, address: str) -> None:
        client = Client()
        client.force_login(self.user)
        sign_in(context, client, address)


@pytest.fixture
def stock(transactional_db: None) -> Stock:
    return Stock()


@pytest.fixture
def person(page: Page, stock: Stock, live_server: Any) -> Page:
    stock.sign_in(page.context, live_server.url)
    return page


def cell(page: Page, sku: str, column: str) -> Any:
    return page.locator("tbody tr", has_text=sku).locator(f'td[data-col="{column}"]')


def test_every_number_of_the_stock_page_is_explained_by_clicking(person: Page, stock: Stock) -> None:
    person.goto("/a/shoes/stock/")
    expect(cell(person, "Hat", "on_hand")).to_have_text("no level reported")

    cell(person, "MUG", "on_hand").get_by_role("link", name="17").click()
    expect(person.get_by_role("heading", level=1)).to_have_text("Movements of MUG")
    expect(person.locator("#list-product-movements tbody tr")).to_have_count(2)
    expect(person.locator("#list-product-movements tbody")).to_contain_text("Stocktaking")

    person.go_back()
    cell(person, "MUG", "reserved").get_by_role("link", name="3").click()
    person.get_by_role("link", name="Order 10044").click()
    expect(person.get_by_role("heading", level=1)).to_have_text("Order 10044")

    person.goto("/a/shoes/stock/")
    cell(person, "MUG", "available").get_by_role("link", name="14").click()
    steps = person.get_by_role("region", name="Steps").locator("tbody tr")
    expect(steps).to_have_text(
        [
            "Level at CA155",
            "Level at NJ11217",
            "Open orders that have no warehouse yet-314",
            "Available14",
        ]
    )

    person.goto("/a/shoes/stock/")
    cell(person, "MUG", f"at-{stock.ca.pk}").get_by_role("link", name="5").click()
    expect(person.get_by_role("heading", level=1)).to_have_text("MUG at California")
    expect(person.locator("#list-product-movements tbody tr")).to_have_count(1)


def test_a_level_is_counted_with_the_keyboard_alone(person: Page, stock: Stock) -> None:
    person.goto(f"/a/shoes/stock/{stock.mug.pk}/at/{stock.nj.pk}/")

    person.get_by_label("How many there are").focus()
    person.keyboard.press("Tab")
    person.keyboard.type("10")
    person.keyboard.press("Enter")

    expect(person.get_by_text("MUG at New Jersey: 10 pieces now.")).to_be_visible()
    assert StockLevel.objects.get(warehouse=stock.nj).quantity == 10


def test_a_correction_without_a_reason_keeps_what_was_typed(person: Page, stock: Stock) -> None:
    person.goto(f"/a/shoes/stock/{stock.mug.pk}/at/{stock.nj.pk}/")

    person.get_by_label("How many more (+) or fewer (-)").check()
    person.get_by_label("Pieces").fill("-2")
    person.get_by_role("button", name="Save").click()
    expect(person.get_by_text("Say why, so that the next person understands the number.")).to_be_visible()
    expect(person.get_by_label("Pieces")).to_have_value("-2")
    person.get_by_label("Reason").fill("Broken")
    person.get_by_role("button", name="Save").click()

    expect(person.locator("#list-product-movements tbody tr").first).to_contain_text("Corrected")
    assert StockLevel.objects.get(warehouse=stock.nj).quantity == 10


def test_a_file_is_looked_at_and_imported(person: Page, stock: Stock) -> None:
    sheet = "Warehouse;SKU;Quantity\nNJ1;MUG;10\nNJ1;NONE;1\n"
    person.goto("/a/shoes/stock/")
    person.get_by_role("link", name="Import levels").click()

    person.get_by_label("File").set_input_files(
        {"name": "levels.csv", "mimeType": "text/csv", "buffer": sheet.encode()}
    )
    person.get_by_role("button", name="Show what would change").click()
    expect(person.get_by_role("navigation", name="Rows of the file")).to_contain_text("Changed1")
    person.get_by_role("link", name="Refused").click()
    expect(person.locator("tbody tr")).to_have_count(1)
    expect(person.locator("tbody tr")).to_contain_text("No product has this SKU")
    assert StockLevel.objects.get(warehouse=stock.nj).quantity == 12
    person.get_by_role("button", name="Import these levels").click()

    expect(person.get_by_text("1 level is changed.")).to_be_visible()
    assert StockLevel.objects.get(warehouse=stock.nj).quantity == 10


@pytest.mark.req("EIM-35")
def test_aliases_are_added_changed_and_removed_in_place(person: Page, stock: Stock) -> None:
    person.goto(f"/a/shoes/products/{stock.mug.pk}/")
    part = person.locator("#aliases")

    part.get_by_role("button", name="Add alias").click()
    part.get_by_label("Name of the new type").fill("ASIN")
    part.get_by_label("Code", exact=True).fill("B01")
    part.get_by_role("button", name="Add", exact=True).click()
    expect(part.get_by_role("heading", name="ASIN")).to_be_visible()

    part.get_by_role("button", name="Change B01").click()
    part.locator(".alias-edit").get_by_label("Code").fill("B02")
    part.locator(".alias-edit").get_by_role("button", name="Save").click()
    expect(part.get_by_text("B02", exact=True)).to_be_visible()
    assert [one.code for one in Alias.objects.all()] == ["B02"]

    part.get_by_role("button", name="Remove B02").click()
    person.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(part.get_by_text("Other codes for this product")).to_be_visible()
    assert not Alias.objects.exists()


def pages_of(stock: Stock) -> list[str]:
    mug = stock.mug.pk
    return [
        "/a/shoes/stock/", "/a/shoes/stock/movements/", "/a/shoes/stock/import/", f"/a/shoes/stock/{mug}/movements/",
        f"/a/shoes/stock/{mug}/reserved/", f"/a/shoes/stock/{mug}/available/",
        f"/a/shoes/stock/{mug}/at/{stock.nj.pk}/", f"/a/shoes/products/{mug}/", "/a/shoes/products/add/",
        "/a/shoes/warehouses/", f"/a/shoes/warehouses/{stock.nj.pk}/",
    ]  # fmt: skip


def test_every_page_of_stock_fits_a_small_screen(browser: Browser, live_server: Any, stock: Stock) -> None:
    context = browser.new_context(base_url=live_server.url, viewport={"width": 390, "height": 844})
    stock.sign_in(context, live_server.url)
    page, wide = context.new_page(), []
    for path in pages_of(stock):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            wide.append(path)
    context.close()

    assert wide == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_of_stock_meets_wcag_2_2_aa(browser: Browser, live_server: Any, stock: Stock, theme: str) -> None:
    # axe puts styles of its own into the page it looks at, which our policy forbids to everybody else
    context = browser.new_context(base_url=live_server.url, bypass_csp=True, reduced_motion="reduce")
    stock.sign_in(context, live_server.url)
    context.add_init_script(f"localStorage.setItem('fcp.theme', '{theme}')")
    page, found = context.new_page(), []
    for path in pages_of(stock):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        found += wcag_faults(page, path)
    context.close()

    assert found == []
