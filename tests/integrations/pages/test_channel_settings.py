"""The tabs Channel settings and Advanced settings of a Wix integration."""

from __future__ import annotations

import pytest
from django.test import Client

from integrations.models import Integration, RateProfile
from integrations.settings_document import document_of, rules_in_force
from tests.integrations.pages.reading import assert_in_order, form_of, words
from tests.integrations.pages.test_main_settings import at, save_page


@pytest.mark.req("TECH-34")
def test_process_pickup_orders_is_yes_or_no(client: Client, shop: Integration) -> None:
    field = client.get(at(shop, "channel/")).context["form"]["process_pickup"]
    assert field.label == "Process Pickup Orders"
    assert list(field.field.choices) == [("true", "Yes"), ("false", "No")]
    assert field.value() == "false"

    save_page(client, at(shop, "channel/"), process_pickup="true")

    assert rules_in_force(shop.store_id).imports.pickup is True


@pytest.mark.req("TECH-28")
def test_everybody_sees_the_api_url_and_the_operators_staff_alone_changes_it(
    client: Client, viewer: Client, staff: Client, shop: Integration
) -> None:
    url = document_of(shop)["api_url"]
    for person in (client, viewer):
        page = person.get(at(shop, "channel/"))
        field = page.context["form"]["api_url"]
        assert (field.label, field.value(), field.field.disabled) == ("Api URL", url, True)
        assert url in page.content.decode()

    sly = form_of(client.get(at(shop, "channel/")), api_url="https://evil.example", throughput="half")
    client.post(at(shop, "channel/"), sly)

    shop.refresh_from_db()
    assert (document_of(shop)["api_url"], document_of(shop)["throughput"]) == (url, "half")
    save_page(staff, at(shop, "channel/"), api_url="https://www.wixapis.com")
    shop.refresh_from_db()
    assert document_of(shop)["api_url"] == "https://www.wixapis.com"


@pytest.mark.req("TECH-28")
@pytest.mark.parametrize(
    "wrong",
    [
        "https://evil.example", "http://www.wixapis.com", "https://www.wixapis.com:8443", "https://www.wixapis.com@evil.example",
        "http://127.0.0.1:1", "http://169.254.169.254", "ftp://www.wixapis.com", "https://", "wixapis", "https://[",
    ],
)  # fmt: skip
def test_the_api_url_is_one_of_the_platforms_hosts_or_the_sandbox_that_runs_here(
    staff: Client, shop: Integration, wrong: str
) -> None:
    before = document_of(shop)["api_url"]  # the stand-in store

    page = staff.post(at(shop, "channel/"), form_of(staff.get(at(shop, "channel/")), api_url=wrong))

    assert page.context["form"].errors["api_url"] == ["This is not an address that Wix uses."]
    assert document_of(shop)["api_url"] == before


@pytest.mark.req("TECH-29")
def test_the_instance_id_is_filled_in_and_cannot_be_changed(client: Client, shop: Integration) -> None:
    page = client.get(at(shop, "channel/"))
    field = page.context["form"]["instance_id"]
    assert (field.label, field.value()) == ("Instance Id", shop.store.install_uid)
    assert shop.store.install_uid

    client.post(at(shop, "channel/"), form_of(page, instance_id="3f2b1c4d-0000-4000-8000-1234567890ab"))

    shop.refresh_from_db()
    assert document_of(shop)["instance_id"] == shop.store.install_uid


@pytest.mark.req("TECH-30")
def test_the_site_id_is_filled_in_and_its_format_is_checked(client: Client, shop: Integration) -> None:
    page = client.get(at(shop, "channel/"))
    assert page.context["form"]["site_id"].label == "Site ID"
    assert page.context["form"]["site_id"].value() == shop.store.uid
    assert "after /dashboard/ in the address of its Wix dashboard" in words(page)

    for wrong in ("my site", "3f2b1c4d_0000", "nodash", "-a", "a-b/c"):
        refused = client.post(at(shop, "channel/"), form_of(page, site_id=wrong))
        (sentence,) = refused.context["form"].errors["site_id"]
        assert sentence.startswith("Letters, digits and dashes only")

    save_page(client, at(shop, "channel/"), site_id=shop.store.uid.upper())
    shop.refresh_from_db()
    assert document_of(shop)["site_id"] == shop.store.uid


