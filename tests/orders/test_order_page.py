"""One order's page: what it says, what a person may do there, and how what cannot be done is said."""

import datetime as dt
from dataclasses import replace

import pytest

from fcp.roles import Role
from mappings.models import CarrierOut, ShipMethod
from orders.fulfilling import Shipment, Tracking, report_fulfillment
from orders.holding import place_hold
from orders.holds import HoldKind
from orders.models import Fulfillment, Hold, Order, OrderParty, Payload, ShippingRequest
from orders.models.shipping import Origin
from orders.payloads import packed
from orders.release import offer_waiting
from orders.shapes import Party, Payment, Status
from orders.shipping import acknowledge
from tests.build import ANN, NOW, a_line, an_order, make_warehouse, read, take
from tests.orders.shop import Shop, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(monkeypatch):
    return Shop(monkeypatch)


def show(shop, order, role=Role.OPERATOR, **query):
    return shop.client(role).get(shop.url("order", pk=order.pk), query)


def send(shop, order, name, data=None, role=Role.OPERATOR, **kwargs):
    return shop.client(role).post(shop.url(name, pk=order.pk, **kwargs), data or {}, follow=True)


def state_of(order):
    return Order.objects.get(pk=order.pk).state


def taken(shop, order):
    offer_waiting(shop.store, now=NOW)
    return acknowledge(ShippingRequest.objects.get(order=order), 1, "N-7", by="Nord", now=NOW)


def shipped(shop, order, *parcels):
    request = taken(shop, order)
    lines = {line.pk: line.quantity for line in order.lines.all()}
    shipment = Shipment(lines, "DHL", parcels=parcels or (Tracking("00340434"),))
    return report_fulfillment(order, shipment, origin=Origin.PARTNER, by="Nord", now=NOW, request=request)


def address(**values):
    party = {name: getattr(ANN, name) for name in ANN.__slots__} | values
    return {f"address-{name}": value for name, value in party.items()}


# --- what it says ------------------------------------------------------------------------------------------------


def test_the_page_says_what_the_order_waits_for_and_what_helps(shop):
    order = shop.order(number="10042", ship="std-eu")

    page = show(shop, order)

    text = text_of(page)
    assert "Order 10042 Held" in text
    assert "The shipping option “std-eu” is not mapped to a ship code yet." in text
    cause = order.holds.get().cause
    assert f'href="{shop.url("group")}?kind=ship_code&amp;cause={cause}">Map it</a>' in page.content.decode()


def test_lines_show_what_was_chosen_and_typed(shop):
    line = a_line("MUG", 2, options=(("Colour", "Red"), ("Engraving", "Für Ann, <3")))
    order = shop.order(lines=(line, a_line("EBOOK", ships=False)), buyer_note="Ring twice", gift_note="Happy birthday")

    page = show(shop, order)

    text = text_of(page)
    for words in (
        "Colour: Red",
        "Engraving: Für Ann, <3",
        "Does not ship",
        "Ring twice",
        "Happy birthday",
        "10.00 EUR",
    ):
        assert words in text
    assert "<3" not in page.content.decode()  # escaped


def test_shipments_link_to_the_carriers_page_and_never_to_a_script(shop):
    order = shop.order()
    CarrierOut.objects.create(
        account=shop.account, store=shop.store, carrier="DHL", name="DHL", link="https://dhl.example/?n={number}"
    )
    shipped(shop, order, Tracking("1"), Tracking("2", "https://own.example/2"), Tracking("3", "javascript:alert(1)"))

    html = show(shop, order).content.decode()

    assert 'href="https://dhl.example/?n=1"' in html
    assert 'href="https://own.example/2"' in html
    assert "javascript:" not in html  # neither as a link nor in the form that corrects it


def test_an_order_without_lines_address_or_number_has_its_page(shop):
    order = shop.order(lines=(), number="", uid="odd", ship_to=Party(), bill_to=Party(), ship="")

    text = text_of(show(shop, order))

    assert "The store sent this order without lines." in text
    assert "Nothing in it ships" in text


