"""New Setup: Carts, the page New Cart Setup with everything on it, and what comes of it."""

from __future__ import annotations

import datetime as dt
import html
import re
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from fcp.models import Account, ApiKey, Partner, Store
from fcp.roles import Role
from fcp.scopes import FOR_PARTNER
from integrations.connectors.declaring import FlowKind
from integrations.live import go_live
from integrations.models import Flow, Integration, SettingsVersion
from integrations.sandbox.server import Sandbox
from integrations.settings_document import document_of
from integrations.versions import restored, version_of
from integrations.views.page import platform_of
from inventory.models import AliasType, Warehouse
from orders.models import Order
from tests.build import make_account, make_partner, make_user, make_warehouse
from tests.integrations.flows.world import change_settings, connect_store, key_of, map_everything, sync, work
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, form_of, words
from tests.integrations.pages.test_connection_flow import agreed, at_the_store

CARTS = "/a/shoes/carts/"
WIX = f"{CARTS}new/wix/api_key/"
ECWID = f"{CARTS}new/ecwid/custom_app/"
SECTIONS = [
    "Client", "API Information", "Services", "Cart setup", "Order Load Options", "WMS settings",
    "Last step: Services",
]  # fmt: skip
DOCK = {"key": "dock", "label": "Dock", "help": "The <b>dock</b> that packs for this shop.", "required": True}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def in_the_demo(sandbox: Sandbox, settings: Any, tmp_path: Path) -> None:
    """Stores are reached as whoever tries the demo reaches them."""
    settings.FCP_DATA_DIR = tmp_path
    sandbox.write_info(str(tmp_path / "sandbox.info.json"))
    cache.clear()


@pytest.fixture
def warehouse(account: Account) -> Warehouse:
    """The account's only one, of a partner that asks for a dock."""
    partner = make_partner(name="Meridian WMS", fields_needed=[DOCK], guide_url="https://meridian.example/guide")
    return make_warehouse(account, partner=partner)


def filled(client: Client, url: str = WIX, **typed: Any) -> dict[str, Any]:
    """What a browser sends when a person fills the page in and presses Save."""
    page = client.get(url)
    assert page.status_code == 200, page
    return form_of(page, "new-setup", **{"do": "save", "earliest_order_date": "2026-11-01", **typed})


def set_up(client: Client, sandbox: Sandbox, site: str = "v1", **typed: Any) -> Integration:
    sent = client.post(WIX, filled(client, **key_of(sandbox, site), **typed))
    assert sent.status_code == 302, words(sent)
    made = Integration.objects.latest("pk")
    assert sent["Location"] == f"/a/shoes/integrations/{made.pk}/next/"
    return made


def headings(page: Any) -> list[str]:
    text = page.content.decode()
    return re.findall(r"<h2[^>]*>([^<]*)</h2>", text[text.index('id="new-setup"') : text.index("<aside>")])


def modes(integration: Integration) -> dict[str, str]:
    return dict(Flow.objects.filter(integration=integration).values_list("kind", "mode"))


# --- Carts -----------------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-2", "EIM-3")
def test_carts_in_the_navigation_lead_by_new_setup_to_the_choice_of_a_cart(client: Client, shop: Integration) -> None:
    side = client.get("/a/shoes/").content.decode()
    assert re.search(rf'<a href="{CARTS}"[^>]*><span>Carts</span>', side)

    carts = client.get(CARTS)
    assert shop.name in words(carts)
    head = carts.content.decode().partition('<div class="head-actions">')[2].partition("</header>")[0]
    assert re.search(rf'href="{CARTS}new/"[^>]*>.*New Setup', head)
    assert client.get("/a/shoes/channels/")["Location"] == CARTS
    assert 'href="/a/shoes/carts/new/"' in client.get("/a/shoes/integrations/").content.decode()

    choice = client.get(f"{CARTS}new/")
    assert_in_order(words(choice), "Choose the cart or marketplace", "Ecwid", "Wix")
    for tile in choice.context["tiles"]:
        assert "New Cart Setup" in words(client.get(tile.url))


def test_who_may_not_connect_sees_the_carts_and_no_new_setup(viewer: Client) -> None:
    assert f'href="{CARTS}new/"' not in viewer.get(CARTS).content.decode()
    for url in (f"{CARTS}new/", f"{CARTS}new/wix/", WIX):
        assert viewer.get(url).status_code == 403
        assert viewer.post(url, {}).status_code in (403, 405)


