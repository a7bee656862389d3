"""From when on a flow counts: since it was switched on, and, switched on again, from then or from now."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from fcp.models import AuditEntry
from integrations import tick
from integrations.connectors.declaring import FlowKind, Mode
from integrations.errors import IntegrationError
from integrations.models import Flow, Integration, SettingsVersion, StockSent
from integrations.sandbox.server import Sandbox
from integrations.settings_document import FLOWS, document_of, validate
from integrations.settings_saving import save
from integrations.since_enabled import From, asked
from integrations.versions import restored, roll_back, version_of
from integrations.views.page import platform_of
from orders.fulfilling import Tracking, correct, void
from orders.models import Order, SeenOrder
from orders.state import State
from tests.build import make_account, make_user
from tests.integrations.flows.shop import Shop
from tests.integrations.flows.stock_world import (
    INVENTORY,
    all_skus,
    connect_stock,
    inventory_flow,
    report,
    rows,
    sending,
    start,
    sync_stock,
)
from tests.integrations.flows.test_inventory import counted
from tests.integrations.flows.world import flow_of, sync, work
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, form_of, words

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("settings_of_sandbox")]

ORDERS, PRODUCTS, FULFILLMENTS = FlowKind.ORDERS, FlowKind.PRODUCTS, FlowKind.FULFILLMENTS
THEN, NOW = From.THEN, From.NOW


def switch(integration: Integration, kind: FlowKind, mode: Mode, again: From | None = None, **given: Any) -> None:
    """What a person saves, with his answer where the flow is switched on again."""
    integration.refresh_from_db()
    document = document_of(integration)
    flow = {"mode": mode.value, "interval": document[FLOWS][kind.value]["interval"] or 60}
    checked = validate(platform_of(integration), {FLOWS: {kind.value: flow}, **given}, document, integration.account)
    assert not checked.errors, checked.errors
    choices = {kind: again} if again else None
    save(integration, checked.document, by="Ann", now=timezone.now(), again=choices)
    integration.refresh_from_db()
    work()


def switch_quietly(integration: Integration, kind: FlowKind, again: From | None) -> None:
    """On with an answer, or off without one; no run follows."""
    integration.refresh_from_db()
    document = document_of(integration)
    mode = Mode.PUSH if again else Mode.DISABLED
    flow = {"mode": mode.value, "interval": document[FLOWS][kind.value]["interval"] or 60}
    checked = validate(platform_of(integration), {FLOWS: {kind.value: flow}}, document, integration.account)
    save(integration, checked.document, by="Ann", now=timezone.now(), again={kind: again} if again else None)


def off(integration: Integration, kind: FlowKind) -> None:
    switch(integration, kind, Mode.DISABLED)


def on(integration: Integration, kind: FlowKind, again: From | None = None, **given: Any) -> None:
    switch(integration, kind, Mode.PUSH if kind in (INVENTORY, FULFILLMENTS) else Mode.PULL, again, **given)


# --- orders ----------------------------------------------------------------------------------------------------------


def is_here(integration: Integration, number: str) -> bool:
    return Order.objects.filter(store=integration.store, number=number).exists()


def placed(box: Sandbox) -> str:
    return str(box.wix.place_order("v1")["number"])


@pytest.fixture
def a_moment_later(time_machine):
    """A moment from which orders count is one to the second."""

    def later() -> None:
        time_machine.move_to(timezone.now() + dt.timedelta(seconds=2), tick=True)

    return later


@pytest.mark.req("P17-10")
def test_from_then_the_orders_that_were_placed_meanwhile_come_in(sandbox):
    shop = Shop(sandbox)
    off(shop.integration, ORDERS)
    missed = placed(sandbox)
    sync(shop.integration)
    assert not is_here(shop.integration, missed)

    on(shop.integration, ORDERS, THEN)

    assert is_here(shop.integration, missed)
    assert document_of(shop.integration)["earliest_order_date"] is None


@pytest.mark.req("P17-10")
def test_from_now_those_placed_before_stay_in_the_store_and_what_is_here_is_followed(sandbox, a_moment_later):
    shop = Shop(sandbox)
    known = shop.came_in()
    off(shop.integration, ORDERS)
    missed = placed(sandbox)
    a_moment_later()
    shop.cancel(known)

    on(shop.integration, ORDERS, NOW)
    late = placed(sandbox)
    sync(shop.integration)

    assert (is_here(shop.integration, missed), is_here(shop.integration, late)) == (False, True)
    assert SeenOrder.objects.get(store=shop.integration.store, number=missed).reasons == ["earliest"]
    known.refresh_from_db()
    assert known.state == State.CANCELED
    earliest = dt.datetime.fromisoformat(document_of(shop.integration)["earliest_order_date"])
    assert timezone.now() - earliest < dt.timedelta(minutes=5)


def test_an_earliest_date_that_lies_ahead_is_not_moved_back_by_from_now(sandbox):
    shop = Shop(sandbox)
    ahead = (timezone.now() + dt.timedelta(days=3)).isoformat()
    off(shop.integration, ORDERS)

    on(shop.integration, ORDERS, NOW, earliest_order_date=ahead)

    kept = dt.datetime.fromisoformat(document_of(shop.integration)["earliest_order_date"])
    assert kept == dt.datetime.fromisoformat(ahead)


# --- inventory -------------------------------------------------------------------------------------------------------


@pytest.mark.req("P17-16")
def test_disabled_sends_no_quantity_and_from_then_all_that_differs_by_now(sandbox):
    integration = sending(sandbox)
    one, two = list(counted(sandbox))[:2]
    off(integration, INVENTORY)
    report(integration, {one: 3})
    sync_stock(integration)
    assert counted(sandbox)[one] == 10

    on(integration, INVENTORY, THEN)
    report(integration, {two: 4})

    assert (counted(sandbox)[one], counted(sandbox)[two]) == (3, 4)


@pytest.mark.req("P17-16")
def test_from_now_the_store_keeps_its_numbers_until_stock_moves_again(sandbox):
    integration = sending(sandbox)
    one, two = list(counted(sandbox))[:2]
    off(integration, INVENTORY)
    report(integration, {one: 3})

    on(integration, INVENTORY, NOW)
    sync_stock(integration)
    assert counted(sandbox)[one] == 10
    report(integration, {two: 4})
    assert (counted(sandbox)[one], counted(sandbox)[two]) == (10, 4)

    report(integration, {one: 2})
    assert counted(sandbox)[one] == 2
    assert not rows(integration).due().exists()


def test_from_now_other_settings_of_that_moment_send_nothing_either_and_later_ones_do(sandbox):
    integration = sending(sandbox)
    off(integration, INVENTORY)

    on(integration, INVENTORY, NOW, stock_reserve=4)
    assert set(counted(sandbox).values()) == {10}
    assert "leaves" not in inventory_flow(integration).position

    sku = next(iter(counted(sandbox)))
    report(integration, {sku: 9})
    assert counted(sandbox)[sku] == 5
    switch(integration, INVENTORY, Mode.PUSH, stock_reserve=1)
    assert set(counted(sandbox).values()) == {9, 8}
    assert counted(sandbox)[sku] == 8


def test_from_then_counts_also_where_from_now_was_said_before_and_had_no_round_yet(sandbox):
    integration = sending(sandbox)
    off(integration, INVENTORY)
    switch_quietly(integration, INVENTORY, NOW)
    assert inventory_flow(integration).position.get("leaves")
    switch_quietly(integration, INVENTORY, None)

    switch_quietly(integration, INVENTORY, THEN)

    assert "leaves" not in inventory_flow(integration).position


def test_what_moves_between_the_save_and_the_first_round_counts_as_from_now(sandbox, time_machine):
    integration = sending(sandbox)
    one, two = list(counted(sandbox))[:2]
    off(integration, INVENTORY)
    report(integration, {one: 3})
    document = document_of(integration)
    document[FLOWS]["inventory"] = {"mode": "push", "interval": 60}

    save(integration, document, by="Ann", now=timezone.now(), again={INVENTORY: NOW})
    OrmQ.objects.all().delete()  # a crash: nobody hears that it was switched on
    report(integration, {two: 4})
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=2), tick=True)
    tick.tick(timezone.now())
    work()

    assert (counted(sandbox)[one], counted(sandbox)[two]) == (10, 4)


def test_where_the_first_push_was_not_started_nothing_is_asked_but_that(sandbox):
    integration = connect_stock(sandbox)
    off(integration, INVENTORY)
    document = document_of(integration)
    document[FLOWS]["inventory"] = {"mode": "push", "interval": 60}
    assert asked(integration, document) == []

    on(integration, INVENTORY)
    report(integration, dict.fromkeys(all_skus(integration), 7))
    assert not StockSent.objects.exists()
    start(integration)
    assert set(counted(sandbox).values()) == {7}


# --- fulfillments ----------------------------------------------------------------------------------------------------


def numbers(shop: Shop, order: Order) -> list[str]:
    return [one["trackingInfo"]["trackingNumber"] for one in shop.told(order)]


@pytest.mark.req("P17-18")
def test_disabled_tells_nothing_and_from_then_the_store_hears_of_what_left_meanwhile(sandbox):
    shop = Shop(sandbox)
    before, meanwhile = shop.taken(), shop.taken()
    shop.ship(before, tracking="1Z1")
    off(shop.integration, FULFILLMENTS)
    left = shop.ship(meanwhile, tracking="1Z2")
    sync(shop.integration, FULFILLMENTS)
    assert (shop.told(meanwhile), left.told) == ([], "not_wanted")

    on(shop.integration, FULFILLMENTS, THEN)

    assert (numbers(shop, before), numbers(shop, meanwhile)) == (["1Z1"], ["1Z2"])
    left.refresh_from_db()
    meanwhile.refresh_from_db()
    assert (left.told, meanwhile.state) == ("told", State.CONFIRMED)


@pytest.mark.req("P17-18")
def test_from_now_what_left_meanwhile_stays_untold_also_the_next_time(sandbox):
    shop = Shop(sandbox)
    meanwhile, later = shop.taken(), shop.taken()
    off(shop.integration, FULFILLMENTS)
    shop.ship(meanwhile, tracking="1Z2")
    on(shop.integration, FULFILLMENTS, NOW)
    shop.ship(later, tracking="1Z3")
    assert (numbers(shop, meanwhile), numbers(shop, later)) == ([], ["1Z3"])

    off(shop.integration, FULFILLMENTS)
    on(shop.integration, FULFILLMENTS, THEN)  # then: the last time that it was switched on

    assert (numbers(shop, meanwhile), numbers(shop, later)) == ([], ["1Z3"])


def test_what_was_due_corrected_or_taken_back_is_caught_up_and_nothing_is_told_twice(sandbox):
    shop = Shop(sandbox)
    told, taken_back, due = shop.taken(), shop.taken(), shop.taken()
    mended, gone = shop.ship(told, tracking="1Z1"), shop.ship(taken_back, tracking="1Z2")
    sandbox.wix.misbehave("error", "v1", count=None, path="fulfillments")
    shop.ship(due, tracking="1Z3")
    sandbox.wix.behave()
    off(shop.integration, FULFILLMENTS)
    correct(mended, carrier="UPS", parcels=(Tracking("1Z9"),), by="Ann", now=timezone.now())
    void(gone, by="Ann", now=timezone.now())
    work()
    assert (numbers(shop, told), numbers(shop, taken_back), numbers(shop, due)) == (["1Z1"], ["1Z2"], [])

    on(shop.integration, FULFILLMENTS, THEN)
    tick.tick(timezone.now())  # its last run failed, so it waits for its turn
    work()

    assert (numbers(shop, told), numbers(shop, taken_back), numbers(shop, due)) == (["1Z9"], [], ["1Z3"])


def test_from_then_a_correction_of_what_was_told_long_before_is_caught_up_too(sandbox):
    shop = Shop(sandbox)
    order = shop.taken()
    fulfillment = shop.ship(order, tracking="1Z1")
    off(shop.integration, FULFILLMENTS)
    on(shop.integration, FULFILLMENTS, NOW)  # it was told before this moment
    off(shop.integration, FULFILLMENTS)
    correct(fulfillment, carrier="UPS", parcels=(Tracking("1Z9"),), by="Ann", now=timezone.now())

    on(shop.integration, FULFILLMENTS, THEN)

    assert numbers(shop, order) == ["1Z9"]


def test_by_the_operators_admin_a_flow_goes_on_and_no_buyer_hears_of_old_parcels(sandbox):
    shop = Shop(sandbox)
    order = shop.taken()
    off(shop.integration, FULFILLMENTS)
    shop.ship(order, tracking="1Z2")

    on(shop.integration, FULFILLMENTS)  # nobody said from when

    assert shop.told(order) == []


# --- what is shown, and who decides ----------------------------------------------------------------------------------


@pytest.fixture
def ann_of(sandbox):
    """A shop, and its owner at the panel."""

    def ann(shop: Shop) -> tuple[Client, str]:
        client = signed_in(make_user(shop.integration.account, first_name="Ann", last_name="Lee"))
        return client, f"/a/{shop.integration.account.slug}/integrations/{shop.integration.pk}/"

    return ann


@pytest.mark.req("P17-21", "P17-10", "P17-18")
def test_switching_on_again_asks_of_each_flow_from_when_it_counts(sandbox, ann_of):
    shop = Shop(sandbox)
    order = shop.taken()
    ann, at = ann_of(shop)
    ann.post(at, form_of(ann.get(at), orders_mode="disabled", fulfillments_mode="disabled"))
    shop.ship(order, tracking="1Z2")

    page = ann.post(at, form_of(ann.get(at), orders_mode="pull", fulfillments_mode="push"))
    assert_in_order(
        words(page), "Not saved yet", "Orders: from when?", "Off since", "From then", "From now", "Earliest Order Date",
        "Fulfillments: from when?", "The store is told of 1 shipment that it does not know",
    )  # fmt: skip
    assert flow_of(shop.integration).due_at is None

    page = ann.post(at, form_of(page, again_orders="then"))
    assert "Say of each flow from when it counts." in words(page)
    assert 'name="again_orders" value="then" checked' in page.content.decode()
    assert flow_of(shop.integration).due_at is None

    saved = ann.post(at, form_of(page, again_fulfillments="now"), follow=True)
    assert "are saved" in saved.content.decode()
    work()
    assert flow_of(shop.integration).due_at is not None
    assert shop.told(order) == []
    shop.integration.refresh_from_db()
    newest = SettingsVersion.objects.get(store=shop.integration.store, number=shop.integration.settings_version)
    assert newest.why == "orders on again from then, fulfillments on again from now"
    assert "orders on again from then" in words(ann.get(f"{at}advanced/")).lower()
    audit = AuditEntry.objects.filter(code="settings_saved").latest("pk")
    assert audit.params["again"] == {"orders": "then", "fulfillments": "now"}


def test_a_flow_that_was_never_on_asks_nothing(sandbox, ann_of):
    shop = Shop(sandbox)
    ann, at = ann_of(shop)

    saved = ann.post(at, form_of(ann.get(at), inventory_mode="push"), follow=True)

    assert "are saved" in saved.content.decode()
    assert flow_of(shop.integration, INVENTORY).since is not None


def test_finish_setup_asks_too(sandbox, ann_of, a_moment_later):
    shop = Shop(sandbox)
    off(shop.integration, ORDERS)
    missed = placed(sandbox)
    a_moment_later()
    ann, at = ann_of(shop)

    page = ann.post(f"{at}setup/", form_of(ann.get(f"{at}setup/"), "setup"))
    assert "Orders: from when?" in words(page)
    ann.post(f"{at}setup/", form_of(page, "setup", again_orders="now"))
    work()

    assert flow_of(shop.integration).due_at is not None
    assert not is_here(shop.integration, missed)


@pytest.mark.req("P17-21")
def test_going_back_to_a_version_with_the_flow_on_asks_and_going_back_once_more_brings_the_orders(
    sandbox, ann_of, a_moment_later
):
    shop = Shop(sandbox)
    was_on = shop.integration.settings_version
    off(shop.integration, ORDERS)
    missed = placed(sandbox)
    a_moment_later()
    ann, at = ann_of(shop)

    page = ann.post(f"{at}versions/back/", {"number": was_on})
    assert "Orders: from when?" in words(page)
    ann.post(f"{at}versions/back/", form_of(page, again_orders="now"))
    work()
    assert not is_here(shop.integration, missed)

    # Earliest Order Date is a setting, so its version brings back what it kept out.
    shop.integration.refresh_from_db()
    version = version_of(shop.integration, was_on)
    assert version
    wanted = restored(shop.integration, platform_of(shop.integration), version, staff=False)
    roll_back(shop.integration, was_on, wanted.document, by="Ann", now=timezone.now())
    work()
    sync(shop.integration)
    assert is_here(shop.integration, missed)


def test_of_two_persons_the_second_one_sees_that_it_was_switched_on(sandbox, ann_of):
    shop = Shop(sandbox)
    off(shop.integration, ORDERS)
    missed = placed(sandbox)
    ann, at = ann_of(shop)
    page = ann.post(at, form_of(ann.get(at), orders_mode="pull"))
    on(shop.integration, ORDERS, THEN)

    second = ann.post(at, form_of(page, again_orders="now"))

    assert "Somebody else saved these settings meanwhile" in words(second)
    assert is_here(shop.integration, missed)
    assert document_of(shop.integration)["earliest_order_date"] is None


def test_who_saves_by_an_older_version_is_refused_whatever_he_chose(sandbox):
    shop = Shop(sandbox)
    off(shop.integration, ORDERS)
    seen, document = shop.integration.settings_version, document_of(shop.integration)
    document[FLOWS]["orders"] = {"mode": "pull", "interval": 5}
    on(shop.integration, ORDERS, THEN)

    with pytest.raises(IntegrationError, match="Somebody else saved"):
        save(
            shop.integration, document, by="Bob", now=timezone.now(), based_on=seen, again={ORDERS: NOW}
        )  # fmt: skip

    assert document_of(shop.integration)["earliest_order_date"] is None


def test_since_and_off_since_survive_being_switched_off_and_on(sandbox):
    shop = Shop(sandbox)
    first = flow_of(shop.integration).since
    assert first

    off(shop.integration, ORDERS)
    assert flow_of(shop.integration).since == first
    stopped = flow_of(shop.integration).off_since
    assert stopped
    assert stopped > first
    on(shop.integration, ORDERS, THEN)
    assert (flow_of(shop.integration).since, flow_of(shop.integration).off_since) == (first, None)

    off(shop.integration, ORDERS)
    on(shop.integration, ORDERS, NOW)
    assert flow_of(shop.integration).since > stopped


def test_a_strangers_flow_answers_for_nobody_else(sandbox, ann_of):
    shop = Shop(sandbox)
    other = make_account("others")
    off(shop.integration, ORDERS)
    ann = signed_in(make_user(other))
    _, at = ann_of(shop)

    assert ann.post(at, {"orders_mode": "pull", "again_orders": "now"}).status_code == 404
    assert Flow.objects.get(integration=shop.integration, kind=ORDERS).due_at is None


def test_why_an_order_of_the_same_day_was_left_out_is_said_to_the_minute(sandbox, ann_of, a_moment_later):
    shop = Shop(sandbox)
    shop.came_in()
    off(shop.integration, ORDERS)
    missed = placed(sandbox)
    a_moment_later()
    on(shop.integration, ORDERS, NOW)
    ann, at = ann_of(shop)

    said = words(ann.get(at.partition("integrations/")[0] + "orders/where/", {"q": missed}))

    moment = r"\d+ \w+ \d{4}, \d\d:\d\d"
    assert re.search(f"Earliest Order Date: placed on {moment}, where placed on {moment} or later is asked", said), said
    assert re.search(r"At present it begins at \d\d:\d\d of that day\.", words(ann.get(at)))
