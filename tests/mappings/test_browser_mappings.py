"""Mapping rows by keyboard in a real browser: saved without a page load, said aloud, brought back by Escape."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from inventory.models import Alias, AliasType
from mappings.models import CarrierOut, Listing, MappingChange, ShipMethod
from tests.browser import sign_in, wcag_faults
from tests.build import (
    NOW,
    make_listing,
    make_partner,
    make_product,
    make_ship_method,
    make_store,
    make_warehouse,
)
from tests.orders.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop(monkeypatch)
    make_warehouse(shop.account, partner=make_partner())
    return shop


@pytest.fixture
def person(page: Page, shop: Shop, live_server: Any) -> Page:
    come_in(page.context, shop, live_server)
    return page


def come_in(context: BrowserContext, shop: Shop, live_server: Any) -> None:
    sign_in(context, shop.client(), live_server.url)


def meant() -> dict[str, str]:
    """Without the option that the shop has mapped already."""
    return dict(ShipMethod.objects.exclude(title="Standard").values_list("title", "target"))


def field(page: Page, word: str, label: str = "Ship code") -> Any:
    return page.get_by_label(f"{label} for {word}", exact=True)


@pytest.mark.req("TECH-37", "EIM-19")
def test_options_are_mapped_row_by_row_without_leaving_the_keyboard(person: Page, shop: Shop, live_server: Any) -> None:
    for title in ("A one", "B two", "C three", "D four"):
        make_ship_method(shop.store, title)
    person.goto(f"{live_server.url}/a/{shop.account.slug}/mappings/ship-codes/")
    person.evaluate("window.stays = 'the same page'")
    said = person.get_by_role("status")

    field(person, "A one").focus()
    person.keyboard.type("GROUND")
    person.keyboard.press("Enter")
    expect(field(person, "B two")).to_be_focused()
    expect(said).to_contain_text("“A one” means GROUND from now on.")

    person.keyboard.type("express")
    person.keyboard.press("Tab")
    expect(field(person, "C three")).to_be_focused()
    expect(said).to_contain_text("“B two” means EXPRESS from now on.")

    person.keyboard.press("ArrowDown")
    expect(field(person, "D four")).to_be_focused()
    person.keyboard.press("ArrowUp")
    expect(field(person, "C three")).to_be_focused()

    person.keyboard.type("GROU")
    person.keyboard.press("Escape")
    expect(field(person, "C three")).to_have_value("")
    person.keyboard.press("Tab")
    expect(field(person, "D four")).to_be_focused()

    person.keyboard.type("NONSENSE")
    person.keyboard.press("Enter")
    expect(said).to_contain_text("“D four” is not saved. No warehouse of this account knows the ship code “NONSENSE”.")
    expect(field(person, "D four")).to_be_focused()  # the last row: whoever stayed in it stays in it

    assert person.evaluate("window.stays") == "the same page"
    assert meant() == {"A one": "GROUND", "B two": "EXPRESS", "C three": "", "D four": ""}


def test_a_suggestion_is_taken_by_enter_and_never_by_passing_over_it(
    person: Page, shop: Shop, live_server: Any
) -> None:
    for title in ("Express delivery", "Express parcel", "Zebra"):
        make_ship_method(shop.store, title)
    person.goto(f"{live_server.url}/a/{shop.account.slug}/mappings/ship-codes/")
    expect(field(person, "Express delivery")).to_have_value("EXPRESS")

    field(person, "Express delivery").focus()
    person.keyboard.press("Tab")
    expect(field(person, "Express parcel")).to_be_focused()
    person.keyboard.press("Enter")
    expect(field(person, "Zebra")).to_be_focused()

    expect(person.get_by_role("status")).to_contain_text("“Express parcel” means EXPRESS from now on.")
    assert meant() == {"Express delivery": "", "Express parcel": "EXPRESS", "Zebra": ""}


@pytest.mark.req("TECH-39")
def test_a_listing_gets_its_product_and_pieces_by_keyboard(person: Page, shop: Shop, live_server: Any) -> None:
    mug = make_product(shop.account, "KB-MUG")
    store = make_store(shop.account, name="Outlet")
    rows = [make_listing(store, sku) for sku in ("KBX-1", "KBX-2")]
    person.goto(f"{live_server.url}/a/{shop.account.slug}/mappings/skus/?q=KBX")

    field(person, "KBX-1", "Product").focus()
    person.keyboard.type("kb-mug")
    person.keyboard.press("Tab")
    expect(person.get_by_label("Pieces of the product in one KBX-1")).to_be_focused()
    person.keyboard.press("Control+a")
    person.keyboard.type("6")
    person.keyboard.press("Tab")
    expect(field(person, "KBX-2", "Product")).to_be_focused()
    expect(person.get_by_role("status")).to_contain_text("“KBX-1” means")

    assert set(Listing.objects.filter(pk__in=[row.pk for row in rows]).values_list("sku", "product", "units")) == {
        ("KBX-1", mug.pk, 6),
        ("KBX-2", None, 1),
    }


@pytest.mark.req("EIM-35")
def test_aliases_get_their_product_and_pieces_by_keyboard_and_are_removed(
    person: Page, shop: Shop, live_server: Any
) -> None:
    mug, cup = make_product(shop.account, "KB-MUG"), make_product(shop.account, "KB-CUP")
    kind = AliasType.objects.create(account=shop.account, name="Pack")
    for code in ("KB-1", "KB-2", "KB-3"):
        Alias.objects.create(account=shop.account, alias_type=kind, product=mug, code=code)
    person.goto(f"{live_server.url}/a/{shop.account.slug}/mappings/aliases/?q=KB-")

    field(person, "KB-1", "Product").focus()
    person.keyboard.press("Control+a")
    person.keyboard.type("kb-cup")
    person.keyboard.press("Tab")
    expect(person.get_by_label("Pieces of the product in one KB-1")).to_be_focused()
    person.keyboard.press("Control+a")
    person.keyboard.type("6")
    person.keyboard.press("Tab")
    expect(field(person, "KB-2", "Product")).to_be_focused()
    expect(person.get_by_role("status")).to_contain_text("“KB-1” means 6 × KB-CUP from now on.")

    person.get_by_role("button", name="Remove KB-3").click()
    person.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(person.get_by_role("status")).to_contain_text("“KB-3” does not mean KB-MUG any more.")

    assert set(Alias.objects.values_list("code", "product", "units")) == {("KB-1", cup.pk, 6), ("KB-2", mug.pk, 1)}


def make_carriers(shop: Shop, *carriers: str) -> None:
    for carrier in carriers:
        CarrierOut.objects.create(
            account=shop.account, store=shop.store, carrier=carrier, first_seen_at=NOW, last_seen_on=NOW.date()
        )


@pytest.mark.req("TECH-37", "TECH-38")
def test_carriers_are_named_row_by_row_without_leaving_the_keyboard(person: Page, shop: Shop, live_server: Any) -> None:
    make_carriers(shop, "Bike Post", "GLS Germany", "United Parcel Service", "Zebra")
    person.goto(f"{live_server.url}/a/{shop.account.slug}/mappings/carriers/")
    person.evaluate("window.stays = 'the same page'")
    said, label = person.get_by_role("status"), "Name for the store"

    field(person, "Bike Post", label).focus()
    person.keyboard.type("City bikes")
    person.keyboard.press("Enter")
    expect(field(person, "GLS Germany", label)).to_be_focused()
    expect(said).to_contain_text("“Bike Post” goes to")

    person.keyboard.type("GLS")
    person.keyboard.press("Tab")
    expect(field(person, "GLS Germany", "Tracking link")).to_be_focused()
    person.keyboard.type("https://gls.example/{number}")
    person.keyboard.press("Tab")
    expect(field(person, "United Parcel Service", label)).to_be_focused()
    expect(said).to_contain_text("“GLS Germany” goes to")

    expect(field(person, "United Parcel Service", label)).to_have_value("UPS")
    person.keyboard.press("Enter")  # takes the suggestion
    expect(field(person, "Zebra", label)).to_be_focused()
    expect(said).to_contain_text("under UPS from now on.")
    person.keyboard.type("Zeb")
    person.keyboard.press("Escape")
    expect(field(person, "Zebra", label)).to_have_value("")

    assert person.evaluate("window.stays") == "the same page"
    assert list(CarrierOut.objects.order_by("carrier").values_list("carrier", "name", "link")) == [
        ("Bike Post", "City bikes", ""),
        ("GLS Germany", "GLS", "https://gls.example/{number}"),
        ("United Parcel Service", "UPS", ""),
        ("Zebra", "", ""),
    ]


def test_chosen_rows_get_one_code_after_a_look_and_undo_brings_them_back(
    person: Page, shop: Shop, live_server: Any
) -> None:
    for title in ("A one", "B two", "C three"):
        make_ship_method(shop.store, title)
    person.goto(f"{live_server.url}/a/{shop.account.slug}/mappings/ship-codes/")

    person.get_by_label("Choose A one").check()
    person.get_by_label("Choose C three").check()
    expect(person.locator("[data-bulk-count]")).to_have_text("2")
    person.get_by_label("Ship code for all chosen").fill("GROUND")
    person.get_by_role("button", name="Give all the same").click()
    person.get_by_role("button", name="Change them").click()
    expect(person.get_by_role("status")).to_contain_text("2 shipping options are changed.")
    assert meant() == {"A one": "GROUND", "B two": "", "C three": "GROUND"}

    with person.expect_navigation():
        person.get_by_role("button", name="Undo").click()
    expect(person.get_by_role("status")).to_contain_text("2 changes are taken back.")
    assert set(meant().values()) == {""}
    assert MappingChange.objects.count() == 4


PATHS = (
    "ship-codes/", "skus/all/", "ship-codes/suggestions/", "ship-codes/warehouses/", "carriers/",
    "carriers/suggestions/", "aliases/", "aliases/add/", "aliases/files/",
)  # fmt: skip


@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_of_mappings_are_accessible_and_fit(
    browser: Browser, shop: Shop, live_server: Any, width: int
) -> None:
    for title in ("Express delivery", "Standard shipping to everywhere in the European Union, tracked and insured"):
        make_ship_method(shop.store, title)
    make_ship_method(shop.store, "Old", target="GONE")
    make_listing(make_store(shop.account), "KBX-1")
    kind = AliasType.objects.create(account=shop.account, name="The marketplace's own numbers of them all")
    mug = make_product(shop.account, "MUG-OF-MANY-COLOURS-AND-SIZES-0001")
    Alias.objects.create(account=shop.account, alias_type=kind, product=mug, code="A-CODE-OF-A-HUNDRED-SIGNS" * 3)
    make_carriers(shop, "United Parcel Service of the whole of North America, by air", "dhl")
    # axe puts styles of its own into the page it looks at, which our policy forbids to everybody else
    view: Any = {"width": width, "height": 900}
    context = browser.new_context(viewport=view, reduced_motion="reduce", bypass_csp=True)
    come_in(context, shop, live_server)
    page, found, wide = context.new_page(), [], []
    for path in PATHS:
        page.goto(f"{live_server.url}/a/{shop.account.slug}/mappings/{path}")
        found += wcag_faults(page, path)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(path)
    context.close()

    assert found == []
    assert wide == []