# --- the page --------------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-4", "EIM-8", "EIM-7")
def test_the_sections_stand_in_their_order_and_services_are_folded_and_last(
    client: Client, warehouse: Warehouse
) -> None:
    page = client.get(WIX)

    assert headings(page) == SECTIONS
    text = page.content.decode()
    folded = re.search(r'<details class="folded">(.*?)</details>', text, re.S)
    assert folded
    assert "Skip this until all else is set" in folded[1]
    last = text[text.index('id="services-last"') :]
    for label in ("Order Download", "Shipment Upload", "Inventory Upload"):
        assert label in folded[1]
        assert label in last
    assert_in_order(words(page), "Setting a service turns the connection on", "Last step: Services")
    guides = text[text.index("<aside>") :]
    assert all(one.title in html.unescape(guides) for one in page.context["platform"].guides)
    assert "Guides: Ecwid" in guides
    assert 'aria-label="Set-up guide: Connect a Wix site with an API key"' in text
    assert 'aria-label="Guide for this page: Connect a Wix site with an API key"' in text


@pytest.mark.req("EIM-6", "EIM-3")
def test_the_credentials_are_those_of_the_cart_and_the_load_options_are_the_same(client: Client) -> None:
    wix, ecwid = client.get(WIX), client.get(ECWID)

    assert [field.label for field in wix.context["key_form"]] == ["API key", "Site ID"]
    assert [field.label for field in ecwid.context["key_form"]] == ["Store ID", "Secret token", "Client secret"]
    same = [[field.label for field in page.context["form"].load_options] for page in (wix, ecwid)]
    assert same[0] == same[1]
    assert same[0][:2] == ["Reject Unmapped Shipping Codes", "Earliest Order Date"]
    assert same[0][-3:] == ["Sync Inventory With Warehouse", "Sync Inventory Alias", "Minimum Inventory Level"]
    own = [{field.name for field in page.context["form"].cart} for page in (wix, ecwid)]
    assert {"order_status", "payment_status", "fulfillment_status", "history", "throughput"} <= own[0] & own[1]


@pytest.mark.req("EIM-15")
def test_every_field_has_a_question_mark_with_what_it_is_for(client: Client, warehouse: Warehouse) -> None:
    page = client.get(WIX)
    text = page.content.decode()
    asks = dict(re.findall(r'aria-label="What is ([^"]*) for\?" aria-describedby="([^"]*)"', text))
    form, key_form = page.context["form"], page.context["key_form"]

    for field in [*key_form, *form.cart, *form.load_options, *form.wms, *form.services, *form.services_folded]:
        assert html.escape(field.label) in asks, field.label
        told = re.search(rf'id="{field.auto_id}_helptext">(.*?)</span></span>', text, re.S)
        assert told, field.label
        assert told[1].strip(), field.label
    assert "Client" in asks


def test_a_partners_words_are_shown_as_they_are_and_make_no_page(client: Client, warehouse: Warehouse) -> None:
    assert "The &lt;b&gt;dock&lt;/b&gt; that packs" in client.get(WIX).content.decode()


# --- saving ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-4", "EIM-6", "EIM-8")
def test_what_is_typed_connects_the_store_and_its_orders_come_in(
    client: Client, sandbox: Sandbox, account: Account
) -> None:
    sandbox.wix.place_order(site="v1")

    shop = set_up(
        client, sandbox, name="Paper shop", orders_interval="15", reject_unmapped="false", payment_status=["any"],
        history="60",
    )  # fmt: skip

    document = document_of(shop)
    assert (shop.name, shop.nickname, shop.account, shop.live) == ("Paper shop", "Papershop", account, False)
    assert document["earliest_order_date"] == "2026-10-31T23:00:00+00:00"  # midnight in Berlin
    assert (document["reject_unmapped"], document["payment_status"], document["history"]) == (False, ["any"], 60)
    assert document["flows"]["orders"] == {"mode": "pull", "interval": 15}
    assert modes(shop) == {
        "orders": "pull", "products": "disabled", "inventory": "disabled", "fulfillments": "disabled",
        "locations": "pull",
    }  # fmt: skip
    work()
    assert Order.objects.filter(store=shop.store).count() == 1


def test_a_service_may_be_set_in_either_place(client: Client, sandbox: Sandbox) -> None:
    shop = set_up(client, sandbox, orders_interval=["45", ""], fulfillments_interval=["", "20"])

    flows = document_of(shop)["flows"]
    assert flows["orders"] == {"mode": "pull", "interval": 45}
    assert flows["fulfillments"] == {"mode": "push", "interval": 20}
    assert flows["inventory"]["mode"] == "disabled"