def test_a_strangers_order_is_not_here(shop, monkeypatch):
    other = Shop(monkeypatch)
    theirs = other.order(ship="std-eu")
    hold = theirs.holds.get()
    client = shop.client(Role.OWNER)

    assert client.get(shop.url("order", pk=theirs.pk)).status_code == 404
    for name, kwargs in (
        ("hold", {}), ("lift", {"hold": hold.pk}), ("address", {}), ("details", {}), ("try", {}),
        ("void", {"fulfillment": 1}), ("correct", {"fulfillment": 1}), ("tell", {"fulfillment": 1}),
    ):  # fmt: skip
        assert client.post(shop.url(name, pk=theirs.pk, **kwargs)).status_code == 404
    assert client.get(shop.url("raw", pk=theirs.pk)).status_code == 404
    ours = shop.order()
    assert client.post(shop.url("lift", pk=ours.pk, hold=hold.pk)).status_code == 404
    assert Hold.objects.open().filter(pk=hold.pk).exists()


def test_a_viewer_reads_and_changes_nothing(shop):
    order = shop.order(ship="std-eu")

    text = text_of(show(shop, order, Role.VIEWER))
    page = send(shop, order, "hold", {"hold-kind": "client", "hold-note": "no"}, role=Role.VIEWER)

    assert "is not mapped to a ship code yet" in text
    for button in ("Map it", "Edit", "Hold this order", "Raw data"):
        assert button not in text
    assert page.status_code == 403


# --- holding -----------------------------------------------------------------------------------------------------


def test_an_order_is_held_by_hand_and_lifted_again(shop):
    order = shop.order()

    page = send(shop, order, "hold", {"hold-kind": "payment_check", "hold-note": "Call the buyer first."})
    assert "Held to check the payment: Call the buyer first." in text_of(page)
    assert state_of(order) == "held"
    send(shop, order, "lift", hold=order.holds.get().pk)

    assert state_of(order) == "ready"


def test_a_hold_without_a_reason_is_asked_for_it_beside_the_form(shop):
    order = shop.order()

    page = send(shop, order, "hold", {"hold-kind": "client", "hold-note": " "})

    assert "Say why the order is held, so that the next person knows." in text_of(page)
    assert '<section class="card" id="hold" >' in page.content.decode()  # the form stands open
    assert state_of(order) == "new"


def test_held_for_that_already_is_said_and_what_was_typed_stays(shop):
    order = shop.order()
    place_hold(order, HoldKind.CLIENT, "first", by="Ann", now=NOW)

    page = send(shop, order, "hold", {"hold-kind": "client", "hold-note": "my second reason"})

    assert "This order is held for that already." in text_of(page)
    assert "my second reason" in page.content.decode()


def test_a_hold_that_lifts_itself_says_so(shop):
    order = shop.order(payment=Payment.PENDING)

    page = send(shop, order, "lift", hold=order.holds.get().pk)

    assert "This hold lifts itself once its cause is mended" in text_of(page)
    assert state_of(order) == "held"


# --- editing -----------------------------------------------------------------------------------------------------


def test_completing_the_address_lets_the_order_go(shop):
    order = shop.order(ship_to=Party(name="Ann Lee", country="US"))
    assert "The address lacks: street, city" in text_of(show(shop, order))

    page = send(shop, order, "address", address())

    assert "The address is saved." in text_of(page)
    assert state_of(order) == "ready"
    assert OrderParty.objects.get(order=order, role="ship_to").street1 == "1 Main St"
    assert "Changed here" in text_of(page)


def test_a_wrong_address_is_said_at_its_field_and_nothing_typed_is_lost(shop):
    order = shop.order(ship_to=Party(name="Ann Lee", country="US"))

    page = send(shop, order, "address", address(email="not an address", street1="12 Long Street", city="x" * 300))

    text = text_of(page)
    assert "Enter a valid email address." in text
    assert "at most 120 characters" in text
    assert 'value="12 Long Street"' in page.content.decode()
    assert OrderParty.objects.get(order=order, role="ship_to").street1 == ""


def test_nothing_is_edited_once_a_warehouse_has_it(shop):
    order = shop.order()
    taken(shop, order)

    shown = text_of(show(shop, order))
    page = send(shop, order, "address", address(city="Elsewhere"))
    details = send(shop, order, "details", {"details-ship_code": "EU-EXP", "details-note": ""})

    assert "A warehouse has this order, so its address stays as it is." in shown
    assert "A warehouse has this order already" in text_of(page)
    assert "A warehouse has this order already" in text_of(details)
    assert OrderParty.objects.get(order=order, role="ship_to").city == "New York"


