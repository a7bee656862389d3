"""The edit screen of an integration: Main settings and the tabs beside it."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from fcp.models import Account
from integrations.connectors.common import ORDER_SETTINGS, PAYMENT_STATUS
from integrations.connectors.declaring import ANY, Choice, FlowKind, Setting, SettingKind
from integrations.connectors.wix.declaration import PLATFORM
from integrations.errors import IntegrationError
from integrations.forms import MainForm
from integrations.models import Integration, SettingsVersion
from integrations.sandbox.server import Sandbox
from integrations.settings_document import defaults, document_of, rules_in_force
from integrations.settings_saving import save
from tests.build import make_account, make_user, make_warehouse
from tests.integrations.flows.world import connect_store, flow_of
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, form_of, words

SIX = (
    "History", "Payment Status", "Fulfillment Status", "Interval to Retrieve Orders", "Interval to Sync Inventory",
    "Store Nickname",
)  # fmt: skip


def at(integration: Integration, rest: str = "") -> str:
    return f"/a/shoes/integrations/{integration.pk}/{rest}"


def save_page(client: Client, url: str, **changed: object) -> object:
    return client.post(url, form_of(client.get(url), **changed), follow=True)


@pytest.mark.req("EFS-27", "TECH-26")
def test_the_six_come_first_and_the_rest_of_main_settings_after(client: Client, shop: Integration) -> None:
    labels = [field.label for card in client.get(at(shop)).context["cards"] for field in card.fields]

    assert tuple(labels[:6]) == SIX
    assert labels[6:9] == ["Name", "Channel Mode", "Download Orders with the following Order Status"]
    assert_in_order(
        " | ".join(labels), "Download Orders", "Orders (Order Download)", "Products", "Interval to Read Products",
        "Inventory", "Fulfillments", "Interval to Upload Shipments", "Locations", "Interval to Read Locations",
        "Release to the warehouse", "Later changes in the store",
    )  # fmt: skip


@pytest.mark.req("TECH-17", "TECH-18", "TECH-24")
def test_the_screen_has_quick_actions_tabs_and_their_content(client: Client, shop: Integration) -> None:
    text = words(client.get(at(shop)))

    assert_in_order(
        text, "Sync", "Save", "Delete", "Main settings", "Advanced settings", "Channel settings", "Carrier Mappings",
        "SKU Mappings", "Warehouse Mappings", "Webhooks", "Runs", "Exchanges", "History",
    )  # fmt: skip


@pytest.mark.parametrize(
    "tab", ["", "advanced/", "channel/", "carriers/", "skus/", "warehouses/", "webhooks/", "runs/", "exchanges/"]
)
def test_every_tab_shows_the_health_and_the_quick_actions(client: Client, shop: Integration, tab: str) -> None:
    text = words(client.get(at(shop, tab)))

    assert "Not live yet: nothing is handed over" in text
    assert_in_order(text, "Sync now", "Save", "Delete")


# --- saving ------------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-22")
def test_save_puts_what_was_changed_in_force_and_nothing_else(client: Client, shop: Integration) -> None:
    before = document_of(shop)

    page = save_page(client, at(shop), payment_status=["paid", "unpaid"], release="any")

    shop.refresh_from_db()
    after = document_of(shop)
    assert {key for key in after if after[key] != before[key]} == {"payment_status", "release"}
    assert after["payment_status"] == ["unpaid", "paid"]
    version = SettingsVersion.objects.get(store=shop.store, number=shop.settings_version)
    assert (version.number, version.by) == (2, "Ann Lee")
    assert "The settings of MyShop are saved." in page.content.decode()  # type: ignore[attr-defined]


def test_saving_without_a_change_makes_no_version(client: Client, shop: Integration) -> None:
    save_page(client, at(shop))

    assert SettingsVersion.objects.filter(store=shop.store).count() == 1


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(client: Client, shop: Integration) -> None:
    given = {"history": "1000", "orders_interval": "never", "nickname": "no good!", "name": "x" * 121, "release": "x"}
    page = client.post(at(shop), form_of(client.get(at(shop)), **given))

    errors = page.context["form"].errors
    assert set(errors) == {"history", "orders_interval", "nickname", "name", "release"}
    assert page.context["form"]["history"].value() == "1000"
    assert page.context["form"]["nickname"].value() == "no good!"
    assert "Nothing is saved yet" in words(page)
    assert SettingsVersion.objects.filter(store=shop.store).count() == 1


def test_two_people_at_once_do_not_overwrite_each_other(client: Client, shop: Integration) -> None:
    mine = form_of(client.get(at(shop)), history="10")
    save(shop, document_of(shop) | {"history": 20}, by="Bob", now=timezone.now())

    page = client.post(at(shop), mine)

    assert "Somebody else saved these settings meanwhile" in words(page)
    shop.refresh_from_db()
    assert document_of(shop)["history"] == 20


def test_whoever_only_looks_sees_the_settings_and_cannot_save(
    viewer: Client, client: Client, shop: Integration
) -> None:
    page = viewer.get(at(shop))
    assert all(field.disabled for field in page.context["form"].fields.values())
    assert "Save" not in words(page).split("Main settings")[0]

    refused = viewer.post(at(shop), form_of(client.get(at(shop)), history="1"))

    assert refused.status_code == 403
    assert SettingsVersion.objects.filter(store=shop.store).count() == 1


# --- names -------------------------------------------------------------------------------------------------------


@pytest.mark.req("EFS-21")
def test_the_nickname_is_the_merchants_choice(client: Client, shop: Integration) -> None:
    save_page(client, at(shop), nickname="Outlet24", name="The outlet")

    shop.refresh_from_db()
    assert (shop.nickname, shop.name) == ("Outlet24", "The outlet")


@pytest.mark.req("EFS-22")
@pytest.mark.parametrize("wrong", ["My Shop", "shop!", "Schön", "", "a-b", "x" * 61])
def test_a_nickname_of_more_than_one_plain_word_is_refused_with_the_reason(
    client: Client, shop: Integration, wrong: str
) -> None:
    page = client.post(at(shop), form_of(client.get(at(shop)), nickname=wrong))

    (error,) = page.context["form"].errors["nickname"]
    assert error in (
        "Use one word of letters and digits only: no space and no symbol.",
        "Use at most 60 letters and digits.",
    )
    shop.refresh_from_db()
    assert shop.nickname == "MyShop"


@pytest.mark.req("EFS-30", "EFS-23")
def test_a_nickname_taken_in_any_case_is_refused_and_the_other_one_named(
    client: Client, account: Account, shop: Integration, sandbox: Sandbox
) -> None:
    other = connect_store(sandbox, "v3", account=account, on=())

    page = client.post(at(other), form_of(client.get(at(other)), nickname="mYsHOP"))

    (error,) = page.context["form"].errors["nickname"]
    assert "“MyShop” is the nickname of MyShop already" in error


# --- flows -------------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-9", "EIM-10", "EIM-12")
def test_setting_an_interval_switches_a_service_on_and_taking_it_away_off(client: Client, shop: Integration) -> None:
    text = words(client.get(at(shop)))
    assert "Order Download" in text
    assert "Shipment Upload" in text
    assert flow_of(shop).due_at is None
    assert client.get(at(shop)).context["form"]["orders_interval"].value() == ""  # off: no interval

    save_page(client, at(shop), orders_interval="15")
    orders = flow_of(shop)
    assert (orders.mode, orders.interval) == ("pull", 15)
    assert orders.due_at is not None
    assert flow_of(shop, FlowKind.FULFILLMENTS).due_at is None  # each by itself

    save_page(client, at(shop), fulfillments_interval="45")
    assert flow_of(shop, FlowKind.FULFILLMENTS).interval == 45

    save_page(client, at(shop), orders_interval="")
    assert flow_of(shop).due_at is None
    assert flow_of(shop, FlowKind.FULFILLMENTS).due_at is not None


def test_a_flow_switched_on_by_its_mode_gets_the_proposed_interval(client: Client, shop: Integration) -> None:
    save_page(client, at(shop), orders_mode="pull")
    assert flow_of(shop).interval == 30

    save_page(client, at(shop), orders_mode="disabled")
    assert flow_of(shop).due_at is None


def test_locations_cannot_be_turned_off_and_the_page_says_why(client: Client, shop: Integration) -> None:
    page = client.post(at(shop), form_of(client.get(at(shop)), locations_interval="", locations_mode="disabled"))

    assert "Locations cannot be turned off" in words(page)
    assert flow_of(shop, FlowKind.LOCATIONS).due_at is not None


# --- which orders ------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-32", "EIM-13", "EIM-14")
def test_order_statuses_to_download_are_chosen_here_with_the_usual_one_as_default(
    client: Client, shop: Integration
) -> None:
    field = client.get(at(shop)).context["form"]["order_status"]
    labels = [
        str(label).split('<span class="soft"')[0].removeprefix('<span class="choice">').strip()
        for _, label in field.field.choices
    ]
    assert labels == ["Initialized", "Approved", "Pending", "Canceled", "Rejected", "Any"]
    assert field.value() == ["approved"]  # needs no change in ordinary cases

    save_page(client, at(shop), order_status=["approved", "canceled"])

    assert {status.value for status in rules_in_force(shop.store_id).imports.statuses or ()} == {"approved", "canceled"}


@pytest.mark.req("EIM-17")
def test_reject_unmapped_shipping_codes_is_enable_or_disable(client: Client, shop: Integration) -> None:
    field = client.get(at(shop)).context["form"]["reject_unmapped"]
    assert [(value, label) for value, label in field.field.choices] == [("true", "Enable"), ("false", "Disable")]
    assert field.value() == "true"

    save_page(client, at(shop), reject_unmapped="false")

    assert rules_in_force(shop.store_id).reject_unmapped is False


def test_holding_what_goes_abroad_without_customs_data_is_off_at_first(client: Client, shop: Integration) -> None:
    form = client.get(at(shop)).context["form"]
    card = next(card for card in form.cards() if card.title == "To the warehouse")
    assert [field.name for field in card.fields] == ["release", "later_changes", "warehouse", "customs"]
    assert form["customs"].value() == "false"
    assert "while that one is empty, nothing is held" in form["customs"].help_text
    assert rules_in_force(shop.store_id).customs is False

    save_page(client, at(shop), customs="true")

    assert rules_in_force(shop.store_id).customs is True


@pytest.mark.req("EIM-21")
def test_the_earliest_order_date_is_picked_and_means_the_start_of_that_day(client: Client, shop: Integration) -> None:
    assert 'type="date" name="earliest_order_date"' in client.get(at(shop)).content.decode()

    save_page(client, at(shop), earliest_order_date="2026-11-01")

    earliest = rules_in_force(shop.store_id).imports.earliest
    assert earliest == dt.datetime(2026, 10, 31, 23, tzinfo=dt.UTC)  # midnight in Berlin
    assert client.get(at(shop)).context["form"]["earliest_order_date"].value() == "2026-11-01"
    for wrong in ("2026-02-30", "yesterday", "99999-01-01"):
        page = client.post(at(shop), form_of(client.get(at(shop)), earliest_order_date=wrong))
        assert page.context["form"].errors["earliest_order_date"] == ["Give a date, like 2026-03-31."]


@pytest.mark.req("EIM-16")
def test_order_load_options_have_the_same_fields_for_every_cart(shop: Integration) -> None:
    size = Setting("size", "Size", SettingKind.CHOICE, "How large.", default="s", choices=(Choice("s", "Small"),))
    other = dataclasses.replace(
        PLATFORM, key="other", label="Other", settings=(PAYMENT_STATUS, size, *ORDER_SETTINGS), flows=PLATFORM.flows[:1]
    )

    def load_options(platform: object) -> list[str]:
        cards = MainForm(shop, platform, defaults(platform)).cards()  # type: ignore[arg-type]
        return [f.label for card in cards if card.title == "Order Load Options" for f in card.fields]

    assert load_options(other) == load_options(PLATFORM) == ["Reject Unmapped Shipping Codes", "Earliest Order Date"]


def test_the_warehouse_is_one_of_the_accounts_own(client: Client, account: Account, shop: Integration) -> None:
    mine, theirs = make_warehouse(account), make_warehouse(make_account())
    shown = client.get(at(shop)).content.decode()
    assert mine.name in shown
    assert theirs.name not in shown

    page = client.post(at(shop), form_of(client.get(at(shop)), warehouse=str(theirs.pk)))
    assert "warehouse" in page.context["form"].errors

    save_page(client, at(shop), warehouse=str(mine.pk))
    assert rules_in_force(shop.store_id).warehouse_id == mine.pk


# --- the other tabs ----------------------------------------------------------------------------------------------


def test_the_versions_say_who_changed_what_and_when(client: Client, account: Account, shop: Integration) -> None:
    bob = signed_in(make_user(account, first_name="Bob"))
    save_page(bob, at(shop), history="5", orders_interval="10")

    text = words(client.get(at(shop, "advanced/")))

    assert_in_order(text, "Versions of these settings", "2 in force", "Bob", "History, Orders flow", "1", "Connected")


def test_a_stranger_gets_no_page_of_it(shop: Integration) -> None:
    other = make_account("others")
    stranger = signed_in(make_user(other))

    for rest in ("", "setup/", "advanced/", "channel/", "carriers/", "skus/", "runs/", "exchanges/", "try/", "delete/"):
        assert stranger.get(f"/a/others/integrations/{shop.pk}/{rest}").status_code == 404
        assert stranger.get(at(shop, rest)).status_code == 404
    for rest in ("sync/", "pause/", "live/", "delete/", "skus/take/"):
        assert stranger.post(f"/a/others/integrations/{shop.pk}/{rest}").status_code == 404


def test_any_stands_alone(client: Client, shop: Integration) -> None:
    save_page(client, at(shop), fulfillment_status=["not_fulfilled", ANY])

    shop.refresh_from_db()
    assert document_of(shop)["fulfillment_status"] == [ANY]


def test_a_race_for_a_nickname_ends_with_a_sentence(client: Client, shop: Integration) -> None:
    from integrations.naming import rename

    with pytest.raises(IntegrationError, match="one word"):
        rename(shop, "x", "two words", by="Ann", now=timezone.now())