@pytest.mark.req("EIM-21", "EIM-4")
def test_the_date_must_be_picked_and_what_was_typed_survives_its_absence(client: Client, sandbox: Sandbox) -> None:
    key = key_of(sandbox, "v1")
    refused = client.post(WIX, filled(client, **key, name="Paper shop", earliest_order_date="", history="60"))

    assert "Pick the day from which on orders are loaded." in words(refused)
    assert "Everything you typed is still here" in words(refused)
    assert not Integration.objects.exists()
    assert key["api_key"] not in refused.content.decode()
    assert all(key["api_key"] not in str(one.get_decoded()) for one in Session.objects.all())
    again = form_of(refused, "new-setup", do="save", earliest_order_date="2026-11-01")
    assert (again["api_key"], again["site_id"]) == ([""], [key["site_id"]])

    assert client.post(WIX, again).status_code == 302

    shop = Integration.objects.get()
    assert (shop.name, document_of(shop)["history"]) == ("Paper shop", 60)


def test_a_key_that_was_typed_waits_for_nobody_else_and_not_for_long(client: Client, sandbox: Sandbox) -> None:
    refused = client.post(WIX, filled(client, **key_of(sandbox, "v1"), earliest_order_date=""))
    again = form_of(refused, "new-setup", do="save", earliest_order_date="2026-11-01")
    assert again["typed"] != [""]

    other = signed_in(make_user(Account.objects.get(slug="shoes"), Role.OWNER))
    assert "Fill this in." in words(other.post(WIX, again))
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=31)):
        assert "Fill this in." in words(client.post(WIX, again))
    assert not Integration.objects.exists()


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("error", "The store does not answer. Nothing was connected; try again in a few minutes."),
        ("busy", "The store asks us to slow down. Nothing was connected; try again in a few minutes."),
        ("html", "The store sent something we cannot read. Nothing was connected; try again in a few minutes."),
    ],
)
def test_a_store_that_does_not_answer_is_not_said_to_be_tried_again_by_ourselves(
    client: Client, sandbox: Sandbox, fault: str, sentence: str
) -> None:
    sandbox.wix.misbehave(fault, site="v1", count=None)
    asked = filled(client, **key_of(sandbox, "v1"))

    for page in (client.post(WIX, asked), client.post("/a/shoes/integrations/add/wix/api_key/", asked)):
        assert sentence in words(page)
        assert "by ourselves" not in words(page)
    assert not Integration.objects.exists()


def test_nor_is_that_said_of_a_connected_store_that_is_given_another_key(
    client: Client, sandbox: Sandbox, shop: Integration
) -> None:
    sandbox.wix.misbehave("error", site="v1", count=None)

    page = client.post(f"/a/shoes/integrations/{shop.pk}/reconnect/api_key/", key_of(sandbox, "v1"))

    assert "The store does not answer. The integration keeps the key it has; try again in a few minutes." in words(page)


def test_a_key_that_is_refused_and_a_store_that_is_connected_are_said(client: Client, sandbox: Sandbox) -> None:
    wrong = client.post(WIX, filled(client, **key_of(sandbox, "v1") | {"api_key": "IST.wrong"}))
    assert "The API key is not complete." in words(wrong)

    set_up(client, sandbox)
    assert "connected already" in words(client.post(WIX, filled(client, **key_of(sandbox, "v1"))))
    assert Integration.objects.count() == 1


@pytest.mark.req("EIM-21", "EIM-23")
def test_before_save_one_may_ask_which_orders_would_come_in(client: Client, sandbox: Sandbox) -> None:
    for days in (2, 5, 20):
        sandbox.wix.place_order(site="v1", created=timezone.now() - dt.timedelta(days=days))
    since = (timezone.now() - dt.timedelta(days=10)).date().isoformat()
    key = key_of(sandbox, "v1")

    page = client.post(WIX, filled(client, **key, do="look", earliest_order_date=since, payment_status=["any"]))

    assert "With these values 2 orders come in now" in words(page)
    assert not Integration.objects.exists()
    again = form_of(page, "new-setup", do="save")  # the key need not be typed once more
    assert client.post(WIX, again).status_code == 302
    incomplete = client.post(ECWID, filled(client, ECWID, do="look"))
    assert "Mend the fields above" in words(incomplete)


