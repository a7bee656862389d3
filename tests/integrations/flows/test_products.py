"""The store's listings and locations, and taking products over from a store."""

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from integrations import runs
from integrations.connectors.declaring import FlowKind
from integrations.models import FailedRecord, Run
from integrations.tasks import run_flow
from integrations.tick import tick
from inventory.models import Product
from mappings import listings
from mappings.listings import Shown
from mappings.models import Listing, Location, MappingChange
from mappings.take import take_products, takeable
from orders.models import Order
from orders.state import State
from tests.build import make_account, make_product, make_store
from tests.integrations.flows.world import connect_store, flow_of, sync, work
from tests.threads import at_once

PRODUCTS = (FlowKind.PRODUCTS,)
NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)


def keep_listings(store, shown, now):
    with transaction.atomic():
        return listings.keep_listings(store, shown, now)


def shown_skus(sandbox, site="v1") -> set[str]:
    return {v["sku"] for product in sandbox.wix.site(site).products for v in product["variants"]}


@pytest.mark.parametrize("site", ["v1", "v3"])
def test_every_listing_of_the_store_is_read_once_and_a_second_reading_changes_nothing(connect, sandbox, site):
    integration = connect(site, on=PRODUCTS)

    rows = Listing.objects.filter(store=integration.store)
    assert set(rows.values_list("sku", flat=True)) == shown_skus(sandbox, site)
    count = rows.count()
    first = Run.objects.get(flow=flow_of(integration, FlowKind.PRODUCTS))
    assert (first.created, first.seen) == (count, count)

    sync(integration, FlowKind.PRODUCTS)
    second = Run.objects.filter(flow=first.flow).latest("pk")
    assert (second.seen, second.unchanged) == (count, count)
    assert rows.count() == count


def test_a_long_catalogue_is_read_in_slices(connect, sandbox, monkeypatch):
    monkeypatch.setattr(runs, "SLICE_SECONDS", -1.0)
    monkeypatch.setattr("integrations.connectors.wix.replies.V1_ROWS", 3)

    integration = connect("v1", on=PRODUCTS)

    assert set(Listing.objects.values_list("sku", flat=True)) == shown_skus(sandbox)
    flow = flow_of(integration, FlowKind.PRODUCTS)
    assert set(flow.position) == {"whole", "worked_out_at"}  # no page is half read
    assert flow.gen > 2


def one_slice() -> None:
    """The last task of a flow; those before it are outdated."""
    tasks = [SignedPackage.loads(row.payload) for row in OrmQ.objects.order_by("id")]
    OrmQ.objects.all().delete()
    run_flow(*[task["args"] for task in tasks if task["func"] == "integrations.tasks.run_flow"][-1])


def test_a_whole_reading_goes_on_where_it_was_however_long_its_slices_had_to_wait(
    connect, sandbox, monkeypatch, time_machine
):
    monkeypatch.setattr(runs, "SLICE_SECONDS", -1.0)
    monkeypatch.setattr("integrations.connectors.wix.replies.V1_ROWS", 3)
    integration = connect_store(sandbox, "v1", on=PRODUCTS)
    slices = 0
    while "whole" not in flow_of(integration, FlowKind.PRODUCTS).position:
        time_machine.move_to(timezone.now() + dt.timedelta(hours=1), tick=True)
        tick(timezone.now())
        one_slice()
        slices += 1
        assert slices < 100, "it never came to its end"

    assert slices > 3
    assert set(Listing.objects.values_list("sku", flat=True)) == shown_skus(sandbox)


@pytest.mark.django_db(transaction=True)
def test_a_sku_that_changes_in_the_store_is_a_change_and_keeps_its_product():
    account = make_account()
    store, mug = make_store(account), make_product(account, "MUG")
    keep_listings(store, [Shown("p", "v", "MUG", "Mug", True)], NOW)
    assert Listing.objects.get().product == mug

    kept = keep_listings(store, [Shown("p", "v", "MUG-2", "Mug", True)], NOW)

    listing = Listing.objects.get()
    assert (kept.changed, listing.sku, listing.sku_key, listing.product) == (1, "MUG-2", "MUG-2", mug)


@pytest.mark.django_db(transaction=True)
def test_one_of_two_listings_with_one_sku_is_not_the_other():
    store = make_store()

    kept = keep_listings(store, [Shown("p", "1", "MUG", "Mug", True), Shown("q", "1", "MUG", "Mug", True)], NOW)

    assert kept.created == 2
    assert Listing.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_over_long_and_odd_values_are_stored_as_far_as_they_go():
    store = make_store()

    keep_listings(store, [Shown("p" * 300, "v", "S\x00KU" + "U" * 200, "T" * 500, None)], NOW)

    listing = Listing.objects.get()
    assert (len(listing.product_uid), len(listing.title)) == (100, 255)
    assert listing.sku.startswith("SKU")


