"""A press that frees a group: its row, what goes on in the background, and taking it back."""

import datetime as dt
import os
import signal
from functools import partial

import pytest
from django.db import connection, connections
from django.utils import timezone

from integrations import sweep, tasks
from inventory.models import Product
from mappings.mapping import map_ship_method
from mappings.models import MappingChange, ShipMethod
from orders import curing, rule_saving
from orders.curing import cure_by_hand, cure_word, go_on, undo
from orders.errors import OrderError
from orders.holding import lift_hold, place_hold
from orders.holds import HoldKind
from orders.models import Cure, Hold, Order, OrderEvent, OrderRule, ShippingRequest
from orders.rule_saving import Draft
from orders.settle import lift_mapped_everywhere
from orders.shipping import acknowledge
from tests.build import NOW, make_ship_method, make_store
from tests.orders.shop import Shop, text_of
from tests.orders.test_shipping_races import at_once

LONG = 60.0  # seconds


@pytest.fixture
def shop(monkeypatch):
    return Shop(monkeypatch)


def word(title="std-eu"):
    return ShipMethod.objects.get(title=title)


def press(row, by="Ann", target="EU-STD"):
    """Map a word as the page does; nothing has gone yet."""
    now = timezone.now()
    give = partial(map_ship_method, row, target, by=by, now=now)
    return cure_word(row, HoldKind.SHIP_CODE, lambda: str(give()), by=by, now=now)[1]


def lift(shop, by="Ann", **values):
    """Lift a group as the page does; nothing has gone yet."""
    return cure_by_hand(shop.account, HoldKind.ADDRESS_CHECK, "", by=by, now=NOW, **values)


def states(orders):
    return [Order.objects.get(pk=order.pk).state for order in orders]


def offers():
    """How often each order is offered now."""
    found = list(ShippingRequest.objects.filter(state="offered").values_list("order", flat=True))
    return {pk: found.count(pk) for pk in found}


def waiting(shop, number, kind=HoldKind.ADDRESS_CHECK):
    """Orders that are held by hand, the first the one that waits longest."""
    orders = [shop.order() for _ in range(number)]
    for hours, order in enumerate(orders):
        place_hold(order, kind, "Two cards were tried", by="Ann", now=NOW - dt.timedelta(hours=99 - hours))
    return orders


def undo_on_page(shop, cure):
    return shop.client().post(shop.url("undo_cure", pk=cure.pk), follow=True)


# --- a word ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.req("EIM-19")
def test_a_mapping_is_taken_back_for_what_no_warehouse_has_acknowledged(shop):
    orders = [shop.order(ship="std-eu") for _ in range(4)]
    since = set(Hold.objects.values_list("order", "placed_at"))
    data = {"kind": "ship_code", "cause": str(word().pk), "target": "EU-STD"}
    page = shop.client().post(shop.url("map"), data, follow=True)
    cure = Cure.objects.get()
    assert f'form="undo-{cure.pk}"' in page.content.decode()
    assert states(orders) == ["ready"] * 4
    acknowledge(ShippingRequest.objects.get(order=orders[0]), 1, by="Nord", now=NOW)

    page = undo_on_page(shop, cure)

    assert "Taken back: std-eu. 3 are back; 1 stays with the warehouse." in text_of(page)
    assert states(orders) == ["at_warehouse", "held", "held", "held"]
    assert word().target == ""
    assert offers() == {}
    assert "3 orders · Ship code missing: std-eu" in text_of(page)
    assert set(Hold.objects.open().values_list("order", "placed_at")) == {
        one for one in since if one[0] != orders[0].pk
    }
    assert Order.objects.get(pk=orders[0].pk).ship_code == "EU-STD"
    assert "That was taken back already." in text_of(undo_on_page(shop, cure))


@pytest.mark.django_db
def test_what_was_mapped_again_since_is_not_taken_back(shop):
    order = shop.order(ship="std-eu")
    cure = press(word())
    go_on(cure.pk, seconds=LONG)
    map_ship_method(word(), "EU-EXP", by="Bob", now=NOW)

    page = undo_on_page(shop, cure)

    assert "Somebody has changed it since." in text_of(page)
    assert Cure.objects.get().state == Cure.State.DONE
    assert word().target == "EU-EXP"
    assert states([order]) == ["ready"]


@pytest.mark.django_db
def test_a_word_that_nobody_waits_for_or_that_means_it_already_is_no_cure(shop):
    shop.order(ship="std-eu")
    ship = word("Standard")

    assert press(ship, target="EU-EXP") is None
    assert press(word()) is not None
    assert press(word()) is None
    assert MappingChange.objects.count() == 2


