"""Where one is, and what one has before one: account, catalog version, the two phases of setting up."""

from __future__ import annotations

import pytest
from django.test import Client

from fcp.models import Account
from integrations.connectors.declaring import FlowKind
from integrations.connectors.wix.declaration import PLATFORM, V3
from integrations.models import Flow, Integration
from integrations.sandbox.server import Sandbox
from tests.build import make_account, make_user
from tests.integrations.flows.world import connect_store, key_of
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, form_of, words

ADD = "/a/shoes/integrations/add/"


def connect_by_key(client: Client, sandbox: Sandbox, site: str) -> str:
    """Gives the key; the address of the page that asks for a name."""
    staff_form = key_of(sandbox, site) | {"api_url": sandbox.info["wix"]["base_url"]}
    return str(client.post(f"{ADD}wix/api_key/", staff_form)["Location"])


@pytest.mark.req("TECH-1", "TECH-2")
def test_the_catalog_version_is_to_be_identified_before_connecting_and_is_named_before_any_setting(
    staff: Client, account: Account, sandbox: Sandbox
) -> None:
    assert_in_order(
        words(staff.get(f"{ADD}wix/api_key/")), "Find out which catalog version your site has",
        "where they are grouped in Categories it has Catalog V3", "API key", "Connect",
    )  # fmt: skip

    for site, label in (("v1", "Catalog V1"), ("v3", "Catalog V3")):
        name = connect_by_key(staff, sandbox, site)
        assert_in_order(words(staff.get(name)), f"This site uses {label}.", "Name", "Save")
        setup = staff.post(name, {"name": f"Shop {site}"})["Location"]
        assert_in_order(words(staff.get(setup)), f"This site uses {label}.", "Payment Status")
        shop = Integration.objects.get(name=f"Shop {site}")
        page = words(staff.get(f"/a/shoes/integrations/{shop.pk}/"))
        assert_in_order(page, f"This site uses {label}.", "To look it up yourself", "History")


@pytest.mark.req("TECH-4")
def test_the_account_one_works_in_is_on_every_page_and_named_before_the_first_step(
    client: Client, account: Account, open_shop: Integration
) -> None:
    reminder = ("You are working in", "Shoes Ltd", "The store you connect belongs to this account")
    assert_in_order(words(client.get(ADD)), *reminder, "Wix")
    assert_in_order(words(client.get(f"{ADD}wix/api_key/")), *reminder, "How to do it")

    for url in (f"/a/shoes/integrations/{open_shop.pk}/", "/a/shoes/orders/", "/a/shoes/", ADD, "/a/shoes/products/"):
        page = client.get(url).content.decode()
        top = page[page.index('<header class="top"') : page.index("</header>")]
        assert "Shoes Ltd" in top


def test_staff_in_somebody_elses_account_read_whose_it_is(account: Account) -> None:
    operator = signed_in(make_user(make_account(), is_staff=True))

    assert "Viewing as staff: Shoes Ltd" in operator.get(ADD).content.decode()


@pytest.mark.req("TECH-5")
def test_setting_up_is_two_phases_the_connection_and_then_its_parameters(
    staff: Client, account: Account, sandbox: Sandbox
) -> None:
    name = connect_by_key(staff, sandbox, "v1")
    assert not Integration.objects.exists()

    setup = staff.post(name, {"name": "My shop"})["Location"]

    shop = Integration.objects.get()  # it is there, and nothing runs but what every store needs
    assert [flow.kind for flow in Flow.objects.filter(integration=shop).on()] == [FlowKind.LOCATIONS]
    staff.post(setup, form_of(staff.get(setup), "setup"))
    assert Flow.objects.filter(integration=shop).on().count() > 1


def test_a_store_that_was_connected_keeps_naming_its_version(
    client: Client, account: Account, sandbox: Sandbox
) -> None:
    shop = connect_store(sandbox, "v3", account=account, on=())

    for tab in ("", "advanced/", "channel/", "skus/", "runs/"):
        assert PLATFORM.variants[V3] in words(client.get(f"/a/shoes/integrations/{shop.pk}/{tab}"))


@pytest.mark.req("TECH-15", "TECH-16")
def test_the_left_menu_leads_to_the_list_and_a_name_in_it_to_its_screen(client: Client, open_shop: Integration) -> None:
    side = client.get("/a/shoes/").content.decode()
    assert 'href="/a/shoes/integrations/"' in side[side.index('id="side"') : side.index("</nav>")]

    page = client.get("/a/shoes/integrations/").content.decode()

    assert f'<a href="/a/shoes/integrations/{open_shop.pk}/">MyShop</a>' in page
    for other_name in ("/channels/", "/carts/"):
        assert client.get(other_name)["Location"] == "/a/shoes/integrations/"
