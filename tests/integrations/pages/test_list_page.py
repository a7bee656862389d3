"""View Integrations: the list, and how one gets there."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client
from django.utils import timezone

from fcp.models import Account
from integrations.models import Flow, Integration
from integrations.naming import rename
from integrations.sandbox.server import Sandbox
from tests.integrations.flows.world import connect_store, flow_of
from tests.integrations.pages.reading import assert_in_order, words

LIST = "/a/shoes/integrations/"


@pytest.mark.req("EFS-25", "TECH-15")
def test_the_navigation_leads_to_the_list(client: Client, shop: Integration) -> None:
    page = client.get("/a/shoes/mappings/ship-codes/").content.decode()
    navigation = page[page.index('id="side"') : page.index("</nav>")]

    assert "Integrations" in navigation
    link = re.search(r'<a href="([^"]+)"[^>]*>\s*<span>View Integrations', navigation)
    assert link
    assert link[1] == LIST
    assert "MyShop" in words(client.get(link[1]))


@pytest.mark.req("TECH-15", "EIM-1")
def test_other_products_names_lead_there_too(client: Client, shop: Integration) -> None:
    assert client.get("/channels/")["Location"] == LIST
    assert client.get("/carts/")["Location"] == LIST
    for name in ("channels", "carts", "order sources"):
        hits = client.get("/a/shoes/search/", {"q": name})
        assert LIST in hits.content.decode()
    assert "shopping carts and marketplaces" in words(client.get(LIST))
    assert "order source" in words(client.get(LIST))


@pytest.mark.req("EFS-26", "TECH-16")
def test_name_and_pencil_of_each_row_open_its_settings(client: Client, shop: Integration) -> None:
    page = client.get(LIST).content.decode()
    settings = f"{LIST}{shop.pk}/"

    pencil = re.search(r'<a [^>]*href="([^"]+)"[^>]*title="View and edit[^>]*>.*?</a>', page, re.S)
    assert pencil
    assert pencil[1] == settings
    assert "#pencil" in pencil[0]
    assert re.search(rf'<a href="{settings}">MyShop</a>', page)
    assert client.get(settings).context["form"]["history"].value() == "30"


@pytest.mark.req("EFS-23")
def test_two_integrations_of_one_cart_are_told_apart_by_nickname(
    client: Client, account: Account, shop: Integration, sandbox: Sandbox
) -> None:
    other = connect_store(sandbox, "v3", account=account, on=())
    rename(other, shop.name, "Outlet", by="Ann", now=timezone.now())

    text = words(client.get(LIST))

    assert_in_order(text, "MyShop", "Catalog V1", "Outlet", "Catalog V3")


def test_a_row_says_how_its_flows_are(client: Client, open_shop: Integration) -> None:
    now = timezone.now()
    Flow.objects.filter(pk=flow_of(open_shop).pk).update(
        last_ok_at=now - dt.timedelta(minutes=4), due_at=now + dt.timedelta(minutes=26, seconds=30), lease_until=None
    )

    text = words(client.get(LIST))

    assert "Orders every 30 min" in text
    assert "Inventory off" in text
    assert "Last orders 4 min ago, next in 26 min" in text


def test_its_rows_refresh_alone(client: Client, shop: Integration) -> None:
    part = client.get(LIST, headers={"HX-Request": "true"}).content.decode()

    assert "MyShop" in part
    assert "<html" not in part


def test_an_account_without_stores_is_told_what_to_do(client: Client, viewer: Client) -> None:
    assert "No store is connected yet" in words(client.get(LIST))
    assert 'href="/a/shoes/integrations/add/"' in client.get(LIST).content.decode()
    assert "Add Integration" not in words(viewer.get(LIST))  # who may not is not sent there
