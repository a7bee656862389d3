"""Reading Ecwid's orders: pages that shift while they are read, unfinished orders, what is asked for."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from django.utils import timezone

from fcp.errors import NotFound, Stale, Unreadable
from fcp.http import Session
from integrations.connectors.base import Bound
from integrations.connectors.ecwid.connector import EcwidConnector
from integrations.connectors.shapes import Credential, Window
from integrations.live import go_live
from integrations.models import Integration
from integrations.sandbox.server import Sandbox
from integrations.sandbox.setup import utc_now
from inventory.models import Reservation
from orders.models import Hold, Order, ShippingRequest
from orders.state import State
from tests.conftest_sandbox import reach_sandbox
from tests.integrations.flows.world import map_everything, sync, work

from .conftest import LONG_AGO, Reached, connect_ecwid

SEARCH = "https://app.ecwid.com/api/v3/1003/orders"
EVER = Window(since=LONG_AGO)


def ids(raws: Any) -> list[str]:
    return [raw.uid for raw in raws]


# --- pages --------------------------------------------------------------------------------------------------------


def test_orders_of_every_status_come_also_those_that_ecwid_lists_only_when_named(store: Reached) -> None:
    kinds = ["plain", "incomplete", "canceled", "refunded", "unpaid", "invoiced", "pickup", "digital", "not_delivered"]
    placed = {store.host.place_order(kind=kind)["id"] for kind in kinds}
    assert set(ids(store.all())) == placed


def test_an_idle_look_is_two_calls_and_asks_for_no_profile(store: Reached) -> None:
    store.host.place_order()
    later = Window(since=dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))
    (page,) = store.pages(later)
    assert (list(page.items), page.next) == ([], None)
    assert store.asked == ["GET orders", "GET orders"]


def test_ten_thousand_rows_are_read_with_hardly_more_calls_than_pages(reach_in: Any) -> None:
    with Sandbox(orders=1000, products=6, rate_limit=0, plain=True) as box:
        store = reach_in(box)
        assert len(set(ids(store.all()))) == 1000
        assert store.asked.count("GET orders") == 12  # 100, then 99 a page; then those that were never finished


def test_orders_that_come_while_we_read_move_the_pages_and_hide_none(store: Reached) -> None:
    placed = [store.host.place_order()["id"] for _ in range(7)]
    store.host.store.set_meta("newest_first", True)
    found: list[str] = []
    for page in store.pages(limit=3):
        found += ids(page.items)
        store.host.place_order()  # at the front: everything moves one place back
        if len(found) > 40:
            raise AssertionError("no end")
    assert set(placed) <= set(found)


def test_an_order_that_leaves_the_list_while_we_read_hides_none(store: Reached) -> None:
    placed = [store.host.place_order()["id"] for _ in range(9)]
    found: list[str] = []
    for place, page in enumerate(store.pages(limit=3)):
        found += ids(page.items)
        if place == 0:
            store.host.delete_order("ecwid", found[0])  # before the seam: everything moves one place forward
    assert set(placed) <= set(found)


def test_what_was_read_last_may_itself_be_gone(store: Reached) -> None:
    """Nothing shows then where we were, so the window is read anew."""
    for _ in range(6):
        store.host.place_order()
    first = store.connector.orders(EVER, None, 3)
    store.host.delete_order("ecwid", first.items[-1].uid)
    with pytest.raises(Stale):
        store.connector.orders(EVER, first.next, 3)


@pytest.mark.parametrize("token", ["all|900|GONE", "rubbish", "all|x|y", ""])
def test_a_place_that_there_is_not_asks_for_a_fresh_start(store: Reached, token: str) -> None:
    store.host.place_order()
    with pytest.raises(Stale):
        store.connector.orders(EVER, token, 3)


def test_what_was_placed_at_the_end_of_a_window_belongs_to_the_next(store: Reached) -> None:
    days = [dt.datetime(2026, 10, day, 12, tzinfo=dt.UTC) for day in (1, 2, 3)]
    placed = [store.host.place_order(created=day)["id"] for day in days]
    assert ids(store.all(Window(created_from=days[0], created_to=days[2]))) in ([*placed[:2]], [*placed[1::-1]])
    assert ids(store.all(Window(created_from=days[2], created_to=days[2] + dt.timedelta(days=1)))) == placed[2:]


def test_a_page_promises_no_order(store: Reached) -> None:
    store.host.place_order()
    assert not store.connector.orders(EVER, None).in_order


# --- single ones --------------------------------------------------------------------------------------------------


def test_an_order_is_found_by_its_id_in_small_letters_and_by_its_internal_number(store: Reached) -> None:
    order = store.host.place_order()
    found = store.connector.order_by_number(order["id"].lower())
    assert found
    assert found.uid == order["id"]
    by_number = store.connector.order(str(order["internalId"]))
    assert (by_number.uid, by_number.number) == (order["id"], order["id"])
    assert store.connector.order_by_number("NO SUCH ORDER") is None


@responses.activate
def test_where_the_internal_number_is_no_address_the_search_finds_it() -> None:
    order = {"id": "EBJFT", "internalId": 492512057, "updateTimestamp": 1714541188}
    responses.get(f"{SEARCH}/492512057", status=404, json={"errorCode": "ORDER_NOT_FOUND"})
    responses.get(SEARCH, json={"total": 1, "items": [order]})
    responses.get("https://app.ecwid.com/api/v3/1003/profile", json={"formatsAndUnits": {"currency": "USD"}})
    assert by_token().order("492512057").uid == "EBJFT"
    assert query(1)["ids"] == ["492512057"]


def test_several_orders_are_read_by_their_ids_in_one_call(store: Reached) -> None:
    placed = [store.host.place_order()["id"] for _ in range(5)]
    store.connector.check()
    store.calls.clear()
    assert set(ids(store.connector.orders_of([*placed[:3], "NOSUCH"]))) == set(placed[:3])
    assert store.asked == ["GET orders"]
    with pytest.raises(NotFound):
        store.connector.order("NOSUCH")


# --- the wire -----------------------------------------------------------------------------------------------------


def by_token() -> EcwidConnector:
    credential = Credential("custom_app", {"store_id": "1003", "token": "secret_0123456789abcdef"})
    return EcwidConnector(Bound(Session(EcwidConnector.platform.hosts), "", credential))


def query(call: int = -1) -> dict[str, list[str]]:
    return parse_qs(urlsplit(responses.calls[call].request.url or "").query)


@responses.activate
def test_every_status_is_asked_for_by_naming_none_and_then_the_one_that_is_left_out() -> None:
    responses.get(SEARCH, json={"total": 0, "items": []})
    by_token().orders(Window(since=dt.datetime(2026, 5, 1, 5, 26, 28, 700_000, tzinfo=dt.UTC)), None)
    asked = {"updatedFrom": ["1777613188"], "offset": ["0"], "limit": ["100"]}
    assert [query(0), query(1)] == [asked, asked | {"paymentStatus": ["INCOMPLETE"]}]


@pytest.mark.parametrize("body", [{}, [], {"items": None}, {"items": {"id": "a"}}, {"items": "none"}])
@responses.activate
def test_an_answer_without_a_list_of_orders_is_unreadable(body: Any) -> None:
    responses.get(SEARCH, json=body)
    with pytest.raises(Unreadable):
        by_token().orders(EVER, None)


# --- through the flow ---------------------------------------------------------------------------------------------


@pytest.mark.req("P17-10")
def test_every_order_comes_in_whatever_its_status_and_only_what_may_ship_is_offered(
    connected: Any, sandbox: Sandbox
) -> None:
    kinds = ["plain", "unpaid", "canceled", "refunded", "shipped", "incomplete", "not_delivered", "pickup"]
    placed = {kind: sandbox.ecwid.place_order(kind=kind)["id"] for kind in kinds}
    integration: Integration = connected(history=365)
    found = {order.uid: order for order in Order.objects.filter(store=integration.store)}
    assert set(found) == set(placed.values())
    assert {found[placed[kind]].state for kind in ("canceled", "refunded", "not_delivered")} == {State.CANCELED}
    waiting = Hold.objects.open().filter(kind="payment").values_list("order__uid", flat=True)
    assert set(waiting) == {placed["unpaid"], placed["incomplete"]}
    assert found[placed["shipped"]].state == State.CONFIRMED
    [place] = Hold.objects.open().filter(kind="location")  # nobody said yet which warehouse serves it
    assert place.order.uid == placed["pickup"]
    assert not ShippingRequest.objects.exists()  # the integration is not live


def test_an_order_that_is_paid_later_comes_in_again_and_waits_no_more(connected: Any, sandbox: Sandbox) -> None:
    order = sandbox.ecwid.place_order(kind="unpaid")
    integration = connected()
    assert Hold.objects.open().filter(kind="payment").count() == 1
    sandbox.ecwid.set_payment("ecwid", order["id"])
    sync(integration)
    assert Order.objects.get().payment == "paid"
    assert not Hold.objects.open().filter(kind="payment").exists()


def test_a_cart_that_no_buyer_finished_takes_no_stock_and_is_never_offered(connected: Any, sandbox: Sandbox) -> None:
    integration = connected(release="any")
    map_everything(integration)
    go_live(integration, by="Ann", now=timezone.now())
    cart = sandbox.ecwid.place_order(kind="incomplete", skus=["ENV-25"], shipping="Standard shipping")
    sync(integration)
    map_everything(integration)
    assert Order.objects.get().state == State.HELD
    assert not Reservation.objects.exists()

    sandbox.ecwid.set_payment("ecwid", cart["id"], "AWAITING_PAYMENT")  # he did: ordered, and paid later
    sync(integration)
    assert Order.objects.get().state == State.READY
    assert Reservation.objects.get().quantity == 1


@pytest.mark.django_db(transaction=True)
def test_the_watermark_is_never_beyond_the_moment_when_reading_began(settings: Any) -> None:
    """What Ecwid lists in whatever sequence may have slipped past us since then."""
    ahead = dt.timedelta(minutes=10)
    with Sandbox(products=6, rate_limit=0, platforms=("ecwid",), clock=lambda: utc_now() + ahead) as box:
        reach_sandbox(box, settings)
        integration = connect_ecwid(box)
        work()
        order = box.ecwid.place_order()
        began = utc_now()
        flow = sync(integration)
        assert Order.objects.get().changed_at > began + dt.timedelta(minutes=9)
        assert flow.watermark
        assert began - dt.timedelta(seconds=1) < flow.watermark < utc_now()
        box.ecwid.change_order("ecwid", order["id"], {"orderComments": "later"})
        sync(integration)
        assert Order.objects.get().buyer_note == "later"
