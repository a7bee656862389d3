"""Each way the stand-in store can misbehave, and what the connector makes of it: an error with a plain sentence."""

import datetime as dt
import time
from typing import Any

import pytest

from fcp.errors import Busy, Refused, SyncError, Unreachable, Unreadable
from integrations.sandbox.faults import KINDS
from integrations.sandbox.server import Sandbox

from .conftest import Reach, Reached

ANSWERS: dict[str, tuple[type[SyncError], str]] = {
    "busy": (Busy, "The store asks us to slow down. We go on by ourselves in a moment."),
    "error": (Unreachable, "The store does not answer. We try again by ourselves."),
    "gateway": (Unreachable, "The store does not answer. We try again by ourselves."),
    "unavailable": (Unreachable, "The store does not answer. We try again by ourselves."),
    "drop": (Unreachable, "The store does not answer. We try again by ourselves."),
    "timeout": (Unreachable, "The store does not answer. We try again by ourselves."),
    "lost_answer": (Unreachable, "The store does not answer. We try again by ourselves."),
    "cut": (Unreadable, "The store sent something we cannot read. We keep it and try again."),
    "html": (Unreadable, "The store sent something we cannot read. We keep it and try again."),
}
READ_WELL = {
    "slow",
    "nul",
    "long",
    "duplicate",
    "same_id",
    "reordered",
    "repeat_page",
    "no_lines",
    "wrong_type",
    "no_id",
}
ELSEWHERE = {  # below, and in test_connecting, test_shipments, test_stock_setting
    "unauthorized",
    "forbidden",
    "stale_revision",
    "refuse",
    "stale_rows",
    "failed_rows",
    "undetailed_rows",
}


def test_every_fault_of_the_stand_in_is_tried_here() -> None:
    assert set(ANSWERS) | READ_WELL | ELSEWHERE == set(KINDS)


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_page_that_does_not_come_is_one_plain_error_and_the_next_try_works(reach: Reach, kind: str) -> None:
    store = reach("v1", timeout=0.3)
    order = store.host.place_order("v1")
    store.host.misbehave(kind, site="v1", seconds=0.6, path="orders/search")
    with pytest.raises(SyncError) as caught:
        store.page()
    wanted, sentence = ANSWERS[kind]
    assert type(caught.value) is wanted
    assert caught.value.sentence == sentence
    assert not caught.value.maybe_done  # reading changes nothing
    assert store.numbers(store.page().items) == [order["number"]]


def test_a_storm_of_429_says_when_to_come_back(reach: Reach) -> None:
    store = reach("v1")
    store.host.misbehave("busy", site="v1", count=None, retry_after=30)
    with pytest.raises(Busy) as caught:
        store.page()
    assert caught.value.until is not None
    assert 25 < (caught.value.until - dt.datetime.now(dt.UTC)).total_seconds() <= 30


def test_the_stand_in_s_own_limit_of_calls_is_a_busy_store(reach_in: Any) -> None:
    with Sandbox(products=2, rate_limit=8) as box:
        store = reach_in(box)
        for _ in range(8 - store.host.site("v1").total_calls):
            store.page()
        with pytest.raises(Busy):
            store.page()


@pytest.mark.parametrize(("way", "code"), [("api_key", "credentials_refused"), ("app", "token_expired")])
def test_a_refused_call_tells_a_dead_token_from_a_dead_key(reach: Reach, way: str, code: str) -> None:
    store = reach("v1", way)
    store.host.misbehave("unauthorized", site="v1")
    with pytest.raises(Refused) as caught:
        store.page()
    assert caught.value.code == code


def test_a_revoked_app_cannot_read_and_cannot_renew(reach: Reach) -> None:
    store = reach("v3")
    store.host.misbehave("revoked", site="v3")
    for attempt in (store.page, lambda: store.connector.renew(dt.datetime.now(dt.UTC)), store.connector.check):
        with pytest.raises(Refused) as caught:
            attempt()
        assert caught.value.sentence.startswith("Wix does not let our app into this site.")


def test_a_slow_store_is_waited_for(reach: Reach) -> None:
    store = reach("v1")
    store.host.misbehave("slow", site="v1", seconds=0.15)
    started = time.monotonic()
    assert store.page().items == []
    assert time.monotonic() - started >= 0.15


# --- a page that comes, with something odd on it ------------------------------------------------------------------


def page_with(store: Reached, kind: str, orders: int = 3) -> Any:
    for _ in range(orders):
        store.host.place_order(store.site)
    store.host.misbehave(kind, site=store.site, path="orders/search")
    return store.page()


@pytest.mark.parametrize("kind", ["duplicate", "reordered", "nul", "long"])
def test_a_spoiled_page_still_gives_every_order_once(reach: Reach, kind: str) -> None:
    store = reach("v1")
    page = page_with(store, kind)
    assert sorted(store.numbers(page.items)) == ["10001", "10002", "10003"]
    assert page.bad == []
    assert page.high_water == max(raw.changed_at for raw in page.items)
    for raw in page.items:
        order = store.connector.shape_order(raw)
        assert "\x00" not in repr(order)
        assert all(len(line.title) <= 255 and len(line.sku) <= 100 for line in order.lines)


def test_two_orders_with_one_id_are_set_aside_and_the_rest_goes_on(reach: Reach) -> None:
    store = reach("v1")
    page = page_with(store, "same_id")
    assert store.numbers(page.items) == ["10003"]
    assert {bad.sentence for bad in page.bad} == {
        "Wix sent orders 10001 and 10002 under one id, so we cannot tell them apart."
    }
    assert len({bad.key for bad in page.bad}) == 2


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("no_lines", "Order 10001 has no lines."),
        ("wrong_type", 'Order 10001 has an unreadable value in the field "quantity".'),
    ],
)
def test_one_odd_order_is_named_and_the_rest_goes_on(reach: Reach, kind: str, sentence: str) -> None:
    store = reach("v1")
    first, *rest = page_with(store, kind).items
    with pytest.raises(Unreadable) as caught:
        store.connector.shape_order(first)
    assert caught.value.sentence == sentence
    assert [store.connector.shape_order(raw).number for raw in rest] == ["10002", "10003"]


def test_an_order_without_an_id_is_set_aside_and_the_rest_goes_on(reach: Reach) -> None:
    store = reach("v1")
    page = page_with(store, "no_id")
    assert store.numbers(page.items) == ["10002", "10003"]
    assert [bad.sentence for bad in page.bad] == [
        "Wix sent order 10001 without a usable id, so we cannot tell it apart from others."
    ]


def test_a_page_sent_once_more_is_noticed_and_the_right_one_read(reach: Reach) -> None:
    store = reach("v1")
    numbers = [store.host.place_order("v1")["number"] for _ in range(6)]
    found, token = [], None
    for turn in range(3):
        if turn == 1:
            store.host.misbehave("repeat_page", site="v1", path="orders/search")
        page = store.page(token, limit=2)
        found += store.numbers(page.items)
        token = page.next
    assert found == numbers
    assert token is None
    assert len(store.calls) == 4


def test_a_store_that_sends_one_page_for_ever_is_not_followed(reach: Reach) -> None:
    store = reach("v1")
    for _ in range(4):
        store.host.place_order("v1")
    token = store.page(limit=2).next
    store.host.misbehave("repeat_page", site="v1", count=None, path="orders/search")
    with pytest.raises(Unreadable):
        store.page(token, limit=2)
