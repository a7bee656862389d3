"""What changes in the store after an order came in: each way of following it, before and after a warehouse took it."""

import pytest
from django.utils import timezone

from orders.address_choice import use_store_address
from orders.asking import answer_change, ask_to_stop
from orders.errors import OrderError, StaleRevision
from orders.headline import headline
from orders.holding import edit_order, lift_hold
from orders.models import OrderParty
from orders.shipping import acknowledge, answer_cancel, reject
from orders.situation import situation_of
from tests.integrations.flows.shop import Shop, asks, codes, request_of, street_of
from tests.integrations.flows.world import map_everything

MODES = ["ignore", "until_released", "ask_after_release"]
SKU = "MUG-BLUE"


@pytest.fixture
def shop(transactional_db, sandbox):
    return lambda **settings: Shop(sandbox, **settings)


def line_of(order):
    return order.lines.order_by("pk").first()


def said(order):
    return headline(situation_of(order)).text


def answered(order, accepted, reason=""):
    request = request_of(order)
    answer_change(request, accepted, request.revision, reason, by="Warehouse", now=timezone.now())
    order.refresh_from_db()


def stopped(order, yes=True):
    answer_cancel(request_of(order), yes, "" if yes else "It is packed", by="Warehouse", now=timezone.now())
    order.refresh_from_db()


# --- quantities ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "ships"), [("ignore", 1), ("until_released", 4), ("ask_after_release", 4)])
def test_before_release_the_setting_says_whether_the_order_follows(shop, mode, ships):
    shop = shop(later_changes=mode)
    order = shop.came_in(quantity=1)

    shop.wix.edit_order("v1", order.number, set_to={0: 4})
    order = shop.look(order)

    assert line_of(order).quantity == ships
    assert asks(order) == set()
    assert request_of(order).snapshot["lines"][0]["quantity"] == ships


@pytest.mark.parametrize(
    ("mode", "asked", "shown"),
    [("ignore", set(), 1), ("until_released", set(), 1),
     ("ask_after_release", {("changed_after_release", "lines, amounts")}, 4)],
)  # fmt: skip
def test_after_release_what_the_warehouse_has_stays_and_the_setting_says_who_is_asked(shop, mode, asked, shown):
    shop = shop(later_changes=mode)
    order = shop.taken(quantity=1)

    shop.wix.edit_order("v1", order.number, set_to={0: 4})
    order = shop.look(order)

    assert asks(order) == asked
    assert (line_of(order).quantity, line_of(order).store_quantity) == (1, shown)
    assert request_of(order).snapshot["lines"][0]["quantity"] == 1


def test_an_order_that_was_edited_after_its_payment_ships_with_its_new_line_and_without_the_old(shop):
    shop = shop()
    order = shop.came_in(quantity=2)
    bought = set(order.lines.values_list("sku", flat=True))
    other = next(sku for sku in shop.wix.stock("v1") if len(sku) < 20 and sku not in bought)

    shop.wix.edit_order("v1", order.number, add={other: 3}, remove=(0,))
    order = shop.look(order)

    shipping = order.lines.filter(removed_at=None, quantity__gt=0).values_list("sku", "quantity")
    assert (other, 3) in list(shipping)
    assert line_of(order).removed_at is not None
    assert {line["sku"] for line in request_of(order).snapshot["lines"]} == {sku for sku, _ in shipping}
    assert order.state == "ready"


def test_after_release_a_person_can_have_the_warehouse_stop_and_the_order_goes_anew_as_it_is_now(shop):
    shop = shop()
    order = shop.taken(quantity=1)
    shop.wix.edit_order("v1", order.number, set_to={0: 4})
    order = shop.look(order)

    ask_to_stop(order, by="Ann", now=timezone.now())
    order.refresh_from_db()
    assert "was asked to stop and has not answered yet" in said(order)
    stopped(order)

    assert asks(order) == set()
    assert (order.state, request_of(order).state) == ("ready", "offered")
    assert request_of(order).snapshot["lines"][0]["quantity"] == 4
    assert codes(order).count("stop_asked") == 1


def test_a_warehouse_that_cannot_stop_keeps_the_order_and_its_reason_is_shown(shop):
    shop = shop()
    order = shop.taken(quantity=1)
    shop.wix.edit_order("v1", order.number, set_to={0: 4})
    order = shop.look(order)
    ask_to_stop(order, by="Ann", now=timezone.now())

    stopped(order, False)

    assert order.state == "at_warehouse"
    assert said(order).startswith("It needs a decision. It changed after the warehouse took it: lines")
    assert "could not stop it: It is packed." in said(order)
    shop.ship(order)
    with pytest.raises(OrderError, match="No warehouse has this order"):
        ask_to_stop(order, by="Ann", now=timezone.now())


