"""Orders and Held in a real browser: mapping by keyboard, forms that keep what was typed, bars and dialogs, WCAG."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from fcp.roles import Role
from mappings.models import Listing, ShipMethod
from orders.holding import place_hold
from orders.holds import HoldKind
from orders.models import Order
from orders.release import offer_waiting
from orders.settle import lift_mapped
from orders.views import held
from tests.browser import sign_in, wcag_faults
from tests.build import NOW, Party, make_product
from tests.orders.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(monkeypatch)


def come_in(page_or_context: Any, shop: Shop, address: str, role: Role = Role.OWNER) -> None:
    sign_in(page_or_context, shop.client(role), address)


@pytest.fixture
def person(page: Page, shop: Shop, live_server: Any) -> Page:
    come_in(page.context, shop, live_server.url)
    return page


def states(*orders: Order) -> list[str]:
    return [Order.objects.get(pk=order.pk).state for order in orders]


def test_a_word_is_mapped_with_the_keyboard_alone(person: Page, shop: Shop):
    orders = [shop.order(ship="std-eu") for _ in range(3)]
    person.goto(shop.url("held"))
    field = person.get_by_label("Ship code for std-eu")
    expect(field).to_have_value("EU-STD")  # the suggestion stands in the field

    field.focus()
    person.keyboard.type("EU-EXP")  # a list of choices: typing chooses
    expect(field).to_have_value("EU-EXP")
    person.keyboard.press("Tab")
    expect(person.get_by_role("button", name="Map it")).to_be_focused()
    person.keyboard.press("Enter")

    expect(person.get_by_text("“std-eu” means EU-EXP. 3 orders go.")).to_be_visible()
    expect(person.get_by_text("Nothing is held")).to_be_visible()
    assert states(*orders) == ["ready"] * 3

    undo = person.locator(".toast-line").get_by_role("button", name="Undo")
    undo.focus()
    person.keyboard.press("Enter")
    expect(person.locator(".notice").get_by_text("Taken back: std-eu. 3 are back.")).to_be_visible()
    assert states(*orders) == ["held"] * 3


def test_where_the_warehouse_lists_no_codes_any_code_is_typed(person: Page, shop: Shop):
    shop.partner.ship_codes = []
    shop.partner.save()
    order = shop.order(ship="std-eu")
    person.goto(shop.url("held"))

    person.get_by_label("Ship code for std-eu").fill("  whatever-7 ")
    person.keyboard.press("Enter")

    expect(person.locator("[data-toast-text]", has_text="“std-eu” means whatever-7.")).to_be_visible()
    assert Order.objects.get(pk=order.pk).ship_code == "whatever-7"


def test_products_are_offered_while_one_types_and_nonsense_is_said_beside_the_field(person: Page, shop: Shop):
    order = shop.order(skus=("TEAPOT",))
    make_product(shop.account, "TEA-POT", name="Pot for tea")
    person.goto(shop.url("held"))
    field = person.get_by_label("Product for TEAPOT")
    expect(field).to_have_value("TEA-POT")  # suggested: but for the separator it is the same SKU

    field.fill("")
    field.press_sequentially("tea")
    expect(person.locator("#products-found option[value='TEA-POT']")).to_have_count(1)
    field.fill("no such thing")
    person.keyboard.press("Enter")
    expect(person.get_by_text("You have no product with the SKU “no such thing”.")).to_be_visible()
    expect(person.get_by_label("Product for TEAPOT")).to_have_value("no such thing")
    person.get_by_label("Product for TEAPOT").fill("tea-pot")
    person.get_by_role("button", name="Link it").click()

    expect(person.get_by_text("“TEAPOT” means TEA-POT. 1 order goes.")).to_be_visible()
    assert states(order) == ["ready"]
    assert Listing.objects.get(sku="TEAPOT").product.sku == "TEA-POT"


def test_many_orders_are_let_go_while_the_page_counts(person: Page, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(held, "AT_ONCE", 1)
    orders = [shop.order(ship="std-eu") for _ in range(2)]
    person.goto(shop.url("held"))

    person.get_by_role("button", name="Map it").click()
    expect(person.locator(".notice progress")).to_be_visible()
    lift_mapped("ship_code", ShipMethod.objects.get(title="std-eu").pk, now=NOW, actor="schedule")

    expect(person.get_by_text("2 orders wait for it no more.")).to_be_visible()
    expect(person.locator(".notice progress")).to_have_count(0)
    assert states(*orders) == ["ready"] * 2


def test_a_group_is_given_an_owner_a_note_and_a_snooze_by_keyboard(person: Page, shop: Shop):
    shop.order(ship="std-eu")
    person.goto(shop.url("held"))

    person.get_by_text("Owner, note, snooze").press("Enter")
    person.get_by_label("Note").fill("Asked the warehouse")
    person.keyboard.press("Tab")
    person.keyboard.type("Until tomorrow")
    person.get_by_label("Note").press("Enter")

    expect(person.get_by_text("or at once when twice as many wait for it")).to_be_visible()
    person.get_by_role("link", name="Snoozed").click()
    expect(person.get_by_text("Asked the warehouse", exact=True)).to_be_visible()
    expect(person.get_by_text("Snoozed until")).to_be_visible()


def test_lifting_for_a_group_asks_first(person: Page, shop: Shop):
    order = shop.order()
    place_hold(order, HoldKind.FRAUD, "Two cards were tried", by="Ann", now=NOW)
    person.goto(shop.url("held"))

    person.get_by_role("button", name="Lift for all").click()
    person.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert states(order) == ["held"]
    person.get_by_role("button", name="Lift for all").click()
    person.get_by_role("dialog").get_by_role("button", name="Lift").click()

    expect(person.locator(".notice").get_by_text("1 order is no longer held: fraud check.")).to_be_visible()
    assert states(order) == ["ready"]


def test_lifting_the_chosen_orders_holds_asks_first(person: Page, shop: Shop):
    order = shop.order()
    place_hold(order, HoldKind.FRAUD, "Two cards were tried", by="Ann", now=NOW)
    person.goto(shop.url("orders"))
    person.get_by_label("Choose all rows of this page").check()

    person.locator("[data-bulk]").get_by_role("button", name="Lift").click()
    box = person.get_by_role("dialog", name="Lift the holds of the chosen orders?")
    expect(box).to_be_visible()
    assert states(order) == ["held"]
    box.get_by_role("button", name="Lift").click()

    expect(person.get_by_text("1 order is no longer held.")).to_be_visible()
    assert states(order) == ["ready"]


def test_several_orders_are_held_from_the_bar_and_enter_presses_no_button_by_chance(person: Page, shop: Shop):
    orders = [shop.order() for _ in range(2)]
    place_hold(orders[0], HoldKind.FRAUD, "first", by="Ann", now=NOW)
    person.goto(shop.url("orders"))
    person.get_by_label("Choose all rows of this page").check()

    person.locator("[data-bulk]").get_by_role("button", name="Hold", exact=True).click()
    person.get_by_label("Note", exact=True).fill("Wait for the labels")
    person.keyboard.press("Enter")
    assert states(*orders) == ["held", "new"]
    person.get_by_role("button", name="Hold them").click()

    expect(person.get_by_text("2 orders are held.")).to_be_visible()
    assert states(*orders) == ["held", "held"]


def test_a_pasted_list_of_numbers_is_shown(person: Page, shop: Shop):
    for number in ("10001", "10002", "10003"):
        shop.order(number=number)
    person.goto(shop.url("orders"))

    person.get_by_role("button", name="Paste numbers").click()
    expect(person.get_by_label("Order numbers")).to_be_focused()
    person.get_by_label("Order numbers").fill("10001\n10003\n10077")
    person.get_by_role("button", name="Show these orders").click()

    expect(person.locator("tbody tr")).to_have_count(2)
    expect(person.get_by_text("1 of 3 numbers is not here: 10077.")).to_be_visible()


def test_the_address_is_completed_where_the_headline_says_it_lacks(person: Page, shop: Shop):
    order = shop.order(ship_to=Party(name="Ann Lee", country="DE"))
    person.goto(shop.url("order", pk=order.pk))

    person.get_by_role("button", name="Complete the address").click()
    expect(person.get_by_label("Name", exact=True)).to_be_focused()
    person.get_by_label("Street", exact=True).fill("Lange Straße 12")
    person.get_by_label("City").fill("Bonn")
    person.get_by_label("E-mail", exact=True).fill("nonsense")
    person.get_by_role("button", name="Save address").click()
    expect(person.get_by_text("Enter a valid email address.")).to_be_visible()
    expect(person.get_by_label("Street", exact=True)).to_have_value("Lange Straße 12")
    person.get_by_label("E-mail", exact=True).fill("ann@example.com")
    person.get_by_label("Postcode").fill("53111")
    person.get_by_role("button", name="Save address").click()

    expect(person.get_by_text("The address is saved.")).to_be_visible()
    expect(person.get_by_text("Offered to Nord, which has not taken it yet.")).to_be_visible()
    assert states(order) == ["ready"]


def test_holding_asks_for_the_reason_on_the_page(person: Page, shop: Shop):
    order = shop.order()
    person.goto(shop.url("order", pk=order.pk))

    person.locator(".head-actions").get_by_role("button", name="Hold").click()
    person.get_by_label("Note", exact=True).fill("The buyer is on holiday")
    person.get_by_role("button", name="Hold it").click()
    expect(person.get_by_text("Held by hand: The buyer is on holiday.").first).to_be_visible()
    person.get_by_role("button", name="Lift this hold").first.click()

    expect(person.get_by_text("No longer held: held by hand.")).to_be_visible()
    assert states(order) == ["ready"]


def test_what_happens_meanwhile_appears_by_itself(person: Page, shop: Shop):
    order = shop.order()
    person.clock.install()
    person.goto(shop.url("order", pk=order.pk))
    expect(person.locator("#state")).to_have_text("New")

    offer_waiting(shop.store, now=NOW)
    person.clock.run_for(11_000)

    expect(person.locator("#state")).to_have_text("Ready")
    expect(person.locator("#story")).to_contain_text("Offered to Nord.")
    expect(person.locator("#headline")).to_contain_text("which has not taken it yet")


def test_a_row_that_is_ticked_while_its_list_is_asked_for_anew_stays_ticked(person: Page, shop: Shop):
    shop.order()
    offer_waiting(shop.store, now=NOW)
    person.clock.install()
    person.goto(shop.url("to_ship"))
    person.evaluate(
        """document.addEventListener("htmx:afterOnLoad", (event) => {
             if (event.detail.elt.id.startsWith("list-")) document.body.dataset.answered = "";
           })"""
    )
    on_its_way: list[Route] = []
    person.route("**/to-ship/", lambda route: on_its_way.append(route))
    with person.expect_request("**/to-ship/"):
        person.clock.run_for(11_000)
    tick = person.locator("tbody input[name=row]")
    tick.check()

    on_its_way[0].continue_()

    expect(person.locator("body[data-answered]")).to_be_visible()
    expect(tick).to_be_checked()


def test_raw_data_is_read_when_asked_for(person: Page, shop: Shop):
    order = shop.order(number="10042")
    person.goto(shop.url("order", pk=order.pk))

    person.get_by_role("button", name="Show it").click()

    expect(person.locator("pre.raw")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_meet_wcag_2_2_aa_and_nothing_scrolls_sideways(
    browser: Browser, live_server: Any, shop: Shop, theme: str, width: int
):
    long = shop.order(number="A-very-long-order-number-0123456789", ship="A way of shipping with quite a long name")
    shop.order(skus=("TEAPOT",))
    shop.order(ship_to=Party(name="Ann", country="DE"))
    shop.order(location_uid="loc-1", location_name="Berlin shop")
    place_hold(shop.order(), HoldKind.FRAUD, "Two cards were tried", by="Ann", now=NOW)
    # axe puts styles of its own into the page it looks at, which our policy forbids to everybody else
    context = browser.new_context(
        base_url=live_server.url, bypass_csp=True, reduced_motion="reduce", viewport={"width": width, "height": 844}
    )
    come_in(context, shop, live_server.url)
    context.add_init_script(f"localStorage.setItem('fcp.theme', '{theme}')")
    page, found, wide = context.new_page(), [], []
    group = f"{shop.url('group')}?kind=ship_code&cause={long.ship_method_id}"
    for path in (shop.url("held"), group, shop.url("orders"), shop.url("order", pk=long.pk)):
        page.goto(path)
        for hidden in ("#hold", "#edit-address", "#edit-details", "#paste"):
            page.evaluate("id => { const part = document.querySelector(id); if (part) part.hidden = false; }", hidden)
        page.evaluate("for (const part of document.querySelectorAll('details.why')) part.open = true")
        found += wcag_faults(page, path)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(path)
    context.close()

    assert found == []
    assert wide == []
