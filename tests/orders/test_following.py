"""Orders follow a product, a shipping option and a warehouse that change, and the time of their holds."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django_q.models import OrmQ

from integrations import tasks
from integrations.sweep import sweep
from inventory.models import Product
from mappings.mapping import hold_option
from mappings.models import MappingChange, ShipMethod
from mappings.set_many import hold_many
from mappings.versions import undo_batch
from orders import following, rule_saving, timed
from orders.goods import start_of
from orders.holding import lift_hold, place_hold
from orders.holds import HoldKind
from orders.models import Hold, Order, OrderEvent, ShippingRequest, ToSettle
from orders.release import offer_waiting
from orders.rule_saving import Draft
from orders.settings import OrderRules
from orders.settle import settle
from orders.shipping import acknowledge
from orders.timeline import timeline_of
from tests.build import NOW, make_product, make_ship_method, make_warehouse
from tests.orders.shop import Shop

pytestmark = pytest.mark.django_db

SOON = NOW.date() + dt.timedelta(days=10)
LATER = NOW + dt.timedelta(days=30)


@pytest.fixture
def shop(monkeypatch):
    return Shop(monkeypatch)


@pytest.fixture
def shop_of_berlin(monkeypatch):
    shop = Shop(monkeypatch)
    shop.account.time_zone = "Europe/Berlin"
    shop.account.save()
    shop.rules = OrderRules(
        1, shop.rules.imports, warehouse_id=shop.warehouse.pk, zone=ZoneInfo("Europe/Berlin"), customs=True
    )
    return shop


def mug(shop) -> Product:
    return Product.objects.get(account=shop.account, sku="MUG")


def sell_ahead(shop, day: dt.date | None) -> None:
    product = mug(shop)
    product.preorder_until = day
    product.save()


def follow(now: dt.datetime = NOW) -> None:
    """What the sweep does once no transaction can have missed the change."""
    ToSettle.objects.update(at=now - following.QUIET)
    following.follow_due(now)


def open_kinds(order: Order) -> list[str]:
    return list(Hold.objects.open().filter(order=order).order_by("pk").values_list("kind", flat=True))


def state_of(order: Order) -> str:
    return Order.objects.get(pk=order.pk).state


# --- sold ahead ------------------------------------------------------------------------------------------------------


def test_an_order_with_a_product_sold_ahead_comes_in_held_and_goes_when_its_day_begins(shop_of_berlin):
    shop = shop_of_berlin
    sell_ahead(shop, SOON)
    order = shop.order()
    begins = start_of(SOON, ZoneInfo("Europe/Berlin"))

    assert state_of(order) == "held"
    assert Hold.objects.get().until == begins
    assert timed.lift_due(begins - dt.timedelta(minutes=1)) == 0
    assert timed.lift_due(begins) == 1

    assert state_of(order) == "ready"
    assert "Its time came" in timeline_of(order).lines[1].text
    with transaction.atomic():  # and a later look does not hold it again
        settle(shop.store, [order.pk], now=begins, actor="test", rules=shop.rules)
    assert open_kinds(order) == []


def test_a_whole_order_waits_for_one_product_that_is_sold_ahead(shop):
    make_product(shop.account, "TEAPOT", preorder_until=SOON)

    order = shop.order(skus=("MUG", "TEAPOT"))

    assert open_kinds(order) == ["preorder"]
    assert not ShippingRequest.objects.exists()


def test_setting_changing_and_clearing_the_day_is_followed_by_orders_that_nobody_took(shop):
    waiting, taken = shop.order(), shop.order()
    offer_waiting(shop.store, now=NOW)
    acknowledge(ShippingRequest.objects.get(order=taken), 1, by="Nord", now=NOW)

    sell_ahead(shop, SOON)
    follow()
    assert (state_of(waiting), state_of(taken)) == ("held", "at_warehouse")
    sell_ahead(shop, SOON + dt.timedelta(days=1))
    follow()
    assert Hold.objects.open().get().until == start_of(SOON + dt.timedelta(days=1), dt.UTC)
    sell_ahead(shop, None)
    follow()

    assert state_of(waiting) == "ready"
    assert not ToSettle.objects.exists()


def test_lifted_by_a_person_it_is_not_held_again_for_the_same_product(shop):
    sell_ahead(shop, SOON)
    order = shop.order()

    lift_hold(order.holds.get(), by="Ann", now=NOW)
    sell_ahead(shop, SOON + dt.timedelta(days=5))
    follow()

    assert state_of(order) == "ready"
    assert state_of(shop.order()) == "held"


def test_the_nudge_settles_at_once_and_the_sweep_finds_what_was_stored_meanwhile(shop):
    """An order whose page had read the product before the change, and that is there only after the nudge."""
    sell_ahead(shop, SOON)
    row = ToSettle.objects.get()
    Product.objects.update(preorder_until=None)  # what that page saw
    order = shop.order()
    Product.objects.update(preorder_until=SOON)
    assert state_of(order) == "new"

    assert following.follow_due(row.at + following.QUIET / 2) == 0
    assert following.follow_due(row.at + following.QUIET) == 1

    assert state_of(order) == "held"


def test_a_product_that_changes_again_while_it_is_followed_stays_to_be_looked_at(shop, monkeypatch):
    sell_ahead(shop, SOON)
    seen = following.follow

    def changed_meanwhile(what, row, *, now):
        seen(what, row, now=now)
        ToSettle.objects.update(at=now)

    monkeypatch.setattr(following, "follow", changed_meanwhile)
    row = ToSettle.objects.get()

    following.follow_due(row.at + following.QUIET)

    assert ToSettle.objects.count() == 1


def test_other_changes_of_a_product_concern_no_order(shop):
    product = mug(shop)
    product.name = "Red mug"
    product.save()

    assert not ToSettle.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_nudge_is_a_task_that_settles(shop):
    order = shop.order()
    asked = []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("integrations.bells.enqueue", lambda queue, task, args, at: asked.append((task, args)))
        sell_ahead(shop, SOON)
    [(task, [args])] = asked
    getattr(tasks, task.rpartition(".")[2])(*args)

    assert task == "integrations.tasks.follow"
    assert "preorder" in open_kinds(order)


# --- a shipping option to look at ------------------------------------------------------------------------------------


def test_orders_of_an_option_wait_when_it_is_marked_and_go_when_it_no_longer_is(shop):
    ready, row = shop.order(), ShipMethod.objects.get(title="Standard")
    offer_waiting(shop.store, now=NOW)

    hold_option(row, True, by="Ann", now=NOW)
    follow()
    assert (state_of(ready), open_kinds(ready)) == ("held", ["ship_method"])
    assert open_kinds(shop.order()) == ["ship_method"]
    seen = shop.order()
    lift_hold(seen.holds.get(), by="Ann", now=NOW)
    assert state_of(seen) == "ready"

    hold_option(row, False, by="Ann", now=NOW)
    follow()

    assert set(Order.objects.values_list("state", flat=True)) == {"ready"}
    assert [change.after for change in MappingChange.objects.order_by("pk")] == [{"hold": True}, {"hold": False}]


# --- customs ---------------------------------------------------------------------------------------------------------


def test_filling_in_customs_data_frees_every_order_that_waited_for_it(shop_of_berlin, django_assert_max_num_queries):
    shop = shop_of_berlin
    shop.warehouse.country = "DE"
    shop.warehouse.save()
    orders = [shop.order() for _ in range(3)]
    assert [open_kinds(order) for order in orders] == [["customs"]] * 3
    product = mug(shop)

    product.customs_code, product.origin = "6912", "DE"
    product.save()
    follow()

    assert {state_of(order) for order in orders} == {"ready"}


def test_the_warehouses_country_draws_the_border(shop_of_berlin):
    shop = shop_of_berlin
    order = shop.order()
    assert open_kinds(order) == []

    shop.warehouse.country = "DE"
    shop.warehouse.save()
    follow()
    assert open_kinds(order) == ["customs"]
    shop.warehouse.country = "US"
    shop.warehouse.save()
    follow()

    assert open_kinds(order) == []


def test_a_rule_about_what_goes_abroad_follows_the_warehouses_country(shop):
    draft = Draft("Abroad", "all", [{"field": "abroad", "is": "yes", "values": []}], [{"do": "hold"}])
    rule = rule_saving.save(shop.account, draft, by="Ann", now=NOW)
    rule_saving.switch(rule, True, by="Ann", now=NOW)
    order = shop.order()
    assert open_kinds(order) == []

    shop.warehouse.country = "DE"
    shop.warehouse.save()
    follow()
    assert open_kinds(order) == ["rule"]
    shop.warehouse.country = "US"
    shop.warehouse.save()
    follow()

    assert open_kinds(order) == []
    assert state_of(order) == "ready"


def test_customs_data_are_not_read_while_the_setting_is_off(shop, django_assert_num_queries):
    shop.warehouse.country = "DE"
    shop.warehouse.save()

    assert open_kinds(shop.order()) == []


# --- until -----------------------------------------------------------------------------------------------------------


def test_a_hold_with_a_moment_lifts_itself_then_and_the_timeline_says_so(shop):
    order, other = shop.order(), shop.order()
    at = NOW + dt.timedelta(hours=5)
    place_hold(order, HoldKind.CLIENT, "The labels come", by="Ann", now=NOW, until=at)
    place_hold(order, HoldKind.FRAUD, "Two cards", by="Ann", now=NOW)
    place_hold(other, HoldKind.ADDRESS_CHECK, "Odd street", by="Ann", now=NOW, until=at)

    assert timed.lift_due(at) == 2
    assert timed.lift_due(at) == 0

    assert open_kinds(order) == ["fraud"]
    assert (state_of(order), state_of(other)) == ("held", "ready")
    lines = [line.text for line in timeline_of(order).lines]
    assert "Its time came, so it is no longer held: held by hand (“The labels come”)." in lines
    assert any(text.startswith("Held until 20 Nov") for text in lines)


def test_many_are_lifted_in_batches_and_a_limit_is_kept(shop, monkeypatch):
    monkeypatch.setattr(timed, "BATCH", 2)
    orders = [shop.order() for _ in range(5)]
    for order in orders:
        place_hold(order, HoldKind.CLIENT, "wait", by="Ann", now=NOW, until=NOW + dt.timedelta(hours=1))

    assert timed.lift_due(LATER, limit=3) == 4  # whole batches
    assert timed.lift_due(LATER, limit=3) == 1

    assert {state_of(order) for order in orders} == {"ready"}
    assert OrderEvent.objects.filter(code="lifted", params__due=True).count() == 5


def test_a_hold_that_a_person_lifted_before_its_time_is_lifted_once(shop):
    order = shop.order()
    place_hold(order, HoldKind.CLIENT, "wait", by="Ann", now=NOW, until=NOW + dt.timedelta(hours=1))

    lift_hold(order.holds.get(), by="Ann", now=NOW)

    assert timed.lift_due(LATER) == 0
    assert Hold.objects.get().lifted_by == "Ann"


def test_the_sweep_finds_holds_whose_time_came_and_things_that_changed(shop, monkeypatch):
    asked = []
    monkeypatch.setattr("integrations.sweep.enqueue", lambda queue, task, args, at: asked.append(task.split(".")[-1]))
    order = shop.order()
    place_hold(order, HoldKind.CLIENT, "wait", by="Ann", now=NOW, until=NOW + dt.timedelta(hours=1))
    make_warehouse(shop.account)
    sell_ahead(shop, SOON)
    changed = ToSettle.objects.get().at

    sweep(min(NOW, changed))
    assert not {"lift_due", "follow_due"} & set(asked)
    sweep(changed + following.QUIET)

    assert {"lift_due", "follow_due"} <= set(asked)


def test_holding_many_options_queues_few_tasks_and_their_orders_wait_and_go_again(
    shop, django_capture_on_commit_callbacks
):
    rows = [make_ship_method(shop.store, f"Way {number}", "EU-STD").pk for number in range(30)]
    order = shop.order(ship="Way 7")

    with django_capture_on_commit_callbacks(execute=True):
        done = hold_many(shop.account, rows, True, by="Ann", now=NOW)

    assert OrmQ.objects.count() == 1
    tasks.lift_mapped()
    assert (state_of(order), open_kinds(order)) == ("held", ["ship_method"])
    assert ToSettle.objects.count() == 30  # the sweep's last look, for an order stored at that very moment
    undo_batch(shop.account, done.batch, "Ann", NOW)
    tasks.lift_mapped()
    assert (state_of(order), open_kinds(order)) == ("ready", [])
