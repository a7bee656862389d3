"""Reading orders: what is asked for, paging, what a page is cut into."""

import datetime as dt
from typing import Any

import orjson
import pytest
import responses

from fcp.errors import NotFound, Stale, Unreadable
from fcp.http import Session
from integrations.connectors.base import Bound
from integrations.connectors.shapes import AppSecrets, Credential, Window
from integrations.connectors.wix.connector import WixConnector
from integrations.connectors.wix.page import NO_TIME, raw_orders
from integrations.sandbox.server import Sandbox

from .conftest import LONG_AGO, Reach, Reached

SEARCH = "https://www.wixapis.com/ecom/v1/orders/search"


def test_every_order_comes_whatever_its_status_but_what_wix_never_lists(store: Reached) -> None:
    kinds = ["plain", "canceled", "refunded", "unpaid", "archived", "pickup", "digital", "awaiting", "rejected"]
    wanted = [store.host.place_order(store.site, kind=kind)["number"] for kind in kinds]
    hidden = store.host.place_order(store.site, kind="initialized")
    assert store.numbers(store.all()) == wanted

    assert store.shaped(hidden["id"]).status.value == "initialized"  # Get Order shows it


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_pages_follow_each_other_without_a_gap_or_a_repeat(store: Reached, limit: int) -> None:
    wanted = [store.host.place_order(store.site)["number"] for _ in range(7)]
    assert store.numbers(store.all(limit=limit)) == wanted
    assert len(store.calls) == max(1, -(-7 // limit))


def test_no_page_is_larger_than_wix_allows(reach_in: Any) -> None:
    with Sandbox(orders=230, products=6, rate_limit=0) as box:
        store = reach_in(box)
        pages = [page := store.page(limit=1000)]
        while page.next:
            pages.append(page := store.page(page.next, limit=1000))
        assert [len(page.items) for page in pages[:2]] == [100, 100]
        uids = [raw.uid for page in pages for raw in page.items]
        assert len(set(uids)) == len(uids)


def test_only_what_changed_since_is_read_oldest_change_first(store: Reached) -> None:
    first, second, third = (store.host.place_order(store.site) for _ in range(3))
    store.host.change_order(store.site, first["number"], {"buyerNote": "later"})
    assert store.numbers(store.all()) == [second["number"], third["number"], first["number"]]

    since = dt.datetime.fromisoformat(third["updatedDate"])
    page = store.connector.orders(Window(since=since), None)
    assert store.numbers(page.items) == [third["number"], first["number"]]
    assert page.high_water == page.items[-1].changed_at > since


def test_a_backfill_reads_what_was_created_in_its_window(store: Reached) -> None:
    days = [dt.datetime(2026, 10, day, 12, tzinfo=dt.UTC) for day in (1, 2, 3)]
    old, middle, new = (store.host.place_order(store.site, created=day) for day in days)
    store.host.change_order(store.site, old["number"], {"buyerNote": "changed"})
    window = Window(created_from=days[0], created_to=days[2])
    assert store.numbers(store.all(window)) == [old["number"], middle["number"]]
    assert store.numbers(store.all(Window(created_from=days[2]))) == [new["number"]]


def test_an_order_that_changes_while_paging_is_read_at_the_end_again(store: Reached) -> None:
    orders = [store.host.place_order(store.site) for _ in range(4)]
    page = store.page(limit=2)
    store.host.change_order(store.site, orders[0]["number"], {"buyerNote": "changed meanwhile"})
    rest = []
    while page.next:
        page = store.page(page.next, limit=2)
        rest += page.items
    assert orders[0]["id"] in [raw.uid for raw in rest]
    assert {order["id"] for order in orders[2:]} <= {raw.uid for raw in rest}


def test_the_fingerprint_follows_the_whole_order_and_nothing_else(store: Reached) -> None:
    order = store.host.place_order(store.site)
    first, again = store.connector.order(order["id"]), store.page().items[0]
    assert (first.fingerprint, first.packed) == (again.fingerprint, again.packed)
    assert -(2**63) <= first.fingerprint < 2**63
    assert orjson.loads(first.packed) == first.raw

    store.host.change_order(store.site, order["number"], {"tags.privateTags.tagIds": ["vip"]})
    assert store.connector.order(order["id"]).fingerprint != first.fingerprint


def test_an_order_that_wix_does_not_know_is_not_found(store: Reached) -> None:
    with pytest.raises(NotFound) as caught:
        store.connector.order("00000000-0000-4000-8000-000000000000")
    assert caught.value.sentence == "Wix no longer has this order."


def test_a_cursor_that_wix_no_longer_takes_asks_for_a_fresh_start(reach: Reach) -> None:
    with pytest.raises(Stale) as caught:
        reach().page("bm90LWEtY3Vyc29y")
    assert caught.value.code == "page_token_gone"


# --- cutting a page -----------------------------------------------------------------------------------------------


def raw(uid: Any = "a", updated: str = "2026-01-05T10:00:00.000Z", **more: Any) -> dict[str, Any]:
    return {"id": uid, "updatedDate": updated, **more}


def test_of_two_orders_with_one_id_the_one_changed_last_is_kept() -> None:
    old, new = raw(number="7", seen="old"), raw(updated="2026-01-05T10:00:01Z", number="7", seen="new")
    for items in ([old, raw("b"), new], [new, raw("b"), old]):
        orders, bad = raw_orders(items)
        assert {order.uid: order.raw.get("seen") for order in orders} == {"a": "new", "b": None}
        assert bad == []


def test_two_orders_of_different_numbers_under_one_id_are_both_set_aside() -> None:
    orders, bad = raw_orders([raw(number="7"), raw("b"), raw(number="8")])
    assert [order.uid for order in orders] == ["b"]
    assert {record.sentence for record in bad} == {
        "Wix sent orders 7 and 8 under one id, so we cannot tell them apart."
    }
    assert len({record.key for record in bad}) == 2


@pytest.mark.parametrize("uid", [None, "", 7, ["a"], "x" * 101, "a\x00b"])
def test_a_record_without_a_usable_id_is_set_aside_with_a_sentence(uid: Any) -> None:
    orders, (bad,) = raw_orders([raw(uid, number="10012"), raw("good")])
    assert [order.uid for order in orders] == ["good"]
    assert bad.sentence == "Wix sent order 10012 without a usable id, so we cannot tell it apart from others."
    assert orjson.loads(bad.packed)["number"] == "10012"
    assert raw_orders([raw(uid, number="10012")])[1][0].key == bad.key  # the same record again is the same failure


def test_what_is_no_order_at_all_is_set_aside() -> None:
    orders, bad = raw_orders(["text", None, 7, [], raw()])
    assert len(orders) == 1
    assert [orjson.loads(one.packed) for one in bad] == ["text", None, 7, []]


def test_an_order_without_a_time_does_not_move_the_position() -> None:
    orders, _ = raw_orders([raw(updated="yesterday"), {"id": "b", "createdDate": "2026-01-01T00:00:00Z"}])
    assert orders[0].changed_at == NO_TIME
    assert orders[1].changed_at == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


# --- the wire -----------------------------------------------------------------------------------------------------


def by_key() -> WixConnector:
    credential = Credential("api_key", {"api_key": "IST.0123456789", "site_id": "1-2"})
    return WixConnector(Bound(Session(WixConnector.platform.hosts), "v1", credential, AppSecrets()))


def search(token: str | None = None, window: Window | None = None) -> dict[str, Any]:
    by_key().orders(window or Window(since=LONG_AGO), token)
    body: dict[str, Any] = orjson.loads(responses.calls[-1].request.body)
    return body


@responses.activate
def test_pending_and_rejected_are_named_for_wix_leaves_them_out_otherwise() -> None:
    responses.post(SEARCH, json={"orders": [], "metadata": {}})
    assert search() == {
        "search": {
            "cursorPaging": {"limit": 100},
            "filter": {
                "status": {"$in": ["APPROVED", "CANCELED", "PENDING", "REJECTED"]},
                "updatedDate": {"$gte": "2000-01-01T00:00:00.000Z"},
            },
            "sort": [{"fieldName": "updatedDate", "order": "ASC"}],
        }
    }


@responses.activate
def test_a_further_page_is_asked_for_by_its_cursor_alone() -> None:
    responses.post(SEARCH, json={"orders": [], "metadata": {}})
    assert search("next-one") == {"search": {"cursorPaging": {"limit": 100, "cursor": "next-one"}}}


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        None,
        {"hasNext": False, "cursors": {"next": "x"}},
        {"hasNext": True, "cursors": {}},
        {"hasNext": True, "cursors": None},
    ],
)
@responses.activate
def test_the_last_page_is_known_by_any_of_its_signs(metadata: Any) -> None:
    responses.post(SEARCH, json={"orders": [], "metadata": metadata})
    assert by_key().orders(Window(since=LONG_AGO), None).next is None


@responses.activate
def test_a_page_that_leads_to_itself_is_not_followed_for_ever() -> None:
    responses.post(SEARCH, json={"orders": [], "metadata": {"hasNext": True, "cursors": {"next": "here"}}})
    with pytest.raises(Unreadable):
        by_key().orders(Window(since=LONG_AGO), "here")


@pytest.mark.parametrize("body", [{}, [], {"orders": None}, {"orders": {"id": "a"}}, {"orders": "none"}])
@responses.activate
def test_an_answer_without_a_list_of_orders_is_unreadable(body: Any) -> None:
    responses.post(SEARCH, json=body)
    with pytest.raises(Unreadable):
        by_key().orders(Window(since=LONG_AGO), None)
