"""What happens later in the store to an order that is here already."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from orders.address_choice import use_store_address
from orders.asking import answer_change, ask_to_stop
from orders.curing import cure_by_hand, go_on, undo
from orders.errors import StaleRevision
from orders.fulfilling import Shipment, report_fulfillment
from orders.holding import edit_order, lift_hold, place_hold
from orders.holds import HoldKind
from orders.models import Hold, Order, OrderLine, Payload, ShippingRequest
from orders.models.shipping import Origin, RequestState
from orders.persons import erase
from orders.release import offer_waiting, stores_with_waiting, waiting_to_be_offered
from orders.settings import LaterChanges
from orders.shapes import Payment, Status, StoreFulfillment, StoreShipment
from orders.shipping import acknowledge, answer_cancel, reject
from tests.build import (
    ANN,
    ANYTHING,
    NOW,
    a_line,
    an_order,
    make_location,
    make_product,
    make_ship_method,
    make_store,
    make_warehouse,
    read,
    rules,
    take,
)

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def store(monkeypatch):
    store = make_store()
    make_product(store.account, "MUG")
    make_ship_method(store, "Standard", "GROUND")
    store.rules = rules(imports=ANYTHING, warehouse_id=make_warehouse(store.account).pk)
    monkeypatch.setattr("orders.rules._provider", lambda store_id: store.rules)
    return store


def offered(store, **values):
    incoming = an_order(**values)
    take(store, incoming, of=store.rules)
    offer_waiting(store, now=NOW)
    return incoming, Order.objects.get(uid=incoming.uid)


def taken(store, **values):
    incoming, order = offered(store, **values)
    acknowledge(order.requests.get(), 1, by="Partner", now=NOW)
    return incoming, order


def again(store, incoming, *, shipments=(), **values):
    changed = replace(incoming, changed_at=LATER, **values)
    counts = take(store, read(changed, shipments), of=store.rules, now=LATER)
    offer_waiting(store, now=LATER)
    order = Order.objects.get(uid=incoming.uid)
    return counts, order


def open_holds(order):
    return {(h.kind, h.params["word"]) for h in order.holds.filter(lifted_at=None)}


def test_before_release_the_order_becomes_what_the_store_says(store):
    incoming, order = offered(store, lines=(a_line("MUG", 2), a_line("MUG", 1, uid="second")))

    _, order = again(
        store,
        incoming,
        lines=(a_line("MUG", 3), a_line("MUG", 1, uid="third")),
        ship_to=replace(ANN, street1="2 Side St"),
    )

    assert order.state == "ready"
    assert order.units == 4
    assert {(line.uid, line.quantity, line.removed_at is None) for line in order.lines.all()} == {
        ("line-MUG", 3, True),
        ("second", 0, False),
        ("third", 1, True),
    }
    current = order.requests.get(state="offered")
    assert current.snapshot["ship_to"]["street1"] == "2 Side St"
    assert [line["quantity"] for line in current.snapshot["lines"]] == [3, 1]
    assert Payload.objects.filter(order=order).count() == 2


def test_a_change_that_means_nothing_to_us_is_counted_unchanged(store):
    incoming, order = offered(store)

    counts, order = again(store, incoming)

    assert (counts.changed, counts.unchanged, order.revision) == (0, 1, 1)


def cup(**values):
    """The line of the mug, which somebody made one of a cup in the store."""
    return replace(a_line("CUP", **values), uid="line-MUG")


def test_before_release_a_line_is_the_item_that_the_store_makes_of_it(store):
    make_product(store.account, "CUP")
    incoming, order = offered(store, lines=(a_line("MUG", options=(("Engraving", "Ann"),)),))

    again(store, incoming, lines=(cup(quantity=2, options=(("Engraving", "Tom"),)),))

    [line] = order.requests.get(state="offered").snapshot["lines"]
    assert (line["sku"], line["product_sku"], line["quantity"]) == ("CUP", "CUP", 2)
    assert line["options"] == [["Engraving", "Tom"]]
    assert order.lines.get().total == Decimal("20.00")


def test_other_words_of_the_store_for_the_same_item_change_nothing(store):
    incoming, order = taken(store, lines=(a_line("MUG", options=(("Size", "L"),)),))

    line = replace(incoming.lines[0], product_uid="moved", title="Tasse", sku="mug")
    counts, order = again(store, incoming, lines=(line,))

    assert (counts.unchanged, open_holds(order)) == (1, set())


def test_another_item_after_release_asks_and_goes_anew_once_the_warehouse_stopped_and_the_store_was_read(store):
    make_product(store.account, "CUP")
    incoming, order = taken(store)

    _, order = again(store, incoming, lines=(cup(),))

    assert order.lines.get().sku == "MUG"
    assert open_holds(order) == {("changed_after_release", "products or options of lines")}
    ask_to_stop(order, by="Ann", now=LATER)
    answer_cancel(order.requests.get(), True, by="Partner", now=LATER)
    assert order.requests.count() == 1
    again(store, incoming, lines=(cup(),))
    assert open_holds(order) == set()
    assert [line["sku"] for line in order.requests.get(state="offered").snapshot["lines"]] == ["CUP"]


def test_another_item_of_what_has_shipped_asks_nobody(store):
    incoming, order = taken(store)
    left(order, order.requests.get())

    _, order = again(store, incoming, lines=(cup(),))

    assert (order.state, open_holds(order)) == ("shipped", set())


def test_after_release_nothing_the_warehouse_has_is_rewritten_and_a_person_is_asked(store):
    incoming, order = taken(store, lines=(a_line("MUG", 2),))

    _, order = again(
        store, incoming, lines=(a_line("MUG", 5), a_line("MUG", 1, uid="new")), ship_to=replace(ANN, city="Boston")
    )

    assert order.state == "at_warehouse"
    assert open_holds(order) == {("changed_after_release", "lines, address")}
    line = order.lines.get(uid="line-MUG")
    assert (line.quantity, line.store_quantity) == (2, 5)
    assert order.lines.get(uid="new").quantity == 0
    request = ShippingRequest.objects.get()
    assert (request.state, request.snapshot["ship_to"]["city"]) == (RequestState.ACKNOWLEDGED, "New York")


@pytest.mark.parametrize("mode", [LaterChanges.IGNORE, LaterChanges.UNTIL_RELEASED])
def test_a_new_address_after_release_asks_in_every_mode(store, mode):
    store.rules = replace(store.rules, later_changes=mode)
    incoming, order = taken(store)

    _, order = again(store, incoming, lines=(a_line("MUG", 9),), ship_to=replace(ANN, city="Boston"))

    assert open_holds(order) == {("changed_after_release", "address")}
    assert order.lines.get().store_quantity == 1


def test_a_cancellation_before_release_takes_the_offer_back(store):
    incoming, order = offered(store)

    _, order = again(store, incoming, status=Status.CANCELED)

    assert (order.state, order.requests.get().state) == ("canceled", "withdrawn")
    assert order.canceled_at == LATER


def test_a_cancellation_after_release_asks_the_warehouse_to_stop(store):
    incoming, order = taken(store)

    _, order = again(store, incoming, status=Status.CANCELED)

    assert (order.state, order.requests.get().state) == ("at_warehouse", "cancel_asked")
    assert open_holds(order) == {("canceled_in_store", "")}


def test_what_the_store_restores_with_other_lines_while_the_warehouse_ships_asks_about_these(store):
    incoming, order = taken(store)
    again(store, incoming, status=Status.CANCELED)
    answer_cancel(order.requests.get(), False, "It is packed", by="Partner", now=LATER)

    _, order = again(store, incoming, lines=(a_line("MUG", 4),))

    assert order.state == "at_warehouse"
    assert ("changed_after_release", "lines") in open_holds(order)


def test_what_the_store_cancels_asks_nobody_any_more_about_what_a_warehouse_said(store):
    incoming, order = offered(store)
    reject(order.requests.get(), "Out of stock", by="Partner", now=NOW)
    place_hold(order, HoldKind.FRAUD, "Odd buyer", by="Ann", now=NOW)

    again(store, incoming, status=Status.CANCELED)

    assert open_holds(order) == {("fraud", "Odd buyer")}  # the store may want it again
    assert order.events.filter(code="lifted", params__kind="rejected_by_warehouse").count() == 1


def test_once_a_canceled_order_is_stopped_nobody_is_asked_about_what_changed_before(store):
    incoming, order = taken(store)
    again(store, incoming, lines=(a_line("MUG", 4),))
    again(store, incoming, lines=(a_line("MUG", 4),), status=Status.CANCELED)
    assert open_holds(order) == {("changed_after_release", "lines"), ("canceled_in_store", "")}

    answer_cancel(order.requests.get(), True, by="Partner", now=LATER)

    assert (open_holds(order), Order.objects.get().state) == (set(), "canceled")


def test_a_full_refund_never_ships_and_a_partial_one_asks(store):
    one, first = offered(store)
    two, second = offered(store)

    _, first = again(store, one, payment=Payment.REFUNDED, refunded=Decimal("26.60"))
    _, second = again(store, two, payment=Payment.PARTLY_REFUNDED, refunded=Decimal("5.00"))

    assert first.state == "canceled"
    assert (second.state, open_holds(second)) == ("held", {("refund", "")})
    assert second.requests.get().state == "withdrawn"


def test_one_that_comes_in_refunded_in_part_asks_and_each_further_part_asks_again(store):
    incoming, order = offered(store, payment=Payment.PARTLY_REFUNDED, refunded=Decimal("5.00"))
    assert (order.state, open_holds(order), order.requests.count()) == ("held", {("refund", "")}, 0)

    lift_hold(order.holds.get(), by="Ann", now=NOW)
    _, order = again(store, incoming, buyer_note="Ring twice", payment=incoming.payment)
    assert (order.state, open_holds(order)) == ("ready", set())
    _, order = again(store, incoming, buyer_note="Ring twice", refunded=Decimal("7.00"))
    assert (order.state, open_holds(order)) == ("held", {("refund", "")})
    _, order = again(store, incoming, buyer_note="Ring twice", payment=Payment.PAID, refunded=Decimal("0.00"))

    assert (order.state, open_holds(order)) == ("ready", set())


def test_of_what_never_ships_nobody_asks_about_the_money(store):
    _, canceled = offered(store, payment=Payment.PARTLY_REFUNDED, status=Status.CANCELED)
    incoming, order = offered(store)

    _, order = again(store, incoming, payment=Payment.PARTLY_REFUNDED, status=Status.CANCELED)

    assert [open_holds(one) for one in (canceled, order)] == [set(), set()]
    assert not Hold.objects.exists()


def test_taking_back_what_was_decided_about_refunds_asks_about_all_of_them_again(store):
    _, waits = offered(store, payment=Payment.PARTLY_REFUNDED)
    incoming, there = taken(store)
    again(store, incoming, payment=Payment.PARTLY_REFUNDED)
    cure = cure_by_hand(store.account, HoldKind.REFUND, "", by="Ann", now=NOW)
    go_on(cure.pk, seconds=9)
    assert (Order.objects.get(pk=waits.pk).state, open_holds(there)) == ("ready", set())

    undo(cure, by="Ann", now=LATER)
    go_on(cure.pk, seconds=9)

    waits.refresh_from_db()
    assert (waits.state, open_holds(waits)) == ("held", {("refund", "")})
    assert waits.requests.get().state == RequestState.WITHDRAWN
    assert (Order.objects.get(pk=there.pk).state, open_holds(there)) == ("at_warehouse", {("refund", "")})


def test_a_payment_that_arrives_releases_the_order(store):
    incoming = an_order(payment=Payment.PENDING)
    take(store, incoming, of=store.rules)
    assert Order.objects.get().state == "held"

    _, order = again(store, incoming, payment=Payment.PAID)

    assert order.state == "ready"


def test_an_order_that_somebody_ships_in_the_store_is_not_shipped_again(store):
    incoming, order = offered(store, lines=(a_line("MUG", 2),))
    shipment = StoreShipment("f-1", (("line-MUG", 2),), tracking="1Z9", carrier="ups")

    _, order = again(store, incoming, fulfillment=StoreFulfillment.ALL, shipments=(shipment,))

    assert (order.state, order.requests.get().state) == ("confirmed", "withdrawn")
    fulfillment = order.fulfillments.get()
    assert (fulfillment.origin, fulfillment.told, fulfillment.parcels.get().tracking) == ("store", "told", "1Z9")
    assert OrderLine.objects.get().shipped == 2


def test_a_shipment_deleted_in_the_store_gives_back_no_more_than_the_store_still_wants(store):
    incoming, order = offered(store, lines=(a_line("MUG", 5), a_line("MUG", 1, uid="second")))
    whole = StoreShipment("f-1", (("line-MUG", 5), ("second", 1)))
    again(store, incoming, fulfillment=StoreFulfillment.ALL, shipments=(whole,))

    incoming = replace(incoming, lines=(a_line("MUG", 3),), changed_at=LATER + dt.timedelta(hours=1))
    take(store, incoming, of=store.rules, now=LATER + dt.timedelta(hours=1))
    offer_waiting(store, now=LATER)

    order.refresh_from_db()
    assert order.state == "ready"
    assert [line["quantity"] for line in order.requests.get(state="offered").snapshot["lines"]] == [3]
    assert order.lines.get(uid="second").removed_at is not None


def test_an_order_marked_as_fulfilled_while_at_the_warehouse_asks(store):
    incoming, order = taken(store)

    _, order = again(store, incoming, fulfillment=StoreFulfillment.ALL)

    assert order.state == "at_warehouse"
    assert open_holds(order) == {("changed_after_release", "marked as fulfilled in the store")}


def test_an_edit_by_hand_survives_a_later_change_in_the_store(store):
    incoming, order = offered(store)
    edit_order(order, address={"city": "Albany"}, ship_code="EXPRESS", by="Ann", now=NOW)

    _, order = again(store, incoming, ship_to=replace(ANN, city="Boston"), total=Decimal(30))

    assert order.parties.get(role="ship_to").city == "Albany"
    assert (order.ship_code, order.total) == ("EXPRESS", Decimal(30))


# --- an address that a person set here, and the store changes later ---------------------------------------------------


def edited(store, order, **address):
    edit_order(order, address={"postcode": "10002", **address}, by="Ann", now=NOW)


def address_of(order, role="ship_to"):
    party = order.parties.filter(role=role).first()
    return (party.street1, party.postcode) if party else None


MOVED = replace(ANN, street1="9 New Road", postcode="94110")
ASKS_WHICH = ("address_check", "it was changed in the store after it was changed here")


@pytest.mark.parametrize("mode", [LaterChanges.IGNORE, LaterChanges.UNTIL_RELEASED, LaterChanges.ASK_AFTER_RELEASE])
def test_a_buyer_who_moves_after_the_release_of_an_address_set_here_is_asked_about_in_every_mode(store, mode):
    store.rules = replace(store.rules, later_changes=mode)
    incoming, order = offered(store)
    edited(store, order)
    acknowledge(order.requests.get(state="offered"), 2, by="Partner", now=NOW)

    _, order = again(store, incoming, ship_to=MOVED)

    assert open_holds(order) == {("changed_after_release", "address")}
    assert address_of(order) == ("1 Main St", "10002")
    assert address_of(order, "in_store") == ("9 New Road", "94110")
    assert {"what": ["address"]} in [event.params for event in order.events.filter(code="changed")]
    assert order.requests.get(state="acknowledged").change == {}  # a person chooses first


def test_a_buyer_who_moves_before_the_release_of_an_address_set_here_keeps_the_order_until_a_person_chose(store):
    incoming, order = offered(store)
    edited(store, order)

    _, order = again(store, incoming, ship_to=MOVED)

    assert (order.state, open_holds(order)) == ("held", {ASKS_WHICH})
    assert not order.requests.filter(state="offered").exists()
    use_store_address(order, by="Ann", now=LATER)
    order.refresh_from_db()
    assert (order.state, order.edited, open_holds(order)) == ("ready", [], set())
    assert order.requests.get(state="offered").snapshot["ship_to"]["street1"] == "9 New Road"
    assert address_of(order, "in_store") is None


def test_an_address_set_here_is_not_asked_about_while_the_store_shows_what_it_showed_then(store):
    incoming, order = offered(store)
    edited(store, order)

    _, order = again(store, incoming, total=Decimal(30))

    assert (order.state, open_holds(order), address_of(order)) == ("ready", set(), ("1 Main St", "10002"))
    assert [event.params["what"] for event in order.events.filter(code="changed")] == [["amounts"]]


@pytest.mark.parametrize("how", ["suppressed", "erased"])
def test_a_phone_set_here_where_the_store_s_is_not_kept_asks_nobody(store, how):
    store.rules = replace(store.rules, suppress_persons=how == "suppressed")
    incoming, order = offered(store)
    edited(store, order, phone="+49 228 1")
    if how == "erased":
        erase([order.pk], NOW)

    _, order = again(store, incoming, total=Decimal(30))

    assert ASKS_WHICH not in open_holds(order)
    assert [event.params["what"] for event in order.events.filter(code="changed")] == [["amounts"]]


def test_an_address_that_the_store_changes_to_the_one_set_here_asks_nobody_any_more(store):
    incoming, order = offered(store)
    edited(store, order)
    again(store, incoming, ship_to=MOVED)

    _, order = again(store, incoming, ship_to=replace(ANN, postcode="10002"))

    assert (order.state, open_holds(order), address_of(order)) == ("ready", set(), ("1 Main St", "10002"))


def test_the_store_s_address_is_asked_of_the_warehouse_that_took_another_one(store):
    incoming, order = offered(store)
    edited(store, order)
    request = acknowledge(order.requests.get(state="offered"), 2, by="Partner", now=NOW)
    _, order = again(store, incoming, ship_to=MOVED)

    assert use_store_address(order, by="Ann", now=LATER)

    request.refresh_from_db()
    assert request.change["ship_to"]["street1"] == "9 New Road"
    assert open_holds(order) == {("changed_after_release", "address")}
    answer_change(request, True, request.revision, by="Partner", now=LATER)
    assert (open_holds(order), address_of(order)) == (set(), ("9 New Road", "94110"))


def test_an_order_that_was_stopped_waits_until_a_person_chose_between_its_two_addresses(store):
    incoming, order = offered(store)
    edited(store, order)
    request = acknowledge(order.requests.get(state="offered"), 2, by="Partner", now=NOW)
    _, order = again(store, incoming, ship_to=MOVED)
    ask_to_stop(order, by="Ann", now=LATER)

    answer_cancel(request, True, by="Partner", now=LATER)

    order.refresh_from_db()
    assert (order.state, open_holds(order)) == ("held", {("changed_after_release", "address")})
    edited(store, order, street1="9 New Road", postcode="94110", city="San Francisco")
    order.refresh_from_db()
    assert (order.state, open_holds(order)) == ("ready", set())


def test_an_address_typed_as_the_store_has_it_follows_the_store_again(store):
    incoming, order = offered(store)
    edited(store, order)
    edit_order(order, address={"postcode": ANN.postcode}, by="Ann", now=NOW)

    _, order = again(store, incoming, ship_to=MOVED)

    assert (order.state, order.edited, address_of(order)) == ("ready", [], ("9 New Road", "94110"))


# --- an order of two warehouses --------------------------------------------------------------------------------------


def split(store, **values):
    """An order of which one warehouse took its part; the other was offered the rest."""
    for uid in ("north", "south"):
        make_location(store, uid, make_warehouse(store.account))
    lines = (a_line("MUG", 1, location_uid="north"), a_line("MUG", 1, uid="second", location_uid="south"))
    incoming, order = offered(store, lines=lines, **values)
    took, waits = order.requests.order_by("pk")
    acknowledge(took, 1, by="North", now=NOW)
    return incoming, order, took, waits


def test_a_new_address_reaches_also_the_warehouse_that_was_offered_its_part_and_did_not_take_it_yet(store):
    incoming, order, took, waits = split(store)

    again(store, incoming, ship_to=replace(ANN, city="Boston"))

    waits.refresh_from_db()
    assert (waits.state, waits.revision, waits.snapshot["ship_to"]["city"]) == (RequestState.OFFERED, 2, "Boston")
    with pytest.raises(StaleRevision):
        acknowledge(waits, 1, by="South", now=LATER)
    acknowledge(waits, 2, by="South", now=LATER)
    took.refresh_from_db()
    answer_change(took, True, took.revision, by="North", now=LATER)
    assert open_holds(order) == set()


def test_a_warehouse_that_took_its_part_with_the_old_address_is_still_asked_about(store):
    incoming, order, took, waits = split(store)
    acknowledge(waits, 1, by="South", now=NOW)
    again(store, incoming, ship_to=replace(ANN, city="Boston"))

    took.refresh_from_db()
    answer_change(took, True, took.revision, by="North", now=LATER)

    assert open_holds(order) == {("changed_after_release", "address")}


def left(order, request):
    """The warehouse shipped all it was asked for."""
    pieces = {line.line_id: line.quantity for line in request.lines.all()}
    report_fulfillment(order, Shipment(pieces), origin=Origin.PARTNER, by="North", now=LATER, request=request)
    order.refresh_from_db()


def test_what_was_taken_back_is_offered_anew_once_the_warehouse_that_could_not_stop_has_shipped(store):
    _, order, took, waits = split(store)
    ask_to_stop(order, by="Ann", now=NOW)
    answer_cancel(took, False, "It is packed", by="North", now=NOW)
    waits.refresh_from_db()
    assert waits.state == RequestState.WITHDRAWN

    left(order, took)

    anew = order.requests.latest("pk")
    assert (order.state, anew.state, anew.warehouse_id) == ("partly_shipped", "offered", waits.warehouse_id)
    assert [line["id"] for line in anew.snapshot["lines"]] == [str(waits.lines.get().line_id)]
    assert not stores_with_waiting().exists()


def test_a_rest_that_nothing_keeps_from_its_warehouse_is_found_each_minute_until_it_is_offered(store):
    _, order, took, waits = split(store)
    left(order, took)
    assert not stores_with_waiting().exists()
    ShippingRequest.objects.filter(pk=waits.pk).update(state=RequestState.WITHDRAWN)

    assert list(stores_with_waiting()) == [store]
    offer_waiting(store, now=LATER)

    assert order.requests.latest("pk").state == RequestState.OFFERED
    assert not stores_with_waiting().exists()


@pytest.mark.parametrize("why", ["canceled", "shipped in the store", "held", "no warehouse"])
def test_a_rest_that_may_not_go_is_not_looked_at_each_minute(store, why):
    _, order, took, waits = split(store)
    left(order, took)
    ShippingRequest.objects.filter(pk=waits.pk).update(state=RequestState.WITHDRAWN)
    if why == "held":
        Hold.objects.create(
            account=order.account, order=order, kind="client", params={"word": ""}, placed_at=NOW, placed_by="Ann"
        )
    elif why == "no warehouse":
        order.lines.update(warehouse=None)
    else:
        values = {"canceled": {"status": "canceled"}, "shipped in the store": {"fulfillment": "fulfilled"}}
        Order.objects.filter(pk=order.pk).update(**values[why])

    assert not stores_with_waiting().exists()
    assert why == "no warehouse" or not waiting_to_be_offered(store).exists()
