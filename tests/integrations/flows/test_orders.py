"""Orders coming in from the stand-in store, through the real queue rows and HTTP."""

import datetime as dt

import pytest
from django.utils import timezone

from integrations.models import Exchange, FailedRecord, Run
from integrations.sandbox.server import Sandbox
from orders.models import Order, SeenOrder
from orders.state import State
from tests.integrations.flows.world import change_settings, connect_store, flow_of, map_everything, sync, work

MONTH = dt.timedelta(days=30)


def numbers(integration) -> set[str]:
    return set(Order.objects.filter(store=integration.store).values_list("number", flat=True))


def days_ago(days: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)


@pytest.mark.req("EIM-1")
@pytest.mark.parametrize("site", ["v1", "v3"])
def test_orders_of_the_store_come_in(connect, sandbox, site):
    placed = [sandbox.wix.place_order(site) for _ in range(3)]

    integration = connect(site)

    assert numbers(integration) == {order["number"] for order in placed}
    assert flow_of(integration).last_ok_at


def test_page_after_page_comes_in_and_the_counts_add_up(transactional_db, settings):
    with Sandbox(orders=230, products=12, rate_limit=0, plain=True) as box:
        use(box, settings)
        integration = connect_store(box, "v1")
        work()

        run = Run.objects.get(flow=flow_of(integration))
        seen = SeenOrder.objects.filter(store=integration.store).count()
        assert seen == run.seen == run.created + run.skipped
        assert run.created == len(numbers(integration)) > 100
        assert run.state == "done"
        assert run.trigger == "first"
        assert run.calls >= 3


@pytest.mark.req("EFS-11", "EFS-12", "EFS-13")
def test_only_paid_orders_come_in_at_first_and_unpaid_or_pending_ones_when_asked_for(connect, sandbox):
    paid = sandbox.wix.place_order("v1")["number"]
    unpaid = sandbox.wix.place_order("v1", paid=False)["number"]
    pending = sandbox.wix.place_order("v1", payment="PENDING")["number"]
    integration = connect("v1")
    assert numbers(integration) == {paid}

    change_settings(integration, payment_status=["paid", "unpaid"])
    work()
    assert numbers(integration) == {paid, unpaid}
    change_settings(integration, payment_status=["any"])
    work()

    assert numbers(integration) == {paid, unpaid, pending}


@pytest.mark.req("EFS-14", "EFS-15", "EFS-16")
def test_orders_not_fulfilled_come_in_at_first_and_partly_fulfilled_ones_when_asked_for(connect, sandbox):
    open_one = sandbox.wix.place_order("v1")["number"]
    partly = sandbox.wix.place_order("v1", changes={"fulfillmentStatus": "PARTIALLY_FULFILLED"})["number"]
    integration = connect("v1")
    assert numbers(integration) == {open_one}

    change_settings(integration, fulfillment_status=["not_fulfilled", "partly_fulfilled"])
    work()

    assert numbers(integration) == {open_one, partly}


def test_an_order_refunded_in_part_before_it_came_in_waits_until_a_person_decides(connect, sandbox):
    number = sandbox.wix.place_order("v1", payment="PARTIALLY_REFUNDED")["number"]
    integration = connect("v1")

    map_everything(integration)

    order = Order.objects.get(number=number)
    assert (order.state, [hold.kind for hold in order.holds.filter(lifted_at=None)]) == ("held", ["refund"])


@pytest.mark.req("TECH-32", "EIM-13", "EIM-14")
def test_the_order_status_chosen_decides_what_is_downloaded(connect, sandbox):
    approved = sandbox.wix.place_order("v1")["number"]
    canceled = sandbox.wix.place_order("v1", status="CANCELED")["number"]
    sandbox.wix.place_order("v1", status="REJECTED")
    integration = connect("v1")
    assert numbers(integration) == {approved}

    change_settings(integration, order_status=["approved", "canceled"])
    work()

    assert numbers(integration) == {approved, canceled}
    assert Order.objects.get(number=canceled).state == State.CANCELED


