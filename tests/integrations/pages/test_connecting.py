"""Connecting a store from the panel, and giving it another key."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from fcp.models import Account, AuditEntry
from integrations.connectors.declaring import FlowKind
from integrations.models import Flow, Integration
from integrations.sandbox.server import Sandbox
from integrations.settings_document import document_of
from inventory.models import Product
from tests.build import PASSWORD, make_account, make_partner, make_user, make_warehouse
from tests.integrations.flows.world import flow_of, work
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, words

ADD = "/a/shoes/integrations/add/"


def key(sandbox: Sandbox, site: str = "v1", **values: str) -> dict[str, str]:
    info = sandbox.info["wix"]
    return {"api_key": info["api_key"], "site_id": info[f"site_id_{site}"], "api_url": info["base_url"], **values}


def connect(staff: Client, sandbox: Sandbox, site: str = "v1", name: str = "My Shop") -> Integration:
    """Staff, since only they may name the stand-in store's address."""
    asked = staff.post(f"{ADD}wix/api_key/", key(sandbox, site))
    assert asked.status_code == 302, words(asked)
    saved = staff.post(asked["Location"], {"name": name})
    assert saved.status_code == 302, words(saved)
    return Integration.objects.latest("pk")


def test_the_catalogue_finds_a_platform_by_its_name(client: Client) -> None:
    assert "Wix" in words(client.get(ADD))
    assert "Wix" in client.get(ADD, {"q": "wi"}).content.decode().split("tiles-of-platforms")[1]
    assert "No platform of that name" in words(client.get(ADD, {"q": "shopless"}))


def test_the_api_key_comes_first_and_the_app_where_the_operator_has_one(client: Client, settings: object) -> None:
    assert client.get(f"{ADD}wix/")["Location"] == f"{ADD}wix/api_key/"
    page = client.get(f"{ADD}wix/api_key/")
    assert_in_order(words(page), "API key", "Wix app")
    assert f'href="{ADD}wix/market/"' in page.content.decode()

    settings.FCP_WIX_APP_ID = ""  # type: ignore[attr-defined]
    assert f'href="{ADD}wix/market/"' not in client.get(f"{ADD}wix/api_key/").content.decode()
    assert client.get(f"{ADD}wix/market/").status_code == 404
    assert client.get(f"{ADD}wix/market/begin/").status_code == 404
    assert client.get(f"{ADD}nothing/").status_code == 404


@pytest.mark.req("TECH-7")
def test_steps_done_at_wix_are_marked_as_such(client: Client) -> None:
    text = words(client.get(f"{ADD}wix/api_key/"))

    assert "Open the API Keys Manager: manage.wix.com/account/api-keys. In Wix" in text
    assert "done on Wix's own pages, which may change without notice" in text


def test_two_steps_make_an_integration_with_its_flows_off(staff: Client, sandbox: Sandbox, account: Account) -> None:
    asked = staff.post(f"{ADD}wix/api_key/", key(sandbox))
    page = staff.get(asked["Location"])
    assert_in_order(words(page), "MyShop answers", "This site uses Catalog V1.", "Nickname will be MyShop")
    assert Integration.objects.count() == 0  # nothing is saved before Save

    saved = staff.post(asked["Location"], {"name": "My Shop"})

    shop = Integration.objects.get()
    assert (shop.name, shop.nickname, shop.variant, shop.live) == ("My Shop", "MyShop", "v1", False)
    assert saved["Location"] == f"/a/shoes/integrations/{shop.pk}/setup/"
    assert [flow.kind for flow in Flow.objects.on()] == [FlowKind.LOCATIONS]


