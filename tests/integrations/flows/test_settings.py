"""Settings as one document: defaults, checking with plain sentences, versions, and what a save moves."""

import datetime as dt

import pytest
from django.utils import timezone

from fcp.models import Account, AuditEntry, Store
from integrations.connectors import connector_class
from integrations.connectors.declaring import FlowKind
from integrations.errors import IntegrationError
from integrations.flows.orders import pull
from integrations.lease import ring, start
from integrations.models import Budget, Flow, Integration, SettingsVersion
from integrations.runs import run_slice
from integrations.settings_document import defaults, document_of, rules_in_force, rules_of, validate
from integrations.settings_saving import save, switched_on
from orders.models import Order
from orders.settings import LaterChanges, Release
from orders.shapes import Payment, Status, StoreFulfillment
from orders.state import State
from tests.build import make_account, make_warehouse
from tests.integrations.flows.world import change_settings, connect_store, flow_of, map_everything, sync, work
from tests.threads import at_once

WIX = connector_class("wix").platform
DEFAULTS = defaults(WIX)


def checked(given, before=None, **how):
    return validate(WIX, given, before or DEFAULTS, how.pop("account", None) or make_account(), **how)


# --- the document ------------------------------------------------------------------------------------------------


@pytest.mark.req("EFS-13", "EFS-16", "EIM-14")
def test_the_defaults_let_in_paid_approved_orders_of_30_days_that_are_not_fulfilled():
    rules = rules_of(DEFAULTS, 1, Account())

    assert rules.imports.payments == {Payment.PAID}
    assert rules.imports.fulfillments == {StoreFulfillment.NONE}
    assert rules.imports.statuses == {Status.APPROVED}
    assert rules.imports.age_days == 30
    assert rules.imports.earliest is None
    assert not rules.imports.pickup
    assert (rules.release, rules.later_changes) == (Release.PAID, LaterChanges.ASK_AFTER_RELEASE)
    assert rules.reject_unmapped