# --- the store's own page comes first --------------------------------------------------------------------------------


@pytest.mark.req("EIM-6", "EIM-4")
def test_a_way_by_the_stores_own_page_takes_along_what_was_typed(client: Client, sandbox: Sandbox) -> None:
    url = f"{CARTS}new/ecwid/app/"
    assert "There is nothing to type here" in words(client.get(url))
    sent = client.post(url, filled(client, url, name="Boats", orders_interval="30", stock_minimum="3"))
    way = sent["Location"]
    assert way.startswith("/a/shoes/integrations/add/ecwid/app/?flows=")

    back = client.get(url + "?" + way.partition("?")[2])  # Change
    assert back.context["form"]["stock_minimum"].value() == "3"
    client.get(agreed(sandbox, at_the_store(client, way)))

    shop = Integration.objects.get()
    document = document_of(shop)
    assert (shop.name, document["stock_minimum"], document["flows"]["orders"]["interval"]) == ("Boats", 3, 30)
    assert document["earliest_order_date"] == "2026-10-31T23:00:00+00:00"


def test_another_way_in_keeps_what_was_typed(client: Client, sandbox: Sandbox) -> None:
    sent = filled(client, ECWID, name="Boats", history="7", do="way")

    page = client.post(f"{CARTS}new/ecwid/app/", sent)

    assert page.status_code == 200
    assert page.context["key_form"] is None
    assert (page.context["form"]["name"].value(), page.context["form"]["history"].value()) == ("Boats", "7")
    assert "Nothing is saved yet" not in words(page)


# --- settings of another integration ---------------------------------------------------------------------------------


@pytest.mark.req("EIM-4")
def test_the_settings_of_another_integration_fill_the_page_and_nothing_of_its_key(
    client: Client, sandbox: Sandbox, shop: Integration
) -> None:
    change_settings(
        shop, history=90, reject_unmapped=False, stock_reserve=4, earliest_order_date="2026-01-01",
        flows={"orders": {"interval": 5}},
    )  # fmt: skip
    typed = filled(client, name="Second", site_id="typed-before", like=str(shop.pk), do="copy", earliest_order_date="")

    page = client.post(WIX, typed)

    form = page.context["form"]
    assert "Filled in from" in words(page)
    assert_in_order(words(page), "History: 90 days", "instead of 30 days")
    assert (form["history"].value(), form["reject_unmapped"].value()) == ("90", "false")
    assert form["earliest_order_date"].value() == ""
    assert form["orders_interval"].value() == ""
    assert (form["name"].value(), page.context["key_form"]["site_id"].value()) == ("Second", "typed-before")
    assert key_of(sandbox, "v1")["api_key"] not in page.content.decode()
    assert Integration.objects.count() == 1

    sent = form_of(page, "new-setup", do="save", earliest_order_date="2026-11-01", **key_of(sandbox, "v3"))
    client.post(WIX, sent)

    second = Integration.objects.exclude(pk=shop.pk).get()
    document = document_of(second)
    assert (second.name, document["history"], document["reject_unmapped"]) == ("Second", 90, False)
    assert document["flows"]["orders"]["mode"] == "disabled"


def test_settings_are_taken_only_from_the_same_account_and_platform(client: Client, sandbox: Sandbox) -> None:
    stranger = connect_store(sandbox, "v1", account=make_account("others"), on=())

    page = client.get(WIX)
    assert page.context["others"] == []
    assert client.post(WIX, filled(client, do="copy", like=str(stranger.pk))).status_code == 404
    assert client.post(WIX, filled(client, do="copy", like="x" * 40)).status_code == 404


# --- the client ------------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-34")
def test_the_client_is_the_present_account_and_staff_may_search_another(
    client: Client, sandbox: Sandbox, settings: Any
) -> None:
    other = make_account("mugs", name="Mugs & More")
    make_account("plates", name="Plates")
    assert "Another client" not in words(client.get(WIX))  # a merchant has one
    assert_in_order(words(client.get(WIX)), "Client", "Shoes Ltd", "API Information")
    staff = signed_in(make_user(is_staff=True))

    found = staff.post(WIX, filled(staff, do="find", find="mugs", name="Typed"))
    assert [one.name for one in found.context["clients"]] == ["Mugs & More"]
    assert found.context["form"]["name"].value() == "Typed"
    sent = filled(staff, **key_of(sandbox, "v1"), name="Typed", do="") | {"client": str(other.pk)}
    moved = staff.post(WIX, sent, follow=True)

    assert moved.redirect_chain == [("/a/mugs/carts/new/wix/api_key/", 307)]
    assert_in_order(words(moved), "Client", "Mugs & More", "API Information")
    assert moved.context["form"]["name"].value() == "Typed"
    there = "/a/mugs/carts/new/wix/api_key/"
    here = {"api_url": sandbox.info["wix"]["base_url"], "earliest_order_date": "2026-11-01"}
    saved = staff.post(there, form_of(moved, "new-setup", do="save", **here))
    assert saved.status_code == 302, words(saved)
    assert Integration.objects.get().account == other


