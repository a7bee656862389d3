"""Two answers at once: one counts, the other is told so, and the order's state fits what is stored."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from orders.errors import OrderError
from orders.fulfilling import Shipment, report_fulfillment, void
from orders.models import Fulfillment, ShippingRequest
from orders.models.shipping import Origin
from orders.release import withdraw
from orders.shipping import acknowledge
from orders.stored_state import lock_orders, refresh_states
from tests import threads
from tests.orders.making import NOW, line_of, new_order, offered, taken

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = range(5)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """The results, an OrderError as its code."""
    results = threads.at_once(*calls, expected=OrderError)
    return [one.code if isinstance(one, OrderError) else one for one in results]


def report(order, sku, quantity, ref=""):
    request = ShippingRequest.objects.get(order=order)
    shipment = Shipment({line_of(order, sku).pk: quantity}, carrier="DHL", ref=ref)
    return report_fulfillment(order, shipment, request=request, origin=Origin.PARTNER, by="Partner", now=NOW)


@pytest.mark.parametrize("round_", ROUNDS)
def test_two_reports_of_one_line_never_ship_more_than_ordered(round_):
    order = new_order({"MUG": 3})
    taken(order)

    results = at_once(lambda: report(order, "MUG", 2), lambda: report(order, "MUG", 2))

    assert sorted(r for r in results if isinstance(r, str)) == ["more_than_ordered"]
    assert line_of(order, "MUG").shipped == 2
    order.refresh_from_db()
    assert order.state == "partly_shipped"


@pytest.mark.parametrize("round_", ROUNDS)
def test_one_report_sent_twice_at_once_is_one_fulfillment(round_):
    order = new_order({"MUG": 4})
    taken(order)

    results = at_once(lambda: report(order, "MUG", 2, "S-1").pk, lambda: report(order, "MUG", 2, "S-1").pk)

    assert results[0] == results[1] == Fulfillment.objects.get().pk
    assert line_of(order, "MUG").shipped == 2


@pytest.mark.parametrize("round_", ROUNDS)
def test_reports_of_two_lines_at_once_leave_the_order_shipped(round_):
    order = new_order({"MUG": 1, "CUP": 1})
    taken(order)

    at_once(lambda: report(order, "MUG", 1), lambda: report(order, "CUP", 1))

    order.refresh_from_db()
    assert order.state == "shipped"
    assert ShippingRequest.objects.get().state == "shipped"


@pytest.mark.parametrize("round_", ROUNDS)
def test_a_report_and_a_void_at_once_leave_quantities_that_add_up(round_):
    order = new_order({"MUG": 2})
    taken(order)
    first = report(order, "MUG", 1)

    at_once(lambda: void(first, by="Ann", now=NOW), lambda: report(order, "MUG", 1))

    assert line_of(order, "MUG").shipped == 1
    assert ShippingRequest.objects.get().state == "partly_shipped"


@pytest.mark.parametrize("round_", ROUNDS)
def test_acknowledging_against_withdrawing_has_one_winner(round_):
    order = new_order()
    request = offered(order)

    def take_back():
        with transaction.atomic():
            lock_orders([order.pk])
            back = withdraw([order.pk], now=NOW, actor="Ann")
            refresh_states([order.pk], now=NOW)
        return "took back" if back else "came too late"

    results = at_once(lambda: acknowledge(request, 1, by="Partner", now=NOW).state, take_back)

    order.refresh_from_db()
    request.refresh_from_db()
    assert (results, request.state, order.state) in (
        (["acknowledged", "came too late"], "acknowledged", "at_warehouse"),
        (["withdrawn", "took back"], "withdrawn", "new"),
    )