@pytest.mark.parametrize("how", ["fewer", "one_more_line"])
def test_what_a_warehouse_rejects_goes_anew_as_it_is_in_the_store_once_somebody_looked(shop, how):
    shop = shop()
    order = shop.taken(quantity=4)
    bought = set(order.lines.values_list("sku", flat=True))
    other = next(sku for sku in shop.wix.stock("v1") if len(sku) < 20 and sku not in bought)
    shop.wix.edit_order("v1", order.number, **({"set_to": {0: 1}} if how == "fewer" else {"add": {other: 3}}))
    order = shop.look(order)
    map_everything(shop.integration)

    reject(request_of(order), "Sold out", by="Warehouse", now=timezone.now())

    order.refresh_from_db()
    assert order.state == "held"
    assert asks(order) == {("changed_after_release", "lines, amounts"), ("rejected_by_warehouse", "Sold out")}
    for hold in order.holds.filter(lifted_at=None):
        lift_hold(hold, by="Ann", now=timezone.now())
    offers = {line["sku"]: line["quantity"] for line in request_of(order).snapshot["lines"]}
    assert request_of(order).state == "offered"
    if how == "fewer":
        assert offers[line_of(order).sku] == 1
    else:
        assert offers[other] == 3


# --- cancellations ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_a_cancellation_before_release_takes_the_offer_back_in_every_mode(shop, mode):
    shop = shop(later_changes=mode)
    order = shop.came_in()

    shop.cancel(order)
    order = shop.look(order)

    assert (order.state, request_of(order).state) == ("canceled", "withdrawn")
    assert asks(order) == set()


@pytest.mark.parametrize("mode", MODES)
def test_a_cancellation_after_release_asks_the_warehouse_in_every_mode_and_shows_its_answer(shop, mode):
    shop = shop(later_changes=mode)
    order = shop.taken()

    shop.cancel(order)
    order = shop.look(order)
    assert (order.state, request_of(order).state) == ("at_warehouse", "cancel_asked")
    assert asks(order) == {("canceled_in_store", "")}
    assert "was asked to stop and has not answered yet" in said(order)
    stopped(order)

    assert (order.state, asks(order)) == ("canceled", set())


def test_too_late_to_stop_is_shown_and_what_left_is_told_to_nobody_wrongly(shop):
    shop = shop()
    order = shop.taken()
    shop.cancel(order)
    order = shop.look(order)

    stopped(order, False)
    fulfillment = shop.ship(order)

    assert "could not stop it: It is packed." in said(order)
    assert asks(order) == {("canceled_in_store", "")}
    assert fulfillment.problem.startswith("Wix does not accept this shipment: the order is not approved there.")


def test_an_order_that_is_canceled_with_a_part_of_it_gone_keeps_what_left(shop):
    shop = shop()
    order = shop.taken(quantity=3)
    shop.ship(order, {line_of(order).pk: 1})
    shop.cancel(order)

    order = shop.look(order)
    assert request_of(order).state == "cancel_asked"
    stopped(order)

    assert (order.state, line_of(order).shipped) == ("partly_shipped", 1)
    assert not order.requests.filter(state="offered").exists()


# --- refunds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("released", "state"), [(False, "canceled"), (True, "at_warehouse")])
def test_a_full_refund_counts_as_a_cancellation_in_every_mode(shop, mode, released, state):
    shop = shop(later_changes=mode)
    order = shop.taken() if released else shop.came_in()

    shop.wix.set_payment("v1", order.number, "FULLY_REFUNDED")
    order = shop.look(order)

    assert order.state == state
    assert (request_of(order).state == "cancel_asked") is released


@pytest.mark.parametrize("released", [False, True])
def test_each_partial_refund_asks_a_person_and_the_rest_goes_on_when_he_has_decided(shop, released):
    shop = shop()
    order = shop.taken() if released else shop.came_in()

    shop.wix.refund("v1", order.number, "1.00")
    order = shop.look(order)
    assert asks(order) == {("refund", "")}
    assert (order.state == "held") is not released

    order.holds.update(lifted_at=timezone.now())
    shop.wix.refund("v1", order.number, "0.50")
    order = shop.look(order)

    assert asks(order) == {("refund", "")}
    assert str(order.refunded) == "1.5000"


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "follows"), [("ignore", False), ("until_released", True), ("ask_after_release", True)]
)
def test_a_new_address_before_release_is_followed_unless_changes_are_ignored(shop, mode, follows):
    shop = shop(later_changes=mode)
    order = shop.came_in()
    before = street_of(order)

    shop.move(order)
    order = shop.look(order)

    assert street_of(order) == ("2 Side St" if follows else before)
    assert asks(order) == set()