@pytest.mark.req("EIM-34")
def test_a_client_of_strangers_is_not_there(client: Client) -> None:
    other = make_account("mugs")

    for pk in (str(other.pk), "999999", "x", "9" * 30):
        assert client.post(WIX, {"client": pk}).status_code == 404
    assert "Account" not in words(client.post(WIX, {"do": "find", "find": "Account"})).partition("API Info")[0]


# --- the WMS ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-5")
def test_whether_the_wms_supports_alias_download_is_shown_with_whom_to_ask(
    client: Client, warehouse: Warehouse, settings: Any
) -> None:
    partner = Partner.objects.filter(pk=warehouse.partner_id)
    settings.FCP_SUPPORT_CONTACT = "help@operator.example"

    def said() -> str:
        return words(client.get(WIX))

    assert_in_order(said(), "Product aliases come from the WMS.", "Meridian WMS has not said whether it supports alias")
    assert '<a href="mailto:help@operator.example">help@operator.example</a>' in client.get(WIX).content.decode()
    partner.update(capabilities={"alias_download": True})
    assert "Meridian WMS supports alias download." in said()
    partner.update(capabilities={"alias_download": False})
    assert "Meridian WMS does not support alias download" in said()
    settings.FCP_SUPPORT_CONTACT = "https://help.example/"
    assert '<a href="https://help.example/">' in client.get(WIX).content.decode()
    Warehouse.objects.update(partner=None)
    assert "No WMS works in this account's warehouses yet" in said()


@pytest.mark.req("EIM-32")
def test_the_wms_settings_are_what_the_partner_of_the_chosen_warehouse_asks_for(
    client: Client, account: Account, warehouse: Warehouse
) -> None:
    other = make_warehouse(account, partner=make_partner())
    Partner.objects.filter(pk=warehouse.partner_id).update(
        fields_needed=[DOCK, {"key": "only_ecwid", "label": "Ecwid code", "platforms": ["ecwid"]}]
    )
    none = client.get(WIX)
    assert "WMS settings" not in headings(none)  # no warehouse is chosen yet

    chosen = client.post(WIX, filled(client, warehouse=str(warehouse.pk), do="wms"))
    assert [field.label for field in chosen.context["form"].wms] == ["Dock"]
    assert 'href="https://meridian.example/guide"' in chosen.content.decode()
    ecwid = client.post(ECWID, filled(client, ECWID, warehouse=str(warehouse.pk), do="wms"))
    assert [field.label for field in ecwid.context["form"].wms] == ["Dock", "Ecwid code"]
    nothing = client.post(WIX, filled(client, warehouse=str(other.pk), do="wms"))
    assert "WMS settings" not in headings(nothing)


@pytest.mark.req("EIM-32")
def test_what_the_wms_requires_must_be_there_and_goes_with_every_shipping_request(
    client: Client, sandbox: Sandbox, account: Account, warehouse: Warehouse
) -> None:
    refused = client.post(WIX, filled(client, **key_of(sandbox, "v1")))
    assert "Meridian WMS needs Dock to ship for this store." in words(refused)
    assert not Integration.objects.exists()
    elsewhere = make_warehouse(account, partner=make_partner(name="Other WMS"))

    shop = set_up(client, sandbox, warehouse=str(warehouse.pk), wms_dock="D7", orders_interval="30")

    assert document_of(shop)["wms"] == {str(warehouse.partner_id): {"dock": "D7"}}
    assert SettingsVersion.objects.get(store=shop.store, number=1).document["wms"]
    sandbox.wix.place_order(site="v1")
    sync(shop)
    map_everything(shop)
    go_live(shop, by="Ann", now=timezone.now())
    work()
    [request] = requests_of(warehouse)
    assert request["wms"] == {"dock": "D7"}
    assert requests_of(elsewhere) == []


