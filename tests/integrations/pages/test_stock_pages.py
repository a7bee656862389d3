"""Push preview, the first push, a guard's question, drift, why it was oversold, and what other pages say of stock."""

from __future__ import annotations

import csv
import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from fcp.models import Account, AuditEntry
from fcp.roles import Role
from integrations.connectors.declaring import FlowKind
from integrations.live import go_live
from integrations.models import Integration, StockPush, StockSent
from integrations.sandbox.server import Sandbox
from integrations.stock_answers import allow_first_push, want_reading_back
from inventory.levels import LevelItem, report_levels
from inventory.models import KeptBy, Product, Warehouse
from mappings.models import Listing, ListingStock, Location
from tests.browser import sign_in
from tests.build import make_account, make_listing, make_product, make_store, make_user
from tests.integrations.flows.world import change_settings, connect_store, map_everything, sync, work
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, words

ON = (FlowKind.ORDERS, FlowKind.PRODUCTS, FlowKind.INVENTORY)
FORGOTTEN = "MOKA-9"


def at(shop: Integration, rest: str = "") -> str:
    return f"/a/shoes/integrations/{shop.pk}/stock/{rest}"


def cells(client: Client, url: str, **query: str) -> dict[str, tuple[Any, Any]]:
    """SKU -> (what the store confirmed, what it becomes) of the rows of the page."""
    rows = client.get(url, query).context["list"].rows
    return {look.listing.sku: (look.confirmed, look.becomes) for row in rows for look in row.looks}


def report(shop: Integration, **levels: int) -> None:
    """`MOKA_9=3`: the warehouse reports a level of MOKA-9."""
    warehouse = Warehouse.objects.for_account(shop.account).get()
    items = [LevelItem(sku.replace("_", "-"), number, timezone.now()) for sku, number in levels.items()]
    answers = report_levels(warehouse, items, actor="Stand-in warehouse", now=timezone.now())
    assert all(answer.taken for answer in answers), answers


@pytest.fixture
def stocked(transactional_db: None, sandbox: Sandbox) -> Integration:
    """The warehouse has what the store shows, but for JUG-350M (3 fewer), JUG-600M (2 more), and no level of MOKA-9."""
    for sku, shown in sandbox.wix.stock("v1").items():
        if shown is not None and sku:
            sandbox.wix.set_stock("v1", sku, 20)
    shop = connect_store(sandbox, "v1", account=make_account("shoes", name="Shoes Ltd"), on=ON)
    work()
    map_everything(shop)
    counted = Listing.objects.filter(store=shop.store, product__isnull=False).exclude(tracked=False)
    levels = {row.sku.replace("-", "_"): 20 for row in counted if row.sku != FORGOTTEN}
    report(shop, **levels | {"JUG_350M": 17, "JUG_600M": 22})
    sync(shop, FlowKind.INVENTORY)
    return shop


@pytest.fixture
def ann(stocked: Integration) -> Client:
    return signed_in(make_user(stocked.account, first_name="Ann"))


# --- push preview ----------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-33")
def test_the_preview_counts_what_differs_and_what_is_left_out_with_the_reason(
    stocked: Integration, ann: Client
) -> None:
    page = ann.get(at(stocked))

    listings = Listing.objects.filter(store=stocked.store).count()
    assert_in_order(
        words(page), f"{listings} listings", "2 differ", "1 left out because no level was ever reported", "left out"
    )
    assert cells(ann, at(stocked), show="differ") == {"JUG-350M": (20, 17), "JUG-600M": (20, 22)}
    assert set(cells(ann, at(stocked), show="no_level")) == {FORGOTTEN}
    assert "No warehouse that counts here ever reported a level" in words(ann.get(at(stocked), {"show": "no_level"}))
    assert set(cells(ann, at(stocked), q="jug-3")) == {"JUG-350M"}


def test_a_number_opens_its_steps(stocked: Integration, ann: Client) -> None:
    change_settings(stocked, stock_reserve=4)

    text = words(ann.get(at(stocked), {"q": "JUG-350M"}))

    assert_in_order(text, "Level at", "17", "Kept back as reserve", "-4", "13")


def test_the_stores_own_numbers_are_read_for_the_rows_of_the_page(
    stocked: Integration, ann: Client, sandbox: Sandbox
) -> None:
    sandbox.wix.set_stock("v1", "JUG-350M", 11)
    [row] = ann.get(at(stocked), {"q": "JUG-350M"}).context["list"].rows

    part = ann.get(row.live)

    assert_in_order(words(part), "Numbers in the store as of", "11", "+6")
    assert f'id="live-{row.pk}-0" hx-swap-oob="true"' in part.content.decode()


