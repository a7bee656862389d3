"""What Ecwid answers when it does not do what it is asked: by status and code, with or without a body."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import responses

from fcp.errors import Busy, NotFound, Refused, Rejected, SyncError, Unreachable, Unreadable
from fcp.http import Session
from integrations.connectors.base import Bound
from integrations.connectors.ecwid.connector import EcwidConnector
from integrations.connectors.shapes import Credential, ShipmentToTell, Window

from .conftest import LONG_AGO, Reached

API = "https://app.ecwid.com/api/v3/1003"


def connector() -> EcwidConnector:
    credential = Credential("custom_app", {"store_id": "1003", "token": "secret_0123456789abcdef"})
    return EcwidConnector(Bound(Session(EcwidConnector.platform.hosts), "", credential))


def body(code: str, message: str = "As it is") -> dict[str, str]:
    return {"errorMessage": message, "errorCode": code}


ANSWERS: list[tuple[int, Any, type[SyncError], str]] = [
    (400, body("WRONG_PARAMETER"), Rejected, "record_rejected"),
    (402, body("NOT_AVAILABLE_ON_CURRENT_PLAN"), Refused, "free_plan"),
    (402, body("STORE_IS_SUSPENDED"), Refused, "store_suspended"),
    (402, None, Refused, "free_plan"),
    (403, body("INVALID_API_TOKEN"), Refused, "token_dead"),
    (403, body("INSUFFICIENT_APP_SCOPE"), Refused, "scopes_missing"),
    (403, None, Refused, "credentials_refused"),
    (403, "<html>Forbidden</html>", Refused, "credentials_refused"),
    (404, body("ORDER_NOT_FOUND"), NotFound, "order_not_found"),
    (404, body("STORE_NOT_FOUND"), Refused, "store_not_found"),
    (404, None, NotFound, "record_not_found"),
    (408, body("TIMEOUT"), Unreachable, "store_unreachable"),
    (409, body("CONSTRAINT_VIOLATION"), Rejected, "record_rejected"),
    (415, None, Rejected, "record_rejected"),
    (422, body("WRONG_URL"), Rejected, "record_rejected"),
    (500, body("INTERNAL_ERROR"), Unreachable, "store_unreachable"),
    (502, "<html>Bad gateway</html>", Unreachable, "store_unreachable"),
    (200, "<html>We will be back</html>", Unreadable, "answer_unreadable"),
    (200, None, Unreadable, "answer_unreadable"),
]


@pytest.mark.parametrize(("status", "said", "kind", "code"), ANSWERS)
@responses.activate
def test_every_answer_is_one_error_with_a_sentence(status: int, said: Any, kind: type[SyncError], code: str) -> None:
    how = {"json": said} if isinstance(said, dict) else {"body": said or ""}
    responses.get(f"{API}/orders/FC7Q2", status=status, **how)
    with pytest.raises(SyncError) as caught:
        connector().order("FC7Q2")
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert caught.value.sentence.endswith(".")
    assert not caught.value.maybe_done
    assert len(responses.calls) == 1


@pytest.mark.parametrize(
    ("method", "path", "work", "scope"),
    [
        ("GET", "/orders/A", lambda c: c.order("A"), "read_orders"),
        ("PUT", "/orders/A", lambda c: c.push_shipments([ShipmentToTell("1", "A", "create", ())]), "update_orders"),
        ("GET", "/products", lambda c: c.stock(None), "read_catalog"),
        ("GET", "/profile", lambda c: c.check(), "read_store_profile"),
    ],
)
@responses.activate
def test_a_missing_permission_is_named_by_what_was_called(method: str, path: str, work: Any, scope: str) -> None:
    responses.add(method, f"{API}{path}", status=403, json=body("INSUFFICIENT_APP_SCOPE", "No access"))
    with pytest.raises(Refused) as caught:
        work(connector())
    assert f"{scope} is missing among its permissions" in caught.value.sentence


@responses.activate
def test_a_permission_that_ecwid_names_itself_is_the_one_that_is_missing() -> None:
    said = body("INSUFFICIENT_APP_SCOPE", "The app has no access to update_catalog for owner@shop.example")
    responses.get(f"{API}/orders/A", status=403, json=said)
    with pytest.raises(Refused) as caught:
        connector().order("A")
    assert "cannot send stock in this Ecwid store: update_catalog is missing" in caught.value.sentence
    assert "owner@" not in caught.value.detail


def test_a_busy_store_says_when_to_come_back(store: Reached) -> None:
    store.host.misbehave("busy", retry_after=30)
    with pytest.raises(Busy) as caught:
        store.all()
    assert caught.value.until is not None
    assert 25 < (caught.value.until - dt.datetime.now(dt.UTC)).total_seconds() <= 30


def test_who_went_on_with_a_dead_token_is_shut_out_and_waits_as_long_as_it_takes(store: Reached) -> None:
    store.host.access.blocked_until = 1e12
    with pytest.raises(Busy) as caught:
        store.connector.orders(Window(since=LONG_AGO), None)
    assert caught.value.until is not None
    assert (caught.value.until - dt.datetime.now(dt.UTC)).total_seconds() > 3500


def test_a_token_that_died_is_found_out_by_one_call(store: Reached) -> None:
    store.host.remove_app()
    with pytest.raises(Refused) as caught:
        store.all()
    assert caught.value.code == "token_dead"
    assert len(store.calls) == 1
