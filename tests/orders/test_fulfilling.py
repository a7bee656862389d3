"""Goods leave: reported whole and in parts, never more than ordered, never twice."""

import datetime as dt

import pytest

from orders.errors import OrderError
from orders.fulfilling import Shipment, Tracking, correct, report_fulfillment, tell_again, void
from orders.models import Fulfillment, Order, OrderEvent, ShippingRequest
from orders.models.shipping import Origin, RequestState, Told
from orders.shipping import answer_cancel
from orders.signals import shipments_to_tell
from tests.orders.making import NOW, line_of, new_order, offered, taken

pytestmark = pytest.mark.django_db


def report(order, lines, *, request=None, ref="", **given):
    """The order's warehouse reports these SKUs as shipped."""
    shipment = Shipment(
        {line_of(order, sku).pk: quantity for sku, quantity in lines.items()},
        **{"carrier": "DHL", "parcels": (Tracking("00340434161094042557"),), "ref": ref} | given,
    )
    request = request or ShippingRequest.objects.get(order=order)
    return report_fulfillment(order, shipment, request=request, origin=Origin.PARTNER, by="Partner", now=NOW)


def states(order):
    order.refresh_from_db()
    return order.state, ShippingRequest.objects.get(order=order).state


def told(fulfillment, **given):
    """As the flow leaves a fulfillment that the store knows."""
    values = {"told": Told.TOLD, "told_at": NOW, "store_ref": "ship-1", "attempts": 1} | given
    Fulfillment.objects.filter(pk=fulfillment.pk).update(**values)


def test_a_whole_shipment_waits_for_the_store_to_be_told():
    order = new_order({"MUG": 2, "CUP": 1})
    taken(order)

    fulfillment = report(order, {"MUG": 2, "CUP": 1})

    assert states(order) == ("shipped", "shipped")
    assert (fulfillment.told, fulfillment.parcels.get().tracking) == ("due", "00340434161094042557")


def test_parts_ship_one_after_the_other():
    order = new_order({"MUG": 2, "CUP": 1})
    taken(order)

    report(order, {"MUG": 1})
    assert states(order) == ("partly_shipped", "partly_shipped")
    report(order, {"MUG": 1, "CUP": 1})

    assert states(order) == ("shipped", "shipped")
    assert line_of(order, "MUG").shipped == 2


def test_more_than_ordered_is_refused_naming_the_line_and_nothing_is_recorded():
    order = new_order({"CUP": 1, "MUG": 2})
    taken(order)
    report(order, {"MUG": 1})

    with pytest.raises(OrderError, match=r"Line 2 \(MUG\): 2 ordered, 1 shipped already, so 2 cannot ship") as refused:
        report(order, {"CUP": 1, "MUG": 2})

    assert refused.value.code == "more_than_ordered"
    assert (line_of(order, "CUP").shipped, line_of(order, "MUG").shipped) == (0, 1)


def test_a_line_of_another_order_is_unknown_here():
    order, other = new_order(), new_order({"HAT": 1})
    request = taken(order)

    with pytest.raises(OrderError) as refused:
        report_fulfillment(
            order, Shipment({line_of(other, "HAT").pk: 1}), request=request, origin=Origin.PARTNER, by="P", now=NOW
        )

    assert refused.value.code == "unknown_line"


@pytest.mark.parametrize(
    ("lines", "code"), [({}, "no_lines"), ({"MUG": 0}, "bad_quantity"), ({"MUG": -1}, "bad_quantity")]
)
def test_a_report_without_a_real_quantity_is_refused(lines, code):
    order = new_order()
    taken(order)

    with pytest.raises(OrderError) as refused:
        report(order, lines)

    assert refused.value.code == code


def test_a_time_of_shipping_that_nobody_knew_is_refused():
    order = new_order()
    taken(order)

    with pytest.raises(OrderError, match="before the year 2000") as refused:
        report(order, {"MUG": 2}, shipped_at=dt.datetime(1, 1, 1, tzinfo=dt.UTC))

    assert refused.value.code == "bad_time"


def test_a_time_of_shipping_far_ahead_is_refused():
    order = new_order()
    taken(order)

    with pytest.raises(OrderError, match="in the future"):
        report(order, {"MUG": 1}, shipped_at=NOW + dt.timedelta(days=30))


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (RequestState.OFFERED, "not_acknowledged"),
        (RequestState.CANCEL_ASKED, "cancel_asked"),
        (RequestState.CANCELED, "canceled"),
        (RequestState.WITHDRAWN, "withdrawn"),
        (RequestState.REJECTED, "rejected"),
    ],
)
def test_only_what_a_warehouse_has_in_hand_can_be_reported(state, code):
    order = new_order()
    request = taken(order)
    ShippingRequest.objects.filter(pk=request.pk).update(state=state)

    with pytest.raises(OrderError) as refused:
        report(order, {"MUG": 1})

    assert refused.value.code == code
    assert not Fulfillment.objects.exists()


