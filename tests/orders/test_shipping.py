"""A warehouse answers what it was offered."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.errors import OrderError, StaleRevision
from orders.holding import lift_hold
from orders.models import Hold, OrderEvent, ShippingRequest
from orders.models.shipping import RequestState
from orders.release import renew_offers, withdraw
from orders.shipping import Acknowledgement, acknowledge, acknowledge_many, answer_cancel, reject
from orders.stored_state import refresh_states
from tests.orders.making import NOW, make_warehouse, new_order, offered, taken

pytestmark = pytest.mark.django_db


def asked_to_stop(order):
    """The store canceled an order that a warehouse has."""
    request = taken(order)
    order.status = "canceled"
    order.save(update_fields=["status"])
    ShippingRequest.objects.filter(pk=request.pk).update(state=RequestState.CANCEL_ASKED, cancel_asked_at=NOW)
    Hold.objects.create(
        account=order.account,
        order=order,
        kind="canceled_in_store",
        params={"word": ""},
        placed_at=NOW,
        placed_by="store",
    )
    refresh_states([order.pk], now=NOW)
    return request


def codes(order):
    return list(OrderEvent.objects.filter(order=order).values_list("code", flat=True))


def test_an_acknowledged_order_is_released_and_at_the_warehouse():
    order = new_order()

    acknowledge(offered(order), 1, "WMS-7", by="Partner", now=NOW)

    order.refresh_from_db()
    assert (order.state, order.released_at) == ("at_warehouse", NOW)
    assert ShippingRequest.objects.get(order=order).partner_ref == "WMS-7"
    assert codes(order) == ["offered", "acknowledged"]


def test_acknowledging_the_same_revision_again_changes_nothing():
    order = new_order()
    request = offered(order)
    acknowledge(request, 1, "WMS-7", by="Partner", now=NOW)

    again = acknowledge(request, 1, "other", by="Partner", now=NOW)

    assert (again.state, again.partner_ref) == ("acknowledged", "WMS-7")
    assert codes(order).count("acknowledged") == 1


def test_an_older_revision_is_refused_with_the_current_one():
    order = new_order()
    request = offered(order)
    change_note(order, "Leave it at the door")

    with pytest.raises(StaleRevision) as refused:
        acknowledge(request, 1, by="Partner", now=NOW)

    assert refused.value.current == 2
    order.refresh_from_db()
    assert order.state == "ready"


def change_note(order, note):
    order.note = note
    order.save(update_fields=["note"])
    renew_offers(order.store, [order.pk], now=NOW, actor="Ann")


def test_a_withdrawn_request_cannot_be_acknowledged():
    order = new_order()
    request = offered(order)
    withdraw([order.pk], now=NOW, actor="Ann")

    with pytest.raises(OrderError, match=r"was withdrawn\. Do not ship it") as refused:
        acknowledge(request, 1, by="Partner", now=NOW)

    assert refused.value.code == "withdrawn"


def test_of_many_acknowledgements_each_stands_for_itself():
    first, stale, gone = new_order(), new_order(), new_order()
    requests = [offered(order) for order in (first, stale, gone)]
    withdraw([gone.pk], now=NOW, actor="Ann")

    answers = acknowledge_many(
        [Acknowledgement(requests[0].pk, 1), Acknowledgement(requests[1].pk, 9), Acknowledgement(requests[2].pk, 1)],
        by="Partner",
        now=NOW,
    )

    assert answers[requests[0].pk].state == "acknowledged"
    assert isinstance(answers[requests[1].pk], StaleRevision)
    assert answers[requests[2].pk].code == "withdrawn"
    first.refresh_from_db()
    assert first.state == "at_warehouse"


def test_thirty_acknowledgements_cost_as_many_statements_as_two():
    def statements(count):
        wanted = [Acknowledgement(offered(new_order()).pk, 1, f"R{n}") for n in range(count)]
        with CaptureQueriesContext(connection) as queries:
            acknowledge_many(wanted, by="Partner", now=NOW)
        return len(queries)

    assert statements(2) == statements(30)


def test_a_rejected_order_is_held_with_the_reason_and_offered_anew_once_lifted():
    order = new_order()

    reject(offered(order), "Out of stock", by="Partner", now=NOW)

    order.refresh_from_db()
    hold = Hold.objects.open().get(order=order)
    assert (order.state, hold.kind, hold.params["word"]) == ("held", "rejected_by_warehouse", "Out of stock")
    lift_hold(hold, by="Ann", now=NOW)
    order.refresh_from_db()
    assert order.state == "ready"
    assert list(ShippingRequest.objects.order_by("id").values_list("number", "state")) == [
        (1, "rejected"),
        (2, "offered"),
    ]


def test_rejecting_again_places_no_second_hold():
    order = new_order()
    request = offered(order)
    reject(request, "Out of stock", by="Partner", now=NOW)

    reject(request, "Out of stock", by="Partner", now=NOW)

    assert Hold.objects.filter(order=order).count() == 1


def test_a_stopped_order_is_canceled_and_asks_nobody_any_more():
    order = new_order()
    request = asked_to_stop(order)

    answer_cancel(request, True, by="Partner", now=NOW)

    order.refresh_from_db()
    assert order.state == "canceled"
    assert not Hold.objects.open().filter(order=order).exists()


def test_too_late_to_stop_keeps_the_request_with_its_reason_and_the_question_open():
    order = new_order()
    request = asked_to_stop(order)

    answer_cancel(request, False, "The truck has left", by="Partner", now=NOW)

    request.refresh_from_db()
    assert (request.state, request.reason) == ("acknowledged", "The truck has left")
    assert Hold.objects.open().filter(order=order, kind="canceled_in_store").exists()


def test_the_same_answer_again_changes_nothing_and_another_one_is_refused():
    request = asked_to_stop(new_order())
    answer_cancel(request, True, by="Partner", now=NOW)

    assert answer_cancel(request, True, by="Partner", now=NOW).state == "canceled"
    with pytest.raises(OrderError, match="was canceled"):
        answer_cancel(request, False, by="Partner", now=NOW)


def test_nobody_can_answer_a_question_that_was_not_asked():
    with pytest.raises(OrderError, match="Nobody asked"):
        answer_cancel(taken(new_order()), True, by="Partner", now=NOW)


def test_a_request_being_stopped_cannot_be_rejected():
    with pytest.raises(OrderError, match="asked to stop"):
        reject(asked_to_stop(new_order()), "No", by="Partner", now=NOW)


def test_one_warehouse_of_two_may_reject_while_the_other_ships():
    order = new_order({"MUG": 1, "CUP": 1})
    order.lines.filter(sku="CUP").update(warehouse=make_warehouse(order.account))
    with pytest.raises(ShippingRequest.MultipleObjectsReturned):
        offered(order)
    first, second = ShippingRequest.objects.filter(order=order).order_by("id")
    acknowledge(first, 1, by="One", now=NOW)

    reject(second, "Broken", by="Two", now=NOW)

    order.refresh_from_db()
    assert order.state == "at_warehouse"
    assert Hold.objects.open().get(order=order).kind == "rejected_by_warehouse"