def test_the_page_shows_what_the_store_says_beside_an_address_set_here_and_takes_it_over(shop):
    incoming = an_order(number="10077")
    order = shop.order(number="10077", uid=incoming.uid)
    send(shop, order, "address", address(postcode="10002"))
    moved = replace(incoming, ship_to=replace(ANN, street1="9 New Road"), changed_at=NOW + dt.timedelta(hours=1))
    take(shop.store, read(moved), of=shop.rules, now=NOW + dt.timedelta(hours=1))

    shown = text_of(show(shop, order))
    watched = show(shop, order, Role.VIEWER)
    page = send(shop, order, "address", {"use": "store"})

    assert "Held to check the address: it was changed in the store after it was changed here." in shown
    assert "In the store it is another one: Ann Lee 9 New Road 10001 New York" in shown
    assert "Use the store's address" not in text_of(watched)
    assert "The store's address is used, and followed from now on." in text_of(page)
    assert "In the store it is another one" not in text_of(page)
    assert OrderParty.objects.get(order=order, role="ship_to").street1 == "9 New Road"
    assert state_of(order) == "ready"


def test_ship_code_warehouse_and_note_are_set_by_hand(shop):
    order, second = shop.order(ship="std-eu"), make_warehouse(shop.account, name="Second")

    send(
        shop,
        order,
        "details",
        {"details-ship_code": "EU-EXP", "details-warehouse": second.pk, "details-note": "Fragile"},
    )

    request = ShippingRequest.objects.get(order=order)
    assert request.warehouse == second
    assert (request.snapshot["ship_code"], request.snapshot["notes"]["ours"]) == ("EU-EXP", "Fragile")


def test_a_ship_code_is_not_taken_away_and_a_strangers_warehouse_not_taken(shop, monkeypatch):
    order = shop.order()
    theirs = Shop(monkeypatch).warehouse

    empty = send(shop, order, "details", {"details-ship_code": "", "details-warehouse": shop.warehouse.pk})
    stranger = send(shop, order, "details", {"details-ship_code": "EU-STD", "details-warehouse": theirs.pk})

    assert "Choose a ship code: the warehouse must know how to send it." in text_of(empty)
    assert "Select a valid choice" in text_of(stranger)
    assert Order.objects.get(pk=order.pk).edited == []


def test_saving_without_a_change_changes_nothing(shop):
    order = shop.order()

    send(shop, order, "details", {"details-ship_code": "EU-STD", "details-warehouse": shop.warehouse.pk})

    assert Order.objects.get(pk=order.pk).edited == []
    assert Order.objects.get(pk=order.pk).revision == order.revision


# --- trying, telling -----------------------------------------------------------------------------------------------


def test_one_order_goes_through_before_the_integration_is_live(shop):
    shop.store.hands_over = False
    shop.store.save()
    order, other = shop.order(), shop.order()
    assert "Try with one order" in text_of(show(shop, order))

    page = send(shop, order, "try")

    assert state_of(order) == "ready"
    assert state_of(other) == "new"
    assert "Let through as a try, before the integration is live." in text_of(page)


def test_a_held_order_cannot_be_tried_and_says_why(shop):
    order = shop.order(ship="std-eu")

    assert "This order is held; mend what holds it first." in text_of(send(shop, order, "try"))
    assert not Order.objects.get(pk=order.pk).tried


def test_tracking_is_sent_again_corrected_and_taken_back(shop):
    order = shop.order()
    fulfillment = shipped(shop, order)
    Fulfillment.objects.update(told="told", store_ref="s-1")

    told = send(shop, order, "tell", fulfillment=fulfillment.pk)
    assert "MyShop is told again now." in text_of(told)
    prefix = f"f{fulfillment.pk}"
    parcels = " 111 \r\n\r\n222 https://carrier.example/222\r\n"
    send(shop, order, "correct", {f"{prefix}-carrier": "UPS", f"{prefix}-parcels": parcels}, fulfillment=fulfillment.pk)
    assert list(fulfillment.parcels.values_list("tracking", "url")) == [
        ("111", ""),
        ("222", "https://carrier.example/222"),
    ]
    assert Fulfillment.objects.get().carrier == "UPS"
    page = send(shop, order, "void", fulfillment=fulfillment.pk)

    assert "its pieces can ship again" in text_of(page)
    assert Fulfillment.objects.get().voided_at
    assert state_of(order) == "at_warehouse"


