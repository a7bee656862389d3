"""Quick actions, and the way to a live integration."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from fcp.models import Account, Store, User
from integrations.connectors.declaring import FlowKind
from integrations.models import Integration, Run, SettingsVersion
from integrations.sandbox.server import Sandbox
from inventory.models import Warehouse
from mappings.mapping import map_location
from mappings.models import Location, ShipMethod
from mappings.take import take_products, takeable
from orders.models import Order, ShippingRequest
from orders.state import State
from tests.build import PASSWORD, make_account, make_partner, make_product, make_user, make_warehouse
from tests.integrations.flows.world import connect_store, flow_of, map_everything, work
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, words


def at(integration: Integration, rest: str = "") -> str:
    return f"/a/shoes/integrations/{integration.pk}/{rest}"


@pytest.fixture
def live_shop(transactional_db: None, sandbox: Sandbox) -> Integration:
    """Orders of the store are here; nothing is mapped; not live."""
    account = make_account("shoes", name="Shoes Ltd")
    for _ in range(2):
        sandbox.wix.place_order("v1", shipping="Standard")
    shop = connect_store(sandbox, "v1", account=account)
    work()
    return shop


@pytest.fixture
def ann(live_shop: Integration) -> Client:
    return signed_in(make_user(live_shop.account, first_name="Ann"))


# --- Sync -------------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-18", "TECH-19")
def test_sync_runs_the_flows_that_were_chosen(live_shop: Integration, ann: Client, sandbox: Sandbox) -> None:
    sandbox.wix.place_order("v1")
    Run.objects.all().delete()

    ann.post(at(live_shop, "sync/"), {"flows": ["orders"]})
    work()

    assert [(run.flow.kind, run.by, run.created) for run in Run.objects.all()] == [("orders", "Ann", 1)]
    assert Order.objects.count() == 3


def test_sync_offers_what_is_on_and_asks_for_a_choice(client: Client, open_shop: Integration) -> None:
    page = client.get(at(open_shop))
    assert_in_order(words(page), "What to sync now", "Orders", "Products off", "Inventory off")

    assert "Choose what to sync." in client.post(at(open_shop, "sync/"), {}, follow=True).content.decode()
    refused = client.post(at(open_shop, "sync/"), {"flows": ["products"]}, follow=True)
    assert "not one of the available choices" in refused.content.decode()


def test_sync_is_no_business_of_a_viewer(viewer: Client, open_shop: Integration) -> None:
    assert viewer.post(at(open_shop, "sync/"), {"flows": ["orders"]}).status_code == 403


# --- Delete -----------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-23")
def test_delete_says_what_goes_and_what_stays_and_removes_the_connection(live_shop: Integration, ann: Client) -> None:
    text = words(ann.get(at(live_shop, "delete/")))
    assert_in_order(text, "What goes", "The key to the store", "What stays", "2 orders with their history", "Keep it")
    assert Integration.objects.exists()  # asking changes nothing

    ann.post(at(live_shop, "delete/"))

    assert not Integration.objects.exists()
    assert Store.objects.get().connected is False
    assert (Order.objects.count(), SettingsVersion.objects.count()) == (2, 2)
    assert ann.get(at(live_shop)).status_code == 404
    assert "MyShop" not in words(ann.get("/a/shoes/integrations/"))


# --- the checklist, trying, going live ------------------------------------------------------------------------------


def test_the_checklist_says_what_is_left_and_ticks_what_is_done(live_shop: Integration, ann: Client) -> None:
    def done() -> dict[str, bool]:
        return {step.key: step.done for step in ann.get(at(live_shop)).context["steps"]}

    assert done() == {
        "connected": True, "setup": True, "catalogue": False, "ship_codes": False, "warehouse": True, "tried": False,
    }  # fmt: skip
    assert f"Take {takeable(live_shop.store)} products from this store" in words(ann.get(at(live_shop)))

    map_everything(live_shop)

    assert [key for key, ok in done().items() if not ok] == ["tried"]


def test_one_order_is_tried_step_by_step(live_shop: Integration, ann: Client) -> None:
    order = Order.objects.latest("pk")
    assert order.number in words(ann.get(at(live_shop, "try/")))  # proposed
    nothing = ann.post(at(live_shop, "try/"), {"number": "no such order"})
    assert "We have not seen an order no such order" in words(nothing)
    assert "Give the number of an order" in words(ann.post(at(live_shop, "try/"), {"number": ""}))
    held = ann.post(at(live_shop, "try/"), {"number": order.number})
    assert "It waits: ship code missing" in words(held)
    map_everything(live_shop)

    page = ann.post(at(live_shop, "try/"), {"number": order.number})

    assert_in_order(
        words(page), f"The store has order {order.number}.", "Nothing keeps it back.", "The warehouse can take it"
    )
    assert ShippingRequest.objects.get().order_id == order.pk  # this one alone


def test_going_live_says_what_will_happen_and_hands_over(live_shop: Integration, ann: Client) -> None:
    assert "No order goes to the warehouse at this moment, 2 stay held." in words(ann.get(at(live_shop)))
    map_everything(live_shop)
    page = ann.get(at(live_shop))
    assert "2 orders go to the warehouse now." in words(page)
    assert 'data-confirm="2 orders go to the warehouse now.' in page.content.decode()
    assert ShippingRequest.objects.count() == 0

    ann.post(at(live_shop, "live/"))
    work()

    assert ShippingRequest.objects.count() == 2
    text = words(ann.get(at(live_shop)))
    assert "Before it is live" not in text
    assert "Pause handing over" in text


def test_handing_over_is_paused_and_resumed(live_shop: Integration, ann: Client, sandbox: Sandbox) -> None:
    map_everything(live_shop)
    ann.post(at(live_shop, "live/"))
    work()
    ann.post(at(live_shop, "pause/"))
    assert "Handing over paused" in words(ann.get(at(live_shop)))
    sandbox.wix.place_order("v1", shipping="Standard")
    ann.post(at(live_shop, "sync/"), {"flows": ["orders"]})
    work()
    assert (Order.objects.count(), ShippingRequest.objects.count()) == (3, 2)

    ann.post(at(live_shop, "resume/"))
    work()

    assert ShippingRequest.objects.count() == 3


# --- the mapping tabs -----------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-37", "TECH-38")
def test_carrier_mappings_are_used_when_receiving_orders_only(live_shop: Integration, ann: Client) -> None:
    page = ann.get(at(live_shop, "carriers/"))
    assert "Used only when orders are received from Wix, never when shipments are sent back" in words(page)
    (row,) = page.context["list"].rows
    assert row.waiting == 2

    ann.post(row.url, {"target": "GROUND"})
    work()

    mapped = ShipMethod.objects.get()
    assert (mapped.target, mapped.target_carrier, mapped.target_service) == ("GROUND", "UPS", "Ground")
    assert set(Order.objects.values_list("ship_code", flat=True)) == {"GROUND"}
    assert [r.pk for r in ann.get(at(live_shop, "carriers/")).context["list"].rows] == [mapped.pk]


@pytest.mark.req("TECH-40", "TECH-41")
def test_warehouse_mappings_bind_a_location_and_can_be_changed(live_shop: Integration, ann: Client) -> None:
    east, west = (make_warehouse(live_shop.account, name=name, partner=make_partner()) for name in ("East", "West"))
    page = ann.get(at(live_shop, "warehouses/"))
    assert "Applied when orders are received: bind each location of the store" in words(page)
    assert "before you synchronize orders" in words(page)
    row = page.context["list"].rows[0]

    ann.post(row.url, {"target": str(east.pk)})
    assert Location.objects.get(pk=row.pk).warehouse == east
    ann.post(row.url, {"target": str(west.pk)})

    assert Location.objects.get(pk=row.pk).warehouse == west
    assert_in_order(words(ann.get(row.url)), "Changed from East to West.", "Mapped to East.")


@pytest.mark.req("TECH-39")
def test_sku_mappings_are_reviewed_set_and_taken_over(live_shop: Integration, ann: Client) -> None:
    first = make_product(live_shop.account, "HAND-MADE")
    page = ann.get(at(live_shop, "skus/"))
    row, take = page.context["list"].rows[-1], page.context["take"]
    ann.post(row.url, {"target": "hand-made"})
    row.refresh_from_db()
    assert row.product == first
    assert row.pk not in [one.pk for one in ann.get(at(live_shop, "skus/")).context["list"].rows]

    page = ann.post(at(live_shop, "skus/take/"), follow=True)

    assert f"{take - 1} products are in your catalogue now." in page.content.decode()
    assert ann.get(at(live_shop, "skus/")).context["take"] == 0
    without_sku = ann.get(at(live_shop, "skus/")).context["list"].rows
    assert {one.sku for one in without_sku} == {""}


@pytest.mark.browser
@pytest.mark.req("EIM-19")
def test_a_ship_code_is_mapped_by_keyboard_and_its_orders_go_on(page: Page, live_shop: Integration) -> None:
    take_products(live_shop.store, by="Ann", now=timezone.now())
    for place in Location.objects.filter(store=live_shop.store):
        map_location(place, Warehouse.objects.get(), by="Ann", now=timezone.now())
    work()
    sign_in(page, make_user(live_shop.account))
    page.goto("/a/shoes/mappings/ship-codes/")

    page.get_by_label("Ship code for Standard").focus()
    page.keyboard.type("GROUND")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("“Standard” means GROUND. 2 orders waited for it")).to_be_visible()
    assert ShipMethod.objects.get().target == "GROUND"
    work()
    assert {order.state for order in Order.objects.all()} == {State.NEW}  # not live yet: nothing holds them


def sign_in(page: Page, user: User) -> None:
    page.goto("/accounts/login/")
    page.fill("input[name=login]", user.email)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/a/shoes/")


@pytest.mark.browser
@pytest.mark.req("TECH-25")
def test_unsaved_changes_are_counted_and_leaving_asks(page: Page, transactional_db: None, sandbox: Sandbox) -> None:
    account = Account.objects.create(name="Shoes Ltd", slug="shoes")
    shop = connect_store(sandbox, "v1", account=account, on=(FlowKind.ORDERS,))
    sign_in(page, make_user(account))
    page.goto(at(shop))
    bar = page.locator("[data-unsaved-count]")
    expect(page.get_by_text("Press Save to keep your changes.")).to_be_visible()

    page.get_by_label("History").fill("12")
    page.get_by_role("checkbox", name="Unpaid").check()
    expect(bar).to_have_text("2 unsaved changes")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="Channel settings").click()
    expect(page.get_by_label("History")).to_have_value("12")
    assert asked == ["beforeunload"]

    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_text("The settings of MyShop are saved.")).to_be_visible()
    assert flow_of(shop).interval == 30
