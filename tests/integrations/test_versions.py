"""The saved versions of settings: side by side in words, and going back to one."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from fcp.models import Account, AuditEntry, Partner
from fcp.roles import Role
from integrations.connectors import connector_class
from integrations.errors import IntegrationError
from integrations.models import Integration, SettingsVersion
from integrations.sandbox.server import Sandbox
from integrations.settings_document import document_of
from integrations.settings_saving import save
from integrations.versions import compare, restored, roll_back, version_of
from inventory.models import AliasType
from orders.shapes import Payment
from tests.build import make_account, make_partner, make_user, make_warehouse
from tests.integrations.flows.world import change_settings, connect_store
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, form_of, words
from tests.integrations.test_dry_run import came, recent

WIX = connector_class("wix").platform


@pytest.fixture(autouse=True)
def at_the_sandbox(settings_of_sandbox: None) -> None:
    """Every store here is a stand-in."""


@pytest.fixture
def account(db: None) -> Account:
    return make_account("shoes", name="Shoes Ltd", time_zone="Europe/Berlin")


@pytest.fixture
def client(account: Account) -> Client:
    return signed_in(make_user(account, first_name="Ann", last_name="Lee"))


@pytest.fixture
def shop(account: Account, sandbox: Sandbox) -> Integration:
    return connect_store(sandbox, "v1", account=account, on=())


def at(integration: Integration, rest: str = "versions/") -> str:
    return f"/a/shoes/integrations/{integration.pk}/{rest}"


def wanted(shop: Integration, number: int, *, staff: bool = False) -> Any:
    shop.refresh_from_db()
    version = version_of(shop, number)
    assert version
    return restored(shop, WIX, version, staff=staff)


def test_two_versions_are_compared_in_the_words_of_the_screens(client: Client, shop: Integration) -> None:
    warehouse = make_warehouse(shop.account, name="New Jersey")
    change_settings(
        shop, history="12", payment_status=["paid", "unpaid"], earliest_order_date="2026-11-01",
        reject_unmapped="false", stock_warehouse=str(warehouse.pk), flows={"orders": {"mode": "pull", "interval": 15}},
    )  # fmt: skip

    page = client.get(at(shop) + "?old=1&new=2")

    text = words(page)
    for line in (
        "History 30 days 12 days", "Payment Status Paid Unpaid, Paid", "Earliest Order Date empty 1 Nov 2026",
        "Reject Unmapped Shipping Codes Enable Disable",
        "Sync Inventory With Warehouse COMBINE ALL WAREHOUSES New Jersey", "Orders flow off Pull, every 15 minutes",
    ):  # fmt: skip
        assert line in text
    assert "reject_unmapped" not in text
    assert_in_order(text, "Versions of these settings", "2 in force", "Ann", "1", "Ann", "Connected")


def test_a_version_that_is_not_there_is_a_404(client: Client, shop: Integration) -> None:
    for query in ("?old=9", "?new=99999999999", "?old=-1&new=7"):
        assert client.get(at(shop) + query).status_code == 404
    assert client.post(at(shop, "versions/back/"), {"number": "7"}).status_code == 404


def test_going_back_shows_first_what_changes_and_what_it_would_have_meant(client: Client, shop: Integration) -> None:
    change_settings(shop, payment_status=["paid", "pending"], history="20")
    came(shop, recent("1"), recent("P2", payment=Payment.PENDING))

    page = client.post(at(shop, "versions/back/"), {"number": "1"})

    assert_in_order(
        words(page), "Go back to version 1?", "History 20 days 30 days", "Payment Status Paid, Pending Paid",
        "With these values 1 of the last 2 orders would have had another outcome.", "P2", "Left out",
        "Go back to this version", "Back",
    )  # fmt: skip
    shop.refresh_from_db()
    assert shop.settings_version == 2


def test_going_back_makes_a_new_version_that_says_so(client: Client, shop: Integration) -> None:
    change_settings(shop, history="20", flows={"orders": {"mode": "pull", "interval": 15}})
    change_settings(shop, history="21")
    page = client.post(at(shop, "versions/back/"), {"number": "2"})

    answer = client.post(at(shop, "versions/back/"), form_of(page), follow=True)

    assert "The settings are those of version 2 again." in answer.content.decode()
    shop.refresh_from_db()
    newest = SettingsVersion.objects.get(store=shop.store, number=4)
    assert (shop.settings_version, newest.why, newest.by) == (4, "rolled back to 2", "Ann Lee")
    assert newest.document == version_of(shop, 2).document  # type: ignore[union-attr]
    assert AuditEntry.objects.latest("pk").code == "settings_saved"
    assert "Rolled back to 2" in words(answer)


def test_back_leads_to_the_versions_and_changes_nothing(client: Client, shop: Integration) -> None:
    change_settings(shop, history="20")
    page = client.post(at(shop, "versions/back/"), {"number": "1"})

    answer = client.post(at(shop, "versions/back/"), form_of(page) | {"back": "1"})

    assert answer["Location"] == at(shop) + "?old=1"
    assert SettingsVersion.objects.filter(store=shop.store).count() == 2


def test_a_warehouse_and_an_alias_type_that_are_gone_stand_at_their_defaults_with_a_sentence(
    client: Client, shop: Integration
) -> None:
    gone = make_warehouse(shop.account, name="Closed")
    kind = AliasType.objects.create(account=shop.account, name="EAN")
    change_settings(shop, stock_warehouse=str(gone.pk), stock_alias=str(kind.pk), history="9")
    change_settings(shop, stock_warehouse="", stock_alias="")
    gone.delete()
    kind.delete()

    page = client.post(at(shop, "versions/back/"), {"number": "2"})

    assert (
        "Sync Inventory With Warehouse was a warehouse that is gone, which cannot be chosen any more; it is set to its "
        "default, COMBINE ALL WAREHOUSES." in words(page)
    )
    assert "Sync Inventory Alias was an alias type that is gone" in words(page)
    client.post(at(shop, "versions/back/"), form_of(page))
    shop.refresh_from_db()
    document = document_of(shop)
    assert (document["stock_warehouse"], document["stock_alias"], document["history"]) == (None, None, 9)


def test_a_value_and_a_setting_that_are_no_longer_offered_are_said(shop: Integration) -> None:
    version = SettingsVersion.objects.get(store=shop.store, number=1)
    SettingsVersion.objects.filter(pk=version.pk).update(
        document=version.document | {"throughput": "as fast as light", "moon_phase": "full"}
    )
    change_settings(shop, history="9")

    found = wanted(shop, 1)

    assert found.document["throughput"] == "standard"
    assert "moon_phase" not in found.document
    assert found.notes == [
        "Moon phase is no longer a setting.",
        "Throughput was as fast as light, which cannot be chosen any more; it is set to its default, Every plan: 200 "
        "calls a minute.",
    ]


def test_a_setting_that_is_newer_than_the_version_is_said_to_stand_at_its_default(shop: Integration) -> None:
    version = SettingsVersion.objects.get(store=shop.store, number=1)
    older = {key: value for key, value in version.document.items() if key != "keep_exchanges"}
    SettingsVersion.objects.filter(pk=version.pk).update(document=older)
    change_settings(shop, keep_exchanges="30")

    assert wanted(shop, 1).notes == [
        "Keep exchange log for (days) is newer than version 1 and is set to its default, 14."
    ]


def test_which_store_it_is_and_where_it_is_called_never_come_out_of_an_old_version(shop: Integration) -> None:
    version = SettingsVersion.objects.get(store=shop.store, number=1)
    old = version.document | {"api_url": "https://www.wixapis.com", "site_id": "a-b", "instance_id": "c-d"}
    SettingsVersion.objects.filter(pk=version.pk).update(document=old)
    change_settings(shop, history="9")
    now = document_of(shop)

    for_merchant, for_staff = wanted(shop, 1).document, wanted(shop, 1, staff=True).document

    for key in ("api_url", "site_id", "instance_id"):
        assert for_merchant[key] == now[key]
    assert for_staff["api_url"] == "https://www.wixapis.com"
    assert for_staff["site_id"] == now["site_id"]


def test_a_flow_that_was_off_is_off_again(shop: Integration) -> None:
    change_settings(shop, flows={"orders": {"mode": "pull", "interval": 15}})

    found = wanted(shop, 1)

    assert found.notes == []
    assert [line.after for line in compare(WIX, shop.account, document_of(shop), found.document)] == ["off"]


def test_what_the_warehouses_partner_asks_for_comes_back_and_is_said_only_where_it_is_missing(
    shop: Integration,
) -> None:
    dock = {"key": "dock", "label": "Dock", "required": True}
    partner = make_partner(name="Meridian", fields_needed=[dock])
    change_settings(shop, warehouse=str(make_warehouse(shop.account, partner=partner).pk), wms={"dock": "7"})
    Partner.objects.filter(pk=partner.pk).update(fields_needed=[])
    change_settings(shop, history="20", wms={})  # it asks for nothing, so that is forgotten
    Partner.objects.filter(pk=partner.pk).update(fields_needed=[dock])

    found = wanted(shop, 2)

    assert found.notes == []
    assert found.document["wms"] == {str(partner.pk): {"dock": "7"}}
    assert wanted(shop, 3).notes == ["Meridian needs Dock to ship for this store."]


def test_somebody_who_saved_meanwhile_is_not_overwritten(client: Client, shop: Integration) -> None:
    change_settings(shop, history="20")
    page = client.post(at(shop, "versions/back/"), {"number": "1"})
    sent = form_of(page)
    change_settings(shop, release="any")

    again = client.post(at(shop, "versions/back/"), sent)

    assert "Go back to version 1?" in words(again)  # asked anew: the values that it would change are others by now
    assert document_of(shop)["release"] == "any"
    with pytest.raises(IntegrationError):
        roll_back(shop, 77, document_of(shop), by="Ann", now=timezone.now())


def test_a_viewer_compares_and_does_not_go_back(account: Account, shop: Integration) -> None:
    viewer = signed_in(make_user(account, Role.VIEWER))
    save(shop, document_of(shop) | {"history": 20}, by="Bob", now=timezone.now())

    page = viewer.get(at(shop))

    assert page.status_code == 200
    assert "Go back to version" not in words(page)
    assert viewer.post(at(shop, "versions/back/"), {"number": "1"}).status_code == 403