@pytest.mark.req("TECH-34", "TECH-35", "TECH-36")
def test_pickup_orders_come_in_only_when_they_are_to_be_processed(connect, sandbox):
    delivery = sandbox.wix.place_order("v1")["number"]
    pickup = sandbox.wix.place_order("v1", kind="pickup")["number"]
    integration = connect("v1")
    assert numbers(integration) == {delivery}

    change_settings(integration, process_pickup=True)
    work()

    assert numbers(integration) == {delivery, pickup}


@pytest.mark.req("EFS-17", "EFS-18")
def test_an_order_age_of_so_many_days_leaves_older_orders_out_and_more_days_bring_them_in(connect, sandbox):
    young = sandbox.wix.place_order("v1", created=days_ago(5))["number"]
    old = sandbox.wix.place_order("v1", created=days_ago(40))["number"]
    integration = connect("v1", history=10)
    assert numbers(integration) == {young}

    change_settings(integration, history=60)
    work()

    assert numbers(integration) == {young, old}


@pytest.mark.req("EIM-21", "EIM-22", "EIM-23")
def test_the_first_pull_goes_back_to_the_earliest_order_date_and_no_further(connect, sandbox):
    placed = {days: sandbox.wix.place_order("v1", created=days_ago(days))["number"] for days in (1, 9, 11, 20)}

    integration = connect("v1", earliest_order_date=days_ago(10).isoformat())
    assert numbers(integration) == {placed[1], placed[9]}
    change_settings(integration, earliest_order_date=days_ago(12).isoformat())
    work()

    assert numbers(integration) == {placed[1], placed[9], placed[11]}


def test_an_earliest_date_that_moves_back_asks_only_for_what_was_placed_before(connect, sandbox):
    sandbox.wix.place_order("v1", created=days_ago(1))
    integration = connect("v1", history=10)
    Exchange.objects.all().delete()
    covered = flow_of(integration).covered_from

    change_settings(integration, history=60)
    work()

    flow = flow_of(integration)
    assert flow.covered_from < covered - 4 * MONTH / 3
    assert flow.position == {}
    searches = Exchange.objects.filter(path__endswith="/orders/search").count()
    assert searches == 2  # what changed, and the window before


def test_the_watermark_is_the_largest_update_time_seen_and_never_now(connect, sandbox):
    order = sandbox.wix.place_order("v1")

    integration = connect("v1")

    updated = dt.datetime.fromisoformat(order["updatedDate"].replace("Z", "+00:00"))
    assert flow_of(integration).watermark == updated


def test_a_store_without_orders_keeps_no_watermark(connect):
    assert flow_of(connect("v1")).watermark is None


@pytest.mark.req("EFS-19", "EFS-29")
def test_an_order_placed_later_comes_in_with_the_next_tick_whose_time_has_come(connect, sandbox, time_machine):
    integration = connect("v1")
    number = sandbox.wix.place_order("v1")["number"]
    flow = flow_of(integration)
    assert dt.timedelta(minutes=28) < flow.due_at - flow.last_ok_at < dt.timedelta(minutes=32)

    from integrations.tasks import tick

    time_machine.move_to(flow.due_at + dt.timedelta(seconds=1))
    tick()
    work()

    assert numbers(integration) == {number}


def test_a_repeat_pull_with_nothing_changed_writes_nothing_but_flow_budget_and_exchange(connect, sandbox):
    for _ in range(5):
        sandbox.wix.place_order("v1")
    sandbox.wix.place_order("v1", paid=False)
    integration = connect("v1")
    runs = Run.objects.count()

    from integrations.lease import claim, free
    from integrations.models import Flow

    claim(free(Flow.objects.filter(pk=flow_of(integration).pk)), timezone.now())
    with written() as tables:
        work()

    assert tables <= {"integrations_flow", "integrations_budget", "integrations_exchange", "django_q_ormq"}
    assert Run.objects.count() == runs