def test_a_person_cannot_ship_an_order_that_the_store_canceled():
    order = new_order()
    order.status = "canceled"
    order.save()

    with pytest.raises(OrderError, match="is canceled in the store"):
        report_fulfillment(order, Shipment({line_of(order, "MUG").pk: 1}), origin=Origin.PERSON, by="Ann", now=NOW)


def test_a_person_ships_an_order_that_no_warehouse_has():
    order = new_order()

    report_fulfillment(order, Shipment({line_of(order, "MUG").pk: 2}), origin=Origin.PERSON, by="Ann", now=NOW)

    order.refresh_from_db()
    assert order.state == "shipped"


def test_a_person_cannot_ship_beside_the_warehouse_that_has_the_order():
    order = new_order()
    taken(order)

    with pytest.raises(OrderError, match="A warehouse is working on order"):
        report_fulfillment(order, Shipment({line_of(order, "MUG").pk: 2}), origin=Origin.PERSON, by="Ann", now=NOW)


def test_the_same_id_twice_is_one_fulfillment():
    order = new_order()
    taken(order)
    first = report(order, {"MUG": 2}, ref="S-1")

    again = report(order, {"MUG": 2}, ref="S-1")

    assert again.pk == first.pk
    assert line_of(order, "MUG").shipped == 2
    assert OrderEvent.objects.filter(order=order, code="shipped").count() == 1


def test_the_same_id_with_other_content_is_refused():
    order = new_order()
    taken(order)
    report(order, {"MUG": 1}, ref="S-1")

    with pytest.raises(OrderError) as refused:
        report(order, {"MUG": 1}, ref="S-1", parcels=(Tracking("OTHER"),))

    assert refused.value.code == "fulfillment_differs"


def test_two_shipments_of_one_request_may_carry_the_same_tracking_number():
    order = new_order()
    taken(order)

    report(order, {"MUG": 1}, ref="S-1")
    report(order, {"MUG": 1}, ref="S-2")

    assert states(order) == ("shipped", "shipped")


def test_several_parcels_are_kept_each_once():
    order = new_order()
    taken(order)

    fulfillment = report(order, {"MUG": 2}, parcels=(Tracking("A-1"), Tracking("A-2"), Tracking("A-1")))

    assert list(fulfillment.parcels.values_list("tracking", "tracking_key")) == [("A-1", "A1"), ("A-2", "A2")]


def test_a_store_that_is_not_told_leaves_nothing_to_tell():
    order = new_order(tells_shipments=False)
    taken(order)

    fulfillment = report(order, {"MUG": 2})

    assert fulfillment.told == "not_wanted"
    assert states(order) == ("confirmed", "shipped")


def test_the_flow_is_rung_once_the_report_is_committed(django_capture_on_commit_callbacks):
    order = new_order()
    taken(order)
    rung = []

    def ring(store_id, **_):
        rung.append(store_id)

    shipments_to_tell.connect(ring)
    with django_capture_on_commit_callbacks(execute=True):
        report(order, {"MUG": 2})
        assert rung == []

    assert rung == [order.store_id]


def test_voiding_gives_the_pieces_back():
    order = new_order()
    taken(order)
    fulfillment = report(order, {"MUG": 2})

    void(fulfillment, by="Ann", now=NOW)

    assert states(order) == ("at_warehouse", "acknowledged")
    assert line_of(order, "MUG").shipped == 0
    fulfillment.refresh_from_db()
    assert (fulfillment.told, fulfillment.voided_by) == ("not_wanted", "Ann")


def test_voiding_twice_gives_the_pieces_back_once():
    order = new_order({"MUG": 2})
    taken(order)
    fulfillment = report(order, {"MUG": 1})
    report(order, {"MUG": 1}, ref="S-2")
    void(fulfillment, by="Ann", now=NOW)

    void(fulfillment, by="Ann", now=NOW)

    assert line_of(order, "MUG").shipped == 1


def test_what_did_not_leave_of_a_canceled_order_is_not_shipped_again_but_asked_to_stop():
    order = new_order()
    request = taken(order)
    fulfillment = report(order, {"MUG": 2})
    Order.objects.filter(pk=order.pk).update(status="canceled")

    void(fulfillment, by="Ann", now=NOW)

    assert states(order) == ("at_warehouse", "cancel_asked")
    answer_cancel(request, True, by="Partner", now=NOW)
    assert states(order) == ("canceled", "canceled")


