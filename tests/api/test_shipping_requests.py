"""A partner lists what it is asked to ship, takes it or not, and reports what has left."""

import datetime as dt

import pytest
from django.utils import timezone

from orders.models import Fulfillment, Hold, ShippingRequest
from orders.models.shipping import RequestState
from orders.release import renew_offers, withdraw
from tests.orders.making import NOW, line_of, make_order, make_store, make_warehouse, new_order, offered

pytestmark = pytest.mark.django_db


def path(request, action=""):
    return f"/shipping-requests/{request.pk}{action}"


def take(api, request):
    return api.post(path(request, "/acknowledge"), {"revision": 1, "reference": "WMS-7"})


def shipment(order, quantity=1, **values):
    lines = [{"id": str(line_of(order, "MUG").pk), "quantity": quantity}]
    parcels = [{"tracking_number": "00340434161094042557", "url": "https://dhl.example/1"}]
    return {"id": "S-1", "lines": lines, "carrier": "DHL", "service": "Paket", "parcels": parcels} | values


def error(response):
    return response.status_code, response.json()["error"]["code"]


def test_an_offered_request_is_listed_with_all_a_warehouse_needs_until_it_is_acknowledged(api, partner):
    order = new_order({"MUG": 2}, partner, name="MyShop")
    request = offered(order)

    [shown] = api.get("/shipping-requests").json()["results"]

    assert (shown["id"], shown["revision"], shown["state"]) == (str(request.pk), 1, "offered")
    assert (shown["order"], shown["order_number"], shown["store"]) == (str(order.pk), order.number, "MyShop")
    assert (shown["ship_code"], shown["ship_to"]["city"]) == ("STD", "Bonn")
    [line] = shown["lines"]
    assert (line["sku"], line["quantity"], line["shipped"]) == ("MUG", 2, 0)
    assert take(api, request).json()["reference"] == "WMS-7"
    assert api.get("/shipping-requests").json() == {"results": [], "next": None}
    assert api.get("/shipping-requests", state="acknowledged").json()["results"][0]["id"] == str(request.pk)


def test_the_whole_way_of_an_order_in_two_parts(api, partner):
    order = new_order({"MUG": 3}, partner)
    request = offered(order)
    take(api, request)

    first = api.post(path(request, "/fulfillments"), shipment(order, 1))
    assert (first.status_code, first.json()["told"]) == (201, "due")
    assert api.get(path(request)).json()["state"] == "partly_shipped"
    assert api.get(path(request)).json()["lines"][0]["shipped"] == 1
    api.post(path(request, "/fulfillments"), shipment(order, 2, id="S-2", parcels=[]))

    answer = api.get(f"/orders/{order.pk}").json()
    assert (answer["state"], answer["lines"][0]["shipped"]) == ("shipped", 3)
    assert [f["id"] for f in answer["fulfillments"]] == ["S-1", "S-2"]
    assert answer["fulfillments"][0]["parcels"][0]["tracking_number"] == "00340434161094042557"


def test_an_order_shows_no_person(api, partner):
    order = new_order({"MUG": 1}, partner)
    offered(order)

    assert "Ann Example" not in api.get(f"/orders/{order.pk}").content.decode()


@pytest.mark.parametrize("pk", ["999999", "0", "abc", "9" * 40, "%00", "１"])
def test_an_unknown_request_is_not_found(api, pk):
    assert error(api.get(f"/shipping-requests/{pk}")) == (404, "not_found")
    assert error(api.post(f"/shipping-requests/{pk}/acknowledge", {"revision": 1})) == (404, "not_found")


def test_an_older_revision_is_a_conflict_that_names_the_current_one(api, partner):
    order = new_order({"MUG": 1}, partner)
    request = offered(order)
    order.note = "Leave it at the door"
    order.save(update_fields=["note"])
    renew_offers(order.store, [order.pk], now=timezone.now(), actor="Ann")

    response = take(api, request)

    assert error(response) == (409, "stale_revision")
    assert response.json()["error"]["fields"] == {"revision": ["The current revision is 2."]}
    assert api.get(path(request)).json()["notes"]["ours"] == "Leave it at the door"


def test_more_than_ordered_is_refused_naming_the_line(api, partner):
    order = new_order({"MUG": 2}, partner)
    request = offered(order)
    take(api, request)

    response = api.post(path(request, "/fulfillments"), shipment(order, 3))

    assert error(response) == (422, "more_than_ordered")
    assert "Line 1 (MUG): 2 ordered" in response.json()["error"]["message"]
    assert not Fulfillment.objects.exists()