def test_a_tracking_number_that_is_too_long_is_said_beside_the_form(shop):
    order = shop.order()
    fulfillment = shipped(shop, order)

    page = send(shop, order, "correct", {f"f{fulfillment.pk}-parcels": "9" * 150}, fulfillment=fulfillment.pk)

    assert "is too long for a tracking number." in text_of(page)
    assert fulfillment.parcels.get().tracking == "00340434"


def test_what_the_store_shipped_itself_is_not_ours_to_take_back(shop):
    order = shop.order()
    fulfillment = shipped(shop, order)
    Fulfillment.objects.update(origin="store")

    page = show(shop, order)
    refused = send(shop, order, "void", fulfillment=fulfillment.pk)

    assert "It did not leave" not in text_of(page)
    assert "The store recorded this shipment itself. Take it back there." in text_of(refused)


def test_why_the_store_could_not_be_told_stands_on_top(shop):
    order = shop.order()
    shipped(shop, order)
    Fulfillment.objects.update(problem="The store says that this order was archived.", attempts=3)

    text = text_of(show(shop, order))

    assert "It left, but MyShop could not be told yet. The store says that this order was archived." in text
    assert "Send tracking again" in text


def test_an_order_of_a_warehouse_without_api_leads_to_where_it_is_shipped(shop):
    shop.warehouse.partner = None
    shop.warehouse.save()
    order = shop.order()
    offer_waiting(shop.store, now=NOW)
    request = ShippingRequest.objects.get(order=order)

    html = show(shop, order).content.decode()

    assert f'href="{shop.url("to_ship_one", pk=request.pk)}"' in html
    assert f'href="{shop.url("slip", pk=request.pk)}"' in html


def test_a_canceled_order_is_kept_for_the_record(shop):
    order = shop.order(status=Status.CANCELED)

    assert "Canceled in the store. It is kept for the record." in text_of(show(shop, order))


# --- raw data ------------------------------------------------------------------------------------------------------


def test_raw_data_is_for_those_who_connect_stores_and_holds_no_person(shop):
    order = shop.order()
    raw = b'{"number": "10042", "buyerInfo": {"email": "ann@example.com"}, "total": {"amount": "26.60"}}'
    Payload.objects.filter(order=order).update(packed=packed(raw))

    page = shop.client(Role.ADMIN).get(shop.url("raw", pk=order.pk))

    assert "10042" in text_of(page)
    assert "26.60" in text_of(page)
    assert "ann@example.com" not in page.content.decode()
    assert shop.client(Role.OPERATOR).get(shop.url("raw", pk=order.pk)).status_code == 403


def test_a_form_that_was_sent_by_get_changes_nothing(shop):
    order = shop.order()

    assert shop.client().get(shop.url("void", pk=order.pk, fulfillment=1)).status_code == 405


def test_the_mapping_that_was_used_is_linked(shop):
    order = shop.order()

    html = show(shop, order).content.decode()

    assert f"/mappings/ship-codes/{ShipMethod.objects.get(title='Standard').pk}/" in html


def test_a_held_order_shows_every_condition_with_what_decided_it_and_where_to_mend_it(shop):
    order = shop.order(ship="std-eu")
    word = ShipMethod.objects.get(title="std-eu")

    page = show(shop, order)

    said = text_of(page)
    assert "Why it waits" in said
    assert "The shipping option “std-eu” is not mapped to a ship code yet." in said
    assert "Paid; orders go when paid." in said
    assert "The address has all that its country asks for." in said
    assert f"/mappings/ship-codes/{word.pk}/" in page.content.decode()


def test_a_ready_order_says_by_which_version_of_a_mapping_it_goes(shop):
    order = shop.order()

    said = text_of(show(shop, order))

    assert "Why it goes on" in said
    word = ShipMethod.objects.get(pk=order.ship_method_id)
    assert f"“{word.title}” means {word.target}." in said


def test_what_a_warehouse_has_is_not_explained_by_the_mappings_of_now(shop):
    order = shop.order()
    taken(shop, order)

    assert "Why it goes on" not in text_of(show(shop, order))