def test_of_what_did_not_leave_no_more_ships_than_the_store_still_wants():
    order = new_order({"MUG": 5, "CUP": 1})
    pieces = {line_of(order, sku).pk: quantity for sku, quantity in {"MUG": 5, "CUP": 1}.items()}
    fulfillment = report_fulfillment(order, Shipment(pieces), origin=Origin.PERSON, by="Ann", now=NOW)
    order.lines.filter(sku="MUG").update(store_quantity=3)
    order.lines.filter(sku="CUP").update(store_quantity=0)

    void(fulfillment, by="Ann", now=NOW)

    assert [line["quantity"] for line in offered(order).snapshot["lines"]] == [3]
    assert line_of(order, "CUP").removed_at == NOW


@pytest.mark.parametrize("before", [{"told": Told.TOLD}, {"told": Told.CHANGE}, {"told": Told.DUE, "store_ref": None}])
def test_a_store_that_may_know_a_voided_shipment_is_asked_to_take_it_back(before):
    order = new_order()
    taken(order)
    fulfillment = report(order, {"MUG": 2})
    told(fulfillment, **before)

    void(fulfillment, by="Ann", now=NOW)

    fulfillment.refresh_from_db()
    assert (fulfillment.told, fulfillment.not_before) == ("retract", NOW)


def test_what_the_store_shipped_itself_cannot_be_voided_here():
    order = new_order()
    taken(order)
    fulfillment = report(order, {"MUG": 2})
    Fulfillment.objects.update(origin=Origin.STORE)

    with pytest.raises(OrderError, match="Take it back there"):
        void(fulfillment, by="Ann", now=NOW)


def test_a_correction_is_told_to_a_store_that_knows_the_old_number():
    order = new_order()
    taken(order)
    fulfillment = report(order, {"MUG": 2})
    told(fulfillment)

    correct(fulfillment, carrier="UPS", parcels=[Tracking("1Z999AA10123456784")], by="Ann", now=NOW)

    fulfillment.refresh_from_db()
    assert (fulfillment.told, fulfillment.carrier, fulfillment.revision) == ("change", "UPS", 2)
    assert fulfillment.parcels.get().tracking == "1Z999AA10123456784"
    assert states(order)[0] == "shipped"


def test_a_correction_that_changes_nothing_is_not_told():
    order = new_order()
    taken(order)
    fulfillment = report(order, {"MUG": 2})
    told(fulfillment)

    correct(fulfillment, carrier="DHL", parcels=[Tracking("00340434161094042557")], by="Ann", now=NOW)

    fulfillment.refresh_from_db()
    assert fulfillment.told == "told"


def test_a_voided_shipment_cannot_be_corrected():
    order = new_order()
    taken(order)
    fulfillment = void(report(order, {"MUG": 2}), by="Ann", now=NOW)

    with pytest.raises(OrderError, match="was voided"):
        correct(fulfillment, carrier="UPS", parcels=[], by="Ann", now=NOW)


def test_tracking_can_be_sent_again_at_once():
    order = new_order()
    taken(order)
    fulfillment = report(order, {"MUG": 2})
    told(fulfillment)

    tell_again(fulfillment, by="Ann", now=NOW)

    fulfillment.refresh_from_db()
    assert (fulfillment.told, fulfillment.not_before) == ("change", NOW)
    assert states(order)[0] == "shipped"


def test_sending_again_does_not_forget_a_try_whose_answer_was_lost():
    order = new_order()
    taken(order)
    fulfillment = report(order, {"MUG": 2})
    told(fulfillment, told=Told.DUE, store_ref=None, attempts=3, problem="The store does not answer.")

    tell_again(fulfillment, by="Ann", now=NOW)

    fulfillment.refresh_from_db()
    assert (fulfillment.told, fulfillment.attempts, fulfillment.problem) == ("due", 3, "")


def test_tracking_is_not_sent_to_a_store_that_takes_none():
    order = new_order(tells_shipments=False)
    taken(order)

    with pytest.raises(OrderError, match=r"is off\. Switch it on"):
        tell_again(report(order, {"MUG": 2}), by="Ann", now=NOW)


def test_a_report_costs_the_same_number_of_statements_for_two_lines_and_for_thirty(django_assert_max_num_queries):
    for count in (2, 30):
        order = new_order({f"SKU-{n:02}": 1 for n in range(count)})
        request = taken(order)
        lines = {line.pk: 1 for line in order.lines.all()}
        with django_assert_max_num_queries(36):
            report_fulfillment(order, Shipment(lines), request=request, origin=Origin.PARTNER, by="P", now=NOW)