def test_a_line_has_one_id_only_so_that_none_is_named_twice_by_two(api, partner):
    order = new_order({"MUG": 3}, partner)
    request = offered(order)
    take(api, request)
    line = str(line_of(order, "MUG").pk)
    lines = [{"id": line, "quantity": 1}, {"id": f"0{line}", "quantity": 2}]

    refused = api.post(path(request, "/fulfillments"), shipment(order, lines=lines))

    assert error(refused) == (404, "not_found")
    assert not Fulfillment.objects.exists()
    assert api.get(f"/shipping-requests/0{request.pk}").status_code == 404


def test_a_canceled_order_cannot_be_shipped(api, partner):
    order = new_order({"MUG": 1}, partner)
    request = offered(order)
    take(api, request)
    ShippingRequest.objects.update(state=RequestState.CANCEL_ASKED, cancel_asked_at=timezone.now())
    assert error(api.post(path(request, "/fulfillments"), shipment(order))) == (409, "cancel_asked")

    answer = api.post(path(request, "/cancel-answer"), {"stopped": True})

    assert (answer.status_code, answer.json()["state"]) == (200, "canceled")
    assert error(api.post(path(request, "/fulfillments"), shipment(order))) == (409, "canceled")


def test_too_late_to_stop_needs_a_reason_and_lets_it_ship(api, partner):
    order = new_order({"MUG": 1}, partner)
    request = offered(order)
    take(api, request)
    ShippingRequest.objects.update(state=RequestState.CANCEL_ASKED, cancel_asked_at=timezone.now())
    silent = api.post(path(request, "/cancel-answer"), {"stopped": False})
    assert error(silent) == (400, "invalid")
    assert list(silent.json()["error"]["fields"]) == ["reason"]

    api.post(path(request, "/cancel-answer"), {"stopped": False, "reason": "The truck has left"})

    assert api.post(path(request, "/fulfillments"), shipment(order)).status_code == 201


def test_the_same_id_twice_is_one_fulfillment_and_with_other_content_a_conflict(api, partner):
    order = new_order({"MUG": 2}, partner)
    request = offered(order)
    take(api, request)
    first = api.post(path(request, "/fulfillments"), shipment(order))

    again = api.post(path(request, "/fulfillments"), shipment(order))

    assert again.json() == first.json()
    assert Fulfillment.objects.count() == 1
    other = api.post(path(request, "/fulfillments"), shipment(order, carrier="UPS"))
    assert error(other) == (409, "fulfillment_differs")


def test_a_rejection_holds_the_order_with_the_reason(api, partner):
    order = new_order({"MUG": 1}, partner)
    request = offered(order)

    response = api.post(path(request, "/reject"), {"reason": "Out of stock"})

    assert (response.status_code, response.json()["reason"]) == (200, "Out of stock")
    assert Hold.objects.open().get(order=order).params["word"] == "Out of stock"


def test_a_withdrawn_request_cannot_be_taken(api, partner):
    order = new_order({"MUG": 1}, partner)
    request = offered(order)
    withdraw([order.pk], now=timezone.now(), actor="Ann")

    assert error(take(api, request)) == (409, "withdrawn")


def test_many_are_taken_each_for_itself(api, partner):
    requests = [offered(new_order({"MUG": 1}, partner)) for _ in range(3)]
    body = [{"id": str(r.pk), "revision": n, "reference": f"R{n}"} for n, r in enumerate(requests, start=1)]

    results = api.post("/shipping-requests/acknowledge", {"requests": body}).json()["results"]

    assert [row["acknowledged"] for row in results] == [True, False, False]
    assert results[1]["error"]["code"] == "stale_revision"


def test_more_than_a_hundred_at_once_are_refused(api):
    body = {"requests": [{"id": str(n), "revision": 1} for n in range(101)]}

    response = api.post("/shipping-requests/acknowledge", body)

    assert error(response) == (400, "invalid")
    assert "requests" in response.json()["error"]["fields"]