@pytest.mark.req("EIM-12")
def test_a_new_integration_starts_with_every_flow_off_but_the_locations():
    on = {kind for kind, flow in DEFAULTS["flows"].items() if flow["mode"] != "disabled"}

    assert on == {"locations"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "key", "sentence"),
    [
        ({"payment_status": []}, "payment_status", "Choose at least one value, or Any."),
        ({"payment_status": ["gold"]}, "payment_status", "“gold” is not one of the values."),
        ({"history": 0}, "history", "Give a whole number from 1 to 365 (days)."),
        ({"history": 366}, "history", "Give a whole number from 1 to 365 (days)."),
        ({"history": "a month"}, "history", "Give a whole number from 1 to 365 (days)."),
        ({"history": ""}, "history", "Fill this in."),
        ({"earliest_order_date": "tomorrow"}, "earliest_order_date", "Give a date, like 2026-03-31."),
        ({"release": "never"}, "release", "Choose one of the offered values."),
        ({"process_pickup": "maybe"}, "process_pickup", "Choose one of the offered values."),
        ({"warehouse": 99999}, "warehouse", "Choose one of this account's warehouses."),
        ({"warehouse": "9" * 30}, "warehouse", "Choose one of this account's warehouses."),
        ({"flows": {"orders": {"mode": "push"}}}, "flows.orders.mode", "Choose one of the offered values."),
        (
            {"flows": {"orders": {"mode": "pull", "interval": 0}}},
            "flows.orders.interval",
            "Give a whole number from 1 to 1440 (minutes).",
        ),
        (
            {"flows": {"locations": {"mode": "disabled"}}},
            "flows.locations.mode",
            "Locations cannot be turned off. Always on: processing orders depends on the store's locations.",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_its_reason(given, key, sentence):
    result = checked(given)

    assert result.errors == {key: sentence}


@pytest.mark.django_db
def test_any_stands_alone_and_values_keep_their_order():
    assert checked({"payment_status": ["paid", "any"]}).document["payment_status"] == ["any"]
    assert checked({"payment_status": ["pending", "unpaid"]}).document["payment_status"] == ["unpaid", "pending"]


@pytest.mark.django_db
@pytest.mark.req("EFS-19", "EIM-9", "EIM-12")
def test_setting_an_interval_switches_a_flow_on_and_none_switches_it_off():
    on = checked({"flows": {"orders": {"mode": "pull", "interval": "15"}}}).document
    assert on["flows"]["orders"] == {"mode": "pull", "interval": 15}

    off = checked({"flows": {"orders": {"interval": ""}}}, on).document

    assert off["flows"]["orders"] == {"mode": "disabled", "interval": None}


@pytest.mark.django_db
def test_a_day_begins_at_midnight_where_the_account_is():
    account = make_account(time_zone="America/New_York")

    document = checked({"earliest_order_date": "2026-11-01"}, account=account).document

    assert document["earliest_order_date"] == "2026-11-01T04:00:00+00:00"
    assert rules_of(document, 1, account).imports.earliest == dt.datetime(2026, 11, 1, 4, tzinfo=dt.UTC)


@pytest.mark.django_db
def test_a_warehouse_of_another_account_cannot_be_chosen():
    account = make_account()
    own, strange = make_warehouse(account), make_warehouse(make_account())

    assert checked({"warehouse": str(own.pk)}, account=account).document["warehouse"] == own.pk
    assert "warehouse" in checked({"warehouse": strange.pk}, account=account).errors


@pytest.mark.django_db
def test_only_staff_changes_the_api_address_and_only_to_one_of_the_platforms():
    evil = "https://api.evil.example"

    assert checked({"api_url": evil}).document["api_url"] == WIX.api_url
    assert checked({"api_url": evil}, staff=True).errors == {"api_url": "This is not an address that Wix uses."}
    assert checked({"api_url": "http://[::1"}, staff=True).errors
    assert not checked({"api_url": "https://www.wixapis.com"}, staff=True).errors


@pytest.mark.django_db
def test_read_only_values_and_unknown_keys_stay_out():
    document = checked({"instance_id": "mine", "nonsense": 1}).document

    assert document["instance_id"] is None
    assert "nonsense" not in document


# --- saving ------------------------------------------------------------------------------------------------------


@pytest.mark.req("EFS-9", "EFS-30")
def test_a_save_makes_a_version_that_nobody_changes_and_an_entry_of_who_did_it(connect):
    integration = connect("v1")
    before = integration.settings_version

    change_settings(integration, history=60, release="any")

    assert integration.settings_version == before + 1
    stored = SettingsVersion.objects.get(store=integration.store, number=integration.settings_version)
    assert (stored.document["history"], stored.by) == (60, "Ann")
    assert SettingsVersion.objects.get(store=integration.store, number=before).document["history"] == 30
    entry = AuditEntry.objects.filter(code="settings_saved").latest("pk")
    assert entry.params["changed"] == ["history", "release"]
    rules = rules_in_force(integration.store_id)
    assert (rules.version, rules.imports.age_days, rules.release) == (before + 1, 60, Release.ANY)


def test_a_save_without_a_change_makes_no_version(connect):
    integration = connect("v1")

    assert save(integration, document_of(integration), by="Ann", now=timezone.now()) is False


def test_of_two_persons_who_save_what_they_saw_the_second_is_told(connect):
    integration = connect("v1")
    seen = integration.settings_version

    def save_history(days: int) -> object:
        mine = Integration.objects.select_related("store", "account").get(pk=integration.pk)
        document = document_of(mine) | {"history": days}
        return save(mine, document, by="Ann", now=timezone.now(), based_on=seen)

    results = at_once(*(lambda days=days: save_history(days) for days in (40, 50, 60)), expected=IntegrationError)

    assert [result for result in results if result is True] == [True], results
    assert all(
        isinstance(r, IntegrationError) and "Somebody else saved" in r.sentence for r in results if r is not True
    )


@pytest.mark.req("EFS-19", "EIM-9")
def test_flows_follow_their_intervals(connect):
    integration = connect("v1")
    change_settings(integration, flows={"orders": {"interval": 5}})
    work()

    flow = flow_of(integration)
    assert flow.interval == 5
    assert flow.due_at <= timezone.now() + dt.timedelta(minutes=5.3)


@pytest.mark.req("EIM-12")
def test_each_flow_is_switched_on_and_off_alone(connect, sandbox):
    integration = connect("v1", on=())
    assert flow_of(integration).due_at is None
    number = sandbox.wix.place_order("v1")["number"]

    change_settings(integration, flows={"orders": {"mode": "pull", "interval": 30}})
    work()
    assert Order.objects.get().number == number
    assert flow_of(integration, FlowKind.FULFILLMENTS).due_at is None
    change_settings(integration, flows={"orders": {"interval": None}})
    sandbox.wix.place_order("v1")
    sync(integration)

    assert Order.objects.count() == 1
    assert flow_of(integration).due_at is None


def test_with_stock_switched_on_it_goes_by_the_clock_and_the_listings_are_read(connect):
    integration = connect("v1", on=())

    change_settings(integration, flows={"inventory": {"mode": "push", "interval": 60}})
    work()

    flow = flow_of(integration, FlowKind.INVENTORY)
    assert flow.last_ok_at
    assert flow.interval == 60
    assert flow.due_at > timezone.now()
    assert flow_of(integration, FlowKind.PRODUCTS).last_ok_at


def test_with_webhooks_alone_the_store_is_asked_once_a_day(connect):
    integration = connect("v1")

    change_settings(integration, channel_mode="webhooks")
    work()

    assert flow_of(integration).interval == 1440
    assert document_of(integration)["flows"]["orders"]["interval"] == 30


def test_the_throughput_sets_the_stores_budget(connect):
    integration = connect("v1")

    change_settings(integration, throughput="quarter")

    assert Budget.objects.get(store=integration.store).per_minute == 50
    sync(integration)
    assert Budget.objects.get(store=integration.store).per_minute == 50


def test_the_store_row_says_whether_shipments_are_told(connect):
    integration = connect("v1")
    assert Store.objects.get(pk=integration.store_id).tells_shipments

    change_settings(integration, flows={"fulfillments": {"mode": "disabled"}})

    assert not Store.objects.get(pk=integration.store_id).tells_shipments


@pytest.mark.req("EIM-17", "EIM-18", "EIM-20")
def test_orders_that_are_here_are_looked_at_again_under_the_new_settings(connect, sandbox):
    sandbox.wix.place_order("v1", shipping="std-eu")
    integration = connect("v1")
    map_everything(integration, shipping=False)
    assert Order.objects.get().state == State.HELD

    change_settings(integration, reject_unmapped=False)
    work()

    order = Order.objects.get()
    assert order.state == State.NEW
    assert order.ship_code
    integration.refresh_from_db()
    assert integration.settled_version == integration.settings_version


@pytest.mark.req("EIM-18", "EIM-20")
@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        ({"reject_unmapped": False}, {"reject_unmapped": True}, State.HELD),
        ({"reject_unmapped": True}, {"reject_unmapped": False}, State.NEW),
    ],
)
def test_settings_saved_while_orders_come_in_decide_all_that_is_stored_from_then_on(
    connect, sandbox, before, after, state
):
    integration = connect("v1")
    sandbox.wix.place_order("v1", shipping="std-eu")
    sync(integration)
    map_everything(integration, shipping=False)
    change_settings(integration, history=31, **before)
    work()
    number = sandbox.wix.place_order("v1", shipping="std-eu")["number"]
    flow = flow_of(integration)
    ring([flow.pk], timezone.now(), trigger="person")
    begun = start(flow.pk, flow_of(integration).gen, timezone.now())

    def reading(run):
        assert run.rules.reject_unmapped is before["reject_unmapped"]
        change_settings(integration, **after)
        work()  # the orders that are here are looked at under them
        return pull(run)  # and this slice goes on

    run_slice(begun, reading)
    work()

    order = Order.objects.get(number=number)
    integration.refresh_from_db()
    assert (order.state, order.settings_version) == (state, integration.settings_version)
    assert integration.settled_version == integration.settings_version
    assert flow_of(integration).last_ok_at


def test_a_save_leaves_a_pull_that_has_not_begun_as_it_is(connect):
    integration = connect("v1")
    flow = flow_of(integration)
    ring([flow.pk], timezone.now(), trigger="person")
    gen = flow_of(integration).gen

    change_settings(integration, history=31)

    assert flow_of(integration).gen == gen
    assert start(flow.pk, gen, timezone.now())


def test_intervals_proposed_by_the_platform_are_taken_when_flows_are_switched_on():
    document = switched_on(DEFAULTS, WIX, (FlowKind.ORDERS, FlowKind.INVENTORY, FlowKind.FULFILLMENTS))

    assert document["flows"]["orders"] == {"mode": "pull", "interval": 30}
    assert document["flows"]["inventory"] == {"mode": "push", "interval": 60}
    assert document["flows"]["fulfillments"] == {"mode": "push", "interval": 30}


@pytest.mark.django_db(transaction=True)
def test_every_flow_has_its_row_from_the_start(sandbox):
    integration = connect_store(sandbox, "v1", on=())

    assert Flow.objects.filter(integration=integration).count() == 5
