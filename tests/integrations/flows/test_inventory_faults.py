"""What goes wrong while stock goes out: lost answers, pauses, refusals, stale revisions, kills, changes meanwhile."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from integrations import lease
from integrations.connectors.declaring import FlowKind
from integrations.connectors.wix.connector import WixConnector
from integrations.flows import inventory
from integrations.lease import claim, free
from integrations.models import Flow, Run, StockSent
from integrations.runs import run_slice
from integrations.sweep import sweep
from mappings.mapping import map_location
from mappings.models import Listing, ListingStock, Location, Why
from mappings.stock_marks import mark_listings
from tests.integrations.flows.stock_world import (
    calls,
    forget_calls,
    inventory_flow,
    report,
    row_of,
    rows,
    sending,
    writes,
)
from tests.integrations.flows.test_inventory import counted
from tests.integrations.flows.world import change_settings, sync, work
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

SITES = pytest.mark.parametrize("site", ["v1", "v3"])
SETTING = "inventoryItems/product|inventory-items/update"  # the calls that set a quantity


def later(time_machine: Any, minutes: float = 5) -> None:
    """After that time, with what the tick would find."""
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=minutes))
    now = timezone.now()
    claim(free(Flow.objects.filter(due_at__lte=now, lease_until=None)), now)
    sweep(now)
    work()


def during(monkeypatch: pytest.MonkeyPatch, what: Callable[[], None], *, before: bool = False) -> None:
    """`what` happens while the store is told for the first time: after it has done it, or before."""
    push_stock = WixConnector.push_stock
    happened: list[bool] = []

    def interrupted(self: WixConnector, items: Any) -> Any:
        first = not happened
        happened.append(True)
        if first and before:
            what()
        answer = push_stock(self, items)
        if first and not before:
            what()
        return answer

    monkeypatch.setattr(WixConnector, "push_stock", interrupted)


# --- no answer, or not now -----------------------------------------------------------------------------------------


@SITES
@pytest.mark.parametrize("fault", ["lost_answer", "cut", "error"])
def test_after_a_lost_answer_the_quantity_is_unknown_and_sent_again(sandbox, site, fault, time_machine):
    integration = sending(sandbox, site)
    sku = next(iter(counted(sandbox, site)))
    sandbox.wix.misbehave(fault, site, path=SETTING)

    report(integration, {sku: 4})

    row = row_of(integration, sku)
    assert (row.known, row.confirmed) == (False, 10)
    assert row.marked > row.handled
    later(time_machine)
    row.refresh_from_db()
    assert (row.confirmed, row.known, row.marked) == (4, True, row.handled)
    assert counted(sandbox, site)[sku] == 4
    assert inventory_flow(integration).failures == 0


@SITES
def test_a_store_that_asks_for_a_pause_gets_it_and_the_rest_follows(sandbox, site, time_machine):
    integration = sending(sandbox, site)
    changed = list(counted(sandbox, site))[:6]
    sandbox.wix.misbehave("busy", site, path=SETTING, count=3, retry_after=30)

    report(integration, dict.fromkeys(changed, 4))
    assert inventory_flow(integration).failures == 0
    for _ in range(4):
        later(time_machine, 1)

    assert {counted(sandbox, site)[sku] for sku in changed} == {4}
    assert not rows(integration).due().exists()


def test_a_product_that_never_gets_an_answer_does_not_keep_the_others(sandbox, time_machine):
    integration = sending(sandbox)
    by_product = {Listing.objects.get(store=integration.store, sku=sku).product_uid: sku for sku in counted(sandbox)}
    (bad, bad_sku), *others = by_product.items()
    sandbox.wix.misbehave("error", "v1", path=f"product/{bad}", count=None)

    report(integration, dict.fromkeys(by_product.values(), 4))
    for _ in range(4):
        later(time_machine, 2)

    shown = counted(sandbox)
    assert shown[bad_sku] == 10
    assert {shown[sku] for _, sku in others} == {4}
    assert row_of(integration, bad_sku).problem


def test_one_bulk_row_without_a_word_stays_due_and_the_others_are_done(sandbox, time_machine):
    integration = sending(sandbox, "v3")
    changed = list(counted(sandbox, "v3"))[:8]
    sandbox.wix.misbehave("undetailed_rows", "v3", path=SETTING)

    report(integration, dict.fromkeys(changed, 4))

    waiting = rows(integration).due()
    assert 0 < waiting.count() < len(changed)
    later(time_machine)
    assert not rows(integration).due().exists()
    assert {counted(sandbox, "v3")[sku] for sku in changed} == {4}


# --- what the store refuses ----------------------------------------------------------------------------------------


@SITES
def test_what_is_refused_waits_with_its_sentence_and_the_rest_goes_on(sandbox, site, time_machine):
    integration = sending(sandbox, site)
    changed = list(counted(sandbox, site))[:8]
    kind = "refuse" if site == "v1" else "failed_rows"
    product = Listing.objects.get(store=integration.store, sku=changed[0]).product_uid
    path = f"product/{product}" if site == "v1" else "bulk/inventory-items/update"
    sandbox.wix.misbehave(kind, site, path=path, count=None)

    report(integration, dict.fromkeys(changed, 4))

    refused = rows(integration).filter(why=Why.REFUSED)
    assert 0 < refused.count() < len(changed)
    assert all(row.problem and row.not_before > timezone.now() for row in refused)
    run = Run.objects.filter(flow=inventory_flow(integration)).latest("pk")
    assert (run.failed, run.changed) == (refused.count(), len(changed) - refused.count())
    assert run.seen == run.changed + run.failed + run.unchanged + run.skipped
    assert inventory_flow(integration).failures == 0

    sandbox.wix.behave()
    later(time_machine, 20)
    assert not rows(integration).due().exists()
    assert not rows(integration).exclude(problem="").exists()
    assert {counted(sandbox, site)[sku] for sku in changed} == {4}


def test_a_product_that_is_gone_in_the_store_waits_until_its_listing_goes(sandbox, time_machine):
    integration = sending(sandbox)
    sku = next(iter(counted(sandbox)))
    listing = Listing.objects.get(store=integration.store, sku=sku)
    others = list(Listing.objects.filter(store=integration.store, product_uid=listing.product_uid))
    site = sandbox.wix.site("v1")
    site.products.delete(listing.product_uid)

    report(integration, {sku: 4})
    row = row_of(integration, sku)
    assert row.why == Why.REFUSED
    assert "no longer has" in row.problem

    time_machine.move_to(timezone.now() + dt.timedelta(days=1, hours=1))
    sync(integration, FlowKind.PRODUCTS)
    later(time_machine)
    row.refresh_from_db()
    assert (row.why, row.result, row.marked) == ("", None, row.handled)
    assert len(others) >= 1


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_items_that_changed_in_the_store_are_read_again_in_one_question_and_only_they_are_sent_again(sandbox, share):
    integration = sending(sandbox, "v3")
    changed = list(counted(sandbox, "v3"))[:8]
    sandbox.wix.misbehave("stale_rows", "v3", path=SETTING, rows=share)
    forget_calls()

    report(integration, dict.fromkeys(changed, 4))

    assert {counted(sandbox, "v3")[sku] for sku in changed} == {4}
    assert not rows(integration).due().exists()
    asked = [call.rsplit("/", 1)[-1] for call in calls(integration)]
    assert asked.count("update") == 2
    assert asked[-2:] == ["query", "update"]
    assert Run.objects.filter(flow=inventory_flow(integration)).latest("pk").changed == len(changed)


def test_an_item_whose_stock_the_store_moved_itself_is_set_all_the_same(sandbox):
    integration = sending(sandbox, "v3")
    sku = next(iter(counted(sandbox, "v3")))
    sandbox.wix.set_stock("v3", sku, 99)

    report(integration, {sku: 4})

    assert counted(sandbox, "v3")[sku] == 4


def test_an_item_that_shows_our_number_already_when_read_again_is_not_written(sandbox):
    integration = sending(sandbox, "v3")
    sku = next(iter(counted(sandbox, "v3")))
    sandbox.wix.set_stock("v3", sku, 4)
    sent = StockSent.objects.count()
    forget_calls()

    report(integration, {sku: 4})

    assert len(writes(integration)) == 1
    assert StockSent.objects.count() == sent
    assert (row_of(integration, sku).confirmed, row_of(integration, sku).known) == (4, True)


def test_a_product_whose_counting_was_switched_off_meanwhile_is_not_switched_on_again(sandbox):
    integration = sending(sandbox, "v3")
    sku = next(iter(counted(sandbox, "v3")))
    sandbox.wix.set_stock("v3", sku, None)

    report(integration, {sku: 4})

    assert sandbox.wix.stock("v3")[sku] is None
    row = row_of(integration, sku)
    assert (row.why, row.listing.tracked) == (Why.UNTRACKED, False)
    assert row.marked == row.handled


# --- takeovers -----------------------------------------------------------------------------------------------------


def test_a_worker_that_lost_its_lease_while_telling_leaves_the_quantity_unknown(sandbox, monkeypatch):
    integration = sending(sandbox)
    sku = next(iter(counted(sandbox)))
    flow = inventory_flow(integration)
    during(monkeypatch, lambda: Flow.objects.filter(pk=flow.pk).update(gen=F("gen") + 1) and None)

    report(integration, {sku: 4})

    row = row_of(integration, sku)
    assert (row.known, row.confirmed) == (False, 10)
    assert row.marked > row.handled


def test_so_does_one_that_lost_it_between_two_calls_of_one_telling(sandbox, monkeypatch, settings):
    integration = sending(sandbox)
    sku = next(iter(counted(sandbox)))
    flow = inventory_flow(integration)

    def somebody_else_tells() -> None:
        Flow.objects.filter(pk=flow.pk).update(gen=F("gen") + 1)
        told = {"known": True, "confirmed": 4, "handled": F("marked")}
        ListingStock.objects.filter(pk=row_of(integration, sku).pk).update(**told)

    during(monkeypatch, somebody_else_tells, before=True)
    settings.FCP_LEASE_SECONDS = 0  # looked at before each call

    report(integration, {sku: 4})

    row = row_of(integration, sku)
    assert not row.known
    assert row.marked > row.handled


def test_two_workers_of_one_flow_send_each_quantity_once(sandbox):
    integration = sending(sandbox)
    changed = list(counted(sandbox))[:6]
    before = StockSent.objects.count()
    flow = inventory_flow(integration)
    forget_calls()
    from inventory.levels import LevelItem, report_levels
    from tests.integrations.flows.stock_world import warehouse_of

    now = timezone.now()
    report_levels(warehouse_of(integration), [LevelItem(sku, 4, now) for sku in changed], actor="Warehouse", now=now)
    gen = Flow.objects.get(pk=flow.pk).gen

    def run() -> Any:
        started = lease.start(flow.pk, gen, timezone.now())
        if started:
            run_slice(started, inventory.push)
        return started

    results = at_once(run, run)

    assert sum(result is not None for result in results) == 1
    work()
    assert StockSent.objects.count() == before + len(changed)
    assert {counted(sandbox)[sku] for sku in changed} == {4}


# --- changes in the middle -----------------------------------------------------------------------------------------


def test_what_changed_while_the_store_was_told_is_told_next(sandbox, monkeypatch):
    integration = sending(sandbox)
    sku = next(iter(counted(sandbox)))
    listing = Listing.objects.get(store=integration.store, sku=sku)
    during(monkeypatch, lambda: mark_listings([listing.pk], unknown=True) and None)
    forget_calls()

    report(integration, {sku: 4})

    assert len(writes(integration)) == 2
    row = row_of(integration, sku)
    assert (row.confirmed, row.known, row.marked) == (4, True, row.handled)


@pytest.mark.req("TECH-44")
def test_when_the_mapping_goes_in_the_middle_of_a_push_nothing_more_is_sent(sandbox, monkeypatch):
    integration = sending(sandbox)
    place = Location.objects.get(store=integration.store, warehouse__isnull=False)
    during(monkeypatch, lambda: map_location(place, None, by="Ann", now=timezone.now()))
    forget_calls()

    report(integration, dict.fromkeys(counted(sandbox), 4))

    assert len(writes(integration)) == 1
    assert set(rows(integration).values_list("why", flat=True)) == {Why.NO_WAREHOUSE}
    assert not rows(integration).due().exists()


def test_settings_that_change_in_the_middle_of_a_push_hold_from_the_next_call_on(sandbox, monkeypatch):
    integration = sending(sandbox)
    during(monkeypatch, lambda: change_settings(integration, stock_cap=3))

    report(integration, dict.fromkeys(counted(sandbox), 6))

    assert set(counted(sandbox).values()) == {3}


def test_a_flow_that_is_switched_off_in_the_middle_sends_nothing_more(sandbox, monkeypatch):
    integration = sending(sandbox)
    during(monkeypatch, lambda: change_settings(integration, flows={"inventory": {"mode": "disabled"}}))
    forget_calls()

    report(integration, dict.fromkeys(counted(sandbox), 4))

    assert len(writes(integration)) == 1