def test_the_variant_is_read_from_the_store(staff: Client, sandbox: Sandbox) -> None:
    shop = connect(staff, sandbox, "v3")

    assert shop.variant == "v3"
    assert "Catalog V3" in words(staff.get(f"/a/shoes/integrations/{shop.pk}/"))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"api_key": ""}, "Fill this in."),
        ({"site_id": "not a site!"}, "Letters, digits and dashes only"),
        ({"api_key": "x" * 501}, "Use at most 500 characters."),
        ({"api_key": "IST.wrong"}, "The API key is not complete. Copy it from Wix again."),
        ({"site_id": "00000000-0000-4000-8000-000000000000"}, "Wix"),
        ({"api_url": "http://169.254.169.254/"}, "This is not an address that Wix uses."),
    ],
)
def test_what_the_store_does_not_take_is_said_and_nothing_is_saved(
    staff: Client, sandbox: Sandbox, values: dict[str, str], sentence: str
) -> None:
    page = staff.post(f"{ADD}wix/api_key/", key(sandbox, **values))

    assert page.status_code == 200
    assert sentence in words(page)
    assert page.context["form"]["site_id"].value() == key(sandbox, **values)["site_id"]
    assert Integration.objects.count() == 0


def test_a_merchant_cannot_send_our_calls_elsewhere(client: Client, sandbox: Sandbox) -> None:
    assert "Api URL" not in words(client.get(f"{ADD}wix/api_key/"))
    # Whatever is posted, the call goes to Wix itself, which a test does not reach.
    client.post(f"{ADD}wix/api_key/", key(sandbox))

    assert Integration.objects.count() == 0


def test_the_key_goes_to_no_page_and_stands_nowhere_in_the_open(
    staff: Client, sandbox: Sandbox, account: Account
) -> None:
    secret = sandbox.info["wix"]["api_key"]
    refused = staff.post(f"{ADD}wix/api_key/", key(sandbox, site_id="!"))
    asked = staff.post(f"{ADD}wix/api_key/", key(sandbox))
    pages = [refused, staff.get(asked["Location"])]
    assert all(secret not in str(row.get_decoded()) for row in Session.objects.all())

    staff.post(asked["Location"], {"name": "My Shop"})
    shop = Integration.objects.get()
    at = f"/a/shoes/integrations/{shop.pk}/"
    pages += [staff.get(f"{at}{rest}") for rest in ("", "advanced/", "channel/", "reconnect/", "exchanges/")]
    pages.append(staff.get("/a/shoes/integrations/"))

    assert all(secret not in page.content.decode() for page in pages)
    assert all("sealed" not in str(row.get_decoded()) for row in Session.objects.all())
    assert secret not in str(list(AuditEntry.objects.values()))


def test_what_was_given_is_forgotten_after_half_an_hour(staff: Client, sandbox: Sandbox) -> None:
    asked = staff.post(f"{ADD}wix/api_key/", key(sandbox))

    with time_machine.travel(timezone.now() + dt.timedelta(minutes=31)):
        page = staff.get(asked["Location"], follow=True)

    assert "nothing was saved" in page.content.decode()
    assert page.redirect_chain[-1][0] == f"{ADD}wix/api_key/"


def test_what_was_given_in_one_account_is_not_saved_in_another(sandbox: Sandbox, account: Account) -> None:
    other = make_account("others")
    user = make_user(account, is_staff=True)
    client = signed_in(user)
    asked = client.post(f"{ADD}wix/api_key/", key(sandbox))

    kept = asked["Location"].partition("?")[2]
    page = client.post(f"/a/others/integrations/add/wix/api_key/name/?{kept}", {"name": "Mine now"})

    assert page.status_code == 302
    assert Integration.objects.for_account(other).count() == 0


def test_two_tabs_save_each_its_own_store(staff: Client, sandbox: Sandbox) -> None:
    first, second = (staff.post(f"{ADD}wix/api_key/", key(sandbox, site)) for site in ("v1", "v3"))

    staff.post(first["Location"], {"name": "First"})
    staff.post(second["Location"], {"name": "Second"})

    assert dict(Integration.objects.values_list("name", "variant")) == {"First": "v1", "Second": "v3"}


