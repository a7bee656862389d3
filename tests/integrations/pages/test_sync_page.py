"""The Sync screen: what, since when, and what it will do."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from fcp.roles import Role
from integrations.connectors.declaring import FlowKind
from integrations.connectors.wix.declaration import PLATFORM
from integrations.lease import Superseded, claim, confirm, free, start
from integrations.models import Flow, Integration, Run
from integrations.sandbox.server import Sandbox
from integrations.syncing import read_orders_since
from orders.models import SeenOrder
from tests.build import make_account, make_user
from tests.integrations.flows.world import connect_store, flow_of, work
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, form_of, words


def at(integration: Integration, rest: str = "sync/") -> str:
    return f"/a/shoes/integrations/{integration.pk}/{rest}"


@pytest.fixture
def shop(transactional_db: None, sandbox: Sandbox) -> Integration:
    """Reads orders of the last five days; its history is older."""
    account = make_account("shoes", name="Shoes Ltd")
    for days in (30, 80):
        sandbox.wix.place_order("v1", created=timezone.now() - dt.timedelta(days=days))
    shop = connect_store(sandbox, "v1", account=account, history=5, on=(FlowKind.ORDERS, FlowKind.PRODUCTS))
    work()
    return shop


@pytest.fixture
def ann(shop: Integration) -> Client:
    return signed_in(make_user(shop.account, first_name="Ann"))


@pytest.mark.req("TECH-19")
def test_it_says_what_each_flow_will_do(ann: Client, shop: Integration) -> None:
    page = ann.get(at(shop))

    assert_in_order(
        words(page), "What to sync now", "Orders", "Orders placed since", "Products",
        "What changed since the last look", "All of them", "Locations Reads the store's locations.",
        "Off: Inventory, Fulfillments", "Sync now",
    )  # fmt: skip
    assert at(shop) in ann.get(at(shop, "")).content.decode()  # the Quick Action leads here


@pytest.mark.req("TECH-20", "TECH-21")
def test_it_warns_of_what_pushing_products_does(ann: Client, shop: Integration) -> None:
    text = words(ann.get(at(shop)))

    for note in PLATFORM.product_notes:
        assert note in text
    assert_in_order(text, "with variants", "into one without", "no SKU, and hidden")


@pytest.mark.req("TECH-19")
def test_orders_since_a_day_are_read_whatever_the_settings_ask_for(ann: Client, shop: Integration) -> None:
    covered = flow_of(shop).covered_from
    SeenOrder.objects.all().delete()  # never noticed, and long past what changed since the last look
    Flow.objects.update(watermark=timezone.now() + dt.timedelta(minutes=20))
    since = (timezone.now() - dt.timedelta(days=40)).date().isoformat()

    ann.post(at(shop), form_of(ann.get(at(shop)), "sync", flows=["orders"], since=since))
    assert set(flow_of(shop).position["reread"]) == {"from", "to"}
    work()

    seen = SeenOrder.objects.get()  # the settings leave it out, and it is known now
    assert seen.reasons == ["age"]
    flow = flow_of(shop)
    assert "reread" not in flow.position
    assert flow.covered_from == covered
    assert Run.objects.filter(flow=flow, by="Ann").exists()


def test_a_slice_that_runs_at_that_moment_does_not_lose_the_window(shop: Integration) -> None:
    now = timezone.now()
    flow = flow_of(shop)
    Flow.objects.filter(pk=flow.pk).update(due_at=now)
    claim(free(Flow.objects.filter(pk=flow.pk)), now)
    running = start(flow.pk, flow_of(shop).gen, now)
    assert running

    read_orders_since(flow, now - dt.timedelta(days=9), now)
    read_orders_since(flow, now - dt.timedelta(days=3), now)

    with pytest.raises(Superseded):
        confirm(running.lease, now)
    assert flow_of(shop).position["reread"]["from"] == (now - dt.timedelta(days=9)).isoformat()


def test_a_day_that_cannot_be_is_refused_beside_its_field(ann: Client, shop: Integration) -> None:
    page = ann.get(at(shop))
    for wrong, sentence in (
        ("soon", "Give a date, like 2026-03-31."), ("2190-01-01", "Give a day of the last ten years."),
        ("1999-01-01", "Give a day of the last ten years."),
    ):  # fmt: skip
        assert sentence in words(ann.post(at(shop), form_of(page, "sync", flows=["orders"], since=wrong)))
    other = ann.post(at(shop), form_of(page, "sync", flows=["locations"], since="2026-11-01"))
    assert "Tick Orders as well" in words(other)
    assert "reread" not in flow_of(shop).position


def test_a_viewer_does_not_see_it(shop: Integration) -> None:
    assert signed_in(make_user(shop.account, Role.VIEWER)).get(at(shop)).status_code == 403
