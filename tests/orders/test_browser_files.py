"""Files of mappings and of tracking numbers in a real browser: sent, looked at, imported, taken back; WCAG, 390 px."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from fcp.models import Account
from integrations.models import Integration
from mappings.mapping import map_ship_method
from mappings.models import ShipMethod
from orders.models import Fulfillment
from tests.browser import sign_in, wcag_faults
from tests.build import make_partner, make_ship_method, make_user
from tests.orders.making import make_account, make_order, make_store, make_warehouse, offered

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TRACKING = (
    "Order number,SKU,Quantity,Carrier,Tracking number\n1001,MUG,1,DHL,00340434161094000001\n"
    "1001,CUP,,DHL,00340434161094000002\n1002,,,UPS,1Z999AA10123456784\n"
)


class Shop:
    """MyShop with the options Standard (means nothing) and Express; order 1001 waits for a warehouse without an API."""

    def __init__(self) -> None:
        self.account: Account = make_account("Shoes")
        partner = make_partner()
        make_warehouse(self.account, partner, name="Robots")
        self.store = make_store(self.account, name="MyShop")
        Integration.objects.create(account=self.account, store=self.store, nickname="MyShop", variant="v1")
        make_ship_method(self.store, "Standard")
        make_ship_method(self.store, "Express", "GROUND", target_carrier="UPS", target_service="Ground")
        house = make_warehouse(self.account, name="Nord")
        offered(make_order(self.store, {"MUG": 2, "CUP": 1}, warehouse=house, number="1001"))
        self.user = make_user(self.account)

    def sign_in(self, context: Any, address: str) -> None:
        client = Client()
        client.force_login(self.user)
        sign_in(context, client, address)


@pytest.fixture
def shop(transactional_db: None) -> Shop:
    return Shop()


@pytest.fixture
def person(page: Page, shop: Shop, live_server: Any) -> Page:
    shop.sign_in(page.context, live_server.url)
    return page


def send(page: Page, text: str, button: str) -> None:
    page.get_by_label("File").set_input_files({"name": "may.csv", "mimeType": "text/csv", "buffer": text.encode()})
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def test_mappings_are_imported_and_taken_back(person: Page, shop: Shop) -> None:
    person.goto("/a/shoes/mappings/ship-codes/")
    person.get_by_role("link", name="CSV and Excel").click()
    rows = "Shipping option,Ship code\nStandard,GROUND\nExpress,EXPRESS\nOvernight,EXPRESS\nExpress Plus,NOPE\n"
    send(person, rows, "Show what would change")
    expect(person.get_by_role("navigation", name="Rows of the file")).to_contain_text("Refused1")
    person.get_by_role("link", name="Refused").click()
    expect(person.locator("tbody tr")).to_have_count(1)
    expect(person.locator("tbody tr")).to_contain_text("knows the ship code “NOPE”")
    person.get_by_role("button", name="Import 3 rows").click()
    expect(person.get_by_text("3 mappings are changed.")).to_be_visible()
    express = ShipMethod.objects.get(title="Express")
    assert express.target == "EXPRESS"

    map_ship_method(ShipMethod.objects.get(title="Standard"), "EXPRESS", by="Ann", now=timezone.now())
    person.get_by_role("link", name="Take this import back").click()
    expect(person.get_by_text("2 mappings go back.")).to_be_visible()
    expect(person.get_by_role("region", name="Changed since")).to_contain_text("Standard")
    person.get_by_role("button", name="Take 2 mappings back").click()

    expect(person.get_by_text("2 mappings mean again what they meant before; 1 was left.")).to_be_visible()
    assert dict(ShipMethod.objects.values_list("title", "target")) == {"Standard": "EXPRESS", "Express": "GROUND"}


def test_columns_of_an_unknown_table_are_chosen_by_hand(person: Page, shop: Shop) -> None:
    person.goto("/a/shoes/mappings/ship-codes/files/")
    send(person, "Lieferart,Kürzel\nStandard,GROUND\n", "Show what would change")
    person.get_by_label("Shipping option in the store").select_option("1. Lieferart")
    person.get_by_label("Ship code", exact=True).select_option("2. Kürzel")
    person.get_by_role("button", name="Show what would change").click()
    person.get_by_role("button", name="Import 1 row").click()

    expect(person.get_by_text("1 mapping is changed.")).to_be_visible()
    assert ShipMethod.objects.get(title="Standard").target == "GROUND"


def test_a_file_of_tracking_numbers_ships_orders(person: Page, shop: Shop) -> None:
    person.goto("/a/shoes/to-ship/")
    person.get_by_role("link", name="Tracking from a file").click()
    send(person, TRACKING, "Show what would ship")
    expect(person.locator("tbody tr").nth(0)).to_contain_text("Ships 1 of 2 lines, 1 of 3 pieces.")
    expect(person.locator("tbody tr").nth(2)).to_contain_text("No order has this number.")
    person.get_by_role("button", name="Ship 2 rows").click()

    expect(person.get_by_text("2 rows have shipped.")).to_be_visible()
    assert sorted(Fulfillment.objects.values_list("parcels__tracking", flat=True)) == [
        "00340434161094000001", "00340434161094000002",
    ]  # fmt: skip


def test_every_page_of_files_fits_a_small_screen_and_meets_wcag_2_2_aa(
    browser: Browser, live_server: Any, shop: Shop
) -> None:
    # axe puts styles of its own into the page it looks at, which our policy forbids to everybody else
    small = {"width": 390, "height": 844}
    context = browser.new_context(base_url=live_server.url, viewport=small, bypass_csp=True, reduced_motion="reduce")
    shop.sign_in(context, live_server.url)
    page, wrong = context.new_page(), []

    def look(name: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            wrong.append((name, "wide"))
        wrong.extend(wcag_faults(page, name))

    page.goto("/a/shoes/mappings/ship-codes/files/")
    look("files")
    send(page, "Lieferart,Kürzel\nStandard,GROUND\n", "Show what would change")
    look("columns")
    page.goto("/a/shoes/mappings/ship-codes/files/")
    send(page, "Shipping option,Ship code\nStandard,GROUND\nOvernight,NOPE\n", "Show what would change")
    look("preview")
    with page.expect_navigation():
        page.get_by_role("button", name="Import 1 row").click()
    look("imported")
    with page.expect_navigation():
        page.get_by_role("link", name="Take this import back").click()
    look("back")
    page.goto("/a/shoes/to-ship/tracking/")
    look("tracking")
    send(page, TRACKING, "Show what would ship")
    look("tracking preview")
    context.close()

    assert wrong == []