@pytest.mark.django_db
def test_a_cure_says_who_freed_an_order(shop):
    order = shop.order(ship="std-eu")
    press(word(), by="Ann")

    tasks.lift_word("ship_code", word().pk)

    assert set(
        OrderEvent.objects.filter(order=order, code__in=["lifted", "offered"]).values_list("actor", flat=True)
    ) == {"Ann"}
    assert Cure.objects.get().state == Cure.State.DONE


@pytest.mark.django_db
def test_the_progress_of_a_large_group_is_shown_until_it_is_done(shop, monkeypatch):
    monkeypatch.setattr("orders.views.held.AT_ONCE", 2)
    monkeypatch.setattr("orders.settle.BATCH", 2)
    orders = [shop.order(ship="std-eu") for _ in range(3)]
    data = {"kind": "ship_code", "cause": str(word().pk), "target": "EU-STD"}

    page = shop.client().post(shop.url("map"), data, follow=True)
    cure = Cure.objects.get()
    part = shop.url("cure", pk=cure.pk)
    before = text_of(shop.client().get(part))
    go_on(cure.pk, seconds=LONG)
    after = text_of(shop.client().get(part))

    assert "3 orders are let go one after the other." in text_of(page)
    assert "Orders let go: 0 of 3" in before
    assert "3 orders wait for it no more." in after
    assert "Orders let go" not in after
    assert states(orders) == ["ready"] * 3


@pytest.mark.django_db
def test_a_store_that_was_paused_meanwhile_is_offered_nothing_more(shop):
    order = shop.order(ship="std-eu")
    cure = press(word())
    shop.store.hands_over = False
    shop.store.save()

    go_on(cure.pk, seconds=LONG)

    assert states([order]) == ["new"]
    assert offers() == {}


@pytest.mark.django_db
def test_a_batch_costs_as_many_statements_for_many_orders_as_for_few(shop):
    from django.test.utils import CaptureQueriesContext

    taken = []
    for number in (2, 30):
        title = f"word {number}"
        for _ in range(number):
            shop.order(ship=title)
        cure = press(word(title))
        with CaptureQueriesContext(
            connection,
        ) as found:
            go_on(cure.pk, seconds=LONG)
        taken.append(len(found))

    assert len(offers()) == 32
    assert taken[1] <= taken[0]


# --- holds that a person lifts ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_oldest_of_a_group_go_and_the_rest_waits(shop):
    orders = waiting(shop, 4)
    oldest = shop.client().get(shop.url("held")).context["causes"][0]["oldest"]
    data = {"kind": "address_check", "cause": "", "some": "1", "most": "2", "oldest": oldest}

    page = shop.client().post(shop.url("lift_group"), data, follow=True)
    again = shop.client().post(shop.url("lift_group"), data, follow=True)

    assert "2 orders are no longer held: address to check." in text_of(page)
    assert states(orders) == ["ready", "ready", "held", "held"]
    assert "Somebody let the oldest go meanwhile." in text_of(again)


@pytest.mark.django_db
@pytest.mark.parametrize("most", ["", "0", "-3", "x"])
def test_how_many_of_the_oldest_is_asked_for(shop, most):
    orders = waiting(shop, 2)

    page = shop.client().post(
        shop.url("lift_group"), {"kind": "address_check", "cause": "", "some": "1", "most": most}, follow=True
    )

    assert "Say how many of the oldest shall go." in text_of(page)
    assert states(orders) == ["held", "held"]


@pytest.mark.django_db
def test_lifted_holds_are_placed_again_as_they_were(shop):
    orders = waiting(shop, 3)
    before = set(Hold.objects.values_list("order", "kind", "note", "placed_at", "placed_by"))
    cure = lift(shop)
    go_on(cure.pk, seconds=LONG)
    acknowledge(ShippingRequest.objects.get(order=orders[2]), 1, by="Nord", now=NOW)

    text = text_of(undo_on_page(shop, cure))

    assert "2 are back; 1 stays with the warehouse." in text
    assert states(orders) == ["held", "held", "at_warehouse"]
    assert offers() == {}
    open_now = set(Hold.objects.open().values_list("order", "kind", "note", "placed_at", "placed_by"))
    assert open_now == {hold for hold in before if hold[0] != orders[2].pk}
    assert "Held again: lifting it was taken back." in text_of(shop.client().get(shop.url("order", pk=orders[0].pk)))


@pytest.mark.django_db
def test_a_hold_that_was_placed_anew_meanwhile_is_not_doubled(shop):
    (order,) = waiting(shop, 1)
    cure = lift(shop)
    go_on(cure.pk, seconds=LONG)
    place_hold(order, HoldKind.ADDRESS_CHECK, "A third card", by="Ann", now=NOW)

    undo(Cure.objects.get(), by="Bob", now=NOW)
    go_on(cure.pk, seconds=LONG)

    assert list(Hold.objects.open().values_list("note", flat=True)) == ["A third card"]
    assert Cure.objects.get().state == Cure.State.UNDONE


