"""All orders: the list with its filters, search, export, and what is done to several orders at once."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fcp.models import Account
from fcp.roles import Role
from orders.fulfilling import Shipment, Tracking, report_fulfillment
from orders.holding import place_hold
from orders.holds import HoldKind
from orders.models import Hold, Order, ShippingRequest
from orders.models.shipping import Origin
from orders.release import offer_waiting
from orders.shapes import Party, Payment
from orders.shipping import acknowledge
from orders.state import State
from orders.tables import LATE_AFTER, PASTED
from orders.views import orders as page_module
from tests.build import NOW, a_line, make_store, make_warehouse
from tests.orders.shop import Shop, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(monkeypatch):
    return Shop(monkeypatch)


def numbers(response):
    return [row.number for row in response.context["list"].rows]


def listed(shop, client=None, **query):
    return numbers((client or shop.client()).get(shop.url("orders"), query))


def bulk(shop, orders, do, client=None, **fields):
    data = {"row": [order.pk for order in orders], "do": do, **fields}
    return (client or shop.client()).post(shop.url("bulk"), data, follow=True)


def state_of(order):
    return Order.objects.get(pk=order.pk).state


def test_a_row_shows_what_a_person_needs_of_an_order(shop):
    shop.order(number="10042", ship="std-eu", gift_note="Happy birthday")

    text = text_of(shop.client().get(shop.url("orders")))

    for word in ("10042", "MyShop", "Ann Lee", "US", "Held", "Ship code “std-eu”", "26.60 EUR", "Nord"):
        assert word in text


def test_tracking_of_what_left_stands_in_the_row(shop):
    order = shop.order()
    offer_waiting(shop.store, now=NOW)
    request = ShippingRequest.objects.get(order=order)
    acknowledge(request, 1, by="Nord", now=NOW)
    shipment = Shipment({line.pk: line.quantity for line in order.lines.all()}, "DHL", parcels=(Tracking("00340434"),))
    report_fulfillment(order, shipment, origin=Origin.PARTNER, by="Nord", now=NOW, request=request)

    [row] = shop.client().get(shop.url("orders")).context["list"].rows

    assert (row.tracking, row.waits) == ("00340434", "The store to be told")


def test_the_newest_order_stands_first_and_the_next_page_goes_on(shop):
    for number in range(60):
        shop.order(number=f"{20000 + number}", placed_at=NOW - dt.timedelta(minutes=number))
    client = shop.client()

    first = client.get(shop.url("orders"))
    second = client.get(shop.url("orders"), {"page": first.context["list"].page.older})

    assert numbers(first) == [str(20000 + n) for n in range(50)]
    assert numbers(second) == [str(20000 + n) for n in range(50, 60)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "held"}, ["held"]),
        ({"state": ["held", "new"]}, ["fresh", "held", "late"]),
        ({"state": ["held", "canceled"]}, ["held"]),
        ({"late": "1"}, ["late"]),
        ({"late": "1", "state": "held"}, []),
        ({"late": "1", "state": "confirmed"}, []),
        ({"placed_at_from": "2026-11-19", "placed_at_to": "2026-11-19"}, ["held"]),
        ({"state": "new", "placed_at_from": "2026-11-19"}, ["fresh"]),
        ({"state": "nonsense"}, ["fresh", "held", "late"]),
        ({"placed_at_from": "not a day"}, ["fresh", "held", "late"]),
    ],
)
def test_filters_narrow_alone_and_together(shop, time_machine, query, found):
    time_machine.move_to(NOW)
    shop.order(number="fresh", placed_at=NOW - dt.timedelta(hours=1))
    shop.order(number="held", ship="std-eu", placed_at=NOW - dt.timedelta(days=1))
    shop.order(number="late", placed_at=NOW - LATE_AFTER - dt.timedelta(hours=1))

    assert listed(shop, **query) == found


def test_orders_of_one_store_are_listed_in_any_state(shop):
    other = make_store(shop.account, name="Other shop")
    shop.order(number="ours")
    shop.order(other, number="theirs", ship="std-eu")

    assert listed(shop, store=other.pk) == ["theirs"]
    assert listed(shop, store=other.pk, state="new") == []
    assert listed(shop, store=shop.store.pk, state=["new", "held"]) == ["ours"]


def test_a_strangers_store_is_no_filter(shop):
    shop.order(number="ours")
    stranger = make_store()

    assert listed(shop, store=stranger.pk) == ["ours"]


def test_search_finds_by_number_email_sku_and_tracking(shop):
    shop.order(number="#A-100", ship_to=Party(name="Bo", email="Bo@Example.com", street1="x", city="y", country="DE"))
    other = shop.order(number="7", lines=(a_line("TEAPOT"),))
    client = shop.client()

    assert listed(shop, client, q="a-1") == ["#A-100"]
    assert listed(shop, client, q=" #A-100 ") == ["#A-100"]
    assert listed(shop, client, q="bo@exam") == ["#A-100"]
    assert listed(shop, client, q="teap") == ["7"]
    assert listed(shop, client, q="teap", state="new") == []
    assert listed(shop, client, q="teap", state="held") == ["7"]
    assert listed(shop, client, q="100") == []
    assert listed(shop, client, q="'; drop table; % _") == []
    assert other.number == "7"


def test_a_pasted_list_of_numbers_shows_these_and_says_which_are_missing(shop):
    for number in ("10001", "10002", "10003"):
        shop.order(number=number)

    page = shop.client().post(shop.url("paste"), {"numbers": "10003\n #10001, 10099;\t10001\n"}, follow=True)

    assert sorted(numbers(page)) == ["10001", "10003"]
    assert "1 of 3 numbers is not here: 10099." in text_of(page)


def test_one_pasted_number_and_none_at_all_are_answered_too(shop):
    shop.order(number="10001")
    client = shop.client()

    assert numbers(client.post(shop.url("paste"), {"numbers": " 10001 "}, follow=True)) == ["10001"]
    assert numbers(client.post(shop.url("paste"), {"numbers": " \n "}, follow=True)) == ["10001"]


def test_a_list_that_is_too_long_is_cut_and_says_so(shop):
    page = shop.client().post(shop.url("paste"), {"numbers": "\n".join(str(n) for n in range(PASTED + 5))}, follow=True)

    assert f"Only the first {PASTED} of {PASTED + 5} numbers are looked for." in text_of(page)


def test_the_export_holds_every_order_that_matches_with_times_in_the_accounts_zone(shop):
    Account.objects.filter(pk=shop.account.pk).update(time_zone="America/New_York")
    shop.order(number="10001", placed_at=dt.datetime(2026, 11, 19, 2, 30, tzinfo=dt.UTC))
    shop.order(number="10002", ship="std-eu")

    file = shop.client().get(shop.url("orders"), {"format": "csv", "state": "new"})
    lines = b"".join(file.streaming_content).decode().splitlines()

    assert file["Content-Type"] == "text/csv; charset=utf-8"
    assert lines[0].startswith("Number,Store,Customer,Country,Placed,State")
    assert lines[1].startswith("10001,MyShop,Ann Lee,US,2026-11-18 21:30,New")
    assert len(lines) == 2


def test_a_formula_in_an_order_is_plain_text_in_the_export(shop):
    shop.order(number="=1+1", ship_to=Party(name="@SUM(A1)", street1="x", city="y", country="DE"))

    file = shop.client().get(shop.url("orders"), {"format": "csv"})

    assert "'=1+1,MyShop,'@SUM(A1)" in b"".join(file.streaming_content).decode()


@pytest.mark.parametrize("query", [{"state": ["new", "held"]}, {"state": ["new", "held"], "format": "csv"}])
def test_a_list_and_its_export_cost_the_same_statements_whatever_is_on_them(shop, query):
    query = query | {"store": shop.store.pk}
    client = shop.client()
    costs = []
    for number in (2, 30):
        for _ in range(number):
            shop.order(ship="std-eu", skus=("MUG", "TEAPOT"))
        client.get(shop.url("orders"))
        with CaptureQueriesContext(connection) as statements:
            page = client.get(shop.url("orders"), query)
            assert page.content if "format" not in query else list(page.streaming_content)
        costs.append(len(statements))

    assert costs[0] == costs[1] < 30


# --- several at once -------------------------------------------------------------------------------------------------


def test_several_orders_are_held_with_a_note(shop):
    orders = [shop.order() for _ in range(3)]

    page = bulk(shop, orders, "hold", note="The labels come on Monday")

    assert "3 orders are held." in text_of(page)
    assert [state_of(order) for order in orders] == ["held"] * 3
    assert Hold.objects.open().first().note == "The labels come on Monday"


def test_holding_asks_for_the_reason(shop):
    order = shop.order()

    page = bulk(shop, [order], "hold", note="  ")

    assert "Say why the orders are held" in text_of(page)
    assert state_of(order) == "new"


def test_lifting_lifts_what_a_person_may_lift_and_says_what_still_waits(shop):
    free, both, unpaid = shop.order(), shop.order(ship="std-eu"), shop.order(payment=Payment.PENDING)
    for order in (free, both):
        place_hold(order, HoldKind.CLIENT, "wait", by="Ann", now=NOW)

    page = bulk(shop, [free, both, unpaid], "lift")

    text = text_of(page)
    assert "1 order is no longer held." in text
    assert "Not 1 of them: It still waits: ship code missing." in text
    assert "Not 1 of them: It still waits: waiting for payment." in text
    assert [state_of(order) for order in (free, both, unpaid)] == ["ready", "held", "held"]


def test_a_ship_code_is_set_for_several_and_one_that_a_warehouse_has_is_named(shop):
    held, taken = shop.order(ship="std-eu"), shop.order()
    offer_waiting(shop.store, now=NOW)
    acknowledge(ShippingRequest.objects.get(order=taken), 1, by="Nord", now=NOW)

    page = bulk(shop, [held, taken], "ship_code", ship_code="EU-EXP")

    assert "1 order is changed." in text_of(page)
    assert "A warehouse has this order already" in text_of(page)
    assert state_of(held) == "ready"
    assert Order.objects.get(pk=taken.pk).ship_code == "EU-STD"


def test_a_warehouse_is_set_for_several(shop):
    second = make_warehouse(shop.account, name="Second")
    orders = [shop.order() for _ in range(2)]

    bulk(shop, orders, "warehouse", warehouse=second.pk)

    assert set(Order.objects.values_list("warehouse__name", flat=True)) == {"Second"}


def test_a_strangers_warehouse_and_a_strangers_order_are_left_alone(shop, monkeypatch):
    other = Shop(monkeypatch)
    ours, theirs = shop.order(), other.order()

    page = bulk(shop, [ours], "warehouse", warehouse=other.warehouse.pk)
    nothing = bulk(shop, [theirs], "hold", note="mine")

    assert "Select a valid choice" in text_of(page)
    assert Order.objects.get(pk=ours.pk).warehouse == shop.warehouse
    assert "Choose the orders first" in text_of(nothing)
    assert state_of(theirs) == "new"


def test_chosen_orders_are_exported(shop):
    one, _ = shop.order(number="1"), shop.order(number="2")

    file = shop.client(Role.VIEWER).post(shop.url("bulk"), {"row": [one.pk], "do": "export"})

    assert len(b"".join(file.streaming_content).decode().splitlines()) == 2


def test_packing_slips_of_the_chosen_orders_are_printed_together(shop):
    one, two, held = shop.order(number="10001"), shop.order(number="10002"), shop.order(number="10003", ship="std-eu")
    offer_waiting(shop.store, now=NOW)

    slips = bulk(shop, [one, two, held], "slips")
    nothing = bulk(shop, [held], "slips")
    viewer = bulk(shop, [one], "slips", client=shop.client(Role.VIEWER))

    assert "2 packing slips" in text_of(slips)
    assert "10003" not in text_of(slips)
    assert "there is nothing to pack yet" in text_of(nothing)
    assert viewer.status_code == 403


def test_where_more_orders_are_chosen_than_slips_are_printed_at_once_the_page_says_so(shop, monkeypatch):
    monkeypatch.setattr("orders.views.orders.AT_ONCE", 1)
    chosen = [shop.order(), shop.order()]
    offer_waiting(shop.store, now=NOW)

    assert "These are not all that you chose." in text_of(bulk(shop, chosen, "slips"))
    assert "These are not all that you chose." not in text_of(bulk(shop, chosen[:1], "slips"))


def test_all_that_match_means_the_lists_filters_or_the_groups_orders(shop):
    held, other = shop.order(ship="std-eu"), shop.order(ship="slow")
    new = shop.order()
    group = {"group_kind": "ship_code", "group_cause": str(held.ship_method_id), "all": "1", "query": ""}

    bulk(shop, [], "hold", note="wait", all="1", query="state=new")
    assert [Hold.objects.filter(order=o, kind="client").exists() for o in (held, other, new)] == [False, False, True]
    bulk(shop, [], "ship_code", ship_code="EU-STD", **group)
    assert [Order.objects.get(pk=o.pk).ship_code for o in (held, other)] == ["EU-STD", ""]


def test_more_than_one_press_can_do_is_refused(shop, monkeypatch):
    monkeypatch.setattr(page_module, "AT_ONCE", 2)
    orders = [shop.order() for _ in range(3)]

    page = bulk(shop, [], "ship_code", ship_code="EU-EXP", all="1", query="")

    assert "That is more than 2 orders at once." in text_of(page)
    assert {Order.objects.get(pk=order.pk).ship_code for order in orders} == {"EU-STD"}


@pytest.mark.parametrize("data", [{}, {"do": "explode", "row": "1"}, {"do": "hold", "row": ["x", "²", "9" * 30]}])
def test_nonsense_changes_nothing(shop, data):
    shop.order()

    page = shop.client().post(shop.url("bulk"), data, follow=True)

    assert "Choose the orders first" in text_of(page)


def test_a_viewer_may_not_change_orders(shop):
    order = shop.order()

    page = bulk(shop, [order], "hold", client=shop.client(Role.VIEWER), note="wait")

    assert page.status_code == 403
    assert state_of(order) == "new"


@pytest.mark.parametrize(
    ("back", "to"), [("held/group/?kind=sku", True), ("//evil.example/", False), ("https://evil.example/", False)]
)
def test_the_bar_leads_back_to_its_page_and_never_elsewhere(shop, back, to):
    where = f"/a/{shop.account.slug}/{back}" if to else back

    answer = shop.client().post(shop.url("bulk"), {"back": where})

    assert answer["Location"] == (where if to else shop.url("orders"))


def test_an_empty_list_says_what_comes_here_and_a_search_without_a_find_how_to_go_on(shop):
    client = shop.client()

    assert "No orders yet" in text_of(client.get(shop.url("orders")))
    shop.order()
    assert "Nothing matches" in text_of(client.get(shop.url("orders"), {"q": "zzz"}))


def test_strangers_see_nothing(shop, monkeypatch):
    other = Shop(monkeypatch)
    other.order(number="secret")

    assert listed(shop, q="secret") == []
    assert shop.client().get(other.url("orders")).status_code == 404


def test_late_is_said_in_the_row(shop):
    order = shop.order(placed_at=timezone.now() - LATE_AFTER - dt.timedelta(minutes=1))

    assert "Late" in text_of(shop.client().get(shop.url("orders"))).split(order.number, 1)[1]
    Order.objects.update(state=State.CONFIRMED)
    assert "Late" not in text_of(shop.client().get(shop.url("orders"))).split(order.number, 1)[1]