def test_whoever_tries_the_demo_reaches_its_stores_without_naming_an_address(
    client: Client, sandbox: Sandbox, settings: object, tmp_path: Path
) -> None:
    settings.FCP_DATA_DIR = tmp_path  # type: ignore[attr-defined]
    sandbox.write_info(str(tmp_path / "sandbox.info.json"))

    asked = client.post(f"{ADD}wix/api_key/", key(sandbox))  # the address that is posted counts for staff only
    client.post(asked["Location"], {"name": "My Shop"})

    assert document_of(Integration.objects.get())["api_url"] == sandbox.info["wix"]["base_url"]


def test_a_store_is_connected_once_and_the_refusal_says_where(staff: Client, sandbox: Sandbox) -> None:
    connect(staff, sandbox)

    asked = staff.post(f"{ADD}wix/api_key/", key(sandbox))
    page = staff.post(asked["Location"], {"name": "Again"})

    assert "This store is connected already, as My Shop." in words(page)
    assert Integration.objects.count() == 1


def test_a_name_is_asked_for(staff: Client, sandbox: Sandbox) -> None:
    asked = staff.post(f"{ADD}wix/api_key/", key(sandbox))

    assert "Give it a name." in words(staff.post(asked["Location"], {"name": " "}))


def test_who_may_not_connect_is_told_who_may(viewer: Client) -> None:
    page = viewer.get(ADD)

    assert page.status_code == 403
    assert "Owner" in words(page)


# --- another key ---------------------------------------------------------------------------------------------------


def test_reconnecting_takes_a_key_of_the_same_store_only(client: Client, shop: Integration, sandbox: Sandbox) -> None:
    url = f"/a/shoes/integrations/{shop.pk}/reconnect/"
    Flow.objects.filter(integration=shop).update(blocked=True, problem_code="credentials_refused", problem="Refused.")
    page = client.get(url)
    assert page.context["form"]["site_id"].value() == shop.store.uid
    assert page.context["form"]["api_key"].value() is None

    other = client.post(url, {"api_key": key(sandbox)["api_key"], "site_id": key(sandbox, "v3")["site_id"]})
    assert "belongs to another store" in words(other)
    revoked = key(sandbox)["api_key"][:-4] + "AAAA"
    refused = client.post(url, {"api_key": revoked, "site_id": shop.store.uid})
    assert "Wix does not accept the API key" in words(refused)
    assert flow_of(shop).blocked is True

    client.post(url, {"api_key": key(sandbox)["api_key"], "site_id": shop.store.uid})
    assert flow_of(shop).blocked is False


# --- as a newcomer does it -----------------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_newcomer_connects_a_store_and_takes_its_products(
    page: Page, transactional_db: None, sandbox: Sandbox
) -> None:
    account = Account.objects.create(name="Shoes Ltd", slug="shoes")
    make_warehouse(account, partner=make_partner(), name="New Jersey")
    user = make_user(account, is_staff=True)
    sandbox.wix.place_order("v1")
    page.goto("/accounts/login/")
    page.fill("input[name=login]", user.email)
    page.fill("input[name=password]", PASSWORD)
    with page.expect_navigation():
        page.press("input[name=password]", "Enter")
    page.goto("/a/shoes/integrations/")

    page.get_by_role("main").get_by_role("link", name="Add Integration").first.click()
    page.get_by_role("link", name="Wix").click()
    for label, value in (("API key", "api_key"), ("Site ID", "site_id"), ("Api URL", "api_url")):
        page.get_by_label(label, exact=True).fill(key(sandbox)[value])
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("This site uses Catalog V1.")).to_be_visible()
    page.get_by_label("Name").fill("My Shop")
    page.get_by_role("button", name="Save").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Finish Setup").click()

    expect(page.get_by_role("heading", name="My Shop")).to_be_visible()
    work()
    take = page.get_by_role("button", name=re.compile("Take .* products from this store"))
    expect(take).to_be_visible(timeout=20_000)  # the checklist refreshes by itself
    take.click()
    expect(page.get_by_text("products are in your catalogue now.")).to_be_visible()
    assert Product.objects.for_account(account).count() > 12
    assert document_of(Integration.objects.get())["history"] == 30
