"""The page To ship: the work of warehouses, done by a person; the same code as the partner API."""

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone

from fcp.roles import Role
from orders.asking import ask_for_address
from orders.models import Fulfillment, Hold, OrderEvent, ShippingRequest
from orders.models.shipping import RequestState
from orders.release import renew_offers
from orders.shapes import Party
from tests.build import make_user
from tests.orders.making import (
    line_of,
    make_account,
    make_order,
    make_partner,
    make_store,
    make_warehouse,
    new_order,
    offered,
    taken,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    return new_order({"MUG": 2, "CUP": 1}, name="MyShop")


@pytest.fixture
def panel(client, order):
    """A packer's browser: `panel(path)` gets a page, `panel(path, {...})` sends a form."""
    return browser_of(client, order.account)


def browser_of(client, account, role=Role.WAREHOUSE):
    client.force_login(make_user(account, role))

    def go(path, form=None, **headers):
        address = f"/a/{account.slug}/to-ship/{path}"
        return client.get(address, **headers) if form is None else client.post(address, form, follow=True)

    return go


def sent(panel, request, **changes):
    """The form Mark as shipped as the page shows it, with these fields changed."""
    form = panel(f"{request.pk}/").context["ship_form"]
    values = {name: form[name].value() or "" for name in form.fields}
    return panel(f"{request.pk}/ship/", values | changes)


def text(response):
    return response.content.decode()


def test_the_list_shows_what_is_to_be_packed(panel, order):
    offered(order)
    done = taken(make_order(order.store, {"HAT": 1}, warehouse=make_warehouse(order.account)))
    ShippingRequest.objects.filter(pk=done.pk).update(state=RequestState.SHIPPED)

    page = text(panel(""))

    assert order.number in page
    assert done.order.number not in page


def test_the_list_narrows_to_a_warehouse_and_to_work_by_hand(panel, order):
    offered(order)
    partner = make_warehouse(order.account, make_partner())
    other = make_order(order.store, {"HAT": 1}, warehouse=partner)
    offered(other)

    by_hand, of_partner = text(panel("?of=hand")), text(panel(f"?warehouse={partner.pk}"))

    assert order.number in by_hand
    assert other.number not in by_hand
    assert other.number in of_partner
    assert order.number not in of_partner


def test_marking_as_shipped_takes_the_request_and_tells_the_store(panel, order):
    request = offered(order)

    response = sent(panel, request, carrier="DHL", parcels="0034 0434\nJJD01 https://dhl.example/JJD01")

    assert "is marked as shipped. MyShop is told now." in text(response)
    order.refresh_from_db()
    fulfillment = Fulfillment.objects.get()
    assert (order.state, fulfillment.origin, fulfillment.told) == ("shipped", "person", "due")
    assert list(fulfillment.parcels.values_list("tracking", "url")) == [
        ("0034 0434", ""),
        ("JJD01", "https://dhl.example/JJD01"),
    ]
    assert list(OrderEvent.objects.filter(order=order).values_list("code", flat=True)) == [
        "offered",
        "acknowledged",
        "shipped",
    ]


def test_a_part_leaves_and_the_rest_stays_on_the_list(panel, order):
    request = taken(order)
    mug, cup = line_of(order, "MUG"), line_of(order, "CUP")

    sent(panel, request, **{f"line_{mug.pk}": "1", f"line_{cup.pk}": "0"})

    form = panel(f"{request.pk}/").context["ship_form"]
    assert [(line.sku, line.left) for line, _ in form.rows] == [("MUG", 1), ("CUP", 1)]
    assert "Partly shipped" in text(panel(""))


def test_more_than_is_left_is_refused_beside_the_field(panel, order):
    request = taken(order)

    response = sent(panel, request, **{f"line_{line_of(order, 'MUG').pk}": "3"})

    assert "Only 2 are left to ship." in text(response)
    assert not Fulfillment.objects.exists()

    sent(panel, request, **{f"line_{line_of(order, 'MUG').pk}": "1"})
    again = sent(panel, request, **{f"line_{line_of(order, 'MUG').pk}": "2"})
    assert "Only 1 is left to ship." in text(again)


def test_nothing_at_all_is_refused(panel, order):
    request = taken(order)

    response = sent(panel, request, **{f"line_{line.pk}": "0" for line in order.lines.all()})

    assert "Say which lines have shipped." in text(response)


def test_a_form_that_is_sent_twice_ships_once(panel, order):
    request = taken(order)
    mug = line_of(order, "MUG")
    form = panel(f"{request.pk}/").context["ship_form"]
    values = {name: form[name].value() or "" for name in form.fields} | {f"line_{mug.pk}": "1"}

    for _ in range(2):
        panel(f"{request.pk}/ship/", values | {f"line_{line_of(order, 'CUP').pk}": "0"})

    mug.refresh_from_db()
    assert mug.shipped == 1


def test_an_order_that_changed_while_the_form_was_open_is_looked_at_again(panel, order):
    request = offered(order)
    form = panel(f"{request.pk}/").context["ship_form"]
    values = {name: form[name].value() or "" for name in form.fields} | {"carrier": "UPS"}
    order.note = "Second floor"
    order.save(update_fields=["note"])
    renew_offers(order.store, [order.pk], now=timezone.now(), actor="Ann")

    again = panel(f"{request.pk}/ship/", values)

    assert "changed meanwhile" in text(again)
    assert not Fulfillment.objects.exists()
    shown = again.context["ship_form"]
    assert (shown["revision"].value(), shown["carrier"].value()) == ("2", "UPS")
    assert "Second floor" in text(again)


def test_chosen_orders_are_acknowledged_together(panel, order):
    rows = [offered(order), offered(make_order(order.store, {"HAT": 1}, warehouse=make_warehouse(order.account)))]

    response = panel("many/", {"row": [row.pk for row in rows], "do": "acknowledge"})

    assert "2 orders are at the warehouse now." in text(response)
    assert set(ShippingRequest.objects.values_list("state", flat=True)) == {"acknowledged"}


def test_of_more_than_can_be_taken_at_once_those_that_are_taken_already_keep_no_place(panel, order, monkeypatch):
    monkeypatch.setattr("orders.views.to_ship.AT_ONCE", 1)
    house = order.lines.first().warehouse
    taken(order)
    waits = offered(make_order(order.store, {"HAT": 1}, warehouse=house))
    ShippingRequest.objects.filter(order=order).update(changed_at=waits.changed_at - dt.timedelta(hours=1))

    response = panel("many/", {"all": "1", "query": "", "do": "acknowledge"})

    assert "1 order is at the warehouse now." in text(response)
    assert "All of them are acknowledged already." in text(panel("many/", {"all": "1", "do": "acknowledge"}))
    assert "These are not all that you chose." in text(panel("many/", {"all": "1", "do": "slips"}))


def test_slips_show_address_engraving_and_notes_one_for_each_order(panel, order):
    order.gift_note, order.buyer_note = "For Tom, with love", "Ring twice"
    order.save()
    order.lines.filter(sku="MUG").update(options=[["Engraving", "Tom & Ann"]])
    first = offered(order)
    second = offered(make_order(order.store, {"HAT": 1}, warehouse=make_warehouse(order.account)))

    page = text(panel("many/", {"row": [first.pk, second.pk], "do": "slips"}))

    assert page.count('class="slip"') == 2
    for words in (
        "Ann Example",
        "53111 BONN",
        "Engraving: <strong>Tom &amp; Ann</strong>",
        "For Tom, with love",
        "Ring twice",
    ):
        assert words in page
    assert text(panel(f"{first.pk}/slip/")).count('class="slip"') == 1


def test_a_slip_of_the_rest_shows_what_is_still_to_pack(panel, order):
    request = taken(order)
    sent(panel, request, **{f"line_{line_of(order, 'CUP').pk}": "0"})

    page = text(panel(f"{request.pk}/slip/"))

    assert "CUP" in page
    assert "MUG" not in page


def test_what_cannot_be_shipped_waits_in_held_with_the_reason(panel, order):
    request = offered(order)

    assert "Say why in one sentence" in text(panel(f"{request.pk}/refuse/", {"reject-reason": ""}))
    panel(f"{request.pk}/refuse/", {"reject-reason": "Broken in the shelf"})

    assert Hold.objects.open().get(order=order).params["word"] == "Broken in the shelf"


@pytest.mark.parametrize(
    ("answer", "state"), [({"stopped": "1"}, "canceled"), ({"late-reason": "The truck has left"}, "acknowledged")]
)
def test_a_canceled_order_asks_whether_it_was_stopped(panel, order, answer, state):
    request = taken(order)
    ShippingRequest.objects.update(state=RequestState.CANCEL_ASKED, cancel_asked_at=timezone.now())
    page = text(panel(f"{request.pk}/"))
    assert "Can it be stopped?" in page
    assert "Leaves now" not in page

    panel(f"{request.pk}/stop/", answer)

    request.refresh_from_db()
    assert request.state == state


def test_another_accounts_work_is_not_found(client, order):
    request = offered(order)
    panel = browser_of(client, make_account())

    assert panel(f"{request.pk}/").status_code == 404
    assert panel(f"{request.pk}/slip/").status_code == 404
    for action in ("take", "ship", "refuse", "stop"):
        assert panel(f"{request.pk}/{action}/", {"revision": 1, "stopped": 1}).status_code == 404
    answer = panel("many/", {"row": [request.pk], "do": "acknowledge"})
    assert "Choose some orders first." in text(answer)
    assert order.number not in text(panel(""))
    request.refresh_from_db()
    assert request.state == "offered"


def test_a_viewer_may_not_ship(client, order):
    request = taken(order)
    panel = browser_of(client, order.account, Role.VIEWER)

    assert panel("").status_code == 403
    assert panel(f"{request.pk}/ship/", {"revision": 1}).status_code == 403


def test_the_list_costs_the_same_number_of_statements_for_two_and_for_forty(
    panel, client, order, django_assert_max_num_queries
):
    store, warehouse = make_store(order.account), make_warehouse(order.account)
    panel("")

    def statements(more):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        for _ in range(more):
            taken(make_order(store, {"MUG": 1, "CUP": 1}, warehouse=warehouse))
        with CaptureQueriesContext(connection) as queries:
            panel("")
        return len(queries)

    assert statements(2) == statements(38)


@pytest.mark.parametrize(
    ("answer", "street", "said"),
    [
        ({"accepted": "1"}, "2 Side St", "accepted"),
        ({"keep-reason": "The label is on it"}, "Long Street 1", "refused"),
    ],
)
def test_a_new_address_asks_whether_it_can_still_be_used(panel, order, answer, street, said):
    request = taken(order)
    moved = Party(name="Ann Example", street1="2 Side St", city="Bonn", postcode="53111", country="DE")
    with transaction.atomic():
        ask_for_address(order.store, {order.pk: moved}, now=timezone.now())
    page = text(panel(f"{request.pk}/"))
    assert "Can it go to the new one?" in page
    assert "2 Side St" in page

    panel(f"{request.pk}/change/", {"revision": 2, **answer})

    request.refresh_from_db()
    assert (request.snapshot["ship_to"]["street1"], request.change_answer) == (street, said)
    assert "Can it go to the new one?" not in text(panel(f"{request.pk}/"))


def test_a_form_that_was_open_when_the_address_changed_does_not_ship_to_the_old_one(panel, order):
    request = taken(order)
    form = {name: field.value() or "" for name, field in fields_of(panel, request)}
    with transaction.atomic():
        ask_for_address(order.store, {order.pk: Party(name="Ann", street1="2 Side St")}, now=timezone.now())

    answer = panel(f"{request.pk}/ship/", form)

    assert "changed meanwhile" in text(answer)
    assert not Fulfillment.objects.exists()


def fields_of(panel, request):
    form = panel(f"{request.pk}/").context["ship_form"]
    return [(name, form[name]) for name in form.fields]


def test_refusing_a_new_address_without_a_reason_asks_for_one(panel, order):
    request = taken(order)
    with transaction.atomic():
        ask_for_address(order.store, {order.pk: Party(name="Ann", street1="2 Side St")}, now=timezone.now())

    page = panel(f"{request.pk}/change/", {"revision": 2})

    assert "the merchant reads it" in text(page)
    request.refresh_from_db()
    assert request.change_answer == ""
