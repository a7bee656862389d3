"""The stand-in misbehaves as told, as often as told, and no more."""

import http.client
import json
import time

import pytest

from .client import Wix

VERSION = "/stores/v3/provision/version"


@pytest.fixture
def wix(sandbox):
    for _ in range(4):
        sandbox.wix.place_order("v1")
    return Wix(sandbox)


@pytest.mark.parametrize(
    ("kind", "status"),
    [("busy", 429), ("error", 500), ("gateway", 502), ("unavailable", 503), ("unauthorized", 401), ("forbidden", 403)],
)
def test_it_refuses_as_often_as_told(sandbox, wix, kind, status):
    sandbox.wix.misbehave(kind, "v1", count=2)

    assert [wix.get(VERSION)[0] for _ in range(3)] == [status, status, 200]


def test_it_names_a_time_to_wait_when_told_to(sandbox, wix):
    sandbox.wix.misbehave("busy", "v1", retry_after=7)

    wix.get(VERSION)

    assert wix.answer_headers["Retry-After"] == "7"


def test_it_lets_calls_pass_before_it_strikes_and_looks_at_the_path(sandbox, wix):
    sandbox.wix.misbehave("error", "v1", skip=1, path="orders/search")

    statuses = [wix.post("/ecom/v1/orders/search", {"search": {}})[0] for _ in range(3)]

    assert wix.get(VERSION)[0] == 200
    assert statuses == [200, 500, 200]


def test_a_share_of_the_calls_goes_wrong(sandbox, wix):
    sandbox.wix.misbehave("error", "v1", count=None, share=0.5)

    statuses = {wix.get(VERSION)[0] for _ in range(40)}
    sandbox.wix.behave()

    assert statuses == {200, 500}
    assert {wix.get(VERSION)[0] for _ in range(10)} == {200}


def test_slow_is_slow_and_a_time_out_never_answers(sandbox, wix):
    sandbox.wix.misbehave("slow", "v1", seconds=0.1)
    started = time.monotonic()
    wix.get(VERSION)
    waited = time.monotonic() - started

    sandbox.wix.misbehave("timeout", "v1", seconds=30)

    assert waited >= 0.1
    with pytest.raises(TimeoutError):
        wix.call("GET", VERSION, timeout=0.1)


def test_a_cut_off_body_is_shorter_than_announced(sandbox, wix):
    sandbox.wix.misbehave("cut", "v1")

    with pytest.raises(http.client.IncompleteRead):
        wix.search()


def test_a_lost_answer_has_done_its_work(sandbox, wix):
    order = sandbox.wix.order("v1", "10001")
    sandbox.wix.misbehave("lost_answer", "v1")

    with pytest.raises(http.client.RemoteDisconnected):
        wix.fulfill(order)

    assert wix.get(VERSION)[0] == 200
    assert len(sandbox.wix.told("v1", "10001")) == 1


def test_a_dropped_call_has_done_nothing(sandbox, wix):
    sandbox.wix.misbehave("drop", "v1")

    with pytest.raises(http.client.RemoteDisconnected):
        wix.fulfill(sandbox.wix.order("v1", "10001"))

    assert sandbox.wix.told("v1", "10001") == []


def test_a_web_page_comes_instead_of_data(sandbox, wix):
    sandbox.wix.misbehave("html", "v1")

    with pytest.raises(json.JSONDecodeError):
        wix.get(VERSION)


def spoilt(sandbox, wix, kind):
    sandbox.wix.misbehave(kind, "v1")
    wix.get(VERSION)  # not a page of orders: leaves the fault as it is
    first, second = wix.pull(limit=4)[0], wix.pull(limit=4)[0]
    assert [order["number"] for order in second] == ["10001", "10002", "10003", "10004"]
    return first


def test_pages_are_spoilt_once(sandbox, wix):
    assert spoilt(sandbox, wix, "wrong_type")[0]["lineItems"][0]["quantity"] == "many"
    assert spoilt(sandbox, wix, "no_lines")[0]["lineItems"] == []
    assert "id" not in spoilt(sandbox, wix, "no_id")[0]
    assert "\0" in spoilt(sandbox, wix, "nul")[0]["lineItems"][0]["productName"]["original"]
    assert len(spoilt(sandbox, wix, "long")[0]["lineItems"][0]["physicalProperties"]["sku"]) > 1000
    assert [order["number"] for order in spoilt(sandbox, wix, "duplicate")][:2] == ["10001", "10001"]
    assert spoilt(sandbox, wix, "reordered")[0]["number"] == "10004"
    first, second, *_ = spoilt(sandbox, wix, "same_id")
    assert first["id"] == second["id"]
    assert first["number"] != second["number"]


def test_a_page_is_repeated_and_then_goes_on(sandbox, wix):
    first = wix.search(sort=[{"fieldName": "updatedDate", "order": "ASC"}], cursorPaging={"limit": 2})
    next_page = {"limit": 2, "cursor": first["metadata"]["cursors"]["next"]}

    sandbox.wix.misbehave("repeat_page", "v1")
    again, second = wix.search(cursorPaging=next_page), wix.search(cursorPaging=next_page)

    assert again == first
    assert [order["number"] for order in second["orders"]] == ["10003", "10004"]


def test_a_token_is_refused_only_when_the_path_says_so(sandbox, wix):
    sandbox.wix.misbehave("error", "v1", path="oauth2/token")

    assert wix.get(VERSION)[0] == 200
    assert [wix.ask_token()[0], wix.ask_token()[0]] == [500, 200]
