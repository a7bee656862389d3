"""Faults in the middle of orders' work: keys that end, shipments that Wix refuses, a store that is very slow."""

import datetime as dt
import pydoc
import threading
import time

import pytest
from django.db import close_old_connections, connection, transaction
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from integrations import runs
from integrations.connectors.declaring import FlowKind
from integrations.flows.taking import Taker
from integrations.lease import ring
from integrations.models import Exchange, Flow, Run
from integrations.sandbox.server import Sandbox
from orders.fulfilling import correct
from orders.models import Order
from orders.shipping import acknowledge
from tests.build import make_account
from tests.integrations.flows.shop import Shop, asks, request_of
from tests.integrations.flows.world import connect_store, flow_of, sync, work


@pytest.fixture
def after_first_page(monkeypatch):
    """Let something happen in the store once the first page of orders is stored."""
    take, pages = Taker.take, []

    def arrange(event):
        def then(self, raws, *args, **kwargs):
            take(self, raws, *args, **kwargs)
            pages.append(len(raws))
            if len(pages) == 1:
                event()

        monkeypatch.setattr(Taker, "take", then)

    return arrange


@pytest.fixture
def full(transactional_db, settings):
    """A store with 240 orders, three pages."""
    with Sandbox(orders=240, products=12, rate_limit=0, plain=True) as box:
        info = box.info["wix"]
        settings.FCP_SANDBOX_PORT = box.server.server_address[1]
        settings.FCP_WIX_APP_ID, settings.FCP_WIX_APP_SECRET = info["app_id"], info["app_secret"]
        yield box


def test_a_token_that_expires_in_the_middle_of_a_run_is_renewed_and_no_page_is_lost_or_read_twice(
    full, after_first_page
):
    integration = connect_store(full, "v1", way="app", history=365)
    after_first_page(lambda: full.wix.misbehave("expire_tokens", "v1"))
    Exchange.objects.all().delete()

    work()

    run = Run.objects.get(flow=flow_of(integration))
    assert (run.created, run.seen, run.state) == (240, 240, "done")
    searches = Exchange.objects.filter(path__endswith="/orders/search", status=200)
    assert searches.count() == 3
    assert flow_of(integration).failures == 0


def test_a_permission_that_is_taken_away_in_the_middle_keeps_what_came_and_goes_on_once_it_is_back(
    full, after_first_page, time_machine
):
    integration = connect_store(full, "v1", history=365)
    after_first_page(lambda: full.wix.misbehave("forbidden", "v1", count=None))

    work()

    flow = flow_of(integration)
    assert (flow.blocked, Order.objects.count()) == (True, 100)
    assert "Check in Wix that the key still exists" in flow.problem
    full.wix.behave("v1")
    time_machine.move_to(flow.due_at + dt.timedelta(seconds=1))
    from integrations.tasks import tick

    tick()
    work()
    assert (flow_of(integration).blocked, Order.objects.count()) == (False, 240)


# --- shipments that Wix refuses --------------------------------------------------------------------------------------


@pytest.fixture
def shop(transactional_db, sandbox):
    return Shop(sandbox)


def test_more_pieces_than_the_store_has_open_wait_with_a_sentence_and_the_other_orders_are_told(shop):
    """One bad item in a bulk call."""
    doubled, fine = shop.taken(quantity=2), shop.came_in()
    request = fine.requests.get(state="offered")
    acknowledge(request, request.revision, by="Warehouse", now=timezone.now())
    shop.wix.fulfill("v1", doubled.number, tracking="A")  # by the merchant, at this very moment
    flows = Flow.objects.filter(kind=FlowKind.FULFILLMENTS)
    due = flows.get().due_at
    flows.update(due_at=None)
    shop.ship(doubled, tracking="B")
    shop.ship(fine, tracking="C")
    flows.update(due_at=due)

    sync(shop.integration, FlowKind.FULFILLMENTS)

    told, refused = fine.fulfillments.get(), doubled.fulfillments.get()
    assert (told.told, told.problem) == ("told", "")
    assert refused.told == "due"
    assert "more pieces than are still open on the order" in refused.problem
    fine.refresh_from_db()
    doubled.refresh_from_db()
    assert (fine.state, doubled.state) == ("confirmed", "shipped")
    assert any("bulk" in path for path in Exchange.objects.values_list("path", flat=True))


