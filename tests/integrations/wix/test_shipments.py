"""Telling Wix of shipments and reading back what it lists."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
import responses

from fcp.errors import Busy, NotFound, Refused, Rejected, SyncError, Unreachable, Unreadable
from fcp.http import Session
from integrations.connectors.base import Bound
from integrations.connectors.shapes import Answer, AppSecrets, Credential, ParcelToTell, ShipmentToTell
from integrations.connectors.wix.connector import WixConnector
from integrations.connectors.wix.shipments import tracking_of
from orders.shapes import IncomingOrder

from .conftest import Reached
from .test_shaping import payload

API = "https://www.wixapis.com/ecom/v1/fulfillments"


def shipment(order: IncomingOrder, *numbers: str, key: str = "1", carrier: str = "UPS", **more: Any) -> ShipmentToTell:
    lines = tuple((line.uid, line.quantity) for line in order.lines if line.ships)
    parcels = tuple(ParcelToTell(number) for number in numbers)
    return replace(ShipmentToTell(key, order.uid, "create", lines, carrier, parcels), **more)


def tell(store: Reached, *shipments: ShipmentToTell) -> list[Answer]:
    answers = list(store.connector.push_shipments(shipments).answers)
    assert [answer.key for answer in answers] == [one.key for one in shipments]
    return answers


def rejected(answer: Answer) -> SyncError:
    assert answer.error is not None
    assert answer.store_ref == ""
    return answer.error


def writes(store: Reached) -> list[str]:
    return [f"{call.method} {call.path.removeprefix('/wix/ecom/v1/fulfillments')}" for call in store.calls]


def test_a_shipment_is_told_with_its_lines_and_tracking(store: Reached) -> None:
    order = store.placed(quantity=2)
    (answer,) = tell(store, shipment(order, "1Z999"))
    (told,) = store.host.told(store.site, order.number)
    assert told["id"] == answer.store_ref
    assert told["trackingInfo"]["shippingProvider"] == "ups"
    assert told["trackingInfo"]["trackingLink"].endswith("1Z999")
    assert {line["id"]: line["quantity"] for line in told["lineItems"]} == {
        line.uid: line.quantity for line in order.lines
    }
    assert store.shaped(order.uid).fulfillment.value == "fulfilled"


def test_a_shipment_without_a_number_is_told_too(store: Reached) -> None:
    order = store.placed()
    (answer,) = tell(store, shipment(order))
    assert answer.store_ref
    assert "trackingInfo" not in store.host.told(store.site, order.number)[0]


def test_shipments_of_many_orders_go_in_one_call_and_each_has_its_answer(store: Reached) -> None:
    orders = [store.placed() for _ in range(5)]
    store.calls.clear()
    answers = tell(store, *[shipment(order, f"N{n}", key=str(n)) for n, order in enumerate(orders)])
    assert writes(store) == ["POST /orders/bulk/create-fulfillments"]
    for answer, order in zip(answers, orders, strict=True):
        assert [told["id"] for told in store.host.told(store.site, order.number)] == [answer.store_ref]


def test_more_than_a_hundred_orders_take_a_second_call(store: Reached) -> None:
    orders = [store.placed() for _ in range(101)]
    store.calls.clear()
    answers = tell(store, *[shipment(order, f"N{n}", key=str(n)) for n, order in enumerate(orders)])
    assert all(answer.store_ref for answer in answers)
    assert len(writes(store)) == 2
    assert writes(store)[1].endswith("/create-fulfillment")


def test_two_shipments_of_one_order_are_two_calls_with_two_ids(store: Reached) -> None:
    order = store.placed(quantity=2)
    half = tuple((line.uid, 1) for line in order.lines)
    first, second = tell(store, shipment(order, "A1", lines=half), shipment(order, "A2", key="2", lines=half))
    told = store.host.told(store.site, order.number)
    assert {t["id"]: t["trackingInfo"]["trackingNumber"] for t in told} == {
        first.store_ref: "A1",
        second.store_ref: "A2",
    }


def test_in_bulk_one_bad_shipment_fails_alone(store: Reached) -> None:
    good, bad, late = store.placed(), store.placed(), store.placed()
    store.host.cancel_order(store.site, bad.number)
    answers = tell(store, shipment(good, "A"), shipment(bad, "B", key="2"), shipment(late, "C", key="3"))
    assert [bool(answer.store_ref) for answer in answers] == [True, False, True]
    assert rejected(answers[1]).code == "order_not_approved"
    assert store.host.told(store.site, bad.number) == []


def test_a_correction_changes_the_tracking_only(store: Reached) -> None:
    order = store.placed()
    (told,) = tell(
        store, shipment(order, "OLD", carrier="Acme", parcels=(ParcelToTell("OLD", "https://acme.test/OLD"),))
    )
    tell(store, shipment(order, "1ZNEW", action="change", store_ref=told.store_ref))
    (now,) = store.host.told(store.site, order.number)
    assert now["id"] == told.store_ref
    assert now["trackingInfo"]["trackingNumber"] == "1ZNEW"
    assert "acme" not in now["trackingInfo"]["trackingLink"]


def test_a_withdrawal_takes_the_shipment_away_and_is_no_error_when_it_is_gone(store: Reached) -> None:
    order = store.placed()
    (told,) = tell(store, shipment(order, "A"))
    gone = shipment(order, action="retract", store_ref=told.store_ref)
    for _ in range(2):
        (answer,) = tell(store, gone)
        assert answer.error is None
    assert store.host.told(store.site, order.number) == []
    assert store.shaped(order.uid).fulfillment.value == "not_fulfilled"


def test_a_withdrawal_goes_before_what_replaces_it(store: Reached) -> None:
    order = store.placed()
    (old,) = tell(store, shipment(order, "A"))
    new = shipment(order, "A", key="2")
    answers = tell(store, new, shipment(order, action="retract", store_ref=old.store_ref))
    assert answers[0].error is None
    assert [told["id"] for told in store.host.told(store.site, order.number)] == [answers[0].store_ref]


# --- what Wix does not accept -------------------------------------------------------------------------------------


def test_a_number_that_the_order_has_already_is_rejected_in_plain_words(store: Reached) -> None:
    order = store.placed(quantity=2)
    half = tuple((line.uid, 1) for line in order.lines)
    tell(store, shipment(order, "A1", lines=half))
    error = rejected(tell(store, shipment(order, "A1", lines=half))[0])
    assert type(error) is Rejected
    assert error.code == "tracking_number_taken"
    assert error.sentence.startswith("Wix already has this tracking number.")


def test_more_pieces_than_are_open_are_rejected_in_plain_words(store: Reached) -> None:
    order = store.placed()
    tell(store, shipment(order, "A1"))
    error = rejected(tell(store, shipment(order, "A2"))[0])
    assert error.code == "over_quantity"
    assert "more pieces than are still open" in error.sentence


def test_an_order_that_is_not_approved_is_rejected_in_plain_words(store: Reached) -> None:
    error = rejected(tell(store, shipment(store.placed(kind="awaiting"), "A1"))[0])
    assert error.code == "order_not_approved"
    assert "not approved" in error.sentence


def test_a_line_that_the_order_does_not_have_is_rejected_in_plain_words(store: Reached) -> None:
    error = rejected(tell(store, shipment(store.placed(), "A1", lines=(("nope", 1),)))[0])
    assert error.code == "line_not_found"


def test_an_order_or_a_shipment_that_wix_does_not_know_is_not_found(store: Reached) -> None:
    order = store.placed()
    unknown = rejected(tell(store, shipment(order, "A", order_uid="00000000-0000-4000-8000-000000000000"))[0])
    gone = rejected(
        tell(store, shipment(order, "A", action="change", store_ref="00000000-0000-4000-8000-0000000000ff"))[0]
    )
    assert isinstance(unknown, NotFound)
    assert isinstance(gone, NotFound)
    assert (unknown.code, gone.code) == ("order_not_found", "shipment_not_found")


def test_a_carrier_without_any_link_says_where_to_enter_one(store: Reached) -> None:
    error = rejected(tell(store, shipment(store.placed(), "A", carrier="Acme"))[0])
    assert error.code == "tracking_link_missing"
    assert "Mappings, Carriers" in error.sentence


def test_no_tracking_number_stands_in_a_sentence(store: Reached) -> None:
    order = store.placed(quantity=2)
    half = tuple((line.uid, 1) for line in order.lines)
    answers = tell(store, shipment(order, "PRIVATE77", lines=half), shipment(order, "PRIVATE77", key="2", lines=half))
    assert "PRIVATE77" not in rejected(answers[1]).sentence


# --- lost and cut short -------------------------------------------------------------------------------------------


def test_a_lost_answer_says_that_it_may_be_done_and_reading_back_finds_it(store: Reached) -> None:
    order = store.placed()
    ours = shipment(order, "1Z1")
    store.host.misbehave("lost_answer", site=store.site)
    with pytest.raises(Unreachable) as caught:
        store.connector.push_shipments([ours])
    assert caught.value.maybe_done

    (listed,) = store.connector.told_shipments([order.uid])[order.uid]
    assert store.connector.same_shipment(listed, ours)
    assert not store.connector.same_shipment(listed, shipment(order, "1Z2"))
    assert not store.connector.same_shipment(listed, shipment(order, "1Z1", lines=((order.lines[0].uid, 9),)))


@pytest.mark.parametrize("kind", ["drop", "busy", "unauthorized"])
def test_what_never_reached_the_store_is_not_told(store: Reached, kind: str) -> None:
    order = store.placed()
    store.host.misbehave(kind, site=store.site)
    with pytest.raises((Unreachable, Busy, Refused)):
        store.connector.push_shipments([shipment(order, "1Z1")])
    assert store.connector.told_shipments([order.uid]) == {order.uid: []}


def test_when_the_store_gets_busy_half_way_what_was_told_keeps_its_answer(store: Reached) -> None:
    order = store.placed(quantity=3)
    piece = tuple((line.uid, 1) for line in order.lines)
    store.host.misbehave("busy", site=store.site, skip=1, path="create-fulfillment")
    answers = tell(store, *[shipment(order, f"A{n}", key=str(n), lines=piece) for n in range(3)])
    assert answers[0].store_ref
    assert isinstance(answers[1].error, Busy)
    assert isinstance(answers[2].error, Busy)
    assert len(store.host.told(store.site, order.number)) == 1
    assert len([call for call in writes(store) if "create" in call]) == 2  # the third was never sent


def test_a_bulk_that_is_refused_as_a_whole_is_told_one_by_one(store: Reached) -> None:
    good, bad = store.placed(), store.placed()
    store.host.misbehave("stale_revision", site=store.site, path="bulk/create-fulfillments")
    answers = tell(store, shipment(good, "A"), shipment(bad, "B", key="2", lines=()))
    assert answers[0].store_ref
    assert isinstance(answers[1].error, Rejected)


def test_of_many_in_a_bulk_that_is_refused_only_those_beside_the_odd_one_are_told_one_by_one(store: Reached) -> None:
    orders = [store.placed() for _ in range(60)]
    store.calls.clear()
    store.host.misbehave("stale_revision", site=store.site, path="bulk/create-fulfillments", count=2)
    answers = tell(store, *[shipment(order, f"N{n}", key=str(n)) for n, order in enumerate(orders)])
    assert all(answer.store_ref for answer in answers)
    assert all(len(store.host.told(store.site, order.number)) == 1 for order in orders)
    assert len([call for call in writes(store) if "bulk" in call]) == 4  # all, three pieces
    assert len(writes(store)) == 4 + 25


def test_an_order_that_is_unknown_is_missing_from_what_is_told(store: Reached) -> None:
    order, shipped = store.placed(), store.placed()
    store.host.fulfill(store.site, shipped.number, tracking="99", provider="dhl")
    told = store.connector.told_shipments([order.uid, "00000000-0000-4000-8000-000000000000", shipped.uid])
    assert told[order.uid] == []
    assert [(one.tracking, one.carrier) for one in told[shipped.uid]] == [("99", "dhl")]
    assert set(told) == {order.uid, shipped.uid}


def test_reading_back_asks_for_a_hundred_orders_at_a_time(store: Reached) -> None:
    uids = [store.host.place_order(store.site)["id"] for _ in range(103)]
    assert list(store.connector.told_shipments(uids)) == uids
    assert len(store.calls) == 2


# --- answers that only a real store gives -------------------------------------------------------------------------


def by_key() -> WixConnector:
    credential = Credential("api_key", {"api_key": "IST.0123456789", "site_id": "1-2"})
    return WixConnector(Bound(Session(WixConnector.platform.hosts), "v1", credential, AppSecrets()))


ORDER = "58c9a790-27b7-463f-a865-c7cb494f7c29"
LINE = "00000000-0000-0000-0000-000000000001"
OURS = ShipmentToTell("1", ORDER, "create", ((LINE, 1),), "FedEx", (ParcelToTell("12345"),))


@responses.activate
def test_the_genuine_exchange_of_creating_a_fulfillment() -> None:
    genuine = payload("fulfillment-create.json")
    responses.post(f"{API}/orders/{ORDER}/create-fulfillment", json=genuine["response"])
    (answer,) = by_key().push_shipments([OURS]).answers
    assert orjson.loads(responses.calls[0].request.body) == genuine["request"]
    assert answer.store_ref == genuine["response"]["fulfillmentId"]


@responses.activate
def test_the_genuine_list_of_fulfillments() -> None:
    genuine = payload("fulfillments-list-multiple.json")
    responses.post(f"{API}/list-by-ids", json=genuine["response"])
    told = by_key().told_shipments(genuine["request"]["orderIds"])
    assert orjson.loads(responses.calls[0].request.body) == genuine["request"]
    first, second = told["265c7d98-a7c3-48c4-89cd-bbdc00921eab"]
    assert (first.uid, first.lines) == ("80f939c8-cdc4-44fe-a058-b54d506af170", ((LINE, 2),))
    assert (second.tracking, second.carrier) == ("12345", "ups")
    assert second.created_at is not None


@responses.activate
def test_an_order_whose_list_cannot_be_read_is_told_apart_from_an_empty_one() -> None:
    listed = [
        {"orderId": "a", "fulfillments": [{"id": "f", "lineItems": [{"id": LINE, "quantity": "many"}]}]},
        {"orderId": "b", "fulfillments": "none"},
        {"orderId": "c", "fulfillments": []},
        None,
    ]
    responses.post(f"{API}/list-by-ids", json={"ordersWithFulfillments": listed})
    assert by_key().told_shipments(["a", "b", "c"]) == {"a": None, "b": None, "c": []}


@responses.activate
def test_an_answer_that_lists_nothing_is_not_taken_for_no_shipments() -> None:
    responses.post(f"{API}/list-by-ids", json={})
    with pytest.raises(Unreadable):
        by_key().told_shipments(["a"])


@responses.activate
def test_a_bulk_answer_without_one_of_the_orders_leaves_that_one_in_doubt() -> None:
    result = {"itemMetadata": {"originalIndex": 1, "success": True}, "ordersWithFulfillments": {"fulfillments": []}}
    responses.post(f"{API}/orders/bulk/create-fulfillments", json={"results": [result]})
    other = ShipmentToTell("2", "b", "create", ((LINE, 1),))
    first, second = by_key().push_shipments([OURS, other]).answers
    assert isinstance(first.error, Unreadable)
    assert first.error.maybe_done
    assert second.error is None


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"message": "x", "details": {"applicationError": {"code": "QUANTITY_EXCEEDED"}}}, "over_quantity"),
        (400, {"message": "x", "details": {"applicationError": {"code": "ORDER_IS_PENDING"}}}, "order_not_approved"),
        (428, {"message": "x", "details": {"applicationError": {"code": "ORDER_IS_REJECTED"}}}, "order_not_approved"),
        (404, {"message": "x", "details": {"applicationError": {"code": "ORDER_NOT_FOUND"}}}, "order_not_found"),
        (400, {"message": "x"}, "record_rejected"),
        (400, {"details": {"validationError": {"fieldViolations": "?"}}}, "record_rejected"),
        (400, "text", "record_rejected"),
        (409, {}, "record_stale"),
    ],
)
@responses.activate
def test_what_wix_says_of_one_shipment_becomes_its_answer(status: int, body: Any, code: str) -> None:
    responses.post(f"{API}/orders/{ORDER}/create-fulfillment", json=body, status=status)
    (answer,) = by_key().push_shipments([OURS]).answers
    assert answer.error is not None
    assert answer.error.code == code


# --- carriers and links -------------------------------------------------------------------------------------------


def tracking(carrier: str, *parcels: ParcelToTell | str) -> Any:
    told = tuple(ParcelToTell(parcel) if isinstance(parcel, str) else parcel for parcel in parcels)
    return tracking_of(ShipmentToTell("1", ORDER, "create", ((LINE, 1),), carrier, told))


@pytest.mark.parametrize(
    ("carrier", "provider"),
    [
        ("UPS", "ups"),
        ("ups ground", "ups"),
        ("FedEx", "fedex"),
        ("Federal Express", "fedex"),
        ("U.S.P.S.", "usps"),
        ("USPS Priority Mail", "usps"),
        ("DHL Express", "dhl"),
        ("dhl", "dhl"),
        ("Canada Post", "canadaPost"),
        ("canadaPost", "canadaPost"),
    ],
)
def test_carriers_that_wix_knows_are_named_as_wix_writes_them(carrier: str, provider: str) -> None:
    assert tracking(carrier, "77") == {"trackingNumber": "77", "shippingProvider": provider}


def test_another_carrier_keeps_its_name_and_gets_its_own_link() -> None:
    assert tracking("GLS", "7 7") == {
        "trackingNumber": "7 7",
        "shippingProvider": "GLS",
        "trackingLink": "https://gls-group.com/track/7%207",
    }
    assert tracking("Acme", ParcelToTell("77", "https://acme.test/77")) == {
        "trackingNumber": "77",
        "shippingProvider": "Acme",
        "trackingLink": "https://acme.test/77",
    }


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "ftp://acme.test/1", "acme.test", "https://acme.test/" + "x" * 3000]
)
def test_a_link_that_is_none_is_not_told(url: str) -> None:
    assert tracking("Acme", ParcelToTell("77", url)) == {"trackingNumber": "77", "shippingProvider": "Acme"}


def test_a_parcel_without_a_carrier_is_told_as_another() -> None:
    assert tracking("", "77") == {"trackingNumber": "77", "shippingProvider": "Other"}


def test_several_parcels_are_told_with_all_their_numbers_and_a_link_that_opens_them() -> None:
    assert tracking("UPS", "1Z1", "1Z2") == {
        "trackingNumber": "1Z1, 1Z2",
        "shippingProvider": "UPS",
        "trackingLink": "https://www.ups.com/track?tracknum=1Z1,1Z2",
    }
    assert tracking("DPD", "11", "22")["trackingLink"].endswith("/11")


def test_more_numbers_than_fit_are_counted() -> None:
    text = tracking("GLS", *[f"{n:020d}" for n in range(9)])["trackingNumber"]
    assert len(text) <= 100
    assert text.startswith("00000000000000000000, 00000000000000000001, ")
    assert text.endswith(" +5")


def test_several_parcels_reach_the_store_and_are_known_again(store: Reached) -> None:
    order = store.placed()
    ours = shipment(order, "1Z1", "1Z2", "1Z3")
    tell(store, ours)
    (listed,) = store.connector.told_shipments([order.uid])[order.uid]
    assert listed.tracking == "1Z1, 1Z2, 1Z3"
    assert store.connector.same_shipment(listed, ours)


# --- which one is ours --------------------------------------------------------------------------------------------


def listed(uid: str, created: str, number: str = "12345", quantity: int = 1) -> dict[str, Any]:
    return {
        "id": uid,
        "createdDate": f"2026-01-05T{created}:00.000Z",
        "lineItems": [{"id": LINE, "quantity": quantity}],
        "trackingInfo": {"trackingNumber": number, "shippingProvider": "fedex"},
    }


@responses.activate
def test_in_a_bulk_answer_ours_is_the_newest_with_our_lines_and_number() -> None:
    """Wix lists all of an order's fulfillments, and does not say which one is new."""
    fulfillments = [
        listed("older", "08:00"),
        listed("ours", "09:00"),
        listed("another-number", "10:00", number="777"),
        listed("another-quantity", "11:00", quantity=2),
    ]
    result = {
        "itemMetadata": {"originalIndex": 0, "success": True},
        "ordersWithFulfillments": {"orderId": ORDER, "fulfillments": fulfillments},
    }
    other = {"itemMetadata": {"originalIndex": 1, "success": True}, "ordersWithFulfillments": {"fulfillments": []}}
    responses.post(f"{API}/orders/bulk/create-fulfillments", json={"results": [other, result]})
    first, second = by_key().push_shipments([OURS, ShipmentToTell("2", "b", "create", ((LINE, 1),))]).answers
    assert (first.store_ref, second.store_ref) == ("ours", "")


@responses.activate
def test_a_correction_takes_the_old_link_away_so_that_wix_makes_the_new_one() -> None:
    responses.patch(f"{API}/f1/orders/{ORDER}", json={})
    by_key().push_shipments([replace(OURS, action="change", store_ref="f1")])
    assert orjson.loads(responses.calls[0].request.body) == {
        "fulfillment": {
            "id": "f1",
            "trackingInfo": {"trackingLink": None, "trackingNumber": "12345", "shippingProvider": "fedex"},
        },
        "orderId": ORDER,
    }


@responses.activate
def test_a_correction_to_no_tracking_takes_it_away() -> None:
    responses.patch(f"{API}/f1/orders/{ORDER}", json={})
    by_key().push_shipments([replace(OURS, action="change", store_ref="f1", parcels=())])
    assert orjson.loads(responses.calls[0].request.body)["fulfillment"] == {"id": "f1", "trackingInfo": None}
