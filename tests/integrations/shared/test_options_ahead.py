"""Before the first order has come in: the shipping options of the store's last orders are there to be mapped (X13)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from fcp.roles import Role
from integrations import options_ahead
from integrations.connectors.declaring import FlowKind
from integrations.models import Exchange, Integration
from mappings.models import ShipMethod
from orders.models import Order, SeenOrder
from tests.build import make_account, make_partner, make_user, make_warehouse
from tests.integrations.flows.world import connect_by, work
from tests.integrations.pages.reading import words
from tests.integrations.shared.adapter import Shop
from tests.integrations.test_since_enabled import on

pytestmark = pytest.mark.django_db(transaction=True)
HTMX = {"HX-Request": "true"}


def just_connected(shop: Shop) -> Integration:
    """Its flows are off: nothing was read yet."""
    account = make_account("shoes")
    make_warehouse(account, partner=make_partner())
    return connect_by(shop.key, shop.way, shop.received, shop.api_url, on=(), account=account)


def signed_in(integration: Integration, role: Role = Role.OPERATOR) -> Client:
    client = Client()
    client.force_login(make_user(integration.account, role))
    return client


def tab(integration: Integration, page: str = "carriers/") -> str:
    return f"/a/shoes/integrations/{integration.pk}/{page}"


@pytest.mark.req("TECH-37", "EIM-19")
def test_options_can_be_mapped_before_the_first_pull(shop: Shop) -> None:
    for way in ("Express", "Standard", "Express"):
        shop.sell(ship=way)
    integration = just_connected(shop)
    client = signed_in(integration)
    assert "Asking" in words(client.get(tab(integration)))
    assert "Look at its shipping options" in words(client.get(tab(integration, "")))

    assert client.post(tab(integration, "carriers/options/"), headers=HTMX)["HX-Refresh"] == "true"

    page = client.get(tab(integration))
    rows = {str(row).casefold(): row for row in page.context["list"].rows}
    express = next(row for title, row in rows.items() if "express" in title)
    assert express.suggestion.value == "EXPRESS"
    assert "No order has come in yet" in words(page)
    assert (Order.objects.count(), SeenOrder.objects.count()) == (0, 0)

    client.post(express.url, {"target": "EXPRESS"})
    known = set(ShipMethod.objects.values_list("pk", flat=True))
    on(integration, FlowKind.ORDERS)
    work()

    assert set(ShipMethod.objects.values_list("pk", flat=True)) == known  # the very words that orders say
    assert Order.objects.filter(ship_code="EXPRESS").count() == 2


def test_a_shop_without_orders_says_so_and_is_not_asked_again(shop: Shop) -> None:
    integration = just_connected(shop)
    client = signed_in(integration)

    answer = client.post(tab(integration, "carriers/options/"), headers=HTMX)

    assert "No order of the last 30 days used a shipping option." in words(answer)
    assert "Asking" not in words(client.get(tab(integration)))


def test_a_shop_that_does_not_answer_is_asked_again_by_hand(shop: Shop) -> None:
    shop.sell()
    integration = just_connected(shop)
    client = signed_in(integration)
    shop.misbehave("unavailable")

    assert "Try again" in words(client.post(tab(integration, "carriers/options/"), headers=HTMX))
    assert ShipMethod.objects.count() == 0

    shop.behave()
    client.post(tab(integration, "carriers/options/"), headers=HTMX)
    assert ShipMethod.objects.count() == 1


def test_the_look_makes_no_more_calls_than_its_bound(shop: Shop, monkeypatch: Any) -> None:
    for _ in range(3):
        shop.sell()
    integration = just_connected(shop)
    monkeypatch.setattr(options_ahead, "MOST_CALLS", 2)
    before = Exchange.objects.count()

    seen = options_ahead.read_options(integration, timezone.now())

    assert seen.more
    assert Exchange.objects.count() - before <= 2 * 3  # some platforms need several calls for a page


def test_a_viewer_asks_nothing_of_the_store(shop: Shop) -> None:
    integration = just_connected(shop)
    viewer = signed_in(integration, Role.VIEWER)

    assert "Asking" not in words(viewer.get(tab(integration)))
    assert viewer.post(tab(integration, "carriers/options/"), headers=HTMX).status_code == 403