def requests_of(warehouse: Warehouse) -> list[dict[str, Any]]:
    _, key = ApiKey.objects.issue("WMS", sorted(FOR_PARTNER), partner=warehouse.partner)
    listed = Client().get("/api/v1/shipping-requests", headers={"Authorization": f"Bearer {key}"})
    rows: list[dict[str, Any]] = listed.json()["results"]
    return rows


@pytest.mark.req("EIM-32")
def test_the_main_settings_ask_the_same_and_a_change_reaches_what_is_offered(
    client: Client, sandbox: Sandbox, account: Account, warehouse: Warehouse
) -> None:
    shop = connect_store(sandbox, "v1", account=account, on=(FlowKind.ORDERS,))
    assert document_of(shop)["warehouse"] == warehouse.pk
    main = f"/a/shoes/integrations/{shop.pk}/"
    page = client.get(main)
    assert_in_order(words(page), "WMS settings", "Guide of Meridian WMS", "Dock")
    sandbox.wix.place_order(site="v1")
    sync(shop)
    map_everything(shop)
    go_live(shop, by="Ann", now=timezone.now())
    work()
    [before] = requests_of(warehouse)
    assert before["wms"] == {}

    refused = client.post(main, form_of(client.get(main), history="45"))
    assert "Meridian WMS needs Dock to ship for this store." in words(refused)
    shop.refresh_from_db()
    assert document_of(shop)["history"] == 30
    saved = client.post(main, form_of(client.get(main), wms_dock="D8"))
    assert saved.status_code == 302, words(saved)
    work()

    [after] = requests_of(warehouse)
    assert after["wms"] == {"dock": "D8"}
    assert after["revision"] == before["revision"] + 1
    shop.refresh_from_db()
    compared = client.get(f"{main}versions/?old={shop.settings_version - 1}&new={shop.settings_version}")
    assert_in_order(words(compared), "WMS settings", "empty", "dock: D8")
    version = version_of(shop, shop.settings_version - 1)
    assert version
    assert restored(shop, platform_of(shop), version, staff=False).document["wms"] == {}  # going back takes it along
    change_settings(shop, history=20)  # another save keeps it
    assert document_of(shop)["wms"] == {str(warehouse.partner_id): {"dock": "D8"}}


@pytest.mark.req("EIM-32")
def test_a_warehouse_whose_partner_asks_more_cannot_be_chosen_without_it(
    client: Client, sandbox: Sandbox, account: Account, warehouse: Warehouse
) -> None:
    plain = make_warehouse(account)
    shop = connect_store(sandbox, "v1", account=account, on=(), warehouse=plain.pk)
    main = f"/a/shoes/integrations/{shop.pk}/"
    assert "WMS settings" not in words(client.get(main))

    refused = client.post(main, form_of(client.get(main), warehouse=str(warehouse.pk)))

    assert "Meridian WMS needs Dock" in words(refused)
    assert document_of(shop)["warehouse"] == plain.pk
    saved = client.post(main, form_of(refused, wms_dock="D9"))
    assert saved.status_code == 302, words(saved)
    shop.refresh_from_db()
    assert (document_of(shop)["warehouse"], document_of(shop)["wms"]) == (
        warehouse.pk, {str(warehouse.partner_id): {"dock": "D9"}},
    )  # fmt: skip


def test_alias_types_and_warehouses_of_strangers_are_not_offered(client: Client, account: Account) -> None:
    other = make_account("mugs")
    theirs = make_warehouse(other, name="Secret barn")
    kind = AliasType.objects.create(account=other, name="Their code")

    page = client.get(WIX).content.decode()
    assert "Secret barn" not in page
    assert "Their code" not in page
    sent = filled(client, warehouse=str(theirs.pk), stock_alias=str(kind.pk))
    assert {"warehouse", "stock_alias"} <= set(client.post(WIX, sent).context["form"].errors)
    assert not Store.objects.exists()


# --- what is next ----------------------------------------------------------------------------------------------------


def test_what_next_says_what_is_true_of_a_live_one_and_leads_to_the_guide_of_orders(
    client: Client, sandbox: Sandbox, shop: Integration
) -> None:
    url = f"/a/shoes/integrations/{shop.pk}/next/"
    assert "before you press Go live" in words(client.get(url))
    assert "Set up a Wix site with Catalog V1" in words(client.get(url))

    go_live(shop, by="Ann", now=timezone.now())

    assert "before you press Go live" not in words(client.get(url))
    assert "other orders that nothing holds go to the warehouse by themselves" in words(client.get(url))