def test_a_tracking_number_that_the_order_has_already_waits_with_its_sentence_until_it_is_mended(shop):
    order = shop.taken(quantity=2)
    line = order.lines.order_by("pk").first()
    shop.ship(order, {line.pk: 1}, tracking="1ZSAME")

    second = shop.ship(order, {line.pk: 1}, tracking="1ZSAME")

    assert second.problem.startswith("Wix already has this tracking number.")
    assert len(shop.told(order)) == 1
    from orders.fulfilling import Tracking

    correct(second, carrier="UPS", parcels=(Tracking("1ZOTHER"),), by="Ann", now=timezone.now())
    work()
    second.refresh_from_db()
    assert (second.told, len(shop.told(order))) == ("told", 2)


def test_a_catalogue_that_moved_between_two_runs_keeps_neither_orders_nor_tracking(shop):
    order = shop.taken()
    shop.wix.migrate("v1")

    shop.ship(order)
    new = shop.wix.place_order("v1")["number"]
    shop.look(order)

    assert len(shop.told(order)) == 1
    assert Order.objects.filter(number=new).exists()


# --- a slow store ----------------------------------------------------------------------------------------------------

SLOW = 1.0  # seconds for each call; stands for the 20 of real life
SLICE = 2.0
PLACED = 60  # a slow minute at least


class Workers:
    """Two threads that do what is in the queue, as two worker processes do."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.faults: list[BaseException] = []
        self.threads = [threading.Thread(target=self._work) for _ in range(2)]

    def __enter__(self) -> "Workers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(30)

    def _work(self) -> None:
        try:
            while not self.over.is_set():
                if not self._one():
                    self.over.wait(0.05)
        except BaseException as error:
            self.faults.append(error)
        finally:
            connection.close()

    def _one(self) -> bool:
        close_old_connections()
        row = OrmQ.objects.filter(lock__lte=timezone.now()).order_by("id").first()
        if row is None or not OrmQ.objects.filter(pk=row.pk).delete()[0]:
            return row is not None
        task = SignedPackage.loads(row.payload)
        pydoc.locate(task["func"])(*task["args"], **task["kwargs"])
        return True


def wait_for(condition, seconds):
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        time.sleep(0.05)


@pytest.mark.slow
def test_while_one_store_is_very_slow_in_all_its_flows_another_stores_orders_keep_coming(
    transactional_db, settings, monkeypatch
):
    monkeypatch.setattr(runs, "SLICE_SECONDS", SLICE)
    with Sandbox(orders=0, products=12, rate_limit=0) as box:
        settings.FCP_SANDBOX_PORT = box.server.server_address[1]
        on = (FlowKind.ORDERS, FlowKind.FULFILLMENTS, FlowKind.LOCATIONS)
        slow, quick = (connect_store(box, site, account=make_account(), on=on, history=365) for site in ("v1", "v3"))
        work()
        for _ in range(PLACED):
            box.wix.place_order("v1")
        box.wix.misbehave("slow", "v1", seconds=SLOW, count=None)
        monkeypatch.setattr(runs.Slice, "page_size", 1)  # so that it has many calls to make
        slow_flows = list(Flow.objects.filter(integration=slow).on().values_list("pk", flat=True))
        here = Order.objects.filter(store=slow.store)

        with Workers() as workers:
            with transaction.atomic():
                ring(slow_flows, timezone.now(), trigger="person", by="Ann")
            for _ in range(3):
                number = box.wix.place_order("v3")["number"]
                ring([flow_of(quick).pk], timezone.now(), trigger="webhook")
                wait_for(Order.objects.filter(store=quick.store, number=number).exists, 30)
            busy = here.count() < PLACED
            box.wix.behave("v1")
            wait_for(lambda: here.count() == PLACED, 60)

        assert workers.faults == []
        assert busy, "the slow store was done before the other one's orders came"


def test_a_change_that_broke_off_while_it_was_read_is_followed_at_the_next_try(shop, time_machine):
    order = shop.taken()
    shop.move(order)
    shop.wix.misbehave("cut", "v1", path="/ecom/v1/orders/search", count=1)
    shop.look(order)
    assert asks(order) == set()

    time_machine.move_to(flow_of(shop.integration).due_at + dt.timedelta(seconds=1))
    from integrations.tasks import tick

    tick()
    work()

    assert asks(order) == {("changed_after_release", "address")}
    assert request_of(order).change_asked_at is not None