def test_a_person_who_presses_sync_sees_a_run_even_if_nothing_changed(connect, sandbox):
    sandbox.wix.place_order("v1")
    integration = connect("v1")

    sync(integration)

    run = Run.objects.filter(flow=flow_of(integration)).first()
    assert (run.trigger, run.by, run.state) == ("person", "Ann", "done")
    assert (run.seen, run.unchanged) == (1, 1)


@pytest.mark.req("HOLD-1")
def test_an_order_that_was_left_out_comes_in_once_it_qualifies(connect, sandbox):
    number = sandbox.wix.place_order("v1", paid=False)["number"]
    integration = connect("v1")
    assert numbers(integration) == set()

    sandbox.wix.set_payment("v1", number)
    sync(integration)

    assert numbers(integration) == {number}


def test_an_imported_order_is_followed_whatever_the_settings_say_later(connect, sandbox):
    number = sandbox.wix.place_order("v1")["number"]
    integration = connect("v1")

    sandbox.wix.cancel_order("v1", number)
    sync(integration)

    assert Order.objects.get(number=number).state == State.CANCELED


def test_settings_that_let_many_older_orders_in_read_them_by_pages(transactional_db, settings):
    with Sandbox(orders=260, products=12, rate_limit=0, plain=True) as box:
        use(box, settings)
        integration = connect_store(box, "v1", payment_status=["pending"], history=365)
        work()
        assert numbers(integration) == set()
        Exchange.objects.all().delete()

        change_settings(integration, payment_status=["any"])
        work()

        assert len(numbers(integration)) == 260
        assert Exchange.objects.count() < 20
        assert not SeenOrder.objects.filter(settings_version__lt=integration.settings_version).exists()


def test_a_setting_that_lets_nothing_more_in_marks_all_as_decided_without_a_call(connect, sandbox):
    for _ in range(3):
        sandbox.wix.place_order("v1", paid=False)
    integration = connect("v1")
    Exchange.objects.all().delete()

    change_settings(integration, history=20)
    work()

    assert Exchange.objects.filter(flow="orders").count() == 1
    versions = SeenOrder.objects.values_list("settings_version", flat=True)
    assert set(versions) == {integration.settings_version}


def test_an_order_that_vanished_from_the_store_is_decided_once(connect, sandbox):
    order = sandbox.wix.place_order("v1", paid=False)
    integration = connect("v1")
    site = sandbox.wix.site("v1")
    site.orders.delete(order["id"])

    change_settings(integration, payment_status=["any"])
    work()

    assert numbers(integration) == set()
    assert SeenOrder.objects.get().settings_version == integration.settings_version
    assert not FailedRecord.objects.exists()


def test_what_the_store_shipped_of_a_followed_order_is_read_with_it(connect, sandbox):
    number = sandbox.wix.place_order("v1")["number"]
    integration = connect("v1")

    sandbox.wix.fulfill("v1", number, tracking="1Z999AA10123456784")
    sync(integration)

    order = Order.objects.get(number=number)
    assert order.state == State.CONFIRMED
    shipment = order.fulfillments.get()
    assert shipment.origin == "store"
    assert shipment.parcels.get().tracking == "1Z999AA10123456784"


def use(box, settings) -> None:
    settings.FCP_SANDBOX_PORT = box.server.server_address[1]


class written:
    """Tables that are written to within the block."""

    def __enter__(self) -> set[str]:
        from django.db import connection

        self.tables: set[str] = set()
        self.wrapper = connection.execute_wrapper(self._note)
        self.wrapper.__enter__()
        return self.tables

    def __exit__(self, *exception: object) -> None:
        self.wrapper.__exit__(*exception)  # type: ignore[arg-type]

    def _note(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        words = sql.replace('"', " ").split()
        if words and words[0].upper() in {"INSERT", "UPDATE", "DELETE", "COPY"}:
            skip = {"INSERT", "INTO", "UPDATE", "DELETE", "FROM", "COPY"}
            result = execute(sql, params, many, context)
            if context["cursor"].rowcount or words[0].upper() != "UPDATE":
                self.tables.add(next(word for word in words if word.upper() not in skip))
            return result
        return execute(sql, params, many, context)