@pytest.mark.req("TECH-30")
def test_another_site_than_the_connected_one_is_refused_with_what_to_do(client: Client, shop: Integration) -> None:
    other = "3f2b1c4d-0000-4000-8000-1234567890ab"

    page = client.post(at(shop, "channel/"), form_of(client.get(at(shop, "channel/")), site_id=other))

    (sentence,) = page.context["form"].errors["site_id"]
    assert f"connected to the store {shop.store.uid}" in sentence
    assert "Add Integration" in sentence
    assert document_of(shop)["site_id"] == shop.store.uid


@pytest.mark.req("TECH-31")
def test_a_site_id_may_be_left_empty_and_the_field_says_what_does_not_work_then(
    client: Client, shop: Integration
) -> None:
    assert "Webhooks work only with it." in words(client.get(at(shop, "channel/")))

    save_page(client, at(shop, "channel/"), site_id="")

    shop.refresh_from_db()
    assert document_of(shop)["site_id"] == ""
    assert shop.store.uid  # the store is known by its own id all the same


@pytest.mark.req("TECH-33")
def test_throughput_is_a_choice_of_plans_the_operators_among_them(client: Client, shop: Integration) -> None:
    RateProfile.objects.create(platform="wix", key="gold", label="Gold plan", calls_per_minute=600)
    field = client.get(at(shop, "channel/")).context["form"]["throughput"]

    assert field.label == "Throughput"
    assert [value for value, _ in field.field.choices] == ["standard", "half", "quarter", "gold"]
    assert "Gold plan" in words(client.get(at(shop, "channel/")))
    save_page(client, at(shop, "channel/"), throughput="gold")

    shop.refresh_from_db()
    assert document_of(shop)["throughput"] == "gold"
    refused = client.post(at(shop, "channel/"), form_of(client.get(at(shop, "channel/")), throughput="platinum"))
    assert "throughput" in refused.context["form"].errors


@pytest.mark.req("TECH-32")
def test_the_order_statuses_are_named_here_with_the_way_to_their_home(client: Client, shop: Integration) -> None:
    page = client.get(at(shop, "channel/"))

    assert_in_order(words(page), "Download Orders with the following Order Status", "Approved", "Main settings")
    assert f'href="{at(shop)}#id_order_status"' in page.content.decode()
    assert "order_status" not in page.context["form"].fields  # one home (X32)


# --- advanced ----------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-27")
def test_advanced_settings_have_their_labels_and_defaults(client: Client, shop: Integration) -> None:
    page = client.get(at(shop, "advanced/"))
    form = page.context["form"]

    assert [field.label for field in form.visible_fields()] == [
        "Suppress personal data", "Keep personal data for (days)", "Keep exchange log for (days)", "Log level",
    ]  # fmt: skip
    assert [field.value() for field in form.visible_fields()] == ["false", "", "14", "warning"]
    assert_in_order(words(page), "Default: No", "Default: empty", "Default: 14", "Default: Warning")

    save_page(client, at(shop, "advanced/"), suppress_persons="true", keep_persons="90", keep_exchanges="7")
    shop.refresh_from_db()
    document = document_of(shop)
    assert (document["suppress_persons"], document["keep_persons"], document["keep_exchanges"]) == (True, 90, 7)
    refused = client.post(at(shop, "advanced/"), form_of(client.get(at(shop, "advanced/")), keep_exchanges="0"))
    assert refused.context["form"].errors["keep_exchanges"] == ["Give a whole number from 1 to 90."]
