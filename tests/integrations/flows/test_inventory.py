"""Stock going out: what is sent, when, to where, and in how many calls. Both catalogs of the stand-in store."""

import datetime as dt

import pytest
from django.utils import timezone

from integrations.connectors.declaring import FlowKind
from integrations.errors import IntegrationError
from integrations.live import GoingLive, what_goes_live
from integrations.models import Run, StockSent
from integrations.sandbox.server import Sandbox
from integrations.settings_document import document_of
from integrations.stock_answers import allow_first_push
from integrations.sweep import sweep
from integrations.tick import tick
from inventory.aliases import store
from inventory.models import Alias, AliasType
from mappings.mapping import map_listing, map_location
from mappings.models import Listing, ListingStock, Location, Why
from mappings.versions import undo_change
from tests.build import make_product
from tests.integrations.flows.stock_world import (
    all_skus,
    another_warehouse,
    calls,
    connect_stock,
    forget_calls,
    inventory_flow,
    push_of,
    report,
    row_of,
    rows,
    sending,
    start,
    sync_stock,
    writes,
)
from tests.integrations.flows.world import change_settings, map_everything, sync, work

pytestmark = pytest.mark.django_db(transaction=True)

SITES = pytest.mark.parametrize("site", ["v1", "v3"])


@pytest.fixture
def two_places(settings):
    """A V3 store that counts its stock at two of its locations."""
    with Sandbox(orders=0, products=12, rate_limit=0, stock_places=2) as box:
        settings.FCP_SANDBOX_PORT = box.server.server_address[1]
        yield box


def counted(sandbox, site="v1"):
    """What the store shows of everything that it counts and that has a SKU."""
    shown = sandbox.wix.stock(site).items()
    return {sku: quantity for sku, quantity in shown if quantity is not None and len(sku) < 30}


# --- the first push ----------------------------------------------------------------------------------------------


@SITES
def test_nothing_is_sent_before_a_person_has_started_it(sandbox, site):
    before = counted(sandbox, site)
    integration = connect_stock(sandbox, site)
    report(integration, dict.fromkeys(all_skus(integration), 7))

    assert counted(sandbox, site) == before
    assert writes(integration) == []
    assert push_of(integration).read_at
    waiting = rows(integration).to_send()
    assert waiting.exists()
    assert set(waiting.values_list("result", flat=True)) == {7}


@SITES
def test_the_first_push_makes_the_store_show_what_the_warehouse_has(sandbox, site):
    integration = connect_stock(sandbox, site)
    report(integration, dict.fromkeys(all_skus(integration), 7))

    start(integration)

    assert set(counted(sandbox, site).values()) == {7}
    assert not rows(integration).due().exists()
    sent = rows(integration).filter(why="")
    assert set(sent.values_list("confirmed", "known")) == {(7, True)}
    run = Run.objects.filter(flow=inventory_flow(integration)).latest("pk")
    assert run.state == "done"
    assert run.created == StockSent.objects.count() > 0


def test_what_the_store_shows_already_is_not_sent(sandbox):
    integration = connect_stock(sandbox)
    shown = counted(sandbox)
    report(integration, {**dict.fromkeys(all_skus(integration), 5), **shown})

    start(integration)

    assert writes(integration) == []


def test_as_changes_from_now_on_the_first_push_leaves_the_stores_numbers(sandbox):
    before = counted(sandbox)
    integration = connect_stock(sandbox, first_push="changes")
    report(integration, dict.fromkeys(all_skus(integration), 7))

    start(integration)
    assert counted(sandbox) == before

    sku = next(iter(before))
    report(integration, {sku: 3})
    assert counted(sandbox) == before | {sku: 3}


def test_it_cannot_be_started_before_the_stores_numbers_were_read(sandbox):
    integration = connect_stock(sandbox, flows={"inventory": {"mode": "disabled"}})

    with pytest.raises(IntegrationError, match="not read what the store shows"):
        allow_first_push(integration, by="Ann", now=timezone.now())


def test_while_it_is_not_live_nothing_is_sent_and_going_live_says_how_much_it_will_be(sandbox):
    integration = connect_stock(sandbox, live=False)
    before = counted(sandbox)
    report(integration, dict.fromkeys(all_skus(integration), 7))
    allow_first_push(integration, by="Ann", now=timezone.now())
    work()

    assert counted(sandbox) == before
    different = sum(quantity != 7 for quantity in before.values())
    assert what_goes_live(integration) == GoingLive(orders=0, held=0, shipments=0, quantities=different)


