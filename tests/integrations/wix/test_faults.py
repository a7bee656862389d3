"""The ways of Wix to misbehave. What every store may do wrong is tried in `tests.integrations.shared`."""

import datetime as dt
import time
from typing import Any

import pytest

from fcp.errors import Busy, Refused
from integrations.sandbox.faults import KINDS
from integrations.sandbox.server import Sandbox
from tests.integrations.shared.test_reading import ANSWERS, SPOILED

from .conftest import Reach

HERE = {"slow", "long"}
ELSEWHERE = {  # test_connecting, test_shipments, test_stock_setting
    "unauthorized",
    "forbidden",
    "stale_revision",
    "refuse",
    "stale_rows",
    "failed_rows",
    "undetailed_rows",
}


def test_every_fault_of_the_stand_in_is_tried_somewhere() -> None:
    """The others with every platform's stand-in."""
    assert {*ANSWERS, *SPOILED, *HERE, *ELSEWHERE} == set(KINDS)


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


def test_over_long_values_are_cut_to_what_fits(reach: Reach) -> None:
    store = reach("v1")
    store.host.place_order("v1")
    store.host.misbehave("long", site="v1", path="orders/search")
    (raw,) = store.page().items

    order = store.connector.shape_order(raw)

    assert all(0 < len(line.title) <= 255 and 0 < len(line.sku) <= 100 for line in order.lines)