def test_what_the_store_no_longer_shows_is_retired_the_day_after_and_comes_back_when_shown(
    connect, sandbox, time_machine
):
    integration = connect("v1", on=PRODUCTS)
    site = sandbox.wix.site("v1")
    [gone, *_] = [product for product in site.products if len(product["variants"]) == 1]
    site.delete_product(gone["id"]) if hasattr(site, "delete_product") else site.products.delete(gone["id"])
    sync(integration, FlowKind.PRODUCTS)

    time_machine.move_to(timezone.now() + dt.timedelta(days=1))
    sync(integration, FlowKind.PRODUCTS)
    row = Listing.objects.get(store=integration.store, product_uid=gone["id"])
    assert row.retired_at
    assert Listing.objects.filter(retired_at=None).count() == Listing.objects.count() - 1

    keep_listings(integration.store, [Shown(row.product_uid, row.variant_uid, row.sku, row.title, row.tracked)], NOW)
    row.refresh_from_db()
    assert row.retired_at is None


def test_a_listing_that_held_orders_wait_for_is_not_retired(connect, sandbox, time_machine):
    sandbox.wix.place_order("v1")
    integration = connect("v1")
    order = Order.objects.get()
    assert order.holds.filter(kind="sku", lifted_at=None).exists()
    listing = order.lines.filter(ships=True).first().listing
    sandbox.wix.site("v1").products.delete(listing.product_uid)

    time_machine.move_to(timezone.now() + dt.timedelta(days=2))
    sync(integration, FlowKind.PRODUCTS)

    listing.refresh_from_db()
    assert listing.retired_at is None


def test_an_odd_product_is_kept_aside_and_the_rest_is_read(connect, sandbox):
    site = sandbox.wix.site("v1")
    product = next(iter(site.products))
    product["variants"][0]["sku"] = {"not": "a text"}

    integration = connect("v1", on=PRODUCTS)
    sync(integration, FlowKind.PRODUCTS)

    record = FailedRecord.objects.get(store=integration.store, kind="listing")
    assert (record.attempts, record.mended_at) == (2, None)
    assert record.sentence
    assert Listing.objects.count() > 5
    assert flow_of(integration, FlowKind.PRODUCTS).failures == 0

    product["variants"][0]["sku"] = "WHOLE-AGAIN"
    sync(integration, FlowKind.PRODUCTS)
    record.refresh_from_db()
    assert record.mended_at
    assert Listing.objects.filter(sku="WHOLE-AGAIN").exists()


def test_a_site_that_moved_to_the_other_catalogue_is_read_from_there(connect, sandbox):
    integration = connect("v3", on=PRODUCTS)
    type(integration).objects.filter(pk=integration.pk).update(variant="v1")

    sync(integration, FlowKind.PRODUCTS)

    integration.refresh_from_db()
    assert integration.variant == "v3"
    assert flow_of(integration, FlowKind.PRODUCTS).failures == 0


# --- taking products over ----------------------------------------------------------------------------------------


def test_taking_the_products_of_a_store_lets_go_every_order_that_waited_for_one(connect, sandbox):
    sandbox.wix.place_order("v1")
    integration = connect("v1")
    skus = {sku for sku in shown_skus(sandbox) if sku}
    assert Order.objects.get().holds.filter(kind="sku", lifted_at=None).exists()
    assert takeable(integration.store) == len(skus)

    taken = take_products(integration.store, by="Ann", now=timezone.now())
    work()

    assert taken.made == len(skus)
    assert taken.linked >= taken.made
    assert set(Product.objects.values_list("sku", flat=True)) == skus
    assert not Order.objects.get().holds.filter(kind="sku", lifted_at=None).exists()
    assert takeable(integration.store) == 0
    assert MappingChange.objects.filter(by="Ann").count() == taken.linked
    assert take_products(integration.store, by="Ann", now=timezone.now()).made == 0


@pytest.mark.django_db(transaction=True)
def test_two_who_take_at_once_make_each_product_once():
    store = make_store()
    keep_listings(store, [Shown(f"p{n}", "", f"SKU-{n}", f"Thing {n}", None) for n in range(40)], NOW)

    at_once(*[lambda: take_products(store, by="Ann", now=NOW)] * 3)

    assert Product.objects.count() == 40
    assert not Listing.objects.filter(product=None).exists()


@pytest.mark.django_db(transaction=True)
def test_listings_whose_sku_the_account_knows_are_linked_to_that_product_and_none_is_made():
    account = make_account()
    store, mug = make_store(account), make_product(account, "mug red")
    keep_listings(store, [Shown("p", "", "MUG  RED", "Mug", None), Shown("q", "", "", "No SKU", None)], NOW)

    assert takeable(store) == 0
    assert Listing.objects.get(product_uid="p").product == mug
    assert take_products(store, by="Ann", now=NOW).without_sku == 1


# --- locations ---------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-40", "TECH-41")
def test_locations_are_read_by_their_names_and_orders_go_to_the_warehouse_they_mean(connect, sandbox):
    sandbox.wix.place_order("v1")
    integration = connect("v1")
    names = set(Location.objects.filter(store=integration.store).values_list("name", flat=True))
    assert {"Main", "Berlin shop"} <= names
    order = Order.objects.get()
    assert order.state == State.HELD
    assert order.holds.filter(kind="location", lifted_at=None).exists()

    from mappings.mapping import map_location
    from tests.build import make_warehouse

    warehouse = make_warehouse(integration.account)
    map_location(order.location, warehouse, by="Ann", now=timezone.now())
    work()

    order.refresh_from_db()
    assert order.warehouse == warehouse
    assert not order.holds.filter(kind="location", lifted_at=None).exists()