# --- when --------------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-11", "EFS-20")
@SITES
def test_a_level_that_changes_reaches_the_store_at_once(sandbox, site):
    integration = sending(sandbox, site)
    sku = next(iter(counted(sandbox, site)))

    report(integration, {sku: 4})

    assert counted(sandbox, site)[sku] == 4


@pytest.mark.req("EIM-11", "EFS-20")
def test_the_interval_says_how_often_stock_goes_out_and_is_an_hour_at_first(sandbox):
    integration = sending(sandbox)
    flow = inventory_flow(integration)
    assert flow.interval == 60
    assert dt.timedelta(minutes=55) < flow.due_at - timezone.now() < dt.timedelta(minutes=65)

    change_settings(integration, flows={"inventory": {"interval": 15}})
    work()

    assert inventory_flow(integration).due_at - timezone.now() < dt.timedelta(minutes=16)


def test_a_nudge_that_was_lost_is_made_up_for_within_a_minute(sandbox, monkeypatch):
    integration = sending(sandbox)
    sku = next(iter(counted(sandbox)))
    monkeypatch.setattr("integrations.bells.ring", lambda *args, **kwargs: None)
    report(integration, {sku: 4})
    assert counted(sandbox)[sku] == 10

    sweep(timezone.now())
    work()

    assert counted(sandbox)[sku] == 4


def test_where_nothing_may_be_sent_the_minutes_tick_leaves_the_flow_alone(sandbox):
    integration = connect_stock(sandbox)
    report(integration, dict.fromkeys(all_skus(integration), 7))
    assert rows(integration).to_send().exists()
    gen = inventory_flow(integration).gen

    tick(timezone.now())

    assert inventory_flow(integration).gen == gen


# --- how much ----------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-42", "EIM-24", "EIM-25")
def test_the_sum_of_all_mapped_warehouses_is_sent_and_of_a_chosen_one_its_own_stock(sandbox):
    integration = connect_stock(sandbox)
    second, unmapped = another_warehouse(integration), another_warehouse(integration)
    sku = next(iter(counted(sandbox)))
    second_place = Location.objects.filter(store=integration.store).order_by("pk")[1]
    map_location(second_place, second, by="Ann", now=timezone.now())
    report(integration, {sku: 5})
    report(integration, {sku: 3}, second)
    report(integration, {sku: 100}, unmapped)
    start(integration)
    assert counted(sandbox)[sku] == 8

    change_settings(integration, stock_warehouse=second.pk)
    work()
    assert counted(sandbox)[sku] == 3

    change_settings(integration, stock_warehouse=unmapped.pk)
    work()
    assert counted(sandbox)[sku] == 3
    assert row_of(integration, sku).why == Why.NO_WAREHOUSE

    change_settings(integration, stock_warehouse="")
    work()
    assert document_of(integration)["stock_warehouse"] is None
    assert counted(sandbox)[sku] == 8


@pytest.mark.req("EIM-25")
def test_a_store_with_several_locations_gets_at_each_the_stock_of_its_own_warehouse(two_places):
    box = two_places
    integration = connect_stock(box, "v3")
    second = another_warehouse(integration)
    first_place, second_place, *_ = Location.objects.filter(store=integration.store).order_by("pk")
    map_location(second_place, second, by="Ann", now=timezone.now())
    sku = next(iter(counted(box, "v3")))
    report(integration, {sku: 5})
    report(integration, {sku: 3}, second)

    start(integration)

    shown = box.wix.stock_of("v3", sku)
    assert (shown[first_place.name], shown[second_place.name]) == (5, 3)


@pytest.mark.req("TECH-43")
def test_what_is_below_zero_is_sent_as_zero(sandbox):
    integration = sending(sandbox)
    sku = next(iter(counted(sandbox)))
    report(integration, {sku: 1})

    sandbox.wix.place_order("v1", skus=[sku], quantity=3)
    sync(integration, FlowKind.ORDERS)
    map_everything(integration)
    work()

    assert counted(sandbox)[sku] == 0
    steps = StockSent.objects.filter(listing__sku=sku).latest("pk").steps
    assert ["floor", 2, 0, ""] in steps


@pytest.mark.req("TECH-44")
def test_without_a_mapped_warehouse_nothing_is_sent_and_the_reason_is_kept(sandbox):
    integration = connect_stock(sandbox)
    before = counted(sandbox)
    for place in Location.objects.filter(store=integration.store):
        map_location(place, None, by="Ann", now=timezone.now())
    report(integration, dict.fromkeys(all_skus(integration), 7))

    start(integration)

    assert counted(sandbox) == before
    assert set(rows(integration).values_list("why", flat=True)) == {Why.NO_WAREHOUSE}