@pytest.mark.django_db
def test_what_is_held_after_the_press_stays_held(shop):
    first = waiting(shop, 1)
    cure = lift(shop)
    later = waiting(shop, 1)

    go_on(cure.pk, seconds=LONG)

    assert (states(first), states(later)) == (["ready"], ["held"])


@pytest.mark.django_db
def test_only_who_may_place_such_a_hold_lifts_or_takes_back_a_group_of_it(shop):
    (order,) = waiting(shop, 1, HoldKind.OPERATOR)

    refused = shop.client().post(shop.url("lift_group"), {"kind": "operator", "cause": ""})
    text = text_of(shop.client().get(shop.url("held")))
    cure = cure_by_hand(shop.account, HoldKind.OPERATOR, "", by="Staff", now=NOW)
    go_on(cure.pk, seconds=LONG)

    assert refused.status_code == 403
    assert "The operator's own people lift it." in text
    assert shop.client().post(shop.url("undo_cure", pk=cure.pk)).status_code == 403
    assert states([order]) == ["ready"]


@pytest.mark.django_db
def test_a_strangers_press_is_not_here(shop, monkeypatch):
    other = Shop(monkeypatch)
    waiting(other, 1)
    cure = cure_by_hand(other.account, HoldKind.ADDRESS_CHECK, "", by="Bob", now=NOW)

    assert shop.client().post(shop.url("undo_cure", pk=cure.pk)).status_code == 404
    assert shop.client().get(shop.url("cure", pk=cure.pk)).status_code == 404


# --- holds that place themselves and that a person lifted ------------------------------------------------------------


def lift_on_page(shop, kind, cause):
    shop.client().post(shop.url("lift_group"), {"kind": kind, "cause": str(cause)})
    return Cure.objects.latest("pk")


@pytest.mark.django_db
@pytest.mark.req("EIM-19")
def test_taken_back_orders_of_a_rule_that_is_off_by_now_do_not_wait_for_it(shop):
    draft = Draft("Every order", "all", [{"field": "pickup", "is": "no", "values": []}], [{"do": "hold"}])
    rule = rule_saving.save(shop.account, draft, by="Ann", now=NOW)
    rule_saving.switch(rule, True, by="Ann", now=NOW)
    orders = [shop.order() for _ in range(2)]
    assert states(orders) == ["held", "held"]
    cure = lift_on_page(shop, "rule", rule.pk)
    rule_saving.switch(OrderRule.objects.get(), False, by="Ann", now=NOW)

    text = text_of(undo_on_page(shop, cure))

    assert states(orders) == ["ready", "ready"]
    assert not Hold.objects.open().exists()
    assert "0 are back; 2 no longer wait, or wait for something else." in text


@pytest.mark.django_db
def test_taken_back_orders_of_several_stores_wait_again_for_what_is_still_so_but_for_the_warehouses(shop):
    draft = Draft("Every order", "all", [{"field": "pickup", "is": "no", "values": []}], [{"do": "hold"}])
    rule = rule_saving.save(shop.account, draft, by="Ann", now=NOW)
    rule_saving.switch(rule, True, by="Ann", now=NOW)
    other = make_store(shop.account, name="Other")
    make_ship_method(other, "Standard", "EU-STD")
    orders = [shop.order(), shop.order(other), shop.order(), shop.order(other)]
    since = dict(Hold.objects.values_list("order", "placed_at"))
    cure = lift_on_page(shop, "rule", rule.pk)
    assert states(orders) == ["ready"] * 4
    taken = ShippingRequest.objects.get(order=orders[3])
    acknowledge(taken, 1, by="Nord", now=NOW)

    text = text_of(undo_on_page(shop, cure))

    assert "3 are back; 1 stays with the warehouse." in text
    assert states(orders) == ["held", "held", "held", "at_warehouse"]
    assert offers() == {}
    assert dict(Hold.objects.open().values_list("order", "placed_at")) == {
        order.pk: since[order.pk] for order in orders[:3]
    }
    lift_on_page(shop, "rule", rule.pk)
    assert states(orders) == ["ready", "ready", "ready", "at_warehouse"]


@pytest.mark.django_db
def test_a_product_that_is_there_by_now_holds_no_order_back_when_lifting_it_is_taken_back(shop):
    mug = Product.objects.get(sku="MUG")
    mug.preorder_until = (timezone.now() + dt.timedelta(days=9)).date()
    mug.save()
    order = shop.order()
    assert states([order]) == ["held"]
    cure = lift_on_page(shop, "preorder", mug.pk)
    mug.preorder_until = None
    mug.save()

    undo_on_page(shop, cure)

    assert states([order]) == ["ready"]


