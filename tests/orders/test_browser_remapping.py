"""A mapping that decided orders, changed in a real browser: asked from the list, answered by keyboard; WCAG; 390 px."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from mappings.mapping import map_ship_method
from mappings.models import MappingChange, ShipMethod
from orders.curing import go_on
from orders.models import Cure, Remapping
from tests.browser import wcag_faults
from tests.build import NOW, make_ship_method
from tests.orders.shop import Shop
from tests.orders.test_browser_orders import come_in
from tests.orders.test_remapping import fresh, ready, request_of, shipped, taken, url

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(monkeypatch)


@pytest.fixture
def person(page: Page, shop: Shop, live_server: Any) -> Page:
    come_in(page.context, shop, live_server.url)
    return page


@pytest.mark.req("EIM-17", "EIM-19")
def test_a_late_change_is_asked_about_from_the_list_and_answered_by_keyboard(person: Page, shop: Shop) -> None:
    waiting, at_work, gone = ready(shop), taken(shop), shipped(shop)
    person.goto(url(shop, "ship-codes/all/"))
    field = person.get_by_label("Ship code for Standard")
    field.fill("EU-EXP")
    field.press("Enter")

    expect(person.get_by_role("heading", name="becomes")).to_be_visible()
    assert ShipMethod.objects.get().target == "EU-STD"
    person.get_by_label("1 order at a warehouse: request the change").focus()
    person.keyboard.press("Space")
    person.keyboard.press("Tab")
    person.keyboard.press("Tab")
    person.keyboard.type("The contract changed")
    person.keyboard.press("Enter")

    expect(person.get_by_text("“Standard” means EU-EXP from now on.")).to_be_visible()
    expect(person.get_by_text("The warehouse was asked to ship 1 order by the new code")).to_be_visible()
    with person.expect_download() as file:
        person.get_by_role("link", name="List as CSV").click()
    assert gone.number in file.value.path().read_text()
    assert (fresh(waiting).ship_code, request_of(at_work).change["ship_code"]) == ("EU-EXP", "EU-EXP")
    assert MappingChange.objects.get().why == "The contract changed"


@pytest.mark.req("EIM-17", "EIM-19")
def test_words_changed_together_are_asked_about_once_and_the_progress_is_followed(person: Page, shop: Shop) -> None:
    make_ship_method(shop.store, "Economy", "EU-STD")
    at_work = [taken(shop), taken(shop, ship="Economy")]
    person.goto(url(shop, "ship-codes/all/"))
    person.get_by_label("Choose Standard").check()
    person.get_by_label("Choose Economy").check()
    person.get_by_label("Ship code for all chosen").fill("EU-EXP")
    person.get_by_role("button", name="Give all the same").click()
    person.get_by_role("button", name="Change them").click()

    person.get_by_role("link", name="Look").last.click()
    expect(person.get_by_text("2 orders at a warehouse keep the old meaning")).to_be_visible()
    person.get_by_role("button", name="Request the change").click()

    expect(person.get_by_text("The warehouses were asked about 2 orders")).to_be_visible()
    expect(person.get_by_role("button", name="Request the change")).to_have_count(0)
    assert [request_of(order).change["ship_code"] for order in at_work] == ["EU-EXP", "EU-EXP"]


@pytest.mark.req("TECH-37")
def test_a_code_mapped_in_the_list_shows_how_far_its_orders_are_and_is_taken_back_there(
    person: Page, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mappings.views.FEW", 1)
    orders = [shop.order(ship="std-eu") for _ in range(2)]
    person.goto(url(shop, "ship-codes/"))
    field = person.get_by_label("Ship code for std-eu")
    field.fill("EU-STD")
    field.press("Enter")

    expect(person.get_by_text("2 orders are let go one after the other.")).to_be_visible()
    go_on(Cure.objects.get().pk, seconds=60)
    expect(person.get_by_text("2 orders wait for it no more.")).to_be_visible()
    person.locator("#cures").get_by_role("button", name="Undo").click()

    expect(person.get_by_text("Taken back: std-eu. 2 are back.").first).to_be_visible()
    assert {fresh(order).state for order in orders} == {"held"}


@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_of_changes_fit_and_can_be_read_by_everybody(
    browser: Browser, live_server: Any, shop: Shop, width: int
) -> None:
    ready(shop), taken(shop), shipped(shop)
    row = ShipMethod.objects.get()
    for n in range(3):
        option = make_ship_method(shop.store, f"Option {n}", "EU-STD")
        taken(shop, ship=option.title), shipped(shop, ship=option.title)
        map_ship_method(option, "EU-EXP", by="Ann", now=NOW, batch="b1")
    map_ship_method(option, "THIRD", by="Bob", now=NOW)
    map_ship_method(row, "EU-EXP", carrier="DHL", service="Express", by="Ann Lee", now=NOW, why="A new contract")
    change = MappingChange.objects.latest("pk")
    done = Remapping.objects.create(
        account=shop.account, store=shop.store, kind="ship_code", row=row.pk, word="Standard", version=row.version,
        before={"target": "EU-STD", "target_carrier": "", "target_service": ""}, by="Ann Lee", at=NOW, touched_at=NOW,
        after={"target": "EU-EXP", "target_carrier": "DHL", "target_service": "Express"}, ask=True, state="done",
        total=43, counts={"again": 12, "change": 31},
    )  # fmt: skip
    pages = {
        "late": f"ship-codes/{row.pk}/late/?target=EU-STD", "word": f"ship-codes/{row.pk}/", "changes": "changes/",
        "batch": "changes/?batch=b1", "change": f"changes/{change.pk}/", "then": "changes/then/?day=2026-11-01",
        "back": "changes/back/?batch=b1", "decided": f"changes/{change.pk}/orders/?version=0",
        "remapping": f"orders/{done.pk}/", "many": "changes/orders/?batch=b1",
    }  # fmt: skip
    context = browser.new_context(
        base_url=live_server.url, bypass_csp=True, reduced_motion="reduce", viewport={"width": width, "height": 844}
    )
    come_in(context, shop, live_server.url)
    page, found, wide = context.new_page(), [], []
    for name, path in pages.items():
        page.goto(url(shop, path))
        found += wcag_faults(page, name)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(name)
    context.close()

    assert found == []
    assert wide == []