@pytest.mark.req("EIM-30")
def test_below_the_minimum_level_the_store_is_told_0_and_at_it_the_true_quantity(sandbox):
    integration = connect_stock(sandbox, stock_minimum=5)
    below, at, *_ = counted(sandbox)
    report(integration, {below: 4, at: 5})

    start(integration)

    assert (counted(sandbox)[below], counted(sandbox)[at]) == (0, 5)


def test_a_reserve_is_kept_back_and_the_cap_comes_last(sandbox):
    integration = connect_stock(sandbox, stock_reserve=2, stock_cap=6, stock_minimum=3)
    few, many, *_ = counted(sandbox)
    report(integration, {few: 4, many: 50})

    start(integration)

    assert (counted(sandbox)[few], counted(sandbox)[many]) == (0, 6)


@pytest.mark.req("EIM-33")
def test_a_sku_without_a_reported_level_is_not_sent_and_is_listed(sandbox):
    integration = connect_stock(sandbox)
    silent, *others = counted(sandbox)
    before = counted(sandbox)[silent]
    report(integration, dict.fromkeys(others, 7))

    start(integration)

    assert counted(sandbox)[silent] == before
    row = row_of(integration, silent)
    assert (row.why, row.result) == (Why.NO_LEVEL, None)
    run = Run.objects.filter(flow=inventory_flow(integration)).order_by("pk").first()
    assert run.reasons.get(Why.NO_LEVEL) or Run.objects.filter(reasons__has_key=Why.NO_LEVEL).exists()


@SITES
def test_what_the_store_does_not_count_is_never_switched_on(sandbox, site):
    integration = connect_stock(sandbox, site)
    sku = next(iter(counted(sandbox, site)))
    report(integration, dict.fromkeys(all_skus(integration), 7))
    sandbox.wix.set_stock(site, sku, None)
    sync(integration, FlowKind.PRODUCTS)

    start(integration)

    assert sandbox.wix.stock(site)[sku] is None
    assert row_of(integration, sku).why == Why.UNTRACKED


# --- which product -----------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-26", "EIM-27", "EIM-28")
def test_with_an_alias_type_chosen_the_stores_sku_is_looked_up_by_it_and_products_without_one_are_left_out(sandbox):
    integration = connect_stock(sandbox)
    sku, lacking, by_hand, *_ = counted(sandbox)
    kind = AliasType.objects.create(account=integration.account, name="Webshop")
    real = make_product(integration.account, "REAL-1")
    alias = Alias.objects.create(account=integration.account, alias_type=kind, product=real, code=sku.lower())
    linked = Listing.objects.get(store=integration.store, sku=by_hand)
    map_listing(linked, make_product(integration.account, "REAL-2"), by="Ann", now=timezone.now())
    before = counted(sandbox)
    change_settings(integration, stock_alias=str(kind.pk))
    report(integration, {sku: 1, lacking: 2, by_hand: 3, "REAL-1": 41, "REAL-2": 42})

    start(integration)

    after = counted(sandbox)
    assert (after[sku], after[lacking], after[by_hand]) == (41, before[lacking], 42)
    assert row_of(integration, lacking).why == Why.NO_ALIAS

    report(integration, {"REAL-1": 40})
    assert counted(sandbox)[sku] == 40
    alias.delete()
    sync_stock(integration)
    assert row_of(integration, sku).why == Why.NO_ALIAS
    change_settings(integration, stock_alias="")
    work()
    assert (counted(sandbox)[sku], counted(sandbox)[lacking]) == (1, 2)


@pytest.mark.req("EIM-26", "EIM-27")
def test_an_alias_of_several_pieces_sends_as_many_as_there_are_of_these(sandbox):
    integration = connect_stock(sandbox)
    sku, *_ = counted(sandbox)
    kind = AliasType.objects.create(account=integration.account, name="Pack")
    mug = make_product(integration.account, "REAL-1")
    box = Alias.objects.create(account=integration.account, alias_type=kind, product=mug, code=sku, units=6)
    change_settings(integration, stock_alias=str(kind.pk))
    report(integration, {"REAL-1": 41})

    start(integration)
    assert counted(sandbox)[sku] == 6

    store(mug, kind, box.code, box, units=4, by="Ann", now=timezone.now())
    sync_stock(integration)
    assert counted(sandbox)[sku] == 10