def test_a_store_that_does_not_answer_leaves_the_page_as_it_was_confirmed(
    stocked: Integration, ann: Client, sandbox: Sandbox
) -> None:
    sandbox.wix.misbehave("error", "v1", count=-1)
    page = ann.get(at(stocked), {"q": "JUG-350M"})

    part = ann.get(page.context["list"].rows[0].live)

    assert cells(ann, at(stocked), q="JUG-350M") == {"JUG-350M": (20, 17)}
    assert_in_order(words(part), "The store's numbers could not be read now.", "Shown is what it last confirmed.")
    assert part.status_code == 200


def test_the_file_has_a_line_for_every_listing_with_its_reason(stocked: Integration, ann: Client) -> None:
    answer = ann.get(at(stocked), {"format": "csv"})
    rows = list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))  # type: ignore[attr-defined]

    assert len(rows) == Listing.objects.filter(store=stocked.store).count()
    by_sku = {row["SKU"]: row for row in rows}
    assert (by_sku["JUG-350M"]["In the store"], by_sku["JUG-350M"]["Becomes"]) == ("20", "17")
    assert by_sku["JUG-350M"]["Difference"] == "-3"
    assert by_sku[FORGOTTEN]["Why"].startswith("No warehouse that counts here")


def test_one_integration_is_shown_at_once_several_are_offered(
    stocked: Integration, ann: Client, sandbox: Sandbox
) -> None:
    url = "/a/shoes/push-preview/"
    assert ann.get(url)["Location"] == f"{at(stocked)}?show=differ"

    connect_store(sandbox, "v3", account=stocked.account, on=())

    assert_in_order(words(ann.get(url)), "MyShop", "2", "The first push waits for you", "NordicCup", "Off")


def test_an_account_without_a_store_is_led_to_connecting_one(client: Client, account: Account) -> None:
    assert_in_order(words(client.get("/a/shoes/push-preview/")), "No store is connected yet", "Add Integration")


# --- the first push --------------------------------------------------------------------------------------------------


def test_nothing_goes_to_the_store_before_a_person_has_pressed_send_these_quantities(
    stocked: Integration, ann: Client, sandbox: Sandbox
) -> None:
    go_live(stocked, by="Ann", now=timezone.now())
    sync(stocked, FlowKind.INVENTORY)
    assert sandbox.wix.stock("v1")["JUG-350M"] == 20
    assert_in_order(words(ann.get(at(stocked))), "Nothing was sent yet", "2 quantities change", "Send these quantities")

    said = ann.post(at(stocked, "send/"), {"first_push": "differences"}, follow=True)
    work()

    assert "Stock goes to MyShop now" in said.content.decode()
    shown = sandbox.wix.stock("v1")
    assert (shown["JUG-350M"], shown["JUG-600M"], shown[FORGOTTEN]) == (17, 22, 20)
    assert AuditEntry.objects.get(code="first_push").actor == "Ann"
    assert "Nothing was sent yet" not in words(ann.get(at(stocked)))
    assert cells(ann, at(stocked), show="differ") == {}


def test_changes_from_now_on_can_be_chosen_beside_the_button(
    stocked: Integration, ann: Client, sandbox: Sandbox
) -> None:
    go_live(stocked, by="Ann", now=timezone.now())

    ann.post(at(stocked, "send/"), {"first_push": "changes"})
    work()
    assert sandbox.wix.stock("v1")["JUG-350M"] == 20

    report(stocked, JUG_350M=9)
    sync(stocked, FlowKind.INVENTORY)
    assert sandbox.wix.stock("v1")["JUG-350M"] == 9
    assert sandbox.wix.stock("v1")["JUG-600M"] == 20


def test_the_first_push_is_for_those_who_may_change_integrations(stocked: Integration) -> None:
    operator = signed_in(make_user(stocked.account, Role.OPERATOR))

    assert operator.post(at(stocked, "send/")).status_code == 403
    page = operator.get(at(stocked))
    assert "A person who may change integrations starts the first push." in words(page)
    assert StockPush.objects.get(store=stocked.store).allowed_at is None


