"""Who may call the stand-in Ecwid, and how often."""

import gzip
import json

import pytest

from integrations.sandbox.ecwid.access import DEAD_CALLS
from integrations.sandbox.server import Sandbox

from .client import Ecwid, code


def test_a_token_counts_in_the_header_only(ecwid):
    assert ecwid.get("/profile")[0] == 200

    ecwid.headers = {}

    assert code(ecwid.get("/profile")) == (403, "INVALID_API_TOKEN")
    assert code(ecwid.get("/profile", token=ecwid.info["token"])) == (403, "INVALID_API_TOKEN")


@pytest.mark.parametrize("header", ["Bearer secret_wrong", "Bearer ", "secret_wrong", "Basic abc"])
def test_a_wrong_token_is_refused_with_403(ecwid, header):
    ecwid.headers = {"Authorization": header}

    assert code(ecwid.get("/orders")) == (403, "INVALID_API_TOKEN")


def test_another_store_is_not_found(ecwid):
    status, body = ecwid.send("GET", "/ecwid/api/v3/1003/profile")

    assert (status, json.loads(body)["errorCode"]) == (404, "STORE_NOT_FOUND")


def test_who_goes_on_with_a_dead_token_is_blocked_until_forgiven(ecwid):
    good = dict(ecwid.headers)
    ecwid.headers = {"Authorization": "Bearer secret_dead"}
    statuses = [ecwid.get("/profile")[0] for _ in range(DEAD_CALLS + 2)]
    ecwid.headers = good
    blocked, wait = ecwid.get("/profile")[0], int(ecwid.answer_headers["Retry-After"])
    ecwid.host.behave()

    assert statuses[:DEAD_CALLS] == [403] * DEAD_CALLS
    assert statuses[-1] == blocked == 429
    assert wait > 60
    assert ecwid.get("/profile")[0] == 200


def test_beyond_the_calls_a_minute_it_says_how_long_to_wait():
    with Sandbox(platforms=("ecwid",), products=2, rate_limit=3) as box:
        ecwid = Ecwid(box)
        statuses = [ecwid.get("/profile")[0] for _ in range(4)]

    assert statuses == [200, 200, 200, 429]
    assert 1 <= int(ecwid.answer_headers["Retry-After"]) <= 60


def test_the_limit_is_ecwids_own_unless_another_is_named():
    limits = []
    for options in ({}, {"rate_limit": 0}, {"rate_limit": 7}):
        box = Sandbox(platforms=("ecwid",), products=0, **options)
        limits.append(box.ecwid.access.limit)
        box.stop()

    assert limits == [600, 0, 7]


def test_a_missing_scope_is_refused_and_named(ecwid):
    ecwid.host.misbehave("missing_scopes", scopes=["read_catalog"])

    status, body = ecwid.get("/orders")

    assert (status, body["errorCode"]) == (403, "INSUFFICIENT_APP_SCOPE")
    assert "read_orders" in body["errorMessage"]
    assert ecwid.get("/products")[0] == ecwid.get("/profile")[0] == 200
    assert ecwid.get("/application/token")[1]["permissions"] == ["read_store_profile", "read_catalog"]


@pytest.mark.parametrize(
    ("switch", "answer"), [("free_plan", "NOT_AVAILABLE_ON_CURRENT_PLAN"), ("suspended", "STORE_IS_SUSPENDED")]
)
def test_a_store_without_a_paid_plan_answers_402(ecwid, switch, answer):
    ecwid.host.misbehave(switch)

    assert code(ecwid.get("/profile")) == (402, answer)

    ecwid.host.behave()
    assert ecwid.get("/profile")[0] == 200


def test_addresses_methods_and_bodies_that_are_none_are_refused(ecwid):
    order = ecwid.host.place_order()["id"]
    path = f"/ecwid/api/v3/{ecwid.info['store_id']}/orders/{order}"

    assert code(ecwid.get("/nothing"))[0] == 404
    assert code(ecwid.call("PATCH", "/orders", {})) == (405, "METHOD_NOT_ALLOWED")
    assert ecwid.send("PUT", path, b"{}", "text/plain") == (415, b"")
    assert ecwid.send("PUT", path, b"{}", "text/json")[0] == 200
    assert ecwid.send("PUT", path, b"{half", "application/json")[0] == 400
    assert code(ecwid.put(f"/orders/{order}", ["no", "object"])) == (400, "WRONG_PARAMETER")


def test_an_answer_is_packed_when_asked(ecwid):
    plain = ecwid.send("GET", f"/ecwid/api/v3/{ecwid.info['store_id']}/products")[1]
    ecwid.headers["Accept-Encoding"] = "gzip"

    packed = ecwid.send("GET", f"/ecwid/api/v3/{ecwid.info['store_id']}/products")[1]

    assert ecwid.answer_headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 3


def test_the_app_can_take_itself_out(ecwid):
    assert code(ecwid.delete("/application", namespace="other")) == (400, "WRONG_PARAMETER")
    assert ecwid.delete("/application", namespace=ecwid.info["client_id"]) == (200, {"deleteCount": 1})
    assert code(ecwid.get("/profile")) == (403, "INVALID_API_TOKEN")


def test_the_store_says_what_it_is(ecwid):
    profile = ecwid.get("/profile")[1]
    options = ecwid.get("/profile/shippingOptions")[1]
    statuses = {one["statusId"]: one for one in ecwid.get("/profile/order_statuses")[1]["items"]}
    stats = ecwid.get("/latest-stats", productCountRequired="true")[1]

    assert profile["generalInfo"]["storeId"] == int(ecwid.info["store_id"])
    assert profile["settings"]["storeName"] == "PaperBoat"
    assert profile["formatsAndUnits"]["currency"] == "USD"
    assert {option["fulfilmentType"] for option in options} == {"shipping", "pickup", "delivery"}
    assert {option["ratesCalculationType"] for option in options} == {"flat", "table", "carrier-calculated", "app"}
    assert statuses["CUSTOM_FULFILLMENT_STATUS_1"]["name"] == "Packed"
    assert (statuses["SHIPPED"]["enabled"], statuses["CUSTOM_PAYMENT_STATUS_2"]["enabled"]) == (True, False)
    assert "QUEUED" not in statuses
    assert stats["productCount"] == 14
    assert ecwid.get("/application")[1]["subscriptionStatus"] == "ACTIVE"