@pytest.mark.parametrize("mode", MODES)
def test_a_new_address_after_release_asks_the_warehouse_in_every_mode(shop, mode):
    shop = shop(later_changes=mode)
    order = shop.taken()
    before, revision = street_of(order), request_of(order).revision

    shop.move(order)
    order = shop.look(order)

    request = request_of(order)
    assert (request.state, request.revision, street_of(order)) == ("acknowledged", revision + 1, before)
    assert request.change["ship_to"]["street1"] == "2 Side St"
    assert asks(order) == {("changed_after_release", "address")}
    assert said(order).endswith("was asked to use the new address and has not answered yet.")


def test_a_warehouse_that_follows_ships_to_the_new_address_and_nobody_needs_to_decide(shop):
    shop = shop()
    order = shop.taken()
    shop.move(order)
    order = shop.look(order)
    revision = request_of(order).revision

    answered(order, True)

    assert (street_of(order), request_of(order).revision) == ("2 Side St", revision + 1)
    assert asks(order) == set()
    assert [code for code in codes(order) if code.startswith("change_")] == ["change_asked", "change_accepted"]
    answer_change(request_of(order), True, revision, by="Warehouse", now=timezone.now())  # said again
    assert request_of(order).revision == revision + 1


def test_a_warehouse_that_cannot_follow_says_why_and_a_person_decides(shop):
    shop = shop()
    order = shop.taken()
    before = street_of(order)
    shop.move(order)
    order = shop.look(order)

    answered(order, False, "The label is on it")

    assert street_of(order) == before
    assert asks(order) == {("changed_after_release", "address")}
    assert "cannot use the new address: The label is on it." in said(order)
    assert said(order).startswith("It needs a decision.")


def test_an_answer_to_an_address_that_changed_again_is_refused(shop):
    shop = shop()
    order = shop.taken()
    shop.move(order)
    order = shop.look(order)
    old = request_of(order).revision
    shop.move(order, "3 Third St")
    order = shop.look(order)

    with pytest.raises(StaleRevision):
        answer_change(request_of(order), True, old, by="Warehouse", now=timezone.now())
    answered(order, True)

    assert street_of(order) == "3 Third St"


def test_a_buyer_who_changes_the_address_back_asks_nobody(shop):
    shop = shop()
    order = shop.taken()
    before = street_of(order)
    shop.move(order)
    order = shop.look(order)

    shop.move(order, before)
    order = shop.look(order)

    assert asks(order) == set()
    assert request_of(order).change_asked_at is None
    with pytest.raises(OrderError, match="Nobody asks"):
        answered(order, True)


@pytest.mark.parametrize("mode", MODES)
def test_a_buyer_who_moves_although_a_person_set_the_address_here_is_asked_about_in_every_mode(shop, mode):
    shop = shop(later_changes=mode)
    order = shop.came_in()
    edit_order(order, address={"street1": "1 Main Street"}, by="Ann", now=timezone.now())
    taken_request = request_of(order)
    acknowledge(taken_request, taken_request.revision, by="Warehouse", now=timezone.now())

    shop.move(order)
    order = shop.look(order)

    assert asks(order) == {("changed_after_release", "address")}
    assert street_of(order) == "1 Main Street"
    assert use_store_address(order, by="Ann", now=timezone.now())
    answered(order, True)
    assert asks(order) == set()
    assert street_of(order) == "2 Side St"


def test_what_leaves_before_the_answer_left_for_the_old_address(shop):
    shop = shop()
    order = shop.taken()
    shop.move(order)
    order = shop.look(order)

    shop.ship(order)

    order.refresh_from_db()
    assert request_of(order).change_answer == "left"
    assert asks(order) == {("changed_after_release", "address")}
    assert "for the address it had" in said(order)


def test_a_canceled_order_is_not_asked_about_its_address_too(shop):
    shop = shop()
    order = shop.taken()
    shop.move(order)
    shop.cancel(order)

    order = shop.look(order)

    assert asks(order) == {("canceled_in_store", "")}
    assert request_of(order).change_asked_at is None


def test_a_billing_address_asks_nobody(shop):
    shop = shop()
    order = shop.taken()

    shop.wix.change_order("v1", order.number, {"billingInfo.address.addressLine": "9 Bank St"})
    order = shop.look(order)

    assert asks(order) == set()
    assert OrderParty.objects.get(order=order, role="bill_to").street1 == "9 Bank St"


def test_an_archived_order_goes_on_and_says_that_it_is_archived(shop):
    shop = shop()
    order = shop.taken()

    shop.wix.change_order("v1", order.number, {"archived": True})
    order = shop.look(order)

    assert (order.archived, order.state, asks(order)) == (True, "at_warehouse", set())
    shop.ship(order)
    order.refresh_from_db()
    assert order.state == "confirmed"