@pytest.mark.req("TECH-44")
def test_without_a_mapped_warehouse_the_pages_say_why_nothing_is_sent(stocked: Integration, ann: Client) -> None:
    Location.objects.filter(store=stocked.store).update(warehouse=None)
    sync(stocked, FlowKind.INVENTORY)

    assert_in_order(words(ann.get(at(stocked))), "Nothing is sent.", "None of the store's locations", "Map warehouses")
    card = words(ann.get(f"/a/shoes/integrations/{stocked.pk}/"))
    assert_in_order(card, "Inventory", "Nothing is sent: none of the store's locations is bound to a warehouse")


# --- a guard asks ----------------------------------------------------------------------------------------------------


@pytest.fixture
def emptied(stocked: Integration) -> Integration:
    """Live and started; then the warehouse reports 0 of everything."""
    go_live(stocked, by="Ann", now=timezone.now())
    allow_first_push(stocked, by="Ann", now=timezone.now())
    work()
    counted = ListingStock.objects.filter(store=stocked.store, why="", confirmed__gt=0).select_related("listing")
    report(stocked, **{row.listing.sku.replace("-", "_"): 0 for row in counted})
    sync(stocked, FlowKind.INVENTORY)
    return stocked


def test_a_guards_question_stands_on_the_dashboard_the_integration_and_the_preview(
    emptied: Integration, sandbox: Sandbox
) -> None:
    ann = signed_in(make_user(emptied.account, first_name="Ann"))
    asked = StockPush.objects.get(store=emptied.store).guard_params
    question = f"{asked['count']} of {asked['of']} listings would show 0 in the store"

    for url in ("/a/shoes/", f"/a/shoes/integrations/{emptied.pk}/", at(emptied)):
        assert question in words(ann.get(url)), url
    assert_in_order(words(ann.get(at(emptied))), question, "Send all the same", "Not now", "Look at the levels")
    assert "Inventory of MyShop asks for a decision" in words(ann.get("/all-accounts/"))
    assert sandbox.wix.stock("v1")["JUG-350M"] == 17


def test_send_all_the_same_lets_it_through(emptied: Integration, sandbox: Sandbox) -> None:
    operator = signed_in(make_user(emptied.account, Role.OPERATOR))

    operator.post(at(emptied, "answer/"), {"answer": "send"})
    work()

    assert sandbox.wix.stock("v1")["JUG-350M"] == 0
    assert "a decision is asked for" not in words(operator.get(at(emptied)))


def test_not_now_keeps_what_the_store_shows(emptied: Integration, sandbox: Sandbox) -> None:
    ann = signed_in(make_user(emptied.account, first_name="Ann"))

    ann.post(at(emptied, "answer/"), {"answer": "wait"})
    work()

    assert sandbox.wix.stock("v1")["JUG-350M"] == 17
    again = ann.post(at(emptied, "answer/"), {"answer": "send"}, follow=True)
    assert "Somebody answered this just now" in again.content.decode()


def test_a_viewer_sees_the_question_and_cannot_answer(emptied: Integration) -> None:
    viewer = signed_in(make_user(emptied.account, Role.VIEWER))

    assert "Send all the same" not in words(viewer.get(at(emptied)))
    assert viewer.post(at(emptied, "answer/"), {"answer": "send"}).status_code == 403


# --- drift -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def drifted(stocked: Integration, sandbox: Sandbox) -> Integration:
    """Started, everything told; then somebody changes two numbers in the store, and they are read back."""
    go_live(stocked, by="Ann", now=timezone.now())
    allow_first_push(stocked, by="Ann", now=timezone.now())
    work()
    sandbox.wix.set_stock("v1", "JUG-350M", 40)
    sandbox.wix.set_stock("v1", "GRIND-1", 41)
    want_reading_back(stocked, by="Ann", now=timezone.now())
    work()
    return stocked


def drift_of(shop: Integration) -> dict[str, int]:
    rows = ListingStock.objects.filter(store=shop.store, drift__isnull=False)
    return {sku: drift for sku, drift in rows.values_list("listing__sku", "drift") if drift is not None}


def row_of(shop: Integration, sku: str) -> ListingStock:
    return ListingStock.objects.get(store=shop.store, listing__sku=sku)


def test_drift_is_listed_with_both_numbers(drifted: Integration, ann: Client) -> None:
    text = words(ann.get(at(drifted, "drift/")))

    assert_in_order(text, "GRIND-1", "41", "20", "Send ours", "Take the store's number")
    assert "JUG-350M" in text
    assert "2 quantities are not what MyShop had confirmed" in words(ann.get("/a/shoes/"))


