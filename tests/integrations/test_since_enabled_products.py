"""Products pulled and pushed since they were switched on, and since they were switched on again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from integrations import runs
from integrations.connectors.declaring import FlowKind, Mode
from integrations.flows.products import sync
from integrations.lease import start
from integrations.models import Integration, ProductPush, ProductPushRow
from integrations.models.products import PushState
from integrations.product_answers import confirm
from integrations.runs import run_slice
from integrations.sandbox.server import Sandbox
from integrations.settings_document import FLOWS, document_of
from integrations.settings_saving import save
from inventory.models import Product
from mappings.models import Listing
from tests.integrations.flows.test_products_pull import on_schedule
from tests.integrations.flows.world import connect_store, flow_of, map_everything, work
from tests.integrations.test_since_enabled import INVENTORY, NOW, PRODUCTS, THEN, off, on, switch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("settings_of_sandbox")]


@pytest.fixture(autouse=True)
def long_ago(time_machine):
    """The store's products were made three hours before anything here happens."""
    time_machine.move_to(timezone.now() + dt.timedelta(hours=3), tick=True)


@pytest.fixture
def store(sandbox):
    def store(site: str = "v1", **given: Any) -> Integration:
        integration = connect_store(sandbox, site, on=(), first_pull="changes", **given)
        work()
        return integration

    return store


def plain_skus(box: Sandbox, site: str = "v1") -> list[str]:
    """Products without options, each with its SKU."""
    shown = box.wix.site(site).products
    return [p["variants"][0]["sku"] for p in shown if not p["options"] and p["variants"][0]["sku"]]


def rename(box: Sandbox, sku: str, site: str = "v1") -> None:
    shop = box.wix.site(site)
    shown = next(p for p in shop.products if p["variants"][0]["sku"] == sku)
    revision = str(int(shown["revision"]) + 1)
    shop.put_product({**shown, "name": f"New {sku}", "revision": revision, "updatedDate": shop.now()})


def names() -> dict[str, str]:
    return dict(Product.objects.values_list("sku", "name"))


# --- pull ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("P17-12", "P17-14")
@pytest.mark.parametrize("site", ["v1", "v3"])
def test_the_listings_are_read_in_full_and_the_catalogue_gets_what_changes_from_then_on(sandbox, store, site):
    integration = store(site)
    assert (Listing.objects.count(), Product.objects.count()) == (0, 0)  # disabled: nothing is pulled

    on(integration, PRODUCTS)
    first, second, *_ = plain_skus(sandbox, site)
    assert Listing.objects.filter(store=integration.store, retired_at=None).count() > 10
    assert names() == {}

    rename(sandbox, first, site)
    on_schedule(integration)
    assert names() == {first: f"New {first}"}
    assert Listing.objects.get(sku=first).product

    rename(sandbox, second, site)
    on_schedule(integration)
    assert set(names()) == {first, second}


@pytest.mark.req("P17-12")
def test_from_then_what_the_store_changed_meanwhile_is_caught_up_and_from_now_it_is_not(sandbox, store, time_machine):
    integration = store()
    on(integration, PRODUCTS)
    first, second, third, *_ = plain_skus(sandbox)
    off(integration, PRODUCTS)
    rename(sandbox, first)
    time_machine.move_to(timezone.now() + dt.timedelta(hours=2), tick=True)

    on(integration, PRODUCTS, THEN)
    assert set(names()) == {first}

    off(integration, PRODUCTS)
    rename(sandbox, second)
    time_machine.move_to(timezone.now() + dt.timedelta(hours=2), tick=True)
    on(integration, PRODUCTS, NOW)
    assert set(names()) == {first}
    rename(sandbox, third)
    on_schedule(integration)
    assert set(names()) == {first, third}


@pytest.mark.req("P17-12")
def test_a_catalogue_that_was_filled_whole_counts_from_now_once_a_person_says_so(sandbox, store, time_machine):
    integration = connect_store(sandbox, "v1", on=(), fills=True)
    on(integration, PRODUCTS)
    assert set(plain_skus(sandbox)) <= set(names())
    gone = plain_skus(sandbox)[0]
    off(integration, PRODUCTS)
    Listing.objects.filter(product__sku=gone).update(product=None)
    Product.objects.filter(sku=gone).delete()
    time_machine.move_to(timezone.now() + dt.timedelta(hours=2), tick=True)

    on(integration, PRODUCTS, NOW)
    assert gone not in names()
    off(integration, PRODUCTS)
    rename(sandbox, gone)
    on(integration, PRODUCTS, THEN)
    assert gone in names()


def test_in_slices_and_once_a_day_in_full_it_fills_no_more_than_what_changed(sandbox, store, monkeypatch, time_machine):
    monkeypatch.setattr(runs, "SLICE_SECONDS", -1.0)
    monkeypatch.setattr("integrations.connectors.wix.listing_pages.PRODUCT_ROWS", 3)
    integration = store()
    on(integration, PRODUCTS)
    first, second, *_ = plain_skus(sandbox)
    assert names() == {}

    rename(sandbox, first)
    time_machine.move_to(timezone.now() + dt.timedelta(days=1, minutes=5), tick=True)
    rename(sandbox, second)
    on_schedule(integration)

    assert set(names()) == {first, second}
    assert "listings" not in flow_of(integration, PRODUCTS).position