@pytest.mark.req("EIM-19")
def test_a_link_that_is_taken_back_is_the_skus_again_and_the_alias_counts_as_before(sandbox):
    integration = connect_stock(sandbox)
    sku = next(iter(counted(sandbox)))
    kind = AliasType.objects.create(account=integration.account, name="Webshop")
    real, other = (make_product(integration.account, name) for name in ("REAL-1", "REAL-2"))
    Alias.objects.create(account=integration.account, alias_type=kind, product=real, code=sku)
    change_settings(integration, stock_alias=str(kind.pk))
    report(integration, {sku: 1, "REAL-1": 41, "REAL-2": 42})
    start(integration)
    assert counted(sandbox)[sku] == 41

    change = map_listing(Listing.objects.get(store=integration.store, sku=sku), other, by="Ann", now=timezone.now())
    sync_stock(integration)
    assert counted(sandbox)[sku] == 42
    undo_change(change, "Ann", timezone.now())
    sync_stock(integration)

    assert counted(sandbox)[sku] == 41


def test_an_alias_type_of_another_account_cannot_be_chosen(sandbox):
    from integrations.connectors import connector_class
    from integrations.settings_document import validate
    from tests.build import make_account

    integration = connect_stock(sandbox)
    strange = AliasType.objects.create(account=make_account(), name="Theirs")

    checked = validate(
        connector_class("wix").platform, {"stock_alias": str(strange.pk)}, document_of(integration), integration.account
    )

    assert "stock_alias" in checked.errors


def test_a_listing_that_is_several_pieces_gets_its_quantity_in_its_own_units(sandbox):
    integration = sending(sandbox)
    sku = next(iter(counted(sandbox)))
    listing = Listing.objects.get(store=integration.store, sku=sku)

    map_listing(listing, listing.product, units=4, by="Ann", now=timezone.now())
    work()

    assert counted(sandbox)[sku] == 2


def test_a_listing_that_is_linked_later_gets_its_stock_then(sandbox):
    integration = sending(sandbox)
    sku = next(iter(counted(sandbox)))
    listing = Listing.objects.get(store=integration.store, sku=sku)
    product = listing.product
    map_listing(listing, None, by="Ann", now=timezone.now())
    work()
    assert row_of(integration, sku).why == Why.UNMAPPED
    report(integration, {product.sku: 6})
    assert counted(sandbox)[sku] == 10

    map_listing(listing, product, by="Ann", now=timezone.now())
    work()

    assert counted(sandbox)[sku] == 6


def test_a_listing_that_is_new_in_the_store_gets_its_stock(sandbox):
    integration = sending(sandbox)
    sku = next(iter(counted(sandbox)))
    StockSent.objects.filter(listing__sku=sku).delete()
    ListingStock.objects.filter(listing__sku=sku).delete()
    Listing.objects.filter(store=integration.store, sku=sku).delete()
    sandbox.wix.set_stock("v1", sku, 1)

    sync(integration, FlowKind.PRODUCTS)
    sync_stock(integration)

    assert counted(sandbox)[sku] == 10


# --- orders ------------------------------------------------------------------------------------------------------


@SITES
def test_an_order_marks_what_the_store_shows_as_unknown_and_it_is_told_again(sandbox, site):
    integration = sending(sandbox, site)
    sku = next(iter(counted(sandbox, site)))
    sandbox.wix.place_order(site, skus=[sku], quantity=2)
    assert counted(sandbox, site)[sku] == 8

    sync(integration, FlowKind.ORDERS)
    map_everything(integration)
    work()

    assert counted(sandbox, site)[sku] == 8
    row = row_of(integration, sku)
    assert (row.confirmed, row.known, row.result) == (8, True, 8)


# --- calls -------------------------------------------------------------------------------------------------------


def test_catalog_v1_takes_one_call_for_each_changed_product(sandbox):
    integration = sending(sandbox)
    changed = list(counted(sandbox))[:5]
    products = {Listing.objects.get(store=integration.store, sku=sku).product_uid for sku in changed}
    forget_calls()

    report(integration, dict.fromkeys(changed, 3))

    assert len(writes(integration)) == len(products)


def test_catalog_v3_takes_one_call_for_all_and_reads_nothing(sandbox):
    integration = sending(sandbox, "v3")
    changed = list(counted(sandbox, "v3"))[:8]
    forget_calls()

    report(integration, dict.fromkeys(changed, 3))

    assert calls(integration) == ["POST /stores/v3/bulk/inventory-items/update"]


def test_a_sync_without_a_change_asks_the_store_nothing(sandbox):
    integration = sending(sandbox)
    forget_calls()

    sync_stock(integration)

    assert calls(integration) == []