# --- killed, and at once ---------------------------------------------------------------------------------------------


def killed_at(statement, work):
    """Run it in a process of its own that is killed before its nth statement; False where it had fewer."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        left = statement

        def count(execute, *args):
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(*args)

        try:
            with connection.execute_wrapper(count):
                work()
            os._exit(0)
        finally:  # whatever went wrong: this copy of the test run ends here
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def found_by_the_sweep():
    """A minute later."""
    later = timezone.now() + dt.timedelta(minutes=2)
    sweep.sweep(later)
    for pk in curing.unfinished(later):
        tasks.go_on_cure(pk)
    lift_mapped_everywhere(later)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["word", "hand"])
def test_killed_at_any_statement_a_cure_and_its_undoing_end_as_if_nothing_had_happened(shop, monkeypatch, kind):
    monkeypatch.setattr("orders.settle.BATCH", 2)
    monkeypatch.setattr("orders.curing.BATCH", 2)
    orders = [shop.order(ship="std-eu") for _ in range(5)] if kind == "word" else waiting(shop, 5)
    at, killed = 3, True
    while killed:
        cure = press(word()) if kind == "word" else lift(shop)
        killed = killed_at(at, partial(go_on, cure.pk, seconds=LONG))
        found_by_the_sweep()
        cure.refresh_from_db()
        assert (cure.state, cure.done, cure.total) == ("done", 5, 5), at
        assert states(orders) == ["ready"] * 5
        assert offers() == dict.fromkeys([order.pk for order in orders], 1)

        undo(cure, by="Bob", now=timezone.now())
        killed = killed_at(at, partial(go_on, cure.pk, seconds=LONG)) or killed
        found_by_the_sweep()
        cure.refresh_from_db()
        assert (cure.state, cure.done, cure.kept, cure.total) == ("undone", 5, 0, 5), at
        assert states(orders) == ["held"] * 5
        assert offers() == {}
        at += 11
    assert at > 40


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_two_people_who_map_a_word_at_once_offer_each_order_once(shop, round_):
    orders = [shop.order(ship="std-eu") for _ in range(3)]
    pk = word().pk

    def map_it(by):
        cure = press(ShipMethod.objects.get(pk=pk), by=by)
        if cure:
            go_on(cure.pk, seconds=LONG)
        return cure is not None

    results = at_once(partial(map_it, "Ann"), partial(map_it, "Bob"))
    found_by_the_sweep()

    assert sorted(results) == [False, True]
    assert offers() == dict.fromkeys([order.pk for order in orders], 1)
    assert Cure.objects.get().done == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_of_two_people_who_let_the_oldest_go_at_once_one_does(shop, round_):
    orders = waiting(shop, 4)
    oldest = Hold.objects.order_by("placed_at").values_list("placed_at", flat=True)[0]

    def press_lift():
        go_on(lift(shop, most=2, oldest=oldest).pk, seconds=LONG)

    at_once(press_lift, press_lift)

    assert states(orders) == ["ready", "ready", "held", "held"]
    assert Cure.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
@pytest.mark.parametrize("kind", ["word", "hand"])
def test_a_warehouse_that_takes_an_order_while_it_is_taken_back_has_it_or_has_it_not(shop, round_, kind):
    order = shop.order(ship="std-eu") if kind == "word" else waiting(shop, 1)[0]
    cure = press(word()) if kind == "word" else lift(shop)
    go_on(cure.pk, seconds=LONG)
    request = ShippingRequest.objects.get(order=order)

    def take_back():
        undo(Cure.objects.get(pk=cure.pk), by="Bob", now=NOW)
        go_on(cure.pk, seconds=LONG)

    at_once(take_back, lambda: acknowledge(request, 1, by="Nord", now=NOW))

    cure.refresh_from_db()
    request.refresh_from_db()
    end = (request.state, *states([order]), cure.state, cure.done, cure.kept)
    assert end in {("acknowledged", "at_warehouse", "undone", 0, 1), ("withdrawn", "held", "undone", 1, 0)}
    assert Hold.objects.open().count() == cure.done


@pytest.mark.django_db
def test_a_hold_that_somebody_lifted_meanwhile_is_not_counted(shop):
    waiting(shop, 3)
    cure = lift(shop)
    lift_hold(Hold.objects.first(), by="Bob", now=NOW)

    go_on(cure.pk, seconds=LONG)

    cure.refresh_from_db()
    assert (cure.state, cure.done, cure.total) == ("done", 2, 3)
    with pytest.raises(OrderError, match="Nothing waits"):
        lift(shop)