def test_pages_follow_each_other_without_gap_or_repeat(api, partner):
    store = make_store()
    warehouse = make_warehouse(store.account, partner)
    wanted = [str(offered(make_order(store, {"MUG": 1}, warehouse=warehouse)).pk) for _ in range(7)]

    found, after = [], {}
    while True:
        page = api.get("/shipping-requests", limit=3, **after).json()
        found += [row["id"] for row in page["results"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}

    assert found == wanted


def test_pages_of_several_states_are_one_list_by_time(api, partner):
    store = make_store()
    warehouse = make_warehouse(store.account, partner)
    requests = [offered(make_order(store, {"MUG": 1}, warehouse=warehouse)) for _ in range(6)]
    take(api, requests[0])
    take(api, requests[3])
    order = [requests[n] for n in (1, 0, 2, 3, 5, 4)]
    for minute, request in enumerate(order):
        ShippingRequest.objects.filter(pk=request.pk).update(changed_at=NOW + dt.timedelta(minutes=minute))

    found, after = [], {}
    while True:
        page = api.get("/shipping-requests", limit=4, state="acknowledged,offered", **after).json()
        found += [row["id"] for row in page["results"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}

    assert found == [str(request.pk) for request in order]


def test_the_list_can_be_narrowed_to_a_warehouse_and_to_what_changed(api, partner):
    here, there = new_order({"MUG": 1}, partner), new_order({"MUG": 1}, partner)
    first, second = offered(here), offered(there)
    later = timezone.now() + dt.timedelta(days=400)
    ShippingRequest.objects.filter(pk=second.pk).update(changed_at=later)

    of_warehouse = api.get("/shipping-requests", warehouse=first.warehouse_id).json()["results"]
    changed = api.get("/shipping-requests", changed_since=(later - dt.timedelta(hours=1)).isoformat()).json()["results"]

    assert [row["id"] for row in of_warehouse] == [str(first.pk)]
    assert [row["id"] for row in changed] == [str(second.pk)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"state": "gone"}, "state"),
        ({"limit": 0}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"after": "x"}, "after"),
        ({"after": "A\x00"}, "after"),
        ({"changed_since": "yesterday"}, "changed_since"),
    ],
)
def test_a_query_that_is_not_right_says_which_field(api, query, field):
    response = api.get("/shipping-requests", **query)

    assert error(response) == (400, "invalid")
    assert list(response.json()["error"]["fields"]) == [field]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "unreadable"),
        (b"\xff", 400, "unreadable"),
        (b"[" * 100_000, 400, "unreadable"),
        (b"[]", 400, "invalid"),
        (b'{"revision": NaN}', 400, "unreadable"),
        (b'{"revision": 1, "reference": "\\u0000"}', 400, "invalid"),
        (b'{"revision": 1, "reference": "\\ud800"}', 400, "invalid"),
        (b'{"revision": 99999999999999999999}', 400, "invalid"),
        (b'{"revision": 1, "reference": "' + b"x" * 300_000 + b'"}', 413, "too_large"),
    ],
)
def test_a_body_that_is_not_right_gets_an_error_of_the_usual_shape(api, partner, body, status, code):
    request = offered(new_order({"MUG": 1}, partner))

    assert error(api.post(path(request, "/acknowledge"), body)) == (status, code)


def test_other_methods_and_addresses_get_the_usual_shape_too(api):
    assert error(api.put("/shipping-requests", {})) == (405, "method_not_allowed")
    assert error(api.get("/nowhere")) == (404, "not_found")


def test_a_list_costs_the_same_number_of_statements_for_two_and_for_twenty(api, partner, django_assert_num_queries):
    store = make_store()
    warehouse = make_warehouse(store.account, partner)
    api.get("/warehouses")  # the calls that this process took from the key's bucket
    for count in (2, 18):
        for _ in range(count):
            order = make_order(store, {"MUG": 2}, warehouse=warehouse)
            request = offered(order)
            take(api, request)
            api.post(path(request, "/fulfillments"), shipment(order))
        with django_assert_num_queries(5):
            assert api.get("/shipping-requests", state="partly_shipped").status_code == 200


def test_a_partner_keeps_its_ship_codes(api, partner):
    codes = [{"code": "DHL-STD", "label": "DHL parcel", "carrier": "DHL", "service": "Paket"}]

    assert api.put("/ship-codes", {"ship_codes": codes}).json() == {"ship_codes": codes}

    assert api.get("/ship-codes").json() == {"ship_codes": codes}
    twice = api.put("/ship-codes", {"ship_codes": codes * 2})
    assert error(twice) == (400, "invalid")