@pytest.mark.req("P17-12")
def test_a_store_that_cannot_say_what_changed_is_compared_with_what_it_showed_before(sandbox, store, monkeypatch):
    monkeypatch.setattr("integrations.connectors.wix.connector.WixConnector.platform", without_changes())
    integration = store()
    on(integration, PRODUCTS)
    first, *_ = plain_skus(sandbox)
    on_schedule(integration)
    assert names() == {}

    rename(sandbox, first)
    on_schedule(integration)
    assert names() == {first: f"New {first}"}


def without_changes() -> Any:
    from dataclasses import replace

    from integrations.connectors.wix.declaration import PLATFORM

    return replace(PLATFORM, listing_changes=False)


@pytest.mark.req("P17-14")
def test_disabled_the_listings_that_the_stock_needs_are_read_and_the_catalogue_is_left_alone(sandbox, store):
    integration = store()
    switch(integration, PRODUCTS, Mode.PULL, first_pull="everything")
    before = names()
    switch(integration, INVENTORY, Mode.PUSH)
    off(integration, PRODUCTS)
    first, *_ = plain_skus(sandbox)
    rename(sandbox, first)

    on_schedule(integration)

    assert Listing.objects.get(sku=first).title == f"New {first}"
    assert names() == before


@pytest.mark.req("P17-14")
def test_a_reading_under_way_fills_no_more_once_products_are_disabled(sandbox, store):
    """Inventory keeps the flow running, so only its mode changes."""
    integration = store()
    switch(integration, INVENTORY, Mode.PUSH)
    document = document_of(integration)
    document[FLOWS]["products"] = {"mode": "pull", "interval": 60}
    document["first_pull"] = "everything"
    save(integration, document, by="Ann", now=timezone.now())
    flow = flow_of(integration, PRODUCTS)
    started = start(flow.pk, flow.gen, timezone.now())
    assert started

    def disabled_meanwhile(run: Any) -> bool:
        assert run.flow.mode == Mode.PULL
        off(integration, PRODUCTS)
        return sync(run)

    run_slice(started, disabled_meanwhile)

    assert names() == {}
    assert flow_of(integration, PRODUCTS).failures == 0


# --- push ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pushing(sandbox):
    """A live store that has what we have, its products not pushed yet."""

    def pushing(**given: Any) -> Integration:
        integration = connect_store(sandbox, "v1", on=(FlowKind.ORDERS,), first_push="changes", **given)
        switch(integration, PRODUCTS, Mode.PULL)
        map_everything(integration)
        off(integration, PRODUCTS)
        Integration.objects.filter(pk=integration.pk).update(live=True)
        integration.refresh_from_db()
        return integration

    return pushing


def change(sku: str) -> None:
    Product.objects.filter(sku=sku).update(name=f"Ours {sku}", changed_at=timezone.now())


def asked_about(integration: Integration) -> set[str]:
    rows = ProductPushRow.objects.filter(push__integration=integration, push__state=PushState.ASKED)
    return set(rows.values_list("product__sku", flat=True))


def in_store(box: Sandbox, sku: str) -> str:
    return str(next(p["name"] for p in box.wix.site("v1").products if p["variants"][0]["sku"] == sku))


@pytest.mark.req("P17-13", "P17-14")
def test_pushed_is_what_changes_here_since_it_was_switched_on_once_a_person_says_yes(sandbox, pushing):
    integration = pushing()
    before, after, *_ = plain_skus(sandbox)
    change(before)
    on_schedule(integration)
    assert not ProductPush.objects.exists()  # disabled: nothing is pushed

    switch(integration, PRODUCTS, Mode.PUSH, NOW)
    on_schedule(integration)
    assert not ProductPush.objects.exists()
    change(after)
    on_schedule(integration)

    assert asked_about(integration) == {after}
    assert in_store(sandbox, after) != f"Ours {after}"
    confirm(ProductPush.objects.get(), by="Ann", now=timezone.now())
    work()
    assert in_store(sandbox, after) == f"Ours {after}"
    assert in_store(sandbox, before) != f"Ours {before}"


@pytest.mark.req("P17-13")
@pytest.mark.parametrize("again", [THEN, NOW])
def test_switched_on_again_changes_from_then_go_or_are_left(sandbox, pushing, again):
    integration = pushing()
    switch(integration, PRODUCTS, Mode.PUSH, NOW)
    meanwhile, later, *_ = plain_skus(sandbox)
    off(integration, PRODUCTS)
    change(meanwhile)

    switch(integration, PRODUCTS, Mode.PUSH, again)
    if again is THEN:
        assert asked_about(integration) == {meanwhile}
        return
    assert not ProductPush.objects.exists()
    change(later)
    on_schedule(integration)
    assert asked_about(integration) == {later}


def test_where_everything_goes_first_nothing_is_worked_out_before_a_person_begins(sandbox, pushing):
    integration = pushing()
    switch(integration, PRODUCTS, Mode.PUSH, NOW, first_push="differences")
    change(plain_skus(sandbox)[0])

    on_schedule(integration)

    assert not ProductPush.objects.exists()