def test_ours_is_sent_again(drifted: Integration, ann: Client, sandbox: Sandbox) -> None:
    ann.post(at(drifted, "drift/"), {"ours": row_of(drifted, "JUG-350M").pk})
    work()
    assert sandbox.wix.stock("v1")["JUG-350M"] == 17
    assert drift_of(drifted) == {"GRIND-1": 41}

    ann.post(at(drifted, "drift/"), {"do": "ours", "all": "1", "query": ""})
    work()
    assert sandbox.wix.stock("v1")["GRIND-1"] == 20
    assert drift_of(drifted) == {}


def test_the_stores_number_is_refused_where_the_warehouse_reports_its_levels(drifted: Integration, ann: Client) -> None:
    said = ann.post(at(drifted, "drift/"), {"theirs": row_of(drifted, "JUG-350M").pk}, follow=True)

    assert "reports its levels itself" in said.content.decode()
    assert drift_of(drifted) == {"JUG-350M": 40, "GRIND-1": 41}


def test_the_stores_number_is_taken_where_stock_is_counted_here(drifted: Integration, ann: Client) -> None:
    Warehouse.objects.for_account(drifted.account).update(kept_by=KeptBy.PANEL)

    rows = [row_of(drifted, sku).pk for sku in ("JUG-350M", "GRIND-1")]
    said = ann.post(at(drifted, "drift/"), {"do": "theirs", "row": rows}, follow=True)
    work()

    assert "2 quantities are taken over from the store." in said.content.decode()
    assert drift_of(drifted) == {}
    assert cells(ann, at(drifted), q="JUG-350M") == {"JUG-350M": (40, 40)}


def test_read_back_now_reads_all_of_the_stores_numbers(drifted: Integration, ann: Client, sandbox: Sandbox) -> None:
    sandbox.wix.set_stock("v1", "JUG-350M", 17)
    sandbox.wix.set_stock("v1", "MOKA-3", 5)

    ann.post(at(drifted, "read/"))
    work()

    assert drift_of(drifted) == {"GRIND-1": 41, "MOKA-3": 5}


def test_correcting_asks_for_the_right_and_a_choice(drifted: Integration, ann: Client) -> None:
    viewer = signed_in(make_user(drifted.account, Role.VIEWER))
    row = row_of(drifted, "JUG-350M").pk

    assert viewer.post(at(drifted, "drift/"), {"ours": row}).status_code == 403
    assert viewer.post(at(drifted, "drift/"), {"theirs": row}).status_code == 403
    assert viewer.post(at(drifted, "read/")).status_code == 403
    assert "Choose the quantities first" in ann.post(at(drifted, "drift/"), {}, follow=True).content.decode()


# --- why was it oversold ---------------------------------------------------------------------------------------------


def test_why_it_was_oversold_tells_what_happened_in_order(drifted: Integration, ann: Client, sandbox: Sandbox) -> None:
    report(drifted, GRIND_1=1)
    sync(drifted, FlowKind.INVENTORY)
    for _ in range(2):
        sandbox.wix.set_stock("v1", "GRIND-1", 1)  # the store lets the same last piece be bought twice
        sandbox.wix.place_order("v1", skus=["GRIND-1"])
    sync(drifted)
    sync(drifted, FlowKind.INVENTORY)
    product = Product.objects.get(account=drifted.account, sku="GRIND-1")

    page = ann.get(f"/a/shoes/oversold/{product.pk}/")

    text = words(page)
    assert_in_order(text, "GRIND-1", "MyShop was told 1 at", "2 were sold at", "before we could say 0 at")
    assert_in_order(text, "reported 1", "MyShop was told 1, before that 20", "MyShop sold 1", "MyShop sold 1", "-1")
    assert f"/a/shoes/oversold/{product.pk}/" in ann.get(f"/a/shoes/products/{product.pk}/").content.decode()
    oversold = ann.get("/a/shoes/stock/", {"oversold": "1"}).content.decode()
    assert f'<a href="/a/shoes/oversold/{product.pk}/">Why?</a>' in oversold
    earlier = (timezone.now() - dt.timedelta(days=20)).isoformat()
    assert "Nothing happened to it in this time" in words(
        ann.get(page.wsgi_request.path, {"at": earlier, "hours": "6"})
    )
    assert ann.get(page.wsgi_request.path, {"at": "nonsense", "hours": "-1"}).status_code == 200


