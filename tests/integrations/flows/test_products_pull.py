"""Products pulled into the catalogue: what is made, filled, overwritten, left alone and never guessed."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fcp.models import Store
from integrations import runs
from integrations.connectors.declaring import FlowKind
from integrations.lease import ring
from integrations.models import Exchange, Flow
from integrations.sandbox.server import Sandbox
from inventory.models import Product, ProductGroup
from mappings.models import Listing
from mappings.take import left_out_of
from tests.build import make_account, make_product
from tests.integrations.flows.world import change_settings, connect_store, flow_of, sync, work

PRODUCTS = (FlowKind.PRODUCTS,)


@pytest.fixture
def pulled(connect):
    """A store whose products fill the catalogue, read once."""

    def pull(site="v1", **given):
        return connect(site, on=PRODUCTS, fills=True, **given)

    return pull


def on_schedule(integration) -> Flow:
    """Its next slot has come; nobody asked."""
    flow = flow_of(integration, FlowKind.PRODUCTS)
    Flow.objects.filter(pk=flow.pk).update(due_at=timezone.now(), trigger="")
    ring([flow.pk], timezone.now(), trigger="schedule")
    work()
    return flow_of(integration, FlowKind.PRODUCTS)


def calls() -> list[str]:
    found = Exchange.objects.filter(flow="products").exclude(path__contains="/provision/")
    return [f"{call.method} {call.path}" for call in found.order_by("pk")]


def of_shop(sandbox, site):
    return {v["sku"]: (p, v) for p in sandbox.wix.site(site).products for v in p["variants"] if v["sku"]}


@pytest.mark.parametrize("site", ["v1", "v3"])
def test_every_sku_of_the_store_becomes_a_product_with_what_the_store_says_of_it(pulled, sandbox, site):
    integration = pulled(site)

    shop = of_shop(sandbox, site)
    products = {product.sku: product for product in Product.objects.select_related("group")}
    assert set(products) == set(shop)
    for sku, (shown, variant) in shop.items():
        product = products[sku]
        assert (product.price, product.currency) == (Decimal(str(variant["price"])), integration.store.currency)
        said = (product.group or product).description
        assert said == shown["name"]
        if site == "v3" and shown["type"] == "physical":
            assert product.weight_grams == round(variant["weight"] * 1000)
        if shown["options"]:
            assert product.group
            assert product.group.name == shown["name"]
            assert product.group.options == [option["name"] for option in shown["options"]]
            assert product.options == list(variant["choices"].values())
        else:
            assert product.group is None
    assert not Listing.objects.filter(product=None).exclude(sku="").exists()


@pytest.mark.parametrize("site", ["v1", "v3"])
def test_a_second_whole_pull_writes_no_product_and_no_listing(pulled, sandbox, site):
    integration = pulled(site)
    before = list(Product.objects.order_by("pk").values()), list(ProductGroup.objects.order_by("pk").values())

    with CaptureQueriesContext(
        connection,
    ) as queries:
        sync(integration, FlowKind.PRODUCTS)

    written = [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE"))]
    tables = ("inventory_product", "inventory_productgroup", "mappings_listing")
    assert not [sql for sql in written if any(f'"{table}"' in sql for table in tables)]
    assert before == (list(Product.objects.order_by("pk").values()), list(ProductGroup.objects.order_by("pk").values()))


def test_the_queries_of_a_page_do_not_grow_with_its_rows(connect):
    counts = []
    for products in (12, 60):
        with (
            Sandbox(orders=0, products=products, rate_limit=0) as box,
            override_settings(FCP_SANDBOX_PORT=box.server.server_address[1]),
        ):
            Store.objects.update(connected=False)
            integration = connect_store(box, "v1", account=make_account(), on=(), fills=True)
            change_settings(integration, flows={"products": {"mode": "pull", "interval": 60}})
            with CaptureQueriesContext(connection) as queries:
                work()
            counts.append(len(queries))
            assert Product.objects.filter(account=integration.account).count() > products / 2

    assert counts[1] <= counts[0] + 4  # a page of links more


def test_what_a_person_entered_here_is_not_overwritten_and_what_is_empty_is_filled(connect, sandbox):
    account = make_account()
    shown = sandbox.wix.site("v1")
    sku = next(v["sku"] for p in shown.products for v in p["variants"] if v["sku"] and not p["options"])
    mine = make_product(account, sku, name="My own name", description="My words")

    connect("v1", account=account, on=PRODUCTS, fills=True)

    mine.refresh_from_db()
    assert (mine.name, mine.description) == ("My own name", "My words")
    assert mine.price is not None
    assert mine.currency == "EUR"


def test_the_declared_master_overwrites_and_another_store_does_not(connect, sandbox):
    account = make_account()
    integration = connect("v1", account=account, on=PRODUCTS, fills=True)
    product = Product.objects.filter(group=None, account=account).first()
    Product.objects.filter(pk=product.pk).update(name="Typed here", price=Decimal(1))

    sync(integration, FlowKind.PRODUCTS)
    product.refresh_from_db()
    assert product.name == "Typed here"

    account.settings = {"master_products": f"store:{integration.store_id}"}
    account.save()
    sync(integration, FlowKind.PRODUCTS)
    product.refresh_from_db()
    listing = Listing.objects.get(product=product)
    assert product.name == listing.title
    assert product.price != 1


def test_a_listing_without_a_sku_or_with_that_of_another_is_listed_and_never_guessed(connect, sandbox):
    site = sandbox.wix.site("v1")
    first, second, *_ = [p for p in site.products if not p["options"] and p["variants"][0]["sku"]]
    taken = first["variants"][0]["sku"]
    second["variants"][0]["sku"] = taken
    second["variants"][0]["price"] = 777.0
    bare = [p["id"] for p in site.products for v in p["variants"] if not v["sku"]]

    integration = connect("v1", on=PRODUCTS, fills=True)
    sync(integration, FlowKind.PRODUCTS)

    assert Product.objects.get(sku=taken).name == first["name"]
    assert Product.objects.get(sku=taken).price != 777
    left = {row.product_uid for row in left_out_of(integration.store)}
    assert left == {second["id"], *bare}


@pytest.mark.parametrize("site", ["v1", "v3"])
def test_on_schedule_only_what_changed_is_asked_for_and_once_a_day_everything(pulled, sandbox, site, time_machine):
    time_machine.move_to(timezone.now() + dt.timedelta(hours=3), tick=True)  # the shop was filled long ago
    integration = pulled(site)
    shop = sandbox.wix.site(site)
    Exchange.objects.all().delete()

    on_schedule(integration)
    assert len(calls()) == 1

    changed = next(p for p in shop.products if not p["options"] and p["variants"][0]["sku"])
    shop.put_product({**changed, "name": "Renamed in the store", "updatedDate": shop.now()})
    Exchange.objects.all().delete()
    on_schedule(integration)
    assert len(calls()) == (1 if site == "v1" else 2)
    assert Listing.objects.filter(title="Renamed in the store").count() == 1

    time_machine.move_to(timezone.now() + dt.timedelta(days=1, minutes=5), tick=True)
    shop.products.delete(changed["id"])
    shop.variants = None
    on_schedule(integration)
    assert Listing.objects.get(product_uid=changed["id"], retired_at__isnull=False)


def test_a_catalogue_of_more_pages_is_filled_in_slices(pulled, sandbox, monkeypatch):
    monkeypatch.setattr(runs, "SLICE_SECONDS", -1.0)
    monkeypatch.setattr("integrations.connectors.wix.listing_pages.VARIANT_ROWS", 3)
    monkeypatch.setattr("integrations.connectors.wix.listing_pages.PRODUCT_ROWS", 3)

    integration = pulled("v3")

    assert set(Product.objects.values_list("sku", flat=True)) == set(of_shop(sandbox, "v3"))
    assert not ProductGroup.objects.filter(description="").exists()
    flow = flow_of(integration, FlowKind.PRODUCTS)
    assert set(flow.position) == {"whole"}
    for group in ProductGroup.objects.all():
        assert group.products.count() == len({p.sku for p in group.products.all()}) > 1


def test_switching_from_reading_listings_to_pulling_fills_the_catalogue_at_once(connect, sandbox):
    integration = connect("v1", on=PRODUCTS)
    assert not Product.objects.exists()

    change_settings(integration, flows={"products": {"mode": "pull", "interval": 60}})
    on_schedule(integration)

    assert Product.objects.count() == len(of_shop(sandbox, "v1"))


def test_disabled_products_neither_fill_nor_change_our_catalogue_though_stock_needs_the_listings(connect, sandbox):
    integration = connect("v1", on=(FlowKind.INVENTORY,))

    assert Listing.objects.filter(store=integration.store).exists()
    assert not Product.objects.exists()
    assert flow_of(integration, FlowKind.PRODUCTS).mode == "disabled"


def test_two_stores_with_the_same_skus_share_products_and_groups(connect, sandbox):
    account = make_account()
    connect("v1", account=account, on=PRODUCTS, fills=True)
    groups, products = ProductGroup.objects.count(), Product.objects.count()
    other = sandbox.wix.site("v3")
    for product, twin in zip(
        [p for p in sandbox.wix.site("v1").products if p["options"]], list(other.products), strict=False
    ):
        skus = [v["sku"] for v in product["variants"]]
        for variant, sku in zip(twin["variants"], skus, strict=False):
            variant["sku"] = sku
    other.variants = None

    connect("v3", account=account, on=PRODUCTS, fills=True)

    shared = Product.objects.filter(sku__in=of_shop(sandbox, "v1"))
    assert shared.count() == products
    assert ProductGroup.objects.filter(products__in=shared).distinct().count() == groups


@pytest.mark.parametrize("mode", ["pull", "push"])
def test_pull_and_push_is_refused_until_the_account_names_a_master(connect, mode):
    from integrations.connectors import connector_class
    from integrations.settings_document import document_of, validate

    wix = connector_class("wix").platform
    integration = connect("v1", on=PRODUCTS)
    both = {"flows": {"products": {"mode": "both", "interval": 60}}}

    checked = validate(wix, both, document_of(integration), integration.account)
    assert "master" in checked.errors["flows.products.mode"]

    integration.account.settings = {"master_products": "panel"}
    assert not validate(wix, both, document_of(integration), integration.account).errors


def test_a_product_that_a_person_adds_at_the_same_moment_is_found_there(connect, sandbox, monkeypatch):
    from inventory.catalogue import Filling

    account = make_account()
    sku = next(iter(of_shop(sandbox, "v1")))
    before = Filling.make

    def raced(self):
        assert self.there == {}  # read already
        make_product(account, sku, name="Typed meanwhile")
        return before(self)

    monkeypatch.setattr(Filling, "make", raced)
    connect("v1", account=account, on=PRODUCTS, fills=True)

    assert Product.objects.get(account=account, sku=sku).name == "Typed meanwhile"
    assert Product.objects.count() == len(of_shop(sandbox, "v1"))
