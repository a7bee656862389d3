"""Push products: the page that lists what would be created, changed, converted and hidden, and its answers."""

import csv
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from fcp.models import Account
from fcp.roles import Role
from integrations.connectors.declaring import FlowKind
from integrations.models import Integration, ProductPush
from integrations.models.products import PushState, RowState
from integrations.sandbox.server import Sandbox
from inventory.models import Product, ProductGroup
from mappings.models import Listing, Location
from tests.browser import sign_in
from tests.build import make_account, make_product, make_user, make_warehouse
from tests.integrations.flows.world import change_settings, connect_store, work
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import words


@pytest.fixture
def account(transactional_db: None) -> Account:
    return make_account("shoes", name="Shoes Ltd", time_zone="Europe/Berlin")


@pytest.fixture
def selling(account: Account, sandbox: Sandbox) -> Integration:
    """A live store with pushing on; here is a shirt with a missing combination, a new cup, and a changed price."""
    shop = connect_store(sandbox, "v1", account=account, on=(FlowKind.PRODUCTS,), fills=True)
    work()
    change_settings(shop, flows={"products": {"mode": "push", "interval": 60}})
    Integration.objects.filter(pk=shop.pk).update(live=True)
    work()
    shirt = ProductGroup.objects.create(account=account, code="SHIRT", name="Shirt", options=["Size", "Color"])
    for sku, options in {"SH-SR": ["S", "Red"], "SH-LB": ["L", "Blue"]}.items():
        make_product(account, sku, group=shirt, options=options, price=Decimal(12), currency="EUR")
    make_product(account, "CUP-NEW", name="New cup", price=Decimal("7.50"), currency="EUR")
    make_product(account, "FREE", name="Without a price")
    changed = Product.objects.filter(account=account, group=None, sku="GRIND-1").get()
    changed.price = Decimal("51.00")
    changed.save()
    shop.refresh_from_db()
    return shop


def at(shop: Integration, rest: str = "") -> str:
    return f"/a/shoes/integrations/{shop.pk}/products/{rest}"


def press(client: Client, shop: Integration, what: str, **given: Any) -> str:
    push = ProductPush.objects.order_by("-pk").first()
    answer = client.post(at(shop, f"{what}/"), {"push": push.pk if push else "", **given}, follow=True)
    work()
    return words(answer)


@pytest.mark.req("TECH-20", "TECH-21", "TECH-53")
def test_the_preview_says_both_warnings_and_lists_each_product_with_before_and_after(
    selling: Integration, client: Client, sandbox: Sandbox
) -> None:
    page = words(client.get(at(selling)))
    assert "turn a product with variants" in page
    assert "with no SKU, and hidden" in page
    assert "Nothing is sent before a person confirms" in page

    press(client, selling, "start", create="1")

    page = words(client.get(at(selling)))
    assert "2 products are created , 1 product is changed ; 2 variants are made without a SKU and hidden" in page
    assert "1 cannot be sent" in page
    assert "turn a product with variants" in page
    rows = {row.title: row for row in client.get(at(selling)).context["list"].rows}
    assert [(line.before, line.after) for line in rows["Hand grinder"].lines] == [("49.00 EUR", "51.00 EUR")]
    assert rows["Shirt"].hidden == 2
    assert "Options Size: S, L; Color: Red, Blue" in page
    assert "Without a price" in page
    assert "FREE has no price in the store's currency." in page
    assert not any(p["name"] in ("Shirt", "New cup") for p in sandbox.wix.site("v1").products)


def test_filters_search_and_the_file_show_the_same_rows(selling: Integration, client: Client) -> None:
    press(client, selling, "start", create="1")

    def titles(**query: str) -> set[str]:
        return {row.title for row in client.get(at(selling), query).context["list"].rows}

    assert titles(action="change") == {"Hand grinder"}
    assert titles(action="create", state="planned") == {"Shirt", "New cup"}
    assert titles(hides="1") == {"Shirt"}
    assert titles(q="new c") == {"New cup"}
    body = b"".join(
        client.get(at(selling), {"format": "csv", "action": "create", "state": "planned"}).streaming_content
    )
    rows = list(csv.DictReader(body.decode().splitlines()))
    assert {(row["Product"], row["Hidden variants"]) for row in rows} == {("Shirt", "2"), ("New cup", "0")}


def test_only_those_who_may_change_integrations_send_and_then_it_is_sent(
    selling: Integration, client: Client, sandbox: Sandbox
) -> None:
    operator = signed_in(make_user(selling.account, Role.OPERATOR))
    press(operator, selling, "start", create="1")
    push = ProductPush.objects.get()
    for what in ("confirm", "drop", "leave-out", "again"):
        assert operator.post(at(selling, f"{what}/"), {"push": push.pk}).status_code == 403
    assert "A person who may change integrations sends it." in words(operator.get(at(selling)))
    assert signed_in(make_user(selling.account, Role.VIEWER)).post(at(selling, "start/")).status_code == 403

    said = press(client, selling, "confirm")

    assert "3 products go to the store now." in said
    push.refresh_from_db()
    assert push.state == PushState.DONE
    names = {p["name"]: p for p in sandbox.wix.site("v1").products}
    assert {"Shirt", "New cup"} <= set(names)
    assert names["Hand grinder"]["variants"][0]["price"] == 51
    page = words(client.get(at(selling)))
    assert "3 products sent, 1 refused, confirmed by Ann Lee" in page


