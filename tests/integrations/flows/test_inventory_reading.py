"""Reading back what the store shows: at night, when asked; what differs, and mending it in either direction."""

import datetime as dt

import pytest
from django.utils import timezone

from integrations.errors import IntegrationError
from integrations.flows.stock_reading_back import last_night
from integrations.stock_answers import send_ours, take_theirs, want_reading_back
from inventory.models import StockLevel, StockMovement, Warehouse
from mappings.models import Why
from tests.integrations.flows.stock_world import (
    calls,
    forget_calls,
    inventory_flow,
    push_of,
    report,
    row_of,
    rows,
    sending,
    sync_stock,
    warehouse_of,
    writes,
)
from tests.integrations.flows.test_inventory import counted
from tests.integrations.flows.world import work

pytestmark = pytest.mark.django_db(transaction=True)

SITES = pytest.mark.parametrize("site", ["v1", "v3"])


def read(integration):
    want_reading_back(integration, by="Ann", now=timezone.now())
    work()


@pytest.fixture
def drifted(sandbox):
    """Somebody set one quantity in the store by hand."""

    def drifted(site="v1"):
        integration = sending(sandbox, site)
        sku = next(iter(counted(sandbox, site)))
        sandbox.wix.set_stock(site, sku, 25)
        read(integration)
        return integration, sku

    return drifted


@SITES
def test_a_number_that_somebody_changed_in_the_store_is_found_and_left_to_a_person(drifted, sandbox, site):
    integration, sku = drifted(site)

    row = row_of(integration, sku)
    assert (row.drift, row.confirmed, row.known) == (25, 10, True)
    assert row.drift_at
    assert rows(integration).filter(drift__isnull=False).count() == 1
    assert counted(sandbox, site)[sku] == 25


def test_reading_back_is_done_once_a_night_where_the_store_is(sandbox, time_machine):
    assert last_night("America/New_York", dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC)) == dt.datetime(
        2026, 11, 22, 8, tzinfo=dt.UTC
    )
    assert last_night("America/New_York", dt.datetime(2026, 11, 22, 7, tzinfo=dt.UTC)) == dt.datetime(
        2026, 11, 21, 8, tzinfo=dt.UTC
    )
    integration = sending(sandbox)
    forget_calls()
    time_machine.move_to(timezone.now() + dt.timedelta(days=1))

    sync_stock(integration)
    asked = calls(integration)
    sync_stock(integration)

    assert asked == ["GET /stores/v3/provision/version", "POST /stores-reader/v2/inventoryItems/query"]
    assert calls(integration) == asked


def test_a_reading_that_fails_leaves_the_push_alone(sandbox, time_machine):
    integration = sending(sandbox)
    sku = next(iter(counted(sandbox)))
    sandbox.wix.misbehave("error", "v1", path="inventoryItems/query", count=None)

    read(integration)
    report(integration, {sku: 4})

    assert counted(sandbox)[sku] == 4
    assert inventory_flow(integration).failures == 0
    sandbox.wix.behave()
    before = push_of(integration).read_at
    time_machine.move_to(timezone.now() + dt.timedelta(hours=2))
    sync_stock(integration)
    assert push_of(integration).read_at > before


@SITES
def test_our_quantity_can_be_sent_again(drifted, sandbox, site):
    integration, sku = drifted(site)
    row = row_of(integration, sku)

    assert send_ours(integration, [row.pk], by="Ann", now=timezone.now()) == 1
    work()

    assert counted(sandbox, site)[sku] == 10
    row.refresh_from_db()
    assert (row.drift, row.confirmed, row.known) == (None, 10, True)


def test_the_stores_number_can_be_taken_where_levels_are_counted_here(drifted, sandbox):
    integration, sku = drifted()
    warehouse = warehouse_of(integration)
    Warehouse.objects.filter(pk=warehouse.pk).update(kept_by="panel")
    row = row_of(integration, sku)
    forget_calls()

    take_theirs(integration, row, by="Ann", now=timezone.now())
    work()

    assert StockLevel.objects.get(warehouse=warehouse, product=row.product).quantity == 25
    moved = StockMovement.objects.get(kind="correction")
    assert (moved.quantity, moved.actor) == (15, "Ann")
    row.refresh_from_db()
    assert (row.drift, row.confirmed, row.known, row.result) == (None, 25, True, 25)
    assert writes(integration) == []
    assert not rows(integration).due().exists()


def test_the_number_cannot_be_taken_where_the_warehouse_reports_its_levels(drifted):
    integration, sku = drifted()
    warehouse = warehouse_of(integration)

    with pytest.raises(IntegrationError, match=f"{warehouse.name} reports its levels itself"):
        take_theirs(integration, row_of(integration, sku), by="Ann", now=timezone.now())

    assert row_of(integration, sku).drift == 25


def test_a_number_that_came_right_again_is_no_drift(drifted, sandbox):
    integration, sku = drifted()
    sandbox.wix.set_stock("v1", sku, 10)

    read(integration)

    assert row_of(integration, sku).drift is None


def test_a_number_that_an_order_made_unknown_is_no_drift(sandbox):
    integration = sending(sandbox)
    sku = next(iter(counted(sandbox)))
    row = row_of(integration, sku)
    rows(integration).filter(pk=row.pk).update(known=False)
    sandbox.wix.set_stock("v1", sku, 25)

    read(integration)

    assert row_of(integration, sku).drift is None


@SITES
def test_reading_learns_what_the_store_counts_no_longer_and_counts_again(sandbox, site):
    integration = sending(sandbox, site)
    sku = next(iter(counted(sandbox, site)))
    sandbox.wix.set_stock(site, sku, None)
    read(integration)
    assert row_of(integration, sku).why == Why.UNTRACKED
    report(integration, {sku: 4})
    assert sandbox.wix.stock(site)[sku] is None

    sandbox.wix.set_stock(site, sku, 1)
    read(integration)

    assert counted(sandbox, site)[sku] == 4


def test_another_stores_rows_cannot_be_sent(sandbox, drifted):
    integration, sku = drifted()
    from tests.integrations.flows.flows import make_integration

    strange = make_integration()

    assert send_ours(strange, [row_of(integration, sku).pk], by="Eve", now=timezone.now()) == 0
    assert row_of(integration, sku).drift == 25