def test_why_it_was_oversold_is_asked_in_few_queries_however_much_happened(
    drifted: Integration, ann: Client, django_assert_max_num_queries: Any
) -> None:
    product = Product.objects.get(account=drifted.account, sku="GRIND-1")
    listing = Listing.objects.get(store=drifted.store, sku="GRIND-1")
    now = timezone.now()
    StockSent.objects.bulk_create(
        StockSent(account=drifted.account, store=drifted.store, listing=listing, quantity=n, at=now) for n in range(300)
    )

    with django_assert_max_num_queries(40):
        page = ann.get(f"/a/shoes/oversold/{product.pk}/")

    assert page.status_code == 200


# --- other pages -----------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-42", "TECH-43", "TECH-44")
def test_the_warehouse_mappings_tab_says_how_stock_goes_out(client: Client, shop: Integration) -> None:
    text = words(client.get(f"/a/shoes/integrations/{shop.pk}/warehouses/"))

    assert_in_order(text, "Stock goes out by these rows, too.", "one quantity for each SKU", "added up")
    assert "below 0" in text or "negative" in text
    assert "mapped" in text


def test_the_integrations_page_shows_how_its_stock_stands(stocked: Integration, ann: Client) -> None:
    text = words(ann.get(f"/a/shoes/integrations/{stocked.pk}/"))

    code = Warehouse.objects.for_account(stocked.account).get().code
    assert_in_order(text, "Inventory", "What is sent", f"The stock of {code}", "The first push waits for a person")
    assert_in_order(text, "2 differ", "1 left out because no level was ever reported")


def test_a_products_page_shows_it_in_each_store(stocked: Integration, ann: Client) -> None:
    product = Product.objects.get(account=stocked.account, sku="JUG-350M")

    text = words(ann.get(f"/a/shoes/products/{product.pk}/"))

    assert_in_order(text, "In your stores", "JUG-350M", "MyShop", "20", "17")


@pytest.mark.django_db
def test_a_changed_sku_is_a_question_with_two_answers(client: Client, account: Account, shop: Integration) -> None:
    store = shop.store
    mug, cup = make_product(account, "MUG"), make_product(account, "CUP")
    renamed = make_listing(store, "MUG-2", mug, sku_was="MUG")
    other = make_listing(store, "MUG-3", mug, sku_was="MUG")
    assert "2 SKUs changed in the store: the same product?" in words(client.get("/a/shoes/"))

    page = client.get("/a/shoes/mappings/skus/all/", {"changed": "1"})
    assert_in_order(words(page), "The store changed its SKU from MUG to MUG-2 . Is it still MUG", "Yes, the same")

    client.post(f"/a/shoes/mappings/skus/{renamed.pk}/same/")
    client.post(f"/a/shoes/mappings/skus/{other.pk}/", {"target": "CUP", "units": "1"})

    renamed.refresh_from_db()
    other.refresh_from_db()
    assert (renamed.sku_was, renamed.product) == ("", mug)
    assert (other.sku_was, other.product) == ("", cup)
    assert "changed in the store" not in words(client.get("/a/shoes/"))


@pytest.mark.django_db
def test_a_viewer_sees_the_question_of_a_changed_sku_without_the_answer(viewer: Client, account: Account) -> None:
    listing = make_listing(make_store(account), "MUG-2", make_product(account, "MUG"), sku_was="MUG")

    text = words(viewer.get("/a/shoes/mappings/skus/all/"))

    assert "The store changed its SKU from MUG to MUG-2" in text
    assert "Yes, the same" not in text
    assert viewer.post(f"/a/shoes/mappings/skus/{listing.pk}/same/").status_code == 403


# --- in the browser --------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_from_the_preview_to_the_store_in_the_browser(
    stocked: Integration, sandbox: Sandbox, ann: Client, page: Page, live_server: Any
) -> None:
    go_live(stocked, by="Ann", now=timezone.now())
    sandbox.wix.set_stock("v1", "JUG-350M", 19)
    sign_in(page.context, ann, live_server.url)
    page.goto(at(stocked))

    row = page.locator("tr", has_text="JUG-350M")
    expect(page.locator("#stock-live")).to_contain_text("Numbers in the store as of")
    expect(row.locator('[data-col="store"]')).to_have_text("19")
    expect(row.locator('[data-col="difference"]')).to_have_text("-2")
    row.locator("summary").press("Enter")
    expect(row.locator(".made-of-table")).to_contain_text("Level at")

    page.get_by_role("button", name="Send these quantities").click()
    page.get_by_role("dialog").get_by_role("button", name="Send these quantities").click()
    expect(page.get_by_text("Stock goes to MyShop now")).to_be_visible()
    work()
    assert sandbox.wix.stock("v1")["JUG-350M"] == 17