def test_ticked_rows_stay_as_they_are_and_a_push_that_was_not_shown_is_not_confirmed(
    selling: Integration, client: Client, sandbox: Sandbox
) -> None:
    press(client, selling, "start", create="1")
    push = ProductPush.objects.get()
    assert client.post(at(selling, "confirm/"), {}).status_code == 404
    assert client.post(at(selling, "confirm/"), {"push": push.pk + 1}).status_code == 404

    said = press(client, selling, "leave-out", row=[push.rows.get(title="Shirt").pk])
    assert "1 product stays as it is." in said
    press(client, selling, "confirm")

    assert not any(p["name"] == "Shirt" for p in sandbox.wix.site("v1").products)
    assert push.rows.filter(state=RowState.DONE).count() == 2
    assert "Somebody answered this just now" in press(client, selling, "drop")


def test_a_flow_that_does_not_push_says_where_to_switch_it_on(
    account: Account, sandbox: Sandbox, client: Client
) -> None:
    shop = connect_store(sandbox, "v1", account=account, on=(FlowKind.PRODUCTS,), fills=True)
    work()

    page = words(client.get(at(shop)))

    assert "Nothing is pushed." in page
    assert "Set its products flow to Push first" in page
    assert "Work out what would be sent" not in page


def test_listings_that_no_pull_takes_over_are_listed_with_the_reason(
    account: Account, sandbox: Sandbox, client: Client
) -> None:
    shop = connect_store(sandbox, "v1", account=account, on=(FlowKind.PRODUCTS,), fills=True)
    work()

    page = words(client.get(at(shop, "unused/")))

    assert "Sample without SKU" in page
    assert "It has no SKU." in page


@pytest.mark.browser
def test_a_person_looks_through_the_preview_and_sends_it_also_at_390_pixels(
    selling: Integration, client: Client, page: Page, live_server: Any
) -> None:
    sign_in(page.context, client, live_server.url)
    page.goto(at(selling))
    with page.expect_navigation():
        page.get_by_role("button", name="Work out what would be sent").click()
    work()
    page.goto(at(selling))
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Send 3 products").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 variants are made without a SKU and hidden")
    dialog.get_by_role("button", name="Send these products").click()
    expect(page.get_by_text("3 products go to the store now.")).to_be_visible()
    work()
    page.reload()
    expect(page.get_by_text("3 products sent")).to_be_visible()


# --- mapping tabs of an integration ----------------------------------------------------------------------------------


@pytest.mark.req("TECH-39")
def test_the_sku_mappings_tab_shows_what_is_to_map_and_sets_it(
    account: Account, sandbox: Sandbox, client: Client
) -> None:
    shop = connect_store(sandbox, "v1", account=account, on=(FlowKind.PRODUCTS,))
    work()
    mug = make_product(account, "OUR-GRINDER")
    listing = Listing.objects.get(store=shop.store, sku="GRIND-1")

    page = client.get(f"/a/shoes/integrations/{shop.pk}/skus/")
    assert listing in page.context["list"].rows
    client.post(f"/a/shoes/mappings/skus/{listing.pk}/", {"target": "OUR-GRINDER", "units": "1"})

    listing.refresh_from_db()
    assert (listing.product, listing.by_hand) == (mug, True)
    assert listing not in client.get(f"/a/shoes/integrations/{shop.pk}/skus/").context["list"].rows
    assert listing in client.get(f"/a/shoes/integrations/{shop.pk}/skus/all/").context["list"].rows


@pytest.mark.req("TECH-40")
def test_the_locations_of_a_v3_store_are_offered_in_its_warehouse_mappings(
    account: Account, sandbox: Sandbox, client: Client
) -> None:
    shop = connect_store(sandbox, "v3", account=account, on=())
    work()
    first, second = make_warehouse(account), make_warehouse(account)

    page = client.get(f"/a/shoes/integrations/{shop.pk}/warehouses/")
    rows = {row.name: row for row in page.context["list"].rows}
    assert set(rows) == {"Göteborg", "Malmö"}
    client.post(f"/a/shoes/mappings/locations/{rows['Malmö'].pk}/", {"target": str(first.pk)})
    client.post(f"/a/shoes/mappings/locations/{rows['Malmö'].pk}/", {"target": str(second.pk)})

    places = {place["id"]: place["name"] for place in sandbox.wix.site("v3").locations}
    bound = Location.objects.get(store=shop.store, warehouse=second)
    assert places[bound.uid] == "Malmö"  # under the id that orders name
