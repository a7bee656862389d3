"""Alerts open by what really happens in flows, orders and warehouses, and close when it is true no longer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fcp.models import Heartbeat, Store
from integrations.alerts import BEAT, MOST_GROUPS, Looked, look
from integrations.connectors.declaring import FlowKind
from integrations.live import go_live
from integrations.models import Alert, AlertKind, AlertSettings, Flow, Integration
from integrations.runs import app_removed
from orders.fulfilling import Tracking, correct
from orders.models import Hold, Order, ShippingRequest
from orders.models.shipping import Told
from orders.shipping import acknowledge
from tests.build import make_account, make_order, make_ship_method, make_store, make_warehouse
from tests.integrations.flows.flows import make_flow, make_integration
from tests.integrations.flows.test_fulfillments import came_in, ship
from tests.integrations.flows.world import connect_store, flow_of, map_everything, sync, work
from tests.threads import at_once

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


def open_kinds() -> list[str]:
    return list(Alert.objects.filter(closed_at=None).order_by("kind").values_list("kind", flat=True))


def somebody_looked(at: dt.datetime) -> None:
    Heartbeat.objects.update_or_create(name=BEAT, defaults={"at": at})


def begun() -> dt.datetime:
    """Now; somebody has been looking all the time."""
    now = timezone.now()
    somebody_looked(now - 5 * MINUTE)
    return now


def look_at(time_machine, moment: dt.datetime) -> Looked:
    """What is seen at this moment, by who has been looking all the time."""
    time_machine.move_to(moment)
    somebody_looked(moment - 5 * MINUTE)
    return look(moment)


@pytest.fixture
def connect(transactional_db, sandbox, settings_of_sandbox) -> Callable[..., Integration]:
    """`connect("v1")`: that stand-in store, its flows on, everything read once."""

    def connect(site: str = "v1", **given: object) -> Integration:
        integration = connect_store(sandbox, site, **given)
        work()
        return integration

    return connect


# --- flows -----------------------------------------------------------------------------------------------------------


def test_a_flow_that_misses_its_promise_is_told_of_and_closes_by_itself(connect, sandbox, time_machine):
    integration = connect("v1")
    now = timezone.now()
    sandbox.wix.misbehave("error", "v1", count=None)

    look_at(time_machine, now + 60 * MINUTE)
    sync(integration)
    assert open_kinds() == []  # orders promise two intervals of 30 minutes and 10 on top

    look_at(time_machine, now + 75 * MINUTE)
    late = Alert.objects.get(kind="stale", params__flow="orders")
    assert (late.account, late.store, late.params["name"]) == (
        integration.account, integration.store, integration.nickname,
    )  # fmt: skip
    assert flow_of(integration).due_at is not None  # it never switches itself off

    sandbox.wix.behave("v1")
    sync(integration)
    look_at(time_machine, now + 85 * MINUTE)
    late.refresh_from_db()
    assert late.closed_at == now + 85 * MINUTE


def test_nobody_is_told_of_lateness_that_is_our_own_pause(transactional_db):
    now = begun()
    make_flow(last_ok_at=now - 3 * HOUR)

    look(now + 2 * HOUR)  # nobody looked for two hours: the workers were down
    assert open_kinds() == []

    look(now + 2 * HOUR + 5 * MINUTE)
    assert open_kinds() == ["stale"]


@pytest.mark.parametrize(
    ("flow", "late"),
    [
        ({"interval": 30, "last_ok_at": -71}, True),
        ({"interval": 30, "last_ok_at": -69}, False),
        ({"interval": 1440, "last_ok_at": -1500}, False),
        ({"last_ok_at": None, "enabled_since": -71}, True),
        ({"last_ok_at": None, "enabled_since": -71, "lease_until": 1}, False),  # its first read goes on
        ({"last_ok_at": None, "enabled_since": None}, False),
        ({"interval": 30, "last_ok_at": -71, "due_at": None}, False),  # off
    ],
)
def test_a_flow_is_late_by_its_own_promise(transactional_db, flow, late):
    now = begun()
    times = ("last_ok_at", "enabled_since", "lease_until")
    make_flow(
        **{key: now + value * MINUTE if key in times and value is not None else value for key, value in flow.items()}
    )

    look(now)

    assert bool(open_kinds()) is late


def test_a_refused_key_is_one_alert_for_all_flows_of_the_store(connect, sandbox, time_machine):
    integration = connect("v1")
    now = timezone.now()
    sandbox.wix.misbehave("unauthorized", "v1", count=None)
    sync(integration)

    look_at(time_machine, now + 6 * MINUTE)
    assert open_kinds() == []  # a key that works again at the next try is nobody's business

    look_at(time_machine, now + 3 * HOUR)
    [alert] = Alert.objects.filter(closed_at=None)
    assert (alert.kind, alert.key) == ("refused", f"store-{integration.store_id}")
    assert flow_of(integration).due_at is not None

    sandbox.wix.behave("v1")
    sync(integration)
    work()
    look_at(time_machine, now + 3 * HOUR + 10 * MINUTE)
    alert.refresh_from_db()
    assert alert.closed_at is not None
    assert open_kinds() == []


def test_an_app_that_was_removed_is_told_of(connect, sandbox, time_machine):
    integration = connect("v1", way="app")
    now = begun()
    app_removed(integration, now)

    look_at(time_machine, now + 15 * MINUTE)

    alert = Alert.objects.get(closed_at=None)
    assert (alert.kind, alert.params["code"]) == ("refused", "app_removed")


def test_lateness_that_was_open_stays_open_while_the_key_is_refused(transactional_db):
    now = begun()
    flow = make_flow(last_ok_at=now - 2 * HOUR)
    look(now)
    Flow.objects.filter(pk=flow.pk).update(blocked=True, problem_since=now)

    look(now + 15 * MINUTE)

    assert open_kinds() == ["refused", "stale"]


# --- what comes and goes ---------------------------------------------------------------------------------------------


def test_what_comes_back_within_the_hour_is_the_same_alert(transactional_db):
    now = begun()
    flow = make_flow(last_ok_at=now - 2 * HOUR)
    look(now)
    Flow.objects.filter(pk=flow.pk).update(last_ok_at=now)
    look(now + 5 * MINUTE)
    assert open_kinds() == []

    Flow.objects.filter(pk=flow.pk).update(last_ok_at=now - 2 * HOUR)
    look(now + 10 * MINUTE)
    assert (open_kinds(), Alert.objects.count()) == (["stale"], 1)

    Flow.objects.filter(pk=flow.pk).update(last_ok_at=now + 15 * MINUTE)
    look(now + 15 * MINUTE)
    later = now + 3 * HOUR
    somebody_looked(later - 5 * MINUTE)
    look(later)
    assert (open_kinds(), Alert.objects.count()) == (["stale"], 2)


def test_who_looks_twice_at_once_finds_nothing_new(transactional_db):
    now = begun()
    make_flow(last_ok_at=now - 2 * HOUR)

    assert look(now) == Looked(opened=1)
    assert look(now) == look(now + MINUTE) == Looked()


def test_a_clock_that_was_wrong_for_a_while_does_not_silence_the_alerts(transactional_db):
    now = begun()
    somebody_looked(now + 9 * HOUR)
    make_flow(last_ok_at=now - 2 * HOUR)

    assert look(now) == Looked(opened=1)


def test_two_workers_that_look_at_one_moment_open_one_alert(transactional_db):
    now = begun()
    make_flow(last_ok_at=now - 2 * HOUR)

    results = at_once(*[lambda: look(now)] * 4)

    assert sorted((one.opened for one in results), reverse=True) == [1, 0, 0, 0]
    assert Alert.objects.count() == 1


def test_a_switch_of_an_account_closes_and_opens_its_alerts(transactional_db):
    now = begun()
    flow = make_flow(last_ok_at=now - 2 * HOUR)
    other = make_flow(last_ok_at=now - 2 * HOUR)
    AlertSettings.objects.create(account=flow.account, stale=False)

    look(now)
    assert list(Alert.objects.values_list("account", flat=True)) == [other.account_id]

    AlertSettings.objects.create(account=other.account, stale=False)
    look(now + 5 * MINUTE)
    assert open_kinds() == []


# --- orders ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(transactional_db) -> Store:
    """Of a live integration."""
    integration = make_integration(live=True)
    make_warehouse(integration.account)
    return integration.store


def test_orders_that_wait_for_one_cause_are_one_alert_and_the_mapping_closes_it(connect, sandbox, time_machine):
    integration = connect("v1")
    map_everything(integration)
    go_live(integration, by="Ann", now=timezone.now())
    work()
    numbers = [sandbox.wix.place_order("v1", shipping="std-new")["number"] for _ in range(3)]
    sync(integration)
    assert Order.objects.filter(number__in=numbers, state="held").count() == 3
    now = timezone.now()

    time_machine.move_to(now + 23 * HOUR)
    sync(integration)
    look_at(time_machine, now + 23 * HOUR + 10 * MINUTE)
    assert "held" not in open_kinds()

    look_at(time_machine, now + 25 * HOUR)
    alert = Alert.objects.get(kind="held", closed_at=None)
    assert (alert.params["hold"], alert.params["word"], alert.store) == ("ship_code", "std-new", integration.store)

    map_everything(integration)
    look_at(time_machine, now + 26 * HOUR)
    alert.refresh_from_db()
    assert alert.closed_at is not None


def test_hours_are_the_accounts_own_and_none_means_never(store):
    now = begun()
    make_order(store, ship="Unmapped")
    Hold.objects.update(placed_at=now - 5 * HOUR)
    settings = AlertSettings.objects.create(account=store.account, held_hours=6)
    look(now)
    assert open_kinds() == []

    AlertSettings.objects.filter(pk=settings.pk).update(held_hours=5)
    look(now + 5 * MINUTE)
    assert "held" in open_kinds()

    AlertSettings.objects.filter(pk=settings.pk).update(held_hours=None)
    look(now + 10 * MINUTE)
    assert open_kinds() == []


def test_orders_of_a_store_that_is_not_live_and_unpaid_orders_wait_without_an_alert(transactional_db):
    now = begun()
    asleep = make_integration()
    make_order(asleep.store, ship="Unmapped")
    awake = make_integration(live=True)
    order = make_order(awake.store, ship="")
    Hold.objects.create(account=awake.account, order=order, kind="payment", placed_at=now, placed_by="us")
    Hold.objects.update(placed_at=now - 50 * HOUR)
    Hold.objects.filter(order=order).exclude(kind="payment").update(lifted_at=now)

    look(now)

    assert open_kinds() == []


def test_an_account_is_told_of_some_groups_at_a_time_the_oldest_first(store):
    now = begun()
    for number in range(MOST_GROUPS + 3):
        make_ship_method(store, f"Way {number}")
        make_order(store, ship=f"Way {number}")
    of_way = Hold.objects.filter(kind="ship_code")
    Hold.objects.exclude(kind="ship_code").update(lifted_at=now)
    for age, hold in enumerate(of_way.order_by("pk")):
        Hold.objects.filter(pk=hold.pk).update(placed_at=now - 100 * HOUR + age * MINUTE)

    look(now)
    first = set(Alert.objects.values_list("key", flat=True))
    assert len(first) == MOST_GROUPS

    of_way.filter(pk__in=of_way.order_by("pk").values_list("pk", flat=True)[:2]).update(lifted_at=now)
    look(now + 5 * MINUTE)
    look(now + 10 * MINUTE)
    assert Alert.objects.filter(closed_at=None).count() == MOST_GROUPS
    assert Alert.objects.filter(closed_at__isnull=False).count() == 2


def test_groups_of_every_account_are_found(transactional_db):
    now = begun()
    stores = [make_integration(live=True).store for _ in range(3)]
    for store in stores:
        for way in ("A way", "Another way"):
            make_order(store, ship=way)
            make_order(store, ship=way, skus=("CUP",))
    Hold.objects.update(placed_at=now - 30 * HOUR)
    groups = set(Hold.objects.filter(lifted_at=None).values_list("account", "kind", "cause"))
    assert len(groups) >= 9

    look(now)

    found = {(one.account_id, one.params["hold"], one.params["cause"]) for one in Alert.objects.filter(kind="held")}
    assert found == groups


def test_an_offer_that_nobody_takes_is_told_of_until_it_is_taken(connect, sandbox, time_machine):
    integration = connect("v1")
    map_everything(integration)
    go_live(integration, by="Ann", now=timezone.now())
    work()
    sandbox.wix.place_order("v1")
    sync(integration)
    map_everything(integration)
    request = ShippingRequest.objects.get(state="offered")
    now = timezone.now()

    look_at(time_machine, now + 23 * HOUR)
    assert "untaken" not in open_kinds()

    look_at(time_machine, now + 25 * HOUR)
    alert = Alert.objects.get(kind="untaken", closed_at=None)
    assert alert.params["name"] == request.warehouse.name

    acknowledge(request, request.revision, by="Warehouse", now=timezone.now())
    look_at(time_machine, now + 26 * HOUR)
    alert.refresh_from_db()
    assert alert.closed_at is not None


def test_a_store_that_is_not_told_of_a_shipment_is_told_of(connect, sandbox, time_machine):
    integration = connect("v1")
    map_everything(integration)
    go_live(integration, by="Ann", now=timezone.now())
    work()
    order = came_in(integration, sandbox.wix.place_order("v1")["number"])
    sandbox.wix.misbehave("error", "v1", count=None, path="create-fulfillment")
    ship(order)
    now = timezone.now()

    look_at(time_machine, now + 3 * HOUR)
    assert "untold" not in open_kinds()

    look_at(time_machine, now + 5 * HOUR)
    alert = Alert.objects.get(kind="untold", closed_at=None)
    assert alert.store == integration.store

    sandbox.wix.behave("v1")
    sync(integration, FlowKind.FULFILLMENTS)
    look_at(time_machine, now + 6 * HOUR)
    alert.refresh_from_db()
    assert alert.closed_at is not None


def test_a_correction_that_the_store_did_not_take_is_not_called_a_shipment_that_it_does_not_know(
    connect, sandbox, time_machine
):
    integration = connect("v1")
    map_everything(integration)
    go_live(integration, by="Ann", now=timezone.now())
    work()
    order = came_in(integration, sandbox.wix.place_order("v1")["number"])
    ship(order)
    sync(integration, FlowKind.FULFILLMENTS)
    sandbox.wix.misbehave("error", "v1", count=None, path="fulfillments")
    now = timezone.now()
    time_machine.move_to(now + 20 * HOUR)
    made = order.fulfillments.get()
    assert made.told == Told.TOLD
    correct(made, carrier="DHL", parcels=[Tracking("JD9")], by="Ann", now=timezone.now())
    sync(integration, FlowKind.FULFILLMENTS)

    look_at(time_machine, now + 21 * HOUR)

    assert order.fulfillments.get().told == Told.CHANGE
    assert "untold" not in open_kinds()


# --- size ------------------------------------------------------------------------------------------------------------


def some(number: int, now: dt.datetime) -> None:
    """So many stores, each with everything wrong."""
    for _ in range(number):
        integration = make_integration(live=True)
        for kind in ("orders", "products"):
            make_flow(kind, integration, last_ok_at=now - 90 * HOUR)
        warehouse = make_warehouse(integration.account)
        order = make_order(integration.store, ship="Unmapped")
        ShippingRequest.objects.create(
            account=integration.account, order=order, warehouse=warehouse, number=1, state="offered", snapshot={},
            offered_at=now - 90 * HOUR, changed_at=now - 90 * HOUR,
        )  # fmt: skip
    Hold.objects.update(placed_at=now - 90 * HOUR)


def test_the_number_of_queries_does_not_depend_on_the_number_of_stores(transactional_db):
    now = begun()
    some(1, now)
    with CaptureQueriesContext(
        connection,
    ) as few:
        look(now)
    some(12, now)
    with CaptureQueriesContext(connection) as many:
        look(now + 5 * MINUTE)

    assert Alert.objects.filter(closed_at=None).count() >= 13 * 4
    assert len(many) <= len(few) + 1
    assert Integration.objects.count() == 13


def test_nothing_is_read_of_orders_or_lifted_holds(transactional_db):
    """The groups come from the covering index of open holds, alone."""
    now = begun()
    some(3, now)
    with CaptureQueriesContext(connection) as queries:
        look(now)

    asked = [query["sql"] for query in queries if "orders_" in query["sql"]]
    assert asked
    assert not [sql for sql in asked if 'orders_order"' in sql]


def test_every_kind_has_its_words():
    from integrations.alert_panel import KINDS
    from integrations.alert_words import _WORDS

    assert set(KINDS) == set(_WORDS) == set(AlertKind)


def test_the_account_of_an_alert_is_that_of_the_store(transactional_db):
    now = begun()
    mine, other = make_account(), make_account()
    make_store(other)
    make_flow(integration=make_integration(mine), last_ok_at=now - 2 * HOUR)

    look(now)

    assert [one.account_id for one in Alert.objects.all()] == [mine.pk]
